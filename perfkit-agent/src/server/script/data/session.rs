//! `info`, `series`, `names`: what a session is and what is in it.

use rusqlite::types::Value as Sql;
use serde_json::{Value, json};

use super::{Reading, sql, text};
use crate::server::script::Answer;
use crate::session::names::after;
use crate::session::series::{COLUMN_TYPES, SHAPES, UNITS, word};
use crate::session::{Series, origin};

/// Names of an answer at most.
const NAMES: u64 = 10_000;

/// `info()`: where it begins and ends, its facts, sources and notes.
pub fn info(reading: &Reading<'_>, _: &[Value]) -> Result<Answer, String> {
    let db = reading.query.db();
    let origin = origin(db).map_err(sql::wrong)?;
    let end: Option<i64> =
        db.query_row("SELECT max(until) FROM main.chunk", [], |row| row.get(0)).map_err(sql::wrong)?;
    let closed = "SELECT EXISTS (SELECT 1 FROM main.meta WHERE key = 'closed')";
    let closed: bool = db.query_row(closed, [], |row| row.get(0)).map_err(sql::wrong)?;
    let facts = sql::rows(reading, "SELECT name, value FROM facts ORDER BY name", &[])?;
    let word = |fact: &Value, name: &str| fact.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let facts: serde_json::Map<String, Value> =
        facts.iter().map(|fact| (word(fact, "name"), word(fact, "value").into())).collect();
    let sources = sql::rows(reading, "SELECT name, spec, error FROM sources ORDER BY id", &[])?;
    let notes = sql::rows(reading, "SELECT time, source, text FROM notes ORDER BY time LIMIT 1000", &[])?;
    let drops = sql::rows(reading, "SELECT source, kind, count FROM drops", &[])?;
    Ok(Answer::from(json!({
        "origin": origin,
        "end": end.unwrap_or(origin),
        "closed": closed,
        "facts": facts,
        "sources": sources,
        "notes": notes,
        "drops": drops,
    })))
}

/// `series()`: every series with its columns and how many rows it has.
pub fn series(reading: &Reading<'_>, _: &[Value]) -> Result<Answer, String> {
    let rows = sql::rows(reading, "SELECT series, sum(rows) AS rows FROM main.chunk GROUP BY series", &[])?;
    let count =
        |id: u32| rows.iter().find(|row| row["series"] == id).map_or(0, |row| row["rows"].as_u64().unwrap_or(0));
    let one = |series: &Series| {
        let columns = series.schema.columns.iter().map(|column| {
            json!({
                "name": column.name,
                "type": word(COLUMN_TYPES, column.of),
                "unit": word(UNITS, column.unit),
                "doc": column.doc,
            })
        });
        json!({
            "name": series.schema.name,
            "doc": series.schema.doc,
            "shape": word(SHAPES, series.schema.shape),
            "rows": count(series.id),
            "columns": columns.collect::<Vec<_>>(),
        })
    };
    Ok(Answer::from(reading.query.series().iter().map(one).collect::<Value>()))
}

/// `names(prefix, dots, limit)`: dotted names that begin with a prefix.
pub fn names(reading: &Reading<'_>, arguments: &[Value]) -> Result<Answer, String> {
    let prefix = text(arguments, 0).unwrap_or_default();
    let dots = arguments.get(1).and_then(Value::as_u64);
    let limit = arguments.get(2).and_then(Value::as_u64).unwrap_or(NAMES).min(NAMES);

    let text = "SELECT name, depth, semantics, coalesce(unit, '') AS unit, coalesce(doc, '') AS doc FROM main.name
                WHERE name >= ?1 AND (?2 IS NULL OR name < ?2) AND (?3 IS NULL OR depth = ?3) ORDER BY name LIMIT ?4";
    let whole = |number: Option<u64>| number.map_or(Sql::Null, |number| (number as i64).into());
    let after = after(prefix).map_or(Sql::Null, Into::into);
    let values = [prefix.to_owned().into(), after, whole(dots), whole(Some(limit))];
    sql::rows(reading, text, &values).map(|rows| Answer::from(Value::Array(rows)))
}
