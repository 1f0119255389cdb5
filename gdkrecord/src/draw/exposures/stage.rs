//! The stage at a moment: windows, what was exposed just now, the heat of all repaint so far, the pointer.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::super::Area;
use super::super::windows::Windows;
use super::heat::Heat;
use super::plan::{Plan, placed};
use crate::field::{Real, Rect};
use crate::kind::{Body, Event};
use crate::sets::{EventType, Exposed, Role};

/// Flashes kept at most: a picture with more of them shows nothing more.
const FLASHES: usize = 4_000;
/// The latest flashes among which one is looked for that is the same.
const RECENT: usize = 200;

/// A rectangle that was exposed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flash {
    /// When.
    pub time: u64,
    /// The top window it lies in.
    pub window: u32,
    /// Where, from that window's corner, in application pixels.
    pub area: Area,
    /// Damage, repaint or both.
    pub what: Exposed,
}

/// A click.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Click {
    /// When.
    pub time: u64,
    /// Where on the stage.
    pub at: (f64, f64),
}

/// What was counted up to a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames.
    pub frames: u64,
    /// Records of exposures.
    pub exposures: u64,
    /// Square pixels damaged.
    pub damage: u64,
    /// Square pixels repainted.
    pub repaint: u64,
}

/// The stage at a moment.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Where everything lies.
    pub plan: Arc<Plan>,
    /// The windows there are.
    pub windows: Windows,
    /// The shown ones, lowest first.
    pub order: Vec<u32>,
    /// What was exposed and has not faded, oldest first.
    pub flashes: VecDeque<Flash>,
    /// The heat of all repaint so far, by window; `None` where it is not kept.
    pub heat: Option<BTreeMap<u32, Heat>>,
    /// The pointer, where it is known.
    pub pointer: Option<(f64, f64)>,
    /// Clicks that have not faded, oldest first.
    pub clicks: VecDeque<Click>,
    /// What was counted so far.
    pub counts: Counts,
    /// The moment.
    pub now: u64,
    /// Recorded nanoseconds in which a flash fades.
    pub fade: u64,
}

impl Stage {
    /// The empty stage of a plan, with flashes that fade in so many recorded nanoseconds.
    pub fn new(plan: impl Into<Arc<Plan>>, fade: u64) -> Stage {
        let plan = plan.into();
        let now = plan.range.from;
        let (order, flashes, clicks) = Default::default();
        let (windows, counts, heat) = (Windows::new(), Counts::default(), Some(BTreeMap::new()));
        Stage { plan, windows, order, flashes, heat, pointer: None, clicks, counts, now, fade: fade.max(1) }
    }

    /// Without heat.
    pub fn cool(self) -> Stage {
        Stage { heat: None, ..self }
    }

    /// Begins with the windows that there are already.
    pub fn begin(mut self, windows: &Windows) -> Stage {
        self.windows = windows.clone();
        let shown = |id: &u32| self.windows.get(*id).is_some_and(|window| window.mapped);
        self.order = self.plan.shown.iter().copied().filter(shown).collect();
        // In which order they were shown is not known; popups lie above what they belong to.
        self.order.sort_by_key(|&id| windows.get(id).is_some_and(|window| window.role == Role::Popup));
        self
    }

    /// Moves on to a moment, without events: lets fade what has faded.
    pub fn advance(&mut self, now: u64) {
        self.now = self.now.max(now);
        let gone = self.now.saturating_sub(self.fade);
        while self.flashes.front().is_some_and(|flash| flash.time < gone) {
            self.flashes.pop_front();
        }
        while self.clicks.front().is_some_and(|click| click.time < gone) {
            self.clicks.pop_front();
        }
    }

    /// Takes in the next event.
    pub fn apply(&mut self, event: &Event) {
        self.advance(event.time);
        if let Some(id) = self.windows.apply(event) {
            self.changed(id);
        }
        match &event.body {
            Body::Frame(_) => self.counts.frames += 1,
            Body::Exposure(exposure) => self.expose(event.time, exposure.window, exposure.what, &exposure.rects.0),
            Body::Motion(motion) => self.point(motion.window, motion.x, motion.y),
            Body::Crossing(crossing) => self.point(crossing.window, crossing.x, crossing.y),
            Body::Scroll(scroll) => self.point(scroll.window, scroll.x, scroll.y),
            Body::Button(button) => {
                self.point(button.window, button.x, button.y);
                if let Some(at) = self.pointer.filter(|_| button.event == EventType::ButtonPress) {
                    self.clicks.push_back(Click { time: event.time, at });
                }
            }
            _ => {}
        }
    }

    /// Where a top window lies on the stage, in application pixels; `None` where its size is not known.
    pub fn area(&self, top: u32) -> Option<Area> {
        let own = self.windows.area(top)?;
        match self.plan.laid_out.get(&top) {
            Some(place) => Some(Area::new(place.x, place.y, own.width, own.height)),
            None => match self.windows.anchor(top).and_then(|anchor| self.area(anchor)) {
                Some(anchor) => Some(Area::new(anchor.x + own.x, anchor.y + own.y, own.width, own.height)),
                None => Some(own),
            },
        }
    }

    /// How fresh something is: 1 just now, 0 when it has faded; in eighths, so that pictures repeat colours.
    pub fn fresh(&self, time: u64) -> f64 {
        let age = self.now.saturating_sub(time) as f64 / self.fade as f64;
        ((1.0 - age).clamp(0.0, 1.0) * 8.0).ceil() / 8.0
    }

    fn changed(&mut self, id: u32) {
        let Some(window) = self.windows.get(id) else { return };
        let here = self.order.contains(&id);
        if window.destroyed
            && let Some(heat) = &mut self.heat
        {
            heat.remove(&id);
        }
        if window.mapped && !here && self.plan.shown.contains(&id) {
            self.order.push(id);
        } else if !window.mapped && here {
            self.order.retain(|&other| other != id);
        }
    }

    fn expose(&mut self, time: u64, window: u32, what: Exposed, rects: &[Rect]) {
        let top = self.windows.top(window);
        let offset = self.windows.offset(window);
        self.counts.exposures += 1;
        let area: u64 = rects.iter().map(|rect| rect.area()).sum();
        if what != Exposed::Repaint {
            self.counts.damage += area;
        }
        if what != Exposed::Damage {
            self.counts.repaint += area;
        }
        if !self.plan.shown.contains(&top) {
            return;
        }
        // What paints is shown, even where its mapping was not recorded.
        if area > 0 && !self.order.contains(&top) && self.windows.get(top).is_some_and(|window| !window.destroyed) {
            self.order.push(top);
        }
        for rect in rects {
            let area = placed(offset, rect);
            // The same part again is one flash that is fresh, not two on top of each other.
            let same = |flash: &Flash| (flash.window, flash.area, flash.what) == (top, area, what);
            let recent = self.flashes.len().saturating_sub(RECENT);
            if let Some(at) = self.flashes.range(recent..).position(same) {
                self.flashes.remove(recent + at);
            }
            if self.flashes.len() == FLASHES {
                self.flashes.pop_front();
            }
            self.flashes.push_back(Flash { time, window: top, area, what });
            if what != Exposed::Damage
                && let Some(heat) = &mut self.heat
            {
                heat.entry(top).or_default().add(area);
            }
        }
    }

    fn point(&mut self, window: u32, x: Real, y: Real) {
        let top = self.windows.top(window);
        let (left, above) = self.windows.offset(window);
        let area = self.area(top).filter(|_| self.plan.shown.contains(&top));
        if let (Some(x), Some(y), Some(area)) = (x.known(), y.known(), area) {
            self.pointer = Some((area.x + f64::from(left) + f64::from(x), area.y + f64::from(above) + f64::from(y)));
        }
    }
}
