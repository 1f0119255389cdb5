//! Any program as a source: what it prints are values, logs and spans in the formats of
//! [`line_format`](super::line_format).
//!
//! It is told by its environment what it is to look at. Where a rate was asked for and it ends well, it is run again
//! at the next beat, which makes a source of a program that prints once; where it dies it is started again after a
//! while, some times over.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::beat::Beat;
use super::line_format::Feed;
use super::{Collector, Outlet, Readiness, Source, Spec, Stop, Tool};
use crate::channel::Target;
use crate::error::{Error, Result};
use crate::session::clock::now;

/// How often in a row it is started again, and how long it must have run for the count to begin anew.
const TRIES: u32 = 8;
const STEADY: Duration = Duration::from_secs(60);
/// The wait before the first time; it doubles with each.
const PAUSE: Duration = Duration::from_millis(250);
/// The rate that a script is told where none was asked for.
const RATE: f64 = 1.0;

/// The source.
#[derive(Debug)]
pub struct Script;

impl Source for Script {
    fn name(&self) -> &'static str {
        "script"
    }

    fn about(&self) -> &'static str {
        "values, logs and spans that any program prints: Influx lines, OpenMetrics, statsd, JSON, or `name value`"
    }

    fn usage(&self) -> &'static str {
        "script:PROGRAM ARGUMENTS…[@RATEHz]   it is told PERFKIT_PID, PERFKIT_RATE, PERFKIT_INTERVAL, PERFKIT_SCRATCH"
    }

    fn readiness(&self) -> Readiness {
        Readiness::Ready { version: String::new(), path: None }
    }

    fn open(&self, spec: &Spec) -> Result<Box<dyn Collector>> {
        let words = spec.argument.as_deref().and_then(shlex::split).unwrap_or_default();
        let Some(program) = words.first() else {
            let text = "which program? As `script:./watch.py --all`; a quote that is opened must be closed";
            return Err(Error::Invalid(format!("{spec}: {text}")));
        };
        let program = find(program).map_err(|why| Error::Invalid(format!("{spec}: {program} {why}")))?;
        Ok(Box::new(Running { program, words, rate: spec.rate }))
    }
}

/// The file of a program; why there is none.
fn find(program: &str) -> std::result::Result<PathBuf, String> {
    let runs = |path: &Path| path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0);
    if program.contains('/') {
        let path = Path::new(program);
        return match (path.exists(), runs(path)) {
            (_, true) => Ok(path.to_owned()),
            (true, _) => Err(format!("is no program that may be run; `chmod +x {program}` makes it one")),
            _ => Err("does not exist".to_owned()),
        };
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| runs(path));
    found.ok_or(format!("is in no folder of PATH; one in this folder is written ./{program}"))
}

#[derive(Debug)]
struct Running {
    program: PathBuf,
    words: Vec<String>,
    rate: Option<f64>,
}

impl Collector for Running {
    fn run(self: Box<Self>, target: &Target, outlet: &mut Outlet, stop: &Stop) -> Result<()> {
        let mut feed = Feed::new(0);
        let result = self.again_and_again(target, outlet, stop, &mut feed);
        feed.finish(outlet);
        result
    }
}

impl Running {
    fn again_and_again(&self, target: &Target, outlet: &mut Outlet, stop: &Stop, feed: &mut Feed) -> Result<()> {
        let mut beat = self.rate.map(Beat::new);
        let mut deaths = 0;
        loop {
            let begun = Instant::now();
            let result = self.once(target, outlet, stop, feed);
            if stop.said() {
                // Whatever it answered to that is the end of it.
                return Ok(());
            }
            match (result, &mut beat) {
                (Ok(()), Some(beat)) => {
                    deaths = 0;
                    // Beats during which it still ran are not made up for.
                    let Some(_) = beat.wait(outlet, stop) else { return Ok(()) };
                }
                (Ok(()), None) => {
                    outlet.note(&format!("{} has ended; with a rate it would be run again", self.name()));
                    return Ok(());
                }
                (Err(error), _) => {
                    deaths = if begun.elapsed() > STEADY { 1 } else { deaths + 1 };
                    if deaths > TRIES {
                        return Err(error);
                    }
                    let pause = PAUSE * 2u32.pow(deaths - 1);
                    let which = format!("{deaths} of {TRIES} times in a row");
                    outlet.note(&format!("{error}; it is started again in {} s, {which}", pause.as_secs_f64()));
                    rest(pause, outlet, stop);
                    if stop.said() {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Runs it to its end.
    fn once(&self, target: &Target, outlet: &mut Outlet, stop: &Stop, feed: &mut Feed) -> Result<()> {
        let mut command = Command::new(&self.program);
        let rate = self.rate.unwrap_or(RATE);
        command.args(&self.words[1..]);
        command.env("PERFKIT_PID", target.pid.to_string());
        command.env("PERFKIT_RATE", rate.to_string());
        command.env("PERFKIT_INTERVAL", (1.0 / rate).to_string());
        command.env("PERFKIT_SCRATCH", &target.scratch);
        // Python would keep what it prints until it has some kilobytes.
        command.env("PYTHONUNBUFFERED", "1");
        let ran = Tool::start("script", &mut command, Signal::SIGTERM, "").and_then(|tool| {
            tool.run(outlet, stop, &mut |outlet, line| {
                feed.line(outlet, now(), line);
                feed.tick(outlet);
            })
        });
        ran.map_err(|error| match error {
            Error::Died { how, words, .. } => Error::Died { tool: self.name(), how, words },
            Error::Start { error, remedy, .. } => Error::Start { tool: self.name(), error, remedy },
            other => other,
        })
    }

    fn name(&self) -> String {
        self.words[0].clone()
    }
}

/// Waits, and hands rows on meanwhile.
fn rest(time: Duration, outlet: &mut Outlet, stop: &Stop) {
    let end = Instant::now() + time;
    while !stop.said() && Instant::now() < end {
        outlet.tick();
        stop.wait(end.saturating_duration_since(Instant::now()).min(Duration::from_millis(100)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(spec: &str) -> String {
        let opened = Script.open(&spec.parse().unwrap());
        opened.err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn what_cannot_be_run_is_refused_before_anything_starts() {
        assert_eq!(refusal("script:sh -c 'echo a 1'@2Hz"), "");
        assert!(refusal("script").contains("which program?"));
        assert!(refusal("script:sh -c 'echo").contains("quote"));
        assert!(refusal("script:./none.py").ends_with("./none.py does not exist"));
        assert!(refusal("script:/etc/passwd").contains("chmod +x /etc/passwd"));
        assert!(refusal("script:no-such-program-at-all x").contains("in no folder of PATH"));
    }
}
