//! The session's own numbers for texts, tracks and stacks, which several sources may mention: the same one has the
//! same number. Each is written when it is met for the first time, in the transaction of the rows that mention it.
//!
//! Recordings that go on for days meet ever new texts and stacks. Those that were not met for long are forgotten, and
//! get another number should they come again.

use std::borrow::Borrow;
use std::hash::Hash;

use rusqlite::{Connection, Result, params};
use rustc_hash::FxHashMap;

use super::rows::{Frame, Track};
use super::series::Shape;

/// How many texts, symbols and stacks are remembered after they were met last, and half of how many at most: a million
/// paths of files would take 100 MB.
const REMEMBERED: usize = 1 << 16;

/// The numbers that were given so far, all from 1.
#[derive(Debug, Default)]
pub struct Ids {
    strings: Recent<Box<str>>,
    tracks: FxHashMap<(u32, Track), u32>,
    modules: FxHashMap<Box<str>, u32>,
    symbols: Recent<Frame>,
    stacks: Recent<(u32, u32)>,
}

impl Ids {
    /// The number of a text.
    pub fn string(&mut self, db: &Connection, text: &str) -> Result<u32> {
        if let Some(id) = self.strings.get(text) {
            return Ok(id);
        }
        let id = self.strings.give(text.into());
        db.prepare_cached("INSERT INTO string VALUES(?1, ?2)")?.execute(params![id, text])?;
        Ok(id)
    }

    /// The number of a track of a series. The label of a series of values is a dotted name.
    pub fn track(&mut self, db: &Connection, series: u32, shape: Shape, track: &Track) -> Result<u32> {
        let key = (series, track.clone());
        if let Some(&id) = self.tracks.get(&key) {
            return Ok(id);
        }
        let id = self.tracks.len() as u32 + 1;
        let mut insert = db.prepare_cached("INSERT INTO track VALUES(?1, ?2, ?3, ?4, ?5)")?;
        insert.execute(params![id, series, track.pid, track.tid, track.label])?;
        if shape == Shape::Sample && !track.label.is_empty() {
            dotted(db, &track.label)?;
        }
        self.tracks.insert(key, id);
        Ok(id)
    }

    /// The number of the stack of a frame that was called from `caller`; 0 is no caller.
    pub fn stack(&mut self, db: &Connection, caller: u32, frame: &Frame) -> Result<u32> {
        let symbol = self.symbol(db, frame)?;
        if let Some(id) = self.stacks.get(&(caller, symbol)) {
            return Ok(id);
        }
        let id = self.stacks.give((caller, symbol));
        let parent = (caller > 0).then_some(caller);
        db.prepare_cached("INSERT INTO stack VALUES(?1, ?2, ?3)")?.execute(params![id, parent, symbol])?;
        Ok(id)
    }

    fn symbol(&mut self, db: &Connection, frame: &Frame) -> Result<u32> {
        if let Some(id) = self.symbols.get(frame) {
            return Ok(id);
        }
        let module = match &*frame.module {
            "" => None,
            path => Some(self.module(db, path)?),
        };
        let id = self.symbols.give(frame.clone());
        // SQLite's numbers are signed; addresses of the kernel come out negative.
        let address = frame.address as i64;
        let mut insert = db.prepare_cached("INSERT INTO symbol VALUES(?1, ?2, ?3, ?4)")?;
        insert.execute(params![id, frame.function, module, address])?;
        Ok(id)
    }

    /// The number of a file with code.
    pub fn module(&mut self, db: &Connection, path: &str) -> Result<u32> {
        if let Some(&id) = self.modules.get(path) {
            return Ok(id);
        }
        let id = self.modules.len() as u32 + 1;
        db.prepare_cached("INSERT INTO module(id, path) VALUES(?1, ?2)")?.execute(params![id, path])?;
        self.modules.insert(path.into(), id);
        Ok(id)
    }
}

/// Numbers of what was met of late: two generations, of which the older one goes when the younger one is full.
#[derive(Debug)]
struct Recent<K> {
    young: FxHashMap<K, u32>,
    old: FxHashMap<K, u32>,
    given: u32,
}

impl<K> Default for Recent<K> {
    fn default() -> Recent<K> {
        Recent { young: FxHashMap::default(), old: FxHashMap::default(), given: 0 }
    }
}

impl<K: Eq + Hash> Recent<K> {
    /// The number of one that is remembered.
    fn get<Q: Eq + Hash + ?Sized>(&mut self, key: &Q) -> Option<u32>
    where
        K: Borrow<Q>,
    {
        if let Some(&id) = self.young.get(key) {
            return Some(id);
        }
        let (key, id) = self.old.remove_entry(key)?;
        self.keep(key, id);
        Some(id)
    }

    /// Gives the next number to one that is not.
    fn give(&mut self, key: K) -> u32 {
        self.given += 1;
        self.keep(key, self.given);
        self.given
    }

    fn keep(&mut self, key: K, id: u32) {
        if self.young.len() >= REMEMBERED {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, id);
    }
}

/// Makes a dotted name known, if it is not, and the names above it, so that names can be gone through from the top.
pub fn dotted(db: &Connection, name: &str) -> Result<()> {
    let mut insert = db.prepare_cached("INSERT OR IGNORE INTO name(name, depth) VALUES(?1, ?2)")?;
    let mut next = Some(name);
    while let Some(name) = next {
        // Where one is known, those above it are.
        if insert.execute(params![name, depth(name)])? == 0 {
            break;
        }
        next = name.rsplit_once('.').map(|(above, _)| above).filter(|above| !above.is_empty());
    }
    Ok(())
}

/// The depth of a dotted name: the number of its dots.
pub fn depth(name: &str) -> usize {
    memchr::memchr_iter(b'.', name.as_bytes()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_met_again_keeps_its_number_and_what_is_not_is_forgotten() {
        let mut recent = Recent::<Box<str>>::default();
        let kept = recent.give("often".into());
        let lost = recent.give("once".into());
        for number in 0..5 * REMEMBERED {
            let text = number.to_string();
            assert_eq!(recent.get(&*text), None);
            let id = recent.give(text.clone().into());
            assert_eq!(recent.get(&*text), Some(id));
            if number % 1000 == 0 {
                assert_eq!(recent.get("often"), Some(kept));
            }
        }
        assert!(recent.young.len() + recent.old.len() <= 2 * REMEMBERED);
        assert_eq!(recent.get("once"), None);
        assert!(recent.give("once".into()) > lost);
    }
}
