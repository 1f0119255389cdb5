//! Time in which the thread did not run though it had work, or waited for a disk.

use std::collections::HashMap;

use super::Inside;
use crate::analysis::engine::Facts;
use crate::analysis::evidence;
use crate::analysis::timeline::{TRACED, Timeline, overlapping};

/// Why it did not run, most of the stretch.
pub fn look(facts: &Facts<'_>, parts: &[(i64, i64)]) -> Option<Inside> {
    let (begin, end) = super::reach(parts)?;
    let timeline = facts.timeline;
    let mut sums: HashMap<&str, i64> = HashMap::new();
    for &(from, to) in parts {
        for off in overlapping(&timeline.off, from, to) {
            *sums.entry(&off.what.state).or_default() += off.within(from, to);
        }
    }
    let (state, ns) = sums.into_iter().max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(a.0)))?;
    let words = words(timeline, state);
    let evidence = evidence::overlapping("offcpu", timeline.tid, begin, end);
    Some(Inside { name: "off-cpu", ns, words, evidence })
}

/// Why a thread did not run, as people read it.
pub fn words(timeline: &Timeline, state: &str) -> String {
    let words = match state {
        "preempted" => "ready to run while others had the processor",
        "disk" => "waiting for a disk",
        "sleeping" => "asleep",
        TRACED => return format!("held by {}", timeline.tracer.as_deref().unwrap_or("a tracer")),
        other => other,
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::engine::tests::{facts, ms, span};
    use crate::analysis::timeline::Off;

    #[test]
    fn why_it_did_not_run_is_told() {
        let off = |state: &str| Off { state: state.into(), stack: None };
        facts(
            |timeline| timeline.off = vec![span(0, 5, off("disk")), span(6, 30, off("preempted"))].into(),
            |facts| {
                let inside = look(facts, &[(ms(0), ms(40))]).unwrap();
                assert_eq!((inside.ns, inside.name), (ms(24), "off-cpu"));
                assert!(inside.words.contains("others had the processor"));
            },
        );
    }

    #[test]
    fn a_tracers_stops_are_told_as_its_own() {
        let held = Off { state: TRACED.into(), stack: None };
        let said = |tracer: Option<&str>| {
            let mut words = String::new();
            facts(
                |timeline| {
                    timeline.off = vec![span(6, 30, held.clone())].into();
                    timeline.tracer = tracer.map(str::to_owned);
                },
                |facts| words = look(facts, &[(ms(0), ms(40))]).unwrap().words,
            );
            words
        };
        assert_eq!((&*said(Some("strace")), &*said(None)), ("held by strace", "held by a tracer"));
    }
}
