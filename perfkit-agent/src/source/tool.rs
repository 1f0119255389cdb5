//! A tool that a source runs: its lines are read until it ends, it is told to stop by the signal that it wants,
//! and what it says on its standard error goes into the session's log.

use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{Level, Lines, Outlet, Stop};
use crate::error::{Error, Result};
use crate::session::Track;
use crate::session::clock::now;

/// How long a tool may take to end after it was told to, before it is killed.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes read at once.
const BLOCK: usize = 64 * 1024;

/// A running tool. Dropped, it is told to stop and waited for.
#[derive(Debug)]
pub struct Tool {
    name: &'static str,
    child: Child,
    /// What tells it to stop.
    signal: Signal,
    /// When it was told.
    told: Option<Instant>,
    out: Lines,
    err: Lines,
    /// The last lines of its standard error, for the message about its death.
    last: String,
}

impl Tool {
    /// Starts it with its output and errors piped to us, and no input. `signal` is what makes it stop cleanly.
    pub fn start(name: &'static str, command: &mut Command, signal: Signal, remedy: &str) -> Result<Tool> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let started = command.spawn();
        let child =
            started.map_err(|error| Error::Start { tool: name.to_owned(), error, remedy: remedy.to_owned() })?;
        Ok(Tool { name, child, signal, told: None, out: Lines::default(), err: Lines::default(), last: String::new() })
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    /// Reads its standard error until `ready` holds for a line, at most for `time`: tools say there that they have
    /// attached. An error where it ends before.
    pub fn wait_for(&mut self, time: Duration, ready: &mut dyn FnMut(&str) -> bool) -> Result<()> {
        let deadline = Instant::now() + time;
        let mut found = false;
        while !found {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let how = format!("was not ready after {} s", time.as_secs());
                return Err(Error::Died { tool: self.name.to_owned(), how, words: self.last.clone() });
            }
            let Some(stderr) = &self.child.stderr else { return Ok(()) };
            let mut fds = [PollFd::new(stderr.as_fd(), PollFlags::POLLIN)];
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            if poll(&mut fds, timeout).unwrap_or(0) == 0 {
                continue;
            }
            let last = &mut self.last;
            let ended = read(&mut self.child.stderr, &mut self.err, &mut |line| {
                found |= ready(line);
                *last = line.to_owned();
            });
            if ended && !found {
                let status = self.child.wait().ok();
                return Err(self.died(status));
            }
        }
        Ok(())
    }

    /// Reads its lines to the end; `each` gets every line of its standard output.
    ///
    /// Once `stop` was said the tool gets its signal, and all that it writes after that is read too. An error where
    /// it ended badly without having been told to.
    pub fn run(
        mut self,
        outlet: &mut Outlet,
        stop: &Stop,
        each: &mut dyn FnMut(&mut Outlet, &str),
    ) -> Result<ExitStatus> {
        let track = Track { pid: self.pid(), tid: 0, label: self.name.to_owned() };
        while self.child.stdout.is_some() || self.child.stderr.is_some() {
            self.wait_more(stop);
            outlet.tick();
            let ended = read(&mut self.child.stdout, &mut self.out, &mut |line| each(outlet, line));
            if ended {
                self.child.stdout = None;
            }
            outlet.dropped("lines cut", self.out.take_cut());
            let (last, name) = (&mut self.last, self.name);
            let ended = read(&mut self.child.stderr, &mut self.err, &mut |line| {
                outlet.log(now(), &track, name, Some(Level::Info), line);
                if !line.trim().is_empty() {
                    *last = line.to_owned();
                }
            });
            if ended {
                self.child.stderr = None;
            }
            if self.overdue() {
                let _ = self.child.kill();
                let how = format!("did not stop within {} s and was killed", PATIENCE.as_secs());
                return Err(Error::Died { tool: self.name.to_owned(), how, words: String::new() });
            }
        }
        let status = self.child.wait().map_err(|error| Error::Died {
            tool: self.name.to_owned(),
            how: format!("cannot be waited for: {error}"),
            words: String::new(),
        })?;
        match status.success() || self.told.is_some() {
            true => Ok(status),
            false => Err(self.died(Some(status))),
        }
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        // It may have ended meanwhile; as our child its id is not used again.
        let _ = kill(Pid::from_raw(self.pid()), signal);
    }

    /// Waits until there is more to read, or it must be told to stop; at most 100 ms.
    fn wait_more(&mut self, stop: &Stop) {
        if stop.said() && self.told.is_none() {
            self.told = Some(Instant::now());
            self.signal(self.signal);
        }
        let mut fds = Vec::with_capacity(3);
        fds.extend(self.child.stdout.as_ref().map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN)));
        fds.extend(self.child.stderr.as_ref().map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN)));
        if self.told.is_none() {
            fds.push(PollFd::new(stop.as_fd(), PollFlags::POLLIN));
        }
        let _ = poll(&mut fds, 100u16);
    }

    fn overdue(&self) -> bool {
        self.told.is_some_and(|told| told.elapsed() > PATIENCE)
    }

    fn died(&self, status: Option<ExitStatus>) -> Error {
        let how = match status.map(|status| (status.code(), status.signal())) {
            Some((_, Some(signal))) => {
                let name = Signal::try_from(signal).map_or(format!("signal {signal}"), |name| name.to_string());
                format!("was killed by {name}")
            }
            Some((Some(code), _)) => format!("exited with status {code}"),
            _ => "ended".to_owned(),
        };
        Error::Died { tool: self.name.to_owned(), how, words: self.last.trim().to_owned() }
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        self.signal(self.signal);
        let deadline = Instant::now() + PATIENCE;
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Reads once, if there is something; true where the stream has ended.
fn read<R: Read + AsFd>(from: &mut Option<R>, lines: &mut Lines, each: &mut dyn FnMut(&str)) -> bool {
    let Some(pipe) = from else { return false };
    let mut fds = [PollFd::new(pipe.as_fd(), PollFlags::POLLIN)];
    if poll(&mut fds, PollTimeout::ZERO).unwrap_or(0) == 0 {
        return false;
    }
    let mut block = [0; BLOCK];
    match pipe.read(&mut block) {
        Ok(0) => {
            lines.finish(each);
            true
        }
        Ok(got) => {
            lines.feed(&block[..got], each);
            false
        }
        Err(error) => error.kind() != std::io::ErrorKind::Interrupted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Stopper;

    fn shell(script: &str) -> Tool {
        Tool::start("sh", Command::new("sh").args(["-c", script]), Signal::SIGINT, "").unwrap()
    }

    fn run(tool: Tool, stop: &Stop) -> (Result<ExitStatus>, Vec<String>, Vec<String>) {
        let (mut outlet, seen) = Outlet::to_memory("test");
        let mut lines = Vec::new();
        let result = tool.run(&mut outlet, stop, &mut |_, line| lines.push(line.to_owned()));
        outlet.flush();
        (result, lines, seen.lines())
    }

    #[test]
    fn lines_and_errors_are_read_to_the_end() {
        let (_stopper, stop) = Stopper::new().unwrap();
        let (result, lines, logged) = run(shell("echo a; echo oops >&2; printf b"), &stop);
        assert!(result.unwrap().success());
        assert_eq!(lines, ["a", "b"]);
        assert!(logged[0].ends_with("message=oops"), "{logged:?}");
    }

    #[test]
    fn one_that_dies_says_how_and_its_last_words() {
        let (_stopper, stop) = Stopper::new().unwrap();
        let (result, ..) = run(shell("echo 'no such probe' >&2; exit 3"), &stop);
        assert_eq!(result.unwrap_err().to_string(), "sh exited with status 3: no such probe");
        let (result, ..) = run(shell("kill -9 $$"), &stop);
        assert_eq!(result.unwrap_err().to_string(), "sh was killed by SIGKILL");
    }

    #[test]
    fn one_that_is_told_to_stop_may_say_its_last_lines() {
        let (stopper, stop) = Stopper::new().unwrap();
        let mut tool = shell("trap 'echo last; exit 130' INT; echo ready >&2; while :; do sleep 0.01; done");
        tool.wait_for(Duration::from_secs(30), &mut |line| line == "ready").unwrap();
        stopper.stop();
        let (result, lines, _) = run(tool, &stop);
        assert!(result.is_ok() && lines == ["last"], "{lines:?}");
    }

    #[test]
    fn one_that_is_missing_is_named_with_its_remedy() {
        let error = Tool::start("x", &mut Command::new("/nonexistent/x"), Signal::SIGINT, "apt install x").unwrap_err();
        assert_eq!(error.to_string(), "cannot start x: No such file or directory (os error 2) (apt install x)");
    }
}
