//! The frame clock, the same in GTK 3 and 4: one record a frame, whose phases are filled in as they come.

use std::sync::atomic::{AtomicU32, Ordering};

use gdkrecord::Span;
use gdkrecord::kind::raw;
use gdkrecord::writer::{Open, now};

use crate::clocks::FrameClock;
use crate::entry;
use crate::ffi::Object;
use crate::recorder::{Local, Session, Toolkit, with};
use crate::windows;

/// The clock's signals, in the order in which they come.
const PHASES: [&std::ffi::CStr; 7] =
    [c"flush-events", c"before-paint", c"update", c"layout", c"paint", c"after-paint", c"resume-events"];
const BEFORE_PAINT: usize = 1;

/// Where the fields lie in the record; a test of the library holds their order.
const PHASE: usize = 4;
const COUNTER: usize = 36;
const PREDICTED: usize = 40;
const INTERVAL: usize = 44;

/// A flush this long before belongs to the frame that follows.
const JOIN: u64 = 5_000_000;
/// So many frames can wait for the compositor's answer.
const WAITING: usize = 8;

/// Clocks numbered so far.
static CLOCKS: AtomicU32 = AtomicU32::new(0);

/// A thread's frames.
#[derive(Debug, Default)]
pub struct Frames {
    /// The frame being made.
    current: Option<Frame>,
    /// Frames that the compositor has not answered for.
    waiting: Vec<Waiting>,
    /// The clock of those answers.
    shown: FrameClock,
}

#[derive(Debug)]
struct Frame {
    open: Open,
    clock: Object,
    number: u32,
    counter: u32,
    /// Whether a paint phase came.
    painting: bool,
    /// The depth of the dispatch in which it goes on; 0 where none runs.
    depth: u32,
}

#[derive(Debug)]
struct Waiting {
    open: Open,
    clock: u32,
    counter: u32,
    timings: Object,
}

/// Hooks the clock's signals.
pub fn install(session: &'static Session) {
    let Some(class) = session.gdk.gdk_frame_clock_get_type() else {
        session.hook("frame-clock", false, "this GTK has no frame clock");
        return;
    };
    session.glib.g_type_class_ref(class);
    let mut hooked = 0;
    for (phase, name) in PHASES.iter().enumerate() {
        if let Some(signal) = session.glib.signal(name, class) {
            let id = session.glib.g_signal_add_emission_hook(signal, 0, entry::frame_phase, phase, 0);
            hooked += usize::from(id.is_some_and(|id| id != 0));
        }
    }
    session.hook("frame-clock", hooked == PHASES.len(), &format!("{hooked} of {} phases", PHASES.len()));
}

/// A phase of a clock's frame begins.
pub fn phase(clock: Object, phase: usize) {
    with(|session, local| {
        let time = now();
        let joins = local.frames.current.as_ref().is_some_and(|frame| {
            frame.clock == clock
                && match phase {
                    0 => false,
                    BEFORE_PAINT => !frame.painting && time - frame.open.time() < JOIN,
                    _ => true,
                }
        });
        if !joins {
            begin(session, local, clock, time, phase);
        }
        let Some(frame) = &mut local.frames.current else { return };
        let span = Span::from_ns(time - frame.open.time().min(time));
        local.lane.patch(&frame.open, PHASE + 4 * phase, span.bits());
        local.lane.end(frame.open, time);
        frame.depth = local.depth;
        if phase == BEFORE_PAINT {
            frame.painting = true;
            frame.counter = counted(session, clock);
            local.lane.patch(&frame.open, COUNTER, frame.counter);
        }
        if phase == 5 || phase == 6 {
            timings(session, local, phase == 5);
        }
        // GDK's lock is held here.
        if phase == 5 && session.toolkit == Toolkit::Gtk3 {
            windows::look(session, local, time);
        }
    });
}

/// The number of a frame clock.
pub fn number_of(session: &Session, clock: Object) -> u32 {
    match session.glib.tag(clock, session.quark) {
        0 => {
            let number = CLOCKS.fetch_add(1, Ordering::Relaxed) + 1;
            session.glib.set_tag(clock, session.quark, number, None);
            number
        }
        known => known,
    }
}

fn counted(session: &Session, clock: Object) -> u32 {
    session.gdk.gdk_frame_clock_get_frame_counter(clock).unwrap_or(0) as u32
}

fn begin(session: &Session, local: &mut Local, clock: Object, time: u64, phase: usize) {
    let number = number_of(session, clock);
    // Painting counts on; the phase that begins it writes the new count.
    let counter = if phase == BEFORE_PAINT { 0 } else { counted(session, clock) };
    let none = Span::UNKNOWN;
    let record = raw::Frame {
        duration: none,
        flush_events: none,
        before_paint: none,
        update: none,
        layout: none,
        paint: none,
        after_paint: none,
        resume_events: none,
        clock: number,
        counter,
        predicted: none,
        interval: none,
    };
    local.frames.current =
        local.lane.begin(time, &record).map(|open| Frame { open, clock, number, counter, painting: false, depth: 0 });
}

/// What GDK knows about the frame's showing, once it is drawn.
fn timings(session: &Session, local: &mut Local, first: bool) {
    let Some(frame) = &local.frames.current else { return };
    let Some(timings) = session.gdk.gdk_frame_clock_get_timings(frame.clock, frame.counter.into()).flatten() else {
        return;
    };
    let predicted = session.gdk.gdk_frame_timings_get_predicted_presentation_time(timings).unwrap_or(0);
    if let Some(ns) = ns(predicted) {
        local.lane.patch(&frame.open, PREDICTED, Span::from_ns(ns.saturating_sub(frame.open.time())).bits());
    }
    if let Some(ns) = ns(session.gdk.gdk_frame_timings_get_refresh_interval(timings).unwrap_or(0)) {
        local.lane.patch(&frame.open, INTERVAL, Span::from_ns(ns).bits());
    }
    if first {
        if local.frames.waiting.len() == WAITING {
            session.gdk.gdk_frame_timings_unref(local.frames.waiting.remove(0).timings);
        }
        if let Some(timings) = session.gdk.gdk_frame_timings_ref(timings).flatten() {
            let waiting = Waiting { open: frame.open, clock: frame.number, counter: frame.counter, timings };
            local.frames.waiting.push(waiting);
        }
    }
}

/// GDK's microseconds, where 0 is unknown.
fn ns(us: i64) -> Option<u64> {
    u64::try_from(us).ok().filter(|&us| us > 0).map(|us| us * 1000)
}

/// Records the frames that the compositor has shown.
pub fn presented(session: &Session, local: &mut Local, time: u64) {
    let mut at = 0;
    while at < local.frames.waiting.len() {
        let timings = local.frames.waiting[at].timings;
        let complete = session.gdk.gdk_frame_timings_get_complete(timings).is_none_or(|complete| complete != 0);
        if !complete {
            at += 1;
            continue;
        }
        let frame = local.frames.waiting.remove(at);
        let interval = ns(session.gdk.gdk_frame_timings_get_refresh_interval(timings).unwrap_or(0));
        let interval = interval.map_or(Span::UNKNOWN, Span::from_ns);
        if interval != Span::UNKNOWN {
            local.lane.patch(&frame.open, INTERVAL, interval.bits());
        }
        let shown = ns(session.gdk.gdk_frame_timings_get_presentation_time(timings).unwrap_or(0));
        if let Some(shown) = shown.and_then(|shown| local.frames.shown.shown(shown, frame.open.time(), time)) {
            let record = raw::Presented { clock: frame.clock, counter: frame.counter, shown, interval };
            local.lane.push(time, &record);
        }
        session.gdk.gdk_frame_timings_unref(timings);
    }
}

/// The dispatch in which a frame was made ended, and with it the frame, or its part so far.
#[inline]
pub fn dispatch_ended(local: &mut Local, time: u64) {
    if let Some(frame) = &mut local.frames.current
        && frame.depth > local.depth
    {
        frame.depth = 0;
        local.lane.end(frame.open, time);
        if frame.painting {
            local.frames.current = None;
        }
    }
}

/// The counter of the frame being painted; 0 outside a frame.
pub fn counter(local: &Local) -> u32 {
    local.frames.current.as_ref().filter(|frame| frame.depth > 0 && frame.painting).map_or(0, |frame| frame.counter)
}
