//! Frames of other windows of the same thread: they are drawn one after the other, and the last one is late.

use std::collections::HashMap;

use super::{Finding, Rule, render};
use crate::analysis::engine::Facts;
use crate::analysis::evidence;
use crate::analysis::timeline::{Frame, Span, bare, length, overlapping, uncovered};
use crate::analysis::window::Window;
use crate::analysis::words;

pub const RULE: Rule = Rule {
    name: "another",
    title: "other window",
    of: "a frame of",
    doc: "A frame of another window kept this one waiting.",
    find,
};

fn find(facts: &Facts<'_>, window: &Window<'_>) -> Vec<Finding> {
    let timeline = facts.timeline;
    let mut by_clock: HashMap<i64, Vec<&Span<Frame>>> = HashMap::new();
    for frame in overlapping(&timeline.frames, window.start, window.end) {
        if frame.what.clock != window.frame.what.clock {
            by_clock.entry(frame.what.clock).or_default().push(frame);
        }
    }
    let finding = |all: Vec<&Span<Frame>>| {
        // Input that is handled in it is told as input.
        let parts: Vec<(i64, i64)> = all.iter().flat_map(|frame| own(facts, window, frame)).collect();
        let ns = length(&parts);
        let longest = all.iter().max_by_key(|frame| frame.length())?;
        let of = all.iter().find_map(|frame| render::widest(facts, frame.time, frame.end));
        let name = of.map_or_else(|| "another window".to_owned(), |(of, _)| timeline.window_name(of));
        let what = match all.len() {
            1 => format!("frame {}", longest.what.counter),
            count => words::many(count, "frame"),
        };
        Some(Finding {
            rule: RULE.name,
            ns,
            words: format!("{what} of {name} took {}", words::time(ns)),
            subject: name,
            parts,
            evidence: evidence::overlapping("gdk_frame", timeline.tid, window.start, window.end),
            inside: None,
        })
    };
    by_clock.into_values().filter_map(finding).collect()
}

/// The parts of a frame in a window without the input that was handled in it, and without sleep.
fn own(facts: &Facts<'_>, window: &Window<'_>, frame: &Span<Frame>) -> Vec<(i64, i64)> {
    let timeline = facts.timeline;
    let (from, to) = (frame.time.max(window.start), frame.end.min(window.end));
    let others = bare(&timeline.inputs, from, to, from).chain(bare(&timeline.polls, from, to, i64::MIN));
    uncovered(&others.collect::<Vec<_>>().into(), from, to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::engine::tests::{facts, frame_of, input, ms, span};
    use crate::analysis::timeline::{At, Input, Painted};

    #[test]
    fn the_window_whose_frame_was_drawn_meanwhile_is_named() {
        facts(
            |timeline| {
                timeline.frames =
                    vec![frame_of(1, 0, 2), frame_of(2, 3, 5), frame_of(2, 12, 90), frame_of(1, 91, 95)].into();
                let key = Input { clock: Some(1), ..input("key-press") };
                timeline.inputs = vec![span(10, 11, key), span(13, 23, input("motion-notify"))].into();
                let painted = Painted { window: 7, damage: false, repaint: true, width: 10, height: 10 };
                timeline.painted = vec![At { time: ms(80), what: painted }];
                timeline.windows.insert(7, "Fonts".into());
            },
            |facts| {
                let windows = Window::all(facts.timeline);
                let found = find(facts, &windows[3]);
                assert_eq!((found.len(), found[0].ns), (1, ms(68)), "what was handled in it is not its own");
                assert_eq!(found[0].words, "frame 12 of “Fonts” took 68 ms");
                assert_eq!(found[0].cause(), "a frame of “Fonts”");
                assert!(find(facts, &windows[2]).is_empty(), "nothing else was drawn while it was asked for");
            },
        );
    }
}
