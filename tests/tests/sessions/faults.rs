//! Planted faults are found: each frame that one of them made slow is said to be slow because of it.

use std::collections::BTreeMap;
use std::process::Command;

use perfkit_tests::process::stdout_of;
use perfkit_tests::programs::compiled;
use perfkit_tests::{App, Display, Launch, bins, query, wait};
use serde_json::Value;

/// How often each fault is planted.
const ROUNDS: i64 = 10;
/// How often it must be named first, of that many times.
const NAMED: usize = 9;

/// A fault as the program marks it, and what the analysis must say: the rule, and words that must be in what it says.
const FAULTS: &[(&str, &str, &str)] = &[
    ("sleeping-timeout", "callback", "sleeping_timeout (gtk4-faults.c:"),
    ("slow-read", "input", "in on_row_activated (gtk4-faults.c:"),
    ("slow-measure", "layout", "SlowMeasure in slow_measure (gtk4-faults.c:"),
    ("slow-snapshot", "snapshot", "SlowSnapshot"),
    ("wide-repaint", "render", "a wide repaint of “Planted faults”"),
    ("busy-idle", "callback", "busy_idle (gtk4-faults.c:"),
];

#[test]
fn each_planted_fault_is_named_first_for_its_frames() {
    let program = compiled("gtk4-faults", &["gtk4"]).unwrap();
    let display = Display::start().unwrap();
    let sources = "gdkrecord:widgets=on,perf:cpu+offcpu+syscalls,counters";
    let launch = Launch::new(program).arg(ROUNDS.to_string()).sources(sources);
    let mut app = App::spawn(&display, &launch).unwrap();
    app.window = app.find_window().unwrap();
    let at = app.window.geometry(&display).unwrap();
    // One fault at a time: the program says when it is the click's turn.
    for click in 1..=ROUNDS as usize {
        let asked = || (app.stdout().matches("click").count() >= click).then_some(());
        wait::until("the program to ask for a click", asked).unwrap();
        app.pointer().to(at.x + 400 + click as i32, at.y + 400).pause(100).click(1).play().unwrap();
    }
    wait::until("all faults", || app.stdout().contains("planted").then_some(())).unwrap();
    app.close().unwrap();

    let session = app.recording();
    let spinning =
        "SELECT count(*) AS n FROM symbols WHERE function = 'spin' AND file LIKE '%/gtk4-faults.c' AND line > 0";
    assert!(query(session, spinning).unwrap()[0].int("n") > 0, "the program's functions have no lines");
    let mut report = Command::new(bins::path(bins::AGENT).unwrap());
    let said = stdout_of(report.arg("report").arg(session).args(["--format", "json"])).unwrap();
    let report: Value = serde_json::from_str(&said).unwrap();
    let slow = report["slow_frames"].as_array().unwrap();
    for frame in slow {
        let causes = frame["causes"].as_array().unwrap();
        let explained: i64 = causes.iter().map(|cause| cause["ns"].as_i64().unwrap()).sum();
        assert!(explained <= frame["work_ns"].as_i64().unwrap(), "a part of a frame is told twice: {frame}");
        for cause in causes.iter().take(1) {
            let questions = [&cause["evidence"], &cause["inside"]["evidence"]];
            for question in questions.into_iter().filter_map(Value::as_str) {
                assert!(!query(session, question).unwrap().is_empty(), "no row shows it: {question}; {frame}");
            }
        }
    }
    let marks = query(session, "SELECT time, duration, name FROM marks ORDER BY time").unwrap();
    let mut found: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
    let mut missed = Vec::new();
    for (fault, rule, words) in FAULTS {
        for mark in marks.iter().filter(|mark| mark.text("name").ends_with(fault)) {
            let (from, to) = (mark.int("time"), mark.int("time") + mark.int("duration"));
            // The frame whose window has most of it; a moment is in the first frame that ends after it.
            let overlap = |frame: &&Value| {
                let (begin, end) = (frame["begin"].as_i64().unwrap(), frame["end"].as_i64().unwrap());
                if from == to { begin - end * i64::from(end > from) } else { end.min(to) - begin.max(from) }
            };
            let of = match from == to {
                true => slow.iter().find(|frame| frame["end"].as_i64().unwrap() > from),
                false => slow.iter().filter(|frame| overlap(frame) > 0).max_by_key(overlap),
            };
            let first = of.map(|frame| &frame["causes"][0]);
            let right = first.is_some_and(|first| {
                first["rule"] == *rule && first["words"].as_str().is_some_and(|said| said.contains(words))
            });
            if !right {
                missed.push(format!("{fault} at {from}: {}", of.map_or(&Value::Null, |frame| &frame["words"])));
            }
            found.entry(fault).or_default().push(right);
        }
    }
    for (fault, ..) in FAULTS {
        let all = found.get(fault).map_or(&[][..], Vec::as_slice);
        let named = all.iter().filter(|right| **right).count();
        // A busy idle runs several times a round.
        assert!(all.len() >= ROUNDS as usize, "{fault} was planted {} times", all.len());
        assert!(named * 10 >= all.len() * NAMED, "{fault}: {named} of {}; {missed:#?}", all.len());
    }
}
