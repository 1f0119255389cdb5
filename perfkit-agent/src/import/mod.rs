//! Files that other tools wrote, told from one another by their content: one table.

mod chrome;
mod making;
mod readable;

pub use making::{Made, make, make_while};
pub use readable::Readable;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::{Error, Result};
use crate::source::{Outlet, gdkrecord, ltrace, oprofile, perf, strace, sysprof};

/// A format that can be imported.
#[derive(Debug)]
pub struct Format {
    /// Its name for `--format`, and of the source in the session.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// Whether the first bytes of a file, up to 64 KiB, are of this format.
    pub recognises: fn(&[u8]) -> bool,
    /// Puts a file into a session.
    pub import: fn(&Path, &mut Outlet) -> Result<()>,
}

/// Every format, the surest to recognise first.
pub const FORMATS: &[Format] = &[
    Format {
        name: "gdkrecord",
        about: "a recording of a GTK main loop",
        recognises: |head| head.starts_with(b"GDKRECRD"),
        import: gdkrecord::import,
    },
    Format {
        name: "strace",
        about: "a log that strace wrote, with times (-ttt, -tt, -r)",
        recognises: strace::recognises,
        import: strace::import,
    },
    Format {
        name: "ltrace",
        about: "a log that ltrace wrote, with times (-ttt, -tt, -r)",
        recognises: ltrace::recognises,
        import: ltrace::import,
    },
    Format {
        name: "syscap",
        about: "a capture of Sysprof",
        recognises: |head| sysprof::header(head).is_some(),
        import: sysprof::import,
    },
    Format {
        name: "chrome",
        about: "a trace in Chrome's JSON format, of browsers, uftrace dump --chrome and others",
        recognises: chrome::recognises,
        import: chrome::import,
    },
    Format {
        name: "perf",
        about: "what perf recorded: perf.data",
        recognises: |head| head.starts_with(b"PERFILE2"),
        import: perf::import_data,
    },
    Format {
        name: "oprofile",
        about: "what opreport told of OProfile's samples, with -X, -l or --callgraph",
        recognises: oprofile::recognises,
        import: oprofile::import,
    },
    Format {
        name: "perf-script",
        about: "what perf script printed",
        recognises: perf::recognises_text,
        import: perf::import_text,
    },
];

/// The format with a name.
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

/// What a file is, as its content shows.
pub fn recognise(path: &Path) -> Result<&'static Format> {
    let mut head = Vec::new();
    let file = File::open(path).map_err(Error::file("open", path))?;
    file.take(64 * 1024).read_to_end(&mut head).map_err(Error::file("read", path))?;
    FORMATS.iter().find(|format| (format.recognises)(&head)).ok_or_else(|| {
        let names = FORMATS.iter().map(|format| format.name).collect::<Vec<_>>().join(", ");
        let path = path.display();
        Error::Invalid(format!("{path} is nothing that can be recognised; `--format` may be one of {names}"))
    })
}

/// The formats, for `--help`.
pub fn help() -> String {
    let lines = FORMATS.iter().map(|format| format!("  {:<12} {}\n", format.name, format.about));
    format!(
        "Formats:
{}
Examples:
  perfkit-agent import slow.gdkrecord
  perfkit-agent import trace.json perf.data -o both.perfkit",
        lines.collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_files_are_recognised_by_their_content() {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        for (file, format) in [
            ("perf/script-dwarf.txt", "perf-script"),
            ("perf/script-fp.txt", "perf-script"),
            ("perf/combined.txt", "perf-script"),
            ("oprofile/opreport-X.xml", "oprofile"),
            ("oprofile/opreport-X-cg.xml", "oprofile"),
            ("oprofile/opreport-l.txt", "oprofile"),
            ("oprofile/opreport-callgraph.txt", "oprofile"),
        ] {
            let known = recognise(&fixtures.join(file)).map(|format| format.name);
            assert!(known.as_ref().is_ok_and(|known| *known == format), "{file}: {known:?}");
        }
        let error = recognise(&fixtures.join("oprofile/ocount-brief.txt")).err().map(|error| error.to_string());
        assert!(error.is_some_and(|line| line.contains("nothing that can be recognised")));
    }
}
