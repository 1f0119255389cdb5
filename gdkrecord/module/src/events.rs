//! The events of GTK 2 and GTK 3: each is recorded with the begin and end of its handling.

use std::sync::OnceLock;

use gdkrecord::Span;
use gdkrecord::field::{RECTS_MAX, Real, Rects, TextId};
use gdkrecord::kind::{flags, raw};
use gdkrecord::sets::{CrossingDetail, CrossingMode, EventType, Exposed, GesturePhase, Role, ScrollDirection};
use gdkrecord::writer::{Open, now};

use crate::clocks::EventClock;
use crate::entry;
use crate::ffi::Object;
use crate::ffi::event::{Detail, Pointer, Seen};
use crate::ffi::memory::Word;
use crate::keys::is_text;
use crate::recorder::{Local, Session, Toolkit, with};
use crate::{facts, frames, targets, windows};

/// Names of GdkInputSource, GTK 3; GTK 2 has the first five.
const SOURCES: &[&str] =
    &["mouse", "pen", "eraser", "cursor", "keyboard", "touchscreen", "touchpad", "trackpoint", "tablet-pad"];

/// What events mentioned, and is recorded once.
#[derive(Debug, Default)]
pub struct Events {
    /// The clock by which the server stamps events, once there is a server.
    clock: Option<EventClock>,
    devices: Vec<Object>,
    atoms: Vec<(usize, TextId)>,
}

/// Where libgdk keeps the event handler.
static SLOT: OnceLock<Option<Word>> = OnceLock::new();

/// Takes the place of the event handler.
pub fn install(session: &'static Session) {
    let Some(slot) = SLOT.get_or_init(|| session.gdk.event_handler_slot(entry::event)) else {
        session.hook("events", false, "libgdk keeps its event handler where it cannot be found");
        return;
    };
    entry::take_handler(slot, slot.get());
    session.hook("events", true, "kept when the application sets its own");
}

/// Takes the handler's place again where the application set its own, which is called from then on.
#[inline]
pub fn keep_handler(_: &Session) {
    if let Some(Some(slot)) = SLOT.get() {
        let current = slot.get();
        if current != 0 && current != entry::event as *const () as usize {
            entry::take_handler(slot, current);
        }
    }
}

/// An event is about to be handled.
pub fn begin(seen: Seen) -> Option<Open> {
    with(|session, local| record(session, local, seen)).flatten()
}

/// It was handled.
pub fn end(open: Open) {
    with(|_, local| local.lane.end(open, now()));
}

fn record(session: &'static Session, local: &mut Local, seen: Seen) -> Option<Open> {
    let event = event_type(seen.of);
    // GDK's lock is held here.
    let arrived = windows::look(session, local, now());
    // Where input happened must be known as it was; the pointer moves too often, and enters first.
    let looks = matches!(
        seen.detail,
        Detail::Expose { .. }
            | Detail::Configure { .. }
            | Detail::Property { .. }
            | Detail::WindowState { .. }
            | Detail::Button { .. }
            | Detail::Crossing { .. }
            | Detail::Touch { .. }
    ) || matches!(event, EventType::Map | EventType::Unmap);
    let window = seen.window.map_or(0, |window| windows::number_of(session, window, looks));
    let device = device(session, local, session.gdk.gdk_event_get_device(seen.event).flatten().or(seen.device));
    let source = device_of_source(session, local, &seen, device);
    let input = !matches!(
        seen.detail,
        Detail::Expose { .. }
            | Detail::Configure { .. }
            | Detail::Property { .. }
            | Detail::WindowState { .. }
            | Detail::Setting { .. }
            | Detail::Focus(_)
            | Detail::Other
    );
    let mut flags = if seen.sent { flags::SENT } else { 0 };
    if input && seen.time == 0 {
        flags |= flags::SYNTHETIC;
    }
    if input && session.gdk.gdk_event_get_pointer_emulated(seen.event).is_some_and(|emulated| emulated != 0) {
        flags |= flags::EMULATED;
    }
    let server_time = seen.time;
    let target = targets::of_event(session, &seen, event);
    let mut time = if looks || target.is_some() { now() } else { arrived };
    // The X server gives crossings the time of the last event before them, and GDK others that of their making.
    let mut latency = match seen.detail {
        Detail::Crossing { .. } => Span::UNKNOWN,
        _ => {
            let known = || if facts::backend() == "x11" { EventClock::X11 } else { EventClock::default() };
            local.events.clock.get_or_insert_with(known).latency(server_time, time)
        }
    };

    // Wayland tells no program where it is, and GDK makes a root up.
    let wayland = facts::backend() == "wayland";
    let root = |at: f64| if wayland { Real::UNKNOWN } else { Real::from(at) };

    // One record of a kind with the fields that all events have.
    macro_rules! push {
        ($Kind:ident { $($field:ident: $value:expr),* $(,)? }) => {
            local.lane.begin(time, &raw::$Kind {
                duration: Span::UNKNOWN, latency, window, server_time, event, flags, device, source,
                $($field: $value,)*
            })
        };
    }
    macro_rules! push_at {
        ($Kind:ident $at:ident { $($field:ident: $value:expr),* $(,)? }) => {{
            let Pointer { state, x, y, x_root, y_root } = $at;
            push!($Kind {
                state: state, x: Real::from(x), y: Real::from(y), x_root: root(x_root), y_root: root(y_root),
                $($field: $value),*
            })
        }};
    }

    let open = match seen.detail {
        Detail::Motion(at) => push_at!(Motion at {}),
        Detail::Button { at, button } => push_at!(Button at { button: button as u8 }),
        Detail::Key { state, keyval, keycode, group, is_modifier } => {
            let kept = session.options.text || !is_text(keyval, state);
            if !kept {
                flags |= flags::REDACTED;
            }
            let (keyval, keycode) = if kept { (keyval, keycode) } else { (0, 0) };
            push!(Key { state: state, keyval: keyval, keycode: keycode, group: group, is_modifier: is_modifier })
        }
        Detail::Scroll { at, direction, is_stop, delta } => push_at!(Scroll at {
            direction: member(ScrollDirection::ALL, direction),
            is_stop: is_stop, delta_x: delta.0.into(), delta_y: delta.1.into(),
        }),
        Detail::Touch { at, sequence, emulating } => {
            if emulating {
                flags |= flags::EMULATED;
            }
            push_at!(Touch at { sequence: sequence as u32, emulating_pointer: emulating })
        }
        Detail::Crossing { at, mode, detail, focus, subwindow } => {
            let subwindow = subwindow.map_or(0, |window| windows::number_of(session, window, false));
            push_at!(Crossing at {
                mode: member(CrossingMode::ALL, mode), detail: member(CrossingDetail::ALL, detail),
                focus: focus, subwindow: subwindow,
            })
        }
        Detail::Focus(focus_in) => push!(Focus { focus_in: focus_in }),
        Detail::Touchpad { at, phase, fingers, delta, scale, angle } => push!(Touchpad {
            state: at.state,
            x: at.x.into(),
            y: at.y.into(),
            phase: member(GesturePhase::ALL, phase.into()),
            fingers: fingers,
            delta_x: delta.0.into(),
            delta_y: delta.1.into(),
            scale: scale.into(),
            angle: angle.into(),
        }),
        Detail::Pad { group, index, mode, value } => {
            push!(Pad { group: group, index: index, mode: mode, value: value.into() })
        }
        Detail::Expose { region } => {
            let painted = session.toolkit == Toolkit::Gtk2
                || seen.window.is_some_and(|window| {
                    windows::role(session, window) != Role::Child
                        || session.gdk.gdk_window_has_native(window).is_some_and(|native| native != 0)
                });
            if painted && event == EventType::Expose {
                let rects = entry::rectangles(session, region);
                exposed(local, time, window, Exposed::Both, rects);
                time = now();
            }
            latency = Span::UNKNOWN;
            push!(Other {})
        }
        Detail::Configure { x, y, width, height } => push!(Configure { x: x, y: y, width: width, height: height }),
        Detail::Property { atom, deleted } => {
            let atom = atom_text(session, local, atom);
            push!(Property { atom: atom, deleted: deleted })
        }
        Detail::WindowState { changed, state } => push!(WindowState { changed: changed, state: state }),
        Detail::Selection { selection, target, property } => {
            let [selection, target, property] =
                [selection, target, property].map(|atom| atom_text(session, local, atom));
            push!(Selection { selection: selection, target: target, property: property })
        }
        Detail::Drag { x_root, y_root } => push!(Drag { x_root: root(x_root), y_root: root(y_root) }),
        Detail::GrabBroken { keyboard, implicit, window: grab } => {
            let grab = grab.map_or(0, |window| windows::number_of(session, window, false));
            push!(GrabBroken { keyboard: keyboard, implicit: implicit, grab_window: grab })
        }
        Detail::Setting { name, action } => {
            let name = session.recorder.text(&name);
            push!(Setting { name: name, action: action.min(255) as u8 })
        }
        Detail::Other => push!(Other {}),
    };
    if let (Some(open), Some(target)) = (&open, target) {
        local.lane.push(open.time(), &target);
    }
    open
}

/// Records a region, in as many records as it needs.
pub fn exposed(local: &mut Local, time: u64, window: u32, what: Exposed, rects: Vec<gdkrecord::Rect>) {
    let frame = frames::counter(local);
    for part in rects.chunks(RECTS_MAX) {
        local.lane.push(time, &raw::Exposure { window, frame, what, rects: Rects(part.to_vec()) });
    }
}

/// GDK's number of an event's type, under our names: ours has two before GDK's first, and GTK 4's hold.
fn event_type(of: i32) -> EventType {
    let at = if of >= 43 { of + 3 } else { of + 2 };
    usize::try_from(at).ok().and_then(|at| EventType::ALL.get(at)).copied().unwrap_or_default()
}

/// The member of a set that begins with "other", by GDK's number.
fn member<T: Copy + Default>(all: &[T], number: i32) -> T {
    usize::try_from(number).ok().and_then(|number| all.get(number + 1)).copied().unwrap_or_default()
}

/// The number of a device, which is recorded when it is first seen.
fn device(session: &Session, local: &mut Local, device: Option<Object>) -> u8 {
    let Some(device) = device else { return 0 };
    let known = &mut local.events.devices;
    if let Some(at) = known.iter().position(|&one| one == device) {
        return at as u8 + 1;
    }
    if known.len() >= 250 {
        return 0;
    }
    known.push(device);
    let id = known.len() as u8;
    let name = session.recorder.text(&session.gdk.device_name(device));
    let source = session.gdk.gdk_device_get_source(device).and_then(|source| SOURCES.get(source as usize));
    let source = session.recorder.text(source.copied().unwrap_or_default());
    session.recorder.state(now(), &raw::Device { id, name, source });
    id
}

fn device_of_source(session: &Session, local: &mut Local, seen: &Seen, otherwise: u8) -> u8 {
    match session.gdk.gdk_event_get_source_device(seen.event).flatten() {
        Some(source) => device(session, local, Some(source)),
        None => otherwise,
    }
}

fn atom_text(session: &Session, local: &mut Local, atom: usize) -> TextId {
    if atom == 0 {
        return TextId(0);
    }
    if let Some(&(_, text)) = local.events.atoms.iter().find(|(known, _)| *known == atom) {
        return text;
    }
    let text = session.recorder.text(&session.gdk.atom(atom, &session.glib));
    local.events.atoms.push((atom, text));
    text
}
