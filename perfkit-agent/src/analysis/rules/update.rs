//! The frame's own update phase: animations and tick callbacks.

use super::{Finding, Rule};
use crate::analysis::engine::Facts;
use crate::analysis::window::Window;
use crate::analysis::words;

pub const RULE: Rule = Rule { name: "update", of: "running", doc: "Animations and tick callbacks took long.", find };

fn find(facts: &Facts<'_>, window: &Window<'_>) -> Vec<Finding> {
    let Some((from, to)) = window.phase("update") else { return Vec::new() };
    let took = words::time(to - from);
    vec![Finding {
        rule: RULE.name,
        subject: "animations".to_owned(),
        ns: to - from,
        words: format!("animations and tick callbacks took {took}"),
        place: (from, to),
        evidence: super::layout::frame_rows(facts, window),
        inside: None,
    }]
}
