//! The frames of Sysprof's captures, as sysprof-capture-types.h of libsysprof-4-dev documents them: bytes in, typed
//! values out. What does not fit is told, and nothing here panics.

/// The head of a file.
pub const HEADER: usize = 256;
/// The head of a frame.
pub const FRAME: usize = 24;
const MAGIC: u32 = 0xfdca_975e;

/// The order of bytes in a capture: that of the machine which wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endian {
    /// The lowest first.
    Little,
    /// The highest first.
    Big,
}

impl Endian {
    /// That of this machine.
    pub const HERE: Endian = if cfg!(target_endian = "little") { Endian::Little } else { Endian::Big };
}

/// The head of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// How all that follows is written.
    pub endian: Endian,
    /// The wall-clock time of its begin, in ISO 8601, as its writer put it.
    pub captured: String,
    /// When it began, in CLOCK_MONOTONIC nanoseconds.
    pub time: i64,
}

/// Reads the head of a file; `None` where it is none of a capture.
pub fn header(bytes: &[u8]) -> Option<Header> {
    let bytes = bytes.get(..HEADER)?;
    // The magic number is little-endian everywhere; a bit-field tells the order of the rest.
    if u32::from_le_bytes(bytes[..4].try_into().ok()?) != MAGIC {
        return None;
    }
    let endian = if bytes[5] & 1 == 1 { Endian::Little } else { Endian::Big };
    let field = Fields { bytes, endian };
    Some(Header { endian, captured: field.text(8, 64), time: field.i64(72)? })
}

/// What all frames say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Bytes of the frame, this head among them.
    pub length: usize,
    /// The processor, -1 where none.
    pub cpu: i16,
    /// The process, -1 where none.
    pub pid: i32,
    /// CLOCK_MONOTONIC nanoseconds.
    pub time: i64,
    /// Its type.
    pub kind: u8,
}

/// Reads the head of a frame; `None` where there are not as many bytes.
pub fn head(bytes: &[u8], endian: Endian) -> Option<Head> {
    let field = Fields { bytes: bytes.get(..FRAME)?, endian };
    Some(Head {
        length: field.u16(0)?.into(),
        cpu: field.u16(2)? as i16,
        pid: field.u32(4)? as i32,
        time: field.i64(8)?,
        kind: field.u8(16)?,
    })
}

/// What a frame says.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Body {
    Timestamp,
    /// A stack, the innermost address first; among them marks that the kernel's or the program's part begins.
    Sample {
        tid: i32,
        addresses: Vec<u64>,
    },
    Map {
        start: u64,
        end: u64,
        offset: u64,
        path: String,
    },
    Process {
        command: String,
    },
    Fork {
        child: i32,
    },
    Exit,
    /// Names of functions that lie in no file.
    Jitmap(Vec<(u64, String)>),
    Define(Vec<Definition>),
    Set(Vec<(u32, [u8; 8])>),
    Mark {
        duration: i64,
        group: String,
        name: String,
        message: String,
    },
    Metadata {
        id: String,
        text: String,
    },
    Log {
        severity: u16,
        domain: String,
        message: String,
    },
    File {
        path: String,
        last: bool,
        data: Vec<u8>,
    },
    Allocation {
        tid: i32,
        size: i64,
        addresses: Vec<u64>,
    },
    Overlay,
}

/// A counter.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Definition {
    pub id: u32,
    pub category: String,
    pub name: String,
    pub description: String,
    /// Whether its values are floats; whole numbers otherwise.
    pub float: bool,
    pub value: [u8; 8],
}

/// Reads a whole frame's body. `Err` has its type, where that is unknown; `Ok(None)` where it is cut.
pub fn body(bytes: &[u8], head: &Head, endian: Endian) -> Result<Option<Body>, u8> {
    let field = Fields { bytes: bytes.get(..head.length).unwrap_or(bytes), endian };
    let read = match head.kind {
        1 => Some(Body::Timestamp),
        2 => field.addresses(24, 32).and_then(|addresses| Some(Body::Sample { tid: field.i32(28)?, addresses })),
        3 => field.map(),
        4 => Some(Body::Process { command: field.rest(24) }),
        5 => field.i32(24).map(|child| Body::Fork { child }),
        6 => Some(Body::Exit),
        7 => field.jitmap(),
        8 => field.definitions(),
        9 => field.values(),
        10 => field.mark(),
        11 => field.bytes.get(64..).map(|_| Body::Metadata { id: field.text(24, 40), text: field.rest(64) }),
        12 => field.log(),
        13 => field.file(),
        14 => field.allocation(),
        15 => Some(Body::Overlay),
        other => return Err(other),
    };
    Ok(read)
}

/// Fields of known places.
#[derive(Clone, Copy)]
struct Fields<'a> {
    bytes: &'a [u8],
    endian: Endian,
}

impl Fields<'_> {
    fn array<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        let mut bytes: [u8; N] = self.bytes.get(at..at.checked_add(N)?)?.try_into().ok()?;
        if self.endian == Endian::Big {
            bytes.reverse();
        }
        Some(bytes)
    }

    fn u8(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    fn u16(&self, at: usize) -> Option<u16> {
        self.array(at).map(u16::from_le_bytes)
    }

    fn u32(&self, at: usize) -> Option<u32> {
        self.array(at).map(u32::from_le_bytes)
    }

    fn i32(&self, at: usize) -> Option<i32> {
        self.array(at).map(i32::from_le_bytes)
    }

    fn u64(&self, at: usize) -> Option<u64> {
        self.array(at).map(u64::from_le_bytes)
    }

    fn i64(&self, at: usize) -> Option<i64> {
        self.array(at).map(i64::from_le_bytes)
    }

    /// A text of at most a size, which a zero may end earlier.
    fn text(&self, at: usize, size: usize) -> String {
        let end = at.saturating_add(size).min(self.bytes.len());
        let field = self.bytes.get(at..end).unwrap_or_default();
        let end = memchr::memchr(0, field).unwrap_or(field.len());
        String::from_utf8_lossy(&field[..end]).into_owned()
    }

    /// A text to the end of the frame, or a zero.
    fn rest(&self, at: usize) -> String {
        self.text(at, usize::MAX)
    }

    /// As many addresses as a frame says, from `at` on.
    fn addresses(&self, count: usize, at: usize) -> Option<Vec<u64>> {
        let count = usize::from(self.u16(count)?);
        (0..count).map(|index| self.u64(at + index * 8)).collect()
    }

    fn map(&self) -> Option<Body> {
        let (start, end, offset) = (self.u64(24)?, self.u64(32)?, self.u64(40)?);
        self.u64(48)?;
        Some(Body::Map { start, end, offset, path: self.rest(56) })
    }

    fn jitmap(&self) -> Option<Body> {
        let count = self.u32(24)?;
        let (mut at, mut names) = (28, Vec::new());
        for _ in 0..count {
            let address = self.u64(at)?;
            let name = self.bytes.get(at + 8..)?;
            let end = memchr::memchr(0, name)?;
            names.push((address, String::from_utf8_lossy(&name[..end]).into_owned()));
            at += 8 + end + 1;
        }
        Some(Body::Jitmap(names))
    }

    fn definitions(&self) -> Option<Body> {
        let count = usize::from(self.u16(24)?);
        let each = |index: usize| {
            let at = 32 + index * 128;
            // The number is of 24 bits, and the type the byte after it, in both orders.
            let [a, b, c] = <[u8; 3]>::try_from(self.bytes.get(at + 116..at + 119)?).ok()?;
            let id = match self.endian {
                Endian::Little => u32::from_le_bytes([a, b, c, 0]),
                Endian::Big => u32::from_be_bytes([0, a, b, c]),
            };
            Some(Definition {
                id,
                category: self.text(at, 32),
                name: self.text(at + 32, 32),
                description: self.text(at + 64, 52),
                float: self.u8(at + 119)? == 1,
                value: self.array(at + 120)?,
            })
        };
        (0..count).map(each).collect::<Option<_>>().map(Body::Define)
    }

    fn values(&self) -> Option<Body> {
        let (count, mut values) = (usize::from(self.u16(24)?), Vec::new());
        for group in 0..count {
            let at = 32 + group * 96;
            for index in 0..8 {
                let (id, value) = (self.u32(at + index * 4)?, self.array(at + 32 + index * 8)?);
                // Numbers begin at 1: 0 fills a group up.
                if id != 0 {
                    values.push((id, value));
                }
            }
        }
        Some(Body::Set(values))
    }

    fn mark(&self) -> Option<Body> {
        self.bytes.get(96..)?;
        let (group, name) = (self.text(32, 24), self.text(56, 40));
        Some(Body::Mark { duration: self.i64(24)?, group, name, message: self.rest(96) })
    }

    fn log(&self) -> Option<Body> {
        self.bytes.get(64..)?;
        Some(Body::Log { severity: self.u16(24)?, domain: self.text(32, 32), message: self.rest(64) })
    }

    fn file(&self) -> Option<Body> {
        let (last, length) = (self.u8(24)?, usize::from(self.u16(26)?));
        let last = last & if self.endian == Endian::Little { 1 } else { 0x80 } != 0;
        let data = self.bytes.get(284..284 + length)?.to_vec();
        Some(Body::File { path: self.text(28, 256), last, data })
    }

    fn allocation(&self) -> Option<Body> {
        let (size, tid) = (self.i64(32)?, self.i32(40)?);
        Some(Body::Allocation { tid, size, addresses: self.addresses(44, 48)? })
    }
}
