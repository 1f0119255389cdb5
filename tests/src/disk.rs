//! A small disk in memory, to be filled or made read-only: only root can have one.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::error::{Context, Result};
use crate::process::run;

/// A disk, which goes when this is dropped.
#[derive(Debug)]
pub struct Disk(TempDir);

impl Disk {
    /// One with room for so many bytes; `None` where it cannot be mounted, so that tests that need it are skipped.
    pub fn of_bytes(bytes: usize) -> Result<Option<Disk>> {
        let folder = TempDir::new().cannot("create a temporary folder")?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "perfkit"]).arg(folder.path());
        match run(&mut mount) {
            Ok(_) => Ok(Some(Disk(folder))),
            Err(error) => {
                println!("skipped: a disk in memory cannot be mounted: {error}");
                Ok(None)
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// From now on nothing can be written.
    pub fn make_read_only(&self) -> Result<()> {
        run(Command::new("mount").args(["-o", "remount,ro"]).arg(self.path())).map(drop)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Whatever is open there stays so until it is closed.
        let _ = run(Command::new("umount").arg("--lazy").arg(self.path()));
    }
}
