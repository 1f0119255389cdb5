//! Names for addresses: `module+0xoffset` looked up in the module's own symbol table, or its debug file's.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use gdkrecord::kind::Module;
use object::{Object, ObjectSegment, ObjectSymbol, SymbolKind};

/// Where distributions put separate debug files, by build id.
const DEBUG: &str = "/usr/lib/debug/.build-id";
/// A function without a size reaches this far at most.
const SIZELESS: u64 = 64 * 1024;

/// A function's place, from the module's lowest address.
#[derive(Debug)]
struct Function {
    begin: u64,
    size: u64,
    name: String,
}

/// Resolves the names of one recording; reads each module once, when it is first asked for.
#[derive(Debug)]
pub struct Symbols<'a> {
    modules: &'a [Module],
    tables: HashMap<String, Vec<Function>>,
}

impl<'a> Symbols<'a> {
    /// For these modules.
    pub fn new(modules: &'a [Module]) -> Symbols<'a> {
        Symbols { modules, tables: HashMap::new() }
    }

    /// The best name for a dispatch: the callback's where it is known, else the one that the source was given.
    pub fn dispatch(&mut self, source: &str, callback: &str) -> String {
        let name = self.name(callback);
        match told(source) {
            Some(told) if name == callback && callback.contains("+0x") => told.to_owned(),
            _ => name,
        }
    }

    /// The best name: the function's where its module is here with the same build id, else as it was recorded.
    pub fn name(&mut self, recorded: &str) -> String {
        let parts = recorded.rsplit_once("+0x");
        let Some((name, offset)) = parts.and_then(|(name, hex)| Some((name, u64::from_str_radix(hex, 16).ok()?)))
        else {
            return if recorded.is_empty() { "(no callback)".to_owned() } else { recorded.to_owned() };
        };
        let file = |path: &str| Path::new(path).file_name().map(|file| file.to_string_lossy().into_owned());
        let Some(module) =
            self.modules.iter().find(|module| &*module.path == name || file(&module.path).as_deref() == Some(name))
        else {
            return recorded.to_owned();
        };
        let table = self.tables.entry(name.to_owned()).or_insert_with(|| functions(module));
        match lookup(table, offset) {
            Some(function) => format!("{function} ({})", file(&module.path).unwrap_or_default()),
            None => recorded.to_owned(),
        }
    }
}

/// A source's name as toolkits give it, without the library in front; `None` for one that says nothing.
fn told(source: &str) -> Option<&str> {
    source.strip_prefix('[').and_then(|rest| rest.split_once("] ")).map(|(_, name)| name)
}

fn lookup(table: &[Function], offset: u64) -> Option<&str> {
    let after = table.partition_point(|function| function.begin <= offset);
    let function = table.get(after.checked_sub(1)?)?;
    let size = if function.size == 0 { SIZELESS } else { function.size };
    (offset - function.begin < size).then_some(&*function.name)
}

/// The functions of a module, sorted; empty where its file is not here or is another build.
fn functions(module: &Module) -> Vec<Function> {
    let path = module.path.trim_end_matches(" (deleted)");
    let mut all = read(Path::new(path), &module.build_id).unwrap_or_default();
    if let Some(separate) = debug_file(&module.build_id).and_then(|path| read(&path, &module.build_id)) {
        all.extend(separate);
    }
    all.sort_by(|a, b| (a.begin, b.size, &a.name).cmp(&(b.begin, a.size, &b.name)));
    all.dedup_by_key(|function| function.begin);
    all
}

fn debug_file(build_id: &str) -> Option<PathBuf> {
    let (folder, rest) = build_id.split_at_checked(2)?;
    Some(Path::new(DEBUG).join(folder).join(format!("{rest}.debug")))
}

fn read(path: &Path, build_id: &str) -> Option<Vec<Function>> {
    let bytes = fs::read(path).ok()?;
    let file = object::File::parse(&*bytes).ok()?;
    let id: String = file.build_id().ok()??.iter().map(|byte| format!("{byte:02x}")).collect();
    if id != build_id {
        return None;
    }
    // Offsets count from the page in which the lowest segment begins.
    let base = file.segments().map(|segment| segment.address()).min().unwrap_or(0) & !0xfff;
    let symbols = file.symbols().chain(file.dynamic_symbols());
    let functions = symbols.filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.is_definition());
    let function = |symbol: object::Symbol<'_, '_>| {
        let name = symbol.name().ok().filter(|name| !name.is_empty())?.to_owned();
        Some(Function { begin: symbol.address().checked_sub(base)?, size: symbol.size(), name })
    };
    Some(functions.filter_map(function).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use gdkrecord::Text;

    #[test]
    fn an_address_is_in_the_function_before_it_or_in_none() {
        let function = |begin, size, name: &str| Function { begin, size, name: name.into() };
        let table = [function(0x10, 8, "a"), function(0x20, 0, "b")];
        for (offset, name) in [(0, None), (0x10, Some("a")), (0x17, Some("a")), (0x18, None), (0x30, Some("b"))] {
            assert_eq!(lookup(&table, offset), name, "{offset:#x}");
        }
    }

    #[test]
    fn what_cannot_be_looked_up_stays_as_it_was() {
        let module = Module { base: 0, length: 9, path: Text::from("/nope/lib.so"), build_id: Text::from("ab") };
        let modules = [module];
        let mut symbols = Symbols::new(&modules);
        for name in ["g_idle", "lib.so+0x10", "other+0xzz"] {
            assert_eq!(symbols.name(name), name);
        }
        assert_eq!(symbols.dispatch("[gtk] paint_idle", "lib.so+0x10"), "paint_idle");
        assert_eq!(symbols.dispatch("timeout", "lib.so+0x10"), "lib.so+0x10");
        assert_eq!(symbols.dispatch("[gtk] paint_idle", "on_paint"), "on_paint");
    }

    #[test]
    fn this_program_knows_its_own_functions() {
        let exe = std::env::current_exe().unwrap();
        let bytes = fs::read(&exe).unwrap();
        let file = object::File::parse(&*bytes).unwrap();
        let Some(id) = file.build_id().unwrap() else { return };
        let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        let found = read(&exe, &id).unwrap();
        assert!(found.iter().any(|function| function.name == "main"));
        assert!(read(&exe, "00").is_none());
    }
}
