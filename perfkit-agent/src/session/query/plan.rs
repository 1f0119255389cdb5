//! What a query asks of a series, in the terms in which chunks and rows can be left out without opening them.
//!
//! SQLite checks every condition again: what is left out here only must not belong into the answer.

use rusqlite::types::ValueRef;

use crate::session::chunk::Summary;
use crate::session::reader::Series;
use crate::session::rows::Track;
use crate::session::series::{ColumnType, Shape};

/// A column of a series' table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Place {
    Time,
    Duration,
    Pid,
    Tid,
    Label,
    /// A declared one.
    Column(usize),
    Track,
}

/// The columns of a series' table, in their order.
pub fn places(series: &Series) -> Vec<Place> {
    let duration = (series.schema.shape == Shape::Span).then_some(Place::Duration);
    let own = [Place::Time].into_iter().chain(duration).chain([Place::Pid, Place::Tid, Place::Label]);
    own.chain((0..series.schema.columns.len()).map(Place::Column)).chain([Place::Track]).collect()
}

/// The name of one of them, with its type in SQL.
pub fn column(series: &Series, place: Place) -> (&str, &'static str) {
    match place {
        Place::Time => ("time", "INTEGER"),
        Place::Duration => ("duration", "INTEGER"),
        Place::Pid => ("pid", "INTEGER"),
        Place::Tid => ("tid", "INTEGER"),
        // What a value is of is what one looks for, and the word for that is its name.
        Place::Label if series.schema.shape == Shape::Sample => ("name", "TEXT"),
        Place::Label => ("track", "TEXT"),
        Place::Track => ("track_id", "INTEGER"),
        Place::Column(at) => match series.schema.columns.get(at) {
            Some(column) => (
                &column.name,
                match column.of {
                    ColumnType::Int | ColumnType::Stack => "INTEGER",
                    ColumnType::Real => "REAL",
                    ColumnType::Name | ColumnType::Text => "TEXT",
                },
            ),
            None => ("", ""),
        },
    }
}

/// How a column is compared with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Test {
    Equal,
    More,
    Less,
}

/// The conditions that help, as letters: SQLite keeps the plan as a text between planning and running.
const TESTS: &[(char, Place, Test)] = &[
    ('t', Place::Time, Test::Equal),
    ('m', Place::Time, Test::More),
    ('l', Place::Time, Test::Less),
    ('d', Place::Duration, Test::More),
    ('D', Place::Duration, Test::Equal),
    ('p', Place::Pid, Test::Equal),
    ('i', Place::Tid, Test::Equal),
    ('n', Place::Label, Test::Equal),
    ('k', Place::Track, Test::Equal),
];

/// The letter of a condition, where it helps.
pub fn letter(place: Place, test: Test) -> Option<char> {
    TESTS.iter().find(|(_, of, how)| *of == place && *how == test).map(|(letter, ..)| *letter)
}

/// What share of the rows is left by a condition, about.
pub fn share(letter: char) -> f64 {
    match letter {
        't' => 1e-6,
        'k' | 'n' => 0.02,
        'p' | 'i' => 0.1,
        'm' | 'l' => 0.25,
        _ => 0.5,
    }
}

/// Which tracks are walked along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// All of them.
    All,
    /// The one with this number.
    Track(u32),
    /// Those of a process and thread.
    Thread(i32, i32),
}

/// The rows that are asked for.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// The least and the greatest begin.
    pub time: (i64, i64),
    /// The least end.
    until: i64,
    /// The least duration.
    duration: f64,
    pid: Option<i64>,
    tid: Option<i64>,
    label: Option<Vec<u8>>,
    track: Option<i64>,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            time: (i64::MIN, i64::MAX),
            until: i64::MIN,
            duration: f64::NEG_INFINITY,
            pid: None,
            tid: None,
            label: None,
            track: None,
        }
    }
}

impl Bounds {
    /// From the letters of a plan and the values that belong to them. A value of another type than the column's
    /// bounds nothing.
    pub fn new<'a>(plan: &str, values: impl Iterator<Item = ValueRef<'a>>) -> Bounds {
        let mut bounds = Bounds::default();
        for (letter, value) in plan.chars().zip(values) {
            let Some((_, place, test)) = TESTS.iter().find(|(known, ..)| *known == letter) else { continue };
            let whole = match value {
                ValueRef::Integer(number) => Some((number, number)),
                // Rust's conversion stays within the type's range.
                ValueRef::Real(number) if !number.is_nan() => Some((number.floor() as i64, number.ceil() as i64)),
                _ => None,
            };
            match (place, test, whole, value) {
                (Place::Time, Test::Equal, Some((floor, ceil)), _) => {
                    bounds.time = (bounds.time.0.max(floor), bounds.time.1.min(ceil));
                }
                (Place::Time, Test::More, Some((floor, _)), _) => bounds.time.0 = bounds.time.0.max(floor),
                (Place::Time, Test::Less, Some((_, ceil)), _) => bounds.time.1 = bounds.time.1.min(ceil),
                (Place::Duration, _, Some((floor, _)), _) => bounds.duration = bounds.duration.max(floor as f64),
                (Place::Pid, _, _, ValueRef::Integer(pid)) => bounds.pid = Some(pid),
                (Place::Tid, _, _, ValueRef::Integer(tid)) => bounds.tid = Some(tid),
                (Place::Track, _, _, ValueRef::Integer(track)) => bounds.track = Some(track),
                (Place::Label, _, _, ValueRef::Text(text)) => bounds.label = Some(text.to_vec()),
                _ => {}
            }
        }
        bounds
    }

    /// The rows that end at `from` at the earliest and begin at `to` at the latest, on these tracks.
    pub fn lying_in(from: i64, to: i64, on: On) -> Bounds {
        let bounds = Bounds { time: (i64::MIN, to), until: from, ..Bounds::default() };
        match on {
            On::All => bounds,
            On::Track(id) => Bounds { track: Some(id.into()), ..bounds },
            On::Thread(pid, tid) => Bounds { pid: Some(pid.into()), tid: Some(tid.into()), ..bounds },
        }
    }

    /// Whether any row of a chunk may be among them.
    pub fn chunk(&self, summary: &Summary, spans: bool) -> bool {
        let within = summary.last >= self.time.0 && summary.first <= self.time.1 && summary.until >= self.until;
        within && (!spans || summary.max >= self.duration)
    }

    /// Whether not all tracks are asked for.
    pub fn some_tracks(&self) -> bool {
        self.pid.is_some() || self.tid.is_some() || self.label.is_some() || self.track.is_some()
    }

    /// Whether a track is asked for.
    pub fn track(&self, id: i64, track: &Track) -> bool {
        self.pid.is_none_or(|pid| pid == i64::from(track.pid))
            && self.tid.is_none_or(|tid| tid == i64::from(track.tid))
            && self.track.is_none_or(|track| track == id)
            && self.label.as_ref().is_none_or(|label| label == track.label.as_bytes())
    }
}
