//! `replay`: plays a script of input on a program, while other things about it are recorded.

use std::path::PathBuf;
use std::process::ExitCode;

use super::STOPPED;
use super::play::{Plays, Setting, went_well};
use crate::channel::{Subject, conduct};
use crate::error::Result;
use crate::input::Script;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  perfkit-agent replay calc.perfinput
  perfkit-agent replay calc.perfinput --with perf,proc -o after.perfkit -- ./build/calculator
  perfkit-agent replay calc.perfinput --speed fast --display current
  perfkit-agent replay gtk3.perfinput --display current --inject gdk

The exit status is 0 where every step was done and all input arrived as recorded, else 1.")]
pub struct Args {
    /// The script, as `perfkit-agent input` writes it.
    #[arg(value_name = "SCRIPT")]
    script: PathBuf,
    /// How often; each time is a session of its own.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Where to write the session [default: the program's name with .perfkit, with a number where that is taken].
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    setting: Setting,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let script = Script::read(&args.script)?;
    let mut plays = Plays::new(&script, &args.setting, None)?;
    let quiet = args.setting.quiet;
    let named = args.output.clone().unwrap_or_else(|| conduct::named_after(&Subject::Start(plays.play.launch.clone())));
    let mut well = 0;
    for run in 1..=args.runs {
        let output = match (&args.output, args.runs) {
            (Some(path), 1) => path.clone(),
            _ => conduct::free(&named)?,
        };
        let Some(account) = plays.once(&output)? else { return Ok(ExitCode::from(STOPPED)) };
        let of = if args.runs > 1 { format!("run {run}: ") } else { String::new() };
        well += u32::from(went_well(&account, &script, &output, &of, quiet));
        if !quiet {
            super::say(&format!("{of}{} of {} steps done: {}", account.done, script.steps.len(), output.display()));
        }
    }
    if args.runs > 1 {
        super::say(&format!("{well} of {} runs went as recorded", args.runs));
    }
    Ok(ExitCode::from(u8::from(well < args.runs)))
}
