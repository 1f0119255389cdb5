//! The machine around the target: processors, memory, pressure, disks, the network of the target's namespace, its
//! control group.

use std::fs;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;

use super::kept::Kept;
use super::meters::{CGROUP, CPU, DISK, LOAD, MEMORY, NET, PRESSURE, Place, SYSTEM};
use super::parse;
use super::values::{Group, Values};
use super::{Pen, What};
use crate::session::clock::now;
use crate::source::Outlet;
use crate::source::line_format::clean;

/// Things of one kind that are told apart by name: a machine has more disks than this only by mistake.
const NAMED_MAX: usize = 1000;
/// What pressure there is on; the file `irq` is newer than the others.
const RESOURCES: [&str; 4] = ["cpu", "memory", "io", "irq"];

/// The files that are looked at, and where their values go.
#[derive(Debug, Default)]
pub struct Machine {
    load: Option<(Kept, Group)>,
    memory: Option<(Kept, Group)>,
    system: Option<Group>,
    cpus: FxHashMap<Option<u32>, Group>,
    pressure: Vec<(&'static str, Kept)>,
    disks: Option<Kept>,
    nets: Option<Kept>,
    /// By kind and name.
    named: FxHashMap<(&'static str, String), Group>,
    cgroup: Vec<GroupFile>,
    cgroup_values: Option<Group>,
}

/// A file of a control group, and which values stand in it: their place in the table, the key and the factor.
#[derive(Debug)]
struct GroupFile {
    file: Kept,
    values: Vec<(usize, &'static str, f64)>,
}

impl Machine {
    /// Opens what was asked for; files that this kernel does not have are told of in one note.
    pub fn open(pid: i32, what: &[What], pen: &mut Pen<'_>) -> Machine {
        let mut machine = Machine::default();
        let mut absent = Vec::new();
        let mut open = |path: &str| {
            let kept = Kept::open(path);
            kept.inspect_err(|error| absent.push(format!("{path}: {error}"))).ok()
        };
        if what.contains(&What::System) {
            machine.system = Some(pen.values.group(pen.outlet, (0, 0), "system.", SYSTEM));
            machine.load =
                open("/proc/loadavg").map(|file| (file, pen.values.group(pen.outlet, (0, 0), "system.", LOAD)));
            let meters = MEMORY.iter().map(|(_, meter)| meter);
            machine.memory =
                open("/proc/meminfo").map(|file| (file, pen.values.group(pen.outlet, (0, 0), "system.", meters)));
        }
        if what.contains(&What::Pressure) {
            let path = |resource: &str| format!("/proc/pressure/{resource}");
            let (old, new) = RESOURCES.split_at(3);
            machine.pressure = old.iter().filter_map(|name| Some((*name, open(&path(name))?))).collect();
            machine.pressure.extend(new.iter().filter_map(|name| Some((*name, Kept::open(path(name)).ok()?))));
        }
        if what.contains(&What::Disk) {
            machine.disks = open("/proc/diskstats");
        }
        if what.contains(&What::Net) {
            machine.nets = open(&format!("/proc/{pid}/net/dev"));
        }
        if what.contains(&What::Cgroup) {
            machine.cgroup = group_files(pid);
            let table = CGROUP.iter().map(|(meter, ..)| meter);
            machine.cgroup_values = Some(pen.values.group(pen.outlet, (0, 0), "cgroup.", table));
            if machine.cgroup.is_empty() {
                absent.push("the target's control group tells nothing".to_owned());
            }
        }
        if !absent.is_empty() {
            pen.outlet.note(&format!("proc: left out: {}", absent.join("; ")));
        }
        machine
    }

    /// Looks at everything once. `stat` is the text of /proc/stat, which was read already.
    pub fn look(&mut self, stat: &str, pen: &mut Pen<'_>) {
        if let Some(group) = &self.system {
            let time = now();
            if let Some(all) = parse::system(stat) {
                pen.values.put(pen.outlet, time, group, &all);
            }
            for (which, times) in
                stat.lines().map_while(|line| line.starts_with("cpu").then(|| parse::cpu(line))).flatten()
            {
                let group = self.cpus.entry(which).or_insert_with(|| {
                    let name = which.map_or("all".to_owned(), |number| number.to_string());
                    pen.values.group(pen.outlet, (0, 0), &format!("system.cpu.{name}."), CPU)
                });
                pen.values.put(pen.outlet, time, group, &times);
            }
        }
        if let Some((file, group)) = &self.load
            && let Some(all) = file.line(&mut pen.room).ok().and_then(|text| parse::load(&text))
        {
            pen.values.put(pen.outlet, now(), group, &all);
        }
        if let Some((file, group)) = &self.memory
            && let Some(all) = file.text(&mut pen.room).ok().and_then(|text| parse::memory(&text))
        {
            pen.values.put(pen.outlet, now(), group, &all);
        }
        for (resource, file) in &self.pressure {
            let Ok(text) = file.line(&mut pen.room) else { continue };
            let time = now();
            for (which, all) in text.lines().filter_map(parse::pressure) {
                // Two lines at most, told apart by their first word.
                let kind = if which == "some" { "some" } else { "full" };
                let group = self.named.entry((kind, (*resource).to_owned())).or_insert_with(|| {
                    pen.values.group(pen.outlet, (0, 0), &format!("pressure.{resource}.{kind}."), PRESSURE)
                });
                pen.values.put(pen.outlet, time, group, &all);
            }
        }
        if let Some(file) = &self.disks
            && let Ok(text) = file.text(&mut pen.room)
        {
            named(&mut self.named, "disk", DISK, text.lines().filter_map(parse::disk), pen.outlet, &mut pen.values);
        }
        if let Some(file) = &self.nets
            && let Ok(text) = file.text(&mut pen.room)
        {
            named(&mut self.named, "net", NET, text.lines().filter_map(parse::net), pen.outlet, &mut pen.values);
        }
        self.look_at_group(pen);
    }

    fn look_at_group(&self, pen: &mut Pen<'_>) {
        let Some(group) = &self.cgroup_values else { return };
        let mut all = [f64::NAN; CGROUP.len()];
        let time = now();
        for file in &self.cgroup {
            let Ok(text) = file.file.text(&mut pen.room) else { continue };
            for (at, key, factor) in &file.values {
                all[*at] = parse::cgroup(&text, key).map_or(f64::NAN, |value| value * factor);
            }
        }
        pen.values.put(pen.outlet, time, group, &all);
    }

    /// The last values are written.
    pub fn end(self, pen: &mut Pen<'_>) {
        let single = [self.system, self.cgroup_values, self.load.map(|(_, group)| group), self.memory.map(|(_, g)| g)];
        let many = self.cpus.into_values().chain(self.named.into_values());
        single.into_iter().flatten().chain(many).for_each(|group| pen.values.end(pen.outlet, group));
    }
}

/// Puts the values of things that have names. One that has never done anything is left out until it does: machines
/// have dozens of loop devices.
fn named<'a, const N: usize>(
    known: &mut FxHashMap<(&'static str, String), Group>,
    kind: &'static str,
    table: &'static [super::meters::Meter],
    all: impl Iterator<Item = (&'a str, [f64; N])>,
    outlet: &mut Outlet,
    values: &mut Values,
) {
    let time = now();
    for (name, numbers) in all.filter(|(_, numbers)| numbers.iter().any(|number| *number != 0.0)) {
        let key = (kind, name.to_owned());
        if known.len() >= NAMED_MAX && !known.contains_key(&key) {
            continue;
        }
        let group = known
            .entry(key)
            .or_insert_with(|| values.group(outlet, (0, 0), &format!("{kind}.{}.", clean(name)), table));
        values.put(outlet, time, group, &numbers);
    }
}

/// The files of a process's control group: those of version 2, and of version 1 what that does not have.
fn group_files(pid: i32) -> Vec<GroupFile> {
    let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let folder = |controller: Option<&str>| -> Option<PathBuf> {
        let (root, point) = parse::group_mount(&mounts, controller)?;
        let path = parse::group_path(&groups, controller)?;
        // What is mounted may be a group below the root, as in a container.
        let inside = path.strip_prefix(root.trim_end_matches('/')).unwrap_or(path);
        Some(Path::new(point).join(inside.trim_start_matches('/')))
    };
    let mut files: FxHashMap<PathBuf, GroupFile> = FxHashMap::default();
    let mut add = |at: usize, folder: Option<PathBuf>, (name, key, factor): Place| {
        let path = folder.filter(|_| !name.is_empty()).map(|folder| folder.join(name));
        let Some(path) = path else { return false };
        if !files.contains_key(&path) {
            let Ok(file) = Kept::open(&path) else { return false };
            files.insert(path.clone(), GroupFile { file, values: Vec::new() });
        }
        files.entry(path).and_modify(|file| file.values.push((at, key, factor)));
        true
    };
    for (at, (_, second, (controller, first))) in CGROUP.iter().enumerate() {
        if !add(at, folder(Some(controller)), *first) {
            add(at, folder(None), *second);
        }
    }
    files.into_values().collect()
}
