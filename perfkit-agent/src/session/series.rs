//! What a series declares: its columns, their types and units, and which of them its pyramid keeps.

use std::borrow::Cow;

/// A series: a table of rows that all have the same columns.
///
/// Beside its own columns each row has `time` (CLOCK_MONOTONIC nanoseconds, the begin of what has a duration),
/// its track, and with [`Shape::Span`] a `duration` (nanoseconds, or unknown).
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    /// Its name in SQL: lower case, words joined by `_`.
    pub name: Cow<'static, str>,
    /// What one row is, in one sentence.
    pub doc: Cow<'static, str>,
    /// What its rows measure.
    pub shape: Shape,
    /// Its columns, in the order of [`Rows::push`](super::Rows::push)'s cells.
    pub columns: Cow<'static, [Column]>,
}

/// What the rows of a series measure, which is what the pyramid keeps the maxima and sums of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Each row is a stretch of time: its duration.
    Span,
    /// Each row is a moment: how many there are.
    Point,
    /// Each row is a value: that of the first column, a [`ColumnType::Real`].
    Sample,
}

/// One column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name in SQL.
    pub name: Cow<'static, str>,
    /// Its type.
    pub of: ColumnType,
    /// The unit of its numbers.
    pub unit: Unit,
    /// One sentence; empty where the name says it all.
    pub doc: Cow<'static, str>,
}

/// The type of a column; every one can be null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// A signed 64-bit number.
    Int,
    /// A 64-bit float.
    Real,
    /// A text that repeats: kept once in the session and mentioned by number.
    Name,
    /// A text that is mostly different in each row: kept in the row.
    Text,
    /// A call stack: an id of the table `stacks`.
    Stack,
}

/// The unit of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number without one, or a text.
    None,
    /// Nanoseconds.
    Nanoseconds,
    /// Bytes.
    Bytes,
    /// Pixels.
    Pixels,
    /// How many.
    Count,
    /// A share of 1.
    Share,
}

/// The table of shapes, as they are kept in the file.
pub const SHAPES: &[(Shape, &str)] = &[(Shape::Span, "span"), (Shape::Point, "point"), (Shape::Sample, "sample")];

/// The table of column types, as they are kept in the file.
pub const COLUMN_TYPES: &[(ColumnType, &str)] = &[
    (ColumnType::Int, "int"),
    (ColumnType::Real, "real"),
    (ColumnType::Name, "name"),
    (ColumnType::Text, "text"),
    (ColumnType::Stack, "stack"),
];

/// The table of units, as they are kept in the file.
pub const UNITS: &[(Unit, &str)] = &[
    (Unit::None, ""),
    (Unit::Nanoseconds, "ns"),
    (Unit::Bytes, "bytes"),
    (Unit::Pixels, "px"),
    (Unit::Count, "count"),
    (Unit::Share, "share"),
];

/// The word for a member of one of these tables.
pub fn word<T: PartialEq>(table: &[(T, &'static str)], member: T) -> &'static str {
    // Each table has every member.
    table.iter().find(|(known, _)| *known == member).map_or("", |(_, word)| word)
}

/// The member that a word of one of these tables stands for.
pub fn member<T: Copy>(table: &[(T, &'static str)], word: &str) -> Option<T> {
    table.iter().find(|(_, known)| *known == word).map(|(member, _)| *member)
}

impl Column {
    /// A column of a table that stands in the program.
    pub const fn new(name: &'static str, of: ColumnType, unit: Unit, doc: &'static str) -> Column {
        Column { name: Cow::Borrowed(name), of, unit, doc: Cow::Borrowed(doc) }
    }
}

impl Schema {
    /// A series of a table that stands in the program.
    pub const fn new(name: &'static str, shape: Shape, doc: &'static str, columns: &'static [Column]) -> Schema {
        Schema { name: Cow::Borrowed(name), doc: Cow::Borrowed(doc), shape, columns: Cow::Borrowed(columns) }
    }

    /// The place of a column among the cells.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}
