//! Any bytes as a log of strace, of ltrace, and as what uftrace dumps: every line becomes rows or is counted,
//! and the rows are well formed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use perfkit_agent::session::clock::{Pair, WallClock};
use perfkit_agent::source::tracelog::{About, Log, Times, prefix};
use perfkit_agent::source::uftrace::{Dump, Symbols, Tasks};
use perfkit_agent::source::{Lines, Outlet, ltrace, strace};

/// Gives the lines of the bytes.
fn lines(bytes: &[u8], each: &mut dyn FnMut(&str)) {
    let mut lines = Lines::default();
    lines.feed(bytes, each);
    lines.finish(each);
}

fn times() -> Times {
    Times::past(WallClock::fixed(Pair { monotonic: 0, realtime: 1_795_418_299_000_000_000 }), 0, 0)
}

fn read<L: Log>(bytes: &[u8], outlet: &mut Outlet) {
    let (mut log, mut clock) = (L::new(outlet, About::past(1)), times());
    lines(bytes, &mut |line| {
        let (prefix, text) = prefix(line);
        log.line(outlet, &mut clock, prefix, text);
    });
    log.finish(outlet);
}

fuzz_target!(|bytes: &[u8]| {
    let (mut outlet, seen) = Outlet::to_memory("fuzz");
    let _ = (strace::recognises(bytes), ltrace::recognises(bytes));

    read::<strace::Trace>(bytes, &mut outlet);
    read::<ltrace::Trace>(bytes, &mut outlet);

    let text = String::from_utf8_lossy(bytes);
    let tasks = Tasks::read(&text, 7);
    tasks.tell(&mut outlet);
    let mut symbols = Symbols::default();
    symbols.add(&text);
    let mut dump = Dump::new(&mut outlet, symbols);
    lines(bytes, &mut |line| dump.line(&mut outlet, line, &|pid| tasks.has(pid)));
    dump.finish(&mut outlet);

    outlet.flush();
    seen.lines();
});
