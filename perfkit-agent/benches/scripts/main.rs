//! Scripts in their sandbox: how fast one starts, what a suspended one takes, how long turns are, what a question costs.
//!
//! `cargo xtask bench scripts` runs it, and puts its figures into tests/benches/RESULTS.md.

#![allow(missing_docs, reason = "a program")]

use std::fs;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use perfkit_agent::server::script::{Answer, Config, Host, Limits, Sandbox};
use perfkit_tests::error::Context;
use perfkit_tests::{Failure, Result, figures};
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};

/// Scripts that are started one after the other.
const STARTS: usize = 500;
/// Scripts that wait for an answer at the same time.
const SUSPENDED: usize = 1000;
/// Questions of one script.
const QUESTIONS: u64 = 5000;
/// Scripts that compute for ever, on one slot.
const HOGS: usize = 8;

fn main() -> ExitCode {
    figures::main("scripts", run)
}

/// Answers at once, or never until it is let go.
#[derive(Default)]
struct Bench {
    waiting: AtomicU64,
    go: Notify,
}

impl Host for Bench {
    async fn call(&self, name: &str, _: Vec<Value>) -> std::result::Result<Answer, String> {
        if name == "info" {
            self.waiting.fetch_add(1, Ordering::Relaxed);
            self.go.notified().await;
        }
        Ok(Answer::from(json!(1)))
    }
}

fn run() -> Result<String> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).cannot("ask for the limit of descriptors")?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most).cannot("raise the limit of descriptors")?;
    let runtime = tokio::runtime::Runtime::new().cannot("start tokio")?;
    runtime.block_on(async {
        let mut text = starts().await?;
        text.push_str(&suspended().await?);
        text.push_str(&turns().await?);
        Ok(text)
    })
}

async fn sandbox(config: Config) -> Result<Sandbox> {
    Sandbox::start(config).await.map_err(|error| Failure::new(error.to_string()))
}

async fn one(sandbox: &Sandbox, limits: &Limits, host: &Bench, source: &str) -> Result<Duration> {
    let (output, mut lines) = mpsc::channel::<Bytes>(64);
    let drain = async { while lines.recv().await.is_some() {} };
    let (ended, ()) = tokio::join!(sandbox.run(source, limits, host, output), drain);
    ended.map(|spent| spent.started).map_err(|error| Failure::new(error.to_string()))
}

/// A script's start, from its admission to the first that is heard of it, alone and beside one that computes for ever.
async fn starts() -> Result<String> {
    let sandbox = sandbox(Config::default()).await?;
    let (host, limits) = (Bench::default(), Limits::default());
    let mut rows = String::new();
    let mut measure = async |what: &str| -> Result<()> {
        let (mut first, mut whole, mut peer) = (Vec::new(), Vec::new(), Vec::new());
        for at in 0..STARTS {
            let begun = Instant::now();
            first.push(one(&sandbox, &limits, &host, "emit(1)").await?.as_secs_f64() * 1e3);
            whole.push(begun.elapsed().as_secs_f64() * 1e3);
            if at % 5 == 0 {
                let begun = Instant::now();
                Command::new("/bin/true").status().cannot("run /bin/true")?;
                peer.push(begun.elapsed().as_secs_f64() * 1e3);
            }
        }
        for (name, values) in [("its first value", &mut first), ("its end", &mut whole), ("/bin/true", &mut peer)] {
            let [half, most, max] = [0.5, 0.99, 1.0].map(|part| figures::quantile(values, part));
            rows.push_str(&format!("| {name}, {what} | {half:.3} | {most:.3} | {max:.3} |\n"));
        }
        Ok(())
    };
    measure("alone").await?;
    let hog = Limits { cpu: Duration::from_secs(600), wall: Duration::from_secs(600), ..Limits::default() };
    tokio::select! {
        measured = measure("beside one that loops for ever") => measured?,
        ended = one(&sandbox, &hog, &host, "while (true);") => drop(ended?),
    }
    let begun = Instant::now();
    let source = format!("for (let i = 0; i < {QUESTIONS}; i++) session.series()");
    one(&sandbox, &limits, &host, &source).await?;
    let question = begun.elapsed().as_secs_f64() * 1e6 / QUESTIONS as f64;
    Ok(format!(
        "| from a script's start to … | median, ms | 99% | most |\n|---|---|---|---|\n{rows}\n\
         A question to the host and its answer take {question:.1} µs.\n\n"
    ))
}

/// What suspended scripts take, in memory of their own and with their part of what they share.
async fn suspended() -> Result<String> {
    let sandbox = sandbox(Config { open: SUSPENDED, ..Config::default() }).await?;
    let (host, limits) = (Bench::default(), Limits { wall: Duration::from_secs(600), ..Limits::default() });
    let source = "const all = []; for (let i = 0; i < 100; i++) all.push({ i }); session.info; all.length";
    let begun = Instant::now();
    let all = async {
        let mut scripts = Vec::new();
        for _ in 0..SUSPENDED {
            scripts.push(one(&sandbox, &limits, &host, source));
        }
        let mut set = futures(scripts);
        set.wait().await
    };
    let measure = async {
        while host.waiting.load(Ordering::Relaxed) < SUSPENDED as u64 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let took = begun.elapsed();
        let nursery = sandbox.nursery().await.ok_or_else(|| Failure::new("there is no nursery"))?;
        let (proportional, private) = memory(nursery)?;
        host.go.notify_waiters();
        Ok((took, proportional, private))
    };
    let (ended, measured) = tokio::join!(all, measure);
    let (took, proportional, private) = measured?;
    ended?;
    Ok(format!(
        "{SUSPENDED} suspended scripts, which were all there after {:.2} s, take {:.1} MB with their part of what they \
         share, {:.1} MB of their own.\n\n",
        took.as_secs_f64(),
        proportional as f64 / 1e6,
        private as f64 / 1e6
    ))
}

/// Bytes of a process's children, with their part of what they share, and of their own.
fn memory(pid: u32) -> Result<(u64, u64)> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).cannot("read the children")?;
    let (mut proportional, mut private) = (0, 0);
    for child in children.split_whitespace() {
        let text = fs::read_to_string(format!("/proc/{child}/smaps_rollup")).cannot("read smaps_rollup")?;
        let sum = |name: &str| {
            let lines = text.lines().filter(|line| line.starts_with(name));
            lines.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).sum::<u64>() * 1024
        };
        proportional += sum("Pss:");
        private += sum("Private_");
    }
    Ok((proportional, private))
}

/// How long turns are where more scripts compute than there are slots.
async fn turns() -> Result<String> {
    let sandbox = sandbox(Config { slots: 1, ..Config::default() }).await?;
    let host = Bench::default();
    let limits = Limits { wall: Duration::from_secs(4), cpu: Duration::from_secs(60), ..Limits::default() };
    let mut hogs = futures((0..HOGS).map(|_| one(&sandbox, &limits, &host, "while (true);")).collect());
    // Each ends at its limit of time.
    let _ = hogs.wait().await;
    let counts = sandbox.metrics().slice.counts();
    let [half, most, max] = [0.5, 0.99, 1.0].map(|share| counts.quantile(share).as_secs_f64() * 1e3);
    Ok(format!(
        "{} turns of {HOGS} scripts that loop for ever, on one slot: {half:.2} ms at the median, 99% up to {most:.2} ms, \
         all up to {max:.2} ms (ends of buckets an eighth wide).\n",
        counts.count
    ))
}

/// Futures that are waited for together.
struct Together<F: Future>(Vec<std::pin::Pin<Box<F>>>);

fn futures<F: Future<Output = Result<Duration>>>(all: Vec<F>) -> Together<F> {
    Together(all.into_iter().map(Box::pin).collect())
}

impl<F: Future<Output = Result<Duration>>> Together<F> {
    /// Until all have ended; the first failure is told.
    async fn wait(&mut self) -> Result<()> {
        let mut failure = None;
        std::future::poll_fn(|context| {
            self.0.retain_mut(|one| match one.as_mut().poll(context) {
                std::task::Poll::Ready(Ok(_)) => false,
                std::task::Poll::Ready(Err(error)) => {
                    failure.get_or_insert(error);
                    false
                }
                std::task::Poll::Pending => true,
            });
            if self.0.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
        failure.map_or(Ok(()), Err)
    }
}
