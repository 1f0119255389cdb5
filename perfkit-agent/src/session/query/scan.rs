//! Goes through the rows of a series in the order of their times, opening only the chunks and decoding only the
//! columns that are asked for.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::types::ValueRef;
use rustc_hash::{FxHashMap, FxHashSet};

use super::plan::{Bounds, Place};
use super::walk::Value;
use crate::error::{Error, Result};
use crate::session::chunk::{Chunk, Values};
use crate::session::column::Damage;
use crate::session::reader::{ChunkInfo, Series, Session};
use crate::session::rows::{NULL, Track};
use crate::session::series::Shape;

/// Chunks whose decoded columns are kept, beside those that the walk is in.
const KEPT: usize = 8;
/// Bytes of decoded columns with which those are not kept any more that the walk is in: it visits them in turns, so
/// that each would be decoded again for a few rows.
const BYTES: usize = 512 << 20;
/// Names that are kept at hand.
const NAMES: usize = 1 << 14;

/// The session below the virtual tables: a connection of its own, held at one commit while anything is read.
#[derive(Debug)]
pub struct Shared(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    session: Session,
    cursors: usize,
    /// SQLite's number of the last commit of somebody else: what was read before it may have changed.
    version: i64,
    damaged: BTreeMap<i64, String>,
}

impl Shared {
    /// Over an opened session.
    pub fn new(session: Session) -> Shared {
        Shared(Mutex::new(Inner { session, cursors: 0, version: 0, damaged: BTreeMap::new() }))
    }

    /// Does something with the session.
    pub fn with<T>(&self, with: impl FnOnce(&mut Session) -> T) -> T {
        with(&mut self.lock().session)
    }

    /// What was found damaged so far and left out, a line each.
    pub fn damaged(&self) -> Vec<String> {
        self.lock().damaged.values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self) -> Result<()> {
        let mut inner = self.lock();
        if inner.cursors == 0 {
            inner.session.hold()?;
            let version = inner.session.db().pragma_query_value(None, "data_version", |row| row.get(0));
            inner.version = version.map_err(Error::store(inner.session.path()))?;
        }
        inner.cursors += 1;
        Ok(())
    }

    fn leave(&self) {
        let mut inner = self.lock();
        inner.cursors -= 1;
        if inner.cursors == 0 {
            inner.session.release();
        }
    }

    fn damage(&self, series: &Series, chunk: i64, damage: Damage) {
        let line = format!("chunk {chunk} of the series {} is damaged and left out: {damage}", series.schema.name);
        self.lock().damaged.insert(chunk, line);
    }
}

/// A series as a table.
#[derive(Debug)]
pub struct Table {
    shared: Arc<Shared>,
    series: Series,
    /// How many rows it had when it was opened.
    rows: f64,
    known: Mutex<Option<(i64, Known)>>,
}

/// What is read once for all scans of one commit.
#[derive(Clone, Debug)]
struct Known {
    chunks: Arc<[ChunkInfo]>,
    tracks: Arc<FxHashMap<i64, Track>>,
}

impl Table {
    /// The table of a series.
    pub fn new(shared: Arc<Shared>, series: Series) -> Result<Table> {
        let chunks = shared.with(|session| session.chunks(series.id))?;
        let rows = chunks.iter().map(|chunk| chunk.summary.rows as f64).sum();
        Ok(Table { shared, series, rows, known: Mutex::new(None) })
    }

    /// The series.
    pub fn series(&self) -> &Series {
        &self.series
    }

    /// How many rows it has, about.
    pub fn rows(&self) -> f64 {
        self.rows
    }

    fn known(&self) -> Result<Known> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let version = self.shared.lock().version;
        if let Some((of, known)) = &*known
            && *of == version
        {
            return Ok(known.clone());
        }
        let read = |session: &mut Session| {
            let tracks = session.tracks(self.series.id)?;
            let tracks = tracks.into_iter().map(|(id, track)| (i64::from(id), track)).collect();
            Ok(Known { chunks: session.chunks(self.series.id)?.into(), tracks: Arc::new(tracks) })
        };
        let read = self.shared.with(read)?;
        *known = Some((version, read.clone()));
        Ok(read)
    }
}

/// One walk through a table.
#[derive(Debug)]
pub struct Scan {
    table: Arc<Table>,
    bounds: Bounds,
    known: Known,
    /// The tracks that are asked for; all where there is none.
    wanted: Option<FxHashSet<i64>>,
    /// The next chunk that may be opened.
    next: usize,
    open: Vec<Open>,
    /// Which of the open ones has the current row.
    current: Option<usize>,
    decoded: RefCell<Vec<(i64, Rc<Decoded>)>>,
    names: RefCell<FxHashMap<i64, Option<Arc<str>>>>,
}

/// A chunk that the walk is in.
#[derive(Debug)]
struct Open {
    id: i64,
    times: Vec<i64>,
    /// Its rows within the bounds, in the order of their times.
    rows: Vec<u32>,
    at: usize,
}

impl Open {
    fn time(&self) -> Option<i64> {
        self.rows.get(self.at).map(|&row| self.times[row as usize])
    }
}

/// The columns of a chunk, each decoded when it is asked for; none where it is damaged.
#[derive(Debug)]
struct Decoded {
    chunk: Chunk,
    tracks: OnceCell<Vec<i64>>,
    durations: OnceCell<Vec<i64>>,
    columns: Vec<OnceCell<Option<Values>>>,
}

impl Scan {
    /// A walk that has not begun.
    pub fn new(table: Arc<Table>) -> Result<Scan> {
        table.shared.enter()?;
        let known = Known { chunks: Arc::new([]), tracks: Arc::default() };
        Ok(Scan {
            table,
            bounds: Bounds::default(),
            known,
            wanted: None,
            next: 0,
            open: Vec::new(),
            current: None,
            decoded: RefCell::default(),
            names: RefCell::default(),
        })
    }

    /// Begins, or begins again, with the rows within these bounds; there may be more than those.
    pub fn start(&mut self, bounds: Bounds) -> Result<()> {
        self.known = self.table.known()?;
        let tracks = self.known.tracks.iter();
        self.wanted = bounds
            .some_tracks()
            .then(|| tracks.filter(|(id, track)| bounds.track(**id, track)).map(|(&id, _)| id).collect());
        self.bounds = bounds;
        self.next = 0;
        self.open.clear();
        self.settle()
    }

    /// Goes to the next row.
    pub fn advance(&mut self) -> Result<()> {
        if let Some(open) = self.current.and_then(|current| self.open.get_mut(current)) {
            open.at += 1;
        }
        self.settle()
    }

    /// Forgets what was decoded of chunks that the walk has left.
    pub fn forget(&self) {
        let mut kept = self.decoded.borrow_mut();
        if kept.len() > self.open.len() {
            kept.retain(|(id, _)| self.open.iter().any(|open| open.id == *id));
        }
    }

    /// Whether there are no more.
    pub fn ended(&self) -> bool {
        self.current.is_none()
    }

    /// The number of the current row, which no other row of the series has.
    pub fn id(&self) -> i64 {
        self.place().map_or(0, |(open, row)| open.id << 16 | row as i64)
    }

    /// Gives a value of the current row.
    pub fn value(
        &self,
        place: Place,
        give: &mut dyn FnMut(ValueRef<'_>) -> rusqlite::Result<()>,
    ) -> Result<rusqlite::Result<()>> {
        let Some((open, row)) = self.place() else { return Ok(give(ValueRef::Null)) };
        if place == Place::Time {
            return Ok(give(ValueRef::Integer(open.times[row])));
        }
        let Some(decoded) = self.decoded(open.id)? else { return Ok(give(ValueRef::Null)) };
        let track = || {
            let id = decoded.tracks(&self.table, open.id).get(row).copied().unwrap_or(0);
            (id, self.known.tracks.get(&id))
        };
        let number = |number: Option<i64>| match number {
            None | Some(NULL) => ValueRef::Null,
            Some(number) => ValueRef::Integer(number),
        };
        Ok(match place {
            Place::Time => Ok(()),
            Place::Duration => give(number(decoded.durations(&self.table, open.id).get(row).copied())),
            Place::Pid => give(number(track().1.map(|track| track.pid.into()))),
            Place::Tid => give(number(track().1.map(|track| track.tid.into()))),
            Place::Label => give(match track().1 {
                Some(track) if !track.label.is_empty() => ValueRef::Text(track.label.as_bytes()),
                _ => ValueRef::Null,
            }),
            Place::Track => give(number(Some(track().0).filter(|&id| id > 0))),
            Place::Column(column) => match decoded.column(&self.table, open.id, column) {
                None => give(ValueRef::Null),
                Some(Values::Ints(all)) => give(number(all.get(row).copied())),
                Some(Values::Reals(all)) => give(match all.get(row) {
                    Some(value) if !value.is_nan() => ValueRef::Real(*value),
                    _ => ValueRef::Null,
                }),
                Some(Values::Ids(all)) => {
                    let id = all.get(row).copied().unwrap_or(0);
                    if id == 0 {
                        give(ValueRef::Null)
                    } else if self.table.series.is_name(column) {
                        let name = self.name(id)?;
                        give(name.as_deref().map_or(ValueRef::Null, |name| ValueRef::Text(name.as_bytes())))
                    } else {
                        give(ValueRef::Integer(id))
                    }
                }
                Some(texts) => match &*texts.text(row) {
                    "" => give(ValueRef::Null),
                    text => give(ValueRef::Text(text.as_bytes())),
                },
            },
        })
    }

    /// The time of the current row; 0 after the last.
    pub fn time(&self) -> i64 {
        self.place().map_or(0, |(open, row)| open.times[row])
    }

    /// The duration of the current row, where it is known.
    pub fn duration(&self) -> Result<Option<i64>> {
        let Some((open, row)) = self.place() else { return Ok(None) };
        let Some(decoded) = self.decoded(open.id)? else { return Ok(None) };
        Ok(decoded.durations(&self.table, open.id).get(row).copied().filter(|&duration| duration != NULL))
    }

    /// The number of the current row's track, and the track; none where the session does not have it.
    pub fn track(&self) -> Result<(u32, Option<&Track>)> {
        let Some((open, row)) = self.place() else { return Ok((0, None)) };
        let Some(decoded) = self.decoded(open.id)? else { return Ok((0, None)) };
        let id = decoded.tracks(&self.table, open.id).get(row).copied().unwrap_or(0);
        Ok((u32::try_from(id).unwrap_or(0), self.known.tracks.get(&id)))
    }

    /// A declared column of the current row, with the number of what has one.
    pub fn cell(&self, column: usize) -> Result<Value> {
        let Some((open, row)) = self.place() else { return Ok(Value::Null) };
        let Some(decoded) = self.decoded(open.id)? else { return Ok(Value::Null) };
        Ok(match decoded.column(&self.table, open.id, column) {
            None => Value::Null,
            Some(Values::Ints(all)) => all.get(row).filter(|&&it| it != NULL).map_or(Value::Null, |&it| Value::Int(it)),
            Some(Values::Reals(all)) => {
                all.get(row).filter(|it| !it.is_nan()).map_or(Value::Null, |&it| Value::Real(it))
            }
            Some(Values::Ids(all)) => match all.get(row).copied().unwrap_or(0) {
                0 => Value::Null,
                id if self.table.series.is_name(column) => {
                    self.name(id)?.map_or(Value::Null, |name| Value::Name(id, name))
                }
                id => Value::Stack(id),
            },
            Some(texts) => match texts.text(row) {
                text if text.is_empty() => Value::Null,
                text => Value::Text(text.into_owned()),
            },
        })
    }

    fn place(&self) -> Option<(&Open, usize)> {
        let open = self.open.get(self.current?)?;
        Some((open, *open.rows.get(open.at)? as usize))
    }

    fn name(&self, id: i64) -> Result<Option<Arc<str>>> {
        let mut names = self.names.borrow_mut();
        if let Some(name) = names.get(&id) {
            return Ok(name.clone());
        }
        if names.len() >= NAMES {
            names.clear();
        }
        let name = self.table.shared.with(|session| session.name(id))?;
        names.insert(id, name.clone());
        Ok(name)
    }

    /// Finds the earliest row of the open chunks, once all are open that may have an earlier one.
    fn settle(&mut self) -> Result<()> {
        loop {
            self.open.retain(|open| open.at < open.rows.len());
            let least = self.open.iter().enumerate().filter_map(|(at, open)| Some((open.time()?, at))).min();
            match self.known.chunks.get(self.next).copied() {
                Some(chunk) if least.is_none_or(|(time, _)| chunk.summary.first <= time) => {
                    self.next += 1;
                    if chunk.summary.first > self.bounds.time.1 {
                        self.next = self.known.chunks.len();
                    } else if self.bounds.chunk(&chunk.summary, self.table.series.schema.shape == Shape::Span) {
                        self.open_chunk(chunk.id)?;
                    }
                }
                _ => {
                    self.current = least.map(|(_, at)| at);
                    return Ok(());
                }
            }
        }
    }

    fn open_chunk(&mut self, id: i64) -> Result<()> {
        let Some(decoded) = self.decoded(id)? else { return Ok(()) };
        let times = match decoded.chunk.times() {
            Ok(times) => times,
            Err(damage) => {
                self.table.shared.damage(&self.table.series, id, damage);
                return Ok(());
            }
        };
        let (begin, end) = self.bounds.time;
        let within = |row: &u32| (begin..=end).contains(&times[*row as usize]);
        let mut rows: Vec<u32> = match &self.wanted {
            None => (0..times.len() as u32).filter(within).collect(),
            Some(wanted) => {
                let tracks = decoded.tracks(&self.table, id);
                let wanted = |row: &u32| tracks.get(*row as usize).is_some_and(|track| wanted.contains(track));
                (0..times.len() as u32).filter(|row| within(row) && wanted(row)).collect()
            }
        };
        // They are in runs by track already, which a stable sort merges.
        rows.sort_by_key(|&row| times[row as usize]);
        self.open.push(Open { id, times, rows, at: 0 });
        Ok(())
    }

    /// Forgets the chunks that were not visited for the longest time, first those that the walk is not in.
    fn make_room(&self, kept: &mut Vec<(i64, Rc<Decoded>)>) {
        let open: FxHashSet<i64> = self.open.iter().map(|open| open.id).collect();
        let mut more = kept.len().saturating_sub(open.len() + KEPT - 1);
        kept.retain(|(id, _)| {
            let kept = more == 0 || open.contains(id);
            more -= usize::from(!kept);
            kept
        });
        let mut bytes: usize = kept.iter().map(|(_, decoded)| decoded.bytes()).sum();
        let forgotten = kept.iter().take_while(|(_, decoded)| {
            let many = bytes > BYTES;
            bytes -= if many { decoded.bytes() } else { 0 };
            many
        });
        let forgotten = forgotten.count();
        kept.drain(..forgotten);
    }

    /// A chunk for reading; none where it is damaged.
    fn decoded(&self, id: i64) -> Result<Option<Rc<Decoded>>> {
        let mut kept = self.decoded.borrow_mut();
        if let Some(at) = kept.iter().rposition(|(known, _)| *known == id) {
            // The latest is the last.
            if at + 1 < kept.len() {
                let one = kept.remove(at);
                kept.push(one);
            }
            return Ok(kept.last().map(|(_, decoded)| Rc::clone(decoded)));
        }
        let series = &self.table.series;
        match self.table.shared.with(|session| session.chunk(&series.schema, id))? {
            Err(damage) => {
                self.table.shared.damage(series, id, damage);
                Ok(None)
            }
            Ok(chunk) => {
                #[cfg(test)]
                tests::DECODED.with(|decoded| decoded.set(decoded.get() + 1));
                self.make_room(&mut kept);
                let columns = series.schema.columns.iter().map(|_| OnceCell::new()).collect();
                let decoded = Rc::new(Decoded { chunk, tracks: OnceCell::new(), durations: OnceCell::new(), columns });
                kept.push((id, Rc::clone(&decoded)));
                Ok(Some(decoded))
            }
        }
    }
}

impl Drop for Scan {
    fn drop(&mut self) {
        self.table.shared.leave();
    }
}

impl Decoded {
    /// About how many bytes of memory it has.
    fn bytes(&self) -> usize {
        let number = |there: bool| if there { 8 * self.chunk.rows() } else { 0 };
        let column = |column: &OnceCell<Option<Values>>| match column.get() {
            Some(Some(Values::Texts { ends, bytes })) => 4 * ends.len() + bytes.len(),
            column => number(column.is_some()),
        };
        let own = number(self.tracks.get().is_some()) + number(self.durations.get().is_some());
        self.chunk.size() + own + self.columns.iter().map(column).sum::<usize>()
    }

    fn tracks(&self, table: &Table, id: i64) -> &[i64] {
        self.tracks.get_or_init(|| whole(table, id, self.chunk.tracks()).unwrap_or_default())
    }

    fn durations(&self, table: &Table, id: i64) -> &[i64] {
        self.durations.get_or_init(|| whole(table, id, self.chunk.durations()).unwrap_or_default())
    }

    fn column(&self, table: &Table, id: i64, place: usize) -> Option<&Values> {
        let decode = || whole(table, id, self.chunk.column(&table.series.schema, place));
        self.columns.get(place)?.get_or_init(decode).as_ref()
    }
}

/// A column that is whole; damage is told once.
fn whole<T>(table: &Table, id: i64, column: std::result::Result<T, Damage>) -> Option<T> {
    column.map_err(|damage| table.shared.damage(&table.series, id, damage)).ok()
}

#[cfg(test)]
pub mod tests {
    use std::cell::Cell;

    thread_local! {
        /// Chunks that this thread decoded.
        pub static DECODED: Cell<usize> = const { Cell::new(0) };
    }
}
