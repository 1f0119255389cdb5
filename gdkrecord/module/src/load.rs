//! Starts recording, once: finds GTK among what is loaded, makes the file, puts the hooks in.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use gdkrecord::options::Options;
use gdkrecord::writer::Recorder;

use crate::ffi::gdk::Gdk;
use crate::ffi::glib::Glib;
use crate::ffi::{Library, function, memory};
use crate::recorder::{self, Session, Toolkit, with};
use crate::{control, entry, events, facts, frames, gtk4, mainloop, targets, windows};

static STARTED: AtomicBool = AtomicBool::new(false);

/// Starts recording where a GTK is loaded and nothing records yet.
pub fn start() {
    // SAFETY: takes nothing and cannot fail.
    let main = unsafe { libc::gettid() == libc::getpid() };
    if !main {
        return;
    }
    let Some((toolkit, version, library)) = detect() else { return };
    if STARTED.swap(true, Ordering::AcqRel) {
        return;
    }
    // A panic of ours is caught; its message is nobody's business but ours.
    std::panic::set_hook(Box::new(|_| ()));
    if std::panic::catch_unwind(|| install(toolkit, version, library)).is_err() {
        recorder::disarm();
    }
}

fn install(toolkit: Toolkit, version: [u32; 3], library: Library) {
    let glib = Glib::load(library);
    let made = Options::from_env().and_then(|options| {
        let recorder = Recorder::create(&options, &facts::program())?;
        Ok((options, recorder))
    });
    let (options, recorder) = match made {
        Ok(made) => made,
        Err(error) => {
            // Where not even that can be written, there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "gdkrecord: {error}");
            return;
        }
    };
    let quark = glib.quark(c"gdkrecord-number");
    let gdk = Gdk::load(library);
    let session = Session { alive: recorder.flag(), recorder, options, toolkit, version, library, glib, gdk, quark };
    let Some(session) = recorder::start(session) else { return };
    // The first thread of the recording is GTK's.
    with(|_, _| ());
    facts::start(session);
    mainloop::install(session);
    frames::install(session);
    targets::install(session);
    control::install(session);
    if toolkit == Toolkit::Gtk4 {
        gtk4::install(session);
    } else {
        events::install(session);
        windows::install(session);
    }
    // SAFETY: a function of this library, which stays loaded.
    unsafe { libc::atexit(entry::exit) };
}

/// The GTK that is loaded, its version, and where its functions are found.
fn detect() -> Option<(Toolkit, [u32; 3], Library)> {
    version_of(Library::GLOBAL).or_else(|| {
        // Loaded by a language binding, for itself only.
        let names = ["libgtk-4.so", "libgtk-3.so", "libgtk-x11-2.0.so"];
        let mut paths = memory::loaded().into_iter().map(|one| one.path);
        let path = paths.find(|path| {
            let file = path.rsplit('/').next().unwrap_or_default();
            names.iter().any(|name| file.starts_with(name))
        })?;
        version_of(Library::loaded(&CString::new(path).ok()?)?)
    })
}

fn version_of(library: Library) -> Option<(Toolkit, [u32; 3], Library)> {
    let ask = |name: &'static str| {
        // SAFETY: gtk_get_…_version takes nothing and gives a guint.
        let get: Option<unsafe extern "C-unwind" fn() -> u32> = unsafe { function(library, name) };
        // SAFETY: as above.
        get.map(|get| unsafe { get() })
    };
    if let Some(major) = ask("gtk_get_major_version\0") {
        let rest = [ask("gtk_get_minor_version\0"), ask("gtk_get_micro_version\0")].map(Option::unwrap_or_default);
        let toolkit = match major {
            3 => Toolkit::Gtk3,
            4 => Toolkit::Gtk4,
            _ => return None,
        };
        return Some((toolkit, [major, rest[0], rest[1]], library));
    }
    let names: [&CStr; 3] = [c"gtk_major_version", c"gtk_minor_version", c"gtk_micro_version"];
    let [major, minor, micro] = names.map(|name| memory::variable(library, name));
    (major? == 2).then_some((Toolkit::Gtk2, [2, minor.unwrap_or(0), micro.unwrap_or(0)], library))
}
