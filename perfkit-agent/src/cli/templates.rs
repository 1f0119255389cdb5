//! `templates`: those that there are for `record`.

use std::process::ExitCode;

use crate::error::Result;
use crate::template::{Template, folder};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  perfkit-agent record --with perf,proc@10Hz --save-template cpu -- ./myprog
  perfkit-agent templates cpu                 what it has
  perfkit-agent record --template cpu -- ./myprog")]
pub struct Args {
    /// Show what this one has.
    name: Option<String>,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    if let Some(name) = &args.name {
        let text = serde_json::to_string_pretty(&Template::load(name)?).unwrap_or_default();
        return super::print(&format!("{text}\n"));
    }
    let line = |name: &String| {
        let with = Template::load(name).map_or_else(|error| error.to_string(), |template| template.with.join(","));
        format!("{name:<20} {with}\n")
    };
    let lines: String = Template::names()?.iter().map(line).collect();
    match lines.is_empty() {
        false => super::print(&lines),
        true => super::print(&format!(
            "There are no templates in {}; `record --save-template NAME` makes one.\n",
            folder()?.display()
        )),
    }
}
