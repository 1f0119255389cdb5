//! The main loop: every dispatch of a source, every poll, and the discovery of new classes of sources.
//!
//! A class's `dispatch` is replaced by one of a fixed number of entry points, each of which knows its original by
//! its own number: so a class that copied another's function pointer still finds the right one. Classes are
//! found by looking at the ids that the default context gave out since the last look, in the poll function.

use std::ffi::CStr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use gdkrecord::Span;
use gdkrecord::field::Maybe;
use gdkrecord::kind::raw;
use gdkrecord::writer::{Open, now};

use crate::entry;
use crate::ffi::glib::{Class, Source};
use crate::recorder::{Local, Session, with};
use crate::sites::{key, name_code};
use crate::{events, facts, frames, gtk4};

/// How many different dispatch functions can be replaced.
pub const SLOTS: usize = 128;

static ORIGINALS: [AtomicUsize; SLOTS] = [const { AtomicUsize::new(0) }; SLOTS];
static CLASSES: Mutex<Vec<usize>> = Mutex::new(Vec::new());
static THREADS_DISPATCH: AtomicUsize = AtomicUsize::new(0);

/// The next look is due at this time.
static NEXT_LOOK: AtomicU64 = AtomicU64::new(0);
/// While this lasts, every iteration looks: new classes come in flocks.
static BUSY_UNTIL: AtomicU64 = AtomicU64::new(0);
static SEEN_ID: AtomicUsize = AtomicUsize::new(0);
static NEXT_TICK: AtomicU64 = AtomicU64::new(0);

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

/// Hooks the loop.
pub fn install(session: &'static Session) {
    THREADS_DISPATCH.store(session.gdk.threads_dispatch(&session.glib), Ordering::Relaxed);
    let found = KNOWN
        .iter()
        .filter_map(|(name, _)| session.glib.exported_class(session.library, name))
        .filter(|class| take(*class))
        .count();
    session.hook("dispatch", found > 0, &format!("{found} of {} exported source classes", KNOWN.len()));
    let polled = match session.glib.take_poll(entry::poll) {
        Some(original) if original as usize != entry::poll as *const () as usize => {
            entry::POLL.store(original as usize, Ordering::Release);
            true
        }
        _ => false,
    };
    session.hook("poll", polled, if polled { "default main context" } else { "GLib has no poll function to replace" });
}

/// Replaces a class's dispatch function; false where that could not be done.
fn take(class: Class) -> bool {
    if class.dispatch == 0 {
        return false;
    }
    if entry::DISPATCH.iter().any(|&ours| ours as usize == class.dispatch) {
        return true;
    }
    let Ok(mut classes) = CLASSES.lock() else { return false };
    let slot = match classes.iter().position(|&known| known == class.dispatch) {
        Some(slot) => slot,
        None if classes.len() < SLOTS => {
            ORIGINALS[classes.len()].store(class.dispatch, Ordering::Release);
            classes.push(class.dispatch);
            classes.len() - 1
        }
        None => return false,
    };
    class.replace_dispatch(entry::DISPATCH[slot])
}

/// A dispatch begins.
#[inline]
pub fn begin(slot: usize, source: Source, callback: usize, data: usize) -> Option<Option<Open>> {
    with(|session, local| {
        let threads = THREADS_DISPATCH.load(Ordering::Relaxed);
        let real = if callback != 0 && callback == threads { entry::wrapped_callback(data) } else { callback };
        let site = session.glib.with_source_name(source, |name| {
            local.sites.get(key(slot, real, name), || {
                let source = if name.is_empty() { class_name(session, slot) } else { text_of(session, name) };
                let code = if real != 0 { real } else { original(slot) };
                (source, name_code(&session.recorder, code))
            })
        });
        let ready = session.glib.source_ready_time(source);
        let time = now();
        let late = (ready > 0).then(|| (time / 1000) as i64 - ready).and_then(|late| i32::try_from(late.max(0)).ok());
        local.depth += 1;
        local.lane.begin(
            time,
            &raw::Dispatch {
                duration: Span::UNKNOWN,
                source: site.0,
                callback: site.1,
                priority: source.priority(),
                late: Maybe(late),
            },
        )
    })
}

/// A dispatch ended: what [`begin`] gave, which is `None` inside where its record was dropped.
#[inline]
pub fn end(begun: Option<Option<Open>>) {
    let Some(open) = begun else { return };
    with(|session, local| {
        let time = now();
        if let Some(open) = open {
            local.lane.end(open, time);
        }
        local.depth = local.depth.saturating_sub(1);
        if local.main {
            frames::dispatch_ended(local, time);
            gtk4::dispatch_ended(session, local, time);
        }
    });
}

#[cold]
fn class_name(session: &Session, slot: usize) -> gdkrecord::field::TextId {
    let dispatch = original(slot);
    for (name, known) in KNOWN {
        // By now the exported tables hold our entry points.
        let class = session.glib.exported_class(session.library, name);
        if class.is_some_and(|class| class.dispatch == entry::DISPATCH[slot] as usize) {
            return session.recorder.text(known);
        }
    }
    name_code(&session.recorder, dispatch)
}

#[cold]
fn text_of(session: &Session, name: &[u8]) -> gdkrecord::field::TextId {
    session.recorder.text(&String::from_utf8_lossy(name))
}

/// Before a poll: looks at what is new, then the poll begins.
#[inline]
pub fn poll_begins(timeout: i32) -> Option<Open> {
    with(|session, local| {
        let time = now();
        look(session, time);
        if local.main {
            tick(session, local, time);
        }
        // What this took is not part of the sleep, but of the loop's own work.
        let timeout = timeout.clamp(-1, i16::MAX.into()) as i16;
        local.lane.begin(now(), &raw::Poll { duration: Span::UNKNOWN, timeout, ready: 0 })
    })
    .flatten()
}

/// After a poll.
#[inline]
pub fn poll_ends(open: Open, timeout: i32, ready: i32) {
    with(|session, local| {
        let time = now();
        if ready > 0 {
            let timeout = timeout.clamp(-1, i16::MAX.into()) as i16 as u16;
            local.lane.patch(&open, 4, u32::from(timeout) | (ready.min(0xffff) as u32) << 16);
        }
        local.lane.end(open, time);
        if timeout != 0 {
            look(session, time);
        }
    });
}

/// Looks for new classes of sources: at every iteration while new ones come, else at most every 4 ms.
#[inline]
fn look(session: &Session, time: u64) {
    if time >= NEXT_LOOK.load(Ordering::Relaxed) || time < BUSY_UNTIL.load(Ordering::Relaxed) {
        look_now(session, time);
    }
}

fn look_now(session: &Session, time: u64) {
    NEXT_LOOK.store(time + 4_000_000, Ordering::Relaxed);
    let Some(newest) = session.glib.newest_source() else { return };
    let seen = SEEN_ID.swap(newest as usize, Ordering::Relaxed) as u32;
    // The newest is our own probe. At the first look, and after a flood, only the last ids are looked at.
    let first = (seen + 1).max(newest.saturating_sub(4096)).max(1);
    for id in first..newest {
        if let Some(class) = session.glib.class_of_source(id)
            && !entry::DISPATCH.iter().any(|&ours| ours as usize == class.dispatch)
            && class.dispatch != 0
        {
            take(class);
            BUSY_UNTIL.store(time + 1_000_000_000, Ordering::Relaxed);
        }
    }
}

/// The recorder's own work since `begin` is in the recording like everybody's, where it took noticeable time.
pub fn own_work(session: &Session, local: &mut Local, what: &str, begin: u64) {
    let took = now() - begin;
    if took > 5_000 {
        let (source, callback) = (session.recorder.text("gdkrecord"), session.recorder.text(what));
        let (duration, late) = (Span::from_ns(took), Maybe(None));
        local.lane.push(begin, &raw::Dispatch { duration, source, callback, priority: 0, late });
    }
}

/// What is looked at between events: new modules, presented frames, and whether the application took the handler.
#[inline]
fn tick(session: &'static Session, local: &mut Local, time: u64) {
    events::keep_handler(session);
    gtk4::tick(session, local, time);
    if time >= NEXT_TICK.load(Ordering::Relaxed) {
        NEXT_TICK.store(time + 5_000_000, Ordering::Relaxed);
        // Only the thread that runs the frame clock changes what this looks at, and that is this one.
        frames::presented(session, local, time);
        if facts::due(time) {
            facts::tick(session, time);
            own_work(session, local, "modules", time);
        }
    }
}
