//! The recorder of GTK main loops, as a source: live from the recordings that the target's processes write, and
//! from a recording's file.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gdkrecord::kind::Kind;
use gdkrecord::modules::Modules;
use gdkrecord::options::Options;
use gdkrecord::reader::Follow;
use gdkrecord::{Body, Diagnostic, Event, Recording};

use super::{Collector, Module, Outlet, Process, Readiness, SeriesId, Source, Spec, Stop, Thread};
use crate::channel::{Launch, Target};
use crate::error::{Error, Result};
use crate::session::{Track, TrackId, gdk};

/// Between two looks at the files: what is shown of a running program is at most this old.
const LOOK: Duration = Duration::from_millis(100);
/// The folders below the scratch folder: what GTK_PATH names, and where the recordings are written.
const GTK_PATH: &str = "gtk";
const RECORDINGS: &str = "recordings";

/// Where the recordings of a target are whose temporary files are in `scratch`.
pub fn recordings(scratch: &Path) -> PathBuf {
    scratch.join(RECORDINGS)
}

/// The recordings of the target's processes.
type Followed = BTreeMap<PathBuf, (Follow, Sink)>;

/// The recorder.
#[derive(Clone, Copy, Debug)]
pub struct Gdkrecord;

impl Source for Gdkrecord {
    fn name(&self) -> &'static str {
        "gdkrecord"
    }

    fn about(&self) -> &'static str {
        "events, frames, exposures and main-loop dispatches of a GTK 2, 3 or 4 program"
    }

    fn usage(&self) -> &'static str {
        "gdkrecord[:OPTION=VALUE,…]: options as in GDKRECORD, such as text=keep or widgets=on"
    }

    fn readiness(&self) -> Readiness {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        match Modules::find() {
            Ok(modules) if modules.records_gtk4() => {
                Readiness::Ready { version, path: Some(modules.recorder().to_owned()) }
            }
            Ok(modules) => Readiness::Limited {
                version,
                path: Some(modules.recorder().to_owned()),
                remedy: "the loader for GTK 4 is missing: run `cargo xtask install`".to_owned(),
            },
            Err(_) => {
                Readiness::Missing { remedy: "libgdkrecord.so is not installed: run `cargo xtask install`".to_owned() }
            }
        }
    }

    fn attaches(&self) -> bool {
        false
    }

    fn open(&self, spec: &Spec) -> Result<Box<dyn Collector>> {
        let options = spec.argument.clone().unwrap_or_default();
        let parsed = Options::parse(&options).map_err(|error| Error::Invalid(format!("{spec}: {error}")))?;
        if parsed.ring.is_some() || parsed.max.is_some() {
            return Err(Error::Invalid(format!("{spec}: a session keeps everything; ring and max are for recordings")));
        }
        let modules = Modules::find()
            .map_err(|_| Error::Invalid("libgdkrecord.so is not installed: run `cargo xtask install`".to_owned()))?;
        Ok(Box::new(Recorder { options, modules }))
    }
}

/// The recorder at work.
struct Recorder {
    options: String,
    modules: Modules,
}

impl Collector for Recorder {
    fn prepare(&mut self, launch: &mut Launch) -> Result<()> {
        let (gtk, recordings) = (launch.scratch.join(GTK_PATH), launch.scratch.join(RECORDINGS));
        for folder in [&gtk, &recordings] {
            fs::create_dir(folder).map_err(Error::file("create", folder))?;
        }
        self.modules.lay_out(&gtk).map_err(Error::file("write into", &gtk))?;
        launch.prepend("GTK_PATH", gtk.as_os_str());
        launch.prepend("GTK_MODULES", "gdkrecord".as_ref());
        launch.set("GDKRECORD", &self.options);
        // A percent sign of the folder's own name is no placeholder.
        let folder = recordings.display().to_string().replace('%', "%%");
        launch.set("GDKRECORD_FILENAME", format!("{folder}/%p.gdkrecord"));
        Ok(())
    }

    fn attach(&mut self, target: &Target) -> Result<()> {
        match target.attached {
            true => Err(Error::Invalid(
                "gdkrecord cannot be put into a running program: start it under `perfkit-agent record`".to_owned(),
            )),
            false => Ok(()),
        }
    }

    fn run(self: Box<Self>, target: &Target, outlet: &mut Outlet, stop: &Stop) -> Result<()> {
        let folder = target.scratch.join(RECORDINGS);
        let mut followed = Followed::new();
        let mut series = Series::default();
        loop {
            let stopped = stop.wait(LOOK);
            for path in new_files(&folder, &followed) {
                // A head that is not written yet will be at the next look.
                if let Ok(follow) = Follow::open(&path) {
                    let sink = Sink::new(follow.header().pid as i32, outlet);
                    followed.insert(path, (follow, sink));
                }
            }
            look(&mut followed, stopped, &mut series, outlet);
            outlet.tick();
            if stopped {
                break;
            }
        }
        if followed.is_empty() {
            outlet.note("gdkrecord: no process of the target loaded GTK, so nothing was recorded of a main loop");
        }
        Ok(())
    }
}

/// Reads what is new in the recordings, and all that is left where it is the last time.
fn look(followed: &mut Followed, last: bool, series: &mut Series, outlet: &mut Outlet) {
    for (follow, sink) in followed.values_mut().filter(|(_, sink)| !sink.done) {
        let ended = last || follow.ended();
        let mut each = |event: Event| sink.put(&event, series, outlet);
        let read = if ended { follow.finish(&mut each) } else { follow.read(&mut each) };
        // One that cannot be read any more is none of the others' business.
        if let Err(error) = &read {
            outlet.note(&format!("gdkrecord: {error}; nothing more of process {} is recorded", sink.pid));
        }
        sink.done = ended || read.is_err();
        if sink.done {
            said(&follow.diagnostics(), outlet);
        }
    }
}

fn new_files<T>(folder: &Path, known: &BTreeMap<PathBuf, T>) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().map(|entry| entry.path()).filter(|path| !known.contains_key(path)).collect()
}

/// Puts a recording's file into a session.
pub fn import(path: &Path, outlet: &mut Outlet) -> Result<()> {
    let recording = Recording::open(path).map_err(|error| Error::Invalid(error.to_string()))?;
    let mut sink = Sink::new(recording.header().pid as i32, outlet);
    let mut series = Series::default();
    for event in recording.events() {
        sink.put(&event, &mut series, outlet);
        if outlet.closed() {
            return Ok(());
        }
    }
    said(&recording.diagnostics(), outlet);
    Ok(())
}

/// Notes what was found wrong. That a process is still writing, or was killed, is no loss.
fn said(diagnostics: &[Diagnostic], outlet: &mut Outlet) {
    for diagnostic in diagnostics {
        match diagnostic {
            Diagnostic::Dropped { kind, count } => outlet.dropped(&format!("gdk.{kind}"), *count),
            Diagnostic::Growing | Diagnostic::NotClosed => {}
            other => outlet.note(&format!("gdkrecord: {other}")),
        }
    }
}

/// The series by the kinds' codes, declared when their first row comes.
#[derive(Debug, Default)]
struct Series(HashMap<u8, Option<SeriesId>>);

impl Series {
    fn of(&mut self, kind: &'static Kind, outlet: &mut Outlet) -> Option<SeriesId> {
        *self.0.entry(kind.code).or_insert_with(|| gdk::schema(kind).map(|schema| outlet.series(&schema)))
    }
}

/// Puts the events of one process into the session.
#[derive(Debug)]
struct Sink {
    pid: i32,
    /// Who writes under each thread index: since when, and its track.
    writers: HashMap<u16, Vec<(u64, TrackId)>>,
    /// The main thread's track, of what no thread says.
    main: TrackId,
    done: bool,
}

impl Sink {
    fn new(pid: i32, outlet: &mut Outlet) -> Sink {
        let main = outlet.track(&Track::thread(pid, pid));
        Sink { pid, writers: HashMap::new(), main, done: false }
    }

    fn put(&mut self, event: &Event, series: &mut Series, outlet: &mut Outlet) {
        let time = event.time as i64;
        match &event.body {
            Body::Thread(thread) => {
                let tid = thread.tid as i32;
                let track = outlet.track(&Track::thread(self.pid, tid));
                self.writers.entry(thread.index).or_default().push((event.time, track));
                let name = Some(thread.name.to_string()).filter(|name| !name.is_empty());
                outlet.thread(Thread { pid: self.pid, tid, name, ..Thread::default() });
            }
            Body::Module(module) => outlet.module(Module {
                pid: self.pid,
                base: module.base,
                length: module.length,
                path: module.path.to_string(),
                build_id: module.build_id.to_string(),
            }),
            Body::Fact(fact) => {
                if &*fact.name == "program" {
                    let name = Some(fact.value.to_string());
                    outlet.process(Process { pid: self.pid, name, ..Process::default() });
                }
                outlet.fact(&format!("process.{}.{}", self.pid, fact.name), &fact.value);
            }
            body => {
                let track = self.track(event.thread, event.time);
                if let Some(series) = series.of(body.kind(), outlet) {
                    gdk::rows(body, &mut |duration, cells| match gdk::is_span(body.kind()) {
                        true => outlet.span(series, time, duration, track, cells),
                        false => outlet.point(series, time, track, cells),
                    });
                }
            }
        }
    }

    fn track(&self, thread: u16, time: u64) -> TrackId {
        let writers = self.writers.get(&thread).map_or(&[][..], Vec::as_slice);
        let writer = writers.iter().rev().find(|(since, _)| *since <= time).or(writers.first());
        writer.map_or(self.main, |(_, track)| *track)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Message, Seen};

    #[test]
    fn options_that_make_no_sense_are_refused_before_anything_starts() {
        for (spec, word) in [("gdkrecord:txt=keep", "unknown"), ("gdkrecord:ring=5", "keeps everything")] {
            let error = Gdkrecord.open(&spec.parse().unwrap()).err().unwrap();
            assert!(error.to_string().contains(word), "{error}");
        }
    }

    #[test]
    fn one_recording_that_cannot_be_read_does_not_end_the_others() {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../gdkrecord/tests/golden/v1.2.gdkrecord");
        let (mut outlet, seen) = Outlet::to_memory("gdkrecord");
        import(&golden, &mut outlet).unwrap();
        outlet.flush();
        let told = seen.messages();
        let whole = Seen::readable(&told).len();
        let folder = tempfile::tempdir().unwrap();
        let mut followed = Followed::new();
        for name in ["1", "2"] {
            let path = folder.path().join(name);
            fs::copy(&golden, &path).unwrap();
            let follow = Follow::open(&path).unwrap();
            let sink = Sink::new(follow.header().pid as i32, &mut outlet);
            followed.insert(path, (follow, sink));
        }
        // The first one is overwritten while it is followed.
        fs::write(folder.path().join("1"), [0; 8192]).unwrap();
        look(&mut followed, true, &mut Series::default(), &mut outlet);
        assert!(followed.values().all(|(_, sink)| sink.done));
        outlet.flush();
        let messages = seen.messages();
        assert_eq!(
            Seen::readable(&told.into_iter().chain(messages.iter().cloned()).collect::<Vec<_>>()).len(),
            2 * whole
        );
        let note =
            |message: &Message| matches!(message, Message::Note { text, .. } if text.contains("nothing more of"));
        assert_eq!(messages.iter().filter(|message| note(message)).count(), 1);
    }

    #[test]
    fn a_recording_is_imported_row_by_row() {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../gdkrecord/tests/golden");
        let path = golden.join("v1.1.gdkrecord");
        let (mut outlet, seen) = Outlet::to_memory("gdkrecord");
        import(&path, &mut outlet).unwrap();
        outlet.flush();
        let lines = seen.lines();
        let recording = Recording::open(&path).unwrap();
        for kind in gdk::schemas() {
            let any = recording
                .events()
                .any(|event| format!("gdk_{}", event.body.kind().name.replace('-', "_")) == kind.name);
            let rows = lines.iter().filter(|line| line.starts_with(&format!("{} ", kind.name))).count();
            assert_eq!(any, rows > 0, "{}", kind.name);
        }
    }
}
