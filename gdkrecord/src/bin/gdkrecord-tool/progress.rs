//! One line on standard error while something long goes on, where a person looks at it.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::quantity::Quantity;

/// Nothing is shown before this, so that short work leaves no trace.
const QUIET: Duration = Duration::from_millis(700);
/// From one update to the next.
const STEP: Duration = Duration::from_millis(200);
/// Looks at the clock once in so many events.
const EVENTS: u64 = 4096;

/// Counts events, and shows how far in the recording they are.
pub struct Progress {
    what: &'static str,
    from: u64,
    to: u64,
    count: u64,
    begun: Instant,
    next: Option<Instant>,
    shown: bool,
}

impl Progress {
    /// For work from one time of a recording to another, in nanoseconds.
    pub fn new(what: &'static str, from: u64, to: u64) -> Progress {
        let begun = Instant::now();
        let next = io::stderr().is_terminal().then(|| begun + QUIET);
        Progress { what, from, to, count: 0, begun, next, shown: false }
    }

    /// One more event, of this time.
    #[inline]
    pub fn event(&mut self, time: u64) {
        self.count += 1;
        if self.count.is_multiple_of(EVENTS) {
            self.tick(time);
        }
    }

    fn tick(&mut self, time: u64) {
        let now = Instant::now();
        if self.next.is_none_or(|next| now < next) {
            return;
        }
        self.next = Some(now + STEP);
        self.shown = true;
        let share = time.saturating_sub(self.from) as f64 / self.to.saturating_sub(self.from).max(1) as f64;
        let rate = self.count as f64 / (now - self.begun).as_secs_f64();
        let mut err = io::stderr().lock();
        // A lost progress line is no reason to stop.
        let _ = write!(
            err,
            "\r\x1b[K{}: {:.0} %, {} events, {}",
            self.what,
            share.clamp(0.0, 1.0) * 100.0,
            Quantity::Count(self.count),
            Quantity::Rate(rate)
        );
        let _ = err.flush();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
