//! Waiting for what a program does, by looking at what it records.

use std::time::{Duration, Instant};

use super::Eyes;

/// How long what a step needs may take to be there.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// Moves can be told as one, and what is let go by nobody: what was not told after this time will not be.
pub const MOVED: Duration = Duration::from_millis(300);
/// One that does something meanwhile may take so many times longer.
const SLOWER: u32 = 6;
/// A program that has recorded nothing for this time has done what it has to do.
const QUIET: Duration = Duration::from_millis(60);
/// One that draws all the time has drawn what it has to after so many frames.
const DRAWN: u64 = 3;
/// One that does something else all the time is not waited for any longer.
pub const BUSY: Duration = Duration::from_secs(1);
/// From one look to the next.
const LOOK: Duration = Duration::from_millis(2);

/// Eyes on a program, and when to stop looking.
pub struct Watch<'e> {
    /// What is seen of it.
    pub eyes: &'e mut Eyes,
    /// Whether the program has ended.
    pub gone: &'e dyn Fn() -> bool,
}

/// Why waiting ended without what was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// It took too long.
    Long,
    /// The program ended.
    Gone,
}

impl Waited {
    /// In words: what did not come.
    pub fn of(self, what: &str) -> String {
        match self {
            Waited::Long => format!("{what} within {} s", PATIENCE.as_secs()),
            Waited::Gone => "the program ended".to_owned(),
        }
    }
}

impl Watch<'_> {
    /// Looks until `ready` gives something, at most for `patience`.
    pub fn until<T>(&mut self, patience: Duration, mut ready: impl FnMut(&mut Eyes) -> Option<T>) -> Result<T, Waited> {
        let begun = Instant::now();
        loop {
            // Before the look, so that what it did last is seen.
            let gone = (self.gone)();
            self.eyes.look();
            if let Some(found) = ready(self.eyes) {
                return Ok(found);
            }
            if gone {
                return Err(Waited::Gone);
            }
            // One that is busy with it may be slow: a tracer can make it fifty times slower.
            let busy = patience == PATIENCE && self.eyes.quiet() < BUSY;
            if begun.elapsed() > if busy { patience * SLOWER } else { patience } {
                return Err(Waited::Long);
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Looks until a moment.
    pub fn look_until(&mut self, due: Instant) {
        while Instant::now() < due && !(self.gone)() {
            self.eyes.look();
            std::thread::sleep(due.saturating_duration_since(Instant::now()).min(LOOK));
        }
    }

    /// Waits until the program records nothing, or has drawn what it had to; whether it records nothing.
    pub fn settle(&mut self) -> bool {
        let before = self.eyes.frames();
        let settled = |eyes: &mut Eyes| {
            let quiet = eyes.quiet() >= QUIET;
            (quiet || eyes.frames() >= before + DRAWN).then_some(quiet)
        };
        // One that never comes to rest is not waited for.
        self.until(BUSY, settled).unwrap_or(false)
    }
}
