//! Typed text is redacted, unless it was asked for.

use gdkrecord::kind::{Key, flags};
use gdkrecord::{Body, Event};
use perfkit_tests::programs::compiled;
use perfkit_tests::{App, Display, Launch};

use crate::recorded::Recorded;

/// X names digits and letters by their ASCII codes.
const DIGITS: [u32; 4] = [0x31, 0x32, 0x33, 0x34];
const Z: u32 = 0x7a;
const ESCAPE: u32 = 0xff1b;

/// What keys mean, each once.
fn values(keys: &[Key]) -> Vec<u32> {
    let mut values: Vec<u32> = keys.iter().map(|key| key.keyval).collect();
    values.sort_unstable();
    values.dedup();
    values
}

/// The keys that were pressed in a GTK 2 entry and in the calculator while "1234" was typed, then undone by a shortcut.
fn typed(launch: Launch, click: (i32, i32)) -> Vec<Key> {
    let display = Display::start().unwrap();
    let mut app = App::start(&display, &launch).unwrap();
    app.pointer()
        .to(click.0, click.1)
        .pause(50)
        .click(1)
        .pause(100)
        .text("1234")
        .key("ctrl+z")
        .key("Escape")
        .pause(200)
        .play()
        .unwrap();
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
        let (redacted, told): (Vec<Key>, Vec<Key>) = keys.into_iter().partition(|key| key.flags & flags::REDACTED != 0);
        assert!(redacted.len() >= 8, "four presses and releases: {redacted:?}");
        assert!(redacted.iter().all(|key| (key.keyval, key.keycode) == (0, 0)), "{redacted:?}");
        // A shortcut and a key without a letter are told.
        let told = values(&told);
        assert!(told.contains(&Z) && told.contains(&ESCAPE), "{told:x?}");
        assert!(!told.iter().any(|keyval| DIGITS.contains(keyval)), "{told:x?}");
    }
}

#[test]
fn is_kept_where_it_was_asked_for() {
    for (launch, place) in programs() {
        let keys = typed(launch.options("text=keep"), place);
        let values: Vec<u32> = values(&keys).into_iter().filter(|keyval| ![Z, ESCAPE].contains(keyval)).collect();
        assert_eq!(values, DIGITS, "{keys:?}");
        assert!(keys.iter().all(|key| key.keycode != 0 && key.flags & flags::REDACTED == 0));
    }
}
