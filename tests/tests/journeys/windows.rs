//! Windows of GTK 2 and 3: all are recorded, under GDK's lock alone, and looking at very many costs hardly anything.

use std::collections::BTreeMap;

use gdkrecord::Body;
use gdkrecord::reader::WindowInfo;
use perfkit_tests::programs::compiled_for;
use perfkit_tests::{App, Display, Launch, wait};

use crate::recorded::Recorded;

const WINDOWS: usize = 500;

/// The recording of the program with so many children of its window.
fn recording(package: &str, children: &str) -> Recorded {
    let program = compiled_for("gtk-windows", package).unwrap();
    let display = Display::start().unwrap();
    let mut app = App::spawn(&display, &Launch::new(program).arg(children)).unwrap();
    app.window = app.find_window().unwrap();
    let expected = format!("done {WINDOWS} without lock 0");
    wait::until(&expected, || app.stdout().contains("done").then_some(())).unwrap();
    assert_eq!(app.stdout().trim(), expected);
    assert_eq!(app.said(), "");
    app.close().unwrap();
    let recorded = Recorded::open(app.recording());
    recorded.assert_whole();
    recorded
}

fn every_window_is_recorded(package: &str) {
    let recorded = recording(package, "0");
    // Made in the worker, lived a millisecond, never shown.
    let short = |window: &&WindowInfo| window.geometry.as_ref().is_none_or(|geometry| geometry.width < 10);
    let lives: Vec<_> = recorded.info.windows.iter().filter(short).collect();
    let ended = |window: &&&WindowInfo| window.destroyed.is_some_and(|end| end >= window.created + 1_000_000);
    let ended = lives.iter().filter(ended).count();
    assert!(ended >= WINDOWS, "{ended} of {WINDOWS} windows were made and destroyed");
    // A destruction is recorded when it is, not when somebody looks.
    let late = |window: &&&WindowInfo| window.destroyed.is_some_and(|end| end - window.created < 20_000_000);
    let prompt = lives.iter().filter(late).count();
    assert!(prompt >= WINDOWS * 9 / 10, "{prompt} of {WINDOWS} windows ended within 20 ms");
}

fn very_many_windows_cost_little(package: &str) {
    const CHILDREN: usize = 5_000;
    let recorded = recording(package, &CHILDREN.to_string());
    assert!(recorded.info.windows.len() > CHILDREN);
    let mut looks = Vec::new();
    let mut parents = BTreeMap::new();
    for event in &recorded.events {
        match &event.body {
            Body::Dispatch(d) if &*d.source == "gdkrecord" && &*d.callback == "windows" => {
                looks.push(d.duration.ns().unwrap_or(0));
            }
            Body::WindowParent(place) => drop(parents.insert(place.window, place.parent)),
            _ => {}
        }
    }
    looks.sort_unstable();
    assert!(looks.len() > 10, "{} looks", looks.len());
    // The machine may take the processor away in many of them. One look at all takes a hundred times as long.
    let usual = looks[looks.len() / 2];
    assert!(usual < 100_000, "a look at windows took {usual} ns");
    assert!(parents.len() > CHILDREN / 10, "the parents of {} windows are known", parents.len());
}

#[test]
fn gtk2_every_window() {
    every_window_is_recorded("gtk+-2.0");
}

#[test]
fn gtk3_every_window() {
    every_window_is_recorded("gtk+-3.0");
}

#[test]
fn gtk2_very_many() {
    very_many_windows_cost_little("gtk+-2.0");
}

#[test]
fn gtk3_very_many() {
    very_many_windows_cost_little("gtk+-3.0");
}
