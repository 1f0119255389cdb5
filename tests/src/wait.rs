//! Waiting for what another process does: poll with a deadline, never a fixed sleep as the way to know.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::error::{Failure, Result};

/// How long anything may take: generous, since a loaded machine is no failure. Only a real hang reaches it.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Between two looks: short beside what is waited for, long beside what a look costs (a small process).
const PAUSE: Duration = Duration::from_millis(15);

/// Looks until there is something, or fails saying what was missing.
pub fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> Result<T> {
    until_within(DEADLINE, what, look)
}

/// The same with a deadline of one's own.
pub fn until_within<T>(deadline: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        if start.elapsed() > deadline {
            return Err(Failure::new(format!("waited {} s in vain for {what}", deadline.as_secs())));
        }
        sleep(PAUSE);
    }
}
