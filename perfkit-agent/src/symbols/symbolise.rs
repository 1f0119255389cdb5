//! Finds what in a session needs names, and stores them in it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use gdkrecord::symbols::{Lacks, demangled};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use rustc_hash::{FxHashMap, FxHashSet};

use super::stamp::{Stamp, stamp};
use super::{Address, Image, Name, Place, Symbolizer};
use crate::error::{Error, Result};
use crate::session::query::Query;
use crate::session::{self, gdk};

/// Addresses between two looks at whether to go on.
const LOOK: usize = 256;

/// When a session is symbolised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Right after it was recorded, on the machine that it was recorded on: a file that was not written since is the
    /// one that ran, also where no source told its build id.
    Recorded,
    /// At any time and on any machine: only build ids count.
    Later,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Addresses of frames that lie in files.
    pub frames: usize,
    /// Those that have a function now.
    pub named: usize,
    /// Those that have a source line now.
    pub lines: usize,
    /// Callbacks that were recorded by their address, and those that have a function now.
    pub callbacks: (usize, usize),
    /// Modules of which nothing could be read, and why.
    pub lacking: Vec<(String, &'static str)>,
    /// Whether it was ended early.
    pub cut: bool,
}

/// A frame's row of the table `symbol`.
#[derive(Debug)]
struct Frame {
    symbol: i64,
    function: String,
    address: u64,
    /// Whether a call returns to the address.
    caller: bool,
}

/// The modules of one build, and what of it needs names.
#[derive(Debug, Default)]
struct Build {
    modules: Vec<i64>,
    paths: Vec<String>,
    id: Option<String>,
    frames: Vec<Frame>,
    /// Callbacks by their distance from the base.
    callbacks: Vec<(String, u64)>,
    /// Whether a process of a recording had it, so that its exported functions may be callbacks.
    loaded: bool,
}

/// Resolves what in the session at `path` has no name yet, and stores it there. `go_on` gets how many addresses are
/// done, and of how many; where it says no, what is done is kept.
pub fn symbolise(
    path: &Path,
    symbolizer: &mut Symbolizer,
    when: When,
    go_on: &mut dyn FnMut(usize, usize) -> bool,
) -> Result<Summary> {
    let callbacks = callbacks(&Query::open(path)?)?;
    let mut db = session::edit(path)?;
    let mut work = || {
        let store = Transaction::new(&mut db, TransactionBehavior::Immediate)?;
        let mut builds = builds(&store, when)?;
        let exported = place_callbacks(&mut builds, &callbacks);
        let total = builds.iter().map(|build| build.frames.len() + build.callbacks.len()).sum();
        let mut run = Run { store: &store, symbolizer, total, done: 0, go_on, summary: Summary::default() };
        run.summary.callbacks.0 = callbacks.iter().filter(|name| split(name).is_some()).count();
        run.all(&builds, &exported)?;
        let mut summary = run.summary;
        summary.lacking.sort();
        store.commit()?;
        Ok(summary)
    };
    work().map_err(Error::store(path))
}

/// Every callback that was recorded.
fn callbacks(query: &Query) -> Result<BTreeSet<String>> {
    let mut all = BTreeSet::new();
    for schema in gdk::schemas().iter().filter(|schema| schema.column("callback").is_some()) {
        let read = || {
            let sql = format!("SELECT DISTINCT callback FROM {} WHERE callback IS NOT NULL", schema.name);
            let mut select = query.db().prepare(&sql)?;
            select.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()
        };
        all.extend(read().map_err(|error| Error::Invalid(format!("the callbacks cannot be read: {error}")))?);
    }
    Ok(all)
}

/// The modules, those of one build together, with the frames that lie in them.
fn builds(db: &Connection, when: When) -> rusqlite::Result<Vec<Build>> {
    let begun: i64 = db.query_row("SELECT coalesce(min(realtime), 0) FROM clock", [], |row| row.get(0))?;
    let mut frames = frames(db)?;
    let mut builds: BTreeMap<String, Build> = BTreeMap::new();
    let sql =
        "SELECT id, path, build_id, EXISTS(SELECT 1 FROM mapping WHERE module = module.id) FROM module ORDER BY id";
    let mut select = db.prepare(sql)?;
    let mut rows = select.query([])?;
    let mut stamped = Vec::new();
    while let Some(row) = rows.next()? {
        let (module, path): (i64, String) = (row.get(0)?, row.get(1)?);
        let (mut id, loaded): (Option<String>, bool) = (row.get(2)?, row.get(3)?);
        let frames = frames.remove(&module).unwrap_or_default();
        // The kernel, and what it gives to processes, lies in no file.
        if !path.starts_with('/') {
            continue;
        }
        let mut known = id.is_some();
        if !known && when == When::Recorded && !frames.is_empty() {
            match stamp(Path::new(&path), begun) {
                Stamp::Known(found) => {
                    stamped.push((module, found.clone()));
                    (id, known) = (Some(found), true);
                }
                Stamp::Same => known = true,
                Stamp::Other => {}
            }
        }
        let key = match (&id, known) {
            (Some(id), _) => format!("id {id}"),
            (None, true) => format!("file {path}"),
            (None, false) => format!("unknown {path}"),
        };
        let build = builds.entry(key).or_default();
        build.modules.push(module);
        build.paths.push(path);
        build.id = if known { id } else { Some(String::new()) };
        build.frames.extend(frames);
        build.loaded |= loaded && build.id.as_ref().is_some_and(|id| !id.is_empty());
    }
    for (module, id) in stamped {
        db.execute("UPDATE module SET build_id = ?2 WHERE id = ?1", params![module, id])?;
    }
    Ok(builds.into_values().collect())
}

/// The frames that need names, by module.
fn frames(db: &Connection) -> rusqlite::Result<FxHashMap<i64, Vec<Frame>>> {
    let kernel: i64 =
        db.query_row("SELECT coalesce(max(id), 0) FROM module WHERE path = '[kernel]'", [], |r| r.get(0))?;
    let mut symbols: FxHashMap<i64, (i64, Frame)> = FxHashMap::default();
    let mut select = db.prepare("SELECT id, coalesce(module, 0), address, function FROM symbol")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (symbol, address): (i64, i64) = (row.get(0)?, row.get(2)?);
        let frame = Frame { symbol, address: address as u64, function: row.get(3)?, caller: false };
        symbols.insert(symbol, (row.get(1)?, frame));
    }
    let mut select = db.prepare(
        "SELECT outer.symbol, inner.symbol FROM stack AS inner JOIN stack AS outer ON outer.id = inner.parent",
    )?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (outer, inner): (i64, i64) = (row.get(0)?, row.get(1)?);
        let Some((module, address)) = symbols.get(&inner).map(|(module, frame)| (*module, frame.address)) else {
            continue;
        };
        if let Some((of, frame)) = symbols.get_mut(&outer) {
            // What the kernel has interrupted stands at the address itself, as does what another was inlined into.
            frame.caller |= module != kernel && (module, address) != (*of, frame.address);
        }
    }
    let mut frames: FxHashMap<i64, Vec<Frame>> = FxHashMap::default();
    for (module, frame) in symbols.into_values().filter(|(module, frame)| *module > 0 && frame.address > 0) {
        frames.entry(module).or_default().push(frame);
    }
    Ok(frames)
}

/// Gives callbacks to the builds that they lie in, and returns those that are named by an exported function.
fn place_callbacks<'a>(builds: &mut [Build], callbacks: &'a BTreeSet<String>) -> Vec<&'a str> {
    let mut exported = Vec::new();
    for callback in callbacks {
        let Some((file, distance)) = split(callback) else {
            exported.push(callback.as_str());
            continue;
        };
        let has =
            |build: &&mut Build| build.loaded && build.paths.iter().any(|path| path.rsplit('/').next() == Some(file));
        let mut having = builds.iter_mut().filter(has);
        // Of two builds of one name nobody knows which it was.
        if let (Some(build), None) = (having.next(), having.next()) {
            build.callbacks.push((callback.clone(), distance));
        }
    }
    exported
}

/// `libgtk-4.so.1+0x44c470`
fn split(callback: &str) -> Option<(&str, u64)> {
    let (file, hex) = callback.rsplit_once("+0x")?;
    Some((file, u64::from_str_radix(hex, 16).ok()?))
}

/// One run over a session.
struct Run<'a> {
    store: &'a Connection,
    symbolizer: &'a mut Symbolizer,
    total: usize,
    done: usize,
    go_on: &'a mut dyn FnMut(usize, usize) -> bool,
    summary: Summary,
}

impl Run<'_> {
    fn all(&mut self, builds: &[Build], exported: &[&str]) -> rusqlite::Result<()> {
        // By exported name: in how many builds it is, and what the first says.
        let mut found: HashMap<&str, (usize, i64, Option<Place>)> = HashMap::new();
        for build in builds {
            let asked = build.loaded && !exported.is_empty();
            if build.frames.is_empty() && build.callbacks.is_empty() && !asked {
                continue;
            }
            if !(self.go_on)(self.done, self.total) {
                self.summary.cut = true;
                break;
            }
            let paths: Vec<&str> = build.paths.iter().map(String::as_str).collect();
            let opened = match build.id.as_deref() {
                Some("") => Err("no source told its build id"),
                id => self.symbolizer.image(&paths, id).map_err(why),
            };
            let needed = !build.frames.is_empty() || !build.callbacks.is_empty();
            let image = match opened {
                Ok(image) => image,
                Err(why) => {
                    self.done += build.frames.len() + build.callbacks.len();
                    if needed {
                        self.summary.frames += build.frames.len();
                        self.summary.named += build.frames.iter().filter(|frame| !frame.function.is_empty()).count();
                        self.lacks(build, why)?;
                    }
                    continue;
                }
            };
            for &name in exported.iter().filter(|_| build.loaded) {
                if let Some(address) = image.exported(name) {
                    let entry = found.entry(name).or_insert_with(|| (0, build.modules[0], begin(image, address)));
                    entry.0 += 1;
                }
            }
            if needed {
                let mut writer = Writer { store: self.store, image, summary: &mut self.summary };
                writer.module(build)?;
                writer.callbacks(build)?;
                self.done += build.callbacks.len();
                let mut seen = FxHashSet::default();
                let told = build.frames.iter().map(|frame| frame.address).filter(|&address| !seen.insert(address));
                let told: FxHashSet<u64> = told.collect();
                for frames in build.frames.chunks(LOOK) {
                    if !(self.go_on)(self.done, self.total) {
                        self.summary.cut = true;
                        return Ok(());
                    }
                    let mut writer = Writer { store: self.store, image, summary: &mut self.summary };
                    writer.frames(frames, &told)?;
                    self.done += frames.len();
                }
            }
        }
        for &name in exported {
            let place = match found.remove(name) {
                // Of two modules that export it nobody knows which it was.
                Some((1, module, Some(place))) => Some((Some(module), place)),
                _ => None,
            };
            let readable = demangled(name);
            let place = place.or_else(|| {
                let function = readable.clone();
                (readable != name).then_some((None, Place { function, file: None, line: None }))
            });
            if let Some((module, place)) = place {
                let name_of = Name { function: readable, file: place.file, line: place.line };
                callback(self.store, name, module, &name_of)?;
            }
        }
        Ok(())
    }

    fn lacks(&mut self, build: &Build, why: &'static str) -> rusqlite::Result<()> {
        self.summary.lacking.push((build.paths[0].clone(), why));
        for module in &build.modules {
            // What was found before is worth more.
            let sql = "UPDATE module SET names = ?2 WHERE id = ?1 AND coalesce(names, '') NOT LIKE 'functions%'";
            self.store.prepare_cached(sql)?.execute(params![module, why])?;
        }
        Ok(())
    }
}

/// Why nothing of a module can be read, in words.
fn why(lacks: Lacks) -> &'static str {
    match lacks {
        Lacks::File => "its file is not here",
        Lacks::Build => "its file here is another build",
        Lacks::Sense => "its file cannot be read",
    }
}

/// The function that begins at an address.
fn begin(image: &Image, address: Address) -> Option<Place> {
    // Whatever was inlined at its first instruction, the function itself is the outermost.
    image.places(address).pop()
}

/// Stores what one module's files say.
struct Writer<'a> {
    store: &'a Connection,
    image: &'a Image,
    summary: &'a mut Summary,
}

impl Writer<'_> {
    fn module(&mut self, build: &Build) -> rusqlite::Result<()> {
        for module in &build.modules {
            let sql = "UPDATE module SET names = ?2 WHERE id = ?1";
            self.store.prepare_cached(sql)?.execute(params![module, self.image.depth().word()])?;
        }
        Ok(())
    }

    fn callbacks(&mut self, build: &Build) -> rusqlite::Result<()> {
        for (recorded, distance) in &build.callbacks {
            if let Some(Place { function, file, line }) = begin(self.image, Address::Distance(*distance)) {
                self.summary.callbacks.1 += 1;
                callback(self.store, recorded, Some(build.modules[0]), &Name { function, file, line })?;
            }
        }
        Ok(())
    }

    fn frames(&mut self, frames: &[Frame], told: &FxHashSet<u64>) -> rusqlite::Result<()> {
        for frame in frames {
            let address = match frame.caller {
                true => Address::Return(frame.address),
                false => Address::Offset(frame.address),
            };
            let mut places = self.image.places(address);
            self.summary.frames += 1;
            // A source that has told the inlined functions itself has a row for each of them at one address.
            if told.contains(&frame.address) && !frame.function.is_empty() {
                places.retain(|place| place.function == frame.function);
                places.truncate(1);
            }
            self.summary.named += usize::from(!places.is_empty() || !frame.function.is_empty());
            self.summary.lines += usize::from(places.iter().any(|place| place.line.is_some()));
            self.frame(frame.symbol, &places)?;
        }
        Ok(())
    }

    /// Stores a frame's places, unless the session has better ones already.
    fn frame(&mut self, symbol: i64, places: &[Place]) -> rusqlite::Result<()> {
        let lines = places.iter().any(|place| place.line.is_some());
        let mut better = self.store.prepare_cached("SELECT 1 FROM place WHERE symbol = ?1 AND line IS NOT NULL")?;
        if places.is_empty() || (!lines && better.exists(params![symbol])?) {
            return Ok(());
        }
        self.store.prepare_cached("DELETE FROM place WHERE symbol = ?1")?.execute(params![symbol])?;
        let mut insert = self.store.prepare_cached("INSERT INTO place VALUES(?1, ?2, ?3, ?4, ?5)")?;
        for (level, place) in places.iter().rev().enumerate() {
            insert.execute(params![symbol, level, place.function, place.file, place.line])?;
        }
        Ok(())
    }
}

/// Stores a callback's name, unless the session has a better one already.
fn callback(store: &Connection, recorded: &str, module: Option<i64>, name: &Name) -> rusqlite::Result<()> {
    let sql = "INSERT INTO callback VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET
               module = ?2, function = ?3, file = ?4, line = ?5 WHERE ?5 IS NOT NULL OR line IS NULL";
    store.prepare_cached(sql)?.execute(params![recorded, module, name.function, name.file, name.line])?;
    Ok(())
}
