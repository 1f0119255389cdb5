//! What perf recorded before: `perf.data` files, and texts that `perf script` printed.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use nix::sys::signal::Signal;

use super::{Machine, REMEDY, Rows, Text, plan};
use crate::error::{Error, Result};
use crate::source::{Lines, Outlet, Stopper, Tool};

/// What the comments of `--header` say that is kept: the words before the colon, and the fact's name.
const FACTS: &[(&str, &str)] = &[
    ("captured on", "perf.captured"),
    ("hostname", "perf.hostname"),
    ("os release", "perf.kernel"),
    ("perf version", "perf.version"),
    ("arch", "perf.architecture"),
    ("cpudesc", "perf.cpu"),
    ("cmdline", "perf.command"),
    ("clockid", "perf.clock"),
];

/// Puts a `perf.data` file into an outlet, through `perf script`.
///
/// Times are those of the clock that it was recorded by: CLOCK_MONOTONIC where that was `-k CLOCK_MONOTONIC`, and
/// else the kernel's own, which a note says.
pub fn data(path: &Path, outlet: &mut Outlet) -> Result<()> {
    // perf would say the same in more words.
    File::open(path).map_err(Error::file("open", path))?;
    let mut command = plan::script(&path.to_string_lossy());
    let tool = Tool::start("perf script", command.arg("--header"), Signal::SIGTERM, REMEDY)?;
    let (_stopper, stop) = Stopper::new().map_err(Error::file("make", Path::new("a pipe")))?;
    let mut import = Import::new();
    let result = tool.run(outlet, &stop, &mut |outlet, line| import.line(outlet, line));
    import.finish(outlet);
    if !import.monotonic {
        let clock = "was recorded by the kernel's own clock, as `perf record -k CLOCK_MONOTONIC` is not";
        outlet.note(&format!("{} {clock}: its times may lie a little off those of others", path.display()));
    }
    result
}

/// Puts a text of `perf script` into an outlet.
///
/// An error where nothing of it is a record.
pub fn text(path: &Path, outlet: &mut Outlet) -> Result<()> {
    let mut file = File::open(path).map_err(Error::file("open", path))?;
    let (mut lines, mut import) = (Lines::default(), Import::new());
    let mut block = vec![0; 1 << 16];
    loop {
        let got = file.read(&mut block).map_err(Error::file("read", path))?;
        if got == 0 {
            break;
        }
        lines.feed(&block[..got], &mut |line| import.line(outlet, line));
        outlet.tick();
    }
    lines.finish(&mut |line| import.line(outlet, line));
    outlet.dropped("lines cut", lines.take_cut());
    import.finish(outlet);
    match import.records {
        0 => Err(Error::Invalid(format!("{} is no output of `perf script`", path.display()))),
        _ => Ok(()),
    }
}

struct Import {
    text: Text,
    rows: Rows,
    records: u64,
    monotonic: bool,
}

impl Import {
    fn new() -> Import {
        Import { text: Text::default(), rows: Rows::new(Machine::this()), records: 0, monotonic: false }
    }

    fn line(&mut self, outlet: &mut Outlet, line: &str) {
        if let Some(comment) = line.strip_prefix('#') {
            self.comment(outlet, comment);
        }
        let (rows, records) = (&mut self.rows, &mut self.records);
        self.text.line(line, &mut |record| {
            *records += 1;
            rows.take(outlet, &record);
        });
    }

    fn comment(&mut self, outlet: &mut Outlet, comment: &str) {
        let Some((key, value)) = comment.split_once(':') else { return };
        let (key, value) = (key.trim(), value.trim());
        let Some((_, fact)) = FACTS.iter().find(|(known, _)| *known == key) else { return };
        outlet.fact(fact, value);
        match key {
            "arch" => self.rows.set_machine(Machine::named(value)),
            "clockid" => self.monotonic = value.starts_with("monotonic "),
            _ => {}
        }
    }

    fn finish(&mut self, outlet: &mut Outlet) {
        let (rows, records) = (&mut self.rows, &mut self.records);
        self.text.finish(&mut |record| {
            *records += 1;
            rows.take(outlet, &record);
        });
        self.rows.finish(outlet);
        outlet.dropped("lines of perf that mean nothing", self.text.take_unread());
    }
}
