//! The bytes of a recording: the head of the file, the heads of its segments and of its records.
//!
//! `FORMAT.md` specifies the same in words; a test holds the two together by a golden file.

use crate::field::Wire;

/// The first bytes of every recording.
pub const MAGIC: [u8; 8] = *b"GDKRECRD";
/// Readers refuse a higher one.
pub const VERSION_MAJOR: u16 = 1;
/// Readers accept a higher one: kinds and fields were added.
pub const VERSION_MINOR: u16 = 2;
/// Reads 0x01020304 in the writer's byte order; all of the file is little-endian.
pub const ENDIAN: u32 = 0x0102_0304;
/// Bytes of the file's head: the largest page that Linux uses, so that segments can be mapped everywhere.
pub const HEAD: usize = 64 * 1024;
/// Bytes of the head that mean something; no more of it is allocated.
pub const HEAD_USED: usize = 2048;
/// Bytes of a segment: the largest page that Linux uses. A new one is needed every 2,000 records or so, and a thread
/// that hardly records does not waste much.
pub const SEGMENT: usize = 64 * 1024;
/// The first bytes of every segment in use.
pub const SEGMENT_MAGIC: u32 = 0x4745_5347;
/// Bytes of a segment's head.
pub const SEGMENT_HEAD: usize = 64;
/// Bytes of a record's head.
pub const RECORD_HEAD: usize = 8;
/// Records begin at multiples of this.
pub const ALIGN: usize = 4;
/// The most bytes of a record, head and padding included: 12 bits of 4-byte words.
pub const RECORD_MAX: usize = 4095 * ALIGN;
/// Bits of a record's time, in nanoseconds from its segment's base: 4.9 hours.
pub const TIME_BITS: u32 = 44;

/// Offsets in the file's head.
pub mod head {
    /// [`super::MAGIC`].
    pub const MAGIC: usize = 0;
    /// u16 major, u16 minor.
    pub const VERSION: usize = 8;
    /// [`super::ENDIAN`].
    pub const ENDIAN: usize = 12;
    /// u32: bytes of this head, where the first segment begins.
    pub const HEAD: usize = 16;
    /// u32: bytes of a segment.
    pub const SEGMENT: usize = 20;
    /// u32: [`super::TEXT_KEPT`], [`super::RING`] and [`super::TARGETS`].
    pub const FLAGS: usize = 24;
    /// u32: the recorded process.
    pub const PID: usize = 28;
    /// u64: CLOCK_MONOTONIC nanoseconds at the start.
    pub const MONOTONIC: usize = 32;
    /// u64: CLOCK_REALTIME nanoseconds at the same moment.
    pub const REALTIME: usize = 40;
    /// u64: which process tree wrote it, to tell a sibling's recording from an old one.
    pub const TREE: usize = 48;
    /// u64: CLOCK_MONOTONIC nanoseconds when it was closed; 0 while it is open, and for ever after a kill.
    pub const CLOSED: usize = 56;
    /// u64: bytes of the file when it was closed; 0 before.
    pub const LENGTH: usize = 64;
    /// 256 times u32: how many records of each kind were dropped, by code.
    pub const DROPPED: usize = 1024;
}

/// Flag: key values and typed text are kept.
pub const TEXT_KEPT: u32 = 1;
/// Flag: a ring buffer: old segments were used again.
pub const RING: u32 = 2;
/// Flag: which widgets input goes to is recorded.
pub const TARGETS: u32 = 4;

/// What the head of a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Minor version of the writer.
    pub minor: u16,
    /// Where the first segment begins.
    pub head: u32,
    /// Bytes of a segment.
    pub segment: u32,
    /// [`TEXT_KEPT`], [`RING`] and [`TARGETS`].
    pub flags: u32,
    /// The recorded process.
    pub pid: u32,
    /// CLOCK_MONOTONIC nanoseconds at the start.
    pub monotonic: u64,
    /// CLOCK_REALTIME nanoseconds at the same moment.
    pub realtime: u64,
    /// Which process tree wrote it.
    pub tree: u64,
    /// CLOCK_MONOTONIC nanoseconds when it was closed.
    pub closed: Option<u64>,
    /// Bytes of the file when it was closed; 0 before.
    pub length: u64,
    /// Dropped records by kind code; kinds that lost none are left out.
    pub dropped: Vec<(u8, u32)>,
}

/// Why bytes are no head.
#[derive(Debug, PartialEq, Eq)]
pub enum HeaderError {
    /// Not a recording.
    Magic,
    /// A major version that is not known.
    Version(u16),
}

impl Header {
    /// The head as it lies in the file, without drop counters.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![0; HEAD];
        out[..8].copy_from_slice(&MAGIC);
        VERSION_MAJOR.put(&mut out[head::VERSION..]);
        self.minor.put(&mut out[head::VERSION + 2..]);
        ENDIAN.put(&mut out[head::ENDIAN..]);
        self.head.put(&mut out[head::HEAD..]);
        self.segment.put(&mut out[head::SEGMENT..]);
        self.flags.put(&mut out[head::FLAGS..]);
        self.pid.put(&mut out[head::PID..]);
        self.monotonic.put(&mut out[head::MONOTONIC..]);
        self.realtime.put(&mut out[head::REALTIME..]);
        self.tree.put(&mut out[head::TREE..]);
        self.closed.unwrap_or(0).put(&mut out[head::CLOSED..]);
        self.length.put(&mut out[head::LENGTH..]);
        out
    }

    /// From the first bytes of a file: at least the first 64 must be there.
    pub fn decode(bytes: &[u8]) -> Result<Header, HeaderError> {
        fn at<T: Wire>(bytes: &[u8], offset: usize) -> Result<T, HeaderError> {
            bytes.get(offset..).and_then(|mut rest| T::take(&mut rest)).ok_or(HeaderError::Magic)
        }
        if !bytes.starts_with(&MAGIC) {
            return Err(HeaderError::Magic);
        }
        let major: u16 = at(bytes, head::VERSION)?;
        if major != VERSION_MAJOR {
            return Err(HeaderError::Version(major));
        }
        let header = Header {
            minor: at(bytes, head::VERSION + 2)?,
            head: at(bytes, head::HEAD)?,
            segment: at(bytes, head::SEGMENT)?,
            flags: at(bytes, head::FLAGS)?,
            pid: at(bytes, head::PID)?,
            monotonic: at(bytes, head::MONOTONIC)?,
            realtime: at(bytes, head::REALTIME)?,
            tree: at(bytes, head::TREE)?,
            closed: Some(at(bytes, head::CLOSED)?).filter(|&ns: &u64| ns != 0),
            length: at(bytes, head::LENGTH).unwrap_or(0),
            dropped: (1..=255u8)
                .map(|code| (code, at(bytes, head::DROPPED + 4 * usize::from(code)).unwrap_or(0)))
                .filter(|(_, count)| *count > 0)
                .collect(),
        };
        let sane = at::<u32>(bytes, head::ENDIAN)? == ENDIAN
            && (64..=1 << 20).contains(&header.head)
            && (4096..=1 << 30).contains(&header.segment);
        if sane { Ok(header) } else { Err(HeaderError::Magic) }
    }
}

/// The stream that a segment belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stream {
    /// Texts, facts, windows: never dropped.
    State,
    /// What one thread did.
    Thread(u16),
}

/// A segment's head that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged;

/// The head of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHead {
    /// Whose records it holds.
    pub stream: Stream,
    /// Counts the segments of the file in the order in which they were taken into use, from 1.
    pub sequence: u64,
    /// CLOCK_MONOTONIC nanoseconds that its records' times are counted from.
    pub base: u64,
}

impl SegmentHead {
    /// Offset of the sequence number, which is written last: 0 says that the segment is not in use.
    pub const SEQUENCE: usize = 8;

    /// The head without magic and sequence number, which are published when all else is there.
    pub fn encode(&self) -> [u8; SEGMENT_HEAD] {
        let mut out = [0; SEGMENT_HEAD];
        SEGMENT_MAGIC.put(&mut out);
        let (kind, thread) = match self.stream {
            Stream::State => (1u8, 0),
            Stream::Thread(thread) => (2u8, thread),
        };
        kind.put(&mut out[4..]);
        thread.put(&mut out[6..]);
        self.sequence.put(&mut out[Self::SEQUENCE..]);
        self.base.put(&mut out[16..]);
        out
    }

    /// `Ok(None)` for a segment that is not in use.
    pub fn decode(bytes: &[u8]) -> Result<Option<SegmentHead>, Damaged> {
        let mut input = bytes.get(..24).ok_or(Damaged)?;
        let input = &mut input;
        let take = (u32::take(input), u8::take(input), u8::take(input), u16::take(input), u64::take(input));
        let (Some(magic), Some(kind), _, Some(thread), Some(sequence)) = take else { return Err(Damaged) };
        if sequence == 0 {
            return Ok(None);
        }
        let stream = match kind {
            1 => Stream::State,
            2 => Stream::Thread(thread),
            _ => return Err(Damaged),
        };
        if magic != SEGMENT_MAGIC {
            return Err(Damaged);
        }
        Ok(Some(SegmentHead { stream, sequence, base: u64::take(input).ok_or(Damaged)? }))
    }
}

/// The head of a record: two words, of which the first is written last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordHead {
    /// The kind's code.
    pub code: u8,
    /// Bytes of the record, this head and padding included.
    pub length: usize,
    /// Nanoseconds from the segment's base.
    pub time: u64,
}

impl RecordHead {
    /// First and second word.
    #[inline(always)]
    pub fn encode(self) -> (u32, u32) {
        let words = (self.length / ALIGN) as u32;
        (u32::from(self.code) | words << 8 | ((self.time >> 32) as u32) << 20, self.time as u32)
    }

    /// `None` where the first word is 0: there is no record yet.
    #[inline(always)]
    pub fn decode(first: u32, second: u32) -> Option<RecordHead> {
        (first != 0).then_some(RecordHead {
            code: first as u8,
            length: ((first >> 8) & 0xfff) as usize * ALIGN,
            time: u64::from(first >> 20) << 32 | u64::from(second),
        })
    }
}

/// Bytes that a record with such a payload takes.
#[inline(always)]
pub const fn record_length(payload: usize) -> usize {
    (RECORD_HEAD + payload).next_multiple_of(ALIGN)
}
