//! `completions` and `man`: the program's own, from the definition of its command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::CommandFactory;
use gdkrecord::pages::{self, Environment, Shell};

use super::Cli;
use crate::error::{Error, Result};

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  source <(perfkit-agent completions bash)")]
pub struct Completions {
    /// For which shell.
    shell: Shell,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  perfkit-agent man ~/.local/share/man/man1")]
pub struct Man {
    /// The folder to write into.
    folder: PathBuf,
}

/// What is read from the environment, beside what the tools that collect read.
const VARIABLES: &[(&str, &str)] = &[
    ("PATH", "Where the program and the tools that collect are looked for."),
    ("TMPDIR", "Where a session is copied to that cannot be read in its place; /tmp where it is not set."),
    ("XDG_CONFIG_HOME", "The folder whose perfkit/templates keeps templates; ~/.config where it is not set."),
    ("XDG_RUNTIME_DIR", "Where a recording listens for the orders of control."),
];

pub fn completions(args: &Completions) -> Result<ExitCode> {
    super::print_bytes(&pages::completions(Cli::command(), args.shell))
}

pub fn man(args: &Man) -> Result<ExitCode> {
    let variables = VARIABLES.iter().map(|&(name, words)| (name.to_owned(), words.to_owned())).collect();
    pages::write_man(Cli::command(), &Environment { variables, of: &["record"] }, &args.folder)
        .map_err(|error| Error::Invalid(error.to_string()))?;
    Ok(ExitCode::SUCCESS)
}
