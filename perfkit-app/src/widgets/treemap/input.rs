//! Pointer and keys on a treemap.

use gdkrecord::draw::treemap::Towards;
use gtk::prelude::*;
use gtk::subclass::prelude::*;
use gtk::{gdk, glib};

use super::Treemap;

/// The button of a mouse that leads back.
const BACK: u32 = 8;

impl Treemap {
    pub(super) fn take_input(&self) {
        let motion = gtk::EventControllerMotion::new();
        let treemap = self.downgrade();
        motion.connect_motion(move |_, x, y| {
            if let Some(treemap) = treemap.upgrade() {
                treemap.hover(treemap.node_at(x, y));
            }
        });
        let treemap = self.downgrade();
        motion.connect_leave(move |_| {
            if let Some(treemap) = treemap.upgrade() {
                treemap.hover(None);
            }
        });
        self.add_controller(motion);
        let click = gtk::GestureClick::builder().button(0).build();
        let treemap = self.downgrade();
        click.connect_released(move |click, _, x, y| {
            let Some(treemap) = treemap.upgrade() else { return };
            treemap.grab_focus();
            match click.current_button() {
                gdk::BUTTON_PRIMARY => {
                    treemap.select(treemap.node_at(x, y));
                    treemap.go_in();
                }
                gdk::BUTTON_SECONDARY | BACK => drop(treemap.leave()),
                _ => {}
            }
        });
        self.add_controller(click);
        let keys = gtk::EventControllerKey::new();
        let treemap = self.downgrade();
        keys.connect_key_pressed(move |_, key, _, state| {
            let held = gdk::ModifierType::CONTROL_MASK | gdk::ModifierType::ALT_MASK;
            let treemap = treemap.upgrade().filter(|_| !state.intersects(held));
            match treemap.is_some_and(|treemap| treemap.pressed(key)) {
                true => glib::Propagation::Stop,
                false => glib::Propagation::Proceed,
            }
        });
        self.add_controller(keys);
    }

    fn pressed(&self, key: gdk::Key) -> bool {
        match key {
            gdk::Key::Left | gdk::Key::KP_Left => self.walk(Towards::Left),
            gdk::Key::Right | gdk::Key::KP_Right => self.walk(Towards::Right),
            gdk::Key::Up | gdk::Key::KP_Up => self.walk(Towards::Up),
            gdk::Key::Down | gdk::Key::KP_Down => self.walk(Towards::Down),
            gdk::Key::Return | gdk::Key::KP_Enter | gdk::Key::ISO_Enter => self.go_in(),
            // Where it is all that there is to leave, it is for others.
            gdk::Key::BackSpace | gdk::Key::Escape => return self.leave(),
            _ => return false,
        }
        true
    }

    /// Chooses the leaf beside the chosen one, the largest where none is seen.
    fn walk(&self, towards: Towards) {
        let Some(picture) = self.current() else { return };
        let cells = picture.layout.cells();
        let next = match self.selected().and_then(|node| picture.cell(node)).filter(|&at| at > 0) {
            Some(at) => picture.layout.beside(at, towards),
            None => {
                let area = |at: &usize| cells[*at].area.width * cells[*at].area.height;
                let leaves = (1..cells.len()).filter(|&at| !cells[at].is_group());
                leaves.max_by(|a, b| area(a).total_cmp(&area(b)))
            }
        };
        if let Some(cell) = next.and_then(|at| cells.get(at)) {
            // Whoever walks by keys looks there, and not where the pointer was left.
            self.hover(None);
            self.select(Some(cell.node as usize));
        }
    }

    /// Goes into the outermost cell that holds the chosen node.
    fn go_in(&self) {
        let Some((selected, picture)) = self.selected().zip(self.current()) else { return };
        let holder = self.imp().tree.borrow().as_ref().and_then(|tree| {
            let path = tree.path(selected);
            let at = path.iter().position(|&node| node == picture.root)?;
            path.get(at + 1).copied()
        });
        let holder = holder.filter(|&node| {
            picture.cell(node).and_then(|at| picture.layout.cells().get(at)).is_some_and(|cell| cell.is_group())
        });
        if let Some(node) = holder {
            self.enter(node);
        }
    }
}
