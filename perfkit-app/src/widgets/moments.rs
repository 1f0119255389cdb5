//! What pointer and wheel do on a graph over time: the pointer tells values, a click moves the moment, a drag selects,
//! and Ctrl with the wheel zooms.

use std::cell::Cell;
use std::rc::Rc;

use gtk::prelude::*;
use gtk::{gdk, glib};

use super::graph::Graph;
use crate::model::{Document, Range};

/// So far, in pixels, a drag is still a click.
const STILL: f64 = 4.0;

/// Lets a graph change its document. `moment` is the time at a place of a drawing so many pixels wide, `pointed` is told
/// where the pointer is, and that it has left.
pub fn follow(
    graph: &Graph,
    document: &Document,
    moment: impl Fn(f64, f64) -> i64 + 'static,
    pointed: impl Fn(Option<i64>) + 'static,
) {
    let moment = Rc::new(moment);
    let pointer: Rc<Cell<Option<i64>>> = Rc::default();
    let (weak, at, kept) = (graph.downgrade(), Rc::clone(&moment), Rc::clone(&pointer));
    graph.connect_pointer(move |place| {
        let width = weak.upgrade().map_or(0.0, |graph| graph.extent().0);
        kept.set(place.map(|(x, _)| at(x, width)));
        pointed(kept.get());
    });
    let place = {
        let weak = graph.downgrade();
        move |x: f64| weak.upgrade().map(|graph| moment(x / graph.scale(), graph.extent().0))
    };
    let dragged: Rc<Cell<Option<i64>>> = Rc::default();
    let drag = gtk::GestureDrag::new();
    let (weak, from, at) = (graph.downgrade(), Rc::clone(&dragged), place.clone());
    drag.connect_drag_begin(move |_, x, _| {
        weak.upgrade().iter().for_each(|graph| _ = graph.grab_focus());
        from.set(at(x));
    });
    let (of, from, at) = (document.clone(), Rc::clone(&dragged), place);
    drag.connect_drag_update(move |drag, by, _| {
        let to = drag.start_point().filter(|_| by.abs() > STILL).and_then(|(x, _)| at(x + by));
        if let (Some(from), Some(to)) = (from.get(), to) {
            of.set_selection(Range::new(from, to));
        }
    });
    let of = document.clone();
    drag.connect_drag_end(move |_, by, _| {
        if let Some(from) = dragged.take().filter(|_| by.abs() <= STILL) {
            of.set_cursor(from);
        }
    });
    graph.add_controller(drag);
    let scroll = gtk::EventControllerScroll::new(gtk::EventControllerScrollFlags::VERTICAL);
    let of = document.clone();
    scroll.connect_scroll(move |scroll, _, by| {
        if !scroll.current_event_state().contains(gdk::ModifierType::CONTROL_MASK) {
            return glib::Propagation::Proceed;
        }
        let (visible, whole) = (of.visible(), of.whole());
        let fixed = pointer.get().unwrap_or(visible.begin + visible.length() / 2);
        of.set_visible(visible.zoomed(1.25f64.powf(by), fixed, whole));
        glib::Propagation::Stop
    });
    graph.add_controller(scroll);
}
