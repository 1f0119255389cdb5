//! `cargo xtask bench`: measures beside peers. What the figures mean stands in tests/benches/RESULTS.md.

use perfkit_tests::{Failure, Result};

use crate::artifacts::{build_agent, build_app, build_recorder, cargo};
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
    ("server", "perfkit-agent"),
    ("scripts", "perfkit-agent"),
    ("treemap", "perfkit-tests"),
    ("replay", "perfkit-tests"),
    ("gui", "perfkit-app"),
    // The window records itself: a part of what `gui` measures.
    ("gui-itself", "perfkit-app"),
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
    // A bench has its parts with it, whose names begin with its own.
    let part =
        |name: &str, of: &str| name.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    for (name, package) in BENCHES.iter().filter(|(name, _)| only.is_none_or(|only| part(name, only))) {
        if *name == "gui-itself" {
            build_app()?;
        }
        cargo(&["bench", "--quiet", "--package", package, "--bench", name])?;
    }
    Ok(())
}
