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
    let mut turns = turns(&recorded);
    let busy: u64 = turns.iter().map(|turn| turn.busy).sum();
    let explained: u64 = turns.iter().map(|turn| turn.explained).sum();
    let part = explained as f64 / busy as f64;
    assert!(busy > 0, "{:?}", recorded.counts());
    assert!(part <= 1.0, "dispatches take {part} of the time in which they ran");
    turns.sort_by_key(|turn| turn.explained as i64 - turn.busy as i64);
    assert!(
        part >= EXPLAINED,
        "{:.1}% of {} µs in {} turns is explained; the worst: {:?}",
        part * 100.0,
        busy / 1000,
        turns.len(),
        &turns[..turns.len().min(8)]
    );
}

/// From the end of one sleep to the begin of the next, in nanoseconds.
#[derive(Debug)]
#[allow(dead_code, reason = "the fields are read in messages")]
struct Turn {
    /// Since the first.
    start: u64,
    busy: u64,
    /// Of that, in dispatches.
    explained: u64,
    dispatches: usize,
}

/// The main thread's turns.
fn turns(recorded: &Recorded) -> Vec<Turn> {
    let mut main: Vec<_> = recorded.events.iter().filter(|event| event.thread == 0).collect();
    main.sort_by_key(|event| event.time);
    let first = main.first().map_or(0, |event| event.time);
    let (mut turns, mut covered) = (Vec::new(), 0);
    let mut open: Option<Turn> = None;
    for event in main {
        match (&event.body, &mut open) {
            (Body::Poll(poll), _) => {
                if let Some(mut turn) = open.take() {
                    turn.busy = event.time.saturating_sub(first + turn.start);
                    turns.push(turn);
                }
                let woke = poll.duration.ns().map(|ns| event.time + ns - first);
                open = woke.map(|start| Turn { start, busy: 0, explained: 0, dispatches: 0 });
            }
            // A dispatch within a dispatch is part of it.
            (Body::Dispatch(dispatch), Some(turn)) if event.time >= covered => {
                let ns = dispatch.duration.ns().unwrap_or(0);
                turn.explained += ns;
                turn.dispatches += 1;
                covered = event.time + ns;
            }
            _ => {}
        }
    }
    turns
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
