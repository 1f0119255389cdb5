//! Turns: of the scripts that can run, as many run as there are slots, each for a slice of time at most while others
//! wait. All others are stopped, by signals: so a turn ends whatever the script is doing.
//!
//! A thread of its own ends the turns, since timers of an asynchronous runtime are too coarse for that. Where a slot
//! is free, whoever makes a script ready starts it at once.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::prctl::set_timerslack;
use nix::sys::signal::Signal;

use super::confine;
use super::metrics::Metrics;

/// Who runs and who waits.
#[derive(Debug)]
pub struct Schedule(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    slots: usize,
    slice: Duration,
    metrics: Arc<Metrics>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Those that can run, the next one first, and since when.
    ready: VecDeque<(Arc<Process>, Instant)>,
    /// Those that run, the one whose turn began first being the first.
    running: VecDeque<(Arc<Process>, Instant)>,
    closed: bool,
}

#[derive(Debug)]
struct Process {
    handle: OwnedFd,
    slices: AtomicU64,
    /// Nanoseconds for which it could have run, and did not.
    queued: AtomicU64,
}

/// A script's process, which runs in its turns only, and never once this is dropped.
#[derive(Debug)]
pub struct Turns {
    inner: Arc<Inner>,
    process: Arc<Process>,
}

impl Schedule {
    /// With so many slots, and slices so long.
    pub fn start(slots: usize, slice: Duration, metrics: Arc<Metrics>) -> std::io::Result<Schedule> {
        let (state, changed) = (Mutex::default(), Condvar::new());
        let inner = Arc::new(Inner { slots: slots.max(1), slice, metrics, state, changed });
        let of = Arc::clone(&inner);
        std::thread::Builder::new().name("script-turns".to_owned()).spawn(move || of.keep())?;
        Ok(Schedule(inner))
    }

    /// Takes in a process, which is stopped until it is made ready.
    pub fn enter(&self, handle: OwnedFd) -> Turns {
        confine::signal(&handle, Signal::SIGSTOP);
        let process = Arc::new(Process { handle, slices: AtomicU64::new(0), queued: AtomicU64::new(0) });
        Turns { inner: Arc::clone(&self.0), process }
    }
}

impl Drop for Schedule {
    fn drop(&mut self) {
        self.0.state().closed = true;
        self.0.changed.notify_all();
    }
}

impl Turns {
    /// It can run: now, or when its turn comes.
    pub fn ready(&self) {
        let mut state = self.inner.state();
        state.ready.push_back((Arc::clone(&self.process), Instant::now()));
        self.inner.fill(&mut state);
        if !state.ready.is_empty() {
            self.inner.changed.notify_one();
        }
        self.inner.count(&state);
    }

    /// It cannot run until it is made ready again.
    pub fn park(&self) {
        let mut state = self.inner.state();
        self.inner.remove(&mut state, &self.process);
        self.inner.count(&state);
    }

    /// How many turns it had.
    pub fn slices(&self) -> u64 {
        self.process.slices.load(Ordering::Relaxed)
    }

    /// For how long it could have run, and did not.
    pub fn queued(&self) -> Duration {
        Duration::from_nanos(self.process.queued.load(Ordering::Relaxed))
    }
}

impl Drop for Turns {
    fn drop(&mut self) {
        confine::signal(&self.process.handle, Signal::SIGKILL);
        self.park();
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives free slots to those that are ready.
    fn fill(&self, state: &mut State) {
        while state.running.len() < self.slots
            && let Some((process, since)) = state.ready.pop_front()
        {
            let now = Instant::now();
            let queued = now - since;
            process.queued.fetch_add(queued.as_nanos() as u64, Ordering::Relaxed);
            process.slices.fetch_add(1, Ordering::Relaxed);
            self.metrics.slices.fetch_add(1, Ordering::Relaxed);
            self.metrics.queued.record(queued);
            confine::signal(&process.handle, Signal::SIGCONT);
            state.running.push_back((process, now));
        }
    }

    fn stop(&self, process: &Process, since: Instant) {
        confine::signal(&process.handle, Signal::SIGSTOP);
        self.metrics.slice.record(since.elapsed());
    }

    fn remove(&self, state: &mut State, process: &Arc<Process>) {
        if let Some(at) = state.running.iter().position(|(other, _)| Arc::ptr_eq(other, process)) {
            if let Some((process, since)) = state.running.remove(at) {
                self.stop(&process, since);
            }
            self.fill(state);
        } else {
            state.ready.retain(|(other, _)| !Arc::ptr_eq(other, process));
        }
    }

    fn count(&self, state: &State) {
        self.metrics.running.store(state.running.len() as u64, Ordering::Relaxed);
        self.metrics.ready.store(state.ready.len() as u64, Ordering::Relaxed);
    }

    /// Ends turns as long as others wait for theirs.
    fn keep(&self) {
        // The default would add 50 µs to each slice.
        let _ = set_timerslack(1);
        let mut state = self.state();
        while !state.closed {
            let begun = state.running.front().map(|(_, since)| *since).filter(|_| !state.ready.is_empty());
            let Some(begun) = begun else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = self.slice.saturating_sub(begun.elapsed());
            if !left.is_zero() {
                let waited = self.changed.wait_timeout(state, left);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            if let Some((process, since)) = state.running.pop_front() {
                self.stop(&process, since);
                state.ready.push_back((process, Instant::now()));
                self.fill(&mut state);
                self.count(&state);
            }
        }
    }
}
