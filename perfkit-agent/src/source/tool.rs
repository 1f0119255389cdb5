//! A tool that a source runs: its lines are read until it ends, it is told to stop by the signal that it wants,
//! and what it says on its standard error goes into the session's log.

use std::collections::VecDeque;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;

use super::{Level, Lines, Outlet, Stop};
use crate::channel::ward::Group;
use crate::error::{Error, Result};
use crate::session::Track;
use crate::session::clock::now;

/// How long a tool may take to end after it was told to, before it is killed.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long what it wrote last may be on its way once it has ended: what it leaves behind may hold its pipes open.
const DRAIN: Duration = Duration::from_millis(200);
/// Lines of its standard error that are kept: more than tools say about one mishap.
const KEPT: usize = 40;
/// Bytes read at once.
const BLOCK: usize = 64 * 1024;

/// A running tool, and all that it has started: its process group. Dropped, it is told to stop and waited for.
#[derive(Debug)]
pub struct Tool {
    name: &'static str,
    child: Child,
    /// What tells it to stop; none for one that ends with its input.
    signal: Option<Signal>,
    /// When it was told.
    told: Option<Instant>,
    /// When it was seen to have ended.
    gone: Option<Instant>,
    /// Its process group; none once its end was dealt with.
    group: Option<Group>,
    out: Lines,
    err: Lines,
    /// The last lines of its standard error, for the message about its death.
    last: VecDeque<String>,
    /// Parts of lines of its standard error that say nothing.
    noise: &'static [&'static str],
}

impl Tool {
    /// Starts it with its output and errors piped to us, and no input. `signal` is what makes it stop cleanly.
    pub fn start(name: &'static str, command: &mut Command, signal: Signal, remedy: &str) -> Result<Tool> {
        Tool::spawn(name, command.stdin(Stdio::null()), Some(signal), remedy)
    }

    /// Starts it with the output of `feeder` as its input. It is not told to stop: it ends when its input does.
    pub fn start_reading(name: &'static str, command: &mut Command, feeder: &mut Tool, remedy: &str) -> Result<Tool> {
        let input = feeder.child.stdout.take().map_or_else(Stdio::null, Stdio::from);
        Tool::spawn(name, command.stdin(input), None, remedy)
    }

    fn spawn(name: &'static str, command: &mut Command, signal: Option<Signal>, remedy: &str) -> Result<Tool> {
        // In a process group of its own a tool does not hear the Ctrl+C that is meant for us: it is told to stop when
        // it is its turn, and then what it has gathered is read to the end.
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let start = || {
            let started = command.spawn();
            let child =
                started.map_err(|error| Error::Start { tool: name.to_owned(), error, remedy: remedy.to_owned() })?;
            let id = child.id() as i32;
            Ok((child, id))
        };
        let (child, group) = Group::start(signal.unwrap_or(Signal::SIGTERM), start)?;
        Ok(Tool {
            name,
            child,
            signal,
            told: None,
            gone: None,
            group: Some(group),
            out: Lines::default(),
            err: Lines::default(),
            last: VecDeque::new(),
            noise: &[],
        })
    }

    /// Never kills it, however long it takes to stop: what it works on would not survive.
    pub fn never_killed(mut self) -> Tool {
        self.group.iter_mut().for_each(Group::spare);
        self
    }

    /// Leaves out lines of its standard error that have one of these parts: what it says always.
    pub fn without(mut self, noise: &'static [&'static str]) -> Tool {
        self.noise = noise;
        self
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    /// Reads its standard error until `ready` holds for a line, at most for `time`: tools say there that they have
    /// attached. An error where it ends before.
    pub fn wait_for(&mut self, time: Duration, ready: &mut dyn FnMut(&str) -> bool) -> Result<()> {
        let mut found = false;
        self.wait(time, &mut |tool| {
            while !found && readable(&tool.child.stderr) && !tool.read_errors(&mut |line| found |= ready(line)) {}
            found
        })
    }

    /// Reads its standard output until `ready` holds for a line, at most for `time`: some say there that they have
    /// attached. An error where it ends before. `ready` may get lines after that one too.
    pub fn wait_for_output(&mut self, time: Duration, ready: &mut dyn FnMut(&str) -> bool) -> Result<()> {
        let mut found = false;
        self.wait(time, &mut |tool| {
            while !found && readable(&tool.child.stdout) {
                if read(&mut tool.child.stdout, &mut tool.out, &mut |line| found |= ready(line)) {
                    tool.child.stdout = None;
                }
            }
            found
        })
    }

    /// Waits until `ready` holds, asked again and again, at most for `time`. An error where it ends before.
    pub fn wait_until(&mut self, time: Duration, ready: &mut dyn FnMut() -> bool) -> Result<()> {
        self.wait(time, &mut |_| ready())
    }

    fn wait(&mut self, time: Duration, ready: &mut dyn FnMut(&mut Tool) -> bool) -> Result<()> {
        let deadline = Instant::now() + time;
        loop {
            // Looked at before, so that what it said last counts.
            let running = self.running();
            if ready(self) {
                return Ok(());
            }
            if !running {
                self.read_errors(&mut |_| ());
                let status = self.end();
                return Err(self.died(status));
            }
            if Instant::now() > deadline {
                let how = format!("was not ready after {} s", time.as_secs());
                return Err(Error::Died { tool: self.name.to_owned(), how, words: words(&self.last) });
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Reads its lines to the end; `each` gets every line of its standard output.
    ///
    /// Once `stop` was said the tool gets its signal, and all that it writes after that is read too. An error where
    /// it ended badly without having been told to.
    pub fn run(self, outlet: &mut Outlet, stop: &Stop, each: &mut dyn FnMut(&mut Outlet, &str)) -> Result<()> {
        Tool::run_all(&mut [self], outlet, stop, &mut |outlet, _, line| each(outlet, line))
    }

    /// Reads the lines of several tools to the end, as [`Tool::run`] does; `each` gets the place of the tool too.
    ///
    /// They end together: where one ends badly the others are told to stop, and the error is about the one that
    /// ended first.
    pub fn run_all(
        tools: &mut [Tool],
        outlet: &mut Outlet,
        stop: &Stop,
        each: &mut dyn FnMut(&mut Outlet, usize, &str),
    ) -> Result<()> {
        let mut result = Ok(());
        while tools.iter().any(|tool| tool.group.is_some()) {
            if stop.said() || result.is_err() {
                tools.iter_mut().for_each(Tool::tell);
            }
            wait_more(tools, stop);
            outlet.tick();
            for (at, tool) in tools.iter_mut().enumerate() {
                let ended = tool.step(outlet, &mut |outlet, line| each(outlet, at, line));
                result = result.and(ended);
            }
        }
        result
    }

    /// Reads once what there is; an error where it ended badly.
    fn step(&mut self, outlet: &mut Outlet, each: &mut dyn FnMut(&mut Outlet, &str)) -> Result<()> {
        if self.group.is_none() {
            return Ok(());
        }
        if !self.running() {
            self.gone = self.gone.or(Some(Instant::now()));
        }
        if self.signal.is_none() && readable(&self.child.stdout) {
            // One that ends with its input may have much of that to work through: it may take as long as it goes on.
            self.told = self.told.map(|_| Instant::now());
        }
        if read(&mut self.child.stdout, &mut self.out, &mut |line| each(outlet, line)) {
            self.child.stdout = None;
        }
        outlet.dropped("lines cut", self.out.take_cut());
        let (name, track) = (self.name, Track { pid: self.pid(), tid: 0, label: self.name.to_owned() });
        self.read_errors(&mut |line| outlet.log(now(), &track, name, Some(Level::Info), line));
        // What was in its pipes when it ended was read by now; the rest is not its own.
        let closed = self.child.stdout.is_none() && self.child.stderr.is_none();
        if self.gone.is_some_and(|gone| closed || gone.elapsed() > DRAIN) {
            self.out.finish(&mut |line| each(outlet, line));
            return match self.end() {
                Some(status) if status.success() || self.told.is_some() => Ok(()),
                status => Err(self.died(status)),
            };
        }
        if self.gone.is_none() && self.told.is_some_and(|told| told.elapsed() > PATIENCE) {
            let fate = if self.group.as_ref().is_some_and(Group::spared) { "left alone" } else { "killed" };
            self.end();
            let how = format!("did not stop within {} s and was {fate}", PATIENCE.as_secs());
            return Err(Error::Died { tool: self.name.to_owned(), how, words: String::new() });
        }
        Ok(())
    }

    /// Ends what is left of its process group, though not one that must not be killed; how it ended.
    fn end(&mut self) -> Option<ExitStatus> {
        (self.child.stdout, self.child.stderr) = (None, None);
        let running = self.running();
        let group = self.group.take()?;
        if running && group.spared() {
            return None;
        }
        // Before it is waited for: until then the number of its group is nobody else's.
        self.signal(Signal::SIGKILL);
        drop(group);
        self.child.wait().ok()
    }

    /// Reads its standard error once, if there is something; true where that has ended. `each` gets what is no noise.
    fn read_errors(&mut self, each: &mut dyn FnMut(&str)) -> bool {
        let (last, noise) = (&mut self.last, self.noise);
        let ended = read(&mut self.child.stderr, &mut self.err, &mut |line| {
            if !noise.iter().any(|part| line.contains(part)) {
                each(line);
                keep(last, line);
            }
        });
        if ended {
            self.child.stderr = None;
        }
        ended
    }

    /// Tells it to stop, once.
    fn tell(&mut self) {
        if self.told.is_none() {
            self.told = Some(Instant::now());
            if let Some(signal) = self.signal {
                self.signal(signal);
            }
        }
    }

    /// Whether it still runs.
    pub fn running(&self) -> bool {
        // It is not waited for yet: its number stays its own.
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        self.group.is_some() && matches!(waitid(Id::Pid(Pid::from_raw(self.pid())), flags), Ok(WaitStatus::StillAlive))
    }

    /// Sends it, and what it has started, a signal.
    pub fn signal(&self, signal: Signal) {
        // All of them may have ended meanwhile.
        let _ = killpg(Pid::from_raw(self.pid()), signal);
    }

    fn died(&self, status: Option<ExitStatus>) -> Error {
        let (how, words) = match status.map(|status| (status.code(), status.signal())) {
            Some((_, Some(signal))) => {
                let name = Signal::try_from(signal).map_or(format!("signal {signal}"), |name| name.to_string());
                // What it said before has nothing to do with that.
                (format!("was killed by {name}"), String::new())
            }
            Some((Some(code), _)) => (format!("exited with status {code}"), words(&self.last)),
            _ => ("ended".to_owned(), words(&self.last)),
        };
        Error::Died { tool: self.name.to_owned(), how, words }
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        if self.group.is_none() {
            return;
        }
        // One that ends with its input would wait for a feeder that is dropped after it.
        self.signal(self.signal.unwrap_or(Signal::SIGTERM));
        let deadline = Instant::now() + PATIENCE;
        while self.running() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.end();
    }
}

/// Keeps a line of standard error, where it says anything.
fn keep(last: &mut VecDeque<String>, line: &str) {
    if !line.trim().is_empty() {
        if last.len() == KEPT {
            last.pop_front();
        }
        last.push_back(line.split_whitespace().collect::<Vec<_>>().join(" "));
    }
}

/// What a tool said about its death: where lines are called an error, the first of them, and else the last line.
fn words(last: &VecDeque<String>) -> String {
    let called = |line: &String| line.len() >= 5 && line.as_bytes()[..5].eq_ignore_ascii_case(b"error");
    let error = last.iter().position(called).map(|at| {
        let line = &last[at];
        // Some put the word on a line of its own.
        let alone = line.trim_end_matches(':').len() <= "errors".len();
        if alone { last.get(at + 1).unwrap_or(line) } else { line }
    });
    let named = || last.iter().find(|line| line.to_ascii_lowercase().contains("error"));
    error.or_else(named).or(last.back()).cloned().unwrap_or_default()
}

/// Waits until there is more to read, or the tools must be told to stop; at most 100 ms, less where one that has
/// closed its outputs is about to end.
fn wait_more(tools: &[Tool], stop: &Stop) {
    let mut fds = Vec::with_capacity(2 * tools.len() + 1);
    for tool in tools {
        fds.extend(tool.child.stdout.as_ref().map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN)));
        fds.extend(tool.child.stderr.as_ref().map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN)));
    }
    if tools.iter().any(|tool| tool.told.is_none()) {
        fds.push(PollFd::new(stop.as_fd(), PollFlags::POLLIN));
    }
    let ending = |tool: &Tool| tool.group.is_some() && tool.child.stdout.is_none() && tool.child.stderr.is_none();
    let _ = poll(&mut fds, if tools.iter().any(ending) { 5u16 } else { 100 });
}

/// Whether there is something to read, or the stream has ended.
fn readable<R: AsFd>(from: &Option<R>) -> bool {
    let Some(pipe) = from else { return false };
    let mut fds = [PollFd::new(pipe.as_fd(), PollFlags::POLLIN)];
    poll(&mut fds, PollTimeout::ZERO).unwrap_or(0) > 0
}

/// Reads once, if there is something; true where the stream has ended.
fn read<R: Read + AsFd>(from: &mut Option<R>, lines: &mut Lines, each: &mut dyn FnMut(&str)) -> bool {
    if !readable(from) {
        return false;
    }
    let Some(pipe) = from else { return false };
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

    fn run(tool: Tool, stop: &Stop) -> (Result<()>, Vec<String>, Vec<String>) {
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
        result.unwrap();
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
    fn one_is_waited_for_until_it_is_ready_or_dead() {
        let second = Duration::from_secs(1);
        let mut tool = shell("echo noise >&2; echo a; echo ready; exec sleep 60").without(&["noi"]);
        let mut seen = Vec::new();
        tool.wait_for_output(second * 30, &mut |line| {
            seen.push(line.to_owned());
            line == "ready"
        })
        .unwrap();
        assert_eq!(seen, ["a", "ready"]);
        let mut noisy = shell("echo bad >&2; echo noise >&2; exit 3").without(&["noi"]);
        let error = noisy.wait_for_output(second * 30, &mut |_| false).unwrap_err();
        assert_eq!(error.to_string(), "sh exited with status 3: bad");
        let mut asked = 0;
        let mut ready = || {
            asked += 1;
            asked > 3
        };
        shell("exec sleep 60").wait_until(second * 30, &mut ready).unwrap();
        let error = shell("echo 'no such thing' >&2; exit 3").wait_until(second * 30, &mut || false).unwrap_err();
        assert_eq!(error.to_string(), "sh exited with status 3: no such thing");
        let error = shell("exec sleep 60").wait_until(second / 10, &mut || false).unwrap_err();
        assert_eq!(error.to_string(), "sh was not ready after 0 s");
    }

    #[test]
    fn what_it_leaves_behind_ends_with_it() {
        let (_stopper, stop) = Stopper::new().unwrap();
        let begin = Instant::now();
        let (result, lines, _) = run(shell("sleep 60 & echo $!; exit 0"), &stop);
        assert!(result.is_ok() && begin.elapsed() < Duration::from_secs(20), "{result:?}");
        let left =
            || std::fs::read_to_string(format!("/proc/{}/stat", lines[0])).is_ok_and(|stat| !stat.contains(") Z"));
        while left() {
            assert!(begin.elapsed() < Duration::from_secs(20), "it was left behind");
            std::thread::sleep(Duration::from_millis(5));
        }
        // And so with one that is told to stop.
        let (stopper, stop) = Stopper::new().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo ready >&2; sleep 60; true"]);
        let mut tool = Tool::start("sh", &mut command, Signal::SIGTERM, "").unwrap();
        tool.wait_for(Duration::from_secs(30), &mut |line| line == "ready").unwrap();
        stopper.stop();
        run(tool, &stop).0.unwrap();
        assert!(begin.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn one_that_closes_its_outputs_is_not_waited_for_for_ever() {
        let (stopper, stop) = Stopper::new().unwrap();
        let begin = Instant::now();
        std::thread::scope(|scope| {
            let running = scope.spawn(|| run(shell("exec >&- 2>&-; exec sleep 60"), &stop).0);
            std::thread::sleep(Duration::from_millis(300));
            assert!(!running.is_finished());
            stopper.stop();
            running.join().unwrap().unwrap();
        });
        let error = shell("exec 2>&-; exec sleep 60").wait_for(Duration::from_millis(100), &mut |_| false);
        assert_eq!(error.unwrap_err().to_string(), "sh was not ready after 0 s");
        assert!(begin.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn of_many_last_words_the_error_is_told() {
        for (said, told) in [
            (&["a", "b", ""][..], "b"),
            (&["Error:", "Access  is limited.", "Consider this"], "Access is limited."),
            (&["syntax error: 'x'", "Error:\tNo permissions", "Usage: x"], "Error: No permissions"),
            (&["x", "parse error: y", "Pass 1 failed."], "parse error: y"),
            (&["ERROR: z"], "ERROR: z"),
            (&[], ""),
        ] {
            let mut last = VecDeque::new();
            said.iter().for_each(|line| keep(&mut last, line));
            assert_eq!(words(&last), told);
        }
    }

    #[test]
    fn a_pipeline_ends_with_its_first_death() {
        let pipeline = |first: &str, second: &str| {
            let (_stopper, stop) = Stopper::new().unwrap();
            let (mut outlet, _seen) = Outlet::to_memory("test");
            let mut feeder = shell(first);
            let reader =
                Tool::start_reading("reader", Command::new("sh").args(["-c", second]), &mut feeder, "").unwrap();
            let mut lines = Vec::new();
            let result = Tool::run_all(&mut [feeder, reader], &mut outlet, &stop, &mut |_, at, line| {
                lines.push(format!("{at} {line}"));
            });
            (result.map_err(|error| error.to_string()), lines)
        };
        assert_eq!(pipeline("echo a; echo b", "cat"), (Ok(()), vec!["1 a".to_owned(), "1 b".to_owned()]));
        let killed = |name: &str| Err(format!("{name} was killed by SIGKILL"));
        assert_eq!(pipeline("echo a; kill -9 $$", "cat; exit 0"), (killed("sh"), vec!["1 a".to_owned()]));
        assert_eq!(pipeline("exec sleep 60", "kill -9 $$").0, killed("reader"));
    }

    #[test]
    fn one_that_is_missing_is_named_with_its_remedy() {
        let error = Tool::start("x", &mut Command::new("/nonexistent/x"), Signal::SIGINT, "apt install x").unwrap_err();
        assert_eq!(error.to_string(), "cannot start x: No such file or directory (os error 2) (apt install x)");
    }
}
