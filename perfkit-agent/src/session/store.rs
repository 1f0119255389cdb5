//! Writes a session while it happens: takes what sources say, and commits it twice a second.
//!
//! Rows wait in memory until there are enough of a series for a sealed chunk. So that a kill loses no more than the
//! last half second, each commit writes what came since the one before as a small chunk, which the sealed one
//! replaces.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, params};

use super::chunk;
use super::clock::{Pair, now};
use super::file;
use super::ids::{Ids, depth, dotted};
use super::pending::{Maps, Numbers, Pending};
use super::pyramid::{Builder, write_nodes};
use super::rows::{Mentioned, Rows, Track};
use super::series::{COLUMN_TYPES, Column, SHAPES, Schema, Shape, UNITS, word};
use crate::error::{Error, Result};
use crate::source::{Message, Module, NameInfo, Process, SeriesId, Thread};

/// What was said is committed when it is this old.
const COMMIT: Duration = Duration::from_millis(400);
/// Chunks that are not sealed, of one series, before they are put together.
const PARTS: usize = 32;
/// Sealed chunks of one series before its pyramid is written: a reader meanwhile goes through so many by itself.
const UNCOVERED: usize = 16;
/// What two sources say about when a process began differs by less, in nanoseconds, and its number is given to another
/// one later.
const SAME: i64 = 1_000_000_000;
/// What every row has in SQL beside the columns of its series.
const OWN_COLUMNS: &[&str] = &["time", "duration", "pid", "tid", "track", "track_id", "rowid"];

/// A session that is being written.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    db: Connection,
    ids: Ids,
    series: Vec<Series>,
    sources: Vec<FromSource>,
    writer: chunk::Writer,
    buffer: Vec<u8>,
    next_chunk: i64,
    committed: Instant,
    /// Whether a transaction is open.
    open: bool,
}

#[derive(Debug)]
struct Series {
    id: u32,
    schema: Schema,
    pending: Pending,
    /// The chunks that are not sealed.
    parts: Vec<i64>,
    pyramid: Builder,
    /// Chunks that were sealed since the pyramid was written.
    uncovered: usize,
}

/// What one source has mentioned, with the session's numbers.
#[derive(Debug, Default)]
struct FromSource {
    names: Numbers,
    tracks: Vec<Track>,
    stacks: Numbers,
    /// By the source's number of the series: its place here, and the numbers of its tracks, 0 where not met yet.
    series: Vec<Option<(usize, Vec<u32>)>>,
}

impl Store {
    /// Begins a new session; a file that is there already is refused.
    pub fn create(path: &Path) -> Result<Store> {
        let db = file::create(path)?;
        let writer = chunk::Writer::new().map_err(Error::file("write", path))?;
        let mut store = Store {
            path: path.to_owned(),
            db,
            ids: Ids::default(),
            series: Vec::new(),
            sources: Vec::new(),
            writer,
            buffer: Vec::new(),
            next_chunk: 1,
            committed: Instant::now(),
            open: false,
        };
        store.meta("agent", env!("CARGO_PKG_VERSION"))?;
        store.clock()?;
        store.commit()?;
        Ok(store)
    }

    /// Takes messages until all who send have ended, commits in time, and closes the session.
    pub fn run(self, receiver: Receiver<Message>) -> Result<()> {
        self.run_seen(receiver, &mut |_| {})
    }

    /// The same, while somebody sees each message before it is taken.
    pub fn run_seen(mut self, receiver: Receiver<Message>, see: &mut dyn FnMut(&Message)) -> Result<()> {
        loop {
            match receiver.recv_timeout(COMMIT.saturating_sub(self.committed.elapsed())) {
                Ok(message) => {
                    see(&message);
                    self.handle(message)?;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.close(),
            }
            self.commit_if_due()?;
        }
    }

    /// Takes one message.
    pub fn handle(&mut self, message: Message) -> Result<()> {
        match message {
            Message::Begin { source, name, spec, time } => {
                let sql = "INSERT OR REPLACE INTO source(id, name, spec, begun) VALUES(?1, ?2, ?3, ?4)";
                self.execute(sql, params![source, name, spec, time])
            }
            Message::Series { source, id, schema } => self.declare(source, id, &schema),
            Message::Rows { source, series, rows, new } => self.rows(source, series, &rows, &new),
            Message::Fact { source, name, value } => {
                self.execute("INSERT OR REPLACE INTO fact VALUES(?1, ?2, ?3)", params![source, name, value])
            }
            Message::Note { source, time, text } => {
                let sql = "INSERT INTO note(time, source, text) VALUES(?1, ?2, ?3)";
                self.execute(sql, params![time, source, text])
            }
            Message::Bookmark { time, duration, text } => {
                let sql = "INSERT INTO bookmark(time, duration, text) VALUES(?1, ?2, ?3)";
                self.execute(sql, params![time, duration, text])
            }
            Message::Dropped { source, time, kind, count } => self.dropped(source, time, &kind, count),
            Message::Name(info) => self.name(&info),
            Message::Process(process) => self.process(&process),
            Message::Thread(thread) => self.thread(&thread),
            Message::Module(module) => self.module(&module),
            Message::End { source, result } => {
                let sql = "UPDATE source SET ended = ?2, error = ?3 WHERE id = ?1";
                self.execute(sql, params![source, now(), result.err()])
            }
        }
    }

    /// Commits if it is time to.
    pub fn commit_if_due(&mut self) -> Result<()> {
        if self.committed.elapsed() < COMMIT { Ok(()) } else { self.commit() }
    }

    /// Commits everything that was taken.
    pub fn commit(&mut self) -> Result<()> {
        for at in 0..self.series.len() {
            let series = &self.series[at];
            if series.pending.rows.len() == series.pending.written {
                continue;
            }
            if series.parts.len() < PARTS {
                let rows = series.pending.unwritten();
                let id = self.write(at, Some(&rows), false)?;
                self.series[at].parts.push(id);
            } else {
                let id = self.write(at, None, false)?;
                self.forget_parts(at)?;
                self.series[at].parts.push(id);
            }
            let pending = &mut self.series[at].pending;
            pending.written = pending.rows.len();
        }
        if std::mem::take(&mut self.open) {
            self.db.execute_batch("COMMIT").map_err(Error::store(&self.path))?;
        }
        self.committed = Instant::now();
        Ok(())
    }

    /// Seals what is there and leaves one complete file.
    pub fn close(mut self) -> Result<()> {
        for at in 0..self.series.len() {
            if !self.series[at].pending.rows.is_empty() {
                self.seal(at)?;
            }
            self.cover(at)?;
        }
        self.clock()?;
        self.meta("closed", now())?;
        self.commit()?;
        let delete = |db: &Connection| db.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(()));
        match delete(&self.db) {
            // Someone reads it: whoever closes it last puts the log away, and then it is one file too.
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => Ok(()),
            other => other.map_err(Error::store(&self.path)),
        }
    }

    fn declare(&mut self, source: u32, id: SeriesId, schema: &Schema) -> Result<()> {
        let schema = fitting(schema);
        let place = self.place(&schema)?;
        let from = self.from(source);
        let at = id.0 as usize;
        if from.series.len() <= at {
            from.series.resize(at + 1, None);
        }
        from.series[at] = Some((place, Vec::new()));
        Ok(())
    }

    /// The place of a series with these columns; one of the same name with others gets another name.
    fn place(&mut self, schema: &Schema) -> Result<usize> {
        let mut schema = schema.clone();
        let name = schema.name.clone();
        let mut tries = 1;
        while let Some(at) = self.series.iter().position(|known| known.schema.name == schema.name) {
            if self.series[at].schema.shape == schema.shape && self.series[at].schema.columns == schema.columns {
                return Ok(at);
            }
            tries += 1;
            schema.name = format!("{name}_{tries}").into();
        }
        let id = self.series.len() as u32 + 1;
        let shape = word(SHAPES, schema.shape);
        self.execute(
            "INSERT INTO series(id, name, doc, shape) VALUES(?1, ?2, ?3, ?4)",
            params![id, schema.name, schema.doc, shape],
        )?;
        for (place, column) in schema.columns.iter().enumerate() {
            let (of, unit) = (word(COLUMN_TYPES, column.of), word(UNITS, column.unit));
            let sql = "INSERT INTO series_column VALUES(?1, ?2, ?3, ?4, ?5, ?6)";
            self.execute(sql, params![id, place, column.name, of, unit, column.doc])?;
        }
        let (pending, pyramid) = (Pending::new(&schema), Builder::default());
        self.series.push(Series { id, pending, schema, parts: Vec::new(), pyramid, uncovered: 0 });
        Ok(self.series.len() - 1)
    }

    fn rows(&mut self, source: u32, series: SeriesId, rows: &Rows, new: &Mentioned) -> Result<()> {
        self.mention(source, new)?;
        let from = self.from(source);
        let Some((place, mut tracks)) = from.series.get_mut(series.0 as usize).and_then(Option::take) else {
            return self.dropped(source, now(), "rows of an unknown series", rows.len() as u64);
        };
        if !self.series[place].pending.fits(rows) {
            self.from(source).series[series.0 as usize] = Some((place, tracks));
            return self.dropped(source, now(), "rows that do not fit their series", rows.len() as u64);
        }
        self.tracks(source, place, rows, &mut tracks)?;
        let mut at = 0;
        while at < rows.len() {
            let FromSource { names, stacks, .. } = &self.sources[source as usize];
            at += self.series[place].pending.take(rows, at, &Maps { names, stacks, tracks: &tracks });
            if self.series[place].pending.full() {
                self.seal(place)?;
            }
        }
        self.sources[source as usize].series[series.0 as usize] = Some((place, tracks));
        Ok(())
    }

    /// Gives the session's numbers to what a source mentions for the first time.
    fn mention(&mut self, source: u32, new: &Mentioned) -> Result<()> {
        if *new == Mentioned::default() {
            return Ok(());
        }
        self.begin()?;
        let mut from = std::mem::take(self.from(source));
        if new.emptied {
            from.names.emptied();
            from.stacks.emptied();
        }
        let mut mention = || {
            for name in &new.names {
                from.names.push(self.ids.string(&self.db, name)?);
            }
            for (caller, frame) in &new.stacks {
                let caller = caller.and_then(|caller| from.stacks.get(caller.0)).unwrap_or(0);
                from.stacks.push(self.ids.stack(&self.db, caller, frame)?);
            }
            Ok(())
        };
        let result = mention();
        from.tracks.extend_from_slice(&new.tracks);
        self.sources[source as usize] = from;
        result.map_err(Error::store(&self.path))
    }

    /// Gives numbers to the tracks of rows of a series that have none yet.
    fn tracks(&mut self, source: u32, place: usize, rows: &Rows, tracks: &mut Vec<u32>) -> Result<()> {
        let known = self.sources[source as usize].tracks.len();
        tracks.resize(known.max(1), 0);
        let mut last = u32::MAX;
        for &track in &rows.track {
            if track == last {
                continue;
            }
            last = track;
            if tracks.get(track as usize).is_some_and(|&id| id == 0) {
                self.begin()?;
                let Series { id, schema, .. } = &self.series[place];
                let of = self.sources[source as usize].tracks.get(track as usize).cloned().unwrap_or_default();
                let number = self.ids.track(&self.db, *id, schema.shape, &of).map_err(Error::store(&self.path))?;
                tracks[track as usize] = number;
            }
        }
        Ok(())
    }

    fn seal(&mut self, at: usize) -> Result<()> {
        let chunk = self.write(at, None, true)?;
        self.forget_parts(at)?;
        let Series { schema, pending, pyramid, uncovered, .. } = &mut self.series[at];
        let rows = &pending.rows;
        let measures = chunk::measures(schema.shape, rows);
        let spans = schema.shape == Shape::Span;
        match self.writer.order() {
            None => pyramid.chunk(chunk, &rows.track, &rows.time, &measures, spans),
            Some(order) => {
                let order = || order.iter().map(|&row| row as usize);
                let tracks: Vec<u32> = order().map(|row| rows.track[row]).collect();
                let times: Vec<i64> = order().map(|row| rows.time[row]).collect();
                let measures: Vec<f64> = order().map(|row| measures[row]).collect();
                pyramid.chunk(chunk, &tracks, &times, &measures, spans);
            }
        }
        pending.clear();
        *uncovered += 1;
        if *uncovered >= UNCOVERED { self.cover(at) } else { Ok(()) }
    }

    /// Writes the pyramid of a series, which then has all of its sealed chunks.
    fn cover(&mut self, at: usize) -> Result<()> {
        let Series { id, pyramid, uncovered, .. } = &mut self.series[at];
        *uncovered = 0;
        let (id, nodes) = (*id, pyramid.flush());
        self.begin()?;
        write_nodes(&self.db, self.writer.encoder(), &nodes).map_err(Error::store(&self.path))?;
        self.execute("UPDATE series SET covered = ?2 WHERE id = ?1", params![id, self.next_chunk - 1])
    }

    /// Writes a chunk of these rows of a series, or of all that wait, and gives its number.
    fn write(&mut self, at: usize, rows: Option<&Rows>, sealed: bool) -> Result<i64> {
        self.begin()?;
        let Series { id: series, schema, pending, .. } = &self.series[at];
        let rows = rows.unwrap_or(&pending.rows);
        let summary = self.writer.write(schema.shape, rows, &mut self.buffer);
        let id = self.next_chunk;
        chunk::insert(&self.db, id, *series, sealed, &summary, &self.buffer).map_err(Error::store(&self.path))?;
        self.next_chunk += 1;
        Ok(id)
    }

    fn forget_parts(&mut self, at: usize) -> Result<()> {
        for id in std::mem::take(&mut self.series[at].parts) {
            self.execute("DELETE FROM chunk WHERE id = ?1", params![id])?;
        }
        Ok(())
    }

    fn dropped(&mut self, source: u32, time: i64, kind: &str, count: u64) -> Result<()> {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let sql = "INSERT INTO dropped VALUES(?1, ?2, ?3, ?4, ?4)
                   ON CONFLICT DO UPDATE SET count = count + ?3, last = ?4";
        self.execute(sql, params![source, kind, count, time])
    }

    fn name(&mut self, info: &NameInfo) -> Result<()> {
        self.begin()?;
        dotted(&self.db, &info.name).map_err(Error::store(&self.path))?;
        let NameInfo { name, semantics, unit, doc } = info;
        let sql = "UPDATE name SET semantics = ?2, unit = ?3, doc = ?4, depth = ?5 WHERE name = ?1";
        self.execute(sql, params![name, semantics.name(), unit, doc, depth(name)])
    }

    fn process(&mut self, process: &Process) -> Result<()> {
        let Process { pid, parent, name, command, start, end, status } = process;
        let id = self.life("process", "pid", *pid, *start)?;
        let sql = "INSERT INTO process VALUES(?8, ?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET
                   parent = coalesce(?2, parent), name = coalesce(?3, name), command = coalesce(?4, command),
                   start = coalesce(?5, start), \"end\" = coalesce(?6, \"end\"), status = coalesce(?7, status)";
        self.execute(sql, params![pid, parent, name, command, start, end, status, id])
    }

    fn thread(&mut self, thread: &Thread) -> Result<()> {
        let Thread { pid, tid, name, start, end } = thread;
        let id = self.life("thread", "tid", *tid, *start)?;
        let sql = "INSERT INTO thread VALUES(?6, ?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET
                   pid = ?2, name = coalesce(?3, name), start = coalesce(?4, start), \"end\" = coalesce(?5, \"end\")";
        self.execute(sql, params![tid, pid, name, start, end, id])
    }

    /// The row of a process or thread by its number, which the kernel gives to another one once it has ended: the
    /// one that began about then, and the latest with that number where that is not told; none where it has no row yet.
    fn life(&mut self, table: &str, key: &str, number: i32, start: Option<i64>) -> Result<Option<i64>> {
        self.begin()?;
        let sql = format!(
            "SELECT id FROM {table} WHERE {key} = ?1 AND (?2 IS NULL OR (coalesce(?2 < \"end\", 1) AND
             coalesce(start BETWEEN ?2 - ?3 AND ?2 + ?3, 1))) ORDER BY abs(start - ?2) NULLS LAST,
             id DESC LIMIT 1"
        );
        let find = || {
            let row = |row: &rusqlite::Row<'_>| row.get(0);
            self.db.prepare_cached(&sql)?.query_row(params![number, start, SAME], row).optional()
        };
        find().map_err(Error::store(&self.path))
    }

    fn module(&mut self, module: &Module) -> Result<()> {
        self.begin()?;
        let Module { pid, base, length, path, build_id } = module;
        let id = self.ids.module(&self.db, path).map_err(Error::store(&self.path))?;
        if !build_id.is_empty() {
            self.execute("UPDATE module SET build_id = ?2 WHERE id = ?1", params![id, build_id])?;
        }
        if *length == 0 {
            return Ok(());
        }
        // SQLite's numbers are signed; addresses of the kernel come out negative.
        let (base, length) = (*base as i64, *length as i64);
        self.execute("INSERT OR REPLACE INTO mapping VALUES(?1, ?2, ?3, ?4)", params![pid, base, length, id])
    }

    /// Notes one more moment on both clocks: the wall clock is stepped and slewed.
    fn clock(&mut self) -> Result<()> {
        let Pair { monotonic, realtime } = Pair::now();
        self.execute("INSERT OR REPLACE INTO clock VALUES(?1, ?2)", params![monotonic, realtime])
    }

    fn meta(&mut self, key: &str, value: impl rusqlite::ToSql) -> Result<()> {
        self.execute("INSERT OR REPLACE INTO meta VALUES(?1, ?2)", params![key, value])
    }

    fn execute(&mut self, sql: &str, params: impl rusqlite::Params) -> Result<()> {
        self.begin()?;
        let run = || self.db.prepare_cached(sql)?.execute(params);
        run().map(|_| ()).map_err(Error::store(&self.path))
    }

    fn begin(&mut self) -> Result<()> {
        if !self.open {
            self.db.execute_batch("BEGIN IMMEDIATE").map_err(Error::store(&self.path))?;
            self.open = true;
        }
        Ok(())
    }

    fn from(&mut self, source: u32) -> &mut FromSource {
        let at = source as usize;
        if self.sources.len() <= at {
            self.sources.resize_with(at + 1, FromSource::default);
        }
        &mut self.sources[at]
    }
}

/// A schema whose columns' names are their own: not twice the same, and not those that every row has.
fn fitting(schema: &Schema) -> Schema {
    let mut columns: Vec<Column> = Vec::with_capacity(schema.columns.len());
    for column in schema.columns.iter() {
        let mut column = column.clone();
        let taken = |name: &str, columns: &[Column]| {
            let same = |other: &str| other.eq_ignore_ascii_case(name);
            let label = schema.shape == Shape::Sample && same("name");
            label || OWN_COLUMNS.iter().any(|own| same(own)) || columns.iter().any(|column| same(&column.name))
        };
        while taken(&column.name, &columns) {
            column.name.to_mut().push('_');
        }
        columns.push(column);
    }
    Schema { columns: columns.into(), ..schema.clone() }
}

#[cfg(test)]
mod tests;
