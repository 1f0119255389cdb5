//! Recordings for tests: made byte by byte, with an event of every kind and awkward values.

use gdkrecord::field::{Bytes, FieldType, Rect, Wire};
use gdkrecord::kind::{Record, raw};
use gdkrecord::layout::{self, Header, RECORD_HEAD, RecordHead, SEGMENT, SEGMENT_HEAD, SegmentHead, Stream};
use gdkrecord::{Body, KINDS, Recording, Texts, Value};

/// When the recordings start.
pub const START: u64 = 1_000_000_000_000;

/// Texts that formats have trouble with.
const TEXTS: &[&str] = &["", "plain", "a, \"b\" <c> & d", "line\nend", "bell\u{7}", "naïve 日本 🙂"];
const RECTS: &[Rect] = &[Rect { x: -5, y: 3, width: 10, height: 20 }, Rect { x: 0, y: 0, width: u16::MAX, height: 0 }];

fn value(of: FieldType, seed: usize) -> Value<'static> {
    match of {
        FieldType::Bool => Value::Bool(seed.is_multiple_of(2)),
        FieldType::Uint(bytes) if seed.is_multiple_of(3) => Value::Uint(u64::MAX >> (64 - 8 * u32::from(bytes))),
        FieldType::Uint(_) => Value::Uint(seed as u64 % 100),
        FieldType::Int(_) => Value::Int(seed as i64 % 100 - 50),
        FieldType::Float => [Value::None, Value::Float(0.1), Value::Float(-3.0), Value::Float(1e-30)][seed % 4].clone(),
        FieldType::Span => [Value::None, Value::Uint(123_456), Value::Uint(0)][seed % 3].clone(),
        FieldType::Text | FieldType::Bytes => Value::Text(TEXTS[seed % TEXTS.len()]),
        FieldType::Name(names) => Value::Text(names[seed % names.len()]),
        FieldType::Rects => Value::Rects(&RECTS[..seed % 3]),
    }
}

/// Bodies of every kind that readers hand out, some of each.
pub fn bodies() -> Vec<Body> {
    let mut seed = 0;
    let kinds = KINDS.iter().filter(|kind| kind.name != "string");
    kinds
        .flat_map(|kind| {
            std::iter::repeat_n(kind, 12)
                .map(|kind| {
                    Body::from_values(kind, &mut |name| {
                        seed += 7;
                        let field = kind.fields.iter().find(|field| field.name == name).unwrap();
                        value(field.of, seed)
                    })
                    .unwrap()
                })
                .collect::<Vec<_>>()
        })
        .collect()
}

/// One segment with these records: code, nanoseconds since the start, payload.
fn segment(stream: Stream, sequence: u64, records: &[(u8, u64, Vec<u8>)]) -> Vec<u8> {
    let mut out = SegmentHead { stream, sequence, base: START }.encode().to_vec();
    layout::SEGMENT_MAGIC.put(&mut out);
    sequence.put(&mut out[SegmentHead::SEQUENCE..]);
    assert_eq!(out.len(), SEGMENT_HEAD);
    for (code, time, payload) in records {
        let length = layout::record_length(payload.len());
        let (first, second) = RecordHead { code: *code, length, time: *time }.encode();
        out.extend_from_slice(&first.to_le_bytes());
        out.extend_from_slice(&second.to_le_bytes());
        out.extend_from_slice(payload);
        out.resize(out.len() + length - RECORD_HEAD - payload.len(), 0);
    }
    assert!(out.len() <= SEGMENT);
    out.resize(SEGMENT, 0);
    out
}

/// A recording of these events, at nanoseconds since the start; `closed` likewise.
pub fn write(events: &[(u64, Body)], closed: Option<u64>) -> (tempfile::TempDir, Recording) {
    let mut ids = Texts::default();
    let (mut state, mut thread) = (Vec::new(), Vec::new());
    for (time, body) in events {
        let kind = body.kind();
        let to = if kind.state { &mut state } else { &mut thread };
        to.push((kind.code, *time, body.encode(&mut ids)));
    }
    let texts = ids.iter().map(|(id, text)| {
        let define = raw::Define { id, text: Bytes(text.to_string()) };
        let mut payload = vec![0; define.size()];
        define.put(&mut payload);
        (raw::Define::CODE, 0, payload)
    });
    let state: Vec<_> = texts.chain(state).collect();
    let header = Header {
        minor: layout::VERSION_MINOR,
        head: layout::HEAD as u32,
        segment: SEGMENT as u32,
        flags: layout::TEXT_KEPT,
        pid: 4711,
        monotonic: START,
        realtime: 1_700_000_000_000_000_000,
        tree: 7,
        closed: closed.map(|closed| START + closed),
        length: 0,
        dropped: Vec::new(),
    };
    let mut bytes = header.encode();
    bytes.extend(segment(Stream::State, 1, &state));
    bytes.extend(segment(Stream::Thread(0), 2, &thread));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sample.gdkrecord");
    std::fs::write(&path, bytes).unwrap();
    let recording = Recording::open(&path).unwrap();
    (folder, recording)
}

/// A recording of all of [`bodies`].
pub fn recording() -> (tempfile::TempDir, Recording) {
    let events: Vec<_> = bodies().into_iter().enumerate().map(|(at, body)| (at as u64 * 1000, body)).collect();
    write(&events, Some(1_000_000_000))
}
