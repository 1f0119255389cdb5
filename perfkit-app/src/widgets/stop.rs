//! One stop for the Tab key: GTK 4.8 goes through each row of a list, though arrows do that.

use gtk::prelude::*;
use gtk::{gdk, glib};

/// Lets the Tab key leave a list from whichever row has the focus.
pub fn one_stop(list: &impl IsA<gtk::Widget>) {
    let keys = gtk::EventControllerKey::new();
    keys.set_propagation_phase(gtk::PropagationPhase::Capture);
    let of = list.as_ref().downgrade();
    keys.connect_key_pressed(move |_, key, _, state| {
        let direction = match key {
            _ if state.contains(gdk::ModifierType::CONTROL_MASK) => return glib::Propagation::Proceed,
            gdk::Key::Tab | gdk::Key::KP_Tab => gtk::DirectionType::TabForward,
            gdk::Key::ISO_Left_Tab => gtk::DirectionType::TabBackward,
            _ => return glib::Propagation::Proceed,
        };
        let Some((list, root)) = of.upgrade().and_then(|list| list.root().map(|root| (list, root))) else {
            return glib::Propagation::Proceed;
        };
        // The focus goes on as if there were no list.
        list.set_can_focus(false);
        root.child_focus(direction);
        list.set_can_focus(true);
        glib::Propagation::Stop
    });
    list.as_ref().add_controller(keys);
}
