//! Influx line protocol: `measurement[,tag=value…] field=value[,field=value…] [timestamp]`.
//!
//! Each field is a value called `measurement.field`, the tags as its labels; a field that is a text is a line of
//! the log. The crate for it has not moved since 2023 and brings a parser framework, an error framework and a
//! logger along for what is a page here.

use super::{Item, Log, Reading, Sample, Stamp, Unreadable, name, number};

/// Reads a line whose second word has a `=`.
pub(super) fn parse(line: &str) -> Reading {
    let (series, rest) = cut(line, b' ')?;
    let (fields, stamp) = cut(rest, b' ').map_or((rest, None), |(fields, stamp)| (fields, Some(stamp.trim())));
    cut(fields, b'=')?;
    Some(read(series, fields, stamp.filter(|stamp| !stamp.is_empty())))
}

fn read(series: &str, fields: &str, stamp: Option<&str>) -> Result<Vec<Item>, Unreadable> {
    let time = stamp.map(|stamp| Stamp::parse(stamp).ok_or(Unreadable::Number)).transpose()?;
    let (measurement, mut tags) = cut(series, b',').map_or((series, ""), |(name, tags)| (name, tags));
    let measurement = unescaped(measurement);
    let mut labels = Vec::new();
    while !tags.is_empty() {
        let (tag, rest) = cut(tags, b',').unwrap_or((tags, ""));
        let (key, value) = cut(tag, b'=').ok_or(Unreadable::Format)?;
        labels.push((unescaped(key), unescaped(value)));
        tags = rest;
    }
    let mut items = Vec::new();
    let mut rest = fields;
    while !rest.is_empty() {
        let (field, after) = cut(rest, b',').unwrap_or((rest, ""));
        let (key, value) = cut(field, b'=').ok_or(Unreadable::Format)?;
        if measurement.is_empty() || key.is_empty() {
            return Err(Unreadable::Name);
        }
        let key = format!("{measurement}.{}", unescaped(key));
        let name = name::dotted(&key, &mut labels)?;
        items.push(match value.strip_prefix('"') {
            Some(text) => {
                let message = unescaped(text.strip_suffix('"').ok_or(Unreadable::Format)?);
                Item::Log(Log { domain: Some(name), message, time, level: None })
            }
            None => Item::Sample(Sample { time, ..Sample::gauge(name, field_value(value)?) }),
        });
        rest = after;
    }
    Ok(items)
}

fn field_value(text: &str) -> Result<f64, Unreadable> {
    match text {
        "t" | "T" | "true" | "True" | "TRUE" => Ok(1.0),
        "f" | "F" | "false" | "False" | "FALSE" => Ok(0.0),
        _ => number(text.strip_suffix(['i', 'u']).unwrap_or(text)),
    }
}

/// The text before and after the first `at` that is neither escaped nor in quotes.
fn cut(text: &str, at: u8) -> Option<(&str, &str)> {
    let (mut escaped, mut quoted) = (false, false);
    for (place, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            _ if byte == at && !quoted => return Some((&text[..place], &text[place + 1..])),
            _ => {}
        }
    }
    None
}

/// Without the backslashes before what they escape.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match (c, rest.peek()) {
            ('\\', Some(&next)) if ",= \"\\".contains(next) => {
                plain.push(next);
                rest.next();
            }
            _ => plain.push(c),
        }
    }
    plain
}
