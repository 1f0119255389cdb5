//! A late main loop: callbacks that ran before the frame could.

use std::collections::HashMap;

use super::{Finding, Rule};
use crate::analysis::engine::Facts;
use crate::analysis::evidence;
use crate::analysis::timeline::{Dispatch, Span, length, overlapping, uncovered};
use crate::analysis::window::Window;
use crate::analysis::words;

pub const RULE: Rule = Rule {
    name: "callback",
    title: "callback",
    of: "callback",
    doc: "A callback of the main loop kept the frame waiting.",
    find,
};

fn find(facts: &Facts<'_>, window: &Window<'_>) -> Vec<Finding> {
    let told = window.told();
    let own = |dispatch: &Span<Dispatch>| {
        let (from, to) = (dispatch.time.max(window.start), dispatch.end.min(window.end));
        uncovered(&told, from, to)
    };
    let mut by_name: HashMap<String, Vec<&Span<Dispatch>>> = HashMap::new();
    for dispatch in outermost(window).into_iter().filter(|dispatch| !own(dispatch).is_empty()) {
        by_name.entry(facts.callback(&dispatch.what)).or_default().push(dispatch);
    }
    let finding = |(name, all): (String, Vec<&Span<Dispatch>>)| {
        let parts: Vec<(i64, i64)> = all.iter().flat_map(|dispatch| own(dispatch)).collect();
        let ns = length(&parts);
        let times = if all.len() > 1 { format!(" in {} calls", all.len()) } else { String::new() };
        Finding {
            rule: RULE.name,
            ns,
            words: format!("{name} ran {}{times}", words::time(ns)),
            subject: name,
            parts,
            evidence: evidence::overlapping("gdk_dispatch", facts.timeline.tid, window.start, window.end),
            inside: None,
        }
    };
    by_name.into_iter().map(finding).collect()
}

/// The dispatches that lie in the window and in no other that does.
fn outermost<'a>(window: &Window<'a>) -> Vec<&'a Span<Dispatch>> {
    let mut until = i64::MIN;
    let all = overlapping(&window.timeline.dispatches, window.start, window.end);
    all.filter(|dispatch| {
        // One that holds the whole window is a loop of its own, such as a dialog's.
        let holds = dispatch.time < window.start && dispatch.end > window.end;
        let inside = dispatch.time < until;
        if !holds && !inside {
            until = dispatch.end;
        }
        !holds && !inside
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::engine::tests::{dispatch, facts, frame, frame_of, input, ms, span};
    use crate::analysis::timeline::Input;

    #[test]
    fn the_callback_that_kept_the_frame_waiting_is_named() {
        facts(
            |timeline| {
                timeline.frames = vec![frame(0, 1, None), frame(60, 64, None)].into();
                timeline.dispatches = vec![
                    span(0, 1, dispatch("paint", "")),
                    span(2, 52, dispatch("timeout", "sleeping_timeout")),
                    span(53, 54, dispatch("idle", "small")),
                    span(60, 64, Dispatch { late: Some(ms(50)), ..dispatch("paint", "") }),
                ]
                .into();
            },
            |facts| {
                let windows = Window::all(facts.timeline);
                let mut found = find(facts, &windows[1]);
                found.sort_by_key(|finding| -finding.ns);
                assert_eq!((found.len(), &*found[0].subject), (2, "sleeping_timeout"));
                assert_eq!(found[0].ns, ms(42), "the window begins when the frame was due");
                assert!(found[0].words.starts_with("sleeping_timeout ran 42"), "{}", found[0].words);
            },
        );
    }

    #[test]
    fn a_callback_is_told_without_the_input_the_frames_and_the_sleep_in_it() {
        facts(
            |timeline| {
                timeline.frames = vec![frame(0, 1, None), frame_of(2, 40, 50), frame(60, 64, None)].into();
                let key = Input { clock: Some(1), ..input("key-press") };
                timeline.inputs = vec![span(5, 6, key), span(20, 25, input("motion-notify"))].into();
                timeline.polls = vec![span(30, 32, ())].into();
                timeline.dispatches = vec![
                    span(5, 6, dispatch("events", "")),
                    span(10, 65, dispatch("timeout", "pumps_the_loop")),
                    span(60, 64, dispatch("paint", "")),
                ]
                .into();
            },
            |facts| {
                let windows = Window::all(facts.timeline);
                let found = find(facts, &windows[2]);
                let found: Vec<_> = found.iter().map(|finding| (&*finding.subject, finding.ns)).collect();
                assert_eq!(found, [("pumps_the_loop", ms(50 - 10 - 5 - 2))]);
            },
        );
    }
}
