//! The window: a recording's facts and counts, or a page that says how to make and open one.

use adw::prelude::*;
use gtk::{gio, glib};

use crate::summary::{Summary, summarise};

/// Opens a window, for a recording where there is one.
pub fn present(app: &adw::Application, file: Option<&gio::File>) {
    let window = adw::ApplicationWindow::builder()
        .application(app)
        .default_width(640)
        .default_height(720)
        .title("perfkit")
        .build();
    let content = adw::Bin::builder().vexpand(true).build();
    let column = gtk::Box::new(gtk::Orientation::Vertical, 0);
    column.append(&adw::HeaderBar::new());
    column.append(&content);
    window.set_content(Some(&column));
    window.present();

    let Some(file) = file else {
        content.set_child(Some(&welcome()));
        return;
    };
    let Some(path) = file.path() else {
        content.set_child(Some(&trouble("The recording is not a local file")));
        return;
    };
    window.set_title(file.basename().as_deref().and_then(|name| name.to_str()));
    content.set_child(Some(&waiting()));
    let content = content.downgrade();
    glib::spawn_future_local(async move {
        let read = gio::spawn_blocking(move || summarise(&path)).await;
        let Some(content) = content.upgrade() else { return };
        let page: gtk::Widget = match read {
            Ok(Ok(summary)) => facts(&summary).upcast(),
            Ok(Err(error)) => trouble(&error.to_string()).upcast(),
            Err(_) => trouble("Reading the recording failed unexpectedly").upcast(),
        };
        content.set_child(Some(&page));
    });
}

fn welcome() -> adw::StatusPage {
    adw::StatusPage::builder()
        .icon_name("document-open-symbolic")
        .title("No Recording")
        .description("Record a program with: gdkrecord-tool run -- PROGRAM\nThen open it with: perfkit NAME.gdkrecord")
        .build()
}

fn trouble(what: &str) -> adw::StatusPage {
    adw::StatusPage::builder()
        .icon_name("dialog-error-symbolic")
        .title("Cannot Show the Recording")
        .description(glib::markup_escape_text(what))
        .build()
}

fn waiting() -> gtk::Spinner {
    gtk::Spinner::builder()
        .spinning(true)
        .width_request(32)
        .halign(gtk::Align::Center)
        .valign(gtk::Align::Center)
        .build()
}

fn facts(summary: &Summary) -> adw::PreferencesPage {
    let page = adw::PreferencesPage::new();
    for (title, rows) in [("Notes", &summary.notes), ("Recording", &summary.facts), ("Events by Kind", &summary.counts)]
    {
        if rows.is_empty() {
            continue;
        }
        let group = adw::PreferencesGroup::builder().title(title).build();
        for (name, value) in rows {
            group.add(&row(name, value));
        }
        page.add(&group);
    }
    page
}

/// A name on the left, its value on the right, selectable so that it can be copied.
fn row(name: &str, value: &str) -> adw::ActionRow {
    let row = adw::ActionRow::builder().title(glib::markup_escape_text(name)).title_lines(0).build();
    let label = gtk::Label::builder()
        .label(value)
        .wrap(true)
        .natural_wrap_mode(gtk::NaturalWrapMode::None)
        .xalign(1.0)
        .selectable(true)
        .build();
    label.add_css_class("dim-label");
    row.add_suffix(&label);
    row
}
