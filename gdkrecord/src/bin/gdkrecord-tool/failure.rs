//! What can stop the tool, and the one place where it is worded: what failed, and what to do about it.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// The tool's result.
pub type Result<T> = std::result::Result<T, Failure>;

/// Why a command could not be carried out.
#[derive(Debug)]
pub enum Failure {
    /// The recording cannot be read.
    Library(gdkrecord::Error),
    /// A file could not be written, or a folder made.
    Output {
        /// Which.
        path: PathBuf,
        /// What the system answered.
        error: io::Error,
    },
    /// Standard input could not be kept in a temporary file.
    Spool(io::Error),
    /// Who reads standard output went away: no failure of ours.
    BrokenPipe,
    /// No kind or group of that name.
    Kind(String),
    /// No window answers to that.
    Window {
        /// What was given.
        given: String,
        /// The windows there are, worded.
        known: Vec<String>,
    },
    /// libgdkrecord.so is not where it could be.
    NoModule(Vec<PathBuf>),
    /// The program could not be started.
    Program {
        /// Which.
        program: PathBuf,
        /// What the system answered.
        error: io::Error,
    },
    /// Signals cannot be waited for.
    Signals(io::Error),
    /// A JSON export that does not read back.
    Json(String),
    /// Something else, worded where it happened.
    Other(String),
}

impl Failure {
    /// The exit status: for a program that cannot be started that of a shell, else `usual`.
    pub fn status(&self, usual: u8) -> u8 {
        match self {
            Failure::Program { error, .. } if error.kind() == io::ErrorKind::NotFound => 127,
            Failure::Program { .. } => 126,
            _ => usual,
        }
    }

    /// Maps an error of writing to `path`; a broken pipe is told apart.
    pub fn writing(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Failure {
        let path = path.into();
        move |error| match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::BrokenPipe,
            _ => Failure::Output { path, error },
        }
    }
}

impl From<gdkrecord::Error> for Failure {
    fn from(error: gdkrecord::Error) -> Self {
        match error {
            gdkrecord::Error::Io { error, .. } if error.kind() == io::ErrorKind::BrokenPipe => Failure::BrokenPipe,
            error => Failure::Library(error),
        }
    }
}

impl From<String> for Failure {
    fn from(words: String) -> Self {
        Failure::Other(words)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Library(error) => error.fmt(f),
            Failure::Output { path, error } => {
                let remedy = match error.kind() {
                    io::ErrorKind::PermissionDenied => " (choose another place with -o)",
                    io::ErrorKind::NotFound => " (does its folder exist?)",
                    io::ErrorKind::StorageFull => " (make room, or choose another place with -o)",
                    _ => "",
                };
                write!(f, "cannot write {}: {error}{remedy}", path.display())
            }
            Failure::Spool(error) => {
                write!(f, "cannot keep standard input in a temporary file: {error} (set TMPDIR to a place with room)")
            }
            Failure::BrokenPipe => f.write_str("nobody reads the output"),
            Failure::Kind(given) => {
                let kinds: Vec<_> = gdkrecord::KINDS.iter().map(|kind| kind.name).collect();
                let groups: Vec<_> = gdkrecord::kind::Group::ALL.iter().map(|group| group.name()).collect();
                write!(
                    f,
                    "--kind {given}: no such kind; groups are {}; kinds are {}",
                    groups.join(", "),
                    kinds.join(", ")
                )
            }
            Failure::Window { given, known } if known.is_empty() => {
                write!(f, "--window {given}: the recording has no windows")
            }
            Failure::Window { given, known } => {
                write!(f, "--window {given}: no such window; there are {}", known.join(", "))
            }
            Failure::NoModule(places) => {
                let places: Vec<_> = places.iter().map(|place| place.display().to_string()).collect();
                write!(
                    f,
                    "cannot find libgdkrecord.so in {} (build it with: cargo build --release --workspace; or set \
                     GDKRECORD_MODULE to its path)",
                    places.join(", ")
                )
            }
            Failure::Program { program, error } => {
                let (name, in_path) = (program.display(), program.components().count() == 1);
                match error.kind() {
                    io::ErrorKind::NotFound if !program.exists() => write!(f, "{name} was not found: is it installed?"),
                    io::ErrorKind::NotFound if in_path => {
                        write!(f, "{name} was not found in PATH: for the one in this folder, say ./{name}")
                    }
                    io::ErrorKind::NotFound => {
                        write!(f, "cannot start {name}: the interpreter that it names was not found")
                    }
                    io::ErrorKind::PermissionDenied if program.is_dir() => {
                        write!(f, "cannot start {name}: it is a folder")
                    }
                    io::ErrorKind::PermissionDenied => {
                        write!(f, "cannot start {name}: it is not executable (chmod +x {name})")
                    }
                    _ if error.raw_os_error() == Some(libc::ENOEXEC) => {
                        write!(
                            f,
                            "cannot start {name}: it is built for another machine, or a script that lacks its #! line"
                        )
                    }
                    _ => write!(f, "cannot start {name}: {error}"),
                }
            }
            Failure::Signals(error) => write!(f, "cannot wait for the program: {error}"),
            Failure::Json(words) => write!(f, "not a whole JSON export of a recording: {words}"),
            Failure::Other(words) => f.write_str(words),
        }
    }
}

impl std::error::Error for Failure {}
