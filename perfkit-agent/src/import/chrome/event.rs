//! One event as it is written: what is missing or of another type than usual is left out, and never ends the trace.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::text::nanoseconds;

/// An event.
#[derive(Debug, Default)]
pub struct Event {
    /// Its phase, one letter.
    pub phase: u8,
    pub name: String,
    pub category: String,
    /// Nanoseconds.
    pub time: Option<i64>,
    /// Nanoseconds.
    pub duration: Option<i64>,
    /// As they are written: numbers, mostly, but some write words.
    pub process: String,
    pub thread: String,
    pub id: String,
    pub args: Option<Value>,
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Event, D::Error> {
        from.deserialize_any(Fields)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Event;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Event, A::Error> {
        let mut event = Event::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "ph" => event.phase = text(map.next_value()?).bytes().next().unwrap_or(0),
                "name" => event.name = text(map.next_value()?),
                "cat" => event.category = text(map.next_value()?),
                // As they are written, since a float has not as many digits.
                "ts" => event.time = nanoseconds(map.next_value::<Box<RawValue>>()?.get()),
                "dur" => event.duration = nanoseconds(map.next_value::<Box<RawValue>>()?.get()),
                "pid" => event.process = text(map.next_value()?),
                "tid" => event.thread = text(map.next_value()?),
                "id" | "id2" => event.id = text(map.next_value()?),
                "args" => event.args = Some(map.next_value()?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(event)
    }

    // What is no object has no phase, and is counted as such.
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Event, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Event::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Event, E> {
        Ok(Event::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Event, E> {
        Ok(Event::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Event, E> {
        Ok(Event::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Event, E> {
        Ok(Event::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<Event, E> {
        Ok(Event::default())
    }

    fn visit_unit<E>(self) -> Result<Event, E> {
        Ok(Event::default())
    }
}

/// A value as a word.
fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
