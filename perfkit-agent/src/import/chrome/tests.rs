//! Traces of both forms, with every phase, odd events, and ends of every kind.

use std::io::Write;

use proptest::prelude::*;

use super::*;
use crate::source::{Message, Seen};

/// What a trace gives: its rows, and everything else in words; or the error.
fn imported(text: &str) -> std::result::Result<(Vec<String>, Vec<String>), String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let (mut outlet, seen) = Outlet::to_memory("chrome");
    let result = import(file.path(), &mut outlet).map_err(|error| error.to_string());
    outlet.flush();
    result?;
    let messages = seen.messages();
    let told = messages.iter().filter_map(|message| match message {
        Message::Fact { name, value, .. } => Some(format!("{name} = {value}")),
        Message::Note { text, .. } => {
            Some(text.rsplit_once('/').map_or(text.clone(), |(_, rest)| {
                rest.split_once(' ').map_or(String::new(), |(_, rest)| rest.to_owned())
            }))
        }
        Message::Dropped { kind, count, .. } => Some(format!("lost {count} {kind}")),
        Message::Process(process) => Some(format!("process {} {:?}", process.pid, process.name.as_deref())),
        Message::Thread(thread) => Some(format!("thread {}/{} {:?}", thread.pid, thread.tid, thread.name.as_deref())),
        Message::Name(info) => Some(format!("name {}", info.name)),
        _ => None,
    });
    let told = told.collect();
    Ok((Seen::readable(&messages), told))
}

const EVENTS: &str = r#"
 {"ph":"M","name":"process_name","pid":7,"tid":0,"args":{"name":"shop"}},
 {"ph":"M","name":"thread_name","pid":7,"tid":8,"args":{"name":"till"}},
 {"ph":"M","name":"process_sort_index","pid":7,"args":{"sort_index":1}},
 {"ph":"X","cat":"ui","name":"draw","pid":7,"tid":8,"ts":1000.5,"dur":2.25,"args":{"part":"door","n":1}},
 {"ph":"B","cat":"ui","name":"outer","pid":7,"tid":8,"ts":1100},
 {"ph":"B","name":"inner","pid":7,"tid":8,"ts":1101},
 {"ph":"E","pid":7,"tid":8,"ts":1103},
 {"ph":"i","name":"bell","s":"g","pid":7,"tid":8,"ts":1104},
 {"ph":"E","pid":7,"tid":8,"ts":1105.001},
 {"ph":"C","name":"queue len","pid":7,"ts":1200,"args":{"waiting":3,"served":"4.5","who":"x"}},
 {"ph":"C","name":"q","id":"0x1","pid":7,"ts":1201,"args":{"v":-1}},
 {"ph":"b","cat":"net","id":"0x2","name":"fetch","pid":7,"tid":8,"ts":1300},
 {"ph":"b","cat":"net","id":"0x3","name":"other","pid":7,"tid":8,"ts":1301},
 {"ph":"n","cat":"net","id":"0x2","name":"header","pid":7,"tid":8,"ts":1302},
 {"ph":"e","cat":"net","id":"0x2","name":"fetch","pid":7,"tid":9,"ts":1310},
 {"ph":"s","id":1,"name":"f","pid":7,"tid":8,"ts":1}, {"ph":"f","id":1,"name":"f","pid":7,"tid":8,"ts":2},
 {"ph":"X","name":"word","pid":"gpu","tid":"queue 1","ts":"5","dur":null},
 {"ph":"E","pid":7,"tid":8,"ts":1400}, {"ph":"X","name":"timeless","pid":7}, {"ph":"Z","ts":1}, 5, null, [1], "x",
 {"ph":"B","name":"never","pid":7,"tid":8,"ts":1500}"#;

const ROWS: &[&str] = &[
    r#"marks 1000500+2250 7/8 group=ui name=draw message={"n":1,"part":"door"}"#,
    "marks 1101000+2000 7/8 group= name=inner",
    "marks 1104000+0 7/8 group= name=bell",
    "marks 1100000+5001 7/8 group=ui name=outer",
    "marks 1302000+0 7/0 net group=net name=header",
    "marks 1300000+10000 7/0 net group=net name=fetch",
    "marks 5000+? 1000000000/1000000001 group= name=word",
    "marks 1301000+? 7/0 net group=net name=other",
    "marks 1500000+? 7/8 group= name=never",
    "counters 1200000 7/0 queue-len.served value=4.5",
    "counters 1200000 7/0 queue-len.waiting value=3",
    "counters 1201000 7/0 q.0x1.v value=-1",
];

const TOLD: &[&str] = &[
    "process 7 Some(\"shop\")",
    "thread 7/8 Some(\"till\")",
    "name queue-len.served",
    "name queue-len.waiting",
    "name q.0x1.v",
    "process 1000000000 Some(\"gpu\")",
    "thread 1000000000/1000000001 Some(\"queue 1\")",
    "lost 1 ends without a begin",
    "lost 5 events of an unknown phase",
    "lost 1 events without a time",
    "lost 2 flows",
];

/// The order of what never ended is nobody's.
fn sorted(mut rows: Vec<String>) -> Vec<String> {
    rows.sort();
    rows
}

#[test]
fn arrays_and_objects_say_the_same() {
    let rows = sorted(ROWS.iter().map(|&row| row.to_owned()).collect());
    let (array, told) = imported(&format!("[{EVENTS}]")).unwrap();
    assert_eq!(sorted(array), rows);
    assert_eq!(told, TOLD);
    let object = format!(r#"{{"displayTimeUnit":"ms","other":[{{"a":1}}],"traceEvents":[{EVENTS}],"x":{{}}}}"#);
    let (object, told) = imported(&object).unwrap();
    assert_eq!(sorted(object), rows);
    assert_eq!(told, TOLD);
}

#[test]
fn a_clock_behind_the_events_counts_for_all() {
    let clock = r#"{"clock-domain":"LINUX_CLOCK_MONOTONIC","clock":{"ts":1000.5,"monotonic":5000000}}"#;
    let event = r#"{"ph":"i","name":"a","pid":1,"tid":2,"ts":1001.5}"#;
    for key in ["metadata", "otherData"] {
        let (rows, told) = imported(&format!(r#"{{"traceEvents":[{event}],"{key}":{clock}}}"#)).unwrap();
        assert_eq!(rows, ["marks 5001000+0 1/2 group= name=a"]);
        assert_eq!(told, ["trace.clock = LINUX_CLOCK_MONOTONIC"]);
    }
}

#[test]
fn ends_of_every_kind_are_read() {
    let event = r#"{"ph":"i","name":"a","pid":1,"tid":2,"ts":1}"#;
    let rows = ["marks 1000+0 1/2 group= name=a", "marks 1000+0 1/2 group= name=a"];
    for (end, said) in [
        ("", "ends within an event; 2 are read"),
        (",\n", "ends within an event; 2 are read"),
        (",{\"ph\":\"i\",\"na", "ends within an event; 2 are read"),
        (", @", "is broken after 2 events: expected value at line 1 column 93"),
    ] {
        for begin in ["[", r#"{"traceEvents":["#] {
            let (seen, told) = imported(&format!("{begin}{event},{event}{end}")).unwrap();
            assert_eq!(seen, rows, "{begin} {end}");
            assert!(told[0].starts_with(said.split(" at line").next().unwrap()), "{told:?}");
        }
    }
    for nothing in ["", "5", "{\"traceEvents\":5}", "[", "xyz"] {
        assert!(imported(nothing).unwrap_err().ends_with("is no trace of Chrome's format"), "{nothing}");
    }
    assert_eq!(imported("[]").unwrap().0, [""; 0]);
}

#[test]
fn a_single_value_is_what_its_counter_says() {
    let event = r#"{"ph":"C","name":"app.queue length","pid":1,"ts":1,"args":{"value":2}}"#;
    assert_eq!(imported(&format!("[{event}]")).unwrap().0, ["counters 1000 1/0 app.queue-length value=2"]);
}

#[test]
fn traces_are_recognised() {
    for (text, is) in [
        (r#" [ {"name":"x","ph":"X"}"#, true),
        (r#"{"displayTimeUnit":"ns","traceEvents":["#, true),
        (r#"[1,2]"#, false),
        (r#"{"events":[]}"#, false),
        ("", false),
    ] {
        assert_eq!(recognises(text.as_bytes()), is, "{text}");
    }
}

proptest! {
    #[test]
    fn no_bytes_harm(at in 0usize..2600, with in ".{0,3}", cut in 0usize..2600) {
        let text = format!("[{EVENTS}]");
        let at = text.floor_char_boundary(at.min(text.len()));
        let changed = format!("{}{with}{}", &text[..at], &text[at..]);
        let _ = imported(&changed[..changed.floor_char_boundary(cut.min(changed.len()))]);
    }

    #[test]
    fn stretches_come_back(all in proptest::collection::vec((0u32..4, 0i64..1_000_000, 0i64..1000), 0..30)) {
        let events: Vec<String> = all.iter().map(|(thread, time, length)| {
            let (time, length) = (*time as f64 / 1000.0, *length as f64 / 1000.0);
            format!(r#"{{"ph":"X","name":"n","pid":1,"tid":{thread},"ts":{time},"dur":{length}}}"#)
        }).collect();
        let expected: Vec<String> =
            all.iter().map(|(thread, time, length)| format!("marks {time}+{length} 1/{thread} group= name=n")).collect();
        prop_assert_eq!(imported(&format!("[{}]", events.join(","))).unwrap().0, expected);
    }
}
