//! Numbers of traces as they are written: microseconds with fractions, exact to the nanosecond.

/// Microseconds, in nanoseconds; quotes around them are no matter. `None` for what is no number, or too large.
pub fn nanoseconds(text: &str) -> Option<i64> {
    let text = text.trim().trim_matches('"');
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = !whole.is_empty() && [whole, part].iter().all(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    if !plain {
        // With an exponent, which is rare.
        let value = text.parse::<f64>().ok().filter(|value| value.abs() < 9e15)?;
        return Some((value * 1000.0).round() as i64);
    }
    let thousandths = part.bytes().chain([b'0'; 3]).take(3).fold(0, |sum, byte| sum * 10 + i64::from(byte - b'0'));
    let value = whole.parse::<i64>().ok()?.checked_mul(1000)?.checked_add(thousandths)?;
    Some(if text.starts_with('-') { -value } else { value })
}

/// One word of a dotted name.
pub fn word(text: &str) -> String {
    let text = text.trim();
    let text = if text.is_empty() { "none" } else { text };
    text.replace(|letter: char| letter == '.' || letter.is_whitespace(), "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_exact() {
        for (text, ns) in [
            ("0", Some(0)),
            ("1", Some(1000)),
            ("1.5", Some(1500)),
            ("1.0625", Some(1062)),
            ("\"12.001\"", Some(12_001)),
            ("1795418299397651.792", Some(1_795_418_299_397_651_792)),
            ("-3.25", Some(-3250)),
            ("1e3", Some(1_000_000)),
            ("1e300", None),
            ("9999999999999999999", None),
            (".5", Some(500)),
            ("", None),
            ("-", None),
            ("null", None),
            ("{}", None),
        ] {
            assert_eq!(nanoseconds(text), ns, "{text}");
        }
    }
}
