//! One JSON document: facts, tables, and every series with what it declares and all of its rows.
//!
//! `schema/session.schema.json` says what is in it; EXPORTS.md explains it.

use std::io::Write;

use serde_json::json;

use super::answer::Format;
use super::tables::{columns, rows};
use super::{Done, Exporter, Reading};
use crate::session::Series;
use crate::session::series::{COLUMN_TYPES, SHAPES, UNITS, word};

/// The version of the document's layout: another one where a reader of this one would be mistaken.
const VERSION: u32 = 1;

/// The document.
pub struct Json;

impl Exporter for Json {
    fn export(&self, reading: &Reading<'_>, out: &mut dyn Write) -> Done {
        let (from, to) = reading.span()?;
        let head = [
            ("format", json!("perfkit session")),
            ("version", json!(VERSION)),
            ("clock", json!("CLOCK_MONOTONIC, nanoseconds")),
            ("begin", json!(reading.begin())),
            ("from", json!(from)),
            ("to", json!(to)),
        ];
        out.write_all(b"{")?;
        for (key, value) in head {
            writeln!(out, "\"{key}\":{value},")?;
        }
        let tables = reading.tables()?;
        let series = |name: &String| reading.series().iter().find(|series| series.schema.name == **name);
        out.write_all(b"\"tables\":{")?;
        let mut comma = "";
        for table in tables.iter().filter(|table| series(table).is_none()) {
            write!(out, "{comma}\n\"{table}\":")?;
            all_rows(reading, table, out)?;
            comma = ",";
        }
        out.write_all(b"},\n\"series\":{")?;
        comma = "";
        for (table, series) in tables.iter().filter_map(|table| Some((table, series(table)?))) {
            let about = serde_json::to_string(&about(series))?;
            // The rows are the last of the object's members.
            write!(out, "{comma}\n\"{table}\":{},\"rows\":", about.trim_end_matches('}'))?;
            all_rows(reading, table, out)?;
            out.write_all(b"}")?;
            comma = ",";
        }
        Ok(out.write_all(b"}}\n")?)
    }
}

fn all_rows(reading: &Reading<'_>, table: &str, mut out: &mut dyn Write) -> Done {
    let mut answer = Format::Json.answer(columns(reading, table)?, &mut out)?;
    rows(reading, table, answer.as_mut())
}

/// What a series declares.
fn about(series: &Series) -> serde_json::Value {
    let columns = series.schema.columns.iter().map(|column| {
        let (of, unit) = (word(COLUMN_TYPES, column.of), word(UNITS, column.unit));
        json!({"name": column.name, "type": of, "unit": unit, "doc": column.doc})
    });
    let columns: Vec<_> = columns.collect();
    json!({"doc": series.schema.doc, "shape": word(SHAPES, series.schema.shape), "columns": columns})
}
