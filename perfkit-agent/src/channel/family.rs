//! The processes that a target has started: where we end the target, they end with it.
//!
//! What a process leaves behind when it ends becomes a child of ours, where [`adopt`] was called: so nothing gets
//! lost of sight, and the target keeps its terminal, its session and its process group. In a process that has other
//! children too, they are told apart by a variable of the target's environment, which its descendants inherit.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::sys::prctl::{get_child_subreaper, set_child_subreaper};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{Pid, getpgid};

use super::ward;

/// How often they are looked at while they end.
const LOOK: Duration = Duration::from_millis(5);

/// How often it is looked for orphans that have ended.
const BEAT: Duration = Duration::from_millis(250);

/// How long a child of a process that has others must have ended before it is taken for one that nobody waits for.
const FORGOTTEN: Duration = Duration::from_secs(5);

/// The variable by which descendants of a target are known: its process id.
pub(super) const VARIABLE: &str = "PERFKIT_TARGET";

/// Whether this process has children that no recording has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Company {
    /// It has none.
    None,
    /// It may have some.
    Others,
}

static OTHERS: AtomicBool = AtomicBool::new(false);

/// Makes orphans of targets children of this process.
pub fn adopt(company: Company) {
    OTHERS.store(company == Company::Others, Ordering::Relaxed);
    // Refused by no kernel of this decade; elsewhere what a target leaves behind goes on.
    let _ = set_child_subreaper(true);
}

/// Descendants of a target.
#[derive(Debug)]
pub struct Family(BTreeSet<i32>);

impl Family {
    /// Those that live now, without the target itself.
    pub fn of(target: i32) -> Family {
        let mut members = below(target);
        let ours = strangers(target).into_iter().filter(|pid| alone() || is_of(*pid, target));
        ours.for_each(|pid| members.extend(below(pid).into_iter().chain([pid])));
        Family(members)
    }

    /// Asks them to end once the target has, and kills those that still live after `patience`.
    pub fn end(mut self, patience: Duration) {
        let begun = Instant::now();
        let mut asked = BTreeSet::new();
        // One that cannot even be killed, as in a call to a disk that does not answer, is left.
        while begun.elapsed() < 2 * patience {
            let more: Vec<_> = self.0.iter().flat_map(|pid| below(*pid)).collect();
            self.0.extend(more);
            // Only what is still below us can be meant by its number.
            let ours = below(own());
            self.0.retain(|pid| ours.contains(pid) && !reaped(*pid));
            if self.0.is_empty() {
                return;
            }
            for pid in &self.0 {
                if asked.insert(*pid) {
                    send(*pid, Signal::SIGTERM);
                } else if begun.elapsed() > patience {
                    send(*pid, Signal::SIGKILL);
                }
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Kills them, without waiting.
    pub fn kill(&self) {
        self.0.iter().for_each(|pid| send(*pid, Signal::SIGKILL));
    }
}

/// Those that have ended as children of ours: somebody must wait for them, or who looks for their end never sees it.
#[derive(Debug, Default)]
pub struct Orphans {
    looked: Option<Instant>,
    /// Those that were there at the last look, and when they were first seen.
    ended: BTreeMap<i32, Instant>,
}

impl Orphans {
    /// Waits for them, now and then.
    pub fn reap(&mut self, target: i32) {
        let now = Instant::now();
        if self.looked.is_some_and(|looked| now - looked < BEAT) {
            return;
        }
        self.looked = Some(now);
        // What a source has started and waits for itself is gone by the next look.
        let patience = if alone() { BEAT } else { FORGOTTEN };
        let ended = strangers(target).into_iter().filter(|pid| ended(*pid));
        let ended: BTreeMap<_, _> = ended.map(|pid| (pid, self.ended.get(&pid).copied().unwrap_or(now))).collect();
        ended.iter().filter(|(_, since)| now - **since >= patience).for_each(|(pid, _)| _ = reaped(*pid));
        self.ended = ended;
    }
}

/// Whether every child of this process belongs to its one recording.
fn alone() -> bool {
    !OTHERS.load(Ordering::Relaxed)
}

/// Whether a process, which may be anybody's, comes from a target.
fn is_of(pid: i32, target: i32) -> bool {
    let mark = format!("{VARIABLE}={target}");
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
}

/// Children of ours that are neither the target nor tools; none where orphans are not adopted.
fn strangers(target: i32) -> Vec<i32> {
    if !get_child_subreaper().unwrap_or(false) {
        return Vec::new();
    }
    let tools = ward::groups();
    let is_tool = |pid: i32| getpgid(Some(Pid::from_raw(pid))).is_ok_and(|group| tools.contains(&group.as_raw()));
    children(own()).into_iter().filter(|pid| *pid != target && !is_tool(*pid)).collect()
}

fn own() -> i32 {
    std::process::id() as i32
}

fn send(pid: i32, signal: Signal) {
    // It may have ended meanwhile.
    let _ = kill(Pid::from_raw(pid), signal);
}

/// Whether it has ended as a child of ours, and nobody has waited for it.
fn ended(pid: i32) -> bool {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    waitid(Id::Pid(Pid::from_raw(pid)), flags).is_ok_and(|status| status != WaitStatus::StillAlive)
}

/// Whether it has ended and was a child of ours, which nobody else waits for.
fn reaped(pid: i32) -> bool {
    waitpid(Pid::from_raw(pid), Some(WaitPidFlag::WNOHANG)).is_ok_and(|status| status.pid().is_some())
}

fn children(pid: i32) -> Vec<i32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = tasks.map(|task| fs::read_to_string(task.path().join("children")).unwrap_or_default());
    lists.flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>()).collect()
}

/// Children, their children, and so on.
fn below(pid: i32) -> BTreeSet<i32> {
    let mut all = BTreeSet::new();
    let mut next = vec![pid];
    while let Some(pid) = next.pop() {
        next.extend(children(pid).into_iter().filter(|child| all.insert(*child)));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_and_theirs_are_found() {
        let mut shell = std::process::Command::new("sh").args(["-c", "sh -c 'sleep 60; true' & wait"]).spawn().unwrap();
        let pid = shell.id() as i32;
        let begun = Instant::now();
        while below(pid).len() < 2 {
            assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", below(pid));
            std::thread::sleep(LOOK);
        }
        assert!(below(own()).is_superset(&below(pid)) && below(own()).contains(&pid));
        Family::of(pid).kill();
        shell.wait().unwrap();
        assert!(below(pid).is_empty());
    }

    #[test]
    fn others_are_told_from_what_comes_of_a_target() {
        let start = |mark: &str| {
            let mut command = std::process::Command::new("sleep");
            command.arg("60").env(VARIABLE, mark).spawn().unwrap()
        };
        let (mut ours, mut other) = (start("4711"), start("47"));
        let begun = Instant::now();
        // Its environment is there once it has become the program.
        while !is_of(ours.id() as i32, 4711) {
            assert!(begun.elapsed() < Duration::from_secs(30));
            std::thread::sleep(LOOK);
        }
        assert!(!is_of(ours.id() as i32, 471) && !is_of(other.id() as i32, 4711));
        for child in [&mut ours, &mut other] {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}
