//! `report`: what was slow, when, why, and what to look at next.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;

use super::words;
use crate::error::{Error, Result};
use crate::export::spare;
use crate::report::{Report, html, json, text};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  perfkit-agent report slow.perfkit
  perfkit-agent report slow.perfkit --frames --from 1.2 --to 1.6
  perfkit-agent report slow.perfkit --format json | jq '.causes'
  perfkit-agent report slow.perfkit --format html -o slow.html")]
pub struct Args {
    /// The session.
    #[arg(value_name = "FILE")]
    session: PathBuf,
    /// List the slow frames, each with its causes and the rows that show them.
    #[arg(long)]
    frames: bool,
    /// List the callbacks that cost most.
    #[arg(long)]
    callbacks: bool,
    /// List the windows that cost most.
    #[arg(long)]
    windows: bool,
    /// List the widget classes that cost most.
    #[arg(long)]
    widgets: bool,
    /// List the system calls that cost most.
    #[arg(long)]
    syscalls: bool,
    /// List the functions that cost most.
    #[arg(long)]
    functions: bool,
    /// List the files, and what else was read and written, that cost most.
    #[arg(long)]
    files: bool,
    #[command(flatten)]
    part: words::Part,
    /// How it is written.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Where to write it; - is standard output.
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs: everything, in nanoseconds.
    Json,
    /// A page for a browser: one file that needs no other and no network.
    Html,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    args.part.check()?;
    let to_stdout = args.output.as_os_str() == "-";
    if !to_stdout {
        spare(&args.output)?;
    }
    let session = super::readable(&args.session)?;
    let mut report = Report::of(session.path(), args.part.from, args.part.to)?;
    report.path.clone_from(&args.session);
    let lists = [
        (args.frames, "frames"),
        (args.callbacks, "callbacks"),
        (args.windows, "windows"),
        (args.widgets, "widgets"),
        (args.syscalls, "syscalls"),
        (args.functions, "functions"),
        (args.files, "files"),
    ];
    let lists: Vec<&str> = lists.into_iter().filter(|(asked, _)| *asked).map(|(_, name)| name).collect();
    let written = match args.format {
        Format::Text => text(&report, &lists),
        Format::Json => format!("{:#}\n", json(&report)),
        Format::Html => html(&report, session.path())?,
    };
    if to_stdout {
        return super::print(&written);
    }
    std::fs::write(&args.output, written).map_err(Error::file("write", &args.output))?;
    Ok(ExitCode::SUCCESS)
}
