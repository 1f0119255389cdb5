//! The heads of lanes, left of the picture: what each is, and which one is chosen.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use cairo::Context;
use gdkrecord::draw::text::{Set, Setter};
use gdkrecord::draw::{Area, Color, Palette, Result, fill, line};

use super::kinds::Look;
use super::lanes::Lane;
use super::scene::Wanted;
use super::{paint, ruler};
use crate::wording::{time, tr};

/// Room at the sides, in pixels.
const MARGIN: f64 = 12.0;
/// A lane that is lower has one line of text.
const TWO_LINES: f64 = 32.0;
/// Lines that are nearer to each other than this touch, in pixels.
const LINE: f64 = 14.0;
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

/// Texts that are kept set: those of the heads are the same from one picture to the next.
const KEPT: usize = 1_000;

/// A text as it was asked for: what sets it, the text, and its room in pixels.
type Asked = (Style, String, i64);

/// How a text of the heads looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Style {
    Kind,
    Title,
    Small,
}

/// What sets the texts around the picture.
#[derive(Debug)]
pub struct Letters {
    kind: Setter,
    title: Setter,
    small: Setter,
    kept: RefCell<HashMap<Asked, Option<Rc<Set>>>>,
}

impl Default for Letters {
    fn default() -> Letters {
        let [kind, title, small] =
            [(12.0, true), (ruler::SIZE, false), (10.0, false)].map(|(size, bold)| Setter::new(size, bold));
        Letters { kind, title, small, kept: RefCell::default() }
    }
}

impl Letters {
    /// What sets the labels of the ruler.
    pub fn labels(&self) -> &Setter {
        &self.title
    }

    fn setter(&self, style: Style) -> &Setter {
        match style {
            Style::Kind => &self.kind,
            Style::Title => &self.title,
            Style::Small => &self.small,
        }
    }

    fn kept(&self, style: Style, text: &str, room: f64) -> Option<Rc<Set>> {
        let mut kept = self.kept.borrow_mut();
        if kept.len() >= KEPT {
            kept.clear();
        }
        let asked = (style, text.to_owned(), room.floor() as i64);
        kept.entry(asked).or_insert_with(|| self.setter(style).set(text, room, 1).map(Rc::new)).clone()
    }

    /// Sets as much of a text as there is room for, with its middle at a height; gives its width.
    fn set(
        &self,
        ctx: &Context,
        style: Style,
        text: &str,
        color: Color,
        (x, middle): (f64, f64),
        room: f64,
    ) -> Result<f64> {
        let Some(set) = self.kept(style, text, room) else { return Ok(0.0) };
        let line = self.setter(style).line();
        set.draw(ctx, x.round(), (middle - line.height / 2.0 + line.baseline).round(), color)?;
        Ok(set.width())
    }
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
    let room = area.width - 2.0 * MARGIN;
    let measure = match lane.kind.look {
        Look::Values if two_lines => Some((value(lane, paint::values_axis(lane).1), area.y + 9.0)),
        Look::Frames if two_lines => Some((time(budget), paint::budget_height(area))),
        _ => None,
    };
    let mut taken = None;
    if let Some((words, y)) = measure {
        let width = letters.kept(Style::Small, &words, room).map_or(0.0, |set| set.width());
        let left = area.right() - MARGIN / 2.0 - width;
        taken = Some((y, letters.set(ctx, Style::Small, &words, palette.dim, (left, y), room)?));
    }
    // Only lines at the height of the measure have less room.
    let room = |y: f64| match taken {
        Some((at, width)) if (y - at).abs() < LINE => room - width,
        _ => room,
    };
    let title = |x: f64, y: f64, room: f64| letters.set(ctx, Style::Title, &lane.title, palette.dim, (x, y), room);
    if !first {
        title(x, area.middle(), room(area.middle()))?;
        return Ok(());
    }
    let beside = !two_lines || lane.title.is_empty();
    let y = if beside { area.middle() } else { area.middle() - 8.0 };
    let taken = letters.set(ctx, Style::Kind, &tr(lane.kind.title), palette.text, (x, y), room(y))? + 8.0;
    match beside {
        true if room(y) - taken > 32.0 => title(x + taken, y, room(y) - taken)?,
        true => 0.0,
        false => title(x, area.middle() + 8.0, room(area.middle() + 8.0))?,
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
