//! uftrace on a program whose calls lie in one another; its recorder killed; a program that it sees nothing of.

use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use perfkit_agent::channel::{Launch, Subject};

use super::strace::{Loop, lively, rows, track};
use super::{record, record_subject};

#[test]
fn calls_lie_in_one_another_and_the_target_stays_ours() {
    let folder = tempfile::tempdir().unwrap();
    let seen = record(&["uftrace:args"], Launch::new(lively(&folder, &[]), [""; 0]));
    assert_eq!((seen.outcome.code, seen.problems.as_slice()), (3, &[][..]));
    let one = |texts: &[&str]| {
        let found = rows(&seen, texts);
        assert_eq!(found.len(), 1, "{texts:?}: {found:#?}");
        found[0].clone()
    };
    let (pid, _) = track(&one(&["life ", "what=exec", "/lively"]));
    assert!(
        seen.has_told(&format!("target.pid={pid}")) || seen.told.iter().any(|told| told.contains(&pid.to_string()))
    );
    let main = one(&["function=main ", &format!(" {pid}/{pid} ")]);
    assert!(main.contains("library=lively") && main.ends_with(" depth=0"), "{main}");
    assert!(one(&["function=qsort"]).contains("library=libc.so.6"));
    let compared = rows(&seen, &["function=compare", "library=lively"]);
    assert!(compared.len() >= 2 && compared.iter().all(|row| row.ends_with("depth=2")), "{compared:?}");
    let strings = rows(&seen, &["function=strcmp", "library=", "args=\"", "result=", &format!(" {pid}/{pid} ")]);
    assert!(!strings.is_empty() && strings.iter().all(|row| row.ends_with("depth=3")), "{strings:?}");
    let naps = rows(&seen, &["function=usleep", "args=1000"]);
    assert!(naps.len() == 10 && track(naps[0]).0 == pid && track(naps[0]).1 != pid, "{naps:?}");
    for nap in naps {
        let duration: i64 = nap.split([' ', '+']).nth(2).unwrap().parse().unwrap();
        assert!((1_000_000..2_000_000_000).contains(&duration), "{nap}");
    }
    assert_eq!(rows(&seen, &["life ", "what=fork"]).len(), 2);
    // What stood in for the target is not of the session.
    assert!(rows(&seen, &["life ", "what=exec"]).iter().all(|row| !row.contains("/env")), "{:?}", seen.rows);
    let now = perfkit_agent::session::clock::now();
    let time: i64 = main.split([' ', '+']).nth(1).unwrap().parse().unwrap();
    assert!((now - 60_000_000_000..now).contains(&time), "{main} at {now}");
}

#[test]
fn a_program_without_plt_is_seen_by_its_functions() {
    let folder = tempfile::tempdir().unwrap();
    let seen = record(&["uftrace"], Launch::new(lively(&folder, &["-fno-plt", "-fcf-protection"]), [""; 0]));
    assert!(!rows(&seen, &["function=compare", "library=lively"]).is_empty(), "{:?}", seen.problems);
}

/// Every process's id and a file of its folder in /proc.
fn processes(file: &str) -> Vec<(i32, String)> {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let of = |process: std::fs::DirEntry| {
        let text = std::fs::read(process.path().join(file)).ok()?;
        Some((process.file_name().to_str()?.parse().ok()?, String::from_utf8_lossy(&text).into_owned()))
    };
    all.filter_map(of).collect()
}

/// The recorder of the process that runs a program.
fn recorder(program: &Path) -> Option<i32> {
    let is = |pid: &i32| std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == program);
    let (_, environment) = processes("environ").into_iter().find(|(pid, _)| is(pid))?;
    let folder = environment.split('\0').find_map(|variable| variable.strip_prefix("UFTRACE_DIR="))?;
    let list = processes("cmdline");
    list.into_iter()
        .find(|(_, line)| line.starts_with("uftrace\0record\0") && line.contains(folder))
        .map(|(pid, _)| pid)
}

#[test]
fn a_recorder_that_is_killed_does_not_take_the_target_along() {
    let folder = tempfile::tempdir().unwrap();
    let program = lively(&folder, &[]);
    let killed = std::cell::Cell::new(false);
    // It tells its recorder more than fits into the pipe.
    let script = "\"$0\"; i=0; while [ $i -lt 1500 ]; do i=$((i+1)); (:); done; \"$0\"; exit 6";
    let launch = Launch::new("sh", ["-c", script, program.to_str().unwrap()]);
    let seen = record_subject(
        &["uftrace"],
        Subject::Start(launch),
        Some(&|_| {
            if let Some(recorder) = recorder(&program).filter(|_| !killed.get()) {
                kill(Pid::from_raw(recorder), Signal::SIGKILL).unwrap();
                killed.set(true);
            }
            false
        }),
    );
    assert!(killed.get());
    let right = |problem: &String| problem.ends_with("uftrace was killed by SIGKILL");
    assert!(!seen.problems.is_empty() && seen.problems.iter().all(right), "{:?}", seen.problems);
    assert_eq!(seen.outcome.code, 6);
    let left = std::fs::read_dir("/dev/shm").unwrap().flatten().filter(|file| {
        let name = file.file_name().into_string().unwrap_or_default();
        let of = name.strip_prefix("uftrace-").and_then(|name| name.split('-').nth(1));
        of.and_then(|tid| tid.parse().ok()).is_some_and(|tid: i32| seen.told.contains(&format!("target.pid={tid}")))
    });
    assert_eq!(left.count(), 0, "buffers were left behind");
}

#[test]
fn a_running_program_is_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let program = Loop::start(&lively(&folder, &[]), "loop");
    let seen = record_subject(&["uftrace"], Subject::Attach(program.pid()), Some(&|_| true));
    assert_eq!(seen.problems, ["uftrace is left out: uftrace must be there when a program starts: start it with this"]);
    assert_eq!(program.end(), Some(5));
}
