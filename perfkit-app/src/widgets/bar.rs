//! The bar above a page: which stretch of time it tells about, and the page's own controls.

use adw::prelude::*;
use gtk::pango;

use super::line::Line;
use crate::model::Document;
use crate::wording::{time, tr, tr_with};

/// A bar that says which stretch a page tells about. Controls are appended to it.
pub fn bar(document: &Document) -> Line {
    let bar = Line::default();
    bar.set_css_classes(&["toolbar", "perfkit-bar"]);
    let label = gtk::Label::builder()
        .xalign(0.0)
        .hexpand(true)
        .ellipsize(pango::EllipsizeMode::End)
        .margin_start(6)
        .css_classes(["dim-label", "numeric"])
        .build();
    label.set_label(&stretch(document));
    bar.append(&label);
    document.watch(&label, &["visible", "selection"], |label, document| label.set_label(&stretch(document)));
    bar
}

/// "Everything: 25.0 s", "Selected: 74 ms at 12.301 s"
fn stretch(document: &Document) -> String {
    let (chosen, whole) = (document.chosen(), document.whole());
    if whole.is_empty() {
        return String::new();
    }
    let length = time(chosen.length());
    let at = format!("{:.3} s", document.seconds(chosen.begin));
    if !document.selection().is_empty() {
        return tr_with("Selected: {length} at {time}", &[("length", &length), ("time", &at)]);
    }
    match chosen == whole {
        true => format!("{}: {length}", tr("Everything")),
        false => tr_with("Visible: {length} at {time}", &[("length", &length), ("time", &at)]),
    }
}
