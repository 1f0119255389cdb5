//! Movies of the stage: pictures at even steps of time, as a GIF, a WebM, or a PNG each (feature `movie`).

mod gif;
mod png;
mod webm;

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::super::Palette;
use super::fade;
use super::picture::{self, View};
use super::stage::Stage;
use crate::kind::Event;

pub use gif::Gif;
pub use png::Pictures;
pub use webm::{Webm, ffmpeg};

/// Why a movie could not be made.
#[derive(Debug)]
pub enum Error {
    /// A file could not be written.
    Write {
        /// Which.
        path: PathBuf,
        /// What the system answered.
        error: io::Error,
    },
    /// Something else, in a sentence that says what to do about it.
    Other(String),
}

impl Error {
    /// Maps an error of writing to `path`.
    pub fn writing(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Error {
        let path = path.into();
        move |error| Error::Write { path, error }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Write { path, error } => write!(f, "cannot write {}: {error}", path.display()),
            Error::Other(words) => f.write_str(words),
        }
    }
}

impl std::error::Error for Error {}

impl From<cairo::Error> for Error {
    fn from(error: cairo::Error) -> Error {
        Error::Other(format!("cannot draw: {error}"))
    }
}

/// The result of making movies.
pub type Result<T> = std::result::Result<T, Error>;

/// Where pictures go.
pub trait Sink {
    /// The next picture: rows of blue, green, red, unused bytes, without padding.
    fn picture(&mut self, pixels: &[u8]) -> Result<()>;
    /// All were given. Dropped before, what was written is of no use.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// How a movie looks.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// Its colours.
    pub palette: &'a Palette,
    /// Its size.
    pub view: View,
    /// Times as fast as it happened.
    pub speed: f64,
    /// Pictures a second.
    pub fps: u32,
}

/// A movie in the making: it is given the events of a recording in their order.
pub struct Movie<'a> {
    look: Look<'a>,
    canvas: Canvas,
    stage: Stage,
    sink: Box<dyn Sink + 'a>,
    made: u64,
}

impl<'a> Movie<'a> {
    /// Of a stage that has nothing on it yet but the windows that there are. One without heat shows none.
    pub fn new(stage: Stage, look: Look<'a>, sink: Box<dyn Sink + 'a>) -> Result<Movie<'a>> {
        let stage = Stage { fade: fade(look.speed), ..stage };
        Ok(Movie { canvas: Canvas::new(look.view)?, look, stage, sink, made: 0 })
    }

    /// How many pictures it will have.
    pub fn length(&self) -> u64 {
        (self.stage.plan.clock.length() as f64 / self.step()).ceil() as u64 + 1
    }

    /// How many there are.
    pub fn made(&self) -> u64 {
        self.made
    }

    /// Takes in the next event, after the pictures of the time before it.
    pub fn event(&mut self, event: &Event) -> Result<()> {
        while self.due().is_some_and(|now| now < event.time) {
            self.shoot()?;
        }
        self.stage.apply(event);
        Ok(())
    }

    /// Makes what is left. `go_on` is told how many pictures there are, and says whether to go on; whether all were made.
    pub fn finish(mut self, go_on: &mut dyn FnMut(u64) -> bool) -> Result<bool> {
        while self.due().is_some() {
            self.shoot()?;
            if !go_on(self.made) {
                return Ok(false);
            }
        }
        self.sink.finish().map(|()| true)
    }

    /// The moment of the next picture; `None` where all are made.
    fn due(&self) -> Option<u64> {
        let shown = (self.made as f64 * self.step()) as u64;
        (self.made < self.length()).then(|| self.stage.plan.clock.time(shown))
    }

    fn shoot(&mut self) -> Result<()> {
        if let Some(now) = self.due() {
            self.stage.advance(now);
            self.sink.picture(self.canvas.draw(self.look.palette, &self.stage)?)?;
            self.made += 1;
        }
        Ok(())
    }

    /// Shown nanoseconds from one picture to the next.
    fn step(&self) -> f64 {
        1e9 * self.look.speed / f64::from(self.look.fps)
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
        let surface = cairo::ImageSurface::create(cairo::Format::Rgb24, view.width as i32, view.height as i32)?;
        Ok(Canvas { surface, view, pixels: Vec::new() })
    }

    /// Draws the stage; rows of blue, green, red, unused bytes, without padding.
    pub fn draw(&mut self, palette: &Palette, stage: &Stage) -> Result<&[u8]> {
        let ctx = cairo::Context::new(&self.surface)?;
        picture::draw(&ctx, palette, stage, &self.view)?;
        drop(ctx);
        self.surface.flush();
        // Four bytes a pixel, so that cairo's rows need no padding.
        let pixels = &mut self.pixels;
        self.surface
            .with_data(|data| {
                pixels.clear();
                pixels.extend_from_slice(data);
            })
            .map_err(|error| Error::Other(format!("cannot read the picture: {error}")))?;
        Ok(&self.pixels)
    }
}
