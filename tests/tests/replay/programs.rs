//! Real programs of each toolkit: the same input arrives at the same widgets in every run, and they end up looking the
//! same.

use perfkit_tests::input::Pointer;
use perfkit_tests::programs::compiled;
use perfkit_tests::replay::{gnome_calculator, interaction, scripted};
use perfkit_tests::session::number;
use perfkit_tests::{Launch, Screen};

use crate::{pictures, replay, said, session};

/// Runs of each.
const RUNS: usize = 2;

/// Plays what `act` does, with more arguments; each run is as it was recorded, and ends looking the same.
pub fn plays(launch: Launch, words: &[&str], act: impl Fn(Pointer<'_>) -> Pointer<'_>) {
    let scripted = scripted(launch, act).unwrap();
    let (output, left) = replay(&scripted, &[&["--runs", &RUNS.to_string(), "--speed", "fast"], words].concat());
    let text = std::fs::read_to_string(&scripted.path).unwrap();
    assert!(output.status.success(), "{}\n{text}", said(&output));
    assert_eq!(left, Vec::<String>::new(), "left behind");
    assert!(said(&output).contains(&format!("{RUNS} of {RUNS} runs went as recorded")), "{}", said(&output));
    let pictures = pictures(scripted.display.home());
    assert_eq!(pictures.len(), RUNS);
    let end = Screen::read(&scripted.end).unwrap();
    for picture in pictures {
        let other = Screen::read(&picture).unwrap().difference(&end);
        assert_eq!(other, None, "it does not end as it was recorded:\n{text}");
    }
}

fn plays_interaction(program: &str) {
    plays(Launch::new(program), &[], interaction(program).unwrap().act);
}

#[test]
fn of_gtk3_widget_factory() {
    plays_interaction("gtk3-widget-factory");
}

#[test]
fn of_gtk4_widget_factory() {
    plays_interaction("gtk4-widget-factory");
}

#[test]
fn of_gnome_calculator() {
    plays_interaction("gnome-calculator");
}

#[test]
fn of_gnome_text_editor() {
    plays_interaction("gnome-text-editor");
}

#[test]
fn of_gtk3_demo() {
    plays_interaction("gtk3-demo");
}

/// What was recorded under X11 is played under Wayland, where windows have shadows and their places are nobody's to know.
#[test]
fn under_wayland() {
    let scripted = scripted(Launch::new("gnome-calculator"), gnome_calculator).unwrap();
    let (output, left) = replay(&scripted, &["--backend", "wayland", "--speed", "fast"]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(left, Vec::<String>::new(), "left behind");
    let backend = "SELECT count(*) FROM facts WHERE name LIKE 'process.%.backend' AND value = 'wayland'";
    assert_eq!(number(&session(&scripted), backend).unwrap(), 1);
}

/// Types into the first entry of gtk3-widget-factory, and goes to a page on which nothing moves by itself.
pub fn types(pointer: Pointer<'_>) -> Pointer<'_> {
    let pointer = pointer.to(150, 78).pause(100).click(1).pause(100).key("ctrl+a").text("abc").pause(100);
    pointer.to(785, 26).pause(100).click(1).pause(500)
}

/// Types into the entry of the test program.
pub fn types_in_gtk2(pointer: Pointer<'_>) -> Pointer<'_> {
    pointer.to(200, 72).pause(100).click(1).pause(200).text("abc").pause(200)
}

#[test]
fn of_a_gtk2_program() {
    plays(Launch::new(compiled("gtk2", &["gtk+-2.0"]).unwrap()), &[], types_in_gtk2);
}
