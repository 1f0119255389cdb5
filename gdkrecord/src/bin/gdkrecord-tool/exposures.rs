//! `exposures`: an animation of what was repainted when, as GIF, WebM or PNG pictures, or in a window.

use std::collections::BTreeSet;
use std::sync::Arc;

use gdkrecord::draw::Palette;
use gdkrecord::draw::exposures::movie::{self, Gif, Look, Movie, Pictures, Sink, Webm};
use gdkrecord::draw::exposures::{Plan, Planner, Stage, View, fade};
use gdkrecord::draw::scale::Range;
use gdkrecord::{Event, Recording};

use crate::args::ExposureArgs;
use crate::failure::{Failure, Result};
use crate::graph::extension;
use crate::progress::Progress;
use crate::{files, player, select};

/// The largest picture of a file: what fits on pages and in issues.
const FILE_SIZE: (u32, u32) = (800, 700);

/// Makes what the arguments ask for.
pub fn run(args: &ExposureArgs) -> Result<()> {
    let recording = files::open(&args.file)?;
    let only = match &args.window {
        Some(given) => Some(select::windows(recording.info(), given)?.into_iter().map(|id| id as u32).collect()),
        None => None,
    };
    let palette = Palette::of(args.dark);
    let (speed, fps) = (args.speed.0, args.fps);
    let Some(path) = &args.output else {
        player::check_display()?;
        let plan = plan(&recording, only);
        return player::play(&recording, plan, palette, speed);
    };
    // What cannot be written is said before the recording is read.
    let kind = if files::is_standard(path) { Some("gif".to_owned()) } else { extension(path) };
    if !matches!(kind.as_deref(), Some("gif" | "webm" | "png")) {
        let name = path.display();
        return Err(Failure::Other(format!("{name}: an animation is written as NAME.gif, NAME.webm or NAME.png")));
    }
    let plan = plan(&recording, only);
    let view = View::fit(&plan, FILE_SIZE.0, FILE_SIZE.1);
    let (width, height) = (view.width, view.height);
    let sink: Box<dyn Sink> = match kind.as_deref() {
        Some("gif") => {
            let file = files::create(path)?;
            Box::new(Gif::create(file, files::name(path), palette, (width, height), fps)?)
        }
        Some("webm") => Box::new(Webm::create(path, (width, height), fps)?),
        _ => Box::new(Pictures::create(path, (width, height))?),
    };
    let mut progress = Progress::new("exposures, drawing", plan.range.from, plan.range.to);
    let look = Look { palette, view, speed, fps };
    let mut movie = Movie::new(Stage::new(plan, 1), look, sink)?;
    for event in recording.events() {
        progress.event(event.time);
        movie.event(&event)?;
    }
    movie.finish(&mut |_| true)?;
    Ok(())
}

fn plan(recording: &Recording, only: Option<BTreeSet<u32>>) -> Plan {
    let (start, end) = (recording.header().monotonic, recording.info().end);
    let mut planner = Planner::new(Range::new(start, end), only);
    let mut progress = Progress::new("exposures, reading", start, end);
    for event in recording.events() {
        progress.event(event.time);
        planner.add(&event);
    }
    planner.finish()
}

/// A recording being played: its stage, and the events that are still to come.
pub struct Playback<'a> {
    recording: &'a Recording,
    events: Box<dyn Iterator<Item = Event> + 'a>,
    next: Option<Event>,
    plan: Arc<Plan>,
    speed: f64,
    shown: u64,
    /// The stage at the moment shown.
    pub stage: Stage,
}

impl<'a> Playback<'a> {
    /// At the begin.
    pub fn new(recording: &'a Recording, plan: Arc<Plan>, speed: f64) -> Playback<'a> {
        let mut events = Box::new(recording.events());
        let next = events.next();
        let stage = Stage::new(Arc::clone(&plan), fade(speed));
        Playback { recording, events, next, plan, speed, shown: 0, stage }
    }

    /// Nanoseconds of the recording that are shown.
    pub fn length(&self) -> u64 {
        self.plan.clock.length()
    }

    /// Goes to so many shown nanoseconds of the recording; backwards, it plays anew.
    pub fn show(&mut self, shown: u64) {
        if shown < self.shown {
            *self = Playback::new(self.recording, Arc::clone(&self.plan), self.speed);
        }
        self.shown = shown;
        let now = self.plan.clock.time(shown);
        while let Some(event) = self.next.take_if(|event| event.time <= now) {
            self.stage.apply(&event);
            self.next = self.events.next();
        }
        self.stage.advance(now);
    }

    /// Another speed: flashes fade as long as before for the eye.
    pub fn set_speed(&mut self, speed: f64) {
        self.speed = speed;
        self.stage.fade = fade(speed);
    }
}

impl From<movie::Error> for Failure {
    fn from(error: movie::Error) -> Failure {
        match error {
            movie::Error::Write { path, error } => Failure::writing(path)(error),
            movie::Error::Other(words) => Failure::Other(words),
        }
    }
}
