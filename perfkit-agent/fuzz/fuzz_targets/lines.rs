//! Any text as lines of a script, a statsd client or an OpenMetrics endpoint: read or refused, every value finite,
//! every name one word without empty parts, and all of it fit for the session.
#![no_main]

use libfuzzer_sys::fuzz_target;
use perfkit_agent::source::line_format::{Feed, Item, parse};
use perfkit_agent::source::{Lines, Outlet};

fuzz_target!(|bytes: &[u8]| {
    // Nobody listens: rows are made and thrown away.
    let (sender, _) = std::sync::mpsc::sync_channel(1);
    let mut outlet = Outlet::new(0, "fuzz", sender, Default::default());
    let mut feed = Feed::new(1);
    let mut lines = Lines::default();
    let mut each = |line: &str| {
        for item in parse(line).unwrap_or_default() {
            if let Item::Sample(sample) = item {
                assert!(sample.value.is_finite() && !sample.name.is_empty(), "{sample:?}");
                assert!(!sample.name.contains(|c: char| c.is_whitespace() || c.is_control()), "{sample:?}");
                assert!(!sample.name.split('.').any(str::is_empty), "{sample:?}");
            }
        }
        feed.line(&mut outlet, 1000, line);
    };
    lines.feed(bytes, &mut each);
    lines.finish(&mut each);
    feed.finish(&mut outlet);
    outlet.end(Ok(()));
});
