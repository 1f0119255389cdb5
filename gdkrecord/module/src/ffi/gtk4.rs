//! The functions of GTK 4 and of the libraries below it that the recorder calls, found by name at run time.
//!
//! [`Handle`] is an object that a hook was given; it is used only while that hook runs. The safe methods here
//! are those that any live object of the named class may be asked at any time.
#![allow(unsafe_code)]

pub mod contexts;
pub mod event;
pub mod got;
pub mod hooks;
pub mod surface;
pub mod widgets;

use std::ffi::{CStr, c_char, c_int, c_ulong, c_void};
use std::ptr::NonNull;

use super::{Library, Object, Ptr};

/// A live object (or GTK 4 event) inside a hook that was given it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Handle(NonNull<c_void>);

/// GValue, of which only the size matters here.
#[repr(C)]
pub struct GValue([u64; 3]);

/// cairo_rectangle_int_t.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct IntRect {
    pub x: c_int,
    pub y: c_int,
    pub width: c_int,
    pub height: c_int,
}

/// A callback of g_signal_add_emission_hook.
pub type EmissionHook = unsafe extern "C-unwind" fn(Ptr, u32, *const GValue, Ptr) -> c_int;
/// A callback of g_object_weak_ref.
pub type WeakNotify = unsafe extern "C-unwind" fn(Ptr, Ptr);

macro_rules! functions {
    (
        required { $($name:ident: $of:ty,)* }
        optional { $($maybe:ident: $maybe_of:ty,)* }
    ) => {
        /// Every function that is called.
        pub struct Api {
            $(pub(super) $name: $of,)*
            $(pub(super) $maybe: Option<$maybe_of>,)*
        }

        impl Api {
            /// Looks all functions up; `Err` names the first that is missing.
            pub fn load(library: Library) -> Result<Api, &'static str> {
                fn name(with_nul: &'static str) -> &'static CStr {
                    CStr::from_bytes_with_nul(with_nul.as_bytes()).unwrap_or_default()
                }
                Ok(Api {
                    $($name: {
                        let at = library.symbol(name(concat!(stringify!($name), "\0")));
                        if at.is_null() {
                            return Err(stringify!($name));
                        }
                        // SAFETY: the library exports this name with this signature.
                        unsafe { std::mem::transmute::<Ptr, $of>(at) }
                    },)*
                    $($maybe: {
                        let at = library.symbol(name(concat!(stringify!($maybe), "\0")));
                        // SAFETY: NULL is None; otherwise as above.
                        unsafe { std::mem::transmute::<Ptr, Option<$maybe_of>>(at) }
                    },)*
                })
            }
        }
    };
}

functions! {
    required {
        g_type_class_ref: unsafe extern "C-unwind" fn(usize) -> Ptr,
        g_type_class_peek: unsafe extern "C-unwind" fn(usize) -> Ptr,
        g_type_children: unsafe extern "C-unwind" fn(usize, *mut u32) -> *mut usize,
        g_type_parent: unsafe extern "C-unwind" fn(usize) -> usize,
        g_type_name: unsafe extern "C-unwind" fn(usize) -> *const c_char,
        g_type_is_a: unsafe extern "C-unwind" fn(usize, usize) -> c_int,
        g_free: unsafe extern "C-unwind" fn(Ptr),
        g_signal_lookup: unsafe extern "C-unwind" fn(*const c_char, usize) -> u32,
        g_signal_add_emission_hook: unsafe extern "C-unwind" fn(u32, u32, EmissionHook, Ptr, Ptr) -> c_ulong,
        g_signal_emit: unsafe extern "C-unwind" fn(Ptr, u32, u32, ...),
        g_object_unref: unsafe extern "C-unwind" fn(Ptr),
        g_object_weak_ref: unsafe extern "C-unwind" fn(Ptr, WeakNotify, Ptr),
        g_value_peek_pointer: unsafe extern "C-unwind" fn(*const GValue) -> Ptr,
        g_list_model_get_n_items: unsafe extern "C-unwind" fn(Ptr) -> u32,
        g_list_model_get_item: unsafe extern "C-unwind" fn(Ptr, u32) -> Ptr,
        cairo_region_num_rectangles: unsafe extern "C-unwind" fn(Ptr) -> c_int,
        cairo_region_get_rectangle: unsafe extern "C-unwind" fn(Ptr, c_int, *mut IntRect),
        gdk_surface_get_type: unsafe extern "C-unwind" fn() -> usize,
        gdk_toplevel_get_type: unsafe extern "C-unwind" fn() -> usize,
        gdk_popup_get_type: unsafe extern "C-unwind" fn() -> usize,
        gdk_drag_surface_get_type: unsafe extern "C-unwind" fn() -> usize,
        gdk_frame_clock_get_type: unsafe extern "C-unwind" fn() -> usize,
        gdk_draw_context_get_type: unsafe extern "C-unwind" fn() -> usize,
        gdk_surface_get_width: unsafe extern "C-unwind" fn(Ptr) -> c_int,
        gdk_surface_get_height: unsafe extern "C-unwind" fn(Ptr) -> c_int,
        gdk_surface_get_mapped: unsafe extern "C-unwind" fn(Ptr) -> c_int,
        gdk_surface_is_destroyed: unsafe extern "C-unwind" fn(Ptr) -> c_int,
        gdk_surface_get_scale_factor: unsafe extern "C-unwind" fn(Ptr) -> c_int,
        gdk_surface_get_frame_clock: unsafe extern "C-unwind" fn(Ptr) -> Ptr,
        gdk_surface_get_display: unsafe extern "C-unwind" fn(Ptr) -> Ptr,
        gdk_frame_clock_get_frame_counter: unsafe extern "C-unwind" fn(Ptr) -> i64,
        gdk_popup_get_parent: unsafe extern "C-unwind" fn(Ptr) -> Ptr,
        gdk_popup_get_position_x: unsafe extern "C-unwind" fn(Ptr) -> c_int,
        gdk_popup_get_position_y: unsafe extern "C-unwind" fn(Ptr) -> c_int,
        gdk_draw_context_get_surface: unsafe extern "C-unwind" fn(Ptr) -> Ptr,
        gdk_draw_context_get_frame_region: unsafe extern "C-unwind" fn(Ptr) -> Ptr,
        gdk_device_get_name: unsafe extern "C-unwind" fn(Ptr) -> *const c_char,
        gdk_device_get_source: unsafe extern "C-unwind" fn(Ptr) -> c_int,
        gdk_event_get_event_type: unsafe extern "C-unwind" fn(Ptr) -> c_int,
        gdk_event_get_surface: unsafe extern "C-unwind" fn(Ptr) -> Ptr,
        gdk_event_get_device: unsafe extern "C-unwind" fn(Ptr) -> Ptr,
        gdk_event_get_time: unsafe extern "C-unwind" fn(Ptr) -> u32,
        gdk_event_get_modifier_state: unsafe extern "C-unwind" fn(Ptr) -> u32,
        gdk_event_get_position: unsafe extern "C-unwind" fn(Ptr, *mut f64, *mut f64) -> c_int,
        gdk_event_get_event_sequence: unsafe extern "C-unwind" fn(Ptr) -> Ptr,
        gdk_button_event_get_button: unsafe extern "C-unwind" fn(Ptr) -> u32,
        gdk_key_event_get_keyval: unsafe extern "C-unwind" fn(Ptr) -> u32,
        gdk_key_event_get_keycode: unsafe extern "C-unwind" fn(Ptr) -> u32,
        gdk_key_event_get_layout: unsafe extern "C-unwind" fn(Ptr) -> u32,
        gdk_key_event_is_modifier: unsafe extern "C-unwind" fn(Ptr) -> c_int,
        gdk_scroll_event_get_direction: unsafe extern "C-unwind" fn(Ptr) -> c_int,
        gdk_scroll_event_get_deltas: unsafe extern "C-unwind" fn(Ptr, *mut f64, *mut f64),
        gdk_scroll_event_is_stop: unsafe extern "C-unwind" fn(Ptr) -> c_int,
        gdk_touch_event_get_emulating_pointer: unsafe extern "C-unwind" fn(Ptr) -> c_int,
        gdk_crossing_event_get_mode: unsafe extern "C-unwind" fn(Ptr) -> c_int,
        gdk_crossing_event_get_detail: unsafe extern "C-unwind" fn(Ptr) -> c_int,
        gdk_crossing_event_get_focus: unsafe extern "C-unwind" fn(Ptr) -> c_int,
        gdk_focus_event_get_in: unsafe extern "C-unwind" fn(Ptr) -> c_int,
        gdk_touchpad_event_get_gesture_phase: unsafe extern "C-unwind" fn(Ptr) -> c_int,
        gdk_touchpad_event_get_n_fingers: unsafe extern "C-unwind" fn(Ptr) -> u32,
        gdk_touchpad_event_get_deltas: unsafe extern "C-unwind" fn(Ptr, *mut f64, *mut f64),
        gdk_touchpad_event_get_pinch_angle_delta: unsafe extern "C-unwind" fn(Ptr) -> f64,
        gdk_touchpad_event_get_pinch_scale: unsafe extern "C-unwind" fn(Ptr) -> f64,
        gdk_pad_event_get_axis_value: unsafe extern "C-unwind" fn(Ptr, *mut u32, *mut f64),
        gdk_pad_event_get_button: unsafe extern "C-unwind" fn(Ptr) -> u32,
        gdk_pad_event_get_group_mode: unsafe extern "C-unwind" fn(Ptr, *mut u32, *mut u32),
        gdk_grab_broken_event_get_grab_surface: unsafe extern "C-unwind" fn(Ptr) -> Ptr,
        gdk_grab_broken_event_get_implicit: unsafe extern "C-unwind" fn(Ptr) -> c_int,
        gtk_get_minor_version: unsafe extern "C-unwind" fn() -> u32,
        gtk_native_get_for_surface: unsafe extern "C-unwind" fn(Ptr) -> Ptr,
        gtk_native_get_surface: unsafe extern "C-unwind" fn(Ptr) -> Ptr,
        gtk_native_get_renderer: unsafe extern "C-unwind" fn(Ptr) -> Ptr,
        gtk_window_get_type: unsafe extern "C-unwind" fn() -> usize,
        gtk_window_get_title: unsafe extern "C-unwind" fn(Ptr) -> *const c_char,
        gtk_widget_get_name: unsafe extern "C-unwind" fn(Ptr) -> *const c_char,
        gtk_widget_get_type: unsafe extern "C-unwind" fn() -> usize,
        gtk_layout_manager_get_type: unsafe extern "C-unwind" fn() -> usize,
        gtk_window_get_transient_for: unsafe extern "C-unwind" fn(Ptr) -> Ptr,
        gtk_window_get_modal: unsafe extern "C-unwind" fn(Ptr) -> c_int,
        gtk_window_get_toplevels: unsafe extern "C-unwind" fn() -> Ptr,
        gtk_is_initialized: unsafe extern "C-unwind" fn() -> c_int,
    }
    optional {
        gdk_surface_get_scale: unsafe extern "C-unwind" fn(Ptr) -> f64,
        gdk_x11_surface_get_type: unsafe extern "C-unwind" fn() -> usize,
        gdk_x11_surface_get_xid: unsafe extern "C-unwind" fn(Ptr) -> c_ulong,
        gdk_x11_display_get_type: unsafe extern "C-unwind" fn() -> usize,
    }
}

impl Handle {
    /// `None` for NULL. The object must be alive while the handle is used: hooks drop it when they return.
    pub(super) fn new(pointer: Ptr) -> Option<Handle> {
        NonNull::new(pointer).map(Handle)
    }

    /// The C pointer.
    pub(super) fn ptr(self) -> Ptr {
        self.0.as_ptr()
    }

    /// The same for the tables that all toolkits share.
    pub fn object(self) -> Object {
        Object(self.0)
    }

    /// Tells objects apart; an address is used again after an object's death.
    pub fn address(self) -> usize {
        self.ptr() as usize
    }

    /// The address of its class structure.
    pub fn class(self) -> usize {
        // SAFETY: every GTypeInstance begins with the pointer to its class, which is never NULL.
        unsafe { *self.ptr().cast::<usize>() }
    }

    /// Its GType.
    pub fn gtype(self) -> usize {
        // SAFETY: every class structure begins with its type.
        unsafe { *(self.class() as *const usize) }
    }
}

/// Copies a C string; empty for NULL.
///
/// # Safety
/// `text` is NULL or a C string.
pub(super) unsafe fn copied(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: promised by the caller.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

// All that follow: the handles are alive (see Handle) and of the class that the method's name says; the
// functions only read.
impl Api {
    /// A type's name.
    pub fn type_name(&self, gtype: usize) -> String {
        // SAFETY: any number may be asked; unknown types give NULL.
        unsafe { copied((self.g_type_name)(gtype)) }
    }

    /// Whether an object's class is, or derives from, a type.
    pub fn is_a(&self, object: Handle, gtype: usize) -> bool {
        // SAFETY: see above.
        unsafe { (self.g_type_is_a)(object.gtype(), gtype) != 0 }
    }

    /// GTK 4's minor version.
    pub fn minor(&self) -> u32 {
        // SAFETY: takes nothing.
        unsafe { (self.gtk_get_minor_version)() }
    }

    /// The rectangles of a cairo region are appended.
    ///
    /// # Safety
    /// `region` is NULL or a live cairo_region_t.
    pub(super) unsafe fn rectangles(&self, region: Ptr, out: &mut Vec<gdkrecord::Rect>) {
        if region.is_null() {
            return;
        }
        // SAFETY: promised by the caller; indices are below the count.
        unsafe {
            for index in 0..(self.cairo_region_num_rectangles)(region) {
                let mut rect = IntRect::default();
                (self.cairo_region_get_rectangle)(region, index, &mut rect);
                out.push(gdkrecord::Rect::new(rect.x, rect.y, rect.width, rect.height));
            }
        }
    }

    /// Calls `each` with every initialised class of the tree below (and with) `gtype`.
    pub(super) fn each_class(&self, gtype: usize, each: &mut dyn FnMut(usize, *mut usize)) {
        // SAFETY: peek gives NULL or a class that lives for ever (static types); children gives a list to free.
        unsafe {
            let class = (self.g_type_class_peek)(gtype);
            if !class.is_null() {
                each(gtype, class.cast());
            }
            let mut count = 0;
            let children = (self.g_type_children)(gtype, &mut count);
            for index in 0..count as usize {
                self.each_class(*children.add(index), each);
            }
            (self.g_free)(children.cast());
        }
    }

    /// Puts `hook` in place of the function at `offset` bytes of a base class and of every class that inherited
    /// it so far; later ones copy it. Gives the original, which `keep` gets before the first class is changed.
    pub(super) fn replace(&self, gtype: usize, offset: usize, hook: usize, keep: &dyn Fn(usize)) -> bool {
        // SAFETY: a class of that type is at least offset + 8 bytes long; class structures are writable heap.
        unsafe {
            let base = (self.g_type_class_ref)(gtype);
            if base.is_null() {
                return false;
            }
            let original = *base.byte_add(offset).cast::<usize>();
            if original == hook {
                return true;
            }
            keep(original);
            self.each_class(gtype, &mut |_, class| {
                let slot = class.byte_add(offset);
                if *slot == original {
                    *slot = hook;
                }
            });
        }
        true
    }

    /// Adds an emission hook; false where the class has no such signal.
    pub(super) fn on_emission(&self, gtype: usize, signal: &CStr, hook: EmissionHook) -> bool {
        // SAFETY: the class is initialised first, so that its signals exist; the hook is static code.
        unsafe {
            (self.g_type_class_ref)(gtype);
            let id = (self.g_signal_lookup)(signal.as_ptr(), gtype);
            let null = std::ptr::null_mut();
            id != 0 && (self.g_signal_add_emission_hook)(id, 0, hook, null, null) != 0
        }
    }
}

impl Api {
    /// Where g_signal_emit is.
    pub(super) fn emit_address(&self) -> usize {
        self.g_signal_emit as *const () as usize
    }

    /// An address in libgtk-4.
    pub(super) fn libgtk_address(&self) -> usize {
        self.gdk_surface_get_type as *const () as usize
    }
}
