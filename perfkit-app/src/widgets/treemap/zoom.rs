//! Going into a cell and out again: it grows until it fills the widget, and what is in it appears; or it shrinks back to
//! where it lies. Where the desktop wants no animations, that takes no time.

use std::rc::Rc;

use adw::prelude::*;
use gtk::graphene;
use gtk::subclass::prelude::*;

use super::{Picture, Treemap};

/// Milliseconds that it takes.
const LENGTH: u32 = 260;

/// A zoom that goes on.
pub struct Zoom {
    /// The picture with the cell, and the one of what is in it.
    outer: Rc<Picture>,
    inner: Rc<Picture>,
    /// Where the cell lies.
    cell: graphene::Rect,
    /// How far it has grown: 0 where it lies, 1 when it fills the widget.
    grown: f64,
    animation: adw::TimedAnimation,
}

impl Zoom {
    pub fn show_on(&self, snapshot: &gtk::Snapshot, whole: &graphene::Rect) {
        let grown = self.grown as f32;
        let mix = |from: f32, to: f32| from + (to - from) * grown;
        let cell = &self.cell;
        let now = graphene::Rect::new(
            mix(cell.x(), 0.0),
            mix(cell.y(), 0.0),
            mix(cell.width(), whole.width()),
            mix(cell.height(), whole.height()),
        );
        // All grows with the cell.
        let (across, down) = (now.width() / cell.width().max(0.5), now.height() / cell.height().max(0.5));
        snapshot.push_clip(whole);
        snapshot.save();
        snapshot.translate(&graphene::Point::new(now.x() - cell.x() * across, now.y() - cell.y() * down));
        snapshot.scale(across, down);
        self.outer.sheet.show(snapshot, whole);
        snapshot.restore();
        snapshot.push_opacity(self.grown);
        self.inner.sheet.show(snapshot, &now);
        snapshot.pop();
        snapshot.pop();
    }
}

impl Treemap {
    /// Goes into a node or out to it.
    pub fn enter(&self, node: usize) {
        let imp = self.imp();
        self.settle();
        let before = imp.root.get();
        let known = imp.tree.borrow().as_ref().is_some_and(|tree| node < tree.nodes().len());
        if node == before || !known {
            return;
        }
        let from = self.current();
        imp.root.set(node);
        imp.hover.set(None);
        let to = self.current();
        self.queue_draw();
        self.tell_entered();
        self.tell_pointed();
        let Some((from, to)) = from.zip(to) else { return };
        // The cell lies in the picture of the one that is further out.
        let (outer, inner, grows) = match (from.place(node), to.place(before)) {
            (Some(_), _) => (from, to, true),
            (None, Some(_)) => (to, from, false),
            (None, None) => return,
        };
        let Some(cell) = outer.place(inner.root) else { return };
        let weak = self.downgrade();
        let target = adw::CallbackAnimationTarget::new(move |value| {
            let Some(treemap) = weak.upgrade() else { return };
            if let Some(zoom) = &mut *treemap.imp().zoom.borrow_mut() {
                zoom.grown = value;
            }
            treemap.queue_draw();
        });
        let (begin, end) = if grows { (0.0, 1.0) } else { (1.0, 0.0) };
        let animation = adw::TimedAnimation::new(self, begin, end, LENGTH, target);
        animation.set_easing(adw::Easing::EaseInOutCubic);
        let weak = self.downgrade();
        animation.connect_done(move |_| {
            if let Some(treemap) = weak.upgrade() {
                treemap.imp().zoom.take();
                treemap.queue_draw();
            }
        });
        imp.zoom.replace(Some(Zoom { outer, inner, cell, grown: begin, animation: animation.clone() }));
        animation.play();
    }

    /// Goes out by one; whether there was anything further out.
    pub fn leave(&self) -> bool {
        let root = self.imp().root.get();
        let parent = self.imp().tree.borrow().as_ref().filter(|_| root > 0).map(|tree| tree.parent(root));
        if let Some(parent) = parent {
            self.enter(parent);
        }
        parent.is_some()
    }

    /// Ends a zoom that goes on.
    pub(super) fn settle(&self) {
        let animation = self.imp().zoom.take().map(|zoom| zoom.animation);
        if let Some(animation) = animation {
            animation.skip();
        }
    }
}
