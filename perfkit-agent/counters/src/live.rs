//! A file of values that is being written: read again and again, whatever becomes of it.
//!
//! It is read with `pread` and not mapped: a mapped file that somebody truncates kills the reader by SIGBUS. The
//! kernel keeps both views the same, and copies aligned words of eight bytes whole.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::layout::HEADER;
use crate::reader::{Layout, Metric, Place, Reading, generation};

/// The most that is read of a file, in bytes: all that 10,000 metrics need.
const LENGTH_MAX: u64 = 64 << 20;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As before.
    Same,
    /// Its metrics are others than before; this is so the first time, too.
    Changed,
    /// Its writer is at work on it: look again.
    Flux,
}

/// Opens a plain file; a pipe of that name must not make the reader wait.
pub(crate) fn open(path: &Path) -> Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path);
    let file = file.map_err(Error::file("open", path))?;
    match file.metadata().is_ok_and(|meta| meta.is_file()) {
        true => Ok(file),
        false => Err(Error::Garbage("no plain file")),
    }
}

/// A file of values.
#[derive(Debug)]
pub struct Live {
    file: File,
    path: PathBuf,
    layout: Option<Layout>,
    bytes: Vec<u8>,
}

impl Live {
    /// Opens a file; nothing is read yet.
    pub fn open(path: &Path) -> Result<Live> {
        Ok(Live { file: open(path)?, path: path.to_owned(), layout: None, bytes: Vec::new() })
    }

    /// Whether another file lies at its path by now, or none.
    pub fn replaced(&self) -> bool {
        let ours = self.file.metadata().map(|meta| (meta.dev(), meta.ino()));
        let there = std::fs::metadata(&self.path).map(|meta| (meta.dev(), meta.ino()));
        !matches!((ours, there), (Ok(ours), Ok(there)) if ours == there)
    }

    /// What is where in it, after the first [`Live::sample`].
    pub fn layout(&self) -> Option<&Layout> {
        self.layout.as_ref()
    }

    /// Reads it. An error where it is garbage by now; it may be whole again the next time.
    pub fn sample(&mut self) -> Result<State> {
        let mut header = [0; HEADER];
        let known = self.layout.as_ref().map(|layout| layout.generation);
        let same = self.file.read_exact_at(&mut header, 0).is_ok() && known.is_some() && generation(&header) == known;
        if same && self.read_values() {
            return Ok(State::Same);
        }
        self.layout = None;
        self.read_all()?;
        match Layout::parse(&self.bytes)? {
            // The generation is read again after everything else.
            Some(layout) if self.still(layout.generation) => self.layout = Some(layout),
            _ => return Ok(State::Flux),
        }
        Ok(State::Changed)
    }

    /// Every value of the last sample that was not in flux; `wall` is the wall clock in microseconds.
    pub fn values(&self, wall: i64, each: &mut dyn FnMut(&Metric, &Place, Reading)) {
        let Some(layout) = &self.layout else { return };
        for place in &layout.places {
            each(&layout.metrics[place.metric], place, layout.read(place, &self.bytes, wall));
        }
    }

    /// Reads the part with the values again, and texts with it; false where the file has changed.
    fn read_values(&mut self) -> bool {
        let Some(layout) = &self.layout else { return false };
        let generation = layout.generation;
        let texts = layout.metrics.iter().any(|metric| metric.of == crate::Type::Text);
        let first = layout.places.iter().map(|place| place.at).min();
        let last = layout.places.iter().map(|place| place.at + crate::layout::VALUE).max();
        let range = match (texts, first, last) {
            (true, ..) => 0..self.bytes.len(),
            (false, Some(first), Some(last)) => first..last.min(self.bytes.len()),
            _ => 0..0,
        };
        let read = match self.bytes.get_mut(range.clone()) {
            Some(part) => self.file.read_exact_at(part, range.start as u64).is_ok(),
            None => false,
        };
        read && self.still(generation)
    }

    fn still(&self, expected: u64) -> bool {
        let mut header = [0; HEADER];
        self.file.read_exact_at(&mut header, 0).is_ok() && generation(&header) == Some(expected)
    }

    fn read_all(&mut self) -> Result<()> {
        let length = self.file.metadata().map_err(Error::file("look at", &self.path))?.len();
        self.bytes.clear();
        self.bytes.resize(length.min(LENGTH_MAX) as usize, 0);
        let mut read = 0;
        while read < self.bytes.len() {
            match self.file.read_at(&mut self.bytes[read..], read as u64) {
                // It was truncated meanwhile.
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::file("read", &self.path)(error)),
            }
        }
        self.bytes.truncate(read);
        Ok(())
    }
}
