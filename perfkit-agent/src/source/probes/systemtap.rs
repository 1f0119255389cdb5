//! SystemTap at work on a script of the user's.

use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::Uid;

use super::{Script, lacks};
use crate::channel::Target;
use crate::error::Result;
use crate::session::clock::now;
use crate::source::line_format::Feed;
use crate::source::{Collector, Outlet, Readiness, Source, Spec, Stop, Tool, installed};

/// The source.
#[derive(Debug)]
pub struct Systemtap;

const REMEDY: &str = "apt install systemtap";
const EXAMPLE: &str = "systemtap:./watch.stp";
/// How long it may take until all probes are in: a script is compiled to a module of the kernel before.
const TO_ATTACH: Duration = Duration::from_secs(180);
/// What a script that we add says once probes are in, since SystemTap itself does not say it.
const ATTACHED: &str = "perfkit: attached";

impl Source for Systemtap {
    fn name(&self) -> &'static str {
        "systemtap"
    }

    fn about(&self) -> &'static str {
        "what a SystemTap script of yours prints about the kernel and programs"
    }

    fn usage(&self) -> &'static str {
        "systemtap:[OPTIONS…] FILE [ARGUMENTS…]   target() is the target's process id"
    }

    fn readiness(&self) -> Readiness {
        let Some(path) = installed::find("stap") else {
            return Readiness::Missing { remedy: format!("stap is not installed: {REMEDY}") };
        };
        if !Uid::effective().is_root() {
            // Members of the group stapdev may use it too, which stap itself says best.
            let remedy = "stap works for root and the groups stapdev and stapusr: run perfkit-agent as root".to_owned();
            return Readiness::Limited { version: installed::version(&path), path: Some(path), remedy };
        }
        let version = installed::version(&path);
        let lacking = missing(&release());
        match lacking.is_empty() {
            true => Readiness::Ready { version, path: Some(path) },
            false => Readiness::Limited { version, path: Some(path), remedy: lacking.join("; ") },
        }
    }

    fn open(&self, spec: &Spec) -> Result<Box<dyn Collector>> {
        Ok(Box::new(Running { script: Script::parse(spec, EXAMPLE)?, tool: None, early: Vec::new() }))
    }
}

fn release() -> String {
    std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned()
}

/// What a kernel of that release lacks for SystemTap.
fn missing(release: &str) -> Vec<String> {
    let build = format!("/lib/modules/{release}/build/.config");
    let headers = format!("no headers of this kernel: apt install linux-headers-{release}");
    lacks(&[
        ("/proc/modules", "this kernel takes no modules (CONFIG_MODULES), so --runtime=bpf must be among the options"),
        (&build, &headers),
        ("/sys/kernel/debug/tracing", "debugfs is not mounted; as root: mount -t debugfs debugfs /sys/kernel/debug"),
    ])
}

#[derive(Debug)]
struct Running {
    script: Script,
    tool: Option<Tool>,
    /// What it printed before all probes were in, and when.
    early: Vec<(i64, String)>,
}

impl Collector for Running {
    fn attach(&mut self, target: &Target) -> Result<()> {
        let Script { options, file, arguments } = &self.script;
        let told = format!(
            "global perfkit_told; probe timer.ms(100) {{ if (!perfkit_told) {{ perfkit_told = 1; printf(\"{ATTACHED}\\n\") }} }}"
        );
        let mut command = Command::new("stap");
        command.env("LC_ALL", "C").args(options).args(["-x", &target.pid.to_string(), "-E", &told]);
        command.arg(file).args(arguments);
        let mut tool = Tool::start("stap", &mut command, Signal::SIGINT, REMEDY)?;
        let early = &mut self.early;
        tool.wait_for_output(TO_ATTACH, &mut |line| {
            let attached = line == ATTACHED;
            if !attached {
                early.push((now(), line.to_owned()));
            }
            attached
        })?;
        self.tool = Some(tool);
        Ok(())
    }

    fn run(self: Box<Self>, _target: &Target, outlet: &mut Outlet, stop: &Stop) -> Result<()> {
        let Some(tool) = self.tool else { return Ok(()) };
        let mut feed = Feed::new(0);
        self.early.iter().for_each(|(arrival, line)| feed.line(outlet, *arrival, line));
        let result = tool.run(outlet, stop, &mut |outlet, line| {
            if line != ATTACHED {
                feed.line(outlet, now(), line);
            }
            feed.tick(outlet);
        });
        feed.finish(outlet);
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_kernel_lacks_is_told_with_its_remedy() {
        let lacking = missing("0.0-none");
        assert!(lacking.iter().any(|lack| lack.ends_with("apt install linux-headers-0.0-none")), "{lacking:?}");
    }

    /// Real output of SystemTap 4.8's bpf runtime: `gettimeofday_ns() tick`, the other way round than our convention,
    /// so that none of it is a value; and its lines by the convention.
    #[test]
    fn lines_by_the_convention_are_read_and_others_counted() {
        let (mut outlet, seen) = Outlet::to_memory("systemtap");
        let mut feed = Feed::new(0);
        let text = include_str!("../../../tests/fixtures/stap/printf.txt");
        text.lines().for_each(|line| feed.line(&mut outlet, 7, line));
        feed.line(&mut outlet, 7, "app.ticks 3");
        feed.finish(&mut outlet);
        outlet.flush();
        let messages = seen.messages();
        let lost = messages.iter().find_map(|message| match message {
            crate::source::Message::Dropped { count, .. } => Some(*count),
            _ => None,
        });
        assert_eq!(lost, Some(text.lines().count() as u64));
        assert_eq!(crate::source::Seen::readable(&messages), ["counters 7 0/0 app.ticks value=3"]);
    }
}
