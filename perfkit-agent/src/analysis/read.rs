//! Reads a [`Timeline`] from its session: one table of what it consists of, and what has to be settled afterwards.

use rusqlite::{Connection, Row};

use super::clocks::Clocks;
use super::timeline::{
    At, Dispatch, Frame, Input, Off, PHASES, Painted, Span, Syscall, TRACED, Timeline, WidgetCost, overlapping,
};
use crate::error::{Error, Result};

/// What is read before a stretch that is asked for, so that what led to its first frame is there; in nanoseconds.
const BEFORE: i64 = 5_000_000_000;
/// And after it: the frame that answers its last input.
const AFTER: i64 = 1_000_000_000;
/// Sleep of this length within the handling of an event is a loop of its own, such as a dialog's, in nanoseconds.
const SLEEP: i64 = 1_000_000;

/// The end of sleep that had not ended when the recording did, until it is settled.
const OPEN: i64 = i64::MAX;

/// A part of a timeline: where its rows are, and what becomes of one.
struct Part {
    /// The table or view.
    table: &'static str,
    /// The columns after `time`.
    columns: &'static str,
    /// Which rows of the stretch: `tid` or `pid`, which is that of the thread, and perhaps more.
    only: &'static str,
    put: fn(&mut Timeline, i64, &Row<'_>) -> rusqlite::Result<()>,
}

/// Every part, in the order of a timeline's fields.
const PARTS: &[Part] = &[
    Part {
        table: "gdk_dispatch",
        columns: "duration, source, callback, late",
        only: "tid = ?1",
        put: |timeline, time, row| {
            let late = row.get::<_, Option<i64>>(4)?.map(|microseconds| microseconds * 1000);
            let ended = row.get::<_, Option<i64>>(1)?.is_some();
            let what = Dispatch { ended, source: text(row, 2)?, callback: text(row, 3)?, late };
            timeline.dispatches.push(span(time, row, what)?);
            Ok(())
        },
    },
    Part {
        table: "gdk_poll",
        columns: "duration",
        only: "tid = ?1",
        put: |timeline, time, row| {
            let duration: Option<i64> = row.get(1)?;
            timeline.polls.push(Span { time, end: duration.map_or(OPEN, |duration| time + duration), what: () });
            Ok(())
        },
    },
    Part {
        table: "gdk_frame",
        columns: "duration, clock, counter, interval, flush_events, before_paint, \"update\", layout, paint, \
                  after_paint, resume_events",
        only: "tid = ?1",
        put: |timeline, time, row| {
            let mut phases = [None; PHASES.len()];
            for (at, phase) in phases.iter_mut().enumerate() {
                *phase = row.get::<_, Option<i64>>(5 + at)?.map(|offset| time + offset);
            }
            let interval = row.get::<_, Option<i64>>(4)?.filter(|&interval| interval > 0);
            let what = Frame { clock: row.get(2)?, counter: row.get(3)?, interval, phases };
            timeline.frames.push(span(time, row, what)?);
            Ok(())
        },
    },
    Part {
        table: "input",
        columns: "duration, event, window, latency",
        only: "tid = ?1",
        put: |timeline, time, row| {
            let window = row.get::<_, Option<i64>>(3)?.unwrap_or(0);
            let what = Input { event: text(row, 2)?, window, latency: row.get(4)?, clock: None };
            timeline.inputs.push(span(time, row, what)?);
            Ok(())
        },
    },
    Part {
        table: "gdk_exposure",
        columns: "window, what, width, height",
        only: "tid = ?1",
        put: |timeline, time, row| {
            let what = text(row, 2)?;
            let (damage, repaint) = (what.contains("damage"), what.contains("repaint"));
            let what = Painted { window: row.get(1)?, damage, repaint, width: row.get(3)?, height: row.get(4)? };
            timeline.painted.push(At { time, what });
            Ok(())
        },
    },
    Part {
        table: "gdk_widget_cost",
        columns: "duration, class, count, work",
        only: "tid = ?1",
        put: |timeline, time, row| {
            let cost = row.get::<_, Option<i64>>(1)?.unwrap_or(0);
            let what = WidgetCost { class: text(row, 2)?, count: row.get(3)?, work: text(row, 4)?, cost };
            timeline.widgets.push(At { time, what });
            Ok(())
        },
    },
    Part {
        table: "syscalls",
        columns: "duration, name, fd, path, bytes",
        only: "tid = ?1",
        put: |timeline, time, row| {
            let what = Syscall { name: text(row, 2)?, fd: row.get(3)?, path: row.get(4)?, bytes: row.get(5)? };
            timeline.syscalls.push(span(time, row, what)?);
            Ok(())
        },
    },
    Part {
        table: "offcpu",
        columns: "duration, state, stack",
        only: "tid = ?1",
        put: |timeline, time, row| {
            let what = Off { state: text(row, 2)?, stack: row.get(3)? };
            timeline.off.push(span(time, row, what)?);
            Ok(())
        },
    },
    Part {
        table: "samples",
        columns: "weight, stack",
        only: "tid = ?1 AND event LIKE '%clock%' AND stack IS NOT NULL",
        put: |timeline, time, row| {
            let what = (row.get::<_, Option<i64>>(1)?.unwrap_or(0), row.get(2)?);
            timeline.samples.push(At { time, what });
            Ok(())
        },
    },
    Part {
        table: "counters",
        columns: "value",
        only: "pid = ?1 AND name = 'proc.faults.major'",
        put: |timeline, time, row| {
            timeline.faults.push(At { time, what: row.get::<_, f64>(1)? as i64 });
            Ok(())
        },
    },
];

/// A row whose first column after its time is its duration.
fn span<T>(time: i64, row: &Row<'_>, what: T) -> rusqlite::Result<Span<T>> {
    let duration: Option<i64> = row.get(1)?;
    Ok(Span { time, end: time + duration.unwrap_or(0), what })
}

/// The threads that are looked at: those that draw, and where none does, those of which most is known.
pub fn threads(db: &Connection) -> Result<Vec<(i64, i64)>> {
    let drawing = drawing_threads(db)?;
    if drawing.is_empty() { other_threads(db) } else { Ok(drawing) }
}

/// The threads that draw frames.
fn drawing_threads(db: &Connection) -> Result<Vec<(i64, i64)>> {
    rows(db, "SELECT DISTINCT pid, tid FROM gdk_frame ORDER BY pid, tid", [], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// The threads of which anything was recorded, for a session in which none draws; the busiest first.
fn other_threads(db: &Connection) -> Result<Vec<(i64, i64)>> {
    let sql = "SELECT pid, tid FROM (SELECT pid, tid FROM syscalls UNION ALL SELECT pid, tid FROM samples) GROUP BY pid, \
               tid ORDER BY count(*) DESC LIMIT 32";
    rows(db, sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
}

impl Timeline {
    /// Reads what a thread did from one time to another, with what led to it and what followed.
    pub fn read(db: &Connection, pid: i64, tid: i64, from: i64, to: i64) -> Result<Timeline> {
        Timeline::read_only(db, (pid, tid), (from, to), |_| true)
    }

    /// The same with some tables of a session alone.
    pub(super) fn read_only(
        db: &Connection,
        (pid, tid): (i64, i64),
        (from, to): (i64, i64),
        tables: impl Fn(&str) -> bool,
    ) -> Result<Timeline> {
        let mut timeline = Timeline { pid, tid, asked: (from, to), ..Timeline::default() };
        let (from, to) = (from.saturating_sub(BEFORE), to.saturating_add(AFTER));
        for Part { table, columns, only, put } in PARTS.iter().filter(|part| tables(part.table)) {
            let id = if only.starts_with("pid") { pid } else { tid };
            let sql =
                format!("SELECT time, {columns} FROM {table} WHERE {only} AND time BETWEEN ?2 AND ?3 ORDER BY time");
            rows(db, &sql, [id, from, to], |row| put(&mut timeline, row.get(0)?, row))?;
        }
        // The process's own end where a source saw it, else that of the recording.
        let sql = "SELECT coalesce((SELECT \"end\" FROM processes WHERE pid = ?1), (SELECT ended FROM sources WHERE name = \
                   'gdkrecord' LIMIT 1), (SELECT max(time) FROM events WHERE pid = ?1))";
        let last = rows(db, sql, [pid], |row| row.get::<_, Option<i64>>(0))?;
        timeline.end = last.first().copied().flatten().unwrap_or(0);
        let sql = "SELECT name FROM sources WHERE name IN ('strace', 'ltrace') LIMIT 1";
        timeline.tracer = rows(db, sql, [], |row| row.get(0))?.pop();
        timeline.read_windows(db)?;
        timeline.settle(&Clocks::read(db, pid)?);
        Ok(timeline)
    }

    /// Ends what had not ended, and cuts the handling of events where a loop of its own begins to sleep in it: the
    /// event that opened a dialog did not take as long as the dialog was there. Then ties events to what answers them.
    fn settle(&mut self, clocks: &Clocks) {
        let mut dispatches = std::mem::take(&mut self.dispatches).into_vec();
        for open in dispatches.iter_mut().filter(|dispatch| !dispatch.what.ended) {
            open.end = self.end.max(open.time);
        }
        self.dispatches = dispatches.into();
        let mut polls = std::mem::take(&mut self.polls).into_vec();
        let last = polls.len().saturating_sub(1);
        for (at, open) in polls.iter_mut().enumerate().filter(|(_, poll)| poll.end == OPEN) {
            // Of one before it the end was lost.
            open.end = if at == last { self.end.max(open.time) } else { open.time };
        }
        self.polls = polls.into();
        if self.tracer.is_some() {
            let mut off = std::mem::take(&mut self.off).into_vec();
            // Sessions of before told the one state as the other.
            off.iter_mut().filter(|off| off.what.state == "stopped").for_each(|off| off.what.state = TRACED.to_owned());
            self.off = off.into();
        }
        let mut inputs = std::mem::take(&mut self.inputs).into_vec();
        for input in &mut inputs {
            let polls = overlapping(&self.polls, input.time, input.end).filter(|poll| poll.time >= input.time);
            if let Some(sleep) = polls.into_iter().find(|poll| poll.length() >= SLEEP) {
                input.end = sleep.time;
            }
            input.what.clock = clocks.answering(input, &self.frames);
        }
        self.inputs = inputs.into();
    }

    fn read_windows(&mut self, db: &Connection) -> Result<()> {
        let names = |sql: &str| rows(db, sql, [self.pid], |row| Ok((row.get(0)?, text(row, 1)?)));
        let owners = names("SELECT window, owner FROM gdk_window_owner WHERE pid = ?1 ORDER BY time")?;
        let titles = names("SELECT window, title FROM gdk_window_title WHERE pid = ?1 ORDER BY time")?;
        self.owners = owners.into_iter().filter(|(_, owner)| !owner.is_empty()).collect();
        // The title is what people see; the owner's class says something where there is none.
        self.windows = self.owners.clone();
        self.windows.extend(titles.into_iter().filter(|(_, title)| !title.is_empty()));
        let sql = "SELECT window, width, height FROM gdk_window_geometry WHERE pid = ?1 ORDER BY time";
        self.sizes =
            rows(db, sql, [self.pid], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?.into_iter().collect();
        Ok(())
    }
}

/// A text; null is empty.
pub(crate) fn text(row: &Row<'_>, at: usize) -> rusqlite::Result<String> {
    Ok(row.get::<_, Option<String>>(at)?.unwrap_or_default())
}

/// The rows of a question.
pub(crate) fn rows<T, const N: usize>(
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

    #[test]
    fn the_event_that_opened_a_dialog_ends_where_the_dialog_sleeps() {
        let span = |time, end| Span { time, end, what: () };
        let input = Input { event: "button-release".into(), window: 1, latency: None, clock: None };
        let open = Dispatch { source: String::new(), callback: String::new(), late: None, ended: false };
        let mut timeline = Timeline {
            end: 90_000_000_000,
            inputs: vec![Span { time: 0, end: 9_000_000_000, what: input }].into(),
            polls: vec![span(4_000_000, 4_000_010), span(5_000_000, 800_000_000), span(9_100_000_000, OPEN)].into(),
            dispatches: vec![Span { time: 7, end: 7, what: open }].into(),
            ..Timeline::default()
        };
        timeline.settle(&Clocks::default());
        assert_eq!((timeline.inputs[0].end, timeline.dispatches[0].end), (5_000_000, 90_000_000_000));
        assert_eq!(timeline.polls[2].end, 90_000_000_000, "who sleeps at the end sleeps to the end");
    }
}
