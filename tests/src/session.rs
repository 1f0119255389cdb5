//! Sessions as a user reads them: through `perfkit-agent query`.

use std::path::Path;
use std::process::Command;

use serde_json::{Map, Value};

use crate::bins;
use crate::error::{Context, Result};
use crate::process::stdout_of;

/// One row of an answer.
#[derive(Clone, Debug)]
pub struct Row(Map<String, Value>);

impl Row {
    /// A number; 0 where it is null, which tests ask for in SQL where it matters.
    pub fn int(&self, column: &str) -> i64 {
        self.0.get(column).and_then(Value::as_i64).unwrap_or(0)
    }

    /// A number with a fraction.
    pub fn real(&self, column: &str) -> f64 {
        self.0.get(column).and_then(Value::as_f64).unwrap_or(f64::NAN)
    }

    /// A text; empty where it is null.
    pub fn text(&self, column: &str) -> &str {
        self.0.get(column).and_then(Value::as_str).unwrap_or("")
    }
}

/// What a session answers to a question in SQL.
pub fn query(session: &Path, sql: &str) -> Result<Vec<Row>> {
    let mut command = Command::new(bins::path(bins::AGENT)?);
    let said = stdout_of(command.arg("query").arg(session).arg(sql).args(["--format", "json"]))?;
    let rows: Vec<Map<String, Value>> = serde_json::from_str(&said).cannot("read the answer to a query")?;
    Ok(rows.into_iter().map(Row).collect())
}

/// The one number that a session answers.
pub fn number(session: &Path, sql: &str) -> Result<i64> {
    let rows = query(session, sql)?;
    Ok(rows.first().and_then(|row| row.0.values().next()).and_then(Value::as_i64).unwrap_or(0))
}
