//! Pointer and keys on the stage: scrolling moves it, with Control zooms at the pointer; dragging moves it; plus, minus
//! and 0 zoom, with Shift the arrow keys move it.

use std::cell::Cell;
use std::rc::Rc;

use gtk::prelude::*;
use gtk::subclass::prelude::*;
use gtk::{gdk, glib};

use super::Stage;

/// A step of the wheel, or of a key, zooms by this factor.
const STEP: f64 = 1.25;
/// Pixels that a step of the wheel or a key moves it by.
const MOVE: f64 = 60.0;

impl Stage {
    pub(super) fn take_input(&self) {
        self.take_pointer();
        self.take_scrolling();
        self.take_drags();
        let keys = gtk::EventControllerKey::new();
        let stage = self.downgrade();
        keys.connect_key_pressed(move |_, key, _, state| {
            let Some(stage) = stage.upgrade() else { return glib::Propagation::Proceed };
            if stage.pressed(key, state) { glib::Propagation::Stop } else { glib::Propagation::Proceed }
        });
        self.add_controller(keys);
    }

    fn pressed(&self, key: gdk::Key, state: gdk::ModifierType) -> bool {
        if state.intersects(gdk::ModifierType::CONTROL_MASK | gdk::ModifierType::ALT_MASK) {
            return false;
        }
        let shift = state.contains(gdk::ModifierType::SHIFT_MASK);
        match key {
            gdk::Key::plus | gdk::Key::equal | gdk::Key::KP_Add => self.zoom(STEP),
            gdk::Key::minus | gdk::Key::KP_Subtract => self.zoom(1.0 / STEP),
            gdk::Key::_0 | gdk::Key::KP_0 => self.fit(),
            gdk::Key::Left if shift => self.pan(MOVE, 0.0),
            gdk::Key::Right if shift => self.pan(-MOVE, 0.0),
            gdk::Key::Up if shift => self.pan(0.0, MOVE),
            gdk::Key::Down if shift => self.pan(0.0, -MOVE),
            _ => return false,
        }
        true
    }

    fn take_pointer(&self) {
        let motion = gtk::EventControllerMotion::new();
        let stage = self.downgrade();
        motion.connect_motion(move |_, x, y| {
            if let Some(stage) = stage.upgrade() {
                stage.imp().pointer.set(stage.place(x, y));
            }
        });
        self.add_controller(motion);
        let pinch = gtk::GestureZoom::new();
        let last = Rc::new(Cell::new(1.0));
        let begun = Rc::clone(&last);
        pinch.connect_begin(move |_, _| begun.set(1.0));
        let stage = self.downgrade();
        pinch.connect_scale_changed(move |pinch, scale| {
            if let Some(stage) = stage.upgrade() {
                let at = pinch.bounding_box_center().map(|(x, y)| stage.place(x, y));
                let at = at.unwrap_or_else(|| stage.imp().pointer.get());
                stage.zoom_at(scale / last.replace(scale), at);
            }
        });
        self.add_controller(pinch);
    }

    fn take_scrolling(&self) {
        let scroll = gtk::EventControllerScroll::new(gtk::EventControllerScrollFlags::BOTH_AXES);
        let stage = self.downgrade();
        scroll.connect_scroll(move |scroll, dx, dy| {
            let Some(stage) = stage.upgrade() else { return glib::Propagation::Proceed };
            let state = scroll.current_event_state();
            match state.contains(gdk::ModifierType::CONTROL_MASK) {
                true => stage.zoom_at(STEP.powf(-dy), stage.imp().pointer.get()),
                // What fits is all there is.
                false if stage.imp().zoomed.get().is_none() => return glib::Propagation::Proceed,
                false if state.contains(gdk::ModifierType::SHIFT_MASK) => stage.pan(-dy * MOVE, -dx * MOVE),
                false => stage.pan(-dx * MOVE, -dy * MOVE),
            }
            glib::Propagation::Stop
        });
        self.add_controller(scroll);
    }

    fn take_drags(&self) {
        let drag = gtk::GestureDrag::new();
        let moved = Rc::new(Cell::new((0.0, 0.0)));
        let (begun, stage) = (Rc::clone(&moved), self.downgrade());
        drag.connect_drag_begin(move |_, _, _| {
            begun.set((0.0, 0.0));
            if let Some(stage) = stage.upgrade() {
                stage.grab_focus();
            }
        });
        let stage = self.downgrade();
        drag.connect_drag_update(move |_, x, y| {
            let before = moved.replace((x, y));
            if let Some(stage) = stage.upgrade() {
                let (x, y) = stage.place(x - before.0, y - before.1);
                stage.pan(x, y);
            }
        });
        self.add_controller(drag);
        let twice = gtk::GestureClick::new();
        let stage = self.downgrade();
        twice.connect_pressed(move |_, count, _, _| {
            if let Some(stage) = stage.upgrade().filter(|_| count == 2) {
                stage.fit();
            }
        });
        self.add_controller(twice);
    }
}
