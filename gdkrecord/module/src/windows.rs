//! The windows of GTK 2 and GTK 3 and what becomes of them.
//!
//! Each is recorded when it is made, in its class's `constructed`, and when it goes. What else there is to know is
//! asked of GDK, and that only where GDK's lock is held, since programs may use GDK in other threads under that
//! lock: in the handling of events and in frames. What matters about a window is followed by an event for it, at
//! which it is looked at. For what has no event (children that GDK keeps to itself) all windows are looked at
//! again, a few at a time.

use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use gdkrecord::field::{Maybe, Real};
use gdkrecord::kind::raw;
use gdkrecord::sets::Role;
use gdkrecord::writer::now;

use crate::ffi::Object;
use crate::mainloop::own_work;
use crate::recorder::{Local, Session, Toolkit, number};
use crate::{entry, facts, frames};

/// How long one look at several windows may take, in nanoseconds.
const SLICE: u64 = 40_000;
/// Looking takes one part in so many of the time.
const SHARE: u64 = 1000;
/// All windows are looked at at most so often, in nanoseconds.
const PASS: u64 = 100_000_000;

/// The windows that live.
static WINDOWS: Mutex<Windows> = Mutex::new(Windows::new());
/// Whether some were made that nobody has looked at.
static FRESH: AtomicBool = AtomicBool::new(true);
/// When the next look at several is due.
static NEXT: AtomicU64 = AtomicU64::new(0);
/// Numbers of windows that were finalized while their thread looked at windows, and when.
static GONE: Mutex<Vec<(u32, u64)>> = Mutex::new(Vec::new());

thread_local! {
    static LOOKING: Cell<bool> = const { Cell::new(false) };
}

#[derive(Debug)]
struct Windows {
    known: BTreeMap<u32, Known>,
    /// Made, and not looked at yet.
    fresh: VecDeque<u32>,
    /// The number of the window that was looked at last.
    cursor: u32,
    /// Whether those were looked for that were there before the recorder.
    searched: bool,
}

#[derive(Debug)]
struct Known {
    object: Object,
    /// Whether it is of X11.
    x11: bool,
    /// Parent, role and X window.
    place: (u32, Role, u32),
    /// The number of its frame clock; 0 where none was told.
    clock: u32,
    destroyed: bool,
    mapped: bool,
    geometry: (i32, i32, i32, i32, i32),
    title: String,
    owner: Option<Object>,
    /// Whether the owner can have a title.
    titled: bool,
}

/// Hooks the making of windows.
pub fn install(session: &Session) {
    let gdk = &session.gdk;
    let types = match session.toolkit {
        Toolkit::Gtk2 => [gdk.gdk_window_object_get_type(), None, None, None],
        _ => [
            gdk.gdk_window_get_type(),
            gdk.gdk_x11_window_get_type(),
            gdk.gdk_wayland_window_get_type(),
            gdk.gdk_broadway_window_get_type(),
        ],
    };
    let types: Vec<_> = types.into_iter().flatten().collect();
    let originals: Vec<_> = types.iter().filter_map(|&of| session.glib.constructed(of)).map(|of| of as usize).collect();
    let hooked = match originals.first() {
        Some(&original) if originals.iter().all(|&other| other == original) => {
            entry::CONSTRUCTED.store(original, Ordering::Release);
            types.iter().all(|&of| session.glib.set_constructed(of, entry::constructed))
        }
        _ => false,
    };
    session.hook("windows", hooked, if hooked { "from their making" } else { "from the first event for them" });
}

/// A window was made, in any thread.
pub fn made(session: &Session, window: Object) {
    windows(|all| all.number(session, window));
}

/// A window's memory goes.
pub fn finalized(session: &Session, number: u32) {
    let time = now();
    if windows(|all| all.forget(session, number, time)).is_none()
        && let Ok(mut gone) = GONE.lock()
    {
        gone.push((number, time));
    }
}

/// What a window is for.
pub fn role(session: &Session, window: Object) -> Role {
    let roles = match session.toolkit {
        Toolkit::Gtk2 => {
            [Role::Root, Role::Toplevel, Role::Child, Role::Dialog, Role::Temp, Role::Foreign, Role::Offscreen]
        }
        _ => [Role::Root, Role::Toplevel, Role::Child, Role::Temp, Role::Foreign, Role::Offscreen, Role::Subsurface],
    };
    let of = session.gdk.gdk_window_get_window_type(window).unwrap_or(-1);
    usize::try_from(of).ok().and_then(|of| roles.get(of)).copied().unwrap_or_default()
}

/// The number of a window that an event is about; `look` records what changed about it.
pub fn number_of(session: &Session, window: Object, look: bool) -> u32 {
    let known = session.glib.tag(window, session.quark);
    if known != 0 && !look {
        return known;
    }
    let number = windows(|all| {
        let number = all.number(session, window);
        all.look(session, number);
        number
    });
    number.unwrap_or(known)
}

/// Looks at windows that were made since, and where it is due at some of the others. GDK's lock must be held.
/// `time` is that of the call; gives the time after it.
#[inline]
pub fn look(session: &Session, local: &mut Local, time: u64) -> u64 {
    if !FRESH.load(Ordering::Relaxed) && time < NEXT.load(Ordering::Relaxed) {
        return time;
    }
    windows(|all| all.slice(session, time));
    own_work(session, local, "windows", time);
    now()
}

/// The window of a number, while it lives.
pub fn living(session: &Session, window: u32) -> Option<Object> {
    let object = windows(|all| all.known.get(&window).filter(|one| !one.destroyed).map(|one| one.object)).flatten()?;
    session.gdk.gdk_window_is_destroyed(object).is_none_or(|is| is == 0).then_some(object)
}

/// The widget that a window belongs to.
pub fn owner(session: &Session, window: u32) -> Option<Object> {
    session.gdk.owner(living(session, window)?)
}

/// Runs `work` with the table; `None` where this thread is in such work already.
fn windows<R>(work: impl FnOnce(&mut Windows) -> R) -> Option<R> {
    if LOOKING.replace(true) {
        return None;
    }
    let done = WINDOWS.lock().ok().map(|mut all| work(&mut all));
    LOOKING.set(false);
    done
}

impl Windows {
    const fn new() -> Windows {
        Windows { known: BTreeMap::new(), fresh: VecDeque::new(), cursor: 0, searched: false }
    }

    /// The number of a window, which is recorded when it is first seen.
    fn number(&mut self, session: &Session, window: Object) -> u32 {
        let known = session.glib.tag(window, session.quark);
        if known != 0 {
            return known;
        }
        let number = number();
        session.glib.set_tag(window, session.quark, number, Some(entry::window_finalized));
        let name = session.glib.class_name(window);
        let class = session.recorder.text(&name);
        session.recorder.state(now(), &raw::Window { window: number, parent: 0, role: Role::Other, class, xid: 0 });
        let one = Known {
            object: window,
            x11: session.toolkit == Toolkit::Gtk2 || name.contains("X11"),
            place: (0, Role::Other, 0),
            clock: 0,
            destroyed: false,
            mapped: false,
            geometry: (0, 0, -1, -1, 1),
            title: String::new(),
            owner: None,
            titled: false,
        };
        self.known.insert(number, one);
        self.fresh.push_back(number);
        FRESH.store(true, Ordering::Relaxed);
        number
    }

    /// Lets go of a window that was finalized: its address must not be used any more.
    fn forget(&mut self, session: &Session, window: u32, time: u64) {
        if self.known.remove(&window).is_some_and(|one| !one.destroyed) {
            session.recorder.state(time, &raw::WindowDestroy { window });
        }
    }

    /// Looks at windows until the time is up.
    fn slice(&mut self, session: &Session, time: u64) {
        let gone = GONE.lock().map(|mut gone| std::mem::take(&mut *gone)).unwrap_or_default();
        for (number, time) in gone {
            self.forget(session, number, time);
        }
        if !std::mem::replace(&mut self.searched, true) {
            for window in session.gdk.toplevels(&session.glib) {
                self.search(session, window, 0);
            }
        }
        let over = || now() > time + SLICE;
        while let Some(number) = self.fresh.pop_front() {
            self.look(session, number);
            if over() {
                break;
            }
        }
        FRESH.store(!self.fresh.is_empty(), Ordering::Relaxed);
        if time < NEXT.load(Ordering::Relaxed) {
            return;
        }
        let mut pause = 0;
        while !over() {
            let Some((&number, _)) = self.known.range(self.cursor.saturating_add(1)..).next() else {
                self.cursor = 0;
                pause = PASS;
                break;
            };
            self.cursor = number;
            self.look(session, number);
        }
        let took = now().saturating_sub(time);
        NEXT.store(time + pause.max(took * SHARE), Ordering::Relaxed);
    }

    /// A window and those below it that were there before the recorder.
    fn search(&mut self, session: &Session, window: Object, depth: u32) {
        self.number(session, window);
        if depth < 64 {
            for child in session.gdk.children(window) {
                self.search(session, child, depth + 1);
            }
        }
    }

    /// Records what changed about a window.
    fn look(&mut self, session: &Session, window: u32) {
        let (gdk, recorder) = (&session.gdk, &session.recorder);
        let Some(one) = self.known.get_mut(&window).filter(|one| !one.destroyed) else { return };
        let object = one.object;
        if gdk.gdk_window_is_destroyed(object).is_some_and(|is| is != 0) {
            one.destroyed = true;
            recorder.state(now(), &raw::WindowDestroy { window });
            return;
        }
        let x11 = one.x11;
        let role = role(session, object);
        let parent = gdk.gdk_window_get_parent(object).flatten();
        let parent = parent.filter(|&parent| self::role(session, parent) != Role::Root);
        let parent = parent.map_or(0, |parent| self.number(session, parent));
        // GDK makes a native window of one whose X id is asked for, and complains about what is off the screen.
        let native =
            x11 && role != Role::Offscreen && gdk.gdk_window_has_native(object).is_some_and(|native| native != 0);
        let xid = match session.toolkit {
            Toolkit::Gtk2 if native => gdk.gdk_x11_drawable_get_xid(object).unwrap_or(0),
            Toolkit::Gtk3 if native => gdk.gdk_x11_window_get_xid(object).unwrap_or(0),
            _ => 0,
        };
        let place = (parent, role, xid as u32);
        let Some(one) = self.known.get_mut(&window) else { return };
        let time = now();
        if place != one.place {
            one.place = place;
            recorder.state(time, &raw::WindowParent { window, parent, role, xid: xid as u32 });
        }
        // What lies in a top-level is drawn by its clock.
        if !matches!(role, Role::Root | Role::Child)
            && let Some(clock) = gdk.gdk_window_get_frame_clock(object).flatten()
        {
            let clock = frames::number_of(session, clock);
            if clock != std::mem::replace(&mut one.clock, clock) {
                recorder.state(time, &raw::WindowClock { window, clock });
            }
        }
        // The root is the screen, of which nothing is the program's.
        if role != Role::Root {
            one.owner(session, window, time);
            one.shape(session, window, time);
        }
    }
}

impl Known {
    /// Records the widget that owns it, and its title, where they changed.
    fn owner(&mut self, session: &Session, window: u32, time: u64) {
        let (gdk, recorder) = (&session.gdk, &session.recorder);
        let owner = gdk.owner(self.object);
        if owner != self.owner {
            self.owner = owner;
            let titled = gdk.gtk_window_get_type();
            self.titled = owner.is_some_and(|owner| titled.is_some_and(|titled| session.glib.is_a(owner, titled)));
            if let Some(owner) = owner {
                let class = session.glib.class_name(owner);
                let name = gdk.widget_name(owner).filter(|name| *name != class).unwrap_or_default();
                let (owner, name) = (recorder.text(&class), recorder.text(&name));
                recorder.state(time, &raw::WindowOwner { window, owner, name });
            }
        }
        if self.titled
            && let Some(owner) = owner
            && let Some(title) = gdk.other_title(owner, &self.title)
        {
            recorder.state(time, &raw::WindowTitle { window, title: recorder.text(&title) });
            self.title = title;
        }
    }

    /// Records where it is, and whether it is shown, where that changed.
    fn shape(&mut self, session: &Session, window: u32, time: u64) {
        let (gdk, recorder, object) = (&session.gdk, &session.recorder, self.object);
        let (x, y) = origin(session, object, self.place.0 == 0);
        let geometry = (
            x,
            y,
            gdk.gdk_window_get_width(object).unwrap_or(0),
            gdk.gdk_window_get_height(object).unwrap_or(0),
            gdk.gdk_window_get_scale_factor(object).unwrap_or(1),
        );
        if geometry != self.geometry {
            self.geometry = geometry;
            let (x, y, width, height, scale) = geometry;
            let known = !afloat(session, object);
            let (x, y, scale) = (Maybe(known.then_some(x)), Maybe(known.then_some(y)), Real(scale as f32));
            recorder.state(time, &raw::WindowGeometry { window, x, y, width, height, scale });
        }
        let mapped = gdk.gdk_window_is_visible(object).is_some_and(|is| is != 0);
        if mapped != self.mapped {
            self.mapped = mapped;
            if mapped {
                recorder.state(time, &raw::WindowMap { window });
            } else {
                recorder.state(time, &raw::WindowUnmap { window });
            }
        }
    }
}

/// Whether nobody tells where a window is: on Wayland that is so of all but the parts of others.
fn afloat(session: &Session, window: Object) -> bool {
    facts::backend() == "wayland" && role(session, window) != Role::Child
}

/// The place on the root: GDK knows it for top-levels, so asking the server is not needed. On Wayland, where GDK
/// makes a root up, the place in the top-level. `top`: it lies in no other window.
fn origin(session: &Session, window: Object, top: bool) -> (i32, i32) {
    let (mut x, mut y) = session.gdk.position(window);
    if top {
        return (x, y);
    }
    let mut at = window;
    // A tree of windows deeper than this is none.
    for _ in 0..64 {
        let Some(parent) = session.gdk.gdk_window_get_parent(at).flatten() else { break };
        if role(session, parent) == Role::Root || afloat(session, parent) {
            break;
        }
        let place = session.gdk.position(parent);
        (x, y, at) = (x + place.0, y + place.1, parent);
    }
    (x, y)
}
