//! A picture of a session as SVG or PNG: the timeline of gdkrecord, with lanes for what other sources saw.

mod counters;
mod heading;
mod lanes;

use std::io::{self, Write};

use gdkrecord::draw::Palette;
use gdkrecord::draw::scale::Range;
use gdkrecord::draw::timeline::graph::{LEAST_WIDTH, columns};
use gdkrecord::draw::timeline::{self, Figure, Heading};

use super::{Done, Exporter, Reading};

/// Pixels that a picture is wide, unless it is asked for otherwise.
pub const WIDTH: u32 = 1400;
/// The widths that there can be: below the least labels are cut, and cairo's images end above the greatest.
pub const WIDTHS: std::ops::RangeInclusive<u32> = LEAST_WIDTH..=16_000;

/// As lines and areas, which stay sharp at every size.
pub struct Svg;

/// As pixels.
pub struct Png;

/// What is drawn.
struct Picture {
    heading: Heading,
    figure: Figure,
    width: u32,
    height: f64,
    dark: bool,
}

impl Picture {
    fn of(reading: &Reading<'_>) -> Done<Picture> {
        let look = reading.look();
        let width = look.width.unwrap_or(WIDTH);
        let (from, to) = reading.span()?;
        // Before CLOCK_MONOTONIC's begin there is nothing.
        let range = Range::new(from.max(0) as u64, to.max(0) as u64);
        let figure = lanes::collect(reading, range, columns(width))?;
        let heading = heading::of(reading, range)?;
        let height = timeline::height(&figure, width).ceil();
        Ok(Picture { heading, figure, width, height, dark: look.dark })
    }

    fn draw(&self, surface: &cairo::Surface) -> io::Result<()> {
        let ctx = cairo::Context::new(surface).map_err(io::Error::other)?;
        let palette = Palette::of(self.dark);
        timeline::draw(&ctx, palette, &self.heading, &self.figure, self.width).map_err(io::Error::other)
    }
}

impl Exporter for Svg {
    fn export(&self, reading: &Reading<'_>, out: &mut dyn Write) -> Done {
        let picture = Picture::of(reading)?;
        let (width, height) = (picture.width.into(), picture.height);
        // Cairo wants to own what it writes to; a picture is as large as its pixels, and not as its session.
        let mut surface = cairo::SvgSurface::for_stream(width, height, Vec::new()).map_err(io::Error::other)?;
        // Pixels as those of a PNG, and not points, which are larger.
        surface.set_document_unit(cairo::SvgUnit::Px);
        picture.draw(&surface)?;
        let stream = surface.finish_output_stream().map_err(|error| io::Error::other(error.error))?;
        let bytes = stream.downcast::<Vec<u8>>().map_err(|_| io::Error::other("cairo gave no picture"))?;
        Ok(out.write_all(&bytes)?)
    }
}

impl Exporter for Png {
    fn export(&self, reading: &Reading<'_>, mut out: &mut dyn Write) -> Done {
        let picture = Picture::of(reading)?;
        let (width, height) = (picture.width as i32, picture.height as i32);
        let surface = cairo::ImageSurface::create(cairo::Format::Rgb24, width, height).map_err(io::Error::other)?;
        picture.draw(&surface)?;
        surface.write_to_png(&mut out).map_err(|error| match error {
            cairo::IoError::Io(error) => error,
            cairo::IoError::Cairo(error) => io::Error::other(error),
        })?;
        Ok(())
    }
}
