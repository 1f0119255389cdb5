//! `query`: answers SQL over a session.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rusqlite::types::ValueRef;

use crate::error::{Error, Result};
use crate::export::answer::Format;
use crate::session::query::{Query, views};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  perfkit-agent query a.perfkit                      the tables that there are
  perfkit-agent query a.perfkit 'SELECT name, count(*), sum(duration) FROM syscalls GROUP BY name'
  perfkit-agent query a.perfkit 'SELECT seconds(time), * FROM frames WHERE duration > 16e6 ORDER BY time'
  perfkit-agent query a.perfkit 'SELECT stack_text(stack), count(*) FROM samples GROUP BY 1' --format csv

Times are nanoseconds of CLOCK_MONOTONIC; seconds(time) counts from the begin of the session.")]
pub struct Args {
    /// The session.
    #[arg(value_name = "FILE")]
    session: PathBuf,
    /// One SELECT; without it the tables are listed.
    sql: Option<String>,
    /// How the answer is printed.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let session = super::readable(&args.session)?;
    let query = Query::open(session.path())?;
    match &args.sql {
        None => list(&query, args.format)?,
        Some(sql) => answer(&query, sql, args.format)?,
    }
    query.damaged().iter().for_each(|line| super::say(line));
    Ok(ExitCode::SUCCESS)
}

fn answer(query: &Query, sql: &str, format: Format) -> Result<()> {
    let wrong = |error| query.wrong(error);
    let mut statement = query.db().prepare(sql).map_err(wrong)?;
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let count = columns.len();
    let mut rows = statement.query([]).map_err(wrong)?;
    let mut out = BufWriter::new(io::stdout().lock());
    let mut answer = format.answer(columns, &mut out).map_err(unwritten())?;
    while let Some(row) = rows.next().map_err(wrong)? {
        let values = (0..count).map(|at| row.get_ref(at)).collect::<rusqlite::Result<Vec<_>>>().map_err(wrong)?;
        answer.row(&values).map_err(unwritten())?;
    }
    answer.end().map_err(unwritten())
}

fn list(query: &Query, format: Format) -> Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let columns = ["table", "columns", "rows are"].map(str::to_owned).to_vec();
    let mut answer = format.answer(columns, &mut out).map_err(unwritten())?;
    for view in views(query.series()) {
        let columns = query.columns(&view.name)?.join(" ");
        let words = [&view.name, &columns, &view.doc].map(|word| ValueRef::Text(word.as_bytes()));
        answer.row(&words).map_err(unwritten())?;
    }
    answer.end().map_err(unwritten())?;
    drop(answer);
    out.flush().map_err(unwritten())
}

fn unwritten() -> impl FnOnce(io::Error) -> Error {
    Error::file("write to", Path::new("standard output"))
}
