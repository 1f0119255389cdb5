//! Where the GTKs of this system look for modules.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use perfkit_tests::process::stdout_of;

/// A version of GTK: its pkg-config name, its folder below the library folder, its library.
const GTKS: [(&str, &str, &str); 3] = [
    ("gtk+-2.0", "gtk-2.0", "libgtk-x11-2.0.so.0"),
    ("gtk+-3.0", "gtk-3.0", "libgtk-3.so.0"),
    ("gtk4", "gtk-4.0", "libgtk-4.so.1"),
];

/// The folders `…/gtk-2.0`, `…/gtk-3.0`, `…/gtk-4.0` of the GTKs that are installed.
pub fn found() -> Vec<PathBuf> {
    GTKS.into_iter().filter_map(|(package, folder, library)| Some(libdir(package, library)?.join(folder))).collect()
}

/// The folder that a GTK's library lies in: as pkg-config says, or found where distributions put it.
fn libdir(package: &str, library: &str) -> Option<PathBuf> {
    let said = stdout_of(Command::new("pkg-config").args(["--variable=libdir", package]));
    let told = said.ok().filter(|path| !path.is_empty()).map(PathBuf::from);
    told.into_iter().chain(usual()).find(|folder| folder.join(library).exists())
}

/// `/usr/lib/TRIPLET`, `/usr/lib64`, `/usr/lib`.
fn usual() -> Vec<PathBuf> {
    let lib = Path::new("/usr/lib");
    let inside = fs::read_dir(lib).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let triplets =
        inside.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().contains("-linux-")));
    triplets.chain([PathBuf::from("/usr/lib64"), lib.to_owned()]).collect()
}
