//! The rows of a table: typed cells, how they are worded, sorted, searched, and given away as CSV and text.

use std::cmp::Ordering;
use std::sync::Arc;

use gdkrecord::units;

use crate::model::Range;

/// What the values of a column are, which says how they are worded and on which side they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Words.
    Text,
    /// A moment, in nanoseconds since the session's begin.
    Moment,
    /// A length of time, in nanoseconds.
    Time,
    /// How many.
    Count,
    /// Bytes.
    Bytes,
    /// Square pixels.
    Area,
    /// A share of 1.
    Share,
}

impl Kind {
    /// Whether its values are numbers.
    pub fn is_number(self) -> bool {
        self != Kind::Text
    }

    /// What stands behind a column's name where its values are bare numbers.
    fn unit(self) -> &'static str {
        match self {
            Kind::Moment | Kind::Time => " (ns)",
            Kind::Bytes => " (bytes)",
            Kind::Area => " (px)",
            Kind::Text | Kind::Count | Kind::Share => "",
        }
    }
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its title, in the user's language.
    pub title: String,
    /// What its values are.
    pub kind: Kind,
    /// Its least width in characters; the last column of words takes what is left.
    pub width: i32,
}

impl Column {
    /// A column with a title in the user's language.
    pub fn new(title: String, kind: Kind) -> Column {
        let width = match kind {
            Kind::Text => 12,
            Kind::Moment => 12,
            Kind::Time | Kind::Bytes | Kind::Area => 8,
            Kind::Count | Kind::Share => 7,
        };
        Column { title, kind, width }
    }

    /// With another least width in characters.
    pub fn wide(self, width: i32) -> Column {
        Column { width, ..self }
    }
}

/// A value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Cell {
    /// Nothing, or unknown.
    #[default]
    None,
    /// Words.
    Text(Arc<str>),
    /// A whole number.
    Int(i64),
    /// Any number.
    Real(f64),
    /// A number with words of its own, where the numbers of a column have different units.
    Said(f64, Arc<str>),
}

impl Cell {
    /// Words; nothing where there are none.
    pub fn text(text: &str) -> Cell {
        if text.is_empty() { Cell::None } else { Cell::Text(text.into()) }
    }

    /// A number that may be unknown.
    pub fn int(number: Option<i64>) -> Cell {
        number.map_or(Cell::None, Cell::Int)
    }

    /// In words, as a column's kind says.
    pub fn words(&self, kind: Kind) -> String {
        let natural = |number: i64| u64::try_from(number).unwrap_or(0);
        match (self, kind) {
            (Cell::None, _) => String::new(),
            (Cell::Text(text) | Cell::Said(_, text), _) => text.to_string(),
            (Cell::Int(ns), Kind::Moment) => units::moment(*ns),
            (Cell::Int(ns), Kind::Time) => units::duration(natural(*ns)),
            (Cell::Int(number), Kind::Count) if *number >= 0 => units::count(natural(*number)),
            (Cell::Int(bytes), Kind::Bytes) if *bytes >= 0 => units::bytes(natural(*bytes)),
            (Cell::Int(px), Kind::Area) if *px >= 0 => units::area(natural(*px)),
            (Cell::Real(share), Kind::Share) => units::share(*share),
            (Cell::Int(number), _) => number.to_string(),
            (Cell::Real(number), _) => number.to_string(),
        }
    }

    /// As another program reads it.
    fn bare(&self) -> String {
        match self {
            Cell::None => String::new(),
            Cell::Text(text) => text.to_string(),
            Cell::Int(number) => number.to_string(),
            Cell::Real(number) | Cell::Said(number, _) => number.to_string(),
        }
    }

    fn number(&self) -> f64 {
        match self {
            Cell::Int(number) => *number as f64,
            Cell::Real(number) | Cell::Said(number, _) => *number,
            _ => f64::NAN,
        }
    }

    /// What is unknown comes last in either order.
    fn compare(&self, other: &Cell, descending: bool) -> Ordering {
        let order = match (self, other) {
            (Cell::None, Cell::None) => return Ordering::Equal,
            (Cell::None, _) => return Ordering::Greater,
            (_, Cell::None) => return Ordering::Less,
            (Cell::Text(a), Cell::Text(b)) => a.cmp(b),
            (Cell::Text(_), _) => Ordering::Greater,
            (_, Cell::Text(_)) => Ordering::Less,
            (Cell::Int(a), Cell::Int(b)) => a.cmp(b),
            (a, b) => a.number().total_cmp(&b.number()),
        };
        if descending { order.reverse() } else { order }
    }
}

/// A row.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// A value a column.
    pub cells: Box<[Cell]>,
    /// The stretch of time that it is about.
    pub place: Option<Range>,
    /// A style class for its words; empty for none.
    pub style: &'static str,
}

impl Row {
    /// A row that is about no stretch of time.
    pub fn new(cells: impl Into<Box<[Cell]>>) -> Row {
        Row { cells: cells.into(), place: None, style: "" }
    }

    /// About a stretch of time.
    pub fn at(self, place: Range) -> Row {
        Row { place: Some(place), ..self }
    }

    /// With a style class.
    pub fn styled(self, style: &'static str) -> Row {
        Row { style, ..self }
    }
}

/// Rows in the order in which they are shown.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// The columns.
    pub columns: Arc<[Column]>,
    /// All rows.
    pub all: Arc<[Row]>,
    /// Which of them are shown, and in which order.
    pub order: Arc<[u32]>,
}

impl Rows {
    /// All of some rows, in their order.
    pub fn new(columns: Arc<[Column]>, all: impl Into<Arc<[Row]>>) -> Rows {
        let all = all.into();
        let order = (0..all.len() as u32).collect();
        Rows { columns, all, order }
    }

    /// A row by its place in what is shown.
    pub fn row(&self, at: usize) -> Option<&Row> {
        self.all.get(*self.order.get(at)? as usize)
    }

    /// A cell in words.
    pub fn words(&self, row: &Row, column: usize) -> String {
        let kind = self.columns.get(column).map_or(Kind::Text, |column| column.kind);
        row.cells.get(column).map_or(String::new(), |cell| cell.words(kind))
    }

    /// Those whose words have every word of `search`, sorted by a column, downwards where that is said; those that
    /// are equal stay in their order.
    pub fn arranged(&self, search: &str, sort: Option<(usize, bool)>) -> Rows {
        let sought: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
        let has = |row: &Row| {
            sought.iter().all(|word| {
                row.cells.iter().any(|cell| matches!(cell, Cell::Text(text) if text.to_lowercase().contains(word)))
            })
        };
        let all = self.all.iter().zip(0u32..);
        let mut order: Vec<u32> = match sought.is_empty() {
            true => all.map(|(_, at)| at).collect(),
            false => all.filter(|(row, _)| has(row)).map(|(_, at)| at).collect(),
        };
        if let Some((column, descending)) = sort {
            const NONE: &Cell = &Cell::None;
            let cell = |at: &u32| self.all[*at as usize].cells.get(column).unwrap_or(NONE);
            order.sort_by(|a, b| cell(a).compare(cell(b), descending));
        }
        Rows { order: order.into(), ..self.clone() }
    }

    /// Those at these places in what is shown.
    pub fn picked(&self, places: impl Iterator<Item = u32>) -> Rows {
        let order = places.filter_map(|at| self.order.get(at as usize).copied()).collect();
        Rows { order, ..self.clone() }
    }

    fn shown(&self) -> impl Iterator<Item = &Row> {
        (0..self.order.len()).filter_map(|at| self.row(at))
    }

    /// As comma-separated values: numbers are bare, and their units stand in the head.
    pub fn csv(&self) -> Result<Vec<u8>, String> {
        let mut csv = csv::Writer::from_writer(Vec::new());
        let head = self.columns.iter().map(|column| format!("{}{}", column.title, column.kind.unit()));
        let write = || {
            csv.write_record(head)?;
            self.shown().try_for_each(|row| {
                csv.write_record((0..self.columns.len()).map(|at| row.cells.get(at).map_or(String::new(), Cell::bare)))
            })
        };
        write().map_err(|error: csv::Error| error.to_string())?;
        csv.into_inner().map_err(|error| error.to_string())
    }

    /// As text: a line a row, its words parted by tabs.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for row in self.shown() {
            let words = (0..self.columns.len()).map(|at| self.words(row, at).replace(['\t', '\n', '\r'], " "));
            text.push_str(&words.collect::<Vec<_>>().join("\t"));
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Rows {
        let columns = [Column::new("Call".into(), Kind::Text), Column::new("Time".into(), Kind::Time)];
        let row = |name: &str, ns: Option<i64>| Row::new([Cell::text(name), Cell::int(ns)]);
        let all = [row("read pipe", Some(58_000_000)), row("write", None), row("Read, \"x\"", Some(2_000))];
        Rows::new(columns.into(), all)
    }

    #[test]
    fn what_is_unknown_comes_last_in_either_order() {
        for (descending, order) in [(false, [2, 0, 1]), (true, [0, 2, 1])] {
            assert_eq!(*rows().arranged("", Some((1, descending))).order, order);
        }
    }

    #[test]
    fn every_word_is_sought_in_any_case() {
        assert_eq!(*rows().arranged("READ", None).order, [0, 2]);
        assert_eq!(*rows().arranged("read pipe", None).order, [0]);
        assert!(rows().arranged("nothing", None).order.is_empty());
    }

    #[test]
    fn what_is_shown_is_what_is_given_away() {
        let shown = rows().arranged("read", Some((1, false)));
        let csv = String::from_utf8(shown.csv().unwrap()).unwrap();
        assert_eq!(csv, "Call,Time (ns)\n\"Read, \"\"x\"\"\",2000\nread pipe,58000000\n");
        assert_eq!(shown.picked([1].into_iter()).text(), "read pipe\t58 ms\n");
    }

    #[test]
    fn a_hundred_thousand_rows_are_arranged_while_one_types() {
        let row = |at: i64| Row::new([Cell::text(&format!("call {}", at % 977)), Cell::Int(at * 7919 % 100_003)]);
        let all: Vec<Row> = (0..100_000).map(row).collect();
        let rows = Rows::new(rows().columns, all);
        let begun = std::time::Instant::now();
        let found = rows.arranged("97", Some((1, true)));
        assert!(found.order.len() > 1000 && found.order.len() < 10_000, "{}", found.order.len());
        // A debug build on a busy machine: what is held against is a cost that grows with more than n log n.
        assert!(begun.elapsed().as_secs() < 5);
    }
}
