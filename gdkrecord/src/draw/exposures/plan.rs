//! The plan of an animation: where every window lies on the stage, and which times are worth showing.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Area;
use super::super::scale::Range;
use super::super::windows::Windows;
use super::heat::Heat;
use super::repaint::{Repaint, Tally};
use crate::field::Rect;
use crate::kind::{Body, Event};
use crate::sets::{Exposed, Role};

/// Nothing happens for so long, in nanoseconds: the rest of that stillness is skipped.
const STILL: u64 = 900_000_000;
/// Shown before something happens, in nanoseconds.
const LEAD: u64 = 100_000_000;
/// Columns of the profile in the progress strip.
pub const PROFILE: usize = 240;
/// Windows smaller than this each way, in pixels, that never painted are helpers of the toolkit.
const LEAST: i32 = 24;
/// Between windows whose places are not known, in pixels.
const GAP: f64 = 32.0;

/// The times worth showing: stretches of a recording, in order, that do not touch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clock {
    stretches: Vec<(u64, u64)>,
}

impl Clock {
    /// All of a range.
    pub fn whole(range: Range) -> Clock {
        Clock { stretches: vec![(range.from, range.to)] }
    }

    /// A time, or when the next stretch begins where it is not shown; the time itself after the last.
    pub fn from(&self, time: u64) -> u64 {
        let at = self.stretches.partition_point(|&(_, to)| to < time);
        self.stretches.get(at).map_or(time, |&(from, _)| from.max(time))
    }

    /// Nanoseconds that are shown.
    pub fn length(&self) -> u64 {
        self.stretches.iter().map(|(from, to)| to - from).sum()
    }

    /// The time at so many shown nanoseconds from the begin; the end's time beyond.
    pub fn time(&self, shown: u64) -> u64 {
        let mut left = shown;
        for &(from, to) in &self.stretches {
            if left <= to - from {
                return from + left;
            }
            left -= to - from;
        }
        self.stretches.last().map_or(0, |&(_, to)| to)
    }

    /// Shown nanoseconds up to a time.
    pub fn shown(&self, time: u64) -> u64 {
        self.stretches.iter().map(|&(from, to)| time.clamp(from, to) - from).sum()
    }

    /// Nanoseconds skipped just before the stretch that a time lies in; 0 for the first.
    pub fn skipped(&self, time: u64) -> u64 {
        let at = self.stretches.partition_point(|&(from, _)| from <= time);
        match at {
            0 | 1 => 0,
            _ => self.stretches[at - 1].0 - self.stretches[at - 2].1,
        }
    }

    fn happens(&mut self, time: u64, range: Range) {
        if time < range.from || time > range.to {
            return;
        }
        let (from, to) = (time.saturating_sub(LEAD).max(range.from), time.saturating_add(STILL).min(range.to));
        match self.stretches.last_mut() {
            Some(last) if from <= last.1.saturating_add(LEAD) => last.1 = last.1.max(to),
            _ => self.stretches.push((from, to)),
        }
    }
}

/// What is decided before the first picture.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What the recording covers.
    pub range: Range,
    /// The rectangle around all windows, in application pixels.
    pub bounds: Area,
    /// Places of the windows that do not tell theirs (Wayland), by number.
    pub laid_out: BTreeMap<u32, Area>,
    /// The windows that are shown.
    pub shown: BTreeSet<u32>,
    /// The times that are shown.
    pub clock: Clock,
    /// Area repainted in each part of the recording, in square pixels.
    pub profile: Vec<u64>,
    /// Exposures in all.
    pub exposures: u64,
    /// Whether damage and repaint were recorded apart.
    pub apart: bool,
    /// What each window repainted, by number.
    pub repaint: BTreeMap<u32, Repaint>,
    /// The heat of each window's repaint, where that was asked for.
    pub heat: BTreeMap<u32, Heat>,
    /// What windows are called, by number.
    pub names: BTreeMap<u32, String>,
}

impl Plan {
    /// What all shown windows repainted.
    pub fn repainted(&self) -> Repaint {
        let shown = self.repaint.iter().filter(|(window, _)| self.shown.contains(window));
        shown.fold(Repaint::default(), |sum, (_, of)| sum.and(*of))
    }

    fn include(&mut self, area: Area) {
        self.bounds = if self.bounds == Area::default() { area } else { self.bounds.around(area) };
    }
}

/// How the place of a window is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Not at all.
    Unknown,
    /// From the root.
    Known,
    /// From this window, whose own is unknown.
    From(u32),
}

/// Makes a [`Plan`] from the events of a recording.
#[derive(Debug)]
pub struct Planner {
    plan: Plan,
    windows: Windows,
    only: Option<BTreeSet<u32>>,
    extents: BTreeMap<u32, (Area, Place)>,
    painted: BTreeMap<u32, Tally>,
    mapped: BTreeSet<u32>,
    heated: bool,
}

impl Planner {
    /// For a recording of this range; `only` these windows and their parts, or all.
    pub fn new(range: Range, only: Option<BTreeSet<u32>>) -> Planner {
        let plan = Plan {
            range,
            bounds: Area::default(),
            laid_out: BTreeMap::new(),
            shown: BTreeSet::new(),
            clock: Clock::default(),
            profile: vec![0; PROFILE],
            exposures: 0,
            apart: false,
            repaint: BTreeMap::new(),
            heat: BTreeMap::new(),
            names: BTreeMap::new(),
        };
        let (extents, painted, mapped) = Default::default();
        Planner { plan, windows: Windows::new(), only, extents, painted, mapped, heated: false }
    }

    /// With the heat of each window's repaint.
    pub fn heated(self) -> Planner {
        Planner { heated: true, ..self }
    }

    /// Begins with the windows that there are already.
    pub fn begin(&mut self, windows: &Windows) {
        self.windows = windows.clone();
        for (id, _) in windows.iter().filter(|(id, window)| window.mapped && windows.top(*id) == *id) {
            self.extend(id);
            self.mapped.insert(id);
        }
    }

    /// Takes in the next event.
    pub fn add(&mut self, event: &Event) {
        let range = self.plan.range;
        if let Some(id) = self.windows.apply(event) {
            let top = self.windows.top(id);
            if id == top {
                self.extend(top);
            }
            if matches!(event.body, Body::WindowMap(_)) && id == top {
                self.mapped.insert(top);
                self.happens(top, event.time);
            }
            return;
        }
        match &event.body {
            Body::Exposure(exposure) => {
                let top = self.windows.top(exposure.window);
                if !self.painted.contains_key(&top) {
                    self.extend(top);
                }
                self.plan.exposures += 1;
                self.plan.apart |= exposure.what != Exposed::Both;
                let area: u64 = exposure.rects.0.iter().map(|rect| rect.area()).sum();
                self.painted.entry(top).or_default().add(exposure.what, area as i64, false);
                if self.heated && exposure.what != Exposed::Damage {
                    let offset = self.windows.offset(exposure.window);
                    let heat = self.plan.heat.entry(top).or_default();
                    exposure.rects.0.iter().for_each(|rect| heat.add(placed(offset, rect)));
                }
                if let Some(part) = range.column(event.time, PROFILE).filter(|_| exposure.what != Exposed::Damage) {
                    self.plan.profile[part] += area;
                }
                if area > 0 {
                    self.happens(top, event.time);
                }
            }
            Body::Button(button) => self.happens(self.windows.top(button.window), event.time),
            Body::Motion(motion) => self.happens(self.windows.top(motion.window), event.time),
            _ => {}
        }
    }

    /// The plan of all that was added.
    pub fn finish(mut self) -> Plan {
        let wanted = |id: &u32| self.only.as_ref().is_none_or(|only| only.contains(id));
        let mut hanging = Vec::new();
        for (&id, &(area, place)) in &self.extents {
            let large = area.width >= LEAST.into() && area.height >= LEAST.into();
            let used = self.painted.contains_key(&id) || (self.mapped.contains(&id) && large);
            if !used || !wanted(&id) {
                continue;
            }
            self.plan.shown.insert(id);
            self.plan.names.insert(id, self.windows.label(id));
            match place {
                Place::Known => self.plan.include(area),
                Place::Unknown => drop(self.plan.laid_out.insert(id, area)),
                Place::From(anchor) => hanging.push((anchor, area)),
            }
        }
        self.plan.repaint = self.painted.iter().map(|(&id, tally)| (id, tally.sum())).collect();
        let left = match self.plan.bounds.width {
            0.0 => 0.0,
            _ => self.plan.bounds.right() + GAP,
        };
        let laid_out = lay_out(&mut self.plan.laid_out, (left, self.plan.bounds.y));
        if let Some(area) = laid_out {
            self.plan.include(area);
        }
        for (anchor, area) in hanging {
            let from = self.plan.laid_out.get(&anchor).copied().unwrap_or_default();
            self.plan.include(Area::new(from.x + area.x, from.y + area.y, area.width, area.height));
        }
        if self.plan.clock.stretches.is_empty() {
            let Range { from, to } = self.plan.range;
            self.plan.clock.stretches.push((from, to.min(from + STILL)));
        }
        self.plan
    }

    fn extend(&mut self, top: u32) {
        let Some(window) = self.windows.get(top).filter(|window| window.role != Role::Root) else { return };
        let now = match (window.place, self.windows.anchor(top)) {
            (None, _) => Place::Unknown,
            (_, Some(anchor)) => Place::From(anchor),
            _ => Place::Known,
        };
        let Some(area) = self.windows.area(top) else { return };
        self.extents
            .entry(top)
            .and_modify(|(old, was)| match (*was, now) {
                (was, Place::Unknown) if was != Place::Unknown => {}
                (was, now) if was == now => *old = old.around(area),
                (_, now) => (*old, *was) = (area, now),
            })
            .or_insert((area, now));
    }

    fn happens(&mut self, top: u32, time: u64) {
        if self.only.as_ref().is_none_or(|only| only.contains(&top)) {
            self.plan.clock.happens(time, self.plan.range);
        }
    }
}

/// A rectangle of a part of a window, as it lies in the window.
pub(super) fn placed((left, above): (i32, i32), rect: &Rect) -> Area {
    let (x, y) = (left + i32::from(rect.x), above + i32::from(rect.y));
    Area::new(x.into(), y.into(), rect.width.into(), rect.height.into())
}

/// Puts windows beside each other in rows from `start`, about half as high as wide; the rectangle around them.
fn lay_out(windows: &mut BTreeMap<u32, Area>, start: (f64, f64)) -> Option<Area> {
    let total: f64 = windows.values().map(|area| (area.width + GAP) * (area.height + GAP)).sum();
    let widest = windows.values().map(|area| area.width).fold(0.0, f64::max);
    let room = (total * 2.0).sqrt().max(widest);
    let (mut x, mut y, mut row) = (0.0, 0.0, 0.0);
    let mut bounds: Option<Area> = None;
    for area in windows.values_mut() {
        if x > 0.0 && x + area.width > room {
            (x, y, row) = (0.0, y + row + GAP, 0.0);
        }
        *area = Area::new(start.0 + x, start.1 + y, area.width, area.height);
        x += area.width + GAP;
        row = f64::max(row, area.height);
        bounds = Some(bounds.map_or(*area, |bounds| bounds.around(*area)));
    }
    bounds
}
