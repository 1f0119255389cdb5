//! `cargo xtask test` and `cargo xtask check`.

use perfkit_tests::Result;

use crate::artifacts::{build_agent, build_app, build_recorder, cargo};
use crate::packages::{self, Need};

/// All tests. Words that follow go to `cargo test`: `cargo xtask test --test journeys click`.
pub fn test(words: &[&str]) -> Result<()> {
    packages::install(Need::Test)?;
    packages::python()?;
    build_recorder()?;
    build_agent()?;
    build_app()?;
    let all: &[&str] = if words.is_empty() { &["--workspace"] } else { &["--package", "perfkit-tests"] };
    // One failure must not hide the next: a run takes minutes.
    cargo(&[&["test", "--no-fail-fast"], all, words].concat())
}

/// Formatting, lints, and the rules of the house that need no program to run.
pub fn check() -> Result<()> {
    packages::install(Need::Test)?;
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"])?;
    build_recorder()?;
    cargo(&["test", "--package", "perfkit-tests", "--test", "tidy"])
}
