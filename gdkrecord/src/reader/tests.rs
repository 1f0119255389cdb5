//! Damage of every sort yields what is whole, and says what is not.

use super::*;
use crate::field::{Span, Text};
use crate::kind::{Body, KINDS, raw};
use crate::layout::HEAD;
use crate::options::Options;
use crate::writer::{Recorder, now};
use proptest::prelude::*;

fn small() -> (tempfile::TempDir, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let filename = Some(folder.path().join("r.gdkrecord").to_string_lossy().into_owned());
    let recorder = Recorder::create(&Options { filename, ..Options::default() }, "test").unwrap();
    let mut lane = recorder.lane();
    let name = recorder.text("toolkit");
    let value = recorder.text("GTK");
    recorder.state(now(), &raw::Fact { name, value });
    for n in 0..50 {
        lane.push(now(), &raw::Poll { duration: Span::from_ns(n), timeout: n as i16, ready: 1 });
    }
    recorder.close();
    let bytes = std::fs::read(recorder.path()).unwrap();
    (folder, bytes)
}

fn open(folder: &Path, bytes: &[u8]) -> Result<Recording> {
    let path = folder.join("x.gdkrecord");
    std::fs::write(&path, bytes).unwrap();
    Recording::open(&path)
}

#[test]
fn every_truncation_yields_what_is_whole() {
    let (folder, bytes) = small();
    let path = folder.path().join("x.gdkrecord");
    std::fs::write(&path, &bytes).unwrap();
    let mut before = Recording::open(&path).unwrap().events().count();
    // Every byte where records lie; beyond them there is only room.
    let matters = |at: &usize| at.is_multiple_of(4099) || (at - HEAD) % crate::layout::SEGMENT < 2000;
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    for length in (HEAD..bytes.len()).rev().filter(matters).chain((64..HEAD).rev().step_by(997)) {
        file.set_len(length as u64).unwrap();
        let recording = Recording::open(&path).unwrap();
        let count = recording.events().inspect(|event| assert!(event.time > 0)).count();
        assert!(count <= before, "at {length}");
        before = count;
        assert!(recording.diagnostics().iter().any(|found| matches!(found, Diagnostic::Cut { .. })), "at {length}");
    }
    assert_eq!(before, 0);
    file.set_len(20).unwrap();
    assert!(Recording::open(&path).is_err());
}

#[test]
fn unknown_kinds_are_skipped_and_counted() {
    let (folder, mut bytes) = small();
    let head = HEAD + crate::layout::SEGMENT + SEGMENT_HEAD;
    assert_eq!(bytes[head], 21, "the first record of the thread's segment is a poll");
    bytes[head] = 250;
    let recording = open(folder.path(), &bytes).unwrap();
    assert_eq!(recording.events().filter(|event| matches!(event.body, Body::Poll(_))).count(), 49);
    assert_eq!(recording.diagnostics(), [Diagnostic::UnknownKind { code: 250, count: 1 }]);
}

#[test]
fn a_newer_format_is_refused_by_name() {
    let (folder, mut bytes) = small();
    bytes[8] = 9;
    assert!(open(folder.path(), &bytes).unwrap_err().to_string().contains("format version 9"));
    assert!(open(folder.path(), b"PNG?").unwrap_err().to_string().contains("is not a gdkrecord recording"));
}

proptest! {
    /// Any bytes either decode to an event that encodes to the same event again, or are refused.
    #[test]
    fn decode_then_encode_is_stable(at in 0..KINDS.len(), payload in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut ids = Texts::new((1..9).map(|id| (id, Text::from(format!("text {id}").as_str()))).collect());
        if let Some(body) = Body::decode(KINDS[at].code, &payload, &ids) {
            let bytes = body.encode(&mut ids);
            let again = Body::decode(KINDS[at].code, &bytes, &ids).unwrap();
            prop_assert_eq!(&again, &body);
            let values: Vec<_> = body.kind().fields.iter().map(|f| f.name).zip(body.values()).collect();
            let mut get = |name: &'static str| values.iter().find(|(n, _)| *n == name).unwrap().1.clone();
            prop_assert_eq!(Body::from_values(body.kind(), &mut get), Ok(body.clone()));
        }
    }

    /// No bytes make the reader panic.
    #[test]
    fn any_damage_is_survived(at in proptest::collection::vec((0usize..600_000, any::<u8>()), 1..40)) {
        let (folder, mut bytes) = small();
        let length = bytes.len();
        for (place, byte) in at {
            bytes[place % length] = byte;
        }
        if let Ok(recording) = open(folder.path(), &bytes) {
            let _ = recording.events().count();
            let _ = recording.diagnostics();
        }
    }
}
