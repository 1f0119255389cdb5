//! Numbers in words, with their units: the one place for all that people read, in tables and in drawings.

/// A length of time with three digits that matter: "830 ns", "16.7 ms", "2.04 s", "3 min 20 s". What is exactly
/// so many of a unit, as a budget or a limit is, has no digits after the point: "2 ms".
pub fn duration(ns: u64) -> String {
    let exact = |unit: u64, name: &str| match ns % unit {
        0 => format!("{} {name}", ns / unit),
        _ => format!("{} {name}", three_digits(ns as f64 / unit as f64)),
    };
    match ns {
        0..1_000 => format!("{ns} ns"),
        // What would round up to 1000 is said in the next unit.
        1_000..999_500 => exact(1_000, "µs"),
        999_500..999_500_000 => exact(1_000_000, "ms"),
        999_500_000..119_500_000_000 => exact(1_000_000_000, "s"),
        _ => {
            let seconds = (ns + 500_000_000) / 1_000_000_000;
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

/// A whole number with narrow spaces between its thousands: "1 204 311".
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// So many of something: "1 frame", "1 204 frames".
pub fn plural(number: u64, word: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{} {word}{s}", count(number))
}

/// Square pixels: "640 px", "12.5 kpx", "2.07 Mpx".
pub fn area(px: u64) -> String {
    scaled(px, &["px", "kpx", "Mpx", "Gpx", "Tpx"], 1000.0)
}

/// Bytes: "640 B", "12.5 KiB".
pub fn bytes(bytes: u64) -> String {
    scaled(bytes, &["B", "KiB", "MiB", "GiB", "TiB"], 1024.0)
}

/// So many a second: "60.0/s".
pub fn rate(rate: f64) -> String {
    format!("{}/s", three_digits(rate))
}

/// A share of 1: "95.1 %"; far more than the whole reads better as how many times: "176×".
pub fn share(share: f64) -> String {
    if share >= 10.0 { format!("{}×", three_digits(share)) } else { format!("{:.1} %", share * 100.0) }
}

fn three_digits(x: f64) -> String {
    match x.abs() {
        ..9.995 => format!("{x:.2}"),
        ..99.95 => format!("{x:.1}"),
        _ => format!("{x:.0}"),
    }
}

/// In the largest unit of which there is at least one.
fn scaled(n: u64, units: &[&str], step: f64) -> String {
    // What would round up to the next unit is said in it.
    let power = (0..units.len() - 1).take_while(|&power| n as f64 / step.powi(power as i32) >= step - 0.5).count();
    match power {
        0 => format!("{n} {}", units[0]),
        _ => format!("{} {}", three_digits(n as f64 / step.powi(power as i32)), units[power]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well_at_every_size() {
        for (ns, words) in [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_234, "1.23 µs"),
            (2_000, "2 µs"),
            (999_499, "999 µs"),
            (999_999, "1.00 ms"),
            (16_666_667, "16.7 ms"),
            (74_000_000, "74 ms"),
            (1_500_000_000, "1.50 s"),
            (119_600_000_000, "2 min 0 s"),
            (200_000_000_000, "3 min 20 s"),
            (3_725_000_000_000, "1 h 2 min"),
        ] {
            assert_eq!(duration(ns), words);
        }
        for (words, expected) in [
            (moment(-1_500_000), "-0.001500 s"),
            (count(1_234_567), "1\u{202f}234\u{202f}567"),
            (share(0.9512), "95.1 %"),
            (share(176.063), "176×"),
            (area(640), "640 px"),
            (area(999_600), "1.00 Mpx"),
            (area(307_200), "307 kpx"),
            (area(2_073_600), "2.07 Mpx"),
            (bytes(1 << 20), "1.00 MiB"),
            (bytes(u64::MAX), "16777216 TiB"),
            (rate(60.04), "60.0/s"),
        ] {
            assert_eq!(words, expected);
        }
    }
}
