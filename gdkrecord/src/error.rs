//! What can go wrong, with the facts that a message needs.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// The library's result.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a recording cannot be made or read at all.
#[derive(Debug)]
pub enum Error {
    /// The operating system refused something about a file.
    Io {
        /// What was tried: "open", "create", "read" …
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// What it answered.
        error: io::Error,
    },
    /// The file does not begin like a recording.
    NotARecording(PathBuf),
    /// A recording of a format that this version does not know.
    TooNew {
        /// Which file.
        path: PathBuf,
        /// Its major version.
        version: u16,
    },
    /// An option of GDKRECORD that is not in the table, or has a value it cannot have.
    Option {
        /// The option as it was given.
        given: String,
        /// What would be right.
        expected: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Io { what, path, error } => write!(f, "cannot {what} {}: {error}", path.display()),
            Error::NotARecording(path) => write!(
                f,
                "{} is not a gdkrecord recording (make one with: gdkrecord-tool run -- PROGRAM)",
                path.display()
            ),
            Error::TooNew { path, version } => write!(
                f,
                "{} has format version {version}, newer than this program reads ({}): update perfkit",
                path.display(),
                crate::layout::VERSION_MAJOR
            ),
            Error::Option { given, expected } => write!(f, "GDKRECORD option {given}: {expected}"),
        }
    }
}

impl std::error::Error for Error {}

/// What a reader found wrong and read past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Diagnostic {
    /// The process ended without closing the recording: killed, or aborted.
    NotClosed,
    /// The process is still writing it.
    Growing,
    /// The file ends inside a segment.
    Cut {
        /// Bytes that are there.
        length: u64,
        /// Bytes that the last segment needs.
        expected: u64,
    },
    /// A segment's head makes no sense; it was skipped.
    BadSegment {
        /// Where it begins.
        offset: u64,
    },
    /// A record cannot be whole; the rest of its segment was skipped.
    TornRecord {
        /// Where it begins.
        offset: u64,
    },
    /// Records of kinds that this version does not know were skipped.
    UnknownKind {
        /// Their code.
        code: u8,
        /// How many.
        count: u64,
    },
    /// Records mention texts that are not defined.
    MissingText {
        /// How many.
        count: u64,
    },
    /// The recorder had to drop records of a kind.
    Dropped {
        /// The kind's name.
        kind: &'static str,
        /// How many.
        count: u64,
    },
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Diagnostic::NotClosed => write!(f, "not closed: the process was killed or aborted"),
            Diagnostic::Growing => write!(f, "the process is still writing it"),
            Diagnostic::Cut { length, expected } => {
                write!(f, "cut: {length} bytes of at least {expected} are there")
            }
            Diagnostic::BadSegment { offset } => write!(f, "segment at byte {offset} is damaged and was skipped"),
            Diagnostic::TornRecord { offset } => {
                write!(f, "record at byte {offset} is torn; the rest of its segment was skipped")
            }
            Diagnostic::UnknownKind { code, count } => {
                write!(f, "{count} records of the unknown kind {code} were skipped")
            }
            Diagnostic::MissingText { count } => write!(f, "{count} mentions of texts that are not defined"),
            Diagnostic::Dropped { kind, count } => write!(
                f,
                "{count} {kind} records were dropped while recording (disk full, or the maximum size was reached)"
            ),
        }
    }
}
