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

use gtk::gdk;
use gtk::prelude::*;

/// Lets Escape close a dialog that does not do so by itself.
pub fn closes_on_escape(window: &impl IsA<gtk::Window>) {
    let shortcut = gtk::Shortcut::new(
        Some(gtk::KeyvalTrigger::new(gdk::Key::Escape, gdk::ModifierType::empty())),
        Some(gtk::NamedAction::new("window.close")),
    );
    let shortcuts = gtk::ShortcutController::new();
    shortcuts.add_shortcut(shortcut);
    window.as_ref().add_controller(shortcuts);
}
