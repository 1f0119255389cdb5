//! Frames: how long they took, how many broke their budget, and what made the slowest slow.

use std::collections::{BTreeMap, VecDeque};

use gdkrecord::kind::{Frame, Group};
use gdkrecord::sets::Exposed;
use gdkrecord::units::{area, duration};
use gdkrecord::{Body, Event, Text};

use super::busy::share;
use super::histogram::Histogram;
use super::report::Section;
use super::worst::Worst;
use super::{Context, Tally};
use crate::quantity::Quantity;

/// The budget where no display told its refresh interval: 60 Hz.
const DEFAULT_BUDGET: u64 = 16_666_667;
/// An event this long before a frame can still be what it answers, and a dispatch can have held it up.
const NEAR: u64 = 50_000_000;
/// Dispatches that are shorter cannot make a frame late.
const LONG: u64 = 2_000_000;
/// A widget class with less than this share of a frame did not make it slow.
const MATTERS: f64 = 0.1;
/// How many frames may wait for the compositor's answer.
const AWAITED: usize = 64;

/// Takes a phase's offset from the frame's begin.
type Offset = fn(&Frame) -> Option<u64>;

/// The phases of a frame, in their order.
const PHASES: &[(&str, Offset)] = &[
    ("flush-events", |frame| frame.flush_events.ns()),
    ("before-paint", |frame| frame.before_paint.ns()),
    ("update", |frame| frame.update.ns()),
    ("layout", |frame| frame.layout.ns()),
    ("paint", |frame| frame.paint.ns()),
    ("after-paint", |frame| frame.after_paint.ns()),
    ("resume-events", |frame| frame.resume_events.ns()),
];

/// A frame among the slowest.
#[derive(Debug)]
struct Slow {
    time: u64,
    counter: u32,
    budget: u64,
    phase: Option<(&'static str, u64)>,
    dispatch: Option<(u64, (Text, Text))>,
    input: Option<(u64, String)>,
    widget: Option<(u64, String)>,
    /// Square pixels that it repainted.
    repainted: u64,
}

/// Something that ran.
#[derive(Debug)]
struct Ran<T> {
    thread: u16,
    begin: u64,
    end: u64,
    length: u64,
    what: T,
}

/// Frames so far.
#[derive(Debug)]
pub struct Frames {
    times: Histogram,
    to_screen: Histogram,
    over: u64,
    /// Of the frames over budget: how many were longest in each phase, and nanoseconds over the budget.
    over_in: BTreeMap<&'static str, (u64, u64)>,
    intervals: Histogram,
    interval: Option<u64>,
    worst: Worst<Slow>,
    /// The latest frame, which widget costs may still follow.
    pending: Option<(u64, u64, Slow)>,
    dispatches: VecDeque<Ran<(Text, Text)>>,
    input: Option<Ran<String>>,
    awaited: VecDeque<(u32, u32, u64)>,
}

impl Frames {
    /// For a table of so many rows.
    pub fn new(rows: usize) -> Frames {
        Frames {
            times: Histogram::default(),
            to_screen: Histogram::default(),
            over: 0,
            over_in: BTreeMap::new(),
            intervals: Histogram::default(),
            interval: None,
            worst: Worst::new(rows),
            pending: None,
            dispatches: VecDeque::new(),
            input: None,
            awaited: VecDeque::new(),
        }
    }

    fn frame(&mut self, event: &Event, frame: &Frame) {
        self.settle();
        if self.awaited.len() == AWAITED {
            self.awaited.pop_front();
        }
        self.awaited.push_back((frame.clock, frame.counter, event.time));
        if let Some(interval) = frame.interval.ns().filter(|&ns| ns > 0) {
            self.intervals.add(interval);
            self.interval = Some(interval);
        }
        let Some(length) = frame.duration.ns() else { return };
        self.times.add(length);
        let budget = self.interval.unwrap_or(DEFAULT_BUDGET);
        let phase = longest_phase(frame, length);
        if length > budget {
            self.over += 1;
            let of = self.over_in.entry(phase.map_or("unknown", |(name, _)| name)).or_default();
            *of = (of.0 + 1, of.1 + length - budget);
        }
        let near = |end: u64| end <= event.time && event.time - end < NEAR;
        let before = self.dispatches.iter().filter(|ran| ran.thread == event.thread && near(ran.end));
        let before = before.max_by_key(|ran| ran.length).map(|ran| (ran.length, ran.what.clone()));
        // A dispatch that draws frames shows as a slow frame itself, and holds no other up.
        let draws = |ran: &Ran<_>| ran.thread == event.thread && ran.begin <= event.time && ran.end > event.time;
        self.dispatches.retain(|ran| !draws(ran));
        let input = self.input.as_ref().filter(|ran| ran.thread == event.thread && near(ran.end));
        let slow = Slow {
            time: event.time,
            counter: frame.counter,
            budget,
            phase,
            dispatch: before,
            input: input.map(|ran| (event.time - ran.end, ran.what.clone())),
            widget: None,
            repainted: 0,
        };
        self.pending = Some((length, event.time + length, slow));
    }

    fn settle(&mut self) {
        if let Some((length, _, slow)) = self.pending.take() {
            self.worst.offer(length, || slow);
        }
    }
}

fn longest_phase(frame: &Frame, length: u64) -> Option<(&'static str, u64)> {
    let begun: Vec<_> = PHASES.iter().filter_map(|(name, offset)| offset(frame).map(|at| (*name, at))).collect();
    let ends = begun.iter().skip(1).map(|(_, at)| *at).chain([length]);
    begun.iter().zip(ends).map(|((name, at), end)| (*name, end.saturating_sub(*at))).max_by_key(|(_, ns)| *ns)
}

impl Tally for Frames {
    fn event(&mut self, event: &Event, context: &Context<'_>) {
        match &event.body {
            Body::Frame(frame) => self.frame(event, frame),
            Body::Presented(shown) => {
                let found = self.awaited.iter().position(|(clock, n, _)| (*clock, *n) == (shown.clock, shown.counter));
                if let Some((.., begun)) = found.and_then(|at| self.awaited.remove(at)) {
                    self.to_screen.add(shown.shown.saturating_sub(begun));
                }
            }
            Body::Exposure(exposure) if exposure.what != Exposed::Damage => {
                let Some((_, end, slow)) = &mut self.pending else { return };
                if event.time <= *end {
                    slow.repainted += exposure.rects.0.iter().map(|rect| rect.area()).sum::<u64>();
                }
            }
            Body::WidgetCost(cost) => {
                let Some((_, end, slow)) = &mut self.pending else { return };
                let ns = cost.duration.ns_or_zero();
                if event.time <= *end + LONG && slow.widget.as_ref().is_none_or(|(most, _)| *most < ns) {
                    slow.widget = Some((ns, format!("{} {}", cost.work.name(), cost.class)));
                }
            }
            Body::Dispatch(dispatch) => {
                let length = dispatch.duration.ns_or_zero();
                if length >= LONG {
                    let end = event.time + length;
                    // Those that ended long ago cannot be a cause any more.
                    while self.dispatches.len() >= 16 {
                        self.dispatches.pop_front();
                    }
                    let what = (dispatch.source.clone(), dispatch.callback.clone());
                    self.dispatches.push_back(Ran { thread: event.thread, begin: event.time, end, length, what });
                }
            }
            body if body.kind().group == Group::Input => {
                let Some(what) = context.event_type(event) else { return };
                if !matches!(&*what, "motion-notify" | "enter-notify" | "leave-notify") {
                    let length = context.duration(event).unwrap_or(0);
                    self.input =
                        Some(Ran { thread: event.thread, begin: event.time, end: event.time + length, length, what });
                }
            }
            _ => {}
        }
    }

    fn report(&mut self, context: &mut Context<'_>) -> Vec<Section> {
        self.settle();
        let mut frames = Section::new("frames", "Frames");
        if self.times.count() == 0 {
            return vec![];
        }
        frames.fact("frames", Quantity::Count(self.times.count()));
        frames.fact("rate", context.rate(self.times.count()));
        for (name, percent) in [("p50", 50.0), ("p90", 90.0), ("p99", 99.0)] {
            frames.fact(name, Quantity::Duration(self.times.percentile(percent)));
        }
        frames.fact("max", Quantity::Duration(self.times.max()));
        let budget = if self.intervals.count() > 0 { self.intervals.percentile(50.0) } else { DEFAULT_BUDGET };
        frames.fact("budget", Quantity::Duration(budget));
        frames.fact("over budget", Quantity::Count(self.over));
        frames.fact("over budget of all", share(self.over, self.times.count()));
        if self.to_screen.count() > 0 {
            frames.fact("begin to screen p50", Quantity::Duration(self.to_screen.percentile(50.0)));
            frames.fact("begin to screen p99", Quantity::Duration(self.to_screen.percentile(99.0)));
        }
        frames.notes.push(match self.intervals.count() {
            0 => "budget: assumed 60 Hz, since no display told its refresh interval".to_owned(),
            _ => "budget: the display's refresh interval, as recorded with each frame".to_owned(),
        });
        let mut phases = Section::new("over_budget", "Frames over budget by their longest phase");
        phases.columns = &["phase", "frames", "over budget by"];
        for (phase, (count, excess)) in &self.over_in {
            phases.rows.push(vec![(*phase).into(), Quantity::Count(*count), Quantity::Duration(*excess)]);
        }
        let mut slow = Section::new("slow_frames", "Slowest frames and their causes");
        slow.columns = &["duration", "at", "frame", "of budget", "causes"];
        for (length, frame) in self.worst.take() {
            let causes = causes(&frame, length, context);
            slow.rows.push(vec![
                Quantity::Duration(length),
                context.moment(frame.time),
                Quantity::Count(frame.counter.into()),
                Quantity::Share(length as f64 / frame.budget as f64),
                causes.into(),
            ]);
        }
        if self.over == 0 {
            slow.notes.push("no frame broke its budget: these are only the slowest".to_owned());
        }
        vec![frames, phases, slow]
    }
}

fn causes(frame: &Slow, length: u64, context: &mut Context<'_>) -> String {
    let mut words = Vec::new();
    if let Some((phase, ns)) = frame.phase {
        words.push(format!("{phase} {} ({:.0} %)", duration(ns), ns as f64 / length.max(1) as f64 * 100.0));
    }
    if frame.repainted > 0 {
        words.push(format!("{} repainted", area(frame.repainted)));
    }
    if let Some((ns, what)) = frame.widget.as_ref().filter(|(ns, _)| *ns as f64 >= length as f64 * MATTERS) {
        words.push(format!("{what} {}", duration(*ns)));
    }
    if let Some((ns, (source, callback))) = &frame.dispatch {
        words.push(format!("after {} in {}", duration(*ns), context.symbols.dispatch(source, callback)));
    }
    if let Some((ago, event)) = &frame.input {
        words.push(format!("{} after {event}", duration(*ago)));
    }
    words.join("; ")
}
