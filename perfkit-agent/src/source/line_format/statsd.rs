//! statsd: `name:value|type[|@rate][|#tag:value,…]`, with DogStatsD's several values, time stamps and events.
//!
//! A counter is told as steps, so its value is the sum of them, each divided by its sample rate. A gauge with a
//! sign is a step too. Timers, histograms and distributions are values of their moment; of a set, its size counts.

use super::{Item, Log, Reading, Sample, Stamp, Step, Unreadable, json, name, number};
use crate::source::Semantics;

/// Values that one line may have; DogStatsD's clients send some dozens.
const VALUES_MAX: usize = 4096;

/// Reads a line that has a `:` and after it a `|`.
pub(super) fn parse(line: &str) -> Reading {
    if line.starts_with("_e{") || line.starts_with("_sc|") {
        return Some(event(line).map(|log| vec![Item::Log(log)]).ok_or(Unreadable::Format));
    }
    let (head, tail) = line.split_once('|')?;
    let (word, values) = head.split_once(':')?;
    let mut parts = tail.split('|');
    let of = parts.next()?;
    if !TYPES.contains(&of) || word.contains(['{', '"']) {
        return None;
    }
    Some(read(word, values, of, parts))
}

const TYPES: &[&str] = &["c", "g", "ms", "h", "d", "s"];

fn read<'a>(
    word: &str,
    values: &str,
    of: &str,
    extras: impl Iterator<Item = &'a str>,
) -> Result<Vec<Item>, Unreadable> {
    let (mut rate, mut time, mut labels) = (1.0, None, Vec::new());
    for extra in extras {
        let (kind, text) = extra.split_at_checked(1).unwrap_or(("", ""));
        match kind {
            "@" => rate = number(text).ok().filter(|rate| *rate > 0.0 && *rate <= 1.0).ok_or(Unreadable::Number)?,
            "#" => labels = tags(text),
            "T" => time = Some(Stamp::parse(text).ok_or(Unreadable::Number)?),
            // What newer protocols add, as the container's id.
            _ => {}
        }
    }
    let name = name::dotted(word, &mut labels)?;
    let sample = |text: &str| {
        let value = if of == "s" { 0.0 } else { number(text)? };
        let (step, semantics, unit) = match of {
            "c" => (Step::Added, Semantics::Counter, ""),
            "g" if text.starts_with(['+', '-']) => (Step::Added, Semantics::Gauge, ""),
            "g" => (Step::Absolute, Semantics::Gauge, ""),
            "s" => (Step::Member(text.to_owned()), Semantics::Gauge, "members"),
            _ => (Step::OneOf(1.0 / rate), Semantics::Discrete, if of == "ms" { "ms" } else { "" }),
        };
        let value = if of == "c" { value / rate } else { value };
        let unit = unit.to_owned();
        Ok(Item::Sample(Sample { step, semantics, unit, time, ..Sample::gauge(name.clone(), value) }))
    };
    match of {
        // A set's member may be any text.
        "s" => Ok(vec![sample(values)?]),
        _ => values.split(':').take(VALUES_MAX).map(sample).collect(),
    }
}

/// `key:value,flag` as labels.
fn tags(text: &str) -> Vec<(String, String)> {
    let pair = |tag: &str| {
        let (key, value) = tag.split_once([':', '=']).unwrap_or((tag, "true"));
        (key.to_owned(), value.to_owned())
    };
    text.split(',').filter(|tag| !tag.is_empty()).map(pair).collect()
}

/// DogStatsD's events `_e{5,4}:title|text|t:error` and service checks `_sc|name|0|m:message`: lines of a log.
fn event(line: &str) -> Option<Log> {
    if let Some(rest) = line.strip_prefix("_sc|") {
        let mut parts = rest.split('|');
        let (name, status) = (parts.next()?, parts.next()?);
        let level = ["info", "warning", "error"].get(status.parse::<usize>().ok()?).copied().unwrap_or("warning");
        let message = parts.find_map(|part| part.strip_prefix("m:")).unwrap_or("");
        let message = format!("{name}: {}", if message.is_empty() { status } else { message });
        return Some(Log { level: json::level(level), domain: Some("check".to_owned()), message, time: None });
    }
    let (lengths, rest) = line.strip_prefix("_e{")?.split_once("}:")?;
    let (title, text) = lengths.split_once(',')?;
    let (title, text): (usize, usize) = (title.parse().ok()?, text.parse().ok()?);
    let (title, rest) = rest.split_at_checked(title)?;
    let (text, rest) = rest.strip_prefix('|')?.split_at_checked(text)?;
    let level = rest.split('|').find_map(|part| part.strip_prefix("t:")).and_then(json::level);
    let message = if text.is_empty() { title.to_owned() } else { format!("{title}: {text}") };
    Some(Log { level, domain: Some("event".to_owned()), message: message.replace("\\n", "\n"), time: None })
}
