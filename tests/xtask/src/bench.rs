//! `cargo xtask bench`: measures beside peers. What the figures mean stands in tests/benches/RESULTS.md.

use perfkit_tests::{Failure, Result};

use crate::artifacts::{build_recorder, cargo};
use crate::packages::{self, Need};

/// The benches of tests/benches, in the order in which they run.
const BENCHES: &[&str] = &["recorder", "dump", "overhead", "instructions"];

/// Runs one, or all.
pub fn run(only: Option<&str>) -> Result<()> {
    if let Some(name) = only.filter(|name| !BENCHES.contains(name)) {
        return Err(Failure::new(format!("no bench `{name}`; there are {}", BENCHES.join(", "))));
    }
    packages::install(Need::Bench)?;
    build_recorder()?;
    for name in BENCHES.iter().filter(|name| only.is_none_or(|only| only == **name)) {
        cargo(&["bench", "--quiet", "--package", "perfkit-tests", "--bench", name])?;
    }
    Ok(())
}
