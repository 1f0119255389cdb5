//! What is seen of a recording that goes on: its last seconds, frames over events by kind over what the processes use.

use cairo::Context;
use gdkrecord::draw::text::{Align, Label};
use gdkrecord::draw::{Area, Palette, Result, fill, line};
use gdkrecord::units;

use super::strip::{self, Bar};
use super::timeline::ruler;
use crate::link::look::{Events, Look, PARTS, SPAN};
use crate::model::Range;
use crate::wording::{time, tr};

/// The heads' width, in pixels, and the most of a drawing's width that they may take.
const HEADS: (f64, f64) = (150.0, 0.3);
/// Heights of the lanes, in pixels: frames get what is left, and at least so much.
const FRAMES: f64 = 70.0;
const KIND: f64 = 22.0;
const CURVE: f64 = 44.0;
const GAP: f64 = 6.0;
/// A frame is as wide as this at least, in pixels.
const THIN: f64 = 1.5;

/// The least height at which everything of a look is seen.
pub fn height(look: &Look) -> f64 {
    let curves = [&look.cpu, &look.memory].iter().filter(|values| !values.is_empty()).count();
    ruler::HEIGHT + GAP + FRAMES + look.kinds.len() as f64 * (KIND + 2.0) + curves as f64 * (CURVE + GAP) + GAP
}

/// Draws it.
pub fn draw(ctx: &Context, palette: &Palette, look: &Look, area: Area) -> Result<()> {
    fill(ctx, area, palette.background)?;
    let heads = HEADS.0.min(area.width * HEADS.1);
    let range = Range::new(look.begin, look.begin + SPAN);
    let plot = Area::new(area.x + heads, area.y, area.width - heads, area.height);
    let ruled = Area::new(plot.x, area.y, plot.width, ruler::HEIGHT);
    ruler::draw(ctx, palette, &ruler::letters(), range, look.begun, ruled, area.bottom())?;
    let lane =
        |top: f64, height: f64| (Area::new(area.x, top, heads, height), Area::new(plot.x, top, plot.width, height));
    let frames = FRAMES + (area.height - height(look)).max(0.0);
    let mut top = area.y + ruler::HEIGHT + GAP;
    draw_frames(ctx, palette, look, range, lane(top, frames))?;
    top += frames + GAP;
    for kind in &look.kinds {
        draw_kind(ctx, palette, kind, lane(top, KIND))?;
        top += KIND + 2.0;
    }
    let cpu = Curve { title: tr("Processors"), values: &look.cpu, least: 1.0, words: |share| units::share(share) };
    let memory =
        Curve { title: tr("Memory"), values: &look.memory, least: 1.0, words: |size| units::bytes(size as u64) };
    for (at, curve) in [cpu, memory].iter().enumerate().filter(|(_, curve)| !curve.values.is_empty()) {
        top += GAP;
        curve.draw(ctx, palette, range, palette.category(at), lane(top, CURVE))?;
        top += CURVE;
    }
    Ok(())
}

/// The title of a lane and, below it or beside it, its value.
fn head(ctx: &Context, palette: &Palette, title: &str, value: &str, area: Area) -> Result<()> {
    let most = area.width - 12.0;
    if area.height < 36.0 {
        let width =
            Label::new(value, palette.dim).size(11.0).draw(ctx, area.right() - 8.0, area.middle(), Align::Right)?;
        Label::new(title, palette.text).most(most - width - 6.0).draw(ctx, area.x + 6.0, area.middle(), Align::Left)?;
        return Ok(());
    }
    Label::new(title, palette.text).most(most).draw(ctx, area.x + 6.0, area.y + 12.0, Align::Left)?;
    Label::new(value, palette.dim).size(11.0).most(most).draw(ctx, area.x + 6.0, area.y + 28.0, Align::Left)?;
    Ok(())
}

fn draw_frames(ctx: &Context, palette: &Palette, look: &Look, range: Range, (heads, plot): (Area, Area)) -> Result<()> {
    fill(ctx, plot, palette.panel)?;
    head(ctx, palette, &tr("Frames"), &frames(look), heads)?;
    let place = |at| ruler::place(range, plot, at);
    let bar = |&(begin, took, budget): &(i64, i64, i64)| {
        let x = place(begin).max(plot.x);
        Bar { x, width: (place(begin + took) - x).max(THIN), took: took as f64 / budget.max(1) as f64 }
    };
    let bars: Vec<Bar> = look.frames.iter().map(bar).collect();
    strip::draw(ctx, palette, &bars, plot)?;
    if let Some(worst) = look.frames.iter().max_by_key(|frame| frame.1).filter(|frame| frame.1 > frame.2) {
        let words = time(worst.1);
        let label = Label::new(&words, palette.text).size(11.0).bold();
        let width = label.width(ctx);
        let x = place(worst.0).clamp(plot.x + 2.0, (plot.right() - width - 2.0).max(plot.x + 2.0));
        fill(ctx, Area::new(x - 2.0, plot.y + 4.0, width + 4.0, 16.0), palette.panel.alpha(0.85))?;
        label.draw(ctx, x, plot.y + 12.0, Align::Left)?;
    }
    Ok(())
}

/// How frames went in the last seconds, in words.
pub fn frames(look: &Look) -> String {
    let slow = look.frames.iter().filter(|(_, took, budget)| took > budget).count();
    match look.frames.len() {
        0 => tr("none yet"),
        all => format!("{}, {} {}", units::count(all as u64), units::count(slow as u64), tr("slow")),
    }
}

fn draw_kind(ctx: &Context, palette: &Palette, events: &Events, (heads, plot): (Area, Area)) -> Result<()> {
    fill(ctx, plot, palette.panel)?;
    head(ctx, palette, &tr(events.kind.title), &count(events), heads)?;
    let color = events.kind.color(palette);
    let most = events.counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let width = plot.width / PARTS as f64;
    for (at, &count) in events.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        // By the logarithm: a single click is seen beside a thousand motions.
        let share = (1.0 + count as f64).ln() / (1.0 + most).ln();
        let height = (share * plot.height).max(2.0);
        let x = plot.x + at as f64 * width;
        fill(ctx, Area::new(x, plot.bottom() - height, (width - 0.5).max(1.0), height), color)?;
    }
    Ok(())
}

/// How many came, in words.
pub fn count(events: &Events) -> String {
    units::count(events.counts.iter().sum())
}

/// Values over time.
struct Curve<'a> {
    title: String,
    values: &'a [(i64, f64)],
    /// What the whole height stands for at least.
    least: f64,
    words: fn(f64) -> String,
}

impl Curve<'_> {
    fn draw(
        &self,
        ctx: &Context,
        palette: &Palette,
        range: Range,
        color: gdkrecord::draw::Color,
        (heads, plot): (Area, Area),
    ) -> Result<()> {
        fill(ctx, plot, palette.panel)?;
        let last = self.values.last().map_or(0.0, |(_, value)| *value);
        head(ctx, palette, &self.title, &(self.words)(last), heads)?;
        let most = self.values.iter().map(|(_, value)| *value).fold(self.least, f64::max) * 1.1;
        let place = |&(time, value): &(i64, f64)| {
            (ruler::place(range, plot, time).clamp(plot.x, plot.right()), plot.bottom() - value / most * plot.height)
        };
        let Some(first) = self.values.first().map(place) else { return Ok(()) };
        let last = self.values.last().map_or(first, place);
        let path = |ctx: &Context| {
            ctx.move_to(first.0, first.1);
            self.values.iter().map(place).for_each(|(x, y)| ctx.line_to(x, y));
        };
        path(ctx);
        ctx.line_to(last.0, plot.bottom());
        ctx.line_to(first.0, plot.bottom());
        ctx.close_path();
        color.alpha(0.25).set(ctx);
        ctx.fill()?;
        path(ctx);
        color.set(ctx);
        ctx.set_line_width(1.5);
        ctx.stroke()?;
        line(ctx, (plot.x, plot.bottom() - 0.5), (plot.right(), plot.bottom() - 0.5), palette.grid, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::reference::check;
    use crate::draw::timeline::kinds::{Look as Shape, TRACKS};

    /// Twelve seconds, in which one frame took nine times its budget.
    fn recorded() -> Look {
        let (second, budget) = (1_000_000_000, 16_666_667);
        let took = |at: i64| if at == 300 { 9 * budget } else { 2_000_000 + at % 7 * 3_000_000 };
        let frames = (0..600).map(|at| (at * 20_000_000, took(at), budget)).collect();
        let counts =
            |kind: usize| (0..PARTS as u64).map(move |part| if part < 60 { part * kind as u64 % 50 } else { 0 });
        let kinds = TRACKS.iter().filter(|kind| kind.shown && matches!(kind.look, Shape::Spans | Shape::Moments));
        let kinds = kinds.enumerate().map(|(at, kind)| Events { kind, counts: counts(at + 1).collect() });
        let values = |of: fn(f64) -> f64| (1..60).map(|part| (part * second / 5, of(part as f64))).collect();
        Look {
            begin: 0,
            begun: 0,
            frames,
            kinds: kinds.collect(),
            cpu: values(|part| 0.5 + (part / 8.0).sin() / 3.0),
            memory: values(|part| 5e7 + part * 1e6),
        }
    }

    #[test]
    fn pictures_of_what_is_recorded_look_as_they_should() {
        let whole = |width: f64, height: f64| Area::new(0.0, 0.0, width, height);
        check("live", 900.0, 460.0, |ctx, palette, width, height| {
            draw(ctx, palette, &recorded(), whole(width, height))
        });
        let nothing = Look::default();
        check("live-begin", 500.0, 200.0, |ctx, palette, width, height| {
            draw(ctx, palette, &nothing, whole(width, height))
        });
    }
}
