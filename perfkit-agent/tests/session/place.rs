//! A small disk of its own in memory; only root can have one, so that other users skip the tests that need it.

use std::path::Path;

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use tempfile::TempDir;

/// A disk, which goes when this is dropped.
pub struct Place(TempDir);

impl Place {
    /// One with room for so many bytes.
    pub fn of_bytes(bytes: usize) -> Option<Place> {
        let folder = tempfile::tempdir().unwrap();
        let options = format!("size={bytes}");
        match mount(Some("tmpfs"), folder.path(), Some("tmpfs"), MsFlags::empty(), Some(options.as_str())) {
            Ok(()) => Some(Place(folder)),
            Err(error) => {
                println!("skipped: a disk in memory cannot be mounted: {error}");
                None
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// From now on nothing can be written.
    pub fn make_read_only(&self) {
        let flags = MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
        mount(None::<&str>, self.path(), None::<&str>, flags, None::<&str>).unwrap();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Whatever is open there stays so until it is closed.
        let _ = umount2(self.path(), MntFlags::MNT_DETACH);
    }
}
