//! GTK 4: surfaces, events with begin and end, damage and repaint, widget costs. All of it is hooked from inside
//! unmodified GTK; a hook that does not find what it expects switches itself off and records that.

pub mod events;
pub mod surfaces;

use std::cell::RefCell;
use std::sync::OnceLock;

use gdkrecord::field::{RECTS_MAX, Rects, TextId};
use gdkrecord::kind::{Record, raw};
use gdkrecord::sets::Exposed;
use gdkrecord::writer::{Lane, Open, now};

use crate::clocks::EventClock;
use crate::ffi::Object;
pub use crate::ffi::gtk4::Api;
use crate::ffi::gtk4::contexts::Region;
use crate::ffi::gtk4::event::Event;
use crate::ffi::gtk4::surface::Surface;
use crate::ffi::gtk4::{Handle, hooks};
use crate::recorder::{self, Local, Session};
use crate::{facts, frames, widgets};
use events::Events;
use surfaces::Surfaces;

static API: OnceLock<Api> = OnceLock::new();

thread_local! {
    static STATE: RefCell<State> = RefCell::new(State::default());
}

/// What GTK's thread remembers.
#[derive(Default)]
struct State {
    surfaces: Surfaces,
    events: Events,
    rects: Vec<gdkrecord::Rect>,
    /// The event whose end could not be seen.
    open: Option<Open>,
    /// What was told: hooks on draw contexts, X's events, backend and renderer.
    contexts: Option<bool>,
    display: bool,
    /// Classes of renderers that were told.
    renderers: Vec<usize>,
}

/// Where records go.
pub struct Out<'a> {
    /// The recording, for texts and what is kept for ever.
    pub session: &'static Session,
    /// The thread's stream.
    pub lane: &'a mut Lane,
    /// The counter of the frame that is being painted; 0 outside of one.
    pub frame: u32,
}

impl Out<'_> {
    /// The id of a text.
    pub fn text(&self, text: &str) -> TextId {
        self.session.recorder.text(text)
    }

    /// Records into the state stream.
    pub fn state<R: Record>(&self, record: &R) {
        self.session.recorder.state(now(), record);
    }
}

/// GTK 4's functions, once it is known that it is GTK 4 that records.
pub fn api() -> Option<&'static Api> {
    API.get()
}

/// Runs a hook's own part with the thread's state.
fn with<R>(hook: impl FnOnce(&'static Session, &'static Api, &mut State, &mut Out<'_>) -> R) -> Option<R> {
    let api = api()?;
    recorder::with(|session, local| {
        // GTK lives in one thread; what a renderer does in another has no surfaces of its own.
        if !local.main {
            return None;
        }
        STATE
            .try_with(|state| {
                let mut state = state.try_borrow_mut().ok()?;
                let frame = frames::counter(local);
                let mut out = Out { session, lane: &mut local.lane, frame };
                Some(hook(session, api, &mut state, &mut out))
            })
            .ok()
            .flatten()
    })
    .flatten()
}

/// Installs all hooks. Called once, by GTK's thread; classes may or may not be initialised already.
pub fn install(session: &'static Session) {
    let api = match Api::load(session.library) {
        Ok(api) => API.get_or_init(|| api),
        Err(missing) => return session.hook("gtk4", false, &format!("no function {missing}")),
    };
    with(|_, _, state, _| state.events.keep_text = session.options.text);
    let followed = api.hook_surfaces();
    session.hook("gtk4.surfaces", followed, if followed { "GdkSurface class" } else { "no GdkSurface class" });
    match api.hook_emissions() {
        Ok(()) => session.hook("gtk4.events", true, "libgtk-4's slot for g_signal_emit"),
        Err(why) => {
            let on = api.hook_events();
            session.hook("gtk4.events", on, &format!("{why}; an event ends at the next event or frame"));
        }
    }
    if !api.hook_render() {
        session.hook("gtk4.exposures", false, "GdkSurface has no signal `render`");
    }
    if session.options.widgets {
        widgets::install(session, api);
    }
    api.existing_surfaces(&mut |surface| {
        surface_constructed(surface);
        for name in [&b"mapped"[..], b"title", b"transient-for"] {
            surface_changed(surface, name);
        }
        surface_rendered(surface);
    });
}

/// The surface of a number.
pub fn surface(window: u32) -> Option<Object> {
    with(|_, _, state, _| state.surfaces.numbered(window)).flatten().map(Handle::object)
}

/// A GdkSurface was constructed.
pub fn surface_constructed(surface: Handle) {
    with(|session, api, state, _| {
        let surface = Surface { api, handle: surface };
        state.surfaces.constructed(surface);
        first_display(session, api, state, surface);
    });
}

fn first_display(session: &Session, api: &Api, state: &mut State, surface: Surface<'_>) {
    if state.display {
        return;
    }
    let Some(display) = surface.display() else { return };
    state.display = true;
    facts::display(session);
    match api.hook_xevents(display) {
        Some(on) => {
            state.events.clock = EventClock::X11;
            session.hook("gtk4.origins", on, "GdkX11Display::xevent");
        }
        None => session.hook("gtk4.origins", false, "only X11 tells where windows are"),
    }
}

/// A property of a surface changed.
pub fn surface_changed(surface: Handle, name: &[u8]) {
    with(|_, api, state, out| state.surfaces.property(Surface { api, handle: surface }, name, out));
}

/// A surface's memory is given back.
pub fn surface_finalized(address: usize) {
    with(|_, _, state, out| state.surfaces.finalized(address, out));
}

/// A surface is about to be painted: its draw context exists now.
pub fn surface_rendered(surface: Handle) {
    with(|session, api, state, out| {
        let surface = Surface { api, handle: surface };
        if state.surfaces.settled(surface) {
            return;
        }
        state.surfaces.window(surface, out);
        state.surfaces.painted(surface);
        state.surfaces.update(surface, out);
        first_display(session, api, state, surface);
        let renderer = surface.renderer().unwrap_or(0);
        if state.renderers.contains(&renderer) {
            return;
        }
        // Another renderer can come with other draw contexts.
        state.renderers.push(renderer);
        session.fact("renderer", &api.type_name(renderer));
        let patched = api.hook_contexts();
        let note = match patched.strange {
            Some(class) => format!("the slots of {} are not known in GTK 4.{}", api.type_name(class), api.minor()),
            None => format!("damage and repaint of {} draw context classes", patched.classes),
        };
        state.contexts = Some(patched.classes > 0);
        session.hook("gtk4.exposures", patched.classes > 0, &note);
    });
}

/// A frame was painted, and nobody said where.
pub fn frame_tells_nothing() {
    with(|session, api, state, _| {
        if state.contexts.replace(false) == Some(true) {
            session.hook("gtk4.exposures", false, &format!("GTK 4.{} tells no region of a frame", api.minor()));
        }
    });
}

/// Painting begins; the region is what had changed.
pub fn frame_began(context: Handle, damage: Region) {
    exposed(context, damage, Exposed::Damage);
}

/// Painting ends; the region is what was painted.
pub fn frame_ends(context: Handle, painted: Region) {
    exposed(context, painted, Exposed::Repaint);
}

fn exposed(context: Handle, region: Region, what: Exposed) {
    with(|_, api, state, out| {
        let handle = api.context_surface(context)?;
        let surface = Surface { api, handle };
        let window = state.surfaces.window(surface, out);
        let mut rects = std::mem::take(&mut state.rects);
        rects.clear();
        region.rectangles(api, &mut rects);
        if region.device {
            let scale = surface.scale();
            rects.iter_mut().for_each(|rect| *rect = in_application_pixels(*rect, scale));
        }
        let (time, frame) = (now(), if out.frame != 0 { out.frame } else { surface.frame() });
        if rects.len() > RECTS_MAX {
            for part in rects.chunks(RECTS_MAX) {
                out.lane.push(time, &raw::Exposure { window, frame, what, rects: Rects(part.to_vec()) });
            }
        } else if !rects.is_empty() {
            let record = raw::Exposure { window, frame, what, rects: Rects(rects) };
            out.lane.push(time, &record);
            rects = record.rects.0;
        }
        state.rects = rects;
        Some(())
    });
}

/// The smallest rectangle of application pixels around one of device pixels.
fn in_application_pixels(rect: gdkrecord::Rect, scale: f64) -> gdkrecord::Rect {
    let (low, high) =
        (|at: i32| (f64::from(at) / scale).floor() as i32, |at: i32| (f64::from(at) / scale).ceil() as i32);
    let (x, y) = (i32::from(rect.x), i32::from(rect.y));
    let (left, top) = (low(x), low(y));
    let (right, bottom) = (high(x + i32::from(rect.width)), high(y + i32::from(rect.height)));
    gdkrecord::Rect::new(left, top, right - left, bottom - top)
}

/// An event's handling begins.
pub fn event_begins(event: Handle) -> Option<Open> {
    with(|_, api, state, out| state.events.begin(Event { api, handle: event }, &mut state.surfaces, out)).flatten()
}

/// An event was handled.
pub fn event_ended(open: Open) {
    let end = now();
    recorder::with(|_, local| local.lane.end(open, end));
}

/// An event whose end will not be seen.
pub fn event_seen(event: Handle) {
    end_open();
    let open = event_begins(event);
    with(|_, _, state, _| state.open = open);
}

/// A dispatch or a frame ended, and with it the event that had not.
pub fn end_open() {
    if let Some(open) = with(|_, _, state, _| state.open.take()).flatten() {
        event_ended(open);
    }
}

/// A frame clock's cycle ended.
pub fn frame_ended() {
    end_open();
    with(|_, _, _, out| widgets::flush(out));
}

/// X told where a window is, by an event of the pointer in it.
pub fn window_placed(xid: u32, x: f64, y: f64) {
    with(|_, api, state, out| {
        let Some(address) = state.surfaces.origin(xid, x, y) else { return };
        if let Some(handle) = hooks::known(address) {
            state.surfaces.update(Surface { api, handle }, out);
        }
    });
}

/// X told a window's new place, from the root where `sent` by the window manager, else from its parent.
pub fn window_configured(xid: u32, sent: bool, x: f64, y: f64) {
    let counts = with(|_, _, state, _| sent || !state.surfaces.framed(xid));
    if counts == Some(true) {
        window_placed(xid, x, y);
    }
}

/// X told a window's new parent.
pub fn window_reparented(xid: u32, framed: bool) {
    with(|_, _, state, _| state.surfaces.reparented(xid, framed));
}

/// A dispatch of the main loop ended.
pub fn dispatch_ended(_: &Session, local: &mut Local, time: u64) {
    if let Ok(Some(open)) = STATE.try_with(|state| state.try_borrow_mut().ok().and_then(|mut state| state.open.take()))
    {
        local.lane.end(open, time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_pixels_become_the_application_pixels_around_them() {
        let rect = |x, y, width, height| gdkrecord::Rect::new(x, y, width, height);
        assert_eq!(in_application_pixels(rect(3, 5, 4, 5), 1.0), rect(3, 5, 4, 5));
        assert_eq!(in_application_pixels(rect(3, 4, 4, 5), 2.0), rect(1, 2, 3, 3));
        assert_eq!(in_application_pixels(rect(5, 5, 5, 10), 1.25), rect(4, 4, 4, 8));
    }
}
