//! Tables by address or number: no program makes their keys collide on purpose, so one multiplication is enough.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A table by address, number, or a hash of something else.
pub type Table<K, V> = HashMap<K, V, BuildHasherDefault<Mixed>>;

/// Mixes a number; of bytes only so much that it works.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mixed(u64);

impl Hasher for Mixed {
    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }

    #[inline]
    fn write_u64(&mut self, key: u64) {
        // Addresses end in zeroes, and tables look at the highest and at the lowest bits.
        self.0 = (self.0 ^ key).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    }

    #[inline]
    fn write_u32(&mut self, key: u32) {
        self.write_u64(key.into());
    }

    #[inline]
    fn write_usize(&mut self, key: usize) {
        self.write_u64(key as u64);
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(byte.into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::hash::BuildHasher;

    #[test]
    fn addresses_spread_over_both_ends_of_the_hash() {
        let hash = |key: usize| BuildHasherDefault::<Mixed>::default().hash_one(key);
        let hashes: Vec<u64> = (0..1024).map(|at| hash(0x5555_0000_1000 + 0x150 * at)).collect();
        let low: HashSet<u64> = hashes.iter().map(|hash| hash & 1023).collect();
        let high: HashSet<u64> = hashes.iter().map(|hash| hash >> 57).collect();
        assert!(low.len() > 512 && high.len() > 100, "{} and {}", low.len(), high.len());
    }
}
