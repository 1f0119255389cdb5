//! The heads of lanes, left of the picture: what each is, and which one is chosen.

use cairo::Context;
use gdkrecord::draw::text::Setter;
use gdkrecord::draw::{Area, Color, Palette, Result, fill, line};

use super::kinds::Look;
use super::lanes::Lane;
use super::paint;
use super::scene::Wanted;
use crate::wording::{time, tr};

/// Room at the sides, in pixels.
const MARGIN: f64 = 12.0;
/// A lane that is lower has one line of text.
const TWO_LINES: f64 = 32.0;
/// The stripe in the colour of a lane, in pixels.
const STRIPE: f64 = 4.0;

/// A head to draw.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// Its lane.
    pub lane: &'a Lane,
    /// Whether the lane above is of another kind.
    pub first: bool,
    /// Whether it is the chosen one.
    pub chosen: bool,
    /// What a frame may take, in nanoseconds.
    pub budget: i64,
}

/// What sets the texts of heads.
#[derive(Debug)]
pub struct Letters {
    kind: Setter,
    title: Setter,
    small: Setter,
}

impl Default for Letters {
    fn default() -> Letters {
        Letters { kind: Setter::new(12.0, true), title: Setter::new(11.0, false), small: Setter::new(10.0, false) }
    }
}

/// Sets as much of a text as there is room for, with its middle at a height; gives its width.
fn set(ctx: &Context, letters: &Setter, text: &str, color: Color, (x, middle): (f64, f64), room: f64) -> Result<f64> {
    let Some(fit) = letters.fit(text, room, 1) else { return Ok(0.0) };
    let line = letters.line();
    letters.draw(ctx, &fit.text, x.round(), (middle - line.height / 2.0 + line.baseline).round(), color)?;
    Ok(fit.width)
}

/// Draws a head on its area.
pub fn draw(ctx: &Context, palette: &Palette, letters: &Letters, head: Head<'_>, area: Area) -> Result<()> {
    let Head { lane, first, chosen, budget } = head;
    if chosen {
        fill(ctx, area, palette.tint(lane.kind.color(palette), 0.5))?;
    }
    let stripe = Area::new(area.x, area.y + 3.0, STRIPE, area.height - 6.0);
    fill(ctx, stripe, lane.kind.color(palette))?;
    let x = area.x + MARGIN;
    let two_lines = area.height >= TWO_LINES;
    let mut room = area.width - 2.0 * MARGIN;
    let measure = match lane.kind.look {
        Look::Values if two_lines => Some((value(lane, paint::values_axis(lane).1), area.y + 9.0)),
        Look::Frames if two_lines => Some((time(budget), paint::budget_height(area))),
        _ => None,
    };
    if let Some((words, y)) = measure {
        let left = area.right() - MARGIN / 2.0 - letters.small.width(&words);
        room -= set(ctx, &letters.small, &words, palette.dim, (left, y), room)?;
    }
    let title = |x: f64, y: f64, room: f64| set(ctx, &letters.title, &lane.title, palette.dim, (x, y), room);
    if !first {
        title(x, area.middle(), room)?;
        return Ok(());
    }
    let beside = !two_lines || lane.title.is_empty();
    let y = if beside { area.middle() } else { area.middle() - 8.0 };
    let taken = set(ctx, &letters.kind, &tr(lane.kind.title), palette.text, (x, y), room)? + 8.0;
    match beside {
        true if room - taken > 32.0 => title(x + taken, y, room - taken)?,
        true => 0.0,
        false => title(x, area.middle() + 8.0, room)?,
    };
    Ok(())
}

/// A value of a lane of values in words, with its unit.
pub fn value(lane: &Lane, value: f64) -> String {
    crate::wording::measured(value, &lane.unit, lane.counts_up)
}

/// Draws the ground of a lane's picture, and the line above it.
pub fn ground(ctx: &Context, palette: &Palette, head: Head<'_>, wanted: Wanted, area: Area) -> Result<()> {
    let inner = Area::new(area.x, area.y + 2.0, area.width, wanted.height - 4.0);
    fill(ctx, inner, palette.panel)?;
    if head.first {
        line(ctx, (0.0, area.y - 0.5), (area.right(), area.y - 0.5), palette.grid, 1.0)?;
    }
    Ok(())
}
