//! The command line: one file a command. What was typed is turned once into what it means; only that goes on.

mod bench;
mod bookmark;
mod control;
mod docs;
mod export;
mod import;
mod info;
mod input;
mod names;
mod play;
mod progress;
mod query;
mod record;
pub mod remote;
mod replay;
mod report;
mod script;
mod serve;
mod sources;
mod symbolise;
mod templates;
mod token;
pub mod words;

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::channel;
use crate::error::{Error, Result};
use crate::import::{Readable, recognise};
use crate::symbols::When;

/// The exit status where a command itself fails; a recorded program seldom ends with it.
const FAILED: u8 = 125;
/// And where it was stopped by Ctrl+C, as a shell tells it.
const STOPPED: u8 = 130;

/// Runs a program under the tuning utilities, and puts what they see into one session.
#[derive(Debug, Parser)]
#[command(name = "perfkit-agent", version, max_term_width = 100)]
#[command(after_help = "Examples:
  perfkit-agent record -- gnome-calculator                    with the sources that cost next to nothing
  perfkit-agent record --with gdkrecord,strace -- ./myprog    with system calls
  perfkit-agent sources                                       what else there is, and what it needs")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Record a program, or a process that runs already, into a session.
    Record(record::Args),
    /// Make a session of what other tools have recorded.
    Import(import::Args),
    /// Answer SQL over a session.
    Query(query::Args),
    /// Hand a session on to another tool, in that tool's format.
    Export(export::Args),
    /// List the dotted names of a session that begin with a prefix.
    Names(names::Args),
    /// Say what a session is, where it comes from, and what is in it.
    Info(info::Args),
    /// Find names for the addresses in a session, as after debug files were installed; recording does it by itself.
    Symbolise(symbolise::Args),
    /// Mark moments of a session, or note what is to be known about all of it.
    Bookmark(bookmark::Args),
    /// Show what somebody did in a recorded program as a script that can be edited and played again.
    Input(input::Args),
    /// Play a script of input on a program, and record what it does.
    Replay(replay::Args),
    /// Play a script of input several times, and say how long things took, and how far that spreads.
    Bench(bench::Args),
    /// Tell a recording that goes on to pause, resume, start again, or stop.
    Control(control::Args),
    /// Say what was slow, and why.
    Report(report::Args),
    /// Run a script of JavaScript over a session, here or where an agent is; it can do nothing else.
    Script(script::Args),
    /// Make this machine one that can be watched and profiled from elsewhere.
    Serve(serve::Args),
    /// List where performance data can come from here, and what each source still needs.
    Sources(sources::Args),
    /// List the templates for `record`.
    Templates(templates::Args),
    /// Say who may use the server, and what they may.
    Token(token::Args),
    /// Print shell completions.
    Completions(docs::Completions),
    /// Write the man pages into a folder.
    Man(docs::Man),
}

/// Runs the program's command line; the status is that of the recorded program where there is one.
pub fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    if let Some(status) = channel::hidden(words.get(1..).unwrap_or_default()) {
        return status;
    }
    let cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no failures; a reader that has seen enough is none either.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(FAILED) } else { ExitCode::SUCCESS };
        }
    };
    let done = match cli.command {
        Command::Record(args) => record::run(args),
        Command::Import(args) => import::run(&args),
        Command::Query(args) => query::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Names(args) => names::run(&args),
        Command::Info(args) => info::run(&args),
        Command::Symbolise(args) => symbolise::run(&args),
        Command::Bookmark(args) => bookmark::run(&args),
        Command::Input(args) => input::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Control(args) => control::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Script(args) => script::run(args),
        Command::Serve(args) => serve::run(args),
        Command::Sources(args) => sources::run(&args),
        Command::Templates(args) => templates::run(&args),
        Command::Token(args) => token::run(args),
        Command::Completions(args) => docs::completions(&args),
        Command::Man(args) => docs::man(&args),
    };
    done.unwrap_or_else(|error| {
        if is_broken_pipe(&error) {
            return ExitCode::SUCCESS;
        }
        say(&format!("{error}{}", remedy(&error)));
        ExitCode::from(FAILED)
    })
}

/// What to do about a file that is no session: it could be made one, or not.
fn remedy(error: &Error) -> String {
    let Error::NotASession(path) = error else { return String::new() };
    let quoted = path.display().to_string();
    match (recognise(path), shlex::try_quote(&quoted)) {
        (Ok(format), Ok(path)) => format!(" but {}; make one of it first: perfkit-agent import {path}", format.about),
        _ => ", and nothing of another tool that can be read: perfkit-agent import --help lists what can".to_owned(),
    }
}

/// The session at `path`, or one that is made of it for this command.
fn readable(path: &Path) -> Result<Readable> {
    let readable = Readable::open(path)?;
    if readable.made_of().is_some() {
        // Where it was recorded nobody knows, so that only build ids count.
        symbolise::after(readable.path(), When::Later, true, &mut || true);
        let name = path.display().to_string();
        if let Ok(name) = shlex::try_quote(&name) {
            say(&format!("made a session of it for this once; to keep one: perfkit-agent import {name}"));
        }
    }
    Ok(readable)
}

/// Says a line on standard error, where nobody may be listening any more.
fn say(line: &str) {
    use io::Write;
    let _ = writeln!(io::stderr(), "perfkit-agent: {line}");
}

/// Whether whoever read our output has seen enough.
fn is_broken_pipe(error: &Error) -> bool {
    matches!(error, Error::File { error, .. } if error.kind() == io::ErrorKind::BrokenPipe)
}

/// Writes to standard output.
fn print(text: &str) -> Result<ExitCode> {
    print_bytes(text.as_bytes())
}

fn print_bytes(bytes: &[u8]) -> Result<ExitCode> {
    use io::Write;
    let mut out = io::stdout().lock();
    let written = out.write_all(bytes).and_then(|()| out.flush());
    written.map_err(Error::file("write to", Path::new("standard output")))?;
    Ok(ExitCode::SUCCESS)
}
