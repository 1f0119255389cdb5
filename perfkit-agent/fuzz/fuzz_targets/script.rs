//! Any bytes as what a script's process says: a message or damage, never a panic, and a message comes back as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use perfkit_agent::server::script::message::{Said, Told, length};
use perfkit_agent::server::script::nursery::Note;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(said) = Said::decode(bytes) {
        let frame = said.encode();
        assert_eq!(Said::decode(&frame[4..]), Ok(said));
    }
    let _ = Told::decode(bytes);
    let _ = Note::decode(bytes);
    if let Some(head) = bytes.first_chunk() {
        assert!(length(*head, 1 << 20).is_ok_and(|length| (1..=(1 << 20) + 1).contains(&length)) || length(*head, 1 << 20).is_err());
    }
});
