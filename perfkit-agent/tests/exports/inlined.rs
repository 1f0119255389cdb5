//! Functions that were inlined, with their sources and lines, in each format that has stacks.

use std::collections::BTreeSet;

use rusqlite::Connection;
use serde_json::Value;

use crate::protobufs::{decode, list, number};
use crate::session::{Made, ask};

/// A session in which somebody has found out what lies at the innermost place.
fn made() -> Made {
    let made = Made::new();
    let db = Connection::open(made.path()).unwrap();
    let insert = "INSERT INTO place SELECT id, 0, 'slow', '/src/slow.c', 10 FROM symbol WHERE address = 119 UNION ALL
                  SELECT id, 1, 'helper', '/src/help.h', 20 FROM symbol WHERE address = 119";
    assert_eq!(db.execute(insert, []).unwrap(), 2);
    made
}

#[test]
fn inlined_functions_lie_within_those_that_have_them() {
    let made = made();
    assert!(made.text("collapsed", &[]).contains(";main;on_click: <lambda>;slow;helper 175000000\n"));

    let file = std::fs::read_to_string(made.export("speedscope", &[])).unwrap();
    let file: Value = serde_json::from_str(&file).unwrap();
    let frames: Vec<&Value> = list(&file["shared"]["frames"]).collect();
    let samples = list(&file["profiles"]).flat_map(|profile| list(&profile["samples"]));
    let name = |at: &Value| frames[number(at) as usize]["name"].as_str().unwrap();
    let stacks: BTreeSet<String> = samples.map(|sample| list(sample).map(name).collect::<Vec<_>>().join(";")).collect();
    assert!(stacks.contains("main;on_click; <lambda>;slow;helper"), "{stacks:?}");
    let helper = frames.iter().find(|frame| frame["name"] == "helper").unwrap();
    assert_eq!((&helper["file"], &helper["line"]), (&"/src/help.h".into(), &20.into()));

    let file = std::fs::read_to_string(made.export("chrome", &[])).unwrap();
    let file: Value = serde_json::from_str(&file).unwrap();
    let frames = file["stackFrames"].as_object().unwrap();
    let (inner, helper) = frames.iter().find(|(_, frame)| frame["name"] == "helper").unwrap();
    let slow = &frames[helper["parent"].as_str().unwrap()];
    assert_eq!(
        (&slow["name"], &frames[slow["parent"].as_str().unwrap()]["name"]),
        (&"slow".into(), &"on_click; <lambda>".into())
    );
    assert!(list(&file["samples"]).any(|sample| sample["sf"].as_u64() == inner.parse().ok()));

    let back = made.import(&made.export("syscap", &[]));
    let stacks = "SELECT DISTINCT stack_text(stack) FROM samples WHERE event <> 'page-faults' ORDER BY 1";
    assert_eq!(ask(&back, "SELECT DISTINCT stack_text(stack) FROM samples ORDER BY 1"), ask(&made.path(), stacks));
}

#[test]
fn profiles_and_traces_have_their_lines() {
    let made = made();
    let profile = decode(&made, "pprof", "Profile", &made.export("pprof", &[]));
    let texts: Vec<&str> = list(&profile["string_table"]).map(|text| text.as_str().unwrap()).collect();
    let function = |line: &Value| {
        let id = number(&line["function_id"]);
        let function = list(&profile["function"]).find(|function| number(&function["id"]) == id).unwrap();
        let text = |key: &str| texts[number(&function[key]) as usize];
        format!("{} {}:{}", text("name"), text("filename"), number(&line["line"]))
    };
    let places = list(&profile["location"]).map(|place| list(&place["line"]).map(function).collect::<Vec<_>>());
    assert!(places.into_iter().any(|place| place == ["helper /src/help.h:20", "slow /src/slow.c:10"]));

    let trace = decode(&made, "perfetto", "Trace", &made.export("perfetto", &[]));
    let told = |kind: &'static str| list(&trace["packet"]).flat_map(move |packet| list(&packet["interned_data"][kind]));
    let lines: BTreeSet<i64> = told("frames").map(|frame| number(&frame["line_number"])).collect();
    assert_eq!(lines, BTreeSet::from([0, 10, 20]));
    assert_eq!(told("source_paths").count(), 2);
    assert!(told("callstacks").any(|stack| list(&stack["frame_ids"]).count() == 4));
}
