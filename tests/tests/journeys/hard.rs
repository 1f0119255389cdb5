//! Programs that are hard to record: an event handler of their own, threads with loops, fork without exec.

use std::collections::BTreeSet;

use gdkrecord::Body;
use gdkrecord::sets::EventType;
use perfkit_tests::programs::compiled;
use perfkit_tests::{App, Display, Launch, Loading, bins, wait};

use crate::recorded::Recorded;

#[test]
fn an_own_handler_is_kept_and_recorded() {
    let program = compiled("gtk3-own-handler", &["gtk+-3.0"]).unwrap();
    let display = Display::start().unwrap();
    let mut app = App::start(&display, &Launch::new(program)).unwrap();
    let heard = |text: &str| wait::until(text, || app.stdout().contains(text).then_some(())).unwrap();
    app.pointer().to(150, 100).pause(50).click(1).play().unwrap();
    heard("handler first presses 1\nclicked");
    // Later than a double click, in the handler that took the first one's place.
    app.pointer().pause(600).click(1).play().unwrap();
    heard("handler second presses 2\nclicked");
    assert!(app.close().unwrap().success());

    let recorded = Recorded::open(app.recording());
    recorded.assert_whole();
    let ended = recorded.buttons(EventType::ButtonPress).filter(|(_, button)| button.duration.ns().is_some());
    assert_eq!(ended.count(), 2, "{:?}", recorded.counts());
}

#[test]
fn an_own_handler_that_was_there_first_is_kept() {
    let program = compiled("gtk3-late", &["gtk+-3.0"]).unwrap();
    let display = Display::start().unwrap();
    let launch = Launch::new(program).loading(Loading::None).arg(bins::path(bins::MODULE).unwrap());
    let launch = launch.env("GDKRECORD_FILENAME", display.home().join("app.gdkrecord"));
    let mut app = App::start(&display, &launch).unwrap();
    app.pointer().to(150, 100).pause(50).click(1).play().unwrap();
    wait::until("the click", || app.stdout().contains("presses 1").then_some(())).unwrap();
    assert!(app.close().unwrap().success());
    assert_eq!(app.stdout().trim(), "children 0\npresses 1", "its handler's data was not freed");

    let recorded = Recorded::open(app.recording());
    recorded.assert_whole();
    let ended = recorded.buttons(EventType::ButtonPress).filter(|(_, button)| button.duration.ns().is_some());
    assert_eq!(ended.count(), 1, "{:?}", recorded.counts());
}

#[test]
fn threads_and_forks() {
    let program = compiled("gtk3-threads", &["gtk+-3.0"]).unwrap();
    let display = Display::start().unwrap();
    let mut app = App::start(&display, &Launch::new(program)).unwrap();
    let expected = "threads 4 ticks 400 child hello fork 7 heap kept";
    wait::until("all threads to be done", || app.stdout().contains(expected).then_some(())).unwrap();
    assert!(app.close().unwrap().success());

    let recorded = Recorded::open(app.recording());
    recorded.assert_whole();
    let named = |name: &'static str| {
        recorded.events.iter().filter(move |event| matches!(&event.body, Body::Dispatch(d) if &*d.source == name))
    };
    let ticks = named("a worker's tick");
    let threads: BTreeSet<u16> = ticks.clone().map(|event| event.thread).collect();
    assert_eq!((ticks.count(), threads.len()), (400, 4));
    assert!(!threads.contains(&0), "the main thread ticks too: {threads:?}");
    assert_eq!(named("the fork's own").count(), 0, "the child wrote into its parent's recording");
}
