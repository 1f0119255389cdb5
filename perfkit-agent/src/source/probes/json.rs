//! `bpftrace -f json`: an object a line, which wraps what the script printed, or shows its maps.

use serde_json::Value;

use crate::source::line_format::clean;

/// Values of one map that are kept, at most.
const VALUES_MAX: usize = 100_000;

/// What a line says.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// A piece of what the script printed: no line, but what lines are made of.
    Text(String),
    /// Values of a map, by dotted names.
    Values(Vec<(String, f64)>),
    /// Events that were lost.
    Lost(u64),
    /// Something about bpftrace itself.
    About(String),
    /// Nothing.
    Nothing,
}

/// What a line says; none where it is none of bpftrace's objects.
pub fn parse(line: &str) -> Option<Said> {
    if line.trim().is_empty() {
        return Some(Said::Nothing);
    }
    let Ok(Value::Object(object)) = serde_json::from_str(line) else { return None };
    let data = object.get("data")?;
    let text = || Some(Said::Text(data.as_str()?.to_owned()));
    match object.get("type")?.as_str()? {
        "printf" | "time" | "cat" | "join" | "syscall" => text(),
        "map" | "hist" | "stats" => {
            let mut values = Vec::new();
            for (name, value) in data.as_object()? {
                // The map without a name is called @.
                let name = name.trim_start_matches('@');
                let name = if name.is_empty() { "map".to_owned() } else { clean(name) };
                flatten(&format!("bpftrace.{name}"), value, &mut values);
            }
            Some(Said::Values(values))
        }
        // print() of something that is no map.
        "value" => Some(Said::About(data.as_str().map_or_else(|| data.to_string(), str::to_owned))),
        "lost_events" => Some(Said::Lost(data.get("events")?.as_u64()?)),
        "attached_probes" => Some(Said::Nothing),
        other => Some(Said::About(format!("{other}: {data}"))),
    }
}

/// The numbers in a map's value: keys go on the name, a histogram's buckets are called by their bounds.
fn flatten(name: &str, value: &Value, values: &mut Vec<(String, f64)>) {
    if values.len() >= VALUES_MAX {
        return;
    }
    match value {
        Value::Number(number) => values.extend(number.as_f64().map(|number| (name.to_owned(), number))),
        Value::Object(object) => {
            for (key, value) in object {
                flatten(&format!("{name}.{}", clean(key)), value, values);
            }
        }
        Value::Array(all) => {
            for (at, value) in all.iter().enumerate() {
                match bucket(value) {
                    Some((bounds, count)) => values.push((format!("{name}.{bounds}"), count)),
                    None => flatten(&format!("{name}.{at}"), value, values),
                }
            }
        }
        // A text is no value.
        _ => {}
    }
}

/// `{"min": 8, "max": 15, "count": 3}`, where one of the bounds may be missing.
fn bucket(value: &Value) -> Option<(String, f64)> {
    let object = value.as_object()?;
    let count = object.get("count")?.as_f64()?;
    let bound = |key: &str| object.get(key).and_then(Value::as_i64);
    match (bound("min"), bound("max")) {
        (Some(min), Some(max)) => Some((format!("{min}-{max}"), count)),
        (Some(min), None) => Some((format!("from-{min}"), count)),
        (None, Some(max)) => Some((format!("to-{max}"), count)),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_kind_of_object_is_read() {
        let values = |values: &[(&str, f64)]| {
            Some(Said::Values(values.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()))
        };
        for (line, expected) in [
            (r#"{"type": "attached_probes", "data": {"probes": 2}}"#, Some(Said::Nothing)),
            ("", Some(Said::Nothing)),
            (r#"{"type": "printf", "data": "a 1\nb"}"#, Some(Said::Text("a 1\nb".into()))),
            (r#"{"type": "time", "data": "19:00\n"}"#, Some(Said::Text("19:00\n".into()))),
            (r#"{"type": "map", "data": {"@n": 3}}"#, values(&[("bpftrace.n", 3.0)])),
            (
                r#"{"type": "map", "data": {"@": {"a b,1": 3, "x.y": 4}}}"#,
                values(&[("bpftrace.map.a_b,1", 3.0), ("bpftrace.map.x_y", 4.0)]),
            ),
            (r#"{"type": "map", "data": {"@s": "text"}}"#, values(&[])),
            (r#"{"type": "map", "data": {"@t": [1,2]}}"#, values(&[("bpftrace.t.0", 1.0), ("bpftrace.t.1", 2.0)])),
            (
                r#"{"type": "stats", "data": {"@s": {"count": 1, "average": 4, "total": 4}}}"#,
                values(&[("bpftrace.s.average", 4.0), ("bpftrace.s.count", 1.0), ("bpftrace.s.total", 4.0)]),
            ),
            (
                r#"{"type": "hist", "data": {"@h": [{"max": -1, "count": 1}, {"min": 8, "max": 15, "count": 3}, {"min": 16, "count": 2}]}}"#,
                values(&[("bpftrace.h.to--1", 1.0), ("bpftrace.h.8-15", 3.0), ("bpftrace.h.from-16", 2.0)]),
            ),
            (
                r#"{"type": "hist", "data": {"@q": {"1": [{"min": 2, "max": 3, "count": 1}]}}}"#,
                values(&[("bpftrace.q.1.2-3", 1.0)]),
            ),
            (r#"{"type": "value", "data": [1,2]}"#, Some(Said::About("[1,2]".into()))),
            (r#"{"type": "lost_events", "data": {"events": 12}}"#, Some(Said::Lost(12))),
            (
                r#"{"type": "helper_error", "data": {"msg": "x"}}"#,
                Some(Said::About(r#"helper_error: {"msg":"x"}"#.into())),
            ),
            (r#"{"type": "printf", "data": 3}"#, None),
            (r#"{"type": "lost_events", "data": {}}"#, None),
            (r#"{"cache": 3}"#, None),
            ("tick 1", None),
        ] {
            assert_eq!(parse(line), expected, "{line}");
        }
    }

    proptest! {
        #[test]
        fn anything_is_read_or_refused(kind in "map|hist|stats|printf|lost_events|[a-z]{1,8}", data in "[\\[\\]{}:,@\"a0-9 .-]{0,60}") {
            let _ = parse(&format!("{{\"type\": \"{kind}\", \"data\": {data}}}"));
            let _ = parse(&data);
        }
    }
}
