//! `sources`: what there is, whether it can run here, and what it needs.

use std::path::Path;
use std::process::ExitCode;

use serde_json::json;

use crate::error::Result;
use crate::source::{Readiness, Source, sources, told};

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  perfkit-agent sources --json | jq -r '.[].name'")]
pub struct Args {
    /// As JSON, for programs.
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let sources = sources();
    if args.json {
        let all: Vec<_> = sources.iter().map(|source| told(&**source)).collect();
        return super::print(&format!("{:#}\n", json!(all)));
    }
    super::print(&sources.iter().map(|source| words(&**source)).collect::<String>())
}

fn words(source: &dyn Source) -> String {
    let state = match source.readiness() {
        Readiness::Ready { version, path } => format!("ready: {}", place(&version, path.as_deref())),
        Readiness::Limited { version, path, remedy } => {
            format!("ready with limits: {}\nlimits: {remedy}", place(&version, path.as_deref()))
        }
        Readiness::Missing { remedy } => format!("not ready: {remedy}"),
    };
    let lines = [source.about(), source.usage()].into_iter().chain(state.lines());
    let lines = lines.map(|line| line.trim_end_matches([' ', ':']));
    let indented: String = lines.skip(1).map(|line| format!("{:<14}{line}\n", "")).collect();
    format!("{:<14}{}\n{indented}", source.name(), source.about())
}

fn place(version: &str, path: Option<&Path>) -> String {
    let path = path.map(|path| path.display().to_string()).unwrap_or_default();
    let words: Vec<_> = [version, &path].into_iter().filter(|word| !word.is_empty()).collect();
    if words.is_empty() { "it needs nothing".to_owned() } else { words.join(", ") }
}
