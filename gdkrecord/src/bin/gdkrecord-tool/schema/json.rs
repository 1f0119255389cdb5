//! The JSON Schema (draft 2020-12) of `dump --format json`.

use gdkrecord::field::FieldType;
use gdkrecord::{KINDS, Kind};
use serde_json::{Map, Value, json};

use crate::export::{Column, HEADER, JSON_FORMAT, PARTS, WINDOW};

/// The schema, as it is shipped.
pub fn schema() -> String {
    let kinds: Vec<_> = KINDS.iter().filter(|kind| kind.name != "string").collect();
    let one_of: Vec<Value> = kinds.iter().map(|kind| json!({"$ref": format!("#/$defs/{}", kind.name)})).collect();
    let mut defs: Map<String, Value> = kinds.iter().map(|kind| (kind.name.to_owned(), event(kind))).collect();
    defs.insert(
        "span".into(),
        json!({"description": "Nanoseconds; null where not known or not ended.",
        "type": ["integer", "null"], "minimum": 0}),
    );
    defs.insert("rect".into(), rect());
    let mut recording = columns(HEADER);
    let properties = recording["properties"].as_object_mut().map(std::mem::take).unwrap_or_default();
    recording["properties"] = Value::Object(properties.into_iter().chain(lists()).collect());
    recording["required"] = names(&recording["properties"]);
    let root = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://gitlab.gnome.org/perfkit/gdkrecord.schema.json",
        "title": "A gdkrecord recording",
        "description": "Made by gdkrecord-tool dump --format json. All times are CLOCK_MONOTONIC nanoseconds.",
        "type": "object",
        "required": ["format", "version", "recording", "events", "diagnostics"],
        "additionalProperties": false,
        "properties": {
            "format": {"const": JSON_FORMAT.0},
            "version": {"const": JSON_FORMAT.1},
            "recording": recording,
            "events": {"type": "array", "items": {"oneOf": one_of}},
            "diagnostics": {"type": "array", "items": {"type": "string"}},
        },
        "$defs": defs,
    });
    format!("{root:#}\n")
}

fn names(properties: &Value) -> Value {
    properties.as_object().map(|map| map.keys().cloned().collect()).unwrap_or_default()
}

fn object(properties: Map<String, Value>) -> Value {
    let properties = Value::Object(properties);
    json!({"type": "object", "required": names(&properties), "additionalProperties": false, "properties": properties})
}

fn event(kind: &Kind) -> Value {
    let mut properties: Map<String, Value> = [
        ("time", integer(0, u64::MAX)),
        ("offset", json!({"description": "Nanoseconds since the start.", "type": "integer"})),
        ("thread", integer(0, u16::MAX.into())),
        ("kind", json!({"const": kind.name})),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    properties.extend(fields(kind));
    let mut event = object(properties);
    event["description"] = kind.doc.into();
    event
}

fn fields(kind: &Kind) -> Map<String, Value> {
    let field = |field: &gdkrecord::kind::FieldInfo| {
        let mut value = of(field.of);
        if !field.doc.is_empty() {
            value["description"] = field.doc.into();
        }
        (field.name.to_owned(), value)
    };
    kind.fields.iter().map(field).collect()
}

fn columns<T>(columns: &[Column<T>]) -> Value {
    object(columns.iter().map(|column| (column.name.to_owned(), nullable(of(column.of)))).collect())
}

/// The lists of the recording, whose items are all of one shape.
fn lists() -> impl Iterator<Item = (String, Value)> {
    let plain = |names: [(&str, FieldType); 2]| {
        object(names.into_iter().map(|(name, kind)| (name.to_owned(), of(kind))).collect())
    };
    let parts = PARTS.iter().map(|part| {
        let fields = Kind::by_name(part.kind).map(fields).unwrap_or_default();
        (part.list, object(fields))
    });
    let others = [
        ("facts", plain([("name", FieldType::Text), ("value", FieldType::Text)])),
        ("windows", columns(WINDOW)),
        ("dropped", plain([("kind", FieldType::Text), ("count", FieldType::Uint(8))])),
    ];
    let list = |(name, items): (&str, Value)| (name.to_owned(), json!({"type": "array", "items": items}));
    parts.chain(others).map(list)
}

fn integer(minimum: i64, maximum: u64) -> Value {
    json!({"type": "integer", "minimum": minimum, "maximum": maximum})
}

/// What values a type has. Whole numbers with a sign, coordinates and spans may be unknown.
fn of(kind: FieldType) -> Value {
    match kind {
        FieldType::Bool => json!({"type": "boolean"}),
        FieldType::Uint(bytes) => integer(0, u64::MAX >> (64 - 8 * u32::from(bytes))),
        FieldType::Int(bytes) => {
            let most = i64::MAX >> (64 - 8 * u32::from(bytes));
            nullable(integer(-most - 1, most as u64))
        }
        FieldType::Float => json!({"type": ["number", "null"]}),
        FieldType::Span => json!({"$ref": "#/$defs/span"}),
        FieldType::Text | FieldType::Bytes => json!({"type": "string"}),
        FieldType::Name(names) => json!({"enum": names}),
        FieldType::Rects => json!({"type": "array", "items": {"$ref": "#/$defs/rect"}}),
    }
}

fn nullable(mut schema: Value) -> Value {
    if let Some(Value::String(name)) = schema.get("type").cloned() {
        schema["type"] = json!([name, "null"]);
    }
    schema
}

fn rect() -> Value {
    let (signed, unsigned) = (integer(i16::MIN.into(), i16::MAX as u64), integer(0, u16::MAX.into()));
    let sides = [("x", &signed), ("y", &signed), ("width", &unsigned), ("height", &unsigned)];
    object(sides.into_iter().map(|(name, side)| (name.to_owned(), side.clone())).collect())
}
