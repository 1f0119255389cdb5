//! What a GTK 4 event can be asked. Accessors that GTK allows for some types only are called for those only.
#![allow(unsafe_code)]

use std::ffi::c_int;

use gdkrecord::field::Real;

use super::{Api, Handle, Ptr, copied};

/// An event in a hook.
#[derive(Clone, Copy)]
pub struct Event<'a> {
    /// The functions.
    pub api: &'a Api,
    /// The GdkEvent.
    pub handle: Handle,
}

macro_rules! getters {
    ($($(#[doc = $doc:literal])* $name:ident -> $out:ty = $function:ident;)*) => {
        impl Event<'_> {$(
            $(#[doc = $doc])*
            pub fn $name(self) -> $out {
                // SAFETY: a live event, of a type for which the caller's match allows this accessor; GTK would
                // only warn otherwise.
                unsafe { (self.api.$function)(self.handle.ptr()) as $out }
            }
        )*}
    };
}

getters! {
    /// GdkEventType.
    code -> c_int = gdk_event_get_event_type;
    /// The server's time in ms; 0 for none.
    time -> u32 = gdk_event_get_time;
    /// GdkModifierType.
    state -> u32 = gdk_event_get_modifier_state;
    /// Button events.
    button -> u8 = gdk_button_event_get_button;
    /// Key events.
    keyval -> u32 = gdk_key_event_get_keyval;
    /// Key events.
    keycode -> u16 = gdk_key_event_get_keycode;
    /// Key events.
    layout -> u8 = gdk_key_event_get_layout;
    /// Scroll events: GdkScrollDirection.
    direction -> c_int = gdk_scroll_event_get_direction;
    /// Crossings: GdkCrossingMode.
    mode -> c_int = gdk_crossing_event_get_mode;
    /// Crossings: GdkNotifyType.
    detail -> c_int = gdk_crossing_event_get_detail;
    /// Touchpad events: GdkTouchpadGesturePhase.
    phase -> c_int = gdk_touchpad_event_get_gesture_phase;
    /// Touchpad events.
    fingers -> u8 = gdk_touchpad_event_get_n_fingers;
    /// Pad buttons.
    pad_button -> u32 = gdk_pad_event_get_button;
    /// Touchpad pinch, radians.
    pinch_angle -> f64 = gdk_touchpad_event_get_pinch_angle_delta;
    /// Touchpad pinch.
    pinch_scale -> f64 = gdk_touchpad_event_get_pinch_scale;
}

macro_rules! truths {
    ($($(#[doc = $doc:literal])* $name:ident = $function:ident;)*) => {
        impl Event<'_> {$(
            $(#[doc = $doc])*
            pub fn $name(self) -> bool {
                // SAFETY: as for the getters.
                unsafe { (self.api.$function)(self.handle.ptr()) != 0 }
            }
        )*}
    };
}

truths! {
    /// Key events.
    is_modifier = gdk_key_event_is_modifier;
    /// Scroll events.
    is_stop = gdk_scroll_event_is_stop;
    /// Crossings.
    focus = gdk_crossing_event_get_focus;
    /// Focus changes.
    focus_in = gdk_focus_event_get_in;
    /// Touch events.
    emulating_pointer = gdk_touch_event_get_emulating_pointer;
    /// Broken grabs.
    implicit = gdk_grab_broken_event_get_implicit;
}

impl Event<'_> {
    fn ptr(self) -> Ptr {
        self.handle.ptr()
    }

    /// Its surface.
    pub fn surface(self) -> Option<Handle> {
        // SAFETY: any event may be asked.
        unsafe { Handle::new((self.api.gdk_event_get_surface)(self.ptr())) }
    }

    /// Its device.
    pub fn device(self) -> Option<Handle> {
        // SAFETY: any event may be asked.
        unsafe { Handle::new((self.api.gdk_event_get_device)(self.ptr())) }
    }

    /// Where the grab went.
    pub fn grab_surface(self) -> Option<Handle> {
        // SAFETY: asked of broken grabs only.
        unsafe { Handle::new((self.api.gdk_grab_broken_event_get_grab_surface)(self.ptr())) }
    }

    /// Place in the surface; NaN where it has none.
    pub fn position(self) -> (f64, f64) {
        let (mut x, mut y) = (f64::NAN, f64::NAN);
        // SAFETY: any event may be asked; two doubles to write to.
        let has = unsafe { (self.api.gdk_event_get_position)(self.ptr(), &mut x, &mut y) };
        if has == 0 { (f64::NAN, f64::NAN) } else { (x, y) }
    }

    /// Which touch it belongs to.
    pub fn sequence(self) -> u32 {
        // SAFETY: any event may be asked.
        unsafe { (self.api.gdk_event_get_event_sequence)(self.ptr()) as usize as u32 }
    }

    /// Scroll events.
    pub fn scroll_deltas(self) -> (Real, Real) {
        let (mut x, mut y) = (0.0, 0.0);
        // SAFETY: asked of scroll events only; two doubles to write to.
        unsafe { (self.api.gdk_scroll_event_get_deltas)(self.ptr(), &mut x, &mut y) };
        (x.into(), y.into())
    }

    /// Touchpad swipes and pinches.
    pub fn touchpad_deltas(self) -> (Real, Real) {
        let (mut x, mut y) = (0.0, 0.0);
        // SAFETY: asked of touchpad events only; two doubles to write to.
        unsafe { (self.api.gdk_touchpad_event_get_deltas)(self.ptr(), &mut x, &mut y) };
        (x.into(), y.into())
    }

    /// Pad rings and strips: index and value.
    pub fn pad_axis(self) -> (u32, Real) {
        let (mut index, mut value) = (0, f64::NAN);
        // SAFETY: asked of rings and strips only; places to write to.
        unsafe { (self.api.gdk_pad_event_get_axis_value)(self.ptr(), &mut index, &mut value) };
        (index, value.into())
    }

    /// Pad events: group and mode.
    pub fn pad_group(self) -> (u32, u32) {
        let (mut group, mut mode) = (0, 0);
        // SAFETY: asked of pad events only; two numbers to write to.
        unsafe { (self.api.gdk_pad_event_get_group_mode)(self.ptr(), &mut group, &mut mode) };
        (group, mode)
    }
}

impl Api {
    /// A device's name and its GdkInputSource.
    pub fn device(&self, device: Handle) -> (String, usize) {
        // SAFETY: the device of a live event is alive.
        unsafe {
            (
                copied((self.gdk_device_get_name)(device.ptr())),
                (self.gdk_device_get_source)(device.ptr()).max(0) as usize,
            )
        }
    }
}
