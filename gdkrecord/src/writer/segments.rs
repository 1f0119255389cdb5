//! Makes segments ready before they are needed, takes them back, and uses them again in a ring.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::layout::{HEAD, SEGMENT, SegmentHead, Stream};
use crate::map::{self, Shared};
use crate::options::Options;

/// How many segments the helper keeps ready: a burst of some 25,000 records finds them before it must allocate.
const SPARES: usize = 3;
/// How long to wait after the disk refused, before it is asked again: trying costs microseconds.
const RETRY_NS: u64 = 1_000_000_000;

/// A segment in use by one lane.
#[derive(Debug)]
pub struct Segment {
    pub shared: Shared,
    /// Which segment of the file it is.
    pub index: u32,
    pub sequence: u64,
    pub base: u64,
}

/// All segments of a file.
#[derive(Debug)]
pub struct Segments {
    file: File,
    inner: Mutex<Inner>,
    wake: Condvar,
    dropped: Vec<AtomicU32>,
    /// Nanoseconds that a ring keeps.
    ring: Option<u64>,
    /// The most segments.
    most: u32,
}

#[derive(Debug, Default)]
struct Inner {
    /// Ready to use; the first made goes first, so that what is unused at the end lies at the file's end.
    spares: VecDeque<(u32, Shared)>,
    /// Segments that the lanes are done with, to unmap.
    retired: Vec<Segment>,
    /// Unmapped segments of a ring, the oldest first: index and time of the last record.
    old: VecDeque<(u32, u64)>,
    /// How many segments the file has.
    count: u32,
    sequence: u64,
    /// The sequence number with which each segment is in use, by index.
    used: Vec<u64>,
    refused: u64,
    finished: bool,
}

impl Segments {
    pub fn new(file: File, options: &Options) -> Segments {
        let most = options.max.map_or(u32::MAX, |bytes| {
            // State, the main thread, and one to go on with are the least that works.
            (bytes.saturating_sub(HEAD as u64) / SEGMENT as u64).clamp(3, u64::from(u32::MAX)) as u32
        });
        Segments {
            file,
            inner: Mutex::default(),
            wake: Condvar::new(),
            dropped: (0..256).map(|_| AtomicU32::new(0)).collect(),
            ring: options.ring.map(|seconds| seconds.saturating_mul(1_000_000_000)),
            most,
        }
    }

    /// Makes the first segment ready, so that an unwritable place shows at once.
    pub fn prepare(&self) -> io::Result<()> {
        let mut inner = self.lock();
        let spare = self.make(&mut inner)?;
        inner.spares.push_back(spare);
        Ok(())
    }

    /// Counts a record that found no place.
    pub fn drop_one(&self, code: u8) {
        self.dropped[usize::from(code)].fetch_add(1, Ordering::Relaxed);
    }

    pub fn dropped(&self) -> &[AtomicU32] {
        &self.dropped
    }

    /// A segment to write into; `None` where the disk is full or the file at its maximum.
    pub fn next(&self, stream: Stream, time: u64) -> Option<Segment> {
        let mut inner = self.lock();
        if inner.finished {
            return None;
        }
        let (index, mut shared) = match inner.spares.pop_front() {
            Some(spare) => spare,
            None if time.saturating_sub(inner.refused) < RETRY_NS => return None,
            None => match self.make(&mut inner) {
                Ok(spare) => spare,
                Err(_) => {
                    inner.refused = time;
                    return None;
                }
            },
        };
        inner.sequence += 1;
        let sequence = inner.sequence;
        if let Some(used) = inner.used.get_mut(index as usize) {
            *used = sequence;
        }
        drop(inner);
        self.wake.notify_one();
        let head = SegmentHead { stream, sequence: 0, base: time }.encode();
        shared.bytes()[..head.len()].copy_from_slice(&head);
        shared.long(SegmentHead::SEQUENCE).store(sequence, Ordering::Release);
        Some(Segment { shared, index, sequence, base: time })
    }

    /// Takes a segment back that its lane is done with; `last` is the time of its last record.
    pub fn retire(&self, segment: Segment, last: u64, stream: Stream) {
        let mut inner = self.lock();
        if self.ring.is_some() && stream != Stream::State {
            inner.old.push_back((segment.index, last));
        }
        inner.retired.push(segment);
        drop(inner);
        self.wake.notify_one();
    }

    /// Writes a word of a segment that its lane is done with, unless it was used again.
    pub fn patch(&self, index: u32, sequence: u64, at: usize, value: u32) {
        let inner = self.lock();
        if inner.used.get(index as usize) == Some(&sequence) {
            // Failing to write an end loses the end alone, and there is no one to tell.
            let _ = self.file.write_all_at(&value.to_le_bytes(), offset(index) + at as u64);
        }
    }

    /// No more segments; gives the space of the spares back. Returns the bytes of the file.
    pub fn finish(&self) -> u64 {
        let mut inner = self.lock();
        inner.finished = true;
        inner.spares.clear();
        let end = inner.used.iter().rposition(|&sequence| sequence != 0).map_or(0, |last| last + 1);
        let _ = self.file.set_len(offset(end as u32));
        drop(inner);
        self.wake.notify_one();
        self.file.metadata().map_or(0, |metadata| metadata.len())
    }

    /// Makes one segment ready: an old one of the ring, or a new one at the end of the file.
    fn make(&self, inner: &mut Inner) -> io::Result<(u32, Shared)> {
        if let Some(keep) = self.ring {
            let full = inner.count >= self.most;
            let stale = inner.old.front().is_some_and(|&(_, last)| super::now().saturating_sub(last) > keep);
            if (stale || (full && !inner.old.is_empty()))
                && let Some((index, _)) = inner.old.pop_front()
            {
                inner.retired.retain(|segment| segment.index != index);
                return self.renew(inner, index);
            }
        }
        if inner.count >= self.most {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let index = inner.count;
        map::allocate(&self.file, offset(index), SEGMENT)?;
        let shared = Shared::map(&self.file, offset(index), SEGMENT)?;
        inner.count += 1;
        inner.used.push(0);
        Ok((index, shared))
    }

    /// Empties a segment that a ring uses again.
    fn renew(&self, inner: &mut Inner, index: u32) -> io::Result<(u32, Shared)> {
        if let Some(used) = inner.used.get_mut(index as usize) {
            *used = 0;
        }
        let mut shared = Shared::map(&self.file, offset(index), SEGMENT)?;
        shared.long(SegmentHead::SEQUENCE).store(0, Ordering::Release);
        shared.bytes().fill(0);
        Ok((index, shared))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn offset(index: u32) -> u64 {
    HEAD as u64 + u64::from(index) * SEGMENT as u64
}

/// Starts the thread that makes segments ready and unmaps used ones. Without it the lanes do that themselves.
pub fn spawn_helper(segments: Arc<Segments>) {
    let work = move || {
        let mut inner = segments.lock();
        while !inner.finished {
            let retired = std::mem::take(&mut inner.retired);
            if !retired.is_empty() {
                drop(inner);
                drop(retired);
                inner = segments.lock();
                continue;
            }
            // A lane that needs a segment meanwhile waits for this allocation instead of making its own.
            if inner.spares.len() < SPARES
                && inner.count < segments.most
                && let Ok(spare) = segments.make(&mut inner)
            {
                inner.spares.push_back(spare);
                drop(inner);
                inner = segments.lock();
                continue;
            }
            let wait = segments.wake.wait_timeout(inner, Duration::from_secs(3600));
            inner = wait.unwrap_or_else(PoisonError::into_inner).0;
        }
    };
    // A process at its limit of threads records all the same.
    let thread = std::thread::Builder::new().name("gdkrecord".into()).stack_size(64 * 1024);
    let _ = map::without_signals(|| thread.spawn(work));
}
