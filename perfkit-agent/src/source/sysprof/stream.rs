//! Frames out of bytes as they come: from a file to its end, from one that grows, or out of a ring.

use super::frames::{Body, Endian, FRAME, HEADER, Head, Header, body, head, header};

/// The type of the frame by which a thread says goodbye to its ring; there is nothing in it.
const GOODBYE: u8 = 0xff;

/// Cuts bytes into frames.
#[derive(Debug, Default)]
pub struct Frames {
    rest: Vec<u8>,
    /// How the bytes are written; not known before the head of a file was read.
    endian: Option<Endian>,
    /// Frames of types that are not known.
    unknown: u64,
    /// Frames that are shorter than what they say that they hold.
    cut: u64,
    /// Bytes after a frame that cannot be.
    lost: u64,
    broken: bool,
    /// Whether they come out of a ring, where threads say goodbye.
    ring: bool,
}

/// What came out.
#[derive(Debug)]
pub enum Piece {
    /// The head of the file.
    Header(Header),
    /// A frame.
    Frame(Head, Body),
}

impl Frames {
    /// Frames without a file's head.
    pub fn bare(endian: Endian) -> Frames {
        Frames { endian: Some(endian), ring: true, ..Frames::default() }
    }

    /// Gives what `bytes`, and what was left of those before, hold. False where they are no capture.
    pub fn feed(&mut self, bytes: &[u8], each: &mut dyn FnMut(Piece)) -> bool {
        if self.broken {
            self.lost += bytes.len() as u64;
            return true;
        }
        self.rest.extend_from_slice(bytes);
        let mut at = 0;
        let endian = match self.endian {
            Some(endian) => endian,
            None if self.rest.len() < HEADER => return true,
            None => {
                let Some(header) = header(&self.rest) else { return false };
                let endian = *self.endian.insert(header.endian);
                at = HEADER;
                each(Piece::Header(header));
                endian
            }
        };
        while let Some(head) = head(&self.rest[at..], endian) {
            if head.length < FRAME {
                // Nothing says where the next one would begin.
                self.broken = true;
                self.lost += (self.rest.len() - at) as u64;
                at = self.rest.len();
                break;
            }
            let Some(frame) = self.rest.get(at..at + head.length) else { break };
            match body(frame, &head, endian) {
                Ok(Some(body)) => each(Piece::Frame(head, body)),
                Ok(None) => self.cut += 1,
                Err(GOODBYE) if self.ring => {}
                Err(_) => self.unknown += 1,
            }
            at += head.length;
        }
        self.rest.drain(..at);
        true
    }

    /// What was lost by kind since this was asked last; with `ended`, what is left of the last frame too.
    pub fn take_lost(&mut self, ended: bool) -> [(&'static str, u64); 3] {
        if ended {
            self.lost += std::mem::take(&mut self.rest).len() as u64;
        }
        [
            ("frames of an unknown type", std::mem::take(&mut self.unknown)),
            ("frames that are cut", std::mem::take(&mut self.cut)),
            ("bytes at a broken end", std::mem::take(&mut self.lost)),
        ]
    }
}
