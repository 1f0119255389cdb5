//! The pane below the timeline: the selected row with all that is known of it, what led to it and what came of it.

use adw::prelude::*;
use gtk::pango;

use super::button;
use crate::draw::timeline::links::End;
use crate::model::Range;
use crate::widgets::accessible;
use crate::widgets::timeline::{Picked, Timeline};
use crate::wording::{marked, tr, tr_with};

/// The height of what scrolls, in pixels.
const HEIGHT: i32 = 150;

pub fn make(timeline: &Timeline) -> gtk::Widget {
    let pane = gtk::Box::builder().orientation(gtk::Orientation::Vertical).visible(false).build();
    let head = gtk::Box::builder().spacing(6).margin_start(12).margin_end(6).margin_top(6).margin_bottom(6).build();
    let title = gtk::Label::builder().xalign(0.0).ellipsize(pango::EllipsizeMode::End).css_classes(["heading"]).build();
    let place = gtk::Label::builder()
        .xalign(0.0)
        .hexpand(true)
        .ellipsize(pango::EllipsizeMode::End)
        .css_classes(["dim-label", "numeric"])
        .build();
    head.append(&title);
    head.append(&place);
    for (icon, text, act) in BUTTONS {
        let button = button(icon, text);
        button.add_css_class("flat");
        let timeline = timeline.downgrade();
        button.connect_clicked(move |_| {
            if let Some(timeline) = timeline.upgrade() {
                act(&timeline);
            }
        });
        head.append(&button);
    }
    let body = gtk::Box::builder().spacing(24).margin_start(12).margin_end(12).margin_bottom(12).build();
    let scrolled = gtk::ScrolledWindow::builder()
        .child(&body)
        .hscrollbar_policy(gtk::PolicyType::Never)
        .min_content_height(HEIGHT)
        .vexpand(true)
        .build();
    pane.append(&gtk::Separator::new(gtk::Orientation::Horizontal));
    pane.append(&head);
    pane.append(&scrolled);
    accessible::name(&pane, &tr("Selected row"));
    let shown = pane.clone();
    timeline.connect_picked(move |timeline| {
        let picked = timeline.picked();
        shown.set_visible(picked.is_some());
        let Some(picked) = picked else { return };
        title.set_label(picked.detail.as_ref().map_or("", |detail| &detail.title));
        place.set_label(&timeline.place_words(&picked));
        while let Some(child) = body.first_child() {
            body.remove(&child);
        }
        body.append(&fields(&picked));
        if let Some(reasons) = reasons(timeline, &picked) {
            body.append(&reasons);
        }
    });
    pane.upcast()
}

/// A button of the pane: its icon, its title, and what it does.
type Act = (&'static str, &'static str, fn(&Timeline));

const BUTTONS: &[Act] = &[
    ("go-up-symbolic", marked("Go to the Cause (Alt+Up)"), |timeline| timeline.follow_link(false)),
    ("go-down-symbolic", marked("Go to the Effect (Alt+Down)"), |timeline| timeline.follow_link(true)),
    ("go-previous-symbolic", marked("Previous Row (Left)"), |timeline| _ = timeline.step(false)),
    ("go-next-symbolic", marked("Next Row (Right)"), |timeline| _ = timeline.step(true)),
    ("zoom-fit-best-symbolic", marked("Zoom to the Row (Enter)"), Timeline::zoom_to_picked),
    ("edit-select-all-symbolic", marked("Select Its Time"), Timeline::select_picked),
    ("window-close-symbolic", marked("Close (Escape)"), Timeline::unpick),
];

fn fields(picked: &Picked) -> gtk::Grid {
    let grid = gtk::Grid::builder().column_spacing(12).row_spacing(3).valign(gtk::Align::Start).hexpand(true).build();
    let fields = picked.detail.as_ref().map_or(&[][..], |detail| &detail.fields);
    for (row, (name, value)) in (0..).zip(fields) {
        let name = gtk::Label::builder().label(name).xalign(1.0).yalign(0.0).css_classes(["dim-label"]).build();
        let value = gtk::Label::builder()
            .label(value)
            .xalign(0.0)
            .wrap(true)
            .wrap_mode(pango::WrapMode::WordChar)
            .selectable(true)
            .hexpand(true)
            .build();
        grid.attach(&name, 0, row, 1, 1);
        grid.attach(&value, 1, row, 1, 1);
    }
    grid
}

/// What took its time, its causes and its effects, each of which leads there; `None` where nothing is known.
fn reasons(timeline: &Timeline, picked: &Picked) -> Option<gtk::Box> {
    let column = gtk::Box::builder()
        .orientation(gtk::Orientation::Vertical)
        .spacing(3)
        .valign(gtk::Align::Start)
        .hexpand(true)
        .build();
    let heading = |text: &str| {
        column.append(&gtk::Label::builder().label(tr(text)).xalign(0.0).css_classes(["heading"]).build());
    };
    if !picked.why.is_empty() {
        heading(marked("Why it was slow"));
    }
    for (words, range) in &picked.why {
        column.append(&leading(timeline, words, *range));
    }
    let own = |end: &End| end.lane == picked.spot.lane && end.time == picked.spot.time;
    let (causes, effects): (Vec<&End>, Vec<&End>) = (
        picked.links.iter().filter(|link| own(&link.to)).map(|link| &link.from).collect(),
        picked.links.iter().filter(|link| own(&link.from)).map(|link| &link.to).collect(),
    );
    for (title, ends) in [(marked("Caused by"), causes), (marked("Led to"), effects)] {
        if !ends.is_empty() {
            heading(title);
        }
        for end in ends {
            column.append(&end_button(timeline, end));
        }
    }
    column.first_child().is_some().then_some(column)
}

fn flat(words: &str) -> gtk::Button {
    let label = gtk::Label::builder().label(words).xalign(0.0).wrap(true).build();
    gtk::Button::builder().child(&label).css_classes(["flat", "perfkit-line"]).build()
}

/// A finding, which leads to its place.
fn leading(timeline: &Timeline, words: &str, range: Range) -> gtk::Button {
    let button = flat(words);
    let timeline = timeline.downgrade();
    button.connect_clicked(move |_| {
        if let Some(timeline) = timeline.upgrade() {
            timeline.show_range(range);
        }
    });
    button
}

/// A cause or an effect, which leads to its row.
fn end_button(timeline: &Timeline, end: &End) -> gtk::Button {
    let at = timeline.moment(end.time);
    let words = match timeline.lane_words(end.lane) {
        Some(lane) => tr_with("{row} at {time} ({track})", &[("row", &end.title), ("time", &at), ("track", &lane)]),
        None => end.title.clone(),
    };
    let button = flat(&words);
    let (timeline, end) = (timeline.downgrade(), end.clone());
    button.connect_clicked(move |_| {
        if let Some(timeline) = timeline.upgrade() {
            timeline.pick_end(&end);
        }
    });
    button
}
