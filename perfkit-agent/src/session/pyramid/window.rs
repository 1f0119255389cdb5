//! Any stretch of a track in so many columns, at a cost that depends on the columns alone.

use std::collections::BinaryHeap;
use std::rc::Rc;

use rusqlite::params;
use rustc_hash::FxHashMap;

use super::build::{FANOUT, Key, LANES};
use super::node::{Entry, Node, Segment};
use crate::error::{Error, Result};
use crate::session::chunk::Chunk;
use crate::session::column::Damage;
use crate::session::reader::{Series, Session};
use crate::session::series::Shape;

/// What a track measures in one column of a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// Rows that begin in it.
    pub count: u64,
    /// The sum of what they measure: nanoseconds, values, or how many they are.
    pub sum: f64,
    /// The least of it; infinite where there is none.
    pub min: f64,
    /// The greatest of it; infinite and negative where there is none.
    pub max: f64,
    /// When the row with the greatest begins, which is in this column.
    pub at: i64,
}

impl Bin {
    const EMPTY: Bin = Bin { count: 0, sum: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY, at: 0 };

    fn add(&mut self, entry: &Entry) {
        self.count = self.count.saturating_add(entry.count);
        self.sum += entry.sum;
        self.min = self.min.min(entry.min);
        if entry.max > self.max {
            (self.max, self.at) = (entry.max, entry.at);
        }
    }
}

/// A row that begins before a window and lasts into it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reach {
    /// Its begin.
    pub at: i64,
    /// Its duration.
    pub duration: f64,
}

/// A stretch of a track in columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// The columns. Of all of them together, counts and sums are exact; a row that is summarised with others may be
    /// counted in the column beside its own, never further. The greatest lies in its own column.
    pub bins: Vec<Bin>,
    /// The longest row that begins before the stretch and lasts into it; only of series of spans.
    pub reach: Option<Reach>,
    /// What was damaged and left out, a line each.
    pub damaged: Vec<String>,
}

impl Session {
    /// The stretch of a track from `begin` to before `end`, in so many columns.
    pub fn window(&self, series: &Series, track: u32, begin: i64, end: i64, columns: usize) -> Result<Window> {
        let window = Window { bins: vec![Bin::EMPTY; columns], reach: None, damaged: Vec::new() };
        if columns == 0 || begin >= end {
            return Ok(window);
        }
        let span = end.wrapping_sub(begin) as u64;
        let mut search = Search {
            session: self,
            series,
            track,
            begin,
            end,
            span,
            narrow: (span / columns as u64).max(1),
            chunks: FxHashMap::default(),
            window,
        };
        // All of it is of one commit.
        let held = self.db().is_autocommit();
        if held {
            self.hold()?;
        }
        let done = search.run();
        if held {
            self.release();
        }
        done?;
        Ok(search.window)
    }
}

/// A node that is not decoded.
struct Head {
    key: Key,
    id: i64,
    first: i64,
    last: i64,
    until: i64,
    shift: u32,
    max: f64,
}

/// Begins, measures and tracks of a chunk.
type Opened = Rc<(Vec<i64>, Vec<f64>)>;

struct Search<'a> {
    session: &'a Session,
    series: &'a Series,
    track: u32,
    begin: i64,
    end: i64,
    span: u64,
    /// Buckets as wide as a column, or narrower, are as good as rows.
    narrow: u64,
    chunks: FxHashMap<i64, Option<Opened>>,
    window: Window,
}

impl Search<'_> {
    fn run(&mut self) -> Result<()> {
        for lane in 0..LANES as u32 {
            for node in self.top(lane)? {
                self.visit(node)?;
            }
        }
        let tail = self.tail()?;
        for (time, measure) in &tail {
            self.row(*time, *measure);
        }
        if self.series.schema.shape == Shape::Span {
            tail.iter().for_each(|&(time, measure)| self.reaches(time, measure));
            self.reach()?;
        }
        Ok(())
    }

    fn visit(&mut self, head: Head) -> Result<()> {
        if head.last < self.begin || head.first >= self.end {
            return Ok(());
        }
        let inside = head.first >= self.begin && head.last < self.end;
        let narrow = 1u64.checked_shl(head.shift).is_some_and(|width| width <= self.narrow);
        if head.key.level > 0 {
            // Where a node is damaged, those below it say the same.
            if inside
                && narrow
                && let Some(node) = self.node(&head)?
            {
                node.entries.iter().for_each(|entry| self.entry(entry));
                return Ok(());
            }
            for child in self.below(&head)? {
                self.visit(child)?;
            }
            return Ok(());
        }
        let Some(node) = self.node(&head)? else { return Ok(()) };
        if node.exact || (inside && narrow) {
            node.entries.iter().for_each(|entry| self.entry(entry));
            return Ok(());
        }
        self.rows(&node.segments, &mut |search, time, measure| search.row(time, measure))
    }

    /// Adds a bucket, or a row, to the column of its greatest.
    fn entry(&mut self, entry: &Entry) {
        if (self.begin..self.end).contains(&entry.at) {
            let from = entry.at.wrapping_sub(self.begin) as u64;
            let column = u128::from(from) * self.window.bins.len() as u128 / u128::from(self.span);
            if let Some(bin) = self.window.bins.get_mut(column as usize) {
                bin.add(entry);
            }
        }
    }

    fn row(&mut self, time: i64, measure: f64) {
        self.entry(&Entry { bucket: time, count: 1, sum: measure, max: measure, min: measure, at: time });
    }

    /// Finds the longest row that lasts into the window, the most promising nodes first.
    fn reach(&mut self) -> Result<()> {
        let mut heap = BinaryHeap::new();
        for lane in 0..LANES as u32 {
            heap.extend(self.top(lane)?.into_iter().map(Promising));
        }
        while let Some(Promising(head)) = heap.pop() {
            if self.window.reach.is_some_and(|reach| reach.duration >= head.max) {
                break;
            }
            if head.first >= self.begin || head.until <= self.begin {
                continue;
            }
            if head.key.level > 0 {
                heap.extend(self.below(&head)?.into_iter().map(Promising));
                continue;
            }
            let Some(node) = self.node(&head)? else { continue };
            node.entries.iter().for_each(|entry| self.reaches(entry.at, entry.max));
            // A row that is not its bucket's greatest may reach where the greatest, which began earlier, does not.
            let best = self.window.reach.map_or(0.0, |reach| reach.duration);
            let rest = ((1u64 << node.shift) - 1) as i64;
            let may = |entry: &Entry| {
                let last = (entry.bucket << node.shift).saturating_add(rest).min(self.begin.saturating_sub(1));
                entry.count > 1 && entry.max > best && last.saturating_add(entry.max as i64) > self.begin
            };
            if !node.exact && node.entries.iter().any(may) {
                self.rows(&node.segments, &mut |search, time, measure| search.reaches(time, measure))?;
            }
        }
        Ok(())
    }

    fn reaches(&mut self, at: i64, duration: f64) {
        let reaches = at < self.begin && at.saturating_add(duration as i64) > self.begin;
        if reaches && self.window.reach.is_none_or(|reach| reach.duration < duration) {
            self.window.reach = Some(Reach { at, duration });
        }
    }

    /// Gives the rows that lie in these places.
    fn rows(&mut self, segments: &[Segment], each: &mut dyn FnMut(&mut Self, i64, f64)) -> Result<()> {
        for segment in segments {
            let Some(opened) = self.opened(segment.chunk)? else { continue };
            let (times, measures) = &*opened;
            let range = segment.start as usize..(segment.start as usize).saturating_add(segment.rows as usize);
            let rows = times.get(range.clone()).unwrap_or_default().iter().zip(measures.get(range).unwrap_or_default());
            for (&time, &measure) in rows.filter(|(_, measure)| measure.is_finite()) {
                each(self, time, measure);
            }
        }
        Ok(())
    }

    /// The rows that no node has yet: those of chunks that are not sealed, or were after the last writing.
    fn tail(&mut self) -> Result<Vec<(i64, f64)>> {
        let sql = "SELECT chunk.id FROM chunk JOIN series ON series.id = chunk.series
                   WHERE series.id = ?1 AND first < ?2 AND (NOT sealed OR chunk.id > covered)";
        let ids = self.session.rows(sql, params![self.series.id, self.end], |row| row.get::<_, i64>(0))?;
        let mut rows = Vec::new();
        for id in ids {
            let Some(chunk) = self.chunk(id)? else { continue };
            let read = || Ok((chunk.tracks()?, chunk.times()?, chunk.measures(&self.series.schema)?));
            match read() {
                Ok((tracks, times, measures)) => {
                    let all = tracks.into_iter().zip(times.into_iter().zip(measures));
                    let mine =
                        all.filter(|(track, (_, measure))| *track == i64::from(self.track) && measure.is_finite());
                    rows.extend(mine.map(|(_, row)| row));
                }
                Err(damage) => self.damaged("chunk", id, damage),
            }
        }
        Ok(rows)
    }

    fn opened(&mut self, id: i64) -> Result<Option<Opened>> {
        if let Some(opened) = self.chunks.get(&id) {
            return Ok(opened.clone());
        }
        let chunk = self.chunk(id)?;
        let read = |chunk: Chunk| Ok(Rc::new((chunk.times()?, chunk.measures(&self.series.schema)?)));
        let opened = match chunk.map(read).transpose() {
            Ok(opened) => opened,
            Err(damage) => {
                self.damaged("chunk", id, damage);
                None
            }
        };
        self.chunks.insert(id, opened.clone());
        Ok(opened)
    }

    fn chunk(&mut self, id: i64) -> Result<Option<Chunk>> {
        match self.session.chunk(&self.series.schema, id)? {
            Ok(chunk) => Ok(Some(chunk)),
            Err(damage) => {
                self.damaged("chunk", id, damage);
                Ok(None)
            }
        }
    }

    fn damaged(&mut self, what: &str, id: i64, damage: Damage) {
        let name = &self.series.schema.name;
        self.window.damaged.push(format!("{what} {id} of the series {name} is damaged and left out: {damage}"));
    }

    /// The uppermost nodes of a lane; there is one.
    fn top(&self, lane: u32) -> Result<Vec<Head>> {
        let sql = "SELECT level, seq, rowid, first, last, until, shift, max FROM pyramid
                   WHERE track = ?1 AND lane = ?2
                   AND level = (SELECT max(level) FROM pyramid WHERE track = ?1 AND lane = ?2)";
        self.heads(sql, lane, params![self.track, lane])
    }

    fn below(&self, head: &Head) -> Result<Vec<Head>> {
        let sql = "SELECT level, seq, rowid, first, last, until, shift, max FROM pyramid
                   WHERE track = ?1 AND lane = ?2 AND level = ?3 AND seq >= ?4 AND seq < ?5";
        let Key { track, lane, level, seq } = head.key;
        let from = seq.saturating_mul(FANOUT);
        self.heads(sql, lane, params![track, lane, level - 1, from, from.saturating_add(FANOUT)])
    }

    fn heads(&self, sql: &str, lane: u32, params: &[&dyn rusqlite::ToSql]) -> Result<Vec<Head>> {
        self.session.rows(sql, params, |row| {
            let key = Key { track: self.track, lane, level: row.get(0)?, seq: row.get(1)? };
            let (id, first, last, until) = (row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?);
            Ok(Head { key, id, first, last, until, shift: row.get(6)?, max: row.get(7)? })
        })
    }

    fn node(&mut self, head: &Head) -> Result<Option<Node>> {
        let read = || {
            let mut select = self.session.db().prepare_cached("SELECT data FROM pyramid WHERE rowid = ?1")?;
            let decode = |row: &rusqlite::Row<'_>| {
                let Ok(bytes) = row.get_ref(0)?.as_blob() else { return Ok(Err(Damage("it is no blob"))) };
                Ok(Node::decode(bytes, head.first, head.last, head.until, head.shift, head.max))
            };
            select.query_row(params![head.id], decode)
        };
        match read().map_err(Error::store(self.session.path()))? {
            Ok(node) => Ok(Some(node)),
            Err(damage) => {
                self.damaged("node", head.id, damage);
                Ok(None)
            }
        }
    }
}

/// The one whose greatest is greater comes first.
struct Promising(Head);

impl Ord for Promising {
    fn cmp(&self, other: &Promising) -> std::cmp::Ordering {
        self.0.max.total_cmp(&other.0.max)
    }
}

impl PartialOrd for Promising {
    fn partial_cmp(&self, other: &Promising) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Promising {
    fn eq(&self, other: &Promising) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Promising {}

#[cfg(test)]
mod tests;
