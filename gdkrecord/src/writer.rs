//! Writes a recording through shared mappings: what is recorded survives any death of the process.
//!
//! Every thread writes into a segment of its own ([`Lane`]), so that the hot path takes no lock and no atomic
//! read-modify-write: it stores the payload, then publishes the record's first word. Texts, windows and facts
//! go to the state stream behind a lock, off the hot path. A helper thread keeps spare segments allocated,
//! mapped and touched, and unmaps used ones.

mod file;
mod lane;
mod segments;

pub use crate::map::Alive;
pub use lane::{Lane, Open};

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};
use crate::field::{Bytes, TEXT_MAX, TextId};
use crate::kind::{Record, raw};
use crate::layout::{self, Stream, head};
use crate::map::{self, Shared};
use crate::options::Options;
use segments::{Segments, spawn_helper};

/// CLOCK_MONOTONIC, in nanoseconds.
#[inline(always)]
pub fn now() -> u64 {
    map::clock(libc::CLOCK_MONOTONIC)
}

/// One recording being written. Shared by all threads of the process.
#[derive(Debug)]
pub struct Recorder {
    head: Shared,
    path: PathBuf,
    alive: Alive,
    segments: Arc<Segments>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    lane: Lane,
    texts: HashMap<Box<str>, u32>,
}

impl Recorder {
    /// Creates the file that the options name for `program` and starts the helper thread.
    ///
    /// An old recording of that name is replaced, unless a process of the same tree wrote it or any process is
    /// writing it: then the pid is added to the name.
    pub fn create(options: &Options, program: &str) -> Result<Arc<Recorder>> {
        let pid = std::process::id();
        let tree = if options.tree != 0 { options.tree } else { map::process_group() };
        let (file, path) = file::create(Path::new(&options.path(pid, program)), pid, tree)?;
        let failed = |what| {
            let path = path.clone();
            move |error| Error::Io { what, path, error }
        };
        let header = layout::Header {
            minor: layout::VERSION_MINOR,
            head: layout::HEAD as u32,
            segment: layout::SEGMENT as u32,
            flags: if options.text { layout::TEXT_KEPT } else { 0 }
                | if options.ring.is_some() { layout::RING } else { 0 }
                | if options.targets { layout::TARGETS } else { 0 },
            pid,
            monotonic: now(),
            realtime: map::clock(libc::CLOCK_REALTIME),
            tree,
            closed: None,
            length: 0,
            dropped: Vec::new(),
        };
        map::allocate(&file, 0, layout::HEAD_USED).map_err(failed("write to"))?;
        let mut shared = Shared::map(&file, 0, layout::HEAD_USED).map_err(failed("map"))?;
        shared.bytes().copy_from_slice(&header.encode()[..layout::HEAD_USED]);
        let alive = Alive::new().map_err(failed("guard"))?;
        let segments = Arc::new(Segments::new(file, options));
        segments.prepare().map_err(failed("write to"))?;
        let state = State { lane: Lane::for_state(Arc::clone(&segments), alive), texts: HashMap::new() };
        let recorder =
            Recorder { head: shared, path, alive, segments: Arc::clone(&segments), state: Mutex::new(state) };
        spawn_helper(segments);
        Ok(Arc::new(recorder))
    }

    /// Where it is written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether this process records: false in a forked child, and after [`Recorder::close`].
    #[inline(always)]
    pub fn alive(&self) -> bool {
        self.alive.get()
    }

    /// Tells the same as [`Recorder::alive`], for who asks at every turn: it is one step away instead of three.
    pub fn flag(&self) -> Alive {
        self.alive
    }

    /// The id of a text. Takes a lock: keep what is asked for often.
    pub fn text(&self, text: &str) -> TextId {
        if text.is_empty() || !self.alive() {
            return TextId(0);
        }
        let mut state = self.lock();
        if let Some(&id) = state.texts.get(text) {
            return TextId(id);
        }
        let id = state.texts.len() as u32 + 1;
        let defined = state.lane.begin(now(), &raw::Define { id, text: Bytes(cut(text)) });
        self.count_drops(&mut state.lane);
        // On a full disk it is tried again when it is mentioned again.
        if defined.is_none() {
            return TextId(0);
        }
        state.texts.insert(text.into(), id);
        TextId(id)
    }

    /// Records into the state stream, which a ring buffer never drops. Gives the time under which it stands
    /// there, which is later than `time` where another thread was quicker; `None` where it was dropped.
    pub fn state<R: Record>(&self, time: u64, record: &R) -> Option<u64> {
        if !self.alive() {
            return None;
        }
        let mut state = self.lock();
        let open = state.lane.begin(time, record);
        self.count_drops(&mut state.lane);
        open.map(|open| open.time())
    }

    /// A lane for the calling thread, which nothing else may use; names the thread in the recording. Where a
    /// thread has ended, its lane goes on: a process may start threads without end.
    pub fn lane(&self) -> Lane {
        let mut lane = Lane::for_thread(Arc::clone(&self.segments), self.alive);
        if let Stream::Thread(index) = lane.stream() {
            let name = self.text(&map::thread_name());
            let thread = raw::Thread { index, tid: map::thread_id(), name };
            // From that time on the index means this thread, and no record of the one before is as late.
            let since = self.state((lane.last() + 1).max(now()), &thread);
            lane.begin_at(since.unwrap_or_else(now));
        }
        lane
    }

    /// Ends the recording: says so in the head, and gives unused space back.
    pub fn close(&self) {
        if !self.alive() {
            return;
        }
        self.alive.end();
        self.write_drops();
        let length = self.segments.finish();
        self.head.long(head::LENGTH).store(length, Ordering::Relaxed);
        self.head.long(head::CLOSED).store(now(), Ordering::Release);
    }

    /// Writes the counters of dropped records into the head; the helper of a long recording may call it any time.
    pub fn write_drops(&self) {
        for (code, count) in self.segments.dropped().iter().enumerate().skip(1) {
            let count = count.load(Ordering::Relaxed);
            if count > 0 {
                self.head.word(head::DROPPED + 4 * code).store(count, Ordering::Relaxed);
            }
        }
    }

    fn count_drops(&self, lane: &mut Lane) {
        if lane.take_dropped() {
            self.write_drops();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Cuts a text at [`TEXT_MAX`] bytes, at a character, with an ellipsis.
fn cut(text: &str) -> String {
    if text.len() <= TEXT_MAX {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(TEXT_MAX - '…'.len_utf8());
    format!("{}…", &text[..end])
}

#[cfg(test)]
mod tests;
