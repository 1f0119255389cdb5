//! Counters as line graphs one below the other, on one axis of time: the band between the least and the greatest of
//! each pixel column, and a line through the means.

use cairo::Context;
use gdkrecord::draw::scale;
use gdkrecord::draw::text::{Align, Label};
use gdkrecord::draw::{Area, Palette, Result, fill, line};
use gdkrecord::kind::Group;

use super::timeline::ruler;
use crate::model::Range;
use crate::wording::measured;

/// A lane's height in pixels.
pub const LANE: f64 = 96.0;
/// Left of the plots are the labels of their axes.
pub const LEFT: f64 = 84.0;
/// Right of the plots.
const RIGHT: f64 = 12.0;
/// A lane's line with its name.
const TITLE: f64 = 22.0;
/// Between two lanes.
const GAP: f64 = 10.0;
/// An axis begins at 0 unless the least is beyond this share of the greatest.
const FROM_ZERO: f64 = 0.6;

/// What a counter was in a pixel column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When: the moment itself where it is known, else the column's middle.
    pub time: i64,
    /// The least.
    pub min: f64,
    /// The mean.
    pub mean: f64,
    /// The greatest.
    pub max: f64,
}

/// How fast a counter that counts up rises, between each point and the one before: the latter half of a column is not
/// told from the first.
pub fn rises(points: &[Point]) -> Vec<Point> {
    let rise = |pair: &[Point]| {
        let seconds = (pair[1].time - pair[0].time) as f64 / 1e9;
        // One that was set back began anew.
        let rate = if seconds > 0.0 { (pair[1].max - pair[0].max).max(0.0) / seconds } else { 0.0 };
        Point { time: pair[1].time, min: rate, mean: rate, max: rate }
    };
    points.windows(2).map(rise).collect()
}

/// A counter.
#[derive(Clone, Debug, Default)]
pub struct Lane {
    /// Its dotted name.
    pub name: String,
    /// Whose it is; may be empty.
    pub of: String,
    /// The unit of its values.
    pub unit: String,
    /// Whether its values tell how fast it rises in a second.
    pub counts_up: bool,
    /// Which of the colours it has.
    pub colour: usize,
    /// From the last before the stretch to the first after it.
    pub points: Vec<Point>,
    /// Of what counts up, since when the first rise lasts.
    pub since: Option<i64>,
}

impl Lane {
    /// The points that lie in a stretch.
    pub fn within(&self, range: Range) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(move |point| range.contains(point.time))
    }

    /// The value at a moment: that of the last point up to it; of what counts up, the rise that lasts to the next.
    pub fn at(&self, time: i64) -> Option<f64> {
        let place = match self.counts_up {
            true => self.points.partition_point(|point| point.time < time),
            false => self.points.partition_point(|point| point.time <= time).checked_sub(1)?,
        };
        self.points.get(place).map(|point| point.mean)
    }

    /// A value in words.
    pub fn words(&self, value: f64) -> String {
        measured(value, &self.unit, self.counts_up)
    }

    /// The least and the greatest of its axis, and the step of its ticks.
    fn axis(&self) -> (f64, f64, f64) {
        let least = self.points.iter().map(|point| point.min).fold(f64::INFINITY, f64::min);
        let most = self.points.iter().map(|point| point.max).fold(f64::NEG_INFINITY, f64::max);
        if !least.is_finite() || !most.is_finite() {
            return (0.0, 1.0, 1.0);
        }
        let from_zero = least >= 0.0 && (least == most || least < FROM_ZERO * most);
        let low = if from_zero { 0.0 } else { least };
        let high = if most > low { most } else { low + low.abs().max(1.0) };
        // Bytes are told in powers of two.
        let unit =
            if self.unit == "bytes" { 1024f64.powi(((high - low).log2() / 10.0).floor().max(0.0) as i32) } else { 1.0 };
        let step = scale::step((high - low) / unit, 2) * unit;
        ((low / step).floor() * step, (high / step - 1e-9).ceil() * step, step)
    }
}

/// What is laid over the graphs.
#[derive(Clone, Copy, Debug, Default)]
pub struct View {
    /// The stretch that is shown.
    pub visible: Range,
    /// What is selected.
    pub selection: Range,
    /// The moment whose values are told.
    pub cursor: i64,
    /// Where the pointer is; its moment comes before the cursor's.
    pub pointer: Option<i64>,
}

impl View {
    /// The moment whose values are told.
    pub fn moment(&self) -> i64 {
        self.pointer.unwrap_or(self.cursor)
    }
}

/// The height of so many lanes, in pixels.
pub fn height(lanes: usize) -> f64 {
    lanes as f64 * LANE + GAP
}

/// The moment at a place on a drawing so many pixels wide.
pub fn moment(visible: Range, x: f64, width: f64) -> i64 {
    let share = (x - LEFT) / (width - LEFT - RIGHT).max(1.0);
    visible.begin + (share.clamp(0.0, 1.0) * visible.length() as f64) as i64
}

/// The area of all plots on a drawing so many pixels wide.
fn across(width: f64, top: f64, height: f64) -> Area {
    Area::new(LEFT, top, (width - LEFT - RIGHT).max(1.0), height)
}

/// Draws the ruler above the lanes.
pub fn draw_ruler(ctx: &Context, palette: &Palette, view: &View, origin: i64, width: f64, height: f64) -> Result<()> {
    let area = across(width, 0.0, height);
    over(ctx, palette, view, area)?;
    for tick in ruler::ticks(view.visible, origin, area.width) {
        let x = ruler::place(view.visible, area, tick.time).round() + 0.5;
        let (tall, color) = if tick.label.is_empty() { (4.0, palette.grid) } else { (8.0, palette.dim) };
        line(ctx, (x, area.bottom() - tall), (x, area.bottom()), color, 1.0)?;
        if !tick.label.is_empty() {
            let label = Label::new(&tick.label, palette.dim).size(11.0);
            let half = label.width(ctx) / 2.0;
            let middle = x.clamp(area.x + half - 20.0, area.right() - half);
            label.draw(ctx, middle, area.y + 9.0, Align::Centre)?;
        }
    }
    Ok(())
}

/// Draws the lanes that lie between two heights.
pub fn draw(
    ctx: &Context,
    palette: &Palette,
    lanes: &[Lane],
    view: &View,
    origin: i64,
    width: f64,
    (top, bottom): (f64, f64),
) -> Result<()> {
    let first = (top / LANE).max(0.0) as usize;
    let last = ((bottom / LANE).ceil().max(0.0) as usize).min(lanes.len());
    for (at, lane) in lanes.iter().enumerate().take(last).skip(first) {
        let y = at as f64 * LANE;
        let plot = across(width, y + TITLE, LANE - TITLE - GAP);
        fill(ctx, plot, palette.panel)?;
        for tick in ruler::ticks(view.visible, origin, plot.width).iter().filter(|tick| !tick.label.is_empty()) {
            let x = ruler::place(view.visible, plot, tick.time).round() + 0.5;
            line(ctx, (x, plot.y), (x, plot.bottom()), palette.grid, 1.0)?;
        }
        title(ctx, palette, lane, view, Area::new(plot.x, y, plot.width, TITLE))?;
        graph(ctx, palette, lane, view, plot)?;
        over(ctx, palette, view, plot)?;
    }
    Ok(())
}

fn title(ctx: &Context, palette: &Palette, lane: &Lane, view: &View, area: Area) -> Result<()> {
    let middle = area.y + area.height - 9.0;
    let value = lane.at(view.moment()).map(|value| lane.words(value)).unwrap_or_default();
    let taken = Label::new(&value, palette.text).bold().draw(ctx, area.right(), middle, Align::Right)?;
    let room = (area.width - taken - 12.0).max(0.0);
    let name = Label::new(&lane.name, palette.text).most(room).keep_ends();
    let wide = name.draw(ctx, area.x, middle, Align::Left)?;
    let of = Label::new(&lane.of, palette.dim).size(11.0).most((room - wide - 8.0).max(0.0));
    if room - wide > 30.0 {
        of.draw(ctx, area.x + wide + 8.0, middle, Align::Left)?;
    }
    Ok(())
}

fn graph(ctx: &Context, palette: &Palette, lane: &Lane, view: &View, plot: Area) -> Result<()> {
    let (low, high, step) = lane.axis();
    let y = |value: f64| plot.bottom() - (value - low) / (high - low).max(f64::MIN_POSITIVE) * plot.height;
    let ticks = ((high - low) / step).round().clamp(1.0, 8.0) as usize;
    for tick in 0..=ticks {
        let value = low + tick as f64 * step;
        let at = y(value).round() + 0.5;
        line(ctx, (plot.x, at), (plot.right(), at), palette.grid, 1.0)?;
        // Labels of lanes that lie close to each other would touch.
        if ticks <= 2 || tick == 0 || tick == ticks {
            let words = if value == 0.0 { "0".to_owned() } else { lane.words(value) };
            let middle = at.clamp(plot.y + 4.0, plot.bottom() - 3.0);
            Label::new(&words, palette.dim).size(10.0).most(LEFT - 10.0).draw(
                ctx,
                plot.x - 6.0,
                middle,
                Align::Right,
            )?;
        }
    }
    if lane.points.is_empty() {
        let words = crate::wording::tr("no values in this stretch");
        Label::new(&words, palette.dim).size(11.0).draw(ctx, plot.x + 8.0, plot.middle(), Align::Left)?;
        return Ok(());
    }
    let color = palette.category(lane.colour);
    ctx.save()?;
    ctx.rectangle(plot.x, plot.y - 1.0, plot.width, plot.height + 2.0);
    ctx.clip();
    let x_of = |time: i64| ruler::place(view.visible, plot, time);
    color.alpha(0.4).set(ctx);
    for point in lane.points.iter().filter(|point| point.max > point.min) {
        let (top, bottom) = (y(point.max), y(point.min));
        ctx.rectangle(x_of(point.time).floor(), top, 1.0, (bottom - top).max(1.0));
    }
    ctx.fill()?;
    for filled in [true, false] {
        let mut last = None;
        for point in &lane.points {
            let (x, y) = (x_of(point.time), y(point.mean));
            match last {
                None => {
                    // What counts up rose evenly since the point before, as far as is known.
                    let begin = lane.since.map_or(x, x_of);
                    ctx.move_to(begin, if filled { plot.bottom() } else { y });
                    ctx.line_to(begin, y);
                    ctx.line_to(x, y);
                }
                Some((before, _)) if lane.counts_up => {
                    ctx.line_to(before, y);
                    ctx.line_to(x, y);
                }
                // Any other holds until the next is known, and so tells the value at each moment.
                Some((_, held)) => {
                    ctx.line_to(x, held);
                    ctx.line_to(x, y);
                }
            }
            last = Some((x, y));
        }
        if let (true, Some((x, _))) = (filled, last) {
            ctx.line_to(x, plot.bottom());
            color.alpha(0.15).set(ctx);
            ctx.fill()?;
        } else {
            color.set(ctx);
            ctx.set_line_width(1.5);
            ctx.stroke()?;
        }
    }
    // A few values are points.
    if lane.points.len() < (plot.width / 12.0) as usize {
        for point in &lane.points {
            ctx.arc(x_of(point.time), y(point.mean), 2.0, 0.0, std::f64::consts::TAU);
            ctx.close_path();
        }
        ctx.fill()?;
    }
    if let Some(value) = lane.at(view.moment()).filter(|_| view.visible.contains(view.moment())) {
        palette.text.set(ctx);
        ctx.arc(x_of(view.moment()), y(value), 3.0, 0.0, std::f64::consts::TAU);
        ctx.fill()?;
    }
    ctx.restore()
}

/// The selection, the cursor and the pointer, over a plot.
pub fn over(ctx: &Context, palette: &Palette, view: &View, area: Area) -> Result<()> {
    let x = |time: i64| ruler::place(view.visible, area, time).clamp(area.x, area.right());
    if !view.selection.is_empty() {
        let (left, right) = (x(view.selection.begin), x(view.selection.end));
        if right > area.x && left < area.right() {
            let band = Area::new(left, area.y, (right - left).max(1.0), area.height);
            fill(ctx, band, palette.group(Group::Input).alpha(0.18))?;
        }
    }
    let moments = [(Some(view.cursor), palette.pointer.alpha(0.8)), (view.pointer, palette.dim)];
    for (time, color) in moments {
        if let Some(time) = time.filter(|&time| view.visible.contains(time)) {
            let x = x(time).round() + 0.5;
            line(ctx, (x, area.y), (x, area.bottom()), color, 1.0)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::reference::check;

    const S: i64 = 1_000_000_000;

    fn wave(unit: &str, from: f64, high: f64, spread: f64) -> Lane {
        let point = |at: i64| {
            let mean = from + high * (1.0 + (at as f64 / 9.0).sin());
            Point { time: at * S / 10, min: mean - spread, mean, max: mean + spread }
        };
        Lane {
            name: "proc.memory.rss".into(),
            of: "gtk4-demo (512)".into(),
            unit: unit.into(),
            counts_up: false,
            colour: unit.len(),
            points: (0..200).map(point).collect(),
            since: None,
        }
    }

    #[test]
    fn an_axis_is_round_and_holds_all() {
        for lane in [wave("bytes", 5e7, 1e6, 1e5), wave("", 0.0, 3.0, 0.0), wave("%", -5.0, 4.0, 1.0), Lane::default()]
        {
            let (low, high, step) = lane.axis();
            assert!(lane.points.iter().all(|point| low <= point.min && point.max <= high), "{low} {high}");
            let ticks = (high - low) / step;
            assert!(
                (ticks - ticks.round()).abs() < 1e-6 && (1.0..=4.0).contains(&ticks.round()),
                "{low} {high} {step}"
            );
        }
        let flat = Lane { points: vec![Point { time: 0, min: 7.0, mean: 7.0, max: 7.0 }], ..Lane::default() };
        assert_eq!(flat.axis().0, 0.0);
    }

    #[test]
    fn what_counts_up_is_told_as_a_rise() {
        let point = |seconds: i64, value: f64| Point { time: seconds * S, min: value, mean: value, max: value };
        let rises = rises(&[point(0, 10.0), point(1, 30.0), point(3, 30.0), point(4, 5.0)]);
        assert_eq!(
            rises.iter().map(|point| (point.time / S, point.mean)).collect::<Vec<_>>(),
            [(1, 20.0), (3, 0.0), (4, 0.0)]
        );
        let lane = Lane { points: rises, counts_up: true, unit: "bytes".into(), ..Lane::default() };
        assert_eq!((lane.at(5 * S), lane.at(S).map(|value| lane.words(value))), (None, Some("20 B/s".to_owned())));
    }

    #[test]
    fn places_are_moments() {
        let visible = Range::new(10 * S, 20 * S);
        let at = |x| moment(visible, x, LEFT + RIGHT + 1000.0);
        assert_eq!([at(0.0), at(LEFT + 500.0), at(5000.0)], [10 * S, 15 * S, 20 * S]);
    }

    #[test]
    fn pictures() {
        let few = Lane {
            points: wave("", 0.0, 2.0, 0.0).points.into_iter().step_by(25).collect(),
            name: "app.cache.hits".into(),
            counts_up: true,
            ..wave("", 0.0, 2.0, 0.0)
        };
        let none = Lane { name: "proc.io.read".into(), unit: "bytes".into(), ..Lane::default() };
        let lanes = [wave("bytes", 5e7, 1e6, 2e5), wave("%", 0.0, 40.0, 9.0), few, none];
        let view = View {
            visible: Range::new(0, 18 * S),
            selection: Range::new(4 * S, 6 * S),
            cursor: 5 * S,
            pointer: Some(11 * S),
        };
        check("counters", 700.0, height(4) + ruler::HEIGHT, |ctx, palette, width, high| {
            draw_ruler(ctx, palette, &view, 0, width, ruler::HEIGHT)?;
            ctx.translate(0.0, ruler::HEIGHT);
            draw(ctx, palette, &lanes, &view, 0, width, (0.0, high))
        });
    }
}
