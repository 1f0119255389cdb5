//! `name value [timestamp]`, which is also what Prometheus text is where there are no labels.

use super::{Item, Reading, Sample, Stamp, Unreadable, name, number, openmetrics};

/// Reads a line of two or three words.
pub(super) fn parse(line: &str) -> Reading {
    // What follows a lone `#` is OpenMetrics' exemplar.
    let line = line.split_once(" # ").map_or(line, |(line, _)| line);
    let mut words = line.split_ascii_whitespace();
    let (Some(word), Some(value), stamp, None) = (words.next(), words.next(), words.next(), words.next()) else {
        return None;
    };
    // A sentence of two or three words is no counter with a bad number.
    if !value.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) && !openmetrics::is_no_number(value) {
        return None;
    }
    Some(read(word, value, stamp).map(|sample| vec![Item::Sample(sample)]))
}

fn read(word: &str, value: &str, stamp: Option<&str>) -> Result<Sample, Unreadable> {
    let value = number(value)?;
    let time = stamp.map(|stamp| Stamp::parse(stamp).ok_or(Unreadable::Number)).transpose()?;
    let (name, semantics) = openmetrics::plain(word, &mut Vec::new())?;
    let unit = openmetrics::unit_of(word).to_owned();
    let family = name::dotted(word, &mut [])?;
    Ok(Sample { time, semantics, unit, family, ..Sample::gauge(name, value) })
}
