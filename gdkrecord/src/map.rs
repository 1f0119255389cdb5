//! Memory shared with the file: the only unsafe code of this library.
//!
//! A [`Shared`] is one mapped, allocated stretch of the recording; what is written into it survives the death of
//! the process. The [`Alive`] page reads false in a forked child, however it was forked.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};

/// A writable shared mapping of a part of a file, whose blocks are allocated: writing to it cannot fail.
#[derive(Debug)]
pub struct Shared {
    at: NonNull<u8>,
    length: usize,
}

// SAFETY: the mapping belongs to this value alone; only its atomics are used from several threads.
unsafe impl Send for Shared {}
// SAFETY: through a shared reference only atomic operations are possible.
unsafe impl Sync for Shared {}

impl Shared {
    /// Maps `length` bytes of `file` from `offset`, which must be allocated, and touches their pages.
    pub fn map(file: &File, offset: u64, length: usize) -> io::Result<Shared> {
        // SAFETY: a new mapping at an address of the kernel's choice aliases nothing.
        let at = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_POPULATE,
                file.as_raw_fd(),
                offset as libc::off_t,
            )
        };
        if at == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // Read faults populate read-only; writing pages in now keeps the hot path free of faults. Kernels
        // before 5.14 refuse, which costs them a fault a page later.
        // SAFETY: the range was mapped just now.
        unsafe { libc::madvise(at, length, libc::MADV_POPULATE_WRITE) };
        let at = NonNull::new(at.cast()).ok_or_else(|| io::Error::other("mapped at zero"))?;
        Ok(Shared { at, length })
    }

    /// The bytes, to write. Other processes may read them meanwhile.
    #[inline(always)]
    pub fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the mapping is this long, lives as long as self, and no other reference into it exists, since
        // the atomics are reached only through &self.
        unsafe { std::slice::from_raw_parts_mut(self.at.as_ptr(), self.length) }
    }

    /// The 32-bit word at `offset`, a multiple of 4 inside the mapping.
    #[inline(always)]
    pub fn word(&self, offset: usize) -> &AtomicU32 {
        assert!(offset.is_multiple_of(4) && offset + 4 <= self.length);
        // SAFETY: aligned (mappings are page-aligned) and inside, as asserted.
        unsafe { AtomicU32::from_ptr(self.at.as_ptr().add(offset).cast()) }
    }

    /// The 64-bit word at `offset`, a multiple of 8 inside the mapping.
    pub fn long(&self, offset: usize) -> &AtomicU64 {
        assert!(offset.is_multiple_of(8) && offset + 8 <= self.length);
        // SAFETY: aligned (mappings are page-aligned) and inside, as asserted.
        unsafe { AtomicU64::from_ptr(self.at.as_ptr().add(offset).cast()) }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: mapped by map() with this length, and nothing refers to it any more.
        unsafe { libc::munmap(self.at.as_ptr().cast(), self.length) };
    }
}

/// A byte that is 1 in the process that made it, and 0 in every child forked from it.
#[derive(Clone, Copy, Debug)]
pub struct Alive(NonNull<AtomicU8>);

// SAFETY: an atomic in a page that is never unmapped.
unsafe impl Send for Alive {}
// SAFETY: see above.
unsafe impl Sync for Alive {}

impl Alive {
    /// A page that the kernel wipes on fork (Linux 4.14); it is never unmapped.
    pub fn new() -> io::Result<Alive> {
        const PAGE: usize = 4096;
        // SAFETY: a new anonymous mapping aliases nothing.
        let at = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                PAGE,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if at == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the page was mapped just now.
        if unsafe { libc::madvise(at, PAGE, libc::MADV_WIPEONFORK) } != 0 {
            return Err(io::Error::last_os_error());
        }
        let at: NonNull<AtomicU8> = NonNull::new(at.cast()).ok_or_else(|| io::Error::other("mapped at zero"))?;
        let alive = Alive(at);
        alive.flag().store(1, Ordering::Relaxed);
        Ok(alive)
    }

    /// Whether this is the process that records, and it was not switched off.
    #[inline(always)]
    pub fn get(&self) -> bool {
        self.flag().load(Ordering::Relaxed) != 0
    }

    /// Switches it off for good.
    pub fn end(&self) {
        self.flag().store(0, Ordering::Relaxed);
    }

    #[inline(always)]
    fn flag(&self) -> &AtomicU8 {
        // SAFETY: the page is mapped for the life of the process.
        unsafe { self.0.as_ref() }
    }
}

/// Allocates the blocks of a part of a file, so that writing to its mapping cannot fail, and brings it into memory.
pub fn allocate(file: &File, offset: u64, length: usize) -> io::Result<()> {
    // SAFETY: a call with an open descriptor and numbers.
    if unsafe { libc::fallocate(file.as_raw_fd(), 0, offset as libc::off_t, length as libc::off_t) } != 0 {
        let error = io::Error::last_os_error();
        if error.raw_os_error() != Some(libc::EOPNOTSUPP) {
            return Err(error);
        }
    }
    // Where the file system has no fallocate, writing zeros allocates as well. Where it has, it makes pages in one
    // go of which each would otherwise be made when the mapping is touched, which takes three times as long.
    static ZEROS: [u8; 4096] = [0; 4096];
    let mut done = 0;
    while done < length {
        let part = |at: usize| libc::iovec {
            iov_base: ZEROS.as_ptr().cast_mut().cast(),
            iov_len: ZEROS.len().min(length.saturating_sub(done + at * ZEROS.len())),
        };
        let parts: [libc::iovec; 16] = std::array::from_fn(part);
        let at = (offset + done as u64) as libc::off_t;
        // SAFETY: an open descriptor, and parts of a static that is only read.
        let wrote = unsafe { libc::pwritev(file.as_raw_fd(), parts.as_ptr(), parts.len() as libc::c_int, at) };
        match usize::try_from(wrote) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(wrote) => done += wrote,
            Err(_) if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Err(io::Error::last_os_error()),
        }
    }
    Ok(())
}

/// Takes the file's lock without waiting; false where another open file description holds it.
pub fn lock(file: &File) -> bool {
    // SAFETY: a call with an open descriptor.
    unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) == 0 }
}

/// Whether another open file description holds the lock: whether the file is being written.
pub fn locked(file: &File) -> bool {
    // SAFETY: calls with an open descriptor.
    unsafe {
        let free = libc::flock(file.as_raw_fd(), libc::LOCK_SH | libc::LOCK_NB) == 0;
        if free {
            libc::flock(file.as_raw_fd(), libc::LOCK_UN);
        }
        !free
    }
}

/// A clock's time in nanoseconds.
#[inline(always)]
pub fn clock(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel fills the structure that it is given.
    unsafe { libc::clock_gettime(clock, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// The calling thread's name, as the kernel has it.
pub fn thread_name() -> String {
    let mut name = [0u8; 16];
    // SAFETY: the kernel writes 16 bytes, of which the last is 0.
    unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
    let end = name.iter().position(|&byte| byte == 0).unwrap_or(name.len());
    String::from_utf8_lossy(&name[..end]).into_owned()
}

/// The kernel's id of the calling thread.
pub fn thread_id() -> u32 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::gettid() as u32 }
}

/// The process group, which is one job of a shell: what belongs to one start.
pub fn process_group() -> u64 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::getpgrp() as u64 }
}

/// Runs `start` with every signal blocked, so that a thread it starts never runs the application's handlers.
pub fn without_signals<T>(start: impl FnOnce() -> T) -> T {
    // SAFETY: the set is filled before it is used, and the old one is written before it is read.
    unsafe {
        let mut all = std::mem::zeroed();
        let mut before = std::mem::zeroed();
        libc::sigfillset(&mut all);
        let blocked = libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before) == 0;
        let done = start();
        if blocked {
            libc::pthread_sigmask(libc::SIG_SETMASK, &before, std::ptr::null_mut());
        }
        done
    }
}
