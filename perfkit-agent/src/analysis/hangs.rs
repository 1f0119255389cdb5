//! Hangs: stretches in which a thread that draws did not come back to its loop's sleep for long.

use super::engine::Facts;
use super::inside::{self, Inside};
use super::stacks::Stack;
use super::timeline::overlapping;
use super::words;

/// From here on people notice, in nanoseconds.
pub const NOTICED: i64 = 100_000_000;

/// A hang.
#[derive(Clone, Debug)]
pub struct Hang {
    /// The process and the thread.
    pub thread: (i64, i64),
    /// Its begin and end.
    pub place: (i64, i64),
    /// What ran longest in it.
    pub subject: String,
    /// What that mostly was.
    pub inside: Option<Inside>,
    /// The stack in which most of it passed; empty where no stacks were recorded.
    pub stack: Stack,
}

impl Hang {
    /// In words.
    pub fn words(&self) -> String {
        let took = words::time(self.place.1 - self.place.0);
        let inside = self.inside.as_ref();
        let inside =
            inside.map_or(String::new(), |inside| format!(", of which {} {}", words::time(inside.ns), inside.words));
        format!("no turn of the loop for {took}: {}{inside}", self.subject)
    }
}

/// The hangs of a thread.
pub fn find(facts: &Facts<'_>) -> Vec<Hang> {
    let timeline = facts.timeline;
    let mut hangs = Vec::new();
    // A loop inside of a callback sleeps inside of it, so its polls are polls like all others.
    let gaps = timeline.polls.windows(2).map(|two| (two[0].end, two[1].time));
    // A program that was ended while it hung never slept again.
    let last = timeline.polls.last().map_or(i64::MIN, |poll| poll.end);
    let hung = timeline.dispatches.iter().any(|dispatch| !dispatch.what.ended && dispatch.time >= last);
    let never = hung.then(|| (last.max(timeline.dispatches.first().map_or(last, |first| first.time)), timeline.end));
    for (from, to) in gaps.chain(never) {
        if to - from < NOTICED {
            continue;
        }
        let dispatches = overlapping(&timeline.dispatches, from, to).filter(|one| one.time >= from);
        let longest = dispatches.max_by_key(|one| one.within(from, to));
        let subject = longest.map_or("code outside of callbacks".to_owned(), |one| facts.callback(&one.what));
        let place = longest.map_or((from, to), |one| (one.time.max(from), one.end.min(to)));
        hangs.push(Hang {
            thread: (timeline.pid, timeline.tid),
            place: (from, to),
            subject,
            inside: inside::look(facts, place.0, place.1),
            stack: facts.stacks.busiest_stack(timeline, from, to),
        });
    }
    hangs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::engine::tests::{dispatch, facts, span};

    #[test]
    fn only_what_keeps_the_loop_from_its_sleep_is_a_hang() {
        facts(
            |timeline| {
                timeline.polls = vec![span(0, 10, ()), span(60, 90, ()), span(250, 260, ())].into();
                timeline.dispatches =
                    vec![span(11, 59, dispatch("", "short")), span(95, 240, dispatch("", "long"))].into();
            },
            |facts| {
                let hangs = find(facts);
                assert_eq!((hangs.len(), &*hangs[0].subject), (1, "long"));
                assert_eq!(hangs[0].words(), "no turn of the loop for 160 ms: long");
            },
        );
    }

    #[test]
    fn a_hang_that_never_ended_is_one() {
        facts(
            |timeline| {
                timeline.end = 9_000_000_000;
                timeline.polls = vec![span(0, 10, ())].into();
                let open = crate::analysis::Dispatch { ended: false, ..dispatch("", "stuck") };
                timeline.dispatches = vec![span(11, 9000, open)].into();
            },
            |facts| assert_eq!(find(facts)[0].words(), "no turn of the loop for 8.99 s: stuck"),
        );
    }
}
