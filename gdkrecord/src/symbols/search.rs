//! Where a module's files lie: the module itself, and the debug file that its distribution or its developer has split
//! off. Nothing is fetched from the network.

use std::path::{Path, PathBuf};

use object::Object;

use super::elf::{Elf, Pieces, build_id, pieces};

/// Where distributions put separate debug files.
const DEBUG: &str = "/usr/lib/debug";

/// The places to look in.
#[derive(Clone, Debug)]
pub struct Search {
    /// Folders that have a tree `.build-id`, or debug files below the modules' own paths.
    pub debug: Vec<PathBuf>,
    /// Folders of debuginfod's clients, which keep there what they fetched.
    pub caches: Vec<PathBuf>,
}

/// The files of a module that are here; at least one is.
#[derive(Debug)]
pub struct Files {
    /// The file itself.
    pub module: Option<Pieces>,
    /// Its debug file, and where that is.
    pub debug: Option<(Pieces, PathBuf)>,
}

/// Why none of a module's files can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lacks {
    /// There is none.
    File,
    /// What is there is another build.
    Build,
    /// It cannot be read.
    Sense,
}

impl Search {
    /// The places of this system and its user.
    pub fn system() -> Search {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let cache = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
        let cache = variable("DEBUGINFOD_CACHE_PATH").or_else(|| Some(cache?.join("debuginfod_client")));
        Search { debug: vec![PathBuf::from(DEBUG)], caches: cache.into_iter().collect() }
    }

    /// The files of the module at `path` with this build id. `None` stands for a module without one: then the caller
    /// knows that the file at `path` is the one that ran, and no other is looked for.
    pub fn files(&self, path: &Path, id: Option<&str>) -> Result<Files, Lacks> {
        let path = path.to_str().map_or(path, |path| Path::new(path.trim_end_matches(" (deleted)")));
        let Some(id) = id else {
            return open(path, None).map(|module| Files { module: Some(module), debug: None });
        };
        let mut lacks = Lacks::File;
        let mut first = |places: Vec<PathBuf>| {
            places.into_iter().find_map(|place| match open(&place, Some(id)) {
                Ok(pieces) => Some((pieces, place)),
                Err(Lacks::File) => None,
                Err(why) => {
                    lacks = why;
                    None
                }
            })
        };
        let below = |folder: &Path, name: &str| Some(folder.join(".build-id").join(id.get(..2)?).join(name));
        let tree = |suffix: &str| {
            let name = id.get(2..).map(|rest| format!("{rest}{suffix}"));
            self.debug.iter().filter_map(move |folder| below(folder, name.as_deref()?))
        };
        let cache = |name: &'static str| self.caches.iter().map(move |cache| cache.join(id).join(name));
        let module = first([path.to_owned()].into_iter().chain(tree("")).chain(cache("executable")).collect());
        let beside = self.beside(path, module.as_ref().map(|(pieces, _)| pieces));
        let debug = first(tree(".debug").chain(cache("debuginfo")).chain(beside).collect());
        match (module, debug) {
            (None, None) => Err(lacks),
            (module, debug) => Ok(Files { module: module.map(|(pieces, _)| pieces), debug }),
        }
    }

    /// The file that holds what several debug files share, by the name and the build id in one that lies at `of`.
    pub fn shared(&self, of: &Path, name: &Path, id: &str) -> Option<Pieces> {
        let tree = self.debug.iter().filter_map(|folder| {
            let file = folder.join(".build-id").join(id.get(..2)?).join(format!("{}.debug", id.get(2..)?));
            Some(file)
        });
        let beside = of.parent().map(|folder| folder.join(name));
        beside.into_iter().chain(tree).find_map(|place| open(&place, Some(id)).ok())
    }

    /// Where the name in a module's `.gnu_debuglink` may lead.
    fn beside(&self, path: &Path, module: Option<&Pieces>) -> Vec<PathBuf> {
        let name = || {
            let file = Elf::parse(module?).ok()?;
            let (name, _) = file.gnu_debuglink().ok()??;
            // Only a name: a path would lead out of the places where debug files lie.
            Path::new(std::str::from_utf8(name).ok()?).file_name().map(PathBuf::from)
        };
        let (Some(name), Some(folder)) = (name(), path.parent()) else { return Vec::new() };
        let inner = folder.strip_prefix("/").unwrap_or(folder);
        let below = self.debug.iter().map(|debug| debug.join(inner).join(&name));
        [folder.join(&name), folder.join(".debug").join(&name)].into_iter().chain(below).collect()
    }
}

/// Opens a file that has this build id, or any where none is given.
fn open(path: &Path, id: Option<&str>) -> Result<Pieces, Lacks> {
    let pieces = pieces(path).map_err(|_| Lacks::File)?;
    let file = Elf::parse(&pieces).map_err(|_| Lacks::Sense)?;
    let same = id.is_none_or(|id| build_id(&file).is_some_and(|has| has == id));
    drop(file);
    if same { Ok(pieces) } else { Err(Lacks::Build) }
}
