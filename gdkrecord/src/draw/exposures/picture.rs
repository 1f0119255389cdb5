//! One picture of the stage: windows, flashes, heat, pointer; and the whole of a movie's picture, with clock, progress,
//! counts and legend below.

use std::collections::{BTreeMap, BTreeSet};

use super::super::palette::{Color, Palette};
use super::super::text::{Align, Label};
use super::super::{Area, Result, fill, line, outline};
use super::heat::{self, LEVELS};
use super::plan::Plan;
use super::stage::{Flash, Stage};
use crate::sets::Exposed;
use crate::units;

const MARGIN: f64 = 16.0;
/// Above a window, for its title.
const TITLE: f64 = 20.0;
/// A window narrower than this has no title.
const TITLED: f64 = 72.0;
const FOOT: f64 = 92.0;
/// The foot's texts need this width.
const LEAST: f64 = 560.0;
/// Opacity of what was repainted just now: heat and neighbours shine through.
const LIGHT: f64 = 0.5;
/// Opacity of the hatch over what was damaged.
const HATCH: f64 = 0.55;
/// Pixels from one stroke of the hatch to the next, along an edge.
const STROKES: f64 = 8.0;

/// Size of the pictures, and how the stage lies in them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Pixels of the picture for an application pixel.
    pub scale: f64,
    /// Where the stage's 0, 0 lies.
    pub origin: (f64, f64),
}

impl View {
    /// For a plan, within `width` and `height` pixels; never enlarged. Both sides are even, as video needs.
    pub fn fit(plan: &Plan, width: u32, height: u32) -> View {
        let (most_wide, most_high) = (f64::from(width) - 2.0 * MARGIN, f64::from(height) - FOOT - TITLE - MARGIN);
        let bounds = plan.bounds;
        let (wide, high) = (bounds.width.max(1.0), bounds.height.max(1.0));
        let scale = (most_wide / wide).min(most_high / high).min(1.0);
        let even = |length: f64| (length / 2.0).ceil() as u32 * 2;
        let width = even((wide * scale + 2.0 * MARGIN).max(LEAST));
        let height = even((high * scale).max(120.0) + TITLE + MARGIN + FOOT);
        let left = (f64::from(width) - wide * scale) / 2.0;
        View { width, height, scale, origin: (left - bounds.x * scale, TITLE + 6.0 - bounds.y * scale) }
    }

    /// For a part of the stage in the middle of exactly `width` and `height` pixels, without a foot; never enlarged.
    pub fn centred(bounds: Area, width: u32, height: u32) -> View {
        let room = (f64::from(width) - 2.0 * MARGIN, f64::from(height) - TITLE - 2.0 * MARGIN);
        let scale = (room.0 / bounds.width.max(1.0)).min(room.1 / bounds.height.max(1.0)).clamp(0.01, 1.0);
        let left = (f64::from(width) - bounds.width * scale) / 2.0;
        let above = TITLE + (f64::from(height) - TITLE - bounds.height * scale) / 2.0;
        View { width, height, scale, origin: (left - bounds.x * scale, above - bounds.y * scale) }
    }

    /// The place on the stage of a pixel of the picture.
    pub fn stage(&self, (x, y): (f64, f64)) -> (f64, f64) {
        ((x - self.origin.0) / self.scale, (y - self.origin.1) / self.scale)
    }

    /// From the stage to the picture, on whole pixels; nothing vanishes.
    pub fn place(&self, area: Area) -> Area {
        let (x, y) = (self.origin.0 + area.x * self.scale, self.origin.1 + area.y * self.scale);
        let (right, bottom) = (x + area.width * self.scale, y + area.height * self.scale);
        let (x, y) = (x.round(), y.round());
        Area::new(x, y, (right.round() - x).max(1.0), (bottom.round() - y).max(1.0))
    }
}

/// What of a stage is shown, and how.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// The colours.
    pub palette: &'a Palette,
    /// The heat of windows, where it is shown.
    pub heat: Option<&'a BTreeMap<u32, heat::Picture>>,
    /// Windows that are not shown.
    pub hidden: &'a BTreeSet<u32>,
    /// Windows that stand out.
    pub marked: &'a BTreeSet<u32>,
    /// Whether nothing flashes: what was exposed is outlined until it is gone, and not filled.
    pub calm: bool,
}

/// Draws a movie's picture of a stage.
pub fn draw(ctx: &cairo::Context, palette: &Palette, stage: &Stage, view: &View) -> Result<()> {
    fill(ctx, Area::new(0.0, 0.0, view.width.into(), view.height.into()), palette.background)?;
    let foot = f64::from(view.height) - FOOT;
    let heat = stage.heat.iter().flatten().map(|(&id, heat)| Ok((id, heat.picture(palette)?)));
    let heat = heat.collect::<Result<BTreeMap<_, _>>>()?;
    let none = BTreeSet::new();
    let look = Look { palette, heat: Some(&heat), hidden: &none, marked: &none, calm: false };
    ctx.save()?;
    ctx.rectangle(0.0, 0.0, view.width.into(), foot);
    ctx.clip();
    windows(ctx, &look, stage, view)?;
    ctx.restore()?;
    if stage.plan.shown.is_empty() {
        let words = "No window was exposed in this recording.";
        Label::new(words, palette.dim).size(14.0).draw(ctx, f64::from(view.width) / 2.0, foot / 2.0, Align::Centre)?;
    }
    footer(ctx, palette, stage, Area::new(MARGIN, foot, f64::from(view.width) - 2.0 * MARGIN, FOOT))
}

/// Draws the windows, what flashes in them, and the pointer over them.
pub fn windows(ctx: &cairo::Context, look: &Look<'_>, stage: &Stage, view: &View) -> Result<()> {
    for &id in stage.order.iter().filter(|id| !look.hidden.contains(id)) {
        window(ctx, look, stage, view, id)?;
    }
    pointer(ctx, look.palette, stage, view)
}

fn window(ctx: &cairo::Context, look: &Look<'_>, stage: &Stage, view: &View, id: u32) -> Result<()> {
    let Some(area) = stage.area(id) else { return Ok(()) };
    let palette = look.palette;
    let place = view.place(area);
    fill(ctx, place, palette.panel)?;
    ctx.save()?;
    ctx.rectangle(place.x, place.y, place.width, place.height);
    ctx.clip();
    if let Some(heat) = look.heat.and_then(|heat| heat.get(&id)) {
        heat.draw(ctx, (place.x, place.y), view.scale)?;
    }
    let flashes = |damage| {
        let meant = move |flash: &&Flash| flash.window == id && (flash.what == Exposed::Damage) == damage;
        stage.flashes.iter().filter(meant).map(|flash| {
            let part = Area::new(area.x + flash.area.x, area.y + flash.area.y, flash.area.width, flash.area.height);
            let fresh = stage.fresh(flash.time);
            (view.place(part), if look.calm { fresh.ceil() } else { fresh })
        })
    };
    for (part, fresh) in flashes(false) {
        // A large part lit fully, frame after frame, would hide all else.
        let large = part.width * part.height > place.width * place.height / 4.0;
        let light = if look.calm { 0.0 } else { LIGHT };
        repainted(ctx, palette, part, if large { light / 2.0 } else { light }, fresh)?;
    }
    // Damage is hatched over all that, so that it is seen where repaint covers it.
    for (part, fresh) in flashes(true) {
        damaged(ctx, palette, part, if look.calm { 0.0 } else { HATCH }, fresh)?;
    }
    ctx.restore()?;
    let (color, thick) = if look.marked.contains(&id) { (palette.text, 3.0) } else { (palette.dim, 1.0) };
    let around = Area::new(place.x - thick, place.y - thick, place.width + 2.0 * thick, place.height + 2.0 * thick);
    outline(ctx, around, color, thick)?;
    title(ctx, palette, stage, around, id)
}

fn repainted(ctx: &cairo::Context, palette: &Palette, part: Area, light: f64, fresh: f64) -> Result<()> {
    let color = palette.exposed(Exposed::Repaint);
    fill(ctx, part, color.alpha(light * fresh))?;
    outline(ctx, part, color.alpha(fresh), 1.0)
}

fn damaged(ctx: &cairo::Context, palette: &Palette, part: Area, strokes: f64, fresh: f64) -> Result<()> {
    let color = palette.exposed(Exposed::Damage);
    // Around a small part, a thick line would be all there is.
    let small = part.width.min(part.height) < 12.0;
    if !small && strokes > 0.0 {
        // Where many paints overlap, only the last strokes are told apart.
        hatch(ctx, part, color.alpha(strokes * fresh * fresh))?;
    }
    outline(ctx, part, color.alpha(fresh), if small { 1.0 } else { 2.0 })
}

/// Strokes that rise to the right; those of parts that touch meet.
fn hatch(ctx: &cairo::Context, part: Area, color: Color) -> Result<()> {
    ctx.save()?;
    ctx.rectangle(part.x, part.y, part.width, part.height);
    ctx.clip();
    color.set(ctx);
    ctx.set_line_width(1.2);
    let mut at = ((part.x + part.y) / STROKES).floor() * STROKES;
    while at < part.right() + part.bottom() {
        ctx.move_to(at - part.y, part.y);
        ctx.line_to(at - part.bottom(), part.bottom());
        at += STROKES;
    }
    ctx.stroke()?;
    ctx.restore()
}

/// The title above the window's corner, on a tab of its own so that it is readable over other windows; a window
/// that is too small for some letters has none.
fn title(ctx: &cairo::Context, palette: &Palette, stage: &Stage, place: Area, id: u32) -> Result<()> {
    if place.width < TITLED {
        return Ok(());
    }
    let text = stage.windows.label(id);
    let label = Label::new(&text, palette.text).most(place.width - 12.0);
    let wide = label.width(ctx) + 12.0;
    let y = (place.y - 18.0).max(0.0);
    fill(ctx, Area::new(place.x, y, wide, 18.0), palette.grid)?;
    label.draw(ctx, place.x + 6.0, y + 9.0, Align::Left)?;
    Ok(())
}

fn pointer(ctx: &cairo::Context, palette: &Palette, stage: &Stage, view: &View) -> Result<()> {
    let at = |at: (f64, f64)| (view.origin.0 + at.0 * view.scale, view.origin.1 + at.1 * view.scale);
    for click in &stage.clicks {
        let fresh = stage.fresh(click.time);
        let (x, y) = at(click.at);
        ctx.new_path();
        ctx.arc(x, y, 8.0 + 16.0 * (1.0 - fresh), 0.0, std::f64::consts::TAU);
        // A ring with a rim, so that it is seen on any heat.
        palette.background.alpha(fresh).set(ctx);
        ctx.set_line_width(5.0);
        ctx.stroke_preserve()?;
        palette.pointer.alpha(fresh).set(ctx);
        ctx.set_line_width(2.5);
        ctx.stroke()?;
    }
    let Some((x, y)) = stage.pointer.map(at) else { return Ok(()) };
    // An arrow, its point at the place.
    ctx.new_path();
    for (dx, dy) in [(0.0, 0.0), (0.0, 15.0), (3.6, 11.6), (6.0, 17.0), (8.4, 16.0), (6.0, 10.8), (11.0, 10.8)] {
        ctx.line_to(x + dx, y + dy);
    }
    ctx.close_path();
    palette.pointer.set(ctx);
    ctx.fill_preserve()?;
    palette.background.set(ctx);
    ctx.set_line_width(1.2);
    ctx.stroke()
}

fn footer(ctx: &cairo::Context, palette: &Palette, stage: &Stage, area: Area) -> Result<()> {
    let seconds = stage.now.saturating_sub(stage.plan.range.from) as f64 / 1e9;
    let most = stage.plan.range.length() as f64 / 1e9;
    let clock = |seconds: f64| match most {
        120.0.. if most >= 3600.0 => {
            format!("{}:{:02}:{:02}", seconds as u64 / 3600, seconds as u64 / 60 % 60, seconds as u64 % 60)
        }
        120.0.. => format!("{}:{:04.1}", seconds as u64 / 60, seconds % 60.0),
        1.0.. => format!("{seconds:.2} s"),
        _ => format!("{:.2} ms", seconds * 1e3),
    };
    Label::new(&clock(seconds), palette.text).size(16.0).bold().draw(ctx, area.x, area.y + 13.0, Align::Left)?;
    let whole = format!("of {}", clock(most));
    Label::new(&whole, palette.dim).size(11.0).draw(ctx, area.x, area.y + 29.0, Align::Left)?;
    let wide = f64::max(94.0, Label::new(&clock(most), palette.text).size(16.0).bold().width(ctx) + 16.0);
    strip(ctx, palette, &stage.plan, stage.now, Area::new(area.x + wide, area.y + 8.0, area.width - wide, 24.0))?;

    let counts = stage.counts;
    let mut words = Vec::new();
    // GTK 2 has none.
    if counts.frames > 0 {
        words.push(units::plural(counts.frames, "frame"));
    }
    words.push(units::plural(counts.exposures, "exposure"));
    words.push(format!("{} repainted", units::area(counts.repaint)));
    let waste = 100.0 * counts.repaint.saturating_sub(counts.damage) as f64 / counts.repaint.max(1) as f64;
    if stage.plan.apart && waste >= 0.5 {
        words.push(format!("{waste:.0} % not damaged"));
    }
    let skipped = stage.plan.clock.skipped(stage.now);
    let note = format!("{} of stillness left out", units::duration(skipped));
    let left = if skipped > 0 {
        Label::new(&note, palette.dim).draw(ctx, area.right(), area.y + 48.0, Align::Right)? + 16.0
    } else {
        0.0
    };
    let words = words.join("  ·  ");
    Label::new(&words, palette.text).most(area.width - left).draw(ctx, area.x, area.y + 48.0, Align::Left)?;
    legend(ctx, palette, stage, area)
}

fn legend(ctx: &cairo::Context, palette: &Palette, stage: &Stage, area: Area) -> Result<()> {
    let middle = area.y + 72.0;
    let mut x = area.x;
    let mut item = |what: Exposed, text: &str| -> Result<()> {
        swatch(ctx, palette, what, Area::new(x, middle - 6.0, 16.0, 12.0))?;
        x += 22.0 + Label::new(text, palette.dim).draw(ctx, x + 22.0, middle, Align::Left)? + 18.0;
        Ok(())
    };
    if stage.plan.apart {
        item(Exposed::Repaint, "repainted")?;
        item(Exposed::Damage, "damaged")?;
    } else {
        item(Exposed::Both, "damaged and repainted")?;
    }
    if stage.heat.is_some() {
        x += Label::new("repainted once", palette.dim).draw(ctx, x, middle, Align::Left)? + 6.0;
        let scale = Area::new(x, middle - 6.0, 10.0 * f64::from(LEVELS), 12.0);
        heat_scale(ctx, palette, scale)?;
        x += scale.width + 6.0;
        x += Label::new("256 times", palette.dim).draw(ctx, x, middle, Align::Left)? + 22.0;
    }
    if x + 60.0 < area.right() {
        ctx.new_path();
        palette.pointer.set(ctx);
        ctx.set_line_width(2.0);
        ctx.arc(x, middle, 5.0, 0.0, std::f64::consts::TAU);
        ctx.stroke()?;
        Label::new("click", palette.dim).draw(ctx, x + 12.0, middle, Align::Left)?;
    }
    Ok(())
}

/// An exposure's look in a legend.
pub fn swatch(ctx: &cairo::Context, palette: &Palette, what: Exposed, area: Area) -> Result<()> {
    match what {
        Exposed::Damage => {
            hatch(ctx, area, palette.exposed(what).alpha(HATCH))?;
            outline(ctx, area, palette.exposed(what), 1.5)
        }
        Exposed::Repaint | Exposed::Both => repainted(ctx, palette, area, LIGHT, 1.0),
    }
}

/// The colours of heat, from once to 256 times and more.
pub fn heat_scale(ctx: &cairo::Context, palette: &Palette, area: Area) -> Result<()> {
    let wide = area.width / f64::from(LEVELS);
    fill(ctx, area, palette.panel)?;
    for level in 0..LEVELS {
        let part = Area::new(area.x + f64::from(level) * wide, area.y, wide, area.height);
        fill(ctx, part, heat::color(palette, level + 1))?;
    }
    Ok(())
}

/// The strip: repainted area over the whole range of a plan, and where in it a moment is.
pub fn strip(ctx: &cairo::Context, palette: &Palette, plan: &Plan, now: u64, area: Area) -> Result<()> {
    fill(ctx, area, palette.panel)?;
    let most = plan.profile.iter().copied().max().unwrap_or(0).max(1) as f64;
    let wide = area.width / plan.profile.len().max(1) as f64;
    let played = area.width * plan.range.place(now).clamp(0.0, 1.0);
    for (at, &painted) in plan.profile.iter().enumerate().filter(|(_, painted)| **painted > 0) {
        // The root keeps a small exposure beside a large one visible.
        let height = ((painted as f64 / most).sqrt() * area.height).max(2.0).round();
        let x = area.x + (at as f64 * wide).round();
        let right = area.x + ((at + 1) as f64 * wide).round();
        let color = if x - area.x < played { palette.exposed(Exposed::Repaint) } else { palette.grid };
        fill(ctx, Area::new(x, area.bottom() - height, right - x, height), color)?;
    }
    let x = (area.x + played).round().min(area.right() - 1.0) + 0.5;
    line(ctx, (x, area.y - 2.0), (x, area.bottom() + 2.0), palette.text, 2.0)
}
