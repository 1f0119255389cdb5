//! What one thread that draws frames did, as its session tells: dispatches, sleep, frames, input, repaint, and what
//! other sources saw of the thread.

use std::collections::HashMap;

use rusqlite::{Connection, Row};

use crate::error::{Error, Result};

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
        let mut latest = i64::MIN;
        let reach = all.iter().map(|span| {
            latest = latest.max(span.end);
            latest
        });
        Spans { reach: reach.collect(), all }
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
}

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
    /// The windows' names, as people know them.
    pub windows: HashMap<i64, String>,
    /// The windows' sizes.
    pub sizes: HashMap<i64, (i64, i64)>,
}

/// What is read before a stretch that is asked for, so that what led to its first frame is there; in nanoseconds.
const BEFORE: i64 = 5_000_000_000;
/// And after it: the frame that answers its last input.
const AFTER: i64 = 1_000_000_000;
/// Sleep of this length within the handling of an event is a loop of its own, such as a dialog's, in nanoseconds.
const SLEEP: i64 = 1_000_000;

/// The threads that draw frames.
pub fn drawing_threads(db: &Connection) -> Result<Vec<(i64, i64)>> {
    rows(db, "SELECT DISTINCT pid, tid FROM gdk_frame ORDER BY pid, tid", [], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// The threads of which anything was recorded, for a session in which none draws; the busiest first.
pub fn other_threads(db: &Connection) -> Result<Vec<(i64, i64)>> {
    let sql = "SELECT pid, tid FROM (SELECT pid, tid FROM syscalls UNION ALL SELECT pid, tid FROM samples) GROUP BY pid, \
               tid ORDER BY count(*) DESC LIMIT 32";
    rows(db, sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
}

impl Timeline {
    /// Reads what a thread did from one time to another, with what led to it and what followed.
    pub fn read(db: &Connection, pid: i64, tid: i64, from: i64, to: i64) -> Result<Timeline> {
        let range = [tid, from.saturating_sub(BEFORE), to.saturating_add(AFTER)];
        let span = |row: &Row<'_>| -> rusqlite::Result<(i64, i64)> {
            let (time, duration): (i64, Option<i64>) = (row.get(0)?, row.get(1)?);
            Ok((time, duration.map_or(time, |duration| time + duration)))
        };
        let mut timeline = Timeline { pid, tid, asked: (from, to), ..Timeline::default() };
        // The process's own end where a source saw it, else that of the recording.
        let sql = "SELECT coalesce((SELECT \"end\" FROM processes WHERE pid = ?1), (SELECT ended FROM sources WHERE name = \
                   'gdkrecord' LIMIT 1), (SELECT max(time) FROM events WHERE pid = ?1))";
        let last = rows(db, sql, [pid], |row| row.get::<_, Option<i64>>(0))?;
        timeline.end = last.first().copied().flatten().unwrap_or(0);
        timeline.dispatches = rows(
            db,
            "SELECT time, duration, source, callback, late FROM gdk_dispatch WHERE tid = ?1 AND time BETWEEN ?2 AND ?3 \
             ORDER BY time",
            range,
            |row| {
                let (time, end) = span(row)?;
                let ended = row.get::<_, Option<i64>>(1)?.is_some();
                let late: Option<i64> = row.get(4)?;
                let what = Dispatch {
                    ended,
                    source: text(row, 2)?,
                    callback: text(row, 3)?,
                    late: late.map(|microseconds| microseconds * 1000),
                };
                Ok(Span { time, end, what })
            },
        )?
        .into();
        let sql = "SELECT time, duration FROM gdk_poll WHERE tid = ?1 AND time BETWEEN ?2 AND ?3 ORDER BY time";
        timeline.polls = rows(db, sql, range, |row| span(row).map(|(time, end)| Span { time, end, what: () }))?.into();
        let phases = PHASES.map(|phase| format!("\"{phase}\"")).join(", ");
        let sql = format!(
            "SELECT time, duration, clock, counter, interval, {phases} FROM gdk_frame WHERE tid = ?1 AND time BETWEEN \
             ?2 AND ?3 ORDER BY time"
        );
        timeline.frames = rows(db, &sql, range, |row| {
            let (time, end) = span(row)?;
            let mut phases = [None; PHASES.len()];
            for (at, phase) in phases.iter_mut().enumerate() {
                *phase = row.get::<_, Option<i64>>(5 + at)?.map(|offset| time + offset);
            }
            let interval = row.get::<_, Option<i64>>(4)?.filter(|&interval| interval > 0);
            Ok(Span { time, end, what: Frame { clock: row.get(2)?, counter: row.get(3)?, interval, phases } })
        })?
        .into();
        timeline.inputs = rows(
            db,
            "SELECT time, duration, event, window, latency FROM input WHERE tid = ?1 AND time BETWEEN ?2 AND ?3 ORDER BY \
             time",
            range,
            |row| {
                let (time, end) = span(row)?;
                let window = row.get::<_, Option<i64>>(3)?.unwrap_or(0);
                Ok(Span { time, end, what: Input { event: text(row, 2)?, window, latency: row.get(4)? } })
            },
        )?
        .into();
        timeline.painted = rows(
            db,
            "SELECT time, window, what, width, height FROM gdk_exposure WHERE tid = ?1 AND time BETWEEN ?2 AND ?3 ORDER \
             BY time",
            range,
            |row| {
                let what = text(row, 2)?;
                let (damage, repaint) = (what.contains("damage"), what.contains("repaint"));
                let what = Painted { window: row.get(1)?, damage, repaint, width: row.get(3)?, height: row.get(4)? };
                Ok(At { time: row.get(0)?, what })
            },
        )?;
        timeline.widgets = rows(
            db,
            "SELECT time, class, count, work, duration FROM gdk_widget_cost WHERE tid = ?1 AND time BETWEEN ?2 AND ?3 \
             ORDER BY time",
            range,
            |row| {
                let cost = row.get::<_, Option<i64>>(4)?.unwrap_or(0);
                let what = WidgetCost { class: text(row, 1)?, count: row.get(2)?, work: text(row, 3)?, cost };
                Ok(At { time: row.get(0)?, what })
            },
        )?;
        timeline.syscalls = rows(
            db,
            "SELECT time, duration, name, fd, path FROM syscalls WHERE tid = ?1 AND time BETWEEN ?2 AND ?3 ORDER BY time",
            range,
            |row| {
                let (time, end) = span(row)?;
                Ok(Span { time, end, what: Syscall { name: text(row, 2)?, fd: row.get(3)?, path: row.get(4)? } })
            },
        )?
        .into();
        timeline.off = rows(
            db,
            "SELECT time, duration, state, stack FROM offcpu WHERE tid = ?1 AND time BETWEEN ?2 AND ?3 ORDER BY time",
            range,
            |row| {
                let (time, end) = span(row)?;
                Ok(Span { time, end, what: Off { state: text(row, 2)?, stack: row.get(3)? } })
            },
        )?
        .into();
        timeline.samples = rows(
            db,
            "SELECT time, weight, stack FROM samples WHERE tid = ?1 AND time BETWEEN ?2 AND ?3 AND event LIKE '%clock%' \
             AND stack IS NOT NULL ORDER BY time",
            range,
            |row| Ok(At { time: row.get(0)?, what: (row.get::<_, Option<i64>>(1)?.unwrap_or(0), row.get(2)?) }),
        )?;
        timeline.faults = rows(
            db,
            "SELECT time, value FROM counters WHERE pid = ?1 AND time BETWEEN ?2 AND ?3 AND name = 'proc.faults.major' \
             ORDER BY time",
            [pid, from, to],
            |row| Ok(At { time: row.get(0)?, what: row.get::<_, f64>(1)? as i64 }),
        )?;
        timeline.read_windows(db)?;
        timeline.settle();
        Ok(timeline)
    }

    /// Ends what had not ended, and cuts the handling of events where a loop of its own begins to sleep in it: the
    /// event that opened a dialog did not take as long as the dialog was there.
    fn settle(&mut self) {
        let mut dispatches = std::mem::take(&mut self.dispatches).all;
        for open in dispatches.iter_mut().filter(|dispatch| !dispatch.what.ended) {
            open.end = self.end.max(open.time);
        }
        self.dispatches = dispatches.into();
        let mut inputs = std::mem::take(&mut self.inputs).all;
        for input in &mut inputs {
            let polls = overlapping(&self.polls, input.time, input.end).filter(|poll| poll.time >= input.time);
            if let Some(sleep) = polls.into_iter().find(|poll| poll.length() >= SLEEP) {
                input.end = sleep.time;
            }
        }
        self.inputs = inputs.into();
    }

    fn read_windows(&mut self, db: &Connection) -> Result<()> {
        // The title is what people see; the owner's class says something where there is none.
        for sql in [
            "SELECT window, owner FROM gdk_window_owner WHERE pid = ?1 ORDER BY time",
            "SELECT window, title FROM gdk_window_title WHERE pid = ?1 AND title IS NOT NULL ORDER BY time",
        ] {
            let named = rows(db, sql, [self.pid], |row| Ok((row.get(0)?, text(row, 1)?)))?;
            self.windows.extend(named.into_iter().filter(|(_, name)| !name.is_empty()));
        }
        let sql = "SELECT window, width, height FROM gdk_window_geometry WHERE pid = ?1 ORDER BY time";
        self.sizes =
            rows(db, sql, [self.pid], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?.into_iter().collect();
        Ok(())
    }

    /// Only what began in the stretch that was asked for.
    pub fn clipped(&self) -> Timeline {
        fn spans<T: Clone>(all: &Spans<T>, (from, to): (i64, i64)) -> Spans<T> {
            all.iter().filter(|span| span.time >= from && span.time <= to).cloned().collect::<Vec<_>>().into()
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
    let (mut sum, mut until) = (0, from);
    for span in overlapping(spans, from, to) {
        let (begin, end) = (span.time.max(until), span.end.min(to));
        sum += (end - begin).max(0);
        until = until.max(end);
    }
    sum
}

/// A text; null is empty.
pub(super) fn text(row: &Row<'_>, at: usize) -> rusqlite::Result<String> {
    Ok(row.get::<_, Option<String>>(at)?.unwrap_or_default())
}

/// The rows of a question.
pub(super) fn rows<T, const N: usize>(
    db: &Connection,
    sql: &str,
    params: [i64; N],
    each: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>> {
    let read = || {
        let mut select = db.prepare(sql)?;
        select.query_map(rusqlite::params_from_iter(params), each)?.collect::<rusqlite::Result<Vec<T>>>()
    };
    read().map_err(|error| Error::Invalid(format!("the session does not answer `{sql}`: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(time: i64, end: i64) -> Span<()> {
        Span { time, end, what: () }
    }

    #[test]
    fn the_event_that_opened_a_dialog_ends_where_the_dialog_sleeps() {
        let input = Input { event: "button-release".into(), window: 1, latency: None };
        let open = Dispatch { source: String::new(), callback: String::new(), late: None, ended: false };
        let mut timeline = Timeline {
            end: 90_000_000_000,
            inputs: vec![Span { time: 0, end: 9_000_000_000, what: input }].into(),
            polls: vec![span(4_000_000, 4_000_010), span(5_000_000, 800_000_000)].into(),
            dispatches: vec![Span { time: 7, end: 7, what: open }].into(),
            ..Timeline::default()
        };
        timeline.settle();
        assert_eq!((timeline.inputs[0].end, timeline.dispatches[0].end), (5_000_000, 90_000_000_000));
    }

    #[test]
    fn nested_spans_count_once() {
        let spans = Spans::from(vec![span(0, 10), span(2, 4), span(8, 12), span(20, 30)]);
        assert_eq!(covered(&spans, 0, 100), 22);
        assert_eq!(covered(&spans, 3, 9), 6);
        assert_eq!(covered(&spans, 12, 20), 0);
        assert_eq!(overlapping(&spans, 9, 21).count(), 3);
    }
}
