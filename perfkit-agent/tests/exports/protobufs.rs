//! The formats of Protocol Buffers, decoded by bindings that protoc makes of what their readers know of them.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::process::Command;

use perfkit_tests::bins;
use serde_json::Value;

use crate::session::{BEGIN, Made, PID, WORKER};
use crate::{place, python};

/// Decodes a file by a message of one of the descriptions here.
pub fn decode(made: &Made, proto: &str, message: &str, file: &Path) -> Value {
    let mut protoc = Command::new("protoc");
    protoc
        .arg("--proto_path")
        .arg(place(""))
        .arg("--python_out")
        .arg(made.folder())
        .arg(place(&format!("{proto}.proto")));
    assert!(protoc.status().unwrap().success());
    let script = "import gzip, importlib, sys
from google.protobuf import json_format
folder, proto, message, file = sys.argv[1:]
sys.path.insert(0, folder)
data = open(file, 'rb').read()
if data[:2] == b'\\x1f\\x8b':
    data = gzip.decompress(data)
decoded = getattr(importlib.import_module(proto + '_pb2'), message)()
decoded.ParseFromString(data)
whole = decoded.ByteSize()
decoded.DiscardUnknownFields()
# What the description does not know should not be there.
assert decoded.ByteSize() == whole
print(json_format.MessageToJson(decoded, preserving_proto_field_name=True))";
    serde_json::from_str(&python(script, &[made.folder(), proto.as_ref(), message.as_ref(), file])).unwrap()
}

/// A number, which is a text in JSON where it has 64 bits.
pub fn number(value: &Value) -> i64 {
    value.as_i64().or_else(|| value.as_str()?.parse().ok()).unwrap_or(0)
}

pub fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[test]
fn pprof_gets_samples_with_threads_places_and_files() {
    let made = Made::new();
    let profile = decode(&made, "pprof", "Profile", &made.export("pprof", &[]));
    let texts: Vec<&str> = list(&profile["string_table"]).map(|text| text.as_str().unwrap()).collect();
    assert_eq!(texts[0], "");
    let text = |value: &Value| texts[number(value) as usize];
    let types: Vec<_> = list(&profile["sample_type"]).map(|of| (text(&of["type"]), text(&of["unit"]))).collect();
    assert_eq!(
        types,
        [
            ("offcpu-samples", "count"),
            ("offcpu", "nanoseconds"),
            ("cpu-clock-samples", "count"),
            ("cpu-clock", "nanoseconds"),
            ("page-faults-samples", "count"),
            ("page-faults", "count"),
        ]
    );
    assert_eq!(text(&profile["default_sample_type"]), "cpu-clock");
    let by = |what: &str| -> HashMap<i64, Value> {
        list(&profile[what]).map(|one| (number(&one["id"]), one.clone())).collect()
    };
    let (locations, functions, mappings) = (by("location"), by("function"), by("mapping"));
    let name = |id: &Value| {
        let location = &locations[&number(id)];
        let mapping = &mappings[&number(&location["mapping_id"])];
        assert!(number(&location["address"]) < number(&mapping["memory_limit"]));
        match list(&location["line"]).next() {
            Some(line) => text(&functions[&number(&line["function_id"])]["name"]).to_owned(),
            None => format!("{}+{:#x}", text(&mapping["filename"]), number(&location["address"])),
        }
    };
    let mut sums: BTreeMap<(String, i64), Vec<i64>> = BTreeMap::new();
    for sample in list(&profile["sample"]) {
        let stack: Vec<String> = list(&sample["location_id"]).map(name).collect();
        let labels = list(&sample["label"]).map(|label| (text(&label["key"]), label));
        let labels: HashMap<&str, &Value> = labels.collect();
        let values: Vec<i64> = list(&sample["value"]).map(number).collect();
        assert_eq!(number(&labels["pid"]["num"]), i64::from(PID));
        assert!(text(&labels["thread"]["str"]).starts_with("app"));
        sums.insert((stack.join(" < "), number(&labels["thread_id"]["num"])), values);
    }
    let (main, worker) = (i64::from(PID), i64::from(WORKER));
    let deep = "/usr/lib/libslow.so.1+0x77 < on_click; <lambda> < main";
    assert_eq!(sums[&("main".to_owned(), main)], [0, 0, 10, 50_000_000, 0, 0]);
    assert_eq!(sums[&("main".to_owned(), worker)], [0, 0, 0, 0, 1, 1]);
    assert_eq!(sums[&(deep.to_owned(), main)], [0, 0, 35, 175_000_000, 0, 0]);
    assert_eq!(sums[&("on_click; <lambda> < main".to_owned(), main)], [1, 45_000_000, 0, 0, 0, 0]);
    let app = mappings.values().find(|mapping| text(&mapping["filename"]) == "/usr/bin/app").unwrap();
    assert_eq!(text(&app["build_id"]), "0123456789abcdef0123456789abcdef01234567");
    assert_eq!((&app["has_functions"], number(&app["memory_limit"])), (&true.into(), 0x9000));
}

/// What Go's pprof prints.
fn pprof(arguments: &[&str], profile: &Path) -> String {
    let tools = bins::target().join("debian/golang-1.19-go/usr/lib/go-1.19/pkg/tool");
    let folder = std::fs::read_dir(&tools).into_iter().flatten().flatten().next();
    let Some(folder) = folder else { panic!("{} is not there: run `cargo xtask setup`", tools.display()) };
    let output = Command::new(folder.path().join("pprof")).args(arguments).arg(profile).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn pprof_itself_shows_what_cost_most_by_function_thread_and_kind() {
    let made = Made::new();
    let profile = made.export("pprof", &[]);
    let top = pprof(&["-top"], &profile);
    // What is shown where nothing is chosen, and rows as `FLAT FLAT% SUM% CUM CUM% NAME`.
    assert!(top.contains("\nType: cpu-clock\n") && top.contains("File: app\n"), "{top}");
    let row = |text: &str, name: &str| {
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let row = text.lines().map(words).find(|words| words.get(5..).is_some_and(|rest| rest.join(" ") == name));
        row.map(|words| (words[0].clone(), words[3].clone()))
    };
    let ms = |flat: &str, all: &str| Some((flat.to_owned(), all.to_owned()));
    assert_eq!(row(&top, "main"), ms("50ms", "250ms"), "{top}");
    assert_eq!(row(&top, "[libslow.so.1]"), ms("200ms", "200ms"), "{top}");
    // What is in angle brackets it takes for the arguments of a template, and leaves out.
    assert_eq!(row(&top, "on_click;"), ms("0", "200ms"), "{top}");
    let off = pprof(&["-top", "-sample_index=offcpu"], &profile);
    assert_eq!(row(&off, "on_click;"), ms("45ms", "45ms"), "{off}");
    let faults = pprof(&["-top", "-sample_index=page-faults", &format!("-tagfocus=thread_id={WORKER}")], &profile);
    assert_eq!(row(&faults, "main"), ms("1", "1"), "{faults}");
}

/// What is told before it is mentioned, what others of it mention first.
const TOLD: [&str; 9] = [
    "event_categories",
    "event_names",
    "debug_annotation_names",
    "build_ids",
    "mapping_paths",
    "mappings",
    "function_names",
    "frames",
    "callstacks",
];

/// A trace of Perfetto, as its reader understands it.
#[derive(Default)]
struct Trace {
    /// Names of tracks with those of their parents before.
    tracks: HashMap<i64, String>,
    /// Slices by track: begin, end, name.
    slices: BTreeMap<String, Vec<(i64, i64, String)>>,
    moments: Vec<(String, String)>,
    counters: BTreeMap<String, Vec<f64>>,
    samples: Vec<(i64, String, i64)>,
    arguments: HashMap<String, String>,
}

impl Trace {
    fn read(trace: &Value) -> Trace {
        let mut all = Trace::default();
        let mut texts: HashMap<(&str, i64), String> = HashMap::new();
        let mut open: HashMap<i64, Vec<(i64, String)>> = HashMap::new();
        let mut last = 0;
        for packet in list(&trace["packet"]) {
            for kind in TOLD {
                for one in list(&packet["interned_data"][kind]) {
                    let inner = match kind {
                        "frames" => texts[&("function_names", number(&one["function_name_id"]))].clone(),
                        "callstacks" => {
                            let frames = list(&one["frame_ids"]).map(|id| texts[&("frames", number(id))].clone());
                            frames.collect::<Vec<_>>().join(";")
                        }
                        "mappings" => {
                            texts[&("mapping_paths", number(list(&one["path_string_ids"]).next().unwrap()))].clone()
                        }
                        _ => one["name"].as_str().or(one["str"].as_str()).unwrap().to_owned(),
                    };
                    let inner = if one["str"].is_string() { base64(&inner) } else { inner };
                    assert!(texts.insert((kind, number(&one["iid"])), inner).is_none(), "{kind} told twice");
                }
            }
            let time = number(&packet["timestamp"]);
            if let Some(about) = packet.get("track_descriptor") {
                let parent = all.tracks.get(&number(&about["parent_uuid"])).cloned().unwrap_or_default();
                let own = [&about["name"], &about["process"]["process_name"], &about["thread"]["thread_name"]];
                let own = own.iter().find_map(|name| name.as_str()).unwrap_or("?");
                all.tracks.insert(number(&about["uuid"]), format!("{parent}/{own}"));
            }
            if let Some(event) = packet.get("track_event") {
                let uuid = number(&event["track_uuid"]);
                let track = all.tracks[&uuid].clone();
                let name = || match event["name"].as_str() {
                    Some(name) => name.to_owned(),
                    None => texts[&("event_names", number(&event["name_iid"]))].clone(),
                };
                match number(&event["type"]) {
                    1 => {
                        assert!(time >= last);
                        last = time;
                        open.entry(uuid).or_default().push((time, name()));
                    }
                    2 => {
                        let (begin, name) = open.get_mut(&uuid).unwrap().pop().unwrap();
                        all.slices.entry(track).or_default().push((begin, time, name));
                    }
                    3 => all.moments.push((track, name())),
                    _ => all
                        .counters
                        .entry(track)
                        .or_default()
                        .push(event["double_counter_value"].as_f64().unwrap_or(0.0)),
                }
                for argument in list(&event["debug_annotations"]) {
                    let key = texts[&("debug_annotation_names", number(&argument["name_iid"]))].clone();
                    let value = ["int_value", "double_value", "string_value", "bool_value"];
                    let value = value.iter().find_map(|of| argument.get(of)).unwrap();
                    all.arguments
                        .insert(format!("{}.{key}", name()), value.as_str().map_or(value.to_string(), str::to_owned));
                }
                if let Some(stack) = event.get("callstack_iid") {
                    all.arguments.insert(format!("{}.stack", name()), texts[&("callstacks", number(stack))].clone());
                }
            }
            if let Some(sample) = packet.get("perf_sample") {
                let stack = texts[&("callstacks", number(&sample["callstack_iid"]))].clone();
                all.samples.push((number(&sample["tid"]), stack, number(&sample["timebase_count"])));
            }
        }
        assert!(open.values().all(Vec::is_empty));
        all
    }
}

/// A text that was bytes, of the letters that this test has.
fn base64(text: &str) -> String {
    let script = "import base64, sys; sys.stdout.write(base64.b64decode(sys.argv[1]).decode('latin1'))";
    python(script, &[text.as_ref()])
}

#[test]
fn perfetto_gets_tracks_slices_counters_and_samples() {
    let made = Made::new();
    let decoded = decode(&made, "perfetto", "Trace", &made.export("perfetto", &[]));
    let first = &decoded["packet"][0];
    assert_eq!(number(&first["trace_packet_defaults"]["timestamp_clock_id"]), 3);
    assert_eq!(number(&first["clock_snapshot"]["primary_trace_clock"]), 3);
    assert_eq!(number(&first["clock_snapshot"]["clocks"][0]["timestamp"]), BEGIN);
    let trace = Trace::read(&decoded);
    let named = |track: &str| {
        let slices = trace.slices[track].iter();
        slices.map(|(begin, end, name)| (begin - BEGIN, end - begin, name.as_str())).collect::<Vec<_>>()
    };
    assert_eq!(named("/app/app/syscalls"), [(12_000_000, 50_000_001, "read")]);
    assert_eq!(named("/app/worker <1>/syscalls"), [(20_000_000, 30_000_000, "poll")]);
    assert_eq!(named("/app/worker <1>/syscalls, overlapping 1"), [(40_000_000, 30_000_000, "futex")]);
    assert_eq!(named("/app/app/gdk_dispatch"), [(10_000_000, 60_000_000, "on_click (app.c:7)")]);
    assert_eq!(trace.slices["/app/app/gdk_frame"].len(), 20);
    assert!(trace.moments.contains(&("/app/worker <1>/syscalls".to_owned(), "exit_group".to_owned())));
    assert!(trace.moments.iter().any(|(track, line)| track == "/app/app/logs" && line.starts_with("tab\there")));
    assert_eq!(trace.arguments["exit_group.unfinished"], "true");
    assert_eq!(trace.arguments["read.args"], "5, \"x;y\"");
    assert_eq!(trace.arguments["sleeping.stack"], "main;on_click; <lambda>");
    assert_eq!(trace.counters["/app/app.queue.length"].len(), 30);
    assert_eq!(trace.counters["/machine.memory"][29], 36.25);
    assert_eq!(trace.samples.len(), 51);
    let deep = "main;on_click; <lambda>;libslow.so.1+0x77".to_owned();
    assert_eq!(trace.samples[1], (PID.into(), deep, 5_000_000));
    assert_eq!(trace.samples[50], (WORKER.into(), "main".to_owned(), 1));
}
