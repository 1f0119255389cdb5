//! The ring into which a thread with Sysprof's collector writes its frames: a file in memory, shared with it.
//!
//! Its first page has four numbers of four bytes: how far we have read (head), how far it has written (tail), where
//! the ring begins, and its size; head and tail count from the ring's begin. A thread whose ring is full throws its
//! frames away, and nothing tells us.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;

use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::unistd::{SysconfVar, ftruncate, sysconf};

use super::frames::Endian;
use super::stream::{Frames, Piece};

/// Bytes of a ring: GTK at 60 frames a second needs some hundred KB each second, and we look 50 times in it.
const SIZE: u32 = 1 << 20;
/// Where the numbers lie.
const HEAD: u64 = 0;
const TAIL: u64 = 4;

/// A ring, on the side that reads it.
#[derive(Debug)]
pub struct Ring {
    file: File,
    page: u32,
    head: u32,
    frames: Frames,
    bytes: Vec<u8>,
}

impl Ring {
    /// A new one, empty.
    pub fn new() -> std::io::Result<Ring> {
        let page = sysconf(SysconfVar::PAGE_SIZE)?.and_then(|page| u32::try_from(page).ok()).unwrap_or(4096);
        let file = memfd_create("perfkit-sysprof", MFdFlags::MFD_CLOEXEC)?;
        ftruncate(&file, (page + SIZE).into())?;
        let file = File::from(file);
        let numbers = [0, 0, page, SIZE];
        file.write_all_at(&numbers.map(u32::to_ne_bytes).concat(), HEAD)?;
        Ok(Ring { file, page, head: 0, frames: Frames::bare(Endian::HERE), bytes: Vec::new() })
    }

    /// Gives the frames that were written since the last time.
    pub fn read(&mut self, each: &mut dyn FnMut(Piece)) -> std::io::Result<()> {
        let mut tail = [0; 4];
        self.file.read_exact_at(&mut tail, TAIL)?;
        // A writer that goes astray is taken for one that has written nothing.
        let tail = Some(u32::from_ne_bytes(tail)).filter(|tail| *tail < SIZE).unwrap_or(self.head);
        while self.head != tail {
            let until = if tail > self.head { tail } else { SIZE };
            self.bytes.resize((until - self.head) as usize, 0);
            self.file.read_exact_at(&mut self.bytes, u64::from(self.page + self.head))?;
            self.frames.feed(&self.bytes, each);
            self.head = until % SIZE;
            self.file.write_all_at(&self.head.to_ne_bytes(), HEAD)?;
        }
        Ok(())
    }

    /// What was lost by kind since this was asked last.
    pub fn take_lost(&mut self, ended: bool) -> [(&'static str, u64); 3] {
        self.frames.take_lost(ended)
    }
}

impl AsFd for Ring {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes as Sysprof's collector does, through its own eyes: the file and the numbers in it.
    fn write(ring: &Ring, bytes: &[u8]) {
        let mut tail = [0; 4];
        ring.file.read_exact_at(&mut tail, TAIL).unwrap();
        let mut tail = u32::from_ne_bytes(tail);
        for byte in bytes {
            ring.file.write_all_at(&[*byte], u64::from(ring.page + tail)).unwrap();
            tail = (tail + 1) % SIZE;
        }
        ring.file.write_all_at(&tail.to_ne_bytes(), TAIL).unwrap();
    }

    #[test]
    fn frames_come_out_whole_around_the_end() {
        let mut ring = Ring::new().unwrap();
        let mut frame = vec![0; 40];
        frame[..2].copy_from_slice(&40u16.to_ne_bytes());
        frame[16] = 6;
        // To just before the end, so that a frame lies across it.
        let begin = SIZE - 20;
        ring.head = begin;
        ring.file.write_all_at(&[begin, begin].map(u32::to_ne_bytes).concat(), HEAD).unwrap();
        for round in 1..=3 {
            write(&ring, &frame);
            let mut seen = 0;
            ring.read(&mut |piece| seen += usize::from(matches!(piece, Piece::Frame(head, _) if head.length == 40)))
                .unwrap();
            assert_eq!(seen, 1);
            assert_eq!(ring.head, (begin + round * 40) % SIZE);
        }
        ring.file.write_all_at(&u32::MAX.to_ne_bytes(), TAIL).unwrap();
        ring.read(&mut |piece| panic!("{piece:?}")).unwrap();
        assert_eq!(ring.take_lost(true).map(|(_, count)| count), [0; 3]);
    }
}
