//! Reads the GdkEvent structures of GTK 2 and GTK 3, whose public layouts these offsets are (64-bit).
#![allow(unsafe_code)]

use super::{Object, Ptr};

/// What an event holds besides its type, window and time.
#[derive(Debug)]
pub enum Detail {
    Motion(Pointer),
    Button { at: Pointer, button: u32 },
    Key { state: u32, keyval: u32, keycode: u16, group: u8, is_modifier: bool },
    Scroll { at: Pointer, direction: i32, is_stop: bool, delta: (f64, f64) },
    Touch { at: Pointer, sequence: usize, emulating: bool },
    Crossing { at: Pointer, mode: i32, detail: i32, focus: bool, subwindow: Option<Object> },
    Focus(bool),
    Touchpad { at: Pointer, phase: i8, fingers: u8, delta: (f64, f64), scale: f64, angle: f64 },
    Pad { group: u32, index: u32, mode: u32, value: f64 },
    Expose { region: Ptr },
    Configure { x: i32, y: i32, width: i32, height: i32 },
    Property { atom: usize, deleted: bool },
    WindowState { changed: u32, state: u32 },
    Selection { selection: usize, target: usize, property: usize },
    Drag { x_root: f64, y_root: f64 },
    GrabBroken { keyboard: bool, implicit: bool, window: Option<Object> },
    Setting { name: String, action: u32 },
    Other,
}

/// Where a pointer is.
#[derive(Clone, Copy, Debug)]
pub struct Pointer {
    /// GdkModifierType.
    pub state: u32,
    pub x: f64,
    pub y: f64,
    pub x_root: f64,
    pub y_root: f64,
}

/// An event as the handler got it.
#[derive(Debug)]
pub struct Seen {
    /// The event itself, for GDK's functions.
    pub event: Object,
    /// GdkEventType.
    pub of: i32,
    pub window: Option<Object>,
    pub sent: bool,
    /// The server's milliseconds; 0 where it has none.
    pub time: u32,
    /// The device, where GTK 2 says it in the structure.
    pub device: Option<Object>,
    pub detail: Detail,
}

/// Reads at an offset.
struct At(*const u8);

impl At {
    fn get<T: Copy>(&self, offset: usize) -> T {
        // SAFETY: read() asks only for offsets inside the structure of the event's type, as the headers have it.
        unsafe { self.0.add(offset).cast::<T>().read_unaligned() }
    }
    fn object(&self, offset: usize) -> Option<Object> {
        // SAFETY: such a field is null or an instance that the event holds.
        unsafe { Object::from_c(self.get(offset)) }
    }
    fn pointer(&self, x: usize, state: usize, x_root: usize) -> Pointer {
        Pointer {
            state: self.get(state),
            x: self.get(x),
            y: self.get(x + 8),
            x_root: self.get(x_root),
            y_root: self.get(x_root + 8),
        }
    }
}

/// Reads an event.
///
/// # Safety
/// A whole GdkEvent of GTK 2 or, where `three`, of GTK 3.
pub unsafe fn read(event: Ptr, three: bool) -> Option<Seen> {
    // SAFETY: the caller's promise.
    let object = unsafe { Object::from_c(event) }?;
    let at = At(event.cast());
    let of: i32 = at.get(0);
    let (mut time, mut device) = (0, None);
    let detail = match of {
        2 | 36 => Detail::Expose { region: at.get(40) },
        3 => {
            (time, device) = (at.get(20), at.object(56));
            Detail::Motion(at.pointer(24, 48, 64))
        }
        4..=7 => {
            (time, device) = (at.get(20), at.object(56));
            Detail::Button { at: at.pointer(24, 48, 64), button: at.get(52) }
        }
        8 | 9 => {
            time = at.get(20);
            Detail::Key {
                state: at.get(24),
                keyval: at.get(28),
                keycode: at.get(48),
                group: at.get(50),
                is_modifier: at.get::<u8>(51) & 1 != 0,
            }
        }
        10 | 11 => {
            time = at.get(32);
            Detail::Crossing {
                at: at.pointer(40, 84, 56),
                mode: at.get(72),
                detail: at.get(76),
                focus: at.get::<i32>(80) != 0,
                subwindow: at.object(24),
            }
        }
        12 => Detail::Focus(at.get::<i16>(18) != 0),
        13 => Detail::Configure { x: at.get(20), y: at.get(24), width: at.get(28), height: at.get(32) },
        16 => {
            time = at.get(32);
            Detail::Property { atom: at.get(24), deleted: at.get::<u32>(36) == 1 }
        }
        17..=19 => {
            time = at.get(48);
            Detail::Selection { selection: at.get(24), target: at.get(32), property: at.get(40) }
        }
        20 | 21 => {
            (time, device) = (at.get(20), at.object(24));
            Detail::Other
        }
        22..=27 => {
            time = at.get(32);
            Detail::Drag { x_root: at.get::<i16>(36).into(), y_root: at.get::<i16>(38).into() }
        }
        31 => {
            (time, device) = (at.get(20), at.object(48));
            Detail::Scroll {
                at: at.pointer(24, 40, 56),
                direction: at.get(44),
                is_stop: three && at.get::<u8>(88) & 1 != 0,
                delta: if three { (at.get(72), at.get(80)) } else { (f64::NAN, f64::NAN) },
            }
        }
        32 => Detail::WindowState { changed: at.get(20), state: at.get(24) },
        33 => {
            // SAFETY: a setting's name is null or a C string.
            let name = unsafe { super::text(at.get(24)) }.unwrap_or_default();
            Detail::Setting { name, action: at.get(20) }
        }
        34 => {
            time = at.get(if three { 48 } else { 40 });
            Detail::Selection { selection: at.get(if three { 40 } else { 32 }), target: 0, property: 0 }
        }
        35 => Detail::GrabBroken {
            keyboard: at.get::<i32>(20) != 0,
            implicit: at.get::<i32>(24) != 0,
            window: at.object(32),
        },
        37..=40 if three => {
            time = at.get(20);
            let emulating = at.get::<i32>(64) != 0;
            Detail::Touch { at: at.pointer(24, 48, 80), sequence: at.get(56), emulating }
        }
        41 | 42 if three => {
            let pinch = of == 42;
            time = at.get(20);
            Detail::Touchpad {
                at: if pinch { at.pointer(24, 88, 72) } else { at.pointer(24, 72, 56) },
                phase: at.get(17),
                fingers: at.get::<i8>(18) as u8,
                delta: (at.get(40), at.get(48)),
                scale: if pinch { at.get(64) } else { f64::NAN },
                angle: if pinch { at.get(56) } else { f64::NAN },
            }
        }
        43 | 44 if three => {
            time = at.get(20);
            Detail::Pad { group: at.get(24), index: at.get(28), mode: at.get(32), value: f64::NAN }
        }
        45 | 46 if three => {
            time = at.get(20);
            Detail::Pad { group: at.get(24), index: at.get(28), mode: at.get(32), value: at.get(40) }
        }
        47 if three => {
            time = at.get(20);
            Detail::Pad { group: at.get(24), index: 0, mode: at.get(28), value: f64::NAN }
        }
        _ => Detail::Other,
    };
    let sent = at.get::<i8>(16) != 0;
    Some(Seen { event: object, of, window: at.object(8), sent, time, device: device.filter(|_| !three), detail })
}
