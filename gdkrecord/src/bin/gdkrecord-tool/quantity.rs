//! Values that know their unit, for tables and for JSON; `gdkrecord::units` words them.

use std::fmt;

use gdkrecord::units;

/// A value that knows its unit.
#[derive(Clone, Debug, PartialEq)]
pub enum Quantity {
    /// Not known, or none.
    Unknown,
    /// Words.
    Text(String),
    /// How many.
    Count(u64),
    /// Nanoseconds.
    Duration(u64),
    /// Nanoseconds since the start of the recording.
    Moment(i64),
    /// Events per second.
    Rate(f64),
    /// A share of 1.
    Share(f64),
    /// Square pixels.
    Area(u64),
    /// Bytes.
    Bytes(u64),
}

impl Quantity {
    /// What the JSON form's key ends in, so that nobody has to guess the unit.
    pub fn suffix(&self) -> &'static str {
        match self {
            Quantity::Unknown | Quantity::Text(_) | Quantity::Count(_) => "",
            Quantity::Duration(_) | Quantity::Moment(_) => "_ns",
            Quantity::Rate(_) => "_per_second",
            Quantity::Share(_) => "_share",
            Quantity::Area(_) => "_px",
            Quantity::Bytes(_) => "_bytes",
        }
    }

    /// For JSON: the plain number.
    pub fn json(&self) -> serde_json::Value {
        match self {
            Quantity::Unknown => serde_json::Value::Null,
            Quantity::Text(text) => text.as_str().into(),
            Quantity::Count(n) | Quantity::Duration(n) | Quantity::Area(n) | Quantity::Bytes(n) => (*n).into(),
            Quantity::Moment(n) => (*n).into(),
            Quantity::Rate(x) | Quantity::Share(x) => (*x).into(),
        }
    }

    /// Whether it is set to the right in a table.
    pub fn is_number(&self) -> bool {
        !matches!(self, Quantity::Text(_))
    }
}

impl From<&str> for Quantity {
    fn from(text: &str) -> Self {
        Quantity::Text(text.to_owned())
    }
}

impl From<String> for Quantity {
    fn from(text: String) -> Self {
        Quantity::Text(text)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Quantity::Unknown => "–".to_owned(),
            Quantity::Text(text) => text.clone(),
            Quantity::Count(n) => units::count(*n),
            Quantity::Duration(ns) => units::duration(*ns),
            Quantity::Moment(ns) => units::moment(*ns),
            Quantity::Rate(rate) => units::rate(*rate),
            Quantity::Share(share) => units::share(*share),
            Quantity::Area(px) => units::area(*px),
            Quantity::Bytes(bytes) => units::bytes(*bytes),
        };
        f.pad(&words)
    }
}
