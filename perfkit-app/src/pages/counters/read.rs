//! Which counters a session has, and what they were in a stretch: through the pyramid, as many values as pixels.

use std::collections::{BTreeMap, HashMap};

use perfkit_agent::Result;
use perfkit_agent::session::pyramid::Bin;
use perfkit_agent::session::{Series, Shape};

use crate::draw::counters::{Lane, Point, rises};
use crate::draw::timeline::lanes::{MACHINE, TELLING};
use crate::link::Reader;
use crate::model::Range;
use crate::pages::follow::Wanted;

/// Counters that are shown before anybody has chosen.
const FEW: usize = 6;
/// So far before and after a stretch the values beside it are looked for, in nanoseconds; then in all of the session.
const NEAR: i64 = 2_000_000_000;
/// Into so many columns those are looked for.
const COARSE: usize = 64;

/// A counter.
#[derive(Clone, Debug)]
pub struct Counter {
    /// The place of its series among the session's, and its track.
    pub key: (usize, u32),
    /// Its dotted name.
    pub name: String,
    /// Whose it is; empty where it belongs to no process.
    pub of: String,
    /// The unit of its values.
    pub unit: String,
    /// Whether what matters of it is how fast it rises.
    pub counts_up: bool,
    /// What it is, in a sentence; may be empty.
    pub doc: String,
    /// Whether it is shown before anybody has chosen.
    pub shown: bool,
}

/// The counters of a session, by name.
pub fn list(reader: &Reader, whole: Range) -> Result<Vec<Counter>> {
    let sql = "SELECT name, coalesce(semantics, ''), coalesce(unit, ''), coalesce(doc, '') FROM names";
    let names = reader.query.read(sql, [], |row| {
        Ok((row.get::<_, String>(0)?, (row.get::<_, String>(1)?, row.get::<_, String>(2)?, row.get::<_, String>(3)?)))
    })?;
    let names: HashMap<String, (String, String, String)> = names.into_iter().collect();
    let sql = "SELECT pid, coalesce(name, '') FROM processes";
    let processes = reader.query.read(sql, [], |row| Ok((row.get::<_, i32>(0)?, row.get::<_, String>(1)?)))?;
    let processes: HashMap<i32, String> = processes.into_iter().collect();
    let sql = "SELECT tid, coalesce(name, '') FROM threads";
    let threads = reader.query.read(sql, [], |row| Ok((row.get::<_, i32>(0)?, row.get::<_, String>(1)?)))?;
    let threads: HashMap<i32, String> = threads.into_iter().collect();
    let mut counters: Vec<(Counter, usize)> = Vec::new();
    for (at, series) in reader.session.series().iter().enumerate() {
        if series.schema.shape != Shape::Sample {
            continue;
        }
        for (track, of) in reader.session.tracks(series.id)? {
            let window = reader.session.window(series, track, whole.begin, whole.end, 1)?;
            let Some(bin) = window.bins.first().filter(|bin| bin.count > 0) else { continue };
            let name = if of.label.is_empty() { series.schema.name.to_string() } else { of.label };
            let (semantics, unit, doc) = names.get(&name).cloned().unwrap_or_default();
            let whose = |id: i32, names: &HashMap<i32, String>| match names.get(&id).filter(|name| !name.is_empty()) {
                Some(name) => format!("{name} ({id})"),
                None => id.to_string(),
            };
            let of = match (of.pid, of.tid) {
                (0, _) => String::new(),
                (pid, 0) => whose(pid, &processes),
                (_, tid) => whose(tid, &threads),
            };
            // What never changes is seldom what is looked for.
            let rank = if bin.max > bin.min { rank(&name) } else { usize::MAX };
            let counts_up = semantics == "counter";
            counters.push((Counter { key: (at, track), name, of, unit, counts_up, doc, shown: false }, rank));
        }
    }
    counters.sort_by(|a, b| (&a.0.name, &a.0.of).cmp(&(&b.0.name, &b.0.of)));
    let mut best: BTreeMap<(usize, usize), ()> = BTreeMap::new();
    for (place, (_, rank)) in counters.iter().enumerate().filter(|(_, (_, rank))| *rank < usize::MAX) {
        best.insert((*rank, place), ());
    }
    for ((_, place), ()) in best.into_iter().take(FEW) {
        counters[place].0.shown = true;
    }
    Ok(counters.into_iter().map(|(counter, _)| counter).collect())
}

/// The lower, the sooner a counter is shown: the program's own before those that tell most about any program.
fn rank(name: &str) -> usize {
    if !MACHINE.iter().any(|prefix| name.starts_with(prefix)) {
        return 0;
    }
    TELLING.iter().position(|telling| *telling == name).map_or(usize::MAX, |place| place + 1)
}

/// What some counters were in a stretch of so many pixels, with the values before and after it.
pub fn lanes(
    reader: &Reader,
    counters: &[(usize, Counter)],
    range: Range,
    whole: Range,
    columns: usize,
    wanted: &Wanted,
) -> Result<Vec<Lane>> {
    let mut lanes = Vec::new();
    for (colour, counter) in counters {
        if !wanted.still() {
            break;
        }
        let Some(series) = reader.session.series().get(counter.key.0) else { continue };
        let mut points = points(reader, series, counter.key.1, range, columns)?;
        // One more before it, so that the rise to the first is known.
        let before = beside(reader, series, counter.key.1, range, whole, false)?;
        points.splice(0..0, before);
        points.extend(beside(reader, series, counter.key.1, range, whole, true)?);
        let since = points.first().map(|first| first.time).filter(|_| counter.counts_up);
        if counter.counts_up {
            points = rises(&points);
        }
        lanes.push(Lane {
            name: counter.name.clone(),
            of: counter.of.clone(),
            unit: counter.unit.clone(),
            counts_up: counter.counts_up,
            colour: *colour,
            points,
            since,
        });
    }
    Ok(lanes)
}

/// The values of a track in a stretch, into so many columns.
pub fn points(reader: &Reader, series: &Series, track: u32, range: Range, columns: usize) -> Result<Vec<Point>> {
    let window = reader.session.window(series, track, range.begin, range.end, columns)?;
    let wide = range.length() as f64 / columns.max(1) as f64;
    let point = |(at, bin): (usize, &Bin)| Point {
        // A single value has its own moment.
        time: if bin.count == 1 { bin.at } else { range.begin + ((at as f64 + 0.5) * wide) as i64 },
        min: bin.min,
        mean: bin.sum / bin.count as f64,
        max: bin.max,
    };
    Ok(window.bins.iter().enumerate().filter(|(_, bin)| bin.count > 0).map(point).collect())
}

/// The value before a stretch, or after it.
pub fn beside(
    reader: &Reader,
    series: &Series,
    track: u32,
    range: Range,
    whole: Range,
    after: bool,
) -> Result<Option<Point>> {
    for reach in [NEAR, whole.length()] {
        let near = match after {
            false => Range::new(range.begin.saturating_sub(reach).max(whole.begin), range.begin.max(whole.begin)),
            true => Range::new(range.end.min(whole.end), range.end.saturating_add(reach).min(whole.end)),
        };
        let found = points(reader, series, track, near, COARSE)?;
        let found = if after { found.first() } else { found.last() };
        if let Some(point) = found {
            return Ok(Some(*point));
        }
    }
    Ok(None)
}
