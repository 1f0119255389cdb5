//! The formats that are texts: JSON, CSV, Chrome's and Speedscope's JSON, collapsed stacks.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde_json::Value;

use crate::session::{BEGIN, Made, PID, WORKER, ask};
use crate::{place, validate};

fn json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn json_has_every_row_and_is_what_its_schema_says() {
    let made = Made::new();
    let path = made.export("json", &[]);
    validate(&Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/session.schema.json"), &path);
    let all = json(&path);
    assert_eq!((&all["begin"], &all["from"]), (&BEGIN.into(), &BEGIN.into()));
    let rows = |series: &str| all["series"][series]["rows"].as_array().unwrap().len();
    assert_eq!([rows("syscalls"), rows("samples"), rows("counters"), rows("gdk_frame")], [4, 51, 60, 20]);
    let read = &all["series"]["syscalls"]["rows"][0];
    assert_eq!(read["time"], BEGIN + 12_000_000);
    assert_eq!((&read["duration"], &read["name"], &read["error"]), (&50_000_001.into(), &"read".into(), &Value::Null));
    assert!(all["series"]["syscalls"]["rows"][3]["duration"].is_null());
    assert!(all["tables"]["facts"].as_array().unwrap().iter().any(|fact| fact["value"] == "a\nb\\c"));
}

#[test]
fn a_stretch_of_time_has_what_lies_in_it_at_least_partly() {
    let made = Made::new();
    let names = |from: &str, to: &str| {
        let text = made.text("csv", &["--series", "syscalls", "--from", from, "--to", to]);
        text.lines().skip(1).map(|line| line.split(',').nth(5).unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("0", "1s"), ["read", "poll", "futex", "exit_group"]);
    assert_eq!(names("55ms", "75ms"), ["read", "futex"]);
    assert_eq!(names("71ms", "10s"), ["exit_group"]);
    let all = json(&made.export("json", &["--from", "100ms", "--to", "200ms", "--series", "gdk_frame"]));
    assert_eq!(all["series"].as_object().unwrap().len(), 1);
    assert_eq!(all["series"]["gdk_frame"]["rows"].as_array().unwrap().len(), 6);
    assert_eq!([&all["from"], &all["to"]], [&Value::from(BEGIN + 100_000_000), &(BEGIN + 200_000_000).into()]);
}

#[test]
fn csv_is_a_folder_of_tables_that_pythons_reader_reads() {
    let made = Made::new();
    let folder = made.export("csv", &[]);
    let script = "import csv, pathlib, sys
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    rows = list(csv.DictReader(open(path, newline='')))
    print(path.name, len(rows))
print([row['message'] for row in csv.DictReader(open(sys.argv[1] + '/logs.csv', newline=''))])";
    let said = crate::python(script, &[&folder]);
    for line in ["counters.csv 60", "gdk_frame.csv 20", "samples.csv 51", "stacks.csv 3", "threads.csv 2"] {
        assert!(said.lines().any(|known| known == line), "{line}: {said}");
    }
    assert!(said.contains(r"['tab\there, <b> & \x01']"), "{said}");
    // One table is one file, and a view is a table too.
    let frames = made.text("csv", &["--series", "frames"]);
    assert_eq!(frames.lines().count(), 21);
    assert!(made.run(&["--format", "csv", "-o", "-"]).status.code() == Some(125));
}

#[test]
fn chromes_trace_is_what_its_schema_says_and_has_spans_that_nest() {
    let made = Made::new();
    let path = made.export("chrome", &[]);
    validate(&place("chrome.schema.json"), &path);
    let all = json(&path);
    let events = all["traceEvents"].as_array().unwrap();
    let of = |phase: &str| events.iter().filter(|event| event["ph"] == phase).count();
    // A call and a mark overlap others and so lie on no thread, and what never ended is a moment.
    assert_eq!(["X", "b", "e", "i", "C", "M"].map(of), [25, 2, 2, 4, 60, 3]);
    let read = events.iter().find(|event| event["name"] == "read").unwrap();
    assert_eq!((&read["ts"], &read["dur"]), (&5_000_012_123.456.into(), &50_000.001.into()));
    assert_eq!(read["args"]["fd"], 5);
    let named = events.iter().find(|event| event["ph"] == "M" && event["tid"] == WORKER).unwrap();
    assert_eq!(named["args"]["name"], "worker <1>");
    // A sample's stack leads to the outermost frame.
    let samples = all["samples"].as_array().unwrap();
    assert_eq!(samples.len(), 51);
    let frames = all["stackFrames"].as_object().unwrap();
    let mut at = Some(samples[1]["sf"].to_string());
    let mut names = Vec::new();
    while let Some(frame) = at.as_ref().and_then(|id| frames.get(id)) {
        names.push(frame["name"].as_str().unwrap());
        at = frame["parent"].as_str().map(str::to_owned);
    }
    assert_eq!(names, ["libslow.so.1+0x77", "on_click; <lambda>", "main"]);
}

#[test]
fn chromes_trace_comes_back_as_it_went() {
    let made = Made::new();
    let back = made.import(&made.export("chrome", &[]));
    let same = |sql: &str, of_back: &str| {
        let (went, came) = (ask(&made.path(), sql), ask(&back, of_back));
        assert!(!went.is_empty());
        assert_eq!(went, came, "{sql}");
    };
    let columns = "SELECT time, duration, pid, tid";
    let marks = format!("{columns}, \"group\", name FROM marks WHERE \"group\" = 'App' AND name = 'here'");
    same(&marks, &marks);
    same(
        &format!("{columns}, name FROM syscalls WHERE duration IS NOT NULL ORDER BY time LIMIT 2"),
        &format!("{columns}, name FROM marks WHERE \"group\" = 'syscall' AND tid <> 0 AND duration > 0 ORDER BY time"),
    );
    same(
        "SELECT time, duration, pid FROM gdk_frame ORDER BY time",
        "SELECT time, duration, pid FROM marks WHERE \"group\" = 'frame' ORDER BY time",
    );
    // What overlaps lies on no thread.
    same(
        "SELECT time, duration, pid FROM syscalls WHERE name = 'futex'",
        "SELECT time, duration, pid FROM marks WHERE name = 'futex' AND tid = 0",
    );
    let counters = "SELECT time, pid, name, value FROM counters ORDER BY name, time";
    same(counters, counters);
    let threads = "SELECT pid, tid, name FROM main.thread ORDER BY tid";
    same(threads, threads);
}

#[test]
fn speedscope_gets_profiles_whose_weights_and_edges_add_up() {
    let made = Made::new();
    let path = made.export("speedscope", &[]);
    validate(&place("speedscope.schema.json"), &path);
    let all = json(&path);
    let frames = all["shared"]["frames"].as_array().unwrap();
    let mut weights = HashMap::new();
    for profile in all["profiles"].as_array().unwrap() {
        let name = profile["name"].as_str().unwrap();
        let [begin, end] = ["startValue", "endValue"].map(|key| profile[key].as_i64().unwrap());
        if profile["type"] == "sampled" {
            let (samples, all) = (profile["samples"].as_array().unwrap(), profile["weights"].as_array().unwrap());
            assert_eq!(samples.len(), all.len());
            let of = samples.iter().flat_map(|sample| sample.as_array().unwrap());
            assert!(of.into_iter().all(|at| (at.as_u64().unwrap() as usize) < frames.len()));
            let sum: i64 = all.iter().map(|weight| weight.as_i64().unwrap()).sum();
            assert_eq!(end - begin, sum);
            weights.insert(name.to_owned(), sum);
            continue;
        }
        // Opened and closed like brackets, in the order of time.
        let (mut open, mut last) = (Vec::new(), begin);
        for event in profile["events"].as_array().unwrap() {
            let at = event["at"].as_i64().unwrap();
            assert!((last..=end).contains(&at), "{name}");
            last = at;
            match event["type"] == "O" {
                true => open.push(&event["frame"]),
                false => assert_eq!(open.pop(), Some(&event["frame"]), "{name}"),
            }
        }
        assert!(open.is_empty(), "{name}");
    }
    let expected = [
        (format!("cpu-clock: app {PID}"), 45 * 5_000_000),
        (format!("cpu-clock: app/worker <1> {WORKER}"), 5 * 5_000_000),
        (format!("page-faults: app/worker <1> {WORKER}"), 1),
        (format!("offcpu: app {PID}"), 45_000_000),
    ];
    assert_eq!(weights, HashMap::from(expected));
    let evented = all["profiles"].as_array().unwrap().iter().filter(|profile| profile["type"] == "evented");
    let names: Vec<_> = evented.map(|profile| profile["name"].as_str().unwrap()).collect();
    let (main, worker) = (format!("app {PID}"), format!("app/worker <1> {WORKER}"));
    let overlapping = |name: &str| format!("{name}, overlapping 1");
    assert_eq!(names, [main.clone(), overlapping(&main), worker.clone(), overlapping(&worker)]);
}

#[test]
fn collapsed_stacks_make_a_flame_graph() {
    let made = Made::new();
    let text = made.text("collapsed", &[]);
    let sums: BTreeMap<&str, i64> = text
        .lines()
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(stack, sum)| (stack, sum.parse().unwrap()))
        .collect();
    let main = format!("app {PID}");
    assert_eq!(sums[&*format!("cpu-clock;{main};main")], 10 * 5_000_000);
    assert_eq!(sums[&*format!("cpu-clock;{main};main;on_click: <lambda>;libslow.so.1+0x77")], 35 * 5_000_000);
    assert_eq!(sums[&*format!("offcpu;{main};main;on_click: <lambda>")], 45_000_000);
    assert_eq!(sums.len(), 5);
    let mut svg = Vec::new();
    inferno::flamegraph::from_lines(&mut inferno::flamegraph::Options::default(), text.lines(), &mut svg).unwrap();
    let svg = String::from_utf8(svg).unwrap();
    assert!(svg.contains("libslow.so.1+0x77") && svg.contains("offcpu"), "{svg}");
}
