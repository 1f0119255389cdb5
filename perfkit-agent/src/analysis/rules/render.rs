//! The rest of painting: rendering, above all of areas that are too wide.

use std::collections::HashMap;

use gdkrecord::units;

use super::layout::frame_rows;
use super::{Finding, Rule, snapshot};
use crate::analysis::engine::Facts;
use crate::analysis::evidence;
use crate::analysis::timeline::between;
use crate::analysis::window::Window;
use crate::analysis::words;

pub const RULE: Rule = Rule {
    name: "render",
    title: "rendering",
    of: "rendering of",
    doc: "Rendering took long, or much was rendered.",
    find,
};

/// A repaint of at least this share of a window is told as a wide one.
const WIDE: f64 = 0.5;

fn find(facts: &Facts<'_>, window: &Window<'_>) -> Vec<Finding> {
    let Some((from, to)) = window.phase("paint") else { return Vec::new() };
    // Widgets draw themselves first; what they said is rendered then.
    let from = from + snapshot::time(facts, window);
    let ns = to - from;
    let widest = widest(facts, window.frame.time, window.end);
    let share = widest.and_then(|(of, area)| {
        let (width, height) = facts.timeline.sizes.get(&of)?;
        (width * height > 0).then(|| (of, area, area as f64 / (width * height) as f64))
    });
    let took = words::time(ns);
    let (subject, words) = match share {
        Some((of, area, share)) => {
            let name = facts.timeline.window_name(of);
            let percent = (share * 100.0).min(100.0);
            let area = units::area(u64::try_from(area).unwrap_or(0));
            let words = |what: &str| format!("{what} of {name} took {took} for {area}, {percent:.0} % of it");
            let words = match changed(facts, of, (window.start, window.end)) {
                _ if share < WIDE => words("rendering"),
                // What repaints more than has changed is the renderer, and no widget that invalidated too much.
                Some((changed, share)) if share < WIDE => {
                    format!("{}, though {} had changed", words("rendering"), units::area(changed))
                }
                _ => words("a wide repaint"),
            };
            (name, words)
        }
        None => ("painting".to_owned(), format!("painting took {took}")),
    };
    vec![Finding {
        rule: RULE.name,
        subject,
        ns,
        words,
        parts: vec![(from, to)],
        evidence: match share {
            Some(_) => evidence::between("gdk_exposure", facts.timeline.tid, window.frame.time, window.end),
            None => frame_rows(facts, window),
        },
        inside: None,
    }]
}

/// The area of a window that was invalidated in a stretch of time, and its share; `None` where that is unknown: of
/// nothing it was told, or the window has no size.
fn changed(facts: &Facts<'_>, window: i64, (from, to): (i64, i64)) -> Option<(u64, f64)> {
    let (width, height) = facts.timeline.sizes.get(&window)?;
    let painted = between(&facts.timeline.painted, from, to).iter();
    let damaged = painted.filter(|at| at.what.window == window && at.what.damage);
    let (count, area) = damaged.fold((0, 0), |(n, sum), at| (n + 1, sum + at.what.width * at.what.height));
    let area = u64::try_from(area).unwrap_or(0);
    (count > 0 && width * height > 0).then(|| (area, area as f64 / (width * height) as f64))
}

/// The window of which most was repainted in a stretch of time, and how much, in square pixels.
pub fn widest(facts: &Facts<'_>, from: i64, to: i64) -> Option<(i64, i64)> {
    let mut areas: HashMap<i64, i64> = HashMap::new();
    for at in between(&facts.timeline.painted, from, to) {
        if at.what.repaint {
            // Rectangles of a region do not overlap.
            *areas.entry(at.what.window).or_default() += at.what.width * at.what.height;
        }
    }
    areas.into_iter().max_by_key(|&(of, area)| (area, -of))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::engine::tests::{facts, frame, ms};
    use crate::analysis::timeline::{At, Painted};

    #[test]
    fn a_repaint_of_most_of_a_window_is_a_wide_one() {
        facts(
            |timeline| {
                timeline.frames = vec![frame(0, 1, None), frame(20, 180, Some((22, 25)))].into();
                let painted = Painted { window: 1, damage: false, repaint: true, width: 800, height: 600 };
                timeline.painted = vec![At { time: ms(170), what: painted }];
                timeline.sizes.insert(1, (800, 600));
                timeline.windows.insert(1, "Files".into());
            },
            |facts| {
                let windows = Window::all(facts.timeline);
                let found = find(facts, &windows[1]);
                assert_eq!(found[0].ns, ms(155));
                assert!(
                    found[0].words.starts_with("a wide repaint of “Files” took 155 ms for 480"),
                    "{}",
                    found[0].words
                );
            },
        );
    }

    /// What is said of a frame that repaints a whole window of which so much was invalidated.
    fn said(height: i64) -> String {
        let mut words = String::new();
        facts(
            |timeline| {
                timeline.frames = vec![frame(0, 1, None), frame(20, 180, Some((22, 25)))].into();
                let damage = Painted { window: 1, damage: true, repaint: false, width: 800, height };
                let repaint = Painted { window: 1, damage: false, repaint: true, width: 800, height: 600 };
                timeline.painted = vec![At { time: ms(24), what: damage }, At { time: ms(170), what: repaint }];
                timeline.sizes.insert(1, (800, 600));
                timeline.windows.insert(1, "Files".into());
            },
            |facts| words = find(facts, &Window::all(facts.timeline)[1])[0].words.clone(),
        );
        words
    }

    #[test]
    fn what_a_renderer_repaints_beyond_what_has_changed_is_no_wide_repaint_of_the_programs() {
        assert_eq!(said(12), "rendering of “Files” took 155 ms for 480 kpx, 100 % of it, though 9.60 kpx had changed");
        assert_eq!(said(450), "a wide repaint of “Files” took 155 ms for 480 kpx, 100 % of it");
    }
}
