//! What `replay` and `bench` have in common: how a script is played, and what is said of it.

use std::cell::{Cell, RefCell};
use std::ffi::OsString;
use std::path::Path;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::progress::Progress;
use crate::channel::{self, Company, Recording, ward};
use crate::error::{Error, Result};
use crate::input::Script;
use crate::replay::{Account, Audience, Backend, Inject, Pace, Play, Where, otherwise, program, with_input};
use crate::source::{Source, sources, specs, usual};

/// How a script is played.
#[derive(Debug, clap::Args)]
pub struct Setting {
    /// How fast: recorded, fast (each step as soon as the program is ready), or so many times faster than recorded.
    #[arg(long, value_name = "SPEED", default_value = "recorded")]
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

/// Plays a script, as often as is wanted.
pub struct Plays<'a> {
    script: &'a Script,
    sources: Vec<Box<dyn Source>>,
    /// How it is played.
    pub play: Play,
    signals: RefCell<Signals>,
    quiet: bool,
}

impl<'a> Plays<'a> {
    /// From what was typed to what it means. `usually` is recorded where nothing was asked for.
    pub fn new(script: &'a Script, setting: &Setting, usually: Option<&str>) -> Result<Plays<'a>> {
        let sources = sources();
        let asked: Vec<&str> = match (setting.with.is_empty(), usually) {
            (true, Some(usually)) => vec![usually],
            _ => setting.with.iter().map(String::as_str).collect(),
        };
        let with = match asked.is_empty() {
            true => usual(&sources),
            false => {
                let read: std::result::Result<Vec<_>, String> =
                    asked.iter().map(|with| specs(with, &sources)).collect();
                read.map_err(Error::Invalid)?.concat()
            }
        };
        let play = Play {
            pace: setting.speed,
            display: setting.display,
            backend: setting.backend,
            inject: setting.inject,
            animations: setting.animations,
            with: with_input(with),
            launch: program(script, &setting.program)?,
        };
        channel::adopt(Company::None);
        // Without it a replay is as good, as long as nobody kills it.
        ward::begin().unwrap_or_else(|error| super::say(&error.to_string()));
        let signals = Signals::new([SIGINT, SIGTERM]).map_err(Error::file("listen to", Path::new("signals")))?;
        Ok(Plays { script, sources, play, signals: RefCell::new(signals), quiet: setting.quiet })
    }

    /// Plays it once into the session `output`, with a picture of the end beside it. `None` where it was stopped.
    pub fn once(&mut self, output: &Path) -> Result<Option<Account>> {
        let mut terminal =
            Terminal { signals: &self.signals, progress: Progress::new(self.quiet), stopped: Cell::new(false) };
        let account = self.play.once(self.script, output, &self.sources, &mut terminal)?;
        if account.is_none() {
            super::say(&format!("stopped; {} has what was there a moment ago", output.display()));
        }
        Ok(account)
    }
}

/// Whoever sits at the terminal.
struct Terminal<'a> {
    signals: &'a RefCell<Signals>,
    progress: Progress,
    stopped: Cell<bool>,
}

impl Audience for Terminal<'_> {
    fn goes(&mut self, recording: &Recording) {
        self.progress.tick(recording);
    }

    fn stops(&self) -> bool {
        self.stopped.set(self.stopped.get() || self.signals.borrow_mut().pending().next().is_some());
        self.stopped.get()
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
    let Some(words) = otherwise(account, script, output) else { return true };
    let picture = account.picture.as_ref().filter(|_| account.trouble.is_some());
    let picture = picture.map(|path| format!("; a picture is in {}", path.display())).unwrap_or_default();
    super::say(&format!("{run}{words}{picture}"));
    false
}
