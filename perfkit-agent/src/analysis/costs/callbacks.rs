//! Callbacks by their own time.

use rusqlite::Connection;

use super::{Amount, Leaf, Sums};
use crate::analysis::engine::Facts;
use crate::analysis::timeline::{Span, Spans};
use crate::error::Result;

pub fn leaves(_: &Connection, threads: &[Facts<'_>]) -> Result<Vec<Leaf>> {
    let mut sums = Sums::default();
    for facts in threads {
        for (dispatch, own) in own_times(&facts.timeline.dispatches, &facts.timeline.polls) {
            sums.add(vec![facts.callback(&dispatch.what)], &Amount::once(own, (dispatch.time, dispatch.end)));
        }
    }
    Ok(sums.done())
}

/// Each span with its length less that of the spans and of the sleep directly inside of it.
pub fn own_times<'a, T>(spans: &'a Spans<T>, sleep: &Spans<()>) -> Vec<(&'a Span<T>, i64)> {
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

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;
    use crate::analysis::engine::tests::{dispatch, facts, ms, span};

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
                let kind = Kind::by_name("callbacks").unwrap();
                let costs = kind.rows(&kind.leaves(&db, &[*facts]).unwrap());
                let seen: Vec<_> = costs.iter().map(|cost| (&*cost.name, cost.amount.ns, cost.amount.count)).collect();
                assert_eq!(seen, [("outer", ms(41), 2), ("inner", ms(25), 2), ("innermost", ms(5), 1)]);
            },
        );
    }
}
