//! Journeys of replay: what is done once with a real program is recorded, shown as a script, and played again.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bench;
mod inside;
mod outside;
mod programs;
mod troubles;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use perfkit_tests::replay::{Scripted, marked};
use perfkit_tests::{bins, wait};

fn agent() -> Command {
    Command::new(bins::path(bins::AGENT).unwrap())
}

/// Plays a script with more arguments; what it said, and what it left running.
fn replay(scripted: &Scripted, words: &[&str]) -> (Output, Vec<String>) {
    let mark = scripted.display.name().to_owned();
    let mut replay = perfkit_tests::replay::replay(&scripted.path, &session(scripted), &mark).unwrap();
    let output = replay.args(words).output().unwrap();
    (output, left_behind(&mark))
}

/// The processes of a replay that are still there after its end.
fn left_behind(mark: &str) -> Vec<String> {
    // The one that guards all others ends last.
    let none = || marked(mark).is_empty().then(Vec::new);
    wait::until("the end of all processes", none)
        .unwrap_or_else(|_| marked(mark).into_iter().map(|(_, command)| command).collect())
}

/// Where the session of a replay is written.
fn session(scripted: &Scripted) -> PathBuf {
    scripted.display.home().join("replayed.perfkit")
}

/// The pictures that replays have left.
fn pictures(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let replayed = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("replayed") && name.ends_with(".png")
    };
    paths.filter(replayed).collect()
}

/// What a command said on its standard error.
fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
