//! Typed text is redacted, unless it was asked for.

use gdkrecord::kind::{Key, flags};
use gdkrecord::{Body, Event};
use perfkit_tests::programs::compiled;
use perfkit_tests::{App, Display, Launch};

use crate::recorded::Recorded;

/// The keys that were pressed in a GTK 2 entry and in the calculator while "1234" was typed.
fn typed(launch: Launch, click: (i32, i32)) -> Vec<Key> {
    let display = Display::start().unwrap();
    let mut app = App::start(&display, &launch).unwrap();
    app.pointer().to(click.0, click.1).pause(50).click(1).pause(100).text("1234").pause(200).play().unwrap();
    app.settle().unwrap();
    app.close().unwrap();
    let recorded = Recorded::open(app.recording());
    let key = |event: Event| match event.body {
        Body::Key(key) if !key.is_modifier => Some(key),
        _ => None,
    };
    recorded.events.into_iter().filter_map(key).collect()
}

fn programs() -> [(Launch, (i32, i32)); 2] {
    let gtk2 = Launch::new(compiled("gtk2", &["gtk+-2.0"]).unwrap());
    [(gtk2, (200, 72)), (Launch::new("gnome-calculator"), (180, 90))]
}

#[test]
fn is_redacted() {
    for (launch, place) in programs() {
        let keys = typed(launch, place);
        assert!(keys.len() >= 8, "four presses and releases: {keys:?}");
        for key in keys {
            assert_eq!((key.keyval, key.keycode), (0, 0));
            assert_ne!(key.flags & flags::REDACTED, 0);
        }
    }
}

#[test]
fn is_kept_where_it_was_asked_for() {
    for (launch, place) in programs() {
        let keys = typed(launch.options("text=keep"), place);
        let mut values: Vec<u32> = keys.iter().map(|key| key.keyval).collect();
        values.sort_unstable();
        values.dedup();
        // X names the digits by their ASCII codes.
        assert_eq!(values, [0x31, 0x32, 0x33, 0x34], "{keys:?}");
        assert!(keys.iter().all(|key| key.keycode != 0 && key.flags & flags::REDACTED == 0));
    }
}
