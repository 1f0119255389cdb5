//! gdkrecord-tool: records programs, and shows, checks, exports and draws recordings.
//!
//! `args` says what can be typed; each command has a file of its own; `failure` words what goes wrong, and only
//! this file shows it.

mod args;
mod check;
mod docs;
mod dump;
mod export;
mod exposures;
mod failure;
mod files;
mod graph;
mod json_read;
mod player;
mod progress;
mod quantity;
mod run;
#[cfg(test)]
mod sample;
mod schema;
mod select;
mod stat;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use failure::Failure;

/// The status of `check` where something was found.
const FINDINGS: u8 = 1;
/// The status of a command that could not be carried out, as clap's own for what it does not understand.
const FAILED: u8 = 2;

fn main() -> ExitCode {
    let command = Cli::parse().command;
    let failed = if matches!(command, Command::Run(_)) { run::FAILED } else { FAILED };
    let done = match command {
        Command::Run(args) => run::run(&args),
        Command::Stat(args) => stat::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Dump(args) => dump::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Graph(args) => graph::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Exposures(args) => exposures::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Check(args) => {
            check::run(&args).map(|clean| if clean { ExitCode::SUCCESS } else { ExitCode::from(FINDINGS) })
        }
        Command::Completions(args) => docs::completions(&args).map(|()| ExitCode::SUCCESS),
        Command::Man(args) => docs::man(&args).map(|()| ExitCode::SUCCESS),
        Command::Schema(args) => schema::run(&args).map(|()| ExitCode::SUCCESS),
    };
    match done {
        Ok(status) => status,
        // Who read the output has had enough, as head(1) does.
        Err(Failure::BrokenPipe) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("gdkrecord-tool: {failure}");
            ExitCode::from(failure.status(failed))
        }
    }
}
