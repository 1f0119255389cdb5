//! The report: what was slow, when, why, and what to look at next; as text, JSON or a page.

mod html;
mod json;
mod text;
mod verdict;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gdkrecord::units;
use rusqlite::Connection;

use crate::analysis::costs::{Cost, Costs, KINDS, Kind, Leaf, NAMELESS};
use crate::analysis::waste::Window;
use crate::analysis::{Analysis, analyse};
use crate::error::{Error, Result};
use crate::session::query::Query;
use crate::session::{self, Bookmark, bookmarks};

pub use html::html;
pub use json::json;
pub use text::text;
pub use verdict::{budget, sentences, sentences_in};

/// What a report is about.
#[derive(Debug, Default)]
pub struct Report {
    /// The session's file, as its readers know it.
    pub path: PathBuf,
    /// What was recorded, in a few words: program, toolkit.
    pub subject: String,
    /// The begin of the session, from which times are counted, in CLOCK_MONOTONIC nanoseconds.
    pub origin: i64,
    /// Whether anything of the session draws frames at all.
    pub draws: bool,
    /// What was found.
    pub analysis: Analysis,
    /// What readers marked between its times.
    pub bookmarks: Vec<Bookmark>,
    /// What a reader noted about the whole session; may be empty.
    pub note: String,
    /// What sources ended early, lost, or had to say, a line each.
    pub remarks: Vec<String>,
    /// What was lost between its times.
    pub lost: Vec<Lost>,
    /// The version of the toolkit, as 4.8.3; empty where none was recorded.
    pub toolkit: String,
    /// The class of GTK 4's renderer; empty where it is not known.
    pub renderer: String,
    /// The kinds of costs that the session tells, be it at other times.
    pub told: Vec<&'static str>,
}

/// Something that a source lost.
#[derive(Clone, Debug, PartialEq)]
pub struct Lost {
    /// The source.
    pub source: String,
    /// What, as "samples".
    pub kind: String,
    /// How many.
    pub count: i64,
    /// When the first and the last were missed, in CLOCK_MONOTONIC nanoseconds.
    pub place: (i64, i64),
}

impl Report {
    /// Looks at a session between two times, in nanoseconds from its begin.
    pub fn of(path: &Path, from: Option<i64>, to: Option<i64>) -> Result<Report> {
        Report::over(&Query::open(path)?, path, from, to)
    }

    /// The same of the session at `path` that is open already.
    pub fn over(query: &Query, path: &Path, from: Option<i64>, to: Option<i64>) -> Result<Report> {
        let db = query.db();
        let origin = session::origin(db).map_err(Error::store(path))?;
        let at = |time: Option<i64>, otherwise| time.map_or(otherwise, |time| origin.saturating_add(time));
        let (from, to) = (at(from, i64::MIN), at(to, i64::MAX));
        let analysis = analyse(query, from, to)?;
        let mut bookmarks = bookmarks::list(db).map_err(Error::store(path))?;
        bookmarks.retain(|bookmark| bookmark.begin <= to && bookmark.end >= from);
        let note = bookmarks::note(db).map_err(Error::store(path))?;
        let draws = db.query_row("SELECT count(*) FROM frames", [], |row| row.get::<_, i64>(0)).unwrap_or(0) > 0;
        let mut lost = lost(db);
        lost.retain(|lost| lost.place.0 <= to && lost.place.1 >= from);
        let fact = |name: &str| fact(db, name).unwrap_or_default();
        Ok(Report {
            path: path.to_owned(),
            subject: subject(db),
            origin,
            draws,
            remarks: remarks(db, &analysis),
            analysis,
            bookmarks,
            note,
            lost,
            toolkit: fact("process.%.toolkit.version"),
            renderer: fact("process.%.renderer"),
            told: told(db),
        })
    }

    /// Seconds from the session's begin.
    pub fn seconds(&self, time: i64) -> f64 {
        (time - self.origin) as f64 / 1e9
    }

    /// What cost of a kind.
    pub fn costs(&self, kind: &str) -> Option<&Costs> {
        self.analysis.costs.iter().find(|costs| costs.kind.name == kind)
    }

    /// Of these what took time or was counted, the most first: what was repainted alone has a list of its own.
    pub fn rows(&self, kind: &str) -> Vec<&Cost> {
        let rows = self.costs(kind).map_or(&[][..], |costs| &costs.rows);
        rows.iter().filter(|cost| cost.amount.ns > 0 || cost.amount.count > 0).collect()
    }
}

/// The first fact whose name is like this.
fn fact(db: &Connection, pattern: &str) -> Option<String> {
    let sql = "SELECT value FROM facts WHERE name LIKE ?1 AND value <> '' LIMIT 1";
    db.query_row(sql, [pattern], |row| row.get(0)).ok()
}

fn subject(db: &Connection) -> String {
    let command = fact(db, "target.command").or_else(|| fact(db, "process.%.program"));
    let toolkit = fact(db, "process.%.toolkit.version").map(|version| format!("GTK {version}"));
    let words = [command, toolkit, fact(db, "process.%.renderer"), fact(db, "process.%.backend")];
    words.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// What was lost, the most first.
fn lost(db: &Connection) -> Vec<Lost> {
    let read = || -> rusqlite::Result<Vec<Lost>> {
        let sql = "SELECT coalesce(source, ''), kind, count, first, last FROM drops ORDER BY count DESC";
        let lost = |row: &rusqlite::Row<'_>| {
            let place = (row.get(3)?, row.get(4)?);
            Ok(Lost { source: row.get(0)?, kind: row.get(1)?, count: row.get(2)?, place })
        };
        db.prepare(sql)?.query_map([], lost)?.collect()
    };
    // A session whose own tables cannot be read has told that already.
    read().unwrap_or_default()
}

fn remarks(db: &Connection, analysis: &Analysis) -> Vec<String> {
    let ask = |sql: &str| -> rusqlite::Result<Vec<String>> {
        db.prepare(sql)?.query_map([], |row| row.get::<_, String>(0))?.collect()
    };
    let notes = ask("SELECT text FROM notes WHERE text NOT IN ('paused', 'resumed') ORDER BY time").unwrap_or_default();
    let lost = lost(db).into_iter().map(|lost| lost.words());
    let tracers = ask("SELECT name FROM sources WHERE name IN ('strace', 'ltrace')").unwrap_or_default();
    let held = analysis.held();
    let slowed = tracers.into_iter().map(|tracer| match held {
        0 => format!("{tracer} slowed the program: it took longer for everything than it does by itself"),
        held => format!(
            "{tracer} slowed the program: it held the threads that draw for {} of the {} that they worked",
            time(held),
            time(analysis.worked)
        ),
    });
    slowed.chain(notes).chain(lost).collect()
}

impl Lost {
    /// In words: `perf lost 13 959 samples`.
    pub fn words(&self) -> String {
        // Kinds begin with their noun: "looks that came too late".
        let (noun, rest) = self.kind.split_once(' ').map_or((&*self.kind, None), |(noun, rest)| (noun, Some(rest)));
        let noun = if self.count == 1 { noun.strip_suffix('s').unwrap_or(noun) } else { noun };
        let rest = rest.map_or(String::new(), |rest| format!(" {rest}"));
        format!("{} lost {} {noun}{rest}", self.source, units::count(self.count.unsigned_abs()))
    }
}

/// Why much may be repainted in vain through no fault of the program's, where that is so.
fn repaint(report: &Report) -> Option<String> {
    let whole = |name: &str| name.starts_with("Gsk") && name != "GskCairoRenderer";
    let vain = |window: &Window| window.repaint.share().is_some_and(|share| share > 0.5);
    let much = report.analysis.windows.iter().any(vain);
    (much && whole(&report.renderer)).then(|| {
        format!(
            "{} paints whole windows where the display does not say how old a buffer's content is, as software GL does \
             not: then that is not the program's doing. GSK_RENDERER=cairo shows what the program itself repaints.",
            report.renderer
        )
    })
}

/// Sources that tell of a kind of costs, and what; those of which one alone is worth to be asked for begin.
const SOURCES: &[(&str, &str, &str)] = &[
    ("functions", "perf", "which functions the time was spent in"),
    ("syscalls", "strace", "which system calls it waited in (perf:syscalls at less cost)"),
    ("widgets", "gdkrecord:widgets=on", "which widget classes cost the time"),
    ("files", "strace", "which files it read and wrote"),
    ("callbacks", "gdkrecord", "what the main loop called"),
    ("windows", "gdkrecord", "what windows were about"),
];

/// Of [`SOURCES`] those that are worth to be asked for where all else is known.
const ASKED: usize = 3;

/// Sources that would have told more, and what: for the kinds of costs that nothing is known of.
pub fn missing(report: &Report) -> Vec<(&'static str, &'static str)> {
    SOURCES[..ASKED].iter().filter_map(|(kind, ..)| source(report, kind)).collect()
}

/// The source that would have told of a kind of costs, and what; `None` where the session tells of it, be it at other
/// times.
fn source(report: &Report, kind: &str) -> Option<(&'static str, &'static str)> {
    // Of GTK 2 and 3 nothing can be learned of widgets.
    let there = kind != "widgets" || report.toolkit.starts_with("4.");
    let wanted = there && !report.told.contains(&kind) && report.rows(kind).is_empty();
    let found = SOURCES.iter().find(|(of, ..)| *of == kind).filter(|_| wanted);
    found.map(|&(_, source, what)| (source, what))
}

/// The kinds of costs of which a session tells anything.
fn told(db: &Connection) -> Vec<&'static str> {
    let any = |table: &&str| {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {table})");
        // A session without the table tells nothing.
        db.query_row(&sql, [], |row| row.get(0)).unwrap_or(false)
    };
    let tells = |kind: &&Kind| kind.measures.first().is_some_and(|measured| measured.tables.iter().any(any));
    KINDS.iter().filter(tells).map(|kind| kind.name).collect()
}

/// Modules, at most three, in whose functions without names much of the time passed: those whose time is most first.
fn unnamed(report: &Report) -> Vec<String> {
    /// Of all that functions took, or callbacks: less is no reason to install anything.
    const MUCH: f64 = 0.05;
    let mut modules: Vec<(f64, String)> = Vec::new();
    for (kind, module) in [("functions", sampled as fn(&Leaf) -> Option<&str>), ("callbacks", called)] {
        let leaves = report.costs(kind).map_or(&[][..], |costs| &costs.leaves);
        let whole: i64 = leaves.iter().map(|leaf| leaf.amount.ns).sum();
        let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
        for (module, leaf) in leaves.iter().filter_map(|leaf| Some((module(leaf)?, leaf))) {
            *sums.entry(module).or_default() += leaf.amount.ns;
        }
        let shares = sums.into_iter().map(|(module, ns)| (ns as f64 / whole.max(1) as f64, module));
        for (share, module) in shares.filter(|(share, _)| *share >= MUCH) {
            // libgtk-4.so.1.800.3 is told as libgtk-4.so.1 by callbacks.
            match modules.iter_mut().find(|(_, known)| known.starts_with(module)) {
                Some((known, _)) => *known = known.max(share),
                None => modules.push((share, module.to_owned())),
            }
        }
    }
    modules.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    modules.into_iter().take(3).map(|(_, module)| module).collect()
}

/// The module of functions without names.
fn sampled(leaf: &Leaf) -> Option<&str> {
    match &leaf.path[..] {
        [module, function] if function == NAMELESS && !module.starts_with('[') => Some(module),
        _ => None,
    }
}

/// The module of a callback without a name.
fn called(leaf: &Leaf) -> Option<&str> {
    leaf.path.last()?.split_once("+0x").map(|(module, _)| module)
}

/// Nanoseconds as people read them.
fn time(ns: i64) -> String {
    units::duration(u64::try_from(ns).unwrap_or(0))
}
