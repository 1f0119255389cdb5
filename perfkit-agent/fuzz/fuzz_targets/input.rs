//! Any text as a script of input: read or refused with a line, and what was read is read again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use perfkit_agent::input::Script;

fuzz_target!(|text: &str| {
    match Script::parse(text) {
        Ok(script) => assert_eq!(Script::parse(&script.to_string()).as_ref(), Ok(&script)),
        Err(error) => assert!(error.starts_with("line "), "{error}"),
    }
});
