//! Completions and man pages, from the same definition as the command line.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::CommandFactory;
use clap_mangen::{Man, roff};
use gdkrecord::options::{DEFAULT_FILENAME, OPTIONS};

use crate::args::{Cli, CompletionsArgs, ManArgs};
use crate::failure::{Failure, Result};

/// Runs `completions`.
pub fn completions(args: &CompletionsArgs) -> Result<()> {
    let mut out = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "gdkrecord-tool", &mut out);
    io::stdout().lock().write_all(&out).map_err(Failure::writing("to standard output"))
}

/// Runs `man`.
pub fn man(args: &ManArgs) -> Result<()> {
    fs::create_dir_all(&args.folder).map_err(Failure::writing(&args.folder))?;
    for (name, page) in pages().map_err(Failure::writing(&args.folder))? {
        let path = args.folder.join(name);
        fs::write(&path, page).map_err(Failure::writing(&path))?;
    }
    Ok(())
}

/// The pages by file name: the tool, and each of its commands.
fn pages() -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut command = Cli::command();
    // Gives the commands their full names.
    command.build();
    let mut page = Vec::new();
    let man = Man::new(command.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    man.render_subcommands_section(&mut page)?;
    environment(&mut page)?;
    extra(&mut page, &command)?;
    man.render_version_section(&mut page)?;
    let mut pages = vec![("gdkrecord-tool.1".into(), page)];
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
        let name = sub.get_display_name().unwrap_or(sub.get_name()).to_owned();
        let mut page = Vec::new();
        let man = Man::new(sub.clone());
        man.render_title(&mut page)?;
        man.render_name_section(&mut page)?;
        man.render_synopsis_section(&mut page)?;
        man.render_description_section(&mut page)?;
        man.render_options_section(&mut page)?;
        if sub.get_name() == "run" {
            environment(&mut page)?;
        }
        extra(&mut page, sub)?;
        pages.push((format!("{name}.1").into(), page));
    }
    Ok(pages)
}

/// What stands below the options in help: examples, line by line, and what else is to be known.
fn extra(page: &mut Vec<u8>, command: &clap::Command) -> io::Result<()> {
    let mut roff = roff::Roff::new();
    let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    for paragraph in text.split("\n\n").filter(|paragraph| !paragraph.is_empty()) {
        match paragraph.split_once(":\n") {
            Some(("Example" | "Examples", lines)) => {
                roff.control("SH", ["EXAMPLES"]);
                roff.control("nf", []);
                for line in lines.lines() {
                    roff.text([roff::roman(line.trim_start())]);
                }
                roff.control("fi", []);
            }
            _ => {
                roff.control("SH", ["NOTES"]);
                roff.text([roff::roman(paragraph.replace('\n', " "))]);
            }
        }
    }
    roff.to_writer(page)
}

/// What the recorder reads from the environment.
fn environment(page: &mut Vec<u8>) -> io::Result<()> {
    let mut roff = roff::Roff::new();
    roff.control("SH", ["ENVIRONMENT"]);
    let mut entry = |name: String, words: String| {
        roff.control("TP", []);
        roff.text([roff::bold(name)]);
        roff.text([roff::roman(words)]);
    };
    entry("GTK_MODULES".into(), "gdkrecord makes any GTK program record itself, once perfkit is installed.".into());
    entry(
        "GDKRECORD_FILENAME".into(),
        format!("The recording's name; %p is the pid, %n the program's name. Without it: {DEFAULT_FILENAME}"),
    );
    entry("GDKRECORD".into(), "Options of the recorder, key=value with commas between:".into());
    for option in OPTIONS {
        entry(format!("{}={}", option.name, option.value), option.doc.into());
    }
    entry("GDKRECORD_MODULE".into(), "Where run finds libgdkrecord.so, or the folder that holds it.".into());
    roff.to_writer(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_holds_every_option_of_the_recorder() {
        let pages = pages().unwrap();
        let page = String::from_utf8(pages[0].1.clone()).unwrap();
        for option in OPTIONS {
            assert!(page.contains(&format!("{}=", option.name)), "{}", option.name);
        }
        assert!(pages.iter().any(|(name, _)| name.as_os_str() == "gdkrecord-tool-dump.1"));
    }

    #[test]
    fn every_shell_has_completions() {
        for shell in [clap_complete::Shell::Bash, clap_complete::Shell::Zsh, clap_complete::Shell::Fish] {
            let mut out = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "gdkrecord-tool", &mut out);
            assert!(String::from_utf8(out).unwrap().contains("exposures"));
        }
    }
}
