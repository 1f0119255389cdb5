//! Events as a GTK program under several sources yields them, made ahead in batches: dispatches, polls, motion,
//! exposures, system calls of several threads with their arguments, samples with stacks, and counters.

use gdkrecord::Kind;
use perfkit_agent::session::{
    Cell, ColumnType, Data, Dictionary, Frame, Rows, Schema, Shape, StackId, Track, TrackId, gdk, schemas,
};
use perfkit_agent::source::{Message, SeriesId};
use rusqlite::types::Value;
use rusqlite::{Connection, Statement};

/// The begin of the first event, in nanoseconds.
pub const BEGIN: i64 = 1_000_000_000_000;
/// From the first event of the bench's session to the last, about.
pub const LENGTH: i64 = 200_000_000_000;
/// Rows of a batch, as an outlet has them.
const BATCH: usize = 4096;
/// The series in the order in which their batches come, by their place in the list below.
const TURNS: &[usize] = &[0, 4, 1, 0, 5, 2, 4, 0, 3, 6, 0, 4];
/// Nanoseconds from one event of a series to the next, about: all of them then span the same time.
const STEPS: [i64; 7] = [60_000, 240_000, 240_000, 240_000, 80_000, 240_000, 240_000];

/// Numbers without an end, the same each time.
#[derive(Clone, Copy, Debug)]
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ (mixed >> 27)
    }

    /// One below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    /// A duration as they are: most of some microseconds, few a thousand times longer.
    fn duration(&mut self) -> i64 {
        let size = self.below(8) + self.below(8);
        (500 + self.below(1000) as i64) << (size * size / 14)
    }
}

/// Makes batches.
pub struct Mix {
    random: Random,
    names: Dictionary,
    schemas: Vec<Schema>,
    tracks: Vec<TrackId>,
    counters: Vec<TrackId>,
    values: Vec<f64>,
    stacks: Vec<StackId>,
    times: [i64; 7],
    turn: usize,
}

impl Mix {
    pub fn of_a_program() -> Mix {
        let gdk =
            ["dispatch", "poll", "motion", "exposure"].iter().filter_map(|kind| gdk::schema(Kind::by_name(kind)?));
        let schemas =
            gdk.chain([&schemas::SYSCALLS, &schemas::SAMPLES, &schemas::COUNTERS].map(Clone::clone)).collect();
        let mut names = Dictionary::default();
        let tracks = (0..6).map(|tid| names.track(&Track::thread(100, 100 + tid))).collect();
        let counters: Vec<TrackId> =
            (0..40).map(|at| names.track(&Track::counter(100, &format!("proc.thread{}.cpu{at}", at % 5)))).collect();
        let mut stacks = Vec::new();
        for at in 0..800usize {
            let caller = (at > 0).then(|| stacks[at / 3]);
            let function = format!("gtk_function_{}", at % 300).into();
            stacks.push(
                names.stack(caller, Frame { function, module: "/usr/lib/libgtk-4.so.1".into(), address: at as u64 }),
            );
        }
        let values = vec![0.0; counters.len()];
        Mix { random: Random(1), names, schemas, tracks, counters, values, stacks, times: [BEGIN; 7], turn: 0 }
    }

    /// What declares the series.
    pub fn begin(&mut self) -> Vec<Message> {
        let series = self.schemas.iter().enumerate();
        series
            .map(|(at, schema)| Message::Series { source: 0, id: SeriesId(at as u32), schema: schema.clone() })
            .collect()
    }

    /// The next batch.
    pub fn batch(&mut self) -> Message {
        let which = TURNS[self.turn % TURNS.len()];
        self.turn += 1;
        let mut rows = Rows::new(&self.schemas[which]);
        for _ in 0..BATCH {
            self.row(which, &mut rows);
        }
        Message::Rows { source: 0, series: SeriesId(which as u32), rows, new: self.names.take_new() }
    }

    fn row(&mut self, which: usize, rows: &mut Rows) {
        let random = &mut self.random;
        self.times[which] += STEPS[which] / 2 + random.below(STEPS[which] as u64) as i64;
        let (time, duration) = (self.times[which], random.duration());
        let main = self.tracks[0];
        let text = |of: &str, at: u64| format!("{of}{at}");
        let names = &mut self.names;
        match which {
            0 => {
                let at = random.below(12).min(random.below(40));
                let (source, callback) = (text("GSource", at / 3), text("libgtk-4.so.1+0x4", at));
                let late = (at < 2).then(|| random.below(3000) as i64);
                let cells = [
                    Cell::Text(&source),
                    Cell::Text(&callback),
                    Cell::Int([0, 120, 200][at as usize % 3]),
                    Cell::int(late),
                ];
                rows.span(names, time, Some(duration), main, &cells);
            }
            1 => {
                let cells = [Cell::Int(random.below(16) as i64), Cell::Int((random.below(8) == 0).into())];
                rows.span(names, time, Some(duration * 8), main, &cells);
            }
            2 => {
                let (x, y) = (random.below(1600) as f64 / 2.0, random.below(1200) as f64 / 2.0);
                let server = (time - BEGIN) / 1_000_000;
                let head =
                    [Cell::Int(duration / 2), Cell::Int(1), Cell::Int(server), Cell::Text("motion"), Cell::Int(0)];
                let tail = [
                    Cell::Int(1),
                    Cell::Int(1),
                    Cell::Int(0),
                    Cell::Real(x),
                    Cell::Real(y),
                    Cell::Real(x + 60.0),
                    Cell::Real(y + 40.0),
                ];
                rows.span(names, time, Some(duration), main, &[&head[..], &tail[..]].concat());
            }
            3 => {
                let frame = (time - BEGIN) / 16_666_667;
                let side = |random: &mut Random, limit| Cell::Int(random.below(limit) as i64 * 4);
                let cells = [
                    Cell::Int(1),
                    Cell::Int(frame),
                    Cell::Text("repaint"),
                    side(random, 200),
                    side(random, 150),
                    side(random, 40),
                    side(random, 30),
                ];
                rows.point(names, time, main, &cells);
            }
            4 => {
                let thread = self.tracks[random.below(12).min(5) as usize];
                let fd = 3 + random.below(20) as i64;
                let bytes = random.below(64) as i64 * 8;
                let (call, path) = (random.below(9), format!("/usr/share/icons/{fd}.svg"));
                let args = format!("{fd}, \"\\x{:x}\\0\\0\"..., {bytes}", random.below(4096));
                let call = ["poll", "read", "write", "recvmsg", "sendmsg", "futex", "epoll_wait", "openat", "close"]
                    [call as usize];
                let error = (random.below(6) == 0).then_some("EAGAIN");
                let cells = [
                    Cell::Text(call),
                    Cell::Text(&args),
                    Cell::Int(if error.is_some() { -1 } else { bytes }),
                    Cell::text(error),
                    Cell::Int(fd),
                    Cell::Text(&path),
                    Cell::Int(bytes),
                ];
                rows.span(names, time, Some(duration), thread, &cells);
            }
            5 => {
                let stack = self.stacks[random.below(800).min(random.below(800)) as usize];
                let thread = self.tracks[random.below(6) as usize];
                let cells = [
                    Cell::Text("cpu-clock"),
                    Cell::Stack(stack),
                    Cell::Int(random.below(2) as i64),
                    Cell::Int(1_000_000),
                ];
                rows.point(names, time, thread, &cells);
            }
            _ => {
                // All counters are read at the same moment.
                let at = rows.len() % self.counters.len();
                self.values[at] += random.below(1 + at as u64 * 5) as f64 * 0.25;
                rows.point(names, time, self.counters[at], &[Cell::Real(self.values[at])]);
            }
        }
    }
}

/// How many rows a message has.
pub fn rows(message: &Message) -> usize {
    match message {
        Message::Rows { rows, .. } => rows.len(),
        _ => 0,
    }
}

/// The peer: a table for each series, a row for each row, with its texts as they are.
pub struct Plain<'a> {
    db: &'a Connection,
    inserts: Vec<(Schema, Statement<'a>)>,
    names: Vec<Box<str>>,
}

impl<'a> Plain<'a> {
    pub fn new(db: &'a Connection) -> rusqlite::Result<Plain<'a>> {
        db.execute_batch("PRAGMA journal_mode = off; PRAGMA synchronous = off")?;
        Ok(Plain { db, inserts: Vec::new(), names: Vec::new() })
    }

    pub fn take(&mut self, message: &Message) -> rusqlite::Result<()> {
        match message {
            Message::Series { schema, .. } => {
                let columns: Vec<String> = schema.columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
                let own = if schema.shape == Shape::Span { "time, duration, thread" } else { "time, thread" };
                let all = format!("{own}, {}", columns.join(", "));
                self.db.execute_batch(&format!("CREATE TABLE \"{}\"({all})", schema.name))?;
                let places = vec!["?"; all.split(", ").count()].join(", ");
                let insert = self.db.prepare(&format!("INSERT INTO \"{}\" VALUES({places})", schema.name))?;
                self.inserts.push((schema.clone(), insert));
                Ok(())
            }
            Message::Rows { series, rows, new, .. } => {
                self.names.extend(new.names.iter().cloned());
                let (schema, insert) = &mut self.inserts[series.0 as usize];
                (0..rows.len()).try_for_each(|row| insert_row(schema, insert, rows, row, &self.names))
            }
            _ => Ok(()),
        }
    }
}

fn insert_row(
    schema: &Schema,
    insert: &mut Statement<'_>,
    rows: &Rows,
    row: usize,
    names: &[Box<str>],
) -> rusqlite::Result<()> {
    let mut place = 1;
    let mut bind = |insert: &mut Statement<'_>, value: &dyn rusqlite::ToSql| {
        place += 1;
        insert.raw_bind_parameter(place - 1, value)
    };
    bind(insert, &rows.time[row])?;
    if schema.shape == Shape::Span {
        bind(insert, &rows.duration[row])?;
    }
    bind(insert, &rows.track[row])?;
    for (column, data) in schema.columns.iter().zip(&rows.columns) {
        match data {
            Data::Int(all) => bind(insert, &all[row])?,
            Data::Real(all) => bind(insert, &all[row])?,
            Data::Name(all) | Data::Stack(all) => match all[row].checked_sub(1) {
                Some(id) if column.of == ColumnType::Name => bind(insert, &&*names[id as usize])?,
                Some(id) => bind(insert, &id)?,
                None => bind(insert, &Value::Null)?,
            },
            Data::Text { ends, bytes } => {
                let begin = if row == 0 { 0 } else { ends[row - 1] as usize };
                bind(insert, &String::from_utf8_lossy(&bytes[begin..ends[row] as usize]))?;
            }
        }
    }
    insert.raw_execute().map(drop)
}
