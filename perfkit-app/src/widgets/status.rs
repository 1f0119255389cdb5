//! Pages for when there is nothing to show: nothing recorded, an error, or not yet.

use gtk::prelude::*;

use super::accessible;
use crate::model::{Document, Range};
use crate::wording::{plain, tr};

/// Says that there is nothing, why, and what to do about it.
pub fn nothing(icon: &str, title: &str, why: &str) -> adw::StatusPage {
    adw::StatusPage::builder().icon_name(icon).title(tr(title)).description(plain(why)).vexpand(true).build()
}

/// With a button that shows all of a session, where it is a stretch in which there is nothing.
pub fn or_everything(page: adw::StatusPage, document: &Document) -> adw::StatusPage {
    let button = pill(&tr("Show _Everything"));
    let document = document.downgrade();
    button.connect_clicked(move |_| {
        if let Some(document) = document.upgrade() {
            document.set_selection(Range::default());
            document.set_visible(document.whole());
        }
    });
    page.set_child(Some(&button));
    page
}

/// With a button that begins a new recording, where this one has nothing of it.
pub fn or_recording(page: adw::StatusPage) -> adw::StatusPage {
    let button = pill(&tr("_New Recording…"));
    button.set_action_name(Some("win.new-recording"));
    page.set_child(Some(&button));
    page
}

fn pill(words: &str) -> gtk::Button {
    gtk::Button::builder().label(words).use_underline(true).halign(gtk::Align::Center).css_classes(["pill"]).build()
}

/// Says what went wrong.
pub fn trouble(title: &str, error: &str) -> adw::StatusPage {
    nothing("dialog-error-symbolic", title, error)
}

/// A sign that something is on its way.
pub fn waiting() -> gtk::Spinner {
    let spinner = gtk::Spinner::builder()
        .spinning(true)
        .width_request(32)
        .halign(gtk::Align::Center)
        .valign(gtk::Align::Center)
        .vexpand(true)
        .build();
    accessible::name(&spinner, &tr("Reading…"));
    spinner
}
