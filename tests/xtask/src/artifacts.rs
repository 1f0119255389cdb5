//! Builds what is installed, shown and driven, each with the features it needs and no others.

use std::process::Command;
use std::{env, fs};

use perfkit_tests::error::Context;
use perfkit_tests::{Failure, Result, bins};

use crate::desktop;

/// Runs cargo at the top of the repository.
pub fn cargo(args: &[&str]) -> Result<()> {
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(program).args(args).current_dir(bins::root()).status().cannot("run cargo")?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("cargo {} failed", args.join(" ")))) }
}

/// Recorder, loader and tool in release.
///
/// Runs of cargo of their own, since one would build the library once with the features of all: the recorder
/// would then link the tool's drawing libraries into every program that is recorded. The loader has a profile
/// of its own, in which it needs no std.
pub fn build_recorder() -> Result<()> {
    cargo(&["build", "--release", "--package", "gdkrecord-module"])?;
    cargo(&["build", "--profile", "loader", "--package", "gdkrecord-loader"])?;
    let built = bins::target().join("loader").join(bins::LOADER);
    fs::copy(&built, bins::target().join("release").join(bins::LOADER)).cannot("copy the loader")?;
    cargo(&["build", "--release", "--package", "gdkrecord", "--features", "tool", "--bin", bins::TOOL])
}

/// The agent in release.
pub fn build_agent() -> Result<()> {
    cargo(&["build", "--release", "--package", "perfkit-agent", "--bin", bins::AGENT])
}

/// The graphical program in release, with settings and translations beside it.
pub fn build_app() -> Result<()> {
    cargo(&["build", "--release", "--package", "perfkit-app", "--bins"])?;
    desktop::beside(&bins::target())
}
