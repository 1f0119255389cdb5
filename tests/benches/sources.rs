//! What each source costs the program that it watches, and the agent itself: the same work natively and under each.

use std::fs;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use perfkit_tests::error::Context;
use perfkit_tests::figures::median;
use perfkit_tests::process::{Guarded, stdout_of};
use perfkit_tests::programs::{compiled, script};
use perfkit_tests::{Display, Failure, Result, bins, figures, session, wait};

/// Runs of each; natively once before each of them, so that both see the same machine.
const RUNS: usize = 3;
/// How long the agent watches an idle process.
const IDLE: Duration = Duration::from_secs(20);

/// Sources as they are asked for, and which view has what they saw.
const SOURCES: &[(&str, &str)] = &[
    ("gdkrecord", "events"),
    ("gdkrecord:widgets=on", "events"),
    ("proc@10Hz", "counters"),
    ("proc@100Hz", "counters"),
    ("output", "logs"),
    ("counters", "counters"),
    ("dbus", "dbus"),
    ("perf", "samples"),
    ("perf@997Hz", "samples"),
    ("perf:offcpu", "offcpu"),
    ("perf:syscalls", "syscalls"),
    ("strace", "syscalls"),
    ("strace:file", "syscalls"),
    ("ltrace:x=g_main_context_dispatch@libglib?2.0*", "calls"),
    ("uftrace", "calls"),
    ("gdkrecord,proc@10Hz,output,counters", "events"),
];

fn main() -> ExitCode {
    figures::main("sources", run)
}

fn run() -> Result<String> {
    let program = compiled("gtk3-work", &["gtk+-3.0"])?;
    let program = program.to_str().ok_or_else(|| Failure::new("the program's path is no UTF-8"))?;
    let display = Display::start()?;
    let native = || -> Result<f64> {
        stdout_of(display.command(program).stdin(Stdio::null()))?.parse().cannot("read how long the work took")
    };
    let mut text = String::from("| sources | native = 1.00 | native, ms | with, ms | rows | \n|---|---|---|---|---|\n");
    for (sources, view) in SOURCES {
        let (mut ratios, mut plains, mut withs, mut rows) = (Vec::new(), Vec::new(), Vec::new(), 0);
        let mut missing = None;
        for run in 0..RUNS {
            let file = display.home().join(format!("bench-{run}.perfkit"));
            let _ = fs::remove_file(&file);
            let plain = native()?;
            let mut command = display.command(bins::path(bins::AGENT)?);
            command.arg("record").arg("--output").arg(&file).args(["--with", sources, "--", program]);
            let output = command.stdin(Stdio::null()).output().cannot("run the agent")?;
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            if let Some(line) = said.lines().find(|line| line.contains("left out") || line.contains("ended early")) {
                missing = Some(line.trim_start_matches("perfkit-agent: ").to_owned());
                break;
            }
            let took = String::from_utf8_lossy(&output.stdout);
            let took: f64 = took.trim().parse().cannot(format_args!("read how long the work took; it said {said}"))?;
            rows = session::number(&file, &format!("SELECT count(*) FROM {view}"))?;
            ratios.push(took / plain);
            plains.push(plain);
            withs.push(took);
        }
        text.push_str(&match missing {
            Some(line) => format!("| {sources} | {line} | | | |\n"),
            None => format!(
                "| {sources} | {:.2} | {:.0} | {:.0} | {rows} |\n",
                median(&mut ratios),
                median(&mut plains),
                median(&mut withs)
            ),
        });
        eprintln!("{}", text.lines().last().unwrap_or_default());
    }
    text.push_str(&idle()?);
    Ok(text)
}

/// What the agent itself takes while it watches one process once a second.
fn idle() -> Result<String> {
    let folder = figures::folder()?;
    let file = folder.join("idle.perfkit");
    let _ = fs::remove_file(&file);
    let target = Guarded::spawn("python3", Command::new("python3").arg(script("idle.py")?).stdin(Stdio::null()))?;
    let mut command = Command::new(bins::path(bins::AGENT)?);
    command.arg("record").arg("--quiet").arg("--output").arg(&file);
    command.args(["--with", "proc@1Hz", "--attach", &target.pid().to_string()]).stdin(Stdio::null());
    let agent = Guarded::spawn("perfkit-agent", &mut command)?;
    wait::until("the session", || file.is_file().then_some(()))?;
    let before = (spent(agent.pid())?, Instant::now());
    // The time is what is measured over, not a wait for something.
    std::thread::sleep(IDLE);
    let (after, took) = (spent(agent.pid())?, before.1.elapsed());
    let status = fs::read_to_string(format!("/proc/{}/status", agent.pid())).cannot("look at the agent")?;
    let line =
        |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned();
    let share = (after - before.0) / took.as_secs_f64() * 100.0;
    Ok(format!(
        "\nThe agent with `proc@1Hz` on one process that sleeps, over {} s: {share:.3} % of a processor, {} resident at \
         most, of which {} are its own pages and not of files.\n",
        took.as_secs(),
        line("VmHWM:"),
        line("RssAnon:")
    ))
}

/// Seconds that a process's threads ran.
fn spent(pid: i32) -> Result<f64> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).cannot("list the agent's threads")?;
    let read = |path: std::path::PathBuf| {
        let text = fs::read_to_string(path.join("schedstat")).unwrap_or_default();
        text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0)
    };
    Ok(tasks.flatten().map(|task| read(task.path())).sum::<f64>() / 1e9)
}
