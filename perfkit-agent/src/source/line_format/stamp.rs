//! Time stamps of unknown unit and clock, and the one rule that finds out both.

use serde_json::Value;

use crate::session::clock::Pair;

/// A number that stands for a time, times 10⁹: exact for all that is written with up to nine decimals.
///
/// Formats and programs differ in unit and clock: Influx writes nanoseconds since 1970, Prometheus milliseconds,
/// OpenMetrics seconds, bpftrace's `nsecs` CLOCK_MONOTONIC. The rule for all of them: of the readings as seconds,
/// milliseconds, microseconds or nanoseconds of the wall clock, or seconds or nanoseconds of CLOCK_MONOTONIC, the
/// one that lies nearest to now is meant; one that no reading brings within ten minutes of now is no time of this session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp(pub i128);

const BILLION: i128 = 1_000_000_000;
/// How far from now a time may lie, in nanoseconds: ten minutes. More would let other numbers pass for times, as
/// the seconds since 1970 of a day long past for nanoseconds since the machine was started.
const FAR: i128 = 600 * BILLION;
/// What the readings multiply the written number with for nanoseconds.
const WALL: [i128; 4] = [BILLION, 1_000_000, 1_000, 1];
const MONOTONIC: [i128; 2] = [BILLION, 1];

impl Stamp {
    /// A decimal number without an exponent.
    pub fn parse(text: &str) -> Option<Stamp> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let fine = |digits: &str| digits.len() <= 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !fine(whole) || !fine(part) {
            return None;
        }
        // Digits after the ninth are finer than a nanosecond.
        let part = &part[..part.len().min(9)];
        let scale = 10i128.pow(9 - part.len() as u32);
        let value = whole.parse::<i128>().ok()? * BILLION + part.parse::<i128>().unwrap_or(0) * scale;
        Some(Stamp(if negative { -value } else { value }))
    }

    /// A JSON number, or a text that is a number or a date and time of RFC 3339.
    pub fn of_json(value: &Value) -> Option<Stamp> {
        match value {
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => Some(Stamp(i128::from(whole) * BILLION)),
                (_, Some(real)) if real.is_finite() && real.abs() < 1e20 => Some(Stamp((real * 1e9) as i128)),
                _ => None,
            },
            Value::String(text) => Stamp::parse(text).or_else(|| date(text)),
            _ => None,
        }
    }

    /// The time that is meant, in CLOCK_MONOTONIC nanoseconds, by what both clocks show now.
    pub fn monotonic(self, now: Pair) -> Option<i64> {
        let (monotonic, offset) = (i128::from(now.monotonic), i128::from(now.monotonic) - i128::from(now.realtime));
        let wall = WALL.iter().map(|scale| self.0.saturating_mul(*scale) / BILLION + offset);
        let own = MONOTONIC.iter().map(|scale| self.0.saturating_mul(*scale) / BILLION);
        let nearest = wall.chain(own).min_by_key(|time| (time - monotonic).abs())?;
        ((nearest - monotonic).abs() <= FAR).then(|| i64::try_from(nearest).ok()).flatten()
    }
}

/// `2026-11-24T18:42:25.5+01:00`, as seconds since 1970.
fn date(text: &str) -> Option<Stamp> {
    let bytes = text.as_bytes();
    let separators = [(4, b"-" as &[u8]), (7, b"-"), (10, b"Tt "), (13, b":"), (16, b":")];
    if bytes.len() < 20 || !text.is_ascii() || separators.iter().any(|(at, which)| !which.contains(&bytes[*at])) {
        return None;
    }
    let field = |from: usize, to: usize| {
        let digits = &text[from..to];
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<i64>().ok()).flatten()
    };
    let (year, month, day) = (field(0, 4)?, field(5, 7)?, field(8, 10)?);
    let (hour, minute) = (field(11, 13)?, field(14, 16)?);
    let zone_at = 17 + text[17..].find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let Stamp(second) = Stamp::parse(&text[17..zone_at])?;
    let zone = match &text[zone_at..] {
        "Z" | "z" => 0,
        zone if zone.len() == 6 && matches!(bytes[zone_at], b'+' | b'-') && bytes[zone_at + 3] == b':' => {
            let minutes = field(zone_at + 1, zone_at + 3)? * 60 + field(zone_at + 4, zone_at + 6)?;
            if bytes[zone_at] == b'-' { -minutes } else { minutes }
        }
        _ => return None,
    };
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 24 || minute > 60 || second > 61 * BILLION {
        return None;
    }
    // Days since 1970 of the civil calendar, with years that begin in March, so that the leap day comes last.
    let years = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = years * 365 + years / 4 - years / 100 + years / 400 + day_of_year - 719_468;
    let minutes = (days * 24 + hour) * 60 + minute - zone;
    Some(Stamp(i128::from(minutes) * 60 * BILLION + second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The machine has been up for a quarter of an hour.
    const NOW: Pair = Pair { monotonic: 900_000_000_000, realtime: 1_795_418_300_000_000_000 };

    #[test]
    fn unit_and_clock_are_those_nearest_to_now() {
        for (text, monotonic) in [
            ("1795418299.397651792", Some(899_397_651_792)),
            ("1795418299", Some(899_000_000_000)),
            ("1795418299397", Some(899_397_000_000)),
            ("1795418299397651", Some(899_397_651_000)),
            ("1795418299397651792", Some(899_397_651_792)),
            ("1795418299397651792.99", Some(899_397_651_792)),
            ("899397651792", Some(899_397_651_792)),
            ("300000000001", Some(300_000_000_001)),
            ("899.397651792", Some(899_397_651_792)),
            ("0", None),
            ("-1", None),
            ("1595418299", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(Stamp::parse(text).unwrap().monotonic(NOW), monotonic, "{text}");
        }
        for text in ["", "1e9", "+1", "1.5.5", "x", "--1", ".5", "999999999999999999999"] {
            assert_eq!(Stamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn dates_are_times_too() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T12:00:00+00:00", Some(951_825_600)),
            ("2026-11-23T08:38:19.397+01:00", Some(1_795_419_499)),
            ("2026-11-23 08:38:19-00:30", Some(1_795_424_899)),
            ("2026-13-23T08:38:19Z", None),
            ("2026-11-23T08:38:19", None),
            ("2026-11-23T08:38:1é", None),
            ("not a date, but as long", None),
        ] {
            let stamp = Stamp::of_json(&json!(text));
            assert_eq!(stamp.map(|Stamp(value)| (value / BILLION) as i64), seconds, "{text}");
        }
        assert_eq!(Stamp::of_json(&json!(1.5)), Some(Stamp(1_500_000_000)));
        assert_eq!(Stamp::of_json(&json!(["x"])), None);
    }
}
