//! strace on a program with threads, children, signals and pipes; strace killed; a running program attached to.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use perfkit_agent::channel::{Launch, Subject};

use super::{Recorded, record, record_subject};

/// The program that does what a tracer may see.
pub fn lively(folder: &tempfile::TempDir, flags: &[&str]) -> PathBuf {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/lively.c");
    let program = folder.path().join("lively");
    let mut compiler = Command::new("gcc");
    compiler.args(["-O1", "-g", "-o"]).arg(&program).arg(source).args(flags).arg("-lpthread");
    assert!(compiler.status().unwrap().success());
    program
}

/// The program in one of its endless forms.
pub struct Loop {
    child: Child,
}

impl Loop {
    pub fn start(program: &PathBuf, form: &str) -> Loop {
        let mut child = Command::new(program).arg(form).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        Loop { child }
    }

    pub fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    /// Lets it end by itself: it was not harmed where that gives the status that it should.
    pub fn end(mut self) -> Option<i32> {
        self.child.stdin.take().unwrap().write_all(b"\n").unwrap();
        self.child.wait().unwrap().code()
    }
}

/// Who traces a process; 0 for nobody.
pub fn tracer(pid: i32) -> i32 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    status.lines().find_map(|line| line.strip_prefix("TracerPid:")).unwrap().trim().parse().unwrap()
}

/// The process and the thread of a row.
pub fn track(row: &str) -> (i32, i32) {
    let (pid, tid) = row.split(' ').nth(2).unwrap().split_once('/').unwrap();
    (pid.parse().unwrap(), tid.parse().unwrap())
}

/// Rows of a series that have all of some texts.
pub fn rows<'a>(seen: &'a Recorded, texts: &[&str]) -> Vec<&'a String> {
    seen.rows.iter().filter(|row| texts.iter().all(|text| row.contains(text))).collect()
}

#[test]
fn everything_that_a_program_does_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let program = lively(&folder, &[]);
    let seen = record(&["strace"], Launch::new(&program, [""; 0]));
    assert_eq!((seen.outcome.code, seen.problems.as_slice()), (3, &[][..]));
    let one = |texts: &[&str]| {
        let found = rows(&seen, texts);
        assert_eq!(found.len(), 1, "{texts:?}: {found:#?}");
        found[0].clone()
    };
    // It begins with the program and not with what waited at the gate.
    let exec = one(&["life ", "what=exec", "lively"]);
    let (pid, main) = track(&exec);
    assert_eq!(pid, main);
    assert!(seen.rows.iter().find(|row| row.starts_with("syscalls ")).unwrap().contains("name=execve"));
    let thread = one(&["life ", "what=thread"]);
    let tid: i32 = thread.rsplit_once("value=").unwrap().1.parse().unwrap();
    assert_eq!(track(&thread), (pid, pid));
    let reads = rows(&seen, &["name=read ", "path=/dev/zero", "bytes=16", &format!(" {pid}/{tid} ")]);
    assert_eq!(reads.len(), 10);
    assert!(seen.has_told("name: Some(\"lively-worker\")"), "{:?}", seen.told);
    assert!(one(&["name=openat", "/nonexistent/file"]).ends_with("result=-1 error=ENOENT path=/nonexistent/file"));

    // The child that writes into the pipe, runs another program, and exits.
    assert_eq!(rows(&seen, &["life ", "what=fork"]).len(), 2);
    let write = one(&["name=write", "hello"]);
    let (child, _) = track(&write);
    let read = one(&["name=read", "hello"]);
    assert!(write.contains("path=pipe ") && read.contains(" fd=") && read.ends_with("bytes=5"), "{write} {read}");
    assert!(child != pid && track(&read).0 == pid);
    assert_eq!(track(&one(&["what=exec", "name=/bin/sh", "detail=sh -c exit 7"])).0, child);
    assert!(one(&["what=exit", "value=7"]).contains(&format!(" {child}/{child} ")));
    assert!(seen.has_told(&format!("pid: {child}, parent: Some({pid})")), "{:?}", seen.told);
    one(&["what=kill", "name=SIGKILL"]);
    one(&["what=signal", "name=SIGUSR1", "SI_TKILL"]);
    assert!(one(&["what=exit", "value=3"]).contains(&format!(" {pid}/{pid} ")));

    // The times are the session's: a sleep takes what it takes, and lies between the begin and the end.
    let time = |row: &str| row.split([' ', '+']).nth(1).unwrap().parse::<i64>().unwrap();
    let sleeps = rows(&seen, &["name=clock_nanosleep"]);
    assert_eq!(sleeps.len(), 10);
    for sleep in sleeps {
        let duration: i64 = sleep.split([' ', '+']).nth(2).unwrap().parse().unwrap();
        assert!((1_000_000..2_000_000_000).contains(&duration), "{sleep}");
        assert!(time(sleep) > time(&exec), "{sleep}");
    }
    let now = perfkit_agent::session::clock::now();
    assert!((now - 60_000_000_000..now).contains(&time(&exec)), "{exec} at {now}");
}

#[test]
fn a_choice_of_calls_has_the_threads_and_programs_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let seen = record(&["strace:file"], Launch::new(lively(&folder, &[]), [""; 0]));
    assert!(rows(&seen, &["syscalls ", "name=read "]).is_empty());
    assert_eq!(rows(&seen, &["name=openat", "path=/dev/zero"]).len(), 10);
    assert_eq!((rows(&seen, &["what=fork"]).len(), rows(&seen, &["what=thread"]).len()), (2, 1));
}

#[test]
fn strace_that_is_killed_ends_alone() {
    let folder = tempfile::tempdir().unwrap();
    let program = Loop::start(&lively(&folder, &[]), "loop");
    let pid = program.pid();
    let killed = std::cell::Cell::new(0);
    let seen = record_subject(
        &["strace"],
        Subject::Attach(pid),
        Some(&|rows| {
            if killed.get() == 0 && rows.iter().any(|row| row.contains("/dev/zero")) {
                killed.set(tracer(pid));
                kill(Pid::from_raw(killed.get()), Signal::SIGKILL).unwrap();
            }
            killed.get() != 0 && tracer(pid) == 0
        }),
    );
    let right = |problem: &String| problem.ends_with("strace was killed by SIGKILL");
    assert!(!seen.problems.is_empty() && seen.problems.iter().all(right), "{:?}", seen.problems);
    assert_eq!(program.end(), Some(5));
}

#[test]
fn a_running_program_is_attached_to_with_all_its_threads_and_left() {
    let folder = tempfile::tempdir().unwrap();
    let program = Loop::start(&lively(&folder, &[]), "loop");
    let pid = program.pid();
    let seen = record_subject(
        &["strace"],
        Subject::Attach(pid),
        Some(&|rows| rows.iter().filter(|row| row.contains("/dev/zero")).count() > 100),
    );
    assert!(seen.problems.is_empty(), "{:?}", seen.problems);
    assert_eq!(tracer(pid), 0);
    let tracks: std::collections::BTreeSet<_> = seen.rows.iter().map(|row| track(row)).collect();
    assert_eq!(tracks.len(), 3, "{tracks:?}");
    assert!(tracks.iter().all(|(process, _)| *process == pid) && tracks.contains(&(pid, pid)), "{tracks:?}");
    // The read that the first thread has been in all the time has no end.
    let waiting = seen.rows.iter().find(|row| track(row) == (pid, pid)).unwrap();
    assert!(waiting.contains("+? "), "{waiting}");
    assert_eq!(program.end(), Some(5));
}

#[test]
fn a_process_that_is_traced_already_is_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let program = Loop::start(&lively(&folder, &[]), "loop");
    let pid = program.pid();
    let mut other =
        Command::new("strace").args(["-o", "/dev/null", "-p", &pid.to_string()]).stderr(Stdio::null()).spawn().unwrap();
    while tracer(pid) == 0 {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let seen = record_subject(&["strace"], Subject::Attach(pid), Some(&|_| true));
    let expected =
        format!("strace is left out: process {pid} is traced by strace ({}) already; end that one first", other.id());
    assert_eq!(seen.problems, [expected]);
    kill(Pid::from_raw(other.id() as i32), Signal::SIGINT).unwrap();
    other.wait().unwrap();
    assert_eq!(program.end(), Some(5));
}
