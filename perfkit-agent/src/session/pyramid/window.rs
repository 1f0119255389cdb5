//! Any stretch of a track in so many columns, at a cost that depends on the columns alone.

use std::collections::BinaryHeap;
use std::sync::Arc;

use rusqlite::params;
use rustc_hash::FxHashSet;

use super::build::LANES;
use super::kept::{Head, Opened, Ready, below, top};
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
        self.search(series, track, (begin, end), columns, false)
    }

    /// The same for the eye, at less cost: the first and the last column may also have what lies beside the stretch by
    /// less than a column's width, so that nothing has to be opened to tell that apart.
    pub fn glance(&self, series: &Series, track: u32, begin: i64, end: i64, columns: usize) -> Result<Window> {
        self.search(series, track, (begin, end), columns, true)
    }

    /// Decodes nodes of a track that were not yet, the uppermost first, until `goes_on` says no: windows then need not
    /// wait for that. Whether all are there that there is room for.
    pub fn prepare(&self, series: &Series, track: u32, goes_on: &mut dyn FnMut() -> bool) -> Result<bool> {
        let mut search = Search::new(self, series, track, (0, 1), 1);
        search.heads = {
            let mut kept = self.pyramid();
            kept.refresh(self)?;
            kept.heads(self, track)?
        };
        let mut heads = search.heads.to_vec();
        heads.sort_by_key(|head| std::cmp::Reverse(head.key.level));
        for head in heads {
            if self.pyramid().node(head.id).is_none() {
                if !self.pyramid().has_room() {
                    break;
                }
                if !goes_on() {
                    return Ok(false);
                }
                search.ready(&head)?;
            }
        }
        Ok(true)
    }

    fn search(
        &self,
        series: &Series,
        track: u32,
        (begin, end): (i64, i64),
        columns: usize,
        about: bool,
    ) -> Result<Window> {
        let mut search = Search { about, ..Search::new(self, series, track, (begin, end), columns) };
        if columns == 0 || begin >= end {
            return Ok(search.window);
        }
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

struct Search<'a> {
    session: &'a Session,
    series: &'a Series,
    track: u32,
    begin: i64,
    end: i64,
    span: u64,
    /// Whether what lies beside the stretch by less than a column may be counted.
    about: bool,
    /// Columns of a nanosecond.
    scale: f64,
    /// Buckets as wide as a column, or narrower, are as good as rows.
    narrow: u64,
    /// Chunks that were told to be damaged.
    broken: FxHashSet<i64>,
    /// The nodes of the track.
    heads: Arc<[Head]>,
    window: Window,
}

impl<'a> Search<'a> {
    fn new(
        session: &'a Session,
        series: &'a Series,
        track: u32,
        (begin, end): (i64, i64),
        columns: usize,
    ) -> Search<'a> {
        let span = end.wrapping_sub(begin) as u64;
        Search {
            session,
            series,
            track,
            begin,
            end,
            span,
            about: false,
            scale: columns as f64 / span as f64,
            narrow: (span / (columns as u64).max(1)).max(1),
            broken: FxHashSet::default(),
            heads: Arc::new([]),
            window: Window { bins: vec![Bin::EMPTY; columns], reach: None, damaged: Vec::new() },
        }
    }

    fn run(&mut self) -> Result<()> {
        {
            let mut kept = self.session.pyramid();
            kept.refresh(self.session)?;
            self.heads = kept.heads(self.session, self.track)?;
        }
        let heads = Arc::clone(&self.heads);
        for lane in 0..LANES as u32 {
            for head in top(&heads, lane) {
                self.visit(*head)?;
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
        // Where a node is damaged, those below it say the same.
        if (inside || self.about)
            && narrow
            && let Some(ready) = self.ready(&head)?
            && let Some((shift, entries)) = ready.entries(self.narrow)
        {
            match inside {
                true => entries.iter().for_each(|entry| self.entry(entry)),
                false => entries.iter().for_each(|entry| self.bucket(shift, entry)),
            }
            return Ok(());
        }
        if head.key.level > 0 {
            let heads = Arc::clone(&self.heads);
            for child in below(&heads, head.key) {
                self.visit(*child)?;
            }
            return Ok(());
        }
        if let Some(rows) = self.session.pyramid().exact(head.id) {
            self.add_rows(&rows.0, &rows.1);
            return Ok(());
        }
        let Some(node) = self.node(&head)? else { return Ok(()) };
        if node.exact {
            let rows: Opened = Arc::new(node.entries.iter().map(|entry| (entry.at, entry.max)).unzip());
            self.add_rows(&rows.0, &rows.1);
            self.session.pyramid().keep_exact(head.id, &rows);
            return Ok(());
        }
        if inside && narrow {
            node.entries.iter().for_each(|entry| self.entry(entry));
            return Ok(());
        }
        for segment in &node.segments {
            if let Some(opened) = self.opened(segment.chunk)? {
                self.add_rows(part(&opened.0, *segment), part(&opened.1, *segment));
            }
        }
        Ok(())
    }

    /// Adds rows in the order of their times.
    fn add_rows(&mut self, times: &[i64], measures: &[f64]) {
        // A hostile file has any order; then the column of each is looked for.
        let first = times.partition_point(|&time| time < self.begin);
        let (mut column, mut until) = (usize::MAX, i64::MIN);
        let mut from = i64::MAX;
        for (&time, &measure) in times.iter().zip(measures).skip(first) {
            if !(self.begin..self.end).contains(&time) || !measure.is_finite() {
                continue;
            }
            if time < from || time >= until {
                column = self.column(time);
                from = time;
                until = self.column_end(column);
            }
            if let Some(bin) = self.window.bins.get_mut(column) {
                bin.count = bin.count.saturating_add(1);
                bin.sum += measure;
                bin.min = bin.min.min(measure);
                if measure > bin.max {
                    (bin.max, bin.at) = (measure, time);
                }
            }
        }
    }

    /// The column of a time of the window.
    fn column(&self, time: i64) -> usize {
        let from = time.wrapping_sub(self.begin) as u64;
        // About the column, and from there the exact one: to divide such numbers takes long.
        let (columns, span) = (self.window.bins.len() as u128, u128::from(self.span));
        let place = u128::from(from) * columns;
        let mut column = (from as f64 * self.scale) as u64;
        while column > 0 && u128::from(column) * span > place {
            column -= 1;
        }
        while (u128::from(column) + 1) * span <= place {
            column += 1;
        }
        column as usize
    }

    /// The first time after a column.
    fn column_end(&self, column: usize) -> i64 {
        let from = (column as u128 + 1) * u128::from(self.span);
        self.begin.wrapping_add(from.div_ceil((self.window.bins.len() as u128).max(1)) as i64)
    }

    /// Adds a bucket, or a row, to the column of its greatest.
    fn entry(&mut self, entry: &Entry) {
        self.entry_at(entry.at, entry);
    }

    fn entry_at(&mut self, time: i64, entry: &Entry) {
        if (self.begin..self.end).contains(&time) {
            let column = self.column(time);
            if let Some(bin) = self.window.bins.get_mut(column) {
                bin.add(entry);
            }
        }
    }

    /// Adds a bucket that may lie partly outside.
    fn bucket(&mut self, shift: u32, entry: &Entry) {
        let first = entry.bucket << shift;
        let last = first.saturating_add(((1u64 << shift) - 1) as i64);
        if last >= self.begin && first < self.end {
            self.entry_at(entry.at.clamp(self.begin, self.end - 1), entry);
        }
    }

    fn row(&mut self, time: i64, measure: f64) {
        self.entry(&Entry { bucket: time, count: 1, sum: measure, max: measure, min: measure, at: time });
    }

    /// Finds the longest row that lasts into the window, the most promising nodes first.
    fn reach(&mut self) -> Result<()> {
        let mut heap = BinaryHeap::new();
        let heads = Arc::clone(&self.heads);
        for lane in 0..LANES as u32 {
            heap.extend(top(&heads, lane).iter().copied().map(Promising));
        }
        while let Some(Promising(head)) = heap.pop() {
            if self.window.reach.is_some_and(|reach| reach.duration >= head.max) {
                break;
            }
            if head.first >= self.begin || head.until <= self.begin {
                continue;
            }
            if head.key.level > 0 {
                heap.extend(below(&heads, head.key).iter().copied().map(Promising));
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
            let rows = part(times, *segment).iter().zip(part(measures, *segment));
            for (&time, &measure) in rows.filter(|(_, measure)| measure.is_finite()) {
                each(self, time, measure);
            }
        }
        Ok(())
    }

    /// The rows that no node has yet: those of chunks that are not sealed, or were after the last writing.
    fn tail(&mut self) -> Result<Vec<(i64, f64)>> {
        let tail = self.session.pyramid().tail(self.session, self.series.id)?;
        let mut rows = Vec::new();
        let end = self.end;
        for &(id, _) in tail.iter().filter(|(_, first)| *first < end) {
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
        let kept = self.session.pyramid().chunk(id);
        if kept.is_some() || self.broken.contains(&id) {
            return Ok(kept);
        }
        let chunk = self.chunk(id)?;
        let read = |chunk: Chunk| Ok(Arc::new((chunk.times()?, chunk.measures(&self.series.schema)?)));
        let opened = match chunk.map(read).transpose() {
            Ok(opened) => opened,
            Err(damage) => {
                self.damaged("chunk", id, damage);
                None
            }
        };
        match &opened {
            Some(opened) => self.session.pyramid().keep_chunk(id, opened),
            None => _ = self.broken.insert(id),
        }
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

    /// A node for whole buckets.
    fn ready(&mut self, head: &Head) -> Result<Option<Arc<Ready>>> {
        if let Some(kept) = self.session.pyramid().node(head.id) {
            return Ok(Some(kept));
        }
        let Some(node) = self.node(head)? else { return Ok(None) };
        let ready = Arc::new(Ready::new(&node));
        self.session.pyramid().keep(head.id, &ready);
        Ok(Some(ready))
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

/// Those of a chunk's rows that lie in a place.
fn part<T>(all: &[T], Segment { start, rows, .. }: Segment) -> &[T] {
    let (start, rows) = (start as usize, rows as usize);
    all.get(start..start.saturating_add(rows)).unwrap_or_default()
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
