//! The drawings beside reference pictures, in gdkrecord/tests/pictures. `UPDATE_GOLDEN=1 cargo test -p gdkrecord
//! --lib reference` writes them anew; where one differs, `NAME-out.png` and `NAME-diff.png` lie beside it.
//!
//! [`compare`] says how they are compared. Labels are set in one font in tests, and never hinted.

mod compare;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use cairo::{Context, Format, ImageSurface};

use super::exposures::{Film, Planner, Stage, View, picture};
use super::scale::Range;
use super::scenes::{self, Scene};
use super::timeline::{self, Collector, Heading, graph};
use super::treemap::{self, Frame, Look, Tree};
use super::{Area, Palette, fill};
use compare::differing;

/// The figures' width, in pixels.
const WIDTH: u32 = 900;

/// Holds a picture against its reference.
fn check(name: &str, drawn: &ImageSurface) {
    compare::check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pictures"), name, drawn);
}

fn graph_of(scene: &Scene, dark: bool) -> ImageSurface {
    let mut collector = Collector::new(Range::new(0, scene.end), 0, graph::columns(WIDTH));
    scene.events.iter().for_each(|event| collector.add(event));
    let figure = collector.finish();
    let facts = ["GTK 4.8.3", "x11", "2026-01-02 03:04:05"].map(str::to_owned).to_vec();
    let heading = Heading { title: "program".into(), facts, warning: String::new() };
    let height = timeline::height(&figure, WIDTH).ceil() as i32;
    let surface = ImageSurface::create(Format::Rgb24, WIDTH as i32, height).unwrap();
    timeline::draw(&Context::new(&surface).unwrap(), Palette::of(dark), &heading, &figure, WIDTH).unwrap();
    surface
}

fn stage_of(scene: &Scene, dark: bool, at: u64) -> ImageSurface {
    let mut planner = Planner::new(Range::new(0, scene.end), None);
    scene.events.iter().for_each(|event| planner.add(event));
    let plan = planner.finish();
    let view = View::fit(&plan, 800, 700);
    let mut stage = Stage::new(plan, 600_000_000);
    scene.events.iter().filter(|event| event.time <= at).for_each(|event| stage.apply(event));
    stage.advance(at);
    let surface = ImageSurface::create(Format::Rgb24, view.width as i32, view.height as i32).unwrap();
    picture::draw(&Context::new(&surface).unwrap(), Palette::of(dark), &stage, &view).unwrap();
    surface
}

/// As a page shows it: a stretch, with heat, a window that stands out and one that is hidden.
fn page_of(scene: &Scene, dark: bool, at: u64, hidden: &[u32]) -> ImageSurface {
    let mut planner = Planner::new(Range::new(0, scene.end), None).heated();
    scene.events.iter().for_each(|event| planner.add(event));
    let plan = planner.finish();
    let palette = Palette::of(dark);
    let heat = plan.heat.iter().map(|(&id, heat)| (id, heat.picture(palette).unwrap())).collect();
    let (hidden, marked) = (hidden.iter().copied().collect(), BTreeSet::from([2]));
    let look = picture::Look { palette, heat: Some(&heat), hidden: &hidden, marked: &marked, calm: false };
    let view = View::centred(plan.bounds, 760, 520);
    let mut showing = Arc::new(Film::new(Stage::new(plan, 1).cool(), scene.events.clone())).open();
    showing.show(at, 100_000_000);
    let surface = ImageSurface::create(Format::Rgb24, 760, 520).unwrap();
    let ctx = Context::new(&surface).unwrap();
    fill(&ctx, Area::new(0.0, 0.0, 760.0, 520.0), palette.background).unwrap();
    picture::windows(&ctx, &look, showing.stage(), &view).unwrap();
    drop(ctx);
    surface
}

fn treemap_of(tree: &Tree, dark: bool, look: impl FnOnce(&mut Look<'_>, &treemap::Layout)) -> ImageSurface {
    let (width, height) = (900, 520);
    let surface = ImageSurface::create(Format::Rgb24, width, height).unwrap();
    let ctx = Context::new(&surface).unwrap();
    let mut how = Look::new(Palette::of(dark));
    let whole = Area::new(0.0, 0.0, width.into(), height.into());
    fill(&ctx, whole, how.palette.background).unwrap();
    let layout = treemap::layout(tree, Area::new(10.0, 10.0, 880.0, 500.0), Frame::HEADED);
    look(&mut how, &layout);
    treemap::draw(&ctx, &how, tree, &layout, &treemap::labels(tree, &layout)).unwrap();
    drop(ctx);
    surface
}

/// Some nodes are searched for, in two groups.
static FOUND: [bool; 32] = {
    let mut found = [false; 32];
    (found[0], found[1], found[3], found[4], found[8], found[10]) = (true, true, true, true, true, true);
    found
};

#[test]
fn treemaps_look_as_they_should() {
    let functions = scenes::functions();
    check("treemap-light", &treemap_of(&functions, false, |_, _| {}));
    check(
        "treemap-dark",
        &treemap_of(&functions, true, |look, layout| {
            look.hover = layout.hit(300.0, 250.0).last().copied();
            look.selected = layout.hit(700.0, 300.0).last().copied();
        }),
    );
    check("treemap-level", &treemap_of(&functions, false, |look, _| look.by_level = true));
    check("treemap-found", &treemap_of(&functions, true, |look, _| look.found = Some(&FOUND)));
    check("treemap-many", &treemap_of(&scenes::many(), true, |_, _| {}));
    check("treemap-one", &treemap_of(&scenes::single(), false, |look, _| look.hover = Some(1)));
    check("treemap-empty", &treemap_of(&Tree::new("nothing"), true, |look, _| look.selected = Some(0)));
}

#[test]
fn graphs_look_as_they_should() {
    check("graph-light", &graph_of(&scenes::session(), false));
    check("graph-dark", &graph_of(&scenes::session(), true));
    check("graph-crowd", &graph_of(&scenes::crowd(), false));
    check("graph-long", &graph_of(&scenes::long(), true));
    check("graph-short", &graph_of(&scenes::short_and_huge(), false));
    check("graph-one-event", &graph_of(&scenes::one_event(), false));
    check("graph-empty", &graph_of(&scenes::empty(), false));
}

#[test]
fn stages_look_as_they_should() {
    check("stage-light", &stage_of(&scenes::session(), false, 1_700_000_000));
    check("stage-dark", &stage_of(&scenes::session(), true, 1_700_000_000));
    check("stage-crowd", &stage_of(&scenes::crowd(), false, 1_000_000_000));
    check("stage-huge", &stage_of(&scenes::short_and_huge(), true, 800_000));
    check("stage-empty", &stage_of(&scenes::empty(), false, 0));
    check("stage-page", &page_of(&scenes::session(), false, 1_610_000_000, &[]));
    check("stage-page-dark", &page_of(&scenes::session(), true, 700_000_000, &[2]));
}

/// What the tolerance lets through, and what it does not.
#[test]
fn a_missing_label_differs_and_half_a_pixel_does_not() {
    use super::text::{Align, Label};
    let draw = |text: &str, shift: f64| {
        let surface = ImageSurface::create(Format::Rgb24, 200, 40).unwrap();
        let ctx = Context::new(&surface).unwrap();
        fill(&ctx, Area::new(0.0, 0.0, 200.0, 40.0), Palette::LIGHT.background).unwrap();
        ctx.translate(shift, 0.0);
        Label::new(text, Palette::LIGHT.dim).size(11.0).draw(&ctx, 20.0, 20.0, Align::Left).unwrap();
        drop(ctx);
        surface
    };
    let whole = draw("12 · max 3.4 ms", 0.0);
    assert!(differing(&whole, &draw("12 · max 3.4 ms", 0.4)).is_empty());
    for other in ["", "12", "12 · max 3.4 s"] {
        assert!(!differing(&whole, &draw(other, 0.0)).is_empty(), "{other}");
    }
}
