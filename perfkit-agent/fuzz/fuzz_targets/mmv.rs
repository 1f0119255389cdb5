//! Any bytes as a file of values, and as a ring of marks: read or refused, never a panic.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use perfkit_counters::{Layout, Ring};

/// A file in memory, written anew each time.
static FILE: LazyLock<PathBuf> = LazyLock::new(|| format!("/dev/shm/perfkit-fuzz-{}.marks", std::process::id()).into());

fuzz_target!(|bytes: &[u8]| {
    if let Ok(Some(layout)) = Layout::parse(bytes) {
        for place in &layout.places {
            layout.read(place, bytes, i64::MAX);
            layout.read(place, &bytes[..bytes.len() / 2], 0);
        }
    }
    std::fs::write(&*FILE, bytes).expect("written");
    if let Ok(mut ring) = Ring::open(&FILE) {
        let _ = ring.read(&mut |_| {});
        let _ = ring.finish(&mut |_| {});
    }
});
