//! Where an export goes. What is whole appears at once under its name: an export that ends early leaves nothing.

use std::fs::Permissions;
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{Done, Ended, Format, Reading};
use crate::error::{Error, Result};

/// Bytes that are written at once.
const BUFFER: usize = 256 * 1024;

/// Where an export goes.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// Standard output.
    Stdout,
    /// A file, or a folder where a format has a file for each table.
    Path(PathBuf),
}

/// The first bytes of every session.
const SESSION: &[u8] = b"SQLite format 3\0";

/// Fails where a session stands at a path: what is made of one is never written over one, least of all over itself.
///
/// # Errors
/// One that says so.
pub fn spare(path: &Path) -> Result<()> {
    let begins = || {
        let mut head = [0; SESSION.len()];
        // A pipe would have to be read from.
        path.metadata()?.is_file().then_some(()).ok_or(io::ErrorKind::InvalidInput)?;
        std::fs::File::open(path)?.read_exact(&mut head)?;
        io::Result::Ok(head == *SESSION)
    };
    if begins().unwrap_or(false) {
        let words = format!("{} is a session, which is not written over; name another file", path.display());
        return Err(Error::Invalid(words));
    }
    Ok(())
}

/// Writes a session in a format. `false` where it was told to stop, and left nothing.
pub fn export(format: &Format, reading: &Reading<'_>, target: &Target) -> Result<bool> {
    let many = format.table && reading.tables()?.len() != 1;
    let (done, path) = match target {
        Target::Stdout if many => {
            let words = "one table goes to standard output; name it with --series, or a folder with -o";
            return Err(Error::Invalid(words.to_owned()));
        }
        Target::Stdout => {
            let mut out = BufWriter::with_capacity(BUFFER, io::stdout().lock());
            let done = format.exporter.export(reading, &mut out);
            (done.and_then(|()| Ok(out.flush()?)), Path::new("standard output"))
        }
        Target::Path(path) if many => return folder(format, reading, path),
        Target::Path(path) => {
            spare(path)?;
            (file(format, reading, path), path.as_path())
        }
    };
    finish(done, path)
}

fn finish(done: Done, path: &Path) -> Result<bool> {
    match done {
        Ok(()) => Ok(true),
        Err(Ended::Told) => Ok(false),
        Err(Ended::Read(error)) => Err(error),
        Err(Ended::Write(error)) => Err(Error::file("write to", path)(error)),
    }
}

/// A file for each table, in a folder that is made.
fn folder(format: &Format, reading: &Reading<'_>, path: &Path) -> Result<bool> {
    if path.exists() {
        return Err(Error::Exists(path.to_owned()));
    }
    let fresh = beside(0o777).tempdir_in(parent(path));
    let fresh = fresh.map_err(Error::file("make a folder beside", path))?;
    for table in reading.tables()? {
        let one = fresh.path().join(format!("{table}.{}", format.suffix));
        if !finish(file(format, &reading.only(&table), &one), &one)? {
            return Ok(false);
        }
    }
    std::fs::rename(fresh.path(), path).map_err(Error::file("make", path))?;
    // It has another name now, and stays.
    let _ = fresh.keep();
    Ok(true)
}

fn file(format: &Format, reading: &Reading<'_>, path: &Path) -> Done {
    // What is no file, as a terminal or a pipe, is written to as it is.
    if path.metadata().is_ok_and(|there| !there.is_file()) {
        let mut out = BufWriter::with_capacity(BUFFER, std::fs::OpenOptions::new().write(true).open(path)?);
        format.exporter.export(reading, &mut out)?;
        return Ok(out.flush()?);
    }
    let fresh = beside(0o666).tempfile_in(parent(path))?;
    let mut out = BufWriter::with_capacity(BUFFER, fresh);
    format.exporter.export(reading, &mut out)?;
    let fresh = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    fresh.persist(path).map_err(|failed| failed.error)?;
    Ok(())
}

/// What becomes a file or folder has the rights of one, and not those of something temporary.
fn beside(rights: u32) -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".perfkit-").permissions(Permissions::from_mode(rights));
    builder
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
