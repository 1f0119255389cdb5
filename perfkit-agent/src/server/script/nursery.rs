//! The nursery: a process with one thread and a ready engine, which forks itself for each script.
//!
//! It runs as `perfkit-agent nursery`; its standard input is a socket to the host. The host sends a number and the far
//! end of a script's socket; it answers with the number and a handle of the new process, and later tells how that
//! ended. Where the host is gone it ends, and every script with it.

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::process::ExitCode;
use std::time::Duration;

use nix::cmsg_space;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};
use rustc_hash::FxHashMap;

use super::confine::{self, Exit, Side};
use super::guest::Guest;

/// The hidden command of our programs.
pub const COMMAND: &str = "nursery";

/// A message of the nursery to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// There is the process with this number; its handle comes along.
    Born(u64),
    /// There is none: the system's reason.
    Stillborn(u64, i32),
    /// It has ended.
    Ended(u64, Exit),
}

/// Bytes of a note.
pub const NOTE: usize = 40;

impl Note {
    /// As bytes.
    pub fn encode(&self) -> [u8; NOTE] {
        let (kind, number, words) = match *self {
            Note::Born(number) => (0u32, number, [0; 3]),
            Note::Stillborn(number, errno) => (1, number, [errno as u64, 0, 0]),
            Note::Ended(number, exit) => {
                let how = (exit.signal as u32 as u64) << 32 | u64::from(exit.status as u32);
                (2, number, [how, exit.cpu.as_nanos() as u64, exit.resident])
            }
        };
        let mut bytes = [0; NOTE];
        let all = [u64::from(kind), number, words[0], words[1], words[2]];
        bytes.as_chunks_mut::<8>().0.iter_mut().zip(all).for_each(|(place, word)| *place = word.to_le_bytes());
        bytes
    }

    /// From bytes.
    pub fn decode(bytes: &[u8]) -> Option<Note> {
        let bytes: &[u8; NOTE] = bytes.try_into().ok()?;
        let word = |at: usize| u64::from_le_bytes(bytes.as_chunks::<8>().0[at]);
        let number = word(1);
        match word(0) {
            0 => Some(Note::Born(number)),
            1 => Some(Note::Stillborn(number, word(2) as i32)),
            2 => {
                let (signal, status) = ((word(2) >> 32) as i32, word(2) as u32 as i32);
                let exit = Exit { pid: 0, signal, status, cpu: Duration::from_nanos(word(3)), resident: word(4) };
                Some(Note::Ended(number, exit))
            }
            _ => None,
        }
    }
}

/// Sends a message with a descriptor, or without one.
pub fn send(socket: &impl AsRawFd, bytes: &[u8], fd: Option<RawFd>, flags: MsgFlags) -> nix::Result<()> {
    let fds: Vec<RawFd> = fd.into_iter().collect();
    let rights = [ControlMessage::ScmRights(&fds)];
    let rights: &[ControlMessage<'_>] = if fds.is_empty() { &[] } else { &rights };
    let flags = flags | MsgFlags::MSG_NOSIGNAL;
    sendmsg::<()>(socket.as_raw_fd(), &[IoSlice::new(bytes)], rights, flags, None).map(drop)
}

/// Receives a message; how long it is, 0 where there is nobody any more, and the descriptor that came along.
pub fn receive(socket: &impl AsRawFd, bytes: &mut [u8], flags: MsgFlags) -> nix::Result<(usize, Option<OwnedFd>)> {
    let mut space = cmsg_space!(RawFd);
    let mut parts = [IoSliceMut::new(bytes)];
    let flags = flags | MsgFlags::MSG_CMSG_CLOEXEC;
    let message = recvmsg::<()>(socket.as_raw_fd(), &mut parts, Some(&mut space), flags)?;
    let mut fd = None;
    for part in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(fds) = part {
            fd = fds.into_iter().map(confine::received).reduce(|_, last| last);
        }
    }
    Ok((message.bytes, fd))
}

/// The nursery's life.
pub fn keep() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("perfkit-agent: the scripts' nursery: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> std::io::Result<()> {
    // Scripts have no network even if every other fence broke. Not everywhere is one allowed to leave it.
    let _ = unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWIPC);
    confine::hear_of_ends_only()?;
    let mut ends = SigSet::empty();
    ends.add(Signal::SIGCHLD);
    ends.thread_block()?;
    let ends = SignalFd::with_flags(&ends, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
    let guest = Guest::new().map_err(std::io::Error::other)?;
    let filter = confine::filter()?;
    let size = address_space()?;
    let host = std::io::stdin();
    let mut numbers: FxHashMap<i32, u64> = FxHashMap::default();
    loop {
        let mut both = [PollFd::new(host.as_fd(), PollFlags::POLLIN), PollFd::new(ends.as_fd(), PollFlags::POLLIN)];
        match poll(&mut both, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let [asked, ended] = both.map(|one| one.any().unwrap_or(false));
        if ended {
            while ends.read_signal()?.is_some() {}
            while let Some(exit) = confine::ended() {
                if let Some(number) = numbers.remove(&exit.pid) {
                    send(&host, &Note::Ended(number, exit).encode(), None, MsgFlags::empty())?;
                }
            }
        }
        if asked {
            let mut number = [0; 8];
            let (length, socket) = receive(&host, &mut number, MsgFlags::empty())?;
            let Some(socket) = socket.filter(|_| length == number.len()) else { return Ok(()) };
            let number = u64::from_le_bytes(number);
            match confine::fork() {
                Ok(Side::Child) => match confine::keep_only(socket) {
                    Ok(()) => guest.serve(&filter, size),
                    Err(_) => confine::end(super::guest::BROKEN),
                },
                Ok(Side::Parent(pid)) => {
                    numbers.insert(pid, number);
                    let handle = confine::handle(pid)?;
                    send(&host, &Note::Born(number).encode(), Some(handle.as_raw_fd()), MsgFlags::empty())?;
                }
                Err(error) => {
                    let errno = error.raw_os_error().unwrap_or(0);
                    send(&host, &Note::Stillborn(number, errno).encode(), None, MsgFlags::empty())?;
                }
            }
        }
    }
}

/// Bytes of this process's address space.
fn address_space() -> std::io::Result<u64> {
    // The page size of every architecture that the filter knows.
    const PAGE: u64 = 4096;
    let text = std::fs::read_to_string("/proc/self/statm")?;
    let pages = text.split(' ').next().and_then(|pages| pages.parse::<u64>().ok());
    pages.map(|pages| pages * PAGE).ok_or_else(|| std::io::Error::other("/proc/self/statm has no size"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_comes_back() {
        let exit = Exit { pid: 0, signal: 31, status: -1, cpu: Duration::from_nanos(12345), resident: 1 << 40 };
        for note in [Note::Born(7), Note::Stillborn(u64::MAX, 11), Note::Ended(9, exit)] {
            assert_eq!(Note::decode(&note.encode()), Some(note));
        }
        assert_eq!(Note::decode(&[9; NOTE]), None);
        assert_eq!(Note::decode(&[]), None);
    }
}
