//! The frame's other phases: flushing events before it, handing its picture to the display after it.

use super::layout::frame_rows;
use super::{Finding, Rule};
use crate::analysis::engine::Facts;
use crate::analysis::timeline::{bare, length, uncovered};
use crate::analysis::window::Window;
use crate::analysis::words;

pub const RULE: Rule = Rule {
    name: "phase",
    title: "frame phase",
    of: "",
    doc: "A phase of the frame in which nothing is drawn took long: events before it, or handing it to the display.",
    find,
};

/// The phases, and what happens in them.
const PHASES: &[(&str, &str)] = &[
    ("flush_events", "flushing events before the frame"),
    ("before_paint", "preparing the frame"),
    ("after_paint", "handing the frame to the display"),
    ("resume_events", "resuming events after the frame"),
];

fn find(facts: &Facts<'_>, window: &Window<'_>) -> Vec<Finding> {
    let finding = |&(phase, what): &(&str, &str)| {
        let (from, to) = window.phase(phase)?;
        // Input that is handled in it is told as input.
        let inputs: Vec<_> = bare(&facts.timeline.inputs, from, to, from).collect();
        let parts = uncovered(&inputs.into(), from, to);
        let ns = length(&parts);
        Some(Finding {
            rule: RULE.name,
            subject: what.to_owned(),
            ns,
            words: format!("{what} took {}", words::time(ns)),
            parts,
            evidence: frame_rows(facts, window),
            inside: None,
        })
    };
    PHASES.iter().filter_map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::engine::tests::{facts, frame, ms};

    #[test]
    fn what_comes_after_the_paint_is_told() {
        facts(
            |timeline| {
                let mut slow = frame(20, 60, None);
                slow.what.phases[4] = Some(ms(21));
                slow.what.phases[5] = Some(ms(22));
                timeline.frames = vec![frame(0, 1, None), slow].into();
            },
            |facts| {
                let windows = Window::all(facts.timeline);
                let found = find(facts, &windows[1]);
                assert_eq!((found.len(), found[0].ns), (1, ms(38)));
                assert_eq!(found[0].words, "handing the frame to the display took 38 ms");
            },
        );
    }
}
