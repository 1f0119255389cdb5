//! Pictures of a private display, and where two of them differ.

use std::path::Path;
use std::process::Command;

use crate::display::Display;
use crate::error::{Failure, Result};
use crate::process::run;
use crate::wait;

/// A picture: 3 bytes a pixel.
#[derive(Clone, PartialEq, Eq)]
pub struct Screen {
    width: usize,
    pixels: Vec<u8>,
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Screen({} wide)", self.width)
    }
}

/// A box in pixels; the far edges are not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Area {
    pub left: i32,
    pub top: i32,
    pub right: i32,
    pub bottom: i32,
}

impl Area {
    /// The smallest box that holds both.
    pub fn join(self, other: Area) -> Area {
        Area {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    /// Whether all of it lies in `outer`.
    pub fn within(self, outer: Area) -> bool {
        self.join(outer) == outer
    }
}

/// Waits until three pictures in a row are the same.
pub fn settle(display: &Display) -> Result<()> {
    let mut last = None;
    let mut same = 0;
    wait::until("the display to come to rest", || {
        let now = Screen::take(display).ok()?;
        same = if last.as_ref() == Some(&now) { same + 1 } else { 0 };
        last = Some(now);
        (same >= 2).then_some(())
    })
}

/// Keeps a picture of the whole display as a PNG.
pub fn keep(display: &Display, path: &Path) -> Result<()> {
    run(display.command("import").args(["-window", "root", "-depth", "8"]).arg(path)).map(drop)
}

impl Screen {
    /// Takes a picture of the whole display.
    pub fn take(display: &Display) -> Result<Screen> {
        let picture = run(display.command("import").args(["-window", "root", "-depth", "8", "ppm:-"]))?.stdout;
        Screen::from_ppm(&picture).ok_or_else(|| Failure::new("ImageMagick's import gave no picture"))
    }

    /// Reads a picture that was kept as a PNG.
    pub fn read(path: &Path) -> Result<Screen> {
        let picture = run(Command::new("convert").arg(path).args(["-depth", "8", "ppm:-"]))?.stdout;
        Screen::from_ppm(&picture).ok_or_else(|| Failure::new(format!("{} is no picture", path.display())))
    }

    /// A binary PPM with 8 bits a channel: `P6 WIDTH HEIGHT 255` and the pixels.
    fn from_ppm(bytes: &[u8]) -> Option<Screen> {
        let mut rest = bytes.strip_prefix(b"P6")?;
        let mut number = || {
            let start = rest.iter().position(|byte| byte.is_ascii_digit())?;
            let length = rest[start..].iter().position(|byte| !byte.is_ascii_digit())?;
            let value: usize = std::str::from_utf8(&rest[start..start + length]).ok()?.parse().ok()?;
            rest = &rest[start + length..];
            Some(value)
        };
        let (width, height, depth) = (number()?, number()?, number()?);
        let pixels = rest.get(1..)?.to_vec();
        (depth == 255 && pixels.len() == width * height * 3).then_some(Screen { width, pixels })
    }

    /// The pixels that are not the same, in rows.
    pub fn differing<'a>(&'a self, other: &'a Screen) -> impl Iterator<Item = (i32, i32)> + 'a {
        let pairs = self.pixels.chunks_exact(3).zip(other.pixels.chunks_exact(3)).enumerate();
        pairs.filter(|(_, (a, b))| a != b).map(|(at, _)| ((at % self.width) as i32, (at / self.width) as i32))
    }

    /// The smallest box that holds all pixels that are not the same; `None` where all are.
    pub fn difference(&self, other: &Screen) -> Option<Area> {
        let pixel = |(x, y)| Area { left: x, top: y, right: x + 1, bottom: y + 1 };
        self.differing(other).map(pixel).reduce(Area::join)
    }
}
