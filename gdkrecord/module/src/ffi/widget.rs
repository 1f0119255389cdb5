//! Widgets of GTK 2, 3 and 4: which one input goes to, where it stands in its tree, and what it shows.
//!
//! GTK is asked only from its own thread (GTK 2 and 3: under its lock), inside a hook that was given an event.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int};

use super::gdk::Rectangle;
use super::glib::Glib;
use super::{GType, Object, Ptr, functions, text};
use crate::recorder::Toolkit;

type Each = unsafe extern "C-unwind" fn(Ptr, Ptr);

functions! {
    /// The functions.
    Widgets {
        fn gtk_get_event_widget(event: Object) -> Option<Object>;
        fn gtk_grab_get_current() -> Option<Object>;
        fn gtk_widget_get_toplevel(widget: Object) -> Option<Object>;
        fn gtk_widget_get_window(widget: Object) -> Option<Object>;
        fn gtk_widget_is_ancestor(widget: Object, ancestor: Object) -> c_int;
        fn gtk_widget_get_parent(widget: Object) -> Option<Object>;
        fn gtk_widget_get_mapped(widget: Object) -> c_int;
        fn gtk_widget_is_sensitive(widget: Object) -> c_int;
        fn gtk_window_get_type() -> GType;
        fn gtk_window_get_focus(window: Object) -> Option<Object>;
        fn gtk_label_get_type() -> GType;
        fn gtk_inscription_get_type() -> GType;
        fn gtk_container_get_type() -> GType;
        fn gtk_native_get_for_surface(surface: Object) -> Option<Object>;
        fn gtk_widget_get_root(widget: Object) -> Option<Object>;
        fn gtk_root_get_focus(root: Object) -> Option<Object>;
        fn gtk_widget_get_first_child(widget: Object) -> Option<Object>;
        fn gtk_widget_get_next_sibling(widget: Object) -> Option<Object>;
        fn g_type_parent(of: GType) -> GType;
        raw g_type_name(GType) -> *const c_char;
        raw gtk_container_forall(Ptr, Each, Ptr);
        raw gtk_widget_pick(Ptr, f64, f64, c_int) -> Ptr;
        raw gtk_native_get_surface_transform(Ptr, *mut f64, *mut f64);
        raw gtk_widget_compute_bounds(Ptr, Ptr, *mut Bounds) -> c_int;
        raw gtk_widget_translate_coordinates(Ptr, Ptr, c_int, c_int, *mut c_int, *mut c_int) -> c_int;
        raw gtk_widget_get_allocation(Ptr, *mut Rectangle);
        raw gtk_label_get_text(Ptr) -> *const c_char;
        raw gtk_inscription_get_text(Ptr) -> *const c_char;
        raw gtk_widget_get_tooltip_text(Ptr) -> *mut c_char;
        raw gtk_buildable_get_name(Ptr) -> *const c_char;
        raw gtk_buildable_get_buildable_id(Ptr) -> *const c_char;
    }
}

/// `graphene_rect_t`.
#[repr(C)]
#[derive(Default)]
pub struct Bounds {
    x: f32,
    y: f32,
    width: f32,
    height: f32,
}

unsafe extern "C-unwind" fn collect(widget: Ptr, all: Ptr) {
    // SAFETY: GTK gives each child and the data of `children`, which waits for it.
    unsafe { (*all.cast::<Vec<Object>>()).extend(Object::from_c(widget)) };
}

// All that follow: widgets live while the hook runs in which they were found; getters only read.
impl Widgets {
    /// Its children in their order, those that only its class knows among them.
    pub fn children(&self, widget: Object, glib: &Glib) -> Vec<Object> {
        let mut all = Vec::new();
        if let (Some(forall), Some(container)) = (self.gtk_container_forall, self.gtk_container_get_type()) {
            if glib.is_a(widget, container) {
                // SAFETY: a container, and a list that lives until it returns.
                unsafe { forall(widget.as_ptr(), collect, (&raw mut all).cast()) };
            }
            return all;
        }
        let mut child = self.gtk_widget_get_first_child(widget).flatten();
        while let Some(widget) = child {
            all.push(widget);
            child = self.gtk_widget_get_next_sibling(widget).flatten();
        }
        all
    }

    /// The names of an instance's class and of those that it derives from.
    pub fn classes<'a>(&'a self, widget: Object) -> impl Iterator<Item = String> + 'a {
        // SAFETY: an instance begins with its class, and that with its type.
        let of = unsafe { **widget.as_ptr().cast::<*const GType>() };
        let types = std::iter::successors(Some(of), |of| self.g_type_parent(*of).filter(|&of| of != 0));
        // SAFETY: a type that exists; names live for ever.
        types.filter_map(|of| self.g_type_name.and_then(|name| unsafe { text(name(of)) }))
    }

    /// GTK 4: the widget at a place of a surface's widget, in the surface's coordinates.
    pub fn picked(&self, native: Object, (x, y): (f64, f64)) -> Option<Object> {
        let (left, top) = self.corner(native);
        // SAFETY: a widget; the flags are GTK_PICK_DEFAULT.
        unsafe { Object::from_c(self.gtk_widget_pick?(native.as_ptr(), x - left, y - top, 0)) }
    }

    /// GTK 4: where a surface's widget begins in its surface.
    fn corner(&self, native: Object) -> (f64, f64) {
        let (mut x, mut y) = (0.0, 0.0);
        if let Some(transform) = self.gtk_native_get_surface_transform {
            // SAFETY: a GtkNative, and two numbers to write to.
            unsafe { transform(native.as_ptr(), &mut x, &mut y) };
        }
        (x, y)
    }

    /// Left and top edge, width and height in the window of `top`: the surface's (GTK 4) or top-level's widget.
    pub fn rectangle(&self, widget: Object, top: Object) -> Option<(i32, i32, i32, i32)> {
        let (widget, above) = (widget.as_ptr(), top.as_ptr());
        if let Some(bounds) = self.gtk_widget_compute_bounds {
            let mut rect = Bounds::default();
            // SAFETY: two widgets, and a rectangle to write to.
            if unsafe { bounds(widget, above, &mut rect) } == 0 {
                return None;
            }
            let (left, top) = self.corner(top);
            let at = |from: f64, by: f32| (from + f64::from(by)).round() as i32;
            return Some((at(left, rect.x), at(top, rect.y), at(0.0, rect.width), at(0.0, rect.height)));
        }
        let (mut x, mut y, mut rect) = (0, 0, Rectangle::default());
        // SAFETY: two widgets, two numbers and a rectangle to write to.
        unsafe {
            if self.gtk_widget_translate_coordinates?(widget, above, 0, 0, &mut x, &mut y) == 0 {
                return None;
            }
            self.gtk_widget_get_allocation?(widget, &mut rect);
        }
        Some((x, y, rect.width, rect.height))
    }

    /// What a label shows; `None` of any other widget.
    pub fn label(&self, widget: Object, glib: &Glib) -> Option<String> {
        let is = |of: Option<GType>| of.is_some_and(|of| glib.is_a(widget, of));
        let read = match () {
            () if is(self.gtk_label_get_type()) => self.gtk_label_get_text?,
            () if is(self.gtk_inscription_get_type()) => self.gtk_inscription_get_text?,
            () => return None,
        };
        // SAFETY: a widget of the class whose function it is.
        unsafe { Some(text(read(widget.as_ptr())).unwrap_or_default()) }
    }

    /// A widget's tooltip.
    pub fn tooltip(&self, widget: Object, toolkit: Toolkit, glib: &Glib) -> Option<String> {
        // SAFETY: a widget; before GTK 4 the text is a copy, which is ours to free.
        unsafe {
            let given = self.gtk_widget_get_tooltip_text?(widget.as_ptr());
            let copy = text(given);
            if toolkit != Toolkit::Gtk4
                && let Some(free) = glib.g_free
            {
                free(given.cast());
            }
            copy
        }
    }

    /// Its id in the user interface description.
    pub fn id(&self, widget: Object) -> Option<String> {
        let get = self.gtk_buildable_get_buildable_id.or(self.gtk_buildable_get_name)?;
        // SAFETY: every widget is a GtkBuildable.
        let id = unsafe { text(get(widget.as_ptr())) }?;
        // What has none in the description gets one of these.
        (!id.starts_with("___object_")).then_some(id)
    }
}
