//! What an installation put where, kept in a file, so that its removal takes exactly that.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use perfkit_tests::error::Context;
use perfkit_tests::{Failure, Result};

use crate::desktop;
use crate::install::copy;

/// The list of an installation, below its prefix: one path a line, folders end in a slash.
const PLACE: &str = "share/perfkit/installed";

/// The files and folders of one installation, in the order in which they were made.
#[derive(Debug)]
pub struct Manifest {
    file: PathBuf,
    made: Vec<String>,
}

impl Manifest {
    /// An empty list; what an earlier installation under the same prefix made is removed.
    pub fn replace(prefix: &Path) -> Result<Manifest> {
        let file = prefix.join(PLACE);
        if file.exists() {
            remove(prefix, &file)?;
        }
        Ok(Manifest { file, made: Vec::new() })
    }

    /// Copies a file to its place.
    pub fn copy(&mut self, from: &Path, to: &Path, mode: u32) -> Result<()> {
        self.folder_of(to)?;
        copy(from, to, mode)?;
        self.note(to)
    }

    /// Puts a symbolic link in its place.
    pub fn link(&mut self, target: &Path, link: &Path) -> Result<()> {
        self.folder_of(link)?;
        if link.is_symlink() {
            fs::remove_file(link).cannot(format_args!("replace {}", link.display()))?;
        }
        symlink(target, link).cannot(format_args!("link {}", link.display()))?;
        self.note(link)
    }

    /// Writes the list.
    pub fn save(mut self) -> Result<()> {
        let file = self.file.clone();
        self.folder_of(&file)?;
        self.note(&file)?;
        fs::write(&file, self.made.join("\n") + "\n").cannot(format_args!("write {}", file.display()))
    }

    /// Makes the folders above a place, and notes those that were not there.
    fn folder_of(&mut self, place: &Path) -> Result<()> {
        let mut absent: Vec<&Path> = place.ancestors().skip(1).take_while(|folder| !folder.exists()).collect();
        while let Some(folder) = absent.pop() {
            fs::create_dir(folder)
                .cannot(format_args!("create {} (may you write there? try sudo)", folder.display()))?;
            self.note(&folder.join(""))?;
        }
        Ok(())
    }

    fn note(&mut self, path: &Path) -> Result<()> {
        let text = path.to_str().ok_or_else(|| Failure::new(format!("{} is not UTF-8", path.display())))?;
        self.made.push(text.to_owned());
        Ok(())
    }
}

/// Removes what was installed under the prefix.
pub fn uninstall(prefix: &Path) -> Result<()> {
    let prefix = std::path::absolute(prefix).cannot("understand the prefix")?;
    let file = prefix.join(PLACE);
    if !file.exists() {
        return Err(Failure::new(format!("nothing is installed under {} (no {})", prefix.display(), file.display())));
    }
    remove(&prefix, &file)?;
    println!("Removed what was installed under {}.", prefix.display());
    Ok(())
}

/// Takes away what a list names, last first; folders only where they are empty. Where a file cannot be removed,
/// the list stays for the next attempt.
fn remove(prefix: &Path, list: &Path) -> Result<()> {
    let text = fs::read_to_string(list).cannot(format_args!("read {}", list.display()))?;
    let (folders, files): (Vec<&str>, Vec<&str>) = text.lines().rev().partition(|line| line.ends_with('/'));
    let there = |path: &Path| path.is_symlink() || path.exists();
    let mut failed = Ok(());
    for path in files.into_iter().map(Path::new).filter(|path| *path != list && there(path)) {
        let removed = fs::remove_file(path);
        failed = failed.and(removed.cannot(format_args!("remove {} (may you write there? try sudo)", path.display())));
    }
    failed?;
    fs::remove_file(list).cannot(format_args!("remove {} (may you write there? try sudo)", list.display()))?;
    desktop::refresh(prefix);
    for folder in folders {
        // Others may have put something into it since.
        let _ = fs::remove_dir(folder);
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_removed_can_be_tried_again() {
        let prefix = tempfile::tempdir().unwrap();
        let prefix = prefix.path();
        let source = prefix.join("source");
        fs::write(&source, "text").unwrap();
        let mut manifest = Manifest::replace(prefix).unwrap();
        let (first, second) = (prefix.join("lib/first"), prefix.join("lib/second"));
        manifest.copy(&source, &first, 0o644).unwrap();
        manifest.copy(&source, &second, 0o644).unwrap();
        manifest.save().unwrap();
        // A folder in a file's place cannot be removed as a file.
        fs::remove_file(&second).unwrap();
        fs::create_dir(&second).unwrap();
        let said = uninstall(prefix).unwrap_err().0;
        assert!(said.starts_with(&format!("cannot remove {}", second.display())), "{said}");
        assert!(!first.exists() && second.exists());
        fs::remove_dir(&second).unwrap();
        uninstall(prefix).unwrap();
        let left: Vec<_> = fs::read_dir(prefix).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["source"]);
    }
}
