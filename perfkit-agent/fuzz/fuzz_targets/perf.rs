//! Any bytes as what perf prints: every line is a record, a frame, a count, or counted as unread, and the rows that
//! come of it are well formed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use perfkit_agent::source::perf::{Machine, Rows, Stat, Text};
use perfkit_agent::source::{Lines, Outlet};

fuzz_target!(|bytes: &[u8]| {
    let (mut outlet, seen) = Outlet::to_memory("perf");
    let (mut lines, mut text, mut rows) = (Lines::default(), Text::default(), Rows::new(Machine::X86_64));
    let mut stat = Stat::new(1);
    let mut each = |line: &str| {
        stat.line_at(&mut outlet, line, 1_000_000_000);
        text.line(line, &mut |record| rows.take(&mut outlet, &record));
    };
    lines.feed(bytes, &mut each);
    lines.finish(&mut each);
    text.finish(&mut |record| rows.take(&mut outlet, &record));
    rows.finish(&mut outlet);
    outlet.flush();
    seen.lines();
});
