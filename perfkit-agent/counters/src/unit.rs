//! Units as PCP has them: powers of space, time and count, each with a scale, in 32 bits.

use std::fmt;

/// What a value is measured in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Unit(pub(crate) u32);

/// Where the fields lie: the first bit of each of the signed four-bit powers, and of the scales.
const SPACE: u32 = 28;
const TIME: u32 = 24;
const COUNT: u32 = 20;
const SPACE_SCALE: u32 = 16;
const TIME_SCALE: u32 = 12;
const COUNT_SCALE: u32 = 8;

const SPACES: &[&str] = &["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
const TIMES: &[&str] = &["ns", "us", "ms", "s", "min", "h"];

impl Unit {
    /// A number without a unit.
    pub const NONE: Unit = Unit(0);
    /// How many.
    pub const COUNT: Unit = Unit(1 << COUNT);
    /// Bytes.
    pub const BYTES: Unit = Unit(1 << SPACE);
    /// Nanoseconds.
    pub const NANOSECONDS: Unit = Unit::time(0);
    /// Microseconds.
    pub const MICROSECONDS: Unit = Unit::time(1);
    /// Milliseconds.
    pub const MILLISECONDS: Unit = Unit::time(2);
    /// Seconds.
    pub const SECONDS: Unit = Unit::time(3);
    /// How many a second.
    pub const PER_SECOND: Unit = Unit(1 << COUNT | 0xf << TIME | 3 << TIME_SCALE);
    /// Bytes a second.
    pub const BYTES_PER_SECOND: Unit = Unit(1 << SPACE | 0xf << TIME | 3 << TIME_SCALE);

    const fn time(scale: u32) -> Unit {
        Unit(1 << TIME | scale << TIME_SCALE)
    }

    /// The 32 bits of PCP's pmUnits.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// From PCP's 32 bits; every pattern has a reading.
    pub fn from_bits(bits: u32) -> Unit {
        Unit(bits)
    }

    /// A signed field of four bits.
    fn signed(self, at: u32) -> i32 {
        (self.0 << (28 - at)) as i32 >> 28
    }

    /// A scale's word.
    fn word(self, at: u32, words: &'static [&'static str]) -> &'static str {
        words.get((self.0 >> at & 0xf) as usize).copied().unwrap_or("?")
    }
}

impl fmt::Display for Unit {
    /// In words, as "bytes", "ms", "count/s"; nothing for no unit.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = match self.signed(COUNT_SCALE) {
            0 => "count".to_owned(),
            scale => format!("count x 10^{scale}"),
        };
        let parts = [
            (self.signed(SPACE), self.word(SPACE_SCALE, SPACES).to_owned()),
            (self.signed(TIME), self.word(TIME_SCALE, TIMES).to_owned()),
            (self.signed(COUNT), count),
        ];
        let words = |sign: i32| -> Vec<String> {
            let fit = parts.iter().filter(|(power, _)| power.signum() == sign);
            fit.map(|(power, word)| if power.abs() == 1 { word.clone() } else { format!("{word}^{}", power.abs()) })
                .collect()
        };
        let (above, below) = (words(1), words(-1));
        match (above.is_empty(), below.is_empty()) {
            (true, true) => Ok(()),
            (_, true) => f.write_str(&above.join(" ")),
            (true, _) => write!(f, "1/{}", below.join("/")),
            _ => write!(f, "{}/{}", above.join(" "), below.join("/")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_said_in_words() {
        for (unit, words) in [
            (Unit::NONE, ""),
            (Unit::COUNT, "count"),
            (Unit::BYTES, "bytes"),
            (Unit::NANOSECONDS, "ns"),
            (Unit::SECONDS, "s"),
            (Unit::PER_SECOND, "count/s"),
            (Unit::BYTES_PER_SECOND, "bytes/s"),
            (Unit(1 << SPACE | 1 << SPACE_SCALE), "KiB"),
            (Unit(0xf << TIME | 2 << TIME_SCALE), "1/ms"),
            (Unit(2 << SPACE), "bytes^2"),
            (Unit(1 << COUNT | 6 << COUNT_SCALE), "count x 10^6"),
        ] {
            assert_eq!(unit.to_string(), words);
        }
    }
}
