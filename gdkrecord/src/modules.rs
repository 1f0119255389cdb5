//! Finds the recorder's libraries, and makes a folder in which GTK 2, 3 and 4 find them: for whatever starts
//! programs to be recorded.

use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// The recorder, which GTK 2 and 3 load by GTK_MODULES.
const RECORDER: &str = "libgdkrecord.so";
/// The loader for GTK 4, which ignores GTK_MODULES.
pub const LOADER: &str = "libgdkrecord_gtk4.so";
/// Where GTK 4 looks for input-method modules below GTK_PATH: its binary version, the same for all of GTK 4.
const IMMODULES: &str = "4.0.0/immodules";

/// The recorder's libraries.
#[derive(Clone, Debug)]
pub struct Modules {
    recorder: PathBuf,
    loader: Option<PathBuf>,
}

impl Modules {
    /// Looks in GDKRECORD_MODULE, beside the running program, and where `cargo xtask install` puts them; where they
    /// are in none of these places, `Err` has the places.
    pub fn find() -> Result<Modules, Vec<PathBuf>> {
        let places = match std::env::var_os("GDKRECORD_MODULE").filter(|place| !place.is_empty()) {
            Some(place) => vec![PathBuf::from(place)],
            None => places(std::env::current_exe().ok().as_deref()),
        };
        let recorder = places.iter().find_map(|place| {
            let file = if place.is_dir() { place.join(RECORDER) } else { place.clone() };
            file.is_file().then(|| file.canonicalize().unwrap_or(file))
        });
        let Some(recorder) = recorder else { return Err(places) };
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

    /// The library that is loaded into programs.
    pub fn recorder(&self) -> &Path {
        &self.recorder
    }

    /// Makes `folder`, which must exist, one that GTK_PATH can name: with links to the libraries.
    pub fn lay_out(&self, folder: &Path) -> io::Result<()> {
        let modules = folder.join("modules");
        std::fs::create_dir(&modules)?;
        symlink(&self.recorder, modules.join(RECORDER))?;
        if let Some(loader) = &self.loader {
            let immodules = folder.join(IMMODULES);
            std::fs::create_dir_all(&immodules)?;
            symlink(loader, immodules.join(LOADER))?;
        }
        Ok(())
    }
}

/// Where the recorder may be, seen from the running program: `target/release` and its `deps`, or `bin` and `lib/gdkrecord`.
fn places(program: Option<&Path>) -> Vec<PathBuf> {
    let beside = program.and_then(Path::parent);
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
        let folder = tempfile::tempdir().unwrap();
        Modules { recorder, loader: Some(loader) }.lay_out(folder.path()).unwrap();
        assert!(folder.path().join("modules").join(RECORDER).is_file());
        assert!(folder.path().join(IMMODULES).join(LOADER).is_file());
    }

    #[test]
    fn the_installed_place_is_seen_from_bin() {
        let places = places(Some(Path::new("/opt/p/bin/gdkrecord-tool")));
        assert!(places.contains(&PathBuf::from("/opt/p/lib/gdkrecord")));
    }
}
