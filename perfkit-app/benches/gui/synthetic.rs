//! Sessions of any size, as a GTK program under several sources yields them, with one slow frame hidden among quick
//! ones: for the bench and for the tests of the timeline.

use std::path::Path;

use gdkrecord::Kind;
use perfkit_agent::Result;
use perfkit_agent::session::{Cell, Dictionary, Rows, Schema, StackId, Store, Track, TrackId, gdk, schemas};
use perfkit_agent::source::{Message, SeriesId};

/// The begin of the first event, in nanoseconds.
const BEGIN: i64 = 1_000_000_000_000;
/// From one frame to the next, in nanoseconds.
const PERIOD: i64 = 16_666_667;
/// Rows of a batch, as an outlet has them.
const BATCH: usize = 4096;
/// How long the hidden frame takes, in nanoseconds.
pub const HIDDEN: i64 = 100_000_000;
/// Threads beside the main one.
const WORKERS: i32 = 3;

/// What was made.
#[derive(Clone, Copy, Debug)]
pub struct Made {
    /// When the hidden frame begins.
    pub hidden: i64,
    /// How many events there are.
    pub events: usize,
}

/// Numbers without an end, the same each time.
#[derive(Clone, Copy, Debug)]
pub struct Random(pub u64);

impl Random {
    /// One below `limit`.
    pub fn below(&mut self, limit: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((mixed ^ (mixed >> 27)) % limit.max(1) as u64) as i64
    }
}

/// One series on its way into the store.
struct Sink {
    schema: Schema,
    rows: Rows,
}

struct Maker {
    store: Store,
    names: Dictionary,
    sinks: Vec<Sink>,
    random: Random,
    main: TrackId,
    workers: Vec<TrackId>,
    counters: Vec<TrackId>,
    stacks: Vec<StackId>,
    events: usize,
}

const DISPATCH: usize = 0;
const FRAME: usize = 1;
const MOTION: usize = 2;
const EXPOSURE: usize = 3;
const SYSCALL: usize = 4;
const SAMPLE: usize = 5;
const COUNTER: usize = 6;

/// Writes a session of about so many events to `path`.
///
/// # Errors
/// Where it cannot be written.
pub fn make(path: &Path, events: usize) -> Result<Made> {
    let mut maker = Maker::new(path)?;
    let mut frame = 0;
    let mut hidden = None;
    while maker.events < events {
        // Somewhere past the middle, at no round place.
        let hide = hidden.is_none() && maker.events * 1000 >= events * 637;
        let begin = maker.frame(frame, if hide { HIDDEN } else { 0 })?;
        if hide {
            hidden = Some(begin);
            frame += HIDDEN / PERIOD;
        }
        frame += 1;
    }
    let (hidden, events) = (hidden.unwrap_or(BEGIN), maker.events);
    maker.close()?;
    Ok(Made { hidden, events })
}

impl Maker {
    fn new(path: &Path) -> Result<Maker> {
        let kinds = ["dispatch", "frame", "motion", "exposure"].iter();
        let gdk = kinds.filter_map(|kind| gdk::schema(Kind::by_name(kind)?));
        let rest = [&schemas::SYSCALLS, &schemas::SAMPLES, &schemas::COUNTERS].map(Clone::clone);
        let sinks: Vec<Sink> = gdk.chain(rest).map(|schema| Sink { rows: Rows::new(&schema), schema }).collect();
        let mut names = Dictionary::default();
        let main = names.track(&Track::thread(100, 100));
        let workers = (1..=WORKERS).map(|at| names.track(&Track::thread(100, 100 + at))).collect();
        let counters = (0..20).map(|at| names.track(&Track::counter(100, &format!("app.part{}.value{at}", at % 4))));
        let counters = counters.collect();
        let mut stacks = Vec::new();
        for at in 0..400usize {
            let caller = (at > 0).then(|| stacks[at / 3]);
            let function = format!("gtk_function_{}", at % 150).into();
            let module = "/usr/lib/libgtk-4.so.1".into();
            stacks.push(names.stack(caller, perfkit_agent::session::Frame { function, module, address: at as u64 }));
        }
        let mut store = Store::create(path)?;
        for (id, sink) in (0..).zip(&sinks) {
            store.handle(Message::Series { source: 0, id: SeriesId(id), schema: sink.schema.clone() })?;
        }
        Ok(Maker { store, names, sinks, random: Random(1), main, workers, counters, stacks, events: 0 })
    }

    fn span(&mut self, series: usize, time: i64, duration: i64, track: TrackId, cells: &[Cell<'_>]) -> Result<()> {
        self.sinks[series].rows.span(&mut self.names, time, Some(duration), track, cells);
        self.pass(series)
    }

    fn point(&mut self, series: usize, time: i64, track: TrackId, cells: &[Cell<'_>]) -> Result<()> {
        self.sinks[series].rows.point(&mut self.names, time, track, cells);
        self.pass(series)
    }

    /// Hands a batch on when it is full.
    fn pass(&mut self, series: usize) -> Result<()> {
        self.events += 1;
        if self.sinks[series].rows.len() >= BATCH { self.hand_on(series) } else { Ok(()) }
    }

    fn hand_on(&mut self, series: usize) -> Result<()> {
        let sink = &mut self.sinks[series];
        let rows = std::mem::replace(&mut sink.rows, Rows::new(&sink.schema));
        let new = self.names.take_new();
        self.store.handle(Message::Rows { source: 0, series: SeriesId(series as u32), rows, new })?;
        self.store.commit_if_due()
    }

    fn close(mut self) -> Result<()> {
        for series in 0..self.sinks.len() {
            self.hand_on(series)?;
        }
        self.store.close()
    }

    /// What happens from one frame to the next; gives the frame's begin.
    fn frame(&mut self, number: i64, longer: i64) -> Result<i64> {
        let start = BEGIN + number * PERIOD + self.random.below(200_000);
        let main = self.main;
        let mut time = start;
        // Input, each in a dispatch of its own.
        for _ in 0..2 {
            let length = 40_000 + self.random.below(300_000);
            let dispatch = [
                Cell::Text("GDK X11 Event source (:0)"),
                Cell::Text("libgtk-4.so.1+0x45a8f0"),
                Cell::Int(0),
                Cell::Null,
            ];
            self.span(DISPATCH, time, length + 20_000, main, &dispatch)?;
            self.motion(time + 5_000, length)?;
            time += length + 60_000;
        }
        // The frame, in its dispatch.
        let phases = [0, 20_000, 60_000 + self.random.below(900_000), 300_000, 1_500_000, 0, 10_000];
        let work = 2_000_000 + self.random.below(6_000_000);
        let length = if longer > 0 { longer } else { work };
        let clock = [
            Cell::Text("[gtk] gdk_frame_clock_paint_idle"),
            Cell::Text("libgtk-4.so.1+0x479550"),
            Cell::Int(120),
            Cell::Int(0),
        ];
        self.span(DISPATCH, time, length + 30_000, main, &clock)?;
        let begin = time + 10_000;
        let part = |at: i64| Cell::Int(length * at / 10);
        let cells = [
            Cell::Int(phases[0]),
            Cell::Int(phases[1]),
            part(1),
            part(3),
            part(5),
            part(9),
            Cell::Null,
            Cell::Int(1),
            Cell::Int(number),
            Cell::Int(PERIOD),
            Cell::Int(PERIOD),
        ];
        self.span(FRAME, begin, length, main, &cells)?;
        for at in 0..3 {
            let side = Cell::Int(16 + self.random.below(200));
            let cells =
                [Cell::Int(1), Cell::Int(number), Cell::Text("repaint"), Cell::Int(at), Cell::Int(at), side, side];
            self.point(EXPOSURE, begin + length / 2 + at * 1000, main, &cells)?;
        }
        // Small dispatches in the frame's own.
        for at in 0..3 {
            let cells = [Cell::Text("GIdleSource"), Cell::Text("app+0x1200"), Cell::Int(200), Cell::Int(at)];
            self.span(DISPATCH, begin + length * (2 + at) / 8, length / 20, main, &cells)?;
        }
        self.beside(start, begin + length)?;
        Ok(begin)
    }

    fn motion(&mut self, time: i64, length: i64) -> Result<()> {
        let place = |random: &mut Random| Cell::Real(random.below(1600) as f64 / 2.0);
        let random = &mut self.random;
        let cells = [
            Cell::Int(random.below(900_000)),
            Cell::Int(1),
            Cell::Int((time - BEGIN) / 1_000_000),
            Cell::Text("motion"),
            Cell::Int(0),
            Cell::Int(1),
            Cell::Int(1),
            Cell::Int(0),
            place(random),
            place(random),
            place(random),
            place(random),
        ];
        let main = self.main;
        self.span(MOTION, time, length, main, &cells)
    }

    /// What other sources saw meanwhile.
    fn beside(&mut self, start: i64, until: i64) -> Result<()> {
        for at in 0..12 {
            let track = if at < 8 { self.main } else { self.workers[at as usize % self.workers.len()] };
            let name = ["poll", "recvmsg", "read", "futex", "write"][self.random.below(5) as usize];
            let time = start + at * PERIOD / 13;
            let length = 2_000 + self.random.below(600_000);
            let fd = 3 + self.random.below(9);
            let cells = [
                Cell::Text(name),
                Cell::Null,
                Cell::Int(64),
                Cell::Null,
                Cell::Int(fd),
                Cell::Text("socket"),
                Cell::Int(64),
            ];
            self.span(SYSCALL, time, length, track, &cells)?;
        }
        for at in 0..8 {
            let stack = self.stacks[self.random.below(400) as usize];
            let track = if at < 6 { self.main } else { self.workers[at as usize % self.workers.len()] };
            let cells = [Cell::Text("cpu-clock"), Cell::Stack(stack), Cell::Int(0), Cell::Int(1_000_000)];
            self.point(SAMPLE, start + at * (until - start) / 8, track, &cells)?;
        }
        for at in 0..3 {
            let counter = self.counters[self.random.below(20) as usize];
            let value = 100.0 + self.random.below(400) as f64;
            self.point(COUNTER, start + at, counter, &[Cell::Real(value)])?;
        }
        Ok(())
    }
}
