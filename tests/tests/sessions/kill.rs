//! kill -9 of the agent: what it had committed is there, and at most a second is missing.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::time::{ClockId, clock_gettime};
use perfkit_tests::{query, wait};

use crate::recorder::{Recorder, children};

/// How often the agent is killed, as issue 3 asks.
const TIMES: u32 = 30;
/// What may be lost, in nanoseconds.
const LOST: i64 = 1_000_000_000;

/// Counts, a line each few milliseconds, until nobody reads its lines any more.
const COUNTING: &[&str] = &["sh", "-c", "n=0; while echo count $n; do n=$((n+1)); sleep 0.003; done"];

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
        let begun = Instant::now();
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
        let last = lines.last().map_or(killed - begun.elapsed().as_nanos() as i64, |line| line.int("time"));
        assert!(killed - last <= LOST + 2 * stalled, "round {round}: {} ns are missing", killed - last);
        let values = query(&recorder.session(), "SELECT count(*) AS n FROM counters WHERE name = 'proc.memory.rss'");
        assert!(values.unwrap()[0].int("n") >= 0, "round {round}");
    }
}

#[test]
fn nothing_is_left_behind_by_an_agent_that_was_killed() {
    let recorder = Recorder::new();
    let mut recording = recorder.begin("output,strace", &[], COUNTING);
    let all = children(recording.pid());
    assert!(all.len() >= 2, "the target and strace: {all:?}");
    recording.signal(Signal::SIGKILL).unwrap();
    recording.wait().unwrap();
    let lives = |pid: &i32| std::path::Path::new(&format!("/proc/{pid}")).exists();
    wait::until("the tools and the target, whose lines nobody reads, to end", || {
        (!all.iter().any(lives)).then_some(())
    })
    .unwrap();
}
