//! Memory that is shared with readers, as words: this is the only place that maps it, and all access is atomic.
#![allow(unsafe_code, reason = "maps a file into memory")]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU64, Ordering};

/// Words of eight bytes that live as long as the process.
///
/// They are never unmapped, so that handles into them need no count and no check. A process opens one such region
/// for its counters and one for its marks.
#[derive(Clone, Copy, Debug)]
pub struct Region {
    pub words: &'static [AtomicU64],
}

impl Region {
    /// Maps a file; its length is a multiple of eight, and its bytes are there (see `fallocate`), so that a full
    /// disk is an error of its creation and not a signal at an increment.
    pub fn of(file: &File) -> io::Result<Region> {
        let length = usize::try_from(file.metadata()?.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping at a place that the kernel chooses overlaps nothing that exists.
        let at = unsafe { libc::mmap(std::ptr::null_mut(), length, protection, libc::MAP_SHARED, file.as_raw_fd(), 0) };
        if at == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the mapping is aligned to a page, `length` bytes long, readable and writable, never unmapped, and
        // only ever used through these atomics; every pattern of bits is a word.
        let words = unsafe { std::slice::from_raw_parts(at.cast::<AtomicU64>(), length / 8) };
        Ok(Region { words })
    }

    /// Words that nobody else sees.
    pub fn private(length: usize) -> Region {
        let words: Vec<AtomicU64> = (0..length / 8).map(|_| AtomicU64::new(0)).collect();
        Region { words: Vec::leak(words) }
    }

    /// Writes a word at a place in bytes, which is a multiple of eight.
    pub fn set(&self, at: usize, word: u64) {
        self.words[at / 8].store(word, Ordering::Relaxed);
    }

    /// Writes two numbers of four bytes into one word.
    pub fn set_pair(&self, at: usize, low: u32, high: u32) {
        let [a, b, c, d] = low.to_ne_bytes();
        let [e, f, g, h] = high.to_ne_bytes();
        self.set(at, u64::from_ne_bytes([a, b, c, d, e, f, g, h]));
    }

    /// Writes bytes, and zeros up to the end of the last word.
    pub fn set_bytes(&self, at: usize, bytes: &[u8]) {
        for (word, part) in bytes.chunks(8).enumerate() {
            let mut eight = [0; 8];
            eight[..part.len()].copy_from_slice(part);
            self.set(at + word * 8, u64::from_ne_bytes(eight));
        }
    }
}
