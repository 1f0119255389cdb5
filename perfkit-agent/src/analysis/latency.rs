//! From input to the frame that answers it: what people feel.

use super::timeline::{Frame, Input, Span, Timeline};

/// One event and its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The event.
    pub input: Span<Input>,
    /// When it was made, as far as that is known; else when its handling began.
    pub made: i64,
    /// The end of the first painting frame of its window that ended after its handling had.
    pub shown: i64,
}

impl Answer {
    /// Nanoseconds.
    pub fn latency(&self) -> i64 {
        self.shown - self.made
    }
}

/// Events and keys, buttons and wheels that say that something is wanted; moves and crossings ask for nothing alone.
const WANTED: &[&str] = &[
    "button-press",
    "button-release",
    "2button-press",
    "3button-press",
    "key-press",
    "scroll",
    "touch-begin",
    "touch-end",
];

/// So long after an event a frame can still be its answer; later ones answer something else.
pub(super) const ANSWERS: i64 = 1_000_000_000;

/// Whether an event asks for something.
pub fn wants_an_answer(input: &Input) -> bool {
    WANTED.contains(&&*input.event)
}

/// The answers to all events that want one.
pub fn answers(timeline: &Timeline) -> Vec<Answer> {
    let wanted = timeline.inputs.iter().filter(|input| wants_an_answer(&input.what));
    let answer = |input: &Span<Input>| {
        let after = timeline.frames.partition_point(|frame| frame.end < input.end);
        // A frame in whose first phase the event was handled answers it, too.
        let answers = |frame: &&Span<Frame>| {
            frame.end > input.end
                && frame.what.paints()
                && input.what.clock.is_none_or(|clock| clock == frame.what.clock)
        };
        let frame = timeline.frames[after..].iter().find(answers)?;
        let made = input.time - input.what.latency.unwrap_or(0);
        (frame.time - input.end < ANSWERS).then(|| Answer { input: input.clone(), made, shown: frame.end })
    };
    wanted.filter_map(answer).collect()
}

/// The value below which a share of the values lies: the nearest rank. `values` are sorted.
pub fn percentile(values: &[i64], share: f64) -> Option<i64> {
    let rank = (share * values.len() as f64).ceil() as usize;
    values.get(rank.max(1) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::engine::tests::{facts, frame, frame_of, input, ms, span};

    #[test]
    fn an_event_is_answered_by_the_frame_after_it() {
        facts(
            |timeline| {
                timeline.frames = vec![frame(0, 5, None), frame(40, 48, None), frame(5000, 5005, None)].into();
                timeline.inputs = vec![
                    span(10, 30, Input { latency: Some(ms(3)), ..input("button-press") }),
                    span(31, 32, input("motion-notify")),
                    span(100, 101, input("key-press")),
                ]
                .into();
            },
            |facts| {
                let answers = answers(facts.timeline);
                assert_eq!(answers.len(), 1, "a frame after five seconds answers no key: {answers:?}");
                assert_eq!(answers[0].latency(), ms(41));
            },
        );
    }

    #[test]
    fn a_frame_of_another_window_or_without_paint_is_no_answer() {
        facts(
            |timeline| {
                let ticks = (0..20).map(|at| frame_of(1, 16 * at, 16 * at + 2));
                let mut unpainted = frame_of(2, 12, 13);
                unpainted.what.phases[0] = Some(ms(12));
                timeline.frames = ticks.chain([unpainted, frame_of(2, 260, 262)]).collect::<Vec<_>>().into();
                timeline.inputs = vec![span(10, 12, Input { clock: Some(2), ..input("button-press") })].into();
            },
            |facts| assert_eq!(answers(facts.timeline)[0].latency(), ms(252)),
        );
    }

    #[test]
    fn percentiles_are_values() {
        let values: Vec<i64> = (1..=100).collect();
        assert_eq!([0.0, 0.5, 0.9, 0.99, 1.0].map(|share| percentile(&values, share).unwrap()), [1, 50, 90, 99, 100]);
        assert_eq!(percentile(&[], 0.5), None);
        assert_eq!(percentile(&[7], 0.99), Some(7));
    }
}
