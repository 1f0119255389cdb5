//! What a GTK 4 surface, its popup side, its widget and its frame clock can be asked.
#![allow(unsafe_code)]

use std::ffi::CStr;

use super::{Api, Handle, Ptr, copied};
use crate::ffi::Object;

/// A surface in a hook.
#[derive(Clone, Copy)]
pub struct Surface<'a> {
    /// The functions.
    pub api: &'a Api,
    /// The GdkSurface.
    pub handle: Handle,
}

// SAFETY (all that follow): the handle is a live GdkSurface; getters only read, and those of an interface are
// asked only after the type was checked.
impl<'a> Surface<'a> {
    fn ptr(self) -> Ptr {
        self.handle.ptr()
    }

    /// Width and height in application pixels.
    pub fn size(self) -> (i32, i32) {
        // SAFETY: see above.
        unsafe { ((self.api.gdk_surface_get_width)(self.ptr()), (self.api.gdk_surface_get_height)(self.ptr())) }
    }

    /// Device pixels for an application pixel.
    pub fn scale(self) -> f64 {
        // SAFETY: see above.
        unsafe {
            match self.api.gdk_surface_get_scale {
                Some(get) => get(self.ptr()),
                None => f64::from((self.api.gdk_surface_get_scale_factor)(self.ptr())),
            }
        }
    }

    /// Whether it is shown.
    pub fn mapped(self) -> bool {
        // SAFETY: see above.
        unsafe { (self.api.gdk_surface_get_mapped)(self.ptr()) != 0 }
    }

    /// Whether it was destroyed, though the object lives.
    pub fn destroyed(self) -> bool {
        // SAFETY: see above.
        unsafe { (self.api.gdk_surface_is_destroyed)(self.ptr()) != 0 }
    }

    /// Whether it is a top-level.
    pub fn is_toplevel(self) -> bool {
        // SAFETY: see above.
        self.api.is_a(self.handle, unsafe { (self.api.gdk_toplevel_get_type)() })
    }

    /// Whether it is a popup.
    pub fn is_popup(self) -> bool {
        // SAFETY: see above.
        self.api.is_a(self.handle, unsafe { (self.api.gdk_popup_get_type)() })
    }

    /// Whether it is what is dragged.
    pub fn is_drag(self) -> bool {
        // SAFETY: see above.
        self.api.is_a(self.handle, unsafe { (self.api.gdk_drag_surface_get_type)() })
    }

    /// A popup's parent.
    pub fn popup_parent(self) -> Option<Handle> {
        if !self.is_popup() || self.destroyed() {
            return None;
        }
        // SAFETY: see above; a live popup holds its parent.
        unsafe { Handle::new((self.api.gdk_popup_get_parent)(self.ptr())) }
    }

    /// A popup's place in its parent.
    pub fn popup_position(self) -> Option<(i32, i32)> {
        if !self.is_popup() || self.destroyed() {
            return None;
        }
        // SAFETY: see above.
        unsafe {
            Some(((self.api.gdk_popup_get_position_x)(self.ptr()), (self.api.gdk_popup_get_position_y)(self.ptr())))
        }
    }

    /// The X window id; 0 where there is none.
    pub fn xid(self) -> u32 {
        // SAFETY: asked of X11 surfaces only.
        unsafe {
            match (self.api.gdk_x11_surface_get_type, self.api.gdk_x11_surface_get_xid) {
                (Some(gtype), Some(xid)) if self.api.is_a(self.handle, gtype()) => xid(self.ptr()) as u32,
                _ => 0,
            }
        }
    }

    /// The title of the window that owns it: GDK's X11 surfaces do not tell theirs.
    pub fn title(self) -> String {
        // SAFETY: a live window; its title is copied at once.
        self.window()
            .map_or_else(String::new, |window| unsafe { copied((self.api.gtk_window_get_title)(window.ptr())) })
    }

    /// The window that owns it.
    fn window(self) -> Option<Handle> {
        let widget = self.native().filter(|_| self.is_toplevel() && !self.destroyed())?;
        // SAFETY: takes nothing.
        self.api.is_a(widget, unsafe { (self.api.gtk_window_get_type)() }).then_some(widget)
    }

    /// The surface that a top-level belongs to, and whether it is modal: asked of the window as well.
    pub fn transient_for(self) -> (Option<Handle>, bool) {
        let Some(window) = self.window() else { return (None, false) };
        // SAFETY: a live window, whose parent it holds; a window that is not realized has no surface.
        unsafe {
            let parent = (self.api.gtk_window_get_transient_for)(window.ptr());
            let surface =
                if parent.is_null() { std::ptr::null_mut() } else { (self.api.gtk_native_get_surface)(parent) };
            (Handle::new(surface), (self.api.gtk_window_get_modal)(window.ptr()) != 0)
        }
    }

    fn native(self) -> Option<Handle> {
        // SAFETY: see above.
        unsafe { Handle::new((self.api.gtk_native_get_for_surface)(self.ptr())) }
    }

    /// The class and the name of the widget that owns it; no name where the application gave none.
    pub fn owner(self) -> Option<(String, String)> {
        let widget = self.native()?;
        let class = self.api.type_name(widget.gtype());
        // SAFETY: a GtkNative is a widget; its name lives as long as nobody sets another.
        let name = unsafe { copied((self.api.gtk_widget_get_name)(widget.ptr())) };
        let given = if name == class { String::new() } else { name };
        Some((class, given))
    }

    /// The renderer's type.
    pub fn renderer(self) -> Option<usize> {
        let native = self.native()?;
        // SAFETY: see above.
        let renderer = unsafe { Handle::new((self.api.gtk_native_get_renderer)(native.ptr())) }?;
        Some(renderer.gtype())
    }

    /// Its display.
    pub fn display(self) -> Option<Handle> {
        // SAFETY: see above.
        unsafe { Handle::new((self.api.gdk_surface_get_display)(self.ptr())) }
    }

    /// Its frame clock; a popup's is its parent's.
    pub fn clock(self) -> Option<Object> {
        if self.destroyed() {
            return None;
        }
        // SAFETY: see above; the clock lives as long as the surface holds it, and may be missing.
        unsafe { Object::from_c((self.api.gdk_surface_get_frame_clock)(self.ptr())) }
    }

    /// The counter of its frame clock; 0 where it has none.
    pub fn frame(self) -> u32 {
        // SAFETY: a living clock.
        self.clock().map_or(0, |clock| unsafe { (self.api.gdk_frame_clock_get_frame_counter)(clock.as_ptr()) as u32 })
    }
}

impl Api {
    /// The surfaces of all windows that exist already; none before GTK is initialised.
    pub fn existing_surfaces(&self, each: &mut dyn FnMut(Handle)) {
        // SAFETY: the model is owned by GTK; items come with a reference, given back after use.
        unsafe {
            if (self.gtk_is_initialized)() == 0 {
                return;
            }
            let windows = (self.gtk_window_get_toplevels)();
            for index in 0..(self.g_list_model_get_n_items)(windows) {
                let window = (self.g_list_model_get_item)(windows, index);
                if window.is_null() {
                    continue;
                }
                if let Some(surface) = Handle::new((self.gtk_native_get_surface)(window)) {
                    each(surface);
                }
                (self.g_object_unref)(window);
            }
        }
    }
}

/// The name of a GParamSpec.
///
/// # Safety
/// `spec` is a live GParamSpec.
pub(super) unsafe fn spec_name<'a>(spec: Ptr) -> &'a CStr {
    // SAFETY: the name is the second pointer of the public structure.
    unsafe { CStr::from_ptr(*spec.cast::<*const std::ffi::c_char>().add(1)) }
}
