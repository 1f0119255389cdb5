//! Where the built programs lie: target/release, or PERFKIT_BIN_DIR where that is set.

use std::env;
use std::path::{Path, PathBuf};

use crate::error::{Failure, Result};

/// The recorder: what is loaded into GTK 2 and GTK 3, and by the loader into GTK 4.
pub const MODULE: &str = "libgdkrecord.so";
/// What GTK 4 loads by itself.
pub const LOADER: &str = "libgdkrecord_gtk4.so";
/// The command-line tool.
pub const TOOL: &str = "gdkrecord-tool";

/// The agent.
pub const AGENT: &str = "perfkit-agent";
/// The graphical program.
pub const APP: &str = "perfkit";

/// The top of the repository.
pub fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_owned()
}

/// Cargo's target folder.
pub fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// The folder with the built programs.
pub fn folder() -> PathBuf {
    match env::var_os("PERFKIT_BIN_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => target().join("release"),
    }
}

/// The full path of a built program or library; where it is not built, the remedy.
pub fn path(name: &str) -> Result<PathBuf> {
    let path = folder().join(name);
    if path.is_file() {
        return Ok(path);
    }
    Err(Failure::new(format!("{} is not built: run `cargo xtask test`, which builds it first", path.display())))
}
