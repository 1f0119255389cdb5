//! kill -9 of the agent: what it had committed is there, and at most a second is missing.

use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::time::{ClockId, clock_gettime};
use perfkit_tests::{query, wait};

use crate::recorder::{Recorder, children, said};

/// How often the agent is killed, as issue 3 asks.
const TIMES: u32 = 30;
/// What may be lost, in nanoseconds.
const LOST: i64 = 1_000_000_000;

/// Counts, a line each few milliseconds, as long as its session is there.
const COUNTING: &[&str] = &["sh", "-c", "n=0; while [ -e a.perfkit ]; do echo count $n; n=$((n+1)); sleep 0.003; done"];

/// Milliseconds after the recording began: spread by the golden ratio, and the same in each run.
fn moment(round: u32) -> u64 {
    100 + u64::from(round.wrapping_mul(0x9e37_79b9) >> 16) * 1500 / 65536
}

fn now() -> i64 {
    let time = clock_gettime(ClockId::CLOCK_MONOTONIC).unwrap();
    time.tv_sec() * 1_000_000_000 + time.tv_nsec()
}

#[test]
fn at_most_a_second_is_lost() {
    for round in 0..TIMES {
        let recorder = Recorder::new();
        let mut recording = recorder.begin("output,proc@50Hz", &[], COUNTING);
        let (begun, began) = (Instant::now(), now());
        // The moment is the test's subject, not a wait for something.
        std::thread::sleep(Duration::from_millis(moment(round)).saturating_sub(begun.elapsed()));
        recording.signal(Signal::SIGKILL).unwrap();
        recording.wait().unwrap();
        let killed = now();

        let lines = query(
            &recorder.session(),
            "SELECT time, CAST(substr(message, 7) AS INTEGER) AS n FROM logs WHERE message LIKE 'count %' ORDER BY n",
        )
        .unwrap();
        for (expected, line) in lines.iter().enumerate() {
            assert_eq!(line.int("n"), expected as i64, "round {round}: a line is missing");
        }
        // A machine that had no time for the program or the agent shows that in the gaps between the lines.
        let gaps = lines.windows(2).map(|two| two[1].int("time") - two[0].int("time"));
        let stalled = gaps.max().unwrap_or(0);
        let last = lines.last().map_or(began, |line| line.int("time"));
        assert!(killed - last <= LOST + 2 * stalled, "round {round}: {} ns are missing", killed - last);
        let values = query(&recorder.session(), "SELECT count(*) AS n FROM counters WHERE name = 'proc.memory.rss'");
        assert!(values.unwrap()[0].int("n") >= 0, "round {round}");
    }
}

fn lives(pid: &i32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

#[test]
fn nothing_but_the_target_is_left_behind_by_an_agent_that_was_killed() {
    let recorder = Recorder::new();
    let mut recording = recorder.begin("output,strace", &[], COUNTING);
    let pid = recording.pid();
    // A tool has its name from its exec on.
    let named = |name: &str| {
        let is = |pid: &i32| std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim() == name);
        wait::until(name, || children(pid).into_iter().find(is)).unwrap()
    };
    let (target, strace) = (named("sh"), named("strace"));
    let all = children(pid);
    recording.signal(Signal::SIGKILL).unwrap();
    recording.wait().unwrap();
    wait::until("strace to end", || (!lives(&strace)).then_some(())).unwrap();
    assert!(lives(&target));
    std::fs::remove_file(recorder.session()).unwrap();
    wait::until("the target to end, and all with it", || (!all.iter().any(lives)).then_some(())).unwrap();
}

/// Waits until it is let go, then writes more than pipes hold into both of its own, and says that it has come through.
const TALKING: &str = "until [ -e go ]; do echo waiting; sleep 0.01; done; n=0
    while [ $n -lt 3000 ]; do echo $n a line of its standard output; echo $n and one of its error >&2; n=$((n+1)); done
    echo whole > done";

fn comes_through(recorder: &Recorder) {
    std::fs::write(recorder.folder.path().join("go"), "").unwrap();
    let done = recorder.folder.path().join("done");
    let whole = || std::fs::read_to_string(&done).ok().filter(|text| text == "whole\n");
    wait::until("the target to say all that it had to say", whole).unwrap();
}

#[test]
fn a_target_whose_agent_was_killed_may_go_on_writing() {
    let recorder = Recorder::new();
    let mut recording = recorder.begin("output", &[], &["sh", "-c", TALKING]);
    let all = children(recording.pid());
    recording.signal(Signal::SIGKILL).unwrap();
    recording.wait().unwrap();
    comes_through(&recorder);
    wait::until("whoever read for it to end", || (!all.iter().any(lives)).then_some(())).unwrap();
}

#[test]
fn what_the_target_leaves_behind_may_go_on_writing() {
    let recorder = Recorder::new();
    let output = recorder.record("output", &["--quiet"], &["sh", "-c", &format!("({TALKING}) & exit 3")]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    comes_through(&recorder);
}
