//! The program's side of the values: a file that grows by a metric at a time, and handles that count.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use nix::fcntl::posix_fallocate;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use crate::error::{Error, Result};
use crate::folder::folder;
use crate::layout::{HEADER, INDOM, INSTANCE2, MAGIC, METRIC2, STRING, TOC, VALUE, flag, section};
use crate::marks::Marks;
use crate::reader::{Semantics, Type};
use crate::region::Region;
use crate::unit::Unit;

/// How much a file has room for. What is not used costs memory all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Metrics, at most 1,000: PCP numbers no more.
    pub metrics: u32,
    /// Buckets of all histograms together, at most 4,000.
    pub buckets: u32,
}

impl Default for Room {
    /// Room for 250 metrics and 500 buckets, in 300 KB.
    fn default() -> Room {
        Room { metrics: 250, buckets: 500 }
    }
}

/// Where the sections begin, in bytes.
#[derive(Debug)]
struct Places {
    indoms: usize,
    instances: usize,
    metrics: usize,
    values: usize,
    strings: usize,
    length: usize,
}

impl Places {
    fn of(room: Room) -> Places {
        let (metrics, buckets) = (room.metrics as usize, room.buckets as usize);
        let indoms = (HEADER + 5 * TOC).next_multiple_of(64);
        let instances = indoms + metrics * INDOM;
        let metrics_at = instances + buckets * INSTANCE2;
        // Values begin at a cache line, so that two of them share one and no value lies across two.
        let values = (metrics_at + metrics * METRIC2).next_multiple_of(64);
        let strings = values + (metrics + buckets) * VALUE;
        Places {
            indoms,
            instances,
            metrics: metrics_at,
            values,
            strings,
            length: strings + (2 * metrics + buckets) * STRING,
        }
    }
}

/// The counters of this program.
///
/// Opening gives a file in [`folder`](crate::folder()); it stays when the process dies, so that its last values can
/// be read, and the next process of the same name clears it away. Asking for a name twice gives the same value.
/// A child by `fork` goes on counting into its parent's file.
#[derive(Debug)]
pub struct Counters {
    name: String,
    /// None for counters that nobody sees.
    folder: Option<PathBuf>,
    region: Region,
    room: Room,
    places: Places,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    known: HashMap<String, (Type, Semantics, usize, usize)>,
    metrics: u32,
    indoms: u32,
    instances: u32,
    values: u32,
    strings: u32,
    generation: u64,
    marks: Option<Marks>,
}

/// A number that only rises: its rate is what matters.
#[derive(Clone, Copy, Debug)]
pub struct Counter(&'static AtomicU64);

/// A number that goes up and down.
#[derive(Clone, Copy, Debug)]
pub struct Gauge(&'static AtomicU64);

/// How often a number fell between which bounds.
#[derive(Clone, Debug)]
pub struct Histogram {
    bounds: std::sync::Arc<[u64]>,
    /// Every value's record of the histogram, the sum's after them.
    cells: &'static [AtomicU64],
    sum: &'static AtomicU64,
}

impl Counters {
    /// Opens the counters of a program; every name that it then gives begins with `name` and a dot.
    pub fn open(name: &str) -> Result<Counters> {
        Counters::open_in(&folder().ok_or(Error::NoFolder)?, name, Room::default())
    }

    /// As [`Counters::open`], in a folder and with room of one's own choice.
    pub fn open_in(folder: &Path, name: &str, room: Room) -> Result<Counters> {
        check(name, name)?;
        fs::create_dir_all(folder).map_err(Error::file("create", folder))?;
        clear(folder, name);
        let path = file_path(folder, name, "");
        let room = Room { metrics: room.metrics.min(1000), buckets: room.buckets.min(4000) };
        let places = Places::of(room);
        let (region, finish) = create(&path, places.length)?;
        let counters = Counters::on(region, Some(folder.to_owned()), name, room, places);
        finish()?;
        Ok(counters)
    }

    /// Counters that nobody sees, for where [`Counters::open`] failed and the program goes on.
    pub fn private(name: &str) -> Counters {
        let room = Room::default();
        let places = Places::of(room);
        Counters::on(Region::private(places.length), None, name, room, places)
    }

    fn on(region: Region, folder: Option<PathBuf>, name: &str, room: Room, places: Places) -> Counters {
        let [a, b, c, d] = MAGIC;
        region.set_pair(0, u32::from_ne_bytes([a, b, c, d]), 2);
        region.set_pair(24, 5, flag::NO_PREFIX | flag::PROCESS);
        region.set_pair(32, std::process::id(), 0);
        let sections = [
            (section::METRICS, places.metrics),
            (section::VALUES, places.values),
            (section::STRINGS, places.strings),
            (section::INDOMS, places.indoms),
            (section::INSTANCES, places.instances),
        ];
        for (at, (kind, offset)) in sections.into_iter().enumerate() {
            region.set_pair(HEADER + at * TOC, kind, 0);
            region.set(HEADER + at * TOC + 8, offset as u64);
        }
        Counters { name: name.to_owned(), folder, region, room, places, state: Mutex::default() }
    }

    /// A counter; `doc` is one sentence, of which 255 bytes are kept.
    pub fn counter(&self, name: &str, unit: Unit, doc: &str) -> Result<Counter> {
        let (at, _) = self.metric(name, Type::U64, Semantics::Counter, unit, doc, &[])?;
        Ok(Counter(&self.region.words[at / 8]))
    }

    /// A gauge.
    pub fn gauge(&self, name: &str, unit: Unit, doc: &str) -> Result<Gauge> {
        let (at, _) = self.metric(name, Type::F64, Semantics::Instant, unit, doc, &[])?;
        Ok(Gauge(&self.region.words[at / 8]))
    }

    /// A histogram: one count for each bucket, which ends below a bound, and one for what is above the last; beside
    /// it a counter NAME_sum of all numbers together, in `unit`.
    pub fn histogram(&self, name: &str, bounds: &[u64], unit: Unit, doc: &str) -> Result<Histogram> {
        if bounds.is_empty() || !bounds.is_sorted_by(|a, b| a < b) {
            return Err(Error::Bounds(self.full(name)));
        }
        let sum = self.counter(&format!("{name}_sum"), unit, doc)?;
        let (at, cells) = self.metric(name, Type::U64, Semantics::Counter, Unit::COUNT, doc, &buckets(bounds))?;
        if cells != bounds.len() + 1 {
            return Err(Error::Taken(self.full(name)));
        }
        Ok(Histogram {
            bounds: bounds.into(),
            cells: &self.region.words[at / 8..at / 8 + cells * VALUE / 8],
            sum: sum.0,
        })
    }

    /// The marks of this program.
    pub fn marks(&self) -> Result<Marks> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(marks) = &state.marks {
            return Ok(marks.clone());
        }
        let path = self.folder.as_ref().map(|folder| file_path(folder, &self.name, ".marks"));
        let marks = Marks::open(path.as_deref(), &self.name)?;
        state.marks = Some(marks.clone());
        Ok(marks)
    }

    /// The file, if there is one.
    pub fn path(&self) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| file_path(folder, &self.name, ""))
    }

    fn full(&self, name: &str) -> String {
        format!("{}.{name}", self.name)
    }

    /// Where the first value of a metric lies, and how many there are.
    fn metric(
        &self,
        name: &str,
        of: Type,
        semantics: Semantics,
        unit: Unit,
        doc: &str,
        instances: &[String],
    ) -> Result<(usize, usize)> {
        let full = self.full(name);
        check(&full, name)?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(&(known, as_known, at, count)) = state.known.get(&full) {
            let same = (known, as_known, count > 1) == (of, semantics, instances.len() > 1);
            return if same { Ok((at, count)) } else { Err(Error::Taken(full)) };
        }
        let (metrics, buckets) = (state.metrics, state.instances + instances.len() as u32);
        if metrics >= self.room.metrics || buckets > self.room.buckets {
            return Err(Error::Full(full));
        }
        let found = self.add(&mut state, &full, (of, semantics, unit), doc, instances);
        state.known.insert(full, (of, semantics, found.0, found.1));
        Ok(found)
    }

    /// Appends a metric, while readers see by the generation numbers that the file is in flux.
    fn add(
        &self,
        state: &mut State,
        full: &str,
        (of, semantics, unit): (Type, Semantics, Unit),
        doc: &str,
        instances: &[String],
    ) -> (usize, usize) {
        let (region, places) = (self.region, &self.places);
        region.set(16, 0);
        fence(Ordering::SeqCst);
        let serial = self.indom(state, instances);
        let name = self.string(state, full);
        let doc = self.string(state, doc);
        let metric = places.metrics + state.metrics as usize * METRIC2;
        region.set(metric, name);
        region.set_pair(metric + 8, state.metrics, of.code());
        region.set_pair(metric + 16, semantics.code(), unit.bits());
        region.set_pair(metric + 24, serial, 0);
        region.set(metric + 32, doc);
        region.set(metric + 40, doc);
        state.metrics += 1;
        let first = places.values + state.values as usize * VALUE;
        let count = instances.len().max(1);
        for at in 0..count {
            let value = first + at * VALUE;
            let instance = places.instances + (state.instances as usize - instances.len() + at) * INSTANCE2;
            region.set(value + 16, metric as u64);
            region.set(value + 24, if instances.is_empty() { 0 } else { instance as u64 });
        }
        state.values += count as u32;
        let counts = [
            (section::METRICS, state.metrics),
            (section::VALUES, state.values),
            (section::STRINGS, state.strings),
            (section::INDOMS, state.indoms),
            (section::INSTANCES, state.instances),
        ];
        for (at, (kind, count)) in counts.into_iter().enumerate() {
            region.set_pair(HEADER + at * TOC, kind, count);
        }
        fence(Ordering::SeqCst);
        state.generation = wall().max(state.generation + 1);
        region.set(8, state.generation);
        fence(Ordering::SeqCst);
        region.set(16, state.generation);
        (first, count)
    }

    /// Appends the instances of a metric; the number of their domain, 0 for none.
    fn indom(&self, state: &mut State, instances: &[String]) -> u32 {
        if instances.is_empty() {
            return 0;
        }
        let places = &self.places;
        let indom = places.indoms + state.indoms as usize * INDOM;
        let first = places.instances + state.instances as usize * INSTANCE2;
        state.indoms += 1;
        self.region.set_pair(indom, state.indoms, instances.len() as u32);
        self.region.set(indom + 8, first as u64);
        for (at, name) in instances.iter().enumerate() {
            let text = self.string(state, name);
            let instance = first + at * INSTANCE2;
            self.region.set(instance, indom as u64);
            self.region.set_pair(instance + 8, 0, at as u32);
            self.region.set(instance + 16, text);
        }
        state.instances += instances.len() as u32;
        state.indoms
    }

    /// Appends a text, cut where it is too long; where it lies.
    fn string(&self, state: &mut State, text: &str) -> u64 {
        let at = self.places.strings + state.strings as usize * STRING;
        state.strings += 1;
        self.region.set_bytes(at, &text.as_bytes()[..text.floor_char_boundary(STRING - 1)]);
        at as u64
    }
}

impl Counter {
    /// Counts one more.
    #[inline]
    pub fn inc(&self) {
        self.add(1);
    }

    /// Counts `n` more.
    #[inline]
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// What it stands at.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Gauge {
    /// Sets it.
    #[inline]
    pub fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    /// Adds to it; less than nothing takes away.
    pub fn add(&self, change: f64) {
        let sum = |bits| Some((f64::from_bits(bits) + change).to_bits());
        // It is tried until nobody came in between, so it cannot fail.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, sum);
    }

    /// What it stands at.
    pub fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}

impl Histogram {
    /// Counts a number into its bucket.
    #[inline]
    pub fn record(&self, value: u64) {
        let bucket = self.bounds.partition_point(|bound| *bound <= value);
        self.cells[bucket * VALUE / 8].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// How many numbers fell into a bucket, counted from 0.
    pub fn get(&self, bucket: usize) -> u64 {
        self.cells.get(bucket * VALUE / 8).map_or(0, |cell| cell.load(Ordering::Relaxed))
    }
}

/// The names of buckets: `0-10`, `10-100`, `100-inf`.
fn buckets(bounds: &[u64]) -> Vec<String> {
    let mut below = 0;
    let mut names: Vec<String> = Vec::with_capacity(bounds.len() + 1);
    for &bound in bounds {
        names.push(format!("{below}-{bound}"));
        below = bound;
    }
    names.push(format!("{below}-inf"));
    names
}

/// Whether PCP would take a name; `part` is what was asked for, of which the full name is made.
fn check(full: &str, part: &str) -> Result<()> {
    let word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_alphabetic())
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if full.len() < STRING && part.split('.').all(word) { Ok(()) } else { Err(Error::Name(part.to_owned())) }
}

/// `NAME.PID` with what follows.
fn file_path(folder: &Path, name: &str, suffix: &str) -> PathBuf {
    folder.join(format!("{name}.{}{suffix}", std::process::id()))
}

/// Removes what dead processes of the same name left; what cannot be removed stays.
fn clear(folder: &Path, name: &str) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let file = entry.file_name();
        let pid = file.to_str().and_then(|file| file.strip_prefix(name)?.strip_prefix('.'));
        let pid = pid.and_then(|pid| pid.strip_suffix(".marks").unwrap_or(pid).parse::<i32>().ok());
        if pid.is_some_and(|pid| pid > 0 && kill(Pid::from_raw(pid), None) == Err(nix::errno::Errno::ESRCH)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// A new file of a length, under a hidden name; the second value puts it in its place once it is filled.
pub(crate) fn create(path: &Path, length: usize) -> Result<(Region, impl FnOnce() -> Result<()>)> {
    let file_name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let hidden = path.with_file_name(format!(".{file_name}"));
    // A process of the same number before us may have died half way.
    let _ = fs::remove_file(&hidden);
    let file: File = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o644)
        .open(&hidden)
        .map_err(Error::file("create", &hidden))?;
    posix_fallocate(&file, 0, length as i64).map_err(Error::file("make room in", &hidden))?;
    let region = Region::of(&file).map_err(Error::file("map", &hidden))?;
    let path = path.to_owned();
    Ok((region, move || fs::rename(&hidden, &path).map_err(Error::file("put in its place", &path))))
}

/// The wall clock in nanoseconds since 1970.
pub(crate) fn wall() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().map_or(1, |time| time.as_nanos() as u64)
}
