//! Any bytes as a module: whatever its symbol tables and debug data say, every address has functions or none, and no
//! name is longer than a name can be.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use perfkit_agent::symbols::{Address, Image, Search};

/// One file in memory, written anew each time.
static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| PathBuf::from(format!("/dev/shm/perfkit-agent-fuzz-{}", std::process::id())));

fuzz_target!(|bytes: &[u8]| {
    std::fs::write(&*FILE, bytes).expect("a file in /dev/shm");
    let nowhere = Search { debug: Vec::new(), caches: Vec::new() };
    let Ok(image) = Image::open(&FILE, None, &nowhere) else { return };
    for at in (0..0x4000).step_by(0x51) {
        for address in [Address::File(at), Address::Offset(at), Address::Return(at), Address::Distance(at)] {
            let places = image.places(address);
            assert!(places.len() <= 64);
            assert!(places.iter().all(|place| !place.function.is_empty() && place.function.len() <= 3 * 16 * 1024));
        }
    }
    image.depth();
});
