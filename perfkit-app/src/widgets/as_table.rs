//! The button that shows a graph's numbers as a table.

use gtk::prelude::*;

use super::accessible;
use crate::wording::tr;

/// The button, which does nothing yet.
pub fn button() -> gtk::ToggleButton {
    let words = tr("Show as a Table");
    let button =
        gtk::ToggleButton::builder().icon_name("view-list-symbolic").tooltip_text(&words).css_classes(["flat"]).build();
    accessible::name(&button, &words);
    button
}

/// The same for a stack in which `graph` and `table` are.
pub fn switching(stack: &gtk::Stack, graph: &'static str) -> gtk::ToggleButton {
    let button = button();
    let stack = stack.downgrade();
    button.connect_toggled(move |button| {
        if let Some(stack) = stack.upgrade() {
            stack.set_visible_child_name(if button.is_active() { "table" } else { graph });
        }
    });
    button
}
