//! The files of one folder: found, read as they change, and left once their process is gone.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use perfkit_counters::{Live, Mark, Reading, Ring, State};

use crate::session::clock::now;
use crate::session::{Cell, Track, TrackId, schemas};
use crate::source::{NameInfo, Outlet, Process, Semantics};

/// Failures to read a file before they are told: PCP's library writes its files where they are seen half done.
const PATIENCE: u32 = 5;
/// Files of a folder that are looked after at one time.
const FILES_MAX: usize = 1000;

/// A folder.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    files: BTreeMap<PathBuf, Watched>,
    /// Whether it was looked at before: what is dead then has died while we watched.
    scanned: bool,
    /// Whether it was said that there are more files than are looked after.
    crowded: bool,
}

#[derive(Debug)]
struct Watched {
    inode: u64,
    what: What,
}

#[derive(Debug)]
enum What {
    Values(Box<Values>),
    Marks(Ring),
    /// Its process is gone, or it is not what we read; looked at again when another lies there.
    Done,
}

/// A file of values with what was said of it.
#[derive(Debug)]
struct Values {
    live: Live,
    file: String,
    tracks: Vec<(TrackId, String)>,
    last: Vec<Last>,
    /// Why it could not be read the last times, and how often in a row.
    trouble: Option<(String, u32)>,
}

/// The last of a value.
#[derive(Clone, Debug, PartialEq, Default)]
struct Last {
    reading: Option<Reading>,
    /// When it was seen last without having been told.
    untold: Option<i64>,
}

impl Folder {
    /// A folder, which may not be there yet.
    pub fn new(path: PathBuf) -> Folder {
        Folder { path, files: BTreeMap::new(), scanned: false, crowded: false }
    }

    /// Which it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Looks for files that are new, or others than before.
    pub fn scan(&mut self, outlet: &mut Outlet) {
        let mut there = Vec::new();
        for entry in fs::read_dir(&self.path).into_iter().flatten().flatten() {
            let visible = !entry.file_name().to_string_lossy().starts_with('.');
            let Some(inode) = entry.metadata().ok().filter(|meta| meta.is_file()).map(|meta| meta.ino()) else {
                continue;
            };
            if visible {
                there.push((entry.path(), inode));
            }
        }
        let gone: Vec<PathBuf> = self
            .files
            .iter()
            .filter(|(path, file)| !there.iter().any(|(known, inode)| known == *path && *inode == file.inode))
            .map(|(path, _)| path.clone())
            .collect();
        for path in gone {
            if let Some(mut file) = self.files.remove(&path) {
                file.what.finish(outlet);
            }
        }
        for (path, inode) in there {
            if self.files.contains_key(&path) {
                continue;
            }
            if self.files.len() >= FILES_MAX {
                if !std::mem::replace(&mut self.crowded, true) {
                    let path = self.path.display();
                    outlet.note(&format!("{path} has more than {FILES_MAX} files; the others are not read"));
                }
                break;
            }
            let what = self.open(&path, outlet);
            self.files.insert(path, Watched { inode, what });
        }
        self.scanned = true;
    }

    fn open(&self, path: &Path, outlet: &mut Outlet) -> What {
        let opened = match path.extension().is_some_and(|extension| extension == "marks") {
            true => Ring::open(path).map(|ring| (ring.process(), What::Marks(ring))),
            false => Live::open(path).map(|live| {
                let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let values = Values { live, file, tracks: Vec::new(), last: Vec::new(), trouble: None };
                (0, What::Values(Box::new(values)))
            }),
        };
        match opened {
            // What the dead left behind before we came is not of this recording.
            Ok((process, _)) if process > 0 && !self.scanned && !alive(process) => What::Done,
            Ok((_, What::Values(mut values))) => match values.live.sample() {
                Ok(_) if !self.scanned && values.dead() => What::Done,
                // What is garbage may be whole the next time.
                _ => What::Values(values),
            },
            Ok((_, what)) => what,
            Err(error) => {
                outlet.note(&format!("{}: {error}", path.display()));
                What::Done
            }
        }
    }

    /// Reads the marks of all files, and where it is `due` their values.
    pub fn collect(&mut self, outlet: &mut Outlet, due: bool) {
        for (path, file) in &mut self.files {
            let over = match &mut file.what {
                What::Values(values) if due => {
                    // Asked before its last values are read.
                    let dead = values.dead();
                    values.sample(path, outlet);
                    dead
                }
                What::Marks(ring) => {
                    let dead = ring.process() > 0 && !alive(ring.process());
                    if let Err(error) = read_marks(ring, outlet, false) {
                        outlet.note(&format!("{}: {error}", path.display()));
                        file.what = What::Done;
                    }
                    dead
                }
                _ => false,
            };
            if over {
                file.what.finish(outlet);
            }
        }
    }

    /// Tells what was not told yet: the recording ends.
    pub fn finish(&mut self, outlet: &mut Outlet) {
        self.files.values_mut().for_each(|file| file.what.finish(outlet));
    }
}

impl What {
    fn finish(&mut self, outlet: &mut Outlet) {
        match std::mem::replace(self, What::Done) {
            What::Values(mut values) => values.finish(outlet),
            What::Marks(mut ring) => {
                if let Err(error) = read_marks(&mut ring, outlet, true) {
                    outlet.note(&format!("marks of {}: {error}", ring.group()));
                }
            }
            What::Done => {}
        }
    }
}

impl Values {
    /// Whether its process is known to be gone.
    fn dead(&self) -> bool {
        self.live.layout().is_some_and(|layout| layout.process > 0 && !alive(layout.process))
    }

    fn sample(&mut self, path: &Path, outlet: &mut Outlet) {
        match self.live.sample() {
            Ok(State::Flux) => return,
            Ok(State::Changed) => self.declare(outlet),
            Ok(State::Same) if self.tracks.is_empty() => self.declare(outlet),
            Ok(State::Same) => {}
            Err(error) => {
                let times = self.trouble.as_ref().map_or(1, |(_, times)| times.saturating_add(1));
                if times == PATIENCE {
                    outlet.note(&format!("{}: {error}", path.display()));
                }
                self.trouble = Some((error.to_string(), times));
                return;
            }
        }
        self.trouble = None;
        let (time, wall) = (now(), SystemTime::UNIX_EPOCH.elapsed().map_or(0, |wall| wall.as_micros() as i64));
        let process = self.live.layout().map_or(0, |layout| layout.process);
        let series = outlet.series(&schemas::COUNTERS);
        let (mut all, tracks) = (self.last.iter_mut(), &mut self.tracks.iter());
        self.live.values(wall, &mut |_, _, reading| {
            let (Some(last), Some((track, name))) = (all.next(), tracks.next()) else { return };
            if last.reading.as_ref() == Some(&reading) {
                last.untold = Some(time);
                return;
            }
            // A value that stood still until now is told as of its last moment, so that no slope is invented.
            if let (Some(before), Some(Reading::Number(number))) = (last.untold, &last.reading) {
                outlet.point(series, before, *track, &[Cell::Real(*number)]);
            }
            match &reading {
                Reading::Number(number) => outlet.point(series, time, *track, &[Cell::Real(*number)]),
                Reading::Missing => outlet.point(series, time, *track, &[Cell::Null]),
                Reading::Text(text) => {
                    outlet.log(time, &Track::thread(process, 0), "counters", None, &format!("{name} = {text}"));
                }
            }
            *last = Last { reading: Some(reading), untold: None };
        });
    }

    /// Tells what its metrics are.
    fn declare(&mut self, outlet: &mut Outlet) {
        let Some(layout) = self.live.layout() else { return };
        let mut tracks = Vec::with_capacity(layout.places.len());
        for place in &layout.places {
            let metric = &layout.metrics[place.metric];
            let mut name = match layout.prefixed {
                true => format!("{}.{}", self.file, metric.name),
                false => metric.name.clone(),
            };
            if let Some(instance) = &place.instance {
                // An instance is one word of the dotted name.
                let word = instance.replace(|letter: char| letter == '.' || letter.is_whitespace(), "_");
                name = format!("{name}.{word}");
            }
            outlet.name(NameInfo {
                name: name.clone(),
                semantics: match metric.semantics {
                    perfkit_counters::Semantics::Counter => Semantics::Counter,
                    perfkit_counters::Semantics::Instant => Semantics::Gauge,
                    perfkit_counters::Semantics::Discrete => Semantics::Discrete,
                },
                unit: match metric.of {
                    // PCP has these in microseconds, whatever the file says.
                    perfkit_counters::Type::Elapsed => "us".to_owned(),
                    _ => metric.unit.to_string(),
                },
                doc: metric.doc.clone(),
            });
            tracks.push((outlet.track(&Track::counter(layout.process, &name)), name));
        }
        if layout.process > 0 {
            let comm = fs::read_to_string(format!("/proc/{}/comm", layout.process)).ok();
            let name = comm.map(|comm| comm.trim_end().to_owned());
            outlet.process(Process { pid: layout.process, name, ..Process::default() });
        }
        let last = |track: &TrackId| {
            let known = self.tracks.iter().position(|(known, _)| known == track)?;
            self.last.get(known).cloned()
        };
        self.last = tracks.iter().map(|(track, _)| last(track).unwrap_or_default()).collect();
        self.tracks = tracks;
    }

    fn finish(&mut self, outlet: &mut Outlet) {
        if let Some((error, _)) = self.trouble.take().filter(|(_, times)| *times < PATIENCE) {
            outlet.note(&format!("{}: {error}", self.file));
        }
        let series = outlet.series(&schemas::COUNTERS);
        for ((track, _), last) in self.tracks.iter().zip(&mut self.last) {
            if let (Some(time), Some(Reading::Number(number))) = (last.untold.take(), &last.reading) {
                outlet.point(series, time, *track, &[Cell::Real(*number)]);
            }
        }
    }
}

fn read_marks(ring: &mut Ring, outlet: &mut Outlet, last: bool) -> perfkit_counters::Result<()> {
    let series = outlet.series(&schemas::MARKS);
    let (process, group) = (ring.process(), ring.group().to_owned());
    let mut each = |mark: Mark| {
        let track = outlet.track(&Track::thread(process, mark.thread));
        let cells = [Cell::Text(&group), Cell::Text(&mark.name), Cell::Text(&mark.message)];
        outlet.span(series, mark.begin, mark.duration, track, &cells);
    };
    let result = if last { ring.finish(&mut each) } else { ring.read(&mut each) };
    outlet.dropped("marks overwritten before they were read", ring.take_lost());
    result
}

/// Whether a process runs, and is not one that only waits to be buried.
pub fn alive(pid: i32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    // The name in parentheses may hold anything, parentheses too.
    let state = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    !state.starts_with(['Z', 'X'])
}
