//! `report`: what was slow, and why.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::analysis::analyse;
use crate::error::Result;
use crate::session::query::Query;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The session.
    #[arg(value_name = "FILE")]
    session: PathBuf,
    /// List the slow frames.
    #[arg(long)]
    frames: bool,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let _ = args.frames;
    let analysis = analyse(&Query::open(&args.session)?, i64::MIN, i64::MAX)?;
    let mut text = format!("{} frames, {} slow\n", analysis.frames.len(), analysis.slow.len());
    for report in &analysis.slow {
        text.push_str(&report.words());
        text.push('\n');
    }
    super::print(&text)
}
