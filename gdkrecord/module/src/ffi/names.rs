//! Which loaded file an address lies in, and which exported function begins there.
//!
//! dladdr answers that too, but looks for the nearest symbol below, along every hash chain: that took most of what
//! the recorder adds to the start of a program.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int, c_void};

/// Dynamic-section tags of the ELF specification; libc has no names for them.
const DT_HASH: u64 = 4;
const DT_STRTAB: u64 = 5;
const DT_SYMTAB: u64 = 6;
const DT_GNU_HASH: u64 = 0x6fff_fef5;

/// The dynamic section of a loaded file.
pub struct Dynamic {
    /// What is added to the addresses in its tables.
    pub load: usize,
    tags: [usize; 24],
    gnu_hash: usize,
}

impl Dynamic {
    /// Reads it; `None` where the file has none, or its linker left the addresses as they were in the file.
    pub fn of(info: &libc::dl_phdr_info) -> Option<Dynamic> {
        let load = info.dlpi_addr as usize;
        let dynamic = headers(info).iter().find(|header| header.p_type == libc::PT_DYNAMIC)?;
        let (mut tags, mut gnu_hash) = ([0; 24], 0);
        let mut at = (load + dynamic.p_vaddr as usize) as *const [u64; 2];
        // SAFETY: the dynamic section is mapped, and ends in a tag of 0.
        unsafe {
            while (*at)[0] != 0 {
                match (*at)[0] {
                    DT_GNU_HASH => gnu_hash = (*at)[1] as usize,
                    tag => {
                        if let Some(tag) = tags.get_mut(tag as usize) {
                            *tag = (*at)[1] as usize;
                        }
                    }
                }
                at = at.add(1);
            }
        }
        let dynamic = Dynamic { load, tags, gnu_hash };
        (dynamic.tag(DT_SYMTAB) >= load && dynamic.tag(DT_STRTAB) >= load).then_some(dynamic)
    }

    /// The value of one of the first tags; 0 where it is not there.
    pub fn tag(&self, tag: u64) -> usize {
        self.tags[tag as usize]
    }

    /// A symbol by its number, and its name.
    ///
    /// # Safety
    /// The file has a symbol of that number, which a relocation or its hash table tells.
    pub unsafe fn symbol(&self, number: usize) -> (&libc::Elf64_Sym, &CStr) {
        // SAFETY: the table has that symbol, its name lies in the strings and ends in a zero byte.
        unsafe {
            let symbol = &*(self.tag(DT_SYMTAB) as *const libc::Elf64_Sym).add(number);
            (symbol, CStr::from_ptr((self.tag(DT_STRTAB) + symbol.st_name as usize) as *const c_char))
        }
    }

    /// How many symbols there are: no table says it, but a hash table that has them all does.
    fn symbols(&self) -> usize {
        let (new, old) = (self.gnu_hash as *const u32, self.tag(DT_HASH) as *const u32);
        // SAFETY: the dynamic section tells where the tables are; they are laid out as their specifications say.
        unsafe {
            if self.gnu_hash < self.load || self.gnu_hash == 0 {
                return if old.is_null() || (old as usize) < self.load { 0 } else { *old.add(1) as usize };
            }
            let [buckets, first, bloom] = [0, 1, 2].map(|word| *new.add(word) as usize);
            let heads = new.add(4 + 2 * bloom);
            let Some(mut last) = (0..buckets).map(|at| *heads.add(at) as usize).max().filter(|&last| last >= first)
            else {
                return first;
            };
            let chains = heads.add(buckets);
            // The last of a chain is odd.
            while *chains.add(last - first) & 1 == 0 {
                last += 1;
            }
            last + 1
        }
    }

    /// The name of the exported function that begins at an address.
    fn function(&self, address: usize) -> Option<String> {
        let value = address.wrapping_sub(self.load) as u64;
        // SAFETY: so many symbols are there.
        let symbols =
            unsafe { std::slice::from_raw_parts(self.tag(DT_SYMTAB) as *const libc::Elf64_Sym, self.symbols()) };
        // What is undefined is another file's; thread-local variables have offsets for values.
        let is = |symbol: &libc::Elf64_Sym| symbol.st_shndx != 0 && symbol.st_info & 15 != 6;
        let number = symbols.iter().position(|symbol| symbol.st_value == value && is(symbol))?;
        // SAFETY: the number of one of them.
        let (_, name) = unsafe { self.symbol(number) };
        Some(name.to_string_lossy().into_owned()).filter(|name| !name.is_empty())
    }
}

fn headers(info: &libc::dl_phdr_info) -> &[libc::Elf64_Phdr] {
    // SAFETY: so many headers are there.
    unsafe { std::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)) }
}

/// Where code lies.
#[derive(Debug)]
pub struct Code {
    /// The path of its file.
    pub file: String,
    /// The lowest address of the file.
    pub base: usize,
    /// The exported function that begins there, where it was asked for.
    pub function: Option<String>,
}

struct Asked {
    address: usize,
    named: bool,
    found: Option<Code>,
}

unsafe extern "C" fn visit(info: *mut libc::dl_phdr_info, _: libc::size_t, data: *mut c_void) -> c_int {
    // SAFETY: dl_iterate_phdr gives a filled structure and the data that ask() gave it.
    let (info, asked) = unsafe { (&*info, &mut *data.cast::<Asked>()) };
    let from = |header: &libc::Elf64_Phdr| (info.dlpi_addr as usize).wrapping_add(header.p_vaddr as usize);
    let parts = || headers(info).iter().filter(|header| header.p_type == libc::PT_LOAD);
    if !parts().any(|header| (from(header)..from(header) + header.p_memsz as usize).contains(&asked.address)) {
        return 0;
    }
    // A page is 4 KiB or a multiple, and files begin at one.
    let base = parts().map(|header| from(header) & !0xfff).min().unwrap_or(0);
    // SAFETY: a name of the dynamic linker.
    let mut file = unsafe { super::text(info.dlpi_name) }.unwrap_or_default();
    if file.is_empty() {
        file = std::fs::read_link("/proc/self/exe").map(|path| path.display().to_string()).unwrap_or_default();
    }
    let function = if asked.named { Dynamic::of(info).and_then(|of| of.function(asked.address)) } else { None };
    asked.found = Some(Code { file, base, function });
    1
}

fn ask(address: usize, named: bool) -> Option<Code> {
    let mut asked = Asked { address, named, found: None };
    // SAFETY: the callback gets the structure that lives here.
    unsafe { libc::dl_iterate_phdr(Some(visit), (&raw mut asked).cast()) };
    asked.found
}

/// The file of an address, and the function that begins there; `None` for what lies in no loaded file.
pub fn code_at(address: usize) -> Option<Code> {
    ask(address, true)
}

/// The lowest address of the file that an address lies in.
pub fn base_of(address: usize) -> Option<usize> {
    ask(address, false).map(|code| code.base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exported_functions_have_names_and_others_a_place_in_their_file() {
        let known = libc::getpid as *const () as usize;
        let code = code_at(known).unwrap();
        assert!(code.file.contains("libc") && base_of(known) == Some(code.base), "{code:?}");
        assert_eq!(code.function.as_deref().map(|name| name.trim_start_matches('_')), Some("getpid"));
        assert_eq!(code_at(known + 1).unwrap().function, None);
        let own = code_at(visit as *const () as usize).unwrap();
        assert!(own.file.contains("gdkrecord") && own.function.is_none(), "{own:?}");
        assert!(code_at(8).is_none());
    }
}
