//! `info`: what a session is, where it comes from, and what is in it.

use std::path::PathBuf;
use std::process::ExitCode;

use gdkrecord::units;
use rusqlite::types::Value;
use serde_json::json;

use crate::error::{Error, Result};
use crate::session::query::Query;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  perfkit-agent info a.perfkit
  perfkit-agent info a.perfkit --json | jq .sources")]
pub struct Args {
    /// The session.
    #[arg(value_name = "FILE")]
    session: PathBuf,
    /// As JSON, for programs.
    #[arg(long)]
    json: bool,
}

/// One part of the answer: its title, the columns, and the question.
struct Part {
    title: &'static str,
    columns: &'static [&'static str],
    sql: &'static str,
}

const PARTS: &[Part] = &[
    Part { title: "session", columns: &["fact", "value"], sql: "SELECT key, value FROM main.meta ORDER BY key" },
    Part {
        title: "sources",
        columns: &["source", "asked for", "how it ended"],
        sql: "SELECT name, spec, coalesce(error, CASE WHEN ended IS NOT NULL THEN 'well' WHEN EXISTS (SELECT 1 FROM
              main.meta WHERE key = 'closed') THEN 'cut off' ELSE 'has not ended' END)
              FROM sources ORDER BY id",
    },
    Part {
        title: "series",
        columns: &["series", "rows", "tracks", "from, s", "to, s"],
        sql: "SELECT name, sum(rows), (SELECT count(*) FROM main.track WHERE track.series = series.id),
              round(seconds(min(first)), 6), round(seconds(max(until)), 6)
              FROM main.series JOIN main.chunk ON chunk.series = series.id GROUP BY series.id ORDER BY name",
    },
    Part {
        title: "drops",
        columns: &["source", "what", "how many"],
        sql: "SELECT source, kind, count FROM drops ORDER BY source, kind",
    },
    Part {
        title: "notes",
        columns: &["at, s", "source", "note"],
        sql: "SELECT round(seconds(time), 6), source, text FROM notes ORDER BY time",
    },
    Part {
        title: "bookmarks",
        columns: &["bookmark", "at, s", "for, s", "text"],
        sql: "SELECT id, round(seconds(time), 6), round(duration / 1e9, 6), text FROM bookmarks ORDER BY time, id",
    },
    Part { title: "facts", columns: &["name", "value"], sql: "SELECT name, value FROM facts ORDER BY source, name" },
];

pub fn run(args: &Args) -> Result<ExitCode> {
    let session = super::readable(&args.session)?;
    let query = Query::open(session.path())?;
    let bytes = std::fs::metadata(&args.session).map_err(Error::file("look at", &args.session))?.len();
    let parts = PARTS.iter().map(|part| Ok((part, ask(&query, part, &args.session)?)));
    let parts = parts.collect::<Result<Vec<_>>>()?;
    if args.json {
        let object = |(part, rows): &(&Part, Vec<Vec<Value>>)| (part.title.to_owned(), rows_as_json(part, rows));
        let mut all: serde_json::Map<String, serde_json::Value> = parts.iter().map(object).collect();
        all.insert("bytes".to_owned(), json!(bytes));
        return super::print(&format!("{:#}\n", serde_json::Value::Object(all)));
    }
    let mut text = format!("{}, {}\n", args.session.display(), units::bytes(bytes));
    for (part, rows) in parts.iter().filter(|(_, rows)| !rows.is_empty()) {
        text.push_str(&format!("\n{}\n{}", part.title, table(part, rows)));
    }
    super::print(&text)
}

fn ask(query: &Query, part: &Part, path: &std::path::Path) -> Result<Vec<Vec<Value>>> {
    let read = || {
        let mut select = query.db().prepare(part.sql)?;
        let row = |row: &rusqlite::Row<'_>| (0..part.columns.len()).map(|at| row.get(at)).collect();
        select.query_map([], row)?.collect::<rusqlite::Result<Vec<Vec<Value>>>>()
    };
    read().map_err(Error::store(path))
}

fn word(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        // A note is a line, whatever it holds.
        Value::Text(text) => text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect(),
        Value::Blob(bytes) => format!("{} bytes", bytes.len()),
    }
}

fn table(part: &Part, rows: &[Vec<Value>]) -> String {
    let head = part.columns.iter().map(|&column| column.to_owned()).collect::<Vec<_>>();
    let lines: Vec<Vec<String>> =
        std::iter::once(head).chain(rows.iter().map(|row| row.iter().map(word).collect())).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..part.columns.len()).map(width).collect();
    let line = |cells: &Vec<String>| {
        let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("  {}\n", padded.join("  ").trim_end())
    };
    lines.iter().map(line).collect()
}

fn rows_as_json(part: &Part, rows: &[Vec<Value>]) -> serde_json::Value {
    let value = |value: &Value| match value {
        Value::Integer(number) => json!(number),
        Value::Real(number) => json!(number),
        Value::Null => json!(null),
        other => json!(word(other)),
    };
    let row = |row: &Vec<Value>| {
        let cells = part.columns.iter().zip(row).map(|(column, cell)| ((*column).to_owned(), value(cell)));
        serde_json::Value::Object(cells.collect())
    };
    rows.iter().map(row).collect()
}
