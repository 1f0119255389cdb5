//! The recorder of GTK main loops, as a source.

use std::env;
use std::path::{Path, PathBuf};

use super::{Collector, Readiness, Source, Spec};
use crate::error::{Error, Result};

/// The recorder.
#[derive(Debug)]
pub struct Gdkrecord {
    folders: Vec<PathBuf>,
}

const MODULE: &str = "libgdkrecord.so";

impl Default for Gdkrecord {
    fn default() -> Gdkrecord {
        Gdkrecord { folders: folders() }
    }
}

impl Source for Gdkrecord {
    fn name(&self) -> &'static str {
        "gdkrecord"
    }

    fn about(&self) -> &'static str {
        "events, frames, exposures and main-loop dispatches of a GTK 2, 3 or 4 program"
    }

    fn usage(&self) -> &'static str {
        "gdkrecord[:OPTION=VALUE,…]   options as in GDKRECORD"
    }

    fn readiness(&self) -> Readiness {
        match self.folders.iter().map(|folder| folder.join(MODULE)).find(|path| path.is_file()) {
            Some(path) => Readiness::Ready { version: env!("CARGO_PKG_VERSION").to_owned(), path: Some(path) },
            None => Readiness::Missing { remedy: format!("{MODULE} is not installed: run `cargo xtask install`") },
        }
    }

    fn open(&self, spec: &Spec) -> Result<Box<dyn Collector>> {
        Err(Error::Invalid(format!("{spec}: recording into a session is not there yet")))
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
        let Readiness::Missing { remedy } = source.readiness() else { panic!("it cannot be ready") };
        assert!(remedy.contains("cargo xtask install"));
    }
}
