//! What cost most, by callback, window, widget class, system call and function: one table of tallies.

use std::collections::HashMap;

use rusqlite::Connection;

use super::engine::Facts;
use super::timeline::{Span, Spans, Timeline};
use crate::error::{Error, Result};

/// What one thing cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    /// What.
    pub name: String,
    /// Nanoseconds in all.
    pub ns: i64,
    /// How often.
    pub count: i64,
    /// The longest, in nanoseconds; 0 where there are only samples, which have no lengths.
    pub longest: i64,
}

/// A kind of things that cost.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Its name on command lines: `report --callbacks`.
    pub name: &'static str,
    /// What its times are, in words.
    pub doc: &'static str,
    /// A cost's name as the group that it belongs to, which may be empty, and its name in that group.
    pub part: fn(&str) -> (&str, &str),
    of: fn(&Connection, &[Facts<'_>]) -> Result<Vec<Cost>>,
}

/// The table of kinds.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "callbacks",
        doc: "Callbacks of main loops, without those that ran inside of them",
        part: alone,
        of: callbacks,
    },
    Kind { name: "windows", doc: "Windows, by the time in which their events were handled", part: alone, of: windows },
    Kind {
        name: "widgets",
        doc: "Widget classes, by their own measuring, placing and drawing",
        part: by_class,
        of: widgets,
    },
    Kind {
        name: "syscalls",
        doc: "System calls of threads that draw, without the loop's own sleep",
        part: alone,
        of: syscalls,
    },
    Kind {
        name: "functions",
        doc: "Functions, by samples in which they ran themselves",
        part: by_module,
        of: functions,
    },
];

fn alone(name: &str) -> (&str, &str) {
    ("", name)
}

/// "GtkLabel snapshot"
fn by_class(name: &str) -> (&str, &str) {
    name.rsplit_once(' ').unwrap_or(("", name))
}

/// "malloc (libc.so.6)"
fn by_module(name: &str) -> (&str, &str) {
    let parts = name.rsplit_once(" (").and_then(|(name, module)| Some((module.strip_suffix(')')?, name)));
    parts.unwrap_or(("", name))
}

impl Kind {
    /// What cost, the most first.
    pub fn costs(&self, db: &Connection, threads: &[Facts<'_>]) -> Result<Vec<Cost>> {
        let mut costs = (self.of)(db, threads)?;
        costs.sort_by(|a, b| b.ns.cmp(&a.ns).then_with(|| a.name.cmp(&b.name)));
        Ok(costs)
    }
}

/// Sums by name.
#[derive(Default)]
struct Sums(HashMap<String, Cost>);

impl Sums {
    fn add(&mut self, name: String, ns: i64, count: i64) {
        self.add_many(Cost { name, ns, count, longest: ns });
    }

    fn add_many(&mut self, more: Cost) {
        let new = |name: &String| Cost { name: name.clone(), ns: 0, count: 0, longest: 0 };
        let cost = self.0.entry(more.name).or_insert_with_key(new);
        cost.ns += more.ns;
        cost.count += more.count;
        cost.longest = cost.longest.max(more.longest);
    }

    fn done(self) -> Result<Vec<Cost>> {
        Ok(self.0.into_values().collect())
    }
}

fn callbacks(_: &Connection, threads: &[Facts<'_>]) -> Result<Vec<Cost>> {
    let mut sums = Sums::default();
    for facts in threads {
        for (dispatch, own) in own_times(&facts.timeline.dispatches, &facts.timeline.polls) {
            sums.add(facts.callback(&dispatch.what), own, 1);
        }
    }
    sums.done()
}

/// Each span with its length less that of the spans and of the sleep directly inside of it.
fn own_times<'a, T>(spans: &'a Spans<T>, sleep: &Spans<()>) -> Vec<(&'a Span<T>, i64)> {
    let mut own: Vec<i64> = spans.iter().map(Span::length).collect();
    // Both in one order; of two that begin together the longer holds the other.
    let mut all: Vec<(i64, i64, Option<usize>)> =
        spans.iter().enumerate().map(|(at, s)| (s.time, s.end, Some(at))).collect();
    all.extend(sleep.iter().map(|poll| (poll.time, poll.end, None)));
    all.sort_by_key(|&(time, end, _)| (time, -end));
    let mut open: Vec<(i64, Option<usize>)> = Vec::new();
    for (time, end, at) in all {
        while open.last().is_some_and(|&(last, _)| last <= time) {
            open.pop();
        }
        if let Some(&(_, Some(outer))) = open.last() {
            own[outer] -= end - time;
        }
        open.push((end, at));
    }
    spans.iter().zip(own).map(|(span, own)| (span, own.max(0))).collect()
}

fn windows(_: &Connection, threads: &[Facts<'_>]) -> Result<Vec<Cost>> {
    let mut sums = Sums::default();
    for facts in threads {
        for input in facts.timeline.inputs.iter() {
            sums.add(facts.timeline.window_name(input.what.window), input.length(), 1);
        }
    }
    sums.done()
}

fn widgets(_: &Connection, threads: &[Facts<'_>]) -> Result<Vec<Cost>> {
    let mut sums = Sums::default();
    for facts in threads {
        for at in &facts.timeline.widgets {
            sums.add(format!("{} {}", at.what.class, at.what.work), at.what.cost, at.what.count);
        }
    }
    sums.done()
}

/// Calls in which a loop sleeps: that is no cost.
const SLEEP: &[&str] = &["poll", "ppoll", "epoll_wait", "epoll_pwait", "select", "pselect6", "restart_syscall"];

fn syscalls(_: &Connection, threads: &[Facts<'_>]) -> Result<Vec<Cost>> {
    let mut sums = Sums::default();
    for facts in threads {
        for call in facts.timeline.syscalls.iter().filter(|call| !SLEEP.contains(&&*call.what.name)) {
            sums.add(call.what.name.clone(), call.length(), 1);
        }
    }
    sums.done()
}

fn functions(db: &Connection, threads: &[Facts<'_>]) -> Result<Vec<Cost>> {
    // Of all threads of the processes that draw: work that was moved to another thread costs, too.
    let mut sums = Sums::default();
    let mut pids: Vec<(i64, (i64, i64))> = threads.iter().map(|f| (f.timeline.pid, f.timeline.asked)).collect();
    pids.sort_unstable();
    pids.dedup();
    let sql = "SELECT function, module, sum(weight), count(*) FROM samples JOIN stacks ON stacks.id = stack \
               WHERE samples.pid = ?1 AND samples.time BETWEEN ?2 AND ?3 AND event LIKE '%clock%' GROUP BY function, module";
    for (pid, (from, to)) in pids {
        let read = || -> rusqlite::Result<Vec<Cost>> {
            let mut select = db.prepare(sql)?;
            let costs = select.query_map([pid, from, to], |row| {
                let word = |at| row.get::<_, Option<String>>(at).map(Option::unwrap_or_default);
                let (function, module) = (word(0)?, word(1)?);
                let module = module.rsplit('/').next().unwrap_or_default().to_owned();
                let name = match (function.is_empty(), module.is_empty()) {
                    (true, _) => format!("unknown ({module})"),
                    (false, true) => function,
                    (false, false) => format!("{function} ({module})"),
                };
                let ns = row.get::<_, Option<i64>>(2)?.unwrap_or(0);
                Ok(Cost { name, ns, count: row.get(3)?, longest: 0 })
            })?;
            costs.collect()
        };
        let costs = read().map_err(|error| Error::Invalid(format!("the session's samples cannot be read: {error}")))?;
        for cost in costs {
            sums.add_many(cost);
        }
    }
    sums.done()
}

/// The whole time that threads worked: what shares are of.
pub fn worked(timelines: &[&Timeline]) -> i64 {
    let of = |timeline: &&Timeline| {
        let (Some(first), Some(last)) = (timeline.polls.first(), timeline.polls.last()) else { return 0 };
        (last.end - first.time) - super::timeline::covered(&timeline.polls, first.time, last.end)
    };
    timelines.iter().map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::engine::tests::{dispatch, facts, ms, span};

    #[test]
    fn a_name_tells_its_group() {
        assert_eq!(by_module("operator()(int) (libstdc++.so.6)"), ("libstdc++.so.6", "operator()(int)"));
        assert_eq!(by_module("main"), ("", "main"));
        assert_eq!(by_class("GtkLabel snapshot"), ("GtkLabel", "snapshot"));
    }

    #[test]
    fn what_ran_inside_counts_for_itself_alone() {
        facts(
            |timeline| {
                timeline.dispatches = vec![
                    span(0, 100, dispatch("", "outer")),
                    span(10, 30, dispatch("", "inner")),
                    span(15, 20, dispatch("", "innermost")),
                    span(40, 50, dispatch("", "inner")),
                    span(100, 101, dispatch("", "outer")),
                ]
                .into();
                // A loop of its own sleeps within the outer one.
                timeline.polls = vec![span(60, 90, ())].into();
            },
            |facts| {
                let db = Connection::open_in_memory().unwrap();
                let costs = KINDS[0].costs(&db, &[*facts]).unwrap();
                let seen: Vec<_> = costs.iter().map(|cost| (&*cost.name, cost.ns, cost.count)).collect();
                assert_eq!(seen, [("outer", ms(41), 2), ("inner", ms(25), 2), ("innermost", ms(5), 1)]);
            },
        );
    }
}
