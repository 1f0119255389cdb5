//! `run`: starts a program with the recorder in its environment, waits for it, and says what was recorded.

mod outcome;
mod reason;
mod wait;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};

use gdkrecord::modules::Modules;
use gdkrecord::options::{DEFAULT_FILENAME, Options};

use crate::args::RunArgs;
use crate::failure::{Failure, Result};

/// The status where no program was started, as of env(1) and timeout(1): programs seldom end with it.
pub const FAILED: u8 = 125;

/// Runs `run`; the status is the program's.
pub fn run(args: &RunArgs) -> Result<ExitCode> {
    let options = options(args)?;
    let pattern = pattern(args.output.as_deref()).map_err(Failure::writing("."))?;
    let modules = Modules::find().map_err(Failure::NoModule)?;
    let into = outcome::folder(&pattern);
    std::fs::create_dir_all(&into).map_err(Failure::writing(&into))?;
    // Only trying tells for certain: root may write anywhere but in /proc.
    tempfile::tempfile_in(&into).map_err(Failure::writing(&into))?;
    let folder = tempfile::Builder::new().prefix("gdkrecord-").tempdir();
    let folder = folder.map_err(Failure::writing(std::env::temp_dir()))?;
    modules.lay_out(folder.path()).map_err(Failure::writing(folder.path()))?;
    let [program, rest @ ..] = args.program.as_slice() else {
        return Err(Failure::Other("no program was given".to_owned()));
    };
    let tree = token();
    let mut command = Command::new(program);
    command
        .args(rest)
        .env("GTK_PATH", prepended("GTK_PATH", folder.path().as_os_str()))
        .env("GTK_MODULES", prepended("GTK_MODULES", "gdkrecord".as_ref()))
        .env("GDKRECORD", options)
        .env("GDKRECORD_FILENAME", &pattern)
        .env("GDKRECORD_TREE", tree.to_string());
    let program = Path::new(program);
    let status = wait::run(&command).map_err(|failure| match failure {
        wait::Failed::Start(error) => Failure::Program { program: program.into(), error },
        wait::Failed::Wait(error) => Failure::Signals(error),
    })?;
    drop(folder);
    outcome::say(&pattern, tree, || reason::reason(program, status, &modules));
    Ok(ExitCode::from(code(status)))
}

/// What a shell gives: the exit status, or 128 plus the signal.
fn code(status: ExitStatus) -> u8 {
    match (status.code(), status.signal()) {
        (Some(code), _) => code as u8,
        (None, Some(signal)) => 128u8.wrapping_add(signal as u8),
        (None, None) => 1,
    }
}

/// The value of GDKRECORD: what is typed comes after what the environment says, and so prevails.
fn options(args: &RunArgs) -> Result<String> {
    let before = std::env::var("GDKRECORD").unwrap_or_default();
    let text = if args.keep_text { "text=keep" } else { "" };
    let all: Vec<_> = [before.as_str(), &args.options, text].into_iter().filter(|part| !part.is_empty()).collect();
    let all = all.join(",");
    Options::parse(&all)?;
    Ok(all)
}

/// The pattern of the recording's name, absolute: the program may change its folder.
fn pattern(output: Option<&Path>) -> std::io::Result<PathBuf> {
    let output = match output {
        Some(output) => output.to_owned(),
        None => std::env::var_os("GDKRECORD_FILENAME")
            .filter(|name| !name.is_empty())
            .map_or_else(|| DEFAULT_FILENAME.into(), PathBuf::from),
    };
    if output.is_absolute() {
        return Ok(output);
    }
    // A percent sign in the folder's own name is no placeholder.
    let here = std::env::current_dir()?.to_string_lossy().replace('%', "%%");
    Ok(Path::new(&here).join(output))
}

/// An element in front of a variable's list.
fn prepended(name: &str, element: &std::ffi::OsStr) -> std::ffi::OsString {
    let mut list = element.to_owned();
    if let Some(before) = std::env::var_os(name).filter(|before| !before.is_empty()) {
        list.push(":");
        list.push(before);
    }
    list
}

/// A number that no other run has.
fn token() -> u64 {
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    hasher.write_u64(gdkrecord::writer::now());
    hasher.finish().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_those_of_a_shell() {
        assert_eq!(code(ExitStatus::from_raw(3 << 8)), 3);
        assert_eq!(code(ExitStatus::from_raw(9)), 137);
    }

    #[test]
    fn tokens_differ() {
        assert_ne!(token(), token());
    }

    #[test]
    fn a_pattern_is_absolute() {
        assert!(pattern(Some(Path::new("a-%p.x"))).unwrap().is_absolute());
        assert_eq!(pattern(Some(Path::new("/tmp/%n"))).unwrap(), Path::new("/tmp/%n"));
    }
}
