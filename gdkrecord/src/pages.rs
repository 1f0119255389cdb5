//! Completions and man pages of a program, from the same definition as its command line.

use std::fs;
use std::io;
use std::path::Path;

use clap::Command;
use clap_mangen::{Man, roff};

pub use clap_complete::Shell;

use crate::error::{Error, Result};

/// What a program reads from its environment: its words in a table.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// Variables and what they do, in order.
    pub variables: Vec<(String, String)>,
    /// The commands whose own pages have it too.
    pub of: &'static [&'static str],
}

/// The completions of a program for a shell, to be loaded by it.
pub fn completions(mut command: Command, shell: Shell) -> Vec<u8> {
    let name = command.get_name().to_owned();
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut command, &name, &mut out);
    match shell {
        // clap_complete calls a command by one name and looks for another where the program's has a hyphen, and then
        // completes nothing after commands: https://github.com/clap-rs/clap/issues/6421
        Shell::Bash => {
            let text = String::from_utf8_lossy(&out);
            text.replace(&name.replace('-', "__subcmd__"), &name.replace('-', "__")).into_bytes()
        }
        _ => out,
    }
}

/// Writes the man pages of a program and of each of its commands into a folder, which is made where it is not there.
///
/// # Errors
/// Where the folder or a page cannot be written.
pub fn write_man(command: Command, environment: &Environment, folder: &Path) -> Result<()> {
    let failed = |what, path: &Path| {
        let path = path.to_owned();
        move |error| Error::Io { what, path, error }
    };
    fs::create_dir_all(folder).map_err(failed("create", folder))?;
    for (name, page) in man(command, environment).map_err(failed("write", folder))? {
        let path = folder.join(name);
        fs::write(&path, page).map_err(failed("write", &path))?;
    }
    Ok(())
}

/// The pages by file name: that of the program first, then those of its commands.
pub fn man(mut command: Command, environment: &Environment) -> io::Result<Vec<(String, Vec<u8>)>> {
    // Gives the commands their full names.
    command.build();
    let mut pages = vec![(format!("{}.1", command.get_name()), page(&command, Some(environment))?)];
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
        let name = sub.get_display_name().unwrap_or(sub.get_name());
        let environment = environment.of.contains(&sub.get_name()).then_some(environment);
        pages.push((format!("{name}.1"), page(sub, environment)?));
    }
    Ok(pages)
}

fn page(command: &Command, environment: Option<&Environment>) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let man = Man::new(command.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    if let Some(environment) = environment.filter(|environment| !environment.variables.is_empty()) {
        variables(&mut page, environment)?;
    }
    extra(&mut page, command)?;
    if command.get_version().is_some() {
        man.render_version_section(&mut page)?;
    }
    Ok(page)
}

/// What stands below the options in help: examples and other lists below their titles, line by line, and what else is
/// to be known.
fn extra(page: &mut Vec<u8>, command: &Command) -> io::Result<()> {
    let mut roff = roff::Roff::new();
    let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let mut noted = false;
    for paragraph in text.split("\n\n").filter(|paragraph| !paragraph.is_empty()) {
        match paragraph.split_once(":\n") {
            Some((title, lines)) if lines.starts_with("  ") && !title.contains(char::is_whitespace) => {
                let title = if title == "Example" { "Examples" } else { title };
                roff.control("SH", [title.to_uppercase().as_str()]);
                roff.control("nf", []);
                for line in lines.lines() {
                    roff.text([roff::roman(line.trim_start())]);
                }
                roff.control("fi", []);
            }
            _ => {
                let (control, words): (_, &[&str]) = if noted { ("PP", &[]) } else { ("SH", &["NOTES"]) };
                roff.control(control, words.iter().copied());
                roff.text([roff::roman(paragraph.replace('\n', " "))]);
                noted = true;
            }
        }
    }
    roff.to_writer(page)
}

fn variables(page: &mut Vec<u8>, environment: &Environment) -> io::Result<()> {
    let mut roff = roff::Roff::new();
    roff.control("SH", ["ENVIRONMENT"]);
    for (name, words) in &environment.variables {
        roff.control("TP", []);
        roff.text([roff::bold(name)]);
        roff.text([roff::roman(words)]);
    }
    roff.to_writer(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program() -> Command {
        let run =
            Command::new("run").about("Runs it.").after_help("Examples:\n  it run -- x   says it\n\nOne.\n\nTwo.");
        let hidden = Command::new("secret").hide(true);
        Command::new("it").version("1").subcommand(run).subcommand(hidden).subcommand(Command::new("walk"))
    }

    #[test]
    fn a_program_and_each_command_that_is_shown_has_a_page() {
        let environment = Environment { variables: vec![("IT_X".into(), "Says x.".into())], of: &["run"] };
        let pages = man(program(), &environment).unwrap();
        let names: Vec<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["it.1", "it-run.1", "it-walk.1"]);
        let texts: Vec<String> = pages.into_iter().map(|(_, page)| String::from_utf8(page).unwrap()).collect();
        for (text, expected) in texts.iter().zip([true, true, false]) {
            assert_eq!(text.contains(".SH ENVIRONMENT\n.TP\n\\fBIT_X\\fR\nSays x.\n"), expected, "{text}");
        }
        let extra = ".SH EXAMPLES\n.nf\nit run \\-\\- x   says it\n.fi\n.SH NOTES\nOne.\n.PP\nTwo.\n";
        assert!(texts[1].ends_with(extra), "{}", texts[1]);
    }

    #[test]
    fn bash_finds_the_commands_of_a_program_with_a_hyphen() {
        let text = String::from_utf8(completions(program().name("it-is"), Shell::Bash)).unwrap();
        assert!(text.contains("cmd=\"it__is__subcmd__run\"") && text.contains("it__is__subcmd__run)"), "{text}");
    }

    #[test]
    fn every_shell_has_completions() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            assert!(String::from_utf8(completions(program(), shell)).unwrap().contains("walk"));
        }
    }
}
