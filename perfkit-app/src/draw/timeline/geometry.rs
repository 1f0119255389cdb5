//! Where what lies in the timeline: the overview, the ruler, the heads and the lanes.

use gdkrecord::draw::Area;

use super::{Lane, Wanted, overview, ruler};
use crate::model::Range;

/// The width of the heads, in pixels, and where a window is narrow.
const HEAD: (f64, f64) = (188.0, 140.0);
/// A timeline that is narrower is narrow, in pixels.
const NARROW: f64 = 620.0;
/// The height of a collapsed lane, in pixels.
pub const COLLAPSED: f64 = 16.0;
/// The least and the greatest height of a lane, in pixels.
pub const HEIGHTS: (f64, f64) = (20.0, 400.0);
/// Room between the overview and the ruler, and right of the lanes.
const GAP: f64 = 4.0;

/// The parts of a timeline of a size.
#[derive(Clone, Copy, Debug)]
pub struct Geometry {
    /// The strip of the whole session.
    pub overview: Area,
    /// The ruler.
    pub ruler: Area,
    /// The lanes, right of their heads.
    pub lanes: Area,
    /// What is visible.
    pub visible: Range,
}

impl Geometry {
    /// The parts of a timeline of so many pixels that shows this range.
    pub fn new(width: f64, height: f64, visible: Range) -> Geometry {
        let head = if width < NARROW { HEAD.1 } else { HEAD.0 };
        let wide = (width - head - GAP).max(1.0);
        let ruler = Area::new(head, overview::HEIGHT + 2.0 * GAP, wide, ruler::HEIGHT);
        let top = ruler.bottom();
        Geometry {
            overview: Area::new(head, GAP, wide, overview::HEIGHT),
            ruler,
            lanes: Area::new(head, top, wide, (height - top).max(1.0)),
            visible,
        }
    }

    /// The place of a moment.
    pub fn x(&self, time: i64) -> f64 {
        ruler::place(self.visible, self.lanes, time)
    }

    /// The moment at a place.
    pub fn time(&self, x: f64) -> i64 {
        let share = (x - self.lanes.x) / self.lanes.width;
        self.visible.begin.saturating_add((share * self.visible.length() as f64).round() as i64)
    }
}

/// How a lane is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Whether it is.
    pub shown: bool,
    /// Whether it is low, whatever its height.
    pub collapsed: bool,
    /// Its height in pixels.
    pub height: f64,
}

impl View {
    /// How a lane is shown before anybody has chosen.
    pub fn of(lane: &Lane) -> View {
        View { shown: lane.shown, collapsed: false, height: lane.kind.height }
    }

    /// The pixels that it takes.
    pub fn high(&self) -> f64 {
        match (self.shown, self.collapsed) {
            (false, _) => 0.0,
            (true, true) => COLLAPSED,
            (true, false) => self.height,
        }
    }
}

/// The places of all lanes that are shown, from the top of the first.
pub fn places(views: &[View]) -> Vec<Wanted> {
    let mut top = 0.0;
    let mut places = Vec::new();
    for (lane, view) in views.iter().enumerate().filter(|(_, view)| view.shown) {
        places.push(Wanted { lane, top, height: view.high() });
        top += view.high();
    }
    places
}

/// Those of them that lie at least partly between two heights.
pub fn between(places: &[Wanted], from: f64, to: f64) -> Vec<Wanted> {
    places.iter().filter(|place| place.top < to && place.top + place.height > from).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_at_a_place_is_placed_there() {
        let geometry = Geometry::new(1000.0, 600.0, Range::new(5_000, 9_000_000_000));
        for x in [geometry.lanes.x, 400.0, geometry.lanes.right()] {
            assert!((geometry.x(geometry.time(x)) - x).abs() < 1e-6);
        }
    }

    #[test]
    fn hidden_lanes_take_no_room_and_collapsed_ones_little() {
        let view = |shown, collapsed| View { shown, collapsed, height: 50.0 };
        let places = places(&[view(true, false), view(false, false), view(true, true), view(true, false)]);
        let tops: Vec<(usize, f64)> = places.iter().map(|place| (place.lane, place.top)).collect();
        assert_eq!(tops, [(0, 0.0), (2, 50.0), (3, 66.0)]);
        assert_eq!(between(&places, 55.0, 66.0).len(), 1);
    }
}
