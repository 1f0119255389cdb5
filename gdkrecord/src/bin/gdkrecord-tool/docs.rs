//! `completions` and `man`: the tool's own, from the definition of its command line.

use std::io::{self, Write};

use clap::CommandFactory;
use gdkrecord::options::{DEFAULT_FILENAME, OPTIONS};
use gdkrecord::pages::{self, Environment};

use crate::args::{Cli, CompletionsArgs, ManArgs};
use crate::failure::{Failure, Result};

/// Runs `completions`.
pub fn completions(args: &CompletionsArgs) -> Result<()> {
    let out = pages::completions(Cli::command(), args.shell);
    io::stdout().lock().write_all(&out).map_err(Failure::writing("to standard output"))
}

/// Runs `man`.
pub fn man(args: &ManArgs) -> Result<()> {
    Ok(pages::write_man(Cli::command(), &environment(), &args.folder)?)
}

/// What the recorder reads from the environment.
fn environment() -> Environment {
    let mut variables = vec![
        ("GTK_MODULES".into(), "gdkrecord makes any GTK program record itself, once perfkit is installed.".into()),
        (
            "GDKRECORD_FILENAME".into(),
            format!("The recording's name; %p is the pid, %n the program's name. Without it: {DEFAULT_FILENAME}"),
        ),
        ("GDKRECORD".into(), "Options of the recorder, key=value with commas between:".into()),
    ];
    variables.extend(OPTIONS.iter().map(|option| (format!("{}={}", option.name, option.value), option.doc.into())));
    variables.push(("GDKRECORD_MODULE".into(), "Where run finds libgdkrecord.so, or the folder that holds it.".into()));
    Environment { variables, of: &["run"] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_holds_every_option_of_the_recorder() {
        let pages = pages::man(Cli::command(), &environment()).unwrap();
        let page = String::from_utf8(pages[0].1.clone()).unwrap();
        for option in OPTIONS {
            assert!(page.contains(&format!("{}=", option.name)), "{}", option.name);
        }
        assert!(pages.iter().any(|(name, _)| name == "gdkrecord-tool-dump.1"));
    }
}
