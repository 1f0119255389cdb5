//! The list of tracks: which are shown, all of a kind at once, and those of one thread or window only.

use std::cell::Cell;
use std::rc::Rc;

use adw::prelude::*;
use gtk::pango;

use crate::draw::timeline::kinds::TRACKS;
use crate::draw::timeline::{Lane, Tracks};
use crate::widgets::accessible;
use crate::widgets::timeline::Timeline;
use crate::wording::{tr, tr_with};

/// The height of the list, in pixels.
const HEIGHT: i32 = 380;

/// A line of the list: a lane, or all of a kind.
struct Line {
    check: gtk::CheckButton,
    lanes: Vec<usize>,
    words: String,
}

pub fn make(timeline: &Timeline) -> gtk::MenuButton {
    let content = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(6).width_request(340).build();
    let search = gtk::SearchEntry::builder().placeholder_text(tr("Find a track")).build();
    let list = gtk::ListBox::builder().selection_mode(gtk::SelectionMode::None).build();
    list.add_css_class("perfkit-tracks");
    let scrolled = gtk::ScrolledWindow::builder()
        .child(&list)
        .hscrollbar_policy(gtk::PolicyType::Never)
        .min_content_height(HEIGHT)
        .build();
    let threads = gtk::DropDown::from_strings(&[]);
    let windows = gtk::DropDown::from_strings(&[]);
    accessible::name(&threads, &tr("Tracks of a thread"));
    accessible::name(&windows, &tr("Events of a window"));
    let usual = gtk::Button::builder().label(tr("The Usual Tracks")).build();
    content.append(&search);
    content.append(&threads);
    content.append(&windows);
    content.append(&scrolled);
    content.append(&usual);
    let popover = gtk::Popover::builder().child(&content).build();
    let button = gtk::MenuButton::builder().label(tr("Tracks")).popover(&popover).build();
    accessible::name(&button, &tr("Tracks"));
    // The search takes Escape before the popover does.
    search.connect_stop_search(move |_| popover.popdown());

    let weak = timeline.downgrade();
    usual.connect_clicked(move |_| {
        if let Some(timeline) = weak.upgrade() {
            timeline.usual_views();
        }
    });
    let setting: Rc<Cell<bool>> = Rc::default();
    let lines: Rc<std::cell::RefCell<Vec<Line>>> = Rc::default();
    let found = Rc::clone(&lines);
    search.connect_search_changed(move |search| {
        let wanted = search.text().to_lowercase();
        for line in found.borrow().iter() {
            if let Some(row) = line.check.parent() {
                row.set_visible(line.words.contains(&wanted));
            }
        }
    });
    let changed = move |timeline: &Timeline| {
        let Some(tracks) = timeline.tracks() else { return };
        setting.set(true);
        if lines.borrow().is_empty() {
            lines.replace(fill_list(timeline, &list, &tracks, &setting));
            fill_threads(timeline, &threads, &tracks);
            super::windows::fill(timeline, &windows);
        }
        let views = timeline.views();
        for line in lines.borrow().iter() {
            let shown = line.lanes.iter().filter(|&&lane| views.get(lane).is_some_and(|view| view.shown)).count();
            line.check.set_active(shown > 0);
            line.check.set_inconsistent(shown > 0 && shown < line.lanes.len());
        }
        setting.set(false);
    };
    changed(timeline);
    timeline.connect_changed(changed);
    button
}

fn fill_list(timeline: &Timeline, list: &gtk::ListBox, tracks: &Tracks, setting: &Rc<Cell<bool>>) -> Vec<Line> {
    let mut lines = Vec::new();
    for kind in TRACKS {
        let of = |lane: &&Lane| lane.kind == kind;
        let lanes: Vec<usize> =
            tracks.lanes.iter().enumerate().filter(|(_, lane)| of(lane)).map(|(at, _)| at).collect();
        if lanes.is_empty() {
            continue;
        }
        let title = tr(kind.title);
        lines.push(line(timeline, list, &title, lanes.clone(), true, setting));
        for at in lanes {
            let words = if tracks.lanes[at].title.is_empty() { &title } else { &tracks.lanes[at].title };
            lines.push(line(timeline, list, words, vec![at], false, setting));
        }
    }
    lines
}

fn line(
    timeline: &Timeline,
    list: &gtk::ListBox,
    words: &str,
    lanes: Vec<usize>,
    whole: bool,
    setting: &Rc<Cell<bool>>,
) -> Line {
    let label = gtk::Label::builder().label(words).xalign(0.0).ellipsize(pango::EllipsizeMode::Middle).build();
    let check = gtk::CheckButton::builder().child(&label).margin_start(if whole { 6 } else { 24 }).build();
    if whole {
        label.add_css_class("heading");
    }
    accessible::name(&check, words);
    let row = gtk::ListBoxRow::builder().child(&check).activatable(false).focusable(false).build();
    list.append(&row);
    let (timeline, setting, of) = (timeline.downgrade(), Rc::clone(setting), lanes.clone());
    check.connect_toggled(move |check| {
        if let Some(timeline) = timeline.upgrade().filter(|_| !setting.get()) {
            let shown = check.is_active();
            timeline.change_views(|lane, view| {
                if of.contains(&lane) {
                    view.shown = shown;
                }
            });
        }
    });
    Line { check, lanes, words: words.to_lowercase() }
}

fn fill_threads(timeline: &Timeline, choice: &gtk::DropDown, tracks: &Tracks) {
    let mut threads: Vec<(i32, i32, String)> = Vec::new();
    for lane in tracks.lanes.iter().filter(|lane| lane.tid != 0) {
        if !threads.iter().any(|(pid, tid, _)| (*pid, *tid) == (lane.pid, lane.tid)) {
            threads.push((lane.pid, lane.tid, lane.title.clone()));
        }
    }
    let mut words = vec![tr("All threads")];
    words.extend(threads.iter().map(|(.., title)| tr_with("Only {thread}", &[("thread", title)])));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    choice.set_model(Some(&gtk::StringList::new(&words)));
    let timeline = timeline.downgrade();
    choice.connect_selected_notify(move |choice| {
        let (Some(timeline), at) = (timeline.upgrade(), choice.selected() as usize) else { return };
        let Some(tracks) = timeline.tracks() else { return };
        match at.checked_sub(1).and_then(|at| threads.get(at)) {
            None => timeline.usual_views(),
            Some((pid, tid, _)) => timeline.change_views(|lane, view| {
                view.shown = tracks.lanes.get(lane).is_some_and(|lane| {
                    (lane.pid, lane.tid) == (*pid, *tid) && lane.kind.look != crate::draw::timeline::kinds::Look::Values
                });
            }),
        }
    });
}
