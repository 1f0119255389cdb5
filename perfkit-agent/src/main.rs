//! `perfkit-agent`: the command line over the library of the same name.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use perfkit_agent::channel::gate;
use perfkit_agent::source::{Readiness, Source, sources};

const USAGE: &str = "\
usage: perfkit-agent sources

  sources    where performance data can come from on this machine, and what each source still needs";

fn main() -> ExitCode {
    let words: Vec<OsString> = env::args_os().skip(1).collect();
    if words.first().is_some_and(|word| word == gate::COMMAND) {
        return gate::pass(&words[1..]);
    }
    let args: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let text = match words.as_slice() {
        ["sources"] => list(),
        [] | ["help" | "-h" | "--help"] => format!("{USAGE}\n"),
        ["-V" | "--version"] => format!("perfkit-agent {}\n", env!("CARGO_PKG_VERSION")),
        other => {
            eprintln!("perfkit-agent: no command `{}`; `perfkit-agent help` lists them", other.join(" "));
            return ExitCode::from(2);
        }
    };
    match io::stdout().write_all(text.as_bytes()) {
        // A reader that has seen enough is no error.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            eprintln!("perfkit-agent: cannot write: {error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

fn list() -> String {
    let line =
        |source: &dyn Source, state: String| format!("{:<12} {}\n{:<12} {state}\n", source.name(), source.about(), "");
    let place = |version: &str, path: &Option<PathBuf>| {
        let path = path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        format!("{version} {path}").trim().to_owned()
    };
    sources()
        .iter()
        .map(|source| {
            let state = match source.readiness() {
                Readiness::Ready { version, path } => format!("ready: {}", place(&version, &path)),
                Readiness::Limited { version, path, remedy } => {
                    format!("ready with limits: {}; {remedy}", place(&version, &path))
                }
                Readiness::Missing { remedy } => format!("not ready: {remedy}"),
            };
            line(&**source, state)
        })
        .collect()
}
