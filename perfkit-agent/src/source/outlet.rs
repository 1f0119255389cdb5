//! A source's way into the session: rows are gathered here and handed on in batches through a bounded queue.
//!
//! A full queue makes the source wait, and with it the tool that writes to it: nothing is lost in between. What a
//! tool itself had to drop is counted with [`Outlet::dropped`].

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use crate::session::clock::now;
use crate::session::{Cell, Data, Dictionary, Frame, Mentioned, Rows, Schema, StackId, Track, TrackId, schemas};

/// Rows of a batch: enough that handing it on costs little for each.
const BATCH: usize = 4096;
/// Batches that wait at most, for all sources together.
const QUEUE: usize = 64;
/// A batch that is not full is handed on when it is this old, in nanoseconds: what was committed lies at most a
/// second back, and half of that is for the store.
const AGE: i64 = 300_000_000;

/// A series of an [`Outlet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesId(pub u32);

/// How severe a line of a log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Level {
    Error,
    Warning,
    Message,
    Info,
    Debug,
}

impl Level {
    /// Its name in the session.
    pub fn name(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Message => "message",
            Level::Info => "info",
            Level::Debug => "debug",
        }
    }
}

/// What the values of a counter mean from one to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Semantics {
    /// It counts up: what matters is its rate.
    Counter,
    /// Its value holds until the next.
    Gauge,
    /// Each value is of its moment alone.
    Discrete,
}

impl Semantics {
    /// Its name in the session.
    pub fn name(self) -> &'static str {
        match self {
            Semantics::Counter => "counter",
            Semantics::Gauge => "gauge",
            Semantics::Discrete => "discrete",
        }
    }
}

/// What is known of a dotted name.
#[derive(Clone, Debug, PartialEq)]
pub struct NameInfo {
    /// The dotted name.
    pub name: String,
    /// How its values are to be read.
    pub semantics: Semantics,
    /// The unit in words, as "bytes" or "1/s"; may be empty.
    pub unit: String,
    /// One sentence; may be empty.
    pub doc: String,
}

/// What is known of a process. A later message about the same pid adds to it.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Process {
    pub pid: i32,
    pub parent: Option<i32>,
    pub name: Option<String>,
    pub command: Option<String>,
    /// CLOCK_MONOTONIC nanoseconds.
    pub start: Option<i64>,
    pub end: Option<i64>,
    /// The exit status; a signal's number negated.
    pub status: Option<i32>,
}

/// What is known of a thread. A later message about the same tid adds to it.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Thread {
    pub pid: i32,
    pub tid: i32,
    pub name: Option<String>,
    pub start: Option<i64>,
    pub end: Option<i64>,
}

/// A file with code that a process had mapped.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Module {
    /// The process.
    pub pid: i32,
    /// Lowest address of its mapping.
    pub base: u64,
    /// Bytes from its lowest to its highest mapped address; 0 where it is not known where it was mapped.
    pub length: u64,
    /// The file.
    pub path: String,
    /// The GNU build id in hexadecimal; empty where it has none.
    pub build_id: String,
}

/// What sources tell the store. `source` is the number that the outlet was made with.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Message {
    /// The source begins, with the spec that it was asked for with.
    Begin {
        source: u32,
        name: &'static str,
        spec: String,
        time: i64,
    },
    /// A series that the source will use, before its first rows.
    Series {
        source: u32,
        id: SeriesId,
        schema: Schema,
    },
    /// Rows, and what they mention for the first time.
    Rows {
        source: u32,
        series: SeriesId,
        rows: Rows,
        new: Mentioned,
    },
    /// A fact about the source, the target or the machine, by dotted name.
    Fact {
        source: u32,
        name: String,
        value: String,
    },
    /// Something that whoever reads the session should know, as "strace was killed".
    Note {
        source: u32,
        time: i64,
        text: String,
    },
    /// Somebody marked a moment or a stretch while it is recorded; the duration of a moment is 0.
    Bookmark {
        time: i64,
        duration: i64,
        text: String,
    },
    /// Things that were lost, by kind.
    Dropped {
        source: u32,
        time: i64,
        kind: String,
        count: u64,
    },
    Name(NameInfo),
    Process(Process),
    Thread(Thread),
    Module(Module),
    /// The source will say no more; `Err` has the one line that says why it ended early.
    End {
        source: u32,
        result: Result<(), String>,
    },
}

/// What flows from all sources of a recording, and whether it does.
#[derive(Debug, Default)]
pub struct Flow {
    /// While it is set, rows are thrown away.
    pub paused: AtomicBool,
    /// Rows that were handed on.
    pub rows: AtomicU64,
    /// What was lost, of every kind.
    pub dropped: AtomicU64,
    /// How often sources that sample are to look.
    pub rates: Rates,
}

/// Rates that were changed while sources run, by the source's name.
#[derive(Debug, Default)]
pub struct Rates {
    changes: AtomicU64,
    all: Mutex<FxHashMap<String, f64>>,
}

impl Rates {
    /// From its next look on a source looks so many times a second.
    pub fn set(&self, source: &str, rate: f64) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(source.to_owned(), rate);
        self.changes.fetch_add(1, Ordering::Release);
    }
}

/// Where a source puts what it saw.
#[derive(Debug)]
pub struct Outlet {
    source: u32,
    name: &'static str,
    sender: SyncSender<Message>,
    flow: Arc<Flow>,
    dictionary: Dictionary,
    series: Vec<(Schema, Rows)>,
    flushed: i64,
    closed: bool,
    /// The changes of rates that were looked at.
    changes: u64,
}

impl Outlet {
    /// The queue between all outlets of a session and its store.
    pub fn queue() -> (SyncSender<Message>, Receiver<Message>) {
        sync_channel(QUEUE)
    }

    /// An outlet for the source called `name`.
    pub fn new(source: u32, name: &'static str, sender: SyncSender<Message>, flow: Arc<Flow>) -> Outlet {
        Outlet {
            source,
            name,
            sender,
            flow,
            dictionary: Dictionary::default(),
            series: Vec::new(),
            flushed: now(),
            closed: false,
            changes: 0,
        }
    }

    /// An outlet without a session, and what [`Seen`] makes readable: for tests.
    pub fn to_memory(name: &'static str) -> (Outlet, Seen) {
        // More than a test says, since nobody reads until all is said.
        let (sender, receiver) = sync_channel(1 << 16);
        (Outlet::new(0, name, sender, Arc::default()), Seen { receiver })
    }

    /// Says that the source begins, before anything else.
    pub fn source_begins(&mut self, spec: &str) {
        self.send(Message::Begin { source: self.source, name: self.name, spec: spec.to_owned(), time: now() });
    }

    /// The number of a series that this source will put rows into.
    pub fn series(&mut self, schema: &Schema) -> SeriesId {
        if let Some(at) = self.series.iter().position(|(known, _)| known.name == schema.name) {
            return SeriesId(at as u32);
        }
        let id = SeriesId(self.series.len() as u32);
        self.series.push((schema.clone(), Rows::new(schema)));
        self.send(Message::Series { source: self.source, id, schema: schema.clone() });
        id
    }

    /// The number of a track. Keep it: asking costs a look-up.
    pub fn track(&mut self, track: &Track) -> TrackId {
        self.dictionary.track(track)
    }

    /// The number of the stack of a frame that was called from `caller`.
    pub fn stack(&mut self, caller: Option<StackId>, frame: Frame) -> StackId {
        self.dictionary.stack(caller, frame)
    }

    /// Puts a moment or a value into a series; `cells` are in the order of its columns.
    #[inline]
    pub fn point(&mut self, series: SeriesId, time: i64, track: TrackId, cells: &[Cell<'_>]) {
        if let Some((_, rows)) = self.series.get_mut(series.0 as usize) {
            rows.point(&mut self.dictionary, time, track, cells);
            if rows.len() >= BATCH {
                self.send_batch(series);
            }
        }
    }

    /// Puts a stretch of time into a series.
    #[inline]
    pub fn span(&mut self, series: SeriesId, time: i64, duration: Option<i64>, track: TrackId, cells: &[Cell<'_>]) {
        if let Some((_, rows)) = self.series.get_mut(series.0 as usize) {
            rows.span(&mut self.dictionary, time, duration, track, cells);
            if rows.len() >= BATCH {
                self.send_batch(series);
            }
        }
    }

    /// Puts a line of a log into the session; `from` is stdout, stderr, or another place's name.
    pub fn log(&mut self, time: i64, track: &Track, from: &str, level: Option<Level>, message: &str) {
        let logs = self.series(&schemas::LOGS);
        let track = self.track(track);
        let level = Cell::text(level.map(Level::name));
        self.point(logs, time, track, &[Cell::Text(from), level, Cell::Null, Cell::Text(message)]);
    }

    /// Tells a fact about the source, the target or the machine, by dotted name.
    pub fn fact(&mut self, name: &str, value: &str) {
        self.send(Message::Fact { source: self.source, name: name.to_owned(), value: value.to_owned() });
    }

    /// Tells whoever reads the session something, in one line.
    pub fn note(&mut self, text: &str) {
        self.send(Message::Note { source: self.source, time: now(), text: text.to_owned() });
    }

    /// Marks a moment of the session, as somebody does who watches it.
    pub fn bookmark(&self, time: i64, duration: i64, text: &str) {
        // A session that cannot be written any more has been told of.
        let _ = self.sender.send(Message::Bookmark { time, duration, text: text.to_owned() });
    }

    /// How often the source is to look from now on, where that was changed since this was asked last.
    pub fn new_rate(&mut self) -> Option<f64> {
        let changes = self.flow.rates.changes.load(Ordering::Acquire);
        if changes == self.changes {
            return None;
        }
        self.changes = changes;
        self.flow.rates.all.lock().unwrap_or_else(PoisonError::into_inner).get(self.name).copied()
    }

    /// Counts what was lost.
    pub fn dropped(&mut self, kind: &str, count: u64) {
        if count > 0 {
            self.flow.dropped.fetch_add(count, Ordering::Relaxed);
            self.send(Message::Dropped { source: self.source, time: now(), kind: kind.to_owned(), count });
        }
    }

    /// Tells what a dotted name means.
    pub fn name(&mut self, info: NameInfo) {
        self.send(Message::Name(info));
    }

    /// Tells of a process.
    pub fn process(&mut self, process: Process) {
        self.send(Message::Process(process));
    }

    /// Tells of a thread.
    pub fn thread(&mut self, thread: Thread) {
        self.send(Message::Thread(thread));
    }

    /// Tells of a module.
    pub fn module(&mut self, module: Module) {
        self.send(Message::Module(module));
    }

    /// The source's name.
    pub fn source(&self) -> &'static str {
        self.name
    }

    /// Hands on what is old enough. A source calls it whenever it has waited for more, at least each 100 ms.
    pub fn tick(&mut self) {
        let time = now();
        if time - self.flushed >= AGE {
            self.flushed = time;
            self.flush();
        }
    }

    /// Hands on everything.
    pub fn flush(&mut self) {
        for at in 0..self.series.len() {
            self.send_rows(SeriesId(at as u32));
        }
        // Now no row waits that mentions anything.
        if self.dictionary.is_full() {
            self.dictionary.empty();
        }
    }

    /// Whether nobody listens any more: the session was closed.
    pub fn closed(&self) -> bool {
        self.closed
    }

    /// Ends it; `Err` has the one line that says why the source ended early.
    pub fn end(mut self, result: Result<(), String>) {
        self.flush();
        self.send(Message::End { source: self.source, result });
    }

    fn send_batch(&mut self, series: SeriesId) {
        self.send_rows(series);
        if self.dictionary.is_full() {
            self.flush();
        }
    }

    fn send_rows(&mut self, series: SeriesId) {
        let Some((schema, rows)) = self.series.get_mut(series.0 as usize) else { return };
        if rows.is_empty() {
            return;
        }
        let rows = std::mem::replace(rows, Rows::new(schema));
        if self.flow.paused.load(Ordering::Relaxed) {
            return;
        }
        self.flow.rows.fetch_add(rows.len() as u64, Ordering::Relaxed);
        let new = self.dictionary.take_new();
        self.send(Message::Rows { source: self.source, series, rows, new });
    }

    fn send(&mut self, message: Message) {
        self.closed |= self.sender.send(message).is_err();
    }
}

/// What came out of an [`Outlet`] without a session.
#[derive(Debug)]
pub struct Seen {
    receiver: Receiver<Message>,
}

impl Seen {
    /// Every message so far.
    pub fn messages(&self) -> Vec<Message> {
        self.receiver.try_iter().collect()
    }

    /// The rows in words, one a line: `SERIES TIME[+DURATION] PID/TID[ LABEL] COLUMN=VALUE …`; nulls are left out,
    /// an unknown duration is `+?`, a stack its functions from the innermost out, joined by `<`.
    ///
    /// Flush the outlet before.
    pub fn lines(&self) -> Vec<String> {
        Seen::readable(&self.messages())
    }

    /// The rows of some messages in words, as [`Seen::lines`] has them.
    pub fn readable(messages: &[Message]) -> Vec<String> {
        let mut sources: FxHashMap<u32, (Vec<&Schema>, Mentioned)> = FxHashMap::default();
        let mut lines = Vec::new();
        for message in messages {
            match message {
                Message::Series { source, schema, .. } => sources.entry(*source).or_default().0.push(schema),
                Message::Rows { source, series, rows, new } => {
                    let (schemas, known) = sources.entry(*source).or_default();
                    known.names.extend(new.names.iter().cloned());
                    known.tracks.extend(new.tracks.iter().cloned());
                    known.stacks.extend(new.stacks.iter().cloned());
                    lines.extend((0..rows.len()).map(|at| line(schemas[series.0 as usize], rows, at, known)));
                }
                _ => {}
            }
        }
        lines
    }
}

fn line(schema: &Schema, rows: &Rows, at: usize, known: &Mentioned) -> String {
    let duration = match rows.duration.get(at) {
        None => String::new(),
        Some(&crate::session::NULL) => "+?".to_owned(),
        Some(duration) => format!("+{duration}"),
    };
    let track = &known.tracks[rows.track[at] as usize];
    let label = if track.label.is_empty() { String::new() } else { format!(" {}", track.label) };
    let mut line = format!("{} {}{duration} {}/{}{label}", schema.name, rows.time[at], track.pid, track.tid);
    for (column, data) in schema.columns.iter().zip(&rows.columns) {
        let value = match data {
            Data::Int(all) if all[at] == crate::session::NULL => continue,
            Data::Int(all) => all[at].to_string(),
            Data::Real(all) if all[at].is_nan() => continue,
            Data::Real(all) => all[at].to_string(),
            Data::Name(all) if all[at] == 0 => continue,
            Data::Name(all) => known.names[all[at] as usize - 1].to_string(),
            Data::Stack(all) if all[at] == 0 => continue,
            Data::Stack(all) => {
                let mut next = Some(all[at] - 1);
                let mut functions = Vec::new();
                while let Some((caller, frame)) = next.map(|id| &known.stacks[id as usize]) {
                    functions.push(&*frame.function);
                    next = caller.map(|caller| caller.0);
                }
                functions.join("<")
            }
            Data::Text { ends, bytes } => {
                let begin = if at == 0 { 0 } else { ends[at - 1] as usize };
                if begin == ends[at] as usize {
                    continue;
                }
                String::from_utf8_lossy(&bytes[begin..ends[at] as usize]).into_owned()
            }
        };
        line.push_str(&format!(" {}={value}", column.name));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out_in_order_and_in_words() {
        let (mut outlet, seen) = Outlet::to_memory("test");
        let calls = outlet.series(&schemas::SYSCALLS);
        assert_eq!(outlet.series(&schemas::SYSCALLS), calls);
        let track = outlet.track(&Track::thread(7, 8));
        outlet.span(calls, 10, Some(5), track, &[Cell::Text("read"), Cell::Null, Cell::Int(3)]);
        outlet.span(calls, 20, None, track, &[Cell::Text("poll")]);
        let main = outlet.stack(None, Frame { function: "main".into(), ..Frame::default() });
        let leaf = outlet.stack(Some(main), Frame { function: "leaf".into(), ..Frame::default() });
        let samples = outlet.series(&schemas::SAMPLES);
        outlet.point(samples, 30, track, &[Cell::Text("cpu-clock"), Cell::Stack(leaf)]);
        outlet.flush();
        outlet.log(40, &Track::default(), "stderr", Some(Level::Warning), "hm");
        outlet.flush();
        assert_eq!(
            seen.lines(),
            [
                "syscalls 10+5 7/8 name=read result=3",
                "syscalls 20+? 7/8 name=poll",
                "samples 30 7/8 event=cpu-clock stack=leaf<main",
                "logs 40 0/0 source=stderr level=warning message=hm",
            ]
        );
    }

    #[test]
    fn a_paused_source_yields_nothing_and_names_survive_the_pause() {
        let (sender, receiver) = Outlet::queue();
        let flow = Arc::new(Flow { paused: AtomicBool::new(true), ..Flow::default() });
        let mut outlet = Outlet::new(0, "test", sender, Arc::clone(&flow));
        let counters = outlet.series(&schemas::COUNTERS);
        let track = outlet.track(&Track::counter(0, "a.b"));
        outlet.point(counters, 1, track, &[Cell::Real(1.0)]);
        outlet.flush();
        flow.paused.store(false, Ordering::Relaxed);
        outlet.point(counters, 2, track, &[Cell::Real(2.0)]);
        outlet.flush();
        let messages: Vec<_> = receiver.try_iter().collect();
        assert_eq!(Seen::readable(&messages), ["counters 2 0/0 a.b value=2"]);
        assert_eq!(flow.rows.load(Ordering::Relaxed), 1);
    }
}
