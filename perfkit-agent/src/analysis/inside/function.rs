//! The function that the processor was in.

use super::Inside;
use crate::analysis::engine::Facts;

/// The function that most samples of the stretch were in.
pub fn look(facts: &Facts<'_>, from: i64, to: i64) -> Option<Inside> {
    let timeline = facts.timeline;
    let (ns, function) = facts.stacks.busiest_innermost(timeline, from, to)?;
    let tid = timeline.tid;
    let evidence = format!("SELECT * FROM samples WHERE tid = {tid} AND time BETWEEN {from} AND {to}");
    Some(Inside { name: "function", ns: ns.min(to - from), words: format!("in {}", function.place()), evidence })
}
