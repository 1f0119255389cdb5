//! GDK and GTK 2 and 3, and the frame clock, which GTK 4 has too.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int};

use gdkrecord::Rect;

use super::glib::{Glib, List, list};
use super::memory::{self, Word};
use super::names;
use super::{GType, Object, Ptr, functions, text};

/// `GdkEventFunc`.
pub type EventFunc = unsafe extern "C-unwind" fn(Ptr, Ptr);

/// `GdkRectangle`, `cairo_rectangle_int_t`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Rectangle {
    x: c_int,
    y: c_int,
    pub width: c_int,
    pub height: c_int,
}

functions! {
    /// The functions.
    Gdk {
        fn gdk_frame_clock_get_type() -> GType;
        fn gdk_frame_clock_get_frame_counter(clock: Object) -> i64;
        fn gdk_frame_clock_get_timings(clock: Object, counter: i64) -> Option<Object>;
        fn gdk_frame_timings_ref(timings: Object) -> Option<Object>;
        fn gdk_frame_timings_unref(timings: Object);
        fn gdk_frame_timings_get_complete(timings: Object) -> c_int;
        fn gdk_frame_timings_get_presentation_time(timings: Object) -> i64;
        fn gdk_frame_timings_get_predicted_presentation_time(timings: Object) -> i64;
        fn gdk_frame_timings_get_refresh_interval(timings: Object) -> i64;
        fn gdk_window_get_window_type(window: Object) -> c_int;
        fn gdk_window_is_destroyed(window: Object) -> c_int;
        fn gdk_window_is_visible(window: Object) -> c_int;
        fn gdk_window_get_width(window: Object) -> c_int;
        fn gdk_window_get_height(window: Object) -> c_int;
        fn gdk_window_get_scale_factor(window: Object) -> c_int;
        fn gdk_window_has_native(window: Object) -> c_int;
        fn gdk_window_get_frame_clock(window: Object) -> Option<Object>;
        fn gdk_window_get_parent(window: Object) -> Option<Object>;
        fn gdk_x11_window_get_xid(window: Object) -> usize;
        fn gdk_x11_drawable_get_xid(window: Object) -> usize;
        fn gdk_screen_get_default() -> Option<Object>;
        fn gdk_device_get_source(device: Object) -> c_int;
        fn gdk_event_get_device(event: Object) -> Option<Object>;
        fn gdk_event_get_source_device(event: Object) -> Option<Object>;
        fn gdk_event_get_pointer_emulated(event: Object) -> c_int;
        fn gdk_display_get_default() -> Option<Object>;
        fn gtk_window_get_type() -> GType;
        fn gdk_window_get_type() -> GType;
        fn gdk_window_object_get_type() -> GType;
        fn gdk_x11_window_get_type() -> GType;
        fn gdk_wayland_window_get_type() -> GType;
        fn gdk_broadway_window_get_type() -> GType;
        raw gdk_window_get_position(Ptr, *mut c_int, *mut c_int);
        raw gdk_window_get_user_data(Ptr, *mut Ptr);
        raw gdk_window_peek_children(Ptr) -> *mut List;
        raw gdk_screen_get_toplevel_windows(Ptr) -> *mut List;
        raw gdk_device_get_name(Ptr) -> *const c_char;
        raw gdk_display_get_name(Ptr) -> *const c_char;
        raw gdk_atom_name(Ptr) -> *mut c_char;
        raw gdk_region_get_rectangles(Ptr, *mut *mut Rectangle, *mut c_int);
        raw gdk_event_handler_set(EventFunc, Ptr, Ptr);
        raw gtk_main_do_event(Ptr);
        raw gtk_window_get_title(Ptr) -> *const c_char;
        raw gtk_widget_get_name(Ptr) -> *const c_char;
        raw gdk_threads_add_idle_full(c_int, super::glib::DispatchFunc, Ptr, Ptr) -> u32;
        raw g_source_remove(u32) -> c_int;
        raw cairo_region_num_rectangles(Ptr) -> c_int;
        raw cairo_region_get_rectangle(Ptr, c_int, *mut Rectangle);
    }
}

unsafe extern "C-unwind" fn nothing(_: Ptr, _: Ptr, _: Ptr) -> c_int {
    0
}

impl Gdk {
    /// Whether code lies in the same file as GDK.
    pub fn is_in_library(&self, code: usize) -> bool {
        self.gdk_display_get_default.is_some_and(|gdk| names::base_of(gdk as usize) == names::base_of(code))
    }

    /// Where libgdk keeps the handler of all events.
    ///
    /// Usually GTK's own is there. Where it is not, a handler is set in a copy of the process to see where it goes:
    /// setting one here would make GDK free the data of the application's.
    pub fn event_handler_slot(&self, handler: EventFunc) -> Option<Word> {
        let set = self.gdk_event_handler_set?;
        let usual = self.gtk_main_do_event.and_then(|usual| Word::find(set as usize, usual as usize));
        usual.or_else(|| {
            memory::in_copy(|| {
                // SAFETY: a handler of the right type, which needs no data and is never freed.
                unsafe { set(handler, std::ptr::null_mut(), std::ptr::null_mut()) };
                Word::find(set as usize, handler as usize)
            })
        })
    }

    /// The address of libgdk's function that wraps callbacks of gdk_threads_add_idle and the like; 0 if unknown.
    pub fn threads_dispatch(&self, glib: &Glib) -> usize {
        let (Some(add), Some(remove)) = (self.gdk_threads_add_idle_full, self.g_source_remove) else { return 0 };
        // SAFETY: an idle source that is removed before it can run.
        unsafe {
            let id = add(1000, nothing, std::ptr::null_mut(), std::ptr::null_mut());
            let callback = glib.callback_of_source(id).unwrap_or(0);
            remove(id);
            if callback == nothing as *const () as usize { 0 } else { callback }
        }
    }

    /// Left and top edge in the parent, or for a top-level on the root.
    pub fn position(&self, window: Object) -> (i32, i32) {
        let (mut x, mut y) = (0, 0);
        if let Some(get) = self.gdk_window_get_position {
            // SAFETY: a living window; the numbers are filled in.
            unsafe { get(window.as_ptr(), &mut x, &mut y) };
        }
        (x, y)
    }

    /// The widget that owns a window.
    pub fn owner(&self, window: Object) -> Option<Object> {
        let mut widget = std::ptr::null_mut();
        // SAFETY: a living window; GTK sets the user data of its windows to their widgets.
        unsafe {
            self.gdk_window_get_user_data?(window.as_ptr(), &mut widget);
            Object::from_c(widget)
        }
    }

    /// The children of a window.
    pub fn children(&self, window: Object) -> Vec<Object> {
        // SAFETY: a living window; the list is GDK's own and is read before anything else happens.
        self.gdk_window_peek_children.map_or(Vec::new(), |peek| unsafe { list(peek(window.as_ptr())) })
    }

    /// The top-levels of the default screen.
    pub fn toplevels(&self, glib: &Glib) -> Vec<Object> {
        let screen = self.gdk_screen_get_default().flatten();
        let (Some(get), Some(free), Some(screen)) = (self.gdk_screen_get_toplevel_windows, glib.g_list_free, screen)
        else {
            return Vec::new();
        };
        // SAFETY: a living screen; the list belongs to us, its windows do not.
        unsafe {
            let all = get(screen.as_ptr());
            let windows = list(all);
            free(all);
            windows
        }
    }

    /// A device's name.
    pub fn device_name(&self, device: Object) -> String {
        // SAFETY: a living device.
        self.gdk_device_get_name.and_then(|get| unsafe { text(get(device.as_ptr())) }).unwrap_or_default()
    }

    /// The name of the default display, where one is open.
    pub fn display_name(&self) -> Option<(Object, String)> {
        let display = self.gdk_display_get_default().flatten()?;
        // SAFETY: a living display.
        Some((display, unsafe { text(self.gdk_display_get_name?(display.as_ptr())) }?))
    }

    /// The name of an atom.
    pub fn atom(&self, atom: usize, glib: &Glib) -> String {
        let (Some(name), Some(free)) = (self.gdk_atom_name, glib.g_free) else { return String::new() };
        // SAFETY: an atom of an event; the name belongs to us.
        unsafe {
            let given = name(atom as Ptr);
            let copy = text(given).unwrap_or_default();
            free(given.cast());
            copy
        }
    }

    /// The title of a GtkWindow where it is not this one.
    pub fn other_title(&self, widget: Object, known: &str) -> Option<String> {
        // SAFETY: the caller asked whether it is a GtkWindow.
        let title = unsafe { self.gtk_window_get_title?(widget.as_ptr()) };
        // SAFETY: GTK's own text, which ends in a zero byte.
        let same = title.is_null() || unsafe { CStr::from_ptr(title) }.to_bytes() == known.as_bytes();
        // SAFETY: as above.
        if same { None } else { unsafe { text(title) } }
    }

    /// The name of a widget, which is its class's name where it was given none.
    pub fn widget_name(&self, widget: Object) -> Option<String> {
        // SAFETY: the owner of a window is a widget.
        unsafe { text(self.gtk_widget_get_name?(widget.as_ptr())) }
    }

    /// What GTK does with an event.
    ///
    /// # Safety
    /// A living event, in GTK's thread.
    pub unsafe fn main_do_event(&self, event: Ptr) {
        if let Some(call) = self.gtk_main_do_event {
            // SAFETY: the caller's promise.
            unsafe { call(event) };
        }
    }

    /// The rectangles of a cairo region (GTK 3) or a GdkRegion (GTK 2).
    ///
    /// # Safety
    /// A living region of the toolkit's kind.
    pub unsafe fn rectangles(&self, region: Ptr, glib: &Glib) -> Vec<Rect> {
        let rect = |one: &Rectangle| Rect::new(one.x, one.y, one.width, one.height);
        if region.is_null() {
            return Vec::new();
        }
        // SAFETY: the caller's promise; indexes are below the count, and GDK's copy is ours to free.
        unsafe {
            if let (Some(get), Some(free)) = (self.gdk_region_get_rectangles, glib.g_free) {
                let (mut all, mut count) = (std::ptr::null_mut(), 0);
                get(region, &mut all, &mut count);
                let rects = if all.is_null() {
                    Vec::new()
                } else {
                    std::slice::from_raw_parts(all, count.max(0) as usize).iter().map(rect).collect()
                };
                free(all.cast());
                return rects;
            }
            let (Some(count), Some(get)) = (self.cairo_region_num_rectangles, self.cairo_region_get_rectangle) else {
                return Vec::new();
            };
            let one = |at| {
                let mut one = Rectangle::default();
                get(region, at, &mut one);
                rect(&one)
            };
            (0..count(region)).map(one).collect()
        }
    }
}
