//! Journeys of replay: what is done once with a real program is recorded, shown as a script, and played again.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bench;
mod inside;
mod programs;
mod troubles;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use nix::sys::signal::Signal;
use perfkit_tests::input::Pointer;
use perfkit_tests::process::stdout_of;
use perfkit_tests::{App, Display, Launch, bins, wait};

/// What is in the environment of all that a replay starts, so that it can be found.
const MARK: &str = "PERFKIT_TEST_REPLAY";

/// A script, and where it was made.
struct Scripted {
    path: PathBuf,
    display: Display,
}

/// Records what `act` does with a program, as a script.
fn scripted(launch: Launch, act: impl Fn(Pointer<'_>) -> Pointer<'_>) -> Scripted {
    let display = Display::start().unwrap();
    let mut app = App::spawn(&display, &launch.sources("input:text=keep")).unwrap();
    app.window = app.find_window().unwrap();
    // Some are never at rest; a person would not wait for that either.
    Pointer::new(&display).pause(1500).play().unwrap();
    act(app.pointer()).pause(800).play().unwrap();
    app.process().signal(Signal::SIGTERM).unwrap();
    app.process().wait().unwrap();
    let path = display.home().join("script.perfinput");
    stdout_of(agent().arg("input").arg(app.recording()).arg("-o").arg(&path)).unwrap();
    drop(app);
    Scripted { path, display }
}

fn agent() -> Command {
    Command::new(bins::path(bins::AGENT).unwrap())
}

/// Plays a script with more arguments; what it said, and what it left running.
fn replay(scripted: &Scripted, words: &[&str]) -> (Output, Vec<String>) {
    let mark = scripted.display.name().to_owned();
    let output = agent()
        .args(["replay", "--with", "input"])
        .arg(&scripted.path)
        .args(["-o"])
        .arg(session(scripted))
        .args(words)
        .env(MARK, &mark)
        .output()
        .unwrap();
    // The one that guards all others ends last.
    let none = || Some(marked(&mark)).filter(Vec::is_empty);
    (output, wait::until("the end of all processes", none).unwrap_or_else(|_| marked(&mark)))
}

/// Where the session of a replay is written.
fn session(scripted: &Scripted) -> PathBuf {
    scripted.display.home().join("replayed.perfkit")
}

/// The pictures that replays have left, in the order of their names.
fn pictures(folder: &Path) -> Vec<Vec<u8>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "png"));
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// The processes that have the mark in their environment: what a replay has left behind.
fn marked(mark: &str) -> Vec<String> {
    let wanted = format!("{MARK}={mark}");
    let processes = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let marked = processes.filter(|process| {
        let environment = fs::read(process.join("environ")).unwrap_or_default();
        environment.split(|&byte| byte == 0).any(|variable| variable == wanted.as_bytes())
    });
    marked.map(|process| fs::read_to_string(process.join("cmdline")).unwrap_or_default()).collect()
}

/// What a command said on its standard error.
fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
