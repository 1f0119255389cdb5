//! Where performance data comes from: one file (or folder) a source, one table of them all.
//!
//! A [`Source`] says what it is and whether it can run here. Asked for by a [`Spec`], it gives a [`Collector`],
//! which may change how the target is started, attaches to it, and then runs on a thread of its own, putting rows
//! into its [`Outlet`] until the target has ended or [`Stop`] says so. What goes wrong with one ends that one alone.

mod agent;
mod beat;
mod counters;
pub mod dbus;
pub mod gdkrecord;
pub mod input;
mod installed;
pub mod journal;
pub mod line_format;
mod lines;
pub mod ltrace;
mod openmetrics;
pub mod oprofile;
mod outlet;
pub mod output;
pub mod perf;
pub mod probes;
pub mod proc;
mod script;
mod spec;
mod statsd;
mod stop;
pub mod strace;
pub mod sysprof;
mod told;
mod tool;
pub mod tracelog;
mod tracer;
pub mod uftrace;

use std::path::PathBuf;

pub use lines::Lines;
pub use outlet::{Flow, Level, Message, Module, NameInfo, Outlet, Process, Rates, Seen, Semantics, SeriesId, Thread};
pub use spec::{ALIASES, Spec, named, specs};
pub use stop::{Stop, Stopper};
pub use told::told;
pub use tool::Tool;

use crate::channel::{Launch, Target};
use crate::error::Result;

/// Something that yields performance data about programs.
pub trait Source: Send + Sync {
    /// Its name on command lines.
    fn name(&self) -> &'static str;

    /// What it yields, in one sentence.
    fn about(&self) -> &'static str;

    /// How it is written after `--with`, with what its argument means: `strace[:EXPRESSION]`.
    fn usage(&self) -> &'static str;

    /// Whether it can be used here and now. Asked for every source before anything starts, so it must be quick.
    fn readiness(&self) -> Readiness;

    /// What it needs of the target for itself alone.
    fn claims(&self) -> &'static [Claim] {
        &[]
    }

    /// Whether it can watch a process that ran before it came.
    fn attaches(&self) -> bool {
        true
    }

    /// Whether it tells when a thread does not run, for what was asked for.
    fn sees_waiting(&self, spec: &Spec) -> bool {
        let _ = spec;
        false
    }

    /// How often it looks a second at most, where it samples at a rate that may be changed while it runs.
    fn fastest(&self) -> Option<f64> {
        None
    }

    /// A collector for what was asked for; a spec that makes no sense is refused here, before anything starts.
    fn open(&self, spec: &Spec) -> Result<Box<dyn Collector>>;
}

/// One source at work on one target.
///
/// The calls come in this order: `prepare` (not where the target runs already), then the target is made but waits
/// before its first instruction, `attach`, then it goes on, and `run`.
pub trait Collector: Send {
    /// Changes how the target will be started: its environment, what it finds open, or the program itself.
    fn prepare(&mut self, launch: &mut Launch) -> Result<()> {
        let _ = launch;
        Ok(())
    }

    /// Attaches to the target, and returns when from now on nothing is missed.
    fn attach(&mut self, target: &Target) -> Result<()> {
        let _ = target;
        Ok(())
    }

    /// Collects until the target has ended or `stop` says so, then leaves the target unharmed.
    fn run(self: Box<Self>, target: &Target, outlet: &mut Outlet, stop: &Stop) -> Result<()>;
}

/// Something of a target that only one source can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Claim {
    /// The kernel lets one process trace another.
    Ptrace,
}

impl Claim {
    /// What is claimed, and the way out for two sources that both want it.
    pub fn conflict(self) -> (&'static str, &'static str) {
        match self {
            Claim::Ptrace => (
                "ptrace, of which a process has one",
                "record with one of them and again with the other; `perf` shows system calls and `uftrace` library \
                 calls without it",
            ),
        }
    }
}

/// Whether a source can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It can.
    Ready {
        /// The version of the tool that it uses, as that says it; empty for one that needs none.
        version: String,
        /// The file that makes it so; none for one that needs none.
        path: Option<PathBuf>,
    },
    /// It can, but not all of it.
    Limited {
        /// As above.
        version: String,
        /// As above.
        path: Option<PathBuf>,
        /// What is missing, and the remedy.
        remedy: String,
    },
    /// It cannot.
    Missing {
        /// What is missing, and the remedy.
        remedy: String,
    },
}

/// Every source there is.
pub fn sources() -> Vec<Box<dyn Source>> {
    vec![
        Box::new(gdkrecord::Gdkrecord),
        Box::new(input::Input),
        Box::new(strace::Strace),
        Box::new(ltrace::Ltrace),
        Box::new(uftrace::Uftrace),
        Box::new(perf::Perf),
        Box::new(oprofile::Oprofile),
        Box::new(probes::Systemtap),
        Box::new(probes::Bpftrace),
        Box::new(script::Script),
        Box::new(statsd::Statsd),
        Box::new(openmetrics::Openmetrics),
        Box::new(agent::Agent),
        Box::new(proc::Proc),
        Box::new(output::Output),
        Box::new(journal::Journal),
        Box::new(dbus::Dbus),
        Box::new(counters::Counters),
        Box::new(sysprof::Sysprof),
    ]
}

/// What is recorded where nothing is asked for: the sources that cost next to nothing.
pub const USUAL: &[&str] = &["gdkrecord", "counters", "proc", "output"];

/// The usual ones, as far as they can be used here.
pub fn usual(sources: &[Box<dyn Source>]) -> Vec<Spec> {
    let ready = |source: &dyn Source| !matches!(source.readiness(), Readiness::Missing { .. });
    let usual = sources.iter().filter(|source| USUAL.contains(&source.name()) && ready(&***source));
    usual.map(|source| Spec { source: source.name().to_owned(), argument: None, rate: None }).collect()
}
