//! Streams events: one cursor for each thread, merged by time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use super::{Place, Recording, read_at};
use crate::error::Diagnostic;
use crate::field::{Bytes, Names, Text, Wire};
use crate::kind::{Body, Event, Record, raw};
use crate::layout::{RECORD_HEAD, RecordHead, SEGMENT_HEAD, SegmentHead, Stream};
use crate::texts::Texts;

/// What an iteration found wrong.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    unknown: BTreeMap<u8, u64>,
    torn: BTreeSet<u64>,
    missing: u64,
}

impl Found {
    /// A record that cannot be whole.
    pub fn torn(&mut self, offset: u64) {
        self.torn.insert(offset);
    }

    /// A record of a kind that is not known.
    pub fn unknown(&mut self, code: u8) {
        *self.unknown.entry(code).or_default() += 1;
    }

    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let unknown = self.unknown.iter().map(|(&code, &count)| Diagnostic::UnknownKind { code, count });
        let torn = self.torn.iter().map(|&offset| Diagnostic::TornRecord { offset });
        let missing = (self.missing > 0).then_some(Diagnostic::MissingText { count: self.missing });
        torn.chain(unknown).chain(missing).collect()
    }
}

/// Walks the records of one stream.
struct Cursor<'a> {
    recording: &'a Recording,
    places: std::slice::Iter<'a, Place>,
    place: Option<Place>,
    bytes: Vec<u8>,
    at: usize,
}

/// A record that is whole, its payload in the cursor's buffer.
struct Whole {
    code: u8,
    time: u64,
    payload: std::ops::Range<usize>,
}

impl<'a> Cursor<'a> {
    fn new(recording: &'a Recording, stream: Stream) -> Cursor<'a> {
        let places = recording.segments.get(&stream).map_or(&[][..], Vec::as_slice);
        Cursor { recording, places: places.iter(), place: None, bytes: Vec::new(), at: 0 }
    }

    fn next(&mut self, found: &mut Found) -> Option<Whole> {
        loop {
            if let Some(place) = self.place
                && let Some(whole) = self.record(place, found)
            {
                return Some(whole);
            }
            let place = *self.places.next()?;
            // A damaged head may claim a gigabyte; what is not in the file needs no room.
            let left = self.recording.length.saturating_sub(place.offset);
            self.bytes.resize(u64::from(self.recording.header.segment).min(left) as usize, 0);
            let got = read_at(&self.recording.file, &mut self.bytes, place.offset).unwrap_or(0);
            self.bytes.truncate(got);
            // A ring may have used the segment again since its head was read.
            let head = SegmentHead::decode(&self.bytes);
            self.place = (head == Ok(Some(place.head))).then_some(place);
            self.at = SEGMENT_HEAD;
        }
    }

    fn record(&mut self, place: Place, found: &mut Found) -> Option<Whole> {
        let mut input = self.bytes.get(self.at..)?;
        let (first, second) = (u32::take(&mut input)?, u32::take(&mut input)?);
        let head = RecordHead::decode(first, second)?;
        let end = self.at + head.length;
        if head.length < RECORD_HEAD || end > self.bytes.len() {
            found.torn(place.offset + self.at as u64);
            self.place = None;
            return None;
        }
        let payload = self.at + RECORD_HEAD..end;
        self.at = end;
        Some(Whole { code: head.code, time: place.head.base.saturating_add(head.time), payload })
    }
}

/// Counts the texts that are mentioned and not defined.
struct Counting<'a> {
    texts: &'a Texts,
    missing: std::cell::Cell<u64>,
}

impl Names for Counting<'_> {
    fn text(&self, id: u32) -> Text {
        if self.texts.get(id).is_none() {
            self.missing.set(self.missing.get() + 1);
        }
        self.texts.text(id)
    }
}

/// The events of a recording, in the order of their times; made by [`Recording::events`].
pub struct Events<'a> {
    recording: &'a Recording,
    lanes: Vec<(Cursor<'a>, u16, Option<Whole>)>,
    heap: BinaryHeap<Reverse<(u64, usize)>>,
    found: Found,
}

impl<'a> Events<'a> {
    pub(super) fn new(recording: &'a Recording, streams: impl IntoIterator<Item = Stream>) -> Events<'a> {
        let mut events = Events { recording, lanes: Vec::new(), heap: BinaryHeap::new(), found: Found::default() };
        for stream in streams {
            let thread = match stream {
                Stream::State => 0,
                Stream::Thread(thread) => thread,
            };
            events.lanes.push((Cursor::new(recording, stream), thread, None));
            events.advance(events.lanes.len() - 1);
        }
        events
    }

    fn advance(&mut self, lane: usize) {
        let (cursor, _, next) = &mut self.lanes[lane];
        *next = cursor.next(&mut self.found);
        if let Some(whole) = next {
            self.heap.push(Reverse((whole.time, lane)));
        }
    }

    /// What this iteration has found wrong so far.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        self.found.diagnostics()
    }
}

impl Iterator for Events<'_> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        loop {
            let Some(Reverse((_, lane))) = self.heap.pop() else {
                let mut read = self.recording.read.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                read.clone_from(&self.found);
                return None;
            };
            let (cursor, thread, whole) = &mut self.lanes[lane];
            let whole = whole.take()?;
            let event = if whole.code == raw::Define::CODE {
                None
            } else {
                let names = Counting { texts: &self.recording.texts, missing: Default::default() };
                let body = Body::decode(whole.code, &cursor.bytes[whole.payload.clone()], &names);
                self.found.missing += names.missing.get();
                if body.is_none() {
                    if crate::kind::Kind::by_code(whole.code).is_some() {
                        let offset = cursor.place.map_or(0, |place| place.offset) + whole.payload.start as u64;
                        self.found.torn(offset - RECORD_HEAD as u64);
                    } else {
                        self.found.unknown(whole.code);
                    }
                }
                body.map(|body| Event { time: whole.time, thread: *thread, body })
            };
            self.advance(lane);
            if event.is_some() {
                return event;
            }
        }
    }
}

/// All texts that the state stream defines.
pub(super) fn read_texts(recording: &Recording) -> Texts {
    let mut defined = Vec::new();
    let mut cursor = Cursor::new(recording, Stream::State);
    let mut found = Found::default();
    while let Some(whole) = cursor.next(&mut found) {
        if whole.code == raw::Define::CODE {
            let input = &mut &cursor.bytes[whole.payload];
            if let (Some(id), Some(text)) = (u32::take(input), Bytes::take(input)) {
                defined.push((id, Text::from(text.0.as_str())));
            }
        }
    }
    Texts::new(defined)
}

/// The time of a stream's last record.
pub(super) fn last_time(recording: &Recording, stream: Stream) -> Option<u64> {
    let places = recording.segments.get(&stream)?;
    let mut cursor = Cursor::new(recording, stream);
    cursor.places = places[places.len().checked_sub(1)?..].iter();
    let mut found = Found::default();
    let mut last = None;
    while let Some(whole) = cursor.next(&mut found) {
        last = Some(whole.time);
    }
    last
}
