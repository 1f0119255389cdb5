//! The target's processes and threads: which there are, what each uses, and when they begin and end.

use std::fs;

use rustc_hash::{FxHashMap, FxHashSet};

use super::kept::Kept;
use super::meters::{FILES, IO, SMAPS, STAT, STATM, STATUS, THREAD};
use super::parse::{self, Stat, TICK};
use super::values::Group;
use super::{Pen, What};
use crate::session::clock::now;
use crate::session::{Cell, Track, schemas};
use crate::source::{Process, Thread};

/// PSS is added up page by page, which takes the kernel a good while: at most once in so many nanoseconds.
const SMAPS_EVERY: i64 = 1_000_000_000;
/// Names of threads are looked at once in so many nanoseconds.
const NAMES_EVERY: i64 = 1_000_000_000;
/// Processes and threads of each that are followed; what is over is counted.
const PROCESSES_MAX: usize = 4_096;
const THREADS_MAX: usize = 4_096;

/// All that is followed.
#[derive(Debug)]
pub struct Tree {
    processes: FxHashMap<i32, Followed>,
    what: Vec<What>,
    /// Bytes of a page.
    page: f64,
    /// What is added to a time since boot for one of CLOCK_MONOTONIC, in nanoseconds.
    boot: i64,
    /// Processes that are none of the target's, and so never will be: looked at once.
    strangers: FxHashSet<i32>,
    lost: u64,
}

/// A process that is followed.
#[derive(Debug)]
struct Followed {
    name: String,
    stat: (Kept, Group),
    statm: Option<(Kept, Group)>,
    status: Option<(Kept, Group)>,
    io: Option<(Kept, Group)>,
    /// Its file is opened anew each time: an open one goes on to tell of the program before an exec.
    smaps: Option<Group>,
    smaps_due: i64,
    files: Option<Group>,
    threads: FxHashMap<i32, FollowedThread>,
    /// Threads name themselves soon after they began, if at all.
    names_due: i64,
}

/// A thread that is followed.
#[derive(Debug)]
struct FollowedThread {
    name: Option<String>,
    /// Its file, where threads were asked for.
    schedstat: Option<(Kept, Group)>,
}

impl Tree {
    /// Only the target, so far.
    pub fn new(what: &[What], page: f64, boot: i64) -> Tree {
        let (processes, strangers) = (FxHashMap::default(), FxHashSet::default());
        Tree { processes, what: what.to_owned(), page, boot, strangers, lost: 0 }
    }

    /// Whether all have ended.
    pub fn is_empty(&self) -> bool {
        self.processes.is_empty()
    }

    /// Processes that were not followed, since this was asked last.
    pub fn take_lost(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }

    /// Follows a process from now on.
    pub fn follow(&mut self, pid: i32, pen: &mut Pen<'_>) {
        if self.processes.len() >= PROCESSES_MAX {
            self.lost += 1;
        } else if let Some(mut followed) = self.open(pid, pen) {
            self.look_at_threads(pid, &mut followed, pen);
            self.processes.insert(pid, followed);
        }
    }

    /// Looks at everything once. `forked` says that somewhere on the machine something was forked since the last
    /// time: only then are there new children and threads.
    pub fn look(&mut self, forked: bool, pen: &mut Pen<'_>) {
        let pids: Vec<i32> = self.processes.keys().copied().collect();
        for pid in pids {
            let Some(mut followed) = self.processes.remove(&pid) else { continue };
            let stat = followed.stat.0.line(&mut pen.room).ok().and_then(|text| parse::stat(&text));
            let time = now();
            let gone = stat.as_ref().is_none_or(|stat| "ZX".contains(stat.state) && stat.values[4] <= 1.0);
            if gone {
                self.ended(pid, time, stat, followed, pen);
                continue;
            }
            let Some(stat) = stat else { continue };
            if stat.name != followed.name {
                self.renamed(pid, time, &stat, &mut followed, pen);
            }
            self.look_at(pid, time, &stat, &mut followed, pen);
            let threads_changed = followed.threads.len() as f64 != stat.values[4];
            if forked || threads_changed || !look_at_known(&followed, pen) {
                self.look_at_threads(pid, &mut followed, pen);
            }
            if time >= followed.names_due {
                followed.names_due = time + NAMES_EVERY;
                followed.threads.iter_mut().for_each(|(tid, thread)| look_at_name(pid, *tid, thread, pen));
            }
            self.processes.insert(pid, followed);
        }
        if forked {
            self.new_children(pen).into_iter().for_each(|child| self.follow(child, pen));
        }
    }

    /// The last values are written. What still runs goes on.
    pub fn end(self, pen: &mut Pen<'_>) {
        self.processes.into_values().for_each(|followed| followed.close(pen));
    }

    fn wants(&self, what: What) -> bool {
        self.what.contains(&what)
    }

    /// The processes that came of those that are followed, parents first. One whose parent ended before it was
    /// looked for belongs to another by now, and is not found.
    fn new_children(&mut self, pen: &mut Pen<'_>) -> Vec<i32> {
        let names = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids: FxHashSet<i32> = names.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
        self.strangers.retain(|pid| pids.contains(pid));
        let unknown = pids.into_iter().filter(|pid| !self.processes.contains_key(pid) && !self.strangers.contains(pid));
        let mut unknown: Vec<(i32, i32)> = unknown
            .filter_map(|pid| {
                let file = Kept::open(format!("/proc/{pid}/stat")).ok()?;
                Some((pid, parse::stat(&file.line(&mut pen.room).ok()?)?.parent))
            })
            .collect();
        let mut children = Vec::new();
        loop {
            let ours = |parent: &i32| self.processes.contains_key(parent) || children.contains(parent);
            let (more, rest): (Vec<_>, Vec<_>) = unknown.iter().partition(|(_, parent)| ours(parent));
            if more.is_empty() {
                self.strangers.extend(rest.into_iter().map(|(pid, _)| pid));
                return children;
            }
            children.extend(more.into_iter().map(|(pid, _)| pid));
            unknown = rest;
        }
    }

    fn open(&self, pid: i32, pen: &mut Pen<'_>) -> Option<Followed> {
        let file = |name: &str| Kept::open(format!("/proc/{pid}/{name}")).ok();
        let stat_file = file("stat")?;
        let stat = parse::stat(&stat_file.line(&mut pen.room).ok()?).filter(|stat| !"ZX".contains(stat.state))?;
        let mut group = |table| pen.values.group(pen.outlet, (pid, 0), "proc.", table);
        let process = self.wants(What::Process);
        let mut with = |wanted: bool, name: &str, table| Some((file(name).filter(|_| wanted)?, group(table)));
        let followed = Followed {
            statm: with(process, "statm", STATM),
            status: with(process, "status", STATUS),
            io: with(process, "io", IO),
            smaps: self.wants(What::Pss).then(|| group(SMAPS)),
            smaps_due: 0,
            files: process.then(|| group(FILES)),
            stat: (stat_file, group(STAT)),
            name: stat.name.clone(),
            threads: FxHashMap::default(),
            names_due: 0,
        };
        let start = self.start(&stat);
        pen.outlet.process(Process {
            pid,
            parent: Some(stat.parent),
            name: Some(stat.name.clone()),
            command: command(pid),
            start: Some(start),
            ..Process::default()
        });
        if self.processes.contains_key(&stat.parent) {
            life(pen, stat.parent, start, "fork", Some(&stat.name), Some(pid.into()));
        }
        Some(followed)
    }

    /// When something began; a hundredth of a second is as exact as the kernel tells it.
    fn start(&self, stat: &Stat) -> i64 {
        (stat.start * TICK) as i64 + self.boot
    }

    /// A program was started in the process, or it gave itself another name.
    fn renamed(&self, pid: i32, time: i64, stat: &Stat, followed: &mut Followed, pen: &mut Pen<'_>) {
        followed.name.clone_from(&stat.name);
        let command = command(pid);
        life(pen, pid, time, "exec", Some(command.as_deref().unwrap_or(&stat.name)), None);
        pen.outlet.process(Process { pid, name: Some(stat.name.clone()), command, ..Process::default() });
    }

    fn ended(&self, pid: i32, time: i64, stat: Option<Stat>, followed: Followed, pen: &mut Pen<'_>) {
        // Only one that is still a zombie tells how it ended.
        let status = stat.and_then(|stat| stat.status);
        life(pen, pid, time, "exit", Some(&followed.name), status.map(i64::from));
        pen.outlet.process(Process { pid, end: Some(time), status, ..Process::default() });
        followed.close(pen);
    }

    fn look_at(&self, pid: i32, time: i64, stat: &Stat, followed: &mut Followed, pen: &mut Pen<'_>) {
        if self.wants(What::Process) {
            pen.values.put(pen.outlet, time, &followed.stat.1, &stat.values);
        }
        let mut take = |from: &Option<(Kept, Group)>, parse: &dyn Fn(&str) -> Option<Vec<f64>>| {
            let Some((file, group)) = from else { return };
            let time = now();
            // A process that has just ended is noticed at the next beat.
            if let Some(all) = file.line(&mut pen.room).ok().and_then(|text| parse(&text)) {
                pen.values.put(pen.outlet, time, group, &all);
            }
        };
        take(&followed.statm, &|text| parse::statm(text, self.page).map(Vec::from));
        take(&followed.status, &|text| parse::status(text).map(Vec::from));
        take(&followed.io, &|text| parse::io(text).map(Vec::from));
        if let Some(group) = followed.smaps.as_ref().filter(|_| time >= followed.smaps_due) {
            followed.smaps_due = time + SMAPS_EVERY;
            let file = Kept::open(format!("/proc/{pid}/smaps_rollup"));
            let text = file.and_then(|file| Ok(parse::smaps(&file.line(&mut pen.room)?)));
            if let Ok(Some(all)) = text {
                pen.values.put(pen.outlet, now(), group, &all);
            }
        }
        if let Some(group) = &followed.files
            && let Some(count) = open_files(pid)
        {
            pen.values.put(pen.outlet, time, group, &[count]);
        }
    }

    /// Finds the threads that there are, and looks at each.
    fn look_at_threads(&mut self, pid: i32, followed: &mut Followed, pen: &mut Pen<'_>) {
        let names = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        let tids: Vec<i32> = names.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
        let gone: Vec<i32> = followed.threads.keys().filter(|tid| !tids.contains(tid)).copied().collect();
        for tid in gone {
            if let Some(thread) = followed.threads.remove(&tid) {
                thread.schedstat.into_iter().for_each(|(_, group)| pen.values.end(pen.outlet, group));
                pen.outlet.thread(Thread { pid, tid, end: Some(now()), ..Thread::default() });
            }
        }
        for tid in tids.into_iter().take(THREADS_MAX) {
            followed.threads.entry(tid).or_insert_with(|| self.open_thread(pid, tid, pen));
        }
        look_at_known(followed, pen);
    }

    fn open_thread(&self, pid: i32, tid: i32, pen: &mut Pen<'_>) -> FollowedThread {
        let file = |name: &str| Kept::open(format!("/proc/{pid}/task/{tid}/{name}")).ok();
        let stat = file("stat").and_then(|file| parse::stat(&file.line(&mut pen.room).ok()?));
        let (name, start) = stat.map(|stat| (stat.name.clone(), self.start(&stat))).unzip();
        pen.outlet.thread(Thread { pid, tid, name: name.clone(), start, end: None });
        let schedstat = file("schedstat").filter(|_| self.wants(What::Threads));
        let with_group = |file| (file, pen.values.group(pen.outlet, (pid, tid), "thread.", THREAD));
        FollowedThread { name, schedstat: schedstat.map(with_group) }
    }
}

impl Followed {
    fn close(self, pen: &mut Pen<'_>) {
        let files = [self.statm, self.status, self.io].into_iter().flatten();
        let groups = files.map(|(_, group)| group).chain(self.smaps).chain(self.files).chain([self.stat.1]);
        let threads = self.threads.into_values().filter_map(|thread| thread.schedstat).map(|(_, group)| group);
        groups.chain(threads).for_each(|group| pen.values.end(pen.outlet, group));
    }
}

/// Tells a thread's name where it has another than before.
fn look_at_name(pid: i32, tid: i32, thread: &mut FollowedThread, pen: &mut Pen<'_>) {
    let name = fs::read(format!("/proc/{pid}/task/{tid}/comm"));
    let Some(name) = name.ok().map(|name| String::from_utf8_lossy(&name).trim_end_matches('\n').to_owned()) else {
        return;
    };
    if thread.name.as_ref() != Some(&name) {
        pen.outlet.thread(Thread { pid, tid, name: Some(name.clone()), ..Thread::default() });
        thread.name = Some(name);
    }
}

/// Looks at the threads that are known; false where one of them is gone.
fn look_at_known(followed: &Followed, pen: &mut Pen<'_>) -> bool {
    let mut all_there = true;
    for (file, group) in followed.threads.values().filter_map(|thread| thread.schedstat.as_ref()) {
        let time = now();
        match file.line(&mut pen.room).ok().and_then(|text| parse::schedstat(&text)) {
            Some(all) => pen.values.put(pen.outlet, time, group, &all),
            None => all_there = false,
        }
    }
    all_there
}

fn life(pen: &mut Pen<'_>, pid: i32, time: i64, what: &str, name: Option<&str>, value: Option<i64>) {
    let track = pen.outlet.track(&Track::thread(pid, pid));
    let series = pen.outlet.series(&schemas::LIFE);
    pen.outlet.point(series, time, track, &[Cell::Text(what), Cell::text(name), Cell::int(value)]);
}

/// The command line, its words separated by spaces.
fn command(pid: i32) -> Option<String> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let text = String::from_utf8_lossy(&bytes).trim_end_matches('\0').replace('\0', " ");
    (!text.is_empty()).then_some(text)
}

/// How many descriptors a process has open: kernels since 6.2 tell it as the folder's size.
fn open_files(pid: i32) -> Option<f64> {
    use std::os::unix::fs::MetadataExt;
    let folder = format!("/proc/{pid}/fd");
    match fs::metadata(&folder).ok()?.size() {
        0 => Some(fs::read_dir(folder).ok()?.count() as f64),
        count => Some(count as f64),
    }
}
