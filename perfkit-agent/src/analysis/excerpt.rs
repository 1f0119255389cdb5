//! What a thread did in a short stretch of time, in words and in lanes: what a timeline shows around a slow frame.

use std::collections::HashMap;

use rusqlite::Connection;

use super::engine::Facts;
use super::read::{rows, text};
use super::stacks::Stacks;
use super::timeline::{PHASES, Span, Timeline, covered, overlapping};
use crate::error::Result;
use crate::session::query::Query;
use crate::symbols::Name;

/// Marks that began so long before the stretch are looked for, in nanoseconds.
const BEFORE: i64 = 5_000_000_000;

/// A stretch of a thread's time.
#[derive(Clone, Debug)]
pub struct Excerpt {
    /// Its begin and end.
    pub place: (i64, i64),
    /// The lanes that have something in it.
    pub lanes: Vec<Lane>,
}

/// One sort of things that the thread did.
#[derive(Clone, Debug)]
pub struct Lane {
    /// What they are.
    pub name: &'static str,
    /// The rule of [`super::rules::RULES`] that looks at them mostly; for their colour.
    pub rule: &'static str,
    /// What was done, by begin, and how deep it lies in what was done around it.
    pub spans: Vec<(Span<String>, usize)>,
}

impl Excerpt {
    /// What a thread did from one time to another; spans shorter than `least` nanoseconds are left out, except frames
    /// and input. What the application marked is asked of the session.
    pub fn of(
        query: &Query,
        timeline: &Timeline,
        names: &HashMap<String, Name>,
        (from, to): (i64, i64),
        least: i64,
    ) -> Result<Excerpt> {
        let stacks = Stacks::default();
        let facts = Facts { timeline, stacks: &stacks, names };
        let inputs = overlapping(&timeline.inputs, from, to).map(|input| {
            let name = format!("{} on {}", input.what.event, timeline.window_name(input.what.window));
            Span { time: input.time, end: input.end, what: name }
        });
        let dispatches = overlapping(&timeline.dispatches, from, to).filter(|one| one.length() >= least);
        let dispatches = dispatches.map(|one| Span { time: one.time, end: one.end, what: facts.callback(&one.what) });
        // That the loop sleeps in one has a lane of its own; that a frame waits in one is what people look for.
        let asleep = |call: &Span<_>| covered(&timeline.polls, call.time, call.end) * 2 > call.length();
        let calls = overlapping(&timeline.syscalls, from, to).filter(|call| call.length() >= least && !asleep(call));
        let calls = calls.map(|call| Span { time: call.time, end: call.end, what: super::inside::call(&call.what) });
        let off = overlapping(&timeline.off, from, to).filter(|off| off.length() >= least);
        let off =
            off.map(|off| Span { time: off.time, end: off.end, what: super::inside::off(timeline, &off.what.state) });
        let sleep = overlapping(&timeline.polls, from, to).filter(|poll| poll.length() >= least);
        let sleep = sleep.map(|poll| Span { time: poll.time, end: poll.end, what: "asleep".to_owned() });
        let lanes = [
            ("application", "update", nested(marks(query.db(), timeline.pid, from, to)?)),
            ("input", "input", nested(inputs.collect())),
            ("main loop", "callback", nested(dispatches.collect())),
            ("frame", "layout", phases(timeline, from, to)),
            ("system calls", "render", nested(calls.collect())),
            ("off the processor", "unexplained", nested(off.collect())),
            ("loop asleep", "unexplained", nested(sleep.collect())),
        ];
        let lanes = lanes.into_iter().filter(|(_, _, spans)| !spans.is_empty());
        let lanes = lanes.map(|(name, rule, spans)| Lane { name, rule, spans }).collect();
        Ok(Excerpt { place: (from, to), lanes })
    }
}

/// What the application marked itself.
fn marks(db: &Connection, pid: i64, from: i64, to: i64) -> Result<Vec<Span<String>>> {
    let sql = "SELECT time, duration, name FROM marks WHERE pid = ?1 AND time BETWEEN ?2 AND ?3 ORDER BY time";
    let all: Vec<Span<String>> = rows(db, sql, [pid, from.saturating_sub(BEFORE), to], |row| {
        let time: i64 = row.get(0)?;
        let name = text(row, 2)?;
        let short = name.rsplit('.').next().unwrap_or(&name).to_owned();
        Ok(Span { time, end: time + row.get::<_, Option<i64>>(1)?.unwrap_or(0), what: short })
    })?;
    Ok(all.into_iter().filter(|mark| mark.end >= from).collect())
}

/// The phases of frames, beneath their frames.
fn phases(timeline: &Timeline, from: i64, to: i64) -> Vec<(Span<String>, usize)> {
    let mut spans = Vec::new();
    for frame in overlapping(&timeline.frames, from, to) {
        let name = format!("frame {}", frame.what.counter);
        spans.push((Span { time: frame.time, end: frame.end, what: name }, 0));
        for (at, begin) in frame.what.phases.iter().enumerate() {
            let Some(begin) = *begin else { continue };
            let end = frame.what.phases[at + 1..].iter().flatten().next().copied().unwrap_or(frame.end);
            spans.push((Span { time: begin, end, what: PHASES[at].replace('_', " ") }, 1));
        }
    }
    spans
}

/// How deep each of some spans lies in the others.
fn nested(spans: Vec<Span<String>>) -> Vec<(Span<String>, usize)> {
    let mut open: Vec<i64> = Vec::new();
    let depth = |span: Span<String>| {
        open.retain(|end| *end > span.time);
        open.push(span.end);
        (span, open.len() - 1)
    };
    spans.into_iter().map(depth).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_inside_of_another_lies_deeper() {
        let span = |time, end| Span { time, end, what: String::new() };
        let spans = vec![span(0, 100), span(10, 30), span(15, 20), span(30, 40), span(100, 110)];
        assert_eq!(nested(spans).into_iter().map(|(_, depth)| depth).collect::<Vec<_>>(), [0, 1, 2, 1, 0]);
    }
}
