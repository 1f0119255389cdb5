//! `task.txt`, in which uftrace keeps what became of processes and threads.

use rustc_hash::FxHashMap;

use crate::session::clock::seconds;
use crate::session::{Cell, Track, schemas};
use crate::source::{Outlet, Process, Thread};

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Task {
    /// A process has made another one.
    Fork { time: i64, pid: i32, parent: i32 },
    /// A process runs a program.
    Session { time: i64, pid: i32, program: String },
    /// A thread was seen first.
    Thread { time: i64, pid: i32, tid: i32 },
}

/// The processes of the target.
#[derive(Debug, Default)]
pub struct Tasks {
    all: Vec<Task>,
    ours: FxHashMap<i32, ()>,
}

impl Tasks {
    /// Reads the file; what is not of the process `root` or its descendants is left out.
    pub fn read(text: &str, root: i32) -> Tasks {
        let mut tasks = Tasks::default();
        tasks.ours.insert(root, ());
        for task in text.lines().filter_map(task) {
            let pid = match task {
                Task::Fork { pid, parent, .. } => {
                    if tasks.has(parent) {
                        tasks.ours.insert(pid, ());
                    }
                    pid
                }
                Task::Session { pid, .. } | Task::Thread { pid, .. } => pid,
            };
            if tasks.has(pid) {
                tasks.all.push(task);
            }
        }
        tasks
    }

    /// Whether a process is one of the target's.
    pub fn has(&self, pid: i32) -> bool {
        self.ours.contains_key(&pid)
    }

    /// The programs that were run.
    pub fn programs(&self) -> Vec<String> {
        let program = |task: &Task| match task {
            Task::Session { program, .. } => Some(program.clone()),
            _ => None,
        };
        self.all.iter().filter_map(program).collect()
    }

    /// Tells of them.
    pub fn tell(&self, outlet: &mut Outlet) {
        let life = outlet.series(&schemas::LIFE);
        for task in &self.all {
            let (time, of, what, name, value) = match task {
                Task::Fork { time, pid, parent } => {
                    let process =
                        Process { pid: *pid, parent: Some(*parent), start: Some(*time), ..Process::default() };
                    outlet.process(process);
                    (*time, *parent, "fork", None, Some(*pid))
                }
                Task::Session { time, pid, program } => {
                    let name = program.rsplit('/').next().map(str::to_owned);
                    outlet.process(Process { pid: *pid, name, ..Process::default() });
                    (*time, *pid, "exec", Some(&**program), None)
                }
                Task::Thread { time, pid, tid } => {
                    outlet.thread(Thread { pid: *pid, tid: *tid, start: Some(*time), ..Thread::default() });
                    if pid == tid {
                        continue;
                    }
                    (*time, *pid, "thread", None, Some(*tid))
                }
            };
            let track = outlet.track(&Track::thread(of, of));
            outlet.point(life, time, track, &[Cell::Text(what), Cell::text(name), Cell::int(value.map(i64::from))]);
        }
    }
}

fn task(line: &str) -> Option<Task> {
    let (kind, rest) = line.split_once(' ')?;
    let field = |name: &str| {
        let (_, value) = rest.split_once(name)?;
        value.split(' ').next()
    };
    let number = |name: &str| field(name)?.parse().ok();
    let time = seconds(field("timestamp=")?)?;
    match kind {
        "FORK" => Some(Task::Fork { time, pid: number(" pid=")?, parent: number(" ppid=")? }),
        "TASK" => Some(Task::Thread { time, pid: number(" pid=")?, tid: number(" tid=")? }),
        "SESS" => {
            let program = rest.split_once("exename=\"")?.1.strip_suffix('"')?.to_owned();
            Some(Task::Session { time, pid: number(" pid=")?, program })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_and_its_children_are_told_from_others() {
        let text = "SESS timestamp=5040.674183553 pid=1 sid=a90a5816ef633b6e exename=\"/usr/bin/dash\"\n\
                    TASK timestamp=5040.674441979 tid=1 pid=1\nwhat\nFORK pid=x\n\
                    SESS timestamp=5041.403703262 pid=7 sid=785c2c1b7e7ade53 exename=\"/tmp/a b/lively\"\n\
                    TASK timestamp=5041.416203987 tid=7 pid=7\nTASK timestamp=5041.416344296 tid=8 pid=7\n\
                    FORK timestamp=5041.427769345 pid=9 ppid=7\nFORK timestamp=5041.5 pid=5 ppid=1\n";
        let tasks = Tasks::read(text, 7);
        assert_eq!([1, 5, 7, 9].map(|pid| tasks.has(pid)), [false, false, true, true]);
        assert_eq!(tasks.programs(), ["/tmp/a b/lively"]);
        let (mut outlet, seen) = Outlet::to_memory("test");
        tasks.tell(&mut outlet);
        outlet.flush();
        let expected = [
            "life 5041403703262 7/7 what=exec name=/tmp/a b/lively",
            "life 5041416344296 7/7 what=thread value=8",
            "life 5041427769345 7/7 what=fork value=9",
        ];
        assert_eq!(seen.lines(), expected);
    }
}
