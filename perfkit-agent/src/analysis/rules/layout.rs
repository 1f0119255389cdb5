//! The layout phase: widgets say their sizes and get their places.

use super::{Finding, Rule};
use crate::analysis::engine::Facts;
use crate::analysis::timeline::{WidgetCost, between};
use crate::analysis::window::Window;
use crate::analysis::words;

pub const RULE: Rule = Rule { name: "layout", of: "layout of", doc: "Measuring and placing widgets took long.", find };

/// A class with less than this share of a phase did not make it slow.
const MATTERS: f64 = 0.2;

fn find(facts: &Facts<'_>, window: &Window<'_>) -> Vec<Finding> {
    let Some((from, to)) = window.phase("layout") else { return Vec::new() };
    let ns = to - from;
    let class = costliest(facts, window, &["measure", "allocate"]);
    let class = class.filter(|cost| cost.cost as f64 >= MATTERS * ns as f64);
    let mut words = format!("layout took {}", words::time(ns));
    if let Some(cost) = class {
        words.push_str(&format!(", of which {} to {} {}", words::time(cost.cost), cost.work, cost.class));
    }
    vec![Finding {
        rule: RULE.name,
        subject: class.map_or("widgets", |cost| &*cost.class).to_owned(),
        ns,
        words,
        place: (from, to),
        evidence: frame_rows(facts, window),
        inside: None,
    }]
}

/// The class that cost most in this frame with one of these kinds of work; its costs are told at the frame's end.
pub fn costliest<'a>(facts: &Facts<'a>, window: &Window<'_>, works: &[&str]) -> Option<&'a WidgetCost> {
    of_frame(facts, window).filter(|cost| works.contains(&&*cost.work)).max_by_key(|cost| cost.cost)
}

/// What widgets cost in this frame.
pub fn of_frame<'a>(facts: &Facts<'a>, window: &Window<'_>) -> impl Iterator<Item = &'a WidgetCost> + use<'a> {
    // They are told when the frame's dispatch has ended, before anything else runs.
    const AFTER: i64 = 2_000_000;
    let told = between(&facts.timeline.widgets, window.frame.time, window.end + AFTER);
    told.iter().map(|at| &at.what)
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
                    At { time: ms(80) + 1, what: cost("GtkLabel", "measure", ms(1)) },
                    At { time: ms(80) + 1, what: cost("SlowMeasure", "measure", ms(50)) },
                    At { time: ms(80) + 1, what: cost("GtkBox", "snapshot", ms(60)) },
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
}
