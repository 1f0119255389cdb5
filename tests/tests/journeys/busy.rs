//! What the main thread did between its sleeps is explained by the dispatches and checks that were recorded.

use gdkrecord::Body;
use perfkit_tests::programs::compiled;
use perfkit_tests::{App, Display, Launch};

use crate::recorded::Recorded;

/// The part of the busy time that they must explain.
const EXPLAINED: f64 = 0.95;

/// Runs of which one must show it: a loaded machine takes the processor away between two dispatches, and that is
/// no time in which the program was busy.
const RUNS: usize = 5;

fn busy_time_is_explained(launch: Launch) {
    let mut told = Vec::new();
    for _ in 0..RUNS {
        let mut turns = turns(&used(&launch));
        let busy: u64 = turns.iter().map(|turn| turn.busy).sum();
        let explained: u64 = turns.iter().map(|turn| turn.explained).sum();
        assert!(busy > 0 && explained <= busy, "{explained} of {busy} ns is explained");
        if explained as f64 >= EXPLAINED * busy as f64 {
            return;
        }
        turns.sort_by_key(|turn| turn.explained as i64 - turn.busy as i64);
        let before: u64 = turns.iter().map(|turn| turn.before).sum();
        let after: u64 = turns.iter().map(|turn| turn.after).sum();
        let count = turns.len();
        turns.truncate(4);
        told.push(format!(
            "{explained} of {busy} ns in {count} turns is explained; {before} ns are before the first dispatch, \
             {after} ns after the last; the worst turns: {turns:?}"
        ));
    }
    panic!("{}", told.join("\n"));
}

/// The recording of a program that is used: hovered over, scrolled, resized.
fn used(launch: &Launch) -> Recorded {
    let display = Display::start().unwrap();
    let mut app = App::spawn(&display, launch).unwrap();
    app.window = app.find_window().unwrap();
    let at = app.window.geometry(&display).unwrap();
    let mut pointer = app.pointer().pause(300);
    for step in 0..100 {
        let (x, y) = (step * 37 % at.width, step * 23 % at.height);
        pointer = pointer.to(at.x + x, at.y + y).pause(10);
    }
    pointer = pointer.to(at.x + at.width / 2, at.y + at.height * 2 / 3);
    for step in 0..40 {
        pointer = pointer.click(if step % 20 < 10 { 5 } else { 4 }).pause(20);
    }
    pointer.play().unwrap();
    for percent in [97, 94, 98, 95, 99, 96] {
        app.window.resize(&display, at.width * percent / 100, at.height * percent / 100).unwrap();
        app.pointer().pause(80).play().unwrap();
    }
    app.close().unwrap();
    Recorded::open(app.recording())
}

/// From the end of one sleep to the begin of the next, in nanoseconds.
#[derive(Debug)]
#[allow(dead_code, reason = "the fields are read in messages")]
struct Turn {
    /// Since the first.
    start: u64,
    busy: u64,
    /// Of that, in dispatches and checks.
    explained: u64,
    /// Before the first of them, and after the last.
    before: u64,
    after: u64,
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
                    turn.after = event.time.saturating_sub(covered.max(first + turn.start));
                    turns.push(turn);
                }
                let woke = poll.duration.ns().map(|ns| event.time + ns - first);
                open = woke.map(|start| Turn { start, busy: 0, explained: 0, before: 0, after: 0, dispatches: 0 });
            }
            // A dispatch within a dispatch is part of it.
            (Body::Dispatch(_) | Body::Check(_), Some(turn)) if event.time >= covered => {
                let ns = event.duration().unwrap_or(0);
                if turn.dispatches == 0 {
                    turn.before = event.time.saturating_sub(first + turn.start);
                }
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
