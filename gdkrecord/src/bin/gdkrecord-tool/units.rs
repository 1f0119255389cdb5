//! Values with their units: the only place of the tool where numbers become words.

use std::fmt;

use gdkrecord::draw::scale::count;

/// A value that knows its unit.
#[derive(Clone, Debug, PartialEq)]
pub enum Quantity {
    /// Not known, or none.
    Unknown,
    /// Words.
    Text(String),
    /// How many.
    Count(u64),
    /// Nanoseconds.
    Duration(u64),
    /// Nanoseconds since the start of the recording.
    Moment(i64),
    /// Events per second.
    Rate(f64),
    /// A share of 1.
    Share(f64),
    /// Square pixels.
    Area(u64),
    /// Bytes.
    Bytes(u64),
}

impl Quantity {
    /// What the JSON form's key ends in, so that nobody has to guess the unit.
    pub fn suffix(&self) -> &'static str {
        match self {
            Quantity::Unknown | Quantity::Text(_) | Quantity::Count(_) => "",
            Quantity::Duration(_) | Quantity::Moment(_) => "_ns",
            Quantity::Rate(_) => "_per_second",
            Quantity::Share(_) => "_share",
            Quantity::Area(_) => "_px",
            Quantity::Bytes(_) => "_bytes",
        }
    }

    /// For JSON: the plain number.
    pub fn json(&self) -> serde_json::Value {
        match self {
            Quantity::Unknown => serde_json::Value::Null,
            Quantity::Text(text) => text.as_str().into(),
            Quantity::Count(n) | Quantity::Duration(n) | Quantity::Area(n) | Quantity::Bytes(n) => (*n).into(),
            Quantity::Moment(n) => (*n).into(),
            Quantity::Rate(x) | Quantity::Share(x) => (*x).into(),
        }
    }

    /// Whether it is set to the right in a table.
    pub fn is_number(&self) -> bool {
        !matches!(self, Quantity::Text(_))
    }
}

impl From<&str> for Quantity {
    fn from(text: &str) -> Self {
        Quantity::Text(text.to_owned())
    }
}

impl From<String> for Quantity {
    fn from(text: String) -> Self {
        Quantity::Text(text)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Quantity::Unknown => "–".to_owned(),
            Quantity::Text(text) => text.clone(),
            Quantity::Count(n) => count(*n),
            Quantity::Duration(ns) => duration(*ns),
            Quantity::Moment(ns) => moment(*ns),
            Quantity::Rate(rate) => format!("{}/s", three_digits(*rate)),
            // Far more than the whole reads better as how many times.
            Quantity::Share(share) if *share >= 10.0 => format!("{}×", three_digits(*share)),
            Quantity::Share(share) => format!("{:.1} %", share * 100.0),
            Quantity::Area(px) => scaled(*px, &[" px", " kpx", " Mpx", " Gpx", " Tpx"], 1000.0),
            Quantity::Bytes(bytes) => scaled(*bytes, &[" B", " KiB", " MiB", " GiB", " TiB"], 1024.0),
        };
        f.pad(&words)
    }
}

/// Nanoseconds in the unit that gives one to three digits before the point.
pub fn duration(ns: u64) -> String {
    match ns {
        0..1_000 => format!("{ns} ns"),
        // What would round up to 1000 is said in the next unit.
        1_000..999_500 => format!("{} µs", three_digits(ns as f64 / 1e3)),
        999_500..999_500_000 => format!("{} ms", three_digits(ns as f64 / 1e6)),
        999_500_000..120_000_000_000 => format!("{} s", three_digits(ns as f64 / 1e9)),
        _ => {
            let seconds = ns / 1_000_000_000;
            let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            if hours > 0 { format!("{hours} h {minutes} min") } else { format!("{minutes} min {seconds} s") }
        }
    }
}

/// Seconds since the start, to the microsecond.
pub fn moment(ns: i64) -> String {
    let sign = if ns < 0 { "-" } else { "" };
    let us = ns.unsigned_abs() / 1000;
    format!("{sign}{}.{:06} s", us / 1_000_000, us % 1_000_000)
}

fn three_digits(x: f64) -> String {
    match x.abs() {
        ..9.995 => format!("{x:.2}"),
        ..99.95 => format!("{x:.1}"),
        _ => format!("{x:.0}"),
    }
}

fn scaled(n: u64, units: &[&str], step: f64) -> String {
    let mut value = n as f64;
    let mut units = units.iter().peekable();
    while let Some(unit) = units.next() {
        if value < step || units.peek().is_none() {
            return if value == n as f64 { format!("{n}{unit}") } else { format!("{}{unit}", three_digits(value)) };
        }
        value /= step;
    }
    n.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_well_at_every_size() {
        for (quantity, words) in [
            (Quantity::Duration(999), "999 ns"),
            (Quantity::Duration(1_234), "1.23 µs"),
            (Quantity::Duration(999_999), "1.00 ms"),
            (Quantity::Duration(16_666_667), "16.7 ms"),
            (Quantity::Duration(1_500_000_000), "1.50 s"),
            (Quantity::Duration(3_725_000_000_000), "1 h 2 min"),
            (Quantity::Moment(-1_500_000), "-0.001500 s"),
            (Quantity::Count(1_234_567), "1\u{202f}234\u{202f}567"),
            (Quantity::Share(0.9512), "95.1 %"),
            (Quantity::Share(176.063), "176×"),
            (Quantity::Area(307_200), "307 kpx"),
            (Quantity::Bytes(1 << 20), "1.00 MiB"),
            (Quantity::Rate(60.04), "60.0/s"),
            (Quantity::Unknown, "–"),
        ] {
            assert_eq!(quantity.to_string(), words);
        }
    }
}
