//! Hangs: stretches in which a thread that draws did not come back to its loop's sleep for long, and neither drew nor
//! handled input meanwhile.

use std::collections::HashMap;

use super::costs::callbacks::own_times;
use super::engine::Facts;
use super::inside::{self, Inside};
use super::stacks::Stack;
use super::timeline::{Dispatch, Input, Span, Spans, Timeline, bare, length, overlapping, uncovered};
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
    /// The callback that ran most in it.
    pub subject: String,
    /// How often that ran; 0 for code outside of callbacks.
    pub calls: usize,
    /// What that mostly was.
    pub inside: Option<Inside>,
    /// The stack in which most of it passed; empty where no stacks were recorded.
    pub stack: Stack,
}

impl Hang {
    /// In words.
    pub fn words(&self) -> String {
        format!("{} for {}: {}", self.what(), words::time(self.place.1 - self.place.0), self.cause())
    }

    /// What did not happen.
    fn what(&self) -> &'static str {
        match self.calls {
            0 | 1 => "no turn of the loop",
            _ => "neither sleep nor input nor a frame",
        }
    }

    /// What ran, in words.
    pub fn cause(&self) -> String {
        let calls = if self.calls > 1 { format!(" in {} calls", self.calls) } else { String::new() };
        let inside = self.inside.as_ref();
        let inside =
            inside.map_or(String::new(), |inside| format!(", of which {} {}", words::time(inside.ns), inside.words));
        format!("{}{calls}{inside}", self.subject)
    }
}

/// The hangs of a thread.
pub fn find(facts: &Facts<'_>) -> Vec<Hang> {
    let own = own_times(&facts.timeline.dispatches, &facts.timeline.polls);
    gaps(facts.timeline)
        .into_iter()
        .filter(|gap| gap.to - gap.from >= NOTICED)
        .map(|gap| hang(facts, &own, gap))
        .collect()
}

fn hang(facts: &Facts<'_>, own: &[(&Span<Dispatch>, i64)], Gap { turn, from, to }: Gap) -> Hang {
    let timeline = facts.timeline;
    let mut ran: HashMap<String, (i64, usize)> = HashMap::new();
    // One that began before the turn holds a loop of its own, in which others run.
    let began = own.partition_point(|(one, _)| one.time < turn);
    let end = own.partition_point(|(one, _)| one.time < to);
    for (dispatch, own) in &own[began..end] {
        // Of one that was cut, what is left without those that began since.
        let left =
            || length(&uncovered(&bare(&timeline.dispatches, from, to, from).collect(), from, dispatch.end.min(to)));
        let own = if dispatch.time < from { left() } else { *own };
        if dispatch.end > from {
            let sum = ran.entry(facts.callback(&dispatch.what)).or_default();
            *sum = (sum.0 + own, sum.1 + 1);
        }
    }
    let most = ran.into_iter().max_by(|a, b| a.1.0.cmp(&b.1.0).then_with(|| b.0.cmp(&a.0)));
    let (subject, calls) = most.map_or(("code outside of callbacks".to_owned(), 0), |(name, (_, calls))| (name, calls));
    // Where one event's handling or one call was most of it, what that was matters; else all of it.
    let input = longest(&timeline.inputs, turn, from, to).map(|input| (input.time, input.end, handling(facts, input)));
    let call =
        || longest(&timeline.dispatches, turn, from, to).map(|one| (one.time, one.end, facts.callback(&one.what)));
    let one = input.or_else(call);
    let place = one.as_ref().map_or((from, to), |one| (one.0.max(from), one.1.min(to)));
    Hang {
        thread: (timeline.pid, timeline.tid),
        place: (from, to),
        calls: if one.is_some() { 1 } else { calls },
        subject: one.map_or(subject, |(.., subject)| subject),
        inside: inside::look(facts, &[place]),
        stack: facts.stacks.busiest_stack(timeline, from, to),
    }
}

/// The one that began in a turn of the loop and is most of a stretch of it.
fn longest<T>(spans: &Spans<T>, turn: i64, from: i64, to: i64) -> Option<&Span<T>> {
    let most = overlapping(spans, from, to).filter(|one| one.time >= turn).max_by_key(|one| one.within(from, to));
    most.filter(|one| one.within(from, to) * 2 > to - from)
}

fn handling(facts: &Facts<'_>, input: &Span<Input>) -> String {
    format!("the handling of {} on {}", input.what.event, facts.timeline.window_name(input.what.window))
}

/// A stretch without a sign of life.
struct Gap {
    /// When the loop had slept last.
    turn: i64,
    from: i64,
    to: i64,
}

/// The stretches between sleep, the ends of frames, and the begins of input's handling.
fn gaps(timeline: &Timeline) -> Vec<Gap> {
    // A loop inside of a callback sleeps inside of it, so its polls are polls like all others.
    let gaps = timeline.polls.windows(2).map(|two| (two[0].end, two[1].time));
    // A program that was ended while it hung never slept again.
    let last = timeline.polls.last().map_or(i64::MIN, |poll| poll.end);
    let hung = timeline.dispatches.iter().any(|dispatch| !dispatch.what.ended && dispatch.time >= last);
    let never = hung.then(|| (last.max(timeline.dispatches.first().map_or(last, |first| first.time)), timeline.end));
    let mut lively: Vec<i64> = timeline.frames.iter().map(|frame| frame.end).collect();
    lively.extend(timeline.inputs.iter().map(|input| input.time));
    lively.sort_unstable();
    let mut cut = Vec::new();
    for (turn, to) in gaps.chain(never) {
        let mut from = turn;
        let first = lively.partition_point(|&at| at <= from);
        for &at in lively[first..].iter().take_while(|at| **at < to) {
            cut.push(Gap { turn, from, to: at });
            from = at;
        }
        cut.push(Gap { turn, from, to });
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::engine::tests::{dispatch, facts, frame, input, span};

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
                let open = Dispatch { ended: false, ..dispatch("", "stuck") };
                timeline.dispatches = vec![span(11, 9000, open)].into();
            },
            |facts| assert_eq!(find(facts)[0].words(), "no turn of the loop for 8.99 s: stuck"),
        );
    }

    #[test]
    fn many_short_callbacks_hang_a_program_only_where_nothing_else_comes_to_pass() {
        let busy = |frames: Vec<Span<crate::analysis::Frame>>| {
            let mut said = Vec::new();
            facts(
                |timeline| {
                    timeline.polls = vec![span(0, 10, ()), span(310, 320, ())].into();
                    timeline.dispatches =
                        (0..30).map(|at| span(10 + at * 10, 20 + at * 10, dispatch("", "hog"))).collect();
                    timeline.frames = frames.into();
                },
                |facts| said = find(facts).iter().map(Hang::words).collect(),
            );
            said
        };
        assert_eq!(busy(Vec::new()), ["neither sleep nor input nor a frame for 300 ms: hog in 30 calls"]);
        assert_eq!(busy((1..6).map(|at| frame(at * 50, at * 50 + 3, None)).collect()), [""; 0]);
    }

    #[test]
    fn what_began_before_the_last_sign_of_life_is_what_hangs() {
        let said = |inputs: Vec<Span<Input>>| {
            let mut said = Vec::new();
            facts(
                |timeline| {
                    timeline.polls = vec![span(0, 10, ()), span(300, 310, ())].into();
                    timeline.dispatches =
                        vec![span(12, 295, dispatch("events", "")), span(280, 281, dispatch("", "crossing"))].into();
                    timeline.inputs = inputs.into();
                },
                |facts| said = find(facts).iter().map(Hang::words).collect(),
            );
            said
        };
        let press = || span(20, 290, input("button-press"));
        assert_eq!(said(vec![press()]), ["no turn of the loop for 280 ms: the handling of button-press on window 1"]);
        let motion = span(15, 16, input("motion-notify"));
        assert_eq!(said(vec![motion]), ["no turn of the loop for 285 ms: events"]);
    }

    #[test]
    fn of_many_calls_the_one_that_was_under_way_counts_as_far_as_it_went_on() {
        facts(
            |timeline| {
                timeline.polls = vec![span(0, 10, ()), span(310, 320, ())].into();
                let short = (0..20).map(|at| span(110 + at * 10, 119 + at * 10, dispatch("", "hog")));
                timeline.dispatches = std::iter::once(span(10, 109, dispatch("", "pump"))).chain(short).collect();
                timeline.frames = vec![frame(15, 20, None)].into();
            },
            |facts| {
                assert_eq!(find(facts)[0].words(), "neither sleep nor input nor a frame for 290 ms: hog in 20 calls")
            },
        );
    }
}
