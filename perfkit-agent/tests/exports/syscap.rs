//! Captures are read by Sysprof's own library, merged by its own program, and read back by our importer.

use std::path::Path;
use std::process::Command;

use crate::session::{BEGIN, Made, PID, WORKER, ask};

/// What Sysprof's library reads in a capture, in lines.
fn read(made: &Made, capture: &Path) -> Vec<String> {
    let program = made.folder().join("read_syscap");
    let flags = Command::new("pkg-config").args(["--cflags", "--libs", "sysprof-capture-4"]).output().unwrap();
    let flags = String::from_utf8(flags.stdout).unwrap();
    let mut gcc = Command::new("gcc");
    gcc.arg("-o").arg(&program).arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/read_syscap.c"));
    assert!(gcc.args(flags.split_whitespace()).status().unwrap().success());
    let output = Command::new(&program).arg(capture).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn sysprofs_library_reads_every_frame() {
    let made = Made::new();
    let capture = made.export("syscap", &[]);
    let lines = read(&made, &capture);
    let count = |word: &str| lines.iter().filter(|line| line.starts_with(word)).count();
    let words = ["mark ", "log ", "sample ", "counter ", "value ", "jitmap", "map ", "fork ", "exit", "metadata "];
    assert_eq!(words.map(count), [31, 1, 50, 2, 58, 3, 1, 1, 1, 1]);
    let at = |ms: i64| BEGIN + ms * 1_000_000;
    for line in [
        format!("from {BEGIN} to {}", at(900)),
        format!("process {PID} [/usr/bin/app --flag]"),
        format!("map {PID} 555500000000-555500009000 [/usr/bin/app]"),
        format!("mark {}+50000001 {PID} [syscall] [read] [args: 5, \"x;y\", result: 12, fd: 5]", at(12)),
        format!(
            "mark {}+0 {PID} [syscall] [exit_group] [thread: {WORKER}, unfinished: yes, args: 5, \"x;y\", result: 12, fd: 5]",
            at(80)
        ),
        format!("mark {}+7000003 {PID} [App] [load] [file \"ä\"]", at(200)),
        "log 16 [Gtk] [tab\there, <b> & \u{1}]".to_owned(),
        format!("sample {PID}/{WORKER} cpu 1 of 3"),
        "counter 1 [app.queue] [length] 0".to_owned(),
        "value 1 36.25".to_owned(),
    ] {
        assert!(lines.contains(&line), "{line}\n{}", lines.join("\n"));
    }
    // Sysprof's program takes it too: what it merges has every frame twice.
    let merged = Command::new("sysprof-cli").arg("--merge").arg(&capture).arg(&capture).output().unwrap();
    assert!(merged.status.success(), "{}", String::from_utf8_lossy(&merged.stderr));
    let both = made.folder().join("both.syscap");
    std::fs::write(&both, merged.stdout).unwrap();
    let lines = read(&made, &both);
    assert_eq!(lines.iter().filter(|line| line.starts_with("mark ")).count(), 62);
    assert_eq!(lines.iter().filter(|line| line.starts_with("sample ")).count(), 100);
}

#[test]
fn a_capture_comes_back_as_it_went() {
    let made = Made::new();
    let back = made.import(&made.export("syscap", &[]));
    let same = |sql: &str, of_back: &str| {
        let (went, came) = (ask(&made.path(), sql), ask(&back, of_back));
        assert!(!went.is_empty());
        assert_eq!(went, came, "{sql}");
    };
    let samples =
        "SELECT time, pid, tid, cpu, stack_text(stack) FROM samples WHERE event <> 'page-faults' ORDER BY time";
    same(samples, "SELECT time, pid, tid, cpu, stack_text(stack) FROM samples ORDER BY time");
    for table in ["syscalls", "offcpu", "gdk_frame"] {
        let group = table.trim_start_matches("gdk_").trim_end_matches('s');
        same(
            &format!("SELECT time, coalesce(duration, 0), pid FROM {table} ORDER BY time"),
            &format!("SELECT time, duration, pid FROM marks WHERE \"group\" = '{group}' ORDER BY time"),
        );
    }
    let counters = "SELECT time, name, value, pid FROM counters ORDER BY name, time";
    same(counters, counters);
    let logs = "SELECT time, pid, level, domain, message FROM logs";
    same(logs, logs);
    let processes = "SELECT pid, parent, command FROM processes WHERE pid = 4100";
    same(processes, processes);
}
