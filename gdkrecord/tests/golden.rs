//! The format as it is in files that exist: a recording with every kind, kept, must read the same for ever.
//!
//! After a change that is meant to be one, `UPDATE_GOLDEN=1 cargo test -p gdkrecord --test golden` writes the
//! files anew; the difference then shows in the commit. Recordings of older versions are kept beside, as they were.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use gdkrecord::field::{Bytes, FieldType, Rect, Value, Wire};
use gdkrecord::kind::{Body, KINDS, Kind};
use gdkrecord::layout::{
    HEAD, HEAD_USED, Header, RECORD_HEAD, RecordHead, SEGMENT_HEAD, SegmentHead, Stream, TEXT_KEPT, VERSION_MINOR,
    record_length,
};
use gdkrecord::{Diagnostic, Recording, Texts};

/// Small segments keep the file small; readers take the size from the head.
const SEGMENT: usize = 8192;

/// An event of the kind, with a value in each field that tells its place.
fn sample(kind: &'static Kind) -> Body {
    static RECTS: [Rect; 2] =
        [Rect { x: -3, y: 4, width: 50, height: 60 }, Rect { x: 100, y: 200, width: 65535, height: 1 }];
    let mut get = |name: &'static str| {
        let at = kind.fields.iter().position(|field| field.name == name).unwrap() as u64;
        match kind.fields[at as usize].of {
            FieldType::Bool => Value::Bool(at.is_multiple_of(2)),
            FieldType::Uint(_) => Value::Uint(at + 1),
            FieldType::Int(_) => Value::Int(-(at as i64) - 1),
            FieldType::Float => Value::Float(at as f32 + 0.25),
            FieldType::Span => Value::Uint(1000 * (at + 1) + 7),
            FieldType::Text | FieldType::Bytes => Value::Text(name),
            FieldType::Name(names) => Value::Text(names[names.len() - 1]),
            FieldType::Rects => Value::Rects(&RECTS),
        }
    };
    Body::from_values(kind, &mut get).unwrap()
}

fn append(out: &mut Vec<u8>, code: u8, time: u64, payload: &[u8]) {
    let length = record_length(payload.len());
    let (first, second) = RecordHead { code, length, time }.encode();
    out.extend(first.to_le_bytes());
    out.extend(second.to_le_bytes());
    out.extend(payload);
    out.resize(out.len() + length - RECORD_HEAD - payload.len(), 0);
}

fn segment(stream: Stream, sequence: u64, base: u64) -> Vec<u8> {
    let mut out = SegmentHead { stream, sequence, base }.encode().to_vec();
    assert_eq!(out.len(), SEGMENT_HEAD);
    out.reserve(SEGMENT);
    out
}

fn bytes() -> Vec<u8> {
    let base = 1_000_000_000;
    let mut ids = Texts::default();
    let mut state = segment(Stream::State, 1, base);
    let mut thread = segment(Stream::Thread(0), 2, base);
    for (n, kind) in KINDS.iter().enumerate().filter(|(_, kind)| kind.name != "string") {
        let known = ids.iter().count();
        let payload = sample(kind).encode(&mut ids);
        for (id, text) in ids.iter().skip(known) {
            let text = Bytes(text.to_string());
            let mut define = vec![0; 4 + text.size()];
            id.put(&mut define);
            text.put(&mut define[4..]);
            append(&mut state, 1, n as u64, &define);
        }
        append(if kind.state { &mut state } else { &mut thread }, kind.code, n as u64 * 1000, &payload);
    }
    let header = Header {
        minor: VERSION_MINOR,
        head: HEAD as u32,
        segment: SEGMENT as u32,
        flags: TEXT_KEPT,
        pid: 4242,
        monotonic: base,
        realtime: 1_700_000_000_000_000_000,
        tree: 7,
        closed: Some(base + 1_000_000),
        length: (HEAD + 2 * SEGMENT) as u64,
        dropped: Vec::new(),
    };
    let mut file = header.encode();
    for mut one in [state, thread] {
        assert!(one.len() <= SEGMENT);
        one.resize(SEGMENT, 0);
        file.extend(one);
    }
    file
}

fn text(path: &Path) -> String {
    let recording = Recording::open(path).unwrap();
    let mut out = format!("{:?}\n", recording.header());
    for event in recording.events() {
        let _ = writeln!(out, "{event:?}");
    }
    assert_eq!(recording.diagnostics(), [] as [Diagnostic; 0]);
    out
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

#[test]
fn every_kind_reads_as_it_always_did() {
    let (file, expected) = (folder().join("v1.2.gdkrecord"), folder().join("v1.2.txt"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, bytes()).unwrap();
        std::fs::write(&expected, text(&file)).unwrap();
    }
    assert_eq!(text(&file), std::fs::read_to_string(&expected).unwrap());
    assert_eq!(std::fs::read(&file).unwrap(), bytes(), "what is written today is the same, byte by byte");
}

/// 1.0: a head of 4096 bytes, and lanes that were not handed on. 1.1: windows without their frame clocks.
const OLDER: &[&str] = &["v1.0", "v1.1"];

#[test]
fn files_of_older_versions_read_as_they_did() {
    for version in OLDER {
        let (file, expected) = (folder().join(format!("{version}.gdkrecord")), folder().join(format!("{version}.txt")));
        // Fields that were added since read as absent.
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&expected, text(&file)).unwrap();
        }
        assert_eq!(text(&file), std::fs::read_to_string(&expected).unwrap());
    }
}

#[test]
fn every_cut_of_the_golden_file_is_readable() {
    let bytes = std::fs::read(folder().join("v1.2.gdkrecord")).unwrap();
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("cut.gdkrecord");
    std::fs::write(&path, &bytes).unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    let mut before = usize::MAX;
    // Between what the head says and the first segment all cuts are the same.
    for length in (HEAD..bytes.len()).rev().chain((72..HEAD_USED).rev()) {
        file.set_len(length as u64).unwrap();
        let recording = Recording::open(&path).unwrap();
        let count = recording.events().count();
        assert!(count <= before, "{count} events at {length} bytes, {before} with more");
        assert!(recording.diagnostics().iter().any(|found| matches!(found, Diagnostic::Cut { .. })));
        before = count;
    }
    assert_eq!(before, 0);
}

#[test]
fn the_specification_names_every_kind_and_field() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("FORMAT.md");
    let given = std::fs::read_to_string(&path).unwrap();
    let (start, end) = ("<!-- kinds: written by the golden test -->\n", "<!-- end of kinds -->");
    let (head, rest) = given.split_once(start).unwrap();
    let (_, tail) = rest.split_once(end).unwrap();
    let wanted = format!("{head}{start}{}{end}{tail}", kinds());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &wanted).unwrap();
        return;
    }
    assert!(given == wanted, "run UPDATE_GOLDEN=1 cargo test -p gdkrecord --test golden");
}

fn kinds() -> String {
    let mut out = String::new();
    for kind in KINDS {
        let stream = if kind.state { "state" } else { "thread" };
        let _ = write!(out, "\n#### {} `{}` ({stream} stream)\n\n{}\n\n", kind.code, kind.name, kind.doc);
        let _ = write!(out, "| field | type | |\n|---|---|---|\n");
        for field in kind.fields {
            let of = match field.of {
                FieldType::Bool => "bool".into(),
                FieldType::Uint(bytes) => format!("u{}", u32::from(bytes) * 8),
                FieldType::Int(bytes) => format!("i{}", u32::from(bytes) * 8),
                FieldType::Float => "f32".into(),
                FieldType::Span => "span".into(),
                FieldType::Text => "text".into(),
                FieldType::Bytes => "bytes".into(),
                FieldType::Rects => "rects".into(),
                FieldType::Name(names) => {
                    let names: Vec<_> = names.iter().enumerate().map(|(code, name)| format!("{code} {name}")).collect();
                    format!("u8: {}", names.join(", "))
                }
            };
            let _ = writeln!(out, "| `{}` | {of} | {} |", field.name, field.doc);
        }
    }
    out.push('\n');
    out
}
