//! Plays a script once: gets a display, starts the program on it under a recording, and has the player attend that.
//! The command line and the window share it; each brings an [`Audience`].

use std::cell::RefCell;
use std::ffi::OsString;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use super::{Account, Backend, Display, Hands, Inside, Pace, Player, Stage, XTest, difference};
use crate::channel::conduct::{Attendant, Ended, conduct};
use crate::channel::{Launch, Order, Plan, Recording, Subject};
use crate::error::{Error, Result};
use crate::input::{Script, of_session};
use crate::source::{Source, Spec};

/// How a script is played.
#[derive(Clone, Debug)]
pub struct Play {
    /// How fast.
    pub pace: Pace,
    /// Where.
    pub display: Where,
    /// What the program speaks on a display of its own.
    pub backend: Backend,
    /// What makes the input, where that is not the display.
    pub inject: Option<Inject>,
    /// Whether animations are left on.
    pub animations: bool,
    /// What is recorded.
    pub with: Vec<Spec>,
    /// The program.
    pub launch: Launch,
}

/// Where a script is played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Where {
    /// A display of its own, which nobody sees.
    #[default]
    Private,
    /// That which DISPLAY names: watch it, and leave mouse and keyboard alone; with --inject, keep the pointer out of the
    /// program's windows.
    Current,
}

/// What makes input inside the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Inject {
    /// Events of GDK.
    Gdk,
}

/// Whoever a script is played for.
pub trait Audience {
    /// It is about to be played on a display of its own, which can be watched until [`Audience::ending`].
    fn staged(&mut self, display: &str) {
        let _ = display;
    }

    /// So many steps are done.
    fn done(&mut self, steps: usize) {
        let _ = steps;
    }

    /// The recording goes on.
    fn goes(&mut self, recording: &Recording) {
        let _ = recording;
    }

    /// Whether it is to be stopped. Asked often, also while a step waits for something.
    fn stops(&self) -> bool;

    /// Something went wrong with a source: one line.
    fn problem(&mut self, line: &str);

    /// Nothing is left to be seen.
    fn ending(&mut self) {}
}

impl Play {
    /// Plays `script` into the new session `output`, with a picture of the end beside it. `None` where it was stopped.
    pub fn once(
        &self,
        script: &Script,
        output: &Path,
        sources: &[Box<dyn Source>],
        audience: &mut dyn Audience,
    ) -> Result<Option<Account>> {
        let stage = match self.display {
            Where::Private => Some(Stage::start(script.display, self.backend, self.animations)?),
            Where::Current => None,
        };
        let display = match &stage {
            Some(stage) => Some(stage.display().to_owned()),
            None => std::env::var("DISPLAY").ok().filter(|name| !name.is_empty()),
        };
        let mut launch = self.launch.clone();
        if let Some(stage) = &stage {
            stage.dress(&mut launch);
            audience.staged(stage.display());
        }
        let picture = Some(output.with_extension("png"));
        let hands: Box<dyn Hands> = match (self.inject, &display) {
            (Some(Inject::Gdk), _) => Box::new(Inside::default()),
            (None, Some(name)) => Box::new(XTest::on(name, script.display)?),
            (None, None) => {
                let remedy = "leave --display out for one of its own";
                return Err(Error::Invalid(format!("DISPLAY names no display: {remedy}")));
            }
        };
        let display = display.map(|name| Display::on(&name)).transpose()?;
        let player = Player::new(script, self.pace, hands, display, picture)?;
        player.invite(&mut launch);
        let player = RefCell::new(player);
        let plan = Plan { subject: Subject::Start(launch), sources: self.with.clone() };
        let mut watching = Watching { player: &player, audience, stopped: false };
        let Ended { outcome, .. } = conduct(plan, output, None, sources, &mut watching)?;
        let stopped = outcome.is_none() || watching.stopped;
        Ok((!stopped).then(|| player.into_inner().into_account()))
    }
}

/// The program of a script, or that which was given in its place.
pub fn program(script: &Script, given: &[OsString]) -> Result<Launch> {
    let given: Vec<OsString> = match given.is_empty() {
        false => given.to_vec(),
        true => script.program.iter().map(Into::into).collect(),
    };
    match given.split_first() {
        Some((program, arguments)) => Ok(Launch::new(program, arguments)),
        None => Err(Error::Invalid("the script names no program: say which after --".to_owned())),
    }
}

/// What is recorded where that was asked for: also the input, by which it is known what arrives.
pub fn with_input(mut with: Vec<Spec>) -> Vec<Spec> {
    if !with.iter().any(|spec| spec.source == "input") {
        with.push(Spec { source: "input".to_owned(), argument: None, rate: None });
    }
    with
}

impl FromStr for Pace {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Pace, String> {
        match text {
            "recorded" => Ok(Pace::Times(1.0)),
            "fast" => Ok(Pace::Fast),
            times => {
                let times = times.trim_end_matches('x').parse().ok();
                let times = times.filter(|times: &f64| (0.01..=1000.0).contains(times));
                times.map(Pace::Times).ok_or_else(|| "it is recorded, fast, or a number of 0.01 to 1000".to_owned())
            }
        }
    }
}

/// Plays the next step whenever the recording asks what is to be done.
struct Watching<'a, 's> {
    player: &'a RefCell<Player<'s>>,
    audience: &'a mut dyn Audience,
    stopped: bool,
}

impl Attendant for Watching<'_, '_> {
    fn order(&mut self, recording: &Recording, _: Duration) -> Option<Order> {
        self.audience.goes(recording);
        let target = recording.target();
        let mut player = self.player.borrow_mut();
        let more = {
            let audience = &*self.audience;
            player.next(&target.scratch, &|| target.ended() || audience.stops())
        };
        if self.audience.stops() {
            self.stopped = true;
            return Some(Order::Stop);
        }
        self.audience.done(player.done());
        (!more).then_some(Order::Stop)
    }

    fn problem(&mut self, line: &str) {
        self.audience.problem(line);
    }

    fn ending(&mut self) {
        self.audience.ending();
    }
}

/// What was otherwise in a run than the script has it, in words; none where it went as recorded.
pub fn otherwise(account: &Account, script: &Script, session: &Path) -> Option<String> {
    let Some(trouble) = &account.trouble else {
        // What arrived was seen step by step; this also finds what nobody sent.
        return of_session(session).ok().and_then(|arrived| difference(script, &arrived));
    };
    let (number, all, step) = (trouble.step + 1, script.steps.len(), &script.steps[trouble.step]);
    Some(format!("step {number} of {all} could not be done: {} ({step})", trouble.why))
}
