//! The sessions that were opened last: a small file in the user's data.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use gtk::glib;
use gtk::prelude::*;
use serde::{Deserialize, Serialize};

/// More are forgotten.
const MOST: usize = 20;

/// A session that was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent {
    /// The file that was opened.
    pub path: PathBuf,
    /// The session itself: the same file, or what was made of another tool's.
    pub session: PathBuf,
    /// When it was opened last, in seconds since 1970.
    pub opened: u64,
}

/// Those that were opened, the last first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recents {
    /// They.
    pub sessions: Vec<Recent>,
}

impl Recents {
    /// Puts one at the top.
    pub fn add(&mut self, path: &Path, session: &Path, opened: u64) {
        self.remove(path);
        self.sessions.insert(0, Recent { path: path.to_owned(), session: session.to_owned(), opened });
        self.sessions.truncate(MOST);
    }

    /// Takes one out of the list; its file stays.
    pub fn remove(&mut self, path: &Path) {
        self.sessions.retain(|recent| recent.path != path);
    }

    /// Reads them. A list that is not there, or cannot be read, is empty: nobody's work is in it.
    pub fn load(file: &Path) -> Recents {
        fs::read_to_string(file).ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    /// Writes them, at once or not at all.
    pub fn save(&self, file: &Path) -> std::io::Result<()> {
        let folder = file.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(folder)?;
        let unfinished = file.with_extension(format!("{}.part", std::process::id()));
        fs::write(&unfinished, serde_json::to_string_pretty(self)?)?;
        fs::rename(unfinished, file)
    }
}

/// Where the list is kept.
pub fn file() -> PathBuf {
    glib::user_data_dir().join("perfkit").join("recent.json")
}

/// Changes the list that is kept, and gives what it is then. Another window may have changed it meanwhile, so it is read
/// before.
pub fn change(change: impl FnOnce(&mut Recents)) -> Recents {
    let mut recents = Recents::load(&file());
    change(&mut recents);
    // A list that cannot be kept is as it was when the program starts again; that is no reason to bother anybody.
    let _ = recents.save(&file());
    recents
}

/// Notes that a file was opened, as a session, for us and for the desktop.
pub fn opened(path: &Path, session: &Path) {
    // From anywhere else the name would mean another file.
    let Ok(path) = std::path::absolute(path) else { return };
    change(|recents| recents.add(&path, session, now()));
    gtk::RecentManager::default().add_item(&gtk::gio::File::for_path(&path).uri());
}

/// Now, in seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_one_comes_first_and_each_only_once() {
        let mut recents = Recents::default();
        for (at, name) in ["a", "b", "a", "c"].iter().enumerate() {
            recents.add(Path::new(name), Path::new(name), at as u64);
        }
        let names =
            |recents: &Recents| recents.sessions.iter().map(|r| r.path.display().to_string()).collect::<Vec<_>>();
        assert_eq!(names(&recents), ["c", "a", "b"]);
        recents.remove(Path::new("a"));
        assert_eq!(names(&recents), ["c", "b"]);
        (0..100).for_each(|at| recents.add(&PathBuf::from(format!("{at}")), Path::new("s"), at));
        assert_eq!((recents.sessions.len(), recents.sessions[0].opened), (MOST, 99));
    }

    #[test]
    fn the_list_reads_back_and_a_broken_one_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new/recent.json");
        assert_eq!(Recents::load(&file), Recents::default());
        let mut recents = Recents::default();
        recents.add(Path::new("/a b/ü.gdkrecord"), Path::new("/cache/ü.perfkit"), 7);
        recents.save(&file).unwrap();
        assert_eq!(Recents::load(&file), recents);
        assert_eq!(fs::read_dir(folder.path().join("new")).unwrap().count(), 1);
        fs::write(&file, "{\"sessions\": [").unwrap();
        assert_eq!(Recents::load(&file), Recents::default());
    }
}
