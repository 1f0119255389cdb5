//! With several windows, input is answered by a frame of the window to which it went.

use std::process::Command;

use nix::sys::signal::Signal;
use perfkit_tests::process::stdout_of;
use perfkit_tests::programs::compiled_for;
use perfkit_tests::session::number;
use perfkit_tests::{App, Display, Launch, bins, query, wait};
use serde_json::Value;

const TURNS: usize = 4;
/// The program shows a turn of the wheel this much later and not before, in nanoseconds.
const LATER: i64 = 150_000_000;
/// From the timer to the end of the frame, on a loaded machine.
const AT_MOST: i64 = LATER + 400_000_000;

fn answered_by_its_own_window(package: &str) {
    let program = compiled_for("two-windows", package).unwrap();
    let display = Display::start().unwrap();
    let mut app = App::spawn(&display, &Launch::new(program).sources("gdkrecord")).unwrap();
    wait::until("the second window", || app.stdout().contains("button").then_some(())).unwrap();
    app.pointer().to(100, 50).pause(600).play().unwrap();
    for turn in 1..=TURNS {
        app.pointer().click(5).play().unwrap();
        let line = format!("answered {turn}\n");
        wait::until(&line, || app.stdout().contains(&line).then_some(())).unwrap();
        app.pointer().pause(100).play().unwrap();
    }
    app.process().signal(Signal::SIGTERM).unwrap();
    app.process().wait().unwrap();

    let session = app.recording();
    // Each window has a clock of its own, and the one that ticks drew very many frames meanwhile.
    let clocks = "SELECT title, count(*) AS frames FROM gdk_window_title JOIN gdk_window_clock USING (window) JOIN \
                  gdk_frame USING (clock) GROUP BY title ORDER BY title";
    let clocks = query(session, clocks).unwrap();
    let titles: Vec<_> = clocks.iter().map(|row| row.text("title")).collect();
    assert_eq!(titles, ["Answering", "Ticking"], "{clocks:?}");
    assert!(clocks[1].int("frames") > 2 * clocks[0].int("frames"), "{clocks:?}");
    assert_eq!(number(session, "SELECT count(*) - count(DISTINCT window) FROM gdk_window_clock").unwrap(), 0);

    let mut report = Command::new(bins::path(bins::AGENT).unwrap());
    let said = stdout_of(report.arg("report").arg(session).args(["--format", "json"])).unwrap();
    let report: Value = serde_json::from_str(&said).unwrap();
    let turns = report["input"].as_array().unwrap().iter().filter(|input| input["event"] == "scroll");
    let latencies: Vec<i64> = turns.map(|turn| turn["latency_ns"].as_i64().unwrap()).collect();
    assert_eq!(latencies.len(), TURNS, "{latencies:?}");
    assert!(latencies.iter().all(|latency| (LATER..AT_MOST).contains(latency)), "{latencies:?}");
}

#[test]
fn gtk3() {
    answered_by_its_own_window("gtk+-3.0");
}

#[test]
fn gtk4() {
    answered_by_its_own_window("gtk4");
}
