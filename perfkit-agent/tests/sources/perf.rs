//! perf on a small C program: samples, switches, system calls, counts; killed in mid-run, and read from its files.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use perfkit_agent::channel::{Launch, Subject};
use perfkit_agent::source::perf::{import_data, import_text};
use perfkit_agent::source::{Outlet, Seen};

use super::{Recorded, compile, record, record_subject, record_until};

fn busy(words: &[&str]) -> (tempfile::TempDir, Launch) {
    let (folder, program) = compile("busy.c");
    (folder, Launch::new(program, words.iter().copied()))
}

fn of<'a>(seen: &'a Recorded, series: &str) -> Vec<&'a String> {
    let prefix = format!("{series} ");
    seen.rows.iter().filter(|row| row.starts_with(&prefix)).collect()
}

/// The time of a row, and its duration.
fn times(row: &str) -> (i64, Option<i64>) {
    let word = row.split(' ').nth(1).unwrap();
    let (time, duration) = word.split_once('+').unwrap_or((word, "?"));
    (time.parse().unwrap(), duration.parse().ok())
}

#[test]
fn samples_find_the_hot_function_and_reach_main_in_the_child_too() {
    let begin = perfkit_agent::session::clock::now();
    let (_folder, launch) = busy(&["1", "fork"]);
    let seen = record(&["perf@499Hz"], launch);
    let end = perfkit_agent::session::clock::now();
    assert!(seen.problems.is_empty() && seen.outcome.code == 0, "{:?}", seen.problems);
    let samples = of(&seen, "samples");
    assert!(samples.len() > 50, "{} samples", samples.len());
    let hot = samples.iter().filter(|row| row.contains("hot_leaf<hot_mid<main<")).count();
    assert!(hot * 2 > samples.len(), "{hot} of {}", samples.len());
    for row in &samples {
        assert!((begin..end).contains(&times(row).0), "{row} is not between {begin} and {end}");
        assert!(row.contains(" cpu=") && row.contains(" weight="), "{row}");
    }
    // A sample stands for 1/499 s.
    assert!(samples.iter().any(|row| row.contains("event=cpu-clock") && row.ends_with("weight=2004008")));
    let processes: std::collections::BTreeSet<_> =
        samples.iter().map(|row| row.split(' ').nth(2).unwrap().split('/').next().unwrap()).collect();
    assert_eq!(processes.len(), 2, "the program and its child: {processes:?}");
    let child =
        |told: &&String| told.contains("Process {") && told.contains("parent: Some(") && told.contains("start: Some(");
    assert_eq!(seen.told.iter().filter(child).count(), 1, "{:?}", seen.told);
    assert!(seen.has_told("perf.command=perf record -k CLOCK_MONOTONIC"), "{:?}", seen.told);
}

#[test]
fn switches_calls_and_counts_come_in_one_recording() {
    let (_folder, launch) = busy(&["1"]);
    let seen = record(&["perf:cpu+offcpu+syscalls+stat"], launch);
    assert!(seen.problems.is_empty(), "{:?}", seen.problems);
    assert!(of(&seen, "samples").iter().any(|row| row.contains("hot_leaf<hot_mid<main")));
    // The very first call of the program, though the gate called exec.
    let calls = of(&seen, "syscalls");
    assert!(calls.iter().any(|row| row.contains("name=execve") && row.ends_with("result=0")));
    assert!(calls.iter().any(|row| row.contains("name=openat") && row.contains("result=3")));
    assert!(calls.iter().any(|row| row.contains("+? ") && row.contains("name=exit_group args=0x0")));
    // A call's sleep and the stretch off the processor within it are the same.
    let sleeps: Vec<_> =
        calls.iter().filter(|row| row.contains("name=clock_nanosleep")).map(|row| times(row)).collect();
    let offs: Vec<_> = of(&seen, "offcpu")
        .into_iter()
        .filter(|row| row.contains("state=sleeping") && row.contains("<main"))
        .map(|row| times(row))
        .collect();
    assert!(sleeps.len() > 20 && offs.len() > 20, "{} {}", sleeps.len(), offs.len());
    for (begin, duration) in &sleeps {
        let Some(duration) = duration else { continue };
        assert!(*duration >= 1_000_000, "usleep(1000) took {duration} ns");
        let inside = offs.iter().filter(|(off, long)| off >= begin && off + long.unwrap_or(0) <= begin + duration);
        assert_eq!(inside.count(), 1, "the sleep at {begin}");
    }
    let switches = seen.values("perf.context-switches");
    assert!(switches.len() >= 4 && switches.is_sorted() && switches[switches.len() - 1] > 20.0, "{switches:?}");
    let worked = seen.values("perf.task-clock");
    assert!(worked[worked.len() - 1] > 50.0, "{worked:?} ms");
}

/// Where chance puts the C library must not matter: in half of the runs no stack went beyond it.
#[test]
fn what_strace_holds_is_told_apart_and_said_once() {
    let (_folder, launch) = busy(&["0.2"]);
    let seen = record(&["strace", "perf:offcpu"], launch);
    let said: Vec<_> = seen.problems.iter().filter(|problem| problem.contains("held by strace")).collect();
    assert_eq!((said.len(), seen.problems.len()), (1, 1), "{:?}", seen.problems);
    let off = of(&seen, "offcpu");
    let held = off.iter().filter(|row| row.contains("state=traced")).count();
    let calls = of(&seen, "syscalls").len();
    assert!(held >= calls && calls > 20, "held {held} times for {calls} calls");
    assert!(!off.iter().any(|row| row.contains("state=stopped")), "nothing stopped it");
}

#[test]
fn stacks_go_beyond_the_c_library() {
    for _ in 0..5 {
        let (_folder, launch) = busy(&["0.1"]);
        let seen = record(&["perf:offcpu"], launch);
        let sleeps: Vec<_> = of(&seen, "offcpu").into_iter().filter(|row| row.contains("nanosleep")).collect();
        let reached = sleeps.iter().filter(|row| row.contains("usleep<main<")).count();
        assert!(!sleeps.is_empty() && reached == sleeps.len(), "{reached} of {}: {:?}", sleeps.len(), sleeps[0]);
    }
}

#[test]
fn events_by_name_are_sampled() {
    let (_folder, launch) = busy(&["0.2"]);
    let seen = record(&["perf:page-faults@9999Hz"], launch);
    assert!(seen.problems.is_empty(), "{:?}", seen.problems);
    assert!(of(&seen, "samples").iter().any(|row| row.contains("event=page-faults stack=")), "{:?}", seen.rows);
}

/// perf tells of all that is mapped before it says that it has attached, and that is more than a pipe holds.
#[test]
fn a_process_with_thousands_of_mappings_is_attached_to() {
    let (_folder, program) = compile("mapped.c");
    let mut child = Command::new(program).args(["3000", "40"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
    let subject = Subject::Attach(child.id() as i32);
    let seen = record_subject(&["perf"], subject, Some(&|rows| rows.iter().any(|row| row.contains("stack=main<"))));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(said, "mapped\n");
    assert!(seen.problems.is_empty(), "{:?}", seen.problems);
    assert!(of(&seen, "samples").iter().any(|row| row.contains("stack=main<")));
}

/// The process that records `target`.
fn recorder(target: i32) -> Option<i32> {
    let wanted = format!("\0-p\0{target}\0");
    let pids = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse::<i32>().ok());
    pids.into_iter().find(|pid| {
        let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words = String::from_utf8_lossy(&words).into_owned();
        words.starts_with("perf\0record\0") && words.contains(&wanted)
    })
}

#[test]
fn a_perf_that_is_killed_ends_its_own_source_with_one_line() {
    let (_folder, launch) = busy(&["4"]);
    let killed = std::cell::Cell::new(false);
    let seen = record_until(&["perf@999Hz", "script:sh -c 'echo lives 1; exec sleep 60'"], launch, |rows| {
        let target = rows
            .iter()
            .find(|row| row.contains("hot_leaf"))
            .map(|row| row.split(' ').nth(2).unwrap().split('/').next().unwrap().parse().unwrap());
        if let (Some(target), false) = (target, killed.get()) {
            let pid = recorder(target).unwrap();
            nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL).unwrap();
            killed.set(true);
        }
        // Until the target ends.
        false
    });
    assert!(killed.get());
    let line = |problem: &String| problem.ends_with("perf record was killed by SIGKILL");
    assert!(!seen.problems.is_empty() && seen.problems.iter().all(line), "{:?}", seen.problems);
    assert_eq!(seen.outcome.code, 0, "the target went on");
    assert_eq!(seen.values("lives"), [1.0]);
}

#[test]
fn files_that_perf_recorded_are_imported() {
    let (folder, launch) = busy(&[]);
    let data = folder.path().join("perf.data");
    let mut perf = Command::new("perf");
    perf.env("PERF_CONFIG", "/dev/null").args([
        "record",
        "-q",
        "-e",
        "cpu-clock",
        "-F",
        "499",
        "--call-graph",
        "dwarf,4096",
    ]);
    assert!(perf.arg("-o").arg(&data).arg(&launch.program).arg("0.3").status().unwrap().success());
    let format = perfkit_agent::import::recognise(&data).unwrap();
    assert_eq!(format.name, "perf");
    let imported = |import: &dyn Fn(&Path, &mut Outlet) -> perfkit_agent::Result<()>, path: &Path| {
        let (mut outlet, seen) = Outlet::to_memory("perf");
        let result = import(path, &mut outlet);
        outlet.flush();
        (result.map_err(|error| error.to_string()), seen.messages())
    };
    let (result, messages) = imported(&import_data, &data);
    assert_eq!(result, Ok(()));
    let told = format!("{messages:?}");
    // This one was recorded by another clock, and says how.
    assert!(told.contains("perf.command") && told.contains("was recorded by the kernel's own clock"), "{told}");
    let rows = Seen::readable(&messages);
    let hot = rows.iter().filter(|row| row.contains("hot_leaf<hot_mid<main")).count();
    assert!(rows.len() > 10 && hot * 2 > rows.len(), "{hot} of {}", rows.len());
    // The text gives the same, but for what perf prints by default: microseconds, and no process.
    let text = folder.path().join("perf.txt");
    let script = Command::new("perf").args(["script", "-i"]).arg(&data).output().unwrap();
    std::fs::write(&text, script.stdout).unwrap();
    let (result, messages) = imported(&import_text, &text);
    assert_eq!((result, Seen::readable(&messages).len()), (Ok(()), rows.len()));
    let (result, _) = imported(&import_text, &data);
    assert_eq!(result, Err(format!("{} is no output of `perf script`", data.display())));
    let (result, _) = imported(&import_data, &text);
    assert!(result.as_ref().is_err_and(|line| line.starts_with("perf script exited with status")), "{result:?}");
}
