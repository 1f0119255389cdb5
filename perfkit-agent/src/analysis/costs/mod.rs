//! What cost most, by window, widget class, callback, system call, function and file: one table of kinds, each with
//! what can be measured of it. [`super::treemap`] makes trees of them.

pub(super) mod callbacks;
mod functions;
mod syscalls;
mod windows;

use std::collections::HashMap;

use gdkrecord::units;
use rusqlite::Connection;

use super::engine::Facts;
use super::timeline::Timeline;
use crate::error::Result;

pub use functions::NAMELESS;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Measure {
    /// Nanoseconds.
    Time,
    /// Square pixels that were repainted.
    Area,
    /// How often.
    Calls,
    /// Bytes that were read or written.
    Bytes,
}

impl Measure {
    /// All of them, what is asked for most first.
    pub const ALL: &'static [Measure] = &[Measure::Time, Measure::Area, Measure::Calls, Measure::Bytes];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Measure::Time => "time",
            Measure::Area => "area",
            Measure::Calls => "calls",
            Measure::Bytes => "bytes",
        }
    }

    /// An amount of it, as people read it.
    pub fn words(self, amount: i64) -> String {
        let amount = u64::try_from(amount).unwrap_or(0);
        match self {
            Measure::Time => units::duration(amount),
            Measure::Area => units::area(amount),
            Measure::Calls => units::plural(amount, "call"),
            Measure::Bytes => units::bytes(amount),
        }
    }
}

/// How much something cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Nanoseconds in all.
    pub ns: i64,
    /// How often.
    pub count: i64,
    /// The longest, in nanoseconds.
    pub longest: i64,
    /// Begin and end of where the longest was; `None` where nothing that has a length is known.
    pub place: Option<(i64, i64)>,
    /// Samples, which have no lengths and tell no calls.
    pub samples: i64,
    /// Square pixels that were repainted.
    pub px: i64,
    /// Bytes that were read or written.
    pub bytes: i64,
}

impl Amount {
    /// Once, so long, there.
    fn once(ns: i64, place: (i64, i64)) -> Amount {
        Amount { ns, count: 1, longest: ns, place: Some(place), ..Amount::default() }
    }

    /// What a measure says of it.
    pub fn of(&self, measure: Measure) -> i64 {
        match measure {
            Measure::Time => self.ns,
            Measure::Area => self.px,
            Measure::Calls => self.count,
            Measure::Bytes => self.bytes,
        }
    }

    /// Adds what something else cost.
    pub fn add(&mut self, more: &Amount) {
        self.ns += more.ns;
        self.count += more.count;
        if more.place.is_some() && (self.place.is_none() || more.longest > self.longest) {
            self.place = more.place;
        }
        self.longest = self.longest.max(more.longest);
        self.samples += more.samples;
        self.px += more.px;
        self.bytes += more.bytes;
    }
}

/// The smallest that a kind tells apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    /// Where it belongs: what holds it, from the outermost, then its own name.
    pub path: Vec<String>,
    /// What it cost.
    pub amount: Amount,
}

/// A row of a table: what one thing cost, with all its leaves.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    /// What.
    pub name: String,
    /// How much.
    pub amount: Amount,
}

/// A kind of things that cost.
#[derive(Debug)]
pub struct Kind {
    /// Its name on command lines: `report --callbacks`.
    pub name: &'static str,
    /// Its name in headings.
    pub title: &'static str,
    /// What its table has, in words.
    pub doc: &'static str,
    /// What is measured of it.
    pub measures: &'static [Measured],
    /// What a path's parts are joined with where one holds nothing but the other: `/` for files; empty where that has
    /// no name.
    pub joined: &'static str,
    /// The tables of a [`Timeline`] that it is made from.
    pub(super) tables: &'static [&'static str],
    row: fn(&[String]) -> String,
    leaves: fn(&Connection, &[Facts<'_>]) -> Result<Vec<Leaf>>,
}

/// A measure of a kind: together they make sense.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// What is measured.
    pub measure: Measure,
    /// In words, what a treemap of it shows.
    pub doc: &'static str,
    /// The tables of a session of which one must have rows, so that there is something to measure.
    pub tables: &'static [&'static str],
}

const fn measured(measure: Measure, tables: &'static [&'static str], doc: &'static str) -> Measured {
    Measured { measure, doc, tables }
}

/// The table of kinds.
pub static KINDS: &[Kind] = &[
    Kind {
        name: "callbacks",
        title: "Callbacks",
        doc: "Callbacks of main loops, without those that ran inside of them",
        measures: &[
            measured(
                Measure::Time,
                &["gdk_dispatch"],
                "Callbacks by their own time, without those that ran inside of them",
            ),
            measured(Measure::Calls, &["gdk_dispatch"], "Callbacks by how often they were called"),
        ],
        joined: "",
        tables: &["gdk_dispatch", "gdk_poll"],
        row: |path| path.join(" "),
        leaves: callbacks::leaves,
    },
    Kind {
        name: "windows",
        title: "Windows",
        doc: "Windows, by the time in which their events were handled",
        measures: &[
            measured(Measure::Time, &["input"], "Windows by the time in which their events were handled"),
            measured(Measure::Area, &["gdk_exposure"], "Windows by the pixels that were repainted"),
            measured(Measure::Calls, &["input"], "Windows by how many events were handled"),
        ],
        joined: "",
        tables: &["input", "gdk_poll", "gdk_exposure"],
        row: |path| path.first().cloned().unwrap_or_default(),
        leaves: windows::windows,
    },
    Kind {
        name: "widgets",
        title: "Widget classes",
        doc: "Widget classes, by their own measuring, placing and drawing",
        measures: &[
            measured(Measure::Time, &["gdk_widget_cost"], "Widget classes by their own measuring, placing and drawing"),
            measured(
                Measure::Area,
                &["gdk_exposure"],
                "Widget classes by the pixels that were repainted of windows they own",
            ),
            measured(
                Measure::Calls,
                &["gdk_widget_cost"],
                "Widget classes by how often they were measured, placed and drawn",
            ),
        ],
        joined: "",
        tables: &["gdk_widget_cost", "gdk_exposure"],
        row: |path| path.join(" "),
        leaves: windows::widgets,
    },
    Kind {
        name: "syscalls",
        title: "System calls",
        doc: "System calls of threads that draw, without the loop's own sleep",
        measures: &[
            measured(
                Measure::Time,
                &["syscalls"],
                "System calls of threads that draw by time, and what they were about",
            ),
            measured(Measure::Calls, &["syscalls"], "System calls of threads that draw by how often they were made"),
            measured(
                Measure::Bytes,
                &["syscalls"],
                "System calls of threads that draw by the bytes they read or wrote",
            ),
        ],
        joined: "",
        tables: &["syscalls"],
        row: |path| path.first().cloned().unwrap_or_default(),
        leaves: syscalls::calls,
    },
    Kind {
        name: "functions",
        title: "Functions",
        doc: "Functions, by samples in which they ran themselves",
        measures: &[
            measured(
                Measure::Time,
                &["samples", "calls"],
                "Functions by their own time, in the modules they belong to",
            ),
            measured(
                Measure::Calls,
                &["calls"],
                "Functions by how often they were called, as far as calls were recorded",
            ),
        ],
        joined: "",
        tables: &[],
        row: functions::row,
        leaves: functions::leaves,
    },
    Kind {
        name: "files",
        title: "Files",
        doc: "Files and what else was read and written, by all threads; times are those of threads that draw",
        measures: &[
            measured(Measure::Time, &["syscalls"], "Files by the time of threads that draw in system calls about them"),
            measured(Measure::Calls, &["syscalls"], "Files by how many system calls of all threads were about them"),
            measured(Measure::Bytes, &["syscalls"], "Files by the bytes that all threads read or wrote"),
        ],
        joined: "/",
        tables: &[],
        row: |path| path.join("/"),
        leaves: syscalls::files,
    },
];

impl Kind {
    /// The kind of this name.
    pub fn by_name(name: &str) -> Option<&'static Kind> {
        KINDS.iter().find(|kind| kind.name == name)
    }

    /// What cost, as finely as it is told apart.
    pub(super) fn leaves(&self, db: &Connection, threads: &[Facts<'_>]) -> Result<Vec<Leaf>> {
        (self.leaves)(db, threads)
    }

    /// The rows of its table, what took most time first.
    pub fn rows(&self, leaves: &[Leaf]) -> Vec<Cost> {
        let mut sums: HashMap<String, Amount> = HashMap::new();
        for leaf in leaves {
            sums.entry((self.row)(&leaf.path)).or_default().add(&leaf.amount);
        }
        let mut costs: Vec<Cost> = sums.into_iter().map(|(name, amount)| Cost { name, amount }).collect();
        let most = |cost: &Cost| (cost.amount.ns, cost.amount.px, cost.amount.bytes, cost.amount.count);
        costs.sort_by(|a, b| most(b).cmp(&most(a)).then_with(|| a.name.cmp(&b.name)));
        costs
    }
}

/// What cost of one kind.
#[derive(Clone, Debug)]
pub struct Costs {
    /// The kind.
    pub kind: &'static Kind,
    /// As finely as it is told apart.
    pub leaves: Vec<Leaf>,
    /// As a table.
    pub rows: Vec<Cost>,
}

/// Sums by path.
#[derive(Default)]
struct Sums(HashMap<Vec<String>, Amount>);

impl Sums {
    fn add(&mut self, path: Vec<String>, amount: &Amount) {
        self.0.entry(path).or_default().add(amount);
    }

    fn done(self) -> Vec<Leaf> {
        self.0.into_iter().map(|(path, amount)| Leaf { path, amount }).collect()
    }
}

/// The whole time that threads worked: what shares are of.
pub fn worked(timelines: &[&Timeline]) -> i64 {
    let of = |timeline: &&Timeline| {
        let Some((from, to)) = timeline.loop_place() else { return 0 };
        to - from - super::timeline::covered(&timeline.polls, from, to)
    };
    timelines.iter().map(of).sum()
}
