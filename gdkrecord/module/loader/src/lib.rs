//! Lets `GTK_MODULES=gdkrecord` work for GTK 4, which ignores that variable.
//!
//! GTK 4 loads every library in its immodules directories inside `gtk_init`. This one looks whether GTK_MODULES
//! names gdkrecord; only then it loads the recorder, which lies in `modules/` two directories up. It runs in
//! every GTK 4 application of the machine: it is small, uses nothing but libc and never panics.
//!
//! Built with `panic = "abort"` it needs no std: 6 KB instead of 290, and two thirds of the time to load.
#![allow(unsafe_code)]
#![cfg_attr(panic = "abort", no_std)]

use core::ffi::{CStr, c_char, c_int, c_void};

/// Never reached: nothing here panics.
#[cfg(panic = "abort")]
#[panic_handler]
fn panicked(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: ends the process.
    unsafe { libc::abort() }
}

/// The recorder's file, and its entry.
const RECORDER: &[u8] = b"libgdkrecord.so";
const START: &CStr = c"gdkrecord_start";
const FAILED: &[u8] = b"gdkrecord: cannot load the recorder named by GTK_MODULES: ";

unsafe extern "C" {
    fn secure_getenv(name: *const c_char) -> *const c_char;
}

/// GIO calls this when GTK loads its input-method modules.
#[unsafe(no_mangle)]
pub extern "C" fn g_io_module_load(_module: *mut c_void) {
    // SAFETY: the result is NULL or a C string that lives as long as nobody changes the environment, which
    // programs must not do while gtk_init runs.
    let modules = unsafe {
        let value = secure_getenv(c"GTK_MODULES".as_ptr());
        if value.is_null() {
            return;
        }
        CStr::from_ptr(value)
    };
    if let Some(named) = modules.to_bytes().split(|byte| matches!(byte, b':' | b',')).find(|name| names_us(name)) {
        load(named);
    }
}

/// GIO looks for this function, too. The loader stays mapped (`-z nodelete`).
#[unsafe(no_mangle)]
pub extern "C" fn g_io_module_unload(_module: *mut c_void) {}

/// Whether an element of GTK_MODULES means the recorder.
fn names_us(name: &[u8]) -> bool {
    let file = name.rsplit(|byte| *byte == b'/').next().unwrap_or(name);
    file == RECORDER || name == b"gdkrecord"
}

#[allow(clippy::manual_contains)]
fn load(named: &[u8]) {
    let mut path = Path { bytes: [0; libc::PATH_MAX as usize], length: 0 };
    // Not `contains`: its search can panic, and that would link all of std into this file.
    let found = if named.iter().any(|&byte| byte == b'/') { path.push(named) } else { path.beside_us() };
    if !found {
        return complain();
    }
    // SAFETY: the path is a C string; the recorder's initialisers are made to run in any process.
    let library = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    if library.is_null() {
        return complain();
    }
    // SAFETY: the handle is open, the name a C string.
    let start = unsafe { libc::dlsym(library, START.as_ptr()) };
    if start.is_null() {
        return complain();
    }
    // SAFETY: the recorder exports this function with this signature.
    let start = unsafe { core::mem::transmute::<*mut c_void, extern "C" fn()>(start) };
    start();
}

/// The one line on stderr, written without formatting.
fn complain() {
    // SAFETY: dlerror gives NULL or a C string that lives until the next call.
    let reason: &[u8] = unsafe {
        let text = libc::dlerror();
        if text.is_null() { b"its place is not known" } else { CStr::from_ptr(text).to_bytes() }
    };
    let parts = [FAILED, reason, b"\n"]
        .map(|part| libc::iovec { iov_base: part.as_ptr().cast_mut().cast(), iov_len: part.len() });
    // SAFETY: three readable buffers; a write that fails is nobody's business.
    unsafe { libc::writev(libc::STDERR_FILENO, parts.as_ptr(), parts.len() as c_int) };
}

/// A C string of bounded length, zero-filled behind its end.
struct Path {
    bytes: [u8; libc::PATH_MAX as usize],
    length: usize,
}

impl Path {
    fn as_ptr(&self) -> *const c_char {
        self.bytes.as_ptr().cast()
    }

    /// False where it does not fit.
    fn push(&mut self, part: &[u8]) -> bool {
        let end = self.length + part.len();
        if end >= self.bytes.len() {
            return false;
        }
        for (to, from) in self.bytes.iter_mut().skip(self.length).zip(part) {
            *to = *from;
        }
        self.length = end;
        true
    }

    /// `<our directory>/../../modules/libgdkrecord.so`.
    fn beside_us(&mut self) -> bool {
        // SAFETY: an all-zero Dl_info is valid, and dladdr only writes to it.
        let us = unsafe {
            let mut info: libc::Dl_info = core::mem::zeroed();
            let address = g_io_module_load as extern "C" fn(*mut c_void) as *const c_void;
            if libc::dladdr(address, &mut info) == 0 || info.dli_fname.is_null() {
                return false;
            }
            CStr::from_ptr(info.dli_fname).to_bytes()
        };
        let mut parts = us.rsplitn(2, |byte| *byte == b'/');
        let (_, Some(directory)) = (parts.next(), parts.next()) else { return false };
        self.push(directory) && self.push(b"/../../modules/") && self.push(RECORDER)
    }
}
