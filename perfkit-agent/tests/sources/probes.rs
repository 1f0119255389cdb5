//! bpftrace on a small C program; SystemTap as a faithful stand-in, since few kernels take its modules: it says what
//! the real one says, and what it was called with.

use std::path::Path;
use std::process::Command;

use perfkit_agent::channel::Launch;
use perfkit_agent::source::{Readiness, Source, probes};

use super::{compile, record, record_until, script, shell};

/// What bpftrace lacks here, which may be nothing; none where it cannot run, and says why.
fn bpftrace_lacks() -> Option<String> {
    match probes::Bpftrace.readiness() {
        Readiness::Missing { remedy } => {
            assert!(remedy.contains("root") || remedy.contains("apt install bpftrace"), "{remedy}");
            None
        }
        Readiness::Limited { remedy, .. } => Some(remedy),
        Readiness::Ready { .. } => Some(String::new()),
    }
}

#[test]
fn a_bpftrace_script_sees_the_program_from_its_first_instruction_on() {
    let Some(lacks) = bpftrace_lacks() else { return };
    let tracepoints = !lacks.contains("tracepoints are missing");
    let (folder, program) = compile("busy.c");
    let text = format!(
        r#"
        uprobe:{program}:main /pid == $1/ {{ printf("{{\"begin\": \"main\", \"pid\": %d, \"tid\": %d, \"time\": %llu}}\n", pid, tid, nsecs); }}
        uprobe:{program}:hot_mid /pid == $1/ {{ @turns = hist(arg0); @hot[tid] = count(); }}
        {calls}
        uretprobe:{program}:main /pid == $1/ {{
            printf("{{\"end\": \"main\", \"pid\": %d, \"tid\": %d, \"time\": %llu}}\n", pid, tid, nsecs);
            printf("argument.was %s\n", str($2));
        }}
        END {{ printf("ended 1\n"); }}
        "#,
        program = program.display(),
        calls = if tracepoints { "tracepoint:raw_syscalls:sys_enter /pid == $1/ { @calls = count(); }" } else { "" },
    );
    let file = folder.path().join("watch.bt");
    std::fs::write(&file, text).unwrap();
    let begin = perfkit_agent::session::clock::now();
    let seen = record(&[&format!("bpftrace:{} 7", file.display())], Launch::new(program, ["0.3"]));
    let end = perfkit_agent::session::clock::now();
    let problems: Vec<_> = seen.problems.iter().filter(|problem| !problem.contains("works with limits")).collect();
    assert!(problems.is_empty(), "{problems:?}");
    let mark = seen.rows.iter().find(|row| row.starts_with("marks ")).unwrap();
    let (time, duration) = mark.split(' ').nth(1).unwrap().split_once('+').unwrap();
    let (time, duration): (i64, i64) = (time.parse().unwrap(), duration.parse().unwrap());
    assert!(begin < time && time + duration < end && duration >= 300_000_000, "{mark}");
    let pid = mark.split(' ').nth(2).unwrap().split('/').next().unwrap();
    // Maps are printed at the end.
    let hot = seen.values(&format!("bpftrace.hot.{pid}"));
    assert!(hot.len() == 1 && hot[0] > 10.0, "{hot:?}");
    assert_eq!(seen.values("bpftrace.turns.524288-1048575"), hot);
    // A sleep after each turn.
    let calls = seen.values("bpftrace.calls");
    assert!(if tracepoints { calls[0] > hot[0] } else { calls.is_empty() }, "{calls:?} {hot:?}");
    assert_eq!((seen.values("argument.was"), seen.values("ended")), (vec![7.0], vec![1.0]));
}

#[test]
fn a_bpftrace_script_that_is_wrong_is_left_out_with_its_error() {
    if bpftrace_lacks().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (text, error) in [
        ("BEGIN { nonsense(", "bpftrace exited with status 1: "),
        ("uprobe:/nonexistent/program:main { @ = count(); }", "bpftrace exited with status "),
    ] {
        let file = folder.path().join("wrong.bt");
        std::fs::write(&file, text).unwrap();
        let seen = record(&[&format!("bpftrace:{}", file.display())], shell("exit 4"));
        assert_eq!(seen.outcome.code, 4);
        let line = seen.problems.iter().find(|line| line.starts_with("bpftrace is left out: ")).unwrap();
        assert!(line.contains(error) && line.contains("ERROR") && !line.contains("RLIMIT"), "{line}");
    }
}

#[test]
fn a_bpftrace_that_is_killed_ends_its_own_source() {
    if bpftrace_lacks().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tick.bt");
    std::fs::write(&file, "interval:ms:10 { printf(\"killable.ticks %llu\\n\", nsecs / 1000000000); }").unwrap();
    let wanted = format!("{}\0", file.display());
    let killed = std::cell::Cell::new(false);
    let seen = record_until(&[&format!("bpftrace:{}", file.display())], shell("sleep 1"), |rows| {
        if !killed.get() && rows.iter().any(|row| row.contains("killable.ticks")) {
            let pids = std::fs::read_dir("/proc").unwrap();
            let pids = pids.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse::<i32>().ok());
            let ours = pids.filter(|pid| {
                let words = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                words.starts_with("bpftrace\0") && words.contains(&wanted)
            });
            for pid in ours.collect::<Vec<_>>() {
                nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL).unwrap();
                killed.set(true);
            }
        }
        false
    });
    assert!(killed.get() && seen.outcome.code == 0);
    assert!(seen.problems.iter().any(|line| line.ends_with("bpftrace was killed by SIGKILL")), "{:?}", seen.problems);
}

/// Runs our program with a folder of stand-ins before all others in PATH.
fn agent(stand_ins: &Path, words: &[&str]) -> (bool, String, String) {
    let path = format!("{}:{}", stand_ins.display(), std::env::var("PATH").unwrap());
    let mut agent = Command::new(env!("CARGO_BIN_EXE_perfkit-agent"));
    let said = agent.args(words).env("PATH", path).current_dir(stand_ins).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (said.status.success(), text(said.stdout), text(said.stderr))
}

#[test]
fn a_systemtap_script_speaks_the_convention_and_ends_on_sigint() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("watch.stp"), "probe begin { }").unwrap();
    script(
        folder.path(),
        "stap",
        r##"#!/usr/bin/python3
import os, signal, sys, time
if sys.argv[1:] == ["--version"]:
    print("Systemtap translator/driver (version 4.8/0.188, Debian version 4.8-2)", file=sys.stderr)
    sys.exit(0)
out = os.fdopen(1, "w", 1)
open("called", "w").write("\n".join(sys.argv[1:]))
print("WARNING: Kernel function symbol table missing [man warning::symbols]", file=sys.stderr)
def end(*_):
    out.write("stap.ended 1\n")
    sys.exit(0)
signal.signal(signal.SIGINT, end)
target = int(sys.argv[sys.argv.index("-x") + 1])
out.write("stap.begun 1\n")
waiting = open(f"/proc/{target}/cmdline").read()
out.write("perfkit: attached\n")
while open(f"/proc/{target}/cmdline").read() == waiting:
    time.sleep(0.01)
out.write(f"stap.waited 1 {time.time_ns()}\n")
while True:
    time.sleep(1)
"##,
    );
    let record = ["record", "-o", "s.perfkit", "--with", "stap:--runtime=bpf ./watch.stp 5", "--", "sleep", "0.5"];
    let (success, _, errors) = agent(folder.path(), &record);
    assert!(success, "{errors}");
    let called = std::fs::read_to_string(folder.path().join("called")).unwrap();
    let called: Vec<&str> = called.lines().collect();
    assert_eq!((called[0], called[1], called[3]), ("--runtime=bpf", "-x", "-E"));
    assert!(called[4].contains("probe timer.ms(100)") && called[4].contains("perfkit: attached"), "{called:?}");
    assert_eq!(called[5..], ["./watch.stp", "5"]);
    let query = "select name, value from counters order by name";
    let (success, rows, errors) = agent(folder.path(), &["query", "s.perfkit", query, "--format", "csv"]);
    assert!(success, "{errors}");
    // The end probe's line is there too.
    let rows: Vec<&str> = rows.lines().skip(1).collect();
    assert_eq!(rows, ["stap.begun,1", "stap.ended,1", "stap.waited,1"]);
}

#[test]
fn a_systemtap_script_that_is_wrong_is_left_out_with_its_error() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("watch.stp"), "probe foo.bar { }").unwrap();
    script(
        folder.path(),
        "stap",
        r##"#!/bin/sh
[ "$1" = --version ] && exit 0
cat >&2 <<'END'
WARNING: Kernel function symbol table missing [man warning::symbols]
semantic error: while resolving probe point: identifier 'foo' at bad.stp:1:7
        source: probe foo.bar { }
                      ^

Pass 2: analysis failed.  [man error::pass2]
Tip: /usr/share/doc/systemtap/README.Debian should help you get started.
END
exit 1
"##,
    );
    let record = ["record", "-o", "s.perfkit", "--with", "systemtap:./watch.stp", "--", "true"];
    let (success, _, errors) = agent(folder.path(), &record);
    let line = "systemtap is left out: stap exited with status 1: semantic error: while resolving probe point: \
                identifier 'foo' at bad.stp:1:7";
    assert!(success && errors.contains(line), "{errors}");
}
