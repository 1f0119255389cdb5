//! The bar's part for a search: how many rows were found, and the way through them.

use adw::prelude::*;

use super::button;
use crate::widgets::timeline::Timeline;
use crate::wording::{marked, tr, tr_many, tr_with};

pub fn make(timeline: &Timeline) -> gtk::Box {
    let line = gtk::Box::builder().spacing(6).visible(false).build();
    let words = gtk::Label::builder().css_classes(["dim-label", "numeric"]).build();
    line.append(&words);
    let steps = gtk::Box::builder().css_classes(["linked"]).build();
    for (icon, title, next) in [
        ("go-up-symbolic", marked("Previous Match (Ctrl+Shift+G)"), false),
        ("go-down-symbolic", marked("Next Match (Ctrl+G)"), true),
    ] {
        let button = button(icon, title);
        let timeline = timeline.downgrade();
        button.connect_clicked(move |_| {
            if let Some(timeline) = timeline.upgrade() {
                timeline.step_match(next);
            }
        });
        steps.append(&button);
    }
    line.append(&steps);
    let shown = line.clone();
    let show = move |timeline: &Timeline| {
        let found = timeline.found();
        shown.set_visible(!timeline.document().search().is_empty());
        let Some(found) = found else {
            words.set_label(&tr("Searching…"));
            return;
        };
        let count = found.spots.len() as u64;
        let number = |count: u64| gdkrecord::units::count(count);
        words.set_label(&match timeline.match_at() {
            _ if count == 0 => tr("Nothing found"),
            Some(at) => tr_with("{at} of {count}", &[("at", &number(at as u64 + 1)), ("count", &number(count))]),
            None if found.more => tr_with("More than {count} found", &[("count", &number(count))]),
            None => tr_many("{} found", "{} found", count),
        });
    };
    timeline.connect_found(show.clone());
    timeline.connect_picked(show.clone());
    let timeline_weak = timeline.downgrade();
    timeline.document().watch(&line, &["search"], move |_, _| {
        if let Some(timeline) = timeline_weak.upgrade() {
            show(&timeline);
        }
    });
    line
}
