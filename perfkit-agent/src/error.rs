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
    /// A session that is to be made is there already.
    #[error("{} is there already; remove it, or name another with -o", .0.display())]
    Exists(PathBuf),
    /// A file is not what it should be.
    #[error("{} is no perfkit session", .0.display())]
    NotASession(PathBuf),
    /// A session comes from a later version of perfkit.
    #[error("{} is a session of version {version}, and this perfkit reads up to version {known}: update perfkit", path.display())]
    TooNew {
        /// Which session.
        path: PathBuf,
        /// The version of its schema.
        version: i64,
        /// The newest that is known.
        known: i64,
    },
    /// Whoever asked for it wants it no more.
    #[error("it was cancelled")]
    Cancelled,
    /// There is no room for what a session is about to write.
    #[error("cannot write {}: the disk is full; what was committed before is kept", .0.display())]
    Full(PathBuf),
    /// An agent cannot be reached, or went away.
    #[error("{url} cannot be reached: {error}")]
    Unreachable {
        /// Where it should be.
        url: String,
        /// What the system, or TLS, answered.
        error: io::Error,
    },
    /// An agent does not do what it was asked.
    #[error("{url} answers: {detail} ({status}){}", hint(token(*status)))]
    Refused {
        /// Where it is.
        url: String,
        /// The status of HTTP.
        status: u16,
        /// What it says is wrong, in one line.
        detail: String,
        /// The word for programs, where it tells one.
        code: Option<String>,
    },
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
        move |error: rusqlite::Error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Error::Full(path),
            _ => Error::Store { path, error },
        }
    }
}

/// ` (did you mean \`strace\`?)` where a name that is not known is like one that is; else nothing.
pub fn similar<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    // What clap takes for alike.
    const ALIKE: f64 = 0.7;
    let typed = typed.to_lowercase();
    let near = known.into_iter().map(|name| (strsim::jaro(&typed, &name.to_lowercase()), name));
    let nearest = near.filter(|(near, _)| *near > ALIKE).max_by(|a, b| a.0.total_cmp(&b.0));
    nearest.map_or_else(String::new, |(_, name)| format!(" (did you mean `{name}`?)"))
}

fn hint(remedy: &str) -> String {
    if remedy.is_empty() { String::new() } else { format!(" ({remedy})") }
}

/// What to do where an agent does not know who asks.
fn token(status: u16) -> &'static str {
    if status == 401 { "a token is given by the variable PERFKIT_TOKEN or by --token-file" } else { "" }
}

fn said(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(": {words}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_alike_are_told_and_others_not() {
        for (typed, expected) in [("strce", "strace"), ("Perf", "perf"), ("gdkrecorder", "gdkrecord"), ("x", "")] {
            let expected = if expected.is_empty() { String::new() } else { format!(" (did you mean `{expected}`?)") };
            assert_eq!(similar(typed, ["ltrace", "strace", "proc", "perf", "gdkrecord"]), expected);
        }
    }
}
