//! Makes segments ready before they are needed, takes them back, and uses them again in a ring.
//!
//! Segments are allocated, mapped and emptied outside of the lock: under it their places are only reserved, so
//! that a lane never waits for an allocation that another one, or the helper, is making.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::lane::Rest;
use crate::layout::{HEAD, SEGMENT, SegmentHead, Stream};
use crate::map::{self, Shared};
use crate::options::Options;

/// How many segments the helper keeps ready: a burst of some 7,000 records finds them before it must allocate.
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
    lanes: Mutex<Lanes>,
    /// Allocates and maps the segment at an offset; a test has one that takes its time.
    make: fn(&File, u64) -> io::Result<Shared>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Ready to use; the first made goes first, so that what is unused at the end lies at the file's end.
    spares: VecDeque<(u32, Shared)>,
    /// How many the helper is making.
    coming: usize,
    /// Segments that the lanes are done with, to unmap.
    retired: Vec<Segment>,
    /// Segments of a ring that are not in use any more, the oldest first: index and time of the last record.
    old: VecDeque<(u32, u64)>,
    /// Places in the file for which there was no room when they were asked for.
    refused_places: Vec<u32>,
    /// How many segments the file has.
    count: u32,
    sequence: u64,
    /// The sequence number with which each segment is in use, by index.
    used: Vec<u64>,
    refused: u64,
    finished: bool,
}

/// The lanes of threads.
#[derive(Debug, Default)]
struct Lanes {
    /// Those of threads that have ended.
    idle: Vec<Rest>,
    /// How many indexes were given out.
    count: u16,
}

/// The place of a segment that is to be made.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// Not allocated yet.
    New(u32),
    /// Of a ring, to be emptied.
    Old(u32),
}

impl Place {
    fn index(self) -> u32 {
        match self {
            Place::New(index) | Place::Old(index) => index,
        }
    }
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
            lanes: Mutex::default(),
            make: |file, offset| {
                map::allocate(file, offset, SEGMENT)?;
                Shared::map(file, offset, SEGMENT)
            },
        }
    }

    /// Makes the first segment ready, so that an unwritable place shows at once.
    pub fn prepare(&self) -> io::Result<()> {
        let place = self.reserve(&mut self.lock()).ok_or(io::ErrorKind::QuotaExceeded)?;
        let spare = self.make(place)?;
        self.lock().spares.push_back((place.index(), spare));
        Ok(())
    }

    /// Counts a record that found no place.
    pub fn drop_one(&self, code: u8) {
        self.dropped[usize::from(code)].fetch_add(1, Ordering::Relaxed);
    }

    pub fn dropped(&self) -> &[AtomicU32] {
        &self.dropped
    }

    /// The lane of a thread that has ended, or of a new index. The last index means no thread: it is given out
    /// where 65,535 threads live at once, and finds no segment.
    pub fn lane(&self) -> Rest {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.idle.pop().unwrap_or_else(|| {
            let index = lanes.count;
            lanes.count = index.saturating_add(1);
            Rest::new(index)
        })
    }

    /// Takes the lane of a thread that ends, for the next thread.
    pub fn hand_on(&self, rest: Rest) {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner).idle.push(rest);
    }

    /// A segment to write into, for one that is full, with the time of its last record; `None` where the disk is
    /// full or the file at its maximum.
    pub fn next(&self, full: Option<(Segment, u64)>, stream: Stream, time: u64) -> Option<Segment> {
        if stream == Stream::Thread(u16::MAX) {
            return None;
        }
        let mut inner = self.lock();
        if let Some((segment, last)) = full {
            if self.ring.is_some() && stream != Stream::State {
                inner.old.push_back((segment.index, last));
            }
            inner.retired.push(segment);
        }
        if inner.finished {
            return None;
        }
        let (index, mut shared) = match inner.spares.pop_front() {
            Some(spare) => spare,
            None if time.saturating_sub(inner.refused) < RETRY_NS => return None,
            None => {
                let place = self.reserve(&mut inner)?;
                drop(inner);
                let made = self.make(place);
                inner = self.lock();
                match made {
                    Ok(_) if inner.finished => {
                        self.trim(&inner);
                        return None;
                    }
                    Ok(shared) => (place.index(), shared),
                    Err(_) => {
                        inner.give_back(place);
                        inner.refused = time;
                        return None;
                    }
                }
            }
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
        let spares = std::mem::take(&mut inner.spares);
        let length = self.trim(&inner);
        drop(inner);
        drop(spares);
        self.wake.notify_one();
        length
    }

    /// Cuts the file behind its last segment in use, and gives its length.
    fn trim(&self, inner: &Inner) -> u64 {
        let end = inner.used.iter().rposition(|&sequence| sequence != 0).map_or(0, |last| last + 1);
        let length = offset(end as u32);
        let _ = self.file.set_len(length);
        length
    }

    /// A place for one segment more: an old one of the ring, or at the end of the file; `None` at its maximum.
    fn reserve(&self, inner: &mut Inner) -> Option<Place> {
        if let Some(keep) = self.ring {
            let full = inner.count >= self.most;
            let stale = inner.old.front().is_some_and(|&(_, last)| super::now().saturating_sub(last) > keep);
            if (stale || full)
                && let Some((index, _)) = inner.old.pop_front()
            {
                // From now on nobody patches it.
                if let Some(used) = inner.used.get_mut(index as usize) {
                    *used = 0;
                }
                return Some(Place::Old(index));
            }
        }
        if let Some(index) = inner.refused_places.pop() {
            return Some(Place::New(index));
        }
        if inner.count >= self.most {
            return None;
        }
        inner.count += 1;
        inner.used.push(0);
        Some(Place::New(inner.count - 1))
    }

    /// Makes a reserved segment. Takes the time of the disk: never called under the lock.
    fn make(&self, place: Place) -> io::Result<Shared> {
        match place {
            Place::New(index) => (self.make)(&self.file, offset(index)),
            Place::Old(index) => {
                let mut shared = Shared::map(&self.file, offset(index), SEGMENT)?;
                shared.long(SegmentHead::SEQUENCE).store(0, Ordering::Release);
                shared.bytes().fill(0);
                Ok(shared)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// A reserved place for which no segment could be made.
    fn give_back(&mut self, place: Place) {
        match place {
            Place::New(index) => self.refused_places.push(index),
            Place::Old(index) => self.old.push_front((index, 0)),
        }
    }
}

fn offset(index: u32) -> u64 {
    HEAD as u64 + u64::from(index) * SEGMENT as u64
}

/// Starts the thread that makes segments ready and unmaps used ones. Without it the lanes do that themselves.
pub fn spawn_helper(segments: Arc<Segments>) {
    // A process at its limit of threads records all the same.
    let thread = std::thread::Builder::new().name("gdkrecord".into()).stack_size(64 * 1024);
    let _ = map::without_signals(|| thread.spawn(move || help(&segments)));
}

fn help(segments: &Segments) {
    let mut inner = segments.lock();
    while !inner.finished {
        let retired = std::mem::take(&mut inner.retired);
        if !retired.is_empty() {
            drop(inner);
            drop(retired);
            inner = segments.lock();
            continue;
        }
        // At its maximum a ring has no spares: they would be taken from what it keeps.
        let wanted = inner.spares.len() + inner.coming < SPARES && inner.count < segments.most;
        if wanted && let Some(place) = segments.reserve(&mut inner) {
            inner.coming += 1;
            drop(inner);
            let made = segments.make(place);
            inner = segments.lock();
            inner.coming -= 1;
            match made {
                Ok(_) if inner.finished => drop(segments.trim(&inner)),
                Ok(shared) => {
                    inner.spares.push_back((place.index(), shared));
                    continue;
                }
                // The next lane that needs one tries again.
                Err(_) => inner.give_back(place),
            }
            if inner.finished {
                break;
            }
        }
        let wait = segments.wake.wait_timeout(inner, Duration::from_secs(3600));
        inner = wait.unwrap_or_else(PoisonError::into_inner).0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// Taken by a segment that is being made: as long as it is held, none gets done.
    static DISK: Mutex<()> = Mutex::new(());

    #[test]
    fn a_lane_does_not_wait_for_the_helpers_allocation() {
        let mut segments = Segments::new(tempfile::tempfile().unwrap(), &Options::default());
        segments.prepare().unwrap();
        segments.make = |file, offset| {
            let _held = DISK.lock();
            map::allocate(file, offset, SEGMENT)?;
            Shared::map(file, offset, SEGMENT)
        };
        let segments = Arc::new(segments);
        let slow = DISK.lock().unwrap();
        spawn_helper(Arc::clone(&segments));
        while segments.inner.lock().unwrap().coming == 0 {
            std::thread::yield_now();
        }
        let (tell, told) = mpsc::channel();
        let lane = Arc::clone(&segments);
        std::thread::spawn(move || tell.send(lane.next(None, Stream::Thread(0), super::super::now()).is_some()));
        assert_eq!(told.recv_timeout(Duration::from_secs(10)), Ok(true), "the spare was ready, and it waited");
        drop(slow);
        segments.finish();
    }
}
