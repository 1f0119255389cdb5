//! One module's files, opened: the functions of its symbol tables and, where debug data is there, source lines and
//! what was inlined.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use addr2line::Context;
use gdkrecord::symbols::{Elf, Files, Lacks, Pieces, Search, Table, demangled};
use gimli::{Dwarf, EndianArcSlice, RunTimeEndian, SectionId};
use object::{Object, ObjectSection};

use super::Place;

/// Bytes of debug data of one module that are read at most, uncompressed: that of a browser's engine is larger.
const DEBUG_MAX: u64 = 512 << 20;
/// Functions at one address that are kept.
const INLINED_MAX: usize = 64;
/// The longest path of a source file, in bytes.
const PATH_MAX: usize = 4096;

/// The sections that names and lines need.
const NEEDED: &[SectionId] = &[
    SectionId::DebugAbbrev,
    SectionId::DebugAddr,
    SectionId::DebugAranges,
    SectionId::DebugInfo,
    SectionId::DebugLine,
    SectionId::DebugLineStr,
    SectionId::DebugRanges,
    SectionId::DebugRngLists,
    SectionId::DebugStr,
    SectionId::DebugStrOffsets,
    SectionId::DebugTypes,
];

/// Debug data in memory.
type Bytes = EndianArcSlice<RunTimeEndian>;

/// Where in a module something lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// Bytes from the begin of its file, as perf and Sysprof count: the address of what was run.
    Offset(u64),
    /// The same where it is the address to which a call returns: the call lies before it.
    Return(u64),
    /// Bytes from its lowest mapped address, as the recorder counts.
    Distance(u64),
    /// As the file counts itself.
    File(u64),
}

/// How much a module's files know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// Nothing: they have no functions.
    Nothing,
    /// Functions.
    Functions,
    /// Functions, since the debug data is too large.
    TooLarge,
    /// Functions and lines.
    Lines,
}

impl Depth {
    /// In words, as sessions keep it.
    pub fn word(self) -> &'static str {
        match self {
            Depth::Nothing => "no functions",
            Depth::Functions => "functions",
            Depth::TooLarge => "functions; the debug data is too large",
            Depth::Lines => "functions and lines",
        }
    }
}

/// A module, opened; its debug data is read when a line is asked for.
pub struct Image {
    files: Files,
    path: PathBuf,
    search: Search,
    table: Table,
    lines: OnceCell<(Option<Context<Bytes>>, Depth)>,
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Image").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Debug data that is not read, for its size.
struct TooLarge;

impl Image {
    /// Opens the module at `path` with this build id; see [`Search::files`].
    pub fn open(path: &Path, build_id: Option<&str>, search: &Search) -> Result<Image, Lacks> {
        let files = search.files(path, build_id)?;
        let read = |pieces| Elf::parse(pieces).map(|file| Table::read(&file)).map_err(|_| Lacks::Sense);
        let mut table = files.module.as_ref().map(read).transpose()?.unwrap_or_default();
        if let Some((pieces, _)) = &files.debug {
            table.join(read(pieces)?);
        }
        let (path, search) = (path.to_owned(), search.clone());
        Ok(Image { files, path, search, table, lines: OnceCell::new() })
    }

    /// How much is known of it.
    pub fn depth(&self) -> Depth {
        self.lines().1
    }

    /// Where an exported function begins.
    pub fn exported(&self, name: &str) -> Option<Address> {
        self.table.exported(name).map(Address::File)
    }

    fn lines(&self) -> &(Option<Context<Bytes>>, Depth) {
        self.lines.get_or_init(|| {
            let debug = self.files.debug.as_ref().map(|(pieces, at)| (pieces, at.as_path()));
            let module = self.files.module.as_ref().map(|pieces| (pieces, self.path.as_path()));
            let found = debug.into_iter().chain(module).find_map(|(pieces, at)| {
                let file = Elf::parse(pieces).ok()?;
                file.section_by_name(".debug_info")?;
                read_lines(&file, at, &self.search).transpose()
            });
            match found {
                Some(Ok(lines)) => (Some(lines), Depth::Lines),
                _ if self.table.is_empty() => (None, Depth::Nothing),
                None => (None, Depth::Functions),
                Some(Err(TooLarge)) => (None, Depth::TooLarge),
            }
        })
    }

    /// The functions at an address, the innermost inlined one first; none where nothing is known.
    pub fn places(&self, address: Address) -> Vec<Place> {
        let address = match address {
            Address::Offset(offset) => self.table.from_offset(offset),
            Address::Return(offset) => offset.checked_sub(1).and_then(|before| self.table.from_offset(before)),
            Address::Distance(distance) => self.table.from_base(distance),
            Address::File(address) => Some(address),
        };
        let Some(address) = address else { return Vec::new() };
        let mut places = self.lines().0.as_ref().map_or(Vec::new(), |lines| frames(lines, address));
        let named = || self.table.function(address).map(demangled);
        match places.last_mut() {
            // The debug data of what was written in assembler has lines only.
            Some(outermost) if outermost.function.is_empty() => outermost.function = named().unwrap_or_default(),
            Some(_) => {}
            None => places.extend(named().map(|function| Place { function, ..Place::default() })),
        }
        places.retain(|place| !place.function.is_empty());
        places
    }
}

/// The functions at an address, the innermost first, as debug data has them: a name may be empty.
fn frames(lines: &Context<Bytes>, address: u64) -> Vec<Place> {
    let mut places = Vec::new();
    let Ok(mut frames) = lines.find_frames(address).skip_all_loads() else { return places };
    while let Ok(Some(frame)) = frames.next() {
        let function = frame.function.as_ref().and_then(|function| function.raw_name().ok());
        let location = frame.location.as_ref();
        let file = location.and_then(|location| location.file).filter(|file| file.len() <= PATH_MAX);
        places.push(Place {
            function: function.map_or(String::new(), |name| demangled(&name)),
            file: file.map(tidy),
            // Line 0 stands for none.
            line: location.and_then(|location| location.line).filter(|&line| line > 0),
        });
        if places.len() == INLINED_MAX {
            break;
        }
    }
    places
}

/// A path without steps that lead nowhere: compilers put the folder in which they ran before `../src/a.c`.
fn tidy(path: &str) -> String {
    let mut steps: Vec<&str> = Vec::new();
    for (at, step) in path.split('/').enumerate() {
        match step {
            "." => {}
            "" if at > 0 => {}
            ".." if steps.last().is_some_and(|last| !last.is_empty() && *last != "..") => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    steps.join("/")
}

/// Lines and inlined functions of a file that lies at `at`; `Ok(None)` where its debug data makes no sense.
fn read_lines(file: &Elf<'_>, at: &Path, search: &Search) -> Result<Option<Context<Bytes>>, TooLarge> {
    let mut left = DEBUG_MAX;
    let mut dwarf = dwarf(file, &mut left)?;
    if let Some(shared) = shared(file, at, search)
        && let Ok(shared) = Elf::parse(&shared)
    {
        dwarf.set_sup(self::dwarf(&shared, &mut left)?);
    }
    Ok(Context::from_dwarf(dwarf).ok())
}

/// What several debug files share is in a file of its own, which each of them names.
fn shared(file: &Elf<'_>, at: &Path, search: &Search) -> Option<Pieces> {
    let (name, id) = file.gnu_debugaltlink().ok()??;
    let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    search.shared(at, Path::new(std::str::from_utf8(name).ok()?), &id)
}

/// The debug data of a file, of which `left` bytes may be read.
fn dwarf<'d, R: object::ReadRef<'d>>(file: &object::File<'d, R>, left: &mut u64) -> Result<Dwarf<Bytes>, TooLarge> {
    let endian = if file.is_little_endian() { RunTimeEndian::Little } else { RunTimeEndian::Big };
    Dwarf::load(|id| {
        let bytes = if NEEDED.contains(&id) { section(file, id.name(), left)? } else { Arc::default() };
        Ok(EndianArcSlice::new(bytes, endian))
    })
}

/// A section, uncompressed; empty where it is not there, or is damaged.
fn section<'d, R: object::ReadRef<'d>>(
    file: &object::File<'d, R>,
    name: &str,
    left: &mut u64,
) -> Result<Arc<[u8]>, TooLarge> {
    let Some(section) = file.section_by_name(name) else { return Ok(Arc::default()) };
    // Before any of it is read.
    if section.file_range().is_some_and(|(_, size)| size > *left) {
        return Err(TooLarge);
    }
    let Ok(data) = section.compressed_data() else { return Ok(Arc::default()) };
    *left = left.checked_sub(data.uncompressed_size).ok_or(TooLarge)?;
    Ok(data.decompress().map_or_else(|_| Arc::default(), |data| Arc::from(&*data)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lose_the_steps_that_lead_nowhere() {
        for (path, tidied) in [
            ("/build/gtk/../gtk/./gtkmain.c", "/build/gtk/gtkmain.c"),
            ("../../src//a.c", "../../src/a.c"),
            ("/../a.c", "/../a.c"),
            ("a.c", "a.c"),
            ("", ""),
        ] {
            assert_eq!(tidy(path), tidied);
        }
    }
}
