//! Any bytes as a stream of D-Bus messages: how it is cut into parts makes no difference.
#![no_main]

use libfuzzer_sys::fuzz_target;
use perfkit_agent::source::dbus::wire::{Stream, read};

fuzz_target!(|bytes: &[u8]| {
    let cut = |part: usize| {
        let (mut stream, mut seen) = (Stream::default(), Vec::new());
        let fed = bytes.chunks(part.max(1)).try_for_each(|part| {
            stream.feed(part, &mut |message| {
                let head = read(message);
                seen.push(head.map(|head| (head.serial, head.bytes, head.body.texts().count(), head.body.number())));
            })
        });
        (seen, fed.is_ok())
    };
    assert_eq!(cut(bytes.len()), cut(7));
});
