//! Lines over time in one plot: what a server's workers, queues and pools did. Each line has a dash of its own beside
//! its colour, and stands above the plot with its value at the moment that is looked at.

use cairo::Context;
use gdkrecord::draw::plane::{on_plane, rgba};
use gdkrecord::draw::text::{Align, Label};
use gdkrecord::draw::{Area, Palette, Result, fill, line, scale};
use plotters::chart::ChartBuilder;
use plotters::element::PathElement;
use plotters::style::Color as _;

use super::counters::{View, over};
use super::timeline::ruler;
use crate::model::Range;
use crate::wording::{measured, tr, tr_with};

/// Lines that a plot has at most: more cannot be told apart.
pub const LINES: usize = 6;
/// The height of the plot itself and of the axis below it, in pixels.
const PLOT: f64 = 112.0;
const AXIS: f64 = 22.0;
/// A row of the legend.
const ROW: f64 = 18.0;
/// Left of the plot are the labels of its axis.
pub const LEFT: f64 = 64.0;
const RIGHT: f64 = 12.0;
/// A line's piece in the legend, and the room after an entry.
const PIECE: f64 = 24.0;
const BETWEEN: f64 = 16.0;
/// Dashes and gaps in pixels; the first is a whole line.
const DASHES: [&[f64]; 3] = [&[], &[7.0, 3.0], &[2.0, 2.5]];

/// A line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// What it is called.
    pub name: String,
    /// Its values with their times.
    pub points: Vec<(i64, f64)>,
}

/// A plot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plot {
    /// The unit of its values, as counters name it.
    pub unit: &'static str,
    /// Whether its values tell how fast something rises in a second, each since the one before.
    pub rate: bool,
    /// Its lines, [`LINES`] at most.
    pub curves: Vec<Curve>,
    /// How many more there are.
    pub more: usize,
    /// Why there is nothing, where that is so.
    pub missing: String,
}

impl Plot {
    /// The value of a line at a moment: the last before it; of what rises, that of the stretch in which it lies.
    pub fn at(&self, curve: &Curve, time: i64) -> Option<f64> {
        let place = match self.rate {
            true => curve.points.partition_point(|(at, _)| *at < time),
            false => curve.points.partition_point(|(at, _)| *at <= time).checked_sub(1)?,
        };
        curve.points.get(place).map(|(_, value)| *value)
    }

    /// A value in words.
    pub fn words(&self, value: f64) -> String {
        let per_second = self.rate && self.unit != "share";
        measured(if value.abs() < 10.0 { value } else { value.round() }, self.unit, per_second)
    }

    /// All of it in words, as of a moment.
    pub fn said(&self, time: i64) -> String {
        let one = |curve: &Curve| Some(format!("{} {}", curve.name, self.words(self.at(curve, time)?)));
        self.curves.iter().filter_map(one).collect::<Vec<_>>().join(", ")
    }

    /// The top of its axis and the step of its ticks.
    fn axis(&self) -> (f64, f64) {
        if self.unit == "share" {
            return (1.0, 0.5);
        }
        let most = self.curves.iter().flat_map(|curve| &curve.points).map(|(_, value)| *value).fold(0.0, f64::max);
        let step = scale::step(most.max(1.0), 2);
        // There is no half of a thing.
        let step = if self.rate || !self.unit.is_empty() { step } else { step.max(1.0) };
        ((most.max(1.0) / step - 1e-9).ceil() * step, step)
    }

    /// The legend's entries: their places for so wide a plot, and how many rows they take.
    fn legend(&self, ctx: &Context, moment: i64, width: f64) -> (Vec<(f64, usize, String)>, usize) {
        let (mut x, mut row) = (LEFT, 0);
        let mut entries = Vec::new();
        for curve in &self.curves {
            let value = self.at(curve, moment).map(|value| self.words(value));
            let words = value.map_or_else(|| curve.name.clone(), |value| format!("{} {value}", curve.name));
            // A value that grows a little moves nobody.
            let wide = (PIECE + Label::new(&words, Palette::LIGHT.text).size(11.0).width(ctx)).max(PIECE + 60.0);
            if x > LEFT && x + wide > width - RIGHT {
                (x, row) = (LEFT, row + 1);
            }
            entries.push((x, row, words));
            x += wide + BETWEEN;
        }
        (entries, row + 1)
    }
}

/// Its height in pixels, with room for so many rows of a legend.
pub fn height(rows: usize) -> f64 {
    ROW * rows as f64 + 6.0 + PLOT + AXIS
}

/// Rows of a legend that so many lines need in a plot of a usual card.
pub fn rows(curves: usize) -> usize {
    curves.div_ceil(3).max(1)
}

/// The moment at a place on a drawing so many pixels wide.
pub fn moment(visible: Range, x: f64, width: f64) -> i64 {
    let share = (x - LEFT) / (width - LEFT - RIGHT).max(1.0);
    visible.begin + (share.clamp(0.0, 1.0) * visible.length() as f64) as i64
}

/// Draws it. Times are told since `origin`.
pub fn draw(
    ctx: &Context,
    palette: &Palette,
    plot: &Plot,
    view: &View,
    origin: i64,
    width: f64,
    height: f64,
) -> Result<()> {
    let (entries, rows) = plot.legend(ctx, view.moment(), width);
    let top = ROW * rows as f64 + 6.0;
    let area = Area::new(LEFT, top, (width - LEFT - RIGHT).max(1.0), (height - top - AXIS).max(1.0));
    fill(ctx, area, palette.panel)?;
    for tick in ruler::ticks(view.visible, origin, area.width).iter().filter(|tick| !tick.label.is_empty()) {
        let x = ruler::place(view.visible, area, tick.time).round() + 0.5;
        line(ctx, (x, area.y), (x, area.bottom()), palette.grid, 1.0)?;
        let label = Label::new(&tick.label, palette.dim).size(10.0);
        let half = label.width(ctx) / 2.0;
        label.draw(ctx, x.clamp(area.x + half - 8.0, area.right() - half), area.bottom() + 11.0, Align::Centre)?;
    }
    if plot.curves.iter().all(|curve| curve.points.is_empty()) {
        let words = if plot.missing.is_empty() { tr("no values in this stretch") } else { plot.missing.clone() };
        let label = Label::new(&words, palette.dim).size(11.0).most(area.width - 16.0);
        label.draw(ctx, area.x + 8.0, area.middle(), Align::Left)?;
        return over(ctx, palette, view, area);
    }
    let (most, step) = plot.axis();
    for at in 0..=(most / step).round() as usize {
        let value = at as f64 * step;
        let y = (area.bottom() - value / most * area.height).round() + 0.5;
        line(ctx, (area.x, y), (area.right(), y), palette.grid, 1.0)?;
        let words = if value == 0.0 { "0".to_owned() } else { plot.words(value) };
        Label::new(&words, palette.dim).size(10.0).most(LEFT - 10.0).draw(ctx, area.x - 6.0, y, Align::Right)?;
    }
    for (at, curve) in plot.curves.iter().enumerate() {
        let (x, row, words) = &entries[at];
        let y = ROW * *row as f64 + ROW / 2.0;
        ctx.set_dash(DASHES[at % DASHES.len()], 0.0);
        line(ctx, (*x, y), (x + PIECE - 6.0, y), palette.category(at), 2.0)?;
        lines(ctx, palette, plot, curve, at, view.visible, most, area)?;
        ctx.set_dash(&[], 0.0);
        let label = Label::new(words, palette.text).size(11.0).most((width - RIGHT - x - PIECE).max(1.0));
        label.keep_ends().draw(ctx, x + PIECE, y, Align::Left)?;
    }
    if plot.more > 0 {
        let words = tr_with("and {count} more in the table", &[("count", &plot.more.to_string())]);
        Label::new(&words, palette.dim).size(10.0).draw(ctx, area.right() - 4.0, area.y + 8.0, Align::Right)?;
    }
    over(ctx, palette, view, area)
}

/// A line, in steps: a value holds until the next; what rises did so since the one before.
#[expect(clippy::too_many_arguments, reason = "a place on a drawing")]
fn lines(
    ctx: &Context,
    palette: &Palette,
    plot: &Plot,
    curve: &Curve,
    at: usize,
    visible: Range,
    most: f64,
    area: Area,
) -> Result<()> {
    let seconds = |time: i64| (time - visible.begin) as f64 / 1e9;
    let mut path: Vec<(f64, f64)> = Vec::with_capacity(curve.points.len() * 2);
    for &(time, value) in &curve.points {
        match (path.last().copied(), plot.rate) {
            (Some((before, _)), true) => path.push((before, value)),
            (Some((_, held)), false) => path.push((seconds(time), held)),
            (None, _) => {}
        }
        path.push((seconds(time), value));
    }
    if !plot.rate
        && let Some(&(_, held)) = path.last()
    {
        path.push((seconds(visible.end), held));
    }
    let end = seconds(visible.end).max(1e-9);
    on_plane(ctx, area, |plane| {
        let mut chart = ChartBuilder::on(plane).build_cartesian_2d(0.0..end, 0.0..most * 1.02)?;
        let style = rgba(palette.category(at)).stroke_width(2);
        chart.draw_series(std::iter::once(PathElement::new(path, style)))?;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::reference::check;

    const S: i64 = 1_000_000_000;

    fn curve(name: &str, at: i64, most: f64) -> Curve {
        let point = |second: i64| (second * S, most * (0.5 + 0.5 * ((second * (at + 2)) as f64 / 3.0).sin()));
        Curve { name: name.to_owned(), points: (0..30).map(point).collect() }
    }

    fn busy() -> Plot {
        let curves = (0..3).map(|at| curve(&format!("worker {at}"), at, 0.9)).collect();
        Plot { unit: "share", rate: true, curves, ..Plot::default() }
    }

    #[test]
    fn what_rises_did_so_since_the_value_before() {
        let curve = Curve { name: "a".to_owned(), points: vec![(S, 10.0), (2 * S, 20.0)] };
        let at = |rate, time| Plot { rate, ..Plot::default() }.at(&curve, time);
        assert_eq!([at(true, S + 1), at(true, 2 * S), at(true, 3 * S)], [Some(20.0), Some(20.0), None]);
        assert_eq!([at(false, S + 1), at(false, 3 * S), at(false, 0)], [Some(10.0), Some(20.0), None]);
    }

    #[test]
    fn it_is_told_in_words() {
        let plot = busy();
        assert!(plot.said(S).starts_with("worker 0 ") && plot.said(S).contains(" %, worker 1 "), "{}", plot.said(S));
        assert_eq!((plot.axis(), Plot::default().axis()), ((1.0, 0.5), (1.0, 1.0)));
    }

    #[test]
    fn pictures() {
        let view = View {
            visible: Range::new(0, 30 * S),
            selection: Range::new(8 * S, 12 * S),
            cursor: 20 * S,
            pointer: None,
        };
        let paint = |name: &str, plot: &Plot| {
            let high = height(rows(plot.curves.len()));
            check(name, 460.0, high, |ctx, palette, width, height| draw(ctx, palette, plot, &view, 0, width, height));
        };
        paint("plot-busy", &busy());
        let many = ["health", "metrics", "sessions", "recordings", "script", "openapi"];
        let curves = many.iter().zip(0..).map(|(name, at)| curve(name, at, 900.0 * at as f64)).collect();
        paint("plot-requests", &Plot { rate: true, curves, more: 2, ..Plot::default() });
        paint("plot-missing", &Plot { missing: "unavailable: not told".to_owned(), ..Plot::default() });
    }
}
