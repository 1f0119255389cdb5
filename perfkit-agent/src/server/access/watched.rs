//! Something that is made of files, and made anew when they change.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::Result;

/// How long a change may stay unseen.
const PATIENCE: Duration = Duration::from_millis(200);

/// What tells one state of a file from the next.
type Stamp = Option<(u64, u64, i64, i64, u64)>;

/// Something that is made of files.
pub struct Watched<T> {
    files: Vec<PathBuf>,
    make: Box<dyn Fn() -> Result<T> + Send + Sync>,
    state: Mutex<State<T>>,
}

struct State<T> {
    made: Arc<T>,
    stamps: Vec<Stamp>,
    looked: Instant,
}

impl<T> Watched<T> {
    /// Makes it of these files for the first time.
    pub fn new(files: Vec<PathBuf>, make: impl Fn() -> Result<T> + Send + Sync + 'static) -> Result<Watched<T>> {
        // Stamps first: what changes while it is read is read once more.
        let stamps = files.iter().map(stamp).collect();
        let state = State { made: Arc::new(make()?), stamps, looked: Instant::now() };
        Ok(Watched { files, make: Box::new(make), state: Mutex::new(state) })
    }

    /// As it is now. Where the files have changed and nothing can be made of them, `failed` says what it is then, or
    /// leaves it as it was.
    pub fn get(&self, failed: impl FnOnce(crate::error::Error) -> Option<T>) -> Arc<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if now.saturating_duration_since(state.looked) < PATIENCE {
            return Arc::clone(&state.made);
        }
        state.looked = now;
        let stamps: Vec<Stamp> = self.files.iter().map(stamp).collect();
        if stamps != state.stamps {
            state.stamps = stamps;
            if let Some(made) = (self.make)().map_or_else(failed, Some) {
                state.made = Arc::new(made);
            }
        }
        Arc::clone(&state.made)
    }
}

fn stamp(file: &PathBuf) -> Stamp {
    let told = |file: Metadata| (file.dev(), file.ino(), file.ctime(), file.ctime_nsec(), file.len());
    std::fs::metadata(file).ok().map(told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn changes_are_seen_and_what_cannot_be_read_is_left_to_the_caller() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "1").unwrap();
        let read = file.clone();
        let make = move || {
            let text = std::fs::read_to_string(&read).unwrap_or_default();
            text.parse::<u32>().map_err(|error| Error::Invalid(error.to_string()))
        };
        let watched = Watched::new(vec![file.clone()], make).unwrap();
        let get = || {
            std::thread::sleep(PATIENCE);
            *watched.get(|_| None)
        };
        assert_eq!(get(), 1);
        std::fs::write(&file, "2").unwrap();
        assert_eq!(get(), 2);
        std::fs::write(&file, "x").unwrap();
        assert_eq!(get(), 2);
        std::fs::remove_file(&file).unwrap();
        std::thread::sleep(PATIENCE);
        assert_eq!(*watched.get(|_| Some(7)), 7);
    }
}
