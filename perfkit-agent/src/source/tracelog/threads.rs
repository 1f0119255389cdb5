//! The threads of a log, each with what the reader of the log keeps about it.

use std::fs;

use rustc_hash::FxHashMap;

use crate::session::{Cell, Track, TrackId, schemas};
use crate::source::{self, Outlet, SeriesId};

/// A thread of a log.
#[derive(Debug)]
pub struct Thread<S> {
    /// Its id; 0 where the log has none.
    pub tid: i32,
    /// The process that it belongs to.
    pub pid: i32,
    /// Its track.
    pub track: TrackId,
    /// What the reader keeps.
    pub state: S,
}

/// All of them.
#[derive(Debug)]
pub struct Threads<S> {
    all: Vec<Thread<S>>,
    by_tid: FxHashMap<i32, usize>,
    /// The one asked for last, which is mostly asked for again.
    last: usize,
    /// Whether the threads may be there still, so that the kernel knows their processes.
    live: bool,
    life: SeriesId,
}

impl<S: Default> Threads<S> {
    /// None yet. `live` for the log of what happens now.
    pub fn new(outlet: &mut Outlet, live: bool) -> Threads<S> {
        let life = outlet.series(&schemas::LIFE);
        Threads { all: Vec::new(), by_tid: FxHashMap::default(), last: 0, live, life }
    }

    /// The number of a thread. One that was not heard of before belongs to the process that the kernel names, or that
    /// `guess` makes out from the others; its parent's process comes with it where it is one of its own.
    #[inline]
    pub fn at(
        &mut self,
        outlet: &mut Outlet,
        tid: i32,
        guess: impl FnOnce(&mut [Thread<S>]) -> (i32, Option<i32>),
    ) -> usize {
        if self.all.get(self.last).is_none_or(|thread| thread.tid != tid) {
            self.last = match self.by_tid.get(&tid) {
                Some(&at) => at,
                None => {
                    let (guessed, parent) = guess(&mut self.all);
                    let pid = if self.live { process_of(tid) } else { None };
                    self.begin(outlet, tid, pid.unwrap_or(guessed), parent, None)
                }
            };
        }
        self.last
    }

    /// A thread has begun, at a time where that is known; or one is of another process than was guessed.
    pub fn begin(&mut self, outlet: &mut Outlet, tid: i32, pid: i32, parent: Option<i32>, start: Option<i64>) -> usize {
        let track = outlet.track(&Track::thread(pid, tid));
        if pid == tid {
            let parent = parent.filter(|parent| *parent != pid);
            outlet.process(source::Process { pid, parent, start, ..source::Process::default() });
        }
        outlet.thread(source::Thread { pid, tid, start, ..source::Thread::default() });
        match self.by_tid.get(&tid) {
            Some(&at) => {
                (self.all[at].pid, self.all[at].track) = (pid, track);
                at
            }
            None => {
                self.by_tid.insert(tid, self.all.len());
                self.all.push(Thread { tid, pid, track, state: S::default() });
                self.all.len() - 1
            }
        }
    }

    /// A thread has ended, and with the first one its process.
    pub fn gone(&mut self, outlet: &mut Outlet, at: usize, time: i64, status: Option<i32>) {
        let (pid, tid) = (self.get(at).pid, self.get(at).tid);
        outlet.thread(source::Thread { pid, tid, end: Some(time), ..source::Thread::default() });
        if pid == tid {
            outlet.process(source::Process { pid, end: Some(time), status, ..source::Process::default() });
        }
        self.end(tid);
    }

    /// Something has happened in a thread's life, with the columns of [`schemas::LIFE`].
    #[allow(clippy::too_many_arguments, reason = "the columns of a row")]
    pub fn lives(
        &mut self,
        outlet: &mut Outlet,
        at: usize,
        time: i64,
        what: &str,
        name: Option<&str>,
        value: Option<i64>,
        detail: &str,
    ) {
        let cells = [Cell::Text(what), Cell::text(name), Cell::int(value), Cell::Text(detail)];
        outlet.point(self.life, time, self.get(at).track, &cells);
    }

    /// The thread of a number that [`Threads::at`] gave.
    #[inline]
    pub fn get(&mut self, at: usize) -> &mut Thread<S> {
        &mut self.all[at]
    }

    /// The thread of an id.
    pub fn find(&mut self, tid: i32) -> Option<&mut Thread<S>> {
        self.by_tid.get(&tid).map(|&at| &mut self.all[at])
    }

    /// All, in the order in which they were heard of.
    pub fn all(&mut self) -> &mut [Thread<S>] {
        &mut self.all
    }

    /// A thread is gone: its id may come back as another's.
    pub fn end(&mut self, tid: i32) {
        let Some(at) = self.by_tid.remove(&tid) else { return };
        self.all.swap_remove(at);
        if let Some(moved) = self.all.get(at) {
            self.by_tid.insert(moved.tid, at);
        }
    }
}

/// The process of a thread that is there.
fn process_of(tid: i32) -> Option<i32> {
    let status = fs::read_to_string(format!("/proc/{tid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("Tgid:"))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_ends_leaves_the_others_in_their_places() {
        let (mut outlet, _seen) = Outlet::to_memory("test");
        let mut threads = Threads::<u8>::new(&mut outlet, false);
        for tid in 1..4 {
            let at = threads.at(&mut outlet, tid, |_| (1, None));
            threads.get(at).state = tid as u8;
        }
        threads.end(1);
        threads.end(9);
        for tid in 2..4 {
            assert_eq!(threads.find(tid).map(|thread| thread.state), Some(tid as u8));
            let at = threads.at(&mut outlet, tid, |_| (7, None));
            assert_eq!((threads.get(at).tid, threads.get(at).pid), (tid, 1));
        }
        assert!(threads.find(1).is_none());
    }

    #[test]
    fn the_kernel_knows_the_process_of_a_living_thread() {
        let me = std::process::id() as i32;
        let other = std::thread::spawn(move || process_of(nix::unistd::gettid().as_raw()));
        assert_eq!(other.join().unwrap(), Some(me));
    }
}
