//! The main loop: every dispatch of a source, every poll, and what GDK's source does outside of its dispatch.

use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use gdkrecord::Span;
use gdkrecord::field::{Maybe, TextId};
use gdkrecord::kind::raw;
use gdkrecord::sets::SourceWork;
use gdkrecord::writer::{Open, now};

use crate::entry;
use crate::ffi::glib::Source;
use crate::recorder::{self, Local, Session, Toolkit, with};
use crate::sites::{key, name_code};
use crate::{events, facts, frames, gtk4, sources};

/// What takes less is not worth a record of its own, in nanoseconds.
const NOTICEABLE: u64 = 5_000;

static THREADS_DISPATCH: AtomicUsize = AtomicUsize::new(0);
static NEXT_TICK: AtomicU64 = AtomicU64::new(0);

/// Hooks the loop.
pub fn install(session: &'static Session) {
    THREADS_DISPATCH.store(session.gdk.threads_dispatch(&session.glib), Ordering::Relaxed);
    sources::install(session);
    let polled = match session.glib.take_poll(entry::poll) {
        Some(original) if original as usize != entry::poll as *const () as usize => {
            entry::POLL.store(original as usize, Ordering::Release);
            true
        }
        _ => false,
    };
    session.hook("poll", polled, if polled { "default main context" } else { "GLib has no poll function to replace" });
}

/// A dispatch begins.
#[inline]
pub fn begin(slot: usize, source: Source, callback: usize, data: usize) -> Option<Option<Open>> {
    with(|session, local| {
        let threads = THREADS_DISPATCH.load(Ordering::Relaxed);
        let real = if callback != 0 && callback == threads { entry::wrapped_callback(data) } else { callback };
        let site = session.glib.with_source_name(source, |name| {
            local.sites.get(key(slot, real, name), || {
                let source = if name.is_empty() { sources::class_name(session, slot) } else { text_of(session, name) };
                let code = if real != 0 { real } else { sources::original(slot) };
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
            if session.toolkit == Toolkit::Gtk4 {
                gtk4::dispatch_ended(session, local, time);
            }
        }
    });
}

#[cold]
fn text_of(session: &Session, name: &[u8]) -> TextId {
    session.recorder.text(&String::from_utf8_lossy(name))
}

/// What is kept from one part of an iteration of the default context to the next: only one thread at a time runs it.
/// GDK's sources are asked in every iteration, so that this goes without a thread's own state.
struct Turn {
    /// When GDK's source was about to be prepared; 0 where it was not.
    prepared: AtomicU64,
    /// When the poll ended; 0 where GDK's source was checked since.
    polled: AtomicU64,
    /// The entry points' number of that source.
    slot: AtomicUsize,
    /// Names of GDK's sources.
    names: [AtomicU32; sources::CHECKS],
}

static TURN: Turn = Turn {
    prepared: AtomicU64::new(0),
    polled: AtomicU64::new(0),
    slot: AtomicUsize::new(0),
    names: [const { AtomicU32::new(0) }; sources::CHECKS],
};

/// What a time was; it is 0 from then on.
#[inline]
fn take(time: &AtomicU64) -> u64 {
    let was = time.load(Ordering::Relaxed);
    if was != 0 {
        time.store(0, Ordering::Relaxed);
    }
    was
}

/// Before a poll: looks at what is new, then the poll begins.
#[inline]
pub fn poll_begins(timeout: i32) -> Option<Open> {
    with(|session, local| {
        let mut time = now();
        let prepared = take(&TURN.prepared);
        if prepared != 0 {
            asked(local, SourceWork::Prepare, prepared, time);
        }
        // What this takes is not part of the sleep, but of the loop's own work.
        if sources::look(session, time) | (local.main && tick(session, local, time)) {
            time = now();
        }
        let timeout = timeout.clamp(-1, i16::MAX.into()) as i16;
        local.lane.begin(time, &raw::Poll { duration: Span::UNKNOWN, timeout, ready: 0 })
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
        TURN.polled.store(time, Ordering::Relaxed);
        if timeout != 0 {
            sources::look(session, time);
        }
    });
}

/// GDK's source is about to be prepared.
#[inline]
pub fn prepare_begins(slot: usize, source: Source) {
    if recorder::session().is_none() {
        return;
    }
    if TURN.names[slot].load(Ordering::Relaxed) == 0 {
        name(slot, source);
    }
    // Of several the first one counts; that of an iteration that never polled does not.
    if TURN.prepared.load(Ordering::Relaxed) == 0 || TURN.slot.load(Ordering::Relaxed) == slot {
        TURN.slot.store(slot, Ordering::Relaxed);
        TURN.prepared.store(now(), Ordering::Relaxed);
    }
}

#[cold]
fn name(slot: usize, source: Source) {
    recorder::guarded(|session| {
        let name = |name: &[u8]| text_of(session, if name.is_empty() { b"GDK" } else { name });
        let TextId(name) = session.glib.with_source_name(source, name);
        TURN.names[slot].store(name, Ordering::Relaxed);
        Some(())
    });
}

/// GDK's source was checked.
#[inline]
pub fn check_ends(slot: usize) {
    let polled = take(&TURN.polled);
    if polled == 0 || recorder::session().is_none() {
        return;
    }
    TURN.slot.store(slot, Ordering::Relaxed);
    let time = now();
    if time.saturating_sub(polled) > NOTICEABLE {
        with(|_, local| asked(local, SourceWork::Check, polled, time));
    }
}

/// Records what GDK's source did outside of dispatches, where that took noticeable time: it runs in every iteration.
#[inline]
fn asked(local: &mut Local, work: SourceWork, begin: u64, end: u64) {
    if end.saturating_sub(begin) > NOTICEABLE {
        // What was recorded meanwhile stands before it.
        let begin = begin.max(local.lane.last());
        let duration = Span::from_ns(end.saturating_sub(begin));
        let source = TURN.names[TURN.slot.load(Ordering::Relaxed)].load(Ordering::Relaxed);
        local.lane.push(begin, &raw::Check { duration, source: TextId(source), work });
    }
}

/// The recorder's own work since `begin` is in the recording like everybody's, where it took noticeable time.
pub fn own_work(session: &Session, local: &mut Local, what: &str, begin: u64) {
    let took = now() - begin;
    if took > NOTICEABLE {
        let (source, callback) = (session.recorder.text("gdkrecord"), session.recorder.text(what));
        let (duration, late) = (Span::from_ns(took), Maybe(None));
        local.lane.push(begin, &raw::Dispatch { duration, source, callback, priority: 0, late });
    }
}

/// What is looked at between events: new modules, presented frames, and whether the application took the handler.
/// Whether that took time.
#[inline]
fn tick(session: &'static Session, local: &mut Local, time: u64) -> bool {
    events::keep_handler(session);
    let due = time >= NEXT_TICK.load(Ordering::Relaxed);
    if due {
        NEXT_TICK.store(time + 5_000_000, Ordering::Relaxed);
        // Only the thread that runs the frame clock changes what this looks at, and that is this one.
        frames::presented(session, local, time);
        if facts::due(time) {
            facts::tick(session, time);
            own_work(session, local, "modules", time);
        }
    }
    due
}
