//! Where the sessions of a server lie: one folder, in which each has a name. No name leads out of it.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::partition::Keys;
use super::problem::Problem;
use crate::error::{Error, Result};

/// What a session's file ends in.
const SUFFIX: &str = ".perfkit";
/// The longest name, in bytes: with its ending, and what SQLite appends, it is still a file's name.
const LONGEST: usize = 200;

/// A folder of sessions.
#[derive(Clone, Debug)]
pub struct Shelf {
    folder: PathBuf,
}

impl Shelf {
    /// The folder, made where it is not there; else that of this user.
    pub fn new(folder: Option<PathBuf>) -> Result<Shelf> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let usual = || {
            let state = set("STATE_DIRECTORY").or_else(|| set("XDG_DATA_HOME").map(|data| data.join("perfkit")));
            state
                .or_else(|| set("HOME").map(|home| home.join(".local/share/perfkit")))
                .map(|base| base.join("sessions"))
        };
        let folder = folder.or_else(usual);
        let folder = folder.ok_or_else(|| Error::Invalid("name the folder of sessions with --sessions".to_owned()))?;
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.map_err(Error::file("create", &folder))?;
        let folder = std::path::absolute(&folder).map_err(Error::file("look at", &folder))?;
        Ok(Shelf { folder })
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of a session by its name, whether it is there or not.
    pub fn path(&self, name: &str) -> std::result::Result<PathBuf, Problem> {
        if !is_name(name) {
            return Err(Problem::invalid(format!("`{}` is no name of a session", name.escape_default())));
        }
        Ok(self.folder.join(format!("{name}{SUFFIX}")))
    }

    /// The file of a session that is there. A link that leads elsewhere is none.
    pub fn existing(&self, name: &str) -> std::result::Result<PathBuf, Problem> {
        let path = self.path(name)?;
        match path.symlink_metadata().is_ok_and(|found| found.is_file()) {
            true => Ok(path),
            false => Err(Problem::missing(format!("there is no session {name}"))),
        }
    }

    /// The name of a session by its file.
    pub fn name(path: &Path) -> String {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.strip_suffix(SUFFIX).unwrap_or(&name).to_owned()
    }

    /// The names of all sessions, sorted.
    pub fn names(&self) -> Result<Vec<String>> {
        let read = std::fs::read_dir(&self.folder).map_err(Error::file("read", &self.folder))?;
        let files = read.flatten().filter(|entry| entry.file_type().is_ok_and(|of| of.is_file()));
        let names = files.filter_map(|entry| entry.file_name().to_str()?.strip_suffix(SUFFIX).map(str::to_owned));
        let mut names: Vec<String> = names.filter(|name| is_name(name)).collect();
        names.sort();
        Ok(names)
    }

    /// The partition of a session.
    pub fn keys(name: &str) -> Keys {
        Keys::one(format!("session:{name}"))
    }
}

/// Whether it can be the name of a session: a plain file's name, without a dot before it. What ends as the file does is
/// none, so that a session has one name only.
pub fn is_name(name: &str) -> bool {
    let plain = |sign: char| sign != '/' && !sign.is_control();
    let whole = !name.is_empty() && name.len() <= LONGEST;
    whole && !name.starts_with('.') && !name.ends_with(SUFFIX) && name.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(Some(folder.path().join("a/b"))).unwrap();
        for name in
            ["", ".", "..", "../x", "a/b", "/etc/passwd", ".hidden", "a\0b", "a\nb", "a.perfkit", &"x".repeat(300)]
        {
            assert!(shelf.path(name).is_err(), "{name:?}");
        }
        for name in ["gtk4-demo", "a b", "x..y", "Größe-2"] {
            let path = shelf.path(name).unwrap();
            assert_eq!((path.parent(), Shelf::name(&path).as_str()), (Some(shelf.folder()), name));
        }
        std::fs::write(shelf.path("there").unwrap(), "x").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", shelf.path("link").unwrap()).unwrap();
        assert_eq!(shelf.names().unwrap(), ["there"]);
        assert!(shelf.existing("there").is_ok());
        assert!(shelf.existing("link").is_err() && shelf.existing("other").is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_asked_for_lies_in_the_folder_or_nowhere(name in "([a-z.]|/|\\\\|\\.\\.|%2e|~|\0|\\PC){0,12}") {
            let folder = Path::new("/folder");
            let shelf = Shelf { folder: folder.to_owned() };
            if let Ok(path) = shelf.path(&name) {
                prop_assert_eq!(path.parent(), Some(folder));
                prop_assert_eq!(path.components().count(), 3);
                let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                prop_assert!(!file.starts_with('.') && file.len() < 256 && !file.contains('\0'));
                prop_assert_eq!(Shelf::name(&path), name);
            }
        }
    }
}
