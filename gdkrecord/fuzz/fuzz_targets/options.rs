//! Any text as GDKRECORD and GDKRECORD_FILENAME: parsed or refused, never a panic.
#![no_main]

use gdkrecord::options::Options;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(mut options) = Options::parse(text) {
        options.filename = Some(text.to_owned());
        let _ = options.path(1, "program");
    }
});
