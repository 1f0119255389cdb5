//! What can go wrong, with the facts that a message needs. Messages are one line: the thing and the remedy.

use std::io;
use std::path::{Path, PathBuf};

/// The crate's result.
pub type Result<T> = std::result::Result<T, Error>;

/// Why something cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused something about a file.
    #[error("cannot {what} {}: {error}", path.display())]
    File {
        /// What was tried: "open", "create", "read" …
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// What it answered.
        error: io::Error,
    },
    /// A program that a source needs cannot be started.
    #[error("cannot start {tool}: {error}{}", hint(remedy))]
    Start {
        /// The program.
        tool: String,
        /// What the system answered.
        error: io::Error,
        /// What to do about it; may be empty.
        remedy: String,
    },
    /// A program that a source needs ended before its work was done.
    #[error("{tool} {how}{}", said(words))]
    Died {
        /// The program.
        tool: String,
        /// How: "exited with status 3", "was killed by SIGKILL".
        how: String,
        /// The last thing that it said about it; may be empty.
        words: String,
    },
    /// What was typed, or read, cannot mean anything.
    #[error("{0}")]
    Invalid(String),
    /// A session file refused something.
    #[error("{}: {error}", path.display())]
    Store {
        /// Which session.
        path: PathBuf,
        /// What SQLite answered.
        error: rusqlite::Error,
    },
}

impl Error {
    /// For `map_err` on an operation on a file.
    pub fn file(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        let path = path.to_owned();
        move |error| Error::File { what, path, error }
    }

    /// For `map_err` on an operation on a session.
    pub fn store(path: &Path) -> impl FnOnce(rusqlite::Error) -> Error {
        let path = path.to_owned();
        move |error| Error::Store { path, error }
    }
}

fn hint(remedy: &str) -> String {
    if remedy.is_empty() { String::new() } else { format!(" ({remedy})") }
}

fn said(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(": {words}") }
}
