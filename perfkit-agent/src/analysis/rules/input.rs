//! Handling input: one event that took long, or many that had to be handled first.

use std::collections::HashMap;

use super::{Finding, Rule};
use crate::analysis::engine::Facts;
use crate::analysis::evidence;
use crate::analysis::timeline::{Input, Span, bare, length, uncovered};
use crate::analysis::window::Window;
use crate::analysis::words;

pub const RULE: Rule = Rule {
    name: "input",
    title: "input",
    of: "handling of",
    doc: "The handling of input took long, or there was much of it.",
    find,
};

fn find(facts: &Facts<'_>, window: &Window<'_>) -> Vec<Finding> {
    let mut by_event: HashMap<(&str, i64), Vec<&Span<Input>>> = HashMap::new();
    for input in window.inputs() {
        by_event.entry((&input.what.event, input.what.window)).or_default().push(input);
    }
    let finding = |((event, of), all): ((&str, i64), Vec<&Span<Input>>)| {
        let parts: Vec<(i64, i64)> = all.iter().flat_map(|input| own(facts, window, input)).collect();
        let ns = length(&parts);
        let of = facts.timeline.window_name(of);
        let took = words::time(ns);
        let words = match all.len() {
            1 => format!("the handling of {event} on {of} took {took}"),
            count => format!("a backlog of {} on {of} took {took}", words::many(count, event)),
        };
        Finding {
            rule: RULE.name,
            subject: format!("{event} on {of}"),
            ns,
            words,
            parts,
            evidence: evidence::overlapping("input", facts.timeline.tid, window.start, window.end),
            inside: None,
        }
    };
    by_event.into_iter().map(finding).collect()
}

/// The parts of an input in a window without the input, the frames and the sleep that began in its handling.
fn own(facts: &Facts<'_>, window: &Window<'_>, input: &Span<Input>) -> Vec<(i64, i64)> {
    let (from, to) = (input.time.max(window.start), input.end.min(window.end));
    let timeline = facts.timeline;
    let inner = bare(&timeline.inputs, from, to, input.time + 1).chain(bare(&timeline.frames, from, to, from));
    let others = inner.chain(bare(&timeline.polls, from, to, i64::MIN));
    uncovered(&others.collect::<Vec<_>>().into(), from, to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::engine::tests::{facts, frame, input, ms, span};

    #[test]
    fn a_slow_handler_and_a_backlog_are_told_apart() {
        facts(
            |timeline| {
                timeline.frames = vec![frame(0, 1, None), frame(60, 62, None), frame(100, 102, None)].into();
                let backlog = (0..8).map(|at| span(64 + 4 * at, 67 + 4 * at, input("motion-notify")));
                let all = std::iter::once(span(5, 56, input("button-press"))).chain(backlog);
                timeline.inputs = all.collect::<Vec<_>>().into();
                timeline.windows.insert(1, "Files".into());
            },
            |facts| {
                let windows = Window::all(facts.timeline);
                let found = find(facts, &windows[1]);
                assert_eq!(found[0].words, "the handling of button-press on “Files” took 51 ms");
                let found = find(facts, &windows[2]);
                assert_eq!(found[0].words, "a backlog of 8 motion-notifys on “Files” took 24 ms");
                assert_eq!(found[0].ns, ms(24));
            },
        );
    }
}
