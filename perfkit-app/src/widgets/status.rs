//! Pages for when there is nothing to show: nothing recorded, an error, or not yet.

use crate::wording::{plain, tr};

/// Says that there is nothing, why, and what to do about it.
pub fn nothing(icon: &str, title: &str, why: &str) -> adw::StatusPage {
    adw::StatusPage::builder().icon_name(icon).title(tr(title)).description(plain(why)).vexpand(true).build()
}

/// Says what went wrong.
pub fn trouble(title: &str, error: &str) -> adw::StatusPage {
    nothing("dialog-error-symbolic", title, error)
}

/// A sign that something is on its way.
pub fn waiting() -> gtk::Spinner {
    gtk::Spinner::builder()
        .spinning(true)
        .width_request(32)
        .halign(gtk::Align::Center)
        .valign(gtk::Align::Center)
        .vexpand(true)
        .build()
}
