//! Any bytes as a capture of Sysprof: imported or refused, never a panic.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use perfkit_agent::import;
use perfkit_agent::source::Outlet;

/// A file in memory, written anew each time.
static FILE: LazyLock<PathBuf> = LazyLock::new(|| format!("/dev/shm/perfkit-fuzz-{}", std::process::id()).into());

fuzz_target!(|bytes: &[u8]| {
    std::fs::write(&*FILE, bytes).expect("written");
    let format = import::format("syscap").expect("a format");
    let (mut outlet, seen) = Outlet::to_memory("syscap");
    let _ = (format.import)(&FILE, &mut outlet);
    outlet.flush();
    seen.lines();
});
