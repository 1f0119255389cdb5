//! The part of painting in which widgets say what they look like, where that was recorded.

use super::layout::{cost_rows, costliest, of_frame};
use super::{Finding, Rule};
use crate::analysis::engine::Facts;
use crate::analysis::window::Window;
use crate::analysis::words;

pub const RULE: Rule =
    Rule { name: "snapshot", title: "drawing", of: "drawing of", doc: "Widgets took long to draw themselves.", find };

fn find(facts: &Facts<'_>, window: &Window<'_>) -> Vec<Finding> {
    let Some((from, _)) = window.phase("paint") else { return Vec::new() };
    let ns = time(facts, window);
    let Some((of, most)) = costliest(facts, window, &["snapshot"], ns).filter(|_| ns > 0) else { return Vec::new() };
    let (took, most) = (words::time(ns), words::time(most));
    vec![Finding {
        rule: RULE.name,
        subject: of.class.clone(),
        ns,
        words: format!("widgets took {took} to draw themselves, of which {most} {}", of.class),
        parts: vec![(from, from + ns)],
        evidence: cost_rows(facts, window),
        inside: None,
    }]
}

/// Nanoseconds of the frame's paint phase that snapshots took; 0 where they were not recorded.
pub fn time(facts: &Facts<'_>, window: &Window<'_>) -> i64 {
    let paint = window.phase("paint").map_or(0, |(from, to)| to - from);
    let snapshots = of_frame(facts, window).filter(|cost| cost.work == "snapshot");
    snapshots.map(|cost| cost.cost).sum::<i64>().min(paint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::engine::tests::{facts, frame, ms};
    use crate::analysis::rules::render;
    use crate::analysis::timeline::{At, WidgetCost};

    #[test]
    fn the_class_that_drew_longest_is_named_and_the_rest_of_painting_is_rendering() {
        let cost = |class: &str, work: &str, cost| At {
            time: ms(78),
            what: WidgetCost { class: class.into(), work: work.into(), count: 1, cost },
        };
        facts(
            |timeline| {
                timeline.frames = vec![frame(0, 1, None), frame(20, 80, Some((21, 22)))].into();
                timeline.widgets = vec![
                    cost("GtkLabel", "snapshot", ms(3)),
                    cost("SlowSnapshot", "snapshot", ms(40)),
                    cost("GtkBox", "measure", ms(50)),
                ];
            },
            |facts| {
                let windows = Window::all(facts.timeline);
                let found = find(facts, &windows[1]);
                assert_eq!((found[0].ns, &*found[0].subject), (ms(43), "SlowSnapshot"));
                assert_eq!(found[0].words, "widgets took 43 ms to draw themselves, of which 40 ms SlowSnapshot");
                assert_eq!((render::RULE.find)(facts, &windows[1])[0].ns, ms(58 - 43));
            },
        );
    }
}
