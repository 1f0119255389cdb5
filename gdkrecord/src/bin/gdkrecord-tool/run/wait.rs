//! Starts the program and waits for its end, handing on the signals that are meant for it.

use std::io;
use std::process::{Command, ExitStatus};

use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::SignalFd;
use nix::unistd::Pid;

/// The signals that are handed on.
const FORWARDED: &[Signal] = &[Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT];
/// What `si_code` says where the kernel sent the signal: Ctrl-C reaches the program of itself, too.
const SI_KERNEL: i32 = 0x80;

/// What went wrong.
pub enum Failed {
    /// The program could not be started.
    Start(io::Error),
    /// It runs, but cannot be waited for.
    Wait(io::Error),
}

/// Runs the command to its end.
pub fn run(command: &mut Command) -> Result<ExitStatus, Failed> {
    let mut signals = SigSet::empty();
    FORWARDED.iter().for_each(|&signal| signals.add(signal));
    signals.add(Signal::SIGCHLD);
    // Blocked before the program starts, so that none is missed.
    let failed = |errno: nix::errno::Errno| Failed::Wait(errno.into());
    let before = SigSet::thread_get_mask().map_err(failed)?;
    signals.thread_block().map_err(failed)?;
    let queue = SignalFd::new(&signals).map_err(failed)?;
    // A program inherits the mask of the thread that starts it, and must not notice that it was started by us.
    let start = || before.thread_set_mask().map_err(io::Error::from).and_then(|()| command.spawn());
    let started = std::thread::scope(|scope| scope.spawn(start).join());
    let mut child = started.unwrap_or_else(|_| Err(io::ErrorKind::Other.into())).map_err(Failed::Start)?;
    let pid = Pid::from_raw(child.id() as i32);
    loop {
        if let Some(status) = child.try_wait().map_err(Failed::Wait)? {
            return Ok(status);
        }
        let info = match queue.read_signal() {
            Ok(Some(info)) => info,
            Ok(None) | Err(nix::errno::Errno::EINTR) => continue,
            Err(errno) => return Err(failed(errno)),
        };
        let Ok(signal) = Signal::try_from(info.ssi_signo as i32) else { continue };
        if FORWARDED.contains(&signal) && info.ssi_code != SI_KERNEL {
            // It may have ended a moment ago; then there is nobody to tell.
            let _ = kill(pid, signal);
        }
    }
}
