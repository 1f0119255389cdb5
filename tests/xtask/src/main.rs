//! `cargo xtask …`: every task of this repository, for developers, for continuous integration and for users.
//!
//! One file a task; `packages` and `artifacts` are what several of them need first.

mod artifacts;
mod bench;
mod checks;
mod demo;
mod desktop;
mod gtkdirs;
mod install;
mod manifest;
mod packages;
mod report;
mod screenshots;
mod sessions;
mod translations;

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use perfkit_tests::{Failure, Result};

const USAGE: &str = "\
usage: cargo xtask TASK

  demo                                  record real GTK programs, and show what was found (in target/demo)
  test                                  build, and run all tests, journeys through real programs included
  check                                 formatting, lints and the rules of the house
  bench [NAME]                          measure beside peers; NAME is one of recorder, dump, overhead,
                                        instructions, sources, counters, store, treemap,
                                        replay, gui, server, scripts
  install [--prefix P] [--uninstall]    install for all programs (P is /usr/local), or remove that again
  pot                                   gather the texts to be translated, and merge them into the translations
  screenshots [NAME]                    take the pictures of the README and of software centres anew
  setup                                 install the Debian packages that these need; the tasks do it themselves

demo, test and bench install missing Debian packages, and say which before.";

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    match task(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// From what was typed to the task.
fn task(args: &[String]) -> Result<()> {
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] | ["help" | "-h" | "--help", ..] | [_, "-h" | "--help"] => {
            println!("{USAGE}");
            Ok(())
        }
        ["setup"] => packages::install(packages::Need::Bench),
        ["demo"] => demo::run(),
        ["test", rest @ ..] => checks::test(rest),
        ["check"] => checks::check(),
        ["bench"] => bench::run(None),
        ["bench", name] => bench::run(Some(name)),
        ["screenshots"] => screenshots::take(None),
        ["screenshots", name] => screenshots::take(Some(name)),
        ["pot"] => translations::pot(),
        ["install", rest @ ..] => install_task(rest),
        other => Err(Failure::new(format!("no task `{}`; `cargo xtask help` lists them", other.join(" ")))),
    }
}

fn install_task(mut words: &[&str]) -> Result<()> {
    let (mut prefix, mut uninstall) = (PathBuf::from("/usr/local"), false);
    while let Some((first, rest)) = words.split_first() {
        match (*first, rest) {
            ("--uninstall", rest) => (uninstall, words) = (true, rest),
            ("--prefix", [folder, rest @ ..]) => (prefix, words) = (PathBuf::from(folder), rest),
            (word, rest) => match word.strip_prefix("--prefix=") {
                Some(folder) => (prefix, words) = (PathBuf::from(folder), rest),
                None => {
                    return Err(Failure::new(format!("install does not know `{word}`: [--prefix P] [--uninstall]")));
                }
            },
        }
    }
    if uninstall { manifest::uninstall(&prefix) } else { install::install(&prefix) }
}
