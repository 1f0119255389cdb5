//! Level of detail: what many events look like in one pixel column, with the slowest kept.
//!
//! Every event counts in the column it begins in, and the longest handling that touches a column is its height:
//! a lone slow one stays visible however far one zooms out.

use super::scale::Range;

/// One pixel column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// Events that began in it.
    pub count: u32,
    /// The longest handling that touches it, in nanoseconds.
    pub longest: u64,
}

/// A row of pixel columns over a stretch of time.
#[derive(Clone, Debug)]
pub struct Columns {
    range: Range,
    columns: Vec<Column>,
}

impl Columns {
    /// Empty ones.
    pub fn new(range: Range, count: usize) -> Columns {
        Columns { range, columns: vec![Column::default(); count.max(1)] }
    }

    /// Adds what began at `time` and took `ns`; what lies outside is not added, what reaches in is.
    pub fn add(&mut self, time: u64, ns: u64) {
        let end = time.saturating_add(ns);
        if time > self.range.to || end < self.range.from {
            return;
        }
        let count = self.columns.len();
        let first = self.range.column(time.max(self.range.from), count).unwrap_or(0);
        let last = self.range.column(end.min(self.range.to), count).unwrap_or(first).max(first);
        if time >= self.range.from {
            self.columns[first].count = self.columns[first].count.saturating_add(1);
        }
        for column in &mut self.columns[first..=last] {
            column.longest = column.longest.max(ns);
        }
    }

    /// Adds what took `ns` to the column of its moment alone: a height that has no width.
    pub fn add_at(&mut self, time: u64, ns: u64) {
        if let Some(at) = self.range.column(time, self.columns.len()) {
            let column = &mut self.columns[at];
            column.count = column.count.saturating_add(1);
            column.longest = column.longest.max(ns);
        }
    }

    /// The columns, left to right.
    pub fn all(&self) -> &[Column] {
        &self.columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_slow_one_among_ten_million_stays() {
        let mut columns = Columns::new(Range::new(0, 10_000_000_000), 100);
        for at in 0..1_000_000u64 {
            columns.add(at * 10_000, 900);
        }
        columns.add(5_432_100_000, 74_000_000);
        let slow: Vec<_> = (0..100).filter(|&at| columns.all()[at].longest >= 74_000_000).collect();
        assert_eq!(slow, [54, 55]);
        assert_eq!(columns.all().iter().map(|column| u64::from(column.count)).sum::<u64>(), 1_000_001);
    }

    #[test]
    fn what_reaches_in_is_seen_and_what_is_outside_is_not() {
        let mut columns = Columns::new(Range::new(1000, 2000), 10);
        columns.add(0, 500);
        columns.add(2001, 10);
        assert!(columns.all().iter().all(|column| *column == Column::default()));
        columns.add(900, 150);
        assert_eq!(columns.all()[0], Column { count: 0, longest: 150 });
        columns.add(1999, u64::MAX);
        assert_eq!(columns.all()[9], Column { count: 1, longest: u64::MAX });
        columns.add_at(1450, 90);
        columns.add_at(2001, 90);
        assert_eq!(columns.all()[4], Column { count: 1, longest: 90 });
        assert!(columns.all()[5..9].iter().all(|column| column.longest == 0));
    }
}
