//! Events of devices that no private display has: a program makes them up, and each is recorded with the fields
//! that the program gave it.
//!
//! GTK 3 has constructors for them. GTK 4 has none, so that program knows how the GTK 4 of Debian 12 lays events
//! out; under another GTK it ends with 77 and that journey shows nothing.

use gdkrecord::kind::flags;
use gdkrecord::sets::{EventType, GesturePhase, Role};
use gdkrecord::{Body, Event, Span};
use perfkit_tests::programs::compiled;
use perfkit_tests::{App, Display, Launch};

use crate::recorded::Recorded;

/// The server's time that the program gives where an event bears one.
const TIME: u32 = 4711;
/// GDK_SHIFT_MASK and GDK_CONTROL_MASK.
const SHIFT: u32 = 1;
const CONTROL: u32 = 4;

struct Put {
    recorded: Recorded,
    window: u32,
    /// Whether an event with these flags and this time was put.
    put: fn(u8, u32) -> bool,
}

impl Put {
    /// The one event of this type that was put into the queue.
    fn one(&self, wanted: EventType) -> &Event {
        let put = |at: &&Event| event(at).is_some_and(|(of, flags, time)| of == wanted && (self.put)(flags, time));
        let found: Vec<&Event> = self.recorded.events.iter().filter(put).collect();
        assert_eq!(found.len(), 1, "{wanted:?} among {:?}", self.recorded.counts());
        found[0]
    }

    /// Checks what all events have in common.
    fn common(&self, window: u32, time: u32, device: u8, duration: Span) {
        assert_eq!((window, time), (self.window, TIME));
        assert_ne!(device, 0, "it has a device");
        assert!(duration.ns().is_some(), "its handling ended");
    }

    fn pads(&self) {
        let pads = [
            (EventType::PadButtonPress, 2, None),
            (EventType::PadButtonRelease, 2, None),
            (EventType::PadRing, 2, Some(0.5)),
            (EventType::PadStrip, 2, Some(0.5)),
            (EventType::PadGroupMode, 0, None),
        ];
        for (of, index, value) in pads {
            let Body::Pad(pad) = &self.one(of).body else { panic!("{of:?}") };
            self.common(pad.window, pad.server_time, pad.device, pad.duration);
            assert_eq!((pad.group, pad.index, pad.mode, pad.value.known()), (1, index, 3, value), "{of:?}");
        }
    }

    fn proximities(&self) {
        for of in [EventType::ProximityIn, EventType::ProximityOut] {
            let Body::Other(near) = &self.one(of).body else { panic!("{of:?}") };
            self.common(near.window, near.server_time, near.device, near.duration);
        }
    }
}

/// The type of an event of GDK's, its flags and its time.
fn event(at: &Event) -> Option<(EventType, u8, u32)> {
    macro_rules! of {
        ($($Kind:ident),*) => {
            match &at.body {
                $(Body::$Kind(one) => Some((one.event, one.flags, one.server_time)),)*
                _ => None,
            }
        };
    }
    of!(Touch, Touchpad, Pad, Other, Property, WindowState, Selection, Drag, GrabBroken, Setting)
}

fn put_by_gtk3() -> Put {
    let display = Display::start().unwrap();
    let program = compiled("gtk3-events", &["gtk+-3.0"]).unwrap();
    let mut app = App::spawn(&display, &Launch::new(program)).unwrap();
    let status = app.process().wait().unwrap();
    assert_eq!(app.said(), "");
    assert!(status.success() && app.stdout() == "handled 27 of 27\n", "{status}: {}", app.stdout());
    let recorded = Recorded::open(app.recording());
    recorded.assert_whole();
    let named = |(_, known): &(u32, crate::recorded::Known)| known.titles.iter().any(|title| title == "Events");
    let top = recorded.windows().into_iter().filter(|(_, known)| known.parent == 0).find(named);
    let window = top.expect("the window has a title").0;
    Put { recorded, window, put: |flags, _| flags & flags::SENT != 0 }
}

/// The same for GTK 4; `None` under one that lays events out otherwise.
fn put_by_gtk4() -> Option<Put> {
    let display = Display::start().unwrap();
    let program = compiled("gtk4-events", &["gtk4"]).unwrap();
    let mut app = App::spawn(&display, &Launch::new(program)).unwrap();
    let status = app.process().wait().unwrap();
    if status.code() == Some(77) {
        eprintln!("not shown: {}", app.said());
        return None;
    }
    assert_eq!(app.said(), "");
    assert!(status.success() && app.stdout() == "handled 19 of 19\n", "{status}: {}", app.stdout());
    let recorded = Recorded::open(app.recording());
    recorded.assert_whole();
    let put = |_, time| time == TIME;
    let surface = |at: &Event| match &at.body {
        Body::Touch(touch) => Some(touch.window),
        _ => None,
    };
    let window = recorded.events.iter().find_map(surface).expect("a touch");
    Some(Put { recorded, window, put })
}

#[test]
fn every_event_that_a_gtk4_program_makes_up_is_recorded_with_its_fields() {
    let Some(put) = put_by_gtk4() else { return };
    // The window is GDK's alone: no widget owns it, and it stands at the display's corner.
    assert_eq!(put.recorded.windows()[&put.window].role, Role::Toplevel);
    let touches = [
        (EventType::TouchBegin, 10.0, 20.0),
        (EventType::TouchUpdate, 11.0, 22.0),
        (EventType::TouchEnd, 12.0, 24.0),
        (EventType::TouchCancel, 13.0, 26.0),
    ];
    for (of, x, y) in touches {
        let Body::Touch(touch) = &put.one(of).body else { panic!("{of:?}") };
        put.common(touch.window, touch.server_time, touch.device, touch.duration);
        assert_eq!((touch.x.0, touch.y.0, touch.x_root.0, touch.y_root.0), (x, y, x, y));
        let first = of == EventType::TouchBegin;
        assert_eq!((touch.sequence, touch.state, touch.emulating_pointer), (0x77, SHIFT, first));
        assert_eq!(touch.flags & flags::EMULATED != 0, first);
    }
    let gestures = [
        (EventType::TouchpadSwipe, (-1.5, 2.5), (None, None)),
        (EventType::TouchpadPinch, (-1.5, 2.5), (Some(1.75), Some(0.25))),
        (EventType::TouchpadHold, (0.0, 0.0), (None, None)),
    ];
    for (of, deltas, pinch) in gestures {
        let Body::Touchpad(pad) = &put.one(of).body else { panic!("{of:?}") };
        put.common(pad.window, pad.server_time, pad.device, pad.duration);
        assert_eq!((pad.phase, pad.fingers, pad.state), (GesturePhase::Update, 3, CONTROL));
        assert_eq!((pad.x.0, pad.y.0, (pad.delta_x.0, pad.delta_y.0)), (30.0, 40.0, deltas), "{of:?}");
        assert_eq!((pad.scale.known(), pad.angle.known()), pinch, "{of:?}");
    }
    put.pads();
    put.proximities();
    let Body::GrabBroken(grab) = &put.one(EventType::GrabBroken).body else { panic!() };
    assert_eq!((grab.window, grab.keyboard, grab.implicit, grab.grab_window), (put.window, true, true, put.window));
    for of in [EventType::DragEnter, EventType::DragLeave, EventType::DragMotion, EventType::DropStart] {
        let Body::Drag(drag) = &put.one(of).body else { panic!("{of:?}") };
        put.common(drag.window, drag.server_time, drag.device, drag.duration);
        assert_eq!((drag.x_root.0, drag.y_root.0), (50.0, 60.0), "{of:?}");
    }
}

#[test]
fn a_real_drag_in_gtk4_is_recorded_from_enter_to_drop() {
    let display = Display::start().unwrap();
    let mut app = App::start(&display, &Launch::new("gtk4-demo").arg("--run=dnd")).unwrap();
    let items = app.pointer().to(228, 165).pause(200).press(1).pause(100).to(240, 180).pause(100);
    items.to(260, 200).pause(100).to(300, 220).pause(200).to(340, 230).pause(200).release(1).pause(600).play().unwrap();
    app.settle().unwrap();
    app.close().unwrap();

    let recorded = Recorded::open(app.recording());
    recorded.assert_whole();
    let drags: Vec<_> = recorded
        .events
        .iter()
        .filter_map(|at| match &at.body {
            Body::Drag(drag) => Some(drag),
            _ => None,
        })
        .collect();
    let mut kinds: Vec<_> = drags.iter().map(|drag| drag.event).collect();
    kinds.dedup();
    assert_eq!(kinds, [EventType::DragEnter, EventType::DragMotion, EventType::DropStart]);
    let dropped = drags.last().unwrap();
    assert_eq!((dropped.x_root.0, dropped.y_root.0), (340.0, 230.0));
    assert!(drags.iter().all(|drag| drag.duration.ns().is_some() && recorded.toplevel(drag.window) == drag.window));
    let owners = recorded.events.iter().filter_map(|at| match &at.body {
        Body::WindowOwner(owner) => Some((owner.window, &*owner.owner)),
        _ => None,
    });
    let icon = owners.into_iter().find(|(_, owner)| *owner == "GtkDragIcon").expect("what is dragged is a window").0;
    let known = &recorded.windows()[&icon];
    assert_eq!(known.role, Role::Drag);
    assert!(recorded.exposures_from(0).any(|exposure| exposure.window == icon), "it was painted");
}

#[test]
fn every_event_that_a_gtk3_program_makes_up_is_recorded_with_its_fields() {
    let put = put_by_gtk3();
    let close = |a: f32, b: f32| (a - b).abs() < 1e-4;

    let touches = [
        (EventType::TouchBegin, 10.0, 20.0),
        (EventType::TouchUpdate, 11.0, 22.0),
        (EventType::TouchEnd, 12.0, 24.0),
        (EventType::TouchCancel, 13.0, 26.0),
    ];
    for (of, x, y) in touches {
        let Body::Touch(touch) = &put.one(of).body else { panic!("{of:?}") };
        put.common(touch.window, touch.server_time, touch.device, touch.duration);
        assert_eq!((touch.x.0, touch.y.0, touch.x_root.0, touch.y_root.0), (x, y, x + 1000.0, y + 2000.0));
        let first = of == EventType::TouchBegin;
        assert_eq!((touch.sequence, touch.state, touch.emulating_pointer), (0x77, SHIFT, first));
        assert_eq!(touch.flags & flags::EMULATED != 0, first);
    }

    let Body::Touchpad(swipe) = &put.one(EventType::TouchpadSwipe).body else { panic!() };
    put.common(swipe.window, swipe.server_time, swipe.device, swipe.duration);
    assert_eq!((swipe.phase, swipe.fingers, swipe.state), (GesturePhase::Update, 3, CONTROL));
    assert_eq!((swipe.x.0, swipe.y.0, swipe.delta_x.0, swipe.delta_y.0), (30.0, 40.0, -1.5, 2.5));
    assert!(swipe.scale.known().is_none() && swipe.angle.known().is_none());
    let Body::Touchpad(pinch) = &put.one(EventType::TouchpadPinch).body else { panic!() };
    put.common(pinch.window, pinch.server_time, pinch.device, pinch.duration);
    assert_eq!((pinch.phase, pinch.fingers, pinch.state), (GesturePhase::End, 2, CONTROL));
    assert_eq!((pinch.x.0, pinch.y.0, pinch.delta_x.0, pinch.delta_y.0), (31.0, 41.0, -3.0, 4.0));
    assert!(close(pinch.scale.0, 1.75) && close(pinch.angle.0, 0.25), "{pinch:?}");

    put.pads();
    put.proximities();
    let Body::GrabBroken(grab) = &put.one(EventType::GrabBroken).body else { panic!() };
    assert_eq!((grab.window, grab.keyboard, grab.implicit, grab.grab_window), (put.window, true, true, put.window));
    let Body::Setting(setting) = &put.one(EventType::Setting).body else { panic!() };
    assert_eq!((&*setting.name, setting.action), ("gtk-journey", 1));
    for of in [EventType::SelectionClear, EventType::SelectionRequest, EventType::SelectionNotify] {
        let Body::Selection(selection) = &put.one(of).body else { panic!("{of:?}") };
        assert_eq!((selection.window, selection.server_time), (put.window, TIME));
        let names = (&*selection.selection, &*selection.target, &*selection.property);
        assert_eq!(names, ("PRIMARY", "STRING", "JOURNEY"), "{of:?}");
    }
    let Body::Selection(owner) = &put.one(EventType::OwnerChange).body else { panic!() };
    assert_eq!((&*owner.selection, owner.server_time), ("PRIMARY", TIME));
    let Body::Property(property) = &put.one(EventType::Property).body else { panic!() };
    assert_eq!((&*property.atom, property.deleted, property.server_time), ("JOURNEY", true, TIME));
    let Body::WindowState(state) = &put.one(EventType::WindowState).body else { panic!() };
    // GDK_WINDOW_STATE_MAXIMIZED and GDK_WINDOW_STATE_FOCUSED.
    assert_eq!((state.changed, state.state), (1 << 2, 1 << 2 | 1 << 7));
    let drags = [
        EventType::DragEnter,
        EventType::DragLeave,
        EventType::DragMotion,
        EventType::DragStatus,
        EventType::DropStart,
        EventType::DropFinished,
    ];
    for of in drags {
        let Body::Drag(drag) = &put.one(of).body else { panic!("{of:?}") };
        assert_eq!((drag.window, drag.server_time), (put.window, TIME), "{of:?}");
        assert_eq!((drag.x_root.0, drag.y_root.0), (111.0, -5.0), "{of:?}");
    }
}
