//! What pointer and keys do: scrolling pans, with Ctrl it zooms at the pointer; dragging selects.

use gtk::prelude::*;
use gtk::subclass::prelude::*;
use gtk::{gdk, glib};

use super::Timeline;
use crate::draw::timeline::overview::{Part, part};
use crate::model::Range;

/// A notch of a wheel moves by this share of what is visible.
const NOTCH: f64 = 0.1;
/// And zooms by this factor.
const ZOOM: f64 = 1.25;
/// Pixels of a touchpad that are as good as a notch.
const SURFACE: f64 = 40.0;
/// A pointer that was moved less, in pixels, was not dragged.
const STILL: f64 = 4.0;

/// What is being dragged.
#[derive(Clone, Copy, Debug, Default)]
pub enum Drag {
    /// Nothing.
    #[default]
    None,
    /// A selection, from this moment on.
    Select(i64),
    /// What is visible, by a part of the handle of the overview; the range as it was.
    Overview(Part, Range),
    /// The lanes, by this range.
    Pan(Range),
    /// The lower edge of a lane of this height.
    Edge(usize, f64),
}

impl Timeline {
    pub(super) fn take_input(&self) {
        self.take_scrolling();
        self.take_pinching();
        self.take_dragging();
        self.take_motion();
        self.take_keys();
        self.take_menu();
        self.take_tips();
    }

    fn take_scrolling(&self) {
        let scrolling = gtk::EventControllerScroll::new(gtk::EventControllerScrollFlags::BOTH_AXES);
        let timeline = self.downgrade();
        scrolling.connect_scroll(move |scrolling, dx, dy| {
            let Some(timeline) = timeline.upgrade() else { return glib::Propagation::Proceed };
            let surface = scrolling.unit() == gdk::ScrollUnit::Surface;
            let unit = if surface { SURFACE } else { 1.0 };
            let state = scrolling.current_event_state();
            timeline.scrolled(dx / unit, dy / unit, surface, state);
            glib::Propagation::Stop
        });
        self.add_controller(scrolling);
    }

    fn scrolled(&self, dx: f64, dy: f64, surface: bool, state: gdk::ModifierType) {
        let document = self.document();
        let (visible, whole) = (document.visible(), document.whole());
        let at = self.imp().hover.get();
        if state.contains(gdk::ModifierType::CONTROL_MASK) {
            let fixed = at.map_or(visible.begin + visible.length() / 2, |(x, _)| self.geometry().time(x));
            document.set_visible(visible.zoomed(ZOOM.powf(dy), fixed, whole));
            return;
        }
        // Over the heads there is no time to move along; a touchpad has an axis for each.
        let heads = at.is_some_and(|(x, _)| x < self.geometry().lanes.x);
        let overflows = self.scroll().upper() > self.scroll().page_size();
        let down = state.contains(gdk::ModifierType::SHIFT_MASK) || heads || (surface && overflows);
        let (along, down) =
            if down { (if surface { dx } else { 0.0 }, dy + if surface { 0.0 } else { dx }) } else { (dx + dy, 0.0) };
        if along != 0.0 {
            document.set_visible(visible.moved((along * NOTCH * visible.length() as f64) as i64, whole));
        }
        if down != 0.0 {
            let scroll = self.scroll();
            scroll.set_value(scroll.value() + down * SURFACE);
        }
    }

    fn take_pinching(&self) {
        let pinching = gtk::GestureZoom::new();
        let timeline = self.downgrade();
        let begun = std::rc::Rc::new(std::cell::Cell::new(Range::default()));
        let at = std::rc::Rc::clone(&begun);
        pinching.connect_begin(move |_, _| {
            if let Some(timeline) = timeline.upgrade() {
                at.set(timeline.document().visible());
            }
        });
        let timeline = self.downgrade();
        pinching.connect_scale_changed(move |pinching, scale| {
            let Some(timeline) = timeline.upgrade() else { return };
            let document = timeline.document();
            let mut geometry = timeline.geometry();
            let middle = pinching.bounding_box_center().map_or(geometry.lanes.x, |(x, y)| timeline.place(x, y).0);
            geometry.visible = begun.get();
            let fixed = geometry.time(middle);
            document.set_visible(begun.get().zoomed(1.0 / scale.max(1e-6), fixed, document.whole()));
        });
        self.add_controller(pinching);
    }

    fn take_dragging(&self) {
        for (button, pans) in [(gdk::BUTTON_PRIMARY, false), (gdk::BUTTON_MIDDLE, true)] {
            let dragging = gtk::GestureDrag::builder().button(button).build();
            let timeline = self.downgrade();
            dragging.connect_drag_begin(move |_, x, y| {
                if let Some(timeline) = timeline.upgrade() {
                    timeline.grab_focus();
                    let (x, y) = timeline.place(x, y);
                    timeline.imp().drag.set(timeline.begin_drag(x, y, pans));
                }
            });
            let timeline = self.downgrade();
            dragging.connect_drag_update(move |dragging, dx, dy| {
                if let (Some(timeline), Some((x, y))) = (timeline.upgrade(), dragging.start_point()) {
                    let ((x, _), (dx, dy)) = (timeline.place(x, y), timeline.place(dx, dy));
                    timeline.dragged(x, dx, dy);
                }
            });
            let timeline = self.downgrade();
            dragging.connect_drag_end(move |dragging, dx, dy| {
                let Some(timeline) = timeline.upgrade() else { return };
                timeline.imp().drag.set(Drag::None);
                let (dx, dy) = timeline.place(dx, dy);
                if let Some((x, y)) = dragging.start_point().filter(|_| !pans && dx.hypot(dy) < STILL) {
                    let (x, y) = timeline.place(x, y);
                    timeline.clicked(x, y);
                }
            });
            self.add_controller(dragging);
        }
    }

    fn begin_drag(&self, x: f64, y: f64, pans: bool) -> Drag {
        let geometry = self.geometry();
        if y <= geometry.overview.bottom() && x >= geometry.overview.x {
            let what = part(self.whole(), geometry.visible, geometry.overview, x);
            return Drag::Overview(what, geometry.visible);
        }
        if let Some(lane) = self.edge_at(x, y) {
            let height = self.places().iter().find(|place| place.lane == lane).map_or(0.0, |place| place.height);
            return Drag::Edge(lane, height);
        }
        match x >= geometry.lanes.x {
            true if pans => Drag::Pan(geometry.visible),
            true => Drag::Select(geometry.time(x)),
            false => Drag::None,
        }
    }

    fn dragged(&self, x: f64, dx: f64, dy: f64) {
        let document = self.document();
        let geometry = self.geometry();
        let whole = document.whole();
        match self.imp().drag.get() {
            Drag::Select(from) if dx.abs() >= STILL => {
                document.set_selection(Range::new(from, geometry.time(x + dx)));
            }
            Drag::Pan(visible) => {
                let by = -dx / geometry.lanes.width * visible.length() as f64;
                document.set_visible(visible.moved(by as i64, whole));
            }
            Drag::Edge(lane, height) => self.set_lane_height(lane, height + dy),
            Drag::Overview(part, visible) => {
                let by = (dx / geometry.overview.width * whole.length() as f64) as i64;
                let moved = match part {
                    Part::Begin => Range::new((visible.begin + by).min(visible.end - 1), visible.end),
                    Part::End => Range::new(visible.begin, (visible.end + by).max(visible.begin + 1)),
                    Part::Handle => visible.moved(by, whole),
                    Part::Outside => return,
                };
                document.set_visible(moved);
            }
            _ => {}
        }
    }

    fn clicked(&self, x: f64, y: f64) {
        let geometry = self.geometry();
        let document = self.document();
        if y <= geometry.overview.bottom() {
            let whole = self.whole();
            let share = (x - geometry.overview.x) / geometry.overview.width;
            let time = whole.begin + (share * whole.length() as f64) as i64;
            let by = time - geometry.visible.begin - geometry.visible.length() / 2;
            document.set_visible(geometry.visible.moved(by, whole));
            return;
        }
        self.imp().chosen.set(self.lane_at(y));
        self.tell_chosen();
        self.queue_draw();
        if x < geometry.lanes.x {
            return;
        }
        document.set_selection(Range::default());
        match self.hit(x, y) {
            Some(hit) => self.pick(hit.spot),
            None => {
                document.set_cursor(geometry.time(x));
                self.unpick();
            }
        }
    }

    fn take_keys(&self) {
        let keys = gtk::EventControllerKey::new();
        let timeline = self.downgrade();
        keys.connect_key_pressed(move |_, key, _, state| {
            let done = timeline.upgrade().is_some_and(|timeline| timeline.key(key, state));
            if done { glib::Propagation::Stop } else { glib::Propagation::Proceed }
        });
        self.add_controller(keys);
    }

    /// What a key does; whether it does anything here.
    fn key(&self, key: gdk::Key, state: gdk::ModifierType) -> bool {
        let alt = state.contains(gdk::ModifierType::ALT_MASK);
        if state.intersects(gdk::ModifierType::CONTROL_MASK | gdk::ModifierType::SUPER_MASK) {
            return false;
        }
        match key {
            gdk::Key::Up | gdk::Key::Down if alt => self.follow_link(key == gdk::Key::Down),
            gdk::Key::Up | gdk::Key::Down => self.choose_next(key == gdk::Key::Down),
            gdk::Key::Left | gdk::Key::Right if !alt => return self.step(key == gdk::Key::Right),
            gdk::Key::Return | gdk::Key::KP_Enter => self.zoom_to_picked(),
            gdk::Key::Escape => match self.picked() {
                Some(_) => self.unpick(),
                None => {
                    return self.imp().chosen.take().is_some_and(|_| {
                        self.queue_draw();
                        true
                    });
                }
            },
            gdk::Key::F10 if state.contains(gdk::ModifierType::SHIFT_MASK) => return self.menu_at_chosen(),
            _ => return !alt && self.action_key(key),
        }
        true
    }

    /// Chooses the lane below the chosen one, or the one above.
    fn choose_next(&self, down: bool) {
        let places = self.places();
        let chosen = self.imp().chosen.get();
        let at = places.iter().position(|place| Some(place.lane) == chosen);
        let next = match (at, down) {
            (Some(at), true) => (at + 1).min(places.len().saturating_sub(1)),
            (Some(at), false) => at.saturating_sub(1),
            (None, _) => 0,
        };
        let Some(place) = places.get(next) else { return };
        self.imp().chosen.set(Some(place.lane));
        self.reveal_lane(place.lane);
        self.tell_chosen();
        self.queue_draw();
    }

    /// Shows the selected row as wide as it can be with its surroundings.
    pub fn zoom_to_picked(&self) {
        if let Some(picked) = self.picked() {
            let range = Range::new(picked.spot.time, picked.spot.end());
            self.document().set_visible(range.padded(0.5));
        }
    }

    fn take_tips(&self) {
        self.set_has_tooltip(true);
        self.connect_query_tooltip(|timeline, x, y, keyboard, tooltip| {
            let imp = timeline.imp();
            let Some(tracks) = imp.tracks.borrow().clone() else { return false };
            let at = timeline.place(f64::from(x), f64::from(y));
            let hit = if keyboard { None } else { timeline.hit(at.0, at.1) };
            let Some(hit) = hit else { return false };
            tooltip.set_text(Some(&timeline.tip(&hit, &tracks)));
            // It goes with the pointer from row to row.
            tooltip.set_tip_area(&gdk::Rectangle::new(x - 2, y - 2, 5, 5));
            true
        });
    }

    /// The pointer's shape, which tells what a drag would do.
    fn pointer_at(&self, x: f64, y: f64) -> Option<&'static str> {
        let geometry = self.geometry();
        if y <= geometry.overview.bottom() && x >= geometry.overview.x {
            return match part(self.whole(), geometry.visible, geometry.overview, x) {
                Part::Begin | Part::End => Some("ew-resize"),
                Part::Handle => Some("grab"),
                Part::Outside => None,
            };
        }
        self.edge_at(x, y).map(|_| "ns-resize")
    }

    fn take_motion(&self) {
        let motion = gtk::EventControllerMotion::new();
        let timeline = self.downgrade();
        motion.connect_motion(move |_, x, y| {
            if let Some(timeline) = timeline.upgrade() {
                let (x, y) = timeline.place(x, y);
                timeline.imp().hover.set(Some((x, y)));
                timeline.set_cursor_from_name(timeline.pointer_at(x, y));
            }
        });
        let timeline = self.downgrade();
        motion.connect_leave(move |_| {
            if let Some(timeline) = timeline.upgrade() {
                timeline.imp().hover.set(None);
            }
        });
        self.add_controller(motion);
    }
}
