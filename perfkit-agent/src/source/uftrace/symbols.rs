//! Which library a function lies in, by the symbol tables that uftrace keeps beside what it records.

use std::fs;
use std::path::Path;

use rustc_hash::FxHashMap;

/// Functions and their libraries.
#[derive(Debug, Default)]
pub struct Symbols {
    /// The number of a module in `modules`, by a function that it defines.
    defined: FxHashMap<Box<str>, u32>,
    modules: Vec<String>,
}

impl Symbols {
    /// The tables of a folder of uftrace's. A program's own functions go before those of libraries.
    pub fn read(folder: &Path, programs: &[String]) -> Symbols {
        let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|file| file.path());
        let mut files: Vec<_> = files.filter(|file| file.extension().is_some_and(|ending| ending == "sym")).collect();
        files.sort_by_key(|file| {
            let name = file.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            (!programs.iter().any(|program| program.ends_with(&name)), name)
        });
        let mut symbols = Symbols::default();
        for file in files {
            symbols.add(&String::from_utf8_lossy(&fs::read(file).unwrap_or_default()));
        }
        symbols
    }

    /// Adds a table: lines `ADDRESS TYPE NAME`, and among the comments before them `# path name: FILE`. `P` is the
    /// type of a function that is only called from here.
    pub fn add(&mut self, table: &str) {
        let path = table.lines().find_map(|line| line.strip_prefix("# path name: ")).unwrap_or_default();
        let module = self.modules.len() as u32;
        self.modules.push(path.rsplit('/').next().unwrap_or(path).trim().to_owned());
        for line in table.lines().filter(|line| !line.starts_with('#')) {
            let mut words = line.splitn(3, ' ').skip(1);
            if let (Some("T" | "t" | "W" | "w" | "i"), Some(name)) = (words.next(), words.next()) {
                self.defined.entry(name.into()).or_insert(module);
            }
        }
    }

    /// The library, or the program, that defines a function.
    pub fn library(&self, function: &str) -> Option<&str> {
        let module = *self.defined.get(function)?;
        self.modules.get(module as usize).map(String::as_str).filter(|name| !name.is_empty())
    }
}
