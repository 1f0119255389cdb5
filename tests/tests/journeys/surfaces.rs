//! GTK 4's surfaces: what comes and goes quickly or was there before the recorder is told from birth to death.

use gdkrecord::Body;
use gdkrecord::sets::Role;
use nix::sys::signal::Signal;
use perfkit_tests::programs::{compiled, script};
use perfkit_tests::{App, Display, Launch, Loading, bins, wait};

use crate::recorded::Recorded;

/// The numbers of a recording's popups, in their order, with the names of the widgets that own them.
fn popups(recorded: &Recorded) -> Vec<(u32, String)> {
    let name = |window: u32| {
        recorded.events.iter().find_map(|at| match &at.body {
            Body::WindowOwner(owner) if owner.window == window => Some(owner.name.to_string()),
            _ => None,
        })
    };
    let made = recorded.events.iter().filter_map(|at| match &at.body {
        Body::Window(made) if made.role == Role::Popup => Some(made.window),
        _ => None,
    });
    made.map(|window| (window, name(window).unwrap_or_default())).collect()
}

fn destroyed(recorded: &Recorded, window: u32) -> usize {
    let gone = |at: &&gdkrecord::Event| matches!(&at.body, Body::WindowDestroy(gone) if gone.window == window);
    recorded.events.iter().filter(gone).count()
}

#[test]
fn a_popup_that_was_there_before_the_recorder_is_told_to_its_end() {
    let display = Display::start().unwrap();
    let program = compiled("gtk4-late", &["gtk4"]).unwrap();
    let output = display.home().join("app.gdkrecord");
    let launch = Launch::new(program).arg(bins::path(bins::MODULE).unwrap()).loading(Loading::None);
    let mut app = App::spawn(&display, &launch.env("GDKRECORD_FILENAME", &output)).unwrap();
    let status = app.process().wait().unwrap();
    assert!(status.success() && app.stdout() == "done\n", "{status}: {}", app.said());

    let recorded = Recorded::open(&output);
    recorded.assert_whole();
    let popups = popups(&recorded);
    let names: Vec<_> = popups.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names, [["early"].as_slice(), &["late"; 10]].concat());
    for (window, name) in &popups {
        assert_eq!(destroyed(&recorded, *window), 1, "the {name} popover died");
        assert!(recorded.exposures_from(0).any(|e| e.window == *window), "the {name} popover was painted");
    }
}

#[test]
fn a_second_instance_hands_on_to_the_first_and_has_a_whole_recording_without_windows() {
    let display = Display::start().unwrap();
    let program = || Launch::new("/usr/bin/python3").arg(script("unique.py").unwrap());
    let mut first = App::start(&display, &program()).unwrap();
    let output = display.home().join("second.gdkrecord");
    let mut second = App::spawn(&display, &program().output(&output)).unwrap();
    let status = second.process().wait().unwrap();
    assert!(status.success(), "{status}: {}", second.said());
    let both = || (perfkit_tests::input::Window::visible(&display).len() == 2).then_some(());
    wait::until("the first instance's second window", both).unwrap();
    first.settle().unwrap();
    first.process().signal(Signal::SIGTERM).unwrap();
    first.process().wait().unwrap();

    let second = Recorded::open(&output);
    assert!(second.diagnostics.is_empty(), "it ended by itself: {:?}", second.diagnostics);
    assert!(second.windows().is_empty());
    assert!(second.counts().contains_key("dispatch"), "{:?}", second.counts());
    let first = Recorded::open(first.recording());
    first.assert_whole();
    let windows = first.windows();
    let toplevels: Vec<_> = windows.iter().filter(|(_, known)| known.role == Role::Toplevel).collect();
    assert_eq!(toplevels.len(), 2, "{windows:?}");
    for title in ["Window 1", "Window 2"] {
        let titled = toplevels.iter().find(|(_, known)| known.titles.iter().any(|it| it == title));
        let (window, known) = titled.unwrap_or_else(|| panic!("no {title} in {windows:?}"));
        assert!(known.geometry.iter().any(|at| at.width == 300 && at.height == 200), "{known:?}");
        assert!(first.exposures_from(0).any(|exposure| exposure.window == **window));
    }
}

#[test]
fn popovers_and_dialogs_that_come_and_go_quickly_are_told() {
    let display = Display::start().unwrap();
    let mut app = App::spawn(&display, &Launch::new("gtk4-widget-factory")).unwrap();
    app.window = app.find_window().unwrap();
    // It has a spinner and never comes to rest.
    app.pointer().pause(800).to(DROPDOWN.0, DROPDOWN.1).pause(200).play().unwrap();
    for _ in 0..5 {
        app.pointer().click(1).pause(120).key("Escape").pause(120).play().unwrap();
    }
    app.pointer().to(FONT.0, FONT.1).pause(100).click(1).pause(900).key("Escape").pause(300).play().unwrap();
    app.process().signal(Signal::SIGTERM).unwrap();
    app.process().wait().unwrap();

    let recorded = Recorded::open(app.recording());
    recorded.assert_whole();
    let windows = recorded.windows();
    let main = *windows.iter().find(|(_, known)| known.parent == 0 && known.role == Role::Toplevel).unwrap().0;
    let popup = *windows.iter().find(|(_, known)| known.role == Role::Popup).expect("the popover").0;
    let dialog = *windows.iter().find(|(_, known)| known.role == Role::Dialog).expect("the dialog").0;
    assert_eq!((windows[&popup].parent, windows[&dialog].parent), (main, main));
    assert_eq!(shown(&recorded, popup), (5, 5));
    assert_eq!(shown(&recorded, dialog), (1, 1));
    assert_eq!(windows[&dialog].titles, ["Pick a Font"]);
    let made_up = |known: &crate::recorded::Known| known.geometry.iter().any(|at| (at.width, at.height) == (100, 100));
    assert!(!made_up(&windows[&popup]), "a size before it was laid out: {:?}", windows[&popup]);
    let lost = recorded.events.iter().filter(|at| match &at.body {
        Body::Exposure(exposure) => !windows.contains_key(&exposure.window),
        Body::Key(key) => !windows.contains_key(&key.window) || key.duration.ns().is_none(),
        Body::Button(button) => !windows.contains_key(&button.window) || button.duration.ns().is_none(),
        _ => false,
    });
    assert_eq!(lost.count(), 0, "exposures and input belong to windows, and their handling ends");
}

/// Where gtk4-widget-factory has a menu button and the button of a font dialog.
const DROPDOWN: (i32, i32) = (100, 350);
const FONT: (i32, i32) = (560, 350);

/// How often a window was shown and hidden.
fn shown(recorded: &Recorded, window: u32) -> (usize, usize) {
    let count = |of: fn(&Body) -> Option<u32>| recorded.events.iter().filter(|at| of(&at.body) == Some(window)).count();
    let mapped = count(|body| if let Body::WindowMap(map) = body { Some(map.window) } else { None });
    (mapped, count(|body| if let Body::WindowUnmap(unmap) = body { Some(unmap.window) } else { None }))
}
