//! Lines that say values, logs or marks, in the formats that programs speak anyway: one line at a time, its format
//! found out by looking at it.
//!
//! | Format | As in |
//! |---|---|
//! | Influx line protocol | `cpu,core=0 user=3i,system=2.5 1795418299397651792` |
//! | OpenMetrics, Prometheus text | `http_requests_total{code="200"} 17 1795418299.397`, with HELP, TYPE and UNIT |
//! | statsd, with DogStatsD's tags | `cache.hits:1\|c\|@0.1\|#shard:3` |
//! | JSON | `{"cache": {"hits": 3}}`, and the shapes in [`json`](self) for logs and spans |
//! | bare | `cache.hits 3 1795418299.397` |
//!
//! [`parse`] is pure: a line in, [`Item`]s out. [`Feed`] keeps what goes from line to line (totals of counters that
//! are told as steps, open spans, what HELP and TYPE said) and puts rows into an outlet.
//!
//! Names are dotted ([`name`](self)): labels follow the name, sorted by key, as `.key=value`; a dot, a space or a
//! control character in a label becomes `_`, so that the depth of a name says what it seems to.

mod bare;
mod feed;
mod influx;
mod json;
mod name;
mod openmetrics;
mod stamp;
mod statsd;

use crate::source::{Level, Semantics};

pub use feed::Feed;
pub(crate) use json::level as level_of;
pub use name::{clean, dotted};
pub use stamp::Stamp;

/// What a line says.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// The value of a counter or gauge.
    Sample(Sample),
    /// A line of a log.
    Log(Log),
    /// A stretch or moment that is marked.
    Mark(Mark),
    /// What is known of the values of a family of names that follow.
    Family(Family),
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The dotted name, its labels folded in.
    pub name: String,
    /// The value, always finite.
    pub value: f64,
    /// How the value goes on from the last one.
    pub step: Step,
    /// When, where the line says so.
    pub time: Option<Stamp>,
    /// How the values are to be read.
    pub semantics: Semantics,
    /// The unit in words; empty where it is not known.
    pub unit: String,
    /// One sentence; empty where there is none.
    pub doc: String,
    /// The name without labels, under which a [`Family`] tells more; empty where there can be none.
    pub family: String,
}

/// How a value is to be taken.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// It is the value.
    Absolute,
    /// It is added to the value so far, which begins with 0.
    Added,
    /// It is one value of many, of which only a share was told: each stands for this many.
    OneOf(f64),
    /// It is a member of a set, whose size is the value.
    Member(String),
}

/// A line of a log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Log {
    /// How severe.
    pub level: Option<Level>,
    /// The logger, or what it is about.
    pub domain: Option<String>,
    /// The text.
    pub message: String,
    /// When, where the line says so.
    pub time: Option<Stamp>,
}

/// A stretch or moment that is marked.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Its begin, its end, or all of it.
    pub edge: Edge,
    /// What marks it; may be empty.
    pub group: String,
    /// Its name.
    pub name: String,
    /// A text; may be empty.
    pub message: String,
    /// What tells it from others of the same name; may be empty.
    pub id: String,
    /// The process that it lies in, where the line says so.
    pub pid: Option<i32>,
    /// The thread.
    pub tid: Option<i32>,
    /// When, where the line says so.
    pub time: Option<Stamp>,
}

/// Which part of a mark a line tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// The begin.
    Begin,
    /// The end.
    End,
    /// The whole, with its duration in nanoseconds.
    Whole(i64),
}

/// What HELP, TYPE or UNIT says about a family of names; each line says one of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Family {
    /// The family.
    pub name: String,
    /// Its type, as that format calls it: counter, gauge, histogram, summary …
    pub of: Option<String>,
    /// Its unit.
    pub unit: Option<String>,
    /// Its help.
    pub doc: Option<String>,
}

/// Why a line says nothing that is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unreadable {
    /// It is of none of the formats.
    Format,
    /// It begins as JSON does but is none, or is JSON that says nothing.
    Json,
    /// It is of one of the formats, but what should be a number is none, or none that is finite.
    Number,
    /// Its name is empty or longer than names may be.
    Name,
}

impl Unreadable {
    /// Its name among the counts of what was lost.
    pub fn kind(self) -> &'static str {
        match self {
            Unreadable::Format => "lines of no known format",
            Unreadable::Json => "lines of unreadable JSON",
            Unreadable::Number => "lines without a finite number",
            Unreadable::Name => "lines without a usable name",
        }
    }
}

/// What one line says: nothing for an empty line or a comment, several items where it has several fields.
pub fn parse(line: &str) -> Result<Vec<Item>, Unreadable> {
    let line = line.trim();
    match line.as_bytes().first() {
        None => Ok(Vec::new()),
        Some(b'{' | b'[' | b'"') => json::parse(line),
        Some(b'#') => Ok(openmetrics::comment(line).map(Item::Family).into_iter().collect()),
        Some(_) => {
            // The order tells apart what looks alike: only statsd has `:…|`, only OpenMetrics a brace after the
            // name, only Influx a `=` in its second word.
            let readings = [statsd::parse, openmetrics::parse, influx::parse, bare::parse];
            readings.iter().find_map(|reading| reading(line)).unwrap_or(Err(Unreadable::Format))
        }
    }
}

/// What a format says of a line: `None` where it is none of its own.
type Reading = Option<Result<Vec<Item>, Unreadable>>;

impl Sample {
    /// A gauge's value, of which only the name is known.
    pub fn gauge(name: String, value: f64) -> Sample {
        Sample {
            name,
            value,
            step: Step::Absolute,
            time: None,
            semantics: Semantics::Gauge,
            unit: String::new(),
            doc: String::new(),
            family: String::new(),
        }
    }
}

/// A finite number, as all the formats write it.
fn number(text: &str) -> Result<f64, Unreadable> {
    text.parse::<f64>().ok().filter(|value| value.is_finite()).ok_or(Unreadable::Number)
}

#[cfg(test)]
mod tests;
