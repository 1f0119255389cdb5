//! Frames on their way into the session: marks, logs, counters, samples with names where the capture has them, and
//! what became of processes.

use std::collections::{BTreeMap, HashMap};

use super::frames::{Body, Definition, Endian, Head};
use crate::session::{Cell, Frame, StackId, Track, TrackId, schemas};
use crate::source::{Level, Module, NameInfo, Outlet, Process, Semantics};

/// The file in a capture that has names of functions.
pub const SYMBOLS: &str = "__symbols__";
/// What is kept of files in a capture, in bytes: symbols are the largest.
const FILES_MAX: usize = 256 << 20;
/// What is kept of a text file as a fact.
const FACT_MAX: usize = 64 * 1024;
/// Addresses from here on are marks in a stack; the kernel has them at the very end of what an address can be.
const CONTEXT: u64 = u64::MAX - 4095;
/// The mark after which addresses are the kernel's, and that after which they are the program's.
const CONTEXT_KERNEL: u64 = (-128i64) as u64;
const CONTEXT_USER: u64 = (-512i64) as u64;

/// What a capture knows about addresses. A whole file is looked through for it before its samples are read.
#[derive(Debug, Default)]
pub struct Names {
    /// Mappings of each process by their begin: end, offset in the file, the file.
    maps: HashMap<i32, BTreeMap<u64, (u64, u64, String)>>,
    /// Functions that lie in no file.
    jit: HashMap<u64, String>,
    /// Functions of each process by the begin of a stretch of addresses: its end, name, and file.
    symbols: HashMap<i32, BTreeMap<u64, (u64, String, String)>>,
    files: BTreeMap<String, Vec<u8>>,
    size: usize,
    /// Bytes of files that were not kept.
    lost: u64,
}

impl Names {
    /// Learns from a frame.
    pub fn learn(&mut self, pid: i32, body: &Body) {
        match body {
            Body::Map { start, end, offset, path } => {
                self.maps.entry(pid).or_default().insert(*start, (*end, *offset, path.clone()));
            }
            Body::Jitmap(names) => self.jit.extend(names.iter().cloned()),
            Body::File { path, data, .. } if self.size + data.len() <= FILES_MAX => {
                self.size += data.len();
                self.files.entry(path.clone()).or_default().extend_from_slice(data);
            }
            Body::File { data, .. } => self.lost += data.len() as u64,
            _ => {}
        }
    }

    /// Reads the symbols among the files.
    pub fn resolve(&mut self, endian: Endian) {
        let Some(bytes) = self.files.remove(SYMBOLS) else { return };
        let half = |record: &[u8], at: usize| {
            let four: [u8; 4] = record[at..at + 4].try_into().unwrap_or_default();
            if endian == Endian::Little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) }
        };
        let word = |record: &[u8], at: usize| {
            let eight: [u8; 8] = record[at..at + 8].try_into().unwrap_or_default();
            if endian == Endian::Little { u64::from_le_bytes(eight) } else { u64::from_be_bytes(eight) }
        };
        let text = |at: u32| {
            let rest = if at == 0 { &[][..] } else { bytes.get(at as usize..).unwrap_or_default() };
            let end = memchr::memchr(0, rest).unwrap_or(rest.len());
            String::from_utf8_lossy(&rest[..end]).into_owned()
        };
        for record in bytes.chunks_exact(32) {
            let (begin, end) = (word(record, 0), word(record, 8));
            let (pid, name) = (half(record, 16) as i32, half(record, 20));
            if (begin, end, pid, name) == (0, 0, 0, 0) {
                break;
            }
            self.symbols.entry(pid).or_default().insert(begin, (end, text(name), text(half(record, 24))));
        }
    }

    /// The place of an address.
    fn frame(&self, pid: i32, address: u64, kernel: bool) -> Frame {
        let under = |map: &BTreeMap<u64, (u64, String, String)>| {
            let (_, (end, name, file)) = map.range(..=address).next_back()?;
            (address <= *end).then(|| (name.clone(), file.clone()))
        };
        let (mut function, mut module) = self.symbols.get(&pid).and_then(under).unwrap_or_default();
        if let Some(name) = self.jit.get(&address) {
            function = name.clone();
        }
        let mapped = self.maps.get(&pid).and_then(|maps| maps.range(..=address).next_back());
        let mapped = mapped.filter(|(_, (end, ..))| address < *end && !kernel);
        let mut place = address;
        if let Some((start, (_, offset, path))) = mapped {
            place = (address - start).wrapping_add(*offset);
            module = path.clone();
        } else if kernel {
            module = "[kernel]".to_owned();
        }
        Frame { function: function.into(), module: module.into(), address: place }
    }
}

/// Puts frames into a session.
#[derive(Debug, Default)]
pub struct Sink {
    /// What is known of addresses by now.
    pub names: Names,
    /// Tracks and kinds of counters by process and number: with more than one process in a session they may agree.
    counters: HashMap<(i32, u32), (TrackId, bool)>,
    /// When the target was started, where that is known.
    earliest: Option<i64>,
    /// Whether it was told that a mark begins before that.
    odd: bool,
}

impl Sink {
    /// For a target that is about to be started.
    pub fn live(earliest: i64) -> Sink {
        Sink { earliest: Some(earliest), ..Sink::default() }
    }

    /// Puts a file's head.
    pub fn header(&self, header: &super::frames::Header, outlet: &mut Outlet) {
        outlet.fact("sysprof.captured", &header.captured);
    }

    /// Puts a frame.
    pub fn frame(&mut self, head: &Head, body: Body, outlet: &mut Outlet) {
        let (pid, time) = (head.pid.max(0), head.time);
        match body {
            Body::Mark { duration, group, name, message } => {
                let (series, track) = (outlet.series(&schemas::MARKS), outlet.track(&Track::thread(pid, 0)));
                let cells = [Cell::Text(&group), Cell::Text(&name), Cell::Text(&message)];
                let (mut begin, mut duration) = (time, Some(duration).filter(|duration| *duration >= 0));
                // GTK 4.8 takes microseconds for nanoseconds at `mapped window`: its end is right.
                if self.earliest.is_some_and(|earliest| time < earliest) {
                    begin = time.saturating_add(duration.take().unwrap_or(0));
                    if !std::mem::replace(&mut self.odd, true) {
                        outlet.note(&format!("sysprof: {group}'s mark `{name}` has no right begin; its end is taken"));
                    }
                }
                outlet.span(series, begin, duration, track, &cells);
            }
            Body::Log { severity, domain, message } => self.log((pid, time), severity, &domain, &message, outlet),
            Body::Define(all) => all.iter().for_each(|counter| self.define((pid, time), counter, outlet)),
            Body::Set(values) => values.iter().for_each(|(id, value)| self.set((pid, time), *id, *value, outlet)),
            Body::Sample { tid, addresses } => self.sample((pid, tid, head), "sample", None, &addresses, outlet),
            Body::Allocation { tid, size, addresses } => {
                // What is freed has the size 0.
                let event = if size > 0 { "allocation" } else { "free" };
                self.sample((pid, tid, head), event, Some(size), &addresses, outlet);
            }
            Body::Process { command } => {
                let words: Vec<&str> = command.split(' ').collect();
                let name = words[0].rsplit('/').next().filter(|name| !name.is_empty()).map(str::to_owned);
                outlet.process(Process { pid, name, command: Some(command), ..Process::default() });
            }
            Body::Fork { child } => {
                outlet.process(Process { pid: child, parent: Some(pid), start: Some(time), ..Process::default() });
                life((pid, time), "fork", Some(child.into()), outlet);
            }
            Body::Exit => {
                outlet.process(Process { pid, end: Some(time), ..Process::default() });
                life((pid, time), "exit", None, outlet);
            }
            Body::Metadata { id, text } => outlet.fact(&format!("sysprof.{}", dotted(&id)), &text),
            Body::Timestamp | Body::Overlay | Body::Map { .. } | Body::Jitmap(_) | Body::File { .. } => {}
        }
    }

    /// Tells what is known of whole processes: files with code, and texts that came with the capture.
    pub fn finish(&mut self, outlet: &mut Outlet) {
        for (pid, maps) in &self.names.maps {
            let mut files: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
            for (start, (end, _, path)) in maps {
                let range = files.entry(path).or_insert((*start, *end));
                *range = (range.0.min(*start), range.1.max(*end));
            }
            for (path, (start, end)) in files {
                let length = end.saturating_sub(start);
                let build_id = String::new();
                outlet.module(Module { pid: (*pid).max(0), base: start, length, path: path.to_owned(), build_id });
            }
        }
        for (path, data) in std::mem::take(&mut self.names.files) {
            match std::str::from_utf8(&data) {
                Ok(text) if data.len() <= FACT_MAX => outlet.fact(&format!("sysprof.file.{path}"), text),
                _ => outlet.note(&format!("the file {path} in the capture, {} bytes, is not kept", data.len())),
            }
        }
        outlet.dropped("bytes of files in a capture", std::mem::take(&mut self.names.lost));
    }

    fn log(&mut self, at: (i32, i64), severity: u16, domain: &str, message: &str, outlet: &mut Outlet) {
        // GLib's levels are bits: error, critical, warning, message, info, debug, from the third on.
        let level = match severity & 0xfc {
            bits if bits & 0x0c != 0 => Some("error"),
            bits if bits & 0x10 != 0 => Some("warning"),
            bits if bits & 0x20 != 0 => Some("message"),
            bits if bits & 0x40 != 0 => Some(Level::Info.name()),
            bits if bits & 0x80 != 0 => Some(Level::Debug.name()),
            _ => None,
        };
        let (series, track) = (outlet.series(&schemas::LOGS), outlet.track(&Track::thread(at.0, 0)));
        let domain = Cell::text(Some(domain).filter(|domain| !domain.is_empty()));
        outlet.point(series, at.1, track, &[Cell::Text("sysprof"), Cell::text(level), domain, Cell::Text(message)]);
    }

    fn define(&mut self, (pid, time): (i32, i64), counter: &Definition, outlet: &mut Outlet) {
        // A category may be several words of a dotted name already.
        let category = counter.category.split('.').map(dotted).collect::<Vec<_>>().join(".");
        let name = format!("{category}.{}", dotted(&counter.name));
        let track = outlet.track(&Track::counter(pid, &name));
        outlet.name(NameInfo {
            name,
            semantics: Semantics::Gauge,
            unit: String::new(),
            doc: counter.description.clone(),
        });
        self.counters.insert((pid, counter.id), (track, counter.float));
        self.set((pid, time), counter.id, counter.value, outlet);
    }

    fn set(&mut self, (pid, time): (i32, i64), id: u32, value: [u8; 8], outlet: &mut Outlet) {
        let defined = self.counters.get(&(pid, id)).copied();
        // One process may set what another has defined, since numbers are of the whole capture.
        let any = || self.counters.iter().find(|((_, known), _)| *known == id).map(|(_, counter)| *counter);
        let Some((track, float)) = defined.or_else(any) else {
            outlet.dropped("values of undefined counters", 1);
            return;
        };
        let value = if float { f64::from_le_bytes(value) } else { i64::from_le_bytes(value) as f64 };
        let series = outlet.series(&schemas::COUNTERS);
        outlet.point(series, time, track, &[Cell::Real(value)]);
    }

    fn sample(
        &mut self,
        (pid, tid, head): (i32, i32, &Head),
        event: &str,
        weight: Option<i64>,
        addresses: &[u64],
        outlet: &mut Outlet,
    ) {
        // Older captures have no thread.
        let track = outlet.track(&Track::thread(pid, if tid > 0 { tid } else { pid }));
        let mut kernel = false;
        let mut frames = Vec::with_capacity(addresses.len());
        for &address in addresses {
            match address {
                CONTEXT_KERNEL => kernel = true,
                CONTEXT_USER => kernel = false,
                CONTEXT.. => {}
                _ => frames.push(self.names.frame(pid, address, kernel)),
            }
        }
        let stack = frames.into_iter().rev().fold(None::<StackId>, |caller, frame| Some(outlet.stack(caller, frame)));
        let series = outlet.series(&schemas::SAMPLES);
        let cpu = Cell::int(Some(i64::from(head.cpu)).filter(|cpu| *cpu >= 0));
        let cells = [Cell::Text(event), stack.map_or(Cell::Null, Cell::Stack), cpu, Cell::int(weight)];
        outlet.point(series, head.time, track, &cells);
    }
}

fn life((pid, time): (i32, i64), what: &str, value: Option<i64>, outlet: &mut Outlet) {
    let (series, track) = (outlet.series(&schemas::LIFE), outlet.track(&Track::thread(pid, pid)));
    outlet.point(series, time, track, &[Cell::Text(what), Cell::Null, Cell::int(value)]);
}

/// One word of a dotted name.
fn dotted(text: &str) -> String {
    let text = text.trim();
    let text = if text.is_empty() { "none" } else { text };
    text.replace(|letter: char| letter == '.' || letter.is_whitespace(), "-")
}
