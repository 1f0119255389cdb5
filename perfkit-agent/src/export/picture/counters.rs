//! The counters of a picture: values over time, or how much was counted in each pixel, of those that tell most.

use std::collections::BTreeMap;

use gdkrecord::draw::scale::Range;
use gdkrecord::draw::timeline::collect::Lane;
use gdkrecord::kind::Group;
use gdkrecord::units;
use rustc_hash::FxHashMap;

use super::super::reading::Row;
use super::super::{Done, Reading};
use crate::session::query::Value;
use crate::source::Semantics;

/// Lanes at most.
const MOST: usize = 8;
/// Counters told apart while reading: bounds the memory.
const TOLD_APART: usize = 512;
/// What changes by a smaller share than this has no story.
const LEAST_CHANGE: f64 = 0.02;

/// Gathers counters.
pub struct Counters {
    range: Range,
    columns: usize,
    /// Whether it counts up, and its unit, by name.
    names: FxHashMap<String, (bool, String)>,
    counters: BTreeMap<(i32, String), Counter>,
    /// Values so far.
    pub rows: u64,
}

#[derive(Default)]
struct Counter {
    counts: bool,
    /// The last value of each track: threads of a process count under one name, each for itself.
    last: FxHashMap<u32, f64>,
    total: f64,
    values: Vec<Option<(f64, f64)>>,
}

impl Counters {
    pub fn new(reading: &Reading<'_>, range: Range, columns: usize) -> Done<Counters> {
        let sql = "SELECT name, coalesce(semantics, ''), coalesce(unit, '') FROM main.name";
        let names = reading.ask(sql, |row| {
            let semantics: String = row.get(1)?;
            Ok((row.get::<_, String>(0)?, (semantics == Semantics::Counter.name(), row.get::<_, String>(2)?)))
        })?;
        let names = names.into_iter().collect();
        Ok(Counters { range, columns, names, counters: BTreeMap::new(), rows: 0 })
    }

    /// Takes a value in.
    pub fn put(&mut self, row: &Row<'_>) {
        let at = self.range.column(row.time.max(0) as u64, self.columns);
        let (Some(&Value::Real(value)), Some(at)) = (row.cells.first(), at) else { return };
        self.rows += 1;
        let key = (row.track.pid, row.track.label.clone());
        if !self.counters.contains_key(&key) && self.counters.len() >= TOLD_APART {
            return;
        }
        let counter = self.counters.entry(key).or_insert_with_key(|(_, name)| {
            let counts = self.names.get(name).is_some_and(|(counts, _)| *counts);
            // A value holds until the next one; what was counted was so at its moment.
            let values = vec![counts.then_some((0.0, 0.0)); self.columns];
            Counter { counts, values, ..Counter::default() }
        });
        let more = counter.more(row.track_id, value);
        let Some(column) = counter.values.get_mut(at) else { return };
        if counter.counts {
            counter.total += more;
            let sum = column.map_or(0.0, |(_, sum)| sum) + more;
            *column = Some((sum, sum));
        } else {
            let (least, most) = column.unwrap_or((value, value));
            *column = Some((least.min(value), most.max(value)));
        }
    }

    /// The lanes of those that tell most, gauges and counters in turns: first those of processes, then those that
    /// change most, or count most often.
    pub fn lanes(self) -> Vec<Lane> {
        let change = |counter: &Counter| {
            let (least, most) = counter.spread();
            if most > least { (most - least) / most.abs().max(least.abs()) } else { 0.0 }
        };
        let tells = |counter: &Counter| {
            let active = counter.values.iter().flatten().filter(|(_, most)| *most > 0.0).count();
            if counter.counts { active as f64 } else { change(counter) }
        };
        let ranked = |counts: bool| {
            let mut of: Vec<(&(i32, String), &Counter)> = self.counters.iter().collect();
            of.retain(|(_, counter)| counter.counts == counts && change(counter) >= LEAST_CHANGE);
            of.sort_by(|(a, one), (b, other)| (b.0 > 0).cmp(&(a.0 > 0)).then(tells(other).total_cmp(&tells(one))));
            of.into_iter().enumerate()
        };
        let mut all: Vec<_> = ranked(false).chain(ranked(true)).collect();
        all.sort_by_key(|(rank, _)| *rank);
        all.truncate(MOST);
        let mut all: Vec<_> = all.into_iter().map(|(_, counter)| counter).collect();
        all.sort_by_key(|(key, _)| &key.1);
        let lane = |((_, name), counter): (&(i32, String), &Counter)| {
            let mut lane = Lane::new(name.clone(), Group::Process, self.range, self.columns);
            let unit = self.names.get(name).map_or("", |(_, unit)| unit);
            let (least, most) = counter.spread();
            lane.section = Some("Counters");
            lane.words = match counter.counts {
                true => format!("+{} in all", words(counter.total, unit)),
                false => format!("{} to {}", words(least, unit), words(most, unit)),
            };
            lane.values = counter.values.clone();
            lane
        };
        all.into_iter().map(lane).collect()
    }
}

impl Counter {
    /// What a track has counted since its last value.
    fn more(&mut self, track: u32, value: f64) -> f64 {
        // What goes down has begun anew.
        self.last.insert(track, value).map_or(0.0, |before| (value - before).max(0.0))
    }

    /// The least and the greatest of what its lane shows.
    fn spread(&self) -> (f64, f64) {
        let around = |a: (f64, f64), b: (f64, f64)| (a.0.min(b.0), a.1.max(b.1));
        self.values.iter().flatten().copied().reduce(around).unwrap_or_default()
    }
}

/// A value in its unit.
fn words(value: f64, unit: &str) -> String {
    match unit {
        "bytes" if value >= 0.0 => units::bytes(value as u64),
        "ns" if value >= 0.0 => units::duration(value as u64),
        _ if value.fract() == 0.0 && (0.0..9e15).contains(&value) => units::count(value as u64),
        _ => format!("{value:.3}").trim_end_matches('0').trim_end_matches('.').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_that_count_under_one_name_count_each_for_itself() {
        let mut counter = Counter::default();
        let counted: Vec<f64> = [(1, 100.0), (2, 5.0), (1, 130.0), (2, 9.0), (1, 7.0), (2, 10.0)]
            .map(|(track, value)| counter.more(track, value))
            .into();
        assert_eq!(counted, [0.0, 0.0, 30.0, 4.0, 0.0, 1.0]);
    }

    #[test]
    fn values_are_told_in_their_units() {
        for (value, unit, text) in [
            (1_572_864.0, "bytes", "1.50 MiB"),
            (2_500_000.0, "ns", "2.50 ms"),
            (36.25, "", "36.25"),
            (12.0, "count", "12"),
            (-0.5, "bytes", "-0.5"),
        ] {
            assert_eq!(words(value, unit), text);
        }
    }
}
