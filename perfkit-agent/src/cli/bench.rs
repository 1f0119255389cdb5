//! `bench`: plays a script several times and says how long things took, and how far that spreads.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;
use serde_json::{Value, json};

use super::STOPPED;
use super::play::{Plays, Setting, went_well};
use crate::error::{Error, Result};
use crate::input::Script;
use crate::replay::measure::{self, MEASURES, Run, Spread, Unit, of_measure, of_step};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  perfkit-agent bench calc.perfinput --runs 20
  perfkit-agent bench calc.perfinput --runs 20 --format json -- ./build/calculator > after.json

Each run has a display of its own, and its session is kept. What is measured is what happened from the first input on.
The exit status is 0 where all runs went as recorded, else 1; those that did not are left out of the figures.")]
pub struct Args {
    /// The script, as `perfkit-agent input` writes it.
    #[arg(value_name = "SCRIPT")]
    script: PathBuf,
    /// How many runs are measured.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// How many come before, and are not measured: they fill caches.
    #[arg(long, value_name = "N", default_value_t = 1)]
    warm_up: u32,
    /// The folder for the sessions, which is made [default: the script's name with -bench].
    #[arg(short, long, value_name = "FOLDER")]
    output: Option<PathBuf>,
    /// How the figures are written.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    #[command(flatten)]
    setting: Setting,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs: every value of every run, in nanoseconds, pixels and bytes.
    Json,
}

/// What is recorded where nothing was asked for: what costs next to nothing, often enough for the processor's time.
const USUAL: &str = "gdkrecord,proc@20Hz";

pub fn run(args: &Args) -> Result<ExitCode> {
    let script = Script::read(&args.script)?;
    let mut plays = Plays::new(&script, &args.setting, Some(USUAL))?;
    let folder = args.output.clone().unwrap_or_else(|| {
        let stem = args.script.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        PathBuf::from(format!("{stem}-bench"))
    });
    std::fs::create_dir_all(&folder).map_err(Error::file("create", &folder))?;
    let mut runs = Vec::new();
    for number in 1..=args.warm_up + args.runs {
        let (warm, run) = (number <= args.warm_up, number.saturating_sub(args.warm_up));
        let name = if warm { format!("warm-up-{number}") } else { format!("run-{run}") };
        let output = folder.join(format!("{name}.perfkit"));
        // One of an earlier bench is what this one replaces.
        match std::fs::remove_file(&output) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::file("replace", &output)(error));
            }
            _ => {}
        }
        let Some(account) = plays.once(&output)? else { return Ok(ExitCode::from(STOPPED)) };
        let well = went_well(&account, &script, &output, &format!("{name}: "), args.setting.quiet);
        if well && !warm {
            runs.push((output.clone(), measure::run(&output, &script, &account)?));
        }
        if !args.setting.quiet {
            let how = if well { "done" } else { "left out" };
            super::say(&format!("{name} of {}: {how}", args.runs));
        }
    }
    let written = match args.format {
        Format::Text => text(args, &script, &runs),
        Format::Json => format!("{:#}\n", object(args, &script, &runs)),
    };
    super::print(&written)?;
    Ok(ExitCode::from(u8::from((runs.len() as u32) < args.runs)))
}

fn measured(runs: &[(PathBuf, Run)]) -> impl Iterator<Item = &Run> {
    runs.iter().map(|(_, run)| run)
}

fn text(args: &Args, script: &Script, runs: &[(PathBuf, Run)]) -> String {
    let measures = MEASURES
        .iter()
        .enumerate()
        .filter_map(|(at, measure)| Some((measure.title.to_owned(), measure.unit, of_measure(measured(runs), at)?)));
    let measures: Vec<_> = measures.collect();
    let steps = script.steps.iter().enumerate().filter_map(|(at, done)| {
        Some((format!("{:>4}  {}", at + 1, done.words()), Unit::Time, of_step(measured(runs), at)?))
    });
    let steps: Vec<_> = steps.collect();
    let width = measures.iter().chain(&steps).map(|(what, ..)| what.chars().count()).max().unwrap_or(0);
    let mut text = format!("{} of {} runs of {} went as recorded\n\n", runs.len(), args.runs, args.script.display());
    text.push_str(&columns(width, "", "median", "middle half", "least to most"));
    measures.iter().for_each(|(what, unit, spread)| text.push_str(&line(width, what, *unit, spread)));
    text.push_str("\nFrom a step's input to the frame that answers it\n\n");
    steps.iter().for_each(|(what, unit, spread)| text.push_str(&line(width, what, *unit, spread)));
    text
}

fn line(width: usize, what: &str, unit: Unit, spread: &Spread) -> String {
    let [median, half, range] = spread.words(unit);
    columns(width, what, &median, &half, &range)
}

fn columns(width: usize, what: &str, median: &str, half: &str, range: &str) -> String {
    let line = format!("{what:<width$} {median:>12}   {half:<24} {range:<24}");
    format!("{}\n", line.trim_end())
}

fn object(args: &Args, script: &Script, runs: &[(PathBuf, Run)]) -> Value {
    let together = |spread: Option<Spread>| {
        spread.map(|Spread { median, half, range }| {
            json!({ "median": median, "p25": half.0, "p75": half.1, "min": range.0, "max": range.1 })
        })
    };
    let measures = MEASURES.iter().enumerate().map(|(at, measure)| {
        let each: Vec<_> = runs.iter().map(|(_, run)| run.values.get(at).copied().flatten()).collect();
        (measure.name.to_owned(), json!({ "all": together(of_measure(measured(runs), at)), "runs": each }))
    });
    let steps = script.steps.iter().enumerate().map(|(at, done)| {
        let each: Vec<_> = runs.iter().map(|(_, run)| run.steps.get(at).copied().flatten()).collect();
        json!({ "step": at + 1, "line": done.to_string(), "latency_ns": { "all": together(of_step(measured(runs), at)), "runs": each } })
    });
    let sessions: Vec<&Path> = runs.iter().map(|(path, _)| path.as_path()).collect();
    json!({
        "script": args.script,
        "asked": args.runs,
        "sessions": sessions,
        "measures": measures.collect::<serde_json::Map<_, _>>(),
        "steps": steps.collect::<Vec<_>>(),
    })
}
