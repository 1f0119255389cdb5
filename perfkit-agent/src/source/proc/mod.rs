//! What /proc tells of the target's processes and threads, and of the machine around them.
//!
//! Files are kept open and read anew at each beat ([`kept`]); [`parse`] has a pure function for each, [`meters`] the
//! names. Whether there may be new processes or threads is told by the kernel's count of forks in /proc/stat, so
//! that looking for them costs nothing while there are none.

mod kept;
mod machine;
pub mod meters;
pub mod parse;
mod tree;
mod values;

use nix::time::{ClockId, clock_gettime};
use nix::unistd::{SysconfVar, sysconf};

use self::kept::{Kept, Room};
use self::machine::Machine;
use self::tree::Tree;
use self::values::Values;
use super::beat::Beat;
use super::{Collector, Outlet, Readiness, Source, Spec, Stop};
use crate::channel::Target;
use crate::error::{Error, Result};
use crate::session::clock::now;

/// Looks a second where no rate was asked for.
const RATE: f64 = 10.0;
/// Looks a second at most: at more, what is looked at is mostly the looking.
const RATE_MAX: f64 = 1000.0;

/// What can be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The target and the processes that came of it.
    Process,
    /// Their threads.
    Threads,
    /// Processors and memory of the machine.
    System,
    /// The target's control group.
    Cgroup,
    /// How much is held up for want of processor, memory and disk.
    Pressure,
    /// Disks.
    Disk,
    /// The network interfaces of the target's namespace.
    Net,
    /// Proportional memory of each process, which is costly.
    Pss,
}

/// Their names, and whether they are looked at where nothing else is said.
const WHATS: &[(&str, What, bool)] = &[
    ("process", What::Process, true),
    ("threads", What::Threads, true),
    ("system", What::System, true),
    ("cgroup", What::Cgroup, true),
    ("pressure", What::Pressure, true),
    ("disk", What::Disk, true),
    ("net", What::Net, true),
    ("pss", What::Pss, false),
];

/// The source.
#[derive(Debug)]
pub struct Proc;

impl Source for Proc {
    fn name(&self) -> &'static str {
        "proc"
    }

    fn about(&self) -> &'static str {
        "processor, memory, files and I/O of the target's processes and threads, and of the machine, from /proc"
    }

    fn usage(&self) -> &'static str {
        "proc[:WHAT+WHAT…][@RATEHz]   of process, threads, system, cgroup, pressure, disk, net: all; pss; at 10 Hz"
    }

    fn readiness(&self) -> Readiness {
        match std::fs::exists("/proc/self/stat") {
            Ok(true) => Readiness::Ready { version: String::new(), path: None },
            _ => Readiness::Missing { remedy: "/proc is not mounted: mount -t proc proc /proc".to_owned() },
        }
    }

    fn fastest(&self) -> Option<f64> {
        Some(RATE_MAX)
    }

    fn open(&self, spec: &Spec) -> Result<Box<dyn Collector>> {
        let rate = spec.rate.unwrap_or(RATE);
        if rate > RATE_MAX {
            return Err(Error::Invalid(format!("{spec}: at most {RATE_MAX} Hz; `perf` samples faster")));
        }
        let what = match &spec.argument {
            None => WHATS.iter().filter(|(.., usual)| *usual).map(|(_, what, _)| *what).collect(),
            Some(words) => words.split(['+', ',']).map(|word| named(word, spec)).collect::<Result<_>>()?,
        };
        Ok(Box::new(Looking { what, rate }))
    }
}

fn named(word: &str, spec: &Spec) -> Result<What> {
    let known = WHATS.iter().find(|(name, ..)| *name == word).map(|(_, what, _)| *what);
    known.ok_or_else(|| {
        let names: Vec<_> = WHATS.iter().map(|(name, ..)| *name).collect();
        Error::Invalid(format!("{spec}: `{word}` is none of {}", names.join(", ")))
    })
}

/// What everything that looks writes with, and the room that files are read into.
struct Pen<'a> {
    outlet: &'a mut Outlet,
    values: Values,
    room: Room,
}

#[derive(Debug)]
struct Looking {
    what: Vec<What>,
    rate: f64,
}

impl Collector for Looking {
    fn run(self: Box<Self>, target: &Target, outlet: &mut Outlet, stop: &Stop) -> Result<()> {
        let stat = Kept::open("/proc/stat").map_err(Error::file("open", "/proc/stat".as_ref()))?;
        let pen = &mut Pen { outlet, values: Values::default(), room: Room::default() };
        let page = sysconf(SysconfVar::PAGE_SIZE).ok().flatten().unwrap_or(4096) as f64;
        let mut tree = Tree::new(&self.what, page, boot_to_monotonic());
        tree.follow(target.pid, pen);
        let mut machine = Machine::open(target.pid, &self.what, pen);
        let mut beat = Beat::new(self.rate);
        let (mut forks, mut missed) = (f64::NAN, 0);
        // The machine is worth looking at as long as there is a process to compare it with.
        while !tree.is_empty() {
            // Its text is needed while the room is used for other files.
            let text = stat.text(&mut pen.room).map(|text| text.into_owned()).unwrap_or_default();
            let count = parse::system(&text).map_or(f64::NAN, |all| all[2]);
            tree.look(count != forks, pen);
            forks = count;
            machine.look(&text, pen);
            let Some(more) = beat.wait(pen.outlet, stop) else { break };
            missed += more;
        }
        pen.outlet.dropped("looks that came too late", missed);
        pen.outlet.dropped("processes over the 4096 that are followed", tree.take_lost());
        machine.end(pen);
        tree.end(pen);
        Ok(())
    }
}

/// What is added to a time since boot, which also runs while the machine sleeps, for one of CLOCK_MONOTONIC.
fn boot_to_monotonic() -> i64 {
    let boot = clock_gettime(ClockId::CLOCK_BOOTTIME).map(|time| time.tv_sec() * 1_000_000_000 + time.tv_nsec());
    boot.map_or(0, |boot| now() - boot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_known_or_refused() {
        let open = |spec: &str| Proc.open(&spec.parse().unwrap()).map(drop).map_err(|error| error.to_string());
        assert_eq!(open("proc"), Ok(()));
        assert_eq!(open("proc:process+threads,pss@1000Hz"), Ok(()));
        assert_eq!(open("proc@1001Hz"), Err("proc@1001Hz: at most 1000 Hz; `perf` samples faster".to_owned()));
        assert!(open("proc:cpu").unwrap_err().starts_with("proc:cpu: `cpu` is none of process, threads, system"));
    }
}
