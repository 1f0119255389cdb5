//! After a run: which recordings came to be.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use gdkrecord::Recording;
use gdkrecord::layout::{HEAD_USED, Header};

use crate::quantity::Quantity;

/// Says on standard error what the run left; where it left nothing, `reason` says why.
pub fn say(pattern: &Path, tree: u64, reason: impl FnOnce() -> String) {
    let recordings = of_tree(&folder(pattern), tree);
    for path in &recordings {
        eprintln!("gdkrecord-tool: recorded {}", describe(path));
    }
    if recordings.is_empty() {
        eprintln!("gdkrecord-tool: nothing was recorded: {}", reason());
    }
}

/// The folder that recordings go to: the part of the pattern in front of its last separator.
pub fn folder(pattern: &Path) -> PathBuf {
    let folder = pattern.parent().unwrap_or(Path::new("/")).to_string_lossy();
    // Placeholders in a folder's name are not looked behind: its parent is searched, a level deep.
    let plain = folder.replace("%%", "\0");
    let upto = plain.find('%').map_or(plain.len(), |at| plain[..at].rfind('/').unwrap_or(0));
    PathBuf::from(plain[..upto].replace('\0', "%"))
}

/// The recordings in a folder and those beneath it, written by processes of this tree.
fn of_tree(folder: &Path, tree: u64) -> Vec<PathBuf> {
    let files = |folder: &Path| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect::<Vec<_>>()
    };
    let here = files(folder);
    let beneath = here.iter().filter(|path| path.is_dir()).flat_map(|folder| files(folder)).collect::<Vec<_>>();
    let mut found: Vec<_> = here.into_iter().chain(beneath).filter(|path| is_of_tree(path, tree)).collect();
    found.sort();
    found
}

fn is_of_tree(path: &Path, tree: u64) -> bool {
    let mut head = Vec::new();
    // A pipe or a device would wait for ever.
    let plain = path.is_file();
    let got = plain && File::open(path).and_then(|file| file.take(HEAD_USED as u64).read_to_end(&mut head)).is_ok();
    got && Header::decode(&head).is_ok_and(|header| header.tree == tree)
}

fn describe(path: &Path) -> String {
    let Ok(recording) = Recording::open(path) else { return path.display().to_string() };
    let length = recording.info().end.saturating_sub(recording.header().monotonic);
    let bytes = std::fs::metadata(path).map_or(0, |data| data.len());
    let toolkit = recording.info().fact("toolkit").map_or(String::new(), |toolkit| format!(", {toolkit}"));
    let state = match recording.header().closed {
        Some(_) => "",
        None => ", not closed: the process was killed, ended by _exit, or still runs",
    };
    let shown = std::env::current_dir().ok().and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned));
    let shown = shown.as_deref().unwrap_or(path).display();
    format!("{shown} ({}, {}{toolkit}{state})", Quantity::Duration(length), Quantity::Bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_are_found_by_their_tree() {
        let (dir, recording) = crate::sample::recording();
        assert_eq!(of_tree(dir.path(), recording.header().tree), [recording.path()]);
        assert!(of_tree(dir.path(), 99).is_empty());
    }

    #[test]
    fn the_folder_is_what_precedes_placeholders() {
        for (pattern, at) in [("/a/b/%p.x", "/a/b"), ("/a/b%%c/%p", "/a/b%c"), ("/a/%n/%p", "/a"), ("/x", "/")] {
            assert_eq!(folder(Path::new(pattern)), Path::new(at), "{pattern}");
        }
    }
}
