//! The list of bookmarks: each leads to its place, has a text that can be changed, and can be removed.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use adw::prelude::*;
use gtk::glib;
use perfkit_agent::session::Bookmark;

use super::button;
use crate::model::{Document, Range};
use crate::widgets::accessible;
use crate::widgets::timeline::Timeline;
use crate::window::Window;
use crate::wording::{marked, tr, tr_with};

/// So long nothing has to be typed until a text is kept.
const QUIET: Duration = Duration::from_millis(400);
/// A bookmark of a moment is shown with so much time around it, in nanoseconds.
const AROUND: i64 = 50_000_000;

pub fn make(timeline: &Timeline) -> gtk::MenuButton {
    let document = timeline.document();
    let list = gtk::ListBox::builder().selection_mode(gtk::SelectionMode::None).css_classes(["boxed-list"]).build();
    let empty = gtk::Label::builder()
        .label(tr("No bookmarks yet: they mark a moment, or what is selected, and are kept in the session"))
        .wrap(true)
        .max_width_chars(36)
        .margin_top(12)
        .margin_bottom(12)
        .margin_start(12)
        .margin_end(12)
        .css_classes(["dim-label"])
        .build();
    let scrolled = gtk::ScrolledWindow::builder()
        .child(&list)
        .hscrollbar_policy(gtk::PolicyType::Never)
        .propagate_natural_height(true)
        .max_content_height(360)
        .build();
    let add = gtk::Button::builder().label(tr("Add a Bookmark (Ctrl+D)")).action_name("doc.bookmark").build();
    let content = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(6).width_request(380).build();
    content.append(&empty);
    content.append(&scrolled);
    content.append(&add);
    let popover = gtk::Popover::builder().child(&content).build();
    let button = gtk::MenuButton::builder()
        .icon_name("user-bookmarks-symbolic")
        .tooltip_text(tr("Bookmarks"))
        .popover(&popover)
        .build();
    accessible::name(&button, &tr("Bookmarks"));
    let show = {
        let (list, timeline) = (list.downgrade(), timeline.downgrade());
        let (empty, scrolled) = (empty.downgrade(), scrolled.downgrade());
        let shown = RefCell::new(Vec::new());
        move |document: &Document| {
            let (Some(list), Some(timeline)) = (list.upgrade(), timeline.upgrade()) else { return };
            // Who types into a row keeps it.
            let places = document.bookmarks().iter().map(|one| (one.id, one.begin, one.end)).collect();
            if shown.replace(places) != *shown.borrow() {
                fill(&list, &timeline, document);
            }
            let none = document.bookmarks().is_empty();
            empty.upgrade().iter().for_each(|empty| empty.set_visible(none));
            scrolled.upgrade().iter().for_each(|scrolled| scrolled.set_visible(!none));
        }
    };
    show(document);
    document.connect_bookmarks(show);
    button
}

fn fill(list: &gtk::ListBox, timeline: &Timeline, document: &Document) {
    while let Some(row) = list.first_child() {
        list.remove(&row);
    }
    for bookmark in document.bookmarks() {
        list.append(&row(timeline, document, &bookmark));
    }
}

fn row(timeline: &Timeline, document: &Document, bookmark: &Bookmark) -> gtk::ListBoxRow {
    let place = bookmark.place(document.whole().begin);
    let line = gtk::Box::builder().spacing(6).margin_start(6).margin_end(6).margin_top(6).margin_bottom(6).build();
    let go = gtk::Button::builder().label(&place).css_classes(["flat", "numeric"]).tooltip_text(tr("Go There")).build();
    let text =
        gtk::Entry::builder().text(&bookmark.text).placeholder_text(tr("What is seen here")).hexpand(true).build();
    accessible::name(&text, &tr_with("Text of the bookmark at {time}", &[("time", &place)]));
    let remove = button("user-trash-symbolic", marked("Remove"));
    remove.add_css_class("flat");
    line.append(&go);
    line.append(&text);
    line.append(&remove);

    let (of, at) = (timeline.downgrade(), bookmark.clone());
    go.connect_clicked(move |_| {
        if let Some(timeline) = of.upgrade() {
            go_to(&timeline, &at);
        }
    });
    // What was typed is kept when the typing pauses.
    let (document, of) = (document.clone(), bookmark.clone());
    let typing: Rc<Cell<u64>> = Rc::default();
    text.connect_changed(move |entry| {
        let turn = typing.get() + 1;
        typing.set(turn);
        let (document, typing) = (document.clone(), Rc::clone(&typing));
        let bookmark = Bookmark { text: entry.text().into(), ..of.clone() };
        glib::spawn_future_local(async move {
            glib::timeout_future(QUIET).await;
            if typing.get() == turn {
                document.change_bookmark(bookmark).await;
            }
        });
    });
    let (of, id) = (timeline.downgrade(), bookmark.id);
    remove.connect_clicked(move |_| {
        if let Some(timeline) = of.upgrade() {
            take_away(&timeline, id);
        }
    });
    gtk::ListBoxRow::builder().child(&line).activatable(false).focusable(false).build()
}

fn go_to(timeline: &Timeline, bookmark: &Bookmark) {
    let document = timeline.document();
    if bookmark.end > bookmark.begin {
        timeline.show_range(Range::new(bookmark.begin, bookmark.end));
        return;
    }
    document.set_cursor(bookmark.begin);
    if document.visible().length() > 2 * AROUND {
        timeline.reveal(Range::new(bookmark.begin, bookmark.begin));
    } else {
        document.set_visible(Range::new(bookmark.begin, bookmark.begin).longer(AROUND));
    }
}

/// Removes a bookmark; who did not mean it puts it back.
fn take_away(timeline: &Timeline, id: i64) {
    let (document, timeline) = (timeline.document().clone(), timeline.downgrade());
    glib::spawn_future_local(async move {
        let Some(removed) = document.remove_bookmark(id).await else { return };
        let window = timeline.upgrade().and_then(|timeline| timeline.root()).and_downcast::<Window>();
        let Some(window) = window else { return };
        window.offer_undo(&tr("Bookmark removed"), move || {
            let (document, removed) = (document.clone(), removed.clone());
            glib::spawn_future_local(async move { document.restore_bookmark(removed).await });
        });
    });
}
