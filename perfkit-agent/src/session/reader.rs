//! A session opened for reading: its series, its chunks, and what their numbers stand for.

use std::cell::{RefCell, RefMut};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use rustc_hash::FxHashMap;

use super::chunk::{Chunk, Summary};
use super::column::Damage;
use super::file;
use super::pyramid::Kept;
use super::recover::{Found, recover};
use super::rows::{Rows, Track};
use super::series::{COLUMN_TYPES, Column, ColumnType, SHAPES, Schema, UNITS, member};
use crate::error::{Error, Result};
use crate::scratch::Scratch;

/// Names that are kept at hand; when there are more, all are forgotten, which bounds the memory.
const NAMES: usize = 1 << 16;

/// A session opened for reading.
#[derive(Debug)]
pub struct Session {
    path: PathBuf,
    /// A copy that is read in place of the file itself, which cannot be made whole where it is.
    copy: Option<Scratch>,
    db: Connection,
    series: Vec<Series>,
    names: FxHashMap<i64, Arc<str>>,
    pyramid: RefCell<Kept>,
}

/// A series of a session.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its number.
    pub id: u32,
    /// What it declares.
    pub schema: Schema,
}

impl Series {
    /// Whether the ids of a column are those of names, and not of stacks.
    pub fn is_name(&self, column: usize) -> bool {
        self.schema.columns.get(column).is_some_and(|column| column.of == ColumnType::Name)
    }
}

/// A chunk of a session, not opened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChunkInfo {
    /// Its number.
    pub id: i64,
    /// Whether it stays; one that does not is replaced when more rows have come.
    pub sealed: bool,
    /// What is known of its rows.
    pub summary: Summary,
}

impl Session {
    /// Opens the session at `path`. One that was not closed is made whole first, in a copy where the file itself
    /// cannot be written; one that is being written is read as it is.
    pub fn open(path: &Path) -> Result<Session> {
        match recover(path)? {
            Found::Whole | Found::InUse => Session::open_at(path),
            Found::ReadOnly => {
                let folder = Scratch::new()?;
                let copy = folder.path().join("session.perfkit");
                for suffix in ["", "-wal", "-journal"] {
                    let (from, to) = (file::beside(path, suffix), file::beside(&copy, suffix));
                    if from.exists() {
                        std::fs::copy(&from, &to).map_err(Error::file("copy", &from))?;
                    }
                }
                recover(&copy)?;
                Ok(Session { copy: Some(folder), path: path.to_owned(), ..Session::open_at(&copy)? })
            }
        }
    }

    fn open_at(path: &Path) -> Result<Session> {
        let (db, version) = file::open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        if version < file::VERSION {
            let words = "is in use, and of an earlier version; try again when nobody uses it";
            return Err(Error::Invalid(format!("{} {words}", path.display())));
        }
        Session::over(path, db)
    }

    /// The session at `path`, through a connection.
    pub fn over(path: &Path, db: Connection) -> Result<Session> {
        let names = FxHashMap::default();
        let pyramid = RefCell::default();
        let mut session = Session { path: path.to_owned(), copy: None, db, series: Vec::new(), names, pyramid };
        session.series = session.read_series()?;
        Ok(session)
    }

    /// Where it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// One more connection to the same rows, which reads.
    pub fn connect(&self) -> Result<Connection> {
        Ok(file::open(&self.place(), OpenFlags::SQLITE_OPEN_READ_ONLY)?.0)
    }

    /// The same rows opened once more, for as long as this is open.
    pub fn again(&self) -> Result<Session> {
        Session::open_at(&self.place())
    }

    /// The file itself, or its copy.
    fn place(&self) -> PathBuf {
        let copy = self.copy.as_ref().map(|folder| folder.path().join("session.perfkit"));
        copy.unwrap_or_else(|| self.path.clone())
    }

    /// The tables themselves.
    pub fn db(&self) -> &Connection {
        &self.db
    }

    /// What is kept of its pyramids.
    pub(super) fn pyramid(&self) -> RefMut<'_, Kept> {
        self.pyramid.borrow_mut()
    }

    /// Stays at the last commit until it is released, whatever is committed meanwhile.
    pub fn hold(&self) -> Result<()> {
        self.db.execute_batch("BEGIN").map_err(Error::store(&self.path))
    }

    /// Sees later commits again.
    pub fn release(&self) {
        // It was only read, so there is nothing to lose.
        let _ = self.db.execute_batch("COMMIT");
    }

    /// Every series.
    pub fn series(&self) -> &[Series] {
        &self.series
    }

    /// The series with this name.
    pub fn named(&self, name: &str) -> Option<&Series> {
        self.series.iter().find(|series| series.schema.name == name)
    }

    /// The chunks of a series, in the order of their first rows.
    pub fn chunks(&self, series: u32) -> Result<Vec<ChunkInfo>> {
        let sql =
            "SELECT id, sealed, first, last, until, rows, sum, max FROM chunk WHERE series = ?1 ORDER BY first, last";
        self.rows(sql, params![series], |row| {
            let summary = Summary {
                first: row.get(2)?,
                last: row.get(3)?,
                until: row.get(4)?,
                rows: row.get(5)?,
                sum: row.get(6)?,
                max: row.get(7)?,
            };
            Ok(ChunkInfo { id: row.get(0)?, sealed: row.get(1)?, summary })
        })
    }

    /// A chunk; `Err` inside says what is damaged about it, or that it is gone.
    pub fn chunk(&self, schema: &Schema, id: i64) -> Result<std::result::Result<Chunk, Damage>> {
        let read = || {
            let mut select = self.db.prepare_cached("SELECT data FROM chunk WHERE id = ?1")?;
            select.query_row(params![id], |row| row.get::<_, Vec<u8>>(0)).optional()
        };
        let data = read().map_err(Error::store(&self.path))?;
        Ok(data.ok_or(Damage("it is gone")).and_then(|data| Chunk::open(schema, data)))
    }

    /// All rows of a series, in the order of the chunks, and how many chunks are damaged.
    pub fn all_rows(&self, series: &Series) -> Result<(Vec<Rows>, usize)> {
        let (mut all, mut damaged) = (Vec::new(), 0);
        for info in self.chunks(series.id)? {
            match self.chunk(&series.schema, info.id)?.and_then(|chunk| chunk.to_rows(&series.schema)) {
                Ok(rows) => all.push(rows),
                Err(_) => damaged += 1,
            }
        }
        Ok((all, damaged))
    }

    /// The tracks of a series, with their numbers.
    pub fn tracks(&self, series: u32) -> Result<Vec<(u32, Track)>> {
        self.rows("SELECT id, pid, tid, label FROM track WHERE series = ?1 ORDER BY id", params![series], |row| {
            Ok((row.get(0)?, Track { pid: row.get(1)?, tid: row.get(2)?, label: row.get(3)? }))
        })
    }

    /// The text with this number; `None` for null, or one that the file does not have.
    pub fn name(&mut self, id: i64) -> Result<Option<Arc<str>>> {
        if id == 0 {
            return Ok(None);
        }
        if let Some(name) = self.names.get(&id) {
            return Ok(Some(Arc::clone(name)));
        }
        let read = || {
            let mut select = self.db.prepare_cached("SELECT text FROM string WHERE id = ?1")?;
            select.query_row(params![id], |row| row.get::<_, Arc<str>>(0)).optional()
        };
        let name = read().map_err(Error::store(&self.path))?;
        if let Some(name) = &name {
            if self.names.len() >= NAMES {
                self.names.clear();
            }
            self.names.insert(id, Arc::clone(name));
        }
        Ok(name)
    }

    fn read_series(&self) -> Result<Vec<Series>> {
        let sql = "SELECT id, name, doc, shape FROM series ORDER BY id";
        let heads = self.rows(sql, params![], |row| {
            Ok((row.get::<_, u32>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?, row.get::<_, String>(3)?))
        })?;
        let bad =
            |name: &str, what: &str| Error::Invalid(format!("{}: the series {name} has {what}", self.path.display()));
        let mut all = Vec::with_capacity(heads.len());
        for (id, name, doc, shape) in heads {
            let shape = member(SHAPES, &shape).ok_or_else(|| bad(&name, "an unknown shape"))?;
            let sql = "SELECT name, type, unit, doc FROM series_column WHERE series = ?1 ORDER BY place";
            let columns = self.rows(sql, params![id], |row| {
                let word = |at| row.get::<_, String>(at);
                Ok((word(0)?, word(1)?, word(2)?, word(3)?))
            })?;
            let column = |(column, of, unit, doc): (String, String, String, String)| {
                let of = member(COLUMN_TYPES, &of).ok_or_else(|| bad(&name, "a column of an unknown type"))?;
                // An unknown unit is no harm: the number is a number.
                let unit = member(UNITS, &unit).unwrap_or(super::Unit::None);
                Ok(Column { name: column.into(), of, unit, doc: doc.into() })
            };
            let columns = columns.into_iter().map(column).collect::<Result<Vec<Column>>>()?;
            all.push(Series {
                id,
                schema: Schema { name: name.into(), doc: doc.into(), shape, columns: columns.into() },
            });
        }
        Ok(all)
    }

    /// The rows of one of the session's own tables.
    pub(super) fn rows<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        each: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let read = || self.db.prepare_cached(sql)?.query_map(params, each)?.collect::<rusqlite::Result<Vec<T>>>();
        read().map_err(Error::store(&self.path))
    }
}

/// The time that a session counts from where it is told to people: that of its first row, else of its making, in
/// CLOCK_MONOTONIC nanoseconds. Through any connection to it.
pub fn origin(db: &Connection) -> rusqlite::Result<i64> {
    let sql = "SELECT coalesce((SELECT min(first) FROM main.chunk), (SELECT min(monotonic) FROM main.clock), 0)";
    db.query_row(sql, [], |row| row.get(0))
}
