//! Names for addresses: `module+0xoffset` looked up in the module's own symbol table, or its debug file's; names
//! of Rust and C++ as their authors wrote them.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use gdkrecord::kind::Module;
use object::{Object, ObjectSegment, ObjectSymbol, SymbolKind};

/// Where distributions put separate debug files.
const DEBUG: &str = "/usr/lib/debug";
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
            // An exported name of Rust or C++.
            _ if name == callback => demangled(&name),
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
            Some(function) => format!("{} ({})", demangled(function), file(&module.path).unwrap_or_default()),
            None => recorded.to_owned(),
        }
    }
}

/// What GLib calls sources that nobody gave a name.
const NAMELESS: &[&str] = &["", "timeout", "idle", "GIdleSource", "GTimeoutSource", "unix-fd", "child-watch"];

/// A source's name, without the library that toolkits put in front; `None` for one that says nothing.
fn told(source: &str) -> Option<&str> {
    let name = source.strip_prefix('[').and_then(|rest| rest.split_once("] ")).map_or(source, |(_, name)| name);
    (!NAMELESS.contains(&name)).then_some(name)
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
    let separate = debug_files(Path::new(path), &module.build_id);
    all.extend(separate.into_iter().find_map(|path| read(&path, &module.build_id)).into_iter().flatten());
    all.sort_by(|a, b| (a.begin, b.size, &a.name).cmp(&(b.begin, a.size, &b.name)));
    all.dedup_by_key(|function| function.begin);
    all
}

/// Where a module's debug file may lie: by build id as distributions do it, as debuginfod's clients keep what they
/// fetched, and beside the module by the name in its `.gnu_debuglink`.
fn debug_files(module: &Path, build_id: &str) -> Vec<PathBuf> {
    let mut places = Vec::new();
    if let Some((folder, rest)) = build_id.split_at_checked(2) {
        places.push(Path::new(DEBUG).join(".build-id").join(folder).join(format!("{rest}.debug")));
    }
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
    let cache = variable("DEBUGINFOD_CACHE_PATH").or_else(|| Some(cache?.join("debuginfod_client")));
    places.extend(cache.map(|cache| cache.join(build_id).join("debuginfo")));
    if let (Some(name), Some(folder)) = (debug_link(module), module.parent()) {
        let below = Path::new(DEBUG).join(folder.strip_prefix("/").unwrap_or(folder));
        places.extend([folder.join(&name), folder.join(".debug").join(&name), below.join(&name)]);
    }
    places
}

/// The name in a module's `.gnu_debuglink`.
fn debug_link(module: &Path) -> Option<PathBuf> {
    let bytes = fs::read(module).ok()?;
    let file = object::File::parse(&*bytes).ok()?;
    let (name, _) = file.gnu_debuglink().ok()??;
    // Only a name: a path would lead out of the places where debug files lie.
    Path::new(std::str::from_utf8(name).ok()?).file_name().map(PathBuf::from)
}

/// A name as its author wrote it.
fn demangled(name: &str) -> String {
    if let Ok(rust) = rustc_demangle::try_demangle(name) {
        // Without the hash, which tells nobody anything.
        return format!("{rust:#}");
    }
    let cpp = name.starts_with("_Z").then(|| cpp_demangle::Symbol::new(name).ok()?.demangle().ok());
    cpp.flatten().unwrap_or_else(|| name.to_owned())
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
        assert_eq!(symbols.dispatch("GDK X11 Event source (:0)", "lib.so+0x10"), "GDK X11 Event source (:0)");
        assert_eq!(symbols.dispatch("timeout", "lib.so+0x10"), "lib.so+0x10");
        assert_eq!(symbols.dispatch("[gtk] paint_idle", "on_paint"), "on_paint");
    }

    #[test]
    fn names_are_those_of_the_source() {
        for (name, words) in [
            ("_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE", "core::fmt::Write::write_fmt"),
            ("_RNvCs1234_7mycrate3foo", "mycrate::foo"),
            ("_ZN6Window5paintEv", "Window::paint()"),
            ("_ZNSt6vectorIiSaIiEE4sizeEv", "std::vector<int, std::allocator<int> >::size()"),
            ("gtk_main", "gtk_main"),
            ("_Znonsense", "_Znonsense"),
        ] {
            assert_eq!(demangled(name), words);
        }
    }

    /// As distributions ship libraries: a static function is only in the debug file beside it.
    #[test]
    fn static_functions_are_found_in_the_debug_file() {
        use std::process::Command;
        let folder = tempfile::tempdir().unwrap();
        let run = |program: &str, args: &[&str]| {
            let status = Command::new(program).args(args).current_dir(folder.path()).status();
            assert!(status.expect("cargo xtask test installs gcc and binutils").success(), "{program} {args:?}");
        };
        let source = "static __attribute__((noinline)) void hidden(void) { __asm__(\"nop\"); }\n\
                      void shown(void) { hidden(); hidden(); }\n";
        fs::write(folder.path().join("lib.c"), source).unwrap();
        run("gcc", &["-shared", "-fPIC", "-O1", "-Wl,--build-id", "-o", "lib.so", "lib.c"]);
        run("objcopy", &["--only-keep-debug", "lib.so", "lib.so.debug"]);
        let path = folder.path().join("lib.so");
        let bytes = fs::read(&path).unwrap();
        let elf = object::File::parse(&*bytes).unwrap();
        let id: String = elf.build_id().unwrap().unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
        let at = elf.symbols().find(|symbol| symbol.name() == Ok("hidden")).unwrap().address();
        run("objcopy", &["--strip-all", "--add-gnu-debuglink=lib.so.debug", "lib.so"]);
        let path = Text::from(path.to_str().unwrap());
        let modules = [Module { base: 0, length: 1 << 20, path, build_id: Text::from(id.as_str()) }];
        assert_eq!(Symbols::new(&modules).name(&format!("lib.so+{at:#x}")), "hidden (lib.so)");
        fs::remove_file(folder.path().join("lib.so.debug")).unwrap();
        assert_eq!(Symbols::new(&modules).name(&format!("lib.so+{at:#x}")), format!("lib.so+{at:#x}"));
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
