//! Names for what was dispatched: `module+0xoffset` looked up in the module's own symbol table, or its debug file's.

use std::collections::HashMap;
use std::path::Path;

use gdkrecord::kind::Module;
use gdkrecord::symbols::{Elf, Search, Table, demangled};

/// Resolves the names of one recording; reads each module once, when it is first asked for.
#[derive(Debug)]
pub struct Symbols<'a> {
    modules: &'a [Module],
    search: Search,
    tables: HashMap<String, Table>,
}

impl<'a> Symbols<'a> {
    /// For these modules.
    pub fn new(modules: &'a [Module]) -> Symbols<'a> {
        Symbols { modules, search: Search::system(), tables: HashMap::new() }
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
        let search = &self.search;
        let table = self.tables.entry(name.to_owned()).or_insert_with(|| table(module, search));
        match table.from_base(offset).and_then(|address| table.function(address)) {
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

/// The functions of a module; empty where its file is not here or is another build.
fn table(module: &Module, search: &Search) -> Table {
    // Without a build id nobody knows whether the file is still the one that ran.
    let id = Some(&*module.build_id).filter(|id| !id.is_empty());
    let files = id.and_then(|id| search.files(Path::new(&*module.path), Some(id)).ok());
    let Some(files) = files else { return Table::default() };
    let pieces = [files.module.as_ref(), files.debug.as_ref().map(|(pieces, _)| pieces)];
    let tables = pieces.into_iter().flatten().filter_map(|pieces| Elf::parse(pieces).ok());
    tables
        .map(|file| Table::read(&file))
        .reduce(|mut all, debug| {
            all.join(debug);
            all
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gdkrecord::Text;
    use object::{Object, ObjectSymbol};
    use std::fs;

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
}
