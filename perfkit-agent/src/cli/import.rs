//! `import`: makes a session of files that other tools wrote.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use gdkrecord::units;

use super::{symbolise, words};
use crate::error::Result;
use crate::import::{self, FORMATS, Format, make, recognise};
use crate::symbols::When;

#[derive(Debug, clap::Args)]
#[command(after_help = import::help())]
pub struct Args {
    /// The files; what each is is seen from its content.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The session to make [default: the first file's name with .perfkit].
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What the files are, where it cannot be seen from them.
    #[arg(long, value_parser = words::one_of(FORMATS, |format| format.name), hide_possible_values = true)]
    format: Option<&'static Format>,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    // All of them are known before any is read.
    let format = |file: &Path| args.format.map_or_else(|| recognise(file), Ok);
    let known = args.files.iter().map(|file| Ok((file.clone(), format(file)?)));
    let known: Vec<_> = known.collect::<Result<_>>()?;
    let beside = || args.files.first().map(|first| first.with_extension("perfkit")).unwrap_or_default();
    let output = args.output.clone().unwrap_or_else(beside);
    let made = make(&known, &output)?;
    made.remarks.iter().for_each(|line| super::say(line));
    // Where and when it was recorded nobody knows, so that only build ids count.
    symbolise::after(&output, When::Later, false, &mut || true);
    super::say(&format!("{}: {} events", output.display(), units::count(made.rows)));
    Ok(ExitCode::SUCCESS)
}
