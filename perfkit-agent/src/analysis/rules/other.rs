//! Work that nothing explains: between dispatches, or inside of the frame between its phases.

use super::{Finding, Rule};
use crate::analysis::engine::Facts;
use crate::analysis::timeline::{Span, covered, overlapping};
use crate::analysis::window::Window;
use crate::analysis::words;

pub const RULE: Rule = Rule {
    name: "unexplained",
    of: "work",
    doc: "Work outside of callbacks: preparing sources, or the program's own code between turns of its loop.",
    find,
};

fn find(facts: &Facts<'_>, window: &Window<'_>) -> Vec<Finding> {
    let timeline = facts.timeline;
    let (from, to) = (window.start, window.end);
    let mut all: Vec<Span<()>> = vec![Span { time: window.frame.time, end: window.frame.end, what: () }];
    // One that holds the whole window is a loop of its own, such as a dialog's, and explains nothing in it.
    let inside = overlapping(&timeline.dispatches, from, to).filter(|one| one.time >= from || one.end <= to);
    all.extend(inside.map(|one| Span { time: one.time, end: one.end, what: () }));
    all.extend(overlapping(&timeline.inputs, from, to).map(|one| Span { time: one.time, end: one.end, what: () }));
    let ns = (window.work - covered(&all.into(), from, to)).max(0);
    vec![Finding {
        rule: RULE.name,
        subject: "outside of callbacks".to_owned(),
        ns,
        words: format!("{} passed outside of callbacks", words::time(ns)),
        place: (window.start, window.end),
        evidence: format!(
            "SELECT * FROM events WHERE tid = {} AND time BETWEEN {} AND {} ORDER BY time",
            timeline.tid, window.start, window.end
        ),
        inside: None,
    }]
}
