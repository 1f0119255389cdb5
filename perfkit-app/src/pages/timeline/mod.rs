//! The timeline page: the tracks of a session on one axis of time, its controls above, the selected row below.

mod bookmarks;
mod matches;
mod pane;
mod table;
mod tracks;
mod windows;

use gtk::prelude::*;

use crate::model::Document;
use crate::widgets::bar::bar;
use crate::widgets::save::Saving;
use crate::widgets::table::Table;
use crate::widgets::timeline::Timeline;
use crate::widgets::{accessible, as_table};
use crate::wording::{marked, tr};

/// Actions of the bar: their icons, names and titles.
const STEPS: &[(&str, &str, &str)] = &[
    ("go-previous-symbolic", "doc.previous-slow", marked("Previous Slow Frame (P)")),
    ("go-next-symbolic", "doc.next-slow", marked("Next Slow Frame (N)")),
];
const ZOOMS: &[(&str, &str, &str)] = &[
    ("zoom-out-symbolic", "doc.zoom-out", marked("Zoom Out (Ctrl+−)")),
    ("zoom-in-symbolic", "doc.zoom-in", marked("Zoom In (Ctrl++)")),
    ("zoom-fit-best-symbolic", "doc.zoom-all", marked("Show Everything (Ctrl+0)")),
];

pub fn make(document: &Document) -> gtk::Widget {
    let timeline = Timeline::new(document);
    let controls = bar(document);
    controls.append(&matches::make(&timeline));
    controls.append(&tracks::make(&timeline));
    controls.append(&bookmarks::make(&timeline));
    for group in [STEPS, ZOOMS] {
        controls.append(&linked(group));
    }
    let line = gtk::Box::new(gtk::Orientation::Horizontal, 0);
    line.append(&timeline);
    line.append(&gtk::Scrollbar::new(gtk::Orientation::Vertical, Some(timeline.scroll())));
    let rows = table::make(&timeline, document);
    let stack = gtk::Stack::new();
    accessible::only_shown(&stack);
    stack.add_named(&line, Some("graph"));
    stack.add_named(&rows, Some("table"));
    let as_table = as_table::switching(&stack, "graph");
    controls.append(&as_table);
    controls.append(&saving(&timeline, &rows).button(document));
    let panes = gtk::Paned::builder()
        .orientation(gtk::Orientation::Vertical)
        .start_child(&stack)
        .end_child(&pane::make(&timeline))
        .resize_start_child(true)
        .shrink_start_child(false)
        .resize_end_child(false)
        .shrink_end_child(false)
        .vexpand(true)
        .build();
    let page = gtk::Box::new(gtk::Orientation::Vertical, 0);
    page.append(&controls);
    page.append(&gtk::Separator::new(gtk::Orientation::Horizontal));
    page.append(&panes);
    page.upcast()
}

/// The picture, the rows as a table, and as text the row that is picked, or else all of what is selected.
fn saving(timeline: &Timeline, table: &Table) -> Saving {
    let drawn = timeline.downgrade();
    let saving = table.saving().picture_of(timeline, move |ctx, _, _| match drawn.upgrade() {
        Some(timeline) => timeline.draw_on(ctx),
        None => Ok(()),
    });
    let (of, at) = ((timeline.downgrade(), table.downgrade()), (timeline.downgrade(), table.downgrade()));
    saving.table_later(move || table::given(of.clone())).text_later(move || table::text(at.clone()))
}

fn linked(actions: &[(&str, &str, &str)]) -> gtk::Box {
    let group = gtk::Box::builder().css_classes(["linked"]).build();
    for &(icon, action, title) in actions {
        let button = button(icon, title);
        button.set_action_name(Some(action));
        group.append(&button);
    }
    group
}

/// A button with an icon, and a title for those who cannot tell it by that.
fn button(icon: &str, title: &str) -> gtk::Button {
    let button = gtk::Button::builder().icon_name(icon).tooltip_text(tr(title)).build();
    accessible::name(&button, &tr(title));
    button
}
