//! SQL over a session: each series is a table, and [`views`] gives them the names that one looks for.
//!
//! Nothing can be written this way, neither the session nor another file.

mod functions;
mod plan;
mod scan;
mod views;
mod vtab;
mod walk;
mod wrong;

use std::path::Path;
use std::sync::{Arc, Mutex};

use rusqlite::limits::Limit;
use rusqlite::{Connection, Row};

use super::reader::{Series, Session};
use crate::error::{Error, Result};
use scan::{Shared, Table};

pub use plan::On;
pub use views::{View, views};
pub use walk::{Value, Walk, Walks};

/// A session opened for SQL.
#[derive(Debug)]
pub struct Query {
    db: Connection,
    shared: Arc<Shared>,
    series: Vec<Series>,
    /// The tables that were walked through.
    tables: Mutex<Vec<Arc<Table>>>,
}

impl Query {
    /// Opens the session at `path`.
    pub fn open(path: &Path) -> Result<Query> {
        Query::over(Session::open(path)?)
    }

    /// Over a session that was opened.
    fn over(session: Session) -> Result<Query> {
        let path = session.path().to_owned();
        let series = session.series().to_vec();
        let db = session.connect()?;
        let shared = Arc::new(Shared::new(session));
        let make = || {
            db.pragma_update(None, "temp_store", "memory")?;
            vtab::register(&db, Arc::clone(&shared))?;
            functions::register(&db, Arc::clone(&shared))?;
            db.execute_batch(&views::script(&series))?;
            // Another file could be written to.
            db.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)
        };
        make().map_err(Error::store(&path))?;
        Ok(Query { db, shared, series, tables: Mutex::default() })
    }

    /// The connection, on which any reading statement works.
    pub fn db(&self) -> &Connection {
        &self.db
    }

    /// The same, to hook something into it.
    pub fn db_mut(&mut self) -> &mut Connection {
        &mut self.db
    }

    /// The series of the session.
    pub fn series(&self) -> &[Series] {
        &self.series
    }

    /// The rows that a SELECT answers, each as `read` makes it.
    pub fn read<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let rows = || self.db.prepare_cached(sql)?.query_map(params, read)?.collect::<rusqlite::Result<Vec<T>>>();
        rows().map_err(|error| Error::Invalid(format!("the query: {error}")))
    }

    /// The names of the columns of a table or view.
    pub fn columns(&self, table: &str) -> Result<Vec<String>> {
        let read = || {
            let mut select = self.db.prepare_cached("SELECT name FROM pragma_table_info(?1)")?;
            select.query_map([table], |row| row.get(0))?.collect::<rusqlite::Result<_>>()
        };
        read().map_err(|error| Error::Invalid(format!("{table}: {error}")))
    }

    /// What was found damaged so far and left out of answers, a line each.
    pub fn damaged(&self) -> Vec<String> {
        self.shared.damaged()
    }
}

#[cfg(test)]
mod tests;
