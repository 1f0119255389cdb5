//! Exit statuses and refusals: a recording that cannot be made says so in one line and leaves nothing behind.

use std::fs;

use crate::recorder::{Recorder, said};

#[test]
fn the_status_is_the_programs() {
    for (script, status) in [("exit 0", 0), ("exit 3", 3), ("kill -SEGV $$", 128 + 11), ("kill -KILL $$", 128 + 9)] {
        let recorder = Recorder::new();
        let output = recorder.record("output", &[], &["sh", "-c", script]);
        assert_eq!(output.status.code(), Some(status), "{script}: {}", said(&output));
        assert!(recorder.session().is_file());
    }
}

#[test]
fn the_programs_output_goes_where_it_would() {
    let recorder = Recorder::new();
    let output = recorder.record("output", &["--quiet"], &["sh", "-c", "echo out; echo err >&2"]);
    assert_eq!((&*output.stdout, &*output.stderr), (&b"out\n"[..], &b"err\n"[..]));
}

#[test]
fn what_cannot_be_started_leaves_one_line_and_no_session() {
    let recorder = Recorder::new();
    let file = recorder.folder.path().join("file");
    fs::write(&file, "no program").unwrap();
    let cases: [(&[&str], i32, &str); 3] = [
        (&["no-such-program-here"], 127, "cannot start no-such-program-here"),
        (&["./no-such-file"], 127, "cannot start ./no-such-file"),
        (&["./file"], 126, "cannot start ./file"),
    ];
    for (program, status, words) in cases {
        let output = recorder.record("output", &[], program);
        assert_eq!(output.status.code(), Some(status), "{}", said(&output));
        assert!(said(&output).contains(words) && said(&output).lines().count() == 1, "{}", said(&output));
        assert!(!recorder.session().exists(), "{program:?}");
    }
}

#[test]
fn a_plan_that_makes_no_sense_is_refused_before_anything_starts() {
    for (sources, words) in [
        ("nonsense", "there is no source `nonsense`; there are gdkrecord"),
        ("strace,ltrace", "strace and ltrace cannot share a target"),
        ("proc@0Hz", "must be a number"),
        ("script", "script"),
    ] {
        let recorder = Recorder::new();
        let output = recorder.record(sources, &[], &["touch", "started"]);
        assert_eq!(output.status.code(), Some(125), "{sources}: {}", said(&output));
        assert!(said(&output).contains(words) && said(&output).lines().count() == 1, "{}", said(&output));
        assert!(!recorder.folder.path().join("started").exists());
        assert!(!recorder.session().exists());
    }
}

#[test]
fn a_session_that_is_there_is_never_overwritten() {
    let recorder = Recorder::new();
    recorder.record("output", &[], &["true"]);
    let before = fs::read(recorder.session()).unwrap();
    let refused = recorder.record("output", &[], &["touch", "started"]);
    assert_eq!(refused.status.code(), Some(125), "{}", said(&refused));
    assert!(said(&refused).contains("a.perfkit") && said(&refused).lines().count() == 1, "{}", said(&refused));
    assert!(!recorder.folder.path().join("started").exists());
    assert_eq!(fs::read(recorder.session()).unwrap(), before);
    // Names that nobody asked for get a number.
    for name in ["true.perfkit", "true-2.perfkit"] {
        recorder.agent().args(["record", "--with", "output", "--", "true"]).output().unwrap();
        assert!(recorder.folder.path().join(name).is_file(), "{name}");
    }
}

#[test]
fn templates_keep_what_was_asked_for() {
    let recorder = Recorder::new();
    let options = ["--save-template", "mine", "--env", "SAID=hello", "--duration", "50s"];
    recorder.record("output,proc@5Hz", &options, &["true"]);
    let shown = recorder.agent().args(["templates"]).output().unwrap();
    assert!(String::from_utf8_lossy(&shown.stdout).contains("output,proc@5Hz"), "{shown:?}");
    let output =
        recorder.agent().args(["record", "--quiet", "--template", "mine", "--", "sh", "-c", "echo $SAID"]).output();
    assert_eq!(output.unwrap().stdout, b"hello\n");
    let missing = recorder.agent().args(["record", "--template", "yours", "--", "true"]).output().unwrap();
    assert!(missing.status.code() == Some(125) && said(&missing).contains("`yours`"), "{}", said(&missing));
}
