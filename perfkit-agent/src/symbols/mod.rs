//! Names for the addresses of a session: functions and their source lines, with those that were inlined.
//!
//! [`symbolise`] finds what in a session needs names, resolves it through the files of the modules ([`Symbolizer`]),
//! and stores it in the session, which then says the same on another machine. A file whose build id is not the
//! recorded one is never used, and nothing is fetched from the network.

mod image;
mod names;
mod stamp;
mod symbolise;

use std::path::Path;

use gdkrecord::symbols::Lacks;
use rustc_hash::FxHashMap;

pub use gdkrecord::symbols::Search;
pub use image::{Address, Depth, Image};
pub use names::{Name, callback_names};
pub use symbolise::{Summary, When, symbolise};

/// Modules that are kept open by a [`Symbolizer`]: when there are more, all are closed, which bounds the memory.
const OPEN: usize = 16;

/// A function at an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Its name, demangled.
    pub function: String,
    /// The source file; where that is not known, `None`.
    pub file: Option<String>,
    /// The line in it.
    pub line: Option<u32>,
}

/// Resolves addresses, and keeps the modules that it opened last.
#[derive(Debug)]
pub struct Symbolizer {
    search: Search,
    /// By build id, or path.
    images: FxHashMap<String, Result<Image, Lacks>>,
}

impl Symbolizer {
    /// One that looks in these places.
    pub fn new(search: Search) -> Symbolizer {
        Symbolizer { search, images: FxHashMap::default() }
    }

    /// The module at one of `paths` with this build id; `None` stands for one without, whose file is known to be the
    /// one that ran.
    pub fn image(&mut self, paths: &[&str], build_id: Option<&str>) -> Result<&Image, Lacks> {
        let first = paths.first().copied().unwrap_or_default();
        let key = build_id.unwrap_or(first).to_owned();
        if self.images.len() >= OPEN && !self.images.contains_key(&key) {
            self.images.clear();
        }
        let open = |path: &&str| Image::open(Path::new(path), build_id, &self.search);
        let image = self.images.entry(key).or_insert_with(|| {
            let mut lacks = Lacks::File;
            let found = paths.iter().find_map(|path| open(path).map_err(|why| lacks = why).ok());
            found.ok_or(lacks)
        });
        image.as_ref().map_err(|lacks| *lacks)
    }

    /// The functions at an address of a module, the innermost inlined one first; none where nothing is known.
    pub fn resolve(&mut self, path: &str, build_id: &str, address: Address) -> Vec<Place> {
        self.image(&[path], Some(build_id)).map_or(Vec::new(), |image| image.places(address))
    }
}

#[cfg(test)]
mod tests;
