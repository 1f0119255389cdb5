//! The side pane with the pages. What is chosen in it is shown at once; to the Tab key it is one stop.

use adw::prelude::*;
use adw::subclass::prelude::*;

use super::Window;
use crate::pages::{PAGES, Page};
use crate::settings::{self, settings};
use crate::widgets::accessible;
use crate::widgets::stop::one_stop;
use crate::wording::tr;

/// Fills it, and lets it act.
pub fn set_up(window: &Window) {
    let imp = window.imp();
    for page in PAGES {
        imp.list.append(&row(page));
    }
    let of = window.downgrade();
    imp.list.connect_row_selected(move |_, row| {
        let page = row.and_then(|row| PAGES.get(usize::try_from(row.index()).ok()?));
        if let (Some(window), Some(page)) = (of.upgrade(), page) {
            window.show_page(page.name);
        }
    });
    let of = window.downgrade();
    imp.list.connect_row_activated(move |_, _| {
        // In a narrow window the pane lies over the page.
        if let Some(window) = of.upgrade().filter(|window| window.imp().flap.is_folded()) {
            window.imp().flap.set_reveal_flap(false);
        }
    });
    one_stop(&*imp.list);
    fold(window);
}

/// Shows the pages that the session has.
pub fn show_pages(window: &Window) {
    let Some(document) = window.document() else { return };
    for (at, page) in PAGES.iter().enumerate() {
        if let Some(row) = window.imp().list.row_at_index(at as i32) {
            row.set_visible((page.there)(&document));
        }
    }
}

fn row(page: &Page) -> gtk::ListBoxRow {
    let line = gtk::Box::builder().spacing(12).margin_start(6).margin_end(6).margin_top(8).margin_bottom(8).build();
    line.append(&gtk::Image::from_icon_name(page.icon));
    line.append(&gtk::Label::builder().label(tr(page.title)).xalign(0.0).hexpand(true).build());
    let row = gtk::ListBoxRow::builder().child(&line).build();
    accessible::name(&row, &tr(page.title));
    row
}

/// In a narrow window the pane lies over the page, and is away until it is asked for; in a wide one it is there
/// unless the user wants it away.
fn fold(window: &Window) {
    let of = window.downgrade();
    window.imp().flap.connect_folded_notify(move |flap| {
        let session = of.upgrade().is_some_and(|window| window.document().is_some());
        flap.set_reveal_flap(session && !flap.is_folded() && settings().get(settings::PANE));
    });
    let of = window.downgrade();
    window.imp().flap.connect_reveal_flap_notify(move |flap| {
        // Who asked for it chooses in it next.
        let Some(window) = of.upgrade().filter(|_| flap.is_folded() && flap.reveals_flap()) else { return };
        if let Some(row) = window.imp().list.selected_row() {
            row.grab_focus();
        }
    });
    let of = window.downgrade();
    window.imp().pane_button.connect_clicked(move |button| {
        if of.upgrade().is_some_and(|window| !window.imp().flap.is_folded()) {
            settings().set(settings::PANE, button.is_active());
        }
    });
}
