//! The closed sets of names that fields use: one table each, read by encoder, decoder, exporters and legends.

use crate::field::{Field, FieldType, Intern, Names, Value, Wire};

macro_rules! closed_set {
    ($(#[doc = $doc:literal])* $Set:ident { $($(#[doc = $mdoc:literal])* $Member:ident = $name:literal,)* }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
        #[repr(u8)]
        #[allow(missing_docs)]
        pub enum $Set { #[default] $($(#[doc = $mdoc])* $Member,)* }

        impl $Set {
            /// Every member, in the order of their codes.
            pub const ALL: &'static [$Set] = &[$($Set::$Member,)*];
            /// The names, in the order of the codes.
            pub const NAMES: &'static [&'static str] = &[$($name,)*];

            /// The name that exporters print.
            pub fn name(self) -> &'static str {
                Self::NAMES[self as usize]
            }
            /// The member with this name.
            pub fn from_name(name: &str) -> Option<$Set> {
                Self::NAMES.iter().position(|n| *n == name).map(|at| Self::ALL[at])
            }
        }

        impl Wire for $Set {
            const SIZE: usize = 1;
            #[inline(always)]
            fn put(&self, out: &mut [u8]) {
                out[0] = *self as u8;
            }
            fn take(input: &mut &[u8]) -> Option<Self> {
                // A member that a newer writer added reads as the first, which every set keeps for "other".
                u8::take(input).map(|code| Self::ALL.get(usize::from(code)).copied().unwrap_or_default())
            }
            fn absent() -> Self {
                Self::default()
            }
        }

        impl Field for $Set {
            type Raw = $Set;
            const TYPE: FieldType = FieldType::Name($Set::NAMES);
            fn resolve(raw: $Set, _: &dyn Names) -> Self {
                raw
            }
            fn raw(&self, _: &mut dyn Intern) -> $Set {
                *self
            }
            fn value(&self) -> Value<'_> {
                Value::Text(self.name())
            }
            fn parse(value: &Value<'_>) -> Option<Self> {
                match value {
                    Value::Text(name) => Self::from_name(name),
                    _ => None,
                }
            }
        }
    };
}

closed_set! {
    /// What a GDK event is, under one name for GTK 2, 3 and 4.
    EventType {
        Other = "other", Nothing = "nothing", Delete = "delete", Destroy = "destroy", Expose = "expose",
        Motion = "motion-notify", ButtonPress = "button-press", DoubleButtonPress = "2button-press",
        TripleButtonPress = "3button-press", ButtonRelease = "button-release", KeyPress = "key-press",
        KeyRelease = "key-release", Enter = "enter-notify", Leave = "leave-notify", FocusChange = "focus-change",
        Configure = "configure", Map = "map", Unmap = "unmap", Property = "property-notify",
        SelectionClear = "selection-clear", SelectionRequest = "selection-request",
        SelectionNotify = "selection-notify", ProximityIn = "proximity-in", ProximityOut = "proximity-out",
        DragEnter = "drag-enter", DragLeave = "drag-leave", DragMotion = "drag-motion", DragStatus = "drag-status",
        DropStart = "drop-start", DropFinished = "drop-finished", Client = "client-event",
        Visibility = "visibility-notify", NoExpose = "no-expose", Scroll = "scroll", WindowState = "window-state",
        Setting = "setting", OwnerChange = "owner-change", GrabBroken = "grab-broken", Damage = "damage",
        TouchBegin = "touch-begin", TouchUpdate = "touch-update", TouchEnd = "touch-end",
        TouchCancel = "touch-cancel", TouchpadSwipe = "touchpad-swipe", TouchpadPinch = "touchpad-pinch",
        TouchpadHold = "touchpad-hold", PadButtonPress = "pad-button-press",
        PadButtonRelease = "pad-button-release", PadRing = "pad-ring", PadStrip = "pad-strip",
        PadGroupMode = "pad-group-mode",
    }
}
closed_set! {
    /// What a window or surface is for.
    Role { Other = "other", Root = "root", Toplevel = "toplevel", Child = "child", Dialog = "dialog",
        Popup = "popup", Temp = "temp", Foreign = "foreign", Offscreen = "offscreen", Subsurface = "subsurface",
        Drag = "drag", }
}
closed_set! {
    /// Which region an exposure tells.
    Exposed {
        /// What the toolkit meant to repaint, and did: GTK 2 and 3 know one region.
        Both = "damage+repaint",
        /// What had changed.
        Damage = "damage",
        /// What was really repainted.
        Repaint = "repaint",
    }
}
closed_set! {
    /// Direction of a scroll.
    ScrollDirection { Other = "other", Up = "up", Down = "down", Left = "left", Right = "right", Smooth = "smooth", }
}
closed_set! {
    /// Why the pointer crossed a window's edge.
    CrossingMode { Other = "other", Normal = "normal", Grab = "grab", Ungrab = "ungrab", GtkGrab = "gtk-grab",
        GtkUngrab = "gtk-ungrab", StateChanged = "state-changed", TouchBegin = "touch-begin",
        TouchEnd = "touch-end", DeviceSwitch = "device-switch", }
}
closed_set! {
    /// How the windows of a crossing lie to one another.
    CrossingDetail { Unknown = "unknown", Ancestor = "ancestor", Virtual = "virtual", Inferior = "inferior",
        Nonlinear = "nonlinear", NonlinearVirtual = "nonlinear-virtual", }
}
closed_set! {
    /// Phase of a touchpad gesture.
    GesturePhase { Other = "other", Begin = "begin", Update = "update", End = "end", Cancel = "cancel", }
}
closed_set! {
    /// What the main loop asks a source besides its dispatch.
    SourceWork { Other = "other", Prepare = "prepare", Check = "check", }
}
closed_set! {
    /// What a widget did that cost time.
    WidgetWork { Other = "other", Measure = "measure", Allocate = "allocate", Snapshot = "snapshot", }
}
