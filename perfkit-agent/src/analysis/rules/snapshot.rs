//! The part of painting in which widgets say what they look like, where that was recorded.

use super::layout::{costliest, frame_rows, of_frame};
use super::{Finding, Rule};
use crate::analysis::engine::Facts;
use crate::analysis::window::Window;
use crate::analysis::words;

pub const RULE: Rule = Rule { name: "snapshot", of: "drawing of", doc: "Widgets took long to draw themselves.", find };

fn find(facts: &Facts<'_>, window: &Window<'_>) -> Vec<Finding> {
    let Some((from, _)) = window.phase("paint") else { return Vec::new() };
    let ns = time(facts, window);
    let Some(cost) = costliest(facts, window, &["snapshot"]).filter(|_| ns > 0) else { return Vec::new() };
    let (took, most) = (words::time(ns), words::time(cost.cost));
    vec![Finding {
        rule: RULE.name,
        subject: cost.class.clone(),
        ns,
        words: format!("widgets took {took} to draw themselves, of which {most} {}", cost.class),
        place: (from, from + ns),
        evidence: frame_rows(facts, window),
        inside: None,
    }]
}

/// Nanoseconds of the frame's paint phase that snapshots took; 0 where they were not recorded.
pub fn time(facts: &Facts<'_>, window: &Window<'_>) -> i64 {
    let paint = window.phase("paint").map_or(0, |(from, to)| to - from);
    let snapshots = of_frame(facts, window).filter(|cost| cost.work == "snapshot");
    snapshots.map(|cost| cost.cost).sum::<i64>().min(paint)
}
