//! The lanes of the timeline: a bar in each pixel column, as high as the longest handling in it is long.

use super::super::palette::{Palette, Phase};
use super::super::scale::Axis;
use super::super::text::{Align, Label};
use super::super::{Area, Result, fill};
use super::collect::{Figure, Lane};
use crate::kind::Group;
use crate::sets::Exposed;
use crate::units;

/// The floor of the height axis: what takes less is a tick of this height. In nanoseconds.
const LEAST: f64 = 10_000.0;
/// The height of what took no time worth telling, in pixels: seen, but not mistaken for work.
const TICK: f64 = 3.0;
/// Pixels from which a frame's phases are drawn along time.
const SPREAD: f64 = 8.0;

/// The height axis that all lanes share: nanoseconds, by powers of ten from 10 µs.
pub fn axis(figure: &Figure) -> Axis {
    let most = figure.lanes.iter().map(|lane| lane.longest).max().unwrap_or(0);
    Axis::log(LEAST, (most as f64).max(100e6))
}

/// The legend's words for that axis.
pub fn axis_words(figure: &Figure) -> String {
    let most = figure.lanes.iter().map(|lane| lane.longest).max().unwrap_or(0).max(100_000_000);
    format!("{} to {}", units::duration(LEAST as u64), units::duration(most))
}

/// Draws a lane: its name in `room`, its bars in `area`, its numbers right of that.
pub fn draw(
    ctx: &cairo::Context,
    palette: &Palette,
    figure: &Figure,
    lane: &Lane,
    axis: Axis,
    room: Area,
    area: Area,
) -> Result<()> {
    let inner = Area::new(area.x, area.y + 2.0, area.width, area.height - 4.0);
    fill(ctx, inner, palette.panel)?;
    Label::new(&lane.label, palette.text).most(room.width).keep_ends().draw(ctx, room.x, room.middle(), Align::Left)?;
    if !lane.values.is_empty() {
        values(ctx, palette, lane, inner)?;
    } else if lane.exposed.is_empty() {
        bars(ctx, palette, figure, lane, axis, inner)?;
    } else {
        window(ctx, palette, figure, lane, axis, inner)?;
    }
    let numbers = match lane.longest {
        _ if !lane.values.is_empty() => lane.words.clone(),
        0 if !lane.exposed.is_empty() => units::plural(lane.count, "event"),
        0 => units::count(lane.count),
        longest => format!("{} · max {}", units::count(lane.count), units::duration(longest)),
    };
    let color = if lane.longest > figure.budget { palette.slow } else { palette.dim };
    let x = area.right() + 8.0;
    if lane.exposed.is_empty() {
        Label::new(&numbers, color).size(11.0).draw(ctx, x, area.middle(), Align::Left)?;
    } else {
        Label::new(&numbers, color).size(11.0).draw(ctx, x, area.middle() - 9.0, Align::Left)?;
        let repaints = units::plural(lane.repaints, "repaint");
        Label::new(&repaints, palette.dim).size(11.0).draw(ctx, x, area.middle() + 9.0, Align::Left)?;
    }
    Ok(())
}

fn bars(ctx: &cairo::Context, palette: &Palette, figure: &Figure, lane: &Lane, axis: Axis, area: Area) -> Result<()> {
    if lane.group == Group::Frame {
        return frames(ctx, palette, figure, axis, area);
    }
    for (slow, color) in [(false, palette.group(lane.group)), (true, palette.slow)] {
        color.set(ctx);
        for (at, column) in lane.columns.all().iter().enumerate() {
            let idle = column.count == 0 && column.longest == 0;
            if idle || (column.longest > figure.budget) != slow {
                continue;
            }
            let height = (axis.height(column.longest as f64) * area.height).max(TICK);
            ctx.rectangle(area.x + at as f64, area.bottom() - height, 1.0, height);
        }
        ctx.fill()?;
    }
    Ok(())
}

/// A counter: from the least to the greatest value of each column, over the area below; a value holds until the next.
fn values(ctx: &cairo::Context, palette: &Palette, lane: &Lane, area: Area) -> Result<()> {
    let known = || lane.values.iter().flatten();
    let most = known().map(|(_, most)| *most).fold(0.0, f64::max);
    let least = known().map(|(least, _)| *least).fold(0.0, f64::min);
    let axis = Axis::linear(most - least);
    let y = |value: f64| area.bottom() - axis.height(value - least) * area.height;
    let color = palette.group(lane.group);
    let mut held = None;
    for (at, column) in lane.values.iter().enumerate() {
        let Some((least, most)) = column.or(held.map(|value| (value, value))) else { continue };
        let x = area.x + at as f64;
        // Where it stood before, so that a step is a line and not a gap.
        let (low, high) = (held.map_or(least, |held| least.min(held)), held.map_or(most, |held| most.max(held)));
        let top = y(high).min(area.bottom() - 1.5);
        fill(ctx, Area::new(x, top, 1.0, area.bottom() - top), color.alpha(0.28))?;
        fill(ctx, Area::new(x, top, 1.0, (y(low) - top).max(1.5)), color)?;
        held = Some(most);
    }
    Ok(())
}

/// Frames: the slowest of each column, as high as it is long and parted by its phases.
fn frames(ctx: &cairo::Context, palette: &Palette, figure: &Figure, axis: Axis, area: Area) -> Result<()> {
    let least = frame_width(figure);
    let scale = area.width / figure.range.length() as f64;
    for (at, column) in figure.frames.iter().enumerate().filter(|(_, column)| column.count > 0) {
        let height = (axis.height(column.longest as f64) * area.height).max(TICK);
        let wide = (column.longest as f64 * scale).max(least);
        let bar = Area::new(area.x + at as f64, area.bottom() - height, wide, height).within(area);
        let sum = column.phases.iter().sum::<u64>();
        if sum == 0 {
            fill(ctx, bar, palette.group(Group::Frame))?;
        }
        let mut done = 0;
        for (phase, ns) in Phase::ALL.into_iter().zip(column.phases).filter(|(_, ns)| *ns > 0) {
            let (from, part) = (done as f64 / sum as f64, ns as f64 / sum as f64);
            // Along time where there is room to see it, else stacked from the floor.
            let area = if wide >= SPREAD {
                Area::new(bar.x + from * wide, bar.y, part * wide, bar.height).within(bar)
            } else {
                Area::new(bar.x, bar.bottom() - (from + part) * height, bar.width, part * height)
            };
            fill(ctx, area, palette.phase(phase))?;
            done += ns;
        }
        if column.over > 0 {
            fill(ctx, Area::new(bar.x, area.y, bar.width.max(2.0), 3.0), palette.slow)?;
        }
    }
    Ok(())
}

/// Pixels that a frame's bar is wide: three where frames are few, one where they touch.
pub fn frame_width(figure: &Figure) -> f64 {
    let taken = figure.frames.iter().filter(|column| column.count > 0).count();
    if taken * 6 < figure.frames.len() { 3.0 } else { 1.0 }
}

/// A window: the handling of its events above the middle, the share of it that was repainted below.
fn window(ctx: &cairo::Context, palette: &Palette, figure: &Figure, lane: &Lane, axis: Axis, area: Area) -> Result<()> {
    let half = (area.height / 2.0).floor();
    let middle = area.y + half;
    for (slow, color) in [(false, palette.group(Group::Input)), (true, palette.slow)] {
        color.set(ctx);
        for (at, column) in lane.columns.all().iter().enumerate() {
            if (column.count > 0 || column.longest > 0) && (column.longest > figure.budget) == slow {
                let height = (axis.height(column.longest as f64) * half).max(TICK);
                ctx.rectangle(area.x + at as f64, middle - height, 1.0, height);
            }
        }
        ctx.fill()?;
    }
    palette.exposed(Exposed::Repaint).set(ctx);
    for (at, &exposed) in lane.exposed.iter().enumerate().filter(|(_, exposed)| **exposed > 0) {
        let height = (exposed as f64 / lane.area.max(1) as f64 * (half - 1.0)).max(2.0);
        ctx.rectangle(area.x + at as f64, middle + 1.0, 1.0, height);
    }
    ctx.fill()?;
    fill(ctx, Area::new(area.x, middle, area.width, 1.0), palette.grid)
}
