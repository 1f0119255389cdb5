//! A click at a place appears as the right event, on the right window, with the time of its handling.

use gdkrecord::sets::{EventType, Role};
use perfkit_tests::programs::{compiled, script};
use perfkit_tests::{App, Display, Launch, Loading, wait};

use crate::recorded::Recorded;

/// Handling a click may be slow on a loaded machine, but not this slow.
const LONGEST: u64 = 10_000_000_000;

/// Clicks into the window, off any widget that would close it, and looks for that in the recording.
fn click_is_recorded(launch: Launch) {
    let display = Display::start().unwrap();
    let program = launch.program().to_string_lossy().into_owned();
    let mut app = App::spawn(&display, &launch).unwrap();
    app.window = app.find_window().unwrap();
    // Programs with a spinner never come to rest: this one has painted when its window reacts.
    app.pointer().pause(700).play().unwrap();
    let (title, at) = (app.window.title(&display).unwrap(), app.window.geometry(&display).unwrap());
    let (x, y) = (at.x + at.width / 3, at.y + at.height * 2 / 3);
    app.pointer().to(x, y).pause(150).click(1).pause(300).play().unwrap();
    let xid = app.window.0;
    app.close().unwrap();

    let recorded = Recorded::open(app.recording());
    recorded.assert_whole();
    let windows = recorded.windows();
    let named = |event: EventType| {
        let found = recorded.buttons(event).next();
        let (at_event, button) = found.unwrap_or_else(|| panic!("no {} among {:?}", event.name(), recorded.counts()));
        let duration = button.duration.ns().expect("its handling ended");
        assert!(duration > 0 && duration < LONGEST, "handled in {duration} ns");
        assert_eq!(button.button, 1);
        let place = match button.x_root.known() {
            Some(x_root) => (x_root, button.y_root.0),
            // GTK 4 knows no place on the root window; the window is at its top left.
            None => (button.x.0 + at.x as f32, button.y.0 + at.y as f32),
        };
        assert!((place.0 - x as f32).abs() <= 1.0 && (place.1 - y as f32).abs() <= 1.0, "{place:?}, not {x},{y}");
        (at_event.time, button.window)
    };
    let (pressed, window) = named(EventType::ButtonPress);
    let (released, _) = named(EventType::ButtonRelease);
    assert!(pressed < released);
    let toplevel = recorded.toplevel(window);
    let known = &windows[&toplevel];
    assert_eq!(known.role, Role::Toplevel, "{known:?}");
    assert_eq!(u64::from(known.xid), xid, "{known:?}");
    // GTK 3 gives a window without a title its program's name, on the X side only.
    let untitled = known.titles.is_empty() && program.ends_with(&title);
    assert!(untitled || known.titles.contains(&title), "{title} is not in {:?}", known.titles);
}

#[test]
fn gtk3_demo() {
    click_is_recorded(Launch::new("gtk3-demo"));
}

#[test]
fn gtk3_widget_factory() {
    click_is_recorded(Launch::new("gtk3-widget-factory"));
}

#[test]
fn gtk4_demo() {
    click_is_recorded(Launch::new("gtk4-demo"));
}

#[test]
fn gtk4_widget_factory() {
    click_is_recorded(Launch::new("gtk4-widget-factory"));
}

#[test]
fn gnome_calculator() {
    click_is_recorded(Launch::new("gnome-calculator"));
}

#[test]
fn gtk2() {
    click_is_recorded(Launch::new(compiled("gtk2", &["gtk+-2.0"]).unwrap()));
}

#[test]
fn python_gtk3() {
    click_is_recorded(Launch::new("/usr/bin/python3").arg(script("pygtk.py").unwrap()).arg("3"));
}

#[test]
fn python_gtk4() {
    click_is_recorded(Launch::new("/usr/bin/python3").arg(script("pygtk.py").unwrap()));
}

#[test]
fn under_the_tool() {
    for (program, package) in [("gtk2", "gtk+-2.0"), ("gtk3-own-handler", "gtk+-3.0")] {
        click_is_recorded(Launch::new(compiled(program, &[package]).unwrap()).loading(Loading::Tool));
    }
    click_is_recorded(Launch::new("gnome-calculator").loading(Loading::Tool));
}

/// The recording can be read while the program runs.
#[test]
fn while_it_runs() {
    let display = Display::start().unwrap();
    let program = compiled("gtk3-own-handler", &["gtk+-3.0"]).unwrap();
    let app = App::start(&display, &Launch::new(program)).unwrap();
    app.pointer().to(150, 100).pause(50).click(1).play().unwrap();
    wait::until("the click to be heard", || app.stdout().contains("clicked").then_some(())).unwrap();
    let recorded = Recorded::open(app.recording());
    recorded.assert_whole();
    assert_eq!(recorded.buttons(EventType::ButtonRelease).count(), 1);
}
