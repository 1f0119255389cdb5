//! What is told of a session before it is opened: its verdict in a sentence, and a strip of its frames. It is kept in the
//! user's cache, since an analysis takes a while.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use gtk::glib;
use perfkit_agent::report::{self, Report};
use perfkit_agent::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::wording::tr;

/// Parts of a session that have a bar each.
const PARTS: usize = 48;

/// It.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Glance {
    /// What is most important, in a sentence.
    pub verdict: String,
    /// What was recorded, in a few words.
    pub subject: String,
    /// Its length in nanoseconds.
    pub length: i64,
    /// The worst frame of each part, as a multiple of its budget; 0 where there was none. Empty without frames.
    pub frames: Vec<f32>,
}

impl Glance {
    /// What a report tells.
    pub fn of(report: &Report) -> Glance {
        let verdict = report::sentences_in(report, &tr).into_iter().next().unwrap_or_default();
        let strip = &report.analysis.strip;
        let (from, to) = match (strip.first(), strip.last()) {
            (Some(first), Some(last)) => (first.0 - first.1, last.0 + 1),
            _ => report.analysis.place,
        };
        Glance { verdict, subject: report.subject.clone(), length: (to - from).max(0), frames: worst(strip, from, to) }
    }

    /// What is known of the session at `path` without looking into it.
    pub fn kept(path: &Path) -> Option<Glance> {
        serde_json::from_str(&fs::read_to_string(file(path).ok()?).ok()?).ok()
    }

    /// Analyses the session at `path` and keeps what is told.
    pub fn make(path: &Path) -> Result<Glance> {
        let glance = Glance::of(&Report::of(path, None, None)?);
        glance.keep(path)?;
        Ok(glance)
    }

    /// Keeps it for the session at `path`.
    pub fn keep(&self, path: &Path) -> Result<()> {
        let file = file(path)?;
        let folder = file.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(folder).map_err(Error::file("create", folder))?;
        let text = serde_json::to_string(self).unwrap_or_default();
        // Half a file is none, and then it is made again.
        fs::write(&file, text).map_err(Error::file("write", &file))
    }
}

/// The worst of frames, which are ends, work and budget, in each part between two times.
fn worst(strip: &[(i64, i64, i64)], from: i64, to: i64) -> Vec<f32> {
    if strip.is_empty() || to <= from {
        return Vec::new();
    }
    let mut worst = vec![0.0f32; PARTS];
    for &(end, work, budget) in strip {
        let at = (i128::from(end - from) * PARTS as i128 / i128::from(to - from)).clamp(0, PARTS as i128 - 1) as usize;
        worst[at] = worst[at].max(work as f32 / budget.max(1) as f32);
    }
    worst
}

/// Where it is kept: that depends on the session and on when it was written last.
fn file(path: &Path) -> Result<PathBuf> {
    let about = fs::metadata(path).map_err(Error::file("open", path))?;
    let mut hash = DefaultHasher::new();
    (about.dev(), about.ino(), about.size(), about.mtime(), about.mtime_nsec()).hash(&mut hash);
    env!("CARGO_PKG_VERSION").hash(&mut hash);
    Ok(glib::user_cache_dir().join("perfkit").join("glances").join(format!("{:016x}.json", hash.finish())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_slow_frame_of_a_part_is_seen() {
        let mut strip: Vec<(i64, i64, i64)> = (1..=4800).map(|at| (at * 10, 5, 10)).collect();
        strip[1000].1 = 70;
        let worst = worst(&strip, 0, 48_001);
        assert_eq!(worst.len(), PARTS);
        assert_eq!(worst.iter().filter(|took| **took == 0.5).count(), PARTS - 1);
        assert_eq!(worst[10], 7.0);
        assert!(super::worst(&[], 0, 10).is_empty() && super::worst(&strip, 5, 5).is_empty());
    }

    #[test]
    fn it_reads_back() {
        let glance = Glance { verdict: "ü".into(), length: 5, frames: vec![0.5, 0.1], ..Glance::default() };
        let text = serde_json::to_string(&glance).unwrap();
        assert_eq!(serde_json::from_str::<Glance>(&text).unwrap(), glance);
    }
}
