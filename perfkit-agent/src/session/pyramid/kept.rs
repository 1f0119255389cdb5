//! What is kept of pyramids from one window to the next, as long as nobody writes: somebody who zooms and pans needs
//! the same nodes again and again, and decoding them takes most of the time.

use std::sync::Arc;

use rusqlite::params;
use rustc_hash::FxHashMap;

use super::build::{FANOUT, Key};
use super::node::{Entry, Node};
use crate::error::{Error, Result};
use crate::session::reader::Session;

/// Entries that nodes may have together, of 48 bytes; with more all are forgotten, which bounds the memory. The nodes
/// that one picture of a very large session needs have half as many.
const MOST: usize = 3_000_000;

/// A node that is not decoded.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// Where it belongs.
    pub key: Key,
    /// The number of its row.
    pub id: i64,
    /// The least begin.
    pub first: i64,
    /// The greatest begin.
    pub last: i64,
    /// The greatest end.
    pub until: i64,
    /// The width of its buckets.
    pub shift: u32,
    /// The greatest of what it has.
    pub max: f64,
}

/// How often the width of buckets is doubled: what is above a node is up to sixteen times as wide.
const WIDER: usize = 4;

/// A node at hand, with its buckets joined to wider ones.
#[derive(Debug)]
pub struct Ready {
    /// The binary logarithm of the width of the narrowest buckets.
    shift: u32,
    /// The entries in buckets of that width, of twice the width, and so on.
    widths: [Vec<Entry>; WIDER + 1],
}

impl Ready {
    /// From a node. The rows of one that has them itself are not kept: few of those are needed at once.
    pub fn new(node: &Node) -> Ready {
        let narrowest = if node.exact { super::node::shift(node.first, node.last) } else { node.shift };
        let mut widths: [Vec<Entry>; WIDER + 1] = std::array::from_fn(|_| Vec::new());
        let mut below = &node.entries;
        for (level, shift) in widths.iter_mut().zip(narrowest..) {
            for entry in below {
                let bucket = entry.at >> shift.min(63);
                match level.last_mut() {
                    Some(last) if last.bucket == bucket => last.add(entry),
                    _ => level.push(Entry { bucket, ..*entry }),
                }
            }
            below = level;
        }
        Ready { shift: narrowest, widths }
    }

    /// The entries in the widest buckets that are no wider than so many nanoseconds, with their shift; `None` where all
    /// are wider.
    pub fn entries(&self, widest: u64) -> Option<(u32, &[Entry])> {
        let fits = |by: &u32| 1u64.checked_shl(self.shift + by).is_some_and(|width| width <= widest);
        let by = (0..=WIDER as u32).rev().find(fits)?;
        Some((self.shift + by, self.widths.get(by as usize)?))
    }

    fn size(&self) -> usize {
        self.widths.iter().map(Vec::len).sum()
    }
}

/// What is kept.
#[derive(Debug, Default)]
pub struct Kept {
    /// SQLite's number of the last commit of somebody else.
    version: i64,
    /// The nodes of each track, in the order of their keys.
    tracks: FxHashMap<u32, Arc<[Head]>>,
    nodes: FxHashMap<i64, Arc<Ready>>,
    size: usize,
    chunks: FxHashMap<i64, Opened>,
    /// Of each series the chunks that no node has yet: their numbers and first begins.
    tails: FxHashMap<u32, Arc<[(i64, i64)]>>,
    /// Begins and measures of nodes that have the rows themselves.
    exact: FxHashMap<i64, Opened>,
    rows: usize,
}

/// Begins and measures of the rows of a chunk.
pub type Opened = Arc<(Vec<i64>, Vec<f64>)>;

/// Rows of nodes that have them themselves, of 16 bytes: with more all are forgotten.
const ROWS: usize = 1_000_000;

/// Chunks that are kept: those at the edges of a picture, which the tracks of a series have in common.
const CHUNKS: usize = 64;

impl Kept {
    /// Forgets all where somebody has written since.
    pub fn refresh(&mut self, session: &Session) -> Result<()> {
        let read = session.db().pragma_query_value(None, "data_version", |row| row.get(0));
        let version: i64 = read.map_err(Error::store(session.path()))?;
        if self.version != version {
            *self = Kept { version, ..Kept::default() };
        }
        Ok(())
    }

    /// The nodes of a track, in the order of their keys.
    pub fn heads(&mut self, session: &Session, track: u32) -> Result<Arc<[Head]>> {
        if let Some(known) = self.tracks.get(&track) {
            return Ok(Arc::clone(known));
        }
        let sql = "SELECT lane, level, seq, rowid, first, last, until, shift, max FROM pyramid WHERE track = ?1
                   ORDER BY lane, level, seq";
        let heads = session.rows(sql, params![track], |row| {
            let key = Key { track, lane: row.get(0)?, level: row.get(1)?, seq: row.get(2)? };
            let (id, first, last, until) = (row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?);
            Ok(Head { key, id, first, last, until, shift: row.get(7)?, max: row.get(8)? })
        })?;
        let heads: Arc<[Head]> = heads.into();
        self.tracks.insert(track, Arc::clone(&heads));
        Ok(heads)
    }

    /// The chunks of a series that no node has yet: those that are not sealed, or were after the last writing. Of each
    /// its number and its first begin.
    pub fn tail(&mut self, session: &Session, series: u32) -> Result<Arc<[(i64, i64)]>> {
        if let Some(known) = self.tails.get(&series) {
            return Ok(Arc::clone(known));
        }
        let sql = "SELECT chunk.id, first FROM chunk JOIN series ON series.id = chunk.series
                   WHERE series.id = ?1 AND (NOT sealed OR chunk.id > covered)";
        let tail: Arc<[(i64, i64)]> = session.rows(sql, params![series], |row| Ok((row.get(0)?, row.get(1)?)))?.into();
        self.tails.insert(series, Arc::clone(&tail));
        Ok(tail)
    }

    /// A chunk that was opened before.
    pub fn chunk(&self, id: i64) -> Option<Opened> {
        self.chunks.get(&id).cloned()
    }

    /// Keeps a chunk.
    pub fn keep_chunk(&mut self, id: i64, opened: &Opened) {
        if self.chunks.len() >= CHUNKS {
            self.chunks.clear();
        }
        self.chunks.insert(id, Arc::clone(opened));
    }

    /// The rows of a node that has them itself, where they were decoded before.
    pub fn exact(&self, id: i64) -> Option<Opened> {
        self.exact.get(&id).cloned()
    }

    /// Keeps the rows of a node that has them itself.
    pub fn keep_exact(&mut self, id: i64, rows: &Opened) {
        if self.rows + rows.0.len() > ROWS {
            self.exact.clear();
            self.rows = 0;
        }
        self.rows += rows.0.len();
        self.exact.insert(id, Arc::clone(rows));
    }

    /// Whether there is room for another node without others being forgotten.
    pub fn has_room(&self) -> bool {
        self.size + super::node::BUCKETS as usize * 2 <= MOST
    }

    /// A node that was decoded before.
    pub fn node(&self, id: i64) -> Option<Arc<Ready>> {
        self.nodes.get(&id).cloned()
    }

    /// Keeps a node.
    pub fn keep(&mut self, id: i64, node: &Arc<Ready>) {
        let size = node.size();
        if self.size + size > MOST {
            self.nodes.clear();
            self.size = 0;
        }
        self.size += size;
        self.nodes.insert(id, Arc::clone(node));
    }
}

/// The uppermost nodes of a lane; there is one.
pub fn top(heads: &[Head], lane: u32) -> &[Head] {
    let begin = heads.partition_point(|head| head.key.lane < lane);
    let end = heads.partition_point(|head| head.key.lane <= lane);
    let of = heads.get(begin..end).unwrap_or_default();
    let level = of.last().map_or(0, |head| head.key.level);
    &of[of.partition_point(|head| head.key.level < level)..]
}

/// Those below a node.
pub fn below(heads: &[Head], key: Key) -> &[Head] {
    let Some(level) = key.level.checked_sub(1) else { return &[] };
    let from = Key { level, seq: key.seq.saturating_mul(FANOUT), ..key };
    let to = Key { seq: from.seq.saturating_add(FANOUT), ..from };
    let begin = heads.partition_point(|head| head.key < from);
    let end = heads.partition_point(|head| head.key < to);
    heads.get(begin..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wider_buckets_have_what_the_narrower_ones_have() {
        let mut rows: Vec<(i64, f64)> = (0..3000).map(|at| (at * 137 % 9000, (at * 31 % 97) as f64)).collect();
        for exact in [false, true] {
            let ready = Ready::new(&Node::leaf(&mut rows, 0, &[], exact));
            let narrowest = 1u64 << ready.shift;
            assert!(ready.entries(narrowest - 1).is_none());
            for by in [1, 2, 5, 16, 1 << 20] {
                let entries = ready.entries(by * narrowest).unwrap().1;
                assert_eq!(entries.iter().map(|entry| entry.count).sum::<u64>(), 3000);
                assert_eq!(entries.iter().map(|entry| entry.max).fold(0.0, f64::max), 96.0);
                let is_row = |entry: &Entry| rows.contains(&(entry.at, entry.max));
                assert!(entries.iter().all(is_row));
                assert!(entries.len() as u64 <= 256 / by.min(16) + 1, "{by} {}", entries.len());
            }
        }
    }
}
