//! What can go wrong, in one line each.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// The crate's result.
pub type Result<T> = std::result::Result<T, Error>;

/// Why something cannot be done.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// Neither PERFKIT_COUNTERS_DIR nor XDG_RUNTIME_DIR says where files are to lie.
    NoFolder,
    /// The operating system refused something about a file.
    File {
        /// What was tried.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// What it answered.
        error: io::Error,
    },
    /// A name that PCP would not take.
    Name(String),
    /// A name is there already, as something else.
    Taken(String),
    /// No room is left for more; [`Room`](crate::Room) says how much there is.
    Full(String),
    /// The bounds of a histogram do not rise.
    Bounds(String),
    /// Bytes that are no such file, with what is wrong.
    Garbage(&'static str),
}

impl Error {
    pub(crate) fn file<E: Into<io::Error>>(what: &'static str, path: &Path) -> impl FnOnce(E) -> Error {
        let path = path.to_owned();
        move |error| Error::File { what, path, error: error.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NoFolder => f.write_str("neither PERFKIT_COUNTERS_DIR nor XDG_RUNTIME_DIR is set: set one of them"),
            Error::File { what, path, error } => write!(f, "cannot {what} {}: {error}", path.display()),
            Error::Name(name) => write!(
                f,
                "`{name}` cannot be a name: words of letters, digits and _ that begin with a letter, joined by dots, \
                 at most 255 bytes in all"
            ),
            Error::Taken(name) => write!(f, "`{name}` is there already, as something else"),
            Error::Full(name) => write!(f, "no room is left for `{name}`: ask for more with Counters::open_in"),
            Error::Bounds(name) => write!(f, "the bounds of `{name}` must rise, and there must be one"),
            Error::Garbage(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::File { error, .. } => Some(error),
            _ => None,
        }
    }
}
