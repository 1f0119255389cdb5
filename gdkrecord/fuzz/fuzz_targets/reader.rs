//! Any bytes as a recording: the reader yields events and diagnostics, and events encode and decode the same.
#![no_main]

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::LazyLock;

use gdkrecord::kind::{Body, KINDS};
use gdkrecord::Recording;
use libfuzzer_sys::fuzz_target;

/// One file in memory, written anew each time.
static FILE: LazyLock<File> = LazyLock::new(|| {
    let path = format!("/dev/shm/gdkrecord-fuzz-{}", std::process::id());
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path);
    let _ = std::fs::remove_file(&path);
    file.expect("a file in /dev/shm")
});

fuzz_target!(|bytes: &[u8]| {
    FILE.set_len(0).expect("emptied");
    FILE.write_all_at(bytes, 0).expect("written");
    let file = FILE.try_clone().expect("cloned");
    let Ok(recording) = Recording::from_file(file, Path::new("fuzz")) else { return };
    let mut before = 0;
    for event in recording.events() {
        before = before.max(event.time);
        let kind = event.body.kind();
        assert!(KINDS.iter().any(|known| std::ptr::eq(known, kind)));
        let values: Vec<_> = kind.fields.iter().map(|field| field.name).zip(event.body.values()).collect();
        let again = Body::from_values(kind, &mut |name| {
            values.iter().find(|(known, _)| *known == name).expect("every field has its value").1.clone()
        });
        assert_eq!(again.as_ref(), Ok(&event.body));
    }
    let _ = recording.diagnostics();
});
