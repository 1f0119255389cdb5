//! Gives memory that is free back to the system: glibc keeps it where something small lies behind it.
#![allow(unsafe_code, reason = "glibc's malloc_trim")]

/// Does it. Takes some milliseconds, in which others who want memory wait.
pub fn trim() {
    #[cfg(target_env = "gnu")]
    // SAFETY: malloc_trim takes a number and may be called by any thread at any time.
    unsafe {
        libc::malloc_trim(0);
    }
}
