//! A few thousand rows of one series as bytes, column by column: SESSION.md has the layout.
//!
//! Inside of a chunk the rows of a track follow one another, in the order of their times: the columns of one thread
//! or counter resemble themselves, and a track's rows are one range.

use rusqlite::{Connection, params};

use super::column::{self, Damage, Encoder};
use super::rows::{Data, NULL, Rows};
use super::series::{ColumnType, Schema, Shape};

/// The layout's number, in the first byte.
const LAYOUT: u8 = 1;
/// Layout, a spare byte, the number of columns, the number of rows, the checksum.
const HEAD: usize = 12;
/// The most rows of a chunk; more are damage.
pub const ROWS_MAX: usize = 1 << 16;

/// Puts a chunk into the file.
pub fn insert(
    db: &Connection,
    id: i64,
    series: u32,
    sealed: bool,
    summary: &Summary,
    data: &[u8],
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO chunk VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let Summary { first, last, until, rows, sum, max } = summary;
    db.prepare_cached(sql)?.execute(params![id, series, sealed, first, last, until, rows, sum, max, data]).map(drop)
}

/// What the store knows of a chunk without opening it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// The least begin.
    pub first: i64,
    /// The greatest begin.
    pub last: i64,
    /// The greatest end; an unknown duration ends at its begin.
    pub until: i64,
    /// How many rows.
    pub rows: usize,
    /// The sum of what the series measures: durations, values, or the number of moments.
    pub sum: f64,
    /// The greatest of them.
    pub max: f64,
}

/// The rows' own order: by track, then time; rows of the same time stay in the order in which they came.
fn order(rows: &Rows) -> Option<Vec<u32>> {
    let sorted = |a: (u32, i64), b: (u32, i64)| a <= b;
    let key = |row: usize| (rows.track[row], rows.time[row]);
    if (1..rows.len()).all(|row| sorted(key(row - 1), key(row))) {
        return None;
    }
    let mut tracks = rows.track.clone();
    tracks.sort_unstable();
    tracks.dedup();
    // Few tracks and times that mostly count up: dealing the rows out is cheaper than sorting them.
    let mut dealt: Vec<Vec<u32>> = vec![Vec::new(); tracks.len()];
    for (row, track) in rows.track.iter().enumerate() {
        // Every track is among them.
        if let Some(of) = tracks.binary_search(track).ok().and_then(|place| dealt.get_mut(place)) {
            of.push(row as u32);
        }
    }
    for track in &mut dealt {
        if !track.is_sorted_by_key(|&row| rows.time[row as usize]) {
            track.sort_by_key(|&row| rows.time[row as usize]);
        }
    }
    Some(dealt.concat())
}

/// Writes chunks.
#[derive(Debug)]
pub struct Writer {
    encoder: Encoder,
    order: Option<Vec<u32>>,
    gathered: Vec<i64>,
    floats: Vec<f64>,
    heap: Vec<u8>,
}

impl Writer {
    /// A new one; fails only where there is no memory for it.
    pub fn new() -> std::io::Result<Writer> {
        Ok(Writer { encoder: Encoder::new()?, order: None, gathered: Vec::new(), floats: Vec::new(), heap: Vec::new() })
    }

    /// Writes at least one row into `out`, in place of what is there, and gives what is known of them.
    pub fn write(&mut self, shape: Shape, rows: &Rows, out: &mut Vec<u8>) -> Summary {
        let own = order(rows);
        let order = own.as_deref();
        let spans = usize::from(shape == Shape::Span);
        let columns = 2 + spans + rows.columns.len();
        out.clear();
        out.extend_from_slice(&[LAYOUT, 0]);
        out.extend_from_slice(&(columns as u16).to_le_bytes());
        out.extend_from_slice(&(rows.len() as u32).to_le_bytes());
        out.resize(HEAD + 4 * columns, 0);
        let mut begin = out.len();
        let mut place = HEAD;
        let mut close = |out: &mut Vec<u8>| {
            let length = (out.len() - begin) as u32;
            begin = out.len();
            out[place..place + 4].copy_from_slice(&length.to_le_bytes());
            place += 4;
        };
        self.ints(order, &rows.time, |time| time, out);
        close(out);
        if spans > 0 {
            self.ints(order, &rows.duration, |duration| duration, out);
            close(out);
        }
        self.ints(order, &rows.track, i64::from, out);
        close(out);
        for data in &rows.columns {
            match data {
                Data::Int(all) => self.ints(order, all, |number| number, out),
                Data::Name(all) | Data::Stack(all) => self.ints(order, all, i64::from, out),
                Data::Real(all) => match order {
                    None => self.encoder.reals(all, out),
                    Some(order) => {
                        self.floats.clear();
                        self.floats.extend(order.iter().map(|&row| all[row as usize]));
                        self.encoder.reals(&self.floats, out);
                    }
                },
                Data::Text { ends, bytes } => {
                    let begin = |row: usize| if row == 0 { 0 } else { ends[row - 1] };
                    self.gathered.clear();
                    match order {
                        None => {
                            self.gathered.extend((0..ends.len()).map(|row| i64::from(ends[row] - begin(row))));
                            self.encoder.texts(&self.gathered, bytes, out);
                        }
                        Some(order) => {
                            self.heap.clear();
                            for row in order.iter().map(|&row| row as usize) {
                                self.gathered.push(i64::from(ends[row] - begin(row)));
                                self.heap.extend_from_slice(&bytes[begin(row) as usize..ends[row] as usize]);
                            }
                            self.encoder.texts(&self.gathered, &self.heap, out);
                        }
                    }
                }
            }
            close(out);
        }
        let sum = checksum(out);
        out[8..HEAD].copy_from_slice(&sum.to_le_bytes());
        self.order = own;
        summary(shape, rows)
    }

    /// The order in which the rows of the last chunk lie in it; none where that is the one in which they came.
    pub fn order(&self) -> Option<&[u32]> {
        self.order.as_deref()
    }

    /// The encoder, for other bytes of the session.
    pub fn encoder(&mut self) -> &mut Encoder {
        &mut self.encoder
    }

    fn ints<T: Copy>(&mut self, order: Option<&[u32]>, all: &[T], wide: impl Fn(T) -> i64, out: &mut Vec<u8>) {
        self.gathered.clear();
        match order {
            None => self.gathered.extend(all.iter().map(|&value| wide(value))),
            Some(order) => self.gathered.extend(order.iter().map(|&row| wide(all[row as usize]))),
        }
        self.encoder.ints(&self.gathered, out);
    }
}

fn summary(shape: Shape, rows: &Rows) -> Summary {
    let (mut first, mut last, mut until) = (i64::MAX, i64::MIN, i64::MIN);
    for &time in &rows.time {
        first = first.min(time);
        last = last.max(time);
    }
    let (mut sum, mut max) = (0.0, f64::NEG_INFINITY);
    let mut add = |value: f64| {
        sum += value;
        max = f64::max(max, value);
    };
    match shape {
        Shape::Point => (sum, max) = (rows.len() as f64, 1.0),
        Shape::Span => {
            for (&time, &duration) in rows.time.iter().zip(&rows.duration) {
                let duration = length(duration);
                until = until.max(time.saturating_add(duration));
                add(duration as f64);
            }
        }
        Shape::Sample => {
            if let Some(Data::Real(values)) = rows.columns.first() {
                values.iter().filter(|value| !value.is_nan()).for_each(|&value| add(value));
            }
        }
    }
    Summary { first, last, until: until.max(last), rows: rows.len(), sum, max: if max.is_finite() { max } else { 0.0 } }
}

/// What the rows of a series measure: durations, values (NaN where there is none), or 1 each.
pub fn measures(shape: Shape, rows: &Rows) -> Vec<f64> {
    match (shape, rows.columns.first()) {
        (Shape::Span, _) => rows.duration.iter().map(|&duration| length(duration) as f64).collect(),
        (Shape::Sample, Some(Data::Real(values))) => values.clone(),
        _ => vec![1.0; rows.len()],
    }
}

/// A duration as it is measured: none where it is unknown, or time went backwards.
fn length(duration: i64) -> i64 {
    duration.max(0)
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&bytes[..8]);
    hasher.update(&bytes[HEAD..]);
    hasher.finalize()
}

/// A chunk opened for reading; each column is decoded when it is asked for.
#[derive(Debug)]
pub struct Chunk {
    data: Vec<u8>,
    rows: usize,
    /// Where each column begins; one more than there are.
    begins: Vec<usize>,
    spans: bool,
}

impl Chunk {
    /// Opens the bytes of a chunk of a series.
    pub fn open(schema: &Schema, data: Vec<u8>) -> Result<Chunk, Damage> {
        let spans = schema.shape == Shape::Span;
        let expected = 2 + usize::from(spans) + schema.columns.len();
        let head: &[u8; HEAD] = data.first_chunk().ok_or(Damage("it is cut"))?;
        let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        if head[0] != LAYOUT {
            return Err(Damage("an unknown layout"));
        }
        if usize::from(u16::from_le_bytes([head[2], head[3]])) != expected {
            return Err(Damage("another number of columns than its series has"));
        }
        let rows = word(4) as usize;
        if rows > ROWS_MAX {
            return Err(Damage("more rows than a chunk can have"));
        }
        if checksum(&data) != word(8) {
            return Err(Damage("its checksum is wrong"));
        }
        let lengths = data.get(HEAD..HEAD + 4 * expected).ok_or(Damage("it is cut"))?;
        let mut begins = vec![HEAD + 4 * expected];
        for length in lengths.as_chunks().0 {
            begins.push(begins[begins.len() - 1] + u32::from_le_bytes(*length) as usize);
        }
        match begins.last() == Some(&data.len()) {
            true => Ok(Chunk { data, rows, begins, spans }),
            false => Err(Damage("another length than it should have")),
        }
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many bytes it has.
    pub fn size(&self) -> usize {
        self.data.len()
    }

    /// The begins of its rows.
    pub fn times(&self) -> Result<Vec<i64>, Damage> {
        column::ints(self.bytes(0), self.rows)
    }

    /// The durations of its rows, of which [`NULL`] is unknown; all are unknown in a series without durations.
    pub fn durations(&self) -> Result<Vec<i64>, Damage> {
        if self.spans { column::ints(self.bytes(1), self.rows) } else { Ok(vec![NULL; self.rows]) }
    }

    /// The tracks of its rows.
    pub fn tracks(&self) -> Result<Vec<i64>, Damage> {
        column::ints(self.bytes(1 + usize::from(self.spans)), self.rows)
    }

    /// A declared column, by its place in the schema.
    pub fn column(&self, schema: &Schema, place: usize) -> Result<Values, Damage> {
        let bytes = self.bytes(2 + usize::from(self.spans) + place);
        Ok(match schema.columns.get(place).map(|column| column.of) {
            Some(ColumnType::Real) => Values::Reals(column::reals(bytes, self.rows)?),
            Some(ColumnType::Text) => {
                let (ends, bytes) = column::texts(bytes, self.rows)?;
                Values::Texts { ends, bytes }
            }
            Some(ColumnType::Int) => Values::Ints(column::ints(bytes, self.rows)?),
            Some(ColumnType::Name | ColumnType::Stack) => Values::Ids(column::ints(bytes, self.rows)?),
            None => return Err(Damage("no such column")),
        })
    }

    /// What the series measures of each row: duration, value (NaN where it has none), or 1.
    pub fn measures(&self, schema: &Schema) -> Result<Vec<f64>, Damage> {
        Ok(match schema.shape {
            Shape::Point => vec![1.0; self.rows],
            Shape::Span => self.durations()?.into_iter().map(|duration| length(duration) as f64).collect(),
            Shape::Sample => match self.column(schema, 0)? {
                Values::Reals(values) => values,
                _ => return Err(Damage("the first column of a series of samples is no float")),
            },
        })
    }

    /// All of it, as it was written but in the chunk's own order.
    pub fn to_rows(&self, schema: &Schema) -> Result<Rows, Damage> {
        let id = |id: i64| u32::try_from(id).map_err(|_| Damage("an impossible id"));
        let mut rows = Rows::new(schema);
        rows.time = self.times()?;
        if self.spans {
            rows.duration = self.durations()?;
        }
        rows.track = self.tracks()?.into_iter().map(id).collect::<Result<_, _>>()?;
        for (place, data) in rows.columns.iter_mut().enumerate() {
            match (data, self.column(schema, place)?) {
                (Data::Int(all), Values::Ints(values)) => *all = values,
                (Data::Name(all) | Data::Stack(all), Values::Ids(values)) => {
                    *all = values.into_iter().map(id).collect::<Result<_, _>>()?;
                }
                (Data::Real(all), Values::Reals(values)) => *all = values,
                (Data::Text { ends, bytes }, Values::Texts { ends: all, bytes: heap }) => (*ends, *bytes) = (all, heap),
                _ => return Err(Damage("a column of another type")),
            }
        }
        Ok(rows)
    }

    fn bytes(&self, column: usize) -> &[u8] {
        match (self.begins.get(column), self.begins.get(column + 1)) {
            (Some(&begin), Some(&end)) => self.data.get(begin..end).unwrap_or_default(),
            _ => &[],
        }
    }
}

/// The values of one column of a chunk.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Numbers, or [`NULL`].
    Ints(Vec<i64>),
    /// Floats; null is NaN.
    Reals(Vec<f64>),
    /// Ids of names or stacks; 0 is null.
    Ids(Vec<i64>),
    /// Texts one after the other, and where each ends; null is the empty text.
    #[allow(missing_docs)]
    Texts { ends: Vec<u32>, bytes: Vec<u8> },
}

impl Values {
    /// The text of a row, lossy where it is no UTF-8.
    pub fn text(&self, row: usize) -> std::borrow::Cow<'_, str> {
        let Values::Texts { ends, bytes } = self else { return "".into() };
        let begin = if row == 0 { 0 } else { ends.get(row - 1).copied().unwrap_or(0) };
        let end = ends.get(row).copied().unwrap_or(begin);
        String::from_utf8_lossy(bytes.get(begin as usize..end as usize).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::schemas::{SCHEMAS, SYSCALLS};
    use crate::session::{Cell, Dictionary, StackId, Track};
    use proptest::prelude::*;

    /// Rows with something of everything in them.
    fn rows(schema: &Schema, seeds: &[(i64, u8, i64)]) -> Rows {
        let (mut names, mut rows) = (Dictionary::default(), Rows::new(schema));
        for &(time, track, number) in seeds {
            let text = format!("text {}", number % 5);
            let cells: Vec<Cell<'_>> = schema
                .columns
                .iter()
                .map(|column| match column.of {
                    _ if number % 7 == 0 => Cell::Null,
                    ColumnType::Int => Cell::Int(number),
                    ColumnType::Real => Cell::Real(number as f64 / 8.0),
                    ColumnType::Name | ColumnType::Text => Cell::Text(&text),
                    ColumnType::Stack => Cell::Stack(StackId((number % 9).unsigned_abs() as u32)),
                })
                .collect();
            let track = names.track(&Track::thread(1, track.into()));
            match schema.shape {
                Shape::Span => rows.span(&mut names, time, (number % 3 != 0).then_some(number), track, &cells),
                _ => rows.point(&mut names, time, track, &cells),
            }
        }
        rows
    }

    /// Each row in words, sorted: what must not change.
    fn words(rows: &Rows) -> Vec<String> {
        let mut all: Vec<String> = (0..rows.len())
            .map(|row| {
                let mut line = format!("{} {} {:?}", rows.time[row], rows.track[row], rows.duration.get(row));
                for data in &rows.columns {
                    line.push_str(&match data {
                        Data::Int(all) => format!(" {}", all[row]),
                        Data::Real(all) => format!(" {}", all[row]),
                        Data::Name(all) | Data::Stack(all) => format!(" {}", all[row]),
                        Data::Text { ends, bytes } => {
                            let begin = if row == 0 { 0 } else { ends[row - 1] as usize };
                            format!(" {:?}", String::from_utf8_lossy(&bytes[begin..ends[row] as usize]))
                        }
                    });
                }
                line
            })
            .collect();
        all.sort();
        all
    }

    fn seeds() -> impl Strategy<Value = Vec<(i64, u8, i64)>> {
        prop_oneof![
            prop::collection::vec((any::<i64>(), 0u8..4, -1000i64..1000), 1..200),
            prop::collection::vec((0i64..50, 0u8..4, any::<i32>().prop_map(i64::from)), 1..200),
        ]
    }

    proptest! {
        #[test]
        fn rows_come_back_in_their_own_order(seeds in seeds(), which in 0..SCHEMAS.len()) {
            let schema = SCHEMAS[which];
            let rows = rows(schema, &seeds);
            let mut bytes = Vec::new();
            let summary = Writer::new().unwrap().write(schema.shape, &rows, &mut bytes);
            let chunk = Chunk::open(schema, bytes).unwrap();
            let back = chunk.to_rows(schema).unwrap();
            prop_assert_eq!(words(&back), words(&rows));
            prop_assert!((0..back.len()).map(|row| (back.track[row], back.time[row])).is_sorted());
            prop_assert_eq!(summary.first, rows.time.iter().copied().min().unwrap());
            prop_assert_eq!(summary.last, rows.time.iter().copied().max().unwrap());
            prop_assert!(summary.until >= summary.last);
            prop_assert_eq!((summary.rows, chunk.rows()), (rows.len(), rows.len()));
        }

        #[test]
        fn any_bytes_are_a_chunk_or_damage(bytes in prop::collection::vec(any::<u8>(), 0..200), which in 0..SCHEMAS.len()) {
            prop_assert!(Chunk::open(SCHEMAS[which], bytes).is_err());
        }

        #[test]
        fn damage_behind_a_right_checksum_is_no_panic(seeds in seeds(), at in any::<prop::sample::Index>(), to in any::<u8>()) {
            let mut bytes = Vec::new();
            Writer::new().unwrap().write(Shape::Span, &rows(&SYSCALLS, &seeds), &mut bytes);
            let at = at.index(bytes.len());
            bytes[at] = to;
            let sum = checksum(&bytes);
            bytes[8..HEAD].copy_from_slice(&sum.to_le_bytes());
            if let Ok(chunk) = Chunk::open(&SYSCALLS, bytes) {
                let _ = chunk.to_rows(&SYSCALLS);
                let _ = chunk.measures(&SYSCALLS);
            }
        }
    }

    #[test]
    fn a_flipped_bit_is_found() {
        let mut bytes = Vec::new();
        Writer::new().unwrap().write(Shape::Span, &rows(&SYSCALLS, &[(1, 0, 5), (2, 1, 6), (3, 0, 8)]), &mut bytes);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            // The spare byte is covered too.
            assert!(Chunk::open(&SYSCALLS, flipped).is_err(), "bit {bit}");
        }
    }
}
