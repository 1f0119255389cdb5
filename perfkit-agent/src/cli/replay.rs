//! `replay`: plays a script of input on a program, while other things about it are recorded.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::progress::Progress;
use crate::channel::conduct::{self, Attendant, Ended, conduct};
use crate::channel::{self, Company, Launch, Order, Plan, Recording, Subject, ward};
use crate::error::{Error, Result};
use crate::input::{Script, of_session};
use crate::replay::{Account, Hands, Pace, Player, Stage, difference};
use crate::source::{Source, Spec, sources, specs, usual};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  perfkit-agent replay calc.perfinput
  perfkit-agent replay calc.perfinput --with perf,proc -o after.perfkit -- ./build/calculator
  perfkit-agent replay calc.perfinput --speed fast --display current

The exit status is 0 where every step was done, and 1 where one could not be.")]
pub struct Args {
    /// The script, as `perfkit-agent input` writes it.
    #[arg(value_name = "SCRIPT")]
    script: PathBuf,
    /// How often; each time is a session of its own.
    #[arg(long, value_name = "N", default_value_t = 1)]
    runs: u32,
    /// How fast: as it was recorded, as fast as the program follows, or so many times faster.
    #[arg(long, value_name = "SPEED", default_value = "recorded", value_parser = pace)]
    speed: Pace,
    /// A display of its own, which nobody sees, or the one that DISPLAY names.
    #[arg(long, value_enum, default_value = "private")]
    display: Where,
    /// Leave animations on.
    #[arg(long)]
    animations: bool,
    /// What is recorded beside the input, as for `record`.
    #[arg(short, long, value_name = "SOURCES")]
    with: Vec<String>,
    /// Where to write the session [default: the program's name with .perfkit, with a number where that is taken].
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Say nothing but errors.
    #[arg(short, long)]
    quiet: bool,
    /// The program and its arguments [default: those of the script].
    #[arg(last = true, value_name = "PROGRAM")]
    program: Vec<std::ffi::OsString>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Where {
    /// A display of its own, which nobody sees.
    Private,
    /// The display that DISPLAY names: watch it, and leave mouse and keyboard alone.
    Current,
}

fn pace(text: &str) -> std::result::Result<Pace, String> {
    match text {
        "recorded" => Ok(Pace::Times(1.0)),
        "fast" => Ok(Pace::Fast),
        times => {
            let times = times.trim_end_matches('x').parse().ok().filter(|times: &f64| (0.01..=1000.0).contains(times));
            times.map(Pace::Times).ok_or_else(|| "it is recorded, fast, or a number of 0.01 to 1000".to_owned())
        }
    }
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let script = super::input::read(&args.script)?;
    let sources = sources();
    let launch = launch(args, &script)?;
    let with = with(&args.with, &sources)?;
    channel::adopt(Company::None);
    ward::begin().unwrap_or_else(|error| super::say(&error.to_string()));
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(Error::file("listen to", Path::new("signals")))?;
    let mut failed = 0;
    for run in 1..=args.runs.max(1) {
        let stage = match args.display {
            Where::Private => Some(Stage::start(script.display, args.animations)?),
            Where::Current => None,
        };
        let display = match &stage {
            Some(stage) => stage.display().to_owned(),
            None => std::env::var("DISPLAY").map_err(|_| {
                Error::Invalid("DISPLAY names no display: leave --display out for one of its own".to_owned())
            })?,
        };
        let mut dressed = launch.clone();
        if let Some(stage) = &stage {
            stage.dress(&mut dressed);
        }
        let output = match (&args.output, args.runs) {
            (Some(path), 1) => path.clone(),
            (path, _) => {
                conduct::free(&path.clone().unwrap_or_else(|| conduct::named_after(&Subject::Start(launch.clone()))))?
            }
        };
        let picture = output.with_extension("png");
        let player = Player::new(&script, args.speed, Hands::on(&display)?, Some(picture))?;
        player.invite(&mut dressed);
        let subject = Subject::Start(dressed);
        let player = RefCell::new(player);
        let plan = Plan { subject, sources: with.clone() };
        let mut watching =
            Watching { player: &player, signals: &mut signals, progress: Progress::new(args.quiet), stopped: false };
        let Ended { outcome, .. } = conduct(plan, &output, None, &sources, &mut watching)?;
        let stopped = watching.stopped;
        if outcome.is_none() || stopped {
            super::say(&format!("stopped; {} has what was there a moment ago", output.display()));
            return Ok(ExitCode::from(130));
        }
        let account = player.into_inner().account().clone();
        failed += u32::from(!tell(&account, &script, &output, run, args));
    }
    if args.runs > 1 {
        super::say(&format!("{} of {} runs done to their end", args.runs - failed, args.runs));
    }
    Ok(ExitCode::from(u8::from(failed > 0)))
}

/// Says how a run went; whether all of it was done.
fn tell(account: &Account, script: &Script, output: &Path, run: u32, args: &Args) -> bool {
    let of = if args.runs > 1 { format!("run {run}: ") } else { String::new() };
    for note in account.notes.iter().filter(|_| !args.quiet) {
        super::say(&format!("{of}{note}"));
    }
    match &account.trouble {
        Some(trouble) => {
            let step = script.steps[trouble.step].to_string();
            let picture = output.with_extension("png");
            super::say(&format!(
                "{of}step {} of {} could not be done: {} ({step}); a picture is in {}",
                trouble.step + 1,
                script.steps.len(),
                trouble.why,
                picture.display()
            ));
            false
        }
        None => {
            // What arrived was seen step by step; this also finds what nobody sent.
            let other = of_session(output).ok().and_then(|arrived| difference(script, &arrived));
            if let Some(difference) = &other {
                super::say(&format!("{of}{difference}"));
            }
            if !args.quiet {
                super::say(&format!("{of}{} steps done: {}", account.done, output.display()));
            }
            other.is_none()
        }
    }
}

fn launch(args: &Args, script: &Script) -> Result<Launch> {
    let given: Vec<std::ffi::OsString> = match args.program.is_empty() {
        false => args.program.clone(),
        true => script.program.iter().map(Into::into).collect(),
    };
    match given.split_first() {
        Some((program, arguments)) => Ok(Launch::new(program, arguments)),
        None => Err(Error::Invalid("the script names no program: say which after --".to_owned())),
    }
}

/// What is recorded: the input, by which it is known what arrives, and what was asked for.
fn with(asked: &[String], sources: &[Box<dyn Source>]) -> Result<Vec<Spec>> {
    let mut with: Vec<Spec> = match asked.is_empty() {
        true => usual(sources),
        false => {
            let read: std::result::Result<Vec<_>, String> = asked.iter().map(|with| specs(with, sources)).collect();
            read.map_err(Error::Invalid)?.concat()
        }
    };
    if !with.iter().any(|spec| spec.source == "input") {
        with.push("input".parse().map_err(Error::Invalid)?);
    }
    Ok(with)
}

/// Plays the next step whenever the recording asks what is to be done.
struct Watching<'a, 's> {
    player: &'a RefCell<Player<'s>>,
    signals: &'a mut Signals,
    progress: Progress,
    stopped: bool,
}

impl Attendant for Watching<'_, '_> {
    fn order(&mut self, recording: &Recording, _: Duration) -> Option<Order> {
        if self.signals.pending().next().is_some() {
            self.stopped = true;
            return Some(Order::Stop);
        }
        self.progress.tick(recording);
        let target = recording.target();
        let gone = || target.ended();
        let more = self.player.borrow_mut().next(&target.scratch, &gone);
        (!more).then_some(Order::Stop)
    }

    fn problem(&mut self, line: &str) {
        self.progress.clear();
        super::say(line);
    }

    fn ending(&mut self) {
        self.progress.clear();
    }

    fn leaves(&mut self) -> bool {
        self.stopped |= self.signals.pending().next().is_some();
        false
    }
}
