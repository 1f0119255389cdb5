//! OpenMetrics and Prometheus text, one line at a time: `name{label="value"} value [timestamp] [# exemplar]`, and
//! the comments HELP, TYPE and UNIT.
//!
//! Of a histogram `x` come `x.bucket.le=…`, `x.sum` and `x.count`, of a summary `x.p50`, `x.sum` and `x.count`. A
//! bad line is a bad line; the crates that there are refuse the whole text for it.

use super::{Family, Item, Reading, Sample, Stamp, Unreadable, name, number};
use crate::source::Semantics;

/// Reads a line that has labels; one without is [`super::bare`]'s.
pub(super) fn parse(line: &str) -> Reading {
    let brace = line.find('{')?;
    let word = line[..brace].trim_end();
    if word.is_empty() || word.contains(|c: char| c.is_whitespace() || c == '=' || c == ',') {
        return None;
    }
    Some(read(word, &line[brace + 1..]).map(|sample| vec![Item::Sample(sample)]))
}

fn read(word: &str, rest: &str) -> Result<Sample, Unreadable> {
    let (mut labels, rest) = labels(rest).ok_or(Unreadable::Format)?;
    let rest = rest.split_once(" # ").map_or(rest, |(rest, _)| rest);
    let mut words = rest.split_ascii_whitespace();
    let value = number(words.next().ok_or(Unreadable::Format)?)?;
    let time = words.next().map(|stamp| Stamp::parse(stamp).ok_or(Unreadable::Number)).transpose()?;
    if words.next().is_some() {
        return Err(Unreadable::Format);
    }
    let (name, semantics) = plain(word, &mut labels)?;
    let unit = unit_of(word).to_owned();
    let family = name::dotted(word, &mut [])?;
    Ok(Sample { time, semantics, unit, family, ..Sample::gauge(name, value) })
}

/// The dotted name of a name with labels, and what its suffixes say about its values.
pub(super) fn plain(word: &str, labels: &mut Vec<(String, String)>) -> Result<(String, Semantics), Unreadable> {
    let place = |labels: &[(String, String)], key: &str| labels.iter().position(|(known, _)| known == key);
    if let (Some(base), Some(at)) = (word.strip_suffix("_bucket"), place(labels, "le")) {
        // The bound stays the last, so that the buckets of one series stand together.
        let (_, bound) = labels.remove(at);
        let name = name::dotted(&format!("{base}.bucket"), labels)?;
        return Ok((format!("{name}.le={}", name::clean(&bound)), Semantics::Counter));
    }
    if let Some(at) = place(labels, "quantile") {
        let (_, quantile) = labels.remove(at);
        let name = name::dotted(word, labels)?;
        return Ok((format!("{name}.{}", percentile(&quantile)), Semantics::Gauge));
    }
    let counts = word.ends_with("_total");
    Ok((name::dotted(word, labels)?, if counts { Semantics::Counter } else { Semantics::Gauge }))
}

/// `0.99` as `p99`, `0.999` as `p99_9`.
fn percentile(quantile: &str) -> String {
    match quantile.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => {
            let text = format!("{:.4}", share * 100.0);
            format!("p{}", text.trim_end_matches('0').trim_end_matches('.').replace('.', "_"))
        }
        _ => format!("quantile={}", name::clean(quantile)),
    }
}

/// The labels up to the brace that closes them, and what follows it.
fn labels(text: &str) -> Option<(Vec<(String, String)>, &str)> {
    let mut all = Vec::new();
    let mut rest = text.trim_start();
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            return Some((all, after));
        }
        let (key, quoted) = rest.split_once('=')?;
        let quoted = quoted.trim_start().strip_prefix('"')?;
        let (value, after) = unquoted(quoted)?;
        all.push((key.trim().to_owned(), value));
        rest = after.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
}

/// The text up to the quote that closes it, and what follows it.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            _ => value.push(c),
        }
    }
    None
}

/// What a line that begins with `#` tells; `None` for a remark.
pub(super) fn comment(line: &str) -> Option<Family> {
    let rest = line.strip_prefix('#')?.trim_start();
    let (what, rest) = rest.split_once(' ')?;
    let (word, text) = rest.trim_start().split_once(' ').unwrap_or((rest.trim(), ""));
    let (name, text) = (name::dotted(word, &mut []).ok()?, text.trim().to_owned());
    let family = Family { name, ..Family::default() };
    match what {
        "HELP" => Some(Family { doc: Some(text.replace("\\n", " ").replace("\\\\", "\\")), ..family }),
        "TYPE" => Some(Family { of: Some(text), ..family }),
        "UNIT" => Some(Family { unit: Some(text), ..family }),
        _ => None,
    }
}

/// The unit that a name ends with, as both formats recommend; empty where it ends with none.
pub(super) fn unit_of(word: &str) -> &'static str {
    const UNITS: &[(&str, &str)] = &[
        ("_seconds", "s"),
        ("_milliseconds", "ms"),
        ("_microseconds", "µs"),
        ("_nanoseconds", "ns"),
        ("_bytes", "bytes"),
        ("_ratio", "ratio"),
        ("_percent", "%"),
        ("_celsius", "°C"),
        ("_volts", "V"),
        ("_amperes", "A"),
        ("_joules", "J"),
        ("_meters", "m"),
        ("_grams", "g"),
        ("_hertz", "Hz"),
    ];
    // What histograms count has no unit.
    let base = word.strip_suffix("_total").or_else(|| word.strip_suffix("_sum")).unwrap_or(word);
    UNITS.iter().find(|(suffix, _)| base.ends_with(suffix)).map_or("", |(_, unit)| unit)
}

/// How both formats write values that are no finite number.
pub(super) fn is_no_number(text: &str) -> bool {
    text.eq_ignore_ascii_case("nan") || text.eq_ignore_ascii_case("inf")
}
