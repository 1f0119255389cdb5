//! Names for what is dispatched: found once for each source and callback, then kept by the thread.

use gdkrecord::field::TextId;
use gdkrecord::writer::Recorder;

use crate::ffi::memory::name_of;

/// A dispatch's names: those of the source and of the callback.
pub type Site = (TextId, TextId);

const SLOTS: usize = 1024;

/// The names a thread has found, in a table that forgets where two fall into the same place.
#[derive(Debug)]
pub struct Sites(Box<[(u64, Site)]>);

impl Default for Sites {
    fn default() -> Self {
        Sites(vec![(0, (TextId(0), TextId(0))); SLOTS].into())
    }
}

impl Sites {
    /// The names for a key; `find` is asked where they are not known.
    #[inline]
    pub fn get(&mut self, key: u64, find: impl FnOnce() -> Site) -> Site {
        let slot = &mut self.0[key as usize % SLOTS];
        if slot.0 != key {
            *slot = (key, find());
        }
        slot.1
    }
}

/// A key from a class, a callback's address and a source's name. Two that collide in all 64 bits would share
/// their names; with a million pairs the chance is one in ten million.
#[inline]
pub fn key(class: usize, callback: usize, name: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |hash: u64, word: u64| ((hash ^ word).wrapping_mul(FACTOR)).rotate_left(29);
    let mut hash = mix(mix(1 + class as u64, callback as u64), name.len() as u64);
    let mut chunks = name.chunks_exact(8);
    for chunk in &mut chunks {
        hash = mix(hash, chunk.first_chunk().map_or(0, |eight| u64::from_le_bytes(*eight)));
    }
    let rest = chunks.remainder().iter().fold(0, |rest, &byte| rest << 8 | u64::from(byte));
    mix(mix(hash, rest), 0) | 1 << 63
}

/// The name of a function: its symbol where it has one, else file+offset.
pub fn name_code(recorder: &Recorder, address: usize) -> TextId {
    if address == 0 {
        return TextId(0);
    }
    let name = match name_of(address) {
        Some((_, _, Some((symbol, at)))) if at == address => symbol,
        Some((file, base, _)) => {
            let file = file.rsplit('/').next().unwrap_or(&file);
            format!("{file}+{:#x}", address.wrapping_sub(base))
        }
        None => format!("{address:#x}"),
    };
    recorder.text(&name)
}
