//! What perf recorded before: `perf.data` files, and texts that `perf script` printed.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;

use nix::sys::signal::Signal;

use super::{Machine, REMEDY, Rows, Text, plan};
use crate::error::{Error, Result};
use crate::source::{Lines, Module, Outlet, Stopper, Tool};

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
    let ids = plan::build_ids(&path.to_string_lossy()).stdin(Stdio::null()).output();
    // Without them there are no source lines, and all else is.
    let ids = ids.map_or_else(|_| Vec::new(), |output| output.stdout);
    String::from_utf8_lossy(&ids).lines().filter_map(build_id).for_each(|module| outlet.module(module));
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

/// Whether a file that begins so is a text of `perf script`: it has records, and hardly anything else.
pub fn recognises(head: &[u8]) -> bool {
    let (mut reader, mut records, mut lines) = (Text::default(), 0u64, 0u64);
    for line in String::from_utf8_lossy(head).lines().take(200) {
        lines += 1;
        reader.line(line, &mut |_| records += 1);
    }
    reader.finish(&mut |_| records += 1);
    records > 0 && reader.take_unread() * 10 <= lines
}

/// `94e129d61223cfb97d11f03b6b6c239cd99d619a /usr/bin/true`
fn build_id(line: &str) -> Option<Module> {
    let (id, path) = line.trim().split_once(' ')?;
    let is_id = id.len() >= 2 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    // The kernel, and what it gives to processes, are in brackets.
    let is_file = is_id && path.starts_with('/');
    is_file.then(|| Module { path: path.to_owned(), build_id: id.to_owned(), ..Module::default() })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn build_ids_are_of_files() {
        let module = build_id("94e129d61223cfb97d11f03b6b6c239cd99d619a /usr/bin/a b\n").unwrap();
        assert_eq!((&*module.build_id, &*module.path), ("94e129d61223cfb97d11f03b6b6c239cd99d619a", "/usr/bin/a b"));
        for line in ["4a5a9b0a [kernel.kallsyms]", "e95b [vdso]", "xyz /usr/bin/true", " /usr/bin/true", "4a5a9b0a", ""]
        {
            assert_eq!(build_id(line), None, "{line}");
        }
    }

    #[test]
    fn texts_of_perf_script_are_recognised() {
        for (text, known) in [
            (include_str!("../../../tests/fixtures/perf/script-dwarf.txt"), true),
            (include_str!("../../../tests/fixtures/perf/combined.txt"), true),
            (include_str!("../../../tests/fixtures/perf/stat.jsonl"), false),
            (include_str!("../../../tests/fixtures/oprofile/opreport-l.txt"), false),
            ("1234 1795418299.397651792 read(3, \"\", 1) = 0 <0.000012>\n", false),
            ("# only a comment\n", false),
            ("", false),
        ] {
            assert_eq!(recognises(text.as_bytes()), known, "{}", text.lines().next().unwrap_or(""));
        }
    }
}
