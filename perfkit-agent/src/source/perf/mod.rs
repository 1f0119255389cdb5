//! perf: samples with call stacks, stretches off the processor, system calls, and counters, by the kernel's own
//! profiler.
//!
//! [`plan`] is what was asked for and how perf is called for it, [`text`] what perf says, [`rows`] what becomes of
//! that; [`stat`] reads `perf stat`, [`import`](import_data) what was recorded before.

mod collect;
mod import;
mod plan;
mod rows;
mod stat;
mod syscalls;
mod text;

pub use import::{data as import_data, recognises as recognises_text, text as import_text};
pub use plan::{Access, Plan};
pub use rows::Rows;
pub use stat::Stat;
pub use syscalls::{Machine, call};
pub use text::{Frame, Record, Text, What};

use super::{Collector, Readiness, Source, Spec, installed};
use crate::error::Result;

/// perf.
#[derive(Debug)]
pub struct Perf;

/// What gets it.
const REMEDY: &str = "apt install linux-perf";

impl Source for Perf {
    fn name(&self) -> &'static str {
        "perf"
    }

    fn about(&self) -> &'static str {
        "samples of what runs, with call stacks; off-CPU time, system calls and hardware counters"
    }

    fn usage(&self) -> &'static str {
        "perf[:PART+…][@RATE]   parts: cpu (the default), offcpu, syscalls, stat, inline, or an event as page-faults"
    }

    fn readiness(&self) -> Readiness {
        let Some(path) = installed::find("perf") else {
            return Readiness::Missing { remedy: format!("perf is not installed: {REMEDY}") };
        };
        let version = installed::version(&path);
        let access = Access::here();
        match access.limit() {
            None => Readiness::Ready { version, path: Some(path) },
            Some(remedy) => Readiness::Limited { version, path: Some(path), remedy },
        }
    }

    fn sees_waiting(&self, spec: &Spec) -> bool {
        Plan::parse(spec, Access::here()).is_ok_and(|plan| plan.offcpu())
    }

    fn open(&self, spec: &Spec) -> Result<Box<dyn Collector>> {
        Ok(Box::new(collect::Perf::new(Plan::parse(spec, Access::here())?)))
    }
}
