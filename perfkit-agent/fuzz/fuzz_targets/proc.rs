//! Any text as each file of /proc.
#![no_main]

use libfuzzer_sys::fuzz_target;
use perfkit_agent::source::proc::parse;

fuzz_target!(|text: &str| parse::all(text));
