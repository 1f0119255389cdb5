//! Turns a GTK 4 event into its record.

use gdkrecord::field::{Real, Span};
use gdkrecord::kind::{flags, raw};
use gdkrecord::sets::{CrossingDetail, CrossingMode, EventType, GesturePhase, ScrollDirection};
use gdkrecord::writer::{Open, now};

use super::Out;
use super::surfaces::Surfaces;
use crate::clocks::EventClock;
use crate::ffi::gtk4::Handle;
use crate::ffi::gtk4::event::Event;
use crate::ffi::gtk4::surface::Surface;
use crate::hashes::Table;
use crate::keys::is_text;
use crate::targets;

/// GdkEventType of GTK 4, in its order.
const TYPES: [EventType; 29] = [
    EventType::Delete,
    EventType::Motion,
    EventType::ButtonPress,
    EventType::ButtonRelease,
    EventType::KeyPress,
    EventType::KeyRelease,
    EventType::Enter,
    EventType::Leave,
    EventType::FocusChange,
    EventType::ProximityIn,
    EventType::ProximityOut,
    EventType::DragEnter,
    EventType::DragLeave,
    EventType::DragMotion,
    EventType::DropStart,
    EventType::Scroll,
    EventType::GrabBroken,
    EventType::TouchBegin,
    EventType::TouchUpdate,
    EventType::TouchEnd,
    EventType::TouchCancel,
    EventType::TouchpadSwipe,
    EventType::TouchpadPinch,
    EventType::PadButtonPress,
    EventType::PadButtonRelease,
    EventType::PadRing,
    EventType::PadStrip,
    EventType::PadGroupMode,
    EventType::TouchpadHold,
];

/// GdkInputSource of GTK 4, in its order.
const SOURCES: [&str; 7] = ["mouse", "pen", "keyboard", "touchscreen", "touchpad", "trackpoint", "tablet-pad"];

/// What events need to remember.
#[derive(Default)]
pub struct Events {
    devices: Table<usize, u8>,
    /// The clock by which the server stamps events.
    pub clock: EventClock,
    /// Key values are kept.
    pub keep_text: bool,
    /// The window in which the pointer was last, and where in it: the wheel's events do not tell.
    pointer: (u32, f64, f64),
}

/// The member that an enumeration of GDK's gives: sets have "other" before its first.
fn member<T: Copy + Default>(all: &[T], code: i32) -> T {
    usize::try_from(code).ok().and_then(|code| all.get(code + 1)).copied().unwrap_or_default()
}

impl Events {
    /// Records an event whose handling begins.
    pub fn begin(&mut self, source: Event<'_>, surfaces: &mut Surfaces, out: &mut Out<'_>) -> Option<Open> {
        let surface = source.surface();
        let number = |of: Option<_>, surfaces: &mut Surfaces, out: &mut Out<'_>| {
            of.map_or(0, |handle| surfaces.window(Surface { api: source.api, handle }, out))
        };
        let window = number(surface, surfaces, out);
        let device = self.device(source, out);
        let event = usize::try_from(source.code()).ok().and_then(|code| TYPES.get(code)).copied().unwrap_or_default();
        let server_time = source.time();
        let (duration, source_device) = (Span::UNKNOWN, 0);
        // Changes of the focus never bear a time.
        let timeless = server_time == 0 && event != EventType::FocusChange;
        let mut marks = if timeless { flags::SYNTHETIC } else { 0 };
        let (x, y) = source.position();
        let (x_root, y_root) = match surface.and_then(|surface| surfaces.corner(surface)) {
            Some((left, top)) => (Real::from(x + f64::from(left)), Real::from(y + f64::from(top))),
            None => (Real::UNKNOWN, Real::UNKNOWN),
        };
        let target = surface.and_then(|surface| self.target(surface, window, event, (x, y), out));
        let (x, y) = (Real::from(x), Real::from(y));
        let grab_window = match event {
            EventType::GrabBroken => number(source.grab_surface(), surfaces, out),
            _ => 0,
        };
        let time = now();
        // The X server gives crossings the time of the last event before them.
        let crossing = matches!(event, EventType::Enter | EventType::Leave);
        let latency = if crossing { Span::UNKNOWN } else { self.clock.latency(server_time, time) };
        macro_rules! push {
            ($Kind:ident { $($more:ident $(: $value:expr)?),* $(,)? }) => {
                out.lane.begin(time, &raw::$Kind {
                    duration, latency, window, server_time, event, flags: marks, device, source: source_device,
                    $($more $(: $value)?),*
                })
            };
        }
        let state = source.state();
        let open = match event {
            EventType::Motion => push!(Motion { state, x, y, x_root, y_root }),
            EventType::ButtonPress | EventType::ButtonRelease => {
                push!(Button { state, x, y, x_root, y_root, button: source.button() })
            }
            EventType::KeyPress | EventType::KeyRelease => {
                let (mut keyval, mut keycode) = (source.keyval(), source.keycode());
                // Return, arrows and shortcuts tell nothing that was typed.
                if !self.keep_text && is_text(keyval, state) {
                    (keyval, keycode) = (0, 0);
                    marks |= flags::REDACTED;
                }
                push!(Key { state, keyval, keycode, group: source.layout(), is_modifier: source.is_modifier() })
            }
            EventType::Scroll => {
                let (delta_x, delta_y) = source.scroll_deltas();
                let direction = member(ScrollDirection::ALL, source.direction());
                push!(Scroll { state, x, y, x_root, y_root, direction, is_stop: source.is_stop(), delta_x, delta_y })
            }
            EventType::TouchBegin | EventType::TouchUpdate | EventType::TouchEnd | EventType::TouchCancel => {
                let (sequence, emulating_pointer) = (source.sequence(), source.emulating_pointer());
                marks |= if emulating_pointer { flags::EMULATED } else { 0 };
                push!(Touch { state, x, y, x_root, y_root, sequence, emulating_pointer })
            }
            EventType::Enter | EventType::Leave => {
                let detail = match source.detail() {
                    5 => CrossingDetail::Unknown,
                    code => member(CrossingDetail::ALL, code),
                };
                let mode = member(CrossingMode::ALL, source.mode());
                push!(Crossing { state, x, y, x_root, y_root, mode, detail, focus: source.focus(), subwindow: 0 })
            }
            EventType::FocusChange => push!(Focus { focus_in: source.focus_in() }),
            EventType::TouchpadSwipe | EventType::TouchpadPinch | EventType::TouchpadHold => {
                let moves = event != EventType::TouchpadHold;
                let zero = (Real(0.0), Real(0.0));
                let (delta_x, delta_y) = if moves { source.touchpad_deltas() } else { zero };
                let (scale, angle) = match event {
                    EventType::TouchpadPinch => (source.pinch_scale().into(), source.pinch_angle().into()),
                    _ => (Real::UNKNOWN, Real::UNKNOWN),
                };
                let phase = member(GesturePhase::ALL, source.phase());
                push!(Touchpad { state, x, y, phase, fingers: source.fingers(), delta_x, delta_y, scale, angle })
            }
            EventType::PadButtonPress | EventType::PadButtonRelease => {
                let (group, mode) = source.pad_group();
                push!(Pad { group, index: source.pad_button(), mode, value: Real::UNKNOWN })
            }
            EventType::PadRing | EventType::PadStrip => {
                let ((group, mode), (index, value)) = (source.pad_group(), source.pad_axis());
                push!(Pad { group, index, mode, value })
            }
            EventType::PadGroupMode => {
                let (group, mode) = source.pad_group();
                push!(Pad { group, index: 0, mode, value: Real::UNKNOWN })
            }
            EventType::DragEnter | EventType::DragLeave | EventType::DragMotion | EventType::DropStart => {
                push!(Drag { x_root, y_root })
            }
            EventType::GrabBroken => {
                let keyboard = device != 0 && source.device().is_some_and(|device| source.api.device(device).1 == 2);
                push!(GrabBroken { keyboard, implicit: source.implicit(), grab_window })
            }
            _ => push!(Other {}),
        };
        if let (Some(open), Some(target)) = (&open, target) {
            out.lane.push(open.time(), &target);
        }
        open
    }

    /// The widget to which it goes, where that is asked for.
    fn target(
        &mut self,
        surface: Handle,
        window: u32,
        event: EventType,
        (x, y): (f64, f64),
        out: &Out<'_>,
    ) -> Option<raw::Target> {
        if !x.is_nan() {
            self.pointer = (window, x, y);
        }
        let at = match event {
            EventType::KeyPress | EventType::KeyRelease => None,
            EventType::Scroll if x.is_nan() && self.pointer.0 != window => return None,
            EventType::Scroll if x.is_nan() => Some((self.pointer.1, self.pointer.2)),
            EventType::Motion
            | EventType::ButtonPress
            | EventType::ButtonRelease
            | EventType::Scroll
            | EventType::TouchBegin
            | EventType::TouchUpdate
            | EventType::TouchEnd => Some((x, y)),
            _ => return None,
        };
        targets::of_surface(out.session, surface.object(), window, event, at)
    }

    fn device(&mut self, source: Event<'_>, out: &Out<'_>) -> u8 {
        let Some(device) = source.device() else { return 0 };
        if let Some(&id) = self.devices.get(&device.address()) {
            return id;
        }
        let id = u8::try_from(self.devices.len() + 1).unwrap_or(u8::MAX);
        let (name, kind) = source.api.device(device);
        let (name, kind) = (out.text(&name), out.text(SOURCES.get(kind).copied().unwrap_or("other")));
        out.state(&raw::Device { id, name, source: kind });
        self.devices.insert(device.address(), id);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_counted_from_behind_other() {
        assert_eq!(member(ScrollDirection::ALL, 4), ScrollDirection::Smooth);
        assert_eq!(member(ScrollDirection::ALL, -1), ScrollDirection::Other);
        assert_eq!(member(CrossingMode::ALL, 8), CrossingMode::DeviceSwitch);
        assert_eq!(member(CrossingDetail::ALL, 4), CrossingDetail::NonlinearVirtual);
        assert_eq!(member(GesturePhase::ALL, 99), GesturePhase::Other);
    }
}
