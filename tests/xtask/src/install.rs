//! `cargo xtask install`: puts programs, recorder, pages and completions in their places.
//!
//! Under /usr or /usr/local, by somebody who may write there, the recorder goes where every GTK finds it.
//! Under any other prefix it lies in one folder that GTK_PATH names.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::unistd::{AccessFlags, access};
use perfkit_tests::error::Context;
use perfkit_tests::process::run;
use perfkit_tests::{Result, bins};

use crate::manifest::Manifest;
use crate::packages::{self, Need};
use crate::{artifacts, desktop, gtkdirs};

/// The programs that are installed.
const PROGRAMS: [&str; 3] = [bins::TOOL, bins::AGENT, bins::APP];

/// Builds and installs; a previous installation under the same prefix is replaced.
pub fn install(prefix: &Path) -> Result<()> {
    let prefix = std::path::absolute(prefix).cannot("understand the prefix")?;
    packages::install(Need::Test)?;
    artifacts::build_recorder()?;
    artifacts::build_agent()?;
    artifacts::build_app()?;
    let mut manifest = Manifest::replace(&prefix)?;
    let done = place(&prefix, &mut manifest);
    // What was put in place before a failure is written down too, so that it can be removed.
    manifest.save()?;
    desktop::refresh(&prefix);
    let in_system = done?;
    println!("Installed under {}.", prefix.display());
    if in_system {
        println!("Record any GTK program: GTK_MODULES=gdkrecord PROGRAM");
    } else {
        println!("export GTK_PATH={}", prefix.join("lib/gdkrecord").display());
    }
    Ok(())
}

/// Puts everything in its place; whether the GTKs of the system find the recorder by themselves.
fn place(prefix: &Path, manifest: &mut Manifest) -> Result<bool> {
    for program in PROGRAMS {
        manifest.copy(&bins::path(program)?, &prefix.join("bin").join(program), 0o755)?;
    }
    let own = prefix.join("lib/gdkrecord");
    let module = own.join(bins::MODULE);
    manifest.copy(&bins::path(bins::MODULE)?, &module, 0o644)?;
    pages(prefix, manifest)?;
    desktop::place(prefix, manifest)?;

    let gtks = gtkdirs::found();
    let of_all = [Path::new("/usr"), Path::new("/usr/local")].contains(&prefix);
    let closed = gtks.iter().flat_map(|gtk| folders(gtk)).find(|folder| of_all && !writable(folder));
    if let Some(folder) = &closed {
        eprintln!(
            "{} cannot be written to, so programs find the recorder only through the variable below (or try sudo).",
            folder.display()
        );
    }
    if !of_all || closed.is_some() {
        manifest.link(&module, &own.join("modules").join(bins::MODULE))?;
        manifest.copy(&bins::path(bins::LOADER)?, &own.join("4.0.0/immodules").join(bins::LOADER), 0o644)?;
        return Ok(false);
    }
    for folder in gtks.iter().flat_map(|gtk| folders(gtk)) {
        if folder.ends_with("immodules") {
            manifest.copy(&bins::path(bins::LOADER)?, &folder.join(bins::LOADER), 0o644)?;
        } else {
            manifest.link(&module, &folder.join(bins::MODULE))?;
        }
    }
    Ok(true)
}

/// Where a GTK looks: all of them in `modules` when GTK_MODULES is set, GTK 4 for its loader in `immodules`.
fn folders(gtk: &Path) -> Vec<PathBuf> {
    let loader = gtk.ends_with("gtk-4.0").then(|| gtk.join("4.0.0/immodules"));
    [gtk.join("modules")].into_iter().chain(loader).collect()
}

/// Man pages and shell completions, which each program makes from its own definitions.
fn pages(prefix: &Path, manifest: &mut Manifest) -> Result<()> {
    let made = bins::target().join("install");
    // Pages of commands that are no more must not be installed again.
    let _ = fs::remove_dir_all(&made);
    for program in [bins::TOOL, bins::AGENT] {
        let (path, made) = (bins::path(program)?, made.join(program));
        let man = made.join("man");
        fs::create_dir_all(&man).cannot(format_args!("create {}", man.display()))?;
        run(Command::new(&path).arg("man").arg(&man))?;
        for entry in fs::read_dir(&man).cannot("list the man pages")?.flatten() {
            manifest.copy(&entry.path(), &prefix.join("share/man/man1").join(entry.file_name()), 0o644)?;
        }
        for (shell, place) in [
            ("bash", format!("share/bash-completion/completions/{program}")),
            ("zsh", format!("share/zsh/site-functions/_{program}")),
            ("fish", format!("share/fish/vendor_completions.d/{program}.fish")),
        ] {
            let file = made.join(shell);
            let text = run(Command::new(&path).args(["completions", shell]))?.stdout;
            fs::write(&file, text).cannot("write completions")?;
            manifest.copy(&file, &prefix.join(place), 0o644)?;
        }
    }
    Ok(())
}

/// Whether a folder, or the nearest one above it that exists, can be written to.
fn writable(folder: &Path) -> bool {
    let there = folder.ancestors().find(|folder| folder.exists());
    there.is_some_and(|folder| access(folder, AccessFlags::W_OK).is_ok())
}

/// Copies beside the place and renames: a program that has the old file mapped keeps it.
pub fn copy(from: &Path, to: &Path, mode: u32) -> Result<()> {
    let mut fresh = PathBuf::from(to).into_os_string();
    fresh.push(".new");
    fs::copy(from, &fresh).cannot(format_args!("write {} (may you write there? try sudo)", to.display()))?;
    fs::set_permissions(&fresh, fs::Permissions::from_mode(mode))
        .cannot(format_args!("set the mode of {}", to.display()))?;
    fs::rename(&fresh, to).cannot(format_args!("write {}", to.display()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::manifest::uninstall;

    #[test]
    fn pages_and_completions_of_both_programs_are_installed_and_go_again() {
        let prefix = tempfile::tempdir().unwrap();
        let prefix = prefix.path();
        let mut manifest = Manifest::replace(prefix).unwrap();
        pages(prefix, &mut manifest).unwrap();
        manifest.save().unwrap();
        for program in [bins::TOOL, bins::AGENT] {
            for place in [
                format!("man/man1/{program}.1"),
                format!("bash-completion/completions/{program}"),
                format!("zsh/site-functions/_{program}"),
                format!("fish/vendor_completions.d/{program}.fish"),
            ] {
                assert!(fs::read_to_string(prefix.join("share").join(&place)).unwrap().contains(program), "{place}");
            }
        }
        assert!(prefix.join("share/man/man1/perfkit-agent-record.1").exists());
        uninstall(prefix).unwrap();
        assert_eq!(fs::read_dir(prefix).unwrap().count(), 0);
    }
}
