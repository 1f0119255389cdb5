//! The window of a frame: from the moment at which something asked for it, or the frame before had ended, to its end.
//!
//! What asks for a frame is the time for which its dispatch was set, or the first input that it answers. Sleep in
//! the window is time in which there was nothing to do; the rest is work, and more of it than the budget is too much.

use std::collections::HashMap;

use super::read::threads;
use super::timeline::{Frame, Input, PHASES, Span, Spans, Timeline, bare, covered, overlapping};
use crate::error::Result;
use crate::session::query::Query;

/// The budget where no display told its refresh interval: 60 Hz, in nanoseconds.
pub const DEFAULT_BUDGET: i64 = 16_666_667;

/// One frame with all that led to it.
#[derive(Clone, Debug)]
pub struct Window<'a> {
    /// What its thread did.
    pub timeline: &'a Timeline,
    /// The frame.
    pub frame: &'a Span<Frame>,
    /// When something asked for it.
    pub start: i64,
    /// When it had ended.
    pub end: i64,
    /// Nanoseconds of work in between.
    pub work: i64,
    /// Nanoseconds that it may take.
    pub budget: i64,
}

impl<'a> Window<'a> {
    /// The windows of all frames of a thread, in their order.
    pub fn all(timeline: &'a Timeline) -> Vec<Window<'a>> {
        let mut ends: HashMap<i64, i64> = HashMap::new();
        let mut last = i64::MIN;
        let mut windows = Vec::with_capacity(timeline.frames.len());
        let mut interval = None;
        for frame in timeline.frames.iter() {
            interval = frame.what.interval.or(interval);
            let before = ends.insert(frame.what.clock, frame.end);
            let start = start(timeline, frame, before, last);
            last = last.max(frame.end);
            let work = frame.end - start - covered(&timeline.polls, start, frame.end);
            let budget = interval.unwrap_or(DEFAULT_BUDGET);
            windows.push(Window { timeline, frame, start, end: frame.end, work, budget });
        }
        windows
    }

    /// Whether its work took longer than it may.
    pub fn is_slow(&self) -> bool {
        self.work > self.budget
    }

    /// When its work had taken as long as it may, or would have: sleep before that is time in which nothing was to do.
    pub fn deadline(&self) -> i64 {
        let (mut at, mut left) = (self.start, self.budget);
        for poll in overlapping(&self.timeline.polls, self.start, self.end) {
            let worked = (poll.time - at).max(0);
            if worked >= left {
                break;
            }
            (at, left) = (at.max(poll.end), left - worked);
        }
        at + left
    }

    /// Begin and end of a phase; `None` where it did not run.
    pub fn phase(&self, name: &str) -> Option<(i64, i64)> {
        let at = PHASES.iter().position(|phase| *phase == name)?;
        let begin = self.frame.what.phases[at]?;
        let end = self.frame.what.phases[at + 1..].iter().flatten().next().copied().unwrap_or(self.frame.end);
        Some((begin, end))
    }

    /// The phases that ran, in their order, each with its nanoseconds.
    pub fn phases(&self) -> impl Iterator<Item = (&'static str, i64)> {
        PHASES.into_iter().filter_map(|name| self.phase(name).map(|(begin, end)| (name, end - begin)))
    }

    /// All in it that is told for itself, wherever it happens: sleep, the handling of input, and frames.
    pub fn told(&self) -> Spans<()> {
        let (timeline, from, to) = (self.timeline, self.start, self.end);
        let all = bare(&timeline.polls, from, to, i64::MIN).chain(bare(&timeline.inputs, from, to, i64::MIN));
        all.chain(bare(&timeline.frames, from, to, i64::MIN)).collect::<Vec<_>>().into()
    }

    /// The input that was handled in it.
    pub fn inputs(&self) -> impl Iterator<Item = &'a Span<Input>> + use<'a> {
        overlapping(&self.timeline.inputs, self.start, self.end)
    }
}

/// Input is answered by a frame before the loop has slept this long, in nanoseconds: a frame clock that has nothing
/// to do waits for the next refresh at most. What comes later was asked for by something else.
const ANSWERED: i64 = 2 * DEFAULT_BUDGET;

/// When something asked for a frame: not before the one of the same clock before it had ended. `last` is the end of
/// the frame before of any clock: input for which no clock is known was answered by that one.
fn start(timeline: &Timeline, frame: &Span<Frame>, before: Option<i64>, last: i64) -> i64 {
    let after = before.unwrap_or(frame.time);
    let set = overlapping(&timeline.dispatches, frame.time, frame.end.max(frame.time + 1));
    let set = set.filter_map(|dispatch| dispatch.what.late.map(|late| dispatch.time - late)).min();
    let inputs = overlapping(&timeline.inputs, after, frame.end).filter(|input| match input.what.clock {
        Some(clock) => clock == frame.what.clock && input.time >= after,
        None => input.time >= after.max(last),
    });
    let inputs = inputs.filter(|input| covered(&timeline.polls, input.end, frame.time) <= ANSWERED);
    let asked = inputs.map(|input| input.time - input.what.latency.unwrap_or(0)).min();
    let first = [Some(frame.time), set, asked].into_iter().flatten().min().unwrap_or(frame.time);
    // The first frame has none before it; what led to it is told by its own dispatch alone.
    if before.is_none() { first.min(frame.time) } else { first.max(after) }
}

/// How long each frame of a session waited: nanoseconds from what asked for it to its begin, by its thread, its clock
/// and its begin.
///
/// # Errors
/// Where the session cannot be read.
pub fn frame_waits(query: &Query) -> Result<HashMap<(i64, i64, i64), i64>> {
    const TABLES: &[&str] = &["gdk_frame", "gdk_dispatch", "gdk_poll", "input"];
    let mut waits = HashMap::new();
    for thread in threads(query.db())? {
        let everything = (i64::MIN, i64::MAX);
        let timeline = Timeline::read_only(query.db(), thread, everything, |table| TABLES.contains(&table))?;
        let of = |window: Window<'_>| {
            let frame = (timeline.tid, window.frame.what.clock, window.frame.time);
            (frame, window.frame.time - window.start)
        };
        waits.extend(Window::all(&timeline).into_iter().map(of));
    }
    Ok(waits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::engine::tests::{facts, frame_of, input, ms, span};

    /// The begins of the frames' windows, in milliseconds, where a click is handled at 20 to 22 ms.
    fn starts(clock: Option<i64>, frames: Vec<Span<Frame>>) -> Vec<i64> {
        let mut starts = Vec::new();
        facts(
            |timeline| {
                timeline.frames = frames.into();
                timeline.inputs =
                    vec![span(20, 22, Input { clock, latency: Some(ms(1)), ..input("button-press") })].into();
            },
            |facts| starts.extend(Window::all(facts.timeline).iter().map(|window| window.start / ms(1))),
        );
        starts
    }

    #[test]
    fn input_asks_for_a_frame_of_its_own_window() {
        let frames = || vec![frame_of(1, 0, 2), frame_of(2, 4, 6), frame_of(1, 30, 32), frame_of(2, 50, 52)];
        assert_eq!(starts(Some(2), frames()), [0, 4, 30, 19]);
        assert_eq!(starts(Some(1), frames()), [0, 4, 19, 50]);
        assert_eq!(starts(None, frames()), [0, 4, 19, 50], "the first frame after it, where none is known");
    }

    #[test]
    fn a_frame_is_due_when_its_work_has_taken_its_budget() {
        let due = |polls: &[(i64, i64)]| {
            let mut due = 0;
            facts(
                |timeline| {
                    timeline.frames = vec![frame_of(1, 0, 2), frame_of(1, 60, 80)].into();
                    timeline.inputs = vec![span(10, 12, Input { clock: Some(1), ..input("key-press") })].into();
                    timeline.polls = polls.iter().map(|&(from, to)| span(from, to, ())).collect();
                },
                |facts| due = Window::all(facts.timeline)[1].deadline() - ms(10),
            );
            due
        };
        assert_eq!(due(&[]), DEFAULT_BUDGET);
        assert_eq!(due(&[(14, 20), (22, 25), (70, 71)]), DEFAULT_BUDGET + ms(6 + 3), "it slept twice before");
    }
}
