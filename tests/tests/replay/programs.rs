//! Real programs of each toolkit: the same input arrives at the same widgets in every run, and they end up looking the
//! same.

use perfkit_tests::Launch;
use perfkit_tests::input::Pointer;
use perfkit_tests::programs::compiled;
use perfkit_tests::session::number;

use crate::{pictures, replay, said, scripted, session};

/// Runs of each.
const RUNS: usize = 3;

/// Plays what `act` does, with more arguments; each run is as it was recorded, and ends looking the same.
pub fn plays(launch: Launch, words: &[&str], act: impl Fn(Pointer<'_>) -> Pointer<'_>) {
    let scripted = scripted(launch, act);
    let (output, left) = replay(&scripted, &[&["--runs", &RUNS.to_string(), "--speed", "fast"], words].concat());
    let text = std::fs::read_to_string(&scripted.path).unwrap();
    assert!(output.status.success(), "{}\n{text}", said(&output));
    assert_eq!(left, Vec::<String>::new(), "left behind");
    assert!(said(&output).contains(&format!("{RUNS} of {RUNS} runs went as recorded")), "{}", said(&output));
    let pictures = pictures(scripted.display.home());
    assert_eq!(pictures.len(), RUNS);
    assert!(pictures.windows(2).all(|two| two[0] == two[1]), "the last pictures differ:\n{text}");
}

/// Calculates by mouse and keyboard, and looks at a menu meanwhile.
pub fn calculates(pointer: Pointer<'_>) -> Pointer<'_> {
    let pointer = pointer.to(60, 350).pause(100).click(1).pause(100).text("1+2").key("Return").pause(200);
    // A menu, and out of it again.
    pointer.to(216, 27).pause(200).click(1).pause(600).key("Escape").pause(300).text("7*6").key("Return").pause(300)
}

#[test]
fn gnome_calculator() {
    plays(Launch::new("gnome-calculator"), &[], calculates);
}

/// What was recorded under X11 is played under Wayland, where windows have shadows and their places are nobody's to know.
#[test]
fn under_wayland() {
    let scripted = scripted(Launch::new("gnome-calculator"), calculates);
    let (output, left) = replay(&scripted, &["--backend", "wayland", "--speed", "fast"]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(left, Vec::<String>::new(), "left behind");
    let backend = "SELECT count(*) FROM facts WHERE name LIKE 'process.%.backend' AND value = 'wayland'";
    assert_eq!(number(&session(&scripted), backend).unwrap(), 1);
}

#[test]
fn gtk4_widget_factory() {
    plays(Launch::new("gtk4-widget-factory"), &[], |pointer| {
        let pointer = pointer.to(230, 78).pause(100).click(1).pause(100).key("ctrl+a").text("abc").pause(100);
        let pointer = pointer.to(26, 454).pause(100).click(1).pause(200).to(80, 200).pause(100).click(5).pause(100);
        // To a page on which nothing moves by itself.
        pointer.to(930, 26).pause(100).click(1).pause(500)
    });
}

/// Types into the first entry of gtk3-widget-factory, and goes to a page on which nothing moves by itself.
pub fn types(pointer: Pointer<'_>) -> Pointer<'_> {
    let pointer = pointer.to(150, 78).pause(100).click(1).pause(100).key("ctrl+a").text("abc").pause(100);
    pointer.to(785, 26).pause(100).click(1).pause(500)
}

#[test]
fn gtk3_widget_factory() {
    plays(Launch::new("gtk3-widget-factory"), &[], types);
}

/// Types into the entry of the test program.
pub fn types_in_gtk2(pointer: Pointer<'_>) -> Pointer<'_> {
    pointer.to(200, 72).pause(100).click(1).pause(200).text("abc").pause(200)
}

#[test]
fn gtk2() {
    plays(Launch::new(compiled("gtk2", &["gtk+-2.0"]).unwrap()), &[], types_in_gtk2);
}
