//! Follows a recording while it is written: hands each event on once, as soon as all of it is there.
//!
//! A record whose duration is not written yet waits, and so does a frame while the dispatch that it lies in goes
//! on, since its phases are filled in as they come. So events come nearly, but not quite, in the order of their
//! times.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use super::stream::Found;
use super::{Place, read_at};
use crate::error::{Diagnostic, Error, Result};
use crate::field::{Bytes, FieldType, Names, Span, Text, Wire};
use crate::kind::{Body, Event, Kind, Record, raw};
use crate::layout::{
    HEAD_USED, Header, HeaderError, RECORD_HEAD, RECORD_MAX, RecordHead, SEGMENT_HEAD, SegmentHead, Stream,
};
use crate::map;
use crate::writer::now;

/// Bytes read at once: some hundred records, and little for a thread that has written none.
const BLOCK: usize = 16 * 1024;
/// A frame can be joined by later phases until it is this old, in nanoseconds.
const FRAME_SETTLES: u64 = 100_000_000;

/// A recording that is being written, and how far it has been read.
#[derive(Debug)]
pub struct Follow {
    file: File,
    path: PathBuf,
    header: Header,
    /// Where the next segment begins that was not there yet.
    end: u64,
    /// Segments that are there and not in use yet.
    idle: Vec<u64>,
    lanes: BTreeMap<Stream, Lane>,
    texts: Vec<Option<Text>>,
    found: Found,
    broken: Vec<Diagnostic>,
}

/// How far one stream has been read.
#[derive(Debug, Default)]
struct Lane {
    /// Segments in the order of their use; the first is being read.
    places: Vec<Place>,
    /// Where its next record begins.
    at: u64,
    /// Records that are not complete yet, by their places in the file.
    waiting: Vec<Waiting>,
    /// The last dispatch that was read.
    dispatch: u64,
}

/// A record that was read, but not handed on.
#[derive(Debug)]
struct Waiting {
    /// Where its payload begins in the file.
    offset: u64,
    length: usize,
    code: u8,
    time: u64,
    /// The dispatch before it, whose end it waits for if it is a frame.
    dispatch: u64,
    /// The payload, where it was complete when the record was read.
    payload: Vec<u8>,
}

impl Names for Follow {
    fn text(&self, id: u32) -> Text {
        match self.texts.get(id as usize) {
            Some(Some(text)) => text.clone(),
            _ => Text::from(format!("?{id}").as_str()),
        }
    }
}

impl Follow {
    /// Opens the recording at `path`, which its writer may have begun this moment.
    ///
    /// A file without a head yet is [`Error::NotARecording`]: try again a little later.
    pub fn open(path: &Path) -> Result<Follow> {
        let file = File::open(path).map_err(|error| Error::Io { what: "open", path: path.to_owned(), error })?;
        let header = head(&file, path)?;
        let end = u64::from(header.head);
        Ok(Follow {
            file,
            path: path.to_owned(),
            header,
            end,
            idle: Vec::new(),
            lanes: BTreeMap::new(),
            texts: vec![Some(Text::from(""))],
            found: Found::default(),
            broken: Vec::new(),
        })
    }

    /// What the head of the file says, as it was when that was read last.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Hands on what is complete since the last call.
    pub fn read(&mut self, each: &mut dyn FnMut(Event)) -> Result<()> {
        self.advance(false, each)
    }

    /// Hands on all that is left; what has no end yet is given without one.
    pub fn finish(&mut self, each: &mut dyn FnMut(Event)) -> Result<()> {
        self.header = head(&self.file, &self.path)?;
        self.advance(true, each)
    }

    /// Whether nobody writes to it any more: the process has closed it, or has gone.
    pub fn ended(&mut self) -> bool {
        if let Ok(header) = head(&self.file, &self.path) {
            self.header = header;
        }
        self.header.closed.is_some() || !map::locked(&self.file)
    }

    /// What was found wrong so far.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let dropped = self.header.dropped.iter().map(|&(code, count)| {
            let kind = Kind::by_code(code).map_or("unknown", |kind| kind.name);
            Diagnostic::Dropped { kind, count: count.into() }
        });
        self.broken.iter().cloned().chain(self.found.diagnostics()).chain(dropped).collect()
    }

    fn advance(&mut self, finish: bool, each: &mut dyn FnMut(Event)) -> Result<()> {
        // Heads first: a stream with a later segment has written all of the one before.
        self.look_for_segments()?;
        let mut threads: Vec<_> = std::mem::take(&mut self.lanes).into_iter().collect();
        // The state stream last, since what a record mentions was defined before it was written; its events are
        // handed on first.
        threads.sort_by_key(|(stream, _)| *stream == Stream::State);
        let mut outcome = Ok(());
        for (_, lane) in &mut threads {
            outcome = outcome.and(self.read_lane(lane));
        }
        threads.reverse();
        for (stream, lane) in &mut threads {
            self.hand_on(*stream, lane, finish, each);
        }
        self.lanes = threads.into_iter().collect();
        outcome
    }

    fn failed(&self) -> impl FnOnce(std::io::Error) -> Error {
        let path = self.path.clone();
        move |error| Error::Io { what: "read", path, error }
    }

    fn look_for_segments(&mut self) -> Result<()> {
        let length = self.file.metadata().map_err(self.failed())?.len();
        while self.end < length {
            self.idle.push(self.end);
            self.end += u64::from(self.header.segment);
        }
        for offset in std::mem::take(&mut self.idle) {
            let mut bytes = [0; SEGMENT_HEAD];
            let got = read_at(&self.file, &mut bytes, offset).map_err(self.failed())?;
            match SegmentHead::decode(&bytes[..got]) {
                Ok(Some(head)) => {
                    let lane = self.lanes.entry(head.stream).or_default();
                    if lane.places.is_empty() {
                        lane.at = offset + SEGMENT_HEAD as u64;
                    }
                    lane.places.push(Place { offset, head });
                }
                Ok(None) => self.idle.push(offset),
                Err(_) if got < SEGMENT_HEAD => self.idle.push(offset),
                Err(_) => self.broken.push(Diagnostic::BadSegment { offset }),
            }
        }
        for lane in self.lanes.values_mut() {
            // The first is being read and is the oldest; of several new ones the sequence tells the order.
            lane.places.sort_by_key(|place| place.head.sequence);
        }
        Ok(())
    }

    /// Reads the records that are new, and defines the texts among them.
    fn read_lane(&mut self, lane: &mut Lane) -> Result<()> {
        let mut block = vec![0; BLOCK];
        while let Some(&place) = lane.places.first() {
            let end = place.offset + u64::from(self.header.segment);
            let wanted = (end.saturating_sub(lane.at) as usize).min(BLOCK);
            let got = read_at(&self.file, &mut block[..wanted], lane.at).map_err(self.failed())?;
            let used = self.read_block(lane, place, &block[..got]);
            lane.at += used as u64;
            if used > 0 {
                continue;
            }
            // Nothing more here; a later segment says that there will not be.
            let Some(next) = lane.places.get(1) else { return Ok(()) };
            lane.at = next.offset + SEGMENT_HEAD as u64;
            lane.places.remove(0);
        }
        Ok(())
    }

    /// The bytes that whole records took.
    fn read_block(&mut self, lane: &mut Lane, place: Place, block: &[u8]) -> usize {
        let mut at = 0;
        while let Some((first, second)) = words(&block[at..]) {
            let Some(head) = RecordHead::decode(first, second) else { break };
            let (begin, end) = (at + RECORD_HEAD, at + head.length);
            let left = place.offset + u64::from(self.header.segment) - lane.at;
            if head.length < RECORD_HEAD || head.length > RECORD_MAX || end as u64 > left {
                // Damage: what follows in this segment cannot be found.
                self.found.torn(lane.at + at as u64);
                return left as usize;
            }
            if end > block.len() {
                break;
            }
            if head.code == raw::Define::CODE {
                self.define(&block[begin..end]);
            } else {
                let offset = lane.at + begin as u64;
                let time = place.head.base.saturating_add(head.time);
                let payload = &block[begin..end];
                let complete = head.code != raw::Frame::CODE && has_end(head.code, payload);
                lane.waiting.push(Waiting {
                    offset,
                    length: payload.len(),
                    code: head.code,
                    time,
                    dispatch: lane.dispatch,
                    payload: if complete { payload.to_vec() } else { Vec::new() },
                });
                if head.code == raw::Dispatch::CODE {
                    lane.dispatch = offset;
                }
            }
            at = end;
        }
        at
    }

    fn define(&mut self, mut payload: &[u8]) {
        let input = &mut payload;
        let (Some(id), Some(text)) = (u32::take(input), Bytes::take(input)) else { return };
        let id = id as usize;
        // Ids count up; one far beyond is damage, and must not take gigabytes.
        if id > self.texts.len() + 4096 {
            return;
        }
        if id >= self.texts.len() {
            self.texts.resize(id + 1, None);
        }
        self.texts[id] = Some(Text::from(text.0.as_str()));
    }

    fn hand_on(&mut self, stream: Stream, lane: &mut Lane, finish: bool, each: &mut dyn FnMut(Event)) {
        let thread = match stream {
            Stream::State => 0,
            Stream::Thread(thread) => thread,
        };
        let settled = now().saturating_sub(FRAME_SETTLES);
        let mut open: Vec<u64> = Vec::new();
        for mut one in std::mem::take(&mut lane.waiting) {
            let mut whole = true;
            if one.payload.is_empty() {
                one.payload.resize(one.length, 0);
                whole = read_at(&self.file, &mut one.payload, one.offset).is_ok_and(|got| got == one.length);
            }
            let complete = has_end(one.code, &one.payload)
                && (one.code != raw::Frame::CODE || (one.time < settled && !open.contains(&one.dispatch)));
            if whole && !complete && !finish {
                if one.code == raw::Dispatch::CODE {
                    open.push(one.offset);
                }
                one.payload.clear();
                lane.waiting.push(one);
                continue;
            }
            match Body::decode(one.code, &one.payload, &*self) {
                Some(body) => each(Event { time: one.time, thread, body }),
                None if Kind::by_code(one.code).is_some() => self.found.torn(one.offset - RECORD_HEAD as u64),
                None => self.found.unknown(one.code),
            }
        }
    }
}

fn head(file: &File, path: &Path) -> Result<Header> {
    let mut bytes = vec![0; HEAD_USED];
    let got = read_at(file, &mut bytes, 0).map_err(|error| Error::Io { what: "read", path: path.to_owned(), error })?;
    Header::decode(&bytes[..got]).map_err(|error| match error {
        HeaderError::Magic => Error::NotARecording(path.to_owned()),
        HeaderError::Version(version) => Error::TooNew { path: path.to_owned(), version },
    })
}

fn words(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut input = bytes;
    Some((u32::take(&mut input)?, u32::take(&mut input)?))
}

/// Whether the record is of a kind without a duration, or its duration is written.
fn has_end(code: u8, mut payload: &[u8]) -> bool {
    let timed = Kind::by_code(code)
        .and_then(|kind| kind.fields.first())
        .is_some_and(|field| field.name == "duration" && field.of == FieldType::Span);
    !timed || u32::take(&mut payload) != Some(Span::UNKNOWN.bits())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::Maybe;
    use crate::options::Options;
    use crate::writer::Recorder;

    fn dispatch(source: crate::field::TextId) -> raw::Dispatch {
        raw::Dispatch { duration: Span::UNKNOWN, source, callback: source, priority: 0, late: Maybe(None) }
    }

    fn sources(events: &[Event]) -> Vec<(String, Option<u64>)> {
        let of = |event: &Event| match &event.body {
            Body::Dispatch(dispatch) => Some((dispatch.source.to_string(), dispatch.duration.ns())),
            _ => None,
        };
        events.iter().filter_map(of).collect()
    }

    #[test]
    fn each_event_comes_once_and_when_it_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gdkrecord");
        let options = Options { filename: Some(path.display().to_string()), ..Options::default() };
        let recorder = Recorder::create(&options, "test").unwrap();
        let mut lane = recorder.lane();
        let outer = lane.begin(now(), &dispatch(recorder.text("outer")));
        let inner = lane.begin(now(), &dispatch(recorder.text("inner")));
        lane.end(inner.unwrap(), inner.unwrap().time() + 64);

        let mut follow = Follow::open(&path).unwrap();
        let mut events = Vec::new();
        follow.read(&mut |event| events.push(event)).unwrap();
        assert_eq!(sources(&events), [("inner".into(), Some(64))], "{events:?}");
        events.clear();
        lane.end(outer.unwrap(), outer.unwrap().time() + 128);
        let last = lane.begin(now(), &dispatch(recorder.text("last")));
        follow.read(&mut |event| events.push(event)).unwrap();
        assert_eq!(sources(&events), [("outer".into(), Some(128))]);
        events.clear();
        assert!(!follow.ended() && last.is_some());
        recorder.close();
        assert!(follow.ended());
        follow.finish(&mut |event| events.push(event)).unwrap();
        assert_eq!(sources(&events), [("last".into(), None)]);
        assert!(follow.diagnostics().is_empty());
    }

    #[test]
    fn many_segments_are_followed_to_the_last_record() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gdkrecord");
        let options = Options { filename: Some(path.display().to_string()), ..Options::default() };
        let recorder = Recorder::create(&options, "test").unwrap();
        let mut follow = Follow::open(&path).unwrap();
        let text = recorder.text("x");
        let mut lane = recorder.lane();
        let (mut seen, mut written) = (0, 0);
        for _ in 0..20 {
            for _ in 0..3000 {
                let open = lane.begin(now(), &dispatch(text)).unwrap();
                lane.end(open, open.time() + 1);
                written += 1;
            }
            follow.read(&mut |event| seen += sources(&[event]).len()).unwrap();
            assert_eq!(seen, written);
        }
    }
}
