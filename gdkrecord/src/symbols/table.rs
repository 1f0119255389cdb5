//! The functions of a file's symbol tables, by address.

use std::cmp::Reverse;

use object::ReadRef;
use object::elf::{self, PF_X, PT_LOAD, SHN_UNDEF, STT_FUNC, STT_GNU_IFUNC};
use object::read::elf::{ElfFile, FileHeader, ProgramHeader, SectionHeader, Sym, SymbolTable};

use super::NAME_MAX;

/// Bytes of a table of names that are read at most; the largest programs have a tenth of it.
const NAMES_MAX: u64 = 512 << 20;
/// Functions that begin before an address and are looked at whether they reach it: some lie in others.
const NESTED: usize = 16;
/// Addresses are given from the page in which the lowest segment begins.
const PAGE: u64 = 0xfff;

/// The functions of one module, and where its parts lie in file and memory.
#[derive(Debug, Default)]
pub struct Table {
    functions: Vec<Function>,
    segments: Vec<Segment>,
}

#[derive(Debug, PartialEq, Eq)]
struct Function {
    begin: u64,
    size: u64,
    exported: bool,
    name: Box<str>,
}

#[derive(Debug)]
struct Segment {
    address: u64,
    offset: u64,
    size: u64,
    code: bool,
}

impl Table {
    /// Those of a file.
    pub fn read<'d, R: ReadRef<'d>>(file: &object::File<'d, R>) -> Table {
        let mut table = Table::default();
        match file {
            object::File::Elf32(file) => table.add::<elf::FileHeader32<_>, R>(file),
            object::File::Elf64(file) => table.add::<elf::FileHeader64<_>, R>(file),
            _ => {}
        }
        table.sort();
        table
    }

    /// Takes the functions of the module's debug file too. That file's own word on where segments lie in the file
    /// counts only where there is no other: a debug file has left them out.
    pub fn join(&mut self, debug: Table) {
        self.functions.extend(debug.functions);
        if self.segments.is_empty() {
            self.segments = debug.segments;
        }
        self.sort();
    }

    /// Whether it has no function.
    pub fn is_empty(&self) -> bool {
        self.functions.is_empty()
    }

    /// The name, still mangled, of the function that an address of the file's own counting lies in.
    pub fn function(&self, address: u64) -> Option<&str> {
        let after = self.functions.partition_point(|function| function.begin <= address);
        let before = self.functions[..after].iter().rev().take(NESTED);
        let mut holding = before.filter(|function| address - function.begin < function.size);
        holding.next().map(|function| &*function.name)
    }

    /// The address of an exported function, by its name as the file has it.
    pub fn exported(&self, name: &str) -> Option<u64> {
        self.functions.iter().find(|function| function.exported && *function.name == *name).map(|one| one.begin)
    }

    /// The address that lies at this distance from the module's lowest mapped one, as `dladdr` counts.
    pub fn from_base(&self, distance: u64) -> Option<u64> {
        let lowest = self.segments.iter().map(|segment| segment.address).min()?;
        (lowest & !PAGE).checked_add(distance)
    }

    /// The address of what lies at this offset in the file; `None` where that is no code.
    pub fn from_offset(&self, offset: u64) -> Option<u64> {
        let mut code = self.segments.iter().filter(|segment| segment.code);
        code.find_map(|segment| {
            let within = offset.checked_sub(segment.offset)?;
            (within < segment.size).then(|| segment.address.checked_add(within))?
        })
    }

    /// Of several names of one place the last is used: one that is exported, then the shortest.
    fn sort(&mut self) {
        let order = |one: &Function| (one.begin, one.exported, Reverse(one.name.len()));
        self.functions.sort_by(|a, b| order(a).cmp(&order(b)).then_with(|| a.name.cmp(&b.name)));
        self.functions.dedup();
    }

    fn add<'d, E: FileHeader, R: ReadRef<'d>>(&mut self, file: &ElfFile<'d, E, R>) {
        let endian = file.endian();
        for segment in file.elf_program_headers().iter().filter(|one| one.p_type(endian) == PT_LOAD) {
            self.segments.push(Segment {
                address: segment.p_vaddr(endian).into(),
                offset: segment.p_offset(endian).into(),
                size: segment.p_filesz(endian).into(),
                code: segment.p_flags(endian) & PF_X == PF_X,
            });
        }
        self.symbols(file, file.elf_symbol_table(), false);
        self.symbols(file, file.elf_dynamic_symbol_table(), true);
    }

    fn symbols<'d, E: FileHeader, R: ReadRef<'d>>(
        &mut self,
        file: &ElfFile<'d, E, R>,
        table: &SymbolTable<'d, E, R>,
        exported: bool,
    ) {
        let (endian, sections) = (file.endian(), file.elf_section_table());
        // All names at once: asked for one by one each would be a piece of its own.
        let Ok(strings) = sections.section(table.string_section()) else { return };
        if table.is_empty() || strings.sh_size(endian).into() > NAMES_MAX {
            return;
        }
        let Ok(names) = strings.data(endian, file.data()) else { return };
        for (index, symbol) in table.enumerate() {
            let of = symbol.st_type();
            if (of != STT_FUNC && of != STT_GNU_IFUNC) || symbol.st_shndx(endian) == SHN_UNDEF {
                continue;
            }
            let rest = names.get(symbol.st_name(endian) as usize..).unwrap_or_default();
            let rest = &rest[..rest.len().min(NAME_MAX)];
            let Some(name) = rest.iter().position(|&byte| byte == 0).map(|end| &rest[..end]) else { continue };
            if name.is_empty() {
                continue;
            }
            let begin: u64 = symbol.st_value(endian).into();
            let size = match symbol.st_size(endian).into() {
                // One without a size reaches to the end of its section, or to the next.
                0 => {
                    let section = table.symbol_section(endian, symbol, index).ok().flatten();
                    let section = section.and_then(|index| sections.section(index).ok());
                    let end = section.map(|one| one.sh_addr(endian).into().saturating_add(one.sh_size(endian).into()));
                    end.unwrap_or(0).saturating_sub(begin)
                }
                size => size,
            };
            let name = String::from_utf8_lossy(name).into();
            self.functions.push(Function { begin, size, exported, name });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_the_innermost_function_that_holds_it_or_in_none() {
        let function = |begin, size, name: &str| Function { begin, size, exported: false, name: name.into() };
        let functions = vec![function(0x10, 0x10, "a"), function(0x14, 2, "in a"), function(0x30, 1, "b")];
        let table = Table { functions, segments: Vec::new() };
        for (address, name) in
            [(0, None), (0x10, Some("a")), (0x15, Some("in a")), (0x16, Some("a")), (0x20, None), (0x31, None)]
        {
            assert_eq!(table.function(address), name, "{address:#x}");
        }
    }

    #[test]
    fn offsets_are_of_code_and_distances_from_a_page() {
        let segment = |address, offset, size, code| Segment { address, offset, size, code };
        let segments = vec![segment(0x400_040, 0x40, 0x1000, false), segment(0x402_000, 0x1000, 0x100, true)];
        let table = Table { functions: Vec::new(), segments };
        assert_eq!(table.from_base(0x2010), Some(0x402_010));
        assert_eq!(table.from_offset(0x1010), Some(0x402_010));
        assert_eq!((table.from_offset(0x80), table.from_offset(0x1100)), (None, None));
        assert_eq!(Table::default().from_base(1), None);
    }
}
