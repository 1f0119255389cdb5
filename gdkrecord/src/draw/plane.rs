//! Where plotters draws: a part of a cairo context, in the colours of the palette.

use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::style::{Color as _, RGBAColor, ShapeStyle};
use plotters_cairo::CairoBackend;

use super::palette::Color;
use super::{Area, Result};

/// What plotters draws on.
pub type Plane<'a> = DrawingArea<CairoBackend<'a>, Shift>;
/// How that fails.
pub type Failed = DrawingAreaErrorKind<cairo::Error>;

/// Runs plotters on the part of the context that `area` covers, in whole pixels.
pub fn on_plane(
    ctx: &cairo::Context,
    area: Area,
    draw: impl FnOnce(&Plane<'_>) -> std::result::Result<(), Failed>,
) -> Result<()> {
    ctx.save()?;
    ctx.translate(area.x, area.y);
    // The backend scales itself to the clip, so that this makes one unit one pixel.
    ctx.rectangle(0.0, 0.0, area.width, area.height);
    ctx.clip();
    let size = (area.width.max(1.0) as u32, area.height.max(1.0) as u32);
    let done = match CairoBackend::new(ctx, size) {
        Ok(backend) => draw(&backend.into_drawing_area()),
        Err(_) => Ok(()),
    };
    ctx.restore()?;
    // Nothing of plotters itself can fail with ranges that are never empty, so it is cairo that failed.
    done.map_err(|_| ctx.status().err().unwrap_or(cairo::Error::InvalidStatus))
}

/// A colour as plotters has it.
pub fn rgba(color: Color) -> RGBAColor {
    let [red, green, blue] = color.bytes();
    RGBAColor(red, green, blue, color.3)
}

/// A line of a colour, a pixel wide.
pub fn stroke(color: Color) -> ShapeStyle {
    rgba(color).stroke_width(1)
}
