//! What a script's process and the host say to each other: frames of a length (4 bytes, little-endian, of what
//! follows), a letter, and a body. What comes from a script's process is taken for hostile.

use std::time::Duration;

use super::limits::Code;

/// Bytes before a frame's body: its length and its letter.
pub const HEAD: usize = 5;
/// The longest name of a question to the host.
const NAME: usize = 64;

/// The letters.
mod letter {
    pub const CALL: u8 = b'c';
    pub const EMIT: u8 = b'e';
    pub const DONE: u8 = b'd';
    pub const FAILED: u8 = b'f';
    pub const LIMITS: u8 = b'l';
    pub const SOURCE: u8 = b's';
    pub const ANSWER: u8 = b'a';
    pub const REFUSAL: u8 = b'r';
}

/// What a script's process says.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// A question, which it waits for the answer of.
    Call {
        /// What it asks for.
        name: String,
        /// The arguments, as a JSON array.
        arguments: String,
    },
    /// A value that it gives out, as JSON on one line.
    Emit(String),
    /// It has ended as it should.
    Done,
    /// It has ended otherwise.
    Failed {
        /// Why.
        code: Code,
        /// The line of the script, from 1; 0 where it is not known.
        line: u32,
        /// What went wrong, in a line.
        message: String,
    },
}

/// What the host says.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// What it is limited to, before anything else.
    Limits {
        /// Processor time.
        cpu: Duration,
        /// Bytes that the script may have.
        memory: u64,
        /// Bytes that it may give out.
        output: u64,
    },
    /// The script.
    Source(String),
    /// The answer of a question: JSON, and columns of numbers.
    Answer(String, Vec<Vec<f64>>),
    /// Why there is none.
    Refusal(String),
}

/// What cannot be understood about a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Damage(pub &'static str);

/// The length of what follows the first four bytes of a frame, if that is at most `most`.
pub fn length(head: [u8; 4], most: usize) -> Result<usize, Damage> {
    match u32::from_le_bytes(head) as usize {
        0 => Err(Damage("a frame without a letter")),
        length if length > most.saturating_add(1) => Err(Damage("a frame that is too long")),
        length => Ok(length),
    }
}

impl Said {
    /// As a frame.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Said::Call { name, arguments } => {
                frame(letter::CALL, &[&[name.len() as u8], name.as_bytes(), arguments.as_bytes()])
            }
            Said::Emit(line) => frame(letter::EMIT, &[line.as_bytes()]),
            Said::Done => frame(letter::DONE, &[]),
            Said::Failed { code, line, message } => {
                frame(letter::FAILED, &[&[code.number()], &line.to_le_bytes(), message.as_bytes()])
            }
        }
    }

    /// From what follows a frame's length.
    pub fn decode(bytes: &[u8]) -> Result<Said, Damage> {
        let (&letter, body) = bytes.split_first().ok_or(Damage("a frame without a letter"))?;
        match letter {
            letter::CALL => {
                let (&length, rest) = body.split_first().ok_or(Damage("a question that is cut"))?;
                let length = usize::from(length);
                if length > NAME {
                    return Err(Damage("a question with too long a name"));
                }
                let (name, arguments) = rest.split_at_checked(length).ok_or(Damage("a question that is cut"))?;
                Ok(Said::Call { name: text(name)?, arguments: text(arguments)? })
            }
            letter::EMIT => Ok(Said::Emit(text(body)?)),
            letter::DONE if body.is_empty() => Ok(Said::Done),
            letter::FAILED => {
                let (head, message) = body.split_first_chunk::<5>().ok_or(Damage("an error that is cut"))?;
                let code = Code::numbered(head[0]).ok_or(Damage("an error of an unknown kind"))?;
                let line = u32::from_le_bytes([head[1], head[2], head[3], head[4]]);
                Ok(Said::Failed { code, line, message: text(message)? })
            }
            _ => Err(Damage("a frame of an unknown kind")),
        }
    }
}

impl Told {
    /// As a frame.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Told::Limits { cpu, memory, output } => {
                let cpu = u64::try_from(cpu.as_micros()).unwrap_or(u64::MAX);
                frame(letter::LIMITS, &[&cpu.to_le_bytes(), &memory.to_le_bytes(), &output.to_le_bytes()])
            }
            Told::Source(source) => frame(letter::SOURCE, &[source.as_bytes()]),
            Told::Refusal(why) => frame(letter::REFUSAL, &[why.as_bytes()]),
            Told::Answer(json, columns) => {
                let counts = [json.len() as u32, columns.len() as u32];
                let lengths: Vec<u8> = columns.iter().flat_map(|column| (column.len() as u32).to_le_bytes()).collect();
                let numbers: Vec<u8> = columns.iter().flatten().flat_map(|number| number.to_le_bytes()).collect();
                let parts: [&[u8]; 5] =
                    [&counts[0].to_le_bytes(), &counts[1].to_le_bytes(), json.as_bytes(), &lengths, &numbers];
                frame(letter::ANSWER, &parts)
            }
        }
    }

    /// From what follows a frame's length.
    pub fn decode(bytes: &[u8]) -> Result<Told, Damage> {
        const CUT: Damage = Damage("a frame that is cut");
        let (&letter, mut rest) = bytes.split_first().ok_or(CUT)?;
        match letter {
            letter::LIMITS => {
                let words: &[u8; 24] = rest.try_into().map_err(|_| CUT)?;
                let (words, _) = words.as_chunks::<8>();
                let word = |at: usize| u64::from_le_bytes(words[at]);
                Ok(Told::Limits { cpu: Duration::from_micros(word(0)), memory: word(1), output: word(2) })
            }
            letter::SOURCE => Ok(Told::Source(text(rest)?)),
            letter::REFUSAL => Ok(Told::Refusal(text(rest)?)),
            letter::ANSWER => {
                let json = word(&mut rest).ok_or(CUT)?;
                let columns = word(&mut rest).ok_or(CUT)?;
                let json = text(rest.split_off(..json).ok_or(CUT)?)?;
                let mut lengths = rest.split_off(..columns.checked_mul(4).ok_or(CUT)?).ok_or(CUT)?;
                let mut all = Vec::new();
                while let Some(length) = word(&mut lengths) {
                    let numbers = rest.split_off(..length.checked_mul(8).ok_or(CUT)?).ok_or(CUT)?;
                    all.push(numbers.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect());
                }
                if rest.is_empty() {
                    Ok(Told::Answer(json, all))
                } else {
                    Err(Damage("a frame with something left over"))
                }
            }
            _ => Err(Damage("a frame of an unknown kind")),
        }
    }
}

fn word(bytes: &mut &[u8]) -> Option<usize> {
    let word = bytes.split_off(..4)?;
    Some(u32::from_le_bytes(*word.first_chunk()?) as usize)
}

fn frame(letter: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length = 1 + parts.iter().map(|part| part.len()).sum::<usize>();
    let mut bytes = Vec::with_capacity(4 + length);
    bytes.extend_from_slice(&(length as u32).to_le_bytes());
    bytes.push(letter);
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
    bytes
}

fn text(bytes: &[u8]) -> Result<String, Damage> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Damage("a text that is no UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn body(frame: &[u8]) -> &[u8] {
        let length = length(*frame.first_chunk().unwrap(), usize::MAX - 1).unwrap();
        assert_eq!(frame.len(), 4 + length);
        &frame[4..]
    }

    fn said() -> impl Strategy<Value = Said> {
        prop_oneof![
            ("[a-z.]{0,64}", ".*").prop_map(|(name, arguments)| Said::Call { name, arguments }),
            ".*".prop_map(Said::Emit),
            Just(Said::Done),
            (0..Code::ALL.len(), any::<u32>(), ".*").prop_map(|(code, line, message)| Said::Failed {
                code: Code::ALL[code].0,
                line,
                message
            }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_said_comes_back(said in said()) {
            prop_assert_eq!(Said::decode(body(&said.encode())), Ok(said));
        }

        #[test]
        fn what_is_told_comes_back(json in ".*", columns in prop::collection::vec(prop::collection::vec(-1e9..1e9, 0..9), 0..4)) {
            for told in [Told::Answer(json.clone(), columns), Told::Source(json.clone()), Told::Refusal(json)] {
                prop_assert_eq!(Told::decode(body(&told.encode())), Ok(told));
            }
        }

        #[test]
        fn any_bytes_are_a_frame_or_damage(letter in prop::sample::select(&b"cedflsarx"[..]), rest in prop::collection::vec(any::<u8>(), 0..80)) {
            let bytes = [&[letter], &rest[..]].concat();
            if let Ok(said) = Said::decode(&bytes) {
                prop_assert_eq!(Said::decode(body(&said.encode())), Ok(said));
            }
            let _ = Told::decode(&bytes);
        }
    }

    #[test]
    fn a_frame_is_no_longer_than_is_allowed() {
        assert_eq!(length(10u32.to_le_bytes(), 9), Ok(10));
        assert_eq!(length(11u32.to_le_bytes(), 9), Err(Damage("a frame that is too long")));
        assert_eq!(length(u32::MAX.to_le_bytes(), 1 << 20), Err(Damage("a frame that is too long")));
        assert_eq!(length([0; 4], 9), Err(Damage("a frame without a letter")));
    }
}
