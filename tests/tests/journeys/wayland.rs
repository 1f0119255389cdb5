//! Programs of GTK 3 and 4 under a Wayland compositor: places, sizes, popups, and what a compositor tells of time.

use std::collections::HashMap;
use std::time::Duration;

use gdkrecord::sets::{EventType, Role};
use gdkrecord::{Body, Span};
use nix::sys::signal::Signal;
use nix::time::{ClockId, clock_gettime};
use perfkit_tests::compositor::{Compositor, SIZE};
use perfkit_tests::{App, Display, Launch, wait};

use crate::recorded::Recorded;

/// GDK tells a presentation before it happens by an interval of the display, and by no more than a few.
const AHEAD: u64 = 50_000_000;

/// Makes a window as large as the output, clicks into it, opens a menu in it, ends the program, and reads.
fn drive(program: &str) -> Recorded {
    let display = Display::start().unwrap();
    let compositor = Compositor::start(&display).unwrap();
    let mut app = App::spawn(&display, &compositor.launch(Launch::new(program))).unwrap();
    let there = wait::until("the program's window", || compositor.windows().filter(|at| at.right - at.left > 300));
    there.unwrap_or_else(|error| panic!("{error}; it said: {}", app.said()));
    app.pointer().to(SIZE.0 + 60, 20).play().unwrap();
    let fills = || compositor.windows().filter(|at| (at.right, at.bottom) == SIZE && (at.left, at.top) == (0, 0));
    // Where the machine is so busy that two clicks are none double, there is another chance.
    let filled = (0..3).any(|_| {
        app.settle().unwrap();
        let at = compositor.windows().unwrap();
        // Onto the header bar, which lies below the window's shadow.
        let title = ((at.left + at.right) / 2, at.top + 40);
        app.pointer().to(title.0, title.1).pause(200).click(1).pause(40).click(1).play().unwrap();
        wait::until_within(Duration::from_secs(8), "the window to fill the output", fills).is_ok()
    });
    assert!(filled, "the window never filled the output: {:?}", compositor.windows());
    app.settle().unwrap();
    app.pointer().to(CLICK.0, CLICK.1).pause(150).click(1).pause(500).play().unwrap();
    app.pointer().to(MENU.0, MENU.1).pause(150).click(3).pause(600).key("Escape").pause(300).play().unwrap();
    app.settle().unwrap();
    assert!(app.process().ended().is_none(), "it still runs: {}", app.said());
    app.process().signal(Signal::SIGTERM).unwrap();
    app.process().wait().unwrap();
    Recorded::open(app.recording())
}

const CLICK: (i32, i32) = (900, 500);
const MENU: (i32, i32) = (700, 620);

fn is_recorded(program: &str) {
    let recorded = drive(program);
    recorded.assert_whole();
    assert_eq!(recorded.facts("backend").collect::<Vec<_>>(), ["wayland"]);

    // The window lies at the output's corner since it fills it: its coordinates are the display's.
    let windows = recorded.windows();
    let pressed = |number: u8, place: (i32, i32)| {
        let found = recorded.buttons(EventType::ButtonPress).filter(|(_, button)| button.button == number).last();
        let (_, button) = found.unwrap_or_else(|| panic!("no button {number}: {:?}", recorded.counts()));
        assert!(button.duration.ns().is_some_and(|ns| ns > 0), "its handling ended");
        assert!(button.latency.ns().is_none_or(|ns| ns < 10_000_000_000), "{:?}", button.latency);
        assert!(!button.x_root.0.is_finite(), "nobody knows where a Wayland window is: {button:?}");
        let top = recorded.toplevel(button.window);
        assert_eq!(windows[&top].role, Role::Toplevel);
        let inside = windows[&button.window].geometry.last().filter(|_| top != button.window);
        let left_top = inside.map_or((0, 0), |child| (child.x.0.unwrap(), child.y.0.unwrap()));
        let got = (button.x.0 + left_top.0 as f32, button.y.0 + left_top.1 as f32);
        assert!((got.0 - place.0 as f32).abs() <= 1.0 && (got.1 - place.1 as f32).abs() <= 1.0, "{got:?}, {place:?}");
        top
    };
    let top = pressed(1, CLICK);
    assert_eq!(pressed(3, MENU), top);
    let toplevel = &windows[&top];
    let last = toplevel.geometry.last().unwrap();
    assert_eq!(((last.width, last.height), last.x.0, last.y.0), (SIZE, None, None));
    assert!(toplevel.geometry.len() > 1, "it was smaller before: {:?}", toplevel.geometry);
    let menu = windows.values().find(|known| matches!(known.role, Role::Popup | Role::Temp) && large(known));
    let menu = menu.unwrap_or_else(|| panic!("no menu in {windows:?}"));
    // GDK 4 says where a popup lies in its top-level; GDK 3 makes a root up.
    let place = menu.geometry.last().and_then(|at| at.x.0.zip(at.y.0));
    let near = place.map(|(x, y)| (x - MENU.0).abs() < 40 && (y - MENU.1).abs() < 400);
    assert_eq!(near, (menu.role == Role::Popup).then_some(true), "{menu:?}");
    let painted = |window| recorded.exposures_from(0).filter(|e| e.window == window && !e.rects.0.is_empty()).count();
    assert!(painted(top) > 0);
    frames_are_shown_after_they_began(&recorded);
}

fn large(known: &crate::recorded::Known) -> bool {
    known.geometry.iter().any(|at| at.width > 50 && at.height > 50)
}

/// What the compositor tells is possible, and there where its clock lets GDK tell it.
fn frames_are_shown_after_they_began(recorded: &Recorded) {
    let mut begun = HashMap::new();
    let (mut intervals, mut shown) = (0, 0);
    for event in &recorded.events {
        match &event.body {
            Body::Frame(frame) => {
                begun.insert((frame.clock, frame.counter), event.time);
                intervals += usize::from(frame.interval != Span::UNKNOWN);
            }
            Body::Presented(told) => {
                shown += 1;
                let began = begun[&(told.clock, told.counter)];
                assert!((began..event.time + AHEAD).contains(&told.shown), "{told:?}, begun {began}");
                let interval = told.interval.ns().unwrap();
                assert!((1_000_000..100_000_000).contains(&interval), "{interval} ns");
            }
            _ => {}
        }
    }
    assert!(intervals > 0, "the output has a refresh rate");
    // Weston counts by the raw clock inside X, and GDK ignores what lies more than a second from its own.
    let seconds = |clock: ClockId| {
        let time = clock_gettime(clock).unwrap();
        time.tv_sec() as f64 + time.tv_nsec() as f64 / 1e9
    };
    let apart = seconds(ClockId::CLOCK_MONOTONIC_RAW) - seconds(ClockId::CLOCK_MONOTONIC);
    assert!(shown > 0 || apart.abs() > 0.9, "no frame was told to be shown, though the clocks are {apart} s apart");
}

#[test]
fn gtk4_demo() {
    is_recorded("gtk4-demo");
}

#[test]
fn gtk3_demo() {
    is_recorded("gtk3-demo");
}
