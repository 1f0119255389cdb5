//! Puts the rules to work on every slow frame of a session.

use std::collections::HashMap;

use super::costs::{self, Costs};
use super::hangs::{self, Hang};
use super::latency::{self, Answer};
use super::read::threads;
use super::rules::{Finding, RULES, widest};
use super::stacks::Stacks;
use super::starvation::{self, Starvation};
use super::timeline::{Dispatch, TRACED, Timeline, length, overlapping};
use super::waste::{self, Window};
use super::{inside, window, words};
use crate::error::Result;
use crate::session::query::Query;
use crate::symbols::{Name, callback_names};

/// A finding below this share of a frame's work did not make it slow.
const MATTERS: f64 = 0.05;

/// What rules look at.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// What the thread did.
    pub timeline: &'a Timeline,
    /// The session's stacks.
    pub stacks: &'a Stacks,
    /// Names for callbacks that were recorded as module+offset.
    pub names: &'a HashMap<String, Name>,
}

impl Facts<'_> {
    /// A dispatch's callback as people know it: the function's name, else the source's.
    pub fn callback(&self, dispatch: &Dispatch) -> String {
        let recorded = &dispatch.callback;
        if let Some(name) = self.names.get(recorded) {
            return name.words();
        }
        let told = dispatch.source.strip_prefix('[').and_then(|rest| rest.split_once("] ")).map(|(_, name)| name);
        // A name of several words was given by people; those of one are GLib's for a kind of sources.
        let told = told.or_else(|| Some(&*dispatch.source).filter(|source| source.contains(' ')));
        match told {
            Some(told) if recorded.contains("+0x") => told.to_owned(),
            _ if recorded.is_empty() => dispatch.source.clone(),
            _ => recorded.clone(),
        }
    }
}

/// A slow frame, and why it was slow.
#[derive(Clone, Debug)]
pub struct Report {
    /// The process and the thread.
    pub thread: (i64, i64),
    /// The frame clock and its counter.
    pub frame: (i64, i64),
    /// The window that it repainted most of, where the thread draws several that have frames of their own.
    pub window: Option<String>,
    /// When something asked for it, and when it had ended.
    pub place: (i64, i64),
    /// Nanoseconds of work.
    pub work: i64,
    /// Nanoseconds that it may take.
    pub budget: i64,
    /// When its budget was spent: by then it should have ended.
    pub deadline: i64,
    /// The phases of the frame itself that ran, in their order, and how many nanoseconds each took.
    pub phases: Vec<(&'static str, i64)>,
    /// What took the time, the most first.
    pub findings: Vec<Finding>,
}

impl Report {
    /// In words: `frame 812, 74 ms, 4.4 budgets: on_row_activated ran 61 ms, of which 58 ms in read(5, pipe)`.
    pub fn words(&self) -> String {
        let budgets = self.work as f64 / self.budget as f64;
        let of = self.window.as_ref().map_or(String::new(), |window| format!(" of {window}"));
        let head = format!("frame {}{of}, {}, {budgets:.1} budgets", self.frame.1, words::time(self.work));
        match self.findings.first() {
            Some(finding) => format!("{head}: {}", finding.sentence()),
            None => format!("{head}: nothing that was recorded explains it"),
        }
    }
}

impl Finding {
    /// With what it mostly was.
    pub fn sentence(&self) -> String {
        match &self.inside {
            // Words that name a part already name this one beside it.
            Some(inside) if self.words.contains("of which") => {
                format!("{}; {} of it {}", self.words, words::time(inside.ns), inside.words)
            }
            Some(inside) => format!("{}, of which {} {}", self.words, words::time(inside.ns), inside.words),
            None => self.words.clone(),
        }
    }
}

/// What was slow in a session.
#[derive(Debug, Default)]
pub struct Analysis {
    /// The stretch that was looked at: that of the threads that draw.
    pub place: (i64, i64),
    /// Work of every frame, in nanoseconds, sorted.
    pub frames: Vec<i64>,
    /// Every frame in the order of their ends: its end, its work and its budget.
    pub strip: Vec<(i64, i64, i64)>,
    /// The slow ones, in their order.
    pub slow: Vec<Report>,
    /// Hangs, in their order.
    pub hangs: Vec<Hang>,
    /// Threads that drew no more until their end, though they should have.
    pub starved: Vec<Starvation>,
    /// Input and the frames that answered it, in their order.
    pub answers: Vec<Answer>,
    /// What windows repainted.
    pub windows: Vec<Window>,
    /// What cost, for each kind of [`costs::KINDS`].
    pub costs: Vec<Costs>,
    /// Nanoseconds that the threads that draw worked.
    pub worked: i64,
    /// What the threads did that were looked at.
    pub timelines: Vec<Timeline>,
    /// Names for their callbacks.
    pub names: HashMap<String, Name>,
}

impl Analysis {
    /// Nanoseconds for which a tracer held the threads.
    pub fn held(&self) -> i64 {
        let of = |timeline: &Timeline| {
            let (from, to) = (timeline.asked.0.max(self.place.0), timeline.asked.1.min(self.place.1));
            let held = overlapping(&timeline.off, from, to).filter(|off| off.what.state == TRACED);
            held.map(|off| off.within(from, to)).sum::<i64>()
        };
        self.timelines.iter().map(of).sum()
    }

    /// Leaves out what does not reach into a stretch: more was read, so that what led to its first frame is known.
    fn keep(&mut self, from: i64, to: i64) {
        self.hangs.retain(|hang| hang.place.1 >= from && hang.place.0 <= to);
        self.starved.retain(|starved| starved.place.1 >= from && starved.place.0 <= to);
        self.answers.retain(|answer| answer.shown >= from && answer.made <= to);
        self.place = (self.place.0.max(from), self.place.1.min(to));
    }

    /// Slow frames by what took most of them: the rule and its subject, how many frames, nanoseconds in all.
    pub fn causes(&self) -> Vec<(&Finding, usize, i64)> {
        let mut causes: Vec<(&Finding, usize, i64)> = Vec::new();
        for finding in self.slow.iter().filter_map(|report| report.findings.first()) {
            match causes.iter_mut().find(|(known, ..)| (known.rule, &known.subject) == (finding.rule, &finding.subject))
            {
                Some((_, count, ns)) => (*count, *ns) = (*count + 1, *ns + finding.ns),
                None => causes.push((finding, 1, finding.ns)),
            }
        }
        causes.sort_by_key(|&(_, _, ns)| std::cmp::Reverse(ns));
        causes
    }
}

/// Looks at a session between two times.
pub fn analyse(query: &Query, from: i64, to: i64) -> Result<Analysis> {
    let db = query.db();
    let sql = "SELECT value FROM facts WHERE name LIKE 'process.%.executable' LIMIT 1";
    // A session without a recording of a main loop has no such fact, and nothing to analyse.
    let program: String = db.query_row(sql, [], |row| row.get(0)).unwrap_or_default();
    let stacks = Stacks::read(db, &program)?;
    let names = callback_names(db)?;
    let timelines = threads(db)?.into_iter().map(|(pid, tid)| Timeline::read(db, pid, tid, from, to));
    let timelines: Vec<Timeline> = timelines.collect::<Result<_>>()?;
    let facts: Vec<Facts<'_>> =
        timelines.iter().map(|timeline| Facts { timeline, stacks: &stacks, names: &names }).collect();
    let mut analysis = Analysis { place: place(&timelines), ..Analysis::default() };
    for facts in &facts {
        let mut windows = window::Window::all(facts.timeline);
        windows.retain(|window| window.end >= from && window.start <= to);
        analysis.strip.extend(windows.iter().map(|window| (window.end, window.work, window.budget)));
        let mut slow: Vec<Report> =
            windows.iter().filter(|window| window.is_slow()).map(|window| judge(facts, window)).collect();
        name_windows(facts, &mut slow);
        analysis.slow.extend(slow);
        let mut hangs = hangs::find(facts);
        analysis.starved.extend(starvation::find(facts, &mut hangs));
        analysis.hangs.extend(hangs);
        analysis.answers.extend(latency::answers(facts.timeline));
    }
    let clipped: Vec<Timeline> = timelines.iter().map(Timeline::clipped).collect();
    for timeline in &clipped {
        let repaints = waste::by_window(timeline).into_iter();
        analysis.windows.extend(repaints.map(|(of, repaint)| Window { name: timeline.window_name(of), repaint }));
    }
    let costly: Vec<Facts<'_>> =
        clipped.iter().zip(&facts).map(|(timeline, facts)| Facts { timeline, ..*facts }).collect();
    for kind in costs::KINDS {
        let leaves = kind.leaves(db, &costly)?;
        analysis.costs.push(Costs { kind, rows: kind.rows(&leaves), leaves });
    }
    analysis.worked = costs::worked(&clipped.iter().collect::<Vec<_>>());
    analysis.keep(from, to);
    analysis.frames = analysis.strip.iter().map(|(_, work, _)| *work).collect();
    analysis.frames.sort_unstable();
    analysis.strip.sort_unstable();
    analysis.slow.sort_by_key(|report| report.place);
    analysis.hangs.sort_by_key(|hang| hang.place);
    analysis.answers.sort_by_key(|answer| answer.made);
    analysis.windows.sort_by_key(|window| std::cmp::Reverse(window.repaint.repainted));
    (analysis.timelines, analysis.names) = (timelines, names);
    Ok(analysis)
}

/// From the first to the last that the threads did.
fn place(timelines: &[Timeline]) -> (i64, i64) {
    let places = timelines.iter().filter_map(Timeline::loop_place);
    places.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or_default()
}

/// Says of each frame which window it was of, where there are several: each counts its own frames.
fn name_windows(facts: &Facts<'_>, slow: &mut [Report]) {
    let timeline = facts.timeline;
    let several = timeline.frames.windows(2).any(|two| two[0].what.clock != two[1].what.clock);
    for report in slow.iter_mut().filter(|_| several) {
        let frame = overlapping(&timeline.frames, report.place.0, report.place.1)
            .find(|frame| (frame.what.clock, frame.what.counter) == report.frame);
        let window = frame.and_then(|frame| widest(facts, frame.time, frame.end));
        report.window = window.map(|(window, _)| timeline.window_name(window));
    }
}

/// Asks every rule about a frame.
fn judge(facts: &Facts<'_>, window: &window::Window<'_>) -> Report {
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| (rule.find)(facts, window)).collect();
    findings.retain(|finding| finding.ns as f64 >= MATTERS * window.work as f64);
    findings.sort_by(|a, b| b.ns.cmp(&a.ns).then_with(|| a.words.cmp(&b.words)));
    for finding in &mut findings {
        if let Some((ns, function)) = facts.stacks.busiest_own(facts.timeline, &finding.parts)
            && ns * 2 >= length(&finding.parts)
            && !finding.words.contains(&function.name)
        {
            // It is the program's own, which nobody needs to be told.
            let place = if function.source.is_some() { function.place() } else { function.name };
            finding.words.push_str(&format!(" in {place}"));
        }
        finding.inside = inside::look(facts, &finding.parts);
    }
    Report {
        thread: (facts.timeline.pid, facts.timeline.tid),
        frame: (window.frame.what.clock, window.frame.what.counter),
        window: None,
        place: (window.start, window.end),
        work: window.work,
        budget: window.budget,
        deadline: window.deadline(),
        phases: window.phases().collect(),
        findings,
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::analysis::timeline::{At, Frame, Input, Painted, Span};

    /// Milliseconds.
    pub fn ms(ms: i64) -> i64 {
        ms * 1_000_000
    }

    /// A span in milliseconds.
    pub fn span<T>(from: i64, to: i64, what: T) -> Span<T> {
        Span { time: ms(from), end: ms(to), what }
    }

    /// A frame in milliseconds; `layout` has the begins of its layout and paint phases.
    pub fn frame(from: i64, to: i64, layout: Option<(i64, i64)>) -> Span<Frame> {
        let mut phases = [None; 7];
        if let Some((layout, paint)) = layout {
            phases[3] = Some(ms(layout));
            phases[4] = Some(ms(paint));
        }
        span(from, to, Frame { clock: 1, counter: from, interval: None, phases })
    }

    /// A dispatch.
    pub fn dispatch(source: &str, callback: &str) -> Dispatch {
        Dispatch { source: source.into(), callback: callback.into(), late: None, ended: true }
    }

    /// An event on window 1.
    pub fn input(event: &str) -> Input {
        Input { event: event.into(), window: 1, latency: None, clock: None }
    }

    /// A frame of a clock in milliseconds.
    pub fn frame_of(clock: i64, from: i64, to: i64) -> Span<Frame> {
        let mut frame = frame(from, to, None);
        frame.what.clock = clock;
        frame
    }

    /// Facts of a timeline that is made for a test.
    pub fn facts(make: impl FnOnce(&mut Timeline), check: impl FnOnce(&Facts<'_>)) {
        let mut timeline = Timeline { pid: 1, tid: 1, ..Timeline::default() };
        make(&mut timeline);
        check(&Facts { timeline: &timeline, stacks: &Stacks::default(), names: &HashMap::new() });
    }

    #[test]
    fn a_frame_that_waited_for_nothing_is_not_slow() {
        facts(
            |timeline| {
                timeline.frames = vec![frame(0, 2, None), frame(90, 92, None)].into();
                timeline.polls = vec![span(3, 89, ())].into();
                timeline.inputs = vec![span(89, 90, Input { latency: Some(ms(1)), ..input("key-press") })].into();
            },
            |facts| assert!(window::Window::all(facts.timeline).iter().all(|window| !window.is_slow())),
        );
    }

    #[test]
    fn a_frame_is_told_with_its_window_where_there_are_several() {
        facts(
            |timeline| {
                timeline.frames = vec![frame_of(1, 0, 2), frame_of(2, 10, 70), frame_of(1, 80, 82)].into();
                let painted = Painted { window: 7, damage: false, repaint: true, width: 10, height: 10 };
                timeline.painted = vec![At { time: ms(60), what: painted }];
                timeline.windows.insert(7, "Fonts".into());
            },
            |facts| {
                let windows = window::Window::all(facts.timeline);
                let mut reports = vec![judge(facts, &windows[1])];
                assert!(reports[0].words().starts_with("frame 10, 60 ms"), "{}", reports[0].words());
                name_windows(facts, &mut reports);
                assert!(reports[0].words().starts_with("frame 10 of “Fonts”, 60 ms"), "{}", reports[0].words());
            },
        );
    }

    #[test]
    fn the_words_say_how_late_and_why() {
        facts(
            |timeline| {
                timeline.frames = vec![frame(0, 2, None), frame(72, 76, None)].into();
                timeline.inputs = vec![span(4, 65, Input { latency: Some(ms(2)), ..input("button-press") })].into();
                let read =
                    super::super::timeline::Syscall { name: "read".into(), fd: Some(5), path: None, bytes: None };
                timeline.syscalls = vec![span(6, 64, read)].into();
                timeline.windows.insert(1, "Files".into());
            },
            |facts| {
                let windows = window::Window::all(facts.timeline);
                let report = judge(facts, &windows[1]);
                assert_eq!(
                    report.words(),
                    "frame 72, 74 ms, 4.4 budgets: the handling of button-press on “Files” took 61 ms, of which 58 ms \
                     in read(5)"
                );
            },
        );
    }
}
