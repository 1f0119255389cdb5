//! Measures of replays: of one run, and of several together, with how far they spread.

use std::path::Path;

use gdkrecord::units;
use rusqlite::Connection;

use super::Account;
use crate::analysis::latency::percentile;
use crate::analysis::{Analysis, analyse};
use crate::error::Result;
use crate::input::{Action, Script};
use crate::session::query::Query;

/// What a measure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds.
    Time,
    /// A number of things.
    Count,
    /// Pixels.
    Area,
    /// Bytes.
    Bytes,
}

impl Unit {
    /// A value in words.
    pub fn words(self, value: f64) -> String {
        let whole = value.max(0.0).round() as u64;
        match self {
            Unit::Time => units::duration(whole),
            Unit::Count => units::count(whole),
            Unit::Area => units::area(whole),
            Unit::Bytes => units::bytes(whole),
        }
    }
}

/// What is measured of each run, from its first input to its end.
pub struct Measure {
    /// Its name for programs.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it counts.
    pub unit: Unit,
    /// Its value in a session; none where nothing was recorded of it.
    of: fn(&Facts<'_>) -> Option<f64>,
}

/// What there is to measure.
struct Facts<'a> {
    db: &'a Connection,
    analysis: &'a Analysis,
    /// From the first input to the end.
    place: (i64, i64),
}

impl Facts<'_> {
    fn frames(&self, share: f64) -> Option<f64> {
        percentile(&self.analysis.frames, share).map(|ns| ns as f64)
    }

    fn latency(&self, share: f64) -> Option<f64> {
        let mut all: Vec<i64> = self.analysis.answers.iter().map(|answer| answer.latency()).collect();
        all.sort_unstable();
        percentile(&all, share).map(|ns| ns as f64)
    }

    /// A number between the first input and the end; none where it is null or nothing.
    fn ask(&self, sql: &str) -> Option<f64> {
        let (from, to) = self.place;
        self.db.query_row(sql, [from, to], |row| row.get::<_, Option<f64>>(0)).ok().flatten()
    }
}

/// The processor time of all processes between two times: what each had at the end less what it had at the begin.
const CPU: &str = "SELECT sum(used) FROM (SELECT max(value) - coalesce(max(CASE WHEN time <= ?1 THEN value END), 0) AS used \
                   FROM counters WHERE name IN ('proc.cpu.user', 'proc.cpu.system') AND time <= ?2 GROUP BY pid, name)";
const CALLS: &str = "SELECT nullif(count(*), 0) FROM syscalls WHERE time BETWEEN ?1 AND ?2";
const MEMORY: &str = "SELECT sum(most) FROM (SELECT max(value) AS most FROM counters WHERE name = 'proc.memory.rss' AND time BETWEEN ?1 AND \
     ?2 GROUP BY pid)";

/// All measures.
pub const MEASURES: &[Measure] = &[
    Measure {
        name: "time",
        title: "time from the first input to the end",
        unit: Unit::Time,
        of: |facts| Some((facts.place.1 - facts.place.0) as f64),
    },
    Measure {
        name: "frames",
        title: "frames",
        unit: Unit::Count,
        of: |facts| Some(facts.analysis.frames.len() as f64).filter(|count| *count > 0.0),
    },
    Measure { name: "frame_p50", title: "work of a frame, p50", unit: Unit::Time, of: |facts| facts.frames(0.5) },
    Measure { name: "frame_p90", title: "work of a frame, p90", unit: Unit::Time, of: |facts| facts.frames(0.9) },
    Measure { name: "frame_p99", title: "work of a frame, p99", unit: Unit::Time, of: |facts| facts.frames(0.99) },
    Measure {
        name: "over_budget",
        title: "frames over their budget",
        unit: Unit::Count,
        of: |facts| (!facts.analysis.frames.is_empty()).then_some(facts.analysis.slow.len() as f64),
    },
    Measure { name: "latency_p50", title: "input to frame, p50", unit: Unit::Time, of: |facts| facts.latency(0.5) },
    Measure { name: "latency_p90", title: "input to frame, p90", unit: Unit::Time, of: |facts| facts.latency(0.9) },
    Measure { name: "latency_p99", title: "input to frame, p99", unit: Unit::Time, of: |facts| facts.latency(0.99) },
    Measure {
        name: "busy",
        title: "main loop busy",
        unit: Unit::Time,
        of: |facts| Some(facts.analysis.worked as f64).filter(|ns| *ns > 0.0),
    },
    Measure { name: "cpu", title: "processor time", unit: Unit::Time, of: |facts| facts.ask(CPU) },
    Measure { name: "syscalls", title: "system calls", unit: Unit::Count, of: |facts| facts.ask(CALLS) },
    Measure {
        name: "repainted",
        title: "repainted",
        unit: Unit::Area,
        of: |facts| {
            let painted: i64 = facts.analysis.windows.iter().map(|window| window.repaint.repainted).sum();
            Some(painted as f64).filter(|px| *px > 0.0)
        },
    },
    Measure { name: "memory", title: "memory, most", unit: Unit::Bytes, of: |facts| facts.ask(MEMORY) },
];

/// What a run gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    /// The value of each of [`MEASURES`], where something was recorded of it.
    pub values: Vec<Option<f64>>,
    /// For each step of the script the latency of its input, in nanoseconds, where a frame answered it.
    pub steps: Vec<Option<i64>>,
}

/// Measures the session of a run.
pub fn run(session: &Path, script: &Script, account: &Account) -> Result<Run> {
    let query = Query::open(session)?;
    // Until the first window is there the program starts, which is not what was done with it.
    let input = script.steps.iter().position(|step| !matches!(step.action, Action::WaitFor(_)));
    let first = input.and_then(|at| account.begins.get(at));
    let (Some(&first), Some(&last)) = (first, account.times.last()) else { return Ok(Run::default()) };
    let place = (first as i64, last as i64 + SETTLES);
    let analysis = analyse(&query, place.0, place.1)?;
    let facts = Facts { db: query.db(), analysis: &analysis, place };
    let values = MEASURES.iter().map(|measure| (measure.of)(&facts)).collect();
    let steps = account.begins.iter().zip(&account.times).map(|(&begin, &end)| {
        let within = analysis.answers.iter().filter(|answer| (begin as i64..=end as i64).contains(&answer.input.time));
        within.map(|answer| answer.latency()).max()
    });
    Ok(Run { values, steps: steps.collect() })
}

/// So long after the last step its frames belong to it, in nanoseconds.
const SETTLES: i64 = 500_000_000;

/// What several values are together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The one in the middle.
    pub median: f64,
    /// Between which the middle half lies.
    pub half: (f64, f64),
    /// The least and the most.
    pub range: (f64, f64),
}

/// The spread of values; none of no values.
pub fn spread(values: impl IntoIterator<Item = f64>) -> Option<Spread> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let (&least, &most) = (values.first()?, values.last()?);
    let at = |share: f64| {
        // Between two values in proportion, which is what R and NumPy do by default.
        let place = share * (values.len() - 1) as f64;
        let (low, part) = (place.floor() as usize, place.fract());
        let next = values.get(low + 1).unwrap_or(&most);
        values[low] + (next - values[low]) * part
    };
    Some(Spread { median: at(0.5), half: (at(0.25), at(0.75)), range: (least, most) })
}

impl Spread {
    /// The value in the middle, the middle half and all of it, in words.
    pub fn words(&self, unit: Unit) -> [String; 3] {
        let between = |(low, high): (f64, f64)| format!("{} to {}", unit.words(low), unit.words(high));
        [unit.words(self.median), between(self.half), between(self.range)]
    }
}

/// What the measure at that place of [`MEASURES`] was in the runs that have it.
pub fn of_measure<'r>(runs: impl Iterator<Item = &'r Run>, measure: usize) -> Option<Spread> {
    spread(runs.filter_map(|run| run.values.get(measure).copied().flatten()))
}

/// The latencies of a step in the runs in which a frame answered it.
pub fn of_step<'r>(runs: impl Iterator<Item = &'r Run>, step: usize) -> Option<Spread> {
    spread(runs.filter_map(|run| run.steps.get(step).copied().flatten()).map(|ns| ns as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_that_of_the_values() {
        let of = spread([4.0, 1.0, 3.0, 2.0, 5.0]).unwrap();
        assert_eq!(of, Spread { median: 3.0, half: (2.0, 4.0), range: (1.0, 5.0) });
        let of = spread([1.0, 2.0]).unwrap();
        assert_eq!((of.median, of.half), (1.5, (1.25, 1.75)));
        assert_eq!(spread([7.0]).unwrap().half, (7.0, 7.0));
        assert_eq!(spread([]), None);
    }

    #[test]
    fn measures_have_names_of_their_own() {
        let mut names: Vec<&str> = MEASURES.iter().map(|measure| measure.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), MEASURES.len());
    }
}
