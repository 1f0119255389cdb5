//! Rows of one series that wait for their chunk, with the session's own numbers in place of their source's.

use std::ops::Range;

use super::rows::{Data, Rows};
use super::series::{Schema, Shape};

/// Rows of a sealed chunk: enough that its head and its columns' heads are nothing beside them, and few enough that
/// opening one for a single row is quick.
pub const SEALED: usize = 8192;
/// Bytes of one text column with which a chunk is sealed early.
const HEAP: usize = 4 << 20;
/// The most bytes of one text; the rest is cut off.
const TEXT_MAX: usize = 1 << 20;

/// The session's numbers of a source's names or stacks, of which those are kept that the source may still use.
#[derive(Debug, Default)]
pub struct Numbers {
    /// The source's number of the first one that is kept.
    first: u32,
    all: Vec<u32>,
    /// How many of them were mentioned before the source emptied its dictionary the last time.
    before: usize,
}

impl Numbers {
    /// Takes the session's number of the next one that the source mentions.
    pub fn push(&mut self, number: u32) {
        self.all.push(number);
    }

    /// The session's number by the source's.
    pub fn get(&self, number: u32) -> Option<u32> {
        self.all.get(number.wrapping_sub(self.first) as usize).copied()
    }

    /// The source has emptied its dictionary: what it had mentioned before it did so the last time is forgotten.
    pub fn emptied(&mut self) {
        self.first = self.first.wrapping_add(self.before as u32);
        self.all.drain(..self.before);
        self.before = self.all.len();
    }
}

/// From a source's numbers to the session's; 0 is null, or no track.
#[derive(Debug)]
pub struct Maps<'a> {
    /// By number of the source's name.
    pub names: &'a Numbers,
    /// By number of the source's stack.
    pub stacks: &'a Numbers,
    /// By number of the source's track.
    pub tracks: &'a [u32],
}

/// Rows that wait.
#[derive(Debug)]
pub struct Pending {
    /// They, with the session's numbers.
    pub rows: Rows,
    /// How many of them lie in the file already, in chunks that are not sealed.
    pub written: usize,
    schema: Schema,
}

impl Pending {
    /// None yet.
    pub fn new(schema: &Schema) -> Pending {
        Pending { rows: Rows::new(schema), written: 0, schema: schema.clone() }
    }

    /// Whether these rows have the columns of the series, each as long as the others.
    pub fn fits(&self, rows: &Rows) -> bool {
        let spans = if self.schema.shape == Shape::Span { rows.len() } else { 0 };
        let column = |(data, own): (&Data, &Data)| {
            let length = match data {
                Data::Int(all) => all.len(),
                Data::Real(all) => all.len(),
                Data::Name(all) | Data::Stack(all) => all.len(),
                Data::Text { ends, bytes } => {
                    let whole = ends.is_sorted() && ends.last().is_none_or(|&end| end as usize <= bytes.len());
                    if whole { ends.len() } else { usize::MAX }
                }
            };
            length == rows.len() && std::mem::discriminant(data) == std::mem::discriminant(own)
        };
        rows.duration.len() == spans
            && rows.track.len() == rows.len()
            && rows.columns.len() == self.rows.columns.len()
            && rows.columns.iter().zip(&self.rows.columns).all(column)
    }

    /// Takes as many of the rows from `from` on as fit into the chunk, at least one, and gives how many.
    pub fn take(&mut self, rows: &Rows, from: usize, maps: &Maps<'_>) -> usize {
        let room = SEALED.saturating_sub(self.rows.len()).max(1);
        let mut range = from..rows.len().min(from + room);
        for (own, data) in self.rows.columns.iter().zip(&rows.columns) {
            if let (Data::Text { bytes: own, .. }, Data::Text { ends, .. }) = (own, data) {
                let begin = if from == 0 { 0 } else { ends[from - 1] as usize };
                let most = begin + HEAP.saturating_sub(own.len());
                let fit = ends[range.clone()].partition_point(|&end| end as usize <= most);
                range.end = range.end.min(from + fit.max(1));
            }
        }
        self.append(rows, range.clone(), maps);
        range.len()
    }

    /// Whether there are enough for a chunk.
    pub fn full(&self) -> bool {
        let heavy = |data: &Data| matches!(data, Data::Text { bytes, .. } if bytes.len() + TEXT_MAX >= HEAP);
        self.rows.len() >= SEALED || self.rows.columns.iter().any(heavy)
    }

    /// The rows that do not lie in the file yet.
    pub fn unwritten(&self) -> Rows {
        let mut rows = Rows::new(&self.schema);
        copy(&mut rows, &self.rows, self.written..self.rows.len(), |id| id, |id| id, |id| id);
        rows
    }

    /// Forgets them all: they are sealed.
    pub fn clear(&mut self) {
        self.written = 0;
        self.rows.time.clear();
        self.rows.duration.clear();
        self.rows.track.clear();
        for data in &mut self.rows.columns {
            match data {
                Data::Int(all) => all.clear(),
                Data::Real(all) => all.clear(),
                Data::Name(all) | Data::Stack(all) => all.clear(),
                Data::Text { ends, bytes } => {
                    ends.clear();
                    bytes.clear();
                }
            }
        }
    }

    fn append(&mut self, rows: &Rows, range: Range<usize>, maps: &Maps<'_>) {
        // Numbers that the source never mentioned are null.
        let track = |id: u32| maps.tracks.get(id as usize).copied().unwrap_or(0);
        let of = |map: &Numbers, id: u32| if id == 0 { 0 } else { map.get(id - 1).unwrap_or(0) };
        copy(&mut self.rows, rows, range, track, |id| of(maps.names, id), |id| of(maps.stacks, id));
    }
}

/// Rows one after the other.
pub fn join(schema: &Schema, all: &[Rows]) -> Rows {
    let mut rows = Rows::new(schema);
    all.iter().for_each(|one| copy(&mut rows, one, 0..one.len(), |id| id, |id| id, |id| id));
    rows
}

/// Appends a range of rows, with their numbers mapped.
fn copy(
    to: &mut Rows,
    from: &Rows,
    range: Range<usize>,
    track: impl Fn(u32) -> u32,
    name: impl Fn(u32) -> u32,
    stack: impl Fn(u32) -> u32,
) {
    to.time.extend_from_slice(&from.time[range.clone()]);
    to.duration.extend_from_slice(from.duration.get(range.clone()).unwrap_or_default());
    to.track.extend(from.track[range.clone()].iter().map(|&id| track(id)));
    for (to, from) in to.columns.iter_mut().zip(&from.columns) {
        match (to, from) {
            (Data::Int(to), Data::Int(from)) => to.extend_from_slice(&from[range.clone()]),
            (Data::Real(to), Data::Real(from)) => to.extend_from_slice(&from[range.clone()]),
            (Data::Name(to), Data::Name(from)) => to.extend(from[range.clone()].iter().map(|&id| name(id))),
            (Data::Stack(to), Data::Stack(from)) => to.extend(from[range.clone()].iter().map(|&id| stack(id))),
            (Data::Text { ends, bytes }, Data::Text { ends: all, bytes: heap }) => {
                let mut begin = if range.start == 0 { 0 } else { all[range.start - 1] as usize };
                for &end in &all[range.clone()] {
                    let text = &heap[begin..end as usize];
                    bytes.extend_from_slice(&text[..text.len().min(TEXT_MAX)]);
                    ends.push(bytes.len() as u32);
                    begin = end as usize;
                }
            }
            // Rows that do not fit are refused before they come here.
            _ => {}
        }
    }
}
