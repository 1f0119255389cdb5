//! The frame's own update phase: animations and tick callbacks.

use super::{Finding, Rule};
use crate::analysis::engine::Facts;
use crate::analysis::window::Window;
use crate::analysis::words;

pub const RULE: Rule =
    Rule { name: "update", title: "animation", of: "running", doc: "Animations and tick callbacks took long.", find };

fn find(facts: &Facts<'_>, window: &Window<'_>) -> Vec<Finding> {
    let Some((from, to)) = window.phase("update") else { return Vec::new() };
    let took = words::time(to - from);
    vec![Finding {
        rule: RULE.name,
        subject: "animations".to_owned(),
        ns: to - from,
        words: format!("animations and tick callbacks took {took}"),
        parts: vec![(from, to)],
        evidence: super::layout::frame_rows(facts, window),
        inside: None,
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::engine::tests::{facts, frame, ms};

    #[test]
    fn an_animation_that_takes_long_is_told() {
        facts(
            |timeline| {
                let mut slow = frame(20, 80, Some((60, 70)));
                slow.what.phases[2] = Some(ms(25));
                timeline.frames = vec![frame(0, 1, None), slow].into();
            },
            |facts| {
                let windows = Window::all(facts.timeline);
                let found = find(facts, &windows[1]);
                assert_eq!((found[0].ns, &*found[0].words), (ms(35), "animations and tick callbacks took 35 ms"));
                assert!(find(facts, &windows[0]).is_empty(), "its phase did not run");
            },
        );
    }
}
