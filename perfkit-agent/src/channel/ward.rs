//! The ward: a process beside ours that tidies up where we end without doing so, as by `kill -9`.
//!
//! It runs as `perfkit-agent ward` and reads its duties from a pipe, a line each: `folder PATH`, `SIGNAL GROUP FATE`
//! for a tool's process group, or `reader PATH` for a descriptor of ours, which it opens too; a line that is said again
//! takes the duty back. When the pipe ends, what comes to the readers is thrown away for as long as anything comes;
//! the tools that are left get their signal, and a moment later are killed where that is their fate; the folders go.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{ChildStdin, Command, ExitCode, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::gate;
use crate::error::{Error, Result};

/// The hidden command of our programs.
pub const COMMAND: &str = "ward";
/// The begins of the duties that are no tools.
const FOLDER: &str = "folder ";
const READER: &str = "reader ";
/// How long tools may take to end.
const PATIENCE: Duration = Duration::from_secs(2);
/// What becomes of a tool that does not end: the word for one that is killed, and for one that never is.
const FATES: [&str; 2] = ["killed", "spared"];

/// The near side: what must not be left behind.
struct Ward {
    pipe: Option<ChildStdin>,
    /// Process groups that are no target's: of tools, and the ward's own.
    groups: BTreeSet<i32>,
}

static WARD: Mutex<Ward> = Mutex::new(Ward { pipe: None, groups: BTreeSet::new() });

fn ward() -> MutexGuard<'static, Ward> {
    WARD.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ward {
    fn say(&mut self, line: &str) {
        if let Some(pipe) = &mut self.pipe {
            // One that was killed is missed by nobody but us, should we be killed too.
            let _ = writeln!(pipe, "{line}");
        }
    }
}

/// Starts the ward of this process.
pub fn begin() -> Result<()> {
    let mut command = Command::new(gate::program()?);
    // In a group of its own it does not hear the Ctrl+C that is meant for us.
    command.arg(COMMAND).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let mut child = command.current_dir("/").spawn().map_err(Error::file("start", Path::new(COMMAND)))?;
    let mut ward = ward();
    ward.pipe = child.stdin.take();
    ward.groups.insert(child.id() as i32);
    Ok(())
}

/// Has a folder taken away when this process has ended.
pub fn folder(path: &Path) {
    ward().say(&format!("{FOLDER}{}", path.display()));
}

/// Keeps the other end of a pipe from breaking when this process has ended: nobody reads any more what is written then,
/// but whoever writes it goes on.
pub fn reader(pipe: &impl AsRawFd) {
    ward().say(&format!("{READER}/proc/{}/fd/{}", std::process::id(), pipe.as_raw_fd()));
}

/// A tool's process group, which ends when this process does.
#[derive(Debug)]
pub struct Group {
    id: i32,
    signal: Signal,
    spared: bool,
}

impl Group {
    /// Makes it by `start`, which gives the group's number. `signal` asks it to end.
    pub fn start<T>(signal: Signal, start: impl FnOnce() -> Result<(T, i32)>) -> Result<(T, Group)> {
        // Held, so that nobody takes the group for one of the target's meanwhile.
        let mut ward = ward();
        let (made, id) = start()?;
        let group = Group { id, signal, spared: false };
        ward.groups.insert(id);
        ward.say(&group.duty());
        Ok((made, group))
    }

    /// It is not to be killed where it does not end.
    pub fn spare(&mut self) {
        let mut ward = ward();
        ward.say(&self.duty());
        self.spared = true;
        ward.say(&self.duty());
    }

    /// Whether it is not to be killed.
    pub fn spared(&self) -> bool {
        self.spared
    }

    fn duty(&self) -> String {
        format!("{} {} {}", self.signal, self.id, FATES[usize::from(self.spared)])
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let mut ward = ward();
        ward.groups.remove(&self.id);
        ward.say(&self.duty());
    }
}

/// Every process group that is no target's.
pub fn groups() -> BTreeSet<i32> {
    ward().groups.clone()
}

/// The far side.
pub fn keep() -> ExitCode {
    let mut duties = BTreeMap::new();
    for line in std::io::stdin().lines().map_while(std::io::Result::ok) {
        if duties.remove(&line).is_none() {
            // One that cannot be opened is as good as none.
            let reader = line.strip_prefix(READER).and_then(|path| File::open(path).ok());
            duties.insert(line, reader);
        }
    }
    std::thread::scope(|readers| {
        for mut pipe in duties.values().flatten() {
            readers.spawn(move || std::io::copy(&mut pipe, &mut std::io::sink()));
        }
        tidy(duties.keys());
    });
    ExitCode::SUCCESS
}

/// Ends the tools, and takes the folders away.
fn tidy<'a>(duties: impl Iterator<Item = &'a String> + Clone) {
    let mut left: Vec<(Pid, Signal, bool)> = duties.clone().filter_map(|duty| group(duty)).collect();
    left.retain(|(group, signal, _)| killpg(*group, *signal).is_ok());
    let begun = Instant::now();
    while !left.is_empty() && begun.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(10));
        left.retain(|(group, ..)| killpg(*group, None).is_ok());
    }
    for (group, ..) in left.iter().filter(|(.., spared)| !spared) {
        let _ = killpg(*group, Signal::SIGKILL);
    }
    for folder in duties.filter_map(|duty| duty.strip_prefix(FOLDER)) {
        // Where we ended as we should it has gone already.
        let _ = std::fs::remove_dir_all(folder);
    }
}

fn group(duty: &str) -> Option<(Pid, Signal, bool)> {
    let mut words = duty.split(' ');
    let signal = words.next()?.parse().ok()?;
    let group = words.next()?.parse().ok()?;
    let spared = words.next()? == FATES[1];
    Some((Pid::from_raw(group), signal, spared))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duty_is_understood() {
        let mut of = Group { id: 4711, signal: Signal::SIGINT, spared: false };
        assert_eq!(group(&of.duty()), Some((Pid::from_raw(4711), Signal::SIGINT, false)));
        of.spare();
        assert_eq!(group(&of.duty()), Some((Pid::from_raw(4711), Signal::SIGINT, true)));
        assert_eq!(group("folder /tmp/x"), None);
        assert_eq!(group("reader /proc/1/fd/3"), None);
    }
}
