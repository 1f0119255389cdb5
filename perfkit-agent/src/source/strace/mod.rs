//! System calls, through strace.
//!
//! strace attaches to the target at the gate. As a wrapper with `--seccomp-bpf` it would stop the target at the
//! wanted calls alone (for `file` on a program of many other calls 1.2 times the time of the program alone instead
//! of 6), but the filter stays in the target for good: where strace is killed, and wherever a recording ends before
//! its target, each of these calls fails with ENOSYS from then on.

mod calls;
mod line;
mod trace;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;

use self::calls::Calls;
use self::line::Line;
pub(super) use self::line::{nanoseconds, number, string};
pub use self::trace::Trace;
use super::tracelog;
use super::{Claim, Collector, Outlet, Readiness, Source, Spec, Stop, Tool, tracer};
use crate::channel::Target;
use crate::error::{Error, Result};
use crate::session::clock::{Pair, WallClock};

/// strace.
#[derive(Debug)]
pub struct Strace;

const REMEDY: &str = "apt install strace";
/// How long it may take to attach: a process of a thousand threads on a busy machine takes seconds.
const PATIENCE: Duration = Duration::from_secs(30);
/// Nanoseconds at begin and end, descriptors with what they stand for, the first bytes of strings, and no padding.
const OPTIONS: &[&str] =
    &["-f", "--timestamps=unix,ns", "--syscall-times=ns", "-yy", "-s", "64", "-a", "1", "-o", "/dev/stdout"];
/// The calls that say which threads and programs there are: they are wanted with every choice of others.
const ALWAYS: &str = "?fork,?vfork,?clone,?clone3,?execve,?execveat";

impl Source for Strace {
    fn name(&self) -> &'static str {
        "strace"
    }

    fn about(&self) -> &'static str {
        "system calls with arguments, results and durations, signals, forks, execs and exits"
    }

    fn usage(&self) -> &'static str {
        "strace[:CALLS]   which calls, as after strace's -e: `file`, `network`, `read,write`, `!futex`; those that \
         make threads and programs are always with them"
    }

    fn readiness(&self) -> Readiness {
        tracer::readiness("strace")
    }

    fn claims(&self) -> &'static [Claim] {
        &[Claim::Ptrace]
    }

    fn open(&self, spec: &Spec) -> Result<Box<dyn Collector>> {
        if spec.rate.is_some() {
            return Err(Error::Invalid(format!("{spec}: strace sees every call and has no rate")));
        }
        let filter = spec.argument.as_deref().map(filter);
        if let Some(filter) = &filter {
            check(spec, filter)?;
        }
        Ok(Box::new(Running { filter, tool: None }))
    }
}

/// The expression for strace's -e.
fn filter(argument: &str) -> String {
    let calls = argument.strip_prefix("trace=").unwrap_or(argument);
    match calls.starts_with('!') || calls == "all" {
        true => format!("trace={calls}"),
        false => format!("trace={calls},{ALWAYS}"),
    }
}

/// Lets strace say whether it understands an expression.
fn check(spec: &Spec, filter: &str) -> Result<()> {
    let mut command = Command::new("strace");
    command.args(["-e", filter, "-V"]).stdin(Stdio::null());
    let start = |error| Error::Start { tool: "strace".to_owned(), error, remedy: REMEDY.to_owned() };
    let said = command.output().map_err(start)?;
    if said.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&said.stderr);
    Err(Error::Invalid(format!("{spec}: {}", words.lines().next().unwrap_or("strace refuses it"))))
}

/// strace at work.
struct Running {
    filter: Option<String>,
    tool: Option<Tool>,
}

impl Collector for Running {
    fn attach(&mut self, target: &Target) -> Result<()> {
        tracer::refuse_traced(target.pid)?;
        let mut command = Command::new("strace");
        command.args(OPTIONS);
        if let Some(filter) = &self.filter {
            command.args(["-e", filter]);
        }
        command.args(["-p", &target.pid.to_string()]);
        let mut tool = Tool::start("strace", &mut command, Signal::SIGINT, REMEDY)?;
        tool.wait_for(PATIENCE, &mut |line| line.contains(" attached")).map_err(tracer::explained)?;
        // That it attaches to a thread and leaves it is no news.
        self.tool = Some(tool.without(&["strace: Process "]));
        Ok(())
    }

    fn run(self: Box<Self>, target: &Target, outlet: &mut Outlet, stop: &Stop) -> Result<()> {
        let Some(tool) = self.tool else { return Ok(()) };
        tracelog::follow::<Trace>(tool, target, outlet, stop).0
    }
}

/// Reads a log that strace wrote with times (`-t`, `-tt`, `-ttt`, `-r`, `--timestamps`), with or without `-f`, `-T`
/// and `-y`.
///
/// Of a file of `-ff`, or a log without thread numbers, all lines are about the process that its name ends with.
pub fn import(path: &Path, outlet: &mut Outlet) -> Result<()> {
    tracelog::import::<Trace>(path, WallClock::fixed(Pair::now()), outlet)
}

/// Whether the begin of a file is strace's: most of its lines read as such, and most of their calls are the kernel's
/// (a log of ltrace reads much the same, but its calls are a library's).
pub fn recognises(head: &[u8]) -> bool {
    let calls = Calls::default();
    tracelog::mostly(head, &mut |text| match line::parse(text) {
        Some(Line::Call { name, .. } | Line::Unfinished { name, .. } | Line::Resumed { name, .. }) => calls.knows(name),
        other => other.is_some(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_logs_are_told_from_others() {
        for (head, expected) in [
            (include_str!("../../../tests/fixtures/strace/shapes.txt"), true),
            (include_str!("../../../tests/fixtures/strace/attach.txt"), true),
            ("execve(\"/bin/true\", [\"true\"], 0x7ff) = 0\nbrk(NULL) = 0x55\nexit_group(0) = ?\ncut of", true),
            ("7 puts(\"a\") = 2\n7 read(3, 0x7ff, 5) = 0\n7 strlen(\"\") = 0\n", false),
            ("{\"traceEvents\": []}\n", false),
            ("", false),
        ] {
            assert_eq!(recognises(head.as_bytes()), expected, "{head}");
        }
    }

    #[test]
    fn what_makes_threads_is_always_wanted() {
        assert_eq!(filter("file"), format!("trace=file,{ALWAYS}"));
        assert_eq!(filter("trace=%network"), format!("trace=%network,{ALWAYS}"));
        assert_eq!(filter("!futex"), "trace=!futex");
        assert_eq!(filter("all"), "trace=all");
    }

    #[test]
    fn specs_without_sense_are_refused_before_anything_starts() {
        let error = |spec: &str| Strace.open(&spec.parse().unwrap()).err().map(|error| error.to_string());
        assert_eq!(error("strace:file"), None);
        assert_eq!(error("strace:nosuch").unwrap(), "strace:nosuch: strace: invalid system call 'nosuch'");
        assert_eq!(error("strace@5Hz").unwrap(), "strace@5Hz: strace sees every call and has no rate");
    }
}
