//! Build ids for modules that a source named by their path only: read from the file while that is known to be the one
//! that ran.

use std::fs;
use std::os::unix::fs::MetadataExt;

use gdkrecord::symbols::{Elf, build_id, pieces};
use std::path::Path;

/// What is known of the file at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// It is the one that ran, and this is its build id.
    Known(String),
    /// It is the one that ran, and has no build id.
    Same,
    /// It was written since, or is not here.
    Other,
}

/// Looks at the file at `path`, of a process that ran after `begun`, in nanoseconds of the wall clock.
pub fn stamp(path: &Path, begun: i64) -> Stamp {
    let Ok(data) = fs::metadata(path) else { return Stamp::Other };
    // The kernel's own time of the last change: a file that is put in place of another gets a new one, whatever it
    // says of itself.
    let changed = i128::from(data.ctime()) * 1_000_000_000 + i128::from(data.ctime_nsec());
    if !path.is_absolute() || changed >= i128::from(begun) {
        return Stamp::Other;
    }
    let id = || {
        let pieces = pieces(path).ok()?;
        Some(Elf::parse(&pieces).ok().and_then(|file| build_id(&file)))
    };
    match id() {
        None => Stamp::Other,
        Some(None) => Stamp::Same,
        Some(Some(id)) => Stamp::Known(id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_written_since_is_not_the_one_that_ran() {
        let program = std::env::current_exe().unwrap();
        let data = fs::metadata(&program).unwrap();
        let changed = data.ctime() * 1_000_000_000 + data.ctime_nsec();
        assert_eq!(stamp(&program, changed), Stamp::Other);
        assert_ne!(stamp(&program, changed + 1), Stamp::Other);
        assert_eq!(stamp(Path::new("/nonexistent"), i64::MAX), Stamp::Other);
        assert_eq!(stamp(Path::new("linux-vdso.so.1"), i64::MAX), Stamp::Other);
    }
}
