//! The process's memory: patching a word, finding what is loaded, naming code.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_int, c_void};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// One loaded file.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// As the dynamic linker names it; empty for the program.
    pub path: String,
    /// Lowest mapped address.
    pub base: usize,
    /// One past the highest.
    pub end: usize,
    /// GNU build id in hexadecimal.
    pub build_id: String,
    /// Address ranges and protection of its segments; RELRO is given last, as read-only.
    parts: Vec<(usize, usize, c_int)>,
}

/// Bytes of a page.
fn page() -> usize {
    static PAGE: OnceLock<usize> = OnceLock::new();
    // SAFETY: takes a number and cannot fail.
    *PAGE.get_or_init(|| unsafe { libc::sysconf(libc::_SC_PAGESIZE) as usize })
}

/// What [`loaded_but`] is asked, and what it found.
struct Listing<'a> {
    known: &'a dyn Fn(usize, &str) -> bool,
    all: Vec<Loaded>,
}

unsafe extern "C" fn collect(info: *mut libc::dl_phdr_info, _: libc::size_t, data: *mut c_void) -> c_int {
    // SAFETY: dl_iterate_phdr gives a filled structure and the data that loaded_but() gave it.
    let (info, listing) = unsafe { (&*info, &mut *data.cast::<Listing<'_>>()) };
    // SAFETY: so many headers are there.
    let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)) };
    // SAFETY: null or a name of the dynamic linker, which lives while the file is loaded.
    let name = if info.dlpi_name.is_null() { c"" } else { unsafe { CStr::from_ptr(info.dlpi_name) } };
    let name = name.to_string_lossy();
    let first = headers.iter().filter(|header| header.p_type == libc::PT_LOAD).map(|header| header.p_vaddr).min();
    let Some(first) = first else { return 0 };
    let base = (info.dlpi_addr as usize).wrapping_add(first as usize) & !(page() - 1);
    if (listing.known)(base, &name) {
        return 0;
    }
    let mut one = Loaded { base, path: name.into_owned(), ..Loaded::default() };
    let mut relro = Vec::new();
    for header in headers {
        let from = (info.dlpi_addr as usize).wrapping_add(header.p_vaddr as usize);
        let to = from + header.p_memsz as usize;
        match header.p_type {
            libc::PT_LOAD => {
                one.end = one.end.max(to);
                let bit = |flag: u32, prot| if header.p_flags & flag != 0 { prot } else { 0 };
                let prot = bit(libc::PF_R, libc::PROT_READ)
                    | bit(libc::PF_W, libc::PROT_WRITE)
                    | bit(libc::PF_X, libc::PROT_EXEC);
                one.parts.push((from, to, prot));
            }
            libc::PT_GNU_RELRO => relro.push((from & !(page() - 1), to & !(page() - 1), libc::PROT_READ)),
            libc::PT_NOTE => {
                // SAFETY: notes are mapped with the file.
                let notes = unsafe { std::slice::from_raw_parts(from as *const u8, header.p_memsz as usize) };
                if one.build_id.is_empty() {
                    one.build_id = build_id(notes);
                }
            }
            _ => {}
        }
    }
    one.parts.extend(relro);
    listing.all.push(one);
    0
}

fn build_id(mut notes: &[u8]) -> String {
    let word = |bytes: &[u8], at: usize| {
        bytes.get(at..at + 4).and_then(|four| four.first_chunk()).map_or(0, |four| u32::from_ne_bytes(*four) as usize)
    };
    while notes.len() >= 12 {
        let (name, size, kind) = (word(notes, 0), word(notes, 4), word(notes, 8));
        let start = 12 + name.next_multiple_of(4);
        if kind == 3 && notes.get(12..16) == Some(b"GNU\0") {
            let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or_default();
            let bytes = notes.get(start..start + size).unwrap_or_default();
            return bytes.iter().flat_map(|&byte| [digit(byte >> 4), digit(byte & 15)]).collect();
        }
        notes = notes.get(start + size.next_multiple_of(4)..).unwrap_or_default();
    }
    String::new()
}

/// All loaded files.
pub fn loaded() -> Vec<Loaded> {
    loaded_but(&|_, _| false)
}

/// All loaded files but those that are known by base and path: reading them all takes a noticeable part of a start.
pub fn loaded_but(known: &dyn Fn(usize, &str) -> bool) -> Vec<Loaded> {
    let mut listing = Listing { known, all: Vec::new() };
    // SAFETY: the callback gets the structure that lives here.
    unsafe { libc::dl_iterate_phdr(Some(collect), (&raw mut listing).cast()) };
    listing.all
}

unsafe extern "C" fn count(info: *mut libc::dl_phdr_info, size: libc::size_t, data: *mut c_void) -> c_int {
    // SAFETY: a structure of `size` bytes and the number of adds().
    unsafe {
        if size >= size_of::<libc::dl_phdr_info>() {
            *data.cast::<u64>() = (*info).dlpi_adds;
        }
    }
    1
}

/// How many files the dynamic linker loaded since the start.
pub fn adds() -> u64 {
    let mut adds = 0u64;
    // SAFETY: the callback gets the number that lives here.
    unsafe { libc::dl_iterate_phdr(Some(count), (&raw mut adds).cast()) };
    adds
}

/// What [`at_address`] is asked, and what it found.
struct Asked {
    address: usize,
    protection: Option<c_int>,
}

unsafe extern "C" fn at_address(info: *mut libc::dl_phdr_info, _: libc::size_t, data: *mut c_void) -> c_int {
    // SAFETY: dl_iterate_phdr gives a filled structure and the data that protection() gave it.
    let (info, asked) = unsafe { (&*info, &mut *data.cast::<Asked>()) };
    // SAFETY: so many headers are there.
    let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)) };
    for header in headers {
        let from = (info.dlpi_addr as usize).wrapping_add(header.p_vaddr as usize);
        let to = from + header.p_memsz as usize;
        let bit = |flag: u32, prot| if header.p_flags & flag != 0 { prot } else { 0 };
        match header.p_type {
            libc::PT_LOAD if (from & !(page() - 1)..to.next_multiple_of(page())).contains(&asked.address) => {
                asked.protection = Some(
                    bit(libc::PF_R, libc::PROT_READ)
                        | bit(libc::PF_W, libc::PROT_WRITE)
                        | bit(libc::PF_X, libc::PROT_EXEC),
                );
            }
            // Comes after the segments.
            libc::PT_GNU_RELRO if (from & !(page() - 1)..to & !(page() - 1)).contains(&asked.address) => {
                asked.protection = Some(libc::PROT_READ);
            }
            _ => {}
        }
    }
    asked.protection.is_some().into()
}

/// The protection of an address in a loaded file; `None` for what is in none.
fn protection(address: usize) -> Option<c_int> {
    let mut asked = Asked { address, protection: None };
    // SAFETY: the callback gets the structure that lives here.
    unsafe { libc::dl_iterate_phdr(Some(at_address), (&raw mut asked).cast()) };
    asked.protection
}

/// Whether so many bytes at an address, aligned as words are, lie in a loaded file.
pub fn is_loaded(address: usize, length: usize) -> bool {
    address.is_multiple_of(align_of::<usize>())
        && protection(address).is_some()
        && protection(address + length - 1).is_some()
}

/// Whether an address lies in the code of a loaded file.
pub fn is_code(address: usize) -> bool {
    protection(address).is_some_and(|protection| protection & libc::PROT_EXEC != 0)
}

/// Stores a word, also where the page is read-only; false where the kernel refuses.
///
/// # Safety
/// `slot` is an aligned, mapped word, and whoever reads it can do with `value`.
pub unsafe fn write_word(slot: *mut usize, value: usize) -> bool {
    // What is in no loaded file is heap, and writable.
    let prot = protection(slot as usize).unwrap_or(libc::PROT_READ | libc::PROT_WRITE);
    let at = (slot as usize & !(page() - 1)) as *mut c_void;
    if prot & libc::PROT_WRITE == 0 {
        // SAFETY: the page is mapped; it only gets more permissions.
        if unsafe { libc::mprotect(at, page(), prot | libc::PROT_WRITE) } != 0 {
            return false;
        }
    }
    // SAFETY: the caller's promise; the page is writable now.
    unsafe { AtomicUsize::from_ptr(slot) }.store(value, Ordering::Release);
    if prot & libc::PROT_WRITE == 0 {
        // SAFETY: what it was before.
        unsafe { libc::mprotect(at, page(), prot) };
    }
    true
}

/// A word in the writable data of a library.
#[derive(Debug)]
pub struct Word(usize);

impl Word {
    /// The only word in the writable data of the file at `address` that is `value`.
    pub fn find(address: usize, value: usize) -> Option<Word> {
        let all = loaded();
        let library = all.iter().find(|one| (one.base..one.end).contains(&address))?;
        let relro: Vec<_> =
            library.parts.iter().filter(|part| part.2 == libc::PROT_READ).map(|part| (part.0, part.1)).collect();
        let mut found = None;
        for &(from, to, prot) in library.parts.iter().filter(|part| part.2 & libc::PROT_WRITE != 0) {
            debug_assert!(prot != 0);
            for at in (from.next_multiple_of(8)..to & !7).step_by(8) {
                if relro.iter().any(|&(low, high)| (low..high).contains(&at)) {
                    continue;
                }
                // SAFETY: inside a mapped, readable segment of a library that stays loaded.
                if unsafe { (at as *const usize).read_volatile() } == value && found.replace(at).is_some() {
                    return None;
                }
            }
        }
        found.map(Word)
    }

    /// What it is now.
    #[inline]
    pub fn get(&self) -> usize {
        // SAFETY: an aligned word of a library that stays loaded.
        unsafe { AtomicUsize::from_ptr(self.0 as *mut usize) }.load(Ordering::Relaxed)
    }

    /// # Safety
    /// Whoever reads it can do with `value`.
    pub unsafe fn set(&self, value: usize) {
        // SAFETY: an aligned word in writable data; the caller's promise.
        unsafe { AtomicUsize::from_ptr(self.0 as *mut usize) }.store(value, Ordering::Relaxed);
    }
}

/// What `find` finds in a copy of the process, of which nothing comes out but that; `None` where it does not answer.
pub fn in_copy(find: impl FnOnce() -> Option<Word>) -> Option<Word> {
    let mut pipe = [0; 2];
    // SAFETY: two descriptors are filled in.
    if unsafe { libc::pipe2(pipe.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
        return None;
    }
    let [read, write] = pipe;
    // Without a signal at its end and without the application's handlers for fork, which must not know of it.
    // SAFETY: no flags and no stack make it a fork.
    let pid = unsafe { libc::syscall(libc::SYS_clone, 0, 0, 0, 0, 0) };
    if pid == 0 {
        // SAFETY: system calls with numbers. The copy loses the application's connections before it does anything,
        // and ends here whatever happens.
        unsafe {
            libc::syscall(libc::SYS_close_range, 0, write - 1, 0);
            libc::syscall(libc::SYS_close_range, write + 1, libc::c_uint::MAX, 0);
            let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(find)).ok().flatten();
            let found = found.map_or(0, |word| word.0).to_ne_bytes();
            libc::write(write, found.as_ptr().cast(), found.len());
            libc::syscall(libc::SYS_exit_group, 0);
        }
    }
    let mut found = [0u8; size_of::<usize>()];
    // SAFETY: descriptors and a child of ours; what is read goes into the bytes above.
    let got = unsafe {
        libc::close(write);
        let mut ready = libc::pollfd { fd: read, events: libc::POLLIN, revents: 0 };
        // It answers within milliseconds, or hangs in a lock that another thread held.
        let got = pid > 0 && libc::poll(&mut ready, 1, 1000) == 1;
        let got = got && libc::read(read, found.as_mut_ptr().cast(), found.len()) == found.len() as isize;
        libc::close(read);
        if pid > 0 {
            libc::kill(pid as libc::pid_t, libc::SIGKILL);
            libc::waitpid(pid as libc::pid_t, std::ptr::null_mut(), libc::__WALL);
        }
        got
    };
    Some(usize::from_ne_bytes(found)).filter(|&at| got && at != 0).map(Word)
}

/// A clock of the kernel's, in nanoseconds; 0 where it has none of that number.
pub fn clock(id: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is filled where the kernel knows the clock.
    unsafe { libc::clock_gettime(id, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// The word at an address that C says holds a function: what gdk_threads_add_idle wraps.
///
/// # Safety
/// `at` is null, or readable and aligned.
pub unsafe fn word_at(at: usize) -> usize {
    // SAFETY: the caller's promise.
    if at == 0 { 0 } else { unsafe { (at as *const usize).read() } }
}

/// The value of an exported unsigned variable such as `glib_major_version`.
pub fn variable(library: super::Library, name: &CStr) -> Option<u32> {
    let at = library.symbol(name).cast::<u32>();
    // SAFETY: only names of exported guint constants are asked for.
    unsafe { at.as_ref() }.copied()
}
