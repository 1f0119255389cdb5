//! A ring of marks that is being written: what is new in it, each mark once.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::error::{Error, Result};
use crate::layout::ring::{GROUP, GROUP_MAX, HEADER, MAGIC, NEXT, SLOT, SLOTS_MAX, TEXT, TEXT_MAX, VERSION};
use crate::marks::open_word;

/// Marks that may be open, or half written, at one time; the oldest of more is given as it is.
const OPEN_MAX: usize = 10_000;
/// Slots that are read at once.
const BLOCK: u64 = 256;

/// A mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its number in the order of their begins, from 0.
    pub number: u64,
    /// CLOCK_MONOTONIC nanoseconds.
    pub begin: i64,
    /// Nanoseconds; 0 for a moment, none for one whose end was not seen.
    pub duration: Option<i64>,
    /// The thread that it began on.
    pub thread: i32,
    /// Its name.
    pub name: String,
    /// Its message; may be empty.
    pub message: String,
}

/// A ring of marks.
#[derive(Debug)]
pub struct Ring {
    file: File,
    /// The process that writes it.
    process: i32,
    group: String,
    slots: u64,
    next: u64,
    /// Those that were open or half written when they were read.
    open: BTreeSet<u64>,
    lost: u64,
    bytes: Vec<u8>,
}

enum Slot {
    Done(Mark),
    Open,
    /// Another has its place.
    Gone,
}

impl Ring {
    /// Opens a ring; marks from before are given too.
    pub fn open(path: &Path) -> Result<Ring> {
        let file = crate::live::open(path)?;
        let mut head = [0; HEADER];
        file.read_exact_at(&mut head, 0).map_err(|_| Error::Garbage("shorter than the header of a ring of marks"))?;
        let slots = word(&head, 16);
        if head[..8] != MAGIC || half(&head, 8) != VERSION || !(1..=SLOTS_MAX).contains(&slots) {
            return Err(Error::Garbage("no ring of marks"));
        }
        let group = &head[GROUP..GROUP + GROUP_MAX];
        let end = group.iter().position(|byte| *byte == 0).unwrap_or(GROUP_MAX);
        Ok(Ring {
            file,
            process: half(&head, 12) as i32,
            group: String::from_utf8_lossy(&group[..end]).into_owned(),
            slots,
            next: 0,
            open: BTreeSet::new(),
            lost: 0,
            bytes: Vec::new(),
        })
    }

    /// The process that writes it.
    pub fn process(&self) -> i32 {
        self.process
    }

    /// The program's name.
    pub fn group(&self) -> &str {
        &self.group
    }

    /// Marks that were overwritten before they were read, since this was asked last.
    pub fn take_lost(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }

    /// Gives each mark that has ended since the last time. An error where the file is no ring any more.
    pub fn read(&mut self, each: &mut dyn FnMut(Mark)) -> Result<()> {
        let end = self.claimed()?;
        let oldest = end.saturating_sub(self.slots);
        if self.next > end {
            return Err(Error::Garbage("a ring of marks that went backwards"));
        }
        self.lost += oldest.saturating_sub(self.next);
        self.next = self.next.max(oldest);
        for number in std::mem::take(&mut self.open) {
            self.read_some(number, number + 1, each)?;
        }
        while self.next < end {
            // Up to the end of the ring, where its slots go on at the beginning.
            let until = (self.next / self.slots + 1).saturating_mul(self.slots);
            let until = until.min(end).min(self.next.saturating_add(BLOCK));
            self.read_some(self.next, until, each)?;
            self.next = until;
        }
        while self.open.len() > OPEN_MAX {
            let Some(number) = self.open.pop_first() else { break };
            self.give_open(number, each)?;
        }
        Ok(())
    }

    /// Gives those that are still open, their end unknown: the process is gone, or the recording ends.
    pub fn finish(&mut self, each: &mut dyn FnMut(Mark)) -> Result<()> {
        self.read(each)?;
        for number in std::mem::take(&mut self.open) {
            self.give_open(number, each)?;
        }
        Ok(())
    }

    fn claimed(&self) -> Result<u64> {
        let mut bytes = [0; 8];
        let short = |_| Error::Garbage("a ring of marks that was cut");
        self.file.read_exact_at(&mut bytes, NEXT as u64).map_err(short)?;
        Ok(u64::from_ne_bytes(bytes))
    }

    /// Reads slots that lie one after the other. They are read twice: what the first reading says to be complete,
    /// the second one has complete.
    fn read_some(&mut self, from: u64, until: u64, each: &mut dyn FnMut(Mark)) -> Result<()> {
        let (count, at) = ((until - from) as usize, HEADER as u64 + from % self.slots * SLOT as u64);
        let short = |_| Error::Garbage("a ring of marks that was cut");
        self.bytes.resize(count * SLOT, 0);
        self.file.read_exact_at(&mut self.bytes, at).map_err(short)?;
        let done: Vec<u64> = self.bytes.chunks_exact(SLOT).map(|slot| word(slot, 0)).collect();
        self.file.read_exact_at(&mut self.bytes, at).map_err(short)?;
        // Whoever claimed a slot meanwhile may have written into it.
        let oldest = self.claimed()?.saturating_sub(self.slots);
        for ((number, done), slot) in (from..until).zip(done).zip(self.bytes.chunks_exact(SLOT)) {
            match judge(number, done, number >= oldest, slot) {
                Slot::Done(mark) => each(mark),
                Slot::Open => {
                    self.open.insert(number);
                }
                Slot::Gone => self.lost += 1,
            }
        }
        Ok(())
    }

    fn give_open(&mut self, number: u64, each: &mut dyn FnMut(Mark)) -> Result<()> {
        let at = HEADER as u64 + number % self.slots * SLOT as u64;
        let mut slot = [0; SLOT];
        self.file.read_exact_at(&mut slot, at).map_err(|_| Error::Garbage("a ring of marks that was cut"))?;
        if word(&slot, 0) == number + 1 {
            each(Mark { duration: None, ..mark(number, &slot) });
        } else {
            self.lost += 1;
        }
        Ok(())
    }
}

fn judge(number: u64, done: u64, ours: bool, slot: &[u8]) -> Slot {
    if !ours || word(slot, 0) > number + 1 {
        return Slot::Gone;
    }
    if done != number + 1 || word(slot, 16) == open_word(number) {
        return Slot::Open;
    }
    Slot::Done(mark(number, slot))
}

fn mark(number: u64, slot: &[u8]) -> Mark {
    let lengths = half(slot, 28);
    let name = (lengths as usize & 0xffff).min(TEXT_MAX);
    let message = (lengths as usize >> 16).min(TEXT_MAX - name);
    let text =
        |from: usize, length: usize| String::from_utf8_lossy(&slot[TEXT + from..TEXT + from + length]).into_owned();
    let duration = word(slot, 16) as i64;
    Mark {
        number,
        begin: word(slot, 8) as i64,
        duration: Some(duration).filter(|duration| *duration >= 0),
        thread: half(slot, 24) as i32,
        name: text(0, name),
        message: text(name, message),
    }
}

fn word(bytes: &[u8], at: usize) -> u64 {
    bytes[at..at + 8].try_into().map_or(0, u64::from_ne_bytes)
}

fn half(bytes: &[u8], at: usize) -> u32 {
    bytes[at..at + 4].try_into().map_or(0, u32::from_ne_bytes)
}
