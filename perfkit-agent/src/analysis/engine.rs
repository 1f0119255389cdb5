//! Puts the rules to work on every slow frame of a session.

use std::collections::HashMap;
use std::path::Path;

use super::inside;
use super::rules::{Finding, RULES};
use super::stacks::Stacks;
use super::timeline::{Dispatch, Timeline, drawing_threads};
use super::window::Window;
use super::words;
use crate::error::Result;
use crate::session::query::Query;

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
    pub names: &'a HashMap<String, String>,
}

impl Facts<'_> {
    /// A dispatch's callback as people know it: the function's name, else the source's.
    pub fn callback(&self, dispatch: &Dispatch) -> String {
        let recorded = &dispatch.callback;
        if let Some(name) = self.names.get(recorded) {
            return name.clone();
        }
        let told = dispatch.source.strip_prefix('[').and_then(|rest| rest.split_once("] ")).map(|(_, name)| name);
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
    /// When something asked for it, and when it had ended.
    pub place: (i64, i64),
    /// Nanoseconds of work.
    pub work: i64,
    /// Nanoseconds that it may take.
    pub budget: i64,
    /// What took the time, the most first.
    pub findings: Vec<Finding>,
}

impl Report {
    /// In words: `frame 812, 74 ms, 4.4 budgets: on_row_activated ran 61 ms, of which 58 ms in read(5, pipe)`.
    pub fn words(&self) -> String {
        let budgets = self.work as f64 / self.budget as f64;
        let head = format!("frame {}, {}, {budgets:.1} budgets", self.frame.1, words::time(self.work));
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
#[derive(Debug)]
pub struct Analysis {
    /// How many frames there were.
    pub frames: usize,
    /// The slow ones, in their order.
    pub slow: Vec<Report>,
}

/// Looks at all frames of a session between two times.
pub fn analyse(path: &Path, from: i64, to: i64) -> Result<Analysis> {
    let query = Query::open(path)?;
    let db = query.db();
    let program: Option<String> = db
        .query_row("SELECT value FROM facts WHERE name LIKE 'process.%.executable' LIMIT 1", [], |row| row.get(0))
        .ok();
    let stacks = Stacks::read(db, program.as_deref().unwrap_or_default())?;
    let names = HashMap::new();
    let mut analysis = Analysis { frames: 0, slow: Vec::new() };
    for (pid, tid) in drawing_threads(db)? {
        let timeline = Timeline::read(db, pid, tid, from, to)?;
        let facts = Facts { timeline: &timeline, stacks: &stacks, names: &names };
        analysis.frames += timeline.frames.len();
        let windows = Window::all(&timeline);
        analysis.slow.extend(windows.iter().filter(|window| window.is_slow()).map(|window| judge(&facts, window)));
    }
    analysis.slow.sort_by_key(|report| report.place);
    Ok(analysis)
}

/// Asks every rule about a frame.
fn judge(facts: &Facts<'_>, window: &Window<'_>) -> Report {
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| (rule.find)(facts, window)).collect();
    findings.retain(|finding| finding.ns as f64 >= MATTERS * window.work as f64);
    findings.sort_by(|a, b| b.ns.cmp(&a.ns).then_with(|| a.words.cmp(&b.words)));
    for finding in &mut findings {
        let (from, to) = (finding.place.0.max(window.start), finding.place.1.min(window.end));
        if let Some((ns, function)) = facts.stacks.busiest_own(facts.timeline, from, to)
            && ns * 2 >= to - from
            && !finding.words.contains(&function.name)
        {
            finding.words.push_str(&format!(" in {}", function.name));
        }
        finding.inside = inside::look(facts, from, to);
    }
    Report {
        thread: (facts.timeline.pid, facts.timeline.tid),
        frame: (window.frame.what.clock, window.frame.what.counter),
        place: (window.start, window.end),
        work: window.work,
        budget: window.budget,
        findings,
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::analysis::timeline::{Frame, Input, Span};

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
        Dispatch { source: source.into(), callback: callback.into(), late: None }
    }

    /// An event on window 1.
    pub fn input(event: &str) -> Input {
        Input { event: event.into(), window: 1, latency: None }
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
                timeline.frames = vec![frame(0, 2, None), frame(90, 92, None)];
                timeline.polls = vec![span(3, 89, ())];
                timeline.inputs = vec![span(89, 90, Input { latency: Some(ms(1)), ..input("key-press") })];
            },
            |facts| assert!(Window::all(facts.timeline).iter().all(|window| !window.is_slow())),
        );
    }

    #[test]
    fn the_words_say_how_late_and_why() {
        facts(
            |timeline| {
                timeline.frames = vec![frame(0, 2, None), frame(72, 76, None)];
                timeline.inputs = vec![span(4, 65, Input { latency: Some(ms(2)), ..input("button-press") })];
                let read = super::super::timeline::Syscall { name: "read".into(), fd: Some(5), path: None };
                timeline.syscalls = vec![span(6, 64, read)];
                timeline.windows.insert(1, "Files".into());
            },
            |facts| {
                let windows = Window::all(facts.timeline);
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
