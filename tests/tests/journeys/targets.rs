//! With `input=replay` each input event names the widget to which it goes: where it stands, what it shows, where it is.

use gdkrecord::kind::Target;
use gdkrecord::layout::TARGETS;
use gdkrecord::sets::EventType;
use gdkrecord::{Body, Recording};
use nix::sys::signal::Signal;
use perfkit_tests::programs::{compiled, compiled_for};
use perfkit_tests::{App, Display, Launch, wait};

use crate::recorded::Recorded;

/// The kinds of input that have a target.
fn wants_target(body: &Body) -> bool {
    matches!(body, Body::Motion(_) | Body::Button(_) | Body::Key(_) | Body::Scroll(_) | Body::Touch(_))
}

/// The targets of a recording, each of the event right before it.
fn targets(recorded: &Recorded) -> Vec<&Target> {
    let mut found = Vec::new();
    for (at, event) in recorded.events.iter().enumerate() {
        let Body::Target(target) = &event.body else { continue };
        let before = recorded.events[..at].iter().rev().find(|before| before.thread == event.thread).unwrap();
        assert!(wants_target(&before.body) && before.time == event.time, "{before:?}, {event:?}");
        let of = before.field("event");
        assert_eq!(of, event.field("event"));
        found.push(target);
    }
    found
}

/// A click on the second button of the second window, whose place the program tells, a key, and a turn of the wheel.
fn a_click_names_its_button(package: &str) {
    let program = compiled_for("two-windows", package).unwrap();
    let display = Display::start().unwrap();
    let mut app = App::spawn(&display, &Launch::new(program).options("input=replay")).unwrap();
    let told = wait::until("the place of the button", || {
        let said = app.stdout();
        let line = said.lines().find_map(|line| line.strip_prefix("button "))?;
        let place: Vec<i32> = line.split(' ').map(|word| word.parse().unwrap()).collect();
        place.try_into().ok()
    });
    let [x, y, width, height]: [i32; 4] = told.unwrap();
    app.pointer()
        .to(100, 50)
        .pause(300)
        .click(5)
        .pause(300)
        .to(x + width / 2, y + height / 2)
        .pause(300)
        .play()
        .unwrap();
    app.pointer().click(1).pause(200).key("a").play().unwrap();
    wait::until("the click", || app.stdout().contains("pressed _Second one").then_some(())).unwrap();
    app.pointer().pause(300).play().unwrap();
    app.process().signal(Signal::SIGTERM).unwrap();
    app.process().wait().unwrap();
    assert_eq!(app.said(), "");

    let recorded = Recorded::open(app.recording());
    recorded.assert_whole();
    assert_ne!(Recording::open(app.recording()).unwrap().header().flags & TARGETS, 0);
    let targets = targets(&recorded);
    let input = recorded.events.iter().filter(|event| wants_target(&event.body)).count();
    assert_eq!(targets.len(), input, "each event has one");
    let one = |event: EventType| {
        *targets.iter().find(|target| target.event == event).unwrap_or_else(|| panic!("no {}", event.name()))
    };

    let press = one(EventType::ButtonPress);
    let names = [&press.class, &press.label, &press.name, &press.path].map(|text| &**text);
    assert_eq!(names, ["GtkButton", "Second one", "second", "GtkWindow/GtkBox[0]/GtkBox[1]/GtkButton[1]"]);
    assert_eq!((press.x.0, press.y.0, press.width, press.height), (Some(x), Some(y), width, height));
    assert!(press.sensitive);
    assert!(recorded.windows()[&press.window].titles.iter().any(|title| title == "Answering"));
    assert_eq!(Target { event: EventType::ButtonPress, ..one(EventType::ButtonRelease).clone() }, *press);
    let scroll = one(EventType::Scroll);
    assert_eq!([&*scroll.class, &*scroll.name, &*scroll.label], ["GtkDrawingArea", "area", ""]);
    assert_eq!((scroll.x.0, scroll.y.0, scroll.width, scroll.height), (Some(0), Some(0), 300, 100));

    // The clicked button has the focus. What key it was is another option's business.
    assert_eq!(&*one(EventType::KeyPress).path, &*press.path);
    let keys = recorded.events.iter().filter_map(|at| if let Body::Key(key) = &at.body { Some(key) } else { None });
    assert!(keys.into_iter().all(|key| (key.keyval, key.keycode) == (0, 0)));
}

#[test]
fn gtk3() {
    a_click_names_its_button("gtk+-3.0");
}

#[test]
fn gtk4() {
    a_click_names_its_button("gtk4");
}

/// Menus of GTK 3 are windows of their own, and take the keys while they are open.
#[test]
fn gtk3_menus() {
    let display = Display::start().unwrap();
    let mut app = App::spawn(&display, &Launch::new("gtk3-demo").arg("--run=menus").options("input=replay")).unwrap();
    app.window = app.find_window().unwrap();
    app.settle().unwrap();
    app.pointer().to(20, 15).pause(300).click(1).pause(900).key("Down").pause(200).play().unwrap();
    app.pointer().key("Escape").pause(300).play().unwrap();
    app.process().signal(Signal::SIGTERM).unwrap();
    app.process().wait().unwrap();
    let recorded = Recorded::open(app.recording());
    let targets = targets(&recorded);
    let press = targets.iter().find(|target| target.event == EventType::ButtonPress).unwrap();
    assert_eq!((&*press.class, &*press.label), ("GtkMenuItem", "test\nline2"), "{press:?}");
    let key = targets.iter().find(|target| target.event == EventType::KeyPress).unwrap();
    assert_eq!(&*key.class, "GtkMenu", "{key:?}");
    assert_ne!(key.window, press.window);
}

#[test]
fn gtk2() {
    let display = Display::start().unwrap();
    let program = compiled("gtk2", &["gtk+-2.0"]).unwrap();
    let mut app = App::start(&display, &Launch::new(program).options("input=replay")).unwrap();
    app.pointer().to(100, 30).pause(300).click(1).play().unwrap();
    wait::until("the click", || app.stdout().contains("clicked 1").then_some(())).unwrap();
    app.close().unwrap();
    let recorded = Recorded::open(app.recording());
    let targets = targets(&recorded);
    let press = targets.iter().find(|target| target.event == EventType::ButtonPress).unwrap();
    let names = [&press.class, &press.label, &press.path].map(|text| &**text);
    assert_eq!(names, ["GtkButton", "Click me", "GtkWindow/GtkVBox[0]/GtkButton[0]"]);
    assert_eq!((press.x.0, press.y.0, press.width, press.height), (Some(0), Some(0), 900, 60));
}

#[test]
fn nobody_is_asked_without_the_option() {
    let display = Display::start().unwrap();
    let program = compiled_for("two-windows", "gtk4").unwrap();
    let mut app = App::spawn(&display, &Launch::new(program)).unwrap();
    wait::until("the second window", || app.stdout().contains("button").then_some(())).unwrap();
    app.pointer().to(100, 50).pause(300).click(1).pause(300).play().unwrap();
    app.process().signal(Signal::SIGTERM).unwrap();
    app.process().wait().unwrap();
    let recorded = Recorded::open(app.recording());
    assert!(recorded.events.iter().any(|event| wants_target(&event.body)));
    assert_eq!(targets(&recorded).len(), 0);
    assert_eq!(Recording::open(app.recording()).unwrap().header().flags & TARGETS, 0);
}
