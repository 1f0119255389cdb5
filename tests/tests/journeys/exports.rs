//! What `gdkrecord-tool dump` makes of a real recording, and of the golden one with every kind, is what the shipped
//! schemas say, and reads back to the same events.

use std::fs;
use std::path::Path;
use std::process::Command;

use gdkrecord::{Body, Event, Kind, Recording, Rect, Value};
use perfkit_tests::process::run;
use perfkit_tests::{App, Display, Launch, bins};
use serde_json::Value as Json;

/// A program is used a little, with the costs of widgets recorded too.
fn recorded(display: &Display) -> std::path::PathBuf {
    let mut app = App::spawn(display, &Launch::new("gtk4-widget-factory").options("widgets=on,text=keep")).unwrap();
    app.window = app.find_window().unwrap();
    app.pointer().pause(500).to(110, 254).click(1).text("gdk <&> \"record\"").pause(300).play().unwrap();
    app.close().unwrap();
    app.recording().to_owned()
}

fn validates(recording: &Path, folder: &Path) {
    let schema = |name: &str| bins::root().join("gdkrecord/schema").join(name);
    let dump = |format: &str| {
        let path = folder.join(format!("export.{format}"));
        let mut tool = Command::new(bins::path(bins::TOOL).unwrap());
        run(tool.arg("dump").arg(recording).args(["--format", format, "-o"]).arg(&path)).unwrap();
        path
    };
    let (json, xml) = (dump("json"), dump("xml"));
    let mut xmllint = Command::new("xmllint");
    run(xmllint.args(["--noout", "--huge", "--schema"]).arg(schema("gdkrecord.xsd")).arg(&xml)).unwrap();
    let mut jsonschema = Command::new("/usr/bin/python3");
    jsonschema.args(["-c", VALIDATE]).arg(schema("gdkrecord.schema.json")).arg(&json);
    run(&mut jsonschema).unwrap();
    run(Command::new(bins::path(bins::TOOL).unwrap()).arg("check").arg(&json)).unwrap();

    let document: Json = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
    let events: Vec<_> = document["events"].as_array().unwrap().iter().map(event).collect();
    let expected: Vec<_> = Recording::open(recording).unwrap().events().collect();
    assert_eq!(events.len(), expected.len());
    for (event, expected) in events.iter().zip(&expected) {
        assert_eq!(event, expected);
    }
}

/// Each event is held against the schema of its kind alone: against one of all kinds it takes minutes.
const VALIDATE: &str = "\
import json, sys, jsonschema
schema, export = (json.load(open(name)) for name in sys.argv[1:])
events, export['events'] = export['events'], export['events'][:40]
jsonschema.validate(export, schema)
check = {name: jsonschema.Draft202012Validator({'$defs': schema['$defs'], '$ref': '#/$defs/' + name})
         for name in schema['$defs']}
for event in events:
    check[event['kind']].validate(event)
";

/// An event as anybody could read it, by the schema and the table of kinds.
fn event(json: &Json) -> Event {
    let number = |json: &Json, name: &str| json[name].as_i64().unwrap();
    let kind = Kind::by_name(json["kind"].as_str().unwrap()).unwrap();
    let rect = |json: &Json| Rect {
        x: number(json, "x") as i16,
        y: number(json, "y") as i16,
        width: number(json, "width") as u16,
        height: number(json, "height") as u16,
    };
    let lists = json.as_object().unwrap().values().filter_map(Json::as_array);
    let rects: Vec<Rect> = lists.flatten().map(rect).collect();
    let body = Body::from_values(kind, &mut |name| match &json[name] {
        Json::Null => Value::None,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::String(text) => Value::Text(text),
        Json::Array(_) => Value::Rects(&rects),
        other if other.is_u64() => Value::Uint(other.as_u64().unwrap()),
        other if other.is_i64() => Value::Int(other.as_i64().unwrap()),
        other => Value::Float(other.as_f64().unwrap() as f32),
    });
    Event { time: json["time"].as_u64().unwrap(), thread: number(json, "thread") as u16, body: body.unwrap() }
}

#[test]
fn of_a_real_recording() {
    let display = Display::start().unwrap();
    validates(&recorded(&display), display.home());
}

#[test]
fn of_every_golden_recording() {
    let folder = tempfile::tempdir().unwrap();
    let golden = fs::read_dir(bins::root().join("gdkrecord/tests/golden")).unwrap();
    let golden = golden.map(|entry| entry.unwrap().path());
    let golden: Vec<_> = golden.filter(|path| path.extension().is_some_and(|kind| kind == "gdkrecord")).collect();
    assert!(!golden.is_empty());
    golden.iter().for_each(|recording| validates(recording, folder.path()));
}
