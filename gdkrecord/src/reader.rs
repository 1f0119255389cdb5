//! Reads a recording: finished, still growing, or cut anywhere.
//!
//! [`Recording::open`] scans the segments' heads and the state stream, which is small; [`Recording::events`]
//! then streams all events in the order of their times, holding one segment of each thread in memory.

mod follow;
mod info;
mod stream;

pub use follow::Follow;
pub use info::{Info, WindowInfo};
pub use stream::Events;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::error::{Diagnostic, Error, Result};
use crate::layout::{HEAD_USED, Header, HeaderError, SEGMENT_HEAD, SegmentHead, Stream};
use crate::map;
use crate::texts::Texts;

/// A recording opened for reading.
#[derive(Debug)]
pub struct Recording {
    file: File,
    path: PathBuf,
    header: Header,
    /// Bytes of the file when it was opened.
    length: u64,
    segments: BTreeMap<Stream, Vec<Place>>,
    texts: Texts,
    info: Info,
    found: Vec<Diagnostic>,
    /// What the latest iteration found.
    read: Mutex<stream::Found>,
}

/// Where a segment lies.
#[derive(Clone, Copy, Debug)]
struct Place {
    offset: u64,
    head: SegmentHead,
}

impl Recording {
    /// Opens the recording at `path`.
    pub fn open(path: &Path) -> Result<Recording> {
        let file = File::open(path).map_err(|error| Error::Io { what: "open", path: path.to_owned(), error })?;
        Recording::from_file(file, path)
    }

    /// From an open file, which must be seekable; `name` is for messages.
    pub fn from_file(file: File, name: &Path) -> Result<Recording> {
        let path = name.to_owned();
        let failed = |error| Error::Io { what: "read", path: name.to_owned(), error };
        let mut head = vec![0; HEAD_USED];
        let got = read_at(&file, &mut head, 0).map_err(failed)?;
        let header = Header::decode(&head[..got]).map_err(|error| match error {
            HeaderError::Magic => Error::NotARecording(name.to_owned()),
            HeaderError::Version(version) => Error::TooNew { path: name.to_owned(), version },
        })?;
        let length = file.metadata().map_err(failed)?.len();
        let mut found = Vec::new();
        let mut segments: BTreeMap<Stream, Vec<Place>> = BTreeMap::new();
        let mut offset = u64::from(header.head);
        while offset < length {
            let mut bytes = [0; SEGMENT_HEAD];
            let got = read_at(&file, &mut bytes, offset).map_err(failed)?;
            match SegmentHead::decode(&bytes[..got]) {
                Ok(Some(head)) => segments.entry(head.stream).or_default().push(Place { offset, head }),
                Ok(None) => {}
                Err(_) if got < SEGMENT_HEAD => {}
                Err(_) => found.push(Diagnostic::BadSegment { offset }),
            }
            offset += u64::from(header.segment);
        }
        // The last segment's end, or where the writer said that the file ends.
        let expected = offset.max(header.length);
        if length < expected {
            found.push(Diagnostic::Cut { length, expected });
        }
        if header.closed.is_none() {
            found.push(if map::locked(&file) { Diagnostic::Growing } else { Diagnostic::NotClosed });
        }
        for &(code, count) in &header.dropped {
            let kind = crate::kind::Kind::by_code(code).map_or("unknown", |kind| kind.name);
            found.push(Diagnostic::Dropped { kind, count: count.into() });
        }
        for places in segments.values_mut() {
            places.sort_by_key(|place| place.head.sequence);
        }
        let mut recording = Recording {
            file,
            path,
            header,
            length,
            segments,
            texts: Texts::default(),
            info: Info::default(),
            found,
            read: Mutex::default(),
        };
        recording.texts = stream::read_texts(&recording);
        recording.info = Info::of(&recording);
        Ok(recording)
    }

    /// What the head of the file says.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Where it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the state stream says of the process, its threads, modules and windows.
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// All events in the order of their times.
    pub fn events(&self) -> Events<'_> {
        Events::new(self, self.segments.keys().copied())
    }

    /// The rarely written events alone: facts, modules, windows.
    fn state_events(&self) -> Events<'_> {
        Events::new(self, self.segments.contains_key(&Stream::State).then_some(Stream::State))
    }

    /// The time of the last record of any stream: reads each stream's last segment.
    fn last_time(&self) -> u64 {
        self.segments.keys().filter_map(|&stream| stream::last_time(self, stream)).max().unwrap_or(0)
    }

    /// What was found wrong when it was opened, and in the latest complete iteration over its events.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let mut all = self.found.clone();
        let read = self.read.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        all.extend(read.diagnostics());
        all
    }
}

/// Reads as much as is there.
fn read_at(file: &File, out: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut got = 0;
    while got < out.len() {
        match file.read_at(&mut out[got..], offset + got as u64) {
            Ok(0) => break,
            Ok(more) => got += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}

#[cfg(test)]
mod tests;
