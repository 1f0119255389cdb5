//! Any bytes as a column, a chunk or a node of a session: decoded to as many rows as they say, or refused; and what
//! was decoded is encoded and decoded to the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use perfkit_agent::session::chunk::{Chunk, Writer};
use perfkit_agent::session::column::{self, Encoder};
use perfkit_agent::session::pyramid::Node;
use perfkit_agent::session::schemas::SCHEMAS;

/// With a right checksum at `at`: else nothing behind it would ever be reached.
fn sealed(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if bytes.len() >= at + 4 {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&bytes[..at]);
        hasher.update(&bytes[at + 4..]);
        bytes[at..at + 4].copy_from_slice(&hasher.finalize().to_le_bytes());
    }
    bytes
}

fuzz_target!(|bytes: &[u8]| {
    let [which, rows, bytes @ ..] = bytes else { return };
    let rows = usize::from(*rows) * 4 + 1;
    match which % 4 {
        0 => {
            if let Ok(values) = column::ints(bytes, rows) {
                assert_eq!(values.len(), rows);
                let mut out = Vec::new();
                Encoder::new().unwrap().ints(&values, &mut out);
                assert_eq!(column::ints(&out, rows).unwrap(), values);
            }
        }
        1 => {
            assert!(column::reals(bytes, rows).map_or(true, |values| values.len() == rows));
            assert!(column::texts(bytes, rows).map_or(true, |(ends, _)| ends.len() == rows));
        }
        2 => {
            let schema = SCHEMAS[usize::from(*which) / 4 % SCHEMAS.len()];
            let Ok(chunk) = Chunk::open(schema, sealed(bytes, 8)) else { return };
            let _ = chunk.measures(schema);
            let Ok(rows) = chunk.to_rows(schema) else { return };
            assert_eq!(rows.len(), chunk.rows());
            if !rows.is_empty() {
                let mut out = Vec::new();
                Writer::new().unwrap().write(schema.shape, &rows, &mut out);
                assert_eq!(Chunk::open(schema, out).unwrap().to_rows(schema).unwrap().len(), rows.len());
            }
        }
        _ => {
            let Ok(node) = Node::decode(&sealed(bytes, 12), -5, 1 << 40, i64::MAX, u32::from(*which) / 4, 1.0) else {
                return;
            };
            Node::above(&node).absorb(&node);
        }
    }
});
