//! Damage is true: where two pictures differ something was recorded as exposed, and for a hover nothing else.

use gdkrecord::sets::Exposed;
use gdkrecord::{Body, Rect};
use nix::sys::signal::Signal;
use perfkit_tests::programs::compiled;
use perfkit_tests::{App, Area, Display, Launch, Screen, wait};

use crate::recorded::Recorded;

/// What was done to a window, what changed on the display, and what was recorded.
struct Change {
    before: Screen,
    after: Screen,
    /// Exposed since then, in pixels of the display.
    rects: Vec<Area>,
    recorded: Recorded,
}

impl Change {
    /// Parks the pointer, takes a picture, moves it to a place, clicks there if asked, takes a picture.
    fn make(launch: &Launch, park: (i32, i32), place: (i32, i32), click: bool) -> Change {
        let display = Display::start().unwrap();
        let bare = Screen::take(&display).unwrap();
        let mut app = App::spawn(&display, launch).unwrap();
        app.pointer().to(park.0, park.1).play().unwrap();
        app.window = app.find_window().unwrap();
        settle_after(&app, &bare);
        let before = Screen::take(&display).unwrap();
        let moved = app.pointer().to(place.0, place.1);
        if click {
            moved.pause(60).click(1).play().unwrap()
        } else {
            moved.play().unwrap()
        }
        settle_after(&app, &before);
        let after = Screen::take(&display).unwrap();
        let (at, xid) = (app.window.geometry(&display).unwrap(), app.window.0);
        // Killed, so that closing repaints nothing more.
        app.process().signal(Signal::SIGKILL).unwrap();
        app.process().wait().unwrap();

        let recorded = Recorded::open(app.recording());
        let window = recorded.by_xid(xid).expect("the window was recorded");
        let reached = recorded.events.iter().find(|event| {
            let near = |x: f32, y: f32| {
                (x + at.x as f32 - place.0 as f32).abs() < 1.5 && (y + at.y as f32 - place.1 as f32).abs() < 1.5
            };
            let near_root = |x: f32, y: f32| (x - place.0 as f32).abs() < 1.5 && (y - place.1 as f32).abs() < 1.5;
            match &event.body {
                Body::Motion(motion) => near(motion.x.0, motion.y.0) || near_root(motion.x_root.0, motion.y_root.0),
                Body::Crossing(cross) => near(cross.x.0, cross.y.0) || near_root(cross.x_root.0, cross.y_root.0),
                _ => false,
            }
        });
        let reached = reached.unwrap_or_else(|| panic!("the pointer came nowhere near: {:?}", recorded.counts())).time;
        let exposures = recorded.exposures_from(reached);
        let shown = exposures.filter(|e| e.window == window && matches!(e.what, Exposed::Both | Exposed::Repaint));
        let area = |r: &Rect| {
            let (left, top) = (at.x + i32::from(r.x), at.y + i32::from(r.y));
            Area { left, top, right: left + i32::from(r.width), bottom: top + i32::from(r.height) }
        };
        let rects: Vec<Area> = shown.flat_map(|e| e.rects.0.iter().map(area)).collect();
        assert!(!rects.is_empty(), "nothing was exposed after the pointer moved: {:?}", recorded.counts());
        Change { before, after, rects, recorded }
    }

    /// Every pixel that differs lies in some exposed rectangle.
    fn assert_explained(&self) {
        let inside = |(x, y): (i32, i32)| {
            let pixel = Area { left: x, top: y, right: x + 1, bottom: y + 1 };
            self.rects.iter().any(|rect| pixel.within(*rect))
        };
        let mut pixels = self.before.differing(&self.after).peekable();
        assert!(pixels.peek().is_some(), "the picture changed");
        let outside: Vec<_> = pixels.filter(|pixel| !inside(*pixel)).take(5).collect();
        assert!(outside.is_empty(), "changed but not exposed: {outside:?}; exposed: {:?}", self.rects);
    }

    /// The box around what differs is the box around what was exposed.
    fn assert_exact(&self) {
        let exposed = self.rects.iter().copied().reduce(Area::join);
        assert_eq!(self.before.difference(&self.after), exposed);
    }
}

/// Waits for something to be painted, which takes GL without a graphics card a while, and then for rest.
fn settle_after(app: &App<'_>, before: &Screen) {
    let changed = || Screen::take(app.display).ok().filter(|now| now != before);
    wait::until("the picture to change", changed).unwrap();
    app.settle().unwrap();
}

#[test]
fn hover_in_gtk4_is_exact() {
    let change = Change::make(&Launch::new("gnome-calculator"), (5, 480), (110, 310), false);
    change.assert_explained();
    change.assert_exact();
}

#[test]
fn click_in_gtk4_is_explained() {
    Change::make(&Launch::new("gnome-calculator"), (5, 480), (110, 310), true).assert_explained();
}

/// GL repaints all of a window; what had changed is told as with cairo.
#[test]
fn click_in_gtk4_with_gl_is_explained() {
    let launch = Launch::new("gnome-calculator").env("GSK_RENDERER", "gl");
    let change = Change::make(&launch, (5, 480), (110, 310), true);
    change.assert_explained();
    let renderers: Vec<_> = change.recorded.facts("renderer").collect();
    assert_eq!(renderers, ["GskGLRenderer"], "told once");
    let areas = |what: Exposed| {
        let exposures = change.recorded.exposures_from(0).filter(move |e| e.what == what);
        exposures.map(|e| e.rects.0.iter().map(|rect| rect.area()).sum::<u64>())
    };
    let whole = areas(Exposed::Repaint).max().unwrap();
    assert!(areas(Exposed::Damage).any(|area| area > 0 && area < whole / 4), "less had changed than was painted");
    assert!(change.recorded.counts()["frame"] > 1);
}

#[test]
fn hover_in_gtk3_is_explained() {
    let program = compiled("gtk3-own-handler", &["gtk+-3.0"]).unwrap();
    Change::make(&Launch::new(program), (1500, 850), (150, 150), false).assert_explained();
}

#[test]
fn click_in_gtk3_is_explained() {
    Change::make(&Launch::new("gtk3-demo"), (1500, 850), (80, 300), true).assert_explained();
}

#[test]
fn hover_in_gtk2_is_explained() {
    let program = compiled("gtk2", &["gtk+-2.0"]).unwrap();
    Change::make(&Launch::new(program), (1500, 850), (200, 30), false).assert_explained();
}
