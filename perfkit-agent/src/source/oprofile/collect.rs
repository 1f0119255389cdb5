//! OProfile at work: operf and ocount attach to the waiting target; what operf gathered is reported when it has ended.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;

use super::counts::Counts;
use super::{Plan, REMEDY, xml};
use crate::channel::Target;
use crate::error::{Error, Result};
use crate::session::clock::{WallClock, now};
use crate::source::{Collector, Outlet, Stop, Tool};

/// How long the tools may take to attach.
const TO_ATTACH: Duration = Duration::from_secs(20);

/// A collector.
#[derive(Debug)]
pub struct Oprofile {
    plan: Plan,
    /// Where operf keeps what it gathers.
    folder: PathBuf,
    tools: Vec<Tool>,
    /// The place of ocount among the tools.
    counting: Option<usize>,
}

impl Oprofile {
    /// One that has yet to be attached.
    pub fn new(plan: Plan) -> Oprofile {
        Oprofile { plan, folder: PathBuf::new(), tools: Vec::new(), counting: None }
    }

    /// What operf gathered.
    fn report(&self, outlet: &mut Outlet, pid: i32, end: i64) -> Result<()> {
        let mut command = Command::new("opreport");
        command.env("LC_ALL", "C").arg("--session-dir").arg(&self.folder).args(["-X", "--callgraph"]);
        let said = command.stdin(Stdio::null()).output();
        let said = said.map_err(|error| Error::Start { tool: "opreport".into(), error, remedy: REMEDY.into() })?;
        if !said.status.success() {
            let words = String::from_utf8_lossy(&said.stderr);
            let words = words.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().to_owned();
            let how = format!("ended with {}", said.status);
            return Err(Error::Died { tool: "opreport".to_owned(), how, words });
        }
        xml::parse(&String::from_utf8_lossy(&said.stdout))?.put(outlet, pid, end);
        Ok(())
    }
}

impl Collector for Oprofile {
    fn attach(&mut self, target: &Target) -> Result<()> {
        let pid = target.pid.to_string();
        if self.plan.samples {
            self.folder = target.scratch.join("oprofile");
            let mut command = Command::new("operf");
            command.env("LC_ALL", "C").arg("--session-dir").arg(&self.folder).arg("--callgraph");
            if !self.plan.events.is_empty() {
                command.arg("--events").arg(self.plan.events.join(","));
            }
            let mut tool = Tool::start("operf", command.args(["--pid", &pid]), Signal::SIGINT, REMEDY)?;
            tool.wait_for(TO_ATTACH, &mut |line| line.contains("Profiler started"))?;
            self.tools.push(tool);
        }
        if self.plan.counts {
            let mut command = Command::new("ocount");
            command.env("LC_ALL", "C").args(["-i", &self.plan.interval.to_string(), "-b"]);
            if !self.plan.events.is_empty() {
                // Counting has no number of events that one sample stands for.
                let names = self.plan.events.iter().map(|event| event.split(':').next().unwrap_or(event));
                command.args(["-e", &names.collect::<Vec<_>>().join(",")]);
            }
            let mut tool = Tool::start("ocount", command.args(["-p", &pid]), Signal::SIGINT, REMEDY)?;
            tool.wait_for_output(TO_ATTACH, &mut |line| line.contains("to stop counting"))?;
            self.counting = Some(self.tools.len());
            self.tools.push(tool);
        }
        Ok(())
    }

    fn run(mut self: Box<Self>, target: &Target, outlet: &mut Outlet, stop: &Stop) -> Result<()> {
        let mut counts = Counts::new(target.pid, WallClock::live());
        let (mut tools, counting) = (std::mem::take(&mut self.tools), self.counting);
        let result = Tool::run_all(&mut tools, outlet, stop, &mut |outlet, at, line| {
            if Some(at) == counting {
                counts.line(outlet, line);
            }
        });
        outlet.dropped("lines of ocount that mean nothing", counts.take_unread());
        let end = now();
        if self.plan.samples && result.is_ok() {
            self.report(outlet, target.pid, end)?;
        }
        result
    }
}
