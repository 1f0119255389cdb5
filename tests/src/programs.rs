//! The test programs in tests/programs, compiled when a journey needs one.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::bins;
use crate::error::{Context, Failure, Result};
use crate::process::{run, stdout_of};

/// Compiles `tests/programs/NAME.c` against the pkg-config packages, unless that is done already.
pub fn compiled(name: &str, packages: &[&str]) -> Result<PathBuf> {
    build(name, name, packages)
}

/// The same of a source that is compiled against several packages, each time against one.
pub fn compiled_for(name: &str, package: &str) -> Result<PathBuf> {
    build(name, &format!("{name}-{package}"), &[package])
}

fn build(source: &str, name: &str, packages: &[&str]) -> Result<PathBuf> {
    let source = script(&format!("{source}.c"))?;
    let folder = bins::target().join("test-programs");
    fs::create_dir_all(&folder).cannot(format_args!("create {}", folder.display()))?;
    let program = folder.join(name);
    let age = |path: &PathBuf| fs::metadata(path).and_then(|meta| meta.modified()).ok();
    if age(&program).is_some_and(|built| age(&source).is_some_and(|written| written < built)) {
        return Ok(program);
    }
    let flags = stdout_of(Command::new("pkg-config").args(["--cflags", "--libs"]).args(packages))?;
    // Journeys run side by side: each compiles to a name of its own, and the last one to be ready stays.
    let fresh = folder.join(format!("{name}.{}.{:?}", std::process::id(), std::thread::current().id()));
    let mut gcc = Command::new("gcc");
    gcc.args(["-O2", "-g", "-Wall", "-Wno-deprecated-declarations", "-pthread", "-o"]);
    run(gcc.arg(&fresh).arg(&source).args(flags.split_whitespace()))?;
    fs::rename(&fresh, &program).cannot(format_args!("put {} in its place", program.display()))?;
    Ok(program)
}

/// The full path of a file in tests/programs.
pub fn script(name: &str) -> Result<PathBuf> {
    let path = bins::root().join("tests/programs").join(name);
    if path.is_file() { Ok(path) } else { Err(Failure::new(format!("there is no {}", path.display()))) }
}
