//! Any bytes as what opreport and ocount print: read or refused, and the weights of a report add up to no panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use perfkit_agent::session::clock::{Pair, WallClock};
use perfkit_agent::source::Outlet;
use perfkit_agent::source::oprofile::counts::Counts;
use perfkit_agent::source::oprofile::{recognises, text, xml};

fuzz_target!(|bytes: &[u8]| {
    recognises(bytes);
    let printed = String::from_utf8_lossy(bytes);
    let (mut outlet, seen) = Outlet::to_memory("oprofile");
    for report in [xml::parse(&printed), text::parse(&printed)].into_iter().flatten() {
        report.put(&mut outlet, 1, 0);
    }
    let mut counts = Counts::new(1, WallClock::fixed(Pair { monotonic: 0, realtime: 0 }));
    printed.lines().for_each(|line| counts.line(&mut outlet, line));
    outlet.flush();
    seen.lines();
});
