//! Pause, resume, restart, stop: by orders, by signals, by time.

use std::time::Duration;

use nix::sys::signal::Signal;
use perfkit_tests::session::number;
use perfkit_tests::wait;

use crate::recorder::{Recorder, said};

/// Prints a line every few milliseconds, for ever.
const TICKING: &[&str] = &["sh", "-c", "while :; do echo tick; sleep 0.005; done"];

#[test]
fn orders_are_obeyed_and_answered() {
    let recorder = Recorder::new();
    let mut recording = recorder.begin("output", &[], TICKING);
    let session = recorder.session();
    let tell = |order: &str| recorder.tell(&session, order).unwrap();
    let rows = || number(&session, "SELECT count(*) FROM logs").unwrap_or(0);
    wait::until("lines in the session", || (rows() > 10).then_some(())).unwrap();
    assert!(tell("pause").contains("paused"));
    // What was on its way arrives; then nothing more does.
    let quiet = wait::until("rows to stop", || {
        let before = rows();
        std::thread::sleep(Duration::from_millis(1500));
        (rows() == before).then_some(before)
    })
    .unwrap();
    assert!(!tell("resume").contains("paused"));
    wait::until("rows to go on", || (rows() > quiet).then_some(())).unwrap();
    assert!(tell("stop").contains("events"));
    assert!(recording.wait().unwrap().success());
    assert!(recorder.tell(&session, "status").unwrap_err().contains("is not being recorded"));
    let notes = number(&session, "SELECT count(*) FROM notes WHERE text IN ('paused', 'resumed')").unwrap();
    assert_eq!(notes, 2);
}

#[test]
fn a_restart_records_the_program_again_into_another_session() {
    let recorder = Recorder::new();
    let mut recording = recorder.begin("output", &[], TICKING);
    recorder.tell(&recorder.session(), "restart").unwrap();
    let second = recorder.folder.path().join("a-2.perfkit");
    wait::until("the second session", || recorder.tell(&second, "status").ok()).unwrap();
    recording.signal(Signal::SIGTERM).unwrap();
    assert!(recording.wait().unwrap().success());
    for session in [recorder.session(), second] {
        assert_eq!(number(&session, "SELECT count(*) FROM facts WHERE name = 'target.exit'").unwrap(), 1);
    }
}

#[test]
fn signals_pause_and_stop() {
    let recorder = Recorder::new();
    let mut recording = recorder.begin("output", &[], TICKING);
    recording.signal(Signal::SIGUSR1).unwrap();
    let paused = || recorder.tell(&recorder.session(), "status").ok().filter(|status| status.contains("paused"));
    wait::until("the pause", paused).unwrap();
    recording.signal(Signal::SIGINT).unwrap();
    assert!(recording.wait().unwrap().success());
}

#[test]
fn a_recording_ends_after_its_duration() {
    let recorder = Recorder::new();
    let output = recorder.record("output", &["--duration", "300ms"], TICKING);
    assert!(output.status.success(), "{}", said(&output));
    assert!(number(&recorder.session(), "SELECT count(*) FROM logs").unwrap() > 3);
}

#[test]
fn a_process_that_runs_is_attached_to_and_left_alone() {
    let recorder = Recorder::new();
    let mut target =
        perfkit_tests::process::Guarded::spawn("sleep", std::process::Command::new("sleep").arg("600")).unwrap();
    let pid = target.pid().to_string();
    let output = recorder.record("proc@20Hz", &["--duration", "400ms", "--attach", &pid], &[]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(target.ended().is_none(), "the target was ended");
    let rows = number(&recorder.session(), "SELECT count(*) FROM counters WHERE name = 'proc.memory.rss'").unwrap();
    // A value that stands still is told when it begins and when it ends to.
    assert!(rows >= 2, "{rows} values");
    let gone = Recorder::new().record("proc", &["--attach", "999999999"], &[]);
    assert!(said(&gone).contains("there is no process 999999999"), "{}", said(&gone));
}
