//! Chrome's trace events, in the JSON object form: spans, moments, counters, names, and samples with their stacks.
//!
//! The format: "Trace Event Format" by the authors of Chrome's trace viewer. Times are microseconds there; three
//! decimals keep every nanosecond.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;

use serde_json::json;

use super::nest::Nest;
use super::reading::Row;
use super::stacks::{number, symbol};
use super::threads::Threads;
use super::{Done, Exporter, Reading};
use crate::session::query::{On, Value};
use crate::session::{ColumnType, Series, Shape};

/// The trace.
pub struct Chrome;

impl Exporter for Chrome {
    fn export(&self, reading: &Reading<'_>, out: &mut dyn Write) -> Done {
        write!(out, "{{\"displayTimeUnit\":\"ns\",\"traceEvents\":[")?;
        let mut events = Events { out, any: false, nests: BTreeMap::new(), number: 0 };
        events.names(&Threads::read(reading)?)?;
        let samples = |series: &Series| series.schema.name == "samples";
        let others = |series: &Series| if samples(series) { None } else { Some(On::All) };
        reading.rows(&others, &mut |row| events.row(row))?;
        write!(out, "\n]")?;
        let stacks = |series: &Series| series.schema.columns.iter().any(|column| column.of == ColumnType::Stack);
        if reading.series().iter().any(stacks) {
            stack_frames(reading, out)?;
        }
        let mut comma = ",\n\"samples\":[";
        let only = |series: &Series| if samples(series) { Some(On::All) } else { None };
        reading.rows(&only, &mut |row| {
            let cell = |name: &str| row.series.schema.column(name).and_then(|at| row.cells.get(at));
            let (ts, tid, name) = (Micros(row.time), row.track.tid, json!(row.event.name(row.cells)));
            write!(out, "{comma}\n{{\"name\":{name},\"ts\":{ts},\"tid\":{tid}")?;
            if let Some(Value::Int(cpu)) = cell("cpu") {
                write!(out, ",\"cpu\":{cpu}")?;
            }
            if let stack @ 1.. = number(cell("stack")) {
                write!(out, ",\"sf\":{stack}")?;
            }
            // A sample that tells no weight is one event.
            let weight = cell("weight").and_then(Value::int).unwrap_or(1);
            write!(out, ",\"weight\":{weight}}}")?;
            comma = ",";
            Ok(())
        })?;
        if comma == "," {
            write!(out, "\n]")?;
        }
        let facts = reading.ask("SELECT name, value FROM facts ORDER BY source, name", |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?.into()))
        })?;
        let facts = serde_json::Value::Object(facts.into_iter().collect());
        Ok(write!(out, ",\n\"otherData\":{facts}}}\n")?)
    }
}

/// Every place of a call stack, and which it was called from. What was inlined stands between a place and its callers,
/// the function itself as `NUMBER/0`, so that a place's own number is that of the innermost.
fn stack_frames(reading: &Reading<'_>, out: &mut dyn Write) -> Done {
    write!(out, ",\n\"stackFrames\":{{")?;
    let failed = |error| super::Ended::Read(crate::Error::store(reading.path())(error));
    let mut select =
        reading.query().db().prepare("SELECT id, parent, symbol FROM main.stack ORDER BY id").map_err(failed)?;
    let mut rows = select.query([]).map_err(failed)?;
    let mut comma = "";
    while let Some(row) = rows.next().map_err(failed)? {
        let read = || Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let (id, parent, place): (i64, Option<i64>, u32) = read().map_err(failed)?;
        let place = symbol(reading, place)?;
        let category = json!(place.file.rsplit('/').next().unwrap_or_default());
        let mut parent = parent.map(|parent| parent.to_string());
        for (level, function) in place.functions.iter().rev().enumerate() {
            let innermost = level + 1 == place.functions.len();
            let number = if innermost { id.to_string() } else { format!("{id}/{level}") };
            let name = json!(&*function.name);
            write!(out, "{comma}\n\"{number}\":{{\"name\":{name},\"category\":{category}")?;
            if let Some(parent) = parent.replace(number) {
                write!(out, ",\"parent\":\"{parent}\"")?;
            }
            write!(out, "}}")?;
            comma = ",";
        }
        reading.tick()?;
    }
    Ok(write!(out, "\n}}")?)
}

/// Nanoseconds, written as microseconds.
struct Micros(i64);

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let ns = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:03}", ns / 1000, ns % 1000)
    }
}

struct Events<'a> {
    out: &'a mut dyn Write,
    any: bool,
    /// What is open, by process and thread.
    nests: BTreeMap<(i32, i32), Nest>,
    /// Asynchronous stretches so far.
    number: u64,
}

impl Events<'_> {
    fn begin(&mut self, phase: char, name: &str, (pid, tid): (i32, i32)) -> Done {
        let comma = if std::mem::replace(&mut self.any, true) { "," } else { "" };
        write!(self.out, "{comma}\n{{\"ph\":\"{phase}\",\"pid\":{pid},\"tid\":{tid},\"name\":")?;
        Ok(serde_json::to_writer(&mut self.out, name)?)
    }

    fn names(&mut self, threads: &Threads) -> Done {
        for &pid in threads.processes.keys() {
            self.begin('M', "process_name", (pid, 0))?;
            write!(self.out, ",\"args\":{}}}", json!({"name": threads.process(pid)}))?;
        }
        for &(pid, tid) in threads.threads.keys() {
            if let Some(name) = threads.thread(pid, tid) {
                self.begin('M', "thread_name", (pid, tid))?;
                write!(self.out, ",\"args\":{}}}", json!({"name": name}))?;
            }
        }
        Ok(())
    }

    fn row(&mut self, row: &Row<'_>) -> Done {
        let on = (row.track.pid, row.track.tid);
        let (name, category) = (row.event.name(row.cells), row.event.category(row.cells));
        match (row.series.schema.shape, row.duration) {
            (Shape::Sample, _) => {
                let Some(Value::Real(value)) = row.cells.first() else { return Ok(()) };
                self.begin('C', &row.track.label, on)?;
                return Ok(write!(self.out, ",\"ts\":{},\"args\":{{\"value\":{}}}}}", Micros(row.time), json!(value))?);
            }
            (Shape::Span, Some(duration)) if duration >= 0 => {
                let end = row.time.saturating_add(duration);
                let lane = self.nests.entry(on).or_default().put(row.time, end, &mut |_, _| Done::Ok(()))?;
                if lane > 0 {
                    // What does not nest on its thread is told as a stretch that lies on none.
                    self.number += 1;
                    let id = self.number;
                    self.begin('b', &name, on)?;
                    write!(self.out, ",\"ts\":{},\"id\":\"{id}\"", Micros(row.time))?;
                    self.rest(row, category)?;
                    self.begin('e', &name, on)?;
                    let (ts, category) = (Micros(end), json!(category));
                    return Ok(write!(self.out, ",\"ts\":{ts},\"id\":\"{id}\",\"cat\":{category}}}")?);
                }
                self.begin('X', &name, on)?;
                write!(self.out, ",\"ts\":{},\"dur\":{}", Micros(row.time), Micros(duration))?;
            }
            // A stretch whose end nobody knows would hide all that comes after it: it is a moment too.
            _ => {
                self.begin('i', &name, on)?;
                write!(self.out, ",\"ts\":{},\"s\":\"t\"", Micros(row.time))?;
            }
        }
        self.rest(row, category)
    }

    /// Category and arguments: every column that the name does not tell already.
    fn rest(&mut self, row: &Row<'_>, category: &str) -> Done {
        write!(self.out, ",\"cat\":{}", json!(category))?;
        let columns = row.series.schema.columns.iter().zip(row.cells).enumerate();
        let mut comma = ",\"args\":{";
        let unfinished = row.series.schema.shape == Shape::Span && row.duration.is_none();
        let track = (!row.track.label.is_empty()).then(|| ("track", json!(row.track.label)));
        for (name, value) in unfinished.then_some(("unfinished", json!(true))).into_iter().chain(track) {
            write!(self.out, "{comma}\"{name}\":{value}")?;
            comma = ",";
        }
        let mut stack = 0;
        for (at, (column, value)) in columns.filter(|(at, _)| !row.event.tells(*at)) {
            match value {
                Value::Null => continue,
                Value::Stack(_) => {
                    stack = number(row.cells.get(at));
                    continue;
                }
                _ => write!(self.out, "{comma}\"{}\":", column.name)?,
            }
            comma = ",";
            match value {
                Value::Int(number) => write!(self.out, "{number}")?,
                Value::Real(number) => serde_json::to_writer(&mut self.out, number)?,
                other => serde_json::to_writer(&mut self.out, other.text().unwrap_or_default())?,
            }
        }
        if comma == "," {
            write!(self.out, "}}")?;
        }
        if stack > 0 {
            write!(self.out, ",\"sf\":{stack}")?;
        }
        Ok(write!(self.out, "}}")?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microseconds_keep_every_nanosecond() {
        for (ns, text) in [
            (0, "0.000"),
            (1, "0.001"),
            (-1, "-0.001"),
            (1_234_567_890_123_456_789, "1234567890123456.789"),
            (i64::MIN, "-9223372036854775.808"),
        ] {
            assert_eq!(Micros(ns).to_string(), text);
        }
    }
}
