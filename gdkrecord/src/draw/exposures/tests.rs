//! The stage: places, heat, skipped stillness, and that every stage can be drawn.

use std::collections::BTreeSet;

use super::picture::{self, LEVELS, View};
use super::plan::Planner;
use super::stage::{Heat, Stage};
use crate::draw::scale::Range;
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
    assert!(stage.heat[&1].rows()[4][3] > 0.9);
}

#[test]
fn heat_counts_repaints_and_has_levels() {
    let mut heat = Heat::default();
    for _ in 0..3 {
        heat.add(Area::new(-5.0, 4.0, 21.0, 600.0));
    }
    assert_eq!((heat.rows()[0][0], heat.rows()[1][1]), (1.5, 3.0));
    // Of a window larger than any screen every corner has its heat.
    heat.add(Area::new(0.0, 0.0, 16_000.0, 9_000.0));
    assert_eq!((heat.cell(), heat.rows().len(), heat.rows()[0].len()), (16, 563, 1000));
    assert_eq!((heat.rows()[1][0], heat.rows()[500][999]), (4.0, 1.0));
    assert_eq!([0.0, 1.0, 1e9].map(picture::level), [0, 1, LEVELS]);
}
