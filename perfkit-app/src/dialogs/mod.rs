//! Dialogs: what is asked before something is done, and what is told on request.

pub mod about;
pub mod attach;
pub mod export;
pub mod file;
pub mod form;
pub mod help;
pub mod movie;
pub mod preferences;
pub mod record;
pub mod save_as;
pub mod shortcuts;
pub mod working;

use gtk::prelude::*;
use gtk::{gdk, glib};

use crate::widgets::graph;

/// The size of a dialog: so many pixels of usual text, as far as its parent has room for it.
pub fn room(parent: &impl IsA<gtk::Window>, (width, height): (i32, i32)) -> (i32, i32) {
    let parent: &gtk::Window = parent.as_ref();
    let scale = graph::scale(parent);
    let large = |side: i32| (f64::from(side) * scale) as i32;
    (large(width).min(parent.width().max(360)), large(height).min(parent.height().max(324) - 24))
}

/// A dialog of so many pixels of usual text, which Escape closes.
pub fn dialog(
    parent: &impl IsA<gtk::Window>,
    title: &str,
    size: (i32, i32),
    content: &impl IsA<gtk::Widget>,
) -> adw::Window {
    let (width, height) = room(parent, size);
    let dialog: adw::Window = glib::Object::builder()
        // Otherwise nobody who hears it is told that it is one.
        .property("accessible-role", gtk::AccessibleRole::Dialog)
        .property("title", title)
        .property("transient-for", parent.as_ref())
        .property("modal", true)
        .property("default-width", width)
        .property("default-height", height)
        .property("content", content)
        .build();
    closes_on_escape(&dialog);
    dialog
}

/// Lets Escape close a dialog that does not do so by itself.
fn closes_on_escape(window: &impl IsA<gtk::Window>) {
    let shortcut = gtk::Shortcut::new(
        Some(gtk::KeyvalTrigger::new(gdk::Key::Escape, gdk::ModifierType::empty())),
        Some(gtk::NamedAction::new("window.close")),
    );
    let shortcuts = gtk::ShortcutController::new();
    shortcuts.add_shortcut(shortcut);
    window.as_ref().add_controller(shortcuts);
}
