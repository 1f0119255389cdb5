//! Folders for temporary files. One goes when it is dropped; where its owner was killed, the next one who makes one
//! takes it away: the owner holds a lock on it, which the kernel takes back from the dead.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use nix::unistd::geteuid;
use tempfile::TempDir;

use crate::error::{Error, Result};

/// How the names of all of them begin.
const PREFIX: &str = "perfkit-scratch-";
/// One that is younger is left alone: it may not be locked yet.
const YOUNG: Duration = Duration::from_secs(60);

/// A folder in the folder for temporary files.
#[derive(Debug)]
pub struct Scratch {
    folder: TempDir,
    /// Open as long as the folder is wanted. Where folders cannot be locked nobody takes one away either.
    _lock: Option<File>,
}

impl Scratch {
    /// Makes one, and takes away those of the dead.
    pub fn new() -> Result<Scratch> {
        Scratch::new_in(&std::env::temp_dir(), YOUNG)
    }

    /// The same in another folder: on its disk, as for what is as large as what lies there.
    pub fn beside(place: &Path) -> Result<Scratch> {
        Scratch::new_in(place, YOUNG)
    }

    fn new_in(place: &Path, young: Duration) -> Result<Scratch> {
        sweep(place, young);
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(place);
        let folder = folder.map_err(Error::file("make a folder in", place))?;
        let lock = File::open(folder.path()).ok().filter(|file| file.try_lock().is_ok());
        Ok(Scratch { folder, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Takes away what dead owners have left, as far as that can be done: nobody waits for it.
fn sweep(place: &Path, young: Duration) {
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        let path = entry.path();
        // Not followed where it is a link; others' are no business of ours.
        let ours = entry.metadata().is_ok_and(|data| {
            let old = data.modified().is_ok_and(|time| time.elapsed().is_ok_and(|age| age >= young));
            data.is_dir() && data.uid() == geteuid().as_raw() && old
        });
        if !ours || !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        if File::open(&path).is_ok_and(|folder| folder.try_lock().is_ok()) {
            let _ = fs::remove_dir_all(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_of_the_dead_are_taken_away_and_no_others() {
        let place = tempfile::tempdir().unwrap();
        let (place, young) = (place.path(), Duration::ZERO);
        let living = Scratch::new_in(place, young).unwrap();
        let dead = Scratch::new_in(place, young).unwrap();
        let path = dead.path().to_owned();
        fs::write(path.join("recording"), "x").unwrap();
        // As the kernel does when the owner is killed.
        let Scratch { folder, _lock: lock } = dead;
        let _ = folder.keep();
        drop(lock);
        for name in ["perfkit-0", "perfkit-scratch", "other"] {
            fs::create_dir(place.join(name)).unwrap();
        }
        let elsewhere = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), place.join(format!("{PREFIX}link"))).unwrap();
        sweep(place, YOUNG);
        assert!(path.exists(), "it is too young");
        drop(Scratch::new_in(place, young).unwrap());
        assert!(!path.exists() && living.path().exists() && elsewhere.path().exists());
        assert_eq!(fs::read_dir(place).unwrap().count(), 5);
        drop(living);
        assert_eq!(fs::read_dir(place).unwrap().count(), 4);
    }
}
