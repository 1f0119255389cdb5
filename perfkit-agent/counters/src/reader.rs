//! Any MMV file's bytes, of versions 1, 2 and 3: its metrics, and where their values lie. Hostile bytes are refused
//! or skipped and counted, never believed.

use std::collections::HashMap;

use crate::error::{Error, Result};
use crate::layout::{
    HEADER, INSTANCE1, INSTANCE2, MAGIC, METRIC1, METRIC2, NAME, NO_INDOM, STRING, TOC, VALUE, flag, section,
};
use crate::unit::Unit;

/// Entries of a section that are believed; PCP stops at 10,000 itself.
const COUNT_MAX: u32 = 10_000;
/// Entries of the table of contents that are believed.
const TOC_MAX: u32 = 32;

/// The type of a value, by PCP's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Type {
    I32,
    U32,
    I64,
    U64,
    F32,
    F64,
    Text,
    /// Microseconds, with the begin of a stretch that goes on.
    Elapsed,
}

/// The table of types.
const TYPES: &[(Type, u32)] = &[
    (Type::I32, 0),
    (Type::U32, 1),
    (Type::I64, 2),
    (Type::U64, 3),
    (Type::F32, 4),
    (Type::F64, 5),
    (Type::Text, 6),
    (Type::Elapsed, 9),
];

impl Type {
    pub(crate) fn code(self) -> u32 {
        TYPES.iter().find(|(of, _)| *of == self).map_or(0, |(_, code)| *code)
    }
}

/// What values mean from one to the next, by PCP's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Semantics {
    /// It only rises.
    Counter,
    /// It holds for its moment.
    Instant,
    /// It holds until it changes.
    Discrete,
}

impl Semantics {
    pub(crate) fn code(self) -> u32 {
        match self {
            Semantics::Counter => 1,
            Semantics::Instant => 3,
            Semantics::Discrete => 4,
        }
    }

    /// PCP takes what it does not know for a counter.
    fn from_code(code: u32) -> Semantics {
        match code {
            3 => Semantics::Instant,
            4 => Semantics::Discrete,
            _ => Semantics::Counter,
        }
    }
}

/// A metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Its name in the file; PCP puts the file's name before it unless [`Layout::prefixed`] is false.
    pub name: String,
    /// The type of its values.
    pub of: Type,
    /// How they are to be read.
    pub semantics: Semantics,
    /// What they are measured in.
    pub unit: Unit,
    /// What it is: the longer of its two texts; may be empty.
    pub doc: String,
}

/// One value's place.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The number of its metric in [`Layout::metrics`].
    pub metric: usize,
    /// Which of the metric's instances it is of; none where it has none.
    pub instance: Option<String>,
    /// Where its record of 32 bytes lies.
    pub at: usize,
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// The file says that there is none.
    Missing,
    /// A number, rounded where it is a whole one above 2^53.
    Number(f64),
    /// A text.
    Text(String),
}

/// What is where in a file, for one generation of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// 1, 2 or 3.
    pub version: u32,
    /// The number that changes when anything but values does.
    pub generation: u64,
    /// Whether metric names begin with the file's.
    pub prefixed: bool,
    /// The process, where the values count only while that lives; 0 otherwise.
    pub process: i32,
    /// Whether certain patterns mean that there is no value.
    pub sentinel: bool,
    /// The metrics.
    pub metrics: Vec<Metric>,
    /// The values of all metrics.
    pub places: Vec<Place>,
    /// Entries that were skipped since they point nowhere or say what cannot be.
    pub skipped: u64,
}

/// Bytes with checked access.
#[derive(Clone, Copy)]
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn get(self, at: u64, length: usize) -> Option<&'a [u8]> {
        let at = usize::try_from(at).ok()?;
        self.0.get(at..at.checked_add(length)?)
    }

    fn u32(self, at: u64) -> Option<u32> {
        Some(u32::from_ne_bytes(self.get(at, 4)?.try_into().ok()?))
    }

    fn u64(self, at: u64) -> Option<u64> {
        Some(u64::from_ne_bytes(self.get(at, 8)?.try_into().ok()?))
    }

    /// A text that a zero ends, in a field of a size; the empty one where its place is 0.
    fn text(self, at: u64, size: usize) -> Option<String> {
        if at == 0 {
            return Some(String::new());
        }
        let field = self.get(at, size)?;
        let end = field.iter().position(|byte| *byte == 0).unwrap_or(size);
        Some(String::from_utf8_lossy(&field[..end]).into_owned())
    }
}

/// Both generation numbers, where they agree and are not 0.
pub(crate) fn generation(header: &[u8]) -> Option<u64> {
    let header = Bytes(header);
    header.u64(8).filter(|first| *first != 0 && header.u64(16) == Some(*first))
}

impl Layout {
    /// Reads the bytes of a file. `Ok(None)` where it is in flux: its writer is at work on it.
    pub fn parse(bytes: &[u8]) -> Result<Option<Layout>> {
        let all = Bytes(bytes);
        let garbage = Error::Garbage;
        let (Some(head), Some(version)) = (all.get(0, HEADER), all.u32(4)) else {
            return Err(garbage("shorter than the header of an MMV file"));
        };
        if head[..4] != MAGIC {
            return Err(garbage("no MMV file: it does not begin with MMV"));
        }
        if !(1..=3).contains(&version) {
            return Err(garbage("an MMV file of a version that is not 1, 2 or 3, or of another byte order"));
        }
        let Some(generation) = generation(head) else { return Ok(None) };
        let field = |at| all.u32(at).unwrap_or(0);
        let (count, flags) = (field(24), field(28));
        if count > TOC_MAX {
            return Err(garbage("an MMV file with a senseless table of contents"));
        }
        let mut layout = Layout {
            version,
            generation,
            prefixed: flags & flag::NO_PREFIX == 0,
            process: if flags & flag::PROCESS == 0 { 0 } else { field(32) as i32 },
            sentinel: flags & flag::SENTINEL != 0,
            metrics: Vec::new(),
            places: Vec::new(),
            skipped: 0,
        };
        let sections: Vec<(u32, u32, u64)> = (0..u64::from(count))
            .filter_map(|at| {
                let at = HEADER as u64 + at * TOC as u64;
                Some((all.u32(at)?, all.u32(at + 4)?, all.u64(at + 8)?))
            })
            .collect();
        let known = layout.read_metrics(all, &sections);
        layout.read_places(all, &sections, &known);
        Ok(Some(layout))
    }

    /// The entries of all sections of a kind, by where they lie; what does not fit into the file is skipped.
    fn entries(&mut self, bytes: Bytes<'_>, sections: &[(u32, u32, u64)], kind: u32, size: usize) -> Vec<u64> {
        let mut entries = Vec::new();
        for &(_, count, offset) in sections.iter().filter(|(of, ..)| *of == kind) {
            let fit = (bytes.0.len() as u64).saturating_sub(offset) / size as u64;
            let believed = u64::from(count.min(COUNT_MAX)).min(fit);
            self.skipped += u64::from(count) - believed;
            entries.extend((0..believed).map(|at| offset + at * size as u64));
        }
        entries
    }

    /// Reads the metrics; gives their number by where they lie, and whether they have instances.
    fn read_metrics(&mut self, bytes: Bytes<'_>, sections: &[(u32, u32, u64)]) -> HashMap<u64, (usize, bool)> {
        let (size, after) = if self.version == 1 { (METRIC1, NAME as u64) } else { (METRIC2, 8) };
        let mut known = HashMap::new();
        for at in self.entries(bytes, sections, section::METRICS, size) {
            let field = |offset: u64| bytes.u32(at + after + offset).unwrap_or(0);
            let texts = after + 24;
            let text = |offset: u64| bytes.text(bytes.u64(at + texts + offset)?, STRING);
            let name = match self.version {
                1 => bytes.text(at, NAME),
                _ => bytes.u64(at).and_then(|at| bytes.text(at, STRING)),
            };
            let of = TYPES.iter().find(|(_, code)| *code == field(4)).map(|(of, _)| *of);
            let (Some(name), Some(of)) = (name.filter(|name| !name.is_empty()), of) else {
                self.skipped += 1;
                continue;
            };
            let docs = [text(0).unwrap_or_default(), text(8).unwrap_or_default()];
            known.insert(at, (self.metrics.len(), !matches!(field(16), 0 | NO_INDOM)));
            self.metrics.push(Metric {
                name,
                of,
                semantics: Semantics::from_code(field(8)),
                unit: Unit::from_bits(field(12)),
                doc: docs.into_iter().max_by_key(String::len).unwrap_or_default(),
            });
        }
        known
    }

    fn read_places(&mut self, bytes: Bytes<'_>, sections: &[(u32, u32, u64)], known: &HashMap<u64, (usize, bool)>) {
        for at in self.entries(bytes, sections, section::VALUES, VALUE) {
            let metric = bytes.u64(at + 16).and_then(|metric| known.get(&metric));
            let Some(&(metric, instanced)) = metric else {
                self.skipped += 1;
                continue;
            };
            let instance = match instanced {
                true => match self.instance(bytes, bytes.u64(at + 24).unwrap_or(0)) {
                    Some(name) => Some(name),
                    None => {
                        self.skipped += 1;
                        continue;
                    }
                },
                false => None,
            };
            self.places.push(Place { metric, instance, at: at as usize });
        }
    }

    fn instance(&self, bytes: Bytes<'_>, at: u64) -> Option<String> {
        let name = match self.version {
            1 => bytes.get(at, INSTANCE1).and_then(|_| bytes.text(at + 16, NAME)),
            _ => bytes.get(at, INSTANCE2).and_then(|_| bytes.text(bytes.u64(at + 16)?, STRING)),
        };
        name.filter(|name| !name.is_empty())
    }

    /// The value at a place of this layout in the file's bytes of now; `wall` is the wall clock in microseconds.
    pub fn read(&self, place: &Place, bytes: &[u8], wall: i64) -> Reading {
        let all = Bytes(bytes);
        let of = self.metrics.get(place.metric).map(|metric| metric.of);
        let (Some(word), Some(extra), Some(of)) = (all.u64(place.at as u64), all.u64(place.at as u64 + 8), of) else {
            return Reading::Missing;
        };
        let narrow = all.u32(place.at as u64).unwrap_or(0);
        let whole = !matches!(of, Type::F32 | Type::F64 | Type::Text);
        if self.sentinel && whole && word == u64::MAX {
            return Reading::Missing;
        }
        let number = match of {
            Type::I32 => f64::from(narrow as i32),
            Type::U32 => f64::from(narrow),
            Type::I64 => word as i64 as f64,
            Type::U64 => word as f64,
            Type::F32 => f64::from(f32::from_bits(narrow)),
            Type::F64 => f64::from_bits(word),
            Type::Elapsed => {
                // While a stretch goes on, the extra word is its begin, negated.
                let running = if (extra as i64) < 0 { wall.saturating_add(extra as i64) } else { 0 };
                (word as i64).saturating_add(running) as f64
            }
            Type::Text => {
                let text = all.text(extra, STRING).filter(|text| !(self.sentinel && text.is_empty()));
                return text.map_or(Reading::Missing, Reading::Text);
            }
        };
        // What is not a number says nothing, whether the file declares that or not.
        if number.is_nan() { Reading::Missing } else { Reading::Number(number) }
    }
}
