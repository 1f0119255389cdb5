//! A session as exporters read it: the stretch of time and the series that are asked for, in the order of their times.

use std::cell::Cell;
use std::path::Path;

use rusqlite::OptionalExtension;

use super::event::Event;
use super::{Done, Ended};
use crate::error::{Error, Result, similar};
use crate::session::query::{On, Query, Value, views};
use crate::session::{Series, Shape, Track, origin};

/// Rows from one look at whether to go on to the next.
const STEP: u64 = 2048;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// From this many nanoseconds after the session's begin; from its begin where there is none.
    pub from: Option<i64>,
    /// To this many nanoseconds after the session's begin; to its end where there is none.
    pub to: Option<i64>,
    /// Names of series, and for tables of views too; all series where there are none.
    pub series: Vec<String>,
    /// How pictures look.
    pub look: Look,
}

/// How a picture looks.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Look {
    /// Light on dark.
    pub dark: bool,
    /// Pixels that it is wide.
    pub width: Option<u32>,
}

/// A session as exporters read it.
pub struct Reading<'a> {
    query: &'a Query,
    path: &'a Path,
    names: Vec<String>,
    /// The series that are asked for.
    series: Vec<Series>,
    begin: i64,
    from: i64,
    to: i64,
    look: Look,
    rows: Cell<u64>,
    /// Is told how many rows were read, and says whether to go on.
    tick: &'a dyn Fn(u64) -> bool,
}

/// A row, on its way out.
#[derive(Debug)]
pub struct Row<'a> {
    /// The series.
    pub series: &'a Series,
    /// What its rows are called.
    pub event: &'a Event,
    /// CLOCK_MONOTONIC nanoseconds.
    pub time: i64,
    /// Nanoseconds; `None` where it has none, or that is unknown.
    pub duration: Option<i64>,
    /// The number of the track.
    pub track_id: u32,
    /// The track.
    pub track: &'a Track,
    /// The values of its columns.
    pub cells: &'a [Value],
}

impl<'a> Reading<'a> {
    /// A session, and what is asked for of it. `tick` is told from time to time how many rows were read, and says
    /// whether to go on.
    pub fn new(query: &'a Query, path: &'a Path, wanted: &Wanted, tick: &'a dyn Fn(u64) -> bool) -> Result<Self> {
        let known: Vec<String> = views(query.series()).into_iter().map(|view| view.name).collect();
        if let Some(strange) = wanted.series.iter().find(|name| !known.contains(name)) {
            let (path, alike) = (path.display(), similar(strange, known.iter().map(String::as_str)));
            let known = known.join(", ");
            return Err(Error::Invalid(format!("{path} has no series `{strange}`{alike}; there are {known}")));
        }
        let begin = origin(query.db()).map_err(Error::store(path))?;
        let series = query.series().iter();
        let series =
            series.filter(|one| wanted.series.is_empty() || wanted.series.iter().any(|name| *name == one.schema.name));
        Ok(Reading {
            query,
            path,
            names: wanted.series.clone(),
            series: series.cloned().collect(),
            begin,
            from: wanted.from.map_or(i64::MIN, |from| begin.saturating_add(from)),
            to: wanted.to.map_or(i64::MAX, |to| begin.saturating_add(to)),
            look: wanted.look,
            rows: Cell::new(0),
            tick,
        })
    }

    /// The same with one table.
    pub fn only(&self, table: &str) -> Reading<'a> {
        let series = self.series.iter().filter(|series| series.schema.name == table).cloned().collect();
        Reading { names: vec![table.to_owned()], series, rows: self.rows.clone(), ..*self }
    }

    /// The same of what lies before.
    pub fn before(&self) -> Reading<'a> {
        let to = self.from.saturating_sub(1);
        Reading { names: Vec::new(), series: self.series.clone(), rows: self.rows.clone(), from: i64::MIN, to, ..*self }
    }

    /// How pictures look.
    pub fn look(&self) -> Look {
        self.look
    }

    /// The session's own tables.
    pub fn query(&self) -> &Query {
        self.query
    }

    /// Where the session is.
    pub fn path(&self) -> &Path {
        self.path
    }

    /// The series that are asked for.
    pub fn series(&self) -> &[Series] {
        &self.series
    }

    /// When the session begins.
    pub fn begin(&self) -> i64 {
        self.begin
    }

    /// The stretch of time that is asked for: begin and end, which are the least and the greatest number where they
    /// were not given.
    pub fn bounds(&self) -> (i64, i64) {
        (self.from, self.to)
    }

    /// When what is asked for begins and ends: the rows' own times, within the bounds.
    pub fn span(&self) -> Result<(i64, i64)> {
        let (mut first, mut last) = (i64::MAX, i64::MIN);
        let sql = "SELECT min(first), max(until) FROM main.chunk WHERE series = ?1 AND until >= ?2 AND first <= ?3";
        for series in &self.series {
            let mut select = self.query.db().prepare_cached(sql).map_err(Error::store(self.path))?;
            let span = select.query_row((series.id, self.from, self.to), |row| {
                Ok(row.get::<_, Option<i64>>(0)?.zip(row.get::<_, Option<i64>>(1)?))
            });
            if let Some((from, until)) = span.map_err(Error::store(self.path))? {
                (first, last) = (first.min(from), last.max(until));
            }
        }
        let first = first.max(self.from).min(self.to);
        Ok(if last < first { (first.max(self.begin), first.max(self.begin)) } else { (first, last.min(self.to)) })
    }

    /// What is to be added to a time of the session to have that of the wall clock, in nanoseconds since 1970, where the
    /// session knows it.
    pub fn wall(&self) -> Result<Option<i64>> {
        let pairs =
            self.ask("SELECT realtime - monotonic FROM main.clock ORDER BY monotonic LIMIT 1", |row| row.get(0))?;
        Ok(pairs.first().copied())
    }

    /// The tables that are asked for: by name, or every series and table that has rows.
    pub fn tables(&self) -> Result<Vec<String>> {
        if !self.names.is_empty() {
            return Ok(self.names.clone());
        }
        let mut all: Vec<String> = self.series.iter().map(|series| series.schema.name.to_string()).collect();
        for table in super::tables::TABLES {
            let sql = format!("SELECT 1 FROM {table} LIMIT 1");
            let any = self.query.db().query_row(&sql, [], |_| Ok(())).optional().map_err(Error::store(self.path))?;
            all.extend(any.map(|()| (*table).to_owned()));
        }
        Ok(all)
    }

    /// Counts a row, and looks from time to time at whether to go on.
    pub fn tick(&self) -> Done {
        self.rows.set(self.rows.get() + 1);
        if self.rows.get().is_multiple_of(STEP) && !(self.tick)(self.rows.get()) { Err(Ended::Told) } else { Ok(()) }
    }

    /// Gives the rows of those series and tracks that `of` picks, in the order of their begins.
    pub fn rows(&self, of: &dyn Fn(&Series) -> Option<On>, each: &mut dyn FnMut(&Row<'_>) -> Done) -> Done {
        let nowhere = Track::default();
        let picked: Vec<(&Series, On)> = self.series.iter().filter_map(|series| Some((series, of(series)?))).collect();
        let events: Vec<Event> = picked.iter().map(|(series, _)| Event::of(series)).collect();
        let places: Vec<&Series> = picked.iter().map(|(series, _)| *series).collect();
        let mut walks = self.query.walks(picked, self.from, self.to)?;
        let mut cells = Vec::new();
        while let Some((at, walk)) = walks.advance()? {
            let (Some(&series), Some(event)) = (places.get(at), events.get(at)) else { break };
            cells.clear();
            for column in 0..series.schema.columns.len() {
                cells.push(walk.cell(column)?);
            }
            let (track_id, track) = walk.track()?;
            let duration = walk.duration()?.filter(|_| series.schema.shape == Shape::Span);
            let (time, track) = (walk.time(), track.unwrap_or(&nowhere));
            each(&Row { series, event, time, duration, track_id, track, cells: &cells })?;
            self.tick()?;
        }
        Ok(())
    }

    /// The answer of a question about the session's own tables.
    pub fn ask<T>(&self, sql: &str, each: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>) -> Result<Vec<T>> {
        let read = || self.query.db().prepare_cached(sql)?.query_map([], each)?.collect::<rusqlite::Result<Vec<T>>>();
        read().map_err(Error::store(self.path))
    }

    /// The texts that answer a question about one text.
    pub fn ask_with(&self, sql: &str, text: &str) -> Result<Vec<String>> {
        let read = || {
            self.query
                .db()
                .prepare_cached(sql)?
                .query_map([text], |row| row.get(0))?
                .collect::<rusqlite::Result<Vec<String>>>()
        };
        read().map_err(Error::store(self.path))
    }
}
