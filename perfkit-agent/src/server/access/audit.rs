//! The audit log: who did what, and who was refused what, as one JSON line each.
//!
//! It tells names of operations and never what was sent: no headers, no bodies, no queries. Lines are written by a thread
//! of their own, so that no request waits for a disk; those that there is no room for are counted in the next line.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::error::{Error, Result};

/// Lines that wait to be written.
const WAITING: usize = 1_024;

/// Letters of a text that others have a hand in.
const LONGEST: usize = 300;

/// One line.
#[derive(Debug, Default, Serialize)]
pub struct Line<'a> {
    /// Who, as identities are named.
    pub who: &'a str,
    /// From where: an address, or a process.
    pub from: String,
    /// Which operation, by its name; none where it did not come so far.
    pub operation: Option<&'a str>,
    /// The scope that it needs.
    pub scope: Option<&'a str>,
    /// The status of HTTP; none where no HTTP was spoken.
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub ms: Option<f64>,
    /// What there is to be said about it.
    pub detail: Option<&'a str>,
}

/// A line as it is written.
#[derive(Serialize)]
struct Stamped<'a> {
    time: String,
    #[serde(flatten)]
    line: Line<'a>,
    /// Lines that were not written before this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    omitted: Option<u64>,
}

/// The log. Dropping it waits until all is written.
#[derive(Debug)]
pub struct Audit {
    lines: Option<SyncSender<String>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    omitted: AtomicU64,
}

impl Audit {
    /// One that is written to the end of a file, or to standard error, which is the journal's for a service. A file that
    /// was moved away is made anew.
    pub fn open(file: Option<&Path>) -> Result<Audit> {
        let sink = match file {
            None => Sink::Stderr,
            Some(path) => Sink::File(path.to_owned(), open(path).map_err(Error::file("write", path))?),
        };
        let (lines, written) = sync_channel(WAITING);
        let writer = std::thread::Builder::new().name("audit".to_owned()).spawn(move || write(&written, sink));
        let writer = writer.map_err(Error::file("start", Path::new("the audit log's thread")))?;
        Ok(Audit { lines: Some(lines), writer: Mutex::new(Some(writer)), omitted: AtomicU64::new(0) })
    }

    /// Writes a line, when there is room for it.
    pub fn write(&self, line: Line<'_>) {
        let detail = line.detail.map(|text| text.chars().take(LONGEST).collect::<String>());
        let omitted = self.omitted.swap(0, Ordering::Relaxed);
        let time = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
        let line = Line { detail: detail.as_deref(), ..line };
        let stamped = Stamped { time, line, omitted: (omitted > 0).then_some(omitted) };
        let Ok(mut text) = serde_json::to_string(&stamped) else { return };
        text.push('\n');
        if self.lines.as_ref().is_some_and(|lines| lines.try_send(text).is_err()) {
            self.omitted.fetch_add(omitted + 1, Ordering::Relaxed);
        }
    }

    /// Counts a line that is not written.
    pub fn omit(&self) {
        self.omitted.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        self.lines = None;
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let _ = writer.map(JoinHandle::join);
    }
}

enum Sink {
    Stderr,
    File(PathBuf, File),
}

fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

fn write(lines: &Receiver<String>, mut sink: Sink) {
    // A disk that is full is no reason to stop; it is said once.
    let mut failed = false;
    for line in lines {
        let written = match &mut sink {
            Sink::Stderr => std::io::stderr().write_all(line.as_bytes()),
            Sink::File(path, file) => {
                let same = |there: std::fs::Metadata| file.metadata().is_ok_and(|here| here.ino() == there.ino());
                if !std::fs::metadata(&*path).is_ok_and(same)
                    && let Ok(fresh) = open(path)
                {
                    *file = fresh;
                }
                file.write_all(line.as_bytes())
            }
        };
        if let (Err(error), false) = (&written, failed) {
            let _ = writeln!(std::io::stderr(), "perfkit-agent: the audit log cannot be written: {error}");
        }
        failed = written.is_err();
    }
}

/// A duration as lines tell it: milliseconds, to the microsecond.
pub fn ms(took: Duration) -> f64 {
    (took.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_json_in_a_file_of_the_owners_that_may_be_moved_away() {
        let folder = tempfile::tempdir().unwrap();
        let (path, moved) = (folder.path().join("log"), folder.path().join("old"));
        let audit = Audit::open(Some(&path)).unwrap();
        let lines = |path: &Path| std::fs::read_to_string(path).unwrap_or_default().lines().count();
        let wait = |path: &Path| {
            let until = std::time::Instant::now() + Duration::from_secs(10);
            while lines(path) == 0 {
                assert!(std::time::Instant::now() < until);
                std::thread::sleep(Duration::from_millis(5));
            }
        };
        audit.write(Line { who: "token:a", detail: Some("x\ny\u{1b}"), ..Line::default() });
        wait(&path);
        std::fs::rename(&path, &moved).unwrap();
        audit.omit();
        audit.write(Line { who: "token:b", ..Line::default() });
        wait(&path);
        drop(audit);
        let read = |path: &Path| -> serde_json::Value {
            let text = std::fs::read_to_string(path).unwrap();
            assert_eq!(text.lines().count(), 1);
            serde_json::from_str(&text).unwrap()
        };
        assert_eq!(read(&moved)["detail"], "x\ny\u{1b}");
        assert_eq!(read(&path)["omitted"], 1);
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_log_that_cannot_be_made_is_told_at_once() {
        assert!(Audit::open(Some(Path::new("/nowhere/log"))).unwrap_err().to_string().contains("/nowhere/log"));
    }
}
