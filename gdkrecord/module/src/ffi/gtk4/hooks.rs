//! GTK 4's callbacks into the recorder: construction, properties and death of surfaces, X's own events, frames.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_ulong, c_void};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::surface::spec_name;
use super::{Api, GValue, Handle, Ptr};
use crate::gtk4;

/// Offsets in GObjectClass, which is public and never changes.
const DISPATCH_PROPERTIES_CHANGED: usize = 56;
const CONSTRUCTED: usize = 72;

static ORIGINAL_CONSTRUCTED: AtomicUsize = AtomicUsize::new(0);
static ORIGINAL_NOTIFY: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C-unwind" fn constructed(object: Ptr) {
    let original = ORIGINAL_CONSTRUCTED.load(Ordering::Relaxed);
    if original != 0 {
        // SAFETY: the function that the class had in this place.
        let original = unsafe { std::mem::transmute::<usize, unsafe extern "C-unwind" fn(Ptr)>(original) };
        // SAFETY: called as GObject called us.
        unsafe { original(object) };
    }
    if let Some(surface) = Handle::new(object) {
        gtk4::surface_constructed(surface);
    }
}

unsafe extern "C-unwind" fn properties_changed(object: Ptr, count: u32, specs: *mut Ptr) {
    type Notify = unsafe extern "C-unwind" fn(Ptr, u32, *mut Ptr);
    let original = ORIGINAL_NOTIFY.load(Ordering::Relaxed);
    if original != 0 {
        // SAFETY: the function that the class had in this place, called as GObject called us.
        unsafe { std::mem::transmute::<usize, Notify>(original)(object, count, specs) };
    }
    let Some(surface) = Handle::new(object) else { return };
    for index in 0..count as usize {
        // SAFETY: GObject gives `count` live GParamSpecs.
        let name = unsafe { spec_name(*specs.add(index)) };
        gtk4::surface_changed(surface, name.to_bytes());
    }
}

unsafe extern "C-unwind" fn finalized(_: Ptr, address: Ptr) {
    gtk4::surface_finalized(address as usize);
}

unsafe extern "C-unwind" fn render(_: Ptr, count: u32, values: *const GValue, _: Ptr) -> c_int {
    if let Some(surface) = argument(count, values, 0) {
        gtk4::surface_rendered(surface);
    }
    1
}

unsafe extern "C-unwind" fn event(_: Ptr, count: u32, values: *const GValue, _: Ptr) -> c_int {
    if let Some(event) = argument(count, values, 1) {
        gtk4::event_seen(event);
    }
    1
}

unsafe extern "C-unwind" fn after_paint(_: Ptr, _: u32, _: *const GValue, _: Ptr) -> c_int {
    gtk4::frame_ended();
    1
}

/// The common head of XEvent's members, as far as it is read.
#[repr(C)]
struct XAny {
    kind: c_int,
    serial: c_ulong,
    send_event: c_int,
    display: *mut c_void,
    window: c_ulong,
}

/// XConfigureEvent.
#[repr(C)]
struct XConfigure {
    any: XAny,
    window: c_ulong,
    x: c_int,
    y: c_int,
}

/// XReparentEvent, as far as it is read.
#[repr(C)]
struct XReparent {
    any: XAny,
    window: c_ulong,
    parent: c_ulong,
    x: c_int,
    y: c_int,
    override_redirect: c_int,
}

/// XGenericEventCookie.
#[repr(C)]
struct XCookie {
    kind: c_int,
    serial: c_ulong,
    send_event: c_int,
    display: *mut c_void,
    extension: c_int,
    evtype: c_int,
    cookie: u32,
    data: *const XInput,
}

/// XIDeviceEvent, XIEnterEvent and XILeaveEvent, as far as they are the same.
#[repr(C)]
struct XInput {
    kind: c_int,
    serial: c_ulong,
    send_event: c_int,
    display: *mut c_void,
    extension: c_int,
    evtype: c_int,
    time: c_ulong,
    device: c_int,
    source: c_int,
    detail: c_int,
    root: c_ulong,
    event: c_ulong,
    child: c_ulong,
    root_x: f64,
    root_y: f64,
    event_x: f64,
    event_y: f64,
}

const REPARENT_NOTIFY: c_int = 21;
const CONFIGURE_NOTIFY: c_int = 22;
const GENERIC_EVENT: c_int = 35;

/// XI_ButtonPress, XI_ButtonRelease, XI_Motion, XI_Enter, XI_Leave; XI_TouchBegin, XI_TouchUpdate, XI_TouchEnd.
fn tells_places(evtype: c_int) -> bool {
    matches!(evtype, 4..=8 | 18..=20)
}

unsafe extern "C-unwind" fn xevent(_: Ptr, count: u32, values: *const GValue, _: Ptr) -> c_int {
    let Some(event) = argument(count, values, 1) else { return 1 };
    // SAFETY: GDK gives the XEvent that it just received, with its cookie's data where it has some; each member
    // of the union is read only for its own type.
    unsafe {
        let any = &*event.ptr().cast::<XAny>();
        match any.kind {
            GENERIC_EVENT => {
                let cookie = &*event.ptr().cast::<XCookie>();
                if tells_places(cookie.evtype)
                    && let Some(input) = cookie.data.as_ref()
                    && input.evtype == cookie.evtype
                {
                    let (x, y) = (input.root_x - input.event_x, input.root_y - input.event_y);
                    gtk4::window_placed(input.event as u32, x, y);
                }
            }
            CONFIGURE_NOTIFY => {
                let configure = &*event.ptr().cast::<XConfigure>();
                let xid = configure.window as u32;
                // A window manager's own message counts from the root, the server's from the parent.
                gtk4::window_configured(xid, any.send_event != 0, configure.x.into(), configure.y.into());
            }
            REPARENT_NOTIFY => {
                let reparent = &*event.ptr().cast::<XReparent>();
                gtk4::window_reparented(reparent.window as u32, reparent.any.window != reparent.parent);
            }
            _ => {}
        }
    }
    1
}

fn argument(count: u32, values: *const GValue, index: u32) -> Option<Handle> {
    let api = gtk4::api()?;
    if index >= count {
        return None;
    }
    // SAFETY: GObject gives `count` values, and this one holds a pointer, an object or an event.
    unsafe { Handle::new((api.g_value_peek_pointer)(values.add(index as usize))) }
}

impl Api {
    /// Follows every surface from its construction on.
    pub fn hook_surfaces(&self) -> bool {
        // SAFETY: takes nothing.
        let gtype = unsafe { (self.gdk_surface_get_type)() };
        self.replace(gtype, CONSTRUCTED, constructed as *const () as usize, &|original| {
            ORIGINAL_CONSTRUCTED.store(original, Ordering::Relaxed);
        }) && self.replace(gtype, DISPATCH_PROPERTIES_CHANGED, properties_changed as *const () as usize, &|original| {
            ORIGINAL_NOTIFY.store(original, Ordering::Relaxed);
        })
    }

    /// Told when the object dies.
    pub fn watch(&self, surface: Handle) {
        // SAFETY: a live object; the callback only takes the address as a number.
        unsafe { (self.g_object_weak_ref)(surface.ptr(), finalized, surface.ptr()) };
    }

    /// Told when a surface is painted.
    pub fn hook_render(&self) -> bool {
        // SAFETY: takes nothing.
        self.on_emission(unsafe { (self.gdk_surface_get_type)() }, c"render", render)
    }

    /// Told of every event's begin, where its end cannot be had.
    pub fn hook_events(&self) -> bool {
        // SAFETY: takes nothing.
        self.on_emission(unsafe { (self.gdk_surface_get_type)() }, c"event", event)
    }

    /// The id of GdkSurface's `event` signal.
    pub fn event_signal(&self) -> u32 {
        // SAFETY: the class is initialised first, so that its signals exist.
        unsafe {
            let gtype = (self.gdk_surface_get_type)();
            (self.g_type_class_ref)(gtype);
            (self.g_signal_lookup)(c"event".as_ptr(), gtype)
        }
    }

    /// Told when a frame ended.
    pub fn hook_after_paint(&self) -> bool {
        // SAFETY: takes nothing.
        self.on_emission(unsafe { (self.gdk_frame_clock_get_type)() }, c"after-paint", after_paint)
    }

    /// Told of every X event; `None` where the display is not X11.
    pub fn hook_xevents(&self, display: Handle) -> Option<bool> {
        // SAFETY: takes nothing.
        let gtype = unsafe { self.gdk_x11_display_get_type?() };
        self.is_a(display, gtype).then(|| self.on_emission(gtype, c"xevent", xevent))
    }
}

/// The surface at an address that is in the table of known ones: it is taken out of there when it dies.
pub fn known(address: usize) -> Option<Handle> {
    Handle::new(address as Ptr)
}
