//! JSON: one object with the recording's facts, its events (a line each) and what was found wrong.
//!
//! Values go through serde_json one by one, into a line that is used again for every event.

use std::io::{self, Write};

use gdkrecord::{Diagnostic, Kind, Recording, Value};

use super::number::{push_f32, push_i64, push_u64};
use super::{Exporter, HEADER, JSON_FORMAT, PARTS, Row, WINDOW, dropped};

/// Writes JSON.
pub struct Json<'a> {
    out: &'a mut dyn Write,
    line: Vec<u8>,
    any: bool,
}

impl<'a> Json<'a> {
    /// Into `out`.
    pub fn new(out: &'a mut dyn Write) -> Json<'a> {
        Json { out, line: Vec::new(), any: false }
    }

    fn put(&mut self) -> io::Result<()> {
        self.out.write_all(&self.line)?;
        self.line.clear();
        Ok(())
    }

    /// A list of objects, one a line.
    fn list<'v>(&mut self, name: &str, rows: impl Iterator<Item = Vec<(&'v str, Value<'v>)>>) -> io::Result<()> {
        self.line.extend_from_slice(b",\n");
        string(&mut self.line, name)?;
        self.line.extend_from_slice(b":[");
        for (at, row) in rows.enumerate() {
            self.line.extend_from_slice(if at > 0 { b",\n{" } else { b"\n{" });
            for (at, (name, value)) in row.iter().enumerate() {
                member(&mut self.line, at == 0, name, value)?;
            }
            self.line.push(b'}');
        }
        self.line.push(b']');
        self.put()
    }
}

/// A string with what must be escaped escaped.
fn string(line: &mut Vec<u8>, text: &str) -> io::Result<()> {
    Ok(serde_json::to_writer(line, text)?)
}

fn member(line: &mut Vec<u8>, first: bool, name: &str, value: &Value<'_>) -> io::Result<()> {
    if !first {
        line.push(b',');
    }
    string(line, name)?;
    line.push(b':');
    put(line, value)
}

fn put(line: &mut Vec<u8>, value: &Value<'_>) -> io::Result<()> {
    match value {
        Value::None => line.extend_from_slice(b"null"),
        Value::Bool(truth) => line.extend_from_slice(if *truth { b"true" } else { b"false" }),
        Value::Int(n) => push_i64(line, *n),
        Value::Uint(n) => push_u64(line, *n),
        Value::Float(x) => push_f32(line, *x),
        Value::Text(text) => string(line, text)?,
        Value::Rects(rects) => {
            line.push(b'[');
            for (at, rect) in rects.iter().enumerate() {
                let (x, y) = (Value::Int(rect.x.into()), Value::Int(rect.y.into()));
                let (width, height) = (Value::Uint(rect.width.into()), Value::Uint(rect.height.into()));
                line.extend_from_slice(if at > 0 { b",{" } else { b"{" });
                member(line, true, "x", &x)?;
                member(line, false, "y", &y)?;
                member(line, false, "width", &width)?;
                member(line, false, "height", &height)?;
                line.push(b'}');
            }
            line.push(b']');
        }
    }
    Ok(())
}

impl Exporter for Json<'_> {
    fn begin(&mut self, recording: &Recording) -> io::Result<()> {
        let (header, info) = (recording.header(), recording.info());
        write!(self.line, "{{\"format\":\"{}\",\"version\":{},\n\"recording\":{{", JSON_FORMAT.0, JSON_FORMAT.1)?;
        for (at, column) in HEADER.iter().enumerate() {
            member(&mut self.line, at == 0, column.name, &(column.get)(header))?;
        }
        let facts = info.facts.iter();
        self.list(
            "facts",
            facts.map(|(name, value)| vec![("name", Value::Text(name)), ("value", Value::Text(value))]),
        )?;
        for part in PARTS {
            let fields = Kind::by_name(part.kind).map_or(&[][..], |kind| kind.fields);
            let records = (part.get)(info);
            let rows = records.iter().map(|body| fields.iter().map(|field| field.name).zip(body.values()).collect());
            self.list(part.list, rows)?;
        }
        let windows = info.windows.iter();
        self.list("windows", windows.map(|w| WINDOW.iter().map(|column| (column.name, (column.get)(w))).collect()))?;
        let lost =
            dropped(header).map(|(kind, count)| vec![("kind", Value::Text(kind)), ("count", Value::Uint(count))]);
        self.list("dropped", lost)?;
        self.line.extend_from_slice(b"},\n\"events\":[");
        self.put()
    }

    fn event(&mut self, row: &Row<'_>) -> io::Result<()> {
        let line = &mut self.line;
        line.extend_from_slice(if std::mem::replace(&mut self.any, true) { b",\n{\"time\":" } else { b"\n{\"time\":" });
        push_u64(line, row.event.time);
        line.extend_from_slice(b",\"offset\":");
        push_i64(line, row.offset);
        line.extend_from_slice(b",\"thread\":");
        push_u64(line, row.event.thread.into());
        line.extend_from_slice(b",\"kind\":\"");
        line.extend_from_slice(row.kind.name.as_bytes());
        line.push(b'"');
        for (field, value) in row.kind.fields.iter().zip(row.values) {
            // Names of fields are identifiers: nothing to escape.
            line.extend_from_slice(b",\"");
            line.extend_from_slice(field.name.as_bytes());
            line.extend_from_slice(b"\":");
            put(line, value)?;
        }
        line.push(b'}');
        self.put()
    }

    fn end(&mut self, diagnostics: &[Diagnostic]) -> io::Result<()> {
        self.line.extend_from_slice(b"\n],\n\"diagnostics\":[");
        for (at, found) in diagnostics.iter().enumerate() {
            self.line.extend_from_slice(if at > 0 { b",\n" } else { b"\n" });
            string(&mut self.line, &found.to_string())?;
        }
        self.line.extend_from_slice(b"]}\n");
        self.put()
    }
}
