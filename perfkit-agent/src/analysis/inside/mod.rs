//! What some of a thread's time mostly was: one table, a file an answer. They are asked in this order, and the first that
//! explains at least half of it is told; where none does, the one that explains most.

mod faults;
mod function;
mod off;
mod style;
mod syscall;

pub use off::words as off;
pub use syscall::words as call;

use super::engine::Facts;
use super::timeline::length;

/// What some time mostly was.
#[derive(Clone, Debug, PartialEq)]
pub struct Inside {
    /// Which answer it is.
    pub name: &'static str,
    /// Nanoseconds of it that this explains.
    pub ns: i64,
    /// In words, as "in read(5, pipe)".
    pub words: String,
    /// The rows that show it, as a question to the session.
    pub evidence: String,
}

/// Looks at some of a thread's time: begin and end of each part, in their order.
type Look = fn(&Facts<'_>, &[(i64, i64)]) -> Option<Inside>;

/// Every answer: what is surest first.
const LOOKS: &[Look] = &[syscall::look, faults::look, off::look, style::look, function::look];

/// What these parts of a thread's time mostly were.
pub fn look(facts: &Facts<'_>, parts: &[(i64, i64)]) -> Option<Inside> {
    let all: Vec<Inside> = LOOKS.iter().filter_map(|look| look(facts, parts)).collect();
    let whole = length(parts);
    let first = all.iter().find(|inside| inside.ns * 2 >= whole);
    first.or_else(|| all.iter().filter(|inside| inside.ns * 5 >= whole).max_by_key(|inside| inside.ns)).cloned()
}

/// From the begin of the first part to the end of the last.
fn reach(parts: &[(i64, i64)]) -> Option<(i64, i64)> {
    Some((parts.first()?.0, parts.last()?.1))
}
