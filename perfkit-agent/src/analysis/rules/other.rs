//! Work that nothing explains: between dispatches, and outside of frames and of the handling of input.

use super::{Finding, Rule};
use crate::analysis::engine::Facts;
use crate::analysis::evidence;
use crate::analysis::timeline::{Span, length, overlapping, uncovered};
use crate::analysis::window::Window;
use crate::analysis::words;

pub const RULE: Rule = Rule {
    name: "unexplained",
    title: "between turns",
    of: "work",
    doc: "Work outside of callbacks: preparing sources, or the program's own code between turns of its loop.",
    find,
};

fn find(facts: &Facts<'_>, window: &Window<'_>) -> Vec<Finding> {
    let timeline = facts.timeline;
    let (from, to) = (window.start, window.end);
    let mut all = window.told().into_vec();
    // One that holds the whole window is a loop of its own, such as a dialog's, and explains nothing in it.
    let inside = overlapping(&timeline.dispatches, from, to).filter(|one| one.time >= from || one.end <= to);
    all.extend(inside.map(|one| Span { time: one.time, end: one.end, what: () }));
    let parts = uncovered(&all.into(), from, to);
    let ns = length(&parts);
    vec![Finding {
        rule: RULE.name,
        subject: "outside of callbacks".to_owned(),
        ns,
        words: format!("{} passed outside of callbacks", words::time(ns)),
        parts,
        evidence: evidence::between("events", timeline.tid, from, to),
        inside: None,
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::engine::tests::{dispatch, facts, frame, input, ms, span};
    use crate::analysis::rules::RULES;

    #[test]
    fn no_two_rules_explain_the_same_part_and_what_is_left_is_told() {
        facts(
            |timeline| {
                timeline.frames = vec![frame(0, 1, None), frame(60, 80, Some((62, 70)))].into();
                timeline.inputs = vec![span(4, 30, input("button-press")), span(10, 12, input("motion-notify"))].into();
                timeline.polls = vec![span(20, 21, ()), span(34, 36, ())].into();
                timeline.dispatches = vec![
                    span(3, 32, dispatch("events", "")),
                    span(38, 48, dispatch("idle", "fill")),
                    span(58, 81, dispatch("paint", "")),
                ]
                .into();
            },
            |facts| {
                let windows = Window::all(facts.timeline);
                let window = &windows[1];
                assert_eq!((window.start, window.work), (ms(4), ms(80 - 4 - 3)));
                let found: Vec<Finding> = RULES.iter().flat_map(|rule| (rule.find)(facts, window)).collect();
                // All but the first 2 ms of the frame, before its first phase that was told.
                assert_eq!(found.iter().map(|finding| finding.ns).sum::<i64>(), window.work - ms(2), "{found:#?}");
                let left = found.iter().find(|finding| finding.rule == RULE.name).unwrap();
                assert_eq!(left.ns, ms((34 - 32) + (38 - 36) + (58 - 48)));
                assert_eq!(left.parts, [(32, 34), (36, 38), (48, 58)].map(|(from, to)| (ms(from), ms(to))));
            },
        );
    }
}
