//! The windows of a stretch: what each repainted, and whether it is shown.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use adw::prelude::*;
use gdkrecord::draw::exposures::Plan;

use super::words;
use crate::wording::{plain, tr};

/// The pane's width in pixels.
const WIDTH: i32 = 270;

/// Called with the windows that are hidden.
type Told = Box<dyn Fn(BTreeSet<u32>)>;

#[derive(Default)]
struct State {
    rows: RefCell<BTreeMap<u32, adw::ActionRow>>,
    hidden: RefCell<BTreeSet<u32>>,
    told: RefCell<Option<Told>>,
}

/// The pane.
pub struct List {
    pane: gtk::ScrolledWindow,
    group: adw::PreferencesGroup,
    state: Rc<State>,
}

impl List {
    /// Of no windows yet.
    pub fn new() -> List {
        let group = adw::PreferencesGroup::builder()
            .title(tr("Windows"))
            .margin_start(12)
            .margin_end(12)
            .margin_top(12)
            .margin_bottom(12)
            .build();
        let pane = gtk::ScrolledWindow::builder()
            .hscrollbar_policy(gtk::PolicyType::Never)
            .width_request(WIDTH)
            .hexpand(false)
            .child(&group)
            .css_classes(["background"])
            .build();
        List { pane, group, state: Rc::default() }
    }

    /// Its widget.
    pub fn widget(&self) -> &gtk::ScrolledWindow {
        &self.pane
    }

    /// Called with the windows that are hidden, whenever that changes.
    pub fn connect_hidden(&self, told: impl Fn(BTreeSet<u32>) + 'static) {
        self.state.told.replace(Some(Box::new(told)));
    }

    /// Lists the windows of a plan, what repainted most first. What was hidden stays so.
    pub fn set_plan(&self, plan: &Plan) {
        for row in std::mem::take(&mut *self.state.rows.borrow_mut()).into_values() {
            self.group.remove(&row);
        }
        let repaint = |id: &u32| plan.repaint.get(id).copied().unwrap_or_default();
        let mut windows: Vec<u32> = plan.shown.iter().copied().collect();
        windows.sort_by_key(|id| std::cmp::Reverse(repaint(id).repainted));
        for id in windows {
            let name = plan.names.get(&id).map_or("", String::as_str);
            let row = self.row(id, name, &words::of_window(&repaint(&id), plan.apart));
            self.group.add(&row);
            self.state.rows.borrow_mut().insert(id, row);
        }
    }

    /// Makes windows stand out.
    pub fn set_marked(&self, marked: &BTreeSet<u32>) {
        for (id, row) in &*self.state.rows.borrow() {
            if marked.contains(id) { row.add_css_class("perfkit-found") } else { row.remove_css_class("perfkit-found") }
        }
    }

    fn row(&self, id: u32, name: &str, about: &str) -> adw::ActionRow {
        let check = gtk::CheckButton::builder()
            .active(!self.state.hidden.borrow().contains(&id))
            .valign(gtk::Align::Center)
            .tooltip_text(tr("Show this window"))
            .build();
        let state = Rc::clone(&self.state);
        check.connect_toggled(move |check| {
            let mut hidden = state.hidden.borrow_mut();
            if check.is_active() {
                hidden.remove(&id)
            } else {
                hidden.insert(id)
            };
            let hidden = hidden.clone();
            if let Some(told) = &*state.told.borrow() {
                told(hidden);
            }
        });
        let row = adw::ActionRow::builder()
            .title(plain(name))
            .subtitle(plain(about))
            .title_lines(1)
            .activatable_widget(&check)
            .build();
        row.add_prefix(&check);
        row
    }
}
