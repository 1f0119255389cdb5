//! The overview strip: the whole session, with what is visible as a handle.

use cairo::Context;
use gdkrecord::draw::{Area, Palette, Result, fill, outline};

use super::ruler::place;
use crate::model::Range;

/// Its height in pixels.
pub const HEIGHT: f64 = 44.0;
/// So near an edge of the handle, in pixels, it is the edge that is meant.
const EDGE: f64 = 6.0;
/// A handle that is narrower has no grips, in pixels.
const GRIPS: f64 = 16.0;
/// The handle is as wide at least, in pixels.
const LEAST: f64 = 4.0;

/// A part of the strip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The begin of what is visible.
    Begin,
    /// The end of what is visible.
    End,
    /// What is visible.
    Handle,
    /// What is not.
    Outside,
}

/// The handle's left and right edge.
fn handle(whole: Range, visible: Range, area: Area) -> (f64, f64) {
    let (left, right) = (place(whole, area, visible.begin), place(whole, area, visible.end));
    let more = (LEAST - (right - left)).max(0.0) / 2.0;
    ((left - more).max(area.x), (right + more).min(area.right()))
}

/// What lies at `x`.
pub fn part(whole: Range, visible: Range, area: Area, x: f64) -> Part {
    let (left, right) = handle(whole, visible, area);
    // A narrow handle is moved rather than resized.
    let edge = if right - left < 4.0 * EDGE { 0.0 } else { EDGE };
    match x {
        _ if edge > 0.0 && (x - left).abs() <= edge => Part::Begin,
        _ if edge > 0.0 && (x - right).abs() <= edge => Part::End,
        _ if x >= left - EDGE && x <= right + EDGE => Part::Handle,
        _ => Part::Outside,
    }
}

/// Draws the handle over the strip.
pub fn draw_handle(ctx: &Context, palette: &Palette, whole: Range, visible: Range, area: Area) -> Result<()> {
    let (left, right) = handle(whole, visible, area);
    let veil = palette.background.alpha(0.6);
    fill(ctx, Area::new(area.x, area.y, left - area.x, area.height), veil)?;
    fill(ctx, Area::new(right, area.y, area.right() - right, area.height), veil)?;
    let frame = Area::new(left, area.y, right - left, area.height);
    outline(ctx, frame, palette.dim, 1.0)?;
    if right - left < GRIPS {
        // A place rather than a stretch.
        return fill(ctx, Area::new(left, area.y, right - left, area.height), palette.text.alpha(0.35));
    }
    for x in [left, right] {
        let grip = Area::new(x - 1.5, area.middle() - 8.0, 3.0, 16.0);
        fill(ctx, grip, palette.dim)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_apart_and_a_narrow_handle_is_only_moved() {
        let (whole, area) = (Range::new(0, 1000), Area::new(100.0, 0.0, 1000.0, 40.0));
        let at = |visible, x| part(whole, visible, area, x);
        let wide = Range::new(200, 400);
        let parts = [250.0, 302.0, 400.0, 497.0, 560.0].map(|x| at(wide, x));
        assert_eq!(parts, [Part::Outside, Part::Begin, Part::Handle, Part::End, Part::Outside]);
        assert_eq!(at(Range::new(200, 201), 299.0), Part::Handle);
    }
}
