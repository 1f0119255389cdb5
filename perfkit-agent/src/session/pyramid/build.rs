//! Builds the pyramid of a series while its chunks are sealed.

use rustc_hash::FxHashMap;

use super::node::{Node, Segment};

/// Rows of a leaf.
const LEAF: usize = 4096;
/// Rows of a leaf that is scattered already: it keeps them itself, and must not hold too many in memory.
const SCATTERED: usize = 1024;
/// A leaf of so many rows in more chunks than [`FEW`] is scattered.
const FEW: usize = 2;
/// Chunks that are opened at most for one leaf; one that lies in more keeps its rows.
const OPENED: usize = 4;
/// Rows that take no more room than buckets do.
const SMALL: usize = super::node::BUCKETS as usize;
/// Nodes below a node.
pub const FANOUT: i64 = 16;
/// Lanes of a track: the first for rows in time, each further one for those that come too late for it.
pub const LANES: usize = 4;

/// Where a node belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The track.
    pub track: u32,
    /// Its lane.
    pub lane: u32,
    /// How far above the leaves.
    pub level: u32,
    /// Its place among those of its level.
    pub seq: i64,
}

/// The pyramids of the tracks of one series, as far as they are not written.
#[derive(Debug, Default)]
pub struct Builder {
    tracks: FxHashMap<u32, Track>,
    /// Nodes that are complete. They are written together with those that are not, so that what is written is the
    /// pyramid of the same rows at every level.
    done: Vec<(Key, Node)>,
}

#[derive(Debug, Default)]
struct Track {
    lanes: Vec<Lane>,
}

#[derive(Debug, Default)]
struct Lane {
    /// The greatest begin so far.
    last: i64,
    leaf: Leaf,
    levels: Vec<Above>,
    /// Whether it has something that was not written.
    changed: bool,
}

#[derive(Debug, Default)]
struct Leaf {
    seq: i64,
    rows: Vec<(i64, f64)>,
    until: i64,
    segments: Vec<Segment>,
}

/// A node above the leaves that is not complete.
#[derive(Debug, Default)]
struct Above {
    seq: i64,
    children: i64,
    node: Option<Node>,
}

impl Builder {
    /// Takes the rows of a sealed chunk, in the chunk's own order.
    pub fn chunk(&mut self, id: i64, tracks: &[u32], times: &[i64], measures: &[f64], spans: bool) {
        let mut start = 0;
        for run in tracks.chunk_by(|a, b| a == b) {
            let range = start..start + run.len();
            self.take(run[0], id, start, &times[range.clone()], &measures[range], spans);
            start += run.len();
        }
    }

    /// Takes the rows of one track in a sealed chunk: a range of the chunk's own order, with the begins in order.
    /// A measure that is no number is left out; `spans` are measured by their durations.
    fn take(&mut self, track: u32, chunk: i64, start: usize, times: &[i64], measures: &[f64], spans: bool) {
        let lanes = &mut self.tracks.entry(track).or_default().lanes;
        let mut at = 0;
        while at < times.len() {
            let lane = lanes.iter().position(|lane| lane.last <= times[at]).unwrap_or(lanes.len()).min(LANES - 1);
            if lane == lanes.len() {
                lanes.push(Lane { last: i64::MIN, ..Lane::default() });
            }
            // Until the rows are late no more for an earlier lane.
            let end = match lane.checked_sub(1) {
                Some(earlier) => at + times[at..].partition_point(|&time| time < lanes[earlier].last),
                None => times.len(),
            };
            let key = Key { track, lane: lane as u32, level: 0, seq: 0 };
            let mut from = at;
            while from < end {
                let lane = &mut lanes[lane];
                let to = end.min(from + LEAF - lane.leaf.rows.len());
                let segment = Segment { chunk, start: (start + from) as u32, rows: (to - from) as u32 };
                lane.take(segment, &times[from..to], &measures[from..to], spans);
                if lane.leaf.full() {
                    lane.complete(key, &mut self.done);
                }
                from = to;
            }
            at = end;
        }
    }

    /// Gives the nodes that were completed since this was asked last.
    pub fn done(&mut self) -> Vec<(Key, Node)> {
        std::mem::take(&mut self.done)
    }

    /// Gives every node that changed since this was asked last, complete or not, and keeps none of them.
    pub fn flush(&mut self) -> Vec<(Key, Node)> {
        let mut all = self.done();
        for (&track, of) in &mut self.tracks {
            for (lane, of) in of.lanes.iter_mut().enumerate().filter(|(_, lane)| lane.changed) {
                of.changed = false;
                of.partial(Key { track, lane: lane as u32, level: 0, seq: 0 }, &mut all);
            }
        }
        all.sort_by_key(|(key, _)| *key);
        all
    }
}

impl Leaf {
    fn full(&self) -> bool {
        self.rows.len() >= LEAF || (self.rows.len() >= SCATTERED && self.segments.len() > FEW)
    }

    fn node(&mut self) -> Node {
        let exact = self.rows.len() <= SMALL || self.segments.len() > OPENED || (self.rows.len() < LEAF && self.full());
        Node::leaf(&mut self.rows, self.until, &self.segments, exact)
    }
}

impl Lane {
    fn take(&mut self, segment: Segment, times: &[i64], measures: &[f64], spans: bool) {
        let leaf = &mut self.leaf;
        if leaf.rows.is_empty() {
            leaf.until = i64::MIN;
        }
        let before = leaf.rows.len();
        for (&time, &measure) in times.iter().zip(measures) {
            if measure.is_finite() {
                leaf.rows.push((time, measure));
                let end = if spans { time.saturating_add(measure as i64) } else { time };
                leaf.until = leaf.until.max(end);
            }
        }
        if leaf.rows.len() > before {
            leaf.segments.push(segment);
            self.changed = true;
        }
        // Late ones of the last lane do not make it earlier.
        self.last = self.last.max(times.last().copied().unwrap_or(self.last));
    }

    /// Completes the leaf, and every node above that it completes.
    fn complete(&mut self, key: Key, done: &mut Vec<(Key, Node)>) {
        let mut node = self.leaf.node();
        let mut key = Key { seq: self.leaf.seq, ..key };
        self.leaf = Leaf { seq: self.leaf.seq + 1, ..Leaf::default() };
        loop {
            let level = key.level as usize;
            if self.levels.len() == level {
                self.levels.push(Above::default());
            }
            let above = &mut self.levels[level];
            match &mut above.node {
                Some(above) => above.absorb(&node),
                none => *none = Some(Node::above(&node)),
            }
            above.children += 1;
            done.push((key, node));
            if above.children < FANOUT {
                return;
            }
            let seq = above.seq;
            let Some(complete) = above.node.take() else { return };
            *above = Above { seq: seq + 1, ..Above::default() };
            node = complete;
            key = Key { level: key.level + 1, seq, ..key };
        }
    }

    /// Gives the nodes that are not complete, each with what is not complete below it.
    fn partial(&mut self, key: Key, all: &mut Vec<(Key, Node)>) {
        let mut below = match self.leaf.rows.is_empty() {
            true => None,
            false => Some(self.leaf.node()),
        };
        all.extend(below.iter().map(|node| (Key { seq: self.leaf.seq, ..key }, node.clone())));
        for (level, above) in (1..).zip(&self.levels) {
            // A node over a single one would say the same again.
            if above.seq == 0 && above.children + i64::from(below.is_some()) < 2 {
                return;
            }
            let node = match (&above.node, &below) {
                (Some(above), Some(below)) => {
                    let mut node = above.clone();
                    node.absorb(below);
                    Some(node)
                }
                (Some(above), None) => Some(above.clone()),
                (None, Some(below)) => Some(Node::above(below)),
                (None, None) => None,
            };
            all.extend(node.iter().map(|node| (Key { level, seq: above.seq, ..key }, node.clone())));
            below = node;
        }
    }
}
