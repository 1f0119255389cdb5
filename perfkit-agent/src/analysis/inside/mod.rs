//! What a stretch of time mostly was: one table, a file an answer. They are asked in this order, and the first that
//! explains at least half of the stretch is told; where none does, the one that explains most.

mod faults;
mod function;
mod off;
mod style;
mod syscall;

pub use off::words as off;
pub use syscall::words as call;

use super::engine::Facts;

/// What a stretch mostly was.
#[derive(Clone, Debug, PartialEq)]
pub struct Inside {
    /// Which answer it is.
    pub name: &'static str,
    /// Nanoseconds of the stretch that it explains.
    pub ns: i64,
    /// In words, as "in read(5, pipe)".
    pub words: String,
    /// The rows that show it, as a question to the session.
    pub evidence: String,
}

/// Looks at a stretch of time of a thread.
type Look = fn(&Facts<'_>, i64, i64) -> Option<Inside>;

/// Every answer: what is surest first.
const LOOKS: &[Look] = &[syscall::look, faults::look, off::look, style::look, function::look];

/// What the stretch from one time to another mostly was.
pub fn look(facts: &Facts<'_>, from: i64, to: i64) -> Option<Inside> {
    let all: Vec<Inside> = LOOKS.iter().filter_map(|look| look(facts, from, to)).collect();
    let half = (to - from) / 2;
    let first = all.iter().find(|inside| inside.ns >= half);
    first.or_else(|| all.iter().filter(|inside| inside.ns * 5 >= to - from).max_by_key(|inside| inside.ns)).cloned()
}
