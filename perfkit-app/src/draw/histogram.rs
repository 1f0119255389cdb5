//! How many frames took how long: bars by powers of time, the budget, and the percentiles.

use cairo::Context;
use gdkrecord::draw::scale;
use gdkrecord::draw::text::{Align, Label};
use gdkrecord::draw::{Area, Palette, Result, fill, line};
use gdkrecord::kind::Group;
use gdkrecord::units;
use perfkit_agent::analysis::latency::percentile;

use crate::model::server::{self, Bucket};

/// Its height in pixels.
pub const HEIGHT: f64 = 220.0;
/// Bars to a doubling.
const STEPS: f64 = 4.0;
/// Shorter frames count as these, in nanoseconds: nobody tells them apart.
const SHORTEST: f64 = 100_000.0;
/// Left of the plot are the labels of its axis.
const LEFT: f64 = 60.0;
/// A line of percentiles' labels, in pixels.
const LINE: f64 = 14.0;
/// Lines of them.
const LINES: usize = 5;
/// Which percentiles are shown.
const SHARES: &[(f64, &str)] = &[(0.5, "50 %"), (0.9, "90 %"), (0.99, "99 %"), (1.0, "most")];

/// A bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// From this many nanoseconds on.
    pub from: f64,
    /// To before this many.
    pub to: f64,
    /// How many frames.
    pub count: u64,
}

/// How many took how long.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// Bars side by side, from the shortest to the longest.
    pub bars: Vec<Bar>,
    /// Percentiles and their names.
    pub marks: Vec<(i64, &'static str)>,
    /// The budget, in nanoseconds; 0 where there is none.
    pub budget: i64,
}

impl Histogram {
    /// Of lengths in nanoseconds, sorted.
    pub fn of(sorted: &[i64], budget: i64) -> Histogram {
        let place = |ns: i64| ((ns as f64).max(SHORTEST) / SHORTEST).log2() * STEPS;
        let edge = |at: i64| SHORTEST * (at as f64 / STEPS).exp2();
        let (Some(&least), Some(&most)) = (sorted.first(), sorted.last()) else {
            return Histogram { budget, ..Histogram::default() };
        };
        // The budget is always on the axis, with a bar's room beside it.
        let first = place(least.min(budget)).floor() as i64 - 1;
        let last = place(most.max(budget)).floor() as i64 + 1;
        let first = first.max(0);
        let mut bars: Vec<Bar> = (first..=last).map(|at| Bar { from: edge(at), to: edge(at + 1), count: 0 }).collect();
        for &ns in sorted {
            bars[(place(ns).floor() as i64 - first).max(0) as usize].count += 1;
        }
        let marks = SHARES.iter().filter_map(|&(share, name)| Some((percentile(sorted, share)?, name))).collect();
        Histogram { bars, marks, budget }
    }

    /// Of buckets, each twice as long as the one before, with gaps where there is nothing; without a budget.
    pub fn of_buckets(buckets: &[Bucket]) -> Histogram {
        let filled = || buckets.iter().filter(|(_, _, count)| *count > 0);
        let (Some(&(first, ..)), Some(&(_, last, _))) = (filled().next(), filled().next_back()) else {
            return Histogram::default();
        };
        let ends = std::iter::successors(Some(first), |from| from.checked_mul(2)).take_while(|from| *from < last);
        let count = |from: u64| buckets.iter().find(|bucket| bucket.0 == from).map_or(0, |(_, _, count)| *count);
        let bars = ends.map(|from| Bar { from: from as f64, to: from as f64 * 2.0, count: count(from) }).collect();
        let mark = |&(share, name)| Some((server::percentile(buckets, share)? as i64, name));
        Histogram { bars, marks: SHARES.iter().filter_map(mark).collect(), budget: 0 }
    }

    /// Where a length lies between the shortest and the longest, 0 to 1.
    fn share(&self, ns: f64) -> f64 {
        let (Some(first), Some(last)) = (self.bars.first(), self.bars.last()) else { return 0.0 };
        ((ns.max(first.from) / first.from).ln() / (last.to / first.from).ln()).clamp(0.0, 1.0)
    }

    /// The bar at a place on a drawing so many pixels wide.
    pub fn hit(&self, x: f64, width: f64) -> Option<&Bar> {
        let plot = plot(width, HEIGHT, 0);
        let at = (x - plot.x) / plot.width * self.bars.len() as f64;
        if at < 0.0 { None } else { self.bars.get(at as usize) }
    }
}

/// The plot below so many lines of labels.
fn plot(width: f64, height: f64, lines: usize) -> Area {
    let top = LINE * lines as f64 + 6.0;
    Area::new(LEFT, top, (width - LEFT - 12.0).max(1.0), (height - top - 26.0).max(1.0))
}

/// Draws it.
pub fn draw(ctx: &Context, palette: &Palette, histogram: &Histogram, width: f64, height: f64) -> Result<()> {
    // Which heights labels need depends on the width alone.
    let flags = flags(ctx, palette, histogram, plot(width, height, 0));
    let lines = flags.iter().map(|flag| flag.level + 1).max().unwrap_or(0);
    let plot = plot(width, height, lines);
    fill(ctx, plot, palette.panel)?;
    let most = histogram.bars.iter().map(|bar| bar.count).max().unwrap_or(0);
    let x = |ns: f64| plot.x + histogram.share(ns) * plot.width;
    let top = most.max(1) as f64 * 1.05;
    for tick in scale::ticks(top, 4).into_iter().filter(|tick| tick.fract() == 0.0) {
        let y = (plot.bottom() - tick / top * plot.height).round() + 0.5;
        line(ctx, (plot.x, y), (plot.right(), y), palette.grid, 1.0)?;
        let words = units::count(tick as u64);
        Label::new(&words, palette.dim).size(11.0).draw(ctx, plot.x - 6.0, y, Align::Right)?;
    }
    for bar in histogram.bars.iter().filter(|bar| bar.count > 0) {
        let slow = histogram.budget > 0 && bar.from >= histogram.budget as f64 * 0.999;
        let color = if slow { palette.slow } else { palette.group(Group::Frame) };
        // A single one among a million is seen, too.
        let tall = (bar.count as f64 / top * plot.height).max(3.0);
        let (left, right) = (x(bar.from).round(), x(bar.to).round());
        fill(ctx, Area::new(left, plot.bottom() - tall, (right - left - 1.0).max(1.0), tall), color)?;
    }
    lengths(ctx, palette, histogram, plot)?;
    marks(ctx, palette, &flags, plot)
}

/// The axis of lengths: round ones of each power of ten, as far as there is room.
fn lengths(ctx: &Context, palette: &Palette, histogram: &Histogram, plot: Area) -> Result<()> {
    let (Some(first), Some(last)) = (histogram.bars.first(), histogram.bars.last()) else { return Ok(()) };
    let powers = (4..14).map(|power| 10f64.powi(power));
    let round = powers.flat_map(|power| [power, 2.0 * power, 5.0 * power]);
    let mut free = f64::NEG_INFINITY;
    for ns in round.filter(|ns| (first.from..=last.to).contains(ns)) {
        let x = (plot.x + histogram.share(ns) * plot.width).round() + 0.5;
        line(ctx, (x, plot.bottom()), (x, plot.bottom() + 4.0), palette.dim, 1.0)?;
        let words = units::duration(ns as u64);
        let label = Label::new(&words, palette.dim).size(11.0);
        let half = label.width(ctx) / 2.0;
        if x - half > free && x + half < plot.right() + 12.0 {
            label.draw(ctx, x, plot.bottom() + 14.0, Align::Centre)?;
            free = x + half + 8.0;
        }
    }
    Ok(())
}

/// A percentile or the budget as it is drawn: a line with a label to its right or left, like a flag.
#[derive(Clone, Debug)]
struct Flag {
    words: String,
    bold: bool,
    x: f64,
    /// How wide its words are.
    wide: f64,
    /// Whether they are left of the line.
    flipped: bool,
    level: usize,
}

impl Flag {
    /// Where its words begin.
    fn left(&self) -> f64 {
        if self.flipped { self.x - 3.0 - self.wide } else { self.x + 3.0 }
    }

    /// Whether the line of another one would run through its words, were that as high.
    fn spans(&self, other: &Flag) -> bool {
        (self.left() - 2.0..=self.left() + self.wide + 2.0).contains(&other.x)
    }

    /// Whether its words would lie on those of another one, were both equally high.
    fn meets(&self, other: &Flag) -> bool {
        self.left() < other.left() + other.wide + 6.0 && other.left() < self.left() + self.wide + 6.0
    }
}

/// How bad some flags are: how often a line runs through words, how high they are, and how many are flipped.
type Badness = (usize, usize, usize);

/// Raises flags until no line runs through the words of another one and no words lie on others, as far as that goes.
fn raised(flags: &mut [Flag]) -> Badness {
    for _ in 0..flags.len() {
        for at in 0..flags.len() {
            let (one, others) = (flags[at].clone(), flags.iter().enumerate().filter(|(other, _)| *other != at));
            let above =
                others.filter(|(other, flag)| one.spans(flag) || (one.meets(flag) && !flag.spans(&one) && *other > at));
            flags[at].level = above.map(|(_, flag)| flag.level + 1).max().unwrap_or(0).min(LINES - 1);
        }
    }
    let pairs = flags.iter().enumerate().flat_map(|(at, one)| flags[at + 1..].iter().map(move |other| (one, other)));
    let bad = pairs.filter(|(one, other)| {
        let crossed = |a: &Flag, b: &Flag| a.spans(b) && a.level <= b.level;
        crossed(one, other) || crossed(other, one) || (one.level == other.level && one.meets(other))
    });
    let (bad, highest) = (bad.count(), flags.iter().map(|flag| flag.level).max().unwrap_or(0));
    (bad, highest, flags.iter().filter(|flag| flag.flipped).count())
}

/// Finds the sides and heights at which flags are read best, from one edge to the other. They are so few that all ways
/// are tried.
fn flown(flags: Vec<Flag>, (from, to): (f64, f64)) -> Vec<Flag> {
    let ways = (0..1u32 << flags.len().min(8)).filter_map(|way| {
        let mut flags = flags.clone();
        flags.iter_mut().enumerate().for_each(|(at, flag)| flag.flipped = way >> at & 1 == 1);
        let fits = flags.iter().all(|flag| flag.left() >= from && flag.left() + flag.wide <= to);
        fits.then(|| (raised(&mut flags), flags))
    });
    let best = ways.min_by_key(|(badness, _)| *badness);
    best.map_or(flags, |(_, flags)| flags)
}

/// The percentiles and the budget, each with a line and a label like a flag, of which none lies on another.
fn flags(ctx: &Context, palette: &Palette, histogram: &Histogram, plot: Area) -> Vec<Flag> {
    let mut all: Vec<(i64, String, bool)> = Vec::new();
    for &(ns, name) in &histogram.marks {
        match all.iter_mut().find(|(known, ..)| *known == ns) {
            Some((_, words, _)) => words.push_str(&format!(", {name}")),
            None => all.push((ns, name.to_owned(), false)),
        }
    }
    if all.is_empty() {
        return Vec::new();
    }
    if histogram.budget > 0 {
        all.push((histogram.budget, "budget".to_owned(), true));
    }
    all.sort_by_key(|&(ns, ..)| ns);
    let flag = |(ns, name, bold): (i64, String, bool)| {
        let words = format!("{name} {}", units::duration(u64::try_from(ns).unwrap_or(0)));
        let x = (plot.x + histogram.share(ns as f64) * plot.width).round() + 0.5;
        let label = Label::new(&words, palette.dim).size(11.0);
        let wide = if bold { label.bold().width(ctx) } else { label.width(ctx) };
        Flag { words, bold, x, wide, flipped: false, level: 0 }
    };
    flown(all.into_iter().map(flag).collect(), (2.0, plot.right() + 12.0))
}

fn marks(ctx: &Context, palette: &Palette, flags: &[Flag], plot: Area) -> Result<()> {
    for flag in flags {
        let middle = plot.y - 8.0 - LINE * flag.level as f64;
        let color = if flag.bold { palette.text } else { palette.dim };
        if flag.bold {
            ctx.set_dash(&[5.0, 3.0], 0.0);
        }
        line(ctx, (flag.x, middle - 5.0), (flag.x, plot.bottom()), color, 1.0)?;
        ctx.set_dash(&[], 0.0);
        let label = Label::new(&flag.words, color).size(11.0);
        let label = if flag.bold { label.bold() } else { label };
        label.draw(ctx, flag.left(), middle, Align::Left)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::reference::check;

    fn lengths() -> Vec<i64> {
        let mut all: Vec<i64> = (0..2_000).map(|at| 1_500_000 + (at * at) % 6_000_000).collect();
        all.extend([21_000_000, 30_000_000, 31_000_000, 74_000_000]);
        all.sort_unstable();
        all
    }

    #[test]
    fn every_frame_is_in_the_bar_of_its_length() {
        let lengths = lengths();
        let histogram = Histogram::of(&lengths, 16_666_667);
        assert_eq!(histogram.bars.iter().map(|bar| bar.count).sum::<u64>(), lengths.len() as u64);
        for bar in &histogram.bars {
            let within = lengths.iter().filter(|&&ns| (bar.from..bar.to).contains(&(ns as f64))).count();
            assert_eq!(within as u64, bar.count, "{bar:?}");
        }
        assert_eq!(histogram.marks.last(), Some(&(74_000_000, "most")));
        let last = histogram.hit(899.0 - 12.0, 900.0).unwrap();
        assert_eq!(last, histogram.bars.last().unwrap());
        assert_eq!(histogram.hit(10.0, 900.0), None);
    }

    #[test]
    fn no_line_runs_through_the_words_of_another() {
        let flag = |x: f64| Flag { words: String::new(), bold: false, x, wide: 70.0, flipped: false, level: 0 };
        let places: &[&[f64]] = &[
            &[100.0, 190.0, 238.0, 303.0, 323.0],
            &[60.0, 65.0, 70.0, 75.0, 330.0],
            &[60.0, 62.0, 300.0, 310.0, 320.0],
            &[315.0, 317.0, 320.0, 325.0, 330.0],
            &[100.0, 150.0, 200.0, 250.0, 300.0],
        ];
        for places in places {
            let mut flags = flown(places.iter().map(|&x| flag(x)).collect(), (2.0, 340.0));
            assert_eq!(raised(&mut flags).0, 0, "{flags:?}");
        }
    }

    #[test]
    fn buckets_are_bars_with_those_between_them() {
        let histogram = Histogram::of_buckets(&[(512, 1024, 0), (1024, 2048, 5), (8192, 16_384, 1)]);
        let bars: Vec<_> = histogram.bars.iter().map(|bar| (bar.from as u64, bar.count)).collect();
        assert_eq!(bars, [(1024, 5), (2048, 0), (4096, 0), (8192, 1)]);
        assert_eq!(histogram.marks.last(), Some(&(16_384, "most")));
        assert_eq!(Histogram::of_buckets(&[(512, 1024, 0)]), Histogram::default());
    }

    #[test]
    fn odd_lengths_are_no_trouble() {
        assert!(Histogram::of(&[], 16_666_667).bars.is_empty());
        assert_eq!(Histogram::of(&[0, 5], 16_666_667).bars[0].count, 2);
        let huge = Histogram::of(&[i64::MAX], 0);
        assert_eq!(huge.bars.iter().map(|bar| bar.count).sum::<u64>(), 1);
    }

    #[test]
    fn pictures() {
        let histogram = Histogram::of(&lengths(), 16_666_667);
        check("histogram", 460.0, HEIGHT, |ctx, palette, width, height| draw(ctx, palette, &histogram, width, height));
        let one = Histogram::of(&[5_000_000], 16_666_667);
        check("histogram-one", 300.0, HEIGHT, |ctx, palette, width, height| draw(ctx, palette, &one, width, height));
    }
}
