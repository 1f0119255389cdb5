//! The one recording of this process, and what each thread keeps for it.
//!
//! Every hook goes through [`guarded`]: it does nothing where recording is off, never lets a panic out, and
//! switches everything off for good when one happened. [`with`] gives it the thread's state; a hook that is
//! entered again while that is borrowed (a signal handler, an allocator of the application) does nothing.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use gdkrecord::kind::raw;
use gdkrecord::options::Options;
use gdkrecord::writer::{Alive, Lane, Recorder, now};

use crate::events::Events;
use crate::ffi::Library;
use crate::ffi::gdk::Gdk;
use crate::ffi::glib::Glib;
use crate::frames::Frames;
use crate::sites::Sites;

/// Which GTK records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toolkit {
    /// GTK 2.
    Gtk2,
    /// GTK 3.
    Gtk3,
    /// GTK 4.
    Gtk4,
}

/// The recording, and the tables of C functions. Lives as long as the process.
#[derive(Debug)]
pub struct Session {
    /// Whether this process records: false in a forked child, and for good once recording ended or a hook failed.
    pub alive: Alive,
    /// The file.
    pub recorder: Arc<Recorder>,
    /// What was asked for.
    pub options: Options,
    /// Which GTK.
    pub toolkit: Toolkit,
    /// Its version: major, minor, micro.
    pub version: [u32; 3],
    /// Where its functions are found.
    pub library: Library,
    /// GLib.
    pub glib: Glib,
    /// GDK and GTK 2 and 3, and the frame clock of 3 and 4.
    pub gdk: Gdk,
    /// The key under which our numbers are kept at objects.
    pub quark: u32,
}

/// What a thread keeps.
#[derive(Debug)]
pub struct Local {
    /// Its stream of the recording.
    pub lane: Lane,
    /// Names of dispatched sources and callbacks.
    pub sites: Sites,
    /// Frames in the making.
    pub frames: Frames,
    /// Devices and atoms that events mentioned.
    pub events: Events,
    /// Whether it is the thread that loaded the recorder, in which GTK runs.
    pub main: bool,
    /// Dispatches that run, one inside the other.
    pub depth: u32,
}

static SESSION: OnceLock<Session> = OnceLock::new();
static NUMBER: AtomicU32 = AtomicU32::new(0);

thread_local! {
    static LOCAL: RefCell<Option<Box<Local>>> = const { RefCell::new(None) };
    static MAIN: Cell<bool> = const { Cell::new(false) };
}

/// Starts with everything in place; the calling thread is GTK's.
pub fn start(session: Session) -> Option<&'static Session> {
    MAIN.set(true);
    SESSION.set(session).ok()?;
    SESSION.get()
}

/// The recording, where there is one and this process is the one that records.
#[inline]
pub fn session() -> Option<&'static Session> {
    SESSION.get().filter(|session| session.alive.get())
}

/// What was installed, whether or not it records any more: the hooks still need the originals.
pub fn installed() -> Option<&'static Session> {
    SESSION.get()
}

/// Runs a hook's own part: `None` where recording is off or the hook failed. What failed is off from then on.
#[inline]
pub fn guarded<R>(hook: impl FnOnce(&'static Session) -> Option<R>) -> Option<R> {
    let session = session()?;
    match catch_unwind(AssertUnwindSafe(|| hook(session))) {
        Ok(result) => result,
        Err(_) => {
            disarm();
            None
        }
    }
}

/// As [`guarded`], with the thread's state. Neither GLib's loop nor GTK's handlers may be run inside.
#[inline]
pub fn with<R>(hook: impl FnOnce(&'static Session, &mut Local) -> R) -> Option<R> {
    guarded(|session| {
        LOCAL
            .try_with(|local| {
                let mut local = local.try_borrow_mut().ok()?;
                let local = local.get_or_insert_with(|| Box::new(Local::new(session)));
                Some(hook(session, local))
            })
            .ok()
            .flatten()
    })
}

/// Switches all hooks off for good; what was recorded stays.
#[cold]
pub fn disarm() {
    if let Some(session) = installed() {
        session.alive.end();
    }
}

/// At the end of the process.
pub fn finish() {
    if let Some(session) = session() {
        crate::facts::modules(session);
        session.recorder.close();
    }
}

/// A new number for a window or surface.
pub fn number() -> u32 {
    NUMBER.fetch_add(1, Ordering::Relaxed) + 1
}

impl Local {
    fn new(session: &Session) -> Local {
        Local {
            lane: session.recorder.lane(),
            sites: Sites::default(),
            frames: Frames::default(),
            events: Events::default(),
            main: MAIN.get(),
            depth: 0,
        }
    }
}

impl Session {
    /// Records whether a hook is on, and why or how.
    pub fn hook(&self, name: &str, on: bool, note: &str) {
        let (name, note) = (self.recorder.text(name), self.recorder.text(note));
        self.recorder.state(now(), &raw::Hook { name, on, note });
    }

    /// Records a fact; an empty one is none.
    pub fn fact(&self, name: &str, value: &str) {
        if !value.is_empty() {
            let (name, value) = (self.recorder.text(name), self.recorder.text(value));
            self.recorder.state(now(), &raw::Fact { name, value });
        }
    }
}
