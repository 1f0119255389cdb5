//! The host's link to the nursery: asks it for processes, and hears how they end. A nursery that died is replaced by
//! the next one who asks.

use std::collections::{HashMap, VecDeque};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, socketpair};
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::sync::oneshot::{self, error::TryRecvError};
use tokio::task::JoinHandle;

use super::confine::Exit;
use super::nursery::{self, NOTE, Note};
use crate::channel::gate;
use crate::channel::ward::Group;
use crate::error::{Error, Result};

/// A script's process, which waits for its limits.
#[derive(Debug)]
pub struct Born {
    /// Its socket.
    pub socket: UnixStream,
    /// What signals go to.
    pub handle: OwnedFd,
    /// How it ends, once it has.
    pub exit: oneshot::Receiver<Exit>,
}

/// The link.
#[derive(Debug)]
pub struct Keeper {
    nursery: tokio::sync::Mutex<Option<Nursery>>,
    /// Processes that were made ahead: making one takes longer than all else of a start.
    spare: Mutex<VecDeque<Born>>,
    /// How many there shall be.
    spares: usize,
    /// Whether somebody makes some.
    making: AtomicBool,
}

#[derive(Debug)]
struct Nursery {
    link: Arc<Link>,
    listener: JoinHandle<()>,
    process: Child,
    /// So that nobody takes the scripts for lost descendants of a target.
    _group: Group,
}

#[derive(Debug)]
struct Link {
    /// Of packets, not of a stream.
    socket: UnixStream,
    numbers: AtomicU64,
    /// `None` where the nursery is gone.
    expected: Mutex<Option<Expected>>,
}

#[derive(Debug, Default)]
struct Expected {
    births: HashMap<u64, oneshot::Sender<std::result::Result<OwnedFd, Errno>>>,
    ends: HashMap<u64, oneshot::Sender<Exit>>,
}

impl Keeper {
    /// With so many processes ready.
    pub fn new(spares: usize) -> Keeper {
        Keeper {
            nursery: tokio::sync::Mutex::default(),
            spare: Mutex::default(),
            spares,
            making: AtomicBool::new(false),
        }
    }

    /// A process of those that are ready, else a new one.
    pub async fn take(self: &Arc<Keeper>) -> Result<Born> {
        let mut ready = self.spare().pop_front();
        // One whose nursery is gone has ended, too.
        while ready.as_mut().is_some_and(|born| born.exit.try_recv() != Err(TryRecvError::Empty)) {
            ready = self.spare().pop_front();
        }
        if !self.making.swap(true, Ordering::Relaxed) {
            tokio::spawn(Arc::clone(self).make_ready());
        }
        match ready {
            Some(born) => Ok(born),
            None => self.born().await,
        }
    }

    async fn make_ready(self: Arc<Keeper>) {
        // Whoever needs a process will find out why there is none.
        while self.spare().len() < self.spares
            && let Ok(born) = self.born().await
        {
            self.spare().push_back(born);
        }
        self.making.store(false, Ordering::Relaxed);
    }

    fn spare(&self) -> MutexGuard<'_, VecDeque<Born>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new process. The nursery is started first where there is none.
    async fn born(&self) -> Result<Born> {
        let link = {
            let mut nursery = self.nursery.lock().await;
            if nursery.as_ref().is_none_or(Nursery::is_gone) {
                *nursery = Some(Nursery::start()?);
            }
            nursery.as_ref().map(|nursery| Arc::clone(&nursery.link))
        };
        link.ok_or_else(|| failed(Errno::ESRCH.into()))?.born().await.map_err(failed)
    }

    /// The nursery's process id, where there is one.
    pub async fn pid(&self) -> Option<u32> {
        self.nursery.lock().await.as_ref().and_then(|nursery| nursery.process.id())
    }
}

impl Nursery {
    fn start() -> Result<Nursery> {
        let flags = SockFlag::SOCK_CLOEXEC;
        let pair = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, flags);
        let (ours, theirs) = pair.map_err(|errno| failed(errno.into()))?;
        let mut command = Command::new(gate::program()?);
        command.arg(nursery::COMMAND).stdin(Stdio::from(theirs)).stdout(Stdio::null()).stderr(Stdio::inherit());
        // Where the time zone is not told, the C library looks for it in a file when it is first asked for.
        command.env_clear().env("TZ", "UTC0").current_dir("/").process_group(0).kill_on_drop(true);
        let (process, group) = Group::start(Signal::SIGTERM, || {
            let process = command.spawn().map_err(failed)?;
            let pid = process.id().unwrap_or(0) as i32;
            Ok((process, pid))
        })?;
        let socket = std::os::unix::net::UnixStream::from(ours);
        let socket = socket.set_nonblocking(true).and_then(|()| UnixStream::from_std(socket)).map_err(failed)?;
        let expected = Mutex::new(Some(Expected::default()));
        let link = Arc::new(Link { socket, numbers: AtomicU64::new(0), expected });
        let of = Arc::clone(&link);
        Ok(Nursery { link, listener: tokio::spawn(async move { of.listen().await }), process, _group: group })
    }

    fn is_gone(&self) -> bool {
        self.link.expected().is_none()
    }
}

impl Drop for Nursery {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl Link {
    fn expected(&self) -> MutexGuard<'_, Option<Expected>> {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn born(&self) -> std::io::Result<Born> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let (birth, born) = oneshot::channel();
        let (end, exit) = oneshot::channel();
        {
            let mut expected = self.expected();
            let expected = expected.as_mut().ok_or(Errno::ESRCH)?;
            expected.births.insert(number, birth);
            expected.ends.insert(number, end);
        }
        let sent = self
            .socket
            .async_io(Interest::WRITABLE, || {
                let (bytes, fd) = (number.to_le_bytes(), Some(theirs.as_raw_fd()));
                Ok(nursery::send(&self.socket, &bytes, fd, MsgFlags::MSG_DONTWAIT)?)
            })
            .await;
        if let Err(error) = sent {
            self.forget(number);
            return Err(error);
        }
        drop(theirs);
        match born.await {
            Ok(Ok(handle)) => Ok(Born { socket: UnixStream::from_std(ours)?, handle, exit }),
            Ok(Err(errno)) => Err(errno.into()),
            Err(_) => Err(Errno::ESRCH.into()),
        }
    }

    fn forget(&self, number: u64) {
        if let Some(expected) = self.expected().as_mut() {
            expected.births.remove(&number);
            expected.ends.remove(&number);
        }
    }

    /// Hands on what the nursery tells, until it is gone.
    async fn listen(&self) {
        let receive = || {
            let mut bytes = [0; NOTE];
            let (length, handle) = nursery::receive(&self.socket, &mut bytes, MsgFlags::MSG_DONTWAIT)?;
            Ok(Note::decode(&bytes[..length.min(NOTE)]).map(|note| (note, handle)))
        };
        while let Ok(Some((note, handle))) = self.socket.async_io(Interest::READABLE, receive).await {
            self.hear(note, handle);
        }
        // Dropping the senders tells everybody who waits.
        *self.expected() = None;
    }

    fn hear(&self, note: Note, handle: Option<OwnedFd>) {
        let mut expected = self.expected();
        let Some(expected) = expected.as_mut() else { return };
        // Whoever asked may want it no more; a process that is not wanted finds its socket closed, and ends.
        match note {
            Note::Born(number) => {
                if let Some(birth) = expected.births.remove(&number) {
                    let _ = birth.send(handle.ok_or(Errno::EBADF));
                }
            }
            Note::Stillborn(number, errno) => {
                expected.ends.remove(&number);
                if let Some(birth) = expected.births.remove(&number) {
                    let _ = birth.send(Err(Errno::from_raw(errno)));
                }
            }
            Note::Ended(number, exit) => {
                if let Some(end) = expected.ends.remove(&number) {
                    let _ = end.send(exit);
                }
            }
        }
    }
}

fn failed(error: std::io::Error) -> Error {
    Error::Start { tool: "the scripts' nursery".to_owned(), error, remedy: String::new() }
}
