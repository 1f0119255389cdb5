//! The fence: what of a script's process is asked of the system directly, as forking, limits and the filter of system
//! calls. Each use of what the compiler cannot check stands in a function that can be called safely.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

use nix::libc;
use nix::sys::prctl::{set_dumpable, set_pdeathsig};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigSet, Signal};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

/// The one descriptor that a script's process keeps: its socket.
pub const SOCKET: RawFd = 3;

/// How a script's process ended, as the kernel tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exit {
    /// Its process id where it was forked.
    pub pid: i32,
    /// The signal that ended it; 0 where it ended by itself.
    pub signal: i32,
    /// Its exit status; 0 where a signal ended it.
    pub status: i32,
    /// The processor time that it took.
    pub cpu: Duration,
    /// The most memory that it had resident, with what it shares, in bytes.
    pub resident: u64,
}

/// Which side of a fork one is on.
#[derive(Debug)]
pub enum Side {
    /// The new process.
    Child,
    /// The one that forked, with the other's process id.
    Parent(i32),
}

/// Forks this process, which must have one thread only.
pub fn fork() -> io::Result<Side> {
    // SAFETY: the nursery, the only caller, has one thread, so that no lock is held by one that the copy lacks.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Side::Child),
        pid => Ok(Side::Parent(pid)),
    }
}

/// A child that has ended, if there is one.
pub fn ended() -> Option<Exit> {
    let mut status = 0;
    // SAFETY: zero is a value of every field of this structure of numbers.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both places are ours and live for the call.
    let pid = unsafe { libc::wait4(-1, &mut status, libc::WNOHANG, &mut usage) };
    if pid <= 0 {
        return None;
    }
    let time = |time: libc::timeval| Duration::new(time.tv_sec.max(0) as u64, time.tv_usec.max(0) as u32 * 1000);
    Some(Exit {
        pid,
        signal: if libc::WIFSIGNALED(status) { libc::WTERMSIG(status) } else { 0 },
        status: if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { 0 },
        cpu: time(usage.ru_utime) + time(usage.ru_stime),
        resident: usage.ru_maxrss.max(0) as u64 * 1024,
    })
}

/// A handle of one's own child that names it even when its number was given to another one.
pub fn handle(pid: i32) -> io::Result<OwnedFd> {
    // SAFETY: the call has no memory of ours.
    match unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) } {
        -1 => Err(io::Error::last_os_error()),
        // SAFETY: the kernel has just made this descriptor for us.
        fd => Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) }),
    }
}

/// Sends a signal by such a handle; nothing where the process has ended.
pub fn signal(handle: &OwnedFd, signal: Signal) {
    // SAFETY: the call reads no memory of ours where no siginfo is given.
    unsafe { libc::syscall(libc::SYS_pidfd_send_signal, handle.as_raw_fd(), signal as libc::c_int, 0, 0) };
}

/// Takes a descriptor that was received in a message.
pub fn received(fd: RawFd) -> OwnedFd {
    // SAFETY: a descriptor in a received message was made for this process, and its message is read once.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// The socket of a script's process, once [`keep_only`] has put it in its place.
pub fn socket() -> std::os::unix::net::UnixStream {
    // SAFETY: the descriptor is there, and nobody else in this process has it: the guest asks once.
    unsafe { FromRawFd::from_raw_fd(SOCKET) }
}

/// Has the system tell nothing of children that are stopped or go on, only of those that end.
pub fn hear_of_ends_only() -> io::Result<()> {
    // SAFETY: zero is a value of every field; the handler is then the default one.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_flags = libc::SA_NOCLDSTOP;
    // SAFETY: the structure lives for the call, and no handler of ours is set.
    done(unsafe { libc::sigaction(libc::SIGCHLD, &action, std::ptr::null_mut()) })
}

/// Has this process give way to every other one of this system.
pub fn give_way() {
    const NICE: i32 = 19;
    // SAFETY: neither call has memory of ours but the parameter, which lives for it. A refusal is no harm.
    unsafe {
        let parameter: libc::sched_param = std::mem::zeroed();
        libc::sched_setscheduler(0, libc::SCHED_BATCH, &parameter);
        libc::setpriority(libc::PRIO_PROCESS, 0, NICE);
    }
}

/// Moves a descriptor to [`SOCKET`], and closes all others.
pub fn keep_only(socket: OwnedFd) -> io::Result<()> {
    use std::os::fd::IntoRawFd;
    let fd = socket.into_raw_fd();
    // SAFETY: this process is a fork that uses no other descriptor from here on, and what stood for them is never dropped.
    unsafe {
        if fd != SOCKET {
            done(libc::dup2(fd, SOCKET).min(0))?;
        }
        done(libc::close_range(0, SOCKET as u32 - 1, 0))?;
        done(libc::close_range(SOCKET as u32 + 1, u32::MAX, 0))
    }
}

/// Gives this process nothing but what it has: no files, no processes, no signals to hear of, an end with its parent.
pub fn fence() -> io::Result<()> {
    set_pdeathsig(Signal::SIGKILL)?;
    set_dumpable(false)?;
    SigSet::empty().thread_set_mask()?;
    for what in [
        Resource::RLIMIT_FSIZE,
        Resource::RLIMIT_CORE,
        Resource::RLIMIT_NOFILE,
        Resource::RLIMIT_NPROC,
        Resource::RLIMIT_MEMLOCK,
        Resource::RLIMIT_MSGQUEUE,
    ] {
        setrlimit(what, 0, 0)?;
    }
    Ok(())
}

/// Limits this process's address space to so many bytes, and its processor time, at whose end the kernel ends it.
pub fn limit(space: u64, cpu: Duration) -> io::Result<()> {
    setrlimit(Resource::RLIMIT_AS, space, space)?;
    // The timer is exact; this is for a kernel where it fails.
    let seconds = cpu.as_secs() + 2;
    setrlimit(Resource::RLIMIT_CPU, seconds, seconds)?;
    let once = libc::timeval { tv_sec: cpu.as_secs() as i64, tv_usec: i64::from(cpu.subsec_micros().max(1)) };
    let timer = libc::itimerval { it_interval: libc::timeval { tv_sec: 0, tv_usec: 0 }, it_value: once };
    // SAFETY: the structure lives for the call; the old value is not asked for.
    done(unsafe { libc::setitimer(libc::ITIMER_PROF, &timer, std::ptr::null_mut()) })
}

/// The filter: what a process that computes and talks over its socket needs, and nothing else; everything else ends
/// the process.
pub fn filter() -> io::Result<BpfProgram> {
    let is = |argument, value: u64| {
        SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value).map_err(io::Error::other)
    };
    let on_socket = || Ok::<_, io::Error>(vec![rule(vec![is(0, SOCKET as u64)?])?]);
    // Memory of no file, which is not executed.
    let no_code = SeccompCmpOp::MaskedEq(libc::PROT_EXEC as u64);
    let no_code = SeccompCondition::new(2, SeccompCmpArgLen::Dword, no_code, 0).map_err(io::Error::other)?;
    let anonymous = SeccompCmpOp::MaskedEq(libc::MAP_ANONYMOUS as u64);
    let anonymous = SeccompCondition::new(3, SeccompCmpArgLen::Dword, anonymous, libc::MAP_ANONYMOUS as u64)
        .map_err(io::Error::other)?;
    let mut rules = std::collections::BTreeMap::from([
        (libc::SYS_read, on_socket()?),
        (libc::SYS_write, on_socket()?),
        (libc::SYS_recvfrom, on_socket()?),
        (libc::SYS_sendto, on_socket()?),
        (libc::SYS_mmap, vec![rule(vec![no_code, anonymous])?]),
    ]);
    let freely = [
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_brk,
        libc::SYS_madvise,
        libc::SYS_futex,
        libc::SYS_rt_sigreturn,
        libc::SYS_restart_syscall,
        libc::SYS_clock_gettime,
        libc::SYS_getrandom,
        libc::SYS_exit,
        libc::SYS_exit_group,
    ];
    rules.extend(freely.map(|call| (call, Vec::new())));
    let architecture = std::env::consts::ARCH.try_into().map_err(io::Error::other)?;
    let filter = SeccompFilter::new(rules, SeccompAction::KillProcess, SeccompAction::Allow, architecture);
    filter.and_then(TryInto::try_into).map_err(io::Error::other)
}

/// Puts the filter in force, for good; no program that is run could have more rights than this one.
pub fn enforce(filter: &BpfProgram) -> io::Result<()> {
    seccompiler::apply_filter(filter).map_err(io::Error::other)
}

/// Ends this process without tidying up: there is nothing that outlives it.
pub fn end(status: i32) -> ! {
    // SAFETY: the call does not return, and nothing of this process is needed any more.
    unsafe { libc::_exit(status) }
}

fn rule(conditions: Vec<SeccompCondition>) -> io::Result<SeccompRule> {
    SeccompRule::new(conditions).map_err(io::Error::other)
}

fn done(answer: libc::c_int) -> io::Result<()> {
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
