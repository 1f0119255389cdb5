//! A system call that the thread waited in.

use std::collections::HashMap;

use super::Inside;
use crate::analysis::engine::Facts;
use crate::analysis::timeline::{Syscall, TRACED, overlapping};
use crate::analysis::{evidence, words};

/// The calls of one kind about one thing that took most of the stretch.
pub fn look(facts: &Facts<'_>, parts: &[(i64, i64)]) -> Option<Inside> {
    let (first, last) = super::reach(parts)?;
    let timeline = facts.timeline;
    // Nanoseconds, how many, and the begin of the last: one that reaches into several parts is one.
    let mut sums: HashMap<String, (i64, usize, i64)> = HashMap::new();
    let all =
        parts.iter().flat_map(|&part| overlapping(&timeline.syscalls, part.0, part.1).map(move |call| (part, call)));
    for ((from, to), call) in all {
        let sum = sums.entry(words(&call.what)).or_insert((0, 0, i64::MIN));
        // What it spent ready to run while others had the processor, or held by a tracer, was not the call's doing.
        let (begin, end) = (call.time.max(from), call.end.min(to));
        let other = |state: &str| state == "preempted" || state == TRACED;
        let waited = overlapping(&timeline.off, begin, end).filter(|off| other(&off.what.state));
        let waited: i64 = waited.map(|off| off.within(begin, end)).sum();
        *sum = (sum.0 + (end - begin - waited).max(0), sum.1 + usize::from(call.time != sum.2), call.time);
    }
    let (call, (ns, count, _)) = sums.into_iter().max_by(|a, b| a.1.0.cmp(&b.1.0).then_with(|| b.0.cmp(&a.0)))?;
    let times = if count > 1 { format!(", {count} calls") } else { String::new() };
    let evidence = evidence::overlapping("syscalls", timeline.tid, first, last);
    Some(Inside { name: "syscall", ns, words: format!("in {call}{times}"), evidence })
}

/// A call as one would write it, with what it is about: `read(5, pipe)`.
pub fn words(call: &Syscall) -> String {
    let path = call.path.as_deref().map(words::thing);
    let about: Vec<String> = call.fd.map(|fd| fd.to_string()).into_iter().chain(path.map(str::to_owned)).collect();
    format!("{}({})", call.name, about.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::engine::tests::{facts, ms, span};
    use crate::analysis::timeline::Off;

    #[test]
    fn the_call_that_was_waited_in_is_told_with_what_it_is_about() {
        let read = Syscall { name: "read".into(), fd: Some(5), path: Some("pipe:[77]".into()), bytes: None };
        let write = Syscall { name: "write".into(), fd: Some(1), path: None, bytes: None };
        facts(
            |timeline| timeline.syscalls = vec![span(1, 3, write), span(4, 62, read)].into(),
            |facts| {
                let inside = look(facts, &[(ms(0), ms(70))]).unwrap();
                assert_eq!((inside.ns, &*inside.words), (ms(58), "in read(5, pipe)"));
                assert!(look(facts, &[(ms(63), ms(70))]).is_none());
            },
        );
    }

    #[test]
    fn calls_count_as_far_as_they_lie_in_the_parts_that_are_looked_at() {
        let futex = || Syscall { name: "futex".into(), fd: None, path: None, bytes: None };
        let calls = [(1, 5), (8, 9), (11, 18), (30, 60)].map(|(from, to)| span(from, to, futex()));
        facts(
            |timeline| timeline.syscalls = calls.to_vec().into(),
            |facts| {
                let inside = look(facts, &[(ms(4), ms(6)), (ms(10), ms(14)), (ms(16), ms(20))]).unwrap();
                assert_eq!((inside.ns, &*inside.words), (ms(1 + 3 + 2), "in futex(), 2 calls"));
            },
        );
    }

    #[test]
    fn a_call_does_not_last_while_a_tracer_holds_its_thread() {
        let getpid = || Syscall { name: "getpid".into(), fd: None, path: None, bytes: None };
        let held = |state: &str| Off { state: state.into(), stack: None };
        facts(
            |timeline| {
                timeline.syscalls = vec![span(0, 30, getpid())].into();
                timeline.off = vec![span(1, 11, held(TRACED)), span(12, 17, held("preempted"))].into();
            },
            |facts| assert_eq!(look(facts, &[(ms(0), ms(30))]).unwrap().ns, ms(15)),
        );
    }
}
