//! The application does not notice: it prints and ends as it does without the recorder.

use perfkit_tests::programs::{compiled, script};
use perfkit_tests::{App, Display, Launch, Loading, wait};

/// Output and status of one click and one close.
fn outcome(launch: &Launch) -> (String, String, Option<i32>) {
    let display = Display::start().unwrap();
    let mut app = App::start(&display, launch).unwrap();
    app.pointer().to(150, 80).pause(50).click(1).play().unwrap();
    wait::until("the click to be heard", || app.stdout().contains("clicked").then_some(())).unwrap();
    let status = app.close().unwrap();
    // Warnings name the process, the time and places in memory.
    let said = app.said().chars().filter(|letter| !letter.is_ascii_digit()).collect();
    (app.stdout(), said, status.code())
}

fn unnoticed(launch: Launch) {
    let without = outcome(&launch.clone().loading(Loading::None));
    assert_eq!(outcome(&launch.clone().loading(Loading::Modules)), without);
}

#[test]
fn gtk3_with_its_own_handler() {
    unnoticed(Launch::new(compiled("gtk3-own-handler", &["gtk+-3.0"]).unwrap()));
}

#[test]
fn python_gtk3() {
    unnoticed(Launch::new("/usr/bin/python3").arg(script("pygtk.py").unwrap()).arg("3"));
}

#[test]
fn python_gtk4() {
    unnoticed(Launch::new("/usr/bin/python3").arg(script("pygtk.py").unwrap()));
}
