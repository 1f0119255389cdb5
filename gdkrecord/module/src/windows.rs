//! The windows of GTK 2 and GTK 3 and what becomes of them, found by looking: at each map, expose and configure
//! at the one that it is about, and on the loop at all of them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use gdkrecord::field::{Maybe, Real};
use gdkrecord::kind::raw;
use gdkrecord::sets::Role;
use gdkrecord::writer::now;

use crate::ffi::Object;
use crate::recorder::{Local, Session, Toolkit, number};
use crate::{entry, facts};

/// The windows that live.
#[derive(Debug, Default)]
pub struct Windows {
    known: Vec<Known>,
    /// The next look at all of them.
    next: u64,
}

#[derive(Debug)]
struct Known {
    object: Object,
    number: u32,
    parent: u32,
    destroyed: bool,
    mapped: bool,
    geometry: (i32, i32, i32, i32, i32),
    title: String,
    owner: Option<Object>,
    /// Whether the owner can have a title.
    titled: bool,
}

/// Numbers of windows that were finalized, and when: their addresses must not be used any more.
static GONE: Mutex<Vec<(u32, u64)>> = Mutex::new(Vec::new());
static ANY_GONE: AtomicBool = AtomicBool::new(false);

/// A window's memory goes.
pub fn finalized(number: u32) {
    if let Ok(mut gone) = GONE.lock() {
        gone.push((number, now()));
        ANY_GONE.store(true, Ordering::Release);
    }
}

/// Says that windows are recorded, and how.
pub fn install(session: &Session) {
    session.hook("windows", true, "looked at when mapped, exposed or configured, and on the loop");
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

/// The number of a window, which is recorded when it is first seen; `look` records what changed about it.
pub fn number_of(session: &Session, local: &mut Local, window: Object, look: bool) -> u32 {
    let known = session.glib.tag(window, session.quark);
    if known == 0 {
        return add(session, local, window);
    }
    if look {
        forget(session, local);
        if let Some(at) = local.windows.known.iter().position(|one| one.number == known) {
            update(session, local, at);
        }
    }
    known
}

fn add(session: &Session, local: &mut Local, window: Object) -> u32 {
    let role = role(session, window);
    let parent = session.gdk.gdk_window_get_parent(window).flatten();
    let parent = parent.filter(|&parent| self::role(session, parent) != Role::Root);
    let parent = parent.map_or(0, |parent| number_of(session, local, parent, false));
    let destroyed = session.gdk.gdk_window_is_destroyed(window).is_some_and(|is| is != 0);
    let class = session.glib.class_name(window);
    let number = number();
    session.glib.set_tag(window, session.quark, number, Some(entry::window_finalized));
    let native = session.gdk.gdk_window_has_native(window).is_some_and(|native| native != 0);
    // GDK makes a native window of one whose X id is asked for.
    let xid = match (native && !destroyed, class.contains("X11"), session.toolkit) {
        (true, true, Toolkit::Gtk3) => session.gdk.gdk_x11_window_get_xid(window).unwrap_or(0),
        (true, _, Toolkit::Gtk2) => session.gdk.gdk_x11_drawable_get_xid(window).unwrap_or(0),
        _ => 0,
    };
    let class = session.recorder.text(&class);
    session.recorder.state(now(), &raw::Window { window: number, parent, role, class, xid: xid as u32 });
    local.windows.known.push(Known {
        object: window,
        number,
        parent,
        destroyed: false,
        mapped: false,
        geometry: (0, 0, -1, -1, 1),
        title: String::new(),
        owner: None,
        titled: false,
    });
    let at = local.windows.known.len() - 1;
    update(session, local, at);
    number
}

/// Lets go of windows that were finalized.
fn forget(session: &Session, local: &mut Local) {
    if ANY_GONE.swap(false, Ordering::Acquire)
        && let Ok(mut gone) = GONE.lock()
    {
        local.windows.known.retain(|one| {
            let Some(&(window, time)) = gone.iter().find(|(number, _)| *number == one.number) else { return true };
            if !one.destroyed {
                session.recorder.state(time, &raw::WindowDestroy { window });
            }
            false
        });
        gone.clear();
    }
}

/// Records what changed about a window.
fn update(session: &Session, local: &mut Local, at: usize) {
    let (gdk, recorder) = (&session.gdk, &session.recorder);
    let one = &local.windows.known[at];
    if one.destroyed {
        return;
    }
    let (window, object) = (one.number, one.object);
    if gdk.gdk_window_is_destroyed(object).is_some_and(|is| is != 0) {
        local.windows.known[at].destroyed = true;
        recorder.state(now(), &raw::WindowDestroy { window });
        return;
    }
    let parent = gdk.gdk_window_get_parent(object).flatten().filter(|&parent| role(session, parent) != Role::Root);
    let parent = parent.map_or(0, |parent| session.glib.tag(parent, session.quark));
    let (x, y) = origin(session, object);
    let geometry = (
        x,
        y,
        gdk.gdk_window_get_width(object).unwrap_or(0),
        gdk.gdk_window_get_height(object).unwrap_or(0),
        gdk.gdk_window_get_scale_factor(object).unwrap_or(1),
    );
    let mapped = gdk.gdk_window_is_visible(object).is_some_and(|is| is != 0);
    let owner = gdk.owner(object);
    let time = now();
    let one = &mut local.windows.known[at];
    if parent != one.parent {
        one.parent = parent;
        recorder.state(time, &raw::WindowParent { window, parent, role: role(session, object) });
    }
    if owner != one.owner {
        one.owner = owner;
        one.titled =
            owner.is_some_and(|owner| gdk.gtk_window_get_type().is_some_and(|window| session.glib.is_a(owner, window)));
        if let Some(owner) = owner {
            let class = session.glib.class_name(owner);
            let name = gdk.widget_name(owner).filter(|name| *name != class).unwrap_or_default();
            let (owner, name) = (recorder.text(&class), recorder.text(&name));
            recorder.state(time, &raw::WindowOwner { window, owner, name });
        }
    }
    if one.titled
        && let Some(owner) = owner
        && let Some(title) = gdk.title(owner)
        && title != one.title
    {
        recorder.state(time, &raw::WindowTitle { window, title: recorder.text(&title) });
        one.title = title;
    }
    if geometry != one.geometry {
        one.geometry = geometry;
        let (x, y, width, height, scale) = geometry;
        let known = !afloat(session, object);
        let (x, y, scale) = (Maybe(known.then_some(x)), Maybe(known.then_some(y)), Real(scale as f32));
        recorder.state(time, &raw::WindowGeometry { window, x, y, width, height, scale });
    }
    if mapped != one.mapped {
        one.mapped = mapped;
        if mapped {
            recorder.state(time, &raw::WindowMap { window });
        } else {
            recorder.state(time, &raw::WindowUnmap { window });
        }
    }
}

/// Whether nobody tells where a window is: on Wayland that is so of all but the parts of others.
fn afloat(session: &Session, window: Object) -> bool {
    facts::backend() == "wayland" && role(session, window) != Role::Child
}

/// The place on the root: GDK knows it for top-levels, so asking the server is not needed. On Wayland, where GDK
/// makes a root up, the place in the top-level.
fn origin(session: &Session, window: Object) -> (i32, i32) {
    let (mut x, mut y) = session.gdk.position(window);
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

/// Whether all windows should be looked at again.
#[inline]
pub fn due(local: &Local, time: u64) -> bool {
    time >= local.windows.next
}

/// Looks at all windows, so seldom that it takes at most a thousandth of the time.
pub fn tick(session: &Session, local: &mut Local, time: u64) {
    if session.toolkit != Toolkit::Gtk4 {
        forget(session, local);
        for at in 0..local.windows.known.len() {
            update(session, local, at);
        }
        for window in session.gdk.toplevels(&session.glib) {
            descend(session, local, window, 0);
        }
    }
    let took = now().saturating_sub(time);
    local.windows.next = time + (took * 1000).clamp(100_000_000, 1_000_000_000);
}

fn descend(session: &Session, local: &mut Local, window: Object, depth: u32) {
    number_of(session, local, window, false);
    if depth < 64 {
        for child in session.gdk.children(window) {
            descend(session, local, child, depth + 1);
        }
    }
}
