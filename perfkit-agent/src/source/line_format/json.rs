//! JSON lines. What an object says is told by its keys, in this order:
//!
//! | Keys | Meaning |
//! |---|---|
//! | `begin` or `end`, the name of a span; optional `id`, `group`, `message`, `pid`, `tid` | one end of a mark |
//! | `mark`, a name; optional `duration_ns`, `group`, `message`, `pid`, `tid` | a mark; without a duration a moment |
//! | `message`, `msg` or `log`, a text; optional `level`, `domain` | a line of a log; the other keys follow it as `key=value` |
//! | `name` and `value`; optional `type` (counter, gauge, discrete), `unit`, `doc`, `tags` | one value |
//! | `fields`, an object; optional `name`, `tags` | values, as Telegraf writes them |
//! | numbers, objects and arrays of them | values, their names the keys joined by dots |
//!
//! An `end` closes the last open `begin` of the same name and `id`. `time`, `timestamp`, `ts` or `@timestamp` is the time. `true` counts 1, `false` 0; a text among values is a line
//! of the log with the value's name as its domain. A text alone is a line of the log, an array is several lines.

use serde_json::{Map, Value};

use super::{Edge, Item, Log, Mark, Sample, Stamp, Unreadable, name};
use crate::source::{Level, Semantics};

/// Keys with the time of all that an object says.
const TIMES: &[&str] = &["time", "timestamp", "ts", "@timestamp"];
const MESSAGES: &[&str] = &["message", "msg", "log"];
const LEVELS: &[&str] = &["level", "severity", "lvl", "levelname"];
const DOMAINS: &[&str] = &["domain", "logger", "target", "component"];

/// Reads one JSON value.
pub(super) fn parse(line: &str) -> Result<Vec<Item>, Unreadable> {
    let value: Value = serde_json::from_str(line).map_err(|_| Unreadable::Json)?;
    let mut items = Vec::new();
    read(&value, &mut items)?;
    if items.is_empty() { Err(Unreadable::Json) } else { Ok(items) }
}

fn read(value: &Value, items: &mut Vec<Item>) -> Result<(), Unreadable> {
    match value {
        Value::Object(object) => read_object(object, items),
        Value::Array(all) => all.iter().try_for_each(|value| read(value, items)),
        Value::String(message) => {
            items.push(Item::Log(Log { message: message.clone(), ..Log::default() }));
            Ok(())
        }
        _ => Err(Unreadable::Json),
    }
}

fn read_object(object: &Map<String, Value>, items: &mut Vec<Item>) -> Result<(), Unreadable> {
    let time = TIMES.iter().find_map(|key| object.get(*key)).and_then(Stamp::of_json);
    let edges = [("begin", Edge::Begin), ("end", Edge::End), ("mark", Edge::Whole(duration(object)))];
    if let Some((name, edge)) = edges.iter().find_map(|(key, edge)| Some((text(object, &[key])?, *edge))) {
        items.push(Item::Mark(mark(object, name, edge, time)));
        return Ok(());
    }
    if let Some(message) = text(object, MESSAGES) {
        items.push(Item::Log(log(object, message, time)));
        return Ok(());
    }
    let word = text(object, &["name"]).unwrap_or("");
    let mut labels = labels(object);
    if let Some(fields) = object.get("fields").filter(|fields| fields.is_object()) {
        return flatten(word, fields, &mut labels, time, 0, items);
    }
    if let (false, Some(value)) = (word.is_empty(), object.get("value").and_then(as_number)) {
        let semantics = match text(object, &["type", "semantics"]) {
            Some("counter") => Semantics::Counter,
            Some("discrete") => Semantics::Discrete,
            _ => Semantics::Gauge,
        };
        let words = |key| text(object, &[key]).unwrap_or("").to_owned();
        let (unit, doc) = (words("unit"), words("doc"));
        let name = name::dotted(word, &mut labels)?;
        items.push(Item::Sample(Sample { semantics, unit, doc, time, ..Sample::gauge(name, value) }));
        return Ok(());
    }
    for (key, value) in object.iter().filter(|(key, _)| !TIMES.contains(&key.as_str())) {
        flatten(key, value, &mut Vec::new(), time, 0, items)?;
    }
    Ok(())
}

/// Depth of objects in objects that is looked into.
const DEPTH_MAX: usize = 16;

fn flatten(
    word: &str,
    value: &Value,
    labels: &mut Vec<(String, String)>,
    time: Option<Stamp>,
    depth: usize,
    items: &mut Vec<Item>,
) -> Result<(), Unreadable> {
    let joined = |key: &str| if word.is_empty() { name::clean(key) } else { format!("{word}.{}", name::clean(key)) };
    match value {
        _ if depth > DEPTH_MAX => return Err(Unreadable::Name),
        Value::Object(object) => {
            for (key, value) in object {
                flatten(&joined(key), value, labels, time, depth + 1, items)?;
            }
        }
        Value::Array(all) => {
            for (at, value) in all.iter().enumerate() {
                flatten(&joined(&at.to_string()), value, labels, time, depth + 1, items)?;
            }
        }
        Value::String(message) => {
            let domain = Some(name::dotted(word, labels)?);
            items.push(Item::Log(Log { domain, message: message.clone(), time, level: None }));
        }
        _ => {
            if let Some(value) = as_number(value) {
                items.push(Item::Sample(Sample { time, ..Sample::gauge(name::dotted(word, labels)?, value) }));
            }
        }
    }
    Ok(())
}

fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64().filter(|value| value.is_finite()),
        Value::Bool(yes) => Some(f64::from(u8::from(*yes))),
        _ => None,
    }
}

fn text<'a>(object: &'a Map<String, Value>, keys: &[&str]) -> Option<&'a str> {
    keys.iter().find_map(|key| object.get(*key)?.as_str())
}

fn labels(object: &Map<String, Value>) -> Vec<(String, String)> {
    let tags = ["tags", "labels"].iter().find_map(|key| object.get(*key)?.as_object());
    tags.into_iter().flatten().map(|(key, value)| (key.clone(), shown(value))).collect()
}

/// A value in words: a text without its quotes.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn duration(object: &Map<String, Value>) -> i64 {
    object.get("duration_ns").and_then(Value::as_i64).unwrap_or(0).max(0)
}

fn mark(object: &Map<String, Value>, name: &str, edge: Edge, time: Option<Stamp>) -> Mark {
    let words = |key| text(object, &[key]).unwrap_or("").to_owned();
    let id = |key| object.get(key).and_then(Value::as_i64).and_then(|id| i32::try_from(id).ok());
    Mark {
        edge,
        group: words("group"),
        name: name.to_owned(),
        message: words("message"),
        id: object.get("id").map(shown).unwrap_or_default(),
        pid: id("pid"),
        tid: id("tid"),
        time,
    }
}

fn log(object: &Map<String, Value>, message: &str, time: Option<Stamp>) -> Log {
    let level = LEVELS.iter().find_map(|key| object.get(*key)).and_then(|value| level(&shown(value)));
    let domain = text(object, DOMAINS).map(str::to_owned);
    let said = |key: &str, value: &Value| value.is_string() && (MESSAGES.contains(&key) || DOMAINS.contains(&key));
    let rest = object.iter().filter(|(key, value)| {
        let key = key.as_str();
        !TIMES.contains(&key) && !LEVELS.contains(&key) && !said(key, value)
    });
    let mut message = message.to_owned();
    for (key, value) in rest {
        message.push_str(&format!(" {key}={}", shown(value)));
    }
    Log { level, domain, message, time }
}

/// The level that a word or number stands for: the names of many loggers, syslog's numbers 0 to 7, and the tens from
/// 10 (trace) to 60 (fatal) of Bunyan and pino, which write them into JSON where others write names.
pub(crate) fn level(word: &str) -> Option<Level> {
    const WORDS: &[(Level, &[&str])] = &[
        (Level::Error, &["error", "err", "critical", "crit", "fatal", "alert", "emerg", "emergency", "panic"]),
        (Level::Warning, &["warning", "warn"]),
        (Level::Message, &["message", "notice"]),
        (Level::Info, &["info", "information", "informational", "success"]),
        (Level::Debug, &["debug", "trace", "verbose"]),
    ];
    if let Ok(number) = word.parse::<u32>() {
        return Some(match number {
            0..=3 => Level::Error,
            4 => Level::Warning,
            5 => Level::Message,
            6 => Level::Info,
            7..=29 => Level::Debug,
            30..=39 => Level::Info,
            40..=49 => Level::Warning,
            _ => Level::Error,
        });
    }
    WORDS.iter().find(|(_, words)| words.iter().any(|known| known.eq_ignore_ascii_case(word))).map(|(level, _)| *level)
}
