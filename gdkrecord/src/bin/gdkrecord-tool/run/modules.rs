//! Finds the recorder's libraries, and makes a folder in which GTK 2, 3 and 4 find them.

use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};

/// The recorder, which GTK 2 and 3 load by GTK_MODULES.
const RECORDER: &str = "libgdkrecord.so";
/// The loader for GTK 4, which ignores GTK_MODULES.
pub const LOADER: &str = "libgdkrecord_gtk4.so";
/// Where GTK 4 looks for input-method modules below GTK_PATH: its binary version, the same for all of GTK 4.
const IMMODULES: &str = "4.0.0/immodules";

/// The libraries.
pub struct Modules {
    recorder: PathBuf,
    loader: Option<PathBuf>,
}

impl Modules {
    /// Looks in GDKRECORD_MODULE, beside the tool, and where `cargo xtask install` puts them.
    pub fn find() -> Result<Modules> {
        let places = match std::env::var_os("GDKRECORD_MODULE").filter(|place| !place.is_empty()) {
            Some(place) => vec![PathBuf::from(place)],
            None => places(std::env::current_exe().ok().as_deref()),
        };
        let recorder = places.iter().find_map(|place| {
            let file = if place.is_dir() { place.join(RECORDER) } else { place.clone() };
            file.is_file().then(|| file.canonicalize().unwrap_or(file))
        });
        let Some(recorder) = recorder else { return Err(Failure::NoModule(places)) };
        let beside = |name: &str| recorder.with_file_name(name);
        let found =
            [beside(LOADER), beside("gtk4").join(LOADER)].into_iter().chain(places.iter().map(|p| p.join(LOADER)));
        let loader = found.into_iter().find(|loader| loader.is_file());
        let loader = loader.map(|loader| loader.canonicalize().unwrap_or(loader));
        Ok(Modules { recorder, loader })
    }

    /// Whether GTK 4 programs can be recorded: the loader is there.
    pub fn records_gtk4(&self) -> bool {
        self.loader.is_some()
    }

    /// A temporary folder for GTK_PATH, which goes away with the value.
    pub fn folder(&self) -> io::Result<tempfile::TempDir> {
        let folder = tempfile::Builder::new().prefix("gdkrecord-").tempdir()?;
        let modules = folder.path().join("modules");
        std::fs::create_dir(&modules)?;
        symlink(&self.recorder, modules.join(RECORDER))?;
        if let Some(loader) = &self.loader {
            let immodules = folder.path().join(IMMODULES);
            std::fs::create_dir_all(&immodules)?;
            symlink(loader, immodules.join(LOADER))?;
        }
        Ok(folder)
    }
}

/// Where the recorder may be, seen from the tool: `target/release` and its `deps`, or `bin` and `lib/gdkrecord`.
fn places(tool: Option<&Path>) -> Vec<PathBuf> {
    let beside = tool.and_then(Path::parent);
    let prefix = beside.and_then(Path::parent);
    beside.map(Path::to_owned).into_iter().chain(prefix.map(|prefix| prefix.join("lib/gdkrecord"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gtk_finds_both_libraries_in_the_folder() {
        let source = tempfile::tempdir().unwrap();
        let (recorder, loader) = (source.path().join(RECORDER), source.path().join(LOADER));
        for library in [&recorder, &loader] {
            std::fs::write(library, "").unwrap();
        }
        let folder = Modules { recorder, loader: Some(loader) }.folder().unwrap();
        assert!(folder.path().join("modules").join(RECORDER).is_file());
        assert!(folder.path().join(IMMODULES).join(LOADER).is_file());
    }

    #[test]
    fn the_installed_place_is_seen_from_bin() {
        let places = places(Some(Path::new("/opt/p/bin/gdkrecord-tool")));
        assert!(places.contains(&PathBuf::from("/opt/p/lib/gdkrecord")));
    }
}
