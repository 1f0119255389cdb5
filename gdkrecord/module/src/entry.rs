//! What C calls: what GTK and GIO look up, and the hooks. Each always calls the original.
//!
//! A hook's own part runs behind [`recorder::guarded`], which keeps panics in; the original runs outside of it,
//! so that a foreign exception passes through as if we were not there.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_uint};
use std::sync::atomic::{AtomicUsize, Ordering};

use gdkrecord::Rect;

use crate::ffi::event;
use crate::ffi::glib::{
    Asked, CheckFunc, Class, Constructed, DispatchFunc, PollFunc, PrepareFunc, SignalHint, Source, Value,
};
use crate::ffi::memory::{self, Word};
use crate::ffi::{Object, Ptr, gdk::EventFunc};
use crate::recorder::{Session, Toolkit, guarded};
use crate::{control, events, facts, frames, load, mainloop, recorder, sources, windows};

/// GTK 2 and 3 call it for a module that GTK_MODULES names.
#[unsafe(no_mangle)]
pub extern "C" fn gtk_module_init(_argc: *mut c_int, _argv: *mut *mut *mut c_char) {
    load::start();
}

/// GTK 2 and 3 call it when a display was opened; without it, they would call gtk_module_init only then.
#[unsafe(no_mangle)]
pub extern "C" fn gtk_module_display_init(_display: Ptr) {
    guarded(|session| {
        facts::display(session);
        Some(())
    });
}

/// GIO calls it: GTK 4 for what lies in its immodules folder, everything else for GIO_EXTRA_MODULES.
#[unsafe(no_mangle)]
pub extern "C" fn g_io_module_load(_module: Ptr) {
    load::start();
}

/// GIO calls it before it unmaps a module; this one stays.
#[unsafe(no_mangle)]
pub extern "C" fn g_io_module_unload(_module: Ptr) {}

/// The loader for GTK 4 calls it, and whoever else loaded this library.
#[unsafe(no_mangle)]
pub extern "C" fn gdkrecord_start() {
    load::start();
}

/// At the end of the process.
pub extern "C" fn exit() {
    guarded(|_| {
        recorder::finish();
        Some(())
    });
}

/// Stands in for the dispatch functions of sources, each with a number of its own.
unsafe extern "C-unwind" fn dispatch<const SLOT: usize>(source: Ptr, callback: Ptr, data: Ptr) -> c_int {
    // SAFETY: GLib holds the source while it dispatches it.
    let open = mainloop::begin(SLOT, unsafe { Source::from_c(source) }, callback as usize, data as usize);
    // SAFETY: a class's dispatch was replaced by this function after its original was stored.
    let original = unsafe { std::mem::transmute::<usize, DispatchFunc>(sources::original(SLOT)) };
    // SAFETY: the arguments that GLib gave for it.
    let again = unsafe { original(source, callback, data) };
    mainloop::end(open);
    again
}

/// The entry points by number.
#[rustfmt::skip]
pub static DISPATCH: [DispatchFunc; sources::SLOTS] = [
    dispatch::<0>, dispatch::<1>, dispatch::<2>, dispatch::<3>, dispatch::<4>, dispatch::<5>, dispatch::<6>, dispatch::<7>,
    dispatch::<8>, dispatch::<9>, dispatch::<10>, dispatch::<11>, dispatch::<12>, dispatch::<13>, dispatch::<14>, dispatch::<15>,
    dispatch::<16>, dispatch::<17>, dispatch::<18>, dispatch::<19>, dispatch::<20>, dispatch::<21>, dispatch::<22>, dispatch::<23>,
    dispatch::<24>, dispatch::<25>, dispatch::<26>, dispatch::<27>, dispatch::<28>, dispatch::<29>, dispatch::<30>, dispatch::<31>,
    dispatch::<32>, dispatch::<33>, dispatch::<34>, dispatch::<35>, dispatch::<36>, dispatch::<37>, dispatch::<38>, dispatch::<39>,
    dispatch::<40>, dispatch::<41>, dispatch::<42>, dispatch::<43>, dispatch::<44>, dispatch::<45>, dispatch::<46>, dispatch::<47>,
    dispatch::<48>, dispatch::<49>, dispatch::<50>, dispatch::<51>, dispatch::<52>, dispatch::<53>, dispatch::<54>, dispatch::<55>,
    dispatch::<56>, dispatch::<57>, dispatch::<58>, dispatch::<59>, dispatch::<60>, dispatch::<61>, dispatch::<62>, dispatch::<63>,
    dispatch::<64>, dispatch::<65>, dispatch::<66>, dispatch::<67>, dispatch::<68>, dispatch::<69>, dispatch::<70>, dispatch::<71>,
    dispatch::<72>, dispatch::<73>, dispatch::<74>, dispatch::<75>, dispatch::<76>, dispatch::<77>, dispatch::<78>, dispatch::<79>,
    dispatch::<80>, dispatch::<81>, dispatch::<82>, dispatch::<83>, dispatch::<84>, dispatch::<85>, dispatch::<86>, dispatch::<87>,
    dispatch::<88>, dispatch::<89>, dispatch::<90>, dispatch::<91>, dispatch::<92>, dispatch::<93>, dispatch::<94>, dispatch::<95>,
    dispatch::<96>, dispatch::<97>, dispatch::<98>, dispatch::<99>, dispatch::<100>, dispatch::<101>, dispatch::<102>, dispatch::<103>,
    dispatch::<104>, dispatch::<105>, dispatch::<106>, dispatch::<107>, dispatch::<108>, dispatch::<109>, dispatch::<110>, dispatch::<111>,
    dispatch::<112>, dispatch::<113>, dispatch::<114>, dispatch::<115>, dispatch::<116>, dispatch::<117>, dispatch::<118>, dispatch::<119>,
    dispatch::<120>, dispatch::<121>, dispatch::<122>, dispatch::<123>, dispatch::<124>, dispatch::<125>, dispatch::<126>, dispatch::<127>,
];

/// `prepare` and `check` of GDK's sources before ours.
static CHECKS: [[AtomicUsize; 2]; sources::CHECKS] = [const { [const { AtomicUsize::new(0) }; 2] }; sources::CHECKS];

unsafe extern "C-unwind" fn prepare<const SLOT: usize>(source: Ptr, timeout: *mut c_int) -> c_int {
    // SAFETY: GLib holds the source while it asks it.
    mainloop::prepare_begins(SLOT, unsafe { Source::from_c(source) });
    // SAFETY: the original was stored before this function took its place.
    let original = unsafe { std::mem::transmute::<usize, PrepareFunc>(CHECKS[SLOT][0].load(Ordering::Acquire)) };
    // SAFETY: the arguments that GLib gave for it.
    unsafe { original(source, timeout) }
}

unsafe extern "C-unwind" fn check<const SLOT: usize>(source: Ptr) -> c_int {
    // SAFETY: the original was stored before this function took its place.
    let original = unsafe { std::mem::transmute::<usize, CheckFunc>(CHECKS[SLOT][1].load(Ordering::Acquire)) };
    // SAFETY: the argument that GLib gave for it.
    let ready = unsafe { original(source) };
    mainloop::check_ends(SLOT);
    ready
}

/// Puts the entry points of a number in the place of a class's prepare and check; false where it has not both.
pub fn take_checks(slot: usize, class: Class) -> bool {
    const ENTRIES: [(PrepareFunc, CheckFunc); sources::CHECKS] = [
        (prepare::<0>, check::<0>),
        (prepare::<1>, check::<1>),
        (prepare::<2>, check::<2>),
        (prepare::<3>, check::<3>),
    ];
    let (Some(first), Some(second)) = (class.asked(Asked::Prepare), class.asked(Asked::Check)) else { return false };
    if first == 0 || second == 0 {
        return false;
    }
    CHECKS[slot][0].store(first, Ordering::Release);
    CHECKS[slot][1].store(second, Ordering::Release);
    let (prepare, check) = ENTRIES[slot];
    // SAFETY: the entry points have the types of what they stand in for.
    unsafe {
        class.replace_asked(Asked::Prepare, prepare as usize) && class.replace_asked(Asked::Check, check as usize)
    }
}

/// The default context's poll function before ours.
pub static POLL: AtomicUsize = AtomicUsize::new(0);

/// Stands in for the default context's poll function.
pub unsafe extern "C-unwind" fn poll(fds: Ptr, count: c_uint, timeout: c_int) -> c_int {
    let open = mainloop::poll_begins(timeout);
    let ready = match control::fd() {
        // SAFETY: as many of them as GLib says.
        Some(fd) => unsafe { poll_too(fd, fds, count, timeout) },
        // SAFETY: likewise.
        None => unsafe { poll_original(fds, count, timeout) },
    };
    if let Some(open) = open {
        // The application must see poll's errno.
        // SAFETY: takes nothing and cannot fail.
        let place = unsafe { libc::__errno_location() };
        // SAFETY: the thread's errno lives as long as the thread.
        let errno = unsafe { *place };
        mainloop::poll_ends(open, timeout, ready);
        // SAFETY: as above.
        unsafe { *place = errno };
    }
    ready
}

/// Polls as before ours.
///
/// # Safety
/// `fds` are `count` descriptors.
unsafe fn poll_original(fds: Ptr, count: c_uint, timeout: c_int) -> c_int {
    match POLL.load(Ordering::Acquire) {
        0 => {
            // Between our being set and the original's being stored.
            // SAFETY: GPollFD and pollfd are the same.
            unsafe { libc::poll(fds.cast(), count.into(), timeout) }
        }
        // SAFETY: what g_main_context_get_poll_func gave, with the arguments that GLib gave for it.
        original => unsafe { std::mem::transmute::<usize, PollFunc>(original)(fds, count, timeout) },
    }
}

/// The same with one descriptor more, which is ours; what comes by it is answered.
///
/// # Safety
/// `fds` are `count` descriptors.
unsafe fn poll_too(fd: c_int, fds: Ptr, count: c_uint, timeout: c_int) -> c_int {
    let given: &mut [libc::pollfd] = match count {
        0 => &mut [],
        // SAFETY: GPollFD and pollfd are the same, and there are so many.
        _ => unsafe { std::slice::from_raw_parts_mut(fds.cast(), count as usize) },
    };
    let mut all = given.to_vec();
    all.push(libc::pollfd { fd, events: libc::POLLIN, revents: 0 });
    // SAFETY: so many descriptors are there.
    let ready = unsafe { poll_original(all.as_mut_ptr().cast(), count + 1, timeout) };
    given.iter_mut().zip(&all).for_each(|(one, polled)| one.revents = polled.revents);
    let asked = ready > 0 && all.last().is_some_and(|ours| ours.revents != 0);
    if asked {
        control::serve();
    }
    // That the loop turns once more than it would have is no harm.
    ready - c_int::from(asked)
}

/// What gdk_threads_add_idle and the like were given, from the data of libgdk's own callback.
pub fn wrapped_callback(data: usize) -> usize {
    // SAFETY: asked only for libgdk's own callback, whose data begins with the function that it wraps.
    unsafe { memory::word_at(data) }
}

/// An emission hook of a frame clock's signals; `phase` is the number that it was added with.
pub unsafe extern "C-unwind" fn frame_phase(
    _hint: *const SignalHint,
    count: c_uint,
    values: *const Value,
    phase: Ptr,
) -> c_int {
    // SAFETY: the first parameter of a signal is the instance.
    let clock = guarded(|session| unsafe { session.glib.parameter(values, 0) });
    if let Some(clock) = clock
        && count > 0
    {
        frames::phase(clock, phase as usize);
    }
    1
}

/// The application's own event handler; 0 where it has none, and GTK's is used.
static HANDLER: AtomicUsize = AtomicUsize::new(0);

/// Stands in for the event handler of GTK 2 and 3.
pub unsafe extern "C-unwind" fn event(event: Ptr, data: Ptr) {
    let seen = guarded(|session| {
        // SAFETY: GDK hands whole events of its version to the handler.
        unsafe { event::read(event, session.toolkit == Toolkit::Gtk3) }
    });
    let open = seen.and_then(events::begin);
    match HANDLER.load(Ordering::Relaxed) {
        // SAFETY: the application's handler, with the data that it was set with, which stayed where it was.
        handler if handler != 0 => unsafe { std::mem::transmute::<usize, EventFunc>(handler)(event, data) },
        _ => {
            // Also where recording is off.
            if let Some(session) = recorder::installed() {
                // SAFETY: the event that GDK gave, in the thread in which it gave it.
                unsafe { session.gdk.main_do_event(event) };
            }
        }
    }
    if let Some(open) = open {
        events::end(open);
    }
}

/// Puts our handler in front of the application's, which is in its slot now.
pub fn take_handler(slot: &Word, theirs: usize) {
    HANDLER.store(theirs, Ordering::Relaxed);
    // SAFETY: the slot of the event handler, and a handler; the data of theirs stays beside it.
    unsafe { slot.set(event as *const () as usize) };
}

/// `constructed` of the classes of windows before ours.
pub static CONSTRUCTED: AtomicUsize = AtomicUsize::new(0);

/// Stands in for `constructed` of the classes of windows of GTK 2 and 3.
pub unsafe extern "C-unwind" fn constructed(window: Ptr) {
    let original = CONSTRUCTED.load(Ordering::Acquire);
    // SAFETY: set to the function of GObject's type before this one was put in its place.
    unsafe { std::mem::transmute::<usize, Constructed>(original)(window) };
    guarded(|session| {
        // SAFETY: GObject's new instance.
        windows::made(session, unsafe { Object::from_c(window) }?);
        Some(())
    });
}

/// A window with our number was finalized.
pub unsafe extern "C-unwind" fn window_finalized(number: Ptr) {
    guarded(|session| {
        windows::finalized(session, number as usize as u32);
        Some(())
    });
}

/// The rectangles of an expose event's region.
pub fn rectangles(session: &Session, region: Ptr) -> Vec<Rect> {
    // SAFETY: the region of an event that is being handled.
    unsafe { session.gdk.rectangles(region, &session.glib) }
}
