//! The layout phase: widgets say their sizes and get their places.

use super::{Finding, Rule};
use crate::analysis::engine::Facts;
use crate::analysis::evidence;
use crate::analysis::timeline::{WidgetCost, between};
use crate::analysis::window::Window;
use crate::analysis::words;

pub const RULE: Rule =
    Rule { name: "layout", title: "layout", of: "layout of", doc: "Measuring and placing widgets took long.", find };

/// A class with less than this share of a phase did not make it slow.
const MATTERS: f64 = 0.2;

fn find(facts: &Facts<'_>, window: &Window<'_>) -> Vec<Finding> {
    let Some((from, to)) = window.phase("layout") else { return Vec::new() };
    let ns = to - from;
    let class = costliest(facts, window, &["measure", "allocate"], ns);
    let class = class.filter(|(_, cost)| *cost as f64 >= MATTERS * ns as f64);
    let mut words = format!("layout took {}", words::time(ns));
    if let Some((of, cost)) = class {
        words.push_str(&format!(", of which {} to {} {}", words::time(cost), of.work, of.class));
    }
    vec![Finding {
        rule: RULE.name,
        subject: class.map_or("widgets", |(of, _)| &*of.class).to_owned(),
        ns,
        words,
        parts: vec![(from, to)],
        evidence: if class.is_some() { cost_rows(facts, window) } else { frame_rows(facts, window) },
        inside: None,
    }]
}

/// What widgets did outside of the frame, such as being measured before they are shown, is told with it: where a class
/// has more than the phase by this share, nobody knows how much of it belongs there.
const BESIDE: f64 = 0.1;

/// The class that cost most in this frame with one of these kinds of work, and how much of `ns` nanoseconds that was.
pub fn costliest<'a>(facts: &Facts<'a>, window: &Window<'_>, works: &[&str], ns: i64) -> Option<(&'a WidgetCost, i64)> {
    let cost = of_frame(facts, window).filter(|cost| works.contains(&&*cost.work)).max_by_key(|cost| cost.cost)?;
    (cost.cost as f64 <= (1.0 + BESIDE) * ns as f64).then(|| (cost, cost.cost.min(ns)))
}

/// What widgets cost since the frame before; a frame tells it before it ends.
pub fn of_frame<'a>(facts: &Facts<'a>, window: &Window<'_>) -> impl Iterator<Item = &'a WidgetCost> + use<'a> {
    between(&facts.timeline.widgets, window.frame.time, window.end).iter().map(|at| &at.what)
}

/// The question for what widgets cost.
pub fn cost_rows(facts: &Facts<'_>, window: &Window<'_>) -> String {
    evidence::between("gdk_widget_cost", facts.timeline.tid, window.frame.time, window.end)
}

/// The question for a frame's own row.
pub fn frame_rows(facts: &Facts<'_>, window: &Window<'_>) -> String {
    format!("SELECT * FROM gdk_frame WHERE tid = {} AND time = {}", facts.timeline.tid, window.frame.time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::engine::tests::{facts, frame, ms};
    use crate::analysis::timeline::At;

    #[test]
    fn the_class_that_took_the_time_is_named() {
        let cost =
            |class: &str, work: &str, cost| WidgetCost { class: class.into(), work: work.into(), count: 1, cost };
        facts(
            |timeline| {
                timeline.frames = vec![frame(0, 1, None), frame(20, 80, Some((22, 75)))].into();
                timeline.widgets = vec![
                    At { time: ms(80) - 1, what: cost("GtkLabel", "measure", ms(1)) },
                    At { time: ms(80) - 1, what: cost("SlowMeasure", "measure", ms(50)) },
                    At { time: ms(80) - 1, what: cost("GtkBox", "snapshot", ms(60)) },
                ];
            },
            |facts| {
                let windows = Window::all(facts.timeline);
                let found = find(facts, &windows[1]);
                assert_eq!((found[0].ns, &*found[0].subject), (ms(53), "SlowMeasure"));
                assert_eq!(found[0].words, "layout took 53 ms, of which 50 ms to measure SlowMeasure");
            },
        );
    }

    #[test]
    fn a_class_that_was_measured_before_the_frame_is_not_said_to_be_part_of_its_layout() {
        let cost = WidgetCost { class: "GtkLabel".into(), work: "measure".into(), count: 9, cost: ms(18) };
        facts(
            |timeline| {
                timeline.frames = vec![frame(0, 1, None), frame(20, 80, Some((22, 24)))].into();
                timeline.widgets = vec![At { time: ms(79), what: cost }];
            },
            |facts| {
                let windows = Window::all(facts.timeline);
                let found = find(facts, &windows[1]);
                assert_eq!((&*found[0].words, &*found[0].subject), ("layout took 2 ms", "widgets"));
            },
        );
    }
}
