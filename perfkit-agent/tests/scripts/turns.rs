//! Turns, waits, back-pressure, and what becomes of scripts that nobody wants any more.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use perfkit_agent::server::script::{Code, Config, Limits, Sandbox};
use tokio::sync::mpsc;

use crate::{Echo, run, run_with, sandbox};

/// The processes that the nursery has now, spares too.
async fn children(sandbox: &Sandbox) -> usize {
    let pid = sandbox.nursery().await.unwrap();
    std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap().split_whitespace().count()
}

/// Waits until there are no more than so many.
async fn at_most(sandbox: &Sandbox, count: usize) {
    let begun = Instant::now();
    while children(sandbox).await > count {
        assert!(begun.elapsed() < Duration::from_secs(10), "{} processes are left", children(sandbox).await);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_share_one_slot_in_slices() {
    let sandbox = Sandbox::start(Config { slots: 1, ..Config::default() }).await.unwrap();
    let limits = Limits { cpu: Duration::from_millis(200), ..Limits::default() };
    let hogs = || run_with(&sandbox, &limits, "while (true);");
    let ((a, _), (b, _), (c, _)) = tokio::join!(hogs(), hogs(), hogs());
    for ended in [a, b, c] {
        let error = ended.unwrap_err();
        assert_eq!(error.code, Code::Cpu);
        // 200 ms in turns of 2 ms; a machine that is busy with others gives fewer and longer ones.
        assert!(error.spent.slices > 20, "{error:?}");
        assert!(error.spent.queued > Duration::from_millis(200), "{error:?}");
    }
    let metrics = sandbox.metrics();
    let slices = metrics.slice.counts();
    assert!(slices.count > 60 && slices.quantile(0.5) < Duration::from_millis(6), "{:?}", slices.quantile(0.5));
    let now = [&metrics.running, &metrics.ready, &metrics.open].map(|count| count.load(Ordering::Relaxed));
    assert_eq!(now, [0, 0, 0]);
    assert_eq!(metrics.failed[usize::from(Code::Cpu.number())].load(Ordering::Relaxed), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_waits_for_an_answer_leaves_its_slot_to_others() {
    let sandbox = Sandbox::start(Config { slots: 1, ..Config::default() }).await.unwrap();
    let begun = Instant::now();
    let mut waits = Vec::new();
    for _ in 0..20 {
        waits.push(run(&sandbox, "session.sql('wait 300')"));
    }
    let others = async {
        for _ in 0..5 {
            run(&sandbox, "1").await.0.unwrap();
        }
        begun.elapsed()
    };
    let all = async {
        let mut spent = Vec::new();
        for wait in waits {
            spent.push(wait.await.0.unwrap());
        }
        spent
    };
    let (took, spent) = tokio::join!(others, all);
    assert!(took < Duration::from_millis(250), "{took:?}");
    assert!(spent[0].waited >= Duration::from_millis(300) && spent[0].cpu < Duration::from_millis(100), "{spent:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wall_clock_ends_a_script_that_waits() {
    let sandbox = sandbox().await;
    let limits = Limits { wall: Duration::from_millis(200), ..Limits::default() };
    let begun = Instant::now();
    let (ended, _) = run_with(&sandbox, &limits, "session.sql('wait 60000')").await;
    let error = ended.unwrap_err();
    assert_eq!((error.code, error.to_string()), (Code::Wall, "it took longer than 0.2 s".to_owned()));
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_whose_future_is_dropped_is_gone() {
    let config = Config::default();
    let spares = config.spares;
    let sandbox = Sandbox::start(config).await.unwrap();
    for source in ["while (true);", "session.sql('wait 60000')", "for (;;) emit(1)"] {
        let (sender, lines) = mpsc::channel::<Bytes>(1);
        let limits = Limits::default();
        let running = sandbox.run(source, &limits, &Echo, sender);
        assert!(tokio::time::timeout(Duration::from_millis(200), running).await.is_err(), "{source}");
        at_most(&sandbox, spares).await;
        drop(lines);
    }
    let counted = [&sandbox.metrics().dropped, &sandbox.metrics().killed].map(|count| count.load(Ordering::Relaxed));
    assert_eq!(counted, [3, 3]);
    assert_eq!(run(&sandbox, "1").await.1, ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_waits_while_nobody_takes_what_it_gives_out_and_ends_when_nobody_can() {
    let sandbox = sandbox().await;
    let (sender, mut lines) = mpsc::channel::<Bytes>(1);
    let limits = Limits::default();
    let reader = async {
        assert_eq!(&lines.recv().await.unwrap()[..], b"0\n");
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(&lines.recv().await.unwrap()[..], b"1\n");
        drop(lines);
    };
    let (ended, ()) = tokio::join!(sandbox.run("for (let i = 0; ; i++) emit(i)", &limits, &Echo, sender), reader);
    let error = ended.unwrap_err();
    assert_eq!(error.code, Code::Cancelled, "{error:?}");
    assert!(error.spent.cpu < Duration::from_millis(200), "it ran on: {error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_scripts_than_are_admitted_wait_for_their_admission() {
    let sandbox = Sandbox::start(Config { open: 2, ..Config::default() }).await.unwrap();
    let begun = Instant::now();
    let one = || run(&sandbox, "session.sql('wait 100')");
    let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
    for (ended, _) in [a, b, c, d] {
        ended.unwrap();
    }
    assert!(begun.elapsed() >= Duration::from_millis(200));
    let limits = Limits { wall: Duration::from_millis(50), ..Limits::default() };
    let late = run_with(&sandbox, &limits, "1");
    let ((a, _), (b, _), (late, _)) = tokio::join!(one(), one(), late);
    for ended in [a, b] {
        ended.unwrap();
    }
    assert_eq!(late.unwrap_err().code, Code::Unavailable);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nursery_that_died_is_replaced() {
    let sandbox = Arc::new(sandbox().await);
    let before = sandbox.nursery().await.unwrap();
    let running = tokio::spawn({
        let sandbox = Arc::clone(&sandbox);
        async move { run(&sandbox, "session.sql('wait 60000')").await }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let pid = nix::unistd::Pid::from_raw(before as i32);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
    // What it was running ends with it.
    let (ended, _) = running.await.unwrap();
    assert_eq!(ended.unwrap_err().code, Code::Engine);
    let (ended, lines) = run(&sandbox, "2").await;
    ended.unwrap();
    assert_eq!(lines, ["2"]);
    assert_ne!(sandbox.nursery().await.unwrap(), before);
}
