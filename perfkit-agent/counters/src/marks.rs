//! The program's side of marks: a ring of slots, each a stretch or a moment with a name and a message.

use std::cell::Cell;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering, fence};

use nix::time::{ClockId, clock_gettime};
use nix::unistd::gettid;

use crate::error::Result;
use crate::layout::ring::{GROUP, GROUP_MAX, HEADER, MAGIC, NAME_MAX, NEXT, SLOT, SLOTS, TEXT, TEXT_MAX, VERSION};
use crate::region::Region;
use crate::writer::{create, wall};

/// The marks of this program, for every thread.
///
/// The newest 2,048 are kept; whoever records reads them many times a second.
#[derive(Clone, Debug)]
pub struct Marks {
    region: Region,
}

/// A mark that has begun, by its number; it may end on another thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenMark {
    number: u64,
    begin: i64,
}

/// A mark that ends when this goes out of scope.
#[derive(Debug)]
pub struct Span<'a> {
    marks: &'a Marks,
    open: OpenMark,
}

impl Drop for Span<'_> {
    fn drop(&mut self) {
        self.marks.end(self.open);
    }
}

impl Marks {
    pub(crate) fn open(path: Option<&Path>, group: &str) -> Result<Marks> {
        let length = HEADER + SLOTS * SLOT;
        let (region, finish) = match path {
            Some(path) => {
                let (region, finish) = create(path, length)?;
                (region, Some(finish))
            }
            None => (Region::private(length), None),
        };
        region.set_bytes(0, &MAGIC);
        region.set_pair(8, VERSION, std::process::id());
        region.set(16, SLOTS as u64);
        region.set(32, wall());
        region.set_bytes(GROUP, &group.as_bytes()[..group.floor_char_boundary(GROUP_MAX)]);
        finish.map_or(Ok(()), |finish| finish())?;
        Ok(Marks { region })
    }

    /// Begins a mark. Name and message are cut where both are longer than 224 bytes together.
    pub fn begin(&self, name: &str, message: &str) -> OpenMark {
        let begin = monotonic();
        let number = self.put(begin, None, name, message);
        OpenMark { number, begin }
    }

    /// Ends a mark, from whichever thread. One that has long been overwritten is forgotten.
    pub fn end(&self, mark: OpenMark) {
        let (open, duration) = (open_word(mark.number), monotonic().saturating_sub(mark.begin).max(0));
        let word = &self.region.words[slot(mark.number) / 8 + 2];
        // The word of an open mark is its own, so a slot that now holds another is left alone.
        let _ = word.compare_exchange(open, duration as u64, Ordering::Release, Ordering::Relaxed);
    }

    /// A mark that ends when what this gives goes out of scope.
    pub fn span(&self, name: &str, message: &str) -> Span<'_> {
        Span { marks: self, open: self.begin(name, message) }
    }

    /// Marks a moment.
    pub fn moment(&self, name: &str, message: &str) {
        self.put(monotonic(), Some(0), name, message);
    }

    /// Marks a stretch that has ended: its begin (CLOCK_MONOTONIC) and its length, in nanoseconds.
    pub fn stretch(&self, begin: i64, duration: i64, name: &str, message: &str) {
        self.put(begin, Some(duration.max(0)), name, message);
    }

    fn put(&self, begin: i64, duration: Option<i64>, name: &str, message: &str) -> u64 {
        let number = self.region.words[NEXT / 8].fetch_add(1, Ordering::AcqRel);
        let at = slot(number);
        self.region.set(at, 0);
        fence(Ordering::Release);
        self.region.set(at + 8, begin as u64);
        self.region.set(at + 16, duration.map_or(open_word(number), |duration| duration as u64));
        let name = &name.as_bytes()[..name.floor_char_boundary(NAME_MAX)];
        let message = &message.as_bytes()[..message.floor_char_boundary(TEXT_MAX - name.len())];
        self.region.set_pair(at + 24, thread(), name.len() as u32 | (message.len() as u32) << 16);
        let mut text = [0; TEXT_MAX];
        text[..name.len()].copy_from_slice(name);
        text[name.len()..name.len() + message.len()].copy_from_slice(message);
        self.region.set_bytes(at + TEXT, &text[..name.len() + message.len()]);
        let done: &AtomicU64 = &self.region.words[at / 8];
        done.store(number + 1, Ordering::Release);
        number
    }
}

/// What stands for the duration of an open mark: a negative number that no other mark has.
pub(crate) fn open_word(number: u64) -> u64 {
    (number + 1).wrapping_neg()
}

fn slot(number: u64) -> usize {
    HEADER + (number % SLOTS as u64) as usize * SLOT
}

/// CLOCK_MONOTONIC in nanoseconds.
fn monotonic() -> i64 {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(0, |time| time.tv_sec() * 1_000_000_000 + time.tv_nsec())
}

/// This thread's number, asked for once.
fn thread() -> u32 {
    thread_local!(static ID: Cell<u32> = const { Cell::new(0) });
    ID.with(|id| {
        if id.get() == 0 {
            id.set(gettid().as_raw() as u32);
        }
        id.get()
    })
}
