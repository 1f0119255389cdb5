//! `names`: the dotted names of a session that begin with a prefix.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::error::Result;
use crate::session::{Name, Session};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  perfkit-agent names a.perfkit proc.        the names one step below `proc`
  perfkit-agent names a.perfkit '' --depth 0  where all names begin
  perfkit-agent names a.perfkit app --depth 2 those of two dots that begin with `app`")]
pub struct Args {
    /// The session.
    #[arg(value_name = "FILE")]
    session: PathBuf,
    /// What the names begin with.
    prefix: String,
    /// How many dots they have [default: as many as the prefix].
    #[arg(long, value_name = "N")]
    depth: Option<usize>,
    /// How many to list at most.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    limit: usize,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let session = super::readable(&args.session)?;
    let names = Session::open(session.path())?.names(&args.prefix, args.depth, args.limit)?;
    super::print(&names.iter().map(line).collect::<String>())
}

fn line(name: &Name) -> String {
    let words = [&name.name, name.semantics.as_deref().unwrap_or_default(), &name.unit, &name.doc];
    format!("{}\n", words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join("  "))
}
