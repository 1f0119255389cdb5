//! Reads a JSON export back: the same events, or the place where it is not one.

use std::io::Read;

use gdkrecord::{Body, Event, Kind, Value, field::Rect};
use serde_json::Value as Json;

use crate::export::JSON_FORMAT;
use crate::failure::{Failure, Result};

/// What an export holds.
#[derive(Debug)]
pub struct Document {
    /// Its events, in their order.
    pub events: Vec<Event>,
    /// What was found wrong with the recording when it was exported.
    pub diagnostics: Vec<String>,
}

/// Reads an export, all of it.
pub fn read(input: impl Read) -> Result<Document> {
    let json: Json = serde_json::from_reader(input).map_err(|error| Failure::Json(error.to_string()))?;
    if json["format"] != JSON_FORMAT.0 {
        return Err(Failure::Json(format!("\"format\" is not \"{}\"", JSON_FORMAT.0)));
    }
    if json["version"].as_u64().is_none_or(|version| version > JSON_FORMAT.1) {
        return Err(Failure::Json(format!("version {} is not known: update perfkit", json["version"])));
    }
    let list = |name: &str| json[name].as_array().ok_or_else(|| Failure::Json(format!("\"{name}\" is not a list")));
    let events = list("events")?.iter().enumerate().map(|(at, json)| {
        event(json).map_err(|field| Failure::Json(format!("event {at}: \"{field}\" is missing or not of its type")))
    });
    let events = events.collect::<Result<_>>()?;
    let diagnostics = list("diagnostics")?.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect();
    Ok(Document { events, diagnostics })
}

/// One event; `Err` names the field that does not fit.
fn event(json: &Json) -> std::result::Result<Event, &'static str> {
    let time = json["time"].as_u64().ok_or("time")?;
    let thread = json["thread"].as_u64().and_then(|thread| thread.try_into().ok()).ok_or("thread")?;
    let kind = json["kind"].as_str().and_then(Kind::by_name).ok_or("kind")?;
    // Rectangles are borrowed by a value, so they must be there before it is.
    let mut rects = Vec::new();
    for field in kind.fields {
        let value = json.get(field.name).ok_or(field.name)?;
        if let Some(list) = value.as_array() {
            rects = list.iter().map(rect).collect::<Option<_>>().ok_or(field.name)?;
        }
    }
    let body = Body::from_values(kind, &mut |name| match &json[name] {
        Json::Bool(truth) => Value::Bool(*truth),
        Json::String(text) => Value::Text(text),
        Json::Array(_) => Value::Rects(&rects),
        Json::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(n), ..) => Value::Uint(n),
            (_, Some(n), _) => Value::Int(n),
            (_, _, Some(x)) => Value::Float(x as f32),
            _ => Value::None,
        },
        Json::Null | Json::Object(_) => Value::None,
    })?;
    Ok(Event { time, thread, body })
}

fn rect(json: &Json) -> Option<Rect> {
    let number = |name: &str| json[name].as_i64();
    Some(Rect {
        x: number("x")?.try_into().ok()?,
        y: number("y")?.try_into().ok()?,
        width: number("width")?.try_into().ok()?,
        height: number("height")?.try_into().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::{Format, tests::export};
    use crate::sample;
    use gdkrecord::{KINDS, Text, Texts};
    use proptest::prelude::*;

    #[test]
    fn what_was_exported_reads_back_identical() {
        let (_folder, recording) = sample::recording();
        let before: Vec<_> = recording.events().collect();
        assert!(before.len() > 400);
        let document = read(&*export(&recording, Format::Json)).unwrap();
        assert_eq!(document.events, before);
    }

    proptest! {
        /// Whatever bytes a recording may hold, its export reads back to the events that its reader yields.
        #[test]
        fn any_events_read_back_identical(
            texts in proptest::collection::vec(any::<String>(), 8),
            records in proptest::collection::vec((0..KINDS.len(), proptest::collection::vec(any::<u8>(), 0..120)), 0..40),
        ) {
            let texts = texts.iter().zip(1..).map(|(text, id)| (id, Text::from(text.as_str())));
            let texts = Texts::new(texts.collect());
            // Ids of texts are four bytes; small ones, so that most of them are defined.
            let small = |payload: Vec<u8>| payload.into_iter().map(|byte| if byte < 128 { byte % 9 } else { byte });
            let bodies = records.into_iter().filter_map(|(at, payload)| {
                let payload: Vec<u8> = small(payload).collect();
                Body::decode(KINDS[at].code, &payload, &texts).filter(|body| body.kind().name != "string")
            });
            let events: Vec<_> = bodies.enumerate().map(|(at, body)| (at as u64 * 1000, body)).collect();
            let (_folder, recording) = sample::write(&events, Some(1_000_000));
            let before: Vec<_> = recording.events().collect();
            prop_assert_eq!(before.len(), events.len());
            let document = read(&*export(&recording, Format::Json)).unwrap();
            prop_assert_eq!(document.events, before);
        }
    }

    #[test]
    fn a_field_that_does_not_fit_is_named() {
        let bad = r#"{"format":"gdkrecord-json","version":1,"events":[{"time":1,"offset":0,"thread":0,"kind":"window-map"}],"diagnostics":[]}"#;
        assert!(read(bad.as_bytes()).unwrap_err().to_string().contains("event 0: \"window\""));
        assert!(read(&b"{\"format\":\"other\"}"[..]).unwrap_err().to_string().contains("format"));
        assert!(read(&b"{"[..]).is_err());
    }
}
