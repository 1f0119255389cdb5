//! Sessions on their way to other tools: one exporter a format, and one table of the formats.
//!
//! An exporter goes through the rows of a [`Reading`] and writes as it goes, so that its memory is bounded by how many
//! different names, threads and call stacks there are, and not by how many rows. What is written appears under its
//! name when it is whole. EXPORTS.md says what becomes what.

pub mod answer;
mod chrome;
mod collapsed;
mod event;
mod json;
mod nest;
mod output;
mod perfetto;
mod picture;
mod pprof;
mod proto;
mod reading;
mod speedscope;
mod stacks;
mod syscap;
mod tables;
mod threads;

use std::io::{self, Write};

use crate::error::Error;

pub use output::{Target, export, spare};
pub use picture::WIDTHS;
pub use reading::{Look, Reading, Wanted};

/// Turns a session into one format.
pub trait Exporter: Sync {
    /// Writes all that is asked for.
    fn export(&self, reading: &Reading<'_>, out: &mut dyn Write) -> Done;
}

/// Whether an export was done.
pub type Done<T = ()> = Result<T, Ended>;

/// Why an export ended early.
#[derive(Debug)]
pub enum Ended {
    /// What it writes to takes no more.
    Write(io::Error),
    /// The session cannot be read.
    Read(Error),
    /// It was told to.
    Told,
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Ended {
        Ended::Write(error)
    }
}

impl From<serde_json::Error> for Ended {
    fn from(error: serde_json::Error) -> Ended {
        Ended::Write(error.into())
    }
}

impl From<Error> for Ended {
    fn from(error: Error) -> Ended {
        Ended::Read(error)
    }
}

/// A format.
pub struct Format {
    /// Its name for `--format`.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// How files of it end.
    pub suffix: &'static str,
    /// What it is for, in a few words.
    pub about: &'static str,
    /// Whether a file holds one table, so that several make a folder.
    pub table: bool,
    /// Whether it is a picture, which can be dark and has a width.
    pub picture: bool,
    /// What writes it.
    pub exporter: &'static dyn Exporter,
}

impl std::fmt::Debug for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Every format.
pub const FORMATS: &[Format] = &[
    Format {
        name: "json",
        title: "JSON",
        suffix: "json",
        about: "every series and table, for programs; EXPORTS.md has its schema",
        table: false,
        picture: false,
        exporter: &json::Json,
    },
    Format {
        name: "csv",
        title: "CSV",
        suffix: "csv",
        about: "one series or table; a folder with a file for each where there are several",
        table: true,
        picture: false,
        exporter: &tables::Csv,
    },
    Format {
        name: "chrome",
        title: "Chrome Trace",
        suffix: "trace.json",
        about: "Chrome's trace events, for Perfetto, chrome://tracing and Speedscope",
        table: false,
        picture: false,
        exporter: &chrome::Chrome,
    },
    Format {
        name: "speedscope",
        title: "Speedscope",
        suffix: "speedscope.json",
        about: "samples and spans by thread, for Speedscope",
        table: false,
        picture: false,
        exporter: &speedscope::Speedscope,
    },
    Format {
        name: "collapsed",
        title: "Collapsed Stacks",
        suffix: "folded",
        about: "call stacks as lines with weights, for flame graphs",
        table: false,
        picture: false,
        exporter: &collapsed::Collapsed,
    },
    Format {
        name: "pprof",
        title: "pprof",
        suffix: "pb.gz",
        about: "samples and stretches off the processor, for pprof",
        table: false,
        picture: false,
        exporter: &pprof::Pprof,
    },
    Format {
        name: "perfetto",
        title: "Perfetto",
        suffix: "pftrace",
        about: "tracks, slices, counters and samples, for Perfetto",
        table: false,
        picture: false,
        exporter: &perfetto::Perfetto,
    },
    Format {
        name: "syscap",
        title: "Sysprof",
        suffix: "syscap",
        about: "marks, counters, logs and samples, for Sysprof",
        table: false,
        picture: false,
        exporter: &syscap::Syscap,
    },
    Format {
        name: "svg",
        title: "SVG",
        suffix: "svg",
        about: "a picture of the timeline, of lines and areas",
        table: false,
        picture: true,
        exporter: &picture::Svg,
    },
    Format {
        name: "png",
        title: "PNG",
        suffix: "png",
        about: "a picture of the timeline, of pixels",
        table: false,
        picture: true,
        exporter: &picture::Png,
    },
];
