//! A walk through the rows of a series in the order of their times, for those that want all of them: texts and stacks
//! come with their numbers, and the memory is that of the few chunks which lie in the same time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, PoisonError};

use super::Query;
use super::plan::{Bounds, On};
use super::scan::{Scan, Table};
use crate::error::Result;
use crate::session::reader::Series;
use crate::session::rows::Track;

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing, or unknown.
    Null,
    /// Of a column of whole numbers.
    Int(i64),
    /// Of a column of floats; never NaN.
    Real(f64),
    /// A text that repeats, with its number in the session.
    Name(i64, Arc<str>),
    /// A text of this row alone.
    Text(String),
    /// A place in a call stack: an id of the table `stacks`.
    Stack(i64),
}

impl Value {
    /// The text of a column of texts.
    pub fn text(&self) -> Option<&str> {
        match self {
            Value::Name(_, text) => Some(text),
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number of a column of whole numbers.
    pub fn int(&self) -> Option<i64> {
        if let Value::Int(number) = self { Some(*number) } else { None }
    }
}

/// The rows of a series.
#[derive(Debug)]
pub struct Walk {
    scan: Scan,
    from: i64,
    begun: bool,
}

impl Query {
    /// The rows of a series that lie at least partly from `from` to `to`, both included.
    pub fn walk(&self, series: &Series, from: i64, to: i64, on: On) -> Result<Walk> {
        let mut scan = Scan::new(self.table(series)?)?;
        scan.start(Bounds::lying_in(from, to, on))?;
        Ok(Walk { scan, from, begun: false })
    }

    /// A series as a table, which keeps what is read once for all walks through it.
    fn table(&self, series: &Series) -> Result<Arc<Table>> {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = tables.iter().find(|table| table.series() == series) {
            return Ok(Arc::clone(known));
        }
        let table = Arc::new(Table::new(Arc::clone(&self.shared), series.clone())?);
        tables.push(Arc::clone(&table));
        Ok(table)
    }

    /// The same of several series, in the order of their rows' times.
    pub fn walks<'a>(&self, series: impl IntoIterator<Item = (&'a Series, On)>, from: i64, to: i64) -> Result<Walks> {
        let walks =
            series.into_iter().map(|(series, on)| self.walk(series, from, to, on)).collect::<Result<Vec<_>>>()?;
        Ok(Walks { due: (0..walks.len()).collect(), walks, next: BinaryHeap::new() })
    }
}

/// The rows of several series in the order of their times.
#[derive(Debug)]
pub struct Walks {
    walks: Vec<Walk>,
    /// The rows that come next, by time and by the place of their walk.
    next: BinaryHeap<Reverse<(i64, usize)>>,
    /// Walks that are to go on before the next row is known.
    due: Vec<usize>,
}

impl Walks {
    /// Goes to the next row; its walk, with its place among the series that were given. `None` at the end.
    pub fn advance(&mut self) -> Result<Option<(usize, &Walk)>> {
        while let Some(at) = self.due.pop() {
            if let Some(walk) = self.walks.get_mut(at)
                && walk.advance()?
            {
                self.next.push(Reverse((walk.time(), at)));
            }
        }
        let Some(Reverse((_, at))) = self.next.pop() else { return Ok(None) };
        self.due.push(at);
        Ok(self.walks.get(at).map(|walk| (at, walk)))
    }
}

impl Walk {
    /// Goes to the next row, the first one at first; whether there is one.
    pub fn advance(&mut self) -> Result<bool> {
        loop {
            if std::mem::replace(&mut self.begun, true) {
                self.scan.advance()?;
                self.scan.forget();
            }
            if self.scan.ended() {
                return Ok(false);
            }
            if self.time().saturating_add(self.duration()?.unwrap_or(0).max(0)) >= self.from {
                return Ok(true);
            }
        }
    }

    /// The row's time.
    pub fn time(&self) -> i64 {
        self.scan.time()
    }

    /// The row's duration; `None` where it has none, or that is unknown.
    pub fn duration(&self) -> Result<Option<i64>> {
        self.scan.duration()
    }

    /// The number of the row's track, and the track; none where the session does not have it.
    pub fn track(&self) -> Result<(u32, Option<&Track>)> {
        self.scan.track()
    }

    /// A declared column of the row, by its place.
    pub fn cell(&self, column: usize) -> Result<Value> {
        self.scan.cell(column)
    }
}
