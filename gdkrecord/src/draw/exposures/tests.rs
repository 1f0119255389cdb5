//! The stage: places, heat, skipped stillness, and that every stage can be drawn.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::film::Film;
use super::picture::{self, View};
use super::plan::Planner;
use super::stage::Stage;
use crate::draw::scale::Range;
use crate::draw::windows::Windows;
use crate::draw::windows::tests::{geometry, window};
use crate::draw::{Area, Palette};
use crate::field::{Rect, Rects};
use crate::kind::{self, Body, Event};
use crate::sets::{Exposed, Role};

const SECOND: u64 = 1_000_000_000;

fn exposure(window: u32, rect: Rect, what: Exposed) -> Body {
    Body::Exposure(kind::Exposure { window, frame: 1, what, rects: Rects(vec![rect]) })
}

fn events(place: Option<(i32, i32)>) -> Vec<Event> {
    let bodies = [
        (0, window(1, 0, Role::Toplevel)),
        (0, window(2, 1, Role::Child)),
        (0, window(3, 0, Role::Popup)),
        (0, geometry(1, place, (400, 300))),
        (0, geometry(2, place.map(|(x, y)| (x + 10, y + 20)), (100, 100))),
        (0, geometry(3, place.map(|(x, y)| (x + 200, y)), (200, 500))),
        (1, Body::WindowMap(kind::WindowMap { window: 1 })),
        (SECOND, exposure(2, Rect::new(1, 2, 30, 40), Exposed::Both)),
        (9 * SECOND, exposure(3, Rect::new(0, 0, 200, 500), Exposed::Repaint)),
        (9 * SECOND, exposure(3, Rect::new(0, 0, 20, 50), Exposed::Damage)),
    ];
    bodies.into_iter().map(|(time, body)| Event { time, thread: 0, body }).collect()
}

fn plan(place: Option<(i32, i32)>, only: Option<BTreeSet<u32>>) -> super::Plan {
    let mut planner = Planner::new(Range::new(0, 20 * SECOND), only);
    events(place).iter().for_each(|event| planner.add(event));
    planner.finish()
}

fn picture(stage: &Stage) -> Vec<u8> {
    let view = View::fit(&stage.plan, 800, 600);
    assert!(view.width <= 800 && view.height <= 600 && view.width.is_multiple_of(2) && view.height.is_multiple_of(2));
    let surface = cairo::ImageSurface::create(cairo::Format::Rgb24, view.width as i32, view.height as i32).unwrap();
    let ctx = cairo::Context::new(&surface).unwrap();
    picture::draw(&ctx, &Palette::DARK, stage, &view).unwrap();
    drop(ctx);
    let mut bytes = Vec::new();
    surface.with_data(|data| bytes = data.to_vec()).unwrap();
    bytes
}

#[test]
fn an_empty_stage_is_drawn() {
    let plan = Planner::new(Range::new(0, 0), None).finish();
    assert!(!picture(&Stage::new(plan, 1)).is_empty());
}

#[test]
fn known_places_are_kept_and_unknown_ones_do_not_overlap() {
    let known = plan(Some((100, 50)), None);
    assert_eq!(known.bounds, Area::new(100.0, 50.0, 400.0, 500.0));
    assert!(known.laid_out.is_empty());
    let unknown = plan(None, None);
    let (a, b) = (unknown.laid_out[&1], unknown.laid_out[&3]);
    assert_eq!(a.within(b).width * a.within(b).height, 0.0);
    assert_eq!(unknown.bounds, a.around(b));
    assert_eq!(plan(None, Some(BTreeSet::from([3]))).shown, BTreeSet::from([3]));
}

#[test]
fn a_popup_hangs_on_a_window_whose_place_is_unknown() {
    let bodies = [
        window(1, 0, Role::Toplevel),
        window(2, 0, Role::Toplevel),
        window(3, 2, Role::Popup),
        geometry(1, None, (400, 300)),
        geometry(2, None, (200, 100)),
        geometry(3, Some((30, 90)), (50, 60)),
        exposure(1, Rect::new(0, 0, 400, 300), Exposed::Both),
        exposure(2, Rect::new(0, 0, 200, 100), Exposed::Both),
        exposure(3, Rect::new(0, 0, 50, 60), Exposed::Both),
    ];
    let events: Vec<_> = bodies.into_iter().map(|body| Event { time: SECOND, thread: 0, body }).collect();
    let mut planner = Planner::new(Range::new(0, 2 * SECOND), None);
    events.iter().for_each(|event| planner.add(event));
    let mut stage = Stage::new(planner.finish(), SECOND);
    events.iter().for_each(|event| stage.apply(event));
    let (parent, popup) = (stage.area(2).unwrap(), stage.area(3).unwrap());
    assert_eq!(popup, Area::new(parent.x + 30.0, parent.y + 90.0, 50.0, 60.0));
    assert_eq!(stage.plan.bounds.around(popup), stage.plan.bounds);
    assert!(!stage.plan.laid_out.contains_key(&3));
}

#[test]
fn stillness_is_left_out() {
    let clock = plan(None, None).clock;
    assert!(clock.length() < 4 * SECOND, "{clock:?}");
    assert_eq!(clock.time(clock.shown(9 * SECOND)), 9 * SECOND);
    assert!(clock.skipped(9 * SECOND) > 5 * SECOND);
    assert_eq!(clock.skipped(0), 0);
    assert_eq!(
        [SECOND, 5 * SECOND, 20 * SECOND].map(|time| clock.from(time)),
        [SECOND, 9 * SECOND - 100_000_000, 20 * SECOND]
    );
    assert!(clock.time(u64::MAX) <= 20 * SECOND);
}

#[test]
fn what_is_exposed_flashes_fades_and_heats() {
    let mut stage = Stage::new(plan(Some((100, 50)), None), SECOND / 2);
    for event in events(Some((100, 50))).iter().take(8) {
        stage.apply(event);
    }
    let flash = stage.flashes[0];
    assert_eq!((flash.window, flash.area), (1, Area::new(11.0, 22.0, 30.0, 40.0)));
    assert_eq!(stage.fresh(flash.time), 1.0);
    assert_eq!((stage.counts.damage, stage.counts.repaint), (1200, 1200));
    let lit = picture(&stage);
    stage.advance(SECOND * 2);
    assert!(stage.flashes.is_empty());
    assert_ne!(lit, picture(&stage));
    assert!(stage.heat.unwrap()[&1].rows()[4][3] > 0.9);
}

#[test]
fn a_film_shows_every_moment_as_playing_to_it_does() {
    let plan = Arc::new(plan(Some((100, 50)), None));
    // Enough of them for several kept stages.
    let mut all = events(Some((100, 50)));
    for n in 0..4000 {
        let rect = Rect::new(n % 300, n % 200, 20 + n % 50, 10);
        let time = 10 * SECOND + n as u64 * 1_000_000;
        all.push(Event { time, thread: 0, body: exposure(1, rect, Exposed::Repaint) });
    }
    let played = |now: u64, fade: u64| {
        let mut stage = Stage::new(Arc::clone(&plan), fade);
        all.iter().take_while(|event| event.time <= now).for_each(|event| stage.apply(event));
        stage.advance(now);
        stage
    };
    let mut showing = Arc::new(Film::new(Stage::new(Arc::clone(&plan), 1).cool(), all.clone())).open();
    let moments = [12_000, 12_001, 13_999, 9_000, 11_500, 11_516, 2_000, 14_500, 1, 13_000];
    for (at, fade) in moments.into_iter().zip([100, 100, 600, 600, 100, 100, 2400, 600, 600, 30]) {
        let (now, fade) = (at * 1_000_000, fade * 1_000_000);
        showing.show(now, fade);
        let (shown, expected) = (showing.stage(), played(now, fade));
        assert_eq!(shown.flashes, expected.flashes, "{at} {fade}");
        assert_eq!((&shown.order, shown.counts, shown.now), (&expected.order, expected.counts, expected.now), "{at}");
    }
}

#[test]
fn a_stretch_begins_with_the_windows_that_there_are() {
    let all = events(Some((100, 50)));
    let (before, within) = all.split_at(8);
    let mut windows = Windows::new();
    for event in before {
        windows.apply(event);
    }
    let mut planner = Planner::new(Range::new(8 * SECOND, 10 * SECOND), None).heated();
    planner.begin(&windows);
    within.iter().for_each(|event| planner.add(event));
    let plan = planner.finish();
    assert_eq!(plan.shown, BTreeSet::from([1, 3]));
    assert_eq!(plan.bounds, Area::new(100.0, 50.0, 400.0, 500.0));
    assert_eq!(plan.repainted(), plan.repaint[&3]);
    assert_eq!((plan.repaint[&3].repainted, plan.repaint[&3].times), (100_000, 1));
    assert_eq!(plan.heat.keys().copied().collect::<Vec<_>>(), [3]);
    // What was mapped is there before anything is painted; the popup only paints.
    let mut stage = Stage::new(plan, SECOND).begin(&windows);
    assert_eq!(stage.order, [1]);
    within.iter().for_each(|event| stage.apply(event));
    assert_eq!(stage.order, [1, 3]);
}

#[test]
fn a_view_goes_both_ways_and_holds_the_stage_in_its_middle() {
    let plan = plan(Some((100, 50)), None);
    let view = View::centred(plan.bounds, 300, 400);
    let place = view.place(plan.bounds);
    assert!(place.x >= 0.0 && place.right() <= 300.0 && place.y >= 0.0 && place.bottom() <= 400.0, "{place:?}");
    assert!((place.x - (300.0 - place.right())).abs() <= 1.0);
    let (x, y) = view.stage((place.x, place.y));
    assert!((x - 100.0).abs() < 2.0 && (y - 50.0).abs() < 2.0, "{x} {y}");
    assert_eq!(View::centred(plan.bounds, 3000, 3000).scale, 1.0);
}

#[cfg(feature = "movie")]
#[test]
fn a_movie_has_a_picture_a_step_and_ends_with_what_is_not_shown() {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::movie::{Look, Movie, Result, Sink};

    struct Count(Rc<RefCell<(Vec<u64>, bool)>>);
    impl Sink for Count {
        fn picture(&mut self, pixels: &[u8]) -> Result<()> {
            let sum = pixels.iter().map(|&byte| u64::from(byte)).sum();
            self.0.borrow_mut().0.push(sum);
            Ok(())
        }
        fn finish(self: Box<Self>) -> Result<()> {
            self.0.borrow_mut().1 = true;
            Ok(())
        }
    }

    let plan = plan(Some((100, 50)), None);
    let view = View::fit(&plan, 600, 400);
    let seen = Rc::default();
    let look = Look { palette: &Palette::DARK, view, speed: 2.0, fps: 10 };
    let sink = Box::new(Count(Rc::clone(&seen)));
    let mut movie = Movie::new(Stage::new(plan, 1).cool(), look, sink).unwrap();
    let count = movie.length();
    events(Some((100, 50))).iter().for_each(|event| movie.event(event).unwrap());
    assert!(movie.made() < count);
    assert!(movie.finish(&mut |_| true).unwrap());
    let (pictures, finished) = seen.take();
    assert!(finished && pictures.len() as u64 == count && count > 10, "{count}");
    assert!(pictures.windows(2).any(|pair| pair[0] != pair[1]));
}

#[test]
fn what_is_calm_does_not_fade() {
    let plan = Arc::new(plan(Some((100, 50)), None));
    let view = View::fit(&plan, 600, 400);
    let mut showing = Arc::new(Film::new(Stage::new(plan, 1).cool(), events(Some((100, 50))))).open();
    let none = BTreeSet::new();
    let mut picture = |time: u64, calm: bool| {
        showing.show(time, 100_000_000);
        let mut surface = cairo::ImageSurface::create(cairo::Format::Rgb24, 600, 400).unwrap();
        let ctx = cairo::Context::new(&surface).unwrap();
        let look = picture::Look { palette: &Palette::LIGHT, heat: None, hidden: &none, marked: &none, calm };
        picture::windows(&ctx, &look, showing.stage(), &view).unwrap();
        drop(ctx);
        surface.data().unwrap().to_vec()
    };
    let (new, old, gone) = (9 * SECOND, 9 * SECOND + 80_000_000, 9 * SECOND + 200_000_000);
    assert!(picture(new, false) != picture(old, false));
    assert!(picture(new, true) == picture(old, true));
    assert!(picture(old, true) != picture(gone, true));
}
