//! Where performance data comes from, and whether a source can be used on this machine.

use std::env;
use std::path::{Path, PathBuf};

/// Something that yields performance data about programs.
pub trait Source {
    /// Its name on command lines.
    fn name(&self) -> &'static str;
    /// What it yields, in one sentence.
    fn about(&self) -> &'static str;
    /// Whether it can be used here and now.
    fn readiness(&self) -> Readiness;
}

/// Whether a source can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It can; this file makes it so.
    Ready(PathBuf),
    /// It cannot, and this is the remedy.
    Needs(String),
}

/// Every source there is.
pub fn sources() -> Vec<Box<dyn Source>> {
    vec![Box::new(Gdkrecord { folders: folders() })]
}

/// The recorder of GTK main loops.
#[derive(Debug)]
struct Gdkrecord {
    folders: Vec<PathBuf>,
}

const MODULE: &str = "libgdkrecord.so";

impl Source for Gdkrecord {
    fn name(&self) -> &'static str {
        "gdkrecord"
    }

    fn about(&self) -> &'static str {
        "events, frames, exposures and main-loop dispatches of a GTK 2, 3 or 4 program"
    }

    fn readiness(&self) -> Readiness {
        match self.folders.iter().map(|folder| folder.join(MODULE)).find(|path| path.is_file()) {
            Some(path) => Readiness::Ready(path),
            None => Readiness::Needs(format!("{MODULE} is not installed: run `cargo xtask install`")),
        }
    }
}

/// Where the recorder may lie: beside this program, in the prefix it is installed under, and below GTK_PATH.
fn folders() -> Vec<PathBuf> {
    let program = env::current_exe().unwrap_or_default();
    let beside = program.parent().unwrap_or(Path::new("/")).to_owned();
    let prefix = beside.join("../lib/gdkrecord");
    let named = env::var_os("GTK_PATH").unwrap_or_default();
    let named: Vec<PathBuf> = env::split_paths(&named).map(|folder| folder.join("modules")).collect();
    [vec![beside, prefix], named].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_without_its_file_tells_the_remedy() {
        let source = Gdkrecord { folders: vec![PathBuf::from("/nonexistent")] };
        let Readiness::Needs(remedy) = source.readiness() else { panic!("it cannot be ready") };
        assert!(remedy.contains("cargo xtask install"));
    }
}
