//! Stands in for `g_signal_emit` in libgtk-4, to see where an event's handling begins and ends.
//!
//! The function is variadic. The shim looks at the signal's id, which is in a register: any other signal goes on
//! to the original untouched, with all its registers and its stack. For the `event` signal the arguments are
//! known, (event, &handled), and lie in registers, too.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use super::Ptr;
use super::gtk4::{Api, Handle, got};
use crate::ffi::names;
use crate::gtk4;

static EVENT: AtomicU32 = AtomicU32::new(0);
static ORIGINAL: AtomicUsize = AtomicUsize::new(0);

/// g_signal_emit (instance, signal, detail, …).
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
extern "C-unwind" fn shim() {
    std::arch::naked_asm!(
        "cmp esi, dword ptr [rip + {event}]",
        "je {handle}",
        "jmp qword ptr [rip + {original}]",
        event = sym EVENT,
        original = sym ORIGINAL,
        handle = sym handle,
    )
}

unsafe extern "C-unwind" fn handle(surface: Ptr, signal: u32, detail: u32, event: Ptr, handled: *mut c_int) {
    type Emit = unsafe extern "C-unwind" fn(Ptr, u32, u32, ...);
    let open = Handle::new(event).and_then(gtk4::event_begins);
    // SAFETY: ORIGINAL is g_signal_emit, stored before any slot was changed.
    let emit = unsafe { std::mem::transmute::<usize, Emit>(ORIGINAL.load(Ordering::Relaxed)) };
    // SAFETY: called as GDK called us.
    unsafe { emit(surface, signal, detail, event, handled) };
    if let Some(open) = open {
        gtk4::event_ended(open);
    }
}

impl Api {
    /// Redirects libgtk-4's calls; `Err` says why that is not possible.
    #[cfg(target_arch = "x86_64")]
    pub fn hook_emissions(&self) -> Result<(), &'static str> {
        let event = self.event_signal();
        if event == 0 {
            return Err("GdkSurface has no signal `event`");
        }
        EVENT.store(event, Ordering::Relaxed);
        ORIGINAL.store(self.emit_address(), Ordering::Relaxed);
        let Some(libgtk) = names::base_of(self.libgtk_address()) else {
            return Err("libgtk-4 is not a loaded file");
        };
        // SAFETY: the shim takes every call: it changes no register before it goes on to the original.
        match unsafe { got::redirect(libgtk, c"g_signal_emit", shim as *const () as usize) } {
            true => Ok(()),
            false => Err("libgtk-4 has no slot for g_signal_emit"),
        }
    }

    /// No shim is written for this architecture.
    #[cfg(not(target_arch = "x86_64"))]
    pub fn hook_emissions(&self) -> Result<(), &'static str> {
        Err("not available on this architecture")
    }
}
