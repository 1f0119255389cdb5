//! What the main thread did between its sleeps is explained by the dispatches that were recorded.

use gdkrecord::Body;
use perfkit_tests::programs::compiled;
use perfkit_tests::{App, Display, Launch};

use crate::recorded::Recorded;

/// The part of the busy time that dispatches must explain.
const EXPLAINED: f64 = 0.95;

fn busy_time_is_explained(launch: Launch) {
    let display = Display::start().unwrap();
    let mut app = App::spawn(&display, &launch).unwrap();
    app.window = app.find_window().unwrap();
    let at = app.window.geometry(&display).unwrap();
    let mut pointer = app.pointer().pause(300);
    for step in 0..150 {
        let (x, y) = (step * 37 % at.width, step * 23 % at.height);
        pointer = pointer.to(at.x + x, at.y + y).pause(10);
    }
    pointer.click(5).pause(50).click(4).play().unwrap();
    app.close().unwrap();

    let recorded = Recorded::open(app.recording());
    let (busy, explained) = account(&recorded);
    let part = explained as f64 / busy as f64;
    assert!(busy > 0, "{:?}", recorded.counts());
    assert!(part >= EXPLAINED, "{:.1}% of {} ms is explained", part * 100.0, busy / 1_000_000);
    assert!(part <= 1.0, "dispatches take {part} of the time in which they ran");
}

/// Nanoseconds between the end of a sleep and the begin of the next, and those of it in dispatches.
fn account(recorded: &Recorded) -> (u64, u64) {
    let (mut busy, mut explained) = (0, 0);
    let (mut awake, mut pending, mut covered) = (None, 0, 0);
    let mut main: Vec<_> = recorded.events.iter().filter(|event| event.thread == 0).collect();
    main.sort_by_key(|event| event.time);
    for event in main {
        match &event.body {
            Body::Poll(poll) => {
                if let Some(awake) = awake {
                    busy += event.time.saturating_sub(awake);
                    explained += pending;
                }
                awake = poll.duration.ns().map(|ns| event.time + ns);
                pending = 0;
            }
            // A dispatch within a dispatch is part of it.
            Body::Dispatch(dispatch) if awake.is_some() && event.time >= covered => {
                let ns = dispatch.duration.ns().unwrap_or(0);
                pending += ns;
                covered = event.time + ns;
            }
            _ => {}
        }
    }
    (busy, explained)
}

#[test]
fn gtk2() {
    busy_time_is_explained(Launch::new(compiled("gtk2", &["gtk+-2.0"]).unwrap()));
}

#[test]
fn gtk3() {
    busy_time_is_explained(Launch::new("gtk3-widget-factory"));
}

#[test]
fn gtk4() {
    busy_time_is_explained(Launch::new("gtk4-widget-factory"));
}
