//! The ruler: round moments, counted from the session's begin.

use cairo::Context;
use gdkrecord::draw::text::Setter;
use gdkrecord::draw::{Area, Palette, Result, line, scale};

use crate::model::Range;

/// Its height in pixels.
pub const HEIGHT: f64 = 26.0;
/// A label and the room beside it, in pixels.
const ROOM: f64 = 96.0;
/// The size of labels, in pixels.
pub const SIZE: f64 = 11.0;
/// Marks between two labels.
const PARTS: i64 = 5;

/// A tick.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Its moment.
    pub time: i64,
    /// Its label; empty for those in between.
    pub label: String,
}

/// The ticks of a stretch on so many pixels, counted from `origin`.
pub fn ticks(range: Range, origin: i64, width: f64) -> Vec<Tick> {
    let seconds = range.length() as f64 / 1e9;
    let count = (width / ROOM).clamp(1.0, 64.0) as usize;
    // No tick is shorter than one of the clock.
    let step = scale::time_step(seconds, count).max(1e-9 * PARTS as f64);
    let part = ((step * 1e9 / PARTS as f64).round() as i64).max(1);
    let from = range.begin.saturating_sub(origin);
    let most = range.end.saturating_sub(origin) as f64 / 1e9;
    let first = from.div_euclid(part) + i64::from(from.rem_euclid(part) != 0);
    let last = range.end.saturating_sub(origin).div_euclid(part);
    let tick = |at: i64| {
        let label = match at.rem_euclid(PARTS) {
            0 => scale::tick_label((at * part) as f64 / 1e9, step, most),
            _ => String::new(),
        };
        Tick { time: origin + at * part, label }
    };
    (first..=last).map(tick).collect()
}

/// The place of a moment on an area.
pub fn place(range: Range, area: Area, time: i64) -> f64 {
    area.x + (time as f64 - range.begin as f64) / range.length().max(1) as f64 * area.width
}

/// What sets the labels.
pub fn letters() -> Setter {
    Setter::new(SIZE, false)
}

/// Draws the ruler on its area, and its lines down to `bottom`.
pub fn draw(
    ctx: &Context,
    palette: &Palette,
    letters: &Setter,
    range: Range,
    origin: i64,
    area: Area,
    bottom: f64,
) -> Result<()> {
    for tick in ticks(range, origin, area.width) {
        let x = place(range, area, tick.time).round() + 0.5;
        if tick.label.is_empty() {
            line(ctx, (x, area.bottom() - 4.0), (x, area.bottom()), palette.grid, 1.0)?;
            continue;
        }
        line(ctx, (x, area.bottom() - 8.0), (x, area.bottom()), palette.dim, 1.0)?;
        line(ctx, (x, area.bottom()), (x, bottom), palette.grid.alpha(0.6), 1.0)?;
        let Some(label) = letters.set(&tick.label, area.width, 1) else { continue };
        // The first and the last are whole, too.
        let most = (area.right() - label.width() - 2.0).max(area.x + 2.0);
        let left = (x - label.width() / 2.0).clamp(area.x + 2.0, most);
        let height = letters.line();
        label.draw(ctx, left.round(), (area.y + 9.0 - height.height / 2.0 + height.baseline).round(), palette.dim)?;
    }
    line(ctx, (area.x, area.bottom() - 0.5), (area.right(), area.bottom() - 0.5), palette.grid, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_apart_at_every_zoom() {
        let origin = 7_123_456_789;
        let mut length = 1_000i64;
        while length < 100_000_000_000_000 {
            let range = Range::new(origin + 333 * length, origin + 334 * length);
            let ticks = ticks(range, origin, 960.0);
            let labels: Vec<&Tick> = ticks.iter().filter(|tick| !tick.label.is_empty()).collect();
            assert!((2..=11).contains(&labels.len()), "{length}: {ticks:?}");
            let different: std::collections::HashSet<_> = labels.iter().map(|tick| &tick.label).collect();
            assert_eq!(different.len(), labels.len(), "{length}: {ticks:?}");
            assert!(ticks.iter().all(|tick| (range.begin..=range.end).contains(&tick.time)));
            length = length * 7 / 2;
        }
    }
}
