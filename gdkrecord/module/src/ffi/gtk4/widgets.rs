//! Trampolines in GTK 4's widget and layout-manager classes, which time measure, allocate and snapshot.
//!
//! Every distinct function that is found in a slot gets a trampoline of its own, so that a class that chains up
//! reaches the right original. Only the public class structures are touched.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::sync::atomic::{AtomicUsize, Ordering};

use gdkrecord::sets::WidgetWork;

use super::{Api, Handle, Ptr};
use crate::widgets;

/// Offsets in the public structures of GTK 4, which never change.
const CONSTRUCTED: usize = 72;
const WIDGET_ALLOCATE: usize = 200;
const WIDGET_MEASURE: usize = 232;
const WIDGET_SNAPSHOT: usize = 320;
const LAYOUT_MEASURE: usize = 144;
const LAYOUT_ALLOCATE: usize = 152;

/// How many functions of one kind can be timed.
const MOST: usize = 256;

type Slots = [AtomicUsize; MOST];
type Measure = unsafe extern "C-unwind" fn(Ptr, c_int, c_int, Ptr, Ptr, Ptr, Ptr);
type Allocate = unsafe extern "C-unwind" fn(Ptr, c_int, c_int, c_int);
type Snapshot = unsafe extern "C-unwind" fn(Ptr, Ptr);
type LayoutMeasure = unsafe extern "C-unwind" fn(Ptr, Ptr, c_int, c_int, Ptr, Ptr, Ptr, Ptr);
type LayoutAllocate = unsafe extern "C-unwind" fn(Ptr, Ptr, c_int, c_int, c_int);
type Constructed = unsafe extern "C-unwind" fn(Ptr);

macro_rules! table {
    ($f:ident) => { table!(@ $f; 0 16 32 48 64 80 96 112 128 144 160 176 192 208 224 240) };
    (@ $f:ident; $($b:literal)*) => {
        [$(
            $f::<{ $b }>, $f::<{ $b + 1 }>, $f::<{ $b + 2 }>, $f::<{ $b + 3 }>,
            $f::<{ $b + 4 }>, $f::<{ $b + 5 }>, $f::<{ $b + 6 }>, $f::<{ $b + 7 }>,
            $f::<{ $b + 8 }>, $f::<{ $b + 9 }>, $f::<{ $b + 10 }>, $f::<{ $b + 11 }>,
            $f::<{ $b + 12 }>, $f::<{ $b + 13 }>, $f::<{ $b + 14 }>, $f::<{ $b + 15 }>,
        )*]
    };
}

macro_rules! trampolines {
    ($($name:ident $SLOTS:ident $TABLE:ident $Type:ty, $work:ident, $widget:ident, ($($arg:ident: $of:ty),*);)*) => {$(
        static $SLOTS: Slots = [const { AtomicUsize::new(0) }; MOST];

        unsafe extern "C-unwind" fn $name<const N: usize>($($arg: $of),*) {
            // SAFETY: slot N was filled with the original before a class was changed to call us.
            let original = unsafe { std::mem::transmute::<usize, $Type>($SLOTS[N].load(Ordering::Relaxed)) };
            let timed = Handle::new($widget).and_then(|widget| widgets::enter(widget, WidgetWork::$work));
            // SAFETY: called as GTK called us.
            unsafe { original($($arg),*) };
            if let Some(timed) = timed {
                widgets::leave(timed);
            }
        }

        static $TABLE: [$Type; MOST] = table!($name);
    )*};
}

trampolines! {
    measure MEASURE MEASURES Measure, Measure, widget,
        (widget: Ptr, orientation: c_int, size: c_int, a: Ptr, b: Ptr, c: Ptr, d: Ptr);
    allocate ALLOCATE ALLOCATES Allocate, Allocate, widget,
        (widget: Ptr, width: c_int, height: c_int, baseline: c_int);
    snapshot SNAPSHOT SNAPSHOTS Snapshot, Snapshot, widget,
        (widget: Ptr, snapshot: Ptr);
    layout_measure L_MEASURE L_MEASURES LayoutMeasure, Measure, widget,
        (manager: Ptr, widget: Ptr, orientation: c_int, size: c_int, a: Ptr, b: Ptr, c: Ptr, d: Ptr);
    layout_allocate L_ALLOCATE L_ALLOCATES LayoutAllocate, Allocate, widget,
        (manager: Ptr, widget: Ptr, width: c_int, height: c_int, baseline: c_int);
}

static WIDGET_CONSTRUCTED: AtomicUsize = AtomicUsize::new(0);
static LAYOUT_CONSTRUCTED: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C-unwind" fn widget_constructed(widget: Ptr) {
    if let Some(handle) = Handle::new(widget) {
        widgets::constructed(handle, false);
    }
    // SAFETY: the original of this slot, called as GObject called us.
    unsafe { chain(&WIDGET_CONSTRUCTED, widget) };
}

unsafe extern "C-unwind" fn layout_constructed(manager: Ptr) {
    if let Some(handle) = Handle::new(manager) {
        widgets::constructed(handle, true);
    }
    // SAFETY: as above.
    unsafe { chain(&LAYOUT_CONSTRUCTED, manager) };
}

/// # Safety
/// `original` is 0 or holds a `constructed` function of the object's class.
unsafe fn chain(original: &AtomicUsize, object: Ptr) {
    let original = original.load(Ordering::Relaxed);
    if original != 0 {
        // SAFETY: the caller's promise.
        unsafe { std::mem::transmute::<usize, Constructed>(original)(object) };
    }
}

/// Puts the trampoline of what is in the slot there; false where no trampoline is left.
///
/// # Safety
/// `class` is a class structure with a function of the table's type, or NULL, at `offset`.
unsafe fn patch(class: *mut usize, offset: usize, slots: &Slots, table: &[usize; MOST]) -> bool {
    // SAFETY: the caller's promise.
    let place = unsafe { &mut *class.byte_add(offset) };
    if *place == 0 || table.contains(place) {
        return true;
    }
    let mut original = *place;
    let at =
        slots.iter().position(|slot| match slot.compare_exchange(0, original, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => true,
            Err(other) => other == original,
        });
    if let Some(at) = at {
        original = table[at];
    }
    *place = original;
    at.is_some()
}

/// The addresses of a table of functions, inside an unsafe block: function pointers are addresses.
macro_rules! addresses {
    ($table:ident) => {
        &*(&raw const $table).cast::<[usize; MOST]>()
    };
}

/// # Safety
/// `class` is a GtkWidgetClass.
unsafe fn patch_widget(class: *mut usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        patch(class, WIDGET_MEASURE, &MEASURE, addresses!(MEASURES))
            & patch(class, WIDGET_ALLOCATE, &ALLOCATE, addresses!(ALLOCATES))
            & patch(class, WIDGET_SNAPSHOT, &SNAPSHOT, addresses!(SNAPSHOTS))
    }
}

/// # Safety
/// `class` is a GtkLayoutManagerClass.
unsafe fn patch_layout(class: *mut usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        patch(class, LAYOUT_MEASURE, &L_MEASURE, addresses!(L_MEASURES))
            & patch(class, LAYOUT_ALLOCATE, &L_ALLOCATE, addresses!(L_ALLOCATES))
    }
}

impl Api {
    /// Hooks what is initialised, and follows what is constructed later.
    pub fn hook_widgets(&self) -> bool {
        // SAFETY: the trees of the two types hold such classes only.
        unsafe {
            let (widget, layout) = ((self.gtk_widget_get_type)(), (self.gtk_layout_manager_get_type)());
            let keep = |place: &'static AtomicUsize| move |original| place.store(original, Ordering::Relaxed);
            let hooked =
                self.replace(widget, CONSTRUCTED, widget_constructed as *const () as usize, &keep(&WIDGET_CONSTRUCTED))
                    && self.replace(
                        layout,
                        CONSTRUCTED,
                        layout_constructed as *const () as usize,
                        &keep(&LAYOUT_CONSTRUCTED),
                    );
            self.each_class(widget, &mut |_, class| {
                patch_widget(class);
            });
            self.each_class(layout, &mut |_, class| {
                patch_layout(class);
            });
            hooked
        }
    }

    /// Hooks a class that has its first instance, and its ancestry; false where no trampoline is left.
    pub fn hook_class(&self, object: Handle, layout: bool) -> bool {
        // SAFETY: the object is a widget or a layout manager, and so are its classes up to that type.
        unsafe {
            let root = if layout { (self.gtk_layout_manager_get_type)() } else { (self.gtk_widget_get_type)() };
            let mut gtype = object.gtype();
            let mut all = true;
            while gtype != 0 && (self.g_type_is_a)(gtype, root) != 0 {
                let class: *mut usize = (self.g_type_class_peek)(gtype).cast();
                if !class.is_null() {
                    all &= if layout { patch_layout(class) } else { patch_widget(class) };
                }
                gtype = (self.g_type_parent)(gtype);
            }
            all
        }
    }
}
