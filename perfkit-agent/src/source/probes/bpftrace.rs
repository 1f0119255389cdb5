//! bpftrace at work on a script of the user's.

use std::fs;
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::Uid;

use super::json::{self, Said};
use super::{Script, lacks};
use crate::channel::Target;
use crate::error::Result;
use crate::session::Track;
use crate::session::clock::now;
use crate::source::line_format::{Feed, Item, Sample};
use crate::source::perf::{Machine, call};
use crate::source::{Collector, Level, Lines, Outlet, Readiness, Source, Spec, Stop, Tool, installed};

/// The source.
#[derive(Debug)]
pub struct Bpftrace;

const REMEDY: &str = "apt install bpftrace";
const EXAMPLE: &str = "bpftrace:./watch.bt";
/// How long it may take until all probes are in: thousands of them take seconds.
const TO_ATTACH: Duration = Duration::from_secs(60);
/// What it says on every start where the limit cannot be raised, and it matters in none.
const NOISE: &[&str] = &["couldn't set RLIMIT_MEMLOCK"];
/// What scripts need of a kernel, and what they lack without it.
const NEEDS: &[(&str, &str)] = &[
    ("/sys/kernel/tracing/events", "tracepoints are missing; as root: mount -t tracefs tracefs /sys/kernel/tracing"),
    ("/sys/kernel/tracing/kprobe_events", "this kernel has no kprobes (CONFIG_KPROBE_EVENTS)"),
    ("/sys/kernel/tracing/uprobe_events", "this kernel has no uprobes (CONFIG_UPROBE_EVENTS)"),
    ("/sys/kernel/btf/vmlinux", "this kernel does not describe its types (CONFIG_DEBUG_INFO_BTF): scripts must do it"),
];

impl Source for Bpftrace {
    fn name(&self) -> &'static str {
        "bpftrace"
    }

    fn about(&self) -> &'static str {
        "what a bpftrace script of yours prints and counts about the kernel and programs"
    }

    fn usage(&self) -> &'static str {
        "bpftrace:[OPTIONS…] FILE [ARGUMENTS…]   $1 is the target's process id, ARGUMENTS follow it"
    }

    fn readiness(&self) -> Readiness {
        let Some(path) = installed::find("bpftrace") else {
            return Readiness::Missing { remedy: format!("bpftrace is not installed: {REMEDY}") };
        };
        if !Uid::effective().is_root() {
            return Readiness::Missing { remedy: "bpftrace works for root only: run perfkit-agent as root".to_owned() };
        }
        let version = installed::version(&path);
        let mut lacking = lacks(NEEDS);
        // Without the first nothing can be said of the next two.
        if lacking.first().is_some_and(|first| first.starts_with("tracepoints")) {
            lacking.retain(|lack| !lack.contains("probes ("));
        }
        match lacking.is_empty() {
            true => Readiness::Ready { version, path: Some(path) },
            false => Readiness::Limited { version, path: Some(path), remedy: lacking.join("; ") },
        }
    }

    fn open(&self, spec: &Spec) -> Result<Box<dyn Collector>> {
        Ok(Box::new(Running { script: Script::parse(spec, EXAMPLE)?, tool: None }))
    }
}

#[derive(Debug)]
struct Running {
    script: Script,
    tool: Option<Tool>,
}

impl Collector for Running {
    fn attach(&mut self, target: &Target) -> Result<()> {
        let Script { options, file, arguments } = &self.script;
        let mut command = Command::new("bpftrace");
        command.args(["-f", "json"]).args(options).arg(file).arg(target.pid.to_string()).args(arguments);
        let mut tool = Tool::start("bpftrace", &mut command, Signal::SIGINT, REMEDY)?.without(NOISE);
        let pid = tool.pid();
        tool.wait_until(TO_ATTACH, &mut || waits_for_events(pid))?;
        self.tool = Some(tool);
        Ok(())
    }

    fn run(self: Box<Self>, _target: &Target, outlet: &mut Outlet, stop: &Stop) -> Result<()> {
        let Some(tool) = self.tool else { return Ok(()) };
        let mut reader = Reader::default();
        let result = tool.run(outlet, stop, &mut |outlet, line| reader.line(outlet, now(), line));
        reader.finish(outlet);
        result
    }
}

/// Whether a bpftrace has put in all its probes: then it waits for their events, and not before.
fn waits_for_events(pid: i32) -> bool {
    let text = fs::read_to_string(format!("/proc/{pid}/syscall")).unwrap_or_default();
    let number = text.split(' ').next().and_then(|number| number.parse().ok());
    number.and_then(|number| call(Machine::this(), number)).is_some_and(|call| call.name.starts_with("epoll_"))
}

/// Reads bpftrace's lines.
#[derive(Debug, Default)]
pub struct Reader {
    /// What the script printed, which need not be whole lines.
    text: Lines,
    feed: Option<Feed>,
}

impl Reader {
    /// Takes a line that came at `arrival`.
    pub fn line(&mut self, outlet: &mut Outlet, arrival: i64, line: &str) {
        let feed = self.feed.get_or_insert_with(|| Feed::new(0));
        match json::parse(line) {
            Some(Said::Text(text)) => {
                self.text.feed(text.as_bytes(), &mut |line| feed.line(outlet, arrival, line));
                feed.lose("lines cut", self.text.take_cut());
            }
            Some(Said::Values(values)) => {
                for (name, value) in values {
                    feed.item(outlet, arrival, Item::Sample(Sample::gauge(name, value)));
                }
            }
            Some(Said::Lost(count)) => feed.lose("events of bpftrace", count),
            Some(Said::About(text)) => {
                outlet.log(arrival, &Track::default(), "bpftrace", Some(Level::Info), &text);
            }
            Some(Said::Nothing) => {}
            None => feed.line(outlet, arrival, line),
        }
        feed.tick(outlet);
    }

    /// No more lines come.
    pub fn finish(&mut self, outlet: &mut Outlet) {
        let feed = self.feed.get_or_insert_with(|| Feed::new(0));
        self.text.finish(&mut |line| feed.line(outlet, now(), line));
        feed.finish(outlet);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Real output of bpftrace 0.17 on a script that prints every kind of thing.
    #[test]
    fn real_output_becomes_rows() {
        let (mut outlet, seen) = Outlet::to_memory("bpftrace");
        let mut reader = Reader::default();
        for line in include_str!("../../../tests/fixtures/bpftrace/kinds.jsonl").lines() {
            reader.line(&mut outlet, 5, line);
        }
        reader.finish(&mut outlet);
        outlet.flush();
        let mut lines = seen.lines();
        lines.sort();
        let golden = include_str!("../../../tests/fixtures/bpftrace/kinds.rows");
        assert_eq!(lines.join("\n").trim(), golden.trim());
    }
}
