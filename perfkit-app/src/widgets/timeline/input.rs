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
}

impl Timeline {
    pub(super) fn take_input(&self) {
        self.take_scrolling();
        self.take_pinching();
        self.take_dragging();
        self.take_motion();
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
            let middle = pinching.bounding_box_center().map_or(timeline.geometry().lanes.x, |(x, _)| x);
            let mut geometry = timeline.geometry();
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
                    timeline.imp().drag.set(timeline.begin_drag(x, y, pans));
                }
            });
            let timeline = self.downgrade();
            dragging.connect_drag_update(move |dragging, dx, dy| {
                if let (Some(timeline), Some((x, _))) = (timeline.upgrade(), dragging.start_point()) {
                    timeline.dragged(x, dx, dy);
                }
            });
            let timeline = self.downgrade();
            dragging.connect_drag_end(move |dragging, dx, dy| {
                let Some(timeline) = timeline.upgrade() else { return };
                timeline.imp().drag.set(Drag::None);
                if let Some((x, y)) = dragging.start_point().filter(|_| !pans && dx.hypot(dy) < STILL) {
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
        let _ = dy;
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
        if x >= geometry.lanes.x {
            document.set_cursor(geometry.time(x));
            document.set_selection(Range::default());
        }
        let at = y - geometry.lanes.y + self.scroll().value();
        let lane = self.places().into_iter().find(|place| (place.top..place.top + place.height).contains(&at));
        self.imp().chosen.set(lane.map(|place| place.lane));
        self.queue_draw();
    }

    fn take_motion(&self) {
        let motion = gtk::EventControllerMotion::new();
        let timeline = self.downgrade();
        motion.connect_motion(move |_, x, y| {
            if let Some(timeline) = timeline.upgrade() {
                timeline.imp().hover.set(Some((x, y)));
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
