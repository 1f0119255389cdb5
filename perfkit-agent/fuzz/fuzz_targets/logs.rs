//! Any line as one of the journal's and of GLib's: what GLib's says is the end of the line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use perfkit_agent::source::{journal, output::glib};

fuzz_target!(|line: &str| {
    assert!(line.ends_with(glib::read(line).message));
    let _ = journal::read(line);
});
