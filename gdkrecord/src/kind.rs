//! The table of everything that can be recorded: code, name, group, and fields of each kind.
//!
//! Encoder, decoder, exporters, schemas, legends and statistics all read this table. A new kind is a new entry
//! here, the hook that records it, and its line in the golden file. Fields may be added at the end of a kind:
//! older readers ignore them, and newer readers give [`Wire::absent`] for what an older writer left out.
//!
//! Conventions: a field `duration` comes first, so that its place in the record is the same for all kinds and
//! it can be written when the end is known; windows, frame clocks and devices are numbered from 1 and 0 is none.

use crate::field::{Bytes, Field, FieldType, Intern, Maybe, Names, Real, Rects, Span, Text, Value, Wire};
use crate::layout::ALIGN;
use crate::sets::{
    CrossingDetail, CrossingMode, EventType, Exposed, GesturePhase, Role, ScrollDirection, SourceWork, WidgetWork,
};

/// What a kind belongs to: the rows of a legend, and the colour role that drawings give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// Facts about the process and the recording.
    Process,
    /// Windows and surfaces, and their tree.
    Window,
    /// The main loop: dispatches and polls.
    Loop,
    /// The frame clock.
    Frame,
    /// Damage and repaint.
    Exposure,
    /// What the user did.
    Input,
    /// The other GDK events.
    Gdk,
    /// Costs by widget class, and which widgets input goes to.
    Widget,
}

impl Group {
    /// Every group, in the order of a legend.
    pub const ALL: &'static [Group] = &[
        Group::Input,
        Group::Frame,
        Group::Loop,
        Group::Exposure,
        Group::Gdk,
        Group::Window,
        Group::Widget,
        Group::Process,
    ];

    /// The name that exporters and legends print.
    pub fn name(self) -> &'static str {
        match self {
            Group::Process => "process",
            Group::Window => "window",
            Group::Loop => "loop",
            Group::Frame => "frame",
            Group::Exposure => "exposure",
            Group::Input => "input",
            Group::Gdk => "gdk",
            Group::Widget => "widget",
        }
    }
}

/// One kind of record, as the table has it.
#[derive(Debug)]
pub struct Kind {
    /// Its code in the file, 1 to 255.
    pub code: u8,
    /// Its name on command lines and in exports.
    pub name: &'static str,
    /// What it belongs to.
    pub group: Group,
    /// One sentence.
    pub doc: &'static str,
    /// Its fields, in the order in which they lie in the file.
    pub fields: &'static [FieldInfo],
    /// Whether it is kept in the state stream, which a ring buffer never drops.
    pub state: bool,
}

/// One field of a kind.
#[derive(Debug)]
pub struct FieldInfo {
    /// Its name in exports.
    pub name: &'static str,
    /// Its type and, with that, its unit.
    pub of: FieldType,
    /// One sentence; empty where the name says it all.
    pub doc: &'static str,
}

/// A record in the form in which the hot path writes it.
pub trait Record {
    /// The code of its kind.
    const CODE: u8;
    /// Bytes of the fixed parts of all fields.
    const FIXED: usize;
    /// Whether it belongs into the state stream.
    const STATE: bool;
    /// Bytes of the payload, not padded.
    fn size(&self) -> usize;
    /// Writes the payload to the start of `out`, which has at least [`Record::size`] bytes.
    fn put(&self, out: &mut [u8]);
}

/// A decoded record.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// CLOCK_MONOTONIC, in nanoseconds: the begin of what has a duration.
    pub time: u64,
    /// The index of the recording thread; 0 is the thread that loaded the recorder. Others may be handed on:
    /// `Info::thread_at` tells which [`Thread`] it means at this time.
    pub thread: u16,
    /// What happened.
    pub body: Body,
}

/// The next field of a payload; `None` where it is torn. Less than a word into which the field does not fit is
/// padding: the record is of an older writer, which did not have the field.
fn next<T: Wire>(input: &mut &[u8]) -> Option<T> {
    if input.len() < ALIGN && input.len() < T::SIZE {
        *input = &[];
    }
    if input.is_empty() { Some(T::absent()) } else { T::take(input) }
}

macro_rules! kinds {
    ($(
        #[doc = $doc:literal]
        $code:literal $name:literal $group:ident $state:literal $Type:ident {
            $($(#[doc = $fdoc:literal])? $field:ident: $of:ty,)*
        }
    )*) => {
        /// The records in the form in which they are written: texts are ids.
        pub mod raw {
            #![allow(missing_docs)]
            use super::*;
            $(
                #[doc = $doc]
                #[derive(Clone, Debug, PartialEq)]
                pub struct $Type { $($(#[doc = $fdoc])? pub $field: <$of as Field>::Raw,)* }

                impl Record for $Type {
                    const CODE: u8 = $code;
                    const FIXED: usize = 0 $(+ <<$of as Field>::Raw as Wire>::SIZE)*;
                    const STATE: bool = $state;
                    #[inline(always)]
                    fn size(&self) -> usize {
                        0 $(+ self.$field.size())*
                    }
                    #[inline(always)]
                    #[allow(unused_assignments)]
                    fn put(&self, out: &mut [u8]) {
                        let mut at = 0;
                        $(
                            self.$field.put(&mut out[at..]);
                            at += self.$field.size();
                        )*
                    }
                }
            )*
        }

        $(
            #[doc = $doc]
            #[derive(Clone, Debug, PartialEq)]
            #[allow(missing_docs)]
            pub struct $Type { $($(#[doc = $fdoc])? pub $field: $of,)* }
        )*

        /// What happened: one variant for each kind of the table.
        #[derive(Clone, Debug, PartialEq)]
        #[allow(missing_docs)]
        pub enum Body { $($Type($Type),)* }

        /// The table, in the order of the codes.
        pub static KINDS: &[Kind] = &[$(Kind {
            code: $code,
            name: $name,
            group: Group::$group,
            doc: $doc.trim_ascii(),
            state: $state,
            fields: &[$(FieldInfo {
                name: stringify!($field),
                of: <$of as Field>::TYPE,
                doc: concat!($($fdoc)?).trim_ascii(),
            },)*],
        },)*];

        impl Body {
            /// This kind's entry in the table.
            pub fn kind(&self) -> &'static Kind {
                let mut at = 0;
                $(
                    if let Body::$Type(_) = self {
                        return &KINDS[at];
                    }
                    at += 1;
                )*
                unreachable!("every variant has its entry: {at}")
            }

            /// The fields' values, in the order of [`Kind::fields`].
            pub fn values(&self) -> Vec<Value<'_>> {
                match self { $(Body::$Type(record) => vec![$(record.$field.value(),)*],)* }
            }

            /// From the values that `get` gives for each field; `Err` names the field that does not fit.
            pub fn from_values<'a>(
                kind: &Kind,
                get: &mut dyn FnMut(&'static str) -> Value<'a>,
            ) -> Result<Body, &'static str> {
                match kind.code {
                    $($code => Ok(Body::$Type($Type {
                        $($field: Field::parse(&get(stringify!($field))).ok_or(stringify!($field))?,)*
                    })),)*
                    _ => Err("kind"),
                }
            }

            /// From the payload of a record; `None` for a kind that is not in the table, or a torn payload.
            pub fn decode(code: u8, mut payload: &[u8], names: &dyn Names) -> Option<Body> {
                let input = &mut payload;
                match code {
                    $($code => Some(Body::$Type($Type {
                        $($field: Field::resolve(next(input)?, names),)*
                    })),)*
                    _ => None,
                }
            }

            /// The payload as the file has it, with ids given by `names`.
            pub fn encode(&self, names: &mut dyn Intern) -> Vec<u8> {
                match self {
                    $(Body::$Type(record) => {
                        let raw = raw::$Type { $($field: record.$field.raw(names),)* };
                        let mut out = vec![0; raw.size()];
                        raw.put(&mut out);
                        out
                    })*
                }
            }
        }
    };
}

kinds! {
    /// A text, and the id by which other records mention it. Readers resolve it and do not hand it out.
    1 "string" Process true Define { id: u32, text: Bytes, }

    /// A thread that records, from this time on. An index whose thread has ended is handed on to a later one.
    2 "thread" Process true Thread {
        /// The index by which events name it.
        index: u16,
        /// The kernel's thread id.
        tid: u32,
        name: Text,
    }

    /// A file mapped with code in it: program or library.
    3 "module" Process true Module {
        /// Lowest address of its mapping.
        base: u64,
        /// Bytes from its lowest to its highest mapped address.
        length: u64,
        path: Text,
        /// The GNU build id in hexadecimal; empty where it has none.
        build_id: Text,
    }

    /// A fact about the process, its toolkit or its machine, by name.
    4 "fact" Process true Fact { name: Text, value: Text, }

    /// A hook of the recorder, and whether it is on; one that finds an unknown toolkit switches itself off.
    5 "hook" Process true Hook {
        name: Text,
        on: bool,
        /// Why it is off, or how it works.
        note: Text,
    }

    /// An input device.
    6 "device" Process true Device {
        /// The number by which events name it.
        id: u8,
        name: Text,
        /// mouse, keyboard, touchscreen …, as GDK names the source.
        source: Text,
    }

    /// A window (GTK 2 and 3: GdkWindow) or surface (GTK 4: GdkSurface) came to be.
    10 "window" Window true Window {
        window: u32,
        /// 0 for a top-level or where it is not known.
        parent: u32,
        role: Role,
        /// The GObject class.
        class: Text,
        /// The X window id; 0 where there is none.
        xid: u32,
    }

    /// A window was destroyed.
    11 "window-destroy" Window true WindowDestroy { window: u32, }

    /// A window was shown.
    12 "window-map" Window true WindowMap { window: u32, }

    /// A window was hidden.
    13 "window-unmap" Window true WindowUnmap { window: u32, }

    /// A window's title was set.
    14 "window-title" Window true WindowTitle { window: u32, title: Text, }

    /// The widget that owns a window.
    15 "window-owner" Window true WindowOwner {
        window: u32,
        /// The widget's class.
        owner: Text,
        /// The widget's name where the application gave one.
        name: Text,
    }

    /// A window's place and size, in application pixels; recorded when it differs from the last.
    16 "window-geometry" Window true WindowGeometry {
        window: u32,
        /// Left edge, from the root's; on Wayland unknown, but for children and popups from their top-level's.
        x: Maybe,
        /// Top edge, likewise.
        y: Maybe,
        width: i32,
        height: i32,
        /// Device pixels for each application pixel.
        scale: Real,
    }

    /// A window's parent, role or X window became known, or changed.
    17 "window-parent" Window true WindowParent {
        window: u32,
        parent: u32,
        role: Role,
        /// The X window id; 0 where there is none, or where the window's own record has it.
        xid: u32,
    }

    /// Which frame clock draws a window, once for each pair; what lies in a window is drawn by its top-level's clock.
    18 "window-clock" Window true WindowClock {
        window: u32,
        /// The frame clock, as frames name it.
        clock: u32,
    }

    /// One dispatch of a main-loop source.
    20 "dispatch" Loop false Dispatch {
        duration: Span,
        /// The source's name, or its class where it has none.
        source: Text,
        /// The callback's symbol, or module+offset; the source's dispatch function where it has no callback.
        callback: Text,
        /// GLib's: lower is more urgent.
        priority: i32,
        /// Microseconds from the time for which it was set to the dispatch.
        late: Maybe,
    }

    /// The main loop slept in poll.
    21 "poll" Loop false Poll {
        duration: Span,
        /// Milliseconds it was ready to sleep; -1 for ever, 32767 for that or longer.
        timeout: i16,
        /// File descriptors that were ready.
        ready: u16,
    }

    /// The loop took noticeable time from GDK's preparing to the poll, or from the poll to GDK's check: GDK talks to X.
    22 "check" Loop false Check {
        duration: Span,
        /// The source's name.
        source: Text,
        work: SourceWork,
    }

    /// One frame of a frame clock; the phases are offsets from the frame's begin, unknown where one did not run.
    30 "frame" Frame false Frame {
        duration: Span,
        flush_events: Span,
        before_paint: Span,
        update: Span,
        layout: Span,
        paint: Span,
        after_paint: Span,
        resume_events: Span,
        /// The frame clock.
        clock: u32,
        /// The frame clock's own counter.
        counter: u32,
        /// From the frame's begin to the time at which it was predicted to be shown.
        predicted: Span,
        /// The display's refresh interval.
        interval: Span,
    }

    /// The compositor told when a frame was shown.
    31 "presented" Frame false Presented {
        clock: u32,
        counter: u32,
        /// CLOCK_MONOTONIC nanoseconds.
        shown: u64,
        interval: Span,
    }

    /// A region of a window that was damaged or repainted.
    35 "exposure" Exposure false Exposure {
        window: u32,
        /// The frame's counter; 0 outside a frame.
        frame: u32,
        what: Exposed,
        rects: Rects,
    }

    /// The pointer moved.
    40 "motion" Input false Motion {
        duration: Span, latency: Span, window: u32, server_time: u32,
        event: EventType, flags: u8, device: u8, source: u8, state: u32,
        x: Real, y: Real, x_root: Real, y_root: Real,
    }

    /// A button was pressed or released.
    41 "button" Input false Button {
        duration: Span, latency: Span, window: u32, server_time: u32,
        event: EventType, flags: u8, device: u8, source: u8, state: u32,
        x: Real, y: Real, x_root: Real, y_root: Real, button: u8,
    }

    /// A key was pressed or released; keyval and keycode are 0 where they are redacted (flag 4), as those are that give letters.
    42 "key" Input false Key {
        duration: Span, latency: Span, window: u32, server_time: u32,
        event: EventType, flags: u8, device: u8, source: u8, state: u32,
        keyval: u32, keycode: u16, group: u8, is_modifier: bool,
    }

    /// A wheel or two fingers scrolled.
    43 "scroll" Input false Scroll {
        duration: Span, latency: Span, window: u32, server_time: u32,
        event: EventType, flags: u8, device: u8, source: u8, state: u32,
        x: Real, y: Real, x_root: Real, y_root: Real, direction: ScrollDirection, is_stop: bool,
        delta_x: Real, delta_y: Real,
    }

    /// A finger touched, moved or left.
    44 "touch" Input false Touch {
        duration: Span, latency: Span, window: u32, server_time: u32,
        event: EventType, flags: u8, device: u8, source: u8, state: u32,
        x: Real, y: Real, x_root: Real, y_root: Real, sequence: u32, emulating_pointer: bool,
    }

    /// The pointer entered or left a window.
    45 "crossing" Input false Crossing {
        duration: Span, latency: Span, window: u32, server_time: u32,
        event: EventType, flags: u8, device: u8, source: u8, state: u32,
        x: Real, y: Real, x_root: Real, y_root: Real,
        mode: CrossingMode, detail: CrossingDetail, focus: bool, subwindow: u32,
    }

    /// The keyboard focus came or went.
    46 "focus" Input false Focus {
        duration: Span, latency: Span, window: u32, server_time: u32,
        event: EventType, flags: u8, device: u8, source: u8,
        /// It came.
        focus_in: bool,
    }

    /// A touchpad gesture.
    47 "touchpad" Input false Touchpad {
        duration: Span, latency: Span, window: u32, server_time: u32,
        event: EventType, flags: u8, device: u8, source: u8, state: u32,
        x: Real, y: Real, phase: GesturePhase, fingers: u8,
        delta_x: Real, delta_y: Real, scale: Real,
        /// Radians.
        angle: Real,
    }

    /// A button, ring or strip of a drawing tablet's pad.
    48 "pad" Input false Pad {
        duration: Span, latency: Span, window: u32, server_time: u32,
        event: EventType, flags: u8, device: u8, source: u8,
        group: u32,
        /// Button, ring or strip.
        index: u32, mode: u32, value: Real,
    }

    /// A GDK event of a type that has no fields of its own.
    60 "event" Gdk false Other {
        duration: Span, latency: Span, window: u32, server_time: u32,
        event: EventType, flags: u8, device: u8, source: u8,
    }

    /// A window was moved or resized.
    61 "configure" Gdk false Configure {
        duration: Span, latency: Span, window: u32, server_time: u32,
        event: EventType, flags: u8, device: u8, source: u8,
        x: i32, y: i32, width: i32, height: i32,
    }

    /// A property of a window changed.
    62 "property" Gdk false Property {
        duration: Span, latency: Span, window: u32, server_time: u32,
        event: EventType, flags: u8, device: u8, source: u8,
        atom: Text,
        /// It was deleted.
        deleted: bool,
    }

    /// A window's state changed: bits of GdkWindowState or GdkToplevelState.
    63 "window-state" Gdk false WindowState {
        duration: Span, latency: Span, window: u32, server_time: u32,
        event: EventType, flags: u8, device: u8, source: u8,
        changed: u32, state: u32,
    }

    /// A selection was asked for, given or lost.
    64 "selection" Gdk false Selection {
        duration: Span, latency: Span, window: u32, server_time: u32,
        event: EventType, flags: u8, device: u8, source: u8,
        selection: Text, target: Text, property: Text,
    }

    /// A drag and drop.
    65 "drag" Gdk false Drag {
        duration: Span, latency: Span, window: u32, server_time: u32,
        event: EventType, flags: u8, device: u8, source: u8,
        x_root: Real, y_root: Real,
    }

    /// A grab was broken.
    66 "grab-broken" Gdk false GrabBroken {
        duration: Span, latency: Span, window: u32, server_time: u32,
        event: EventType, flags: u8, device: u8, source: u8,
        keyboard: bool, implicit: bool, grab_window: u32,
    }

    /// A desktop setting changed.
    67 "setting" Gdk false Setting {
        duration: Span, latency: Span, window: u32, server_time: u32,
        event: EventType, flags: u8, device: u8, source: u8,
        name: Text,
        /// 0 new, 1 changed, 2 deleted.
        action: u8,
    }

    /// What the widgets of one class cost in one frame, each widget's own time without its children's.
    70 "widget-cost" Widget false WidgetCost {
        /// The widgets' own time, all together.
        duration: Span,
        class: Text,
        count: u32,
        work: WidgetWork,
    }

    /// The widget to which the input event of the same thread and time goes; only with the option input=replay.
    71 "target" Widget false Target {
        /// The top-level or popup that it lies in.
        window: u32,
        event: EventType,
        /// It takes input; what does not is insensitive, or lies in what is.
        sensitive: bool,
        /// Its class, and those of all that it lies in, from the top: GtkWindow/GtkBox[0]/GtkButton[2], with places among all children.
        path: Text,
        class: Text,
        /// The text of the label that it shows, else its tooltip; what was typed into entries is never here.
        label: Text,
        /// Its id in the user interface description, else the name that the application gave it.
        name: Text,
        /// Left edge in the window, in application pixels.
        x: Maybe,
        /// Top edge, likewise.
        y: Maybe,
        width: i32,
        height: i32,
    }
}

/// The flags of a GDK event.
pub mod flags {
    /// Sent by another client (XSendEvent).
    pub const SENT: u8 = 1;
    /// Made up by the toolkit: not to be replayed.
    pub const SYNTHETIC: u8 = 2;
    /// Its key was redacted.
    pub const REDACTED: u8 = 4;
    /// A touch that also emulates the pointer.
    pub const EMULATED: u8 = 8;
}

impl Kind {
    /// The entry with this code.
    pub fn by_code(code: u8) -> Option<&'static Kind> {
        KINDS.iter().find(|kind| kind.code == code)
    }

    /// The entry with this name.
    pub fn by_name(name: &str) -> Option<&'static Kind> {
        KINDS.iter().find(|kind| kind.name == name)
    }
}

impl Event {
    /// The value of the field with this name.
    pub fn field(&self, name: &str) -> Option<Value<'_>> {
        let at = self.body.kind().fields.iter().position(|field| field.name == name)?;
        self.body.values().into_iter().nth(at)
    }

    /// The window that it is about; 0 where it is about none.
    pub fn window(&self) -> u32 {
        match self.field("window") {
            Some(Value::Uint(window)) => window as u32,
            _ => 0,
        }
    }

    /// Nanoseconds from begin to end; `None` where it has none, or it had not ended.
    pub fn duration(&self) -> Option<u64> {
        match self.field("duration") {
            Some(Value::Uint(ns)) => Some(ns),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_are_unique_and_sorted() {
        assert!(KINDS.is_sorted_by(|a, b| a.code < b.code));
        for kind in KINDS {
            assert!(std::ptr::eq(Kind::by_name(kind.name).unwrap(), kind));
            assert!(!kind.doc.is_empty());
        }
    }

    #[test]
    fn a_duration_is_the_first_field() {
        for kind in KINDS {
            let at = kind.fields.iter().position(|field| field.name == "duration");
            assert!(matches!(at, None | Some(0)), "{}", kind.name);
        }
    }
}
