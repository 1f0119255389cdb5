//! Messages of Protocol Buffers as bytes: the few forms of fields that the exporters need.
//!
//! The encoding: <https://protobuf.dev/programming-guides/encoding/>.

/// A message that is being written.
#[derive(Clone, Debug, Default)]
pub struct Message(Vec<u8>);

impl Message {
    /// An empty one.
    pub fn new() -> Message {
        Message::default()
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Empties it, and keeps its memory.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// A field of whole numbers; negative ones take ten bytes.
    pub fn int(&mut self, field: u32, value: i64) -> &mut Message {
        self.uint(field, value as u64)
    }

    /// A field of whole numbers without sign, of truths, or of names of a closed set.
    pub fn uint(&mut self, field: u32, value: u64) -> &mut Message {
        self.varint(u64::from(field) << 3);
        self.varint(value);
        self
    }

    /// A field of floats of 64 bits.
    pub fn double(&mut self, field: u32, value: f64) -> &mut Message {
        self.varint(u64::from(field) << 3 | 1);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    /// A field of bytes, texts among them.
    pub fn data(&mut self, field: u32, bytes: &[u8]) -> &mut Message {
        self.varint(u64::from(field) << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    /// A field of texts.
    pub fn text(&mut self, field: u32, text: &str) -> &mut Message {
        self.data(field, text.as_bytes())
    }

    /// A field of messages.
    pub fn message(&mut self, field: u32, message: &Message) -> &mut Message {
        self.data(field, message.bytes())
    }

    /// A field of many whole numbers in one.
    pub fn packed(&mut self, field: u32, values: impl Iterator<Item = u64>) -> &mut Message {
        let mut all = Message::new();
        values.for_each(|value| all.varint(value));
        if all.0.is_empty() { self } else { self.message(field, &all) }
    }

    /// All fields of another message, as its own.
    pub fn append(&mut self, other: &Message) -> &mut Message {
        self.0.extend_from_slice(&other.0);
        self
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_encodings_description_come_out() {
        let mut inner = Message::new();
        inner.int(1, 150);
        assert_eq!(inner.bytes(), [0x08, 0x96, 0x01]);
        let mut outer = Message::new();
        outer.message(3, &inner).text(2, "testing");
        assert_eq!(outer.bytes(), b"\x1a\x03\x08\x96\x01\x12\x07testing");
        outer.clear();
        outer.packed(6, [3, 270, 86_942].into_iter()).packed(7, std::iter::empty());
        assert_eq!(outer.bytes(), [0x32, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05]);
        outer.clear();
        outer.int(1, -2);
        assert_eq!(outer.bytes(), [0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
    }
}
