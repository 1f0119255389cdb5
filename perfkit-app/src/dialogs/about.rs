//! About: what perfkit is, and which version of what it runs with, to be copied into a report.

use adw::prelude::*;

use crate::app;
use crate::wording::tr;

/// Shows it.
pub fn present(parent: &impl IsA<gtk::Window>) {
    let about = adw::AboutWindow::builder()
        .application_name("perfkit")
        .application_icon(app::ID)
        .version(env!("CARGO_PKG_VERSION"))
        .comments(tr("Shows which frames of a GTK program were slow, and why."))
        .developer_name(tr("The perfkit developers"))
        .license_type(gtk::License::Gpl30)
        // Translators: your names, a line each.
        .translator_credits(credits())
        .debug_info(versions())
        .debug_info_filename("perfkit.txt")
        .transient_for(parent)
        .modal(true)
        .build();
    about.present();
}

/// Who translated; nothing where the text is the original.
fn credits() -> String {
    let translated = tr("translator-credits");
    if translated == "translator-credits" { String::new() } else { translated }
}

fn versions() -> String {
    let gtk = (gtk::major_version(), gtk::minor_version(), gtk::micro_version());
    let adw = (adw::major_version(), adw::minor_version(), adw::micro_version());
    let display = gtk::gdk::Display::default().map(|display| display.type_().name()).unwrap_or_default();
    let settings = crate::settings::settings();
    [
        format!("perfkit {}", env!("CARGO_PKG_VERSION")),
        format!("GTK {}.{}.{}, libadwaita {}.{}.{}", gtk.0, gtk.1, gtk.2, adw.0, adw.1, adw.2),
        format!("cairo {}, Pango {}", cairo::version_string(), pango::version_string()),
        format!("{display}, {settings:?}"),
    ]
    .join("\n")
}
