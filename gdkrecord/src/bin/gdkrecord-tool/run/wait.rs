//! Starts the program and waits for its end, handing on the signals that are meant for it.

use std::collections::BTreeMap;
use std::ffi::{CString, NulError, OsStr};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};

use nix::errno::Errno;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawnp};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::SignalFd;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// The signals that are handed on: those by which people and services tell a program something.
const FORWARDED: &[Signal] =
    &[Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT, Signal::SIGUSR1, Signal::SIGUSR2];
/// What `si_code` says where the kernel sent the signal: Ctrl-C reaches the program of itself, too.
const SI_KERNEL: i32 = 0x80;

/// What went wrong.
pub enum Failed {
    /// The program could not be started.
    Start(io::Error),
    /// It runs, but cannot be waited for.
    Wait(io::Error),
}

/// Runs the command, with our streams, to its end.
pub fn run(command: &Command) -> Result<ExitStatus, Failed> {
    let mut signals = SigSet::empty();
    FORWARDED.iter().for_each(|&signal| signals.add(signal));
    signals.add(Signal::SIGCHLD);
    // Blocked before the program starts, so that none is missed, and in every thread, so that none ends us.
    let failed = |errno: Errno| Failed::Wait(errno.into());
    let before = SigSet::thread_get_mask().map_err(failed)?;
    signals.thread_block().map_err(failed)?;
    let queue = SignalFd::new(&signals).map_err(failed)?;
    let pid = start(command, &before).map_err(Failed::Start)?;
    loop {
        if let Some(status) = ended(pid).map_err(failed)? {
            return Ok(status);
        }
        let info = match queue.read_signal() {
            Ok(Some(info)) => info,
            Ok(None) | Err(Errno::EINTR) => continue,
            Err(errno) => return Err(failed(errno)),
        };
        let Ok(signal) = Signal::try_from(info.ssi_signo as i32) else { continue };
        if FORWARDED.contains(&signal) && info.ssi_code != SI_KERNEL {
            // It may have ended a moment ago; then there is nobody to tell.
            let _ = kill(pid, signal);
        }
    }
}

/// Starts it with the signal mask it would have alone, which [`Command`] cannot: it must not notice that it was
/// started by us.
fn start(command: &Command, mask: &SigSet) -> io::Result<Pid> {
    let mut attributes = PosixSpawnAttr::init()?;
    attributes.set_flags(PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF)?;
    attributes.set_sigmask(mask)?;
    // Rust ignores it in its own programs; others expect what every program starts with.
    attributes.set_sigdefault(&SigSet::from_iter([Signal::SIGPIPE]))?;
    let c = |text: &OsStr| CString::new(text.as_bytes());
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words = words.map(c).collect::<Result<Vec<_>, NulError>>()?;
    let mut variables: BTreeMap<_, _> = std::env::vars_os().collect();
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => variables.insert(name.to_owned(), value.to_owned()),
            None => variables.remove(name),
        };
    }
    let environment = variables.into_iter().map(|(name, value)| c(&[name, "=".into(), value].join(OsStr::new(""))));
    let environment = environment.collect::<Result<Vec<_>, NulError>>()?;
    Ok(posix_spawnp(&words[0], &PosixSpawnFileActions::init()?, &attributes, &words, &environment)?)
}

/// Its status, once it has one.
fn ended(pid: Pid) -> Result<Option<ExitStatus>, Errno> {
    Ok(match waitpid(pid, Some(WaitPidFlag::WNOHANG))? {
        WaitStatus::Exited(_, code) => Some(ExitStatus::from_raw((code & 0xff) << 8)),
        WaitStatus::Signaled(_, signal, _) => Some(ExitStatus::from_raw(signal as i32)),
        _ => None,
    })
}
