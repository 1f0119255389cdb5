//! What was exposed, read back from sessions: the plan of any stretch, its films, steps from one exposure to the next,
//! and movies.

use std::cell::Cell;
use std::sync::Arc;

use gdkrecord::draw::exposures::movie::{Gif, Look, Movie};
use gdkrecord::draw::exposures::{Clock, Plan, Stage, View};
use gdkrecord::draw::{Area, Palette};
use gdkrecord::field::{Maybe, Real, Rects, Text};
use gdkrecord::kind::{Exposure, Window, WindowGeometry, WindowMap, WindowTitle};
use gdkrecord::sets::{Exposed, Role};
use gdkrecord::{Body, Rect};
use perfkit_agent::analysis::exposures::{self, MOST, Survey};
use perfkit_agent::session::query::Query;
use perfkit_agent::session::{Track, gdk};
use perfkit_agent::source::Outlet;

use super::at;
use super::session::{Made, PID};

fn put(outlet: &mut Outlet, pid: i32, ms: i64, body: Body) {
    let track = outlet.track(&Track::thread(pid, pid));
    let series = outlet.series(&gdk::schema(body.kind()).unwrap());
    gdk::rows(&body, &mut |_, cells| outlet.point(series, at(ms), track, cells));
}

fn window(outlet: &mut Outlet, pid: i32, ms: i64, id: u32, title: &str, place: (i32, i32), size: (i32, i32)) {
    let class = Text::from("GdkX11Toplevel");
    put(outlet, pid, ms, Body::Window(Window { window: id, parent: 0, role: Role::Toplevel, class, xid: 0 }));
    let (x, y) = (Maybe(Some(place.0)), Maybe(Some(place.1)));
    let geometry = WindowGeometry { window: id, x, y, width: size.0, height: size.1, scale: Real(1.0) };
    put(outlet, pid, ms, Body::WindowGeometry(geometry));
    put(outlet, pid, ms, Body::WindowTitle(WindowTitle { window: id, title: Text::from(title) }));
    put(outlet, pid, ms, Body::WindowMap(WindowMap { window: id }));
}

fn expose(outlet: &mut Outlet, pid: i32, ms: i64, window: u32, what: Exposed, rects: &[Rect]) {
    put(outlet, pid, ms, Body::Exposure(Exposure { window, frame: 1, what, rects: Rects(rects.to_vec()) }));
}

/// Two processes with a window each, of the same number; one moves, and repaints ten times as much as had changed.
fn fill(outlet: &mut Outlet) {
    window(outlet, PID, 0, 1, "Files", (0, 0), (300, 200));
    window(outlet, PID + 7, 10, 1, "Dialog", (400, 100), (100, 100));
    for n in 0..20 {
        let ms = 100 + n * 50;
        expose(outlet, PID, ms, 1, Exposed::Damage, &[Rect::new(0, 0, 10, 10), Rect::new(50, 0, 10, 10)]);
        expose(outlet, PID, ms + 1, 1, Exposed::Repaint, &[Rect::new(0, 0, 200, 10)]);
    }
    expose(outlet, PID + 7, 500, 1, Exposed::Both, &[Rect::new(0, 0, 100, 100)]);
    window(outlet, PID, 600, 1, "Files", (50, 0), (300, 200));
}

fn survey(query: &Query, from: i64, to: i64, most: usize) -> Survey {
    exposures::survey(query, (at(from), at(to)), most, &|| true).unwrap().unwrap()
}

#[test]
fn a_stretch_is_planned_with_the_windows_that_it_begins_with() {
    let made = Made::with(&fill);
    let query = Query::open(&made.path()).unwrap();
    let plan = survey(&query, 0, 2000, MOST).plan;
    let names: Vec<&str> = plan.names.values().map(String::as_str).collect();
    assert_eq!(names, ["Files", "Dialog"]);
    assert_eq!(plan.bounds, Area::new(0.0, 0.0, 500.0, 200.0));
    let files = plan.repaint[&1];
    assert_eq!((files.damaged, files.repainted, files.wasted, files.times), (4000, 40_000, 36_000, 20));
    assert_eq!(plan.repainted().times, 21);
    // An exposure of two rectangles is one.
    assert_eq!(plan.exposures, 41);
    let later = survey(&query, 700, 2000, MOST).plan;
    assert_eq!(later.bounds, Area::new(50.0, 0.0, 450.0, 200.0));
    assert_eq!(later.repainted().times, 8);
    assert!(exposures::survey(&query, (at(0), at(2000)), MOST, &|| false).unwrap().is_none());
    let nothing = survey(&query, 1900, 2000, MOST);
    assert_eq!((nothing.plan.exposures, nothing.plan.shown.len()), (0, 2));
}

#[test]
fn a_part_of_a_long_stretch_shows_what_the_whole_shows() {
    let made = Made::with(&fill);
    let query = Query::open(&made.path()).unwrap();
    let whole = survey(&query, 0, 2000, MOST);
    let none = survey(&query, 0, 2000, 10);
    assert!(none.film.is_none());
    let part = exposures::film(&query, &none.plan, (at(590), at(2000)), 12, &|| true).unwrap().unwrap();
    assert!(part.range.0 == at(590) && part.range.1 > at(700) && part.range.1 < at(1000), "{:?}", part.range);
    let last = (part.range.1 - 1) as u64;
    let (mut one, mut other) = (whole.film.unwrap().film.open(), part.film.open());
    for now in [at(650) as u64, last, at(610) as u64] {
        one.show(now, 10_000_000);
        other.show(now, 10_000_000);
        assert_eq!(one.stage().flashes, other.stage().flashes);
        assert_eq!(one.stage().order, other.stage().order);
        assert_eq!(one.stage().area(1), other.stage().area(1));
    }
    assert_eq!(other.stage().area(1), Some(Area::new(50.0, 0.0, 300.0, 200.0)));
}

#[test]
fn one_steps_from_exposure_to_exposure() {
    let made = Made::with(&fill);
    let query = Query::open(&made.path()).unwrap();
    let next = |ms| exposures::next(&query, at(ms)).unwrap();
    let previous = |ms| exposures::previous(&query, at(ms)).unwrap();
    assert_eq!([next(0), next(100), next(101), next(2000)], [Some(at(100)), Some(at(101)), Some(at(150)), None]);
    assert_eq!([previous(100), previous(150), previous(90_000)], [None, Some(at(101)), Some(at(1051))]);
    let empty = Made::with(&|_| {});
    let query = Query::open(&empty.path()).unwrap();
    assert_eq!(exposures::next(&query, 0).unwrap(), None);
}

#[test]
fn a_movie_is_made_of_a_stretch_or_given_up() {
    let made = Made::with(&fill);
    let query = Query::open(&made.path()).unwrap();
    let Survey { plan, windows, .. } = survey(&query, 400, 900, MOST);
    let path = made.folder().join("a.gif");
    let shoot = |go_on: &dyn Fn(f64) -> bool| {
        let plan = Arc::new(Plan { clock: Clock::whole(plan.range), ..Plan::clone(&plan) });
        let view = View::fit(&plan, 400, 400);
        let file = std::fs::File::create(&path).unwrap();
        let sink = Gif::create(file, &path, &Palette::LIGHT, (view.width, view.height), 20).unwrap();
        let look = Look { palette: &Palette::LIGHT, view, speed: 0.5, fps: 20 };
        let stage = Stage::new(plan, 1).begin(&windows);
        let movie = Movie::new(stage, look, Box::new(sink)).unwrap();
        exposures::shoot(&query, movie, (at(400), at(900)), go_on).unwrap()
    };
    let seen = Cell::new(0.0);
    let all = shoot(&|share| {
        assert!(share >= seen.replace(share));
        true
    });
    assert!(all && seen.get() >= 1.0);
    let bytes = std::fs::read(&path).unwrap();
    assert!(bytes.starts_with(b"GIF89a") && bytes.ends_with(&[0x3b]) && bytes.len() > 2000, "{}", bytes.len());
    assert!(!shoot(&|share| share < 0.5));
}
