//! `cargo xtask bench`: measures beside peers. What the figures mean stands in tests/benches/RESULTS.md.

use perfkit_tests::{Failure, Result};

use crate::artifacts::{build_agent, build_recorder, cargo};
use crate::packages::{self, Need};

/// The benches and their packages, in the order in which they run.
const BENCHES: &[(&str, &str)] = &[
    ("recorder", "perfkit-tests"),
    ("dump", "perfkit-tests"),
    ("overhead", "perfkit-tests"),
    ("instructions", "perfkit-tests"),
    ("sources", "perfkit-tests"),
    ("counters", "perfkit-tests"),
    ("store", "perfkit-agent"),
    ("treemap", "perfkit-tests"),
    ("gui", "perfkit-app"),
];

/// Runs one, or all.
pub fn run(only: Option<&str>) -> Result<()> {
    if let Some(name) = only.filter(|name| !BENCHES.iter().any(|(known, _)| known == name)) {
        let names: Vec<&str> = BENCHES.iter().map(|(name, _)| *name).collect();
        return Err(Failure::new(format!("no bench `{name}`; there are {}", names.join(", "))));
    }
    packages::install(Need::Bench)?;
    build_recorder()?;
    build_agent()?;
    for (name, package) in BENCHES.iter().filter(|(name, _)| only.is_none_or(|only| only == *name)) {
        cargo(&["bench", "--quiet", "--package", package, "--bench", name])?;
    }
    Ok(())
}
