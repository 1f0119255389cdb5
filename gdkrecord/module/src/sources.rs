//! The classes of sources, whose functions are replaced, and how new ones are found.
//!
//! A class's `dispatch` is replaced by one of a fixed number of entry points, each of which knows its original by
//! its own number: so a class that copied another's function pointer still finds the right one. Classes are
//! found by looking at the ids that the default context gave out since the last look, in the poll function. Of
//! GDK's own source `prepare` and `check` are replaced too, since it talks to the display there.

use std::ffi::CStr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use gdkrecord::field::TextId;

use crate::entry;
use crate::ffi::glib::Class;
use crate::ffi::memory;
use crate::recorder::Session;
use crate::sites::name_code;

/// How many different dispatch functions can be replaced.
pub const SLOTS: usize = 128;
/// How many classes can have prepare and check replaced: one for each of GDK's backends.
pub const CHECKS: usize = 4;

/// The next look comes after this part of the time since a class was found.
const PATIENCE: u64 = 64;
/// But no later than this, in nanoseconds.
const MOST_SELDOM: u64 = 50_000_000;

static ORIGINALS: [AtomicUsize; SLOTS] = [const { AtomicUsize::new(0) }; SLOTS];
static CLASSES: Mutex<Classes> = Mutex::new(Classes { dispatch: Vec::new(), seen: Vec::new(), checked: 0 });

/// The next look is due at this time.
static NEXT_LOOK: AtomicU64 = AtomicU64::new(0);
/// When one was found: new classes come in flocks.
static FOUND: AtomicU64 = AtomicU64::new(0);
static SEEN_ID: AtomicUsize = AtomicUsize::new(0);

#[derive(Debug)]
struct Classes {
    /// The replaced dispatch functions, in the order of their entry points.
    dispatch: Vec<usize>,
    /// Classes that were looked at.
    seen: Vec<Class>,
    /// How many have prepare and check replaced.
    checked: usize,
}

const KNOWN: &[(&CStr, &str)] = &[
    (c"g_timeout_funcs", "timeout"),
    (c"g_idle_funcs", "idle"),
    (c"g_child_watch_funcs", "child watch"),
    (c"g_io_watch_funcs", "io watch"),
    (c"g_unix_signal_funcs", "unix signal"),
    (c"g_unix_fd_source_funcs", "unix fd"),
];

/// The original of an entry point's number.
#[inline]
pub fn original(slot: usize) -> usize {
    ORIGINALS[slot].load(Ordering::Acquire)
}

/// Replaces the functions of the classes that GLib exports.
pub fn install(session: &Session) {
    let exported = KNOWN.iter().filter_map(|(name, _)| session.glib.exported_class(session.library, name));
    let found = exported.filter(|class| take(session, *class)).count();
    session.hook("dispatch", found > 0, &format!("{found} of {} exported source classes", KNOWN.len()));
}

/// Replaces a class's functions; false where its dispatch could not be replaced.
fn take(session: &Session, class: Class) -> bool {
    let Ok(mut classes) = CLASSES.lock() else { return false };
    classes.seen.push(class);
    // A table that does not lie in a loaded file may be freed, and what it names may be anything.
    let Some(dispatch) = class.dispatch().filter(|&at| memory::is_code(at)) else { return false };
    if entry::DISPATCH.iter().any(|&ours| ours as usize == dispatch) {
        return true;
    }
    let slot = match classes.dispatch.iter().position(|&known| known == dispatch) {
        Some(slot) => slot,
        None if classes.dispatch.len() < SLOTS => {
            ORIGINALS[classes.dispatch.len()].store(dispatch, Ordering::Release);
            classes.dispatch.push(dispatch);
            classes.dispatch.len() - 1
        }
        None => return false,
    };
    if classes.checked < CHECKS && session.gdk.is_in_library(dispatch) && entry::take_checks(classes.checked, class) {
        classes.checked += 1;
        let name = format!("check {}", classes.checked);
        session.hook(&name, true, "prepare and check of GDK's own source");
    }
    class.replace_dispatch(entry::DISPATCH[slot])
}

/// Looks for new classes of sources: at every iteration for a while after some were found, then more and more
/// seldom. Whether it looked.
#[inline]
pub fn look(session: &Session, time: u64) -> bool {
    let due = time >= NEXT_LOOK.load(Ordering::Relaxed);
    if due {
        look_now(session, time);
    }
    due
}

fn look_now(session: &Session, time: u64) {
    let idle = time.saturating_sub(FOUND.load(Ordering::Relaxed));
    NEXT_LOOK.store(time + (idle / PATIENCE).min(MOST_SELDOM), Ordering::Relaxed);
    let Some(newest) = session.glib.newest_source() else { return };
    let seen = SEEN_ID.swap(newest as usize, Ordering::Relaxed) as u32;
    // The newest is our own probe. At the first look, and after a flood, only the last ids are looked at.
    let first = (seen + 1).max(newest.saturating_sub(4096)).max(1);
    for id in first..newest {
        // Another thread may destroy the source while we read from it. Ids are not used twice: where it is found
        // again, it lived all the time, and what was read is true.
        let Some((source, class)) = session.glib.class_of_source(id) else { continue };
        let known = CLASSES.lock().is_ok_and(|classes| classes.seen.contains(&class));
        if !known && session.glib.class_of_source(id) == Some((source, class)) {
            take(session, class);
            FOUND.store(time, Ordering::Relaxed);
            NEXT_LOOK.store(0, Ordering::Relaxed);
        }
    }
}

/// The name of a class whose sources have none.
#[cold]
pub fn class_name(session: &Session, slot: usize) -> TextId {
    for (name, known) in KNOWN {
        // By now the exported tables hold our entry points.
        let class = session.glib.exported_class(session.library, name);
        if class.and_then(Class::dispatch).is_some_and(|dispatch| dispatch == entry::DISPATCH[slot] as usize) {
            return session.recorder.text(known);
        }
    }
    name_code(&session.recorder, original(slot))
}
