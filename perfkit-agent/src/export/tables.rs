//! Tables as rows of values: series, the session's own tables, and views; and the exporter of one as CSV.

use std::io::Write;

use rusqlite::types::ValueRef;

use super::answer::{Answer, Format};
use super::{Done, Ended, Exporter, Reading};
use crate::error::Error;
use crate::session::query::{On, Value};
use crate::session::{Series, Shape};

/// The session's own tables that go with the series.
pub const TABLES: &[&str] = &[
    "sources",
    "facts",
    "processes",
    "threads",
    "tracks",
    "names",
    "modules",
    "stacks",
    "notes",
    "drops",
    "bookmarks",
];

/// One table as comma-separated values.
pub struct Csv;

impl Exporter for Csv {
    fn export(&self, reading: &Reading<'_>, mut out: &mut dyn Write) -> Done {
        for table in reading.tables()? {
            let mut answer = Format::Csv.answer(columns(reading, &table)?, &mut out)?;
            rows(reading, &table, answer.as_mut())?;
        }
        Ok(())
    }
}

/// The columns of a table.
pub fn columns(reading: &Reading<'_>, table: &str) -> Done<Vec<String>> {
    Ok(reading.query().columns(table)?)
}

/// Gives all rows of a table; those of series in the order of their times.
pub fn rows(reading: &Reading<'_>, table: &str, answer: &mut dyn Answer) -> Done {
    match reading.series().iter().find(|series| series.schema.name == table) {
        Some(series) => of_series(reading, series, answer)?,
        None => of_view(reading, table, answer)?,
    }
    Ok(answer.end()?)
}

fn of_series(reading: &Reading<'_>, series: &Series, answer: &mut dyn Answer) -> Done {
    let pick = |other: &Series| if other.id == series.id { Some(On::All) } else { None };
    let number = |number: Option<i64>| number.map_or(ValueRef::Null, ValueRef::Integer);
    reading.rows(&pick, &mut |row| {
        let mut values = vec![ValueRef::Integer(row.time)];
        if row.series.schema.shape == Shape::Span {
            values.push(number(row.duration));
        }
        values.extend([row.track.pid, row.track.tid].map(|id| ValueRef::Integer(id.into())));
        let label = row.track.label.as_bytes();
        values.push(if label.is_empty() { ValueRef::Null } else { ValueRef::Text(label) });
        values.extend(row.cells.iter().map(value));
        Ok(answer.row(&values)?)
    })
}

fn value(value: &Value) -> ValueRef<'_> {
    match value {
        Value::Null => ValueRef::Null,
        Value::Int(number) | Value::Stack(number) => ValueRef::Integer(*number),
        Value::Real(number) => ValueRef::Real(*number),
        Value::Name(_, text) => ValueRef::Text(text.as_bytes()),
        Value::Text(text) => ValueRef::Text(text.as_bytes()),
    }
}

fn of_view(reading: &Reading<'_>, table: &str, answer: &mut dyn Answer) -> Done {
    let columns = columns(reading, table)?;
    let has = |name: &str| columns.iter().any(|column| column == name);
    let (from, to) = reading.bounds();
    let end = if has("duration") { "time + max(coalesce(duration, 0), 0)" } else { "time" };
    // Words that SQLite takes for names of its own stand in quotes.
    let bounds = if has("time") { format!("WHERE time <= {to} AND {end} >= {from}") } else { String::new() };
    let failed = |error| Ended::Read(Error::store(reading.path())(error));
    let mut select = reading.query().db().prepare(&format!("SELECT * FROM \"{table}\" {bounds}")).map_err(failed)?;
    let mut rows = select.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let values = (0..columns.len()).map(|at| row.get_ref(at)).collect::<rusqlite::Result<Vec<_>>>();
        answer.row(&values.map_err(failed)?)?;
        reading.tick()?;
    }
    Ok(())
}
