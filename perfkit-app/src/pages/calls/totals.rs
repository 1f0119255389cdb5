//! System calls and library calls of a stretch by what they are, with their times.

use std::collections::HashMap;
use std::sync::Arc;

use perfkit_agent::Result;
use perfkit_agent::session::query::{On, Query, Value};

use crate::model::Range;
use crate::pages::follow::Wanted;
use crate::widgets::table::{Cell, Column, Kind, Row};
use crate::wording::tr;

/// Rows between two looks at whether the answer is still wanted.
const BREATH: u64 = 4096;

/// What is summed up.
pub struct Sums {
    /// The series.
    series: &'static str,
    /// What tells calls apart: a name, and what it belongs to.
    name: &'static str,
    of: Option<&'static str>,
    bytes: Option<&'static str>,
    error: Option<&'static str>,
}

/// System calls.
pub const SYSCALLS: Sums =
    Sums { series: "syscalls", name: "name", of: None, bytes: Some("bytes"), error: Some("error") };
/// Calls of libraries' functions.
pub const CALLS: Sums = Sums { series: "calls", name: "function", of: Some("library"), bytes: None, error: None };

#[derive(Default)]
struct Sum {
    count: i64,
    ns: i64,
    longest: i64,
    place: Option<Range>,
    bytes: i64,
    errors: i64,
}

impl Sums {
    /// The columns of the table.
    pub fn columns(&self) -> Vec<Column> {
        let mut columns = vec![Column::new(tr("Call"), Kind::Text).wide(9)];
        if self.of.is_some() {
            columns.push(Column::new(tr("Library"), Kind::Text).wide(10));
        }
        columns.push(Column::new(tr("Time"), Kind::Time));
        columns.push(Column::new(tr("Calls"), Kind::Count));
        columns.push(Column::new(tr("Longest"), Kind::Time));
        if self.bytes.is_some() {
            columns.push(Column::new(tr("Bytes"), Kind::Bytes));
        }
        if self.error.is_some() {
            columns.push(Column::new(tr("Errors"), Kind::Count));
        }
        columns
    }

    /// The column that has the time.
    pub fn time(&self) -> usize {
        if self.of.is_some() { 2 } else { 1 }
    }

    /// The rows of a stretch, each with the place of its longest; what is not wanted any more is not whole.
    pub fn rows(&self, query: &Query, range: Range, wanted: &Wanted) -> Result<Vec<Row>> {
        let mut sums: HashMap<(Arc<str>, Arc<str>), Sum> = HashMap::new();
        let Some(series) = query.series().iter().find(|series| series.schema.name == self.series) else {
            return Ok(Vec::new());
        };
        let place = |name: &str| series.schema.column(name);
        let text = |value: Value| match value {
            Value::Name(_, text) => text,
            Value::Text(text) => text.into(),
            _ => "".into(),
        };
        let Some(name) = place(self.name) else { return Ok(Vec::new()) };
        let [of, bytes, error] = [self.of, self.bytes, self.error].map(|column| column.and_then(place));
        let mut walk = query.walk(series, range.begin, range.end.saturating_sub(1), On::All)?;
        let mut rows = 0u64;
        while walk.advance()? {
            rows += 1;
            if rows.is_multiple_of(BREATH) && !wanted.still() {
                break;
            }
            let cell = |column: Option<usize>| column.map_or(Ok(Value::Null), |column| walk.cell(column));
            let key = (text(walk.cell(name)?), text(cell(of)?));
            let (begin, duration) = (walk.time(), walk.duration()?.unwrap_or(0).max(0));
            let end = begin.saturating_add(duration);
            let sum = sums.entry(key).or_default();
            sum.count += 1;
            // Only what lies in the stretch counts.
            sum.ns += (end.min(range.end) - begin.max(range.begin)).max(0);
            if sum.place.is_none() || duration > sum.longest {
                (sum.longest, sum.place) = (duration, Some(Range::new(begin, end.max(begin + 1))));
            }
            sum.bytes += cell(bytes)?.int().unwrap_or(0).max(0);
            sum.errors += i64::from(!matches!(cell(error)?, Value::Null));
        }
        Ok(sums.into_iter().map(|((name, of), sum)| self.row(&name, &of, &sum)).collect())
    }

    fn row(&self, name: &str, of: &str, sum: &Sum) -> Row {
        let mut cells = vec![Cell::text(name)];
        if self.of.is_some() {
            cells.push(Cell::text(of));
        }
        cells.extend([Cell::Int(sum.ns), Cell::Int(sum.count), Cell::Int(sum.longest)]);
        let some = |number: i64| if number > 0 { Cell::Int(number) } else { Cell::None };
        if self.bytes.is_some() {
            cells.push(some(sum.bytes));
        }
        if self.error.is_some() {
            cells.push(some(sum.errors));
        }
        let row = Row::new(cells);
        match sum.place {
            Some(place) => row.at(place),
            None => row,
        }
    }
}
