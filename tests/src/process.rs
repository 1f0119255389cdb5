//! Processes that end with their owner: a server or program that is started here never outlives a failed test.

use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::error::{Context, Failure, Result};
use crate::wait;

/// A child that is ended, and waited for, when it is dropped.
#[derive(Debug)]
pub struct Guarded {
    child: Child,
    name: String,
}

impl Guarded {
    /// Starts it. The kernel ends it too should this process be killed before it can drop anything.
    pub fn spawn(name: &str, command: &mut Command) -> Result<Guarded> {
        let child = command.spawn().cannot(format_args!("start {name}"))?;
        Ok(Guarded { child, name: name.to_owned() })
    }

    /// The child, for its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    /// Whether it has ended, and how.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        send(self.pid(), signal)
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        let what = format!("the end of {}", self.name);
        wait::until(&what, || self.ended())
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if self.ended().is_some() {
            return;
        }
        // Whoever fails to go on request within two seconds is killed.
        let _ = self.signal(Signal::SIGTERM);
        if wait::until_within(Duration::from_secs(2), "its end", || self.ended()).is_err() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Sends a signal to a process by its id.
pub fn send(pid: i32, signal: Signal) -> Result<()> {
    kill(Pid::from_raw(pid), signal).cannot(format_args!("send {signal} to process {pid}"))
}

/// A command that the kernel ends with its parent (util-linux's `setpriv`).
pub fn tied(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM", "--", program]).stdin(Stdio::null());
    command
}

/// Runs a command to its end; one that fails is an error with the last line it wrote.
pub fn run(command: &mut Command) -> Result<Output> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().cannot(format_args!("run {name}"))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    Err(Failure::new(format!("{name} failed ({}): {last}", output.status)))
}

/// What a command printed, without the end of its last line.
pub fn stdout_of(command: &mut Command) -> Result<String> {
    Ok(String::from_utf8_lossy(&run(command)?.stdout).trim_end().to_owned())
}
