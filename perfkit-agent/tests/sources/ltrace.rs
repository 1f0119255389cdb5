//! ltrace on a program whose calls lie in one another; ltrace told to stop by another; a running program attached to.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use perfkit_agent::channel::{Launch, Subject};

use super::strace::{Loop, lively, rows, tracer, track};
use super::{record, record_subject};

#[test]
fn calls_lie_in_one_another_and_processes_come_and_go() {
    let folder = tempfile::tempdir().unwrap();
    let seen = record(&["ltrace"], Launch::new(lively(&folder, &[]), [""; 0]));
    assert_eq!((seen.outcome.code, seen.problems.as_slice()), (3, &[][..]));
    let one = |texts: &[&str]| {
        let found = rows(&seen, texts);
        assert_eq!(found.len(), 1, "{texts:?}: {found:#?}");
        found[0].clone()
    };
    let exec = one(&["life ", "what=exec", "/lively"]);
    let (pid, _) = track(&exec);
    let sort = one(&["function=qsort"]);
    assert!(sort.ends_with(" depth=0") && track(&sort) == (pid, pid), "{sort}");
    let compared = rows(&seen, &["function=strcmp", &format!(" {pid}/{pid} ")]);
    assert!(!compared.is_empty() && compared.iter().all(|row| row.ends_with(" depth=1")), "{compared:?}");
    assert!(one(&["function=puts"]).contains("args=\"a\" result=2 depth=0"));
    let naps = rows(&seen, &["function=usleep"]);
    let (of, thread) = track(naps[0]);
    assert!(naps.len() == 10 && of == pid && thread != pid, "{naps:?}");
    for nap in naps {
        let duration: i64 = nap.split([' ', '+']).nth(2).unwrap().parse().unwrap();
        assert!((1_000_000..2_000_000_000).contains(&duration), "{nap}");
    }
    assert_eq!(rows(&seen, &["life ", "what=fork"]).len(), 2);
    one(&["what=exit", "value=7"]);
    one(&["what=exit", "value=3"]);
    one(&["what=kill", "name=SIGKILL"]);
    one(&["what=signal", "name=SIGUSR1"]);
    let now = perfkit_agent::session::clock::now();
    let time: i64 = sort.split([' ', '+']).nth(1).unwrap().parse().unwrap();
    assert!((now - 60_000_000_000..now).contains(&time), "{sort} at {now}");
}

#[test]
fn a_filter_chooses_entries_of_a_library() {
    let folder = tempfile::tempdir().unwrap();
    let seen = record(&["ltrace:x=strcmp@libc.so*+qsort@libc.so*"], Launch::new(lively(&folder, &[]), [""; 0]));
    assert!(rows(&seen, &["function=usleep"]).is_empty());
    assert!(rows(&seen, &["function=qsort"])[0].contains("library=libc.so.6"), "{:?}", seen.rows);
}

#[test]
fn a_program_of_which_it_shows_nothing_is_told_of_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let seen = record(&["ltrace"], Launch::new(lively(&folder, &["-fno-plt"]), [""; 0]));
    assert_eq!(seen.outcome.code, 3);
    let (pid, _) = track(rows(&seen, &["what=exec", "/lively"])[0]);
    assert!(rows(&seen, &["calls ", &format!(" {pid}/{pid} ")]).is_empty());
    let problem = seen.problems.last().unwrap();
    assert!(problem.contains("it saw no call of the program") && problem.contains("uftrace"), "{problem}");
    // Forks and exits are seen all the same.
    assert_eq!(rows(&seen, &["what=exit", "value=3"]).len(), 1);
}

#[test]
fn a_running_program_is_attached_to_and_left() {
    let folder = tempfile::tempdir().unwrap();
    let program = Loop::start(&lively(&folder, &[]), "alone");
    let pid = program.pid();
    let seen = record_subject(
        &["ltrace"],
        Subject::Attach(pid),
        Some(&|rows| rows.iter().filter(|row| row.contains("function=open")).count() > 100),
    );
    assert!(seen.problems.is_empty(), "{:?}", seen.problems);
    assert_eq!(tracer(pid), 0);
    assert!(rows(&seen, &["calls "]).iter().all(|row| track(row) == (pid, pid)));
    assert_eq!(program.end(), Some(5));
}

#[test]
fn a_running_program_of_several_threads_is_not_endangered() {
    let folder = tempfile::tempdir().unwrap();
    let program = Loop::start(&lively(&folder, &[]), "loop");
    let seen = record_subject(&["ltrace"], Subject::Attach(program.pid()), Some(&|_| true));
    assert!(seen.problems[0].contains("has 3 threads"), "{:?}", seen.problems);
    assert_eq!(program.end(), Some(5));
}

#[test]
fn ltrace_that_is_told_to_stop_by_another_ends_alone() {
    let folder = tempfile::tempdir().unwrap();
    let program = Loop::start(&lively(&folder, &[]), "alone");
    let pid = program.pid();
    let told = std::cell::Cell::new(false);
    let seen = record_subject(
        &["ltrace"],
        Subject::Attach(pid),
        Some(&|rows| {
            if !told.get() && rows.iter().any(|row| row.contains("function=open")) {
                kill(Pid::from_raw(tracer(pid)), Signal::SIGINT).unwrap();
                told.set(true);
            }
            told.get() && tracer(pid) == 0
        }),
    );
    let right = |problem: &String| problem.contains("told to stop by another");
    assert!(!seen.problems.is_empty() && seen.problems.iter().all(right), "{:?}", seen.problems);
    assert_eq!(program.end(), Some(5));
}

#[test]
fn two_that_trace_are_refused_together() {
    let specs = ["strace", "ltrace"].map(|spec| spec.parse().unwrap()).into();
    let subject = Subject::Start(Launch::new("true", [""; 0]));
    let plan = perfkit_agent::channel::Plan { subject, sources: specs };
    let started = perfkit_agent::channel::Recording::start(plan, &perfkit_agent::source::sources(), |_| Ok(()));
    let error = started.err().unwrap().to_string();
    assert!(error.contains("strace and ltrace cannot share a target") && error.contains("uftrace"), "{error}");
}

#[test]
fn a_target_outlives_the_recorder_that_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let program = lively(&folder, &[]);
    let session = folder.path().join("x.perfkit");
    let mut command = Command::new(env!("CARGO_BIN_EXE_perfkit-agent"));
    command.args(["record", "--with", "ltrace", "-o"]).arg(session).arg("--").arg(&program).arg("alone");
    // What it leaves behind goes with the folder.
    command.env("TMPDIR", folder.path());
    let mut recorder = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(recorder.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    let of_program = |pid: &i32| fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == program);
    let processes = || fs::read_dir("/proc").unwrap().flatten().filter_map(|p| p.file_name().to_str()?.parse().ok());
    let pid = processes().find(of_program).unwrap();
    assert!(tracer(pid) != 0);
    recorder.kill().unwrap();
    let mut input = recorder.stdin.take().unwrap();
    recorder.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while of_program(&pid) && tracer(pid) != 0 {
        assert!(Instant::now() < deadline, "ltrace did not leave");
        std::thread::sleep(Duration::from_millis(5));
    }
    // Breakpoints that were left behind would end it within a millisecond.
    std::thread::sleep(Duration::from_millis(200));
    assert!(of_program(&pid), "the target died with its recorder");
    input.write_all(b"\n").unwrap();
    while of_program(&pid) {
        assert!(Instant::now() < deadline, "the target does not end");
        std::thread::sleep(Duration::from_millis(5));
    }
}
