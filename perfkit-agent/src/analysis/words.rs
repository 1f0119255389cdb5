//! Lengths of time in words, for findings.

use gdkrecord::units;

/// Nanoseconds as people read them.
pub fn time(ns: i64) -> String {
    units::duration(u64::try_from(ns).unwrap_or(0))
}

/// A number with its noun, which gets an s where there is not one.
pub fn many(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{} {noun}s", units::count(count as u64)) }
}
