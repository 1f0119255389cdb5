//! Names for what is dispatched: found once for each source and callback, then kept by the thread.

use gdkrecord::field::TextId;
use gdkrecord::writer::Recorder;

use crate::ffi::names::{Code, code_at};
use crate::hashes::Table;

/// A dispatch's names: those of the source and of the callback.
pub type Site = (TextId, TextId);

/// A thread forgets all its names at this many: a program that makes names without end.
const MOST: usize = 16 * 1024;

/// The names a thread has found.
#[derive(Debug, Default)]
pub struct Sites(Table<u64, Site>);

impl Sites {
    /// The names for a key; `find` is asked where they are not known.
    #[inline]
    pub fn get(&mut self, key: u64, find: impl FnOnce() -> Site) -> Site {
        if let Some(site) = self.0.get(&key) {
            return *site;
        }
        if self.0.len() >= MOST {
            self.0.clear();
        }
        *self.0.entry(key).or_insert_with(find)
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
    mix(mix(hash, rest), 0)
}

/// The name of a function: its symbol where it has one, else file+offset.
pub fn name_code(recorder: &Recorder, address: usize) -> TextId {
    if address == 0 {
        return TextId(0);
    }
    let name = match code_at(address) {
        Some(Code { function: Some(function), .. }) => function,
        Some(Code { file, base, .. }) => {
            let file = file.rsplit('/').next().unwrap_or(&file);
            format!("{file}+{:#x}", address.wrapping_sub(base))
        }
        None => format!("{address:#x}"),
    };
    recorder.text(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_site_is_found_once() {
        let mut sites = Sites::default();
        let mut found = 0;
        for _ in 0..3 {
            for callback in 0..4000 {
                let site = sites.get(key(3, 0x7f00_0000 + 16 * callback, b"idle"), || {
                    found += 1;
                    (TextId(1), TextId(callback as u32))
                });
                assert_eq!(site.1, TextId(callback as u32));
            }
        }
        assert_eq!(found, 4000, "names were forgotten");
        for callback in 0..10 * MOST {
            sites.get(key(4, callback, b""), || (TextId(0), TextId(0)));
        }
        assert!(sites.0.capacity() <= 2 * MOST);
    }
}
