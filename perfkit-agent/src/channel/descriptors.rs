//! How many descriptors a process may have open: many connections need many. What is recorded keeps the number that it
//! would have had, as a program may behave otherwise with more.

use std::sync::OnceLock;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// What the number was before it was raised.
static BEFORE: OnceLock<u64> = OnceLock::new();

/// Raises this process's number to what it may have at most, and tells it. Where that cannot be, it stays.
pub fn raise() -> u64 {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return 0 };
    if soft < hard && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok() {
        let _ = BEFORE.set(soft);
        return hard;
    }
    soft
}

/// What a program that is recorded is to have, as the gate's command line has it; `-` for what this process has.
pub(super) fn word() -> String {
    BEFORE.get().map_or_else(|| "-".to_owned(), u64::to_string)
}

/// Gives this process, which is about to become the program, the number of a [`word`].
pub(super) fn lower(word: &std::ffi::OsStr) {
    let number = word.to_str().and_then(|word| word.parse().ok());
    if let (Some(soft), Ok((_, hard))) = (number, getrlimit(Resource::RLIMIT_NOFILE)) {
        // A program with more of them than it expected runs all the same.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, soft, hard);
    }
}
