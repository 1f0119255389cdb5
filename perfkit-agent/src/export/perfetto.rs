//! A trace of Perfetto: packets with tracks, slices, moments, counters, and samples with their call stacks.
//!
//! The format: the messages below protos/perfetto/trace of <https://github.com/google/perfetto>; the numbers here are
//! those of its fields. Texts and stacks are told once, before the first packet that mentions them, and
//! have a number from then on; texts of which each is another, as lines of logs, stand where they are said.

use std::collections::BTreeMap;
use std::io::Write;

use rustc_hash::{FxHashMap, FxHashSet};

use super::nest::Nest;
use super::proto::Message;
use super::reading::Row;
use super::stacks::{Stacks, number, symbol};
use super::threads::Threads;
use super::{Done, Exporter, Reading};
use crate::session::query::{On, Value};
use crate::session::{Series, Shape};

/// The one sequence of packets.
const SEQUENCE: u64 = 1;
/// CLOCK_MONOTONIC and CLOCK_REALTIME, among Perfetto's clocks.
const MONOTONIC: u64 = 3;
const REALTIME: u64 = 1;
/// What the packets of a sequence say of what was told before them: forget it, or mind it.
const FORGET: u64 = 1;
const MIND: u64 = 2;

/// Types of events.
const BEGIN: u64 = 1;
const END: u64 = 2;
const INSTANT: u64 = 3;
const COUNTER: u64 = 4;

/// Fields of interned data.
const CATEGORIES: u32 = 1;
const NAMES: u32 = 2;
const KEYS: u32 = 3;
const FUNCTIONS: u32 = 5;
const FRAMES: u32 = 6;
const CALLSTACKS: u32 = 7;
const BUILD_IDS: u32 = 16;
const PATHS: u32 = 17;
const SOURCES: u32 = 18;
const MAPPINGS: u32 = 19;

/// Units that Perfetto has numbers for.
const UNITS: &[(&str, u64)] = &[("ns", 1), ("count", 2), ("bytes", 3)];

/// The trace.
pub struct Perfetto;

impl Exporter for Perfetto {
    fn export(&self, reading: &Reading<'_>, out: &mut dyn Write) -> Done {
        let (threads, stacks) = (Threads::read(reading)?, Stacks::read(reading)?);
        let mut trace = Trace {
            reading,
            threads,
            stacks,
            out,
            tracks: FxHashMap::default(),
            texts: FxHashMap::default(),
            told: FxHashSet::default(),
            frames: FxHashMap::default(),
            new: Message::new(),
            nests: BTreeMap::new(),
        };
        trace.head()?;
        reading.rows(&|_: &Series| Some(On::All), &mut |row| trace.row(row))?;
        for (uuid, mut nest) in std::mem::take(&mut trace.nests) {
            nest.finish(&mut |lane, until| trace.end(uuid, lane, until))?;
        }
        Ok(())
    }
}

/// What a track is of; each has a number in the trace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Track {
    Process(i32),
    Thread(i32, i32),
    /// A series on a thread, or a counter: the number of the session's track.
    Own(u32),
    /// What overlaps on such a track.
    Lane(u64, usize),
}

struct Trace<'a> {
    reading: &'a Reading<'a>,
    threads: Threads,
    stacks: Stacks,
    out: &'a mut dyn Write,
    tracks: FxHashMap<Track, u64>,
    /// Numbers of texts, by the field that they are interned in.
    texts: FxHashMap<(u32, Box<str>), u64>,
    /// Modules and stacks that were told, by field.
    told: FxHashSet<(u32, u32)>,
    /// How many frames lie at a symbol, of those that were told.
    frames: FxHashMap<u32, u32>,
    /// What the next packet is to tell first.
    new: Message,
    nests: BTreeMap<u64, Nest>,
}

impl Trace<'_> {
    fn head(&mut self) -> Done {
        let mut clocks = Message::new();
        let begin = self.reading.begin();
        let moments =
            [(MONOTONIC, Some(begin)), (REALTIME, self.reading.wall()?.map(|wall| begin.saturating_add(wall)))];
        for (clock, time) in moments.into_iter().filter_map(|(clock, time)| Some((clock, time?))) {
            clocks.message(1, Message::new().uint(1, clock).int(2, time));
        }
        clocks.uint(2, MONOTONIC);
        let mut packet = Message::new();
        packet.uint(10, SEQUENCE).uint(13, FORGET).uint(87, 1).message(6, &clocks);
        packet.message(59, Message::new().uint(58, MONOTONIC));
        self.put(&packet)
    }

    fn put(&mut self, packet: &Message) -> Done {
        let mut framed = Message::new();
        framed.message(1, packet);
        Ok(self.out.write_all(framed.bytes())?)
    }

    /// A packet of a time, with what must be told before it.
    fn packet(&mut self, time: i64, field: u32, message: &Message) -> Done {
        let mut packet = Message::new();
        packet.int(8, time).uint(10, SEQUENCE).uint(13, MIND);
        if !self.new.bytes().is_empty() {
            packet.message(12, &self.new);
            self.new.clear();
        }
        packet.message(field, message);
        self.put(&packet)
    }

    fn end(&mut self, uuid: u64, lane: usize, time: i64) -> Done {
        let track = if lane == 0 { uuid } else { self.tracks.get(&Track::Lane(uuid, lane)).copied().unwrap_or(uuid) };
        let mut event = Message::new();
        event.uint(9, END).uint(11, track);
        self.packet(time, 11, &event)
    }

    fn row(&mut self, row: &Row<'_>) -> Done {
        let schema = &row.series.schema;
        if schema.name == "samples" {
            return self.sample(row);
        }
        let uuid = self.of_row(row)?;
        if schema.shape == Shape::Sample {
            let Some(&Value::Real(value)) = row.cells.first() else { return Ok(()) };
            let mut event = Message::new();
            event.uint(9, COUNTER).uint(11, uuid).double(44, value);
            return self.packet(row.time, 11, &event);
        }
        let (mut track, mut of) = (uuid, INSTANT);
        // A stretch whose end nobody knows would hide all that comes after it: it is a moment.
        if let Some(duration) = row.duration.filter(|duration| *duration >= 0 && schema.shape == Shape::Span) {
            let mut nest = self.nests.remove(&uuid).unwrap_or_default();
            let end = row.time.saturating_add(duration);
            let lane = nest.put(row.time, end, &mut |lane, until| self.end(uuid, lane, until));
            self.nests.insert(uuid, nest);
            track = self.lane(uuid, lane?, row)?;
            of = BEGIN;
        }
        let category = self.text(CATEGORIES, row.event.category(row.cells));
        let name = row.event.name(row.cells);
        let mut rest = Message::new();
        rest.uint(3, category);
        match row.event.is_told_once(row.cells) {
            true => rest.text(23, &name),
            false => rest.uint(10, self.text(NAMES, &name)),
        };
        for (at, (column, value)) in schema.columns.iter().zip(row.cells).enumerate() {
            if row.event.tells(at) || *value == Value::Null {
                continue;
            }
            if let Value::Stack(_) = value {
                rest.uint(56, self.stack(number(Some(value)))?);
                continue;
            }
            let mut argument = Message::new();
            argument.uint(1, self.text(KEYS, &column.name));
            match value {
                Value::Int(number) => argument.int(4, *number),
                Value::Real(number) => argument.double(5, *number),
                other => argument.text(6, other.text().unwrap_or_default()),
            };
            rest.message(4, &argument);
        }
        if schema.shape == Shape::Span && of == INSTANT {
            let key = self.text(KEYS, "unfinished");
            rest.message(4, Message::new().uint(1, key).uint(2, 1));
        }
        let mut event = Message::new();
        event.uint(9, of).uint(11, track);
        event.append(&rest);
        self.packet(row.time, 11, &event)
    }

    fn sample(&mut self, row: &Row<'_>) -> Done {
        // Process and thread have names where a descriptor told them.
        self.thread(row.track.pid, row.track.tid)?;
        let cell = |name: &str| row.series.schema.column(name).and_then(|at| row.cells.get(at));
        let mut sample = Message::new();
        if let Some(cpu) = cell("cpu").and_then(Value::int) {
            sample.int(1, cpu);
        }
        sample.int(2, row.track.pid.into()).int(3, row.track.tid.into());
        if let stack @ 1.. = number(cell("stack")) {
            sample.uint(4, self.stack(stack)?);
        }
        // A sample that tells no weight is one event.
        sample.int(6, cell("weight").and_then(Value::int).unwrap_or(1));
        self.packet(row.time, 66, &sample)
    }

    /// The track of a row, which is told when it is met first.
    fn of_row(&mut self, row: &Row<'_>) -> Done<u64> {
        if let Some(&uuid) = self.tracks.get(&Track::Own(row.track_id)) {
            return Ok(uuid);
        }
        let (pid, tid, label) = (row.track.pid, row.track.tid, &row.track.label);
        let mut about = Message::new();
        let parent = match row.series.schema.shape {
            Shape::Sample => {
                about.text(2, label);
                about.message(8, &self.unit(label)?);
                if pid == 0 { 0 } else { self.process(pid)? }
            }
            _ => {
                let name = &row.series.schema.name;
                about.text(2, &if label.is_empty() { name.to_string() } else { format!("{name} {label}") });
                if pid == 0 { 0 } else { self.thread(pid, tid)? }
            }
        };
        if parent > 0 {
            about.uint(5, parent);
        }
        self.track(Track::Own(row.track_id), &about)
    }

    /// The unit of a counter, as far as the session tells it.
    fn unit(&self, name: &str) -> Done<Message> {
        let units = self.reading.ask_with("SELECT coalesce(unit, '') FROM main.name WHERE name = ?1", name)?;
        let mut unit = Message::new();
        let known = UNITS.iter().find(|(word, _)| units.first().is_some_and(|unit| unit == word));
        match (known, units.first()) {
            (Some((_, number)), _) => unit.uint(3, *number),
            (None, Some(word)) if !word.is_empty() => unit.text(6, word),
            (None, _) => &mut unit,
        };
        Ok(unit)
    }

    fn process(&mut self, pid: i32) -> Done<u64> {
        if let Some(&uuid) = self.tracks.get(&Track::Process(pid)) {
            return Ok(uuid);
        }
        let mut process = Message::new();
        process.int(1, pid.into()).text(6, &self.threads.process(pid));
        let command = self.threads.processes.get(&pid).and_then(|process| process.command.as_deref());
        for word in command.into_iter().flat_map(|command| command.split(' ')) {
            process.text(2, word);
        }
        let mut about = Message::new();
        about.message(3, &process);
        self.track(Track::Process(pid), &about)
    }

    fn thread(&mut self, pid: i32, tid: i32) -> Done<u64> {
        let parent = self.process(pid)?;
        if tid == 0 {
            return Ok(parent);
        }
        if let Some(&uuid) = self.tracks.get(&Track::Thread(pid, tid)) {
            return Ok(uuid);
        }
        let mut thread = Message::new();
        thread.int(1, pid.into()).int(2, tid.into());
        if let Some(name) = self.threads.thread(pid, tid) {
            thread.text(5, &name);
        }
        let mut about = Message::new();
        about.message(4, &thread).uint(5, parent);
        self.track(Track::Thread(pid, tid), &about)
    }

    fn lane(&mut self, uuid: u64, lane: usize, row: &Row<'_>) -> Done<u64> {
        if lane == 0 {
            return Ok(uuid);
        }
        let key = Track::Lane(uuid, lane);
        if let Some(&uuid) = self.tracks.get(&key) {
            return Ok(uuid);
        }
        let parent = if row.track.pid == 0 { 0 } else { self.thread(row.track.pid, row.track.tid)? };
        let mut about = Message::new();
        about.text(2, &format!("{}, overlapping {lane}", row.series.schema.name));
        if parent > 0 {
            about.uint(5, parent);
        }
        self.track(key, &about)
    }

    fn track(&mut self, key: Track, about: &Message) -> Done<u64> {
        let uuid = self.tracks.len() as u64 + 1;
        self.tracks.insert(key, uuid);
        let mut descriptor = Message::new();
        descriptor.uint(1, uuid).append(about);
        let mut packet = Message::new();
        packet.uint(10, SEQUENCE).message(60, &descriptor);
        self.put(&packet)?;
        Ok(uuid)
    }

    /// The number of a text.
    fn text(&mut self, field: u32, text: &str) -> u64 {
        if let Some(&iid) = self.texts.get(&(field, Box::from(text))) {
            return iid;
        }
        let iid = self.texts.len() as u64 + 1;
        self.texts.insert((field, text.into()), iid);
        self.new.message(field, Message::new().uint(1, iid).text(2, text));
        iid
    }

    /// The number of a call stack, whose frames, functions and files are told before.
    fn stack(&mut self, stack: u32) -> Done<u64> {
        if !self.told.insert((CALLSTACKS, stack)) {
            return Ok(stack.into());
        }
        let mut symbols: Vec<u32> = self.stacks.symbols(stack).collect();
        symbols.reverse();
        let mut callstack = Message::new();
        callstack.uint(1, stack.into());
        for id in symbols {
            for frame in self.frames(id)? {
                callstack.uint(2, frame);
            }
        }
        self.new.message(CALLSTACKS, &callstack);
        Ok(stack.into())
    }

    /// The numbers of the frames at a symbol, the outermost first; those that were inlined have numbers of their own
    /// above that of the symbol.
    fn frames(&mut self, id: u32) -> Done<impl Iterator<Item = u64> + use<>> {
        let number = move |level: u32| u64::from(level) << 32 | u64::from(id);
        if let Some(&count) = self.frames.get(&id) {
            return Ok((0..count).map(number));
        }
        let place = symbol(self.reading, id)?;
        for (level, function) in (0..).zip(place.functions.iter().rev()) {
            let mut frame = Message::new();
            let name = self.text(FUNCTIONS, &function.name);
            frame.uint(1, number(level)).uint(2, name).uint(4, place.address);
            if place.module > 0 {
                self.module(place.module, &place.file)?;
                frame.uint(3, place.module.into());
            }
            if let Some(source) = &function.source {
                let source = self.text(SOURCES, source);
                frame.uint(5, source);
            }
            if let Some(line) = function.line {
                frame.int(6, line);
            }
            self.new.message(FRAMES, &frame);
        }
        let count = place.functions.len() as u32;
        self.frames.insert(id, count);
        Ok((0..count).map(number))
    }

    fn module(&mut self, id: u32, path: &str) -> Done {
        if !self.told.insert((MAPPINGS, id)) {
            return Ok(());
        }
        let sql = "SELECT coalesce(build_id, '') FROM main.module WHERE path = ?1";
        let build_id = self.reading.ask_with(sql, path)?.into_iter().next().unwrap_or_default();
        let path = self.text(PATHS, path);
        // The bytes themselves and not their digits; modules and their ids have the same numbers.
        let digits = build_id.as_bytes().chunks_exact(2).map(|pair| std::str::from_utf8(pair).unwrap_or_default());
        let bytes: Vec<u8> = digits.filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect();
        self.new.message(BUILD_IDS, Message::new().uint(1, id.into()).data(2, &bytes));
        self.new.message(MAPPINGS, Message::new().uint(1, id.into()).uint(2, id.into()).uint(7, path));
        Ok(())
    }
}
