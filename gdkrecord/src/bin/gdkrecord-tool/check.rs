//! `check`: reads all of a recording, or of a JSON export, and says what is wrong with it.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, Write};
use std::path::Path;

use gdkrecord::Recording;

use crate::args::CheckArgs;
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::quantity::Quantity;
use crate::{files, json_read};

/// Runs `check`; `true` where nothing was found.
pub fn run(args: &CheckArgs) -> Result<bool> {
    let (file, name) = if files::is_standard(&args.file) {
        (files::spool()?, Path::new("standard input"))
    } else {
        let opened = File::open(&args.file);
        let failed = |error| gdkrecord::Error::Io { what: "open", path: args.file.clone(), error };
        (opened.map_err(failed)?, args.file.as_path())
    };
    let (count, what, found) = if is_json(&file) { json(file)? } else { recording(file, name)? };
    let say = || -> io::Result<()> {
        let mut out = io::stdout().lock();
        for line in &found {
            writeln!(out, "{}: {line}", name.display())?;
        }
        let verdict = if found.is_empty() { "no damage" } else { "all that is whole was read" };
        writeln!(out, "{}: {} events{what}; {verdict}", name.display(), Quantity::Count(count))
    };
    say().map_err(Failure::writing("to standard output"))?;
    Ok(found.is_empty())
}

fn is_json(mut file: &File) -> bool {
    let mut first = [0; 1];
    let got = file.read(&mut first);
    // What cannot be read or rewound will say so when it is read as a recording.
    file.rewind().is_ok() && matches!(got, Ok(1)) && first == *b"{"
}

type Findings = (u64, String, Vec<String>);

fn json(file: File) -> Result<Findings> {
    let document = json_read::read(BufReader::new(file))?;
    Ok((document.events.len() as u64, " read back from JSON".to_owned(), document.diagnostics))
}

fn recording(file: File, name: &Path) -> Result<Findings> {
    let recording = Recording::from_file(file, name)?;
    let (start, end) = (recording.header().monotonic, recording.info().end);
    let mut progress = Progress::new("check", start, end);
    let mut count = 0;
    for event in recording.events() {
        progress.event(event.time);
        count += 1;
    }
    let what = format!(" in {}", Quantity::Duration(end.saturating_sub(start)));
    Ok((count, what, recording.diagnostics().iter().map(ToString::to_string).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_found_and_its_absence_too() {
        let (folder, recording) = crate::sample::recording();
        let args = CheckArgs { file: recording.path().to_owned() };
        assert!(run(&args).unwrap());
        let cut = folder.path().join("cut.gdkrecord");
        let bytes = std::fs::read(recording.path()).unwrap();
        std::fs::write(&cut, &bytes[..bytes.len() - 1000]).unwrap();
        assert!(!run(&CheckArgs { file: cut }).unwrap());
        assert!(run(&CheckArgs { file: folder.path().join("none") }).is_err());
    }
}
