//! Makes events of GTK 2 and GTK 3 and puts them into GDK's queue: `inject` says which.
//!
//! What is written lies where `event` reads it: the public layouts of the headers (64-bit).
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_uint};

use super::glib::Glib;
use super::{Object, Ptr, functions};

/// `GdkKeymapKey`.
#[repr(C)]
pub struct KeymapKey {
    keycode: c_uint,
    group: c_int,
    level: c_int,
}

functions! {
    /// The functions.
    Put {
        fn gdk_window_get_toplevel(window: Object) -> Option<Object>;
        fn gdk_window_is_viewable(window: Object) -> c_int;
        fn gdk_window_get_events(window: Object) -> c_int;
        fn gdk_window_get_pass_through(window: Object) -> c_int;
        fn gdk_window_get_display(window: Object) -> Option<Object>;
        fn gdk_display_get_default_seat(display: Object) -> Option<Object>;
        fn gdk_seat_get_pointer(seat: Object) -> Option<Object>;
        fn gdk_seat_get_keyboard(seat: Object) -> Option<Object>;
        fn gdk_device_get_core_pointer() -> Option<Object>;
        fn gdk_keymap_get_for_display(display: Object) -> Option<Object>;
        fn gdk_keyval_to_unicode(keyval: c_uint) -> u32;
        fn gdk_event_set_device(event: Object, device: Object);
        fn gdk_frame_clock_request_phase(clock: Object, phases: c_uint);
        fn gdk_x11_window_set_user_time(window: Object, time: u32);
        fn gdk_threads_enter();
        fn gdk_threads_leave();
        fn gtk_window_has_toplevel_focus(window: Object) -> c_int;
        raw gdk_event_new(c_int) -> Ptr;
        raw gdk_event_put(Ptr);
        raw gdk_event_free(Ptr);
        raw gdk_window_coords_from_parent(Ptr, f64, f64, *mut f64, *mut f64);
        raw gdk_window_get_root_coords(Ptr, c_int, c_int, *mut c_int, *mut c_int);
        raw gdk_device_grab_info_libgtk_only(Ptr, Ptr, *mut Ptr, *mut c_int) -> c_int;
        raw gdk_pointer_grab_info_libgtk_only(Ptr, *mut Ptr, *mut c_int) -> c_int;
        raw gdk_keymap_get_entries_for_keyval(Ptr, c_uint, *mut *mut KeymapKey, *mut c_int) -> c_int;
        raw gdk_keymap_translate_keyboard_state(
            Ptr, c_uint, c_int, c_int, *mut c_uint, *mut c_int, *mut c_int, *mut c_int
        ) -> c_int;
        raw g_object_ref(Ptr) -> Ptr;
        raw g_strndup(*const c_char, usize) -> *mut c_char;
    }
}

/// An event that is to be made.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    pub window: Object,
    /// The server's milliseconds.
    pub time: u32,
    /// GdkModifierType.
    pub state: u32,
    /// Where in the window, and on the root.
    pub at: (f64, f64),
    pub root: (f64, f64),
    /// What it comes from; GTK 2 has none for keys.
    pub device: Option<Object>,
    pub what: What,
}

/// What it tells, by GDK's numbers.
#[derive(Clone, Copy, Debug)]
pub enum What {
    Motion,
    /// A press, or the second or third in a row.
    Press {
        button: u32,
        times: u8,
    },
    Release {
        button: u32,
    },
    Scroll {
        direction: i32,
    },
    Touch {
        /// 37 to 39: begin, update, end.
        of: i32,
        finger: u32,
        emulating: bool,
    },
    Crossing {
        enter: bool,
        mode: i32,
        detail: i32,
        subwindow: Option<Object>,
    },
    Key {
        down: bool,
        keyval: u32,
        key: Keycode,
        is_modifier: bool,
    },
    Focus(bool),
}

/// The key of a keyboard that means a keysym.
#[derive(Clone, Copy, Debug, Default)]
pub struct Keycode {
    pub code: u16,
    pub group: u8,
    /// Which of its meanings: 1 is that with shift.
    pub level: i32,
}

impl What {
    /// GdkEventType.
    fn of(self) -> i32 {
        match self {
            What::Motion => 3,
            What::Press { times, .. } => 3 + i32::from(times),
            What::Release { .. } => 7,
            What::Key { down, .. } => 9 - i32::from(down),
            What::Crossing { enter, .. } => 11 - i32::from(enter),
            What::Focus(_) => 12,
            What::Scroll { .. } => 31,
            What::Touch { of, .. } => of,
        }
    }
}

/// Writes at an offset.
struct At(*mut u8);

impl At {
    fn set<T: Copy>(&self, offset: usize, value: T) {
        // SAFETY: send() gives only offsets of the structure of the event's type, and values of the fields' sizes.
        unsafe { self.0.add(offset).cast::<T>().write_unaligned(value) }
    }
    fn pointer(&self, event: &Event, state: usize, device: usize, x_root: usize) {
        self.set(24, event.at.0);
        self.set(32, event.at.1);
        self.set(state, event.state);
        self.set(device, event.device.map_or(std::ptr::null_mut(), Object::as_ptr));
        self.set(x_root, event.root.0);
        self.set(x_root + 8, event.root.1);
    }
}

// All that follow: windows, displays and devices live while the hook runs in which they were found.
impl Put {
    /// Puts an event at the end of GDK's queue; false where that cannot be done. In GTK's thread, under its lock.
    pub fn send(&self, event: &Event) -> bool {
        let (Some(new), Some(put), Some(free)) = (self.gdk_event_new, self.gdk_event_put, self.gdk_event_free) else {
            return false;
        };
        let Some(hold) = self.g_object_ref else { return false };
        // SAFETY: a type of event that both versions have, or one of GTK 3 that only it is asked for.
        let made = unsafe { new(event.what.of()) };
        // SAFETY: it lives until it is freed below.
        let Some(object) = (unsafe { Object::from_c(made) }) else { return false };
        let at = At(made.cast());
        // SAFETY: a living window; freeing the event gives the reference back.
        at.set(8, unsafe { hold(event.window.as_ptr()) });
        match event.what {
            What::Motion => {
                at.set(20, event.time);
                at.pointer(event, 48, 56, 64);
            }
            What::Press { button, .. } | What::Release { button } => {
                at.set(20, event.time);
                at.set(52, button);
                at.pointer(event, 48, 56, 64);
            }
            What::Scroll { direction } => {
                at.set(20, event.time);
                at.set(44, direction);
                at.pointer(event, 40, 48, 56);
            }
            What::Touch { finger, emulating, .. } => {
                at.set(20, event.time);
                // A number that is never followed, and not 0, which is no finger.
                at.set(56, finger as usize | 1 << 32);
                at.set(64, c_int::from(emulating));
                at.pointer(event, 48, 72, 80);
            }
            What::Crossing { mode, detail, subwindow, .. } => {
                // SAFETY: as of the window.
                at.set(24, subwindow.map_or(std::ptr::null_mut(), |window| unsafe { hold(window.as_ptr()) }));
                at.set(32, event.time);
                for (offset, value) in [(40, event.at.0), (48, event.at.1), (56, event.root.0), (64, event.root.1)] {
                    at.set(offset, value);
                }
                at.set(72, mode);
                at.set(76, detail);
                at.set(84, event.state);
            }
            What::Key { keyval, key, is_modifier, .. } => {
                at.set(20, event.time);
                at.set(24, event.state);
                at.set(28, keyval);
                let (text, length) = self.text(keyval);
                at.set(32, length);
                at.set(40, text);
                at.set(48, key.code);
                at.set(50, key.group);
                at.set(51, u8::from(is_modifier));
            }
            What::Focus(into) => at.set(18, i16::from(into)),
        }
        if let Some(device) = event.device {
            // GTK 2 has it in the structure only.
            self.gdk_event_set_device(object, device);
        }
        // SAFETY: a whole event, of which GDK takes a copy; ours is not used any more.
        unsafe {
            put(made);
            free(made);
        }
        true
    }

    /// What a key types, as GLib's text, and its length; GDK frees it with the event.
    fn text(&self, keyval: u32) -> (*mut c_char, c_int) {
        let letter = self.gdk_keyval_to_unicode(keyval).and_then(char::from_u32).filter(|letter| !letter.is_control());
        let mut bytes = [0; 4];
        let text = letter.map_or("", |letter| letter.encode_utf8(&mut bytes));
        // SAFETY: so many bytes are there, and GLib copies them.
        let copy =
            self.g_strndup.map_or(std::ptr::null_mut(), |copy| unsafe { copy(text.as_ptr().cast(), text.len()) });
        (copy, text.len() as c_int)
    }

    /// A place of a window's parent in the window.
    pub fn in_child(&self, window: Object, (x, y): (f64, f64)) -> (f64, f64) {
        let (mut inner_x, mut inner_y) = (x, y);
        if let Some(convert) = self.gdk_window_coords_from_parent {
            // SAFETY: a living window, and two numbers to write to.
            unsafe { convert(window.as_ptr(), x, y, &mut inner_x, &mut inner_y) };
        }
        (inner_x, inner_y)
    }

    /// Where a window's left top corner is on the root.
    pub fn root(&self, window: Object) -> (f64, f64) {
        let (mut x, mut y) = (0, 0);
        if let Some(get) = self.gdk_window_get_root_coords {
            // SAFETY: as above.
            unsafe { get(window.as_ptr(), 0, 0, &mut x, &mut y) };
        }
        (x.into(), y.into())
    }

    /// The window that has grabbed the pointer for the program, and whether others of it get what is theirs.
    pub fn grab(&self, display: Object, pointer: Object) -> Option<(Object, bool)> {
        let (mut window, mut owner_events) = (std::ptr::null_mut(), 0);
        let display = display.as_ptr();
        // SAFETY: a display and one of its devices; what is to be written to is there.
        let grabbed = unsafe {
            match (self.gdk_device_grab_info_libgtk_only, self.gdk_pointer_grab_info_libgtk_only) {
                (Some(info), _) => info(display, pointer.as_ptr(), &mut window, &mut owner_events),
                (None, Some(info)) => info(display, &mut window, &mut owner_events),
                (None, None) => 0,
            }
        };
        // SAFETY: a window that has a grab lives.
        let window = if grabbed != 0 { unsafe { Object::from_c(window) } } else { None };
        window.map(|window| (window, owner_events != 0))
    }

    /// The key that means a keysym with the fewest others held; `None` where the keyboard has none.
    pub fn keycode(&self, keymap: Object, keyval: u32, glib: &Glib) -> Option<Keycode> {
        let (get, free) = (self.gdk_keymap_get_entries_for_keyval?, glib.g_free?);
        let (mut keys, mut count) = (std::ptr::null_mut(), 0);
        // SAFETY: a keymap; GDK makes an array of so many keys, which is ours to free.
        unsafe {
            if get(keymap.as_ptr(), keyval, &mut keys, &mut count) == 0 || keys.is_null() {
                return None;
            }
            let all = std::slice::from_raw_parts(keys, count.max(0) as usize);
            let least = all.iter().min_by_key(|key| (key.group, key.level));
            let found = least.map(|key| Keycode { code: key.keycode as u16, group: key.group as u8, level: key.level });
            free(keys.cast());
            found
        }
    }

    /// What a key means with modifiers held.
    pub fn meaning(&self, keymap: Object, key: Keycode, state: u32) -> Option<u32> {
        let translate = self.gdk_keymap_translate_keyboard_state?;
        let (mut keyval, mut group, mut level, mut consumed) = (0, 0, 0, 0);
        let (code, of) = (key.code.into(), key.group.into());
        // SAFETY: a keymap; what is to be written to is there.
        let means = unsafe {
            translate(keymap.as_ptr(), code, state as c_int, of, &mut keyval, &mut group, &mut level, &mut consumed)
        };
        (means != 0 && keyval != 0).then_some(keyval)
    }
}
