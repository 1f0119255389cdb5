//! `counter`: the readings of counters and gauges by their dotted name.
//!
//! A name stands for itself and for all names below it. Readings of a gauge are its values; those of a counter, which
//! only grows, are its growth in a second, from each reading of a track to the next.

use rusqlite::types::Value as Sql;
use serde_json::{Value, json};

use super::{Reading, numbers, sql};
use crate::server::script::Answer;
use crate::session::names::after;

/// A time in nanoseconds, and a value.
type Point = (i64, f64);

/// One counter of one process or thread.
struct Track {
    name: String,
    pid: i64,
    tid: i64,
    /// Whether it only grows.
    grows: bool,
    /// As they were recorded.
    points: Vec<Point>,
}

/// Those that a script names: `{ name, pid, from, to, raw }`.
struct Chosen {
    tracks: Vec<Track>,
    /// Where the last value of a gauge ends.
    end: i64,
    unit: String,
}

/// `counter(chosen, what, …)`.
pub fn counter(reading: &Reading<'_>, arguments: &[Value]) -> Result<Answer, String> {
    let chosen = Chosen::new(reading, arguments.first().unwrap_or(&Value::Null))?;
    match super::text(arguments, 1).unwrap_or_default() {
        "stats" => Ok(Answer::from(chosen.stats())),
        "percentile" => {
            let share = arguments.get(2).and_then(Value::as_f64).ok_or("percentile() wants a number from 0 to 100")?;
            let mut values: Vec<f64> = chosen.readings().map(|(_, value)| value).collect();
            Ok(Answer::from(json!(numbers::percentile(&mut values, share)?)))
        }
        "histogram" => {
            let values: Vec<f64> = chosen.readings().map(|(_, value)| value).collect();
            numbers::histogram(&values, arguments.get(2))
        }
        "values" => Ok(chosen.columns()),
        what => Err(format!("nothing is known of `{}` of counters", what.escape_debug())),
    }
}

impl Chosen {
    fn new(reading: &Reading<'_>, said: &Value) -> Result<Chosen, String> {
        let name = said["name"].as_str().ok_or("a counter is named by a text")?;
        let time = |of: &str, otherwise: i64| match &said[of] {
            Value::Null => Ok(otherwise),
            time => time.as_i64().or_else(|| time.as_f64().map(|time| time as i64)).ok_or("a time is a number"),
        };
        let (from, to) = (time("from", i64::MIN)?, time("to", i64::MAX)?);
        let raw = said["raw"] == true;
        // All that lies below a name begins with it and a dot.
        let below = format!("{name}.");
        let beyond = after(&below).unwrap_or_default();
        let pid = said["pid"].as_i64().map_or(Sql::Null, Sql::Integer);
        let text = "SELECT tracks.id AS id, pid, tid, label, semantics, coalesce(unit, '') AS unit FROM tracks
                    LEFT JOIN main.name ON main.name.name = label WHERE series = 'counters'
                    AND (label = ?1 OR label >= ?2 AND label < ?3) AND (?4 IS NULL OR pid = ?4) ORDER BY label, tracks.id";
        let found = sql::rows(reading, text, &[name.to_owned().into(), below.into(), beyond.into(), pid])?;
        if found.is_empty() {
            return Err(format!("the session has no counter `{}`", name.escape_debug()));
        }
        let end: Option<i64> = reading
            .query
            .db()
            .query_row("SELECT max(until) FROM main.chunk", [], |row| row.get(0))
            .map_err(sql::wrong)?;
        let mut unit = found[0]["unit"].as_str().unwrap_or_default().to_owned();
        if found.iter().any(|track| track["unit"] != *unit) {
            unit.clear();
        }
        let word = |track: &Value, of: &str| track[of].as_str().unwrap_or_default().to_owned();
        let track = |track: &Value| {
            let id = track["id"].as_i64().unwrap_or(0);
            Ok(Track {
                name: word(track, "label"),
                pid: track["pid"].as_i64().unwrap_or(0),
                tid: track["tid"].as_i64().unwrap_or(0),
                grows: !raw && word(track, "semantics") == "counter",
                points: points(reading, id, from, to)?,
            })
        };
        let tracks = found.iter().map(track).collect::<Result<Vec<_>, String>>()?;
        Ok(Chosen { tracks, end: end.unwrap_or(i64::MIN).min(to), unit })
    }

    /// Times, and what was read then, of all tracks.
    fn readings(&self) -> impl Iterator<Item = Point> {
        self.tracks.iter().flat_map(Track::readings)
    }

    fn stats(&self) -> Value {
        let (mut count, mut min, mut max) = (0u64, f64::INFINITY, f64::NEG_INFINITY);
        let (mut first, mut last): (Option<Point>, Option<Point>) = (None, None);
        for (time, value) in self.readings() {
            count += 1;
            (min, max) = (min.min(value), max.max(value));
            first = first.filter(|first| first.0 <= time).or(Some((time, value)));
            last = last.filter(|last| last.0 > time).or(Some((time, value)));
        }
        let sum: f64 = self.tracks.iter().map(Track::sum).sum();
        let rate: f64 = self.tracks.iter().map(Track::rate).sum();
        let grows = self.tracks.iter().any(|track| track.grows);
        let held: Vec<f64> = self.tracks.iter().filter_map(|track| track.held(self.end)).collect();
        let mean = if grows { rate } else { held.iter().sum::<f64>() / held.len().max(1) as f64 };
        let some = |value: f64| (count > 0).then_some(value);
        json!({
            "unit": if grows && !self.unit.is_empty() { format!("{}/s", self.unit) } else { self.unit.clone() },
            "semantics": if grows { "counter" } else { "gauge" },
            "count": count,
            "mean": some(mean),
            "min": some(min),
            "max": some(max),
            "sum": some(sum),
            "rate": some(rate),
            "first": first.map(|first| first.1),
            "last": last.map(|last| last.1),
            "tracks": self.tracks.iter().map(|track| json!({
                "name": track.name, "pid": track.pid, "tid": track.tid, "count": track.points.len(),
            })).collect::<Vec<_>>(),
        })
    }

    /// Times, values and the number of the track of each reading, in the order of the times.
    fn columns(&self) -> Answer {
        let numbered = self.tracks.iter().enumerate();
        let mut all: Vec<(i64, f64, f64)> = numbered
            .flat_map(|(at, track)| track.readings().map(move |(time, value)| (time, value, at as f64)))
            .collect();
        all.sort_by_key(|(time, ..)| *time);
        let tracks: Vec<Value> =
            self.tracks.iter().map(|track| json!({ "name": track.name, "pid": track.pid, "tid": track.tid })).collect();
        let columns = vec![
            all.iter().map(|(time, ..)| *time as f64).collect(),
            all.iter().map(|(_, value, _)| *value).collect(),
            all.iter().map(|(.., at)| *at).collect(),
        ];
        Answer { value: Value::Array(tracks), columns }
    }
}

impl Track {
    fn readings(&self) -> impl Iterator<Item = Point> {
        let growth = self.points.windows(2).filter_map(|pair| {
            let [(begin, _), (end, _)] = pair else { return None };
            // No time has no rate.
            (end > begin).then(|| (*end, grown(pair) / ((end - begin) as f64 / 1e9)))
        });
        let values = self.points.iter().copied();
        let (growth, values) = if self.grows { (Some(growth), None) } else { (None, Some(values)) };
        growth.into_iter().flatten().chain(values.into_iter().flatten())
    }

    /// By how much a counter grew, or all values of a gauge together.
    fn sum(&self) -> f64 {
        match self.grows {
            true => self.points.windows(2).map(grown).sum(),
            false => self.points.iter().map(|(_, value)| value).sum(),
        }
    }

    /// By how much it grew in a second, from its first reading to its last.
    fn rate(&self) -> f64 {
        let (Some(first), Some(last)) = (self.points.first(), self.points.last()) else { return 0.0 };
        let seconds = (last.0 - first.0) as f64 / 1e9;
        let grown = if self.grows { self.sum() } else { last.1 - first.1 };
        if seconds > 0.0 { grown / seconds } else { 0.0 }
    }

    /// The mean of its values, each for as long as it held.
    fn held(&self, end: i64) -> Option<f64> {
        let (first, last) = (self.points.first()?, self.points.last()?);
        let end = end.max(last.0);
        let until = self.points.iter().skip(1).map(|(time, _)| *time).chain([end]);
        let held = self.points.iter().zip(until).map(|((time, value), until)| value * (until - time) as f64);
        let whole = (end - first.0) as f64;
        Some(if whole > 0.0 { held.sum::<f64>() / whole } else { last.1 })
    }
}

fn grown(pair: &[Point]) -> f64 {
    match pair {
        // One that began anew grew by what it has.
        [(_, before), (_, after)] if after < before => *after,
        [(_, before), (_, after)] => after - before,
        _ => 0.0,
    }
}

fn points(reading: &Reading<'_>, track: i64, from: i64, to: i64) -> Result<Vec<Point>, String> {
    let text = "SELECT time, value FROM counters WHERE track_id = ?1 AND time >= ?2 AND time < ?3 ORDER BY time";
    let mut statement = reading.query.db().prepare_cached(text).map_err(sql::wrong)?;
    let mut rows = statement.query([track, from, to]).map_err(sql::wrong)?;
    let mut points = Vec::new();
    while let Some(row) = rows.next().map_err(sql::wrong)? {
        reading.count(16)?;
        if let Some(value) = row.get::<_, Option<f64>>(1).map_err(sql::wrong)? {
            points.push((row.get(0).map_err(sql::wrong)?, value));
        }
    }
    Ok(points)
}
