//! One line on standard error while a recording goes on, where a person looks at it.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::channel::{Recording, conduct};

/// From one update to the next.
const STEP: Duration = Duration::from_millis(250);

/// The line.
#[derive(Debug)]
pub struct Progress {
    shown: bool,
    wanted: bool,
    last: (Instant, u64),
}

impl Progress {
    /// A line that is shown on a terminal, unless it is not wanted.
    pub fn new(quiet: bool) -> Progress {
        Progress { shown: false, wanted: !quiet && io::stderr().is_terminal(), last: (Instant::now(), 0) }
    }

    /// Shows how it goes, if that is due.
    pub fn tick(&mut self, recording: &Recording) {
        let (now, rows) = (Instant::now(), recording.flow().rows.load(Ordering::Relaxed));
        let passed = now - self.last.0;
        if !self.wanted || passed < STEP {
            return;
        }
        let rate = (rows - self.last.1) as f64 / passed.as_secs_f64();
        let dropped = recording.flow().dropped.load(Ordering::Relaxed);
        let line = conduct::line(recording.time(), rows, rate, dropped, recording.paused());
        // A lost progress line is no reason to stop.
        let _ = write!(io::stderr(), "\r\x1b[K{line}");
        self.shown = true;
        self.last = (now, rows);
    }

    /// Takes the line away, so that others can be written.
    pub fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
