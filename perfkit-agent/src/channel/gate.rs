//! The gate: a target is made, waits before its first instruction until every source has attached, then goes on.
//!
//! The target is started as `perfkit-agent gate PIPE DESCRIPTORS [VARIABLE HOW PATH]… -- PROGRAM ARGUMENTS…`, which
//! waits on the named pipe, has as many descriptors as told ([`descriptors`]), opens what the target is to find open, and then runs the program in its place, with the same process
//! id. A recorder that dies leaves nobody waiting.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::launch::{HOWS, How, Opened};
use super::{descriptors, family};
use crate::error::{Error, Result};

/// The hidden command of our programs.
pub const COMMAND: &str = "gate";

/// The near side of a gate.
#[derive(Debug)]
pub struct Gate {
    pipe: PathBuf,
    writer: Option<File>,
}

impl Gate {
    /// A gate whose pipe lies in `folder`.
    pub fn new(folder: &Path) -> Result<Gate> {
        let pipe = folder.join("gate");
        mkfifo(&pipe, Mode::S_IRWXU).map_err(|errno| Error::file("create", &pipe)(errno.into()))?;
        Ok(Gate { pipe, writer: None })
    }

    /// What stands before the program on the command line.
    pub fn words(&self, opened: &[Opened]) -> Result<Vec<OsString>> {
        let mut words: Vec<OsString> =
            vec![program()?.into(), COMMAND.into(), self.pipe.clone().into(), descriptors::word().into()];
        for Opened { variable, how, path } in opened {
            let how = HOWS.iter().find(|(of, _)| of == how).map_or("", |(_, name)| name);
            words.extend([variable.clone(), how.into(), path.clone().into()]);
        }
        words.push("--".into());
        Ok(words)
    }

    /// The process id of the target once it waits at the gate; `None` while it does not yet.
    pub fn waiting(&mut self) -> Option<i32> {
        if self.writer.is_none() {
            // Refused until the far side has opened the pipe too.
            let open = OpenOptions::new().write(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(&self.pipe);
            self.writer = Some(open.ok()?);
        }
        fs::read_to_string(pid_file(&self.pipe)).ok()?.parse().ok()
    }

    /// Lets the target go.
    pub fn release(&mut self) {
        if let Some(mut writer) = self.writer.take() {
            // A target that has died meanwhile needs no word.
            let _ = writer.write_all(&[1]);
        }
    }
}

/// The far side: waits at the gate, then becomes the program. Returns only where that fails.
pub fn pass(words: &[OsString]) -> ExitCode {
    let [pipe, number, words @ ..] = words else { return ExitCode::from(125) };
    let Some(end) = words.iter().position(|word| word == "--") else { return ExitCode::from(125) };
    let (opened, [_, program, arguments @ ..]) = words.split_at(end) else { return ExitCode::from(125) };
    let _ = set_pdeathsig(Signal::SIGKILL);
    let told = fs::write(pid_file(Path::new(pipe)), std::process::id().to_string());
    let mut word = [0];
    let passed = told.and_then(|()| File::open(pipe)).and_then(|mut pipe| pipe.read(&mut word));
    if !matches!(passed, Ok(1)) {
        return ExitCode::from(125);
    }
    let _ = set_pdeathsig(None);
    descriptors::lower(number);
    let mut command = Command::new(program);
    command.args(arguments).env(family::VARIABLE, std::process::id().to_string());
    // They are closed only where the program could not be run.
    let descriptors: Vec<OwnedFd> = opened.chunks_exact(3).filter_map(|words| open(words, &mut command)).collect();
    let error = command.exec();
    drop(descriptors);
    eprintln!("perfkit-agent: cannot start {}: {error}", program.to_string_lossy());
    ExitCode::from(if error.kind() == std::io::ErrorKind::NotFound { 127 } else { 126 })
}

/// Opens what the target is to find open. What cannot be is left out: the target runs all the same.
fn open(words: &[OsString], command: &mut Command) -> Option<OwnedFd> {
    let [variable, how, path] = words else { return None };
    let (how, _) = HOWS.iter().find(|(_, name)| how == name)?;
    let descriptor: OwnedFd = match how {
        How::Connect => UnixStream::connect(path).ok()?.into(),
        How::Write => OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).ok()?.into(),
    };
    fcntl(&descriptor, FcntlArg::F_SETFD(FdFlag::empty())).ok()?;
    command.env(variable, descriptor.as_raw_fd().to_string());
    Some(descriptor)
}

fn pid_file(pipe: &Path) -> PathBuf {
    pipe.with_extension("pid")
}

/// The program that has the hidden commands: this one, or `perfkit-agent` beside it or in the folder above, which is
/// where it is for tests.
pub(crate) fn program() -> Result<PathBuf> {
    const NAME: &str = "perfkit-agent";
    let this = std::env::current_exe().map_err(Error::file("find", Path::new("/proc/self/exe")))?;
    let named = |path: &Path| path.file_name().is_some_and(|name| name == NAME || name == "perfkit");
    if named(&this) {
        return Ok(this);
    }
    let folders = this.ancestors().skip(1).take(2);
    let found = folders.map(|folder| folder.join(NAME)).find(|path| path.is_file());
    found.ok_or_else(|| Error::Invalid(format!("{NAME} is not beside {}", this.display())))
}
