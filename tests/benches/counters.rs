//! What counting costs a program in C, Rust and Python, beside an atomic add of its own and a datagram of statsd.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::net::UdpSocket;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicU64, Ordering};

use nix::time::{ClockId, clock_gettime};
use perfkit_counters::{Counters, Room, Unit};
use perfkit_tests::error::Context;
use perfkit_tests::process::stdout_of;
use perfkit_tests::programs::script;
use perfkit_tests::{Failure, Result, bins, figures};

/// Rounds of each; the median of them counts.
const ROUNDS: usize = 51;
/// What is timed, as the programs name it, and what the first of them is in each language.
const ROWS: &[(&str, &str)] = &[
    ("atomic add", "an atomic add of one's own (Python: `x[0] += 1`)"),
    ("counter", "counter, one more"),
    ("gauge", "gauge, set"),
    ("histogram", "histogram of 5 buckets, one number"),
    ("mark", "mark, begin and end"),
    ("statsd", "statsd, one datagram"),
];

fn main() -> ExitCode {
    figures::main("counters", run)
}

/// Median nanoseconds by name.
type Figures = BTreeMap<String, f64>;

fn run() -> Result<String> {
    let folder = tempfile::tempdir_in("/dev/shm").cannot("make a folder in memory")?;
    // Somebody receives, so that the kernel does the whole work of a datagram.
    let receiver = UdpSocket::bind("127.0.0.1:0").cannot("open a socket")?;
    let port = receiver.local_addr().cannot("ask for a port")?.port().to_string();
    let data = bins::root().join("data");
    let program = folder.path().join("bench");
    let mut gcc = Command::new("gcc");
    gcc.args(["-std=gnu99", "-O2", "-pthread", "-o"]).arg(&program).arg(script("counters-bench.c")?);
    stdout_of(gcc.arg(data.join("c/perfkit-counters.c")).arg("-I").arg(data.join("c")))?;
    let mut python = Command::new("python3");
    python.arg(script("counters-bench.py")?).env("PYTHONPATH", data.join("python"));
    let mut columns = Vec::new();
    for mut command in [Command::new(program), python] {
        command.arg(&port).env("PERFKIT_COUNTERS_DIR", folder.path()).env("PYTHONDONTWRITEBYTECODE", "1");
        columns.push(read(&stdout_of(&mut command)?)?);
    }
    columns.insert(1, rust(folder.path(), &receiver)?);
    let mut table = "| | C, ns | Rust, ns | Python, ns |\n|---|---|---|---|\n".to_owned();
    for (name, words) in ROWS {
        let figure = |column: &Figures| column.get(*name).map_or("?".to_owned(), |figure| format!("{figure:.1}"));
        let cells: Vec<String> = columns.iter().map(figure).collect();
        table.push_str(&format!("| {words} | {} |\n", cells.join(" | ")));
    }
    Ok(table)
}

/// Lines of a name and a number.
fn read(text: &str) -> Result<Figures> {
    let lines = text.lines().map(|line| {
        let (name, figure) = line.split_once('\t').ok_or_else(|| Failure::new(format!("no figure: {line}")))?;
        let name = if name == "plain add" { "atomic add" } else { name };
        Ok((name.to_owned(), figure.trim().parse().cannot("read a figure")?))
    });
    lines.collect()
}

fn rust(folder: &std::path::Path, receiver: &UdpSocket) -> Result<Figures> {
    let counters = Counters::open_in(folder, "benchrust", Room::default()).cannot("open counters")?;
    let counter = counters.counter("counter", Unit::COUNT, "").cannot("make a counter")?;
    let gauge = counters.gauge("gauge", Unit::NONE, "").cannot("make a gauge")?;
    let histogram =
        counters.histogram("histogram", &[10, 100, 1000, 10_000], Unit::NONE, "").cannot("make a histogram")?;
    let marks = counters.marks().cannot("make marks")?;
    let udp = UdpSocket::bind("127.0.0.1:0").cannot("open a socket")?;
    udp.connect(receiver.local_addr().cannot("ask for a port")?).cannot("connect a socket")?;
    let plain = AtomicU64::new(0);
    let mut figures = Figures::new();
    let mut time = |name: &str, times: u64, what: &dyn Fn(u64)| {
        let mut rounds: Vec<f64> = (0..ROUNDS)
            .map(|_| {
                let begin = now();
                what(times);
                (now() - begin) / times as f64
            })
            .collect();
        figures.insert(name.to_owned(), figures::median(&mut rounds));
    };
    // The loops are inside, so that none of them pays for a call through a pointer.
    time("atomic add", 200_000, &|times| {
        for _ in 0..times {
            black_box(&plain).fetch_add(1, Ordering::Relaxed);
        }
    });
    time("counter", 200_000, &|times| (0..times).for_each(|_| black_box(&counter).inc()));
    time("gauge", 200_000, &|times| (0..times).for_each(|at| black_box(&gauge).set(at as f64)));
    time("histogram", 200_000, &|times| (0..times).for_each(|at| black_box(&histogram).record(at % 20_000)));
    time("mark", 100_000, &|times| (0..times).for_each(|_| drop(marks.span("name", "message"))));
    time("statsd", 10_000, &|times| (0..times).for_each(|_| drop(udp.send(b"bench.counter:1|c"))));
    Ok(figures)
}

/// This thread's own processor time in nanoseconds, since others share the machine's.
fn now() -> f64 {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)
        .map_or(f64::NAN, |time| time.tv_sec() as f64 * 1e9 + time.tv_nsec() as f64)
}
