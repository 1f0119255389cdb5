//! `exposures`: an animation of what was repainted when, as GIF, WebM or PNG pictures, or in a window.

mod gif;
mod png;
mod webm;

use std::collections::BTreeSet;

use gdkrecord::draw::Palette;
use gdkrecord::draw::exposures::{Plan, Planner, Stage, View, picture};
use gdkrecord::draw::scale::Range;
use gdkrecord::{Event, Recording};

use crate::args::ExposureArgs;
use crate::failure::{Failure, Result};
use crate::graph::extension;
use crate::progress::Progress;
use crate::{files, player, select};

/// Shown nanoseconds in which a flash fades: long enough to see, short enough to tell the next one.
const FADE: f64 = 600e6;
/// The largest picture of a file: what fits on pages and in issues.
const FILE_SIZE: (u32, u32) = (800, 700);

/// Where pictures go.
pub trait Sink {
    /// The next picture: rows of blue, green, red, unused bytes, without padding.
    fn picture(&mut self, pixels: &[u8]) -> Result<()>;
    /// All were given.
    fn finish(self: Box<Self>) -> Result<()>;
}

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
        Some("gif") => Box::new(gif::Gif::create(path, palette, (width, height), fps)?),
        Some("webm") => Box::new(webm::Webm::create(path, (width, height), fps)?),
        _ => Box::new(png::Pictures::create(path, (width, height))?),
    };
    pictures(&recording, plan, palette, view, speed, fps, sink)
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

fn pictures(
    recording: &Recording,
    plan: Plan,
    palette: &Palette,
    view: View,
    speed: f64,
    fps: u32,
    mut sink: Box<dyn Sink>,
) -> Result<()> {
    let mut progress = Progress::new("exposures, drawing", plan.range.from, plan.range.to);
    let mut play = Playback::new(recording, plan, speed);
    let mut canvas = Canvas::new(view)?;
    let step = 1e9 * speed / f64::from(fps);
    let count = (play.length() as f64 / step).ceil() as u64 + 1;
    for at in 0..count {
        play.show((at as f64 * step) as u64, |event| progress.event(event.time));
        sink.picture(canvas.draw(palette, &play.stage)?)?;
    }
    sink.finish()
}

/// A recording being played: its stage, and the events that are still to come.
pub struct Playback<'a> {
    recording: &'a Recording,
    events: Box<dyn Iterator<Item = Event> + 'a>,
    next: Option<Event>,
    plan: Plan,
    speed: f64,
    shown: u64,
    /// The stage at the moment shown.
    pub stage: Stage,
}

impl<'a> Playback<'a> {
    /// At the begin.
    pub fn new(recording: &'a Recording, plan: Plan, speed: f64) -> Playback<'a> {
        let mut events = Box::new(recording.events());
        let next = events.next();
        let stage = Stage::new(plan.clone(), (FADE * speed) as u64);
        Playback { recording, events, next, plan, speed, shown: 0, stage }
    }

    /// Nanoseconds of the recording that are shown.
    pub fn length(&self) -> u64 {
        self.plan.clock.length()
    }

    /// Goes to so many shown nanoseconds of the recording; backwards, it plays anew.
    pub fn show(&mut self, shown: u64, mut seen: impl FnMut(&Event)) {
        if shown < self.shown {
            *self = Playback::new(self.recording, self.plan.clone(), self.speed);
        }
        self.shown = shown;
        let now = self.plan.clock.time(shown);
        while let Some(event) = self.next.take_if(|event| event.time <= now) {
            seen(&event);
            self.stage.apply(&event);
            self.next = self.events.next();
        }
        self.stage.advance(now);
    }

    /// Another speed: flashes fade as long as before for the eye.
    pub fn set_speed(&mut self, speed: f64) {
        self.speed = speed;
        self.stage.fade = ((FADE * speed) as u64).max(1);
    }
}

/// An image that pictures are drawn on.
pub struct Canvas {
    surface: cairo::ImageSurface,
    view: View,
    pixels: Vec<u8>,
}

impl Canvas {
    /// Of the view's size.
    pub fn new(view: View) -> Result<Canvas> {
        let surface =
            cairo::ImageSurface::create(cairo::Format::Rgb24, view.width as i32, view.height as i32).map_err(failed)?;
        Ok(Canvas { surface, view, pixels: Vec::new() })
    }

    /// Draws the stage; rows of blue, green, red, unused bytes, without padding.
    pub fn draw(&mut self, palette: &Palette, stage: &Stage) -> Result<&[u8]> {
        let ctx = cairo::Context::new(&self.surface).map_err(failed)?;
        picture::draw(&ctx, palette, stage, &self.view).map_err(failed)?;
        drop(ctx);
        self.surface.flush();
        // Four bytes a pixel, so that cairo's rows need no padding.
        let pixels = &mut self.pixels;
        self.surface
            .with_data(|data| {
                pixels.clear();
                pixels.extend_from_slice(data);
            })
            .map_err(|error| Failure::Other(format!("cannot read the picture: {error}")))?;
        Ok(&self.pixels)
    }
}

fn failed(error: cairo::Error) -> Failure {
    Failure::Other(format!("cannot draw: {error}"))
}
