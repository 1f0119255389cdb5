//! The heads of lanes, left of the picture: what each is, and which one is chosen.

use cairo::Context;
use gdkrecord::draw::text::{Align, Label};
use gdkrecord::draw::{Area, Palette, Result, fill, line};

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

/// Draws a head on its area.
pub fn draw(ctx: &Context, palette: &Palette, head: Head<'_>, area: Area) -> Result<()> {
    let Head { lane, first, chosen, budget } = head;
    let ground = if chosen { palette.tint(lane.kind.color(palette), 0.5) } else { palette.background };
    fill(ctx, area, ground)?;
    let stripe = Area::new(area.x, area.y + 3.0, STRIPE, area.height - 6.0);
    fill(ctx, stripe, lane.kind.color(palette))?;
    let x = area.x + MARGIN;
    let right = area.right() - MARGIN / 2.0;
    let two_lines = area.height >= TWO_LINES;
    let mut room = area.width - 2.0 * MARGIN;
    if two_lines && lane.kind.look == Look::Values {
        let most = value(lane, paint::values_axis(lane).1);
        room -= Label::new(&most, palette.dim).size(10.0).draw(ctx, right, area.y + 9.0, Align::Right)?;
    }
    if two_lines && lane.kind.look == Look::Frames {
        let y = paint::budget_height(area);
        room -= Label::new(&time(budget), palette.dim).size(10.0).draw(ctx, right, y, Align::Right)?;
    }
    let kind = tr(lane.kind.title);
    let kind = Label::new(&kind, palette.text).bold().most(room);
    let title = Label::new(&lane.title, palette.dim).size(11.0).keep_ends();
    if first && two_lines && !lane.title.is_empty() {
        kind.draw(ctx, x, area.middle() - 8.0, Align::Left)?;
        title.most(room).draw(ctx, x, area.middle() + 8.0, Align::Left)?;
    } else if first {
        let taken = kind.draw(ctx, x, area.middle(), Align::Left)? + 8.0;
        if room - taken > 32.0 {
            title.most(room - taken).draw(ctx, x + taken, area.middle(), Align::Left)?;
        }
    } else {
        title.most(room).draw(ctx, x, area.middle(), Align::Left)?;
    }
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
