//! Finds the name under which a recording may be written, without harming another recording.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::layout::{HEAD_USED, Header};
use crate::map;

/// Creates `path`, or `path` with the pid before its extension where the name is taken.
pub fn create(path: &Path, pid: u32, tree: u64) -> Result<(File, PathBuf)> {
    let own = with_pid(path, pid);
    let mut error = io::Error::from(io::ErrorKind::AlreadyExists);
    for candidate in [path, &own] {
        match taken(candidate, tree) {
            Ok(true) => continue,
            // A process that still maps the old file keeps its own copy: it is unlinked, never cut.
            Ok(false) => drop(std::fs::remove_file(candidate)),
            Err(refused) => {
                error = refused;
                break;
            }
        }
        match OpenOptions::new().read(true).write(true).create_new(true).open(candidate) {
            Ok(file) if map::lock(&file) => {
                let path = std::path::absolute(candidate).unwrap_or_else(|_| candidate.to_owned());
                return Ok((file, path));
            }
            Ok(_) => continue,
            Err(refused) if refused.kind() == io::ErrorKind::AlreadyExists => error = refused,
            Err(refused) => {
                error = refused;
                break;
            }
        }
    }
    Err(Error::Io { what: "create", path: path.to_owned(), error })
}

/// Whether the file is there and must be kept: no recording, being written, or written by this process tree.
fn taken(path: &Path, tree: u64) -> io::Result<bool> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    if !map::lock(&file) {
        return Ok(true);
    }
    let mut head = Vec::new();
    file.by_ref().take(HEAD_USED as u64).read_to_end(&mut head)?;
    match Header::decode(&head) {
        Ok(header) => Ok(header.tree == tree),
        Err(_) if head.is_empty() => Ok(false),
        Err(_) => Err(io::Error::other("it is there already and is not a recording; name another file")),
    }
}

/// `dir/name.PID.gdkrecord` for `dir/name.gdkrecord`.
fn with_pid(path: &Path, pid: u32) -> PathBuf {
    let mut name = OsString::from(path.file_stem().unwrap_or_default());
    name.push(format!(".{pid}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}
