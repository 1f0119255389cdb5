//! Rows on their way from a source to the store, column by column, with their texts replaced by numbers.

use rustc_hash::FxHashMap;

use super::series::{ColumnType, Schema};

/// How a null lies among the numbers of a column, and an unknown duration among the durations.
pub const NULL: i64 = i64::MIN;

/// One value of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Nothing, or unknown.
    Null,
    /// For a [`ColumnType::Int`].
    Int(i64),
    /// For a [`ColumnType::Real`].
    Real(f64),
    /// For a [`ColumnType::Name`] or a [`ColumnType::Text`].
    Text(&'a str),
    /// For a [`ColumnType::Stack`].
    Stack(StackId),
}

impl<'a> Cell<'a> {
    /// A number that may be unknown.
    pub fn int(value: Option<i64>) -> Cell<'a> {
        value.map_or(Cell::Null, Cell::Int)
    }

    /// A text that may be missing.
    pub fn text(text: Option<&'a str>) -> Cell<'a> {
        text.map_or(Cell::Null, Cell::Text)
    }
}

/// What a row lies on: a thread, a counter, a frame clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Track {
    /// The process; 0 where it belongs to none.
    pub pid: i32,
    /// The thread; 0 where it belongs to none.
    pub tid: i32,
    /// What tells it from others of its series and thread: a counter's dotted name, a clock's number.
    pub label: String,
}

impl Track {
    /// The track of a thread.
    pub fn thread(pid: i32, tid: i32) -> Track {
        Track { pid, tid, label: String::new() }
    }

    /// The track of a counter, by its dotted name.
    pub fn counter(pid: i32, name: &str) -> Track {
        Track { pid, tid: 0, label: name.to_owned() }
    }
}

/// One place in a call stack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Frame {
    /// The function, demangled; empty where it is not known.
    pub function: Box<str>,
    /// The file that it belongs to: program, library, `[kernel]`; empty where it is not known.
    pub module: Box<str>,
    /// Where in the module's file, in bytes from its begin, or the absolute address where the module is not known or
    /// no file; 0 where neither is known.
    pub address: u64,
}

/// A stack of a [`Dictionary`]: its innermost frame, and through that all that it was called from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StackId(pub u32);

/// A track of a [`Dictionary`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TrackId(pub u32);

/// Names, or stacks, with which a [`Dictionary`] is full.
const FULL: usize = 100_000;

/// The names, tracks and stacks that one source has mentioned: rows mention them by number, counted from 0.
///
/// Those who record for days empty it when it is full: names and stacks get new numbers from then on.
#[derive(Clone, Debug, Default)]
pub struct Dictionary {
    names: FxHashMap<Box<str>, u32>,
    tracks: FxHashMap<Track, u32>,
    stacks: FxHashMap<(Option<StackId>, Frame), u32>,
    /// How many names and stacks were forgotten: numbers go on.
    forgotten: (u32, u32),
    new: Mentioned,
}

/// What was mentioned for the first time, in the order of the numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mentioned {
    /// Whether the source has emptied its dictionary since: no number of a name or stack is used any more that was
    /// given before it did so the last time.
    pub emptied: bool,
    /// Names.
    pub names: Vec<Box<str>>,
    /// Tracks.
    pub tracks: Vec<Track>,
    /// Stacks: what the frame was called from, and the frame.
    pub stacks: Vec<(Option<StackId>, Frame)>,
}

impl Dictionary {
    /// The number of a name.
    #[inline]
    pub fn name(&mut self, name: &str) -> u32 {
        if let Some(&id) = self.names.get(name) {
            return id;
        }
        let id = self.forgotten.0.wrapping_add(self.names.len() as u32);
        self.names.insert(name.into(), id);
        self.new.names.push(name.into());
        id
    }

    /// The number of a track.
    pub fn track(&mut self, track: &Track) -> TrackId {
        if let Some(&id) = self.tracks.get(track) {
            return TrackId(id);
        }
        let id = self.tracks.len() as u32;
        self.tracks.insert(track.clone(), id);
        self.new.tracks.push(track.clone());
        TrackId(id)
    }

    /// The stack of a frame that was called from `caller`; the outermost has none.
    pub fn stack(&mut self, caller: Option<StackId>, frame: Frame) -> StackId {
        let key = (caller, frame);
        if let Some(&id) = self.stacks.get(&key) {
            return StackId(id);
        }
        let id = self.forgotten.1.wrapping_add(self.stacks.len() as u32);
        self.new.stacks.push(key.clone());
        self.stacks.insert(key, id);
        StackId(id)
    }

    /// Whether it should be emptied.
    pub fn is_full(&self) -> bool {
        self.names.len() >= FULL || self.stacks.len() >= FULL
    }

    /// Forgets names and stacks. No row may wait then; a stack that somebody holds is good until this is called again.
    pub fn empty(&mut self) {
        let names = std::mem::take(&mut self.names).len() as u32;
        let stacks = std::mem::take(&mut self.stacks).len() as u32;
        self.forgotten = (self.forgotten.0.wrapping_add(names), self.forgotten.1.wrapping_add(stacks));
        self.new.emptied = true;
    }

    /// What was mentioned for the first time since this was asked last.
    pub fn take_new(&mut self) -> Mentioned {
        std::mem::take(&mut self.new)
    }
}

/// Rows of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// Begin of each row.
    pub time: Vec<i64>,
    /// Duration of each row, or [`NULL`]; empty unless the series is of [`Shape::Span`](super::Shape::Span).
    pub duration: Vec<i64>,
    /// Track of each row, a number of the source's [`Dictionary`].
    pub track: Vec<u32>,
    /// The columns of the schema.
    pub columns: Vec<Data>,
}

/// The values of one column.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Numbers, or [`NULL`].
    Int(Vec<i64>),
    /// Floats; null is NaN.
    Real(Vec<f64>),
    /// Numbers of names from 1: 0 is null, any other one more than its number in the [`Dictionary`].
    Name(Vec<u32>),
    /// Numbers of stacks in the same way.
    Stack(Vec<u32>),
    /// Texts one after the other, and where each ends; null is the empty text.
    #[allow(missing_docs)]
    Text { ends: Vec<u32>, bytes: Vec<u8> },
}

impl Data {
    /// An empty column.
    pub fn new(of: ColumnType) -> Data {
        match of {
            ColumnType::Int => Data::Int(Vec::new()),
            ColumnType::Real => Data::Real(Vec::new()),
            ColumnType::Name => Data::Name(Vec::new()),
            ColumnType::Stack => Data::Stack(Vec::new()),
            ColumnType::Text => Data::Text { ends: Vec::new(), bytes: Vec::new() },
        }
    }

    /// Appends a cell; one of another type than the column's is null.
    #[inline]
    fn push(&mut self, cell: &Cell<'_>, names: &mut Dictionary) {
        match (self, cell) {
            (Data::Int(all), Cell::Int(value)) => all.push(*value),
            (Data::Int(all), _) => all.push(NULL),
            (Data::Real(all), Cell::Real(value)) => all.push(*value),
            (Data::Real(all), Cell::Int(value)) => all.push(*value as f64),
            (Data::Real(all), _) => all.push(f64::NAN),
            (Data::Name(all), Cell::Text(text)) => all.push(names.name(text) + 1),
            (Data::Name(all), _) => all.push(0),
            (Data::Stack(all), Cell::Stack(stack)) => all.push(stack.0 + 1),
            (Data::Stack(all), _) => all.push(0),
            (Data::Text { ends, bytes }, cell) => {
                if let Cell::Text(text) = cell {
                    bytes.extend_from_slice(text.as_bytes());
                }
                ends.push(bytes.len() as u32);
            }
        }
    }
}

impl Rows {
    /// None yet.
    pub fn new(schema: &Schema) -> Rows {
        Rows {
            time: Vec::new(),
            duration: Vec::new(),
            track: Vec::new(),
            columns: schema.columns.iter().map(|column| Data::new(column.of)).collect(),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.time.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.time.is_empty()
    }

    /// Appends a moment or a value; `cells` are in the order of the schema's columns, missing ones are null.
    #[inline]
    pub fn point(&mut self, names: &mut Dictionary, time: i64, track: TrackId, cells: &[Cell<'_>]) {
        self.time.push(time);
        self.track.push(track.0);
        let mut cells = cells.iter();
        for column in &mut self.columns {
            column.push(cells.next().unwrap_or(&Cell::Null), names);
        }
    }

    /// Appends a stretch of time; a duration that is not known is `None`.
    #[inline]
    pub fn span(
        &mut self,
        names: &mut Dictionary,
        time: i64,
        duration: Option<i64>,
        track: TrackId,
        cells: &[Cell<'_>],
    ) {
        self.duration.push(duration.unwrap_or(NULL));
        self.point(names, time, track, cells);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::schemas::SYSCALLS;

    #[test]
    fn rows_lie_in_columns_and_missing_cells_are_null() {
        let mut names = Dictionary::default();
        let mut rows = Rows::new(&SYSCALLS);
        let track = names.track(&Track::thread(1, 2));
        assert_eq!(names.track(&Track::thread(1, 2)), track);
        rows.span(&mut names, 5, Some(7), track, &[Cell::Text("read"), Cell::Text("3"), Cell::Int(1)]);
        rows.span(&mut names, 6, None, track, &[Cell::Text("read"), Cell::Null]);
        assert_eq!((rows.len(), rows.duration.as_slice()), (2, &[7, NULL][..]));
        assert_eq!(rows.columns[0], Data::Name(vec![1, 1]));
        assert_eq!(rows.columns[1], Data::Text { ends: vec![1, 1], bytes: b"3".to_vec() });
        assert_eq!(rows.columns[2], Data::Int(vec![1, NULL]));
        assert_eq!(names.take_new().names, ["read".into()]);
        assert!(names.take_new().names.is_empty());
    }
}
