//! OProfile: operf samples, opreport tells in what, ocount counts by the clock.
//!
//! It is not in Debian 12, and needs counters in hardware. [`report`] is what opreport says, read from [`xml`] or
//! [`text`]; [`counts`] what ocount says.

mod collect;
pub mod counts;
pub mod report;
pub mod text;
pub mod xml;

use std::path::Path;

use super::perf::Access;
use super::{Collector, Outlet, Readiness, Source, Spec, installed};
use crate::error::{Error, Result};
use crate::session::clock::now;

/// The source.
#[derive(Debug)]
pub struct Oprofile;

/// What gets it.
const REMEDY: &str = "OProfile is not in Debian 12: build it from https://oprofile.sourceforge.io, or use perf";
/// Times a second that counts are read where no rate was asked for.
const RATE: f64 = 5.0;

impl Source for Oprofile {
    fn name(&self) -> &'static str {
        "oprofile"
    }

    fn about(&self) -> &'static str {
        "where hardware events happen, by operf, and how many, by ocount"
    }

    fn usage(&self) -> &'static str {
        "oprofile[:PART+…][@RATE]   parts: samples (the default), counts, or an event as CPU_CLK_UNHALTED:750000"
    }

    fn readiness(&self) -> Readiness {
        let Some(path) = installed::find("operf") else {
            return Readiness::Missing { remedy: format!("operf is not installed. {REMEDY}") };
        };
        let version = installed::version(&path);
        let access = Access::here();
        let mut limits = Vec::new();
        if !access.hardware {
            limits.push("this machine shows no hardware counters, without which operf and ocount refuse".to_owned());
        }
        limits.extend(access.limit());
        match limits.is_empty() {
            true => Readiness::Ready { version, path: Some(path) },
            false => Readiness::Limited { version, path: Some(path), remedy: limits.join("; ") },
        }
    }

    fn open(&self, spec: &Spec) -> Result<Box<dyn Collector>> {
        Ok(Box::new(collect::Oprofile::new(Plan::parse(spec)?)))
    }
}

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq)]
struct Plan {
    samples: bool,
    counts: bool,
    /// Events instead of the tools' own choice.
    events: Vec<String>,
    /// Milliseconds from count to count; ocount rounds to a tenth of a second.
    interval: u64,
}

impl Plan {
    fn parse(spec: &Spec) -> Result<Plan> {
        let interval = (10.0 / spec.rate.unwrap_or(RATE)).round().max(1.0) as u64 * 100;
        let mut plan = Plan { interval, ..Plan::default() };
        for part in spec.argument.as_deref().unwrap_or("samples").split('+') {
            let event = |word: &str| {
                let fine = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || "_:x.abcdef".contains(c);
                word.starts_with(|first: char| first.is_ascii_uppercase()) && word.chars().all(fine)
            };
            match part {
                "samples" => plan.samples = true,
                "counts" => plan.counts = true,
                word if event(word) => plan.events.push(word.to_owned()),
                other => {
                    let text = "there are samples, counts, and the events of `ophelp`";
                    return Err(Error::Invalid(format!("{spec}: oprofile knows no part `{other}`; {text}")));
                }
            }
        }
        plan.samples |= !plan.counts;
        Ok(plan)
    }
}

/// Whether a file that begins so is a report of opreport.
pub fn recognises(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    text.contains("<profile  schemaversion=")
        || text
            .lines()
            .take(20)
            .any(|line| line.starts_with("Counted ") && line.contains(" events") && line.contains(" count "))
}

/// Puts a report that opreport wrote before, XML or text, into an outlet.
///
/// It has no times: its samples lie at the moment at which it is imported.
pub fn import(path: &Path, outlet: &mut Outlet) -> Result<()> {
    let text = std::fs::read_to_string(path).map_err(Error::file("read", path))?;
    let report = match text.trim_start().starts_with('<') {
        true => xml::parse(&text),
        false => text::parse(&text),
    };
    let report = report.map_err(|error| Error::Invalid(format!("{}: {error}", path.display())))?;
    report.put(outlet, 0, now());
    Ok(())
}

#[cfg(test)]
mod tests;
