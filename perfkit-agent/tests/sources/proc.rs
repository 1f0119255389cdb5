//! A C program that uses known amounts of everything, and what the looking itself costs.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use perfkit_agent::channel::{Launch, Subject, Target};
use perfkit_agent::source::{Outlet, Seen, Stopper, sources};

use super::{Recorded, record, record_subject, shell};

fn usage() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("usage");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs/usage.c");
    let compiled = Command::new("cc").args(["-O1", "-pthread", "-o"]).arg(&program).arg(source).status().unwrap();
    assert!(compiled.success());
    (folder, program)
}

fn largest(seen: &Recorded, what: &str) -> f64 {
    let values =
        seen.rows.iter().filter(|row| row.contains(what)).filter_map(|row| row.rsplit_once("value=")?.1.parse().ok());
    values.fold(f64::NAN, f64::max)
}

#[test]
fn what_a_program_uses_is_seen() {
    let (_folder, program) = usage();
    let seen =
        record(&["proc:process+threads+system+pressure+disk+net+cgroup+pss@50Hz"], Launch::new(program, [""; 0]));
    assert_eq!(seen.outcome.code, 0);
    let pid = seen.told.iter().find_map(|told| told.strip_prefix("Process { pid: ")?.split(',').next()).unwrap();
    let of = |name: &str| largest(&seen, &format!(" {pid}/0 proc.{name} "));
    assert!(of("cpu.user") + of("cpu.system") >= 250e6, "{}", of("cpu.user"));
    assert!((64e6..200e6).contains(&of("memory.rss")), "{}", of("memory.rss"));
    assert!(of("memory.pss") >= 64e6 && of("memory.unique") >= 64e6 && of("memory.peak") >= 64e6);
    assert!((4.0 * 1048576.0..5e6).contains(&of("io.write")), "{}", of("io.write"));
    assert!((64.0..200.0).contains(&of("io.calls.write")), "{}", of("io.calls.write"));
    assert!(of("threads") == 2.0 && (3.0..20.0).contains(&of("files")), "{} {}", of("threads"), of("files"));
    // The thread and its processor time.
    let spinner = seen.told.iter().find(|told| {
        told.starts_with("Thread {")
            && told.contains(&format!("pid: {pid}, "))
            && !told.contains(&format!("tid: {pid},"))
    });
    let tid = spinner.unwrap().split("tid: ").nth(1).unwrap().split(',').next().unwrap();
    let time = largest(&seen, &format!(" {pid}/{tid} thread.cpu.time "));
    assert!((250e6..400e6).contains(&time), "{time}");
    assert!(
        seen.told.iter().any(|told| told.starts_with("Thread {") && told.contains(tid) && told.contains("end: Some"))
    );
    assert!(seen.has_told("name: Some(\"spinner\")"), "{:?}", seen.told);
    // The child, from its begin to its end.
    let fork = seen.rows.iter().find(|row| row.starts_with("life ") && row.contains("what=fork")).unwrap();
    let child = fork.rsplit_once("value=").unwrap().1;
    assert!(fork.contains(&format!(" {pid}/{pid} ")) && fork.contains("name=a) R 1 (b"), "{fork}");
    let exit = seen.rows.iter().find(|row| row.contains(&format!(" {child}/{child} what=exit"))).unwrap();
    assert!(exit.ends_with("value=3"), "{exit}");
    let time = |row: &str| row.split(' ').nth(1).unwrap().parse::<i64>().unwrap();
    let lived = time(exit) - time(fork);
    assert!((300_000_000..5_000_000_000).contains(&lived), "{lived}");
    assert!(seen.told.iter().any(|told| told.contains(&format!("pid: {child}, parent: Some({pid})"))));
    assert!(seen.told.iter().any(|told| told.contains(&format!("pid: {child}")) && told.contains("status: Some(3)")));
    // The program that came out of the gate.
    assert!(seen.with("what=exec").iter().any(|row| row.contains("usage")), "{:?}", seen.with("what=exec"));
    // The machine.
    for name in
        ["system.cpu.all.user", "system.cpu.0.idle", "system.switches", "system.memory.available", "system.load.1m"]
    {
        assert!(largest(&seen, &format!(" 0/0 {name} ")) > 0.0, "{name}");
    }
    assert!(seen.rows.iter().any(|row| row.contains(" 0/0 cgroup.")), "{:?}", seen.told);
    if std::fs::exists("/proc/pressure/cpu").unwrap() {
        assert!(
            largest(&seen, "pressure.cpu.some.total") > 0.0
                && seen.rows.iter().any(|row| row.contains("cpu.some.avg10"))
        );
    }
    assert!(seen.problems.is_empty(), "{:?}", seen.problems);
}

#[test]
fn one_that_ran_already_is_seen_with_its_children_and_left_in_peace() {
    let mut target = Command::new("sh").args(["-c", "sleep 60 & sleep 60 & wait"]).spawn().unwrap();
    let pid = target.id() as i32;
    let enough = |rows: &[String]| rows.iter().filter(|row| row.contains("what=fork")).count() >= 2;
    let seen = record_subject(&["proc:process@100Hz"], Subject::Attach(pid), Some(&enough));
    assert!(seen.problems.is_empty() && target.try_wait().unwrap().is_none(), "{:?}", seen.problems);
    let forks = seen.with("what=fork");
    assert!(forks.iter().all(|row| row.contains("name=sleep") || row.contains("name=sh")), "{forks:?}");
    for row in &forks {
        let child = row.rsplit_once("value=").unwrap().1.parse().unwrap();
        kill(Pid::from_raw(child), Signal::SIGTERM).unwrap();
    }
    target.wait().unwrap();
}

#[test]
fn a_target_that_is_gone_at_once_is_no_trouble() {
    let seen = record(&["proc@1000Hz"], shell("exit 4"));
    assert_eq!(seen.outcome.code, 4);
    assert!(seen.problems.is_empty(), "{:?}", seen.problems);
}

/// The share of one processor that looking once a second takes: what the kernel counts of the thread that looks, once
/// it has opened everything.
#[test]
fn looking_once_a_second_costs_next_to_nothing() {
    let mut target = Command::new("sleep").arg("60").spawn().unwrap();
    let what = Target::attached(target.id() as i32, "/nonexistent".as_ref());
    let sources = sources();
    let source = sources.iter().find(|source| source.name() == "proc").unwrap();
    let (stopper, stop) = Stopper::new().unwrap();
    let collector = source.open(&"proc@1Hz".parse().unwrap()).unwrap();
    let (sender, receiver) = Outlet::queue();
    let counting = std::thread::spawn(move || Seen::readable(&receiver.iter().collect::<Vec<_>>()).len());
    let (tell, told) = std::sync::mpsc::channel();
    let looking = std::thread::spawn(move || {
        tell.send(nix::unistd::gettid()).unwrap();
        let mut outlet = Outlet::new(1, "proc", sender, Arc::default());
        collector.run(&what, &mut outlet, &stop).unwrap();
    });
    let path = format!("/proc/self/task/{}/schedstat", told.recv().unwrap());
    let used = || -> f64 { std::fs::read_to_string(&path).unwrap().split(' ').next().unwrap().parse().unwrap() };
    std::thread::sleep(Duration::from_millis(500));
    let before = used();
    let time = Duration::from_secs(5);
    std::thread::sleep(time);
    let share = (used() - before) / time.as_nanos() as f64;
    stopper.stop();
    looking.join().unwrap();
    let rows = counting.join().unwrap();
    kill(Pid::from_raw(target.id() as i32), Signal::SIGTERM).unwrap();
    target.wait().unwrap();
    println!("proc at 1 Hz: {:.4} % of a processor, {rows} rows", share * 100.0);
    // The limit is a tenth of a percent; what is not optimised takes several times as much.
    let limit = if cfg!(debug_assertions) { 0.01 } else { 0.001 };
    assert!(rows > 100 && share < limit, "{share} of a processor for {rows} rows");
}
