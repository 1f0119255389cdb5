//! Counters and marks that programs keep in shared memory: PCP's MMV files, and the rings of marks beside them.
//!
//! `perfkit-agent/counters` has the formats and their libraries; [`watch`] looks after the files of a folder.

mod watch;

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use perfkit_counters::{folder, pcp_folder};

use super::{Collector, Outlet, Readiness, Source, Spec, Stop};
use crate::channel::{Launch, Target};
use crate::error::{Error, Result};
use crate::session::clock::now;
use watch::Folder;

/// Samples a second, unless asked otherwise.
const RATE: f64 = 10.0;
/// The most that a rate can be changed to.
const RATE_MAX: f64 = 10_000.0;
/// How often marks are read, at least: a ring holds 2,048.
const MARKS: Duration = Duration::from_millis(50);
/// How often folders are looked at for new files.
const SCAN: i64 = 200_000_000;
/// Names the folder to programs.
const VARIABLE: &str = "PERFKIT_COUNTERS_DIR";

/// The counters of applications.
#[derive(Debug, Default)]
pub struct Counters;

impl Source for Counters {
    fn name(&self) -> &'static str {
        "counters"
    }

    fn about(&self) -> &'static str {
        "counters, gauges, histograms and marks that programs keep in shared memory (PCP's MMV)"
    }

    fn usage(&self) -> &'static str {
        "counters[:FOLDER][@RATE]   instead of the folders of this user and of PCP; 10 Hz unless said"
    }

    fn readiness(&self) -> Readiness {
        Readiness::Ready { version: String::new(), path: None }
    }

    fn fastest(&self) -> Option<f64> {
        Some(RATE_MAX)
    }

    fn open(&self, spec: &Spec) -> Result<Box<dyn Collector>> {
        let given = spec.argument.as_ref().map(PathBuf::from);
        if let Some(folder) = given.as_ref().filter(|folder| !folder.is_dir()) {
            return Err(Error::Invalid(format!("{spec}: {} is no folder", folder.display())));
        }
        Ok(Box::new(Sampler { given, own: None, period: Duration::from_secs_f64(1.0 / spec.rate.unwrap_or(RATE)) }))
    }
}

/// Samples them.
#[derive(Debug)]
struct Sampler {
    /// The folder that was asked for.
    given: Option<PathBuf>,
    /// The one that the target was told.
    own: Option<Own>,
    period: Duration,
}

/// The folder that the target was told; one that was made for it goes when this is dropped.
#[derive(Debug)]
struct Own {
    path: PathBuf,
    made: bool,
}

impl Drop for Own {
    fn drop(&mut self) {
        if self.made {
            // What is left behind lies in a folder for what is temporary.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

impl Collector for Sampler {
    fn prepare(&mut self, launch: &mut Launch) -> Result<()> {
        let own = match launch.variable(VARIABLE).filter(|folder| !folder.is_empty()) {
            Some(folder) => Own { path: folder.into(), made: false },
            None => Own { path: self.given.clone().map_or_else(make_folder, Ok)?, made: self.given.is_none() },
        };
        launch.set(VARIABLE, &own.path);
        self.own = Some(own);
        Ok(())
    }

    fn run(mut self: Box<Self>, target: &Target, outlet: &mut Outlet, stop: &Stop) -> Result<()> {
        let mut folders: Vec<Folder> = Vec::new();
        let own = self.own.as_ref().map(|own| own.path.clone());
        let others = match &self.given {
            Some(given) => vec![given.clone()],
            None => [folder(), pcp_folder()].into_iter().flatten().collect(),
        };
        for path in own.into_iter().chain(others) {
            if !folders.iter().any(|folder| folder.path() == path) {
                folders.push(Folder::new(path));
            }
        }
        let (mut scanned, mut sampled) = (i64::MIN, i64::MIN);
        loop {
            if let Some(rate) = outlet.new_rate() {
                self.period = Duration::from_secs_f64(1.0 / rate);
            }
            let time = now();
            // Asked before the last look, so that nothing is written after that.
            let last = stop.said() || outlet.closed() || !watch::alive(target.pid);
            let due = last || time >= sampled.saturating_add(self.period.as_nanos() as i64);
            if last || time >= scanned.saturating_add(SCAN) {
                folders.iter_mut().for_each(|folder| folder.scan(outlet));
                scanned = time;
            }
            folders.iter_mut().for_each(|folder| folder.collect(outlet, due));
            if due {
                // The grid is kept, so that the rate is what was asked for; after a pause it begins anew.
                let next = sampled.saturating_add(self.period.as_nanos() as i64);
                sampled = if time.saturating_sub(next) < self.period.as_nanos() as i64 { next } else { time };
            }
            if last {
                folders.iter_mut().for_each(|folder| folder.finish(outlet));
                return Ok(());
            }
            outlet.tick();
            let until = sampled.saturating_add(self.period.as_nanos() as i64) - now();
            stop.wait(self.period.min(MARKS).min(Duration::from_nanos(until.max(100_000) as u64)));
        }
    }
}

/// Makes a folder in memory where there is one, since a counter on a disk is slowed down by its writing.
fn make_folder() -> Result<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let places = [runtime, Some("/dev/shm".into()), Some(std::env::temp_dir())];
    let mut error = None;
    for place in places.into_iter().flatten() {
        for at in 0..100 {
            let path = place.join(format!("perfkit-counters-{}-{at}", std::process::id()));
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(path),
                Err(failed) if failed.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(failed) => {
                    error = Some((path, failed));
                    break;
                }
            }
        }
    }
    let (path, error) = error.unwrap_or((Path::new("/dev/shm").into(), std::io::ErrorKind::AlreadyExists.into()));
    Err(Error::File { what: "create the folder", path, error })
}

#[cfg(test)]
mod tests;
