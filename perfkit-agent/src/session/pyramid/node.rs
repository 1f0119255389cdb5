//! One node, as it is built, and as bytes: SESSION.md has the layout.

use crate::session::column::{self, Damage, Encoder};

/// Buckets of a node at most.
pub const BUCKETS: u64 = 256;
/// The most entries of a node: the rows of a leaf that keeps them.
const ENTRIES_MAX: usize = 1 << 16;
/// The layout's number, in the first byte.
const LAYOUT: u8 = 1;
/// The entries are the rows themselves.
const EXACT: u8 = 1;
/// Layout, flags, two spare bytes, the numbers of segments and of entries, the checksum.
const HEAD: usize = 16;
/// Bytes of a segment.
const SEGMENT: usize = 16;

/// One bucket of a node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// Its number: times shifted right by the node's shift.
    pub bucket: i64,
    /// Rows that begin in it.
    pub count: u64,
    /// The sum of what they measure.
    pub sum: f64,
    /// The greatest of it.
    pub max: f64,
    /// The least of it.
    pub min: f64,
    /// The begin of the row with the greatest; the first one where there are several.
    pub at: i64,
}

/// Where rows of a leaf lie: a range of the rows of a chunk, in the chunk's own order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The chunk's number.
    pub chunk: i64,
    /// Its first row.
    pub start: u32,
    /// How many.
    pub rows: u32,
}

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The least begin.
    pub first: i64,
    /// The greatest begin.
    pub last: i64,
    /// The greatest end.
    pub until: i64,
    /// The binary logarithm of the buckets' width in nanoseconds.
    pub shift: u32,
    /// The greatest of what is measured.
    pub max: f64,
    /// Whether the entries are the rows themselves.
    pub exact: bool,
    /// Where the rows of a leaf lie; none where it is exact, or no leaf.
    pub segments: Vec<Segment>,
    /// In the order of the buckets; those of an exact one in the order of their times.
    pub entries: Vec<Entry>,
}

/// The least shift with which these times lie in few enough buckets.
pub fn shift(first: i64, last: i64) -> u32 {
    let buckets = |shift: u32| (last >> shift).wrapping_sub(first >> shift) as u64;
    (0..64).find(|&shift| buckets(shift) < BUCKETS).unwrap_or(63)
}

impl Node {
    /// A leaf of rows: begins and what they measure; at least one.
    pub fn leaf(rows: &mut [(i64, f64)], until: i64, segments: &[Segment], exact: bool) -> Node {
        if !rows.is_sorted_by_key(|&(time, _)| time) {
            rows.sort_by_key(|&(time, _)| time);
        }
        let (first, last) = (rows.first().map_or(0, |row| row.0), rows.last().map_or(0, |row| row.0));
        let shift = if exact { 0 } else { shift(first, last) };
        let mut entries: Vec<Entry> = Vec::with_capacity(if exact { rows.len() } else { BUCKETS as usize });
        for &(time, measure) in rows.iter() {
            let bucket = time >> shift;
            let row = Entry { bucket, count: 1, sum: measure, max: measure, min: measure, at: time };
            match entries.last_mut() {
                Some(entry) if entry.bucket == bucket && !exact => entry.add(&row),
                _ => entries.push(row),
            }
        }
        let max = entries.iter().map(|entry| entry.max).fold(f64::NEG_INFINITY, f64::max);
        let segments = if exact { Vec::new() } else { segments.to_vec() };
        Node { first, last, until, shift, max, exact, segments, entries }
    }

    /// A node above this one, with nothing else in it.
    pub fn above(child: &Node) -> Node {
        let mut node = Node { entries: Vec::new(), segments: Vec::new(), exact: false, ..child.clone() };
        node.absorb(child);
        node
    }

    /// Takes another node below it.
    pub fn absorb(&mut self, child: &Node) {
        self.first = self.first.min(child.first);
        self.last = self.last.max(child.last);
        self.until = self.until.max(child.until);
        self.max = self.max.max(child.max);
        // Never less than before: wider buckets are made of whole narrower ones.
        let shift = shift(self.first, self.last).max(self.shift).max(child.shift);
        let widen = |by: u32| move |entry: &Entry| Entry { bucket: entry.bucket >> by, ..*entry };
        let (mine, theirs) = (shift - self.shift, shift - child.shift);
        let mut left = self.entries.iter().map(widen(mine)).peekable();
        let mut right = child.entries.iter().map(widen(theirs)).peekable();
        let mut entries: Vec<Entry> = Vec::with_capacity(BUCKETS as usize);
        loop {
            let next = match (left.peek(), right.peek()) {
                (Some(a), Some(b)) if b.bucket < a.bucket => right.next(),
                (Some(_), _) => left.next(),
                (None, _) => right.next(),
            };
            let Some(entry) = next else { break };
            match entries.last_mut() {
                Some(last) if last.bucket == entry.bucket => last.add(&entry),
                _ => entries.push(entry),
            }
        }
        self.shift = shift;
        self.entries = entries;
    }

    /// Appends its bytes; `first`, `last`, `until`, `shift` and `max` are kept beside them.
    pub fn encode(&self, encoder: &mut Encoder, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&[LAYOUT, if self.exact { EXACT } else { 0 }, 0, 0]);
        out.extend_from_slice(&(self.segments.len() as u32).to_le_bytes());
        out.extend_from_slice(&(self.entries.len() as u32).to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        for segment in &self.segments {
            out.extend_from_slice(&segment.chunk.to_le_bytes());
            out.extend_from_slice(&segment.start.to_le_bytes());
            out.extend_from_slice(&segment.rows.to_le_bytes());
        }
        let mut column = |write: &mut dyn FnMut(&mut Encoder, &mut Vec<u8>)| {
            let at = out.len();
            out.extend_from_slice(&[0; 4]);
            write(encoder, out);
            let length = (out.len() - at - 4) as u32;
            out[at..at + 4].copy_from_slice(&length.to_le_bytes());
        };
        let ints = |of: &dyn Fn(&Entry) -> i64| self.entries.iter().map(of).collect::<Vec<i64>>();
        let reals = |of: &dyn Fn(&Entry) -> f64| self.entries.iter().map(of).collect::<Vec<f64>>();
        column(&mut |encoder, out| encoder.ints(&ints(&|entry| entry.bucket), out));
        column(&mut |encoder, out| encoder.reals(&reals(&|entry| entry.max), out));
        if !self.exact {
            column(&mut |encoder, out| encoder.ints(&ints(&|entry| entry.count as i64), out));
            column(&mut |encoder, out| encoder.reals(&reals(&|entry| entry.sum), out));
            column(&mut |encoder, out| encoder.reals(&reals(&|entry| entry.min), out));
            let within = |entry: &Entry| entry.at.wrapping_sub(entry.bucket << self.shift);
            column(&mut |encoder, out| encoder.ints(&ints(&within), out));
        }
        let sum = checksum(out);
        out[12..HEAD].copy_from_slice(&sum.to_le_bytes());
    }

    /// From its bytes and what is kept beside them.
    pub fn decode(bytes: &[u8], first: i64, last: i64, until: i64, shift: u32, max: f64) -> Result<Node, Damage> {
        let head: &[u8; HEAD] = bytes.first_chunk().ok_or(Damage("it is cut"))?;
        let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let (exact, segments, count) = (head[1] & EXACT != 0, word(4) as usize, word(8) as usize);
        if head[0] != LAYOUT || shift > 63 {
            return Err(Damage("an unknown layout"));
        }
        if checksum(bytes) != word(12) {
            return Err(Damage("its checksum is wrong"));
        }
        if count > ENTRIES_MAX || segments > ENTRIES_MAX {
            return Err(Damage("more entries than a node can have"));
        }
        let mut rest = &bytes[HEAD..];
        let places = rest.split_off(..segments * SEGMENT).ok_or(Damage("it is cut"))?;
        let segment = |bytes: &[u8; SEGMENT]| {
            let half = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
            let chunk = (u64::from(half(4)) << 32 | u64::from(half(0))) as i64;
            Segment { chunk, start: half(8), rows: half(12) }
        };
        let segments = places.as_chunks().0.iter().map(segment).collect();
        let mut column = || {
            let length = rest.split_off(..4).and_then(<[u8]>::first_chunk).ok_or(Damage("it is cut"))?;
            rest.split_off(..u32::from_le_bytes(*length) as usize).ok_or(Damage("it is cut"))
        };
        let buckets = column::ints(column()?, count)?;
        let maxima = column::reals(column()?, count)?;
        let row = |(bucket, max): (i64, f64)| Entry { bucket, count: 1, sum: max, max, min: max, at: bucket };
        let mut entries: Vec<Entry> = buckets.into_iter().zip(maxima).map(row).collect();
        if !exact {
            let counts = column::ints(column()?, count)?;
            let sums = column::reals(column()?, count)?;
            let minima = column::reals(column()?, count)?;
            let within = column::ints(column()?, count)?;
            for (at, entry) in entries.iter_mut().enumerate() {
                entry.count = counts[at].max(0) as u64;
                entry.sum = sums[at];
                entry.min = minima[at];
                entry.at = (entry.bucket << shift).wrapping_add(within[at]);
            }
        }
        Ok(Node { first, last, until, shift, max, exact, segments, entries })
    }
}

impl Entry {
    /// Adds what another one has; this one is the earlier where both have the same greatest.
    pub fn add(&mut self, other: &Entry) {
        // A hostile file has any counts.
        self.count = self.count.saturating_add(other.count);
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        if other.max > self.max {
            self.max = other.max;
            self.at = other.at;
        }
    }
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&bytes[..12]);
    hasher.update(&bytes[HEAD..]);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows() -> impl Strategy<Value = Vec<(i64, f64)>> {
        let measure = (0i32..1000).prop_map(f64::from);
        let time = prop_oneof![0i64..100_000, any::<i64>(), -5i64..5];
        prop::collection::vec((time, measure), 1..400)
    }

    proptest! {
        #[test]
        fn a_leaf_comes_back_and_has_all_of_its_rows(mut rows in rows(), exact in any::<bool>()) {
            let segments = [Segment { chunk: -7, start: 3, rows: 9 }, Segment { chunk: i64::MAX, start: 0, rows: 1 }];
            let node = Node::leaf(&mut rows, 5, &segments, exact);
            let mut bytes = Vec::new();
            node.encode(&mut Encoder::new().unwrap(), &mut bytes);
            let back = Node::decode(&bytes, node.first, node.last, node.until, node.shift, node.max).unwrap();
            prop_assert_eq!(&back, &node);
            prop_assert_eq!(node.entries.iter().map(|entry| entry.count).sum::<u64>(), rows.len() as u64);
            prop_assert!(exact || node.entries.len() <= BUCKETS as usize);
            let greatest = rows.iter().map(|row| row.1).fold(0.0, f64::max);
            prop_assert!(node.max == greatest && node.entries.iter().any(|entry| entry.max == greatest));
        }

        #[test]
        fn what_is_above_has_what_is_below(mut leaves in prop::collection::vec(rows(), 1..6)) {
            let nodes: Vec<Node> = leaves.iter_mut().map(|rows| {
                let exact = rows.len() % 2 == 0;
                Node::leaf(rows, 0, &[], exact)
            }).collect();
            let mut above = Node::above(&nodes[0]);
            nodes[1..].iter().for_each(|node| above.absorb(node));
            let all: Vec<(i64, f64)> = leaves.concat();
            prop_assert!(above.entries.len() <= BUCKETS as usize);
            prop_assert!(above.entries.is_sorted_by(|a, b| a.bucket < b.bucket));
            for entry in &above.entries {
                let mine = all.iter().filter(|row| row.0 >> above.shift == entry.bucket);
                let (count, sum) = mine.clone().fold((0, 0.0), |(count, sum), row| (count + 1, sum + row.1));
                prop_assert_eq!((entry.count, entry.sum), (count, sum));
                let greatest = mine.clone().map(|row| row.1).fold(f64::NEG_INFINITY, f64::max);
                let least = mine.clone().map(|row| row.1).fold(f64::INFINITY, f64::min);
                prop_assert_eq!((entry.max, entry.min), (greatest, least));
                prop_assert!(mine.clone().any(|row| *row == (entry.at, entry.max)));
            }
        }

        #[test]
        fn any_bytes_are_a_node_or_damage(mut bytes in prop::collection::vec(any::<u8>(), HEAD..200), shift in 0u32..70) {
            bytes[0] = LAYOUT;
            let sum = checksum(&bytes);
            bytes[12..HEAD].copy_from_slice(&sum.to_le_bytes());
            let _ = Node::decode(&bytes, 0, 0, 0, shift, 0.0);
        }
    }

    #[test]
    fn counts_that_cannot_be_add_up_without_a_panic() {
        let mut node = Node::leaf(&mut [(1, 1.0), (2, 2.0)], 2, &[], false);
        node.entries.iter_mut().for_each(|entry| entry.count = u64::MAX);
        let again = node.clone();
        node.absorb(&again);
        assert!(node.entries.iter().all(|entry| entry.count == u64::MAX));
    }

    #[test]
    fn buckets_are_as_narrow_as_they_can_be() {
        for (first, last, expected) in
            [(0, 255, 0), (0, 256, 1), (255, 256, 0), (i64::MIN, i64::MAX, 56), (-1, 0, 0), (5, 5, 0), (-1, 255, 1)]
        {
            assert_eq!(shift(first, last), expected, "{first} {last}");
        }
    }
}
