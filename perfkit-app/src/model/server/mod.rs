//! What the agent's server counted about itself, over a stretch: from a session, or as it is told by an agent now.
//!
//! [`sections`] is the one table of what is shown of it; [`History`] has the values and reckons with them.

pub mod sections;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use perfkit_agent::server::metrics::Family;
use perfkit_agent::server::names::{Named, Part};
use perfkit_agent::session::Shape;

use super::Range;
use crate::link::Reader;
use sections::{Figure, How, Line, Only, Section};

/// A counter of the server.
#[derive(Clone, Debug)]
pub struct Series {
    /// What it counts.
    pub named: Named,
    /// Whether it counts up.
    pub counts_up: bool,
    /// Its values with their times, of which the first may lie before the stretch. Each holds until the next.
    pub points: Vec<(i64, f64)>,
}

/// All of them over a stretch.
#[derive(Clone, Debug, Default)]
pub struct History {
    series: Vec<Series>,
}

/// A bucket of durations: from and to in nanoseconds, and how many were in it.
pub type Bucket = (u64, u64, u64);

/// Several values that are asked for as one: those of a family, of a label's value and a choice of another label.
#[derive(Clone, Copy, Debug)]
pub struct Which<'a> {
    /// The family.
    pub family: &'static Family,
    /// A label and its value; the label may be empty, for all.
    pub of: (&'a str, &'a str),
    /// Only those of which this label's value is chosen.
    pub only: Only,
}

impl Which<'_> {
    fn fits(&self, series: &Series, part: Part) -> bool {
        let (label, value) = self.of;
        std::ptr::eq(series.named.family, self.family)
            && series.named.part == part
            && (label.is_empty() || series.named.label(label) == value)
            && self.only.is_none_or(|(label, chosen)| chosen(series.named.label(label)))
    }
}

impl History {
    /// Of these. What counts up and is first heard of later than the others began at nothing.
    pub fn new(mut series: Vec<Series>) -> History {
        let begin = series.iter().filter_map(|one| one.points.first()).map(|(time, _)| *time).min();
        for one in series.iter_mut().filter(|one| one.counts_up) {
            match (begin, one.points.first()) {
                (Some(begin), Some(&(first, _))) if first > begin => one.points.insert(0, (begin, 0.0)),
                _ => {}
            }
        }
        History { series }
    }

    /// Whether there is anything.
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// Whether anything was told of a family.
    pub fn has(&self, family: &'static Family) -> bool {
        self.series.iter().any(|series| std::ptr::eq(series.named.family, family))
    }

    /// From the first value to the last.
    pub fn extent(&self) -> Option<(i64, i64)> {
        let first = self.series.iter().filter_map(|one| one.points.first()).map(|(time, _)| *time).min()?;
        let last = self.series.iter().filter_map(|one| one.points.last()).map(|(time, _)| *time).max()?;
        Some((first, last))
    }

    /// The values of a label in some families, numbers in their order.
    pub fn keys(&self, label: &str, families: &[&'static Family]) -> Vec<String> {
        let of = self.series.iter().filter(|one| families.iter().any(|family| std::ptr::eq(one.named.family, *family)));
        let keys: BTreeSet<&str> = of.map(|one| one.named.label(label)).filter(|key| !key.is_empty()).collect();
        let mut keys: Vec<String> = keys.into_iter().map(str::to_owned).collect();
        keys.sort_by_key(|key| key.parse::<u64>().unwrap_or(u64::MAX));
        keys
    }

    /// The keys of a section's rows.
    pub fn rows(&self, section: &Section) -> Vec<String> {
        match section.by {
            "" => vec![String::new()],
            by => self.keys(by, &section.figures.iter().map(|figure| figure.family).collect::<Vec<_>>()),
        }
    }

    /// The sum of some values at each time that any of them has.
    fn sum(&self, which: &Which<'_>, part: Part) -> Vec<(i64, f64)> {
        let all: Vec<&Series> = self.series.iter().filter(|series| which.fits(series, part)).collect();
        if let [only] = all.as_slice() {
            return only.points.clone();
        }
        let times: BTreeSet<i64> = all.iter().flat_map(|one| one.points.iter().map(|(time, _)| *time)).collect();
        let at = |time: i64| all.iter().filter_map(|one| held(&one.points, time)).sum();
        times.into_iter().map(|time| (time, at(time))).collect()
    }

    /// How a line goes: its values with their times, each as of the time since the one before.
    pub fn line(&self, line: &Line, key: &str) -> Vec<(i64, f64)> {
        let part = line.how.part();
        let values = self.sum(&Which { family: line.family, of: (line.by, key), only: line.only }, part);
        if !line.how.is_rate() {
            return values;
        }
        let rate = |pair: &[(i64, f64)]| {
            let seconds = (pair[1].0 - pair[0].0) as f64 / 1e9;
            // One that was set back began anew.
            let rise = (pair[1].1 - pair[0].1).max(0.0);
            (pair[1].0, if seconds > 0.0 { line.how.scale() * rise / seconds } else { 0.0 })
        };
        values.windows(2).map(rate).collect()
    }

    /// A figure of a row over a stretch; nothing where it is not known.
    pub fn figure(&self, figure: &Figure, by: &str, key: &str, range: Range) -> Option<f64> {
        let which = Which { family: figure.family, of: (by, key), only: figure.only };
        let rise = |part| {
            let values = self.sum(&which, part);
            // A stretch that begins before anything was told begins where that was.
            let begin = held(&values, range.begin).or_else(|| values.first().map(|(_, value)| *value))?;
            let from = values.first()?.0.max(range.begin);
            let to = values.last()?.0.min(range.end);
            let rise = (held(&values, range.end)? - begin).max(0.0);
            Some((rise, (to - from).max(0) as f64 / 1e9))
        };
        match figure.how {
            How::Total => rise(Part::Value).map(|(rise, _)| rise),
            How::Times => rise(Part::Count).map(|(rise, _)| rise),
            How::Rate | How::Share | How::TimesRate => {
                let (rise, seconds) = rise(figure.how.part()).filter(|(_, seconds)| *seconds > 0.0)?;
                Some(figure.how.scale() * rise / seconds)
            }
            How::Most => {
                let values = self.sum(&which, Part::Value);
                let within = values.iter().filter(|(time, _)| range.contains(*time)).map(|(_, value)| *value);
                held(&values, range.begin).into_iter().chain(within).reduce(f64::max)
            }
            How::Percentile(share) => percentile(&self.buckets(&which, range), share),
        }
    }

    /// How many durations of each length there were in a stretch, from the shortest to the longest.
    pub fn buckets(&self, which: &Which<'_>, range: Range) -> Vec<Bucket> {
        let ends: BTreeSet<u64> = self
            .series
            .iter()
            .filter_map(|one| match one.named.part {
                Part::Bucket(end) if which.fits(one, one.named.part) => Some(end),
                _ => None,
            })
            .collect();
        let count = |end: u64| {
            let values = self.sum(which, Part::Bucket(end));
            let begin = held(&values, range.begin).or_else(|| values.first().map(|(_, value)| *value)).unwrap_or(0.0);
            (held(&values, range.end).unwrap_or(begin) - begin).max(0.0) as u64
        };
        // Each is twice as long as the one before.
        ends.into_iter().map(|end| (end / 2, end, count(end))).collect()
    }
}

/// Whether a session has any of them.
pub fn there(reader: &Reader) -> bool {
    let samples = reader.session.series().iter().filter(|series| series.schema.shape == Shape::Sample);
    let mut tracks = samples.flat_map(|series| reader.session.tracks(series.id).unwrap_or_default());
    tracks.any(|(_, track)| Named::read(&track.label).is_some())
}

/// The value at a moment: the last before it.
fn held(points: &[(i64, f64)], time: i64) -> Option<f64> {
    let after = points.partition_point(|(at, _)| *at <= time);
    points.get(after.checked_sub(1)?).map(|(_, value)| *value)
}

/// The duration below which a share of all lies, in nanoseconds, as if those of a bucket were evenly long.
pub fn percentile(buckets: &[Bucket], share: f64) -> Option<f64> {
    let all: u64 = buckets.iter().map(|(_, _, count)| count).sum();
    let rank = share * all as f64;
    let mut before = 0.0;
    for &(from, to, count) in buckets.iter().filter(|(_, _, count)| *count > 0) {
        if before + count as f64 >= rank {
            return Some(from as f64 + (to - from) as f64 * ((rank - before) / count as f64).clamp(0.0, 1.0));
        }
        before += count as f64;
    }
    None
}
