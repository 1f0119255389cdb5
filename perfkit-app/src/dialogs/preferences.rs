//! Preferences: what is remembered and can be chosen.

use adw::prelude::*;

use crate::settings::{ANIMATIONS, STYLE, settings};
use crate::wording::tr;

/// A style, as it is stored and as it is called.
struct Style {
    nick: &'static str,
    title: &'static str,
}

const STYLES: &[Style] = &[
    Style { nick: "system", title: "Follow the system" },
    Style { nick: "light", title: "Light" },
    Style { nick: "dark", title: "Dark" },
];

/// Shows them.
pub fn present(parent: &impl IsA<gtk::Window>) {
    let group = adw::PreferencesGroup::builder().title(tr("Appearance")).build();
    group.add(&style());
    group.add(&switch(
        ANIMATIONS,
        &tr("Animations"),
        &tr("What changes moves; where this is off, it is shown at once"),
    ));
    let page = adw::PreferencesPage::new();
    page.add(&group);
    let window = adw::PreferencesWindow::builder().transient_for(parent).modal(true).search_enabled(false).build();
    window.add(&page);
    window.present();
}

fn style() -> adw::ComboRow {
    let titles: Vec<String> = STYLES.iter().map(|style| tr(style.title)).collect();
    let names = gtk::StringList::new(&titles.iter().map(String::as_str).collect::<Vec<_>>());
    let chosen = settings().get::<String>(STYLE);
    let at = STYLES.iter().position(|style| style.nick == chosen).unwrap_or(0);
    let row = adw::ComboRow::builder().title(tr("Style")).model(&names).selected(at as u32).build();
    row.connect_selected_notify(|row| {
        if let Some(style) = STYLES.get(row.selected() as usize) {
            settings().set(STYLE, style.nick);
        }
    });
    row
}

/// A row with a switch that is a setting.
fn switch(key: &'static str, title: &str, subtitle: &str) -> adw::ActionRow {
    let switch = gtk::Switch::builder().valign(gtk::Align::Center).active(settings().get(key)).build();
    switch.connect_active_notify(move |switch| settings().set(key, switch.is_active()));
    let row = adw::ActionRow::builder().title(title).subtitle(subtitle).activatable_widget(&switch).build();
    row.add_suffix(&switch);
    row
}
