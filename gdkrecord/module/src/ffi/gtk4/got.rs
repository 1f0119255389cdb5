//! Finds and changes the slots of a library's global offset table for one function.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_int, c_void};

use crate::ffi::memory;
use crate::ffi::names::Dynamic;

/// Dynamic-section tags and relocation types of the ELF specification; libc has no names for them.
const DT_PLTRELSZ: u64 = 2;
const DT_RELA: u64 = 7;
const DT_RELASZ: u64 = 8;
const DT_JMPREL: u64 = 23;
const R_X86_64_GLOB_DAT: u64 = 6;
const R_X86_64_JUMP_SLOT: u64 = 7;

struct Search<'a> {
    base: usize,
    name: &'a CStr,
    slots: Vec<usize>,
}

/// The addresses of the slots through which the library loaded at `base` calls `name`.
pub fn slots(base: usize, name: &CStr) -> Vec<usize> {
    let mut search = Search { base, name, slots: Vec::new() };
    // SAFETY: the callback gets the structure that lives here.
    unsafe { libc::dl_iterate_phdr(Some(visit), (&raw mut search).cast()) };
    search.slots
}

unsafe extern "C" fn visit(info: *mut libc::dl_phdr_info, _: libc::size_t, data: *mut c_void) -> c_int {
    // SAFETY: dl_iterate_phdr gives a filled structure and the data that slots() gave it.
    let (info, search) = unsafe { (&*info, &mut *data.cast::<Search<'_>>()) };
    if info.dlpi_addr as usize != search.base {
        return 0;
    }
    let Some(dynamic) = Dynamic::of(info) else { return 1 };
    let load = dynamic.load;
    for (table, size) in [(DT_JMPREL, DT_PLTRELSZ), (DT_RELA, DT_RELASZ)] {
        let (table, size) = (dynamic.tag(table), dynamic.tag(size));
        if table < load {
            continue;
        }
        // SAFETY: the dynamic section tells place and size of the relocations.
        let entries = unsafe { std::slice::from_raw_parts(table as *const libc::Elf64_Rela, size / 24) };
        for entry in entries {
            if !matches!(entry.r_info & 0xffff_ffff, R_X86_64_GLOB_DAT | R_X86_64_JUMP_SLOT) {
                continue;
            }
            // SAFETY: the symbol of a relocation.
            let (_, name) = unsafe { dynamic.symbol((entry.r_info >> 32) as usize) };
            if name == search.name {
                search.slots.push(load + entry.r_offset as usize);
            }
        }
    }
    1
}

/// Makes a library call `with` instead of `name`; false where it has no such slot or the memory refuses.
///
/// # Safety
/// `with` can take every call that the library makes to that function.
pub unsafe fn redirect(base: usize, name: &CStr, with: usize) -> bool {
    let slots = slots(base, name);
    // SAFETY: a slot is an aligned word of the library's data; the caller answers for `with`.
    !slots.is_empty() && slots.iter().all(|slot| unsafe { memory::write_word(*slot as *mut usize, with) })
}
