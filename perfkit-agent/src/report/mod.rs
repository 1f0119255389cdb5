//! The report: what was slow, when, why, and what to look at next; as text, JSON or a page.

mod html;
mod json;
mod text;
mod verdict;

use std::path::{Path, PathBuf};

use gdkrecord::units;
use rusqlite::Connection;

use crate::analysis::costs::{Cost, Costs};
use crate::analysis::{Analysis, analyse};
use crate::error::{Error, Result};
use crate::session::query::Query;
use crate::session::{self, Bookmark, bookmarks};

pub use html::html;
pub use json::json;
pub use text::text;
pub use verdict::{budget, sentences};

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
}

impl Report {
    /// Looks at a session between two times, in nanoseconds from its begin.
    pub fn of(path: &Path, from: Option<i64>, to: Option<i64>) -> Result<Report> {
        let query = Query::open(path)?;
        let db = query.db();
        let origin = session::origin(db).map_err(Error::store(path))?;
        let at = |time: Option<i64>, otherwise| time.map_or(otherwise, |time| origin.saturating_add(time));
        let (from, to) = (at(from, i64::MIN), at(to, i64::MAX));
        let analysis = analyse(&query, from, to)?;
        let mut bookmarks = bookmarks::list(db).map_err(Error::store(path))?;
        bookmarks.retain(|bookmark| bookmark.begin <= to && bookmark.end >= from);
        let note = bookmarks::note(db).map_err(Error::store(path))?;
        let draws = db.query_row("SELECT count(*) FROM frames", [], |row| row.get::<_, i64>(0)).unwrap_or(0) > 0;
        let (subject, remarks) = (subject(db), remarks(db));
        Ok(Report { path: path.to_owned(), subject, origin, draws, analysis, bookmarks, note, remarks })
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

fn subject(db: &Connection) -> String {
    let fact = |pattern: &str| {
        let sql = "SELECT value FROM facts WHERE name LIKE ?1 AND value <> '' LIMIT 1";
        db.query_row(sql, [pattern], |row| row.get::<_, String>(0)).ok()
    };
    let command = fact("target.command").or_else(|| fact("process.%.program"));
    let toolkit = fact("process.%.toolkit.version").map(|version| format!("GTK {version}"));
    let renderer = fact("process.%.renderer");
    let backend = fact("process.%.backend");
    let words: Vec<String> = [command, toolkit, renderer, backend].into_iter().flatten().collect();
    words.join(", ")
}

fn remarks(db: &Connection) -> Vec<String> {
    let ask = |sql: &str| -> rusqlite::Result<Vec<String>> {
        db.prepare(sql)?.query_map([], |row| row.get::<_, String>(0))?.collect()
    };
    // A session whose own tables cannot be read has told that already.
    let notes = ask("SELECT text FROM notes WHERE text NOT IN ('paused', 'resumed') ORDER BY time").unwrap_or_default();
    let drops = ask("SELECT count || ' ' || kind || ' of ' || source || ' were lost' FROM drops").unwrap_or_default();
    let slowing = "SELECT name || ' slowed the program: it took longer for everything than it does by itself' FROM \
                   sources WHERE name IN ('strace', 'ltrace')";
    [ask(slowing).unwrap_or_default(), notes, drops].concat()
}

/// Sources that would have told more, and what: for the kinds of costs that nothing is known of.
pub fn missing(report: &Report) -> Vec<(&'static str, &'static str)> {
    const SOURCES: &[(&str, &str, &str)] = &[
        ("functions", "perf", "which functions the time was spent in"),
        ("syscalls", "strace", "which system calls it waited in (perf:syscalls at less cost)"),
        ("widgets", "gdkrecord:widgets=on", "which widget classes cost the time (GTK 4)"),
    ];
    let missing = SOURCES.iter().filter(|(kind, ..)| report.rows(kind).is_empty());
    missing.map(|&(_, source, what)| (source, what)).collect()
}

/// Nanoseconds as people read them.
fn time(ns: i64) -> String {
    units::duration(u64::try_from(ns).unwrap_or(0))
}
