//! Which frame clock answers input: that of the window to which it went, or of what shows when that goes away.

use std::collections::HashMap;

use rusqlite::Connection;

use super::latency::ANSWERS;
use super::read::rows;
use super::timeline::{Frame, Input, Span, Spans};
use crate::error::Result;

/// What is told of a process's windows and their frame clocks.
#[derive(Clone, Debug, Default)]
pub struct Clocks {
    /// What windows lie in or belong to.
    parents: HashMap<i64, i64>,
    /// The clocks that draw windows, each from a time on, in their order; none before format 1.2 of gdkrecord.
    told: HashMap<i64, Vec<(i64, i64)>>,
    /// When windows were hidden or destroyed, in its order.
    hidden: HashMap<i64, Vec<i64>>,
}

impl Clocks {
    /// Reads what is told of a process.
    pub fn read(db: &Connection, pid: i64) -> Result<Clocks> {
        let mut clocks = Clocks::default();
        let pairs = |sql| rows(db, sql, [pid], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)));
        let sql = "SELECT window, parent FROM (SELECT time, pid, window, parent FROM gdk_window UNION ALL \
                   SELECT time, pid, window, parent FROM gdk_window_parent) WHERE pid = ?1 ORDER BY time";
        clocks.parents = pairs(sql)?.into_iter().collect();
        let sql = "SELECT window, time, clock FROM gdk_window_clock WHERE pid = ?1 ORDER BY time";
        for (window, told) in rows(db, sql, [pid], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))? {
            clocks.told.entry(window).or_default().push(told);
        }
        let sql = "SELECT window, time FROM (SELECT time, pid, window FROM gdk_window_unmap UNION ALL \
                   SELECT time, pid, window FROM gdk_window_destroy) WHERE pid = ?1 ORDER BY time";
        for (window, time) in pairs(sql)? {
            clocks.hidden.entry(window).or_default().push(time);
        }
        Ok(clocks)
    }

    /// The window that a clock draws when this one is drawn, itself or one that it lies in, and the clock.
    fn drawn(&self, window: i64, time: i64) -> Option<(i64, i64)> {
        let mut at = window;
        // A tree of windows deeper than this is none.
        for _ in 0..64 {
            if let Some(told) = self.told.get(&at) {
                let known = told.iter().rev().find(|(since, _)| *since <= time).or(told.first());
                return known.map(|&(_, clock)| (at, clock));
            }
            at = *self.parents.get(&at)?;
        }
        None
    }

    /// The clock whose next frame answers an input; `None` where that is not known, and any may.
    pub fn answering(&self, input: &Span<Input>, frames: &Spans<Frame>) -> Option<i64> {
        let (window, clock) = self.drawn(input.what.window, input.time)?;
        let until = input.end + ANSWERS;
        let after = frames.partition_point(|frame| frame.end <= input.end);
        let mut next = frames[after..].iter().take_while(|frame| frame.time < until);
        let next =
            next.find(|frame| frame.what.clock == clock && frame.what.paints()).map_or(until, |frame| frame.time);
        let hidden = self.hidden.get(&window).map_or(&[][..], Vec::as_slice);
        if !hidden.iter().any(|time| (input.time..=next).contains(time)) {
            return Some(clock);
        }
        // A closed dialog is not drawn again: what it belonged to shows that.
        self.drawn(*self.parents.get(&window)?, input.time).map(|(_, clock)| clock)
    }
}

#[cfg(test)]
impl Clocks {
    /// Each window with its clock, and those that are hidden at a time.
    pub fn of(clocks: &[(i64, i64)], parents: &[(i64, i64)], hidden: &[(i64, i64)]) -> Clocks {
        Clocks {
            parents: parents.iter().copied().collect(),
            told: clocks.iter().map(|&(window, clock)| (window, vec![(0, clock)])).collect(),
            hidden: hidden.iter().map(|&(window, time)| (window, vec![time])).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::engine::tests::{frame_of, input, ms, span};

    /// The clock that answers a key on a window at 20 to 30 ms; clock 1 runs all the time, clock 2 at 90 ms.
    fn answering(clocks: &Clocks, window: i64) -> Option<i64> {
        let ticks = (0..10).map(|at| frame_of(1, 16 * at, 16 * at + 2));
        let frames: Vec<_> = ticks.chain([frame_of(2, 90, 95)]).collect();
        clocks.answering(&span(20, 30, Input { window, ..input("key-press") }), &frames.into())
    }

    #[test]
    fn a_windows_own_clock_answers_and_that_of_what_it_lies_in() {
        let clocks = Clocks::of(&[(1, 1), (2, 2)], &[(3, 2), (4, 3), (5, 0)], &[]);
        let answering: Vec<_> = (1..=5).map(|window| answering(&clocks, window)).collect();
        assert_eq!(answering, [Some(1), Some(2), Some(2), Some(2), None]);
    }

    #[test]
    fn what_a_closed_dialog_belonged_to_answers_its_last_input() {
        let closed = |parents: &[(i64, i64)], at| answering(&Clocks::of(&[(1, 1), (2, 2)], parents, &[(2, ms(at))]), 2);
        assert_eq!(closed(&[(2, 1)], 25), Some(1));
        assert_eq!(closed(&[(2, 0)], 25), None, "nobody told what it belonged to");
        assert_eq!(closed(&[(2, 1)], 94), Some(2), "it was drawn before it was closed");
        assert_eq!(closed(&[(2, 1)], 15), Some(2), "it was shown again since");
    }

    #[test]
    fn the_clock_is_that_of_its_time() {
        let mut clocks = Clocks::of(&[(1, 1)], &[], &[]);
        clocks.told.get_mut(&1).unwrap().push((ms(20), 2));
        assert_eq!(answering(&clocks, 1), Some(2));
        clocks.told.get_mut(&1).unwrap()[1].0 = ms(21);
        assert_eq!(answering(&clocks, 1), Some(1));
    }

    #[test]
    fn windows_and_clocks_are_read_from_a_session() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(
            "CREATE TABLE gdk_window (time, pid, window, parent); CREATE TABLE gdk_window_parent AS SELECT * FROM gdk_window;
             CREATE TABLE gdk_window_clock (time, pid, window, clock); CREATE TABLE gdk_window_unmap (time, pid, window);
             CREATE TABLE gdk_window_destroy AS SELECT * FROM gdk_window_unmap;
             INSERT INTO gdk_window VALUES (1, 7, 1, 0), (2, 7, 2, 0), (3, 7, 3, 0), (3, 8, 3, 1);
             INSERT INTO gdk_window_parent VALUES (4, 7, 3, 2);
             INSERT INTO gdk_window_clock VALUES (1, 7, 1, 1), (2, 7, 2, 2), (2, 8, 1, 9);
             INSERT INTO gdk_window_destroy VALUES (25000000, 7, 2);",
        )
        .unwrap();
        let clocks = Clocks::read(&db, 7).unwrap();
        assert_eq!([1, 2, 3].map(|window| clocks.drawn(window, 5)), [Some((1, 1)), Some((2, 2)), Some((2, 2))]);
        assert_eq!(answering(&clocks, 3), None, "what it lies in is gone");
    }
}
