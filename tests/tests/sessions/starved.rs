//! A program that draws no more, though its loop turns, is told as such, and by whose doing.

use std::process::Command;

use perfkit_tests::process::stdout_of;
use perfkit_tests::programs::compiled;
use perfkit_tests::{App, Display, Launch, bins};

#[test]
fn what_keeps_a_program_from_drawing_is_named_before_anything_else() {
    let program = compiled("starved", &["gtk4"]).unwrap();
    let display = Display::start().unwrap();
    let mut app = App::spawn(&display, &Launch::new(program).sources("gdkrecord")).unwrap();
    app.process().wait().unwrap();
    let mut report = Command::new(bins::path(bins::AGENT).unwrap());
    let said = stdout_of(report.arg("report").arg(app.recording())).unwrap();
    let verdict = said.lines().nth(3).unwrap();
    let words =
        ["From ", " no frame was drawn, though frames had come one after the other: hog (starved.c:", " calls."];
    assert!(words.iter().all(|words| verdict.contains(words)), "{said}");
}
