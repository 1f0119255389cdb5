//! What the command line says, and does: each test a call of the program as people make it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bookmark;
mod docs;
mod foreign;
mod messages;
mod script;

use std::path::Path;
use std::process::Command;

/// What a call has said, with all of its standard output and error, and how it ended.
struct Said {
    status: i32,
    out: String,
    error: String,
}

/// Calls the program in a folder.
fn agent(folder: &Path, words: &[&str]) -> Said {
    let mut agent = Command::new(env!("CARGO_BIN_EXE_perfkit-agent"));
    let output = agent.args(words).current_dir(folder).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { status: output.status.code().unwrap(), out: text(output.stdout), error: text(output.stderr) }
}

/// What a call that ends well prints.
fn prints(folder: &Path, words: &[&str]) -> String {
    let said = agent(folder, words);
    assert_eq!((said.status, said.error.as_str()), (0, ""), "{words:?}: {}", said.out);
    said.out
}

/// What a call that fails says, without the program's name before it.
fn fails(folder: &Path, words: &[&str]) -> String {
    let said = agent(folder, words);
    assert_eq!((said.status, said.out.as_str()), (125, ""), "{words:?}: {}", said.error);
    said.error.strip_prefix("perfkit-agent: ").unwrap_or(&said.error).to_owned()
}
