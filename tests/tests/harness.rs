//! The harness itself: what it drives reacts, what it sees is there, and the test programs do what they say.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use perfkit_tests::programs::{compiled, script};
use perfkit_tests::{App, Display, Launch, Loading, Screen, wait};

fn plain(program: impl Into<std::ffi::OsString>) -> Launch {
    Launch::new(program).loading(Loading::None)
}

/// Clicks into the middle of the top of a window until the program says so.
fn click_is_heard(launch: Launch, expected: &str) {
    let display = Display::start().unwrap();
    let mut app = App::start(&display, &launch).unwrap();
    let before = Screen::take(&display).unwrap();
    let at = app.window.geometry(&display).unwrap();
    app.pointer().to(at.x + at.width / 2, at.y + 80).pause(50).click(1).play().unwrap();
    wait::until("the program to hear the click", || app.stdout().contains(expected).then_some(())).unwrap();
    app.settle().unwrap();
    assert!(Screen::take(&display).unwrap().difference(&before).is_some(), "a hovered button looks different");
    let now = app.window.resize(&display, 420, 330).unwrap();
    assert_eq!((now.width, now.height), (420, 330));
    let status = app.close().unwrap();
    assert!(status.success(), "{status}: {}", app.said());
}

#[test]
fn gtk3_with_its_own_handler() {
    let program = compiled("gtk3-own-handler", &["gtk+-3.0"]).unwrap();
    click_is_heard(plain(program), "handler first presses 1\nclicked");
}

#[test]
fn python_gtk3() {
    click_is_heard(plain("/usr/bin/python3").arg(script("pygtk.py").unwrap()).arg("3"), "clicked");
}

#[test]
fn python_gtk4() {
    click_is_heard(plain("/usr/bin/python3").arg(script("pygtk.py").unwrap()), "clicked");
}

#[test]
fn gtk2() {
    let program = compiled("gtk2", &["gtk+-2.0"]).unwrap();
    let display = Display::start().unwrap();
    let mut app = App::start(&display, &plain(program)).unwrap();
    app.pointer().to(200, 30).pause(50).click(1).play().unwrap();
    wait::until("the program to hear the click", || app.stdout().contains("clicked 1").then_some(())).unwrap();
    assert!(app.close().unwrap().success());
}

#[test]
fn gtk3_with_threads_and_children() {
    let program = compiled("gtk3-threads", &["gtk+-3.0"]).unwrap();
    let display = Display::start().unwrap();
    let mut app = App::start(&display, &plain(program)).unwrap();
    let expected = "threads 4 ticks 400 child hello fork 7";
    wait::until("all threads to be done", || app.stdout().contains(expected).then_some(())).unwrap();
    assert!(app.close().unwrap().success());
}
