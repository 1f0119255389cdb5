//! One thread's way into the file: the hot path.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::segments::{Segment, Segments};
use crate::field::Span;
use crate::kind::Record;
use crate::layout::{RECORD_HEAD, RECORD_MAX, RecordHead, SEGMENT, SEGMENT_HEAD, Stream, TIME_BITS, record_length};
use crate::map::Alive;

/// Writes one stream's records, in the order of their times.
#[derive(Debug)]
pub struct Lane {
    segment: Option<Segment>,
    /// Where the next record begins.
    at: usize,
    /// The time of the last record: a record's time never runs back in its lane.
    last: u64,
    stream: Stream,
    segments: Arc<Segments>,
    alive: Alive,
    dropped: bool,
}

/// A record whose fields can still be written.
#[derive(Clone, Copy, Debug)]
pub struct Open {
    sequence: u64,
    index: u32,
    at: u32,
    time: u64,
}

impl Open {
    /// The time of its begin.
    pub fn time(&self) -> u64 {
        self.time
    }
}

/// What is left of the lane of a thread that has ended: the next thread goes on behind its last record, so that
/// short-lived threads cost neither a segment nor an index each.
#[derive(Debug)]
pub struct Rest {
    index: u16,
    segment: Option<Segment>,
    at: usize,
    last: u64,
}

impl Rest {
    /// The lane of an index that no thread had yet.
    pub fn new(index: u16) -> Rest {
        Rest { index, segment: None, at: SEGMENT, last: 0 }
    }
}

impl Lane {
    pub(super) fn for_state(segments: Arc<Segments>, alive: Alive) -> Lane {
        Lane { segment: None, at: SEGMENT, last: 0, stream: Stream::State, segments, alive, dropped: false }
    }

    pub(super) fn for_thread(segments: Arc<Segments>, alive: Alive) -> Lane {
        let Rest { index, segment, at, last } = segments.lane();
        Lane { segment, at, last, stream: Stream::Thread(index), segments, alive, dropped: false }
    }

    pub(super) fn stream(&self) -> Stream {
        self.stream
    }

    /// No record that follows is earlier.
    pub(super) fn begin_at(&mut self, time: u64) {
        self.last = self.last.max(time);
    }

    /// The time of the last record: one that follows stands there with that time at least.
    #[inline]
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Appends a record that is complete.
    #[inline]
    pub fn push<R: Record>(&mut self, time: u64, record: &R) {
        self.begin(time, record);
    }

    /// Appends a record whose end is not known yet; `None` where it was dropped, and counted.
    #[inline]
    pub fn begin<R: Record>(&mut self, time: u64, record: &R) -> Option<Open> {
        if !self.alive.get() {
            return None;
        }
        let length = record_length(record.size());
        let time = time.max(self.last);
        let roll = match &self.segment {
            Some(segment) => self.at + length > SEGMENT || (time - segment.base) >> TIME_BITS != 0,
            None => true,
        };
        if (roll && !self.roll(time)) || length > RECORD_MAX {
            self.dropped = true;
            self.segments.drop_one(R::CODE);
            return None;
        }
        let segment = self.segment.as_mut()?;
        let at = self.at;
        record.put(&mut segment.shared.bytes()[at + RECORD_HEAD..at + length]);
        let (first, second) = RecordHead { code: R::CODE, length, time: time - segment.base }.encode();
        segment.shared.word(at + 4).store(second, Ordering::Relaxed);
        segment.shared.word(at).store(first, Ordering::Release);
        self.at = at + length;
        self.last = time;
        Some(Open { sequence: segment.sequence, index: segment.index, at: at as u32, time })
    }

    /// Writes the duration, the first field of the record.
    #[inline]
    pub fn end(&mut self, open: Open, now: u64) {
        self.patch(&open, 0, Span::from_ns(now.saturating_sub(open.time)).bits());
    }

    /// Writes a 32-bit field at a byte of the payload that is a multiple of 4.
    #[inline]
    pub fn patch(&mut self, open: &Open, payload: usize, value: u32) {
        if !self.alive.get() {
            return;
        }
        let at = open.at as usize + RECORD_HEAD + payload;
        match &self.segment {
            Some(segment) if segment.sequence == open.sequence => {
                segment.shared.word(at).store(value, Ordering::Relaxed);
            }
            _ => self.segments.patch(open.index, open.sequence, at, value),
        }
    }

    /// Whether records were dropped since it was asked last.
    pub(super) fn take_dropped(&mut self) -> bool {
        std::mem::take(&mut self.dropped)
    }

    #[cold]
    fn roll(&mut self, time: u64) -> bool {
        let full = self.segment.take().map(|segment| (segment, self.last));
        self.at = SEGMENT;
        self.segment = self.segments.next(full, self.stream, time);
        if self.segment.is_some() {
            self.at = SEGMENT_HEAD;
        }
        self.segment.is_some()
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        let segment = self.segment.take();
        if !self.alive.get() {
            // In a forked child the lock may be held by a thread that does not exist; the mapping stays.
            std::mem::forget(segment);
            return;
        }
        match self.stream {
            Stream::Thread(index) => self.segments.hand_on(Rest { index, segment, at: self.at, last: self.last }),
            Stream::State => drop(segment),
        }
    }
}
