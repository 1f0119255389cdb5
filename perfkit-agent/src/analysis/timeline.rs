//! What one thread that draws frames did, as its session tells: dispatches, sleep, frames, input, repaint, and what
//! other sources saw of the thread. [`super::read`] reads it.

use std::collections::HashMap;

/// A stretch of time, in CLOCK_MONOTONIC nanoseconds, and what it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Span<T> {
    /// Its begin.
    pub time: i64,
    /// Its end.
    pub end: i64,
    /// What it was.
    pub what: T,
}

impl<T> Span<T> {
    /// Nanoseconds.
    pub fn length(&self) -> i64 {
        self.end - self.time
    }

    /// Nanoseconds of it that lie between two times.
    pub fn within(&self, from: i64, to: i64) -> i64 {
        (self.end.min(to) - self.time.max(from)).max(0)
    }
}

/// Spans in the order of their begins, of which some may be nested.
#[derive(Clone, Debug, PartialEq)]
pub struct Spans<T> {
    all: Vec<Span<T>>,
    /// The latest end of all spans up to each: it only rises, so that those that reach into a stretch are found
    /// without looking at all that came before.
    reach: Vec<i64>,
}

impl<T> Default for Spans<T> {
    fn default() -> Spans<T> {
        Spans { all: Vec::new(), reach: Vec::new() }
    }
}

impl<T> From<Vec<Span<T>>> for Spans<T> {
    fn from(mut all: Vec<Span<T>>) -> Spans<T> {
        all.sort_by_key(|span| span.time);
        all.into_iter().collect()
    }
}

impl<T> FromIterator<Span<T>> for Spans<T> {
    /// Those of an iterator that gives them in their order.
    fn from_iter<I: IntoIterator<Item = Span<T>>>(all: I) -> Spans<T> {
        let mut spans = Spans::default();
        all.into_iter().for_each(|span| spans.push(span));
        spans
    }
}

impl<T> Spans<T> {
    /// Adds one that begins no earlier than the last.
    pub(super) fn push(&mut self, span: Span<T>) {
        let latest = self.reach.last().copied().unwrap_or(i64::MIN);
        self.reach.push(latest.max(span.end));
        self.all.push(span);
    }

    pub(super) fn into_vec(self) -> Vec<Span<T>> {
        self.all
    }
}

impl<T> std::ops::Deref for Spans<T> {
    type Target = [Span<T>];

    fn deref(&self) -> &[Span<T>] {
        &self.all
    }
}

/// A dispatch of the main loop.
#[derive(Clone, Debug, PartialEq)]
pub struct Dispatch {
    /// The source's name.
    pub source: String,
    /// The callback as it was recorded: a symbol, or module+offset.
    pub callback: String,
    /// Nanoseconds from the time for which it was set; `None` where it had none.
    pub late: Option<i64>,
    /// Whether it had ended when the recording did.
    pub ended: bool,
}

/// An event of the user's, while it was handled.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// GDK's name of the event, as button-press.
    pub event: String,
    /// The window.
    pub window: i64,
    /// Nanoseconds that it had waited when its handling began; `None` where that is unknown.
    pub latency: Option<i64>,
    /// The frame clock whose next frame answers it; `None` where that is unknown, and any may.
    pub clock: Option<i64>,
}

/// A frame of a frame clock.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// The frame clock.
    pub clock: i64,
    /// The clock's own counter.
    pub counter: i64,
    /// The display's refresh interval in nanoseconds; `None` where it is unknown.
    pub interval: Option<i64>,
    /// Begin of each of [`PHASES`]; `None` for one that did not run.
    pub phases: [Option<i64>; 7],
}

/// The phases of a frame, in their order, as columns of the session.
pub const PHASES: [&str; 7] =
    ["flush_events", "before_paint", "update", "layout", "paint", "after_paint", "resume_events"];

/// The place in [`PHASES`] of the phase without which a frame shows nothing.
const PAINT: usize = 4;

impl Frame {
    /// Whether it can have shown something: a clock also runs to hand out events, and where it finds nothing changed.
    pub fn paints(&self) -> bool {
        self.phases[PAINT].is_some() || self.phases.iter().all(Option::is_none)
    }
}

/// What the widgets of a class cost in a frame.
#[derive(Clone, Debug, PartialEq)]
pub struct WidgetCost {
    /// The class.
    pub class: String,
    /// How many of them, or how often.
    pub count: i64,
    /// measure, allocate or snapshot.
    pub work: String,
    /// Their own nanoseconds.
    pub cost: i64,
}

/// A system call.
#[derive(Clone, Debug, PartialEq)]
pub struct Syscall {
    /// Its name.
    pub name: String,
    /// The descriptor that it is about.
    pub fd: Option<i64>,
    /// The path, or what the descriptor stands for.
    pub path: Option<String>,
    /// Bytes read or written.
    pub bytes: Option<i64>,
}

/// The state of a thread that a tracer holds.
pub const TRACED: &str = "traced";

/// A stretch in which the thread did not run.
#[derive(Clone, Debug, PartialEq)]
pub struct Off {
    /// Why.
    pub state: String,
    /// Where it gave the processor away.
    pub stack: Option<i64>,
}

/// A repainted rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Painted {
    pub window: i64,
    pub damage: bool,
    pub repaint: bool,
    pub width: i64,
    pub height: i64,
}

/// A moment, and what it was.
#[derive(Clone, Debug, PartialEq)]
pub struct At<T> {
    /// When.
    pub time: i64,
    /// What.
    pub what: T,
}

/// What one thread did.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    /// The process.
    pub pid: i64,
    /// The thread.
    pub tid: i64,
    /// The stretch that was asked for; what led to it and what followed is there too.
    pub asked: (i64, i64),
    /// The last that was recorded of the process.
    pub end: i64,
    /// Dispatches, by begin; nested ones too.
    pub dispatches: Spans<Dispatch>,
    /// Sleep in poll, by begin.
    pub polls: Spans<()>,
    /// Frames, by begin.
    pub frames: Spans<Frame>,
    /// Input, by begin of its handling.
    pub inputs: Spans<Input>,
    /// Rectangles, by time.
    pub painted: Vec<At<Painted>>,
    /// Widgets' costs, by time: they are told at the end of their frame.
    pub widgets: Vec<At<WidgetCost>>,
    /// System calls, by begin; empty where none were recorded.
    pub syscalls: Spans<Syscall>,
    /// Stretches off the processor, by begin; empty where none were recorded.
    pub off: Spans<Off>,
    /// Samples with weight in nanoseconds and stack, by time; empty where none were recorded.
    pub samples: Vec<At<(i64, i64)>>,
    /// Major page faults of the process so far, by time; empty where they were not recorded.
    pub faults: Vec<At<i64>>,
    /// What traced the process, if anything did that stops it: strace, ltrace.
    pub tracer: Option<String>,
    /// The windows' names, as people know them.
    pub windows: HashMap<i64, String>,
    /// The classes of the widgets that own windows.
    pub owners: HashMap<i64, String>,
    /// The windows' sizes.
    pub sizes: HashMap<i64, (i64, i64)>,
}

impl Timeline {
    /// From the first to the last that its main loop did: sleep, dispatches, frames; `None` where it had none.
    pub fn loop_place(&self) -> Option<(i64, i64)> {
        fn ends<T>(spans: &Spans<T>) -> Option<(i64, i64)> {
            Some((spans.first()?.time, *spans.reach.last()?))
        }
        let all = [ends(&self.polls), ends(&self.dispatches), ends(&self.frames)];
        all.into_iter().flatten().reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// Only what began in the stretch that was asked for.
    pub fn clipped(&self) -> Timeline {
        fn spans<T: Clone>(all: &Spans<T>, (from, to): (i64, i64)) -> Spans<T> {
            all.iter().filter(|span| span.time >= from && span.time <= to).cloned().collect()
        }
        let (asked, mut clipped) = (self.asked, self.clone());
        clipped.dispatches = spans(&self.dispatches, asked);
        clipped.polls = spans(&self.polls, asked);
        clipped.frames = spans(&self.frames, asked);
        clipped.inputs = spans(&self.inputs, asked);
        clipped.syscalls = spans(&self.syscalls, asked);
        clipped.off = spans(&self.off, asked);
        clipped.painted = between(&self.painted, asked.0, asked.1).to_vec();
        clipped.widgets = between(&self.widgets, asked.0, asked.1).to_vec();
        clipped.samples = between(&self.samples, asked.0, asked.1).to_vec();
        clipped
    }

    /// A window as people know it.
    pub fn window_name(&self, window: i64) -> String {
        match self.windows.get(&window) {
            Some(name) => format!("“{name}”"),
            None => format!("window {window}"),
        }
    }
}

/// The spans that overlap a stretch of time.
pub fn overlapping<T>(spans: &Spans<T>, from: i64, to: i64) -> impl Iterator<Item = &Span<T>> {
    let after = spans.partition_point(|span| span.time < to);
    let first = spans.reach.partition_point(|&end| end <= from).min(after);
    spans[first..after].iter().filter(move |span| span.end > from)
}

/// What was told between two times, both included.
pub fn between<T>(all: &[At<T>], from: i64, to: i64) -> &[At<T>] {
    let begin = all.partition_point(|at| at.time < from);
    let end = all.partition_point(|at| at.time <= to);
    &all[begin..end.max(begin)]
}

/// Nanoseconds that the spans cover of a stretch; what is nested counts once.
pub fn covered<T>(spans: &Spans<T>, from: i64, to: i64) -> i64 {
    (to - from).max(0) - length(&uncovered(spans, from, to))
}

/// The spans that overlap a stretch and begin no earlier than a time, without what they were.
pub fn bare<T>(spans: &Spans<T>, from: i64, to: i64, since: i64) -> impl Iterator<Item = Span<()>> {
    let overlapping = overlapping(spans, from, to).filter(move |span| span.time >= since);
    overlapping.map(|span| Span { time: span.time, end: span.end, what: () })
}

/// The parts of a stretch that no span covers, in their order.
pub fn uncovered<T>(spans: &Spans<T>, from: i64, to: i64) -> Vec<(i64, i64)> {
    let (mut parts, mut until) = (Vec::new(), from);
    for span in overlapping(spans, from, to) {
        if span.time > until {
            parts.push((until, span.time));
        }
        until = until.max(span.end);
    }
    parts.extend((until < to).then_some((until, to)));
    parts
}

/// How long stretches are together, in nanoseconds.
pub fn length(parts: &[(i64, i64)]) -> i64 {
    parts.iter().map(|(from, to)| to - from).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(time: i64, end: i64) -> Span<()> {
        Span { time, end, what: () }
    }

    #[test]
    fn nested_spans_count_once() {
        let spans = Spans::from(vec![span(0, 10), span(2, 4), span(8, 12), span(20, 30)]);
        assert_eq!(covered(&spans, 0, 100), 22);
        assert_eq!(covered(&spans, 3, 9), 6);
        assert_eq!(covered(&spans, 12, 20), 0);
        assert_eq!(uncovered(&spans, 3, 25), [(12, 20)]);
        assert_eq!(uncovered(&spans, 11, 50), [(12, 20), (30, 50)]);
        assert_eq!(overlapping(&spans, 9, 21).count(), 3);
    }
}
