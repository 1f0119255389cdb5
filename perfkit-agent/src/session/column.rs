//! One column of a chunk as bytes, and back: SESSION.md has the layout.
//!
//! Every number becomes 64 bits wide, is made small (the offset from the least, the difference to the row before, or
//! the place in a short list), and its bytes are laid out plane by plane: all lowest bytes, then all second ones.
//! The upper planes are then nearly all zero, which zstd's fastest level all but removes, and both directions are
//! loops without branches.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

use super::rows::NULL;

/// Why bytes are not a column, or not a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Damage(pub &'static str);

/// What zstd is told: the fastest of its usual levels, since a source must never wait for it.
const LEVEL: i32 = 1;
/// Fewer bytes than these are not worth a zstd frame's head.
const WORTHWHILE: usize = 48;
/// The most bytes that the texts of one column of a chunk have.
pub const HEAP_MAX: usize = 64 << 20;

const CONSTANT: u8 = 0;
const OFFSETS: u8 = 1;
const DIFFERENCES: u8 = 2;
const LISTED: u8 = 3;
const KIND: u8 = 0x0f;
/// Some rows are null: a bitmap of those that are not comes before the planes.
const NULLS: u8 = 0x10;
/// The body is a zstd frame.
const PACKED: u8 = 0x20;

/// Decimals that are tried on floats, from none on.
const DECIMALS: usize = 7;
const POWERS: [f64; DECIMALS] = [1.0, 10.0, 100.0, 1_000.0, 10_000.0, 100_000.0, 1_000_000.0];
/// Floats are whole numbers exactly up to here.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Encodes columns; keeps its working memory from one to the next.
pub struct Encoder {
    zstd: zstd::bulk::Compressor<'static>,
    filled: Vec<i64>,
    small: Vec<u64>,
    body: Vec<u8>,
    numbers: Vec<i64>,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Encoder")
    }
}

impl Encoder {
    /// A new one; fails only where there is no memory for it.
    pub fn new() -> std::io::Result<Encoder> {
        let zstd = zstd::bulk::Compressor::new(LEVEL)?;
        Ok(Encoder { zstd, filled: Vec::new(), small: Vec::new(), body: Vec::new(), numbers: Vec::new() })
    }

    /// Appends whole numbers, of which [`NULL`] is null.
    pub fn ints(&mut self, values: &[i64], out: &mut Vec<u8>) {
        self.body.clear();
        if !values.contains(&NULL) {
            return self.dense(values, 0, out);
        }
        if values.iter().all(|&value| value == NULL) {
            return self.dense(&[NULL], 0, out);
        }
        let mut filled = std::mem::take(&mut self.filled);
        fill(values, &mut filled, &mut self.body);
        self.dense(&filled, NULLS, out);
        self.filled = filled;
    }

    /// Appends numbers without nulls; the bitmap lies in the body already.
    fn dense(&mut self, values: &[i64], nulls: u8, out: &mut Vec<u8>) {
        let measure = Measure::of(values);
        if measure.min >= measure.max && nulls == 0 {
            out.push(CONSTANT);
            return out.extend_from_slice(&measure.min.to_le_bytes());
        }
        let listed = measure.bits() > 8 * values.len() as u64 && self.listed(values);
        let small = &mut self.small;
        if listed {
            out.push(LISTED | nulls);
        } else if measure.differences < measure.offsets {
            let head = out.len();
            out.push(DIFFERENCES | nulls);
            out.extend_from_slice(&values[0].to_le_bytes());
            small.clear();
            let mut before = values[0];
            small.extend(values.iter().map(|&value| zigzag(value.wrapping_sub(std::mem::replace(&mut before, value)))));
            out.push(planes(small, measure.width_differences(), &mut self.body));
            return self.finish(head, out);
        } else {
            let head = out.len();
            out.push(OFFSETS | nulls);
            out.extend_from_slice(&measure.min.to_le_bytes());
            small.clear();
            small.extend(values.iter().map(|&value| value.wrapping_sub(measure.min) as u64));
            out.push(planes(small, measure.width_offsets(), &mut self.body));
            return self.finish(head, out);
        }
        let head = out.len() - 1;
        out.push((self.numbers.len() - 1) as u8);
        self.finish(head, out);
    }

    /// Tries a list of at most 256 different values: the list, then one byte a row.
    fn listed(&mut self, values: &[i64]) -> bool {
        let mut places: FxHashMap<i64, u8> = FxHashMap::default();
        let start = self.body.len();
        self.numbers.clear();
        self.small.clear();
        // What comes in runs needs no look-up.
        let (mut last, mut place) = (values[0].wrapping_add(1), 0);
        for &value in values {
            if value != last {
                place = match places.get(&value) {
                    Some(&place) => place,
                    None if self.numbers.len() == 256 => return false,
                    None => {
                        places.insert(value, self.numbers.len() as u8);
                        self.numbers.push(value);
                        (self.numbers.len() - 1) as u8
                    }
                };
                last = value;
            }
            self.small.push(u64::from(place));
        }
        // A list as long as the column is no gain.
        if self.numbers.len() * 8 > values.len() {
            return false;
        }
        for number in &self.numbers {
            self.body.extend_from_slice(&number.to_le_bytes());
        }
        planes(&self.small, 1, &mut self.body);
        debug_assert_eq!(self.body.len() - start, self.numbers.len() * 8 + values.len());
        true
    }

    /// Appends floats, of which NaN is null: as decimals where all of them are, else by their bits.
    pub fn reals(&mut self, values: &[f64], out: &mut Vec<u8>) {
        let mut numbers = Vec::with_capacity(values.len());
        let decimals = decimals(values, &mut numbers);
        match decimals {
            Some(decimals) => out.push(decimals as u8 + 1),
            None => {
                out.push(0);
                numbers.clear();
                let bits = |value: &f64| if value.is_nan() { NULL } else { value.to_bits() as i64 };
                // The bits of -0.0 are those of the null.
                numbers.extend(values.iter().map(|value| if *value == 0.0 { 0 } else { bits(value) }));
            }
        }
        self.ints(&numbers, out);
    }

    /// Appends texts: their lengths, then their bytes.
    pub fn texts(&mut self, lengths: &[i64], heap: &[u8], out: &mut Vec<u8>) {
        let at = out.len();
        out.extend_from_slice(&[0; 4]);
        self.ints(lengths, out);
        let length = (out.len() - at - 4) as u32;
        out[at..at + 4].copy_from_slice(&length.to_le_bytes());
        let head = out.len();
        out.push(0);
        out.extend_from_slice(&(heap.len() as u32).to_le_bytes());
        self.body.clear();
        self.body.extend_from_slice(heap);
        self.finish(head, out);
    }

    /// Appends the body, packed where that makes it smaller, which the byte at `head` then says.
    fn finish(&mut self, head: usize, out: &mut Vec<u8>) {
        let length = out.len();
        if self.body.len() >= WORTHWHILE {
            out.resize(length + self.body.len(), 0);
            // A buffer as long as the body is the test: what does not fit is not smaller.
            match self.zstd.compress_to_buffer(&self.body, &mut out[length..]) {
                Ok(packed) if packed < self.body.len() - self.body.len() / 16 => {
                    out.truncate(length + packed);
                    out[head] |= PACKED;
                    return;
                }
                _ => {}
            }
            out.truncate(length);
        }
        out.extend_from_slice(&self.body);
    }
}

/// Puts the bitmap of what is not null into `body`, and into `filled` the values, each null replaced by the one before.
fn fill(values: &[i64], filled: &mut Vec<i64>, body: &mut Vec<u8>) {
    body.clear();
    body.resize(values.len().div_ceil(8), 0);
    filled.clear();
    let mut before = values.iter().copied().find(|&value| value != NULL).unwrap_or(0);
    for (row, &value) in values.iter().enumerate() {
        if value != NULL {
            body[row / 8] |= 1 << (row % 8);
            before = value;
        }
        filled.push(before);
    }
}

/// How large the numbers of a column are in either way.
struct Measure {
    min: i64,
    max: i64,
    /// All differences, or-ed.
    difference: u64,
    /// Bits of all offsets, and of all differences.
    offsets: u64,
    differences: u64,
}

impl Measure {
    fn of(values: &[i64]) -> Measure {
        let (mut min, mut max) = (i64::MAX, i64::MIN);
        for &value in values {
            min = min.min(value);
            max = max.max(value);
        }
        let mut measure = Measure { min, max, difference: 0, offsets: 0, differences: 0 };
        let mut before = values.first().copied().unwrap_or(0);
        for &value in values {
            let difference = zigzag(value.wrapping_sub(before));
            before = value;
            measure.difference |= difference;
            measure.differences += u64::from(bits(difference));
            measure.offsets += u64::from(bits(value.wrapping_sub(min) as u64));
        }
        measure
    }

    fn bits(&self) -> u64 {
        self.offsets.min(self.differences)
    }

    fn width_offsets(&self) -> u8 {
        bits(self.max.wrapping_sub(self.min) as u64).div_ceil(8) as u8
    }

    fn width_differences(&self) -> u8 {
        bits(self.difference).div_ceil(8) as u8
    }
}

#[inline(always)]
fn bits(number: u64) -> u32 {
    u64::BITS - number.leading_zeros()
}

#[inline(always)]
fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

#[inline(always)]
fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

/// Appends the lowest `width` bytes of each number, plane by plane, and gives the width.
fn planes(numbers: &[u64], width: u8, body: &mut Vec<u8>) -> u8 {
    for plane in 0..width {
        body.extend(numbers.iter().map(|number| (number >> (8 * plane)) as u8));
    }
    width
}

/// The number of decimals with which all values are exact, with the whole numbers that they are then.
fn decimals(values: &[f64], numbers: &mut Vec<i64>) -> Option<usize> {
    'more: for (decimals, power) in POWERS.iter().enumerate() {
        numbers.clear();
        for &value in values {
            if value.is_nan() {
                numbers.push(NULL);
                continue;
            }
            let number = (value * power).round();
            if number.abs() >= EXACT {
                return None;
            }
            if number / power != value {
                continue 'more;
            }
            numbers.push(number as i64);
        }
        return Some(decimals);
    }
    None
}

/// Whole numbers of a column of so many rows; null is [`NULL`].
pub fn ints(bytes: &[u8], rows: usize) -> Result<Vec<i64>, Damage> {
    let mut rest = bytes;
    let head = byte(&mut rest)?;
    let bitmap = if head & NULLS == 0 { 0 } else { rows.div_ceil(8) };
    let mut values = match head & KIND {
        CONSTANT => {
            let value = number(&mut rest)?;
            return if rest.is_empty() { Ok(vec![value; rows]) } else { Err(Damage("bytes after a constant")) };
        }
        kind @ (OFFSETS | DIFFERENCES) => {
            let base = number(&mut rest)?;
            let width = usize::from(byte(&mut rest)?);
            if width > 8 {
                return Err(Damage("numbers wider than 64 bits"));
            }
            let body = body(head, rest, bitmap + rows * width)?;
            let small = unplanes(&body[bitmap..], rows, width);
            let values = if kind == OFFSETS {
                small.into_iter().map(|small| base.wrapping_add(small as i64)).collect()
            } else {
                let mut before = base;
                let add = |small| {
                    before = before.wrapping_add(unzigzag(small));
                    before
                };
                small.into_iter().map(add).collect()
            };
            (values, body)
        }
        LISTED => {
            let count = usize::from(byte(&mut rest)?) + 1;
            let body = body(head, rest, bitmap + count * 8 + rows)?;
            let (list, places) = body[bitmap..].split_at(count * 8);
            let list: Vec<i64> = list.as_chunks().0.iter().map(|&bytes| i64::from_le_bytes(bytes)).collect();
            let value = |&place: &u8| list.get(usize::from(place)).copied().ok_or(Damage("a place outside the list"));
            (places.iter().map(value).collect::<Result<Vec<i64>, Damage>>()?, body)
        }
        _ => return Err(Damage("an unknown encoding")),
    };
    if bitmap > 0 {
        for (row, value) in values.0.iter_mut().enumerate() {
            if values.1[row / 8] & (1 << (row % 8)) == 0 {
                *value = NULL;
            }
        }
    }
    Ok(values.0)
}

/// Floats of a column of so many rows; null is NaN.
pub fn reals(bytes: &[u8], rows: usize) -> Result<Vec<f64>, Damage> {
    let mut rest = bytes;
    let decimals = byte(&mut rest)?;
    let numbers = ints(rest, rows)?;
    let null = |number, value| if number == NULL { f64::NAN } else { value };
    if decimals == 0 {
        return Ok(numbers.into_iter().map(|number| null(number, f64::from_bits(number as u64))).collect());
    }
    let power = POWERS.get(usize::from(decimals) - 1).ok_or(Damage("too many decimals"))?;
    Ok(numbers.into_iter().map(|number| null(number, number as f64 / power)).collect())
}

/// Texts of a column of so many rows: where each ends, and their bytes.
pub fn texts(bytes: &[u8], rows: usize) -> Result<(Vec<u32>, Vec<u8>), Damage> {
    let mut rest = bytes;
    let lengths = rest.split_off(..4).and_then(<[u8]>::first_chunk).ok_or(CUT)?;
    let lengths = rest.split_off(..u32::from_le_bytes(*lengths) as usize).ok_or(CUT)?;
    let head = byte(&mut rest)?;
    let heap = rest.split_off(..4).and_then(<[u8]>::first_chunk).ok_or(CUT)?;
    let heap = u32::from_le_bytes(*heap) as usize;
    let mut end = 0u32;
    let add = |length: i64| {
        let length = u32::try_from(length).map_err(|_| Damage("a text of an impossible length"))?;
        end = end.checked_add(length).ok_or(Damage("texts longer than they can be"))?;
        Ok(end)
    };
    let ends = ints(lengths, rows)?.into_iter().map(add).collect::<Result<Vec<u32>, Damage>>()?;
    if end as usize != heap || heap > HEAP_MAX {
        return Err(Damage("texts of another length than they should have"));
    }
    Ok((ends, body(head, rest, heap)?.into_owned()))
}

const CUT: Damage = Damage("it is cut");

fn byte(rest: &mut &[u8]) -> Result<u8, Damage> {
    rest.split_off_first().copied().ok_or(CUT)
}

fn number(rest: &mut &[u8]) -> Result<i64, Damage> {
    let bytes = rest.split_off(..8).and_then(<[u8]>::first_chunk).ok_or(CUT)?;
    Ok(i64::from_le_bytes(*bytes))
}

/// The body, which must have exactly so many bytes.
fn body(head: u8, rest: &[u8], length: usize) -> Result<std::borrow::Cow<'_, [u8]>, Damage> {
    if head & PACKED == 0 {
        return if rest.len() == length { Ok(rest.into()) } else { Err(CUT) };
    }
    let mut body = vec![0; length];
    let unpacked = UNPACKER.with_borrow_mut(|unpacker| unpacker.as_mut()?.decompress_to_buffer(rest, &mut body).ok());
    match unpacked {
        Some(got) if got == length => Ok(body.into()),
        Some(_) => Err(CUT),
        None => Err(Damage("it cannot be unpacked")),
    }
}

thread_local! {
    /// Making one takes longer than unpacking a column. There is none where there was no memory for it.
    static UNPACKER: RefCell<Option<zstd::bulk::Decompressor<'static>>> =
        RefCell::new(zstd::bulk::Decompressor::new().ok());
}

fn unplanes(body: &[u8], rows: usize, width: usize) -> Vec<u64> {
    let mut numbers = vec![0; rows];
    for plane in 0..width {
        for (number, &byte) in numbers.iter_mut().zip(&body[plane * rows..(plane + 1) * rows]) {
            *number |= u64::from(byte) << (8 * plane);
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(values: &[i64]) -> Vec<u8> {
        let mut out = Vec::new();
        Encoder::new().unwrap().ints(values, &mut out);
        assert_eq!(ints(&out, values.len()).unwrap(), values);
        out
    }

    #[test]
    fn each_kind_of_column_gets_its_encoding() {
        let ramp: Vec<i64> = (0..5000).map(|row| 1_000_000_000_000 + row * 1000 + row % 7).collect();
        let few: Vec<i64> = (0..5000).map(|row| [9, 1 << 40, -5_000_000_000][(row * row % 3) as usize]).collect();
        let noise: Vec<i64> = (0..5000u64).map(|row| (row.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 50) as i64).collect();
        let holes: Vec<i64> = (0..5000).map(|row| if row % 3 == 0 { NULL } else { row }).collect();
        for (values, kind, most) in [
            (&vec![7; 5000], CONSTANT, 9),
            (&vec![NULL; 5000], CONSTANT, 9),
            (&ramp, DIFFERENCES, 900),
            (&few, LISTED, 1500),
            (&noise, OFFSETS, 10_010),
            (&holes, DIFFERENCES, 300),
            (&vec![i64::MAX, i64::MIN + 1], DIFFERENCES, 30),
        ] {
            let bytes = encoded(values);
            assert_eq!(bytes[0] & KIND, kind, "{:?}", &values[..2]);
            assert!(bytes.len() <= most, "{:?} takes {} bytes", &values[..2], bytes.len());
        }
    }

    #[test]
    fn decimals_are_kept_as_whole_numbers() {
        let mut out = Vec::new();
        let values: Vec<f64> = (0..1000).map(|row| f64::from(row) * 25.0 / 100.0).collect();
        Encoder::new().unwrap().reals(&values, &mut out);
        assert_eq!((out[0], reals(&out, 1000).unwrap()), (3, values));
        assert!(out.len() < 120, "{}", out.len());
    }

    /// Bit for bit, but every NaN is the same and so are both zeros.
    fn same(a: f64, b: f64) -> bool {
        a == b || (a.is_nan() && b.is_nan())
    }

    fn values() -> impl Strategy<Value = Vec<i64>> {
        let any = prop_oneof![any::<i64>(), -300i64..300, Just(NULL), Just(1 << 40)];
        prop_oneof![
            prop::collection::vec(any, 1..600),
            prop::collection::vec(0i64..3, 1..600),
            prop::collection::vec(prop_oneof![Just(NULL), Just(5i64)], 1..600),
        ]
    }

    proptest! {
        #[test]
        fn numbers_come_back(values in values()) {
            encoded(&values);
        }

        #[test]
        fn floats_come_back(values in prop::collection::vec(
            prop_oneof![any::<f64>(), (-1000i32..1000).prop_map(|n| f64::from(n) / 100.0), Just(-0.0), Just(f64::NAN)],
            1..300,
        )) {
            let mut out = Vec::new();
            Encoder::new().unwrap().reals(&values, &mut out);
            let back = reals(&out, values.len()).unwrap();
            prop_assert!(back.iter().zip(&values).all(|(a, b)| same(*a, *b)), "{back:?} {values:?}");
        }

        #[test]
        fn texts_come_back(all in prop::collection::vec(".{0,40}", 1..100)) {
            let mut out = Vec::new();
            let lengths: Vec<i64> = all.iter().map(|text| text.len() as i64).collect();
            Encoder::new().unwrap().texts(&lengths, all.concat().as_bytes(), &mut out);
            let (ends, heap) = texts(&out, all.len()).unwrap();
            prop_assert_eq!(heap, all.concat().into_bytes());
            prop_assert_eq!(ends.last().copied().unwrap_or(0) as usize, all.concat().len());
        }

        #[test]
        fn any_bytes_are_a_column_or_damage(bytes in prop::collection::vec(any::<u8>(), 0..300), rows in 0usize..300) {
            for decoded in [ints(&bytes, rows).map(|all| all.len()), reals(&bytes, rows).map(|all| all.len()),
                            texts(&bytes, rows).map(|all| all.0.len())] {
                prop_assert!(decoded.is_err() || decoded == Ok(rows));
            }
        }

        #[test]
        fn a_changed_byte_is_no_panic(values in values(), at in any::<prop::sample::Index>(), to in any::<u8>()) {
            let mut bytes = encoded(&values);
            let at = at.index(bytes.len());
            bytes[at] = to;
            let _ = ints(&bytes, values.len());
        }
    }
}
