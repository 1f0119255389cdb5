//! The strip of all frames: per pixel column the longest, the slow ones marked, and the budget as a line.

use cairo::Context;
use gdkrecord::draw::scale::Axis;
use gdkrecord::draw::text::{Align, Label};
use gdkrecord::draw::{Area, Palette, Result, fill, line};
use gdkrecord::kind::Group;
use gdkrecord::units;

use super::timeline::ruler;
use crate::model::Range;

/// Its height in pixels.
pub const HEIGHT: f64 = 170.0;
/// Left of the plot are the labels of its axis.
const LEFT: f64 = 60.0;
/// Above it are the marks of slow frames.
const TOP: f64 = 16.0;
/// A mark's height and width.
const MARK: f64 = 6.0;
/// So many budgets and more press everything else to the floor.
const FAR: f64 = 8.0;
/// The lowest that an axis by powers shows, in milliseconds.
const LEAST: f64 = 0.1;
/// As near as this, in pixels, a frame is meant.
const NEAR: f64 = 8.0;

/// A frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// From what asked for it to its end.
    pub place: Range,
    /// Nanoseconds of work.
    pub work: i64,
    /// Nanoseconds that it may take.
    pub budget: i64,
}

impl Frame {
    /// Whether it took longer than it may.
    pub fn is_slow(&self) -> bool {
        self.work > self.budget
    }
}

/// All frames of a session, in the order of their ends.
#[derive(Clone, Debug, Default)]
pub struct Frames {
    /// They.
    pub all: Vec<Frame>,
    /// The budget of most, in nanoseconds.
    pub budget: i64,
    /// The session.
    pub whole: Range,
}

/// What is laid over the strip.
#[derive(Clone, Copy, Debug, Default)]
pub struct Over {
    /// What pages show.
    pub visible: Range,
    /// What is selected.
    pub selection: Range,
    /// The moment that is looked at.
    pub cursor: i64,
    /// The frame that the pointer or the keyboard is at.
    pub at: Option<usize>,
}

impl Frames {
    fn axis(&self) -> Axis {
        let most = self.all.iter().map(|frame| frame.work).max().unwrap_or(0) as f64 / 1e6;
        let budget = self.budget as f64 / 1e6;
        if most > FAR * budget { Axis::log(LEAST, most) } else { Axis::linear(most.max(budget * 1.25)) }
    }

    /// For each pixel column the frame that took longest of those that end in it.
    fn columns(&self, width: f64) -> Vec<Option<usize>> {
        let count = width.max(1.0) as usize;
        let mut columns: Vec<Option<usize>> = vec![None; count];
        for (at, frame) in self.all.iter().enumerate() {
            let share = (frame.place.end - self.whole.begin) as f64 / self.whole.length().max(1) as f64;
            let column = &mut columns[((share * count as f64).max(0.0) as usize).min(count - 1)];
            if column.is_none_or(|before| self.all[before].work < frame.work) {
                *column = Some(at);
            }
        }
        columns
    }

    /// The frame that is meant by a place on a strip so many pixels wide: the longest that is near.
    pub fn hit(&self, x: f64, width: f64) -> Option<usize> {
        let plot = plot(width, HEIGHT);
        let columns = self.columns(plot.width);
        let from = (x - plot.x - NEAR).max(0.0) as usize;
        let to = ((x - plot.x + NEAR).max(0.0) as usize).min(columns.len());
        columns.get(from..to)?.iter().flatten().copied().max_by_key(|&at| self.all[at].work)
    }

    /// The next slow frame after one, or before it; the first or last of all where there is none yet.
    pub fn next_slow(&self, at: Option<usize>, forward: bool) -> Option<usize> {
        let slow = |at: &usize| self.all.get(*at).is_some_and(Frame::is_slow);
        match (forward, at) {
            (true, at) => (at.map_or(0, |at| at + 1)..self.all.len()).find(slow),
            (false, at) => (0..at.unwrap_or(self.all.len())).rev().find(slow),
        }
    }
}

fn plot(width: f64, height: f64) -> Area {
    Area::new(LEFT, TOP, (width - LEFT - 8.0).max(1.0), (height - TOP - ruler::HEIGHT).max(1.0))
}

/// Draws the strip.
pub fn draw(ctx: &Context, palette: &Palette, frames: &Frames, over: &Over, width: f64, height: f64) -> Result<()> {
    let (plot, axis) = (plot(width, height), frames.axis());
    let y = |ns: i64| (plot.bottom() - axis.height(ns as f64 / 1e6) * plot.height).round();
    fill(ctx, plot, palette.panel)?;
    let x = |time: i64| ruler::place(frames.whole, plot, time).clamp(plot.x, plot.right());
    if !over.selection.is_empty() {
        let (left, right) = (x(over.selection.begin), x(over.selection.end));
        let band = Area::new(left, plot.y, (right - left).max(2.0), plot.height);
        fill(ctx, band, palette.group(Group::Input).alpha(0.25))?;
    }
    time_axis(ctx, palette, frames, plot)?;
    value_axis(ctx, palette, axis, frames.budget, plot)?;
    let columns = frames.columns(plot.width);
    let least = (plot.width / frames.all.len().max(1) as f64 * 0.6).clamp(1.0, 8.0).floor();
    for slow in [false, true] {
        let color = if slow { palette.slow } else { palette.group(Group::Frame) };
        color.set(ctx);
        for (column, &frame) in columns.iter().enumerate() {
            let Some(frame) = frame.map(|at| frames.all[at]).filter(|frame| frame.is_slow() == slow) else { continue };
            let top = y(frame.work).min(plot.bottom() - 2.0);
            let wide = if slow { least.max(2.0) } else { least };
            ctx.rectangle((plot.x + column as f64).min(plot.right() - wide), top, wide, plot.bottom() - top);
        }
        ctx.fill()?;
    }
    let over_budget = columns.iter().enumerate().filter(|(_, frame)| frame.is_some_and(|at| frames.all[at].is_slow()));
    palette.slow.set(ctx);
    for (column, _) in over_budget {
        mark(ctx, plot.x + column as f64 + least / 2.0, plot.y - 3.0);
    }
    ctx.fill()?;
    budget(ctx, palette, y(frames.budget) + 0.5, frames.budget, plot)?;
    if frames.whole != over.visible && !over.visible.is_empty() {
        let (left, right) = (x(over.visible.begin), x(over.visible.end));
        let veil = palette.background.alpha(0.55);
        fill(ctx, Area::new(plot.x, plot.y, left - plot.x, plot.height), veil)?;
        fill(ctx, Area::new(right, plot.y, plot.right() - right, plot.height), veil)?;
    }
    if frames.whole.contains(over.cursor) && over.cursor > frames.whole.begin {
        let x = x(over.cursor).round() + 0.5;
        line(ctx, (x, plot.y), (x, plot.bottom()), palette.pointer.alpha(0.7), 1.0)?;
    }
    match over.at.and_then(|at| frames.all.get(at)) {
        Some(frame) => tell(ctx, palette, frame, x(frame.place.end), y(frame.work), plot),
        None => Ok(()),
    }
}

/// A triangle that points down.
fn mark(ctx: &Context, x: f64, bottom: f64) {
    ctx.move_to(x, bottom);
    ctx.line_to(x - MARK / 2.0, bottom - MARK);
    ctx.line_to(x + MARK / 2.0, bottom - MARK);
    ctx.close_path();
}

fn time_axis(ctx: &Context, palette: &Palette, frames: &Frames, plot: Area) -> Result<()> {
    for tick in ruler::ticks(frames.whole, frames.whole.begin, plot.width) {
        let x = ruler::place(frames.whole, plot, tick.time).round() + 0.5;
        if tick.label.is_empty() {
            continue;
        }
        line(ctx, (x, plot.y), (x, plot.bottom() + 4.0), palette.grid, 1.0)?;
        let label = Label::new(&tick.label, palette.dim).size(11.0);
        let half = label.width(ctx) / 2.0;
        label.draw(ctx, x.min(plot.right() - half), plot.bottom() + 14.0, Align::Centre)?;
    }
    Ok(())
}

fn value_axis(ctx: &Context, palette: &Palette, axis: Axis, budget: i64, plot: Area) -> Result<()> {
    let y = |ms: f64| (plot.bottom() - axis.height(ms) * plot.height).round() + 0.5;
    for tick in axis.ticks(4) {
        // The budget has a label of its own, which must stay free.
        let near = (y(tick) - y(budget as f64 / 1e6)).abs() < 14.0;
        line(ctx, (plot.x, y(tick)), (plot.right(), y(tick)), palette.grid, 1.0)?;
        if !near {
            let words = if tick == 0.0 { "0".to_owned() } else { units::duration((tick * 1e6).round() as u64) };
            Label::new(&words, palette.dim).size(11.0).draw(ctx, plot.x - 6.0, y(tick), Align::Right)?;
        }
    }
    Ok(())
}

fn budget(ctx: &Context, palette: &Palette, y: f64, ns: i64, plot: Area) -> Result<()> {
    if ns <= 0 {
        return Ok(());
    }
    ctx.set_dash(&[5.0, 3.0], 0.0);
    line(ctx, (plot.x, y), (plot.right(), y), palette.text, 1.0)?;
    ctx.set_dash(&[], 0.0);
    let words = units::duration(ns as u64);
    Label::new(&words, palette.text).size(11.0).bold().draw(ctx, plot.x - 6.0, y, Align::Right)?;
    Ok(())
}

/// What a frame took, beside its bar.
fn tell(ctx: &Context, palette: &Palette, frame: &Frame, x: f64, y: f64, plot: Area) -> Result<()> {
    let words = units::duration(u64::try_from(frame.work).unwrap_or(0));
    let label = Label::new(&words, palette.text).size(11.0).bold();
    let (width, height) = (label.width(ctx) + 10.0, 18.0);
    // To the left of the bar where there is no room to the right of it.
    let left = if x + width + 6.0 > plot.right() { x - width - 6.0 } else { x + 6.0 };
    let top = (y - height / 2.0).clamp(plot.y + 1.0, plot.bottom() - height - 1.0);
    fill(ctx, Area::new(left, top, width, height), palette.background.alpha(0.9))?;
    gdkrecord::draw::outline(ctx, Area::new(left, top, width, height), palette.dim, 1.0)?;
    label.draw(ctx, left + 5.0, top + height / 2.0, Align::Left)?;
    line(ctx, (x, y), (x, plot.bottom()), palette.pointer, 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::reference::check;

    const MS: i64 = 1_000_000;

    fn frames(count: i64, slow: &[(i64, i64)]) -> Frames {
        let frame = |at: i64| {
            let work = slow.iter().find(|(slow, _)| *slow == at).map_or((2 + at % 7) * MS, |(_, ms)| ms * MS);
            let end = 1_000 * MS + at * 17 * MS;
            Frame { place: Range::new(end - work, end), work, budget: 16_666_667 }
        };
        let whole = Range::new(1_000 * MS, 1_000 * MS + count.max(1) * 17 * MS);
        Frames { all: (0..count).map(frame).collect(), budget: 16_666_667, whole }
    }

    #[test]
    fn a_lone_slow_frame_is_seen_and_hit_at_any_width() {
        let frames = frames(100_000, &[(54_321, 74)]);
        for width in [200.0, 800.0, 1600.0] {
            let seen = frames.columns(width);
            assert_eq!(seen.iter().flatten().filter(|&&at| frames.all[at].is_slow()).count(), 1, "{width}");
            let plot = plot(width, HEIGHT);
            let x = plot.x + plot.width * 0.54321;
            assert_eq!(frames.hit(x, width), Some(54_321), "{width}");
        }
        assert_eq!(frames.hit(-50.0, 800.0), None);
        assert_eq!(frames.hit(5_000.0, 800.0), None);
    }

    #[test]
    fn slow_frames_are_gone_through_in_both_directions() {
        let frames = frames(100, &[(10, 30), (40, 50)]);
        let next = |at, forward| frames.next_slow(at, forward);
        assert_eq!((next(None, true), next(Some(10), true), next(Some(40), true)), (Some(10), Some(40), None));
        assert_eq!((next(None, false), next(Some(40), false), next(Some(10), false)), (Some(40), Some(10), None));
    }

    #[test]
    fn pictures() {
        let some = frames(600, &[(100, 74), (101, 40), (333, 20), (599, 18)]);
        let over = Over {
            visible: some.whole,
            selection: Range::new(6_000 * MS, 7_000 * MS),
            cursor: 6_000 * MS,
            at: Some(100),
        };
        check("frames", 900.0, HEIGHT, |ctx, palette, width, height| draw(ctx, palette, &some, &over, width, height));
        let far = frames(40, &[(20, 2_500)]);
        let over = Over { visible: Range::new(1_100 * MS, 1_400 * MS), ..Over::default() };
        check("frames-far", 500.0, HEIGHT, |ctx, palette, width, height| {
            draw(ctx, palette, &far, &over, width, height)
        });
        let none = frames(0, &[]);
        check("frames-none", 300.0, HEIGHT, |ctx, palette, w, h| draw(ctx, palette, &none, &Over::default(), w, h));
    }
}
