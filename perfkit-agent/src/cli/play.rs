//! What `replay` and `bench` have in common: how a script is played, and playing it once.

use std::cell::RefCell;
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::progress::Progress;
use crate::channel::conduct::{Attendant, Ended, conduct};
use crate::channel::{self, Company, Launch, Order, Plan, Recording, Subject, ward};
use crate::error::{Error, Result};
use crate::input::Script;
use crate::replay::{Account, Backend, Display, Hands, Inside, Pace, Player, Stage, XTest};
use crate::source::{Source, Spec, sources, specs, usual};

/// How a script is played.
#[derive(Debug, clap::Args)]
pub struct Setting {
    /// How fast: recorded, fast (each step as soon as the program is ready), or so many times faster than recorded.
    #[arg(long, value_name = "SPEED", default_value = "recorded", value_parser = pace)]
    speed: Pace,
    /// Where.
    #[arg(long, value_enum, default_value = "private")]
    display: Where,
    /// The display protocol that the program speaks on a display of its own.
    #[arg(long, value_enum, default_value = "x11")]
    backend: Backend,
    /// Make the input inside the program (GTK 2 and GTK 3), and leave the pointer of the display where it is.
    #[arg(long, value_enum, value_name = "WITH")]
    inject: Option<Inject>,
    /// Leave animations on.
    #[arg(long)]
    animations: bool,
    /// What is recorded beside the input, as for `record`.
    #[arg(short, long, value_name = "SOURCES")]
    with: Vec<String>,
    /// Say nothing but errors.
    #[arg(short, long)]
    pub quiet: bool,
    /// The program and its arguments [default: those of the script].
    #[arg(last = true, value_name = "PROGRAM")]
    program: Vec<OsString>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Where {
    /// A display of its own, which nobody sees.
    Private,
    /// That which DISPLAY names: watch it, and leave mouse and keyboard alone; with --inject, keep the pointer out of the
    /// program's windows.
    Current,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Inject {
    /// Events of GDK.
    Gdk,
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

/// Plays a script, as often as is wanted.
pub struct Plays<'a> {
    script: &'a Script,
    setting: &'a Setting,
    sources: Vec<Box<dyn Source>>,
    with: Vec<Spec>,
    /// The program.
    pub launch: Launch,
    signals: Signals,
}

impl<'a> Plays<'a> {
    /// From what was typed to what it means. `usually` is recorded where nothing was asked for.
    pub fn new(script: &'a Script, setting: &'a Setting, usually: Option<&str>) -> Result<Plays<'a>> {
        let sources = sources();
        let asked: Vec<&str> = match (setting.with.is_empty(), usually) {
            (true, Some(usually)) => vec![usually],
            _ => setting.with.iter().map(String::as_str).collect(),
        };
        let with = with(&asked, &sources)?;
        let launch = launch(setting, script)?;
        channel::adopt(Company::None);
        // Without it a replay is as good, as long as nobody kills it.
        ward::begin().unwrap_or_else(|error| super::say(&error.to_string()));
        let signals = Signals::new([SIGINT, SIGTERM]).map_err(Error::file("listen to", Path::new("signals")))?;
        Ok(Plays { script, setting, sources, with, launch, signals })
    }

    /// Plays it once into the session `output`, with a picture of the end beside it. `None` where it was stopped.
    pub fn once(&mut self, output: &Path) -> Result<Option<Account>> {
        let stage = match self.setting.display {
            Where::Private => Some(Stage::start(self.script.display, self.setting.backend, self.setting.animations)?),
            Where::Current => None,
        };
        let display = match &stage {
            Some(stage) => Some(stage.display().to_owned()),
            None => std::env::var("DISPLAY").ok().filter(|name| !name.is_empty()),
        };
        let mut launch = self.launch.clone();
        if let Some(stage) = &stage {
            stage.dress(&mut launch);
        }
        let picture = Some(output.with_extension("png"));
        let hands: Box<dyn Hands> = match (self.setting.inject, &display) {
            (Some(Inject::Gdk), _) => Box::new(Inside::default()),
            (None, Some(name)) => Box::new(XTest::on(name, self.script.display)?),
            (None, None) => {
                let remedy = "leave --display out for one of its own";
                return Err(Error::Invalid(format!("DISPLAY names no display: {remedy}")));
            }
        };
        let display = display.map(|name| Display::on(&name)).transpose()?;
        let player = Player::new(self.script, self.setting.speed, hands, display, picture)?;
        player.invite(&mut launch);
        let player = RefCell::new(player);
        let plan = Plan { subject: Subject::Start(launch), sources: self.with.clone() };
        let progress = Progress::new(self.setting.quiet);
        let mut watching = Watching { player: &player, signals: &mut self.signals, progress, stopped: false };
        let Ended { outcome, .. } = conduct(plan, output, None, &self.sources, &mut watching)?;
        if outcome.is_none() || watching.stopped {
            super::say(&format!("stopped; {} has what was there a moment ago", output.display()));
            return Ok(None);
        }
        Ok(Some(player.into_inner().into_account()))
    }
}

fn launch(setting: &Setting, script: &Script) -> Result<Launch> {
    let given: Vec<OsString> = match setting.program.is_empty() {
        false => setting.program.clone(),
        true => script.program.iter().map(Into::into).collect(),
    };
    match given.split_first() {
        Some((program, arguments)) => Ok(Launch::new(program, arguments)),
        None => Err(Error::Invalid("the script names no program: say which after --".to_owned())),
    }
}

/// What is recorded: the input, by which it is known what arrives, and what was asked for.
fn with(asked: &[&str], sources: &[Box<dyn Source>]) -> Result<Vec<Spec>> {
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
        let more = self.player.borrow_mut().next(&target.scratch, &|| target.ended());
        (!more).then_some(Order::Stop)
    }

    fn problem(&mut self, line: &str) {
        self.progress.clear();
        super::say(line);
    }

    fn ending(&mut self) {
        self.progress.clear();
    }
}

/// Says where a run did not go as recorded; whether all of it did.
pub fn went_well(account: &Account, script: &Script, output: &Path, run: &str, quiet: bool) -> bool {
    for note in account.notes.iter().filter(|_| !quiet) {
        super::say(&format!("{run}{note}"));
    }
    match &account.trouble {
        Some(trouble) => {
            let picture = account.picture.as_ref();
            super::say(&format!(
                "{run}step {} of {} could not be done: {} ({}){}",
                trouble.step + 1,
                script.steps.len(),
                trouble.why,
                script.steps[trouble.step],
                picture.map(|path| format!("; a picture is in {}", path.display())).unwrap_or_default()
            ));
            false
        }
        None => {
            // What arrived was seen step by step; this also finds what nobody sent.
            let arrived = crate::input::of_session(output).ok();
            let other = arrived.and_then(|arrived| crate::replay::difference(script, &arrived));
            if let Some(difference) = &other {
                super::say(&format!("{run}{difference}"));
            }
            other.is_none()
        }
    }
}
