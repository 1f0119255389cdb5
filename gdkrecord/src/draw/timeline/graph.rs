//! Lays the figure out on its surface: heading, lanes, plots, legend, all on one time axis.

use super::super::palette::{Color, Palette};
use super::super::scale::{self, Range};
use super::super::text::{Align, Label};
use super::super::{Area, Result, fill, line};
use super::collect::{Figure, Lane};
use super::{lanes, legend, plots};
use crate::kind::Group;
use crate::units;

/// The least width at which nothing is cut, in pixels.
pub const LEAST_WIDTH: u32 = 720;
/// Room for the names of lanes and for values of axes, in pixels.
const LEFT: f64 = 200.0;
/// Room for a lane's numbers.
const RIGHT: f64 = 136.0;
const MARGIN: f64 = 20.0;
const HEADING: f64 = 104.0;
const SECTION: f64 = 24.0;
const LANE: f64 = 30.0;
const WINDOW_LANE: f64 = 46.0;
const AXIS: f64 = 26.0;
const FRAMES: f64 = 170.0;
const AREAS: f64 = 130.0;
const CAPTION: f64 = 30.0;

/// What the heading says.
#[derive(Clone, Debug, Default)]
pub struct Heading {
    /// The program.
    pub title: String,
    /// Toolkit and version, display, date: what tells this recording from others.
    pub facts: Vec<String>,
    /// A sentence in the slow colour: the recording is cut, records were dropped.
    pub warning: String,
}

/// Pixels of the time axis on a surface of this width: the number of columns to collect.
pub fn columns(width: u32) -> usize {
    (f64::from(width.max(LEAST_WIDTH)) - LEFT - RIGHT) as usize
}

/// Pixels that the figure is high at this width; the legend wraps.
pub fn height(figure: &Figure, width: u32) -> f64 {
    let rows = sections(figure)
        .into_iter()
        .map(|(_, lanes)| SECTION + lanes.iter().map(|lane| lane_height(lane)).sum::<f64>());
    let lanes = if figure.lanes.is_empty() { SECTION + LANE } else { rows.sum() };
    HEADING
        + lanes
        + AXIS
        + 2.0 * CAPTION
        + frames_height(figure)
        + areas_height(figure)
        + legend::height(figure, f64::from(width) - 2.0 * MARGIN)
        + MARGIN
}

/// Draws the figure at the context's origin, `width` pixels wide and [`height`] high.
pub fn draw(ctx: &cairo::Context, palette: &Palette, heading: &Heading, figure: &Figure, width: u32) -> Result<()> {
    let width = width.max(LEAST_WIDTH);
    let right = LEFT + columns(width) as f64;
    let area = |y: f64, height: f64| Area::new(LEFT, y, right - LEFT, height);
    fill(ctx, Area::new(0.0, 0.0, width.into(), height(figure, width)), palette.background)?;
    draw_heading(ctx, palette, heading, figure, width.into())?;

    let mut y = HEADING;
    let axis = lanes::axis(figure);
    if figure.lanes.is_empty() {
        let empty = area(y + SECTION, LANE);
        fill(ctx, empty, palette.panel)?;
        Label::new("No events were recorded in this stretch of time.", palette.dim).draw(
            ctx,
            empty.x + empty.width / 2.0,
            empty.middle(),
            Align::Centre,
        )?;
        y = empty.bottom();
    }
    let top = y;
    for (name, rows) in sections(figure) {
        Label::new(&name, palette.text).bold().draw(ctx, MARGIN, y + SECTION / 2.0 + 2.0, Align::Left)?;
        y += SECTION;
        for lane in rows {
            let place = area(y, lane_height(lane));
            let room = Area::new(MARGIN + 8.0, place.y, LEFT - MARGIN - 16.0, place.height);
            lanes::draw(ctx, palette, figure, lane, axis, room, place)?;
            y = place.bottom();
        }
    }
    grid(ctx, palette, figure, area(top, y - top), false)?;
    time_axis(ctx, palette, figure, area(y, AXIS))?;
    y += AXIS;

    let caption = plots::frames_caption(figure);
    y = draw_caption(ctx, palette, "Frame times", &caption, y, right)?;
    if frames_height(figure) > 0.0 {
        plots::frames(ctx, palette, figure, area(y, FRAMES))?;
    }
    y += frames_height(figure);
    let caption = plots::areas_caption(figure);
    y = draw_caption(ctx, palette, "Exposed area", &caption, y, right)?;
    if areas_height(figure) > 0.0 {
        plots::areas(ctx, palette, figure, area(y, AREAS))?;
        time_axis(ctx, palette, figure, area(y + AREAS, AXIS))?;
    }
    y += areas_height(figure);
    legend::draw(ctx, palette, figure, Area::new(MARGIN, y, f64::from(width) - 2.0 * MARGIN, 0.0))
}

/// A toolkit without frames, or a stretch without any, has no empty plot.
fn frames_height(figure: &Figure) -> f64 {
    if figure.frame_count > 0 { FRAMES } else { 0.0 }
}

fn areas_height(figure: &Figure) -> f64 {
    if figure.areas.iter().any(|bin| bin.repaint + bin.damage > 0) { AREAS + AXIS } else { 0.0 }
}

/// Vertical lines at the ticks of time; `mark` draws them over what lies there.
pub(super) fn grid(ctx: &cairo::Context, palette: &Palette, figure: &Figure, area: Area, strong: bool) -> Result<()> {
    for (seconds, _) in time_ticks(figure, area.width) {
        let x = (area.x + place(figure, seconds) * area.width).round() + 0.5;
        let color = palette.grid.alpha(if strong { 1.0 } else { 0.55 });
        line(ctx, (x, area.y), (x, area.bottom()), color, 1.0)?;
    }
    Ok(())
}

fn draw_heading(ctx: &cairo::Context, palette: &Palette, heading: &Heading, figure: &Figure, width: f64) -> Result<()> {
    let room = width - 2.0 * MARGIN;
    Label::new(&heading.title, palette.text).size(22.0).bold().most(room).draw(ctx, MARGIN, 30.0, Align::Left)?;
    let facts = heading.facts.join("  ·  ");
    Label::new(&facts, palette.dim).size(13.0).most(room).draw(ctx, MARGIN, 56.0, Align::Left)?;
    let color = if figure.over > 0 { palette.slow } else { palette.text };
    let verdict = verdict(figure);
    let taken = Label::new(&verdict, color).size(15.0).bold().most(room).draw(ctx, MARGIN, 80.0, Align::Left)?;
    if !heading.warning.is_empty() && room - taken > 120.0 {
        Label::new(&heading.warning, palette.slow).size(13.0).most(room - taken - 24.0).draw(
            ctx,
            width - MARGIN,
            80.0,
            Align::Right,
        )?;
    }
    Ok(())
}

/// The recording in one line: "412 frames, 9 over 16.7 ms, worst 74 ms".
pub fn verdict(figure: &Figure) -> String {
    let plural = |number: u64, word: &str| match number {
        0 => format!("no {word}s"),
        _ => units::plural(number, word),
    };
    if figure.frame_count == 0 {
        return format!("{}, no frames", plural(figure.events, "event"));
    }
    let over = if figure.over == 0 { "none".to_owned() } else { units::count(figure.over) };
    format!(
        "{}, {over} over {}, worst {}  ({})",
        plural(figure.frame_count, "frame"),
        units::duration(figure.budget),
        units::duration(figure.worst),
        plural(figure.events, "event"),
    )
}

fn draw_caption(ctx: &cairo::Context, palette: &Palette, name: &str, text: &str, y: f64, right: f64) -> Result<f64> {
    let middle = y + CAPTION / 2.0 + 3.0;
    Label::new(name, palette.text).bold().draw(ctx, MARGIN, middle, Align::Left)?;
    Label::new(text, palette.dim).most(right - LEFT).draw(ctx, LEFT, middle, Align::Left)?;
    Ok(y + CAPTION)
}

fn lane_height(lane: &Lane) -> f64 {
    if lane.exposed.is_empty() { LANE } else { WINDOW_LANE }
}

/// The lanes under their headings.
fn sections(figure: &Figure) -> Vec<(String, Vec<&Lane>)> {
    let mut out: Vec<(String, Vec<&Lane>)> = Vec::new();
    for lane in &figure.lanes {
        let name = match lane.group {
            _ if lane.section.is_some() => lane.section.unwrap_or_default().to_owned(),
            Group::Input => "Input".to_owned(),
            Group::Frame => "Frames".to_owned(),
            Group::Loop => "Main loop".to_owned(),
            Group::Exposure if figure.other_windows > 0 => {
                let shown = figure.lanes.iter().filter(|lane| lane.group == Group::Exposure).count();
                format!("Windows ({shown} of {})", shown + figure.other_windows)
            }
            Group::Exposure => "Windows".to_owned(),
            Group::Gdk | Group::Window | Group::Widget | Group::Process => "Other".to_owned(),
        };
        match out.last_mut() {
            Some((last, rows)) if *last == name => rows.push(lane),
            _ => out.push((name, vec![lane])),
        }
    }
    out
}

/// Seconds into the recording, and labels, of the ticks of the time axis on so many pixels.
fn time_ticks(figure: &Figure, width: f64) -> Vec<(f64, String)> {
    let Range { from, to } = figure.range;
    let seconds = |time: u64| (time as f64 - figure.start as f64) / 1e9;
    let (from, to) = (seconds(from), seconds(to));
    // A label is at most some 70 pixels wide.
    let step = scale::time_step(to - from, ((width / 90.0) as usize).clamp(2, 12));
    let first = (from / step - 1e-6).ceil() as i64;
    let last = (to / step + 1e-6).floor() as i64;
    (first..=last).map(|at| at as f64 * step).map(|at| (at, scale::tick_label(at, step, to))).collect()
}

fn place(figure: &Figure, seconds: f64) -> f64 {
    let from = (figure.range.from as f64 - figure.start as f64) / 1e9;
    (seconds - from) * 1e9 / figure.range.length() as f64
}

fn time_axis(ctx: &cairo::Context, palette: &Palette, figure: &Figure, area: Area) -> Result<()> {
    line(ctx, (area.x, area.y + 0.5), (area.right(), area.y + 0.5), palette.dim, 1.0)?;
    for (seconds, text) in time_ticks(figure, area.width) {
        let x = (area.x + place(figure, seconds) * area.width).round() + 0.5;
        line(ctx, (x, area.y), (x, area.y + 5.0), palette.dim, 1.0)?;
        Label::new(&text, palette.dim).draw(ctx, x, area.y + 14.0, Align::Centre)?;
    }
    Ok(())
}

/// A value's tick label at the left of a plot.
pub(super) fn value_tick(
    ctx: &cairo::Context,
    palette: &Palette,
    area: Area,
    y: f64,
    text: &str,
    color: Color,
) -> Result<()> {
    line(ctx, (area.x, y), (area.right(), y), palette.grid, 1.0)?;
    Label::new(text, color).draw(ctx, area.x - 8.0, y, Align::Right)?;
    Ok(())
}
