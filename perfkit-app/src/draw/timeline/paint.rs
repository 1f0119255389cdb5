//! The picture of a scene: its lanes on an image, in device pixels, without what stands around them.

use std::cell::Cell;
use std::rc::Rc;

use cairo::{Context, Format, ImageSurface};
use gdkrecord::draw::scale::Axis;
use gdkrecord::draw::text::Setter;
use gdkrecord::draw::{Area, Color, Palette, Result, fill};

use super::kinds::Look;
use super::lanes::Lane;
use super::raster::{Strip, pixel};
use super::scene::{Column, Content, Row, Scene, Wanted};
use crate::model::Range;

/// Frames are drawn in proportion up to so many budgets; what is longer reaches the top.
pub const BUDGETS: f64 = 3.0;
/// The floor of the axis of spans, in nanoseconds: what takes less is of this height.
const LEAST: f64 = 10_000.0;
/// Its top, in nanoseconds.
const MOST: f64 = 1e9;
/// The height of what took no time worth telling, in pixels: seen, but not mistaken for work.
const TICK: f64 = 3.0;
/// The mark above what took too long, in pixels.
const CAP: f64 = 3.0;
/// Room above and below the rows of a lane, in pixels.
const GAP: f64 = 3.0;
/// A box is as high at least, in pixels; deeper ones are as high as there is room.
const BOX: f64 = 4.0;
/// From here on a box has room for letters, in pixels.
const LETTERS: f64 = 12.0;
/// The size of letters in boxes, in pixels.
const SIZE: f64 = 11.0;

/// How a scene is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// Its colours.
    pub palette: &'static Palette,
    /// Device pixels for each pixel.
    pub scale: f64,
    /// What a frame may take, in nanoseconds.
    pub budget: i64,
}

/// A picture, as it goes from one thread to another: numbers of the machine's byte order, with premultiplied opacity.
#[derive(Debug)]
pub struct Pixels {
    /// Its bytes, row by row.
    pub bytes: Vec<u8>,
    /// Its width in device pixels.
    pub width: i32,
    /// Its height in device pixels.
    pub height: i32,
    /// Bytes of a row.
    pub stride: i32,
}

impl Pixels {
    /// As a surface of cairo's.
    pub fn surface(self) -> Result<ImageSurface> {
        ImageSurface::create_for_data(self.bytes, Format::ARgb32, self.width, self.height, self.stride)
    }
}

/// Bytes that are lent to a surface, and are given back when that is gone: copying a picture takes as long as drawing it.
struct Lent {
    bytes: Vec<u8>,
    back: Rc<Cell<Vec<u8>>>,
}

impl AsMut<[u8]> for Lent {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.back.set(std::mem::take(&mut self.bytes));
    }
}

/// Draws a scene on a transparent picture that has its columns and is `height` pixels high.
///
/// # Errors
/// Where there is no memory for it.
pub fn picture(scene: &Scene, lanes: &[Lane], manner: Manner, height: f64) -> Result<Pixels> {
    let side = |length: f64| length.ceil().clamp(1.0, 32_767.0) as i32;
    let (width, height) = (side(scene.columns as f64), side(height * manner.scale));
    let stride = Format::ARgb32.stride_for_width(width as u32)?;
    // Memory that is fresh from the system is empty already, and none of it is touched where nothing is drawn.
    let mut bytes = vec![0; stride as usize * height as usize];
    for (wanted, content) in &scene.lanes {
        if let Some(lane) = lanes.get(wanted.lane).filter(|_| !matches!(content, Content::Rows(_))) {
            let strip = strip(scene, lane, *wanted, content, manner);
            let top = ((wanted.top + GAP) * manner.scale).round().max(0.0);
            strip.fill(&mut bytes, stride as usize, top as usize);
        }
    }
    let back = Rc::new(Cell::new(Vec::new()));
    let lent = Lent { bytes, back: Rc::clone(&back) };
    let surface = ImageSurface::create_for_data(lent, Format::ARgb32, width, height, stride)?;
    rows(&surface, scene, lanes, manner)?;
    surface.finish();
    drop(surface);
    Ok(Pixels { bytes: back.take(), width, height, stride })
}

/// Draws the lanes of single rows, and what lies over others.
fn rows(surface: &ImageSurface, scene: &Scene, lanes: &[Lane], manner: Manner) -> Result<()> {
    let ctx = Context::new(surface)?;
    ctx.scale(manner.scale, manner.scale);
    let letters = Setter::new(SIZE, false);
    for (wanted, content) in &scene.lanes {
        let Some(lane) = lanes.get(wanted.lane) else { continue };
        let width = scene.columns as f64 / manner.scale;
        let area = Area::new(0.0, wanted.top + GAP, width, wanted.height - 2.0 * GAP);
        if let Content::Rows(rows) = content {
            let draw = Rows { ctx: &ctx, manner, lane, area, range: scene.range, letters: &letters };
            draw.all(rows)?;
        }
        if lane.kind.look == Look::Frames {
            budget_line(&ctx, manner.palette, Area::new(0.0, wanted.top, width, wanted.height))?;
        }
    }
    Ok(())
}

/// Where on a lane's area the budget is.
pub fn budget_height(area: Area) -> f64 {
    let floor = area.bottom() - GAP;
    (floor - (area.height - 2.0 * GAP) / BUDGETS).round() - 0.5
}

/// A line at the height of the budget.
fn budget_line(ctx: &Context, palette: &Palette, area: Area) -> Result<()> {
    let y = budget_height(area);
    palette.dim.set(ctx);
    ctx.set_line_width(1.0);
    ctx.set_dash(&[4.0, 3.0], 0.0);
    ctx.move_to(area.x, y);
    ctx.line_to(area.right(), y);
    ctx.stroke()?;
    ctx.set_dash(&[], 0.0);
    Ok(())
}

/// The axis of the heights of spans, which all lanes share: by powers of ten from 10 µs.
fn spans_axis() -> Axis {
    Axis::log(LEAST, MOST)
}

/// The height of a frame, as a share of its lane's.
fn frame_height(duration: f64, budget: i64) -> f64 {
    (duration / (budget.max(1) as f64 * BUDGETS)).clamp(0.0, 1.0)
}

fn strip(scene: &Scene, lane: &Lane, wanted: Wanted, content: &Content, manner: Manner) -> Strip {
    let mut strip = Strip::new(scene.columns, (wanted.height - 2.0 * GAP).max(1.0) * manner.scale);
    let (columns, reach) = match content {
        Content::Columns { columns, reach } => (columns, reach),
        Content::Values(taken) => {
            values(&mut strip, lane, &steps(scene, lane, taken.iter().map(|&(at, value)| (at, value, value))), manner);
            return strip;
        }
        Content::Rows(_) => return strip,
    };
    match lane.kind.look {
        Look::Spans | Look::Frames => {
            let reach = reach.map(|(reach, member)| Column {
                count: 1,
                sum: reach.duration,
                min: reach.duration,
                max: reach.duration,
                at: reach.at,
                member,
            });
            bars(&mut strip, scene, lane, reach.iter().chain(columns), manner);
        }
        Look::Moments => moments(&mut strip, columns, lane.kind.color(manner.palette), manner.scale),
        Look::Values => {
            let known = columns.iter().filter(|column| column.count > 0);
            let taken = known.map(|column| (column.at, column.min, column.max));
            values(&mut strip, lane, &steps(scene, lane, taken), manner);
        }
    }
    strip
}

fn bars<'a>(strip: &mut Strip, scene: &Scene, lane: &Lane, columns: impl Iterator<Item = &'a Column>, manner: Manner) {
    let (axis, height) = (spans_axis(), strip.height());
    let scale = scene.columns as f64 / scene.range.length().max(1) as f64;
    let color = lane.kind.color(manner.palette);
    // How much of a column's time is taken tells whether there is one such row or many.
    let shades: Vec<u32> = (0..=4).map(|at| pixel(color.alpha(0.6 + 0.1 * f64::from(at)))).collect();
    let slow = pixel(manner.palette.slow);
    for column in columns.filter(|column| column.count > 0) {
        let left = place(column.at, scene.range, scene.columns);
        let wide = (column.max * scale).round().max(1.0) as i64;
        let share = match lane.kind.look {
            Look::Frames => frame_height(column.max, manner.budget),
            _ => axis.height(column.max),
        };
        let over = lane.kind.judged && column.max > manner.budget as f64;
        let busy = (column.sum * scale * 4.0).min(4.0) as usize;
        let pixel = if over { slow } else { shades[busy.min(4)] };
        strip.bar(left, wide, (share * height).max(TICK * manner.scale), pixel);
        if over {
            strip.over(left, wide.max(2), (0.0, CAP * manner.scale), slow);
        }
    }
}

/// The column of a time; before the first or after the last where it lies outside.
fn place(time: i64, range: Range, columns: usize) -> i64 {
    let from = i128::from(time) - i128::from(range.begin);
    (from * columns as i128).div_euclid(i128::from(range.length().max(1))) as i64
}

fn moments(strip: &mut Strip, columns: &[Column], color: Color, scale: f64) {
    let most = columns.iter().map(|column| column.count).max().unwrap_or(0).max(8) as f64;
    let (height, shade) = (strip.height(), pixel(color));
    for (at, column) in (0i64..).zip(columns).filter(|(_, column)| column.count > 0) {
        let share = (1.0 + column.count as f64).ln() / (1.0 + most).ln();
        strip.bar(at, 1, (share * height).max(TICK * scale), shade);
    }
}

/// What holds from a pixel column on: the column, the least and the greatest value in it.
type Step = (i64, f64, f64);

/// Values as steps, from when each was taken, the least and the greatest; where a counter counts up, how fast it does.
fn steps(scene: &Scene, lane: &Lane, taken: impl Iterator<Item = (i64, f64, f64)>) -> Vec<Step> {
    let column = |time: i64| place(time, scene.range, scene.columns);
    if !lane.counts_up {
        return taken.map(|(at, least, most)| (column(at), least, most)).collect();
    }
    let mut steps = Vec::new();
    let mut last: Option<(i64, f64)> = None;
    for (at, _, value) in taken {
        if let Some((time, before)) = last {
            let rate = ((value - before) * 1e9 / (at - time).max(1) as f64).max(0.0);
            steps.push((column(time), rate, rate));
        }
        last = Some((at, value));
    }
    // How fast it rises after the last one is not known.
    steps
}

/// The axis of a lane of values: what its floor and its top stand for.
pub fn values_axis(lane: &Lane) -> (f64, f64) {
    let (least, most) = lane.reach;
    // From nought where that is not far off, so that heights are proportions.
    if least >= 0.0 && least < 0.6 * most { (0.0, most) } else { (least, most) }
}

fn values(strip: &mut Strip, lane: &Lane, steps: &[Step], manner: Manner) {
    let (least, most) = values_axis(lane);
    let color = lane.kind.color(manner.palette);
    let (line, area) = (pixel(color), pixel(color.alpha(0.28)));
    let height = strip.height();
    let room = (most - least).max(f64::MIN_POSITIVE);
    let y = |value: f64| height - ((value - least) / room).clamp(0.0, 1.0) * (height - 2.0 * manner.scale);
    let ends = steps.iter().skip(1).map(|step| step.0).chain([i64::from(i32::MAX)]);
    let mut last: Option<f64> = None;
    for (&(at, low, high), end) in steps.iter().zip(ends) {
        // Until the next the last value of the column holds, of which the greatest is known.
        strip.bar(at, end - at, height - y(high), area);
        let (mut top, mut bottom) = (y(high), y(low));
        let flat = (y(high) - manner.scale, y(high) + manner.scale * 0.5);
        strip.over(at, end - at, flat, line);
        // So that a step is a line and not a gap.
        if let Some(last) = last {
            (top, bottom) = (top.min(last), bottom.max(last));
        }
        strip.over(at, 1, (top - manner.scale, bottom + manner.scale * 0.5), line);
        last = Some(y(high));
    }
}

/// The colour of letters on a ground: that of text or that of the background, whichever is farther from it.
fn readable(palette: &Palette, ground: Color) -> Color {
    let light = |color: Color| 0.2126 * color.0 + 0.7152 * color.1 + 0.0722 * color.2;
    let far = |color: Color| (light(color) - light(ground)).abs();
    if far(palette.text) >= far(palette.background) { palette.text } else { palette.background }
}

/// Draws single rows.
struct Rows<'a> {
    ctx: &'a Context,
    manner: Manner,
    lane: &'a Lane,
    area: Area,
    range: Range,
    letters: &'a Setter,
}

impl Rows<'_> {
    fn all(&self, rows: &[Row]) -> Result<()> {
        let deepest = rows.iter().map(|row| row.depth).max().unwrap_or(0);
        // Boxes narrower than a pixel are drawn once for their pixel column and depth.
        let mut last: Vec<i64> = vec![i64::MIN; usize::from(deepest) + 1];
        let nexts = rows.iter().skip(1).map(|next| self.sides(next).0).chain([self.area.right()]);
        for (row, next) in rows.iter().zip(nexts) {
            let (left, right) = self.sides(row);
            let slow = self.is_slow(row);
            let column = (right * self.manner.scale).floor() as i64;
            let last = &mut last[usize::from(row.depth)];
            if *last == column && right - left <= 1.0 / self.manner.scale && !slow && row.text.is_empty() {
                continue;
            }
            *last = column;
            match self.lane.kind.look {
                Look::Frames => self.frame(row, left, right, slow)?,
                Look::Moments => self.pin(row, left, next)?,
                Look::Spans | Look::Values => self.span(row, left, right, deepest, slow)?,
            }
        }
        Ok(())
    }

    fn x(&self, time: i64) -> f64 {
        let share = (time as f64 - self.range.begin as f64) / self.range.length().max(1) as f64;
        self.area.x + share * self.area.width
    }

    /// Its left and right edge, a pixel apart at least, and not far outside of what is seen.
    fn sides(&self, row: &Row) -> (f64, f64) {
        let one = 1.0 / self.manner.scale;
        let left = self.x(row.time);
        let right = row.duration.map_or(left, |duration| self.x(row.time.saturating_add(duration)));
        let left = left.max(self.area.x - 4.0);
        (left, right.min(self.area.right() + 4.0).max(left + one))
    }

    fn is_slow(&self, row: &Row) -> bool {
        self.lane.kind.judged && row.duration.is_some_and(|duration| duration > self.manner.budget)
    }

    fn span(&self, row: &Row, left: f64, right: f64, deepest: u8, slow: bool) -> Result<()> {
        let Manner { palette, .. } = self.manner;
        let levels = f64::from(deepest) + 1.0;
        let high = (self.area.height / levels).clamp(BOX, 22.0);
        let top = self.area.y + f64::from(row.depth) * high;
        if top + BOX > self.area.bottom() {
            return Ok(());
        }
        let color = if slow || row.bad { palette.slow } else { self.lane.kind.color(palette) };
        let gap = if right - left > 3.0 { 1.0 } else { 0.0 };
        let area = Area::new(left, top, right - left - gap, high - 1.0);
        // Wide ones are the calm ground of their text, with their edge in full colour.
        if area.width < 6.0 {
            return fill(self.ctx, area, color);
        }
        fill(self.ctx, area, palette.tint(color, 0.85))?;
        fill(self.ctx, Area::new(area.x, area.y, 2.0, area.height), color)?;
        if slow {
            fill(self.ctx, Area::new(area.x, area.y, area.width, 2.0), color)?;
        }
        self.text(&row.text, area)
    }

    /// A text in a box, at its left edge or that of the picture.
    fn text(&self, text: &str, area: Area) -> Result<()> {
        let left = area.x.max(self.area.x) + 5.0;
        let room = area.right().min(self.area.right()) - left - 2.0;
        if area.height < LETTERS || text.is_empty() {
            return Ok(());
        }
        let Some(fit) = self.letters.fit(text, room, 2) else { return Ok(()) };
        let line = self.letters.line();
        let baseline = (area.middle() - line.height / 2.0 + line.baseline).round();
        self.letters.draw(self.ctx, &fit.text, left.round(), baseline, self.manner.palette.text)
    }

    fn frame(&self, row: &Row, left: f64, right: f64, slow: bool) -> Result<()> {
        let palette = self.manner.palette;
        let duration = row.duration.unwrap_or(0);
        let high = (frame_height(duration as f64, self.manner.budget) * self.area.height).max(TICK);
        let area = Area::new(left, self.area.bottom() - high, right - left, high);
        if row.phases.is_empty() || duration <= 0 {
            fill(self.ctx, area, self.lane.kind.color(palette))?;
        }
        let x = |offset: i64| self.x(row.time.saturating_add(offset)).clamp(left, right);
        for &(phase, begin, end) in &row.phases {
            // Along time where there is room to see it, else stacked from the floor.
            let part = if area.width >= 6.0 {
                Area::new(x(begin), area.y, x(end) - x(begin), area.height)
            } else {
                let share = |offset: i64| (offset as f64 / duration.max(1) as f64).clamp(0.0, 1.0) * high;
                Area::new(left, area.bottom() - share(end), area.width, share(end) - share(begin))
            };
            fill(self.ctx, part, palette.phase(phase))?;
        }
        if slow {
            self.cap(left, right)?;
        }
        self.phases(row, area)
    }

    /// The names of phases that have room for them.
    fn phases(&self, row: &Row, area: Area) -> Result<()> {
        for &(phase, begin, end) in &row.phases {
            let x = |offset: i64| self.x(row.time.saturating_add(offset)).clamp(self.area.x, self.area.right());
            let (left, right) = (x(begin), x(end));
            if area.height < LETTERS + 2.0 {
                continue;
            }
            let Some(fit) = self.letters.fit(phase.name(), right - left - 8.0, 3) else { continue };
            let palette = self.manner.palette;
            let color = readable(palette, palette.phase(phase));
            let line = self.letters.line();
            let baseline = (area.bottom() - 3.0 - line.height + line.baseline).round();
            self.letters.draw(self.ctx, &fit.text, (left + 4.0).round(), baseline, color)?;
        }
        Ok(())
    }

    /// The mark above a frame that took too long: colour is never the only sign.
    fn cap(&self, left: f64, right: f64) -> Result<()> {
        fill(self.ctx, Area::new(left, self.area.y, (right - left).max(2.0), CAP), self.manner.palette.slow)
    }

    fn pin(&self, row: &Row, left: f64, next: f64) -> Result<()> {
        let palette = self.manner.palette;
        let color = if row.bad { palette.slow } else { self.lane.kind.color(palette) };
        let pin = Area::new(left, self.area.y, 1.5, self.area.height);
        fill(self.ctx, pin, color)?;
        let area = Area::new(left, self.area.y, next - left, self.area.height.min(20.0));
        if row.text.is_empty() { Ok(()) } else { self.text(&row.text, area) }
    }
}
