//! What cannot be played is told, with why, and nothing is left behind; what can be in spite of all is.

use std::fs;
use std::process::Output;

use perfkit_tests::programs::compiled;
use perfkit_tests::replay::{Scripted, scripted};
use perfkit_tests::{Display, Launch, bins, query};

use crate::{agent, replay, said, session};

/// The program presses its two buttons, answers the question, and has something typed.
pub fn cases() -> Scripted {
    let program = compiled("replay-cases", &["gtk4"]).unwrap();
    scripted(Launch::new(program), |pointer| {
        let pointer = pointer.to(100, 30).pause(200).click(1).pause(200).to(100, 90).pause(200).click(1).pause(800);
        // The dialog lies over the window, and closes.
        pointer.to(80, 50).pause(200).click(1).pause(800).to(100, 140).pause(200).click(1).pause(200).text("ab")
    })
    .unwrap()
}

/// Plays it on a program that behaves otherwise.
fn case(scripted: &Scripted, name: &str, words: &[&str]) -> (Output, Vec<String>) {
    // The program inherits it.
    let program = compiled("replay-cases", &["gtk4"]).unwrap();
    let wrapped = ["--", "env", &format!("CASE={name}"), program.to_str().unwrap()].map(str::to_owned);
    let words: Vec<&str> = words.iter().copied().chain(wrapped.iter().map(String::as_str)).collect();
    replay(scripted, &words)
}

fn fails(scripted: &Scripted, name: &str, says: &str) {
    let _ = fs::remove_file(session(scripted));
    let (output, left) = case(scripted, name, &["--speed", "fast"]);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{name}: {said}");
    let line = said.lines().find(|line| line.contains("could not be done")).unwrap_or_else(|| panic!("{name}: {said}"));
    assert!(line.contains(says), "{name}: {line}");
    assert_eq!(left, Vec::<String>::new(), "{name}");
    // What was recorded until then is there, and a picture of what was to be seen.
    assert!(!query(&session(scripted), "SELECT 1 FROM gdk_window LIMIT 1").unwrap().is_empty(), "{name}");
    assert!(session(scripted).with_extension("png").is_file(), "{name}");
}

#[test]
fn are_told() {
    let scripted = cases();
    let text = fs::read_to_string(&scripted.path).unwrap();
    assert!(text.contains("title=Question"), "{text}");
    fails(&scripted, "crash", "the program ended");
    fails(&scripted, "hang", "the program did not take it within 10 s");
    fails(&scripted, "no-dialog", "the window GtkWindow “Question” was not there");
    fails(&scripted, "insensitive", "GtkButton “Press” takes no input: it is insensitive");
    fails(&scripted, "gone", "GtkButton “Press” is not there");
    fails(&scripted, "news", "it went to GtkButton “Later” of GtkWindow “News” and not to GtkButton “Press”");
}

#[test]
fn another_layout_is_followed() {
    let scripted = cases();
    let (output, left) = case(&scripted, "moved", &["--speed", "fast"]);
    let said = said(&output);
    // That paths are others is told where runs are compared; every step is done.
    assert!(said.contains("steps done") && !said.contains("could not be done"), "{said}");
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn sources_that_slow_the_program_are_no_trouble() {
    let scripted = cases();
    let (output, left) = case(&scripted, "", &["--with", "strace"]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(left, Vec::<String>::new());
    assert!(!query(&session(&scripted), "SELECT 1 FROM syscalls LIMIT 1").unwrap().is_empty());
}

#[test]
fn keys_that_were_not_kept_are_asked_for_before_anything_starts() {
    let display = Display::start().unwrap();
    let path = display.home().join("untold.perfinput");
    fs::write(&path, "perfinput 1\nprogram false\nwindow w toplevel\nkey w untold\n").unwrap();
    let output = agent().arg("replay").arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(125));
    assert!(
        said(&output).contains("1 keys of the script were not kept: write them in for `untold`"),
        "{}",
        said(&output)
    );
    assert!(bins::path(bins::AGENT).is_ok());
}
