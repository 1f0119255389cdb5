//! Why a run left no recording: one clause, from what can be seen of the program's file and of its end.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use gdkrecord::modules::{LOADER, Modules};
use object::Object;

/// Setuid and setgid: such programs ignore GTK_MODULES.
const PRIVILEGED: u32 = 0o6000;

/// The most likely reason, and what to do about it.
pub fn reason(program: &Path, status: ExitStatus, modules: &Modules) -> String {
    let name = program.file_name().map_or_else(|| program.display().to_string(), |n| n.to_string_lossy().into_owned());
    let Some(file) = which(program) else { return format!("{name} cannot be looked at any more") };
    if std::fs::metadata(&file).is_ok_and(|data| data.mode() & PRIVILEGED != 0) {
        return format!("{name} is setuid or setgid and ignores GTK_MODULES; run a copy of it as its owner");
    }
    let bytes = std::fs::read(&file).unwrap_or_default();
    let elsewhere = "a GTK program that it started ran elsewhere (a service, a sandbox, a running instance)";
    let Ok(elf) = object::File::parse(&*bytes) else {
        return format!("{name} is a script that ran no GTK program, or {elsewhere}");
    };
    if ours().is_some_and(|ours| ours != (elf.architecture(), elf.is_64())) {
        return format!("{name} is built for another processor than the recorder");
    }
    let Some(needed) = needed(&elf) else { return format!("{name} is linked statically and loads no modules") };
    match gtk(&needed) {
        None => format!("{name} is not linked to GTK, or {elsewhere}"),
        Some(4) if !modules.records_gtk4() => {
            format!("GTK 4 needs {LOADER}, which is not beside libgdkrecord.so: run cargo xtask install")
        }
        Some(_) if !status.success() => format!("{name} ended before GTK had started"),
        Some(gtk) => format!(
            "{name} ended before GTK {gtk} had started; if it is running already, quit it first: it took the request over"
        ),
    }
}

/// Which GTK is among the libraries.
fn gtk(needed: &[String]) -> Option<u32> {
    [("libgtk-x11-2.0.", 2), ("libgtk-3.", 3), ("libgtk-4.", 4)]
        .into_iter()
        .find(|(library, _)| needed.iter().any(|needed| needed.starts_with(library)))
        .map(|(_, version)| version)
}

/// The libraries that a program links to; `None` for a static one.
fn needed(elf: &object::File<'_>) -> Option<Vec<String>> {
    let libraries = elf.import_libraries().ok()?;
    let names = libraries.flatten().map(|library| String::from_utf8_lossy(library.name()).into_owned());
    let names: Vec<_> = names.collect();
    (!names.is_empty()).then_some(names)
}

/// The processor that the tool, and so the recorder, is built for.
fn ours() -> Option<(object::Architecture, bool)> {
    let bytes = std::fs::read("/proc/self/exe").ok()?;
    let elf = object::File::parse(&*bytes).ok()?;
    Some((elf.architecture(), elf.is_64()))
}

fn which(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return program.is_file().then(|| program.to_owned());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}
