//! Starvation: a thread that drew, and drew no more until its end, though it had work and a frame was wanted.
//!
//! A hang keeps the loop from turning. Here it turns, but what is more urgent than drawing is always ready, so that no
//! frame is slow: there is none.

use std::collections::HashMap;

use super::costs::callbacks::own_times;
use super::engine::Facts;
use super::hangs::Hang;
use super::latency::wants_an_answer;
use super::timeline::{Timeline, covered};
use super::words;

/// From here on nobody takes it for a pause, in nanoseconds.
const NOTICED: i64 = 1_000_000_000;
/// So many frames in the second before the last one are an animation.
const ANIMATED: usize = 5;

/// A stretch without frames, to the end of a thread.
#[derive(Clone, Debug, PartialEq)]
pub struct Starvation {
    /// The process and the thread.
    pub thread: (i64, i64),
    /// The end of the last frame, and that of the thread.
    pub place: (i64, i64),
    /// Nanoseconds of it in which the thread worked.
    pub worked: i64,
    /// The callback that ran most in it.
    pub callback: String,
    /// For how many nanoseconds, without what ran inside of it.
    pub ran: i64,
    /// How often.
    pub calls: usize,
    /// What wanted a frame, in words.
    pub wanted: String,
}

impl Starvation {
    /// In words, without its place: `no frame was drawn, though an animation went on: busy ran 3 s in 150 calls`.
    pub fn words(&self) -> String {
        let (callback, ran) = (&self.callback, words::time(self.ran));
        format!(
            "no frame was drawn, though {}: {callback} ran {ran} in {}",
            self.wanted,
            words::many(self.calls, "call")
        )
    }
}

/// The starvation of a thread. Of its hangs those that it explains are taken out: the loop turned in them.
pub fn find(facts: &Facts<'_>, hangs: &mut Vec<Hang>) -> Option<Starvation> {
    let timeline = facts.timeline;
    // Frames that come later than was asked for are not known.
    if timeline.asked.1 < timeline.end {
        return None;
    }
    let from = timeline.frames.iter().map(|frame| frame.end).max()?;
    let to = timeline.end;
    let hung = hangs.iter().filter(|hang| hang.calls < 2);
    let hung: i64 = hung.map(|hang| hang.place.1.min(to) - hang.place.0.max(from)).map(|ns| ns.max(0)).sum();
    let worked = to - from - covered(&timeline.polls, from, to);
    if to - from < NOTICED || worked * 2 < to - from || hung * 2 > to - from {
        return None;
    }
    let wanted = wanted(timeline, from)?;
    let mut ran: HashMap<String, (i64, usize)> = HashMap::new();
    for (dispatch, own) in own_times(&timeline.dispatches, &timeline.polls) {
        if dispatch.time >= from {
            let sum = ran.entry(facts.callback(&dispatch.what)).or_default();
            *sum = (sum.0 + own, sum.1 + 1);
        }
    }
    let (callback, (ran, calls)) = ran.into_iter().max_by(|a, b| a.1.0.cmp(&b.1.0).then_with(|| b.0.cmp(&a.0)))?;
    hangs.retain(|hang| hang.calls < 2 || hang.place.0 < from);
    Some(Starvation { thread: (timeline.pid, timeline.tid), place: (from, to), worked, callback, ran, calls, wanted })
}

/// What wanted a frame after the last one; `None` where nothing is known to have.
fn wanted(timeline: &Timeline, last: i64) -> Option<String> {
    let inputs = timeline.inputs.iter().filter(|input| input.time >= last && wants_an_answer(&input.what)).count();
    let damaged = timeline.painted.iter().any(|at| at.time > last && at.what.damage);
    let animated = timeline.frames.iter().filter(|frame| frame.end > last - 1_000_000_000).count() >= ANIMATED;
    match (inputs, damaged, animated) {
        (1.., ..) => Some(format!("{} came", words::many(inputs, "event of the user's"))),
        (_, true, _) => Some("something had changed".to_owned()),
        (.., true) => Some("frames had come one after the other".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::engine::tests::{dispatch, facts, frame, input, ms, span};

    /// An animation of a second, then `busy` for so many milliseconds of each 20 up to the end at four seconds.
    fn starved(busy: i64, change: impl FnOnce(&mut Timeline)) -> Option<String> {
        let mut said = None;
        facts(
            |timeline| {
                timeline.asked = (i64::MIN, i64::MAX);
                timeline.end = ms(4_000);
                timeline.frames = (0..60).map(|at| frame(at * 16, at * 16 + 4, None)).collect();
                let turns = || (50..200).map(|at| at * 20);
                timeline.dispatches = turns().map(|at| span(at, at + busy, dispatch("", "hog"))).collect();
                timeline.polls = turns().map(|at| span(at + busy, at + 20, ())).collect();
                change(timeline);
            },
            |facts| said = find(facts, &mut Vec::new()).map(|starvation| starvation.words()),
        );
        said
    }

    #[test]
    fn a_busy_loop_that_draws_no_more_is_told() {
        let said = starved(18, |_| {}).unwrap();
        assert_eq!(said, "no frame was drawn, though frames had come one after the other: hog ran 2.70 s in 150 calls");
        let click = |timeline: &mut Timeline| timeline.inputs = vec![span(2_000, 2_001, input("button-press"))].into();
        assert!(starved(18, click).unwrap().contains("though 1 event of the user's came: hog"));
    }

    #[test]
    fn a_program_that_has_nothing_to_draw_starves_of_nothing() {
        assert_eq!(starved(2, |_| {}), None, "it sleeps");
        let still = |timeline: &mut Timeline| timeline.frames = vec![frame(0, 4, None)].into();
        assert_eq!(starved(18, still), None, "it works, and nothing was to change on the screen");
        let asleep = |timeline: &mut Timeline| {
            timeline.polls = vec![span(1_000, 4_000, ())].into();
            timeline.dispatches = Default::default();
        };
        assert_eq!(starved(18, asleep), None, "it sleeps to the end");
        assert_eq!(starved(18, |timeline| timeline.end = ms(1_500)), None, "it ended soon");
        assert_eq!(starved(18, |timeline| timeline.asked.1 = ms(3_000)), None, "more may have come");
    }
}
