//! D-Bus messages as bytes: the head of any message read, the few calls that are made here written, a stream cut into
//! messages. After the D-Bus Specification, "Message Protocol".
//!
//! Only heads are looked at, and the first argument or two of answers, so a crate that speaks all of D-Bus would be
//! a hundred times of what is needed.

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A method is called.
    Call,
    /// A call is answered.
    Reply,
    /// A call is answered by an error.
    Error,
    /// Something is told to whoever listens.
    Signal,
}

/// The kinds by their numbers, from 1, and their names in the session.
const KINDS: [(Kind, &str); 4] =
    [(Kind::Call, "call"), (Kind::Reply, "reply"), (Kind::Error, "error"), (Kind::Signal, "signal")];

impl Kind {
    /// Its name in the session.
    pub fn name(self) -> &'static str {
        KINDS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }
}

/// The flag of a call that wants no answer.
const NO_REPLY: u8 = 1;
/// Bytes of a head at most; real ones have some hundred.
const HEAD_MAX: usize = 1 << 20;
/// Bytes of a message that are kept; of a longer one only the head is.
const KEPT_MAX: usize = 1 << 20;
/// Bytes of a message at most, by the specification.
const MESSAGE_MAX: usize = 1 << 27;
/// Bytes that every message begins with, from which its length is known.
const START: usize = 16;

/// A message's head.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Head<'a> {
    pub kind: Kind,
    /// Whether a call wants an answer.
    pub wants_reply: bool,
    pub serial: u32,
    /// Which call it answers.
    pub reply_to: Option<u32>,
    pub path: Option<&'a str>,
    pub interface: Option<&'a str>,
    pub member: Option<&'a str>,
    pub error: Option<&'a str>,
    pub destination: Option<&'a str>,
    pub sender: Option<&'a str>,
    /// Bytes of the whole message.
    pub bytes: usize,
    /// Its arguments; nothing where the message was too long to be kept.
    pub body: Body<'a>,
}

/// A message's arguments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Body<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

/// Reads the head of a message. `bytes` may lack the body.
pub fn read(bytes: &[u8]) -> Option<Head<'_>> {
    let (head, total) = lengths(bytes)??;
    let mut at = Reader { bytes: bytes.get(..head)?, at: 0, big_endian: bytes[0] == b'B' };
    let [_, kind, flags, _] = [at.byte()?, at.byte()?, at.byte()?, at.byte()?];
    let (kind, _) = *KINDS.get(usize::from(kind).checked_sub(1)?)?;
    let (_, serial, fields) = (at.number()?, at.number()?, at.number()?);
    let mut message = Head {
        kind,
        wants_reply: kind == Kind::Call && flags & NO_REPLY == 0,
        serial,
        reply_to: None,
        path: None,
        interface: None,
        member: None,
        error: None,
        destination: None,
        sender: None,
        bytes: total,
        body: Body { bytes: bytes.get(head..total.min(bytes.len())).unwrap_or_default(), big_endian: at.big_endian },
    };
    let end = START + fields as usize;
    while at.at < end {
        at.align(8)?;
        let code = at.byte()?;
        let value = at.variant()?;
        let text = if let Value::Text(text) = value { Some(text) } else { None };
        match code {
            1 => message.path = text,
            2 => message.interface = text,
            3 => message.member = text,
            4 => message.error = text,
            5 => message.reply_to = if let Value::Number(serial) = value { Some(serial) } else { None },
            6 => message.destination = text,
            7 => message.sender = text,
            _ => {}
        }
    }
    Some(message)
}

/// The bytes of a message's head with its padding, and of all of it: `None` for no message, `Some(None)` where too
/// few bytes are there to know.
fn lengths(bytes: &[u8]) -> Option<Option<(usize, usize)>> {
    let Some(start) = bytes.get(..START) else { return Some(None) };
    if !b"lB".contains(&start[0]) || start[3] != 1 {
        return None;
    }
    let mut at = Reader { bytes: start, at: 4, big_endian: start[0] == b'B' };
    let (body, _, fields) = (at.number()? as usize, at.number()?, at.number()? as usize);
    let head = START + fields.checked_next_multiple_of(8)?;
    let total = head.checked_add(body)?;
    (head <= HEAD_MAX && total <= MESSAGE_MAX).then_some(Some((head, total)))
}

/// A call of a method of the bus itself; its serial is `serial`.
pub fn call(serial: u32, interface: &str, member: &str, arguments: &Arguments<'_>) -> Vec<u8> {
    const BUS: &str = "org.freedesktop.DBus";
    let (signature, body) = arguments.written();
    let mut bytes = vec![b'l', 1, 0, 1];
    bytes.extend((body.len() as u32).to_le_bytes());
    bytes.extend(serial.to_le_bytes());
    bytes.extend([0; 4]);
    let fields = [(1, "o", "/org/freedesktop/DBus"), (2, "s", interface), (3, "s", member), (6, "s", BUS)];
    for (code, of, text) in fields {
        pad(&mut bytes, 8);
        bytes.extend([code, 1, of.as_bytes()[0], 0]);
        push_text(&mut bytes, text);
    }
    if !signature.is_empty() {
        pad(&mut bytes, 8);
        bytes.extend([8, 1, b'g', 0, signature.len() as u8]);
        bytes.extend(signature.bytes().chain([0]));
    }
    let fields = (bytes.len() - START) as u32;
    bytes[12..16].copy_from_slice(&fields.to_le_bytes());
    pad(&mut bytes, 8);
    bytes.extend(body);
    bytes
}

/// The arguments of the calls that are made here.
#[derive(Clone, Copy, Debug)]
pub enum Arguments<'a> {
    /// None.
    None,
    /// One text.
    Text(&'a str),
    /// An empty list of texts, and 0: what makes a monitor that sees everything.
    Everything,
}

impl Arguments<'_> {
    fn written(self) -> (&'static str, Vec<u8>) {
        match self {
            Arguments::None => ("", Vec::new()),
            Arguments::Text(text) => {
                let mut body = Vec::new();
                push_text(&mut body, text);
                ("s", body)
            }
            Arguments::Everything => ("asu", vec![0; 8]),
        }
    }
}

fn pad(bytes: &mut Vec<u8>, to: usize) {
    bytes.resize(bytes.len().next_multiple_of(to), 0);
}

fn push_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u32).to_le_bytes());
    bytes.extend(text.bytes().chain([0]));
}

impl<'a> Body<'a> {
    /// The texts that it begins with, at most three.
    pub fn texts(self) -> impl Iterator<Item = &'a str> {
        let mut at = Reader { bytes: self.bytes, at: 0, big_endian: self.big_endian };
        std::iter::from_fn(move || at.text()).take(3)
    }

    /// The number that it begins with.
    pub fn number(self) -> Option<u32> {
        Reader { bytes: self.bytes, at: 0, big_endian: self.big_endian }.number()
    }
}

/// A value of a head's field.
enum Value<'a> {
    Text(&'a str),
    Number(u32),
    Other,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    big_endian: bool,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(taken)
    }

    fn align(&mut self, to: usize) -> Option<()> {
        self.at = self.at.checked_next_multiple_of(to)?;
        (self.at <= self.bytes.len()).then_some(())
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn number(&mut self) -> Option<u32> {
        self.align(4)?;
        let bytes = self.take(4)?.try_into().ok()?;
        Some(if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = self.number()? as usize;
        let text = std::str::from_utf8(self.take(length)?).ok()?;
        (self.byte()? == 0).then_some(text)
    }

    fn variant(&mut self) -> Option<Value<'a>> {
        let length = usize::from(self.byte()?);
        let signature = self.take(length)?;
        self.byte()?;
        Some(match signature {
            b"s" | b"o" => Value::Text(self.text()?),
            b"u" | b"i" | b"b" | b"h" => Value::Number(self.number()?),
            b"g" => {
                let length = usize::from(self.byte()?);
                self.take(length + 1)?;
                Value::Other
            }
            // Fields of other types may be added one day; what they hold cannot be skipped without knowing it.
            _ => return None,
        })
    }
}

/// Cuts a stream of bytes into messages.
#[derive(Debug, Default)]
pub struct Stream {
    rest: Vec<u8>,
    /// Bytes of a long message that are still to be thrown away.
    skip: usize,
}

/// The stream is none of messages, or out of step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfStep;

impl Stream {
    /// Gives each message of `bytes`, with what was left of the bytes before; of a message over 1 MB the head only.
    pub fn feed(&mut self, bytes: &[u8], each: &mut dyn FnMut(&[u8])) -> Result<(), OutOfStep> {
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        self.rest.extend_from_slice(&bytes[skipped..]);
        let mut begin = 0;
        loop {
            let rest = &self.rest[begin..];
            let Some((head, total)) = lengths(rest).ok_or(OutOfStep)? else { break };
            let kept = if total > KEPT_MAX { head } else { total };
            let Some(message) = rest.get(..kept) else { break };
            each(message);
            let gone = total.min(rest.len());
            self.skip = total - gone;
            begin += gone;
        }
        self.rest.drain(..begin);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_is_read() {
        let bytes = call(7, "org.freedesktop.DBus", "GetConnectionUnixProcessID", &Arguments::Text(":1.5"));
        let head = read(&bytes).unwrap();
        assert_eq!((head.kind, head.serial, head.wants_reply, head.bytes), (Kind::Call, 7, true, bytes.len()));
        assert_eq!((head.path, head.member), (Some("/org/freedesktop/DBus"), Some("GetConnectionUnixProcessID")));
        assert_eq!((head.destination, head.sender, head.reply_to), (Some("org.freedesktop.DBus"), None, None));
        assert_eq!(head.body.texts().collect::<Vec<_>>(), [":1.5"]);
        let mut silent = bytes.clone();
        silent[2] |= NO_REPLY;
        assert!(!read(&silent).unwrap().wants_reply);
        let everything = call(1, "a.b", "C", &Arguments::Everything);
        assert_eq!(read(&everything).unwrap().body.number(), Some(0));
        assert_eq!(read(&call(1, "a.b", "C", &Arguments::None)).unwrap().body.texts().next(), None);
    }

    #[test]
    fn a_big_endian_reply_is_read() {
        let mut bytes = vec![b'B', 3, 1, 1, 0, 0, 0, 4, 0, 0, 0, 9, 0, 0, 0, 31];
        bytes.extend([5, 1, b'u', 0, 0, 0, 0, 7]);
        bytes.extend([4, 1, b's', 0, 0, 0, 0, 3, b'a', b'.', b'b', 0, 0, 0, 0, 0]);
        bytes.extend([8, 1, b'g', 0, 1, b'u', 0, 0]);
        bytes.extend([0, 0, 1, 0]);
        let head = read(&bytes).unwrap();
        assert_eq!((head.kind, head.serial, head.reply_to, head.error), (Kind::Error, 9, Some(7), Some("a.b")));
        assert_eq!((head.bytes, head.body.number(), head.kind.name()), (52, Some(256), "error"));
    }

    #[test]
    fn a_stream_is_cut_into_messages_and_long_ones_are_skipped() {
        let short = call(1, "a.b", "C", &Arguments::None);
        let text = "x".repeat(2 * KEPT_MAX);
        let long = call(2, "a.b", "C", &Arguments::Text(&text));
        let whole = [&*short, &long, &short].concat();
        for part in [1, 7, 1000, 65_536, whole.len()] {
            let (mut stream, mut seen) = (Stream::default(), Vec::new());
            for bytes in whole.chunks(part) {
                stream
                    .feed(bytes, &mut |message| seen.push(read(message).map(|head| (head.serial, head.bytes))))
                    .unwrap();
            }
            let expected = [(1, short.len()), (2, long.len()), (1, short.len())].map(Some);
            assert_eq!((seen.as_slice(), stream.rest.len()), (&expected[..], 0));
            if part < 1000 {
                // A megabyte byte by byte is enough once.
                break;
            }
        }
        assert_eq!(Stream::default().feed(b"GET / HTTP/1.1\r\n", &mut |_| ()), Err(OutOfStep));
        let endless = [b'l', 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255];
        assert_eq!(Stream::default().feed(&endless, &mut |_| ()), Err(OutOfStep));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
            let _ = Stream::default().feed(&bytes, &mut |message| { let _ = read(message); });
        }

        #[test]
        fn a_message_with_a_wrong_byte_is_read_or_refused(at in 0usize..200, byte in any::<u8>()) {
            let mut bytes = call(7, "org.freedesktop.DBus", "GetConnectionUnixProcessID", &Arguments::Text(":1.5"));
            let at = at % bytes.len();
            bytes[at] = byte;
            if let Some(head) = read(&bytes) {
                head.body.texts().for_each(drop);
            }
        }
    }
}
