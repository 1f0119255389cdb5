//! Any bytes as what bpftrace prints, and through that as what a script prints in any of the line formats.
#![no_main]

use libfuzzer_sys::fuzz_target;
use perfkit_agent::source::probes::Reader;
use perfkit_agent::source::{Lines, Outlet};

fuzz_target!(|bytes: &[u8]| {
    let (mut outlet, seen) = Outlet::to_memory("bpftrace");
    let (mut lines, mut reader) = (Lines::default(), Reader::default());
    let mut each = |line: &str| reader.line(&mut outlet, 1_000_000_000, line);
    lines.feed(bytes, &mut each);
    lines.finish(&mut each);
    reader.finish(&mut outlet);
    outlet.flush();
    seen.lines();
});
