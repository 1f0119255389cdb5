//! SQL over a session: each series is a table, and [`views`] gives them the names that one looks for.
//!
//! Nothing can be written this way, neither the session nor another file.

mod functions;
mod plan;
mod scan;
mod views;
mod vtab;

use std::path::Path;
use std::sync::Arc;

use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

use super::reader::Session;
use crate::error::{Error, Result};
use scan::Shared;

pub use views::{View, views};

/// A session opened for SQL.
#[derive(Debug)]
pub struct Query {
    db: Connection,
    shared: Arc<Shared>,
}

impl Query {
    /// Opens the session at `path`.
    pub fn open(path: &Path) -> Result<Query> {
        let session = Session::open(path)?;
        let series = session.series().to_vec();
        let (db, _) = super::file::open(session.path(), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let shared = Arc::new(Shared::new(session));
        let make = || {
            db.pragma_update(None, "temp_store", "memory")?;
            vtab::register(&db, Arc::clone(&shared))?;
            functions::register(&db, Arc::clone(&shared))?;
            db.execute_batch(&views::script(&series))?;
            // Another file could be written to.
            db.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)
        };
        make().map_err(Error::store(path))?;
        Ok(Query { db, shared })
    }

    /// The connection, on which any reading statement works.
    pub fn db(&self) -> &Connection {
        &self.db
    }

    /// What was found damaged so far and left out of answers, a line each.
    pub fn damaged(&self) -> Vec<String> {
        self.shared.damaged()
    }
}

#[cfg(test)]
mod tests;
