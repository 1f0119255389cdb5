//! The whole timeline beside reference pictures, over a session as the bench has them.

use gdkrecord::draw::Palette;
use perfkit_agent::session::{Bookmark, Query, Session};

use super::figure::{Figure, Marks};
use super::geometry::{Geometry, View, between, places};
use super::heads::Letters;
use super::hit::Spot;
use super::kinds::Look;
use super::links::{End, Link};
use super::paint::{Manner, Pixels, picture};
use super::search::search;
use super::{Ask, Kept, Scene, Tracks, Wanted, detail, overview, rows, tracks};
use crate::draw::reference;
use crate::link::Reader;
use crate::model::{Range, extent};

#[path = "../../../benches/gui/synthetic.rs"]
#[allow(dead_code, missing_docs)]
mod synthetic;

const SIZE: (f64, f64) = (900.0, 640.0);

struct Shown {
    reader: Reader,
    tracks: Tracks,
    whole: Range,
    hidden: i64,
    _folder: tempfile::TempDir,
}

fn shown() -> Shown {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("session.perfkit");
    let made = synthetic::make(&path, 6_000).unwrap();
    let reader = Reader { session: Session::open(&path).unwrap(), query: Query::open(&path).unwrap() };
    let (tracks, whole) = (tracks(&reader).unwrap(), extent(&reader));
    Shown { reader, tracks, whole, hidden: made.hidden, _folder: folder }
}

impl Shown {
    fn lane(&self, kind: &str) -> usize {
        self.tracks.lanes.iter().position(|lane| lane.kind.name == kind).unwrap()
    }

    fn pixels(&mut self, ask: &Ask, dark: bool, height: f64) -> Pixels {
        let manner = Manner { palette: Palette::of(dark), scale: 1.0, budget: self.tracks.budget };
        let scene = Scene::read(&mut self.reader, &mut Kept::default(), &self.tracks.lanes, ask).unwrap();
        picture(&scene, &self.tracks.lanes, manner, height).unwrap()
    }

    fn check(&mut self, name: &str, range: Range, marks: &Marks, views: &[View]) {
        let geometry = Geometry::new(SIZE.0, SIZE.1, range);
        let lanes = between(&places(views), 0.0, geometry.lanes.height);
        let columns = geometry.lanes.width as usize;
        let ask = Ask { range, columns, lanes, filter: None };
        let wanted = Wanted { lane: self.lane("frames"), top: 0.0, height: overview::HEIGHT };
        let strip = Ask { range: self.whole, lanes: vec![wanted], ..ask.clone() };
        let shown = std::cell::RefCell::new(self);
        reference::check(name, SIZE.0, SIZE.1, |ctx, palette, _, _| {
            let mut shown = shown.borrow_mut();
            let dark = *palette == Palette::DARK;
            let picture = shown.pixels(&ask, dark, geometry.lanes.height).surface()?;
            let strip = shown.pixels(&strip, dark, overview::HEIGHT).surface()?;
            let figure = Figure {
                palette: Palette::of(dark),
                letters: &Letters::default(),
                tracks: &shown.tracks,
                views,
                geometry,
                whole: shown.whole,
                scrolled: 0.0,
                chosen: marks.picked.map(|spot| spot.lane),
                marks: marks.clone(),
            };
            figure.draw(ctx, &picture, &strip)
        });
    }
}

#[test]
fn pictures_of_the_timeline() {
    let mut shown = shown();
    let mut views: Vec<View> = shown.tracks.lanes.iter().map(View::of).collect();
    let whole = shown.whole;
    let bookmark = |begin: i64, end: i64| Bookmark { id: 1, begin, end, text: String::new() };
    let second = 1_000_000_000;
    let found = search(&shown.reader, &shown.tracks.lanes, "futex", &|| true).unwrap();
    assert!(found.spots.len() > 50 && !found.more);
    let marks = Marks {
        selection: Range::new(whole.begin + second / 2, whole.begin + second),
        cursor: whole.begin + second * 3 / 2,
        bookmarks: vec![
            bookmark(whole.begin + second * 2, whole.begin + second * 9 / 4),
            bookmark(shown.hidden, shown.hidden),
        ],
        found: Some(found.into()),
        ..Marks::default()
    };
    shown.check("timeline-whole", whole, &marks, &views);

    // The slow frame alone, its dispatch, and the input before it, in tracks of which some are collapsed or resized.
    let (frames, dispatches, input) = (shown.lane("frames"), shown.lane("loop"), shown.lane("input"));
    assert_eq!(shown.tracks.lanes[frames].kind.look, Look::Frames);
    let member = shown.tracks.lanes[frames].members[0];
    let at = shown.hidden;
    let spot = Spot { lane: frames, member, time: at, duration: Some(synthetic::HIDDEN) };
    let end = |lane: usize, time: i64, end: i64| End { lane, time, end, title: String::new() };
    let links = vec![
        Link { from: end(input, at - 700_000, at - 500_000), to: end(dispatches, at - 10_000, at + 90_000_000) },
        Link { from: end(dispatches, at - 10_000, at + 90_000_000), to: end(frames, at, at + synthetic::HIDDEN) },
    ];
    let marks = Marks { picked: Some(spot), links, cursor: at, ..Marks::default() };
    views[input].collapsed = true;
    views[dispatches].height = 70.0;
    shown.check("timeline-frame", Range::new(at - 30_000_000, at + 150_000_000), &marks, &views);
    shown.check("timeline-close", Range::new(at - 1_000_000, at + 4_000_000), &Marks::default(), &views);
}

#[test]
fn a_frame_tells_how_long_each_of_its_phases_took() {
    let shown = shown();
    let at = shown.lane("frames");
    let lane = &shown.tracks.lanes[at];
    let spot = Spot { lane: at, member: lane.members[0], time: shown.hidden, duration: Some(synthetic::HIDDEN) };
    let told = detail::detail(&shown.reader, &mut rows::Texts::default(), lane, spot, shown.whole.begin);
    let fields = told.unwrap().unwrap().fields;
    let told = |name: &str| fields.iter().find(|(of, _)| of == name).map(|(_, words)| words.clone()).unwrap();
    assert_eq!(told("Duration"), "100 ms");
    // What is stored is when each began.
    let told = ["Flush events", "Update", "Paint", "After paint"].map(told);
    assert_eq!(told, ["20 µs (0.0 %)", "20 ms (20.0 %)", "40 ms (40.0 %)", "10 ms (10.0 %)"]);
}
