//! Calls of library functions, through ltrace.
//!
//! ltrace writes breakpoints into the target, so that its sudden death is the target's too: it is told to stop with
//! SIGINT, waited for as long as it takes, and never killed.

mod line;
mod trace;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;

use self::line::Line;
pub use self::trace::{Seen, Trace};
use super::tracelog;
use super::{Claim, Collector, Outlet, Readiness, Source, Spec, Stop, Tool, tracer};
use crate::channel::Target;
use crate::error::{Error, Result};
use crate::session::clock::{Pair, WallClock};

/// ltrace.
#[derive(Debug)]
pub struct Ltrace;

const REMEDY: &str = "apt install ltrace";
/// How long it may take to attach: it reads the symbols of every library first.
const PATIENCE: Duration = Duration::from_secs(30);
/// All threads and children, times with microseconds, durations, no padding.
const OPTIONS: &[&str] = &["-f", "-ttt", "-T", "-s", "64", "-a", "1", "-o", "/dev/stdout"];
/// Where we die without a word, it must not die of writing to nobody but leave the target: SIGPIPE is ignored, and
/// the kernel tells it to stop.
const SURVIVING: &str = "trap '' PIPE; exec setpriv --pdeathsig INT -- ltrace \"$@\"";
/// What to do about a target of which it shows nothing.
const NOTHING: &str = "it saw no call of the program: it finds none where that was built with -fno-plt or for IBT, \
                       nor where the filter leaves all out; `uftrace` sees them";

impl Source for Ltrace {
    fn name(&self) -> &'static str {
        "ltrace"
    }

    fn about(&self) -> &'static str {
        "calls of library functions with arguments, results and depth, at a tenth of a millisecond each"
    }

    fn usage(&self) -> &'static str {
        "ltrace[:FILTER]   which calls, as after ltrace's -e: `malloc+free`, `@libglib?2.0*`; after `x=` entries of \
         functions, whoever calls them, as after its -x: `x=g_main_context_dispatch@libglib?2.0*`"
    }

    fn readiness(&self) -> Readiness {
        tracer::readiness("ltrace")
    }

    fn claims(&self) -> &'static [Claim] {
        &[Claim::Ptrace]
    }

    fn open(&self, spec: &Spec) -> Result<Box<dyn Collector>> {
        if spec.rate.is_some() {
            return Err(Error::Invalid(format!("{spec}: ltrace sees every call and has no rate")));
        }
        Ok(Box::new(Running { filter: spec.argument.as_deref().map(filter).unwrap_or_default(), tool: None }))
    }
}

/// ltrace's options for a filter.
fn filter(argument: &str) -> Vec<String> {
    match argument.strip_prefix("x=") {
        Some(entries) => ["-e", "", "-x", entries].map(str::to_owned).into(),
        None => ["-e", argument].map(str::to_owned).into(),
    }
}

/// ltrace at work.
struct Running {
    filter: Vec<String>,
    tool: Option<Tool>,
}

impl Collector for Running {
    fn attach(&mut self, target: &Target) -> Result<()> {
        tracer::refuse_traced(target.pid)?;
        refuse_threads(target)?;
        let mut command = Command::new("sh");
        command.args(["-c", SURVIVING, "ltrace"]).args(OPTIONS).args(&self.filter);
        command.args(["-p", &target.pid.to_string()]);
        let mut tool = Tool::start("ltrace", &mut command, Signal::SIGINT, REMEDY)?.never_killed();
        let by = tool.pid();
        tool.wait_until(PATIENCE, &mut || tracer::all_traced(target.pid, by)).map_err(tracer::explained)?;
        self.tool = Some(tool);
        Ok(())
    }

    fn run(self: Box<Self>, target: &Target, outlet: &mut Outlet, stop: &Stop) -> Result<()> {
        let Some(tool) = self.tool else { return Ok(()) };
        let (result, seen) = tracelog::follow::<Trace>(tool, target, outlet, stop);
        result?;
        if !stop.said() && !target.ended() {
            return Err(Error::Invalid("it was told to stop by another, and left the target".to_owned()));
        }
        // With a filter it may well be that only a child does what was asked for.
        if (if self.filter.is_empty() { seen.own } else { seen.all }) == 0 {
            return Err(Error::Invalid(NOTHING.to_owned()));
        }
        Ok(())
    }
}

/// Refuses a running process of several threads: ltrace 0.7.3 asks the options and the memory of threads that it has
/// not seen stop yet, and then goes and leaves its breakpoints behind. Of 55 such processes that it was sent to for a
/// moment 9 died; of 30 with one thread, none.
fn refuse_threads(target: &Target) -> Result<()> {
    let threads = fs::read_dir(format!("/proc/{}/task", target.pid)).map_or(0, Iterator::count);
    if !target.attached || threads < 2 {
        return Ok(());
    }
    Err(Error::Invalid(format!(
        "process {} has {threads} threads, and ltrace kills many such processes when it attaches; start the program \
         with this recording instead, or use `strace` or `perf`",
        target.pid
    )))
}

/// Reads a log that ltrace wrote with times (`-t`, `-tt`, `-ttt`, `-r`), with or without `-f`, `-T` and `-S`.
pub fn import(path: &Path, outlet: &mut Outlet) -> Result<()> {
    tracelog::import::<Trace>(path, WallClock::fixed(Pair::now()), outlet)
}

/// Whether the begin of a file is ltrace's: most of its lines read as such. A log of strace reads much the same, and
/// is to be asked for before.
pub fn recognises(head: &[u8]) -> bool {
    tracelog::mostly(head, &mut |text| matches!(line::parse(text), Some(line) if !matches!(line, Line::Killed { .. })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_of_calls_or_of_entries() {
        assert_eq!(filter("malloc+free"), ["-e", "malloc+free"]);
        assert_eq!(filter("x=a@b*"), ["-e", "", "-x", "a@b*"]);
    }

    #[test]
    fn its_logs_are_told_from_others() {
        for (head, expected) in [
            (include_str!("../../../tests/fixtures/ltrace/S.txt"), true),
            (include_str!("../../../tests/fixtures/ltrace/nested.txt"), true),
            (include_str!("../../../tests/fixtures/ltrace/c-summary.txt"), false),
            ("{\"traceEvents\": []}\n", false),
            ("", false),
        ] {
            assert_eq!(recognises(head.as_bytes()), expected, "{head}");
            assert!(!super::super::strace::recognises(head.as_bytes()) || head.contains("SYS_"), "{head}");
        }
    }
}
