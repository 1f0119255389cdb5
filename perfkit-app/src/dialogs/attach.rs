//! The dialog that asks for a process to attach to: those that use GTK first, with a search.

use std::cell::RefCell;
use std::rc::Rc;

use adw::prelude::*;
use gtk::{gdk, glib};

use super::record::{self, Target};
use crate::link::away;
use crate::model::processes::{self, Process};
use crate::widgets::{accessible, status};
use crate::window::Window;
use crate::wording::{plain, tr};

/// The dialog's size in pixels, where the window has room for it.
const SIZE: (i32, i32) = (560, 620);

struct Dialog {
    root: adw::Window,
    parent: Window,
    list: gtk::ListBox,
    search: gtk::SearchEntry,
    attach: gtk::Button,
    /// "waiting", "list", "none".
    states: gtk::Stack,
    processes: RefCell<Vec<Process>>,
}

/// Shows it.
pub fn present(parent: &Window) {
    let dialog = Dialog::new(parent);
    dialog.root.present();
    dialog.search.grab_focus();
    dialog.refresh();
}

impl Dialog {
    fn new(parent: &Window) -> Rc<Dialog> {
        let attach = accessible::button(&tr("Co_ntinue"));
        attach.set_sensitive(false);
        attach.add_css_class("suggested-action");
        let list =
            gtk::ListBox::builder().selection_mode(gtk::SelectionMode::Browse).css_classes(["boxed-list"]).build();
        accessible::name(&list, &tr("Processes"));
        let search =
            gtk::SearchEntry::builder().placeholder_text(tr("Name, command, user or number")).hexpand(true).build();
        accessible::name(&search, &tr("Search for a Process"));
        let (width, height) = crate::dialogs::room(parent, SIZE);
        let root = adw::Window::builder()
            .title(tr("Attach to a Process"))
            .transient_for(parent)
            .modal(true)
            .default_width(width)
            .default_height(height)
            .default_widget(&attach)
            .build();
        let (states, processes) = (gtk::Stack::new(), RefCell::default());
        let dialog = Rc::new(Dialog { root, parent: parent.clone(), list, search, attach, states, processes });
        dialog.lay_out();
        dialog.connect();
        dialog
    }

    fn lay_out(self: &Rc<Self>) {
        let cancel = accessible::button(&tr("_Cancel"));
        cancel.set_action_name(Some("window.close"));
        let refresh = gtk::Button::builder().icon_name("view-refresh-symbolic").tooltip_text(tr("Look Again")).build();
        accessible::name(&refresh, &tr("Look Again"));
        let dialog = Rc::downgrade(self);
        refresh.connect_clicked(move |_| {
            if let Some(dialog) = dialog.upgrade() {
                dialog.refresh();
            }
        });
        let header = adw::HeaderBar::builder().show_end_title_buttons(false).show_start_title_buttons(false).build();
        header.pack_start(&cancel);
        header.pack_end(&self.attach);
        header.pack_end(&refresh);
        let bar = adw::Clamp::builder()
            .child(&self.search)
            .margin_start(12)
            .margin_end(12)
            .margin_top(6)
            .margin_bottom(6)
            .build();
        let clamp = adw::Clamp::builder()
            .child(&self.list)
            .margin_start(12)
            .margin_end(12)
            .margin_top(6)
            .margin_bottom(18)
            .build();
        let scrolled = gtk::ScrolledWindow::builder()
            .child(&clamp)
            .vexpand(true)
            .hscrollbar_policy(gtk::PolicyType::Never)
            .build();
        self.states.add_named(&status::waiting(), Some("waiting"));
        self.states.add_named(&scrolled, Some("list"));
        let none =
            status::nothing("edit-find-symbolic", "No Such Process", &tr("Nothing that runs fits what was typed"));
        self.states.add_named(&none, Some("none"));
        let content = gtk::Box::new(gtk::Orientation::Vertical, 0);
        content.append(&header);
        content.append(&bar);
        content.append(&self.states);
        self.root.set_content(Some(&content));
        super::closes_on_escape(&self.root);
    }

    fn connect(self: &Rc<Self>) {
        let dialog = Rc::downgrade(self);
        self.search.connect_search_changed(move |_| {
            if let Some(dialog) = dialog.upgrade() {
                dialog.filter();
            }
        });
        let dialog = Rc::downgrade(self);
        self.list.connect_row_activated(move |_, _| {
            if let Some(dialog) = dialog.upgrade() {
                dialog.choose();
            }
        });
        let dialog = Rc::downgrade(self);
        self.list.connect_row_selected(move |_, row| {
            if let Some(dialog) = dialog.upgrade() {
                dialog.attach.set_sensitive(row.is_some());
            }
        });
        let dialog = Rc::downgrade(self);
        self.attach.connect_clicked(move |_| {
            if let Some(dialog) = dialog.upgrade() {
                dialog.choose();
            }
        });
        // The search takes Escape before the dialog does.
        let root = self.root.downgrade();
        self.search.connect_stop_search(move |_| {
            if let Some(root) = root.upgrade() {
                root.close();
            }
        });
        let (attach, list) = (self.attach.clone(), self.list.clone());
        self.search.connect_activate(move |_| attach.emit_clicked());
        let keys = gtk::EventControllerKey::new();
        keys.connect_key_pressed(move |_, key, _, _| match key {
            gdk::Key::Down => match list.selected_row() {
                Some(row) if row.grab_focus() => glib::Propagation::Stop,
                _ => glib::Propagation::Proceed,
            },
            _ => glib::Propagation::Proceed,
        });
        self.search.add_controller(keys);
        // The window holds the dialog, as long as it is open.
        let held = RefCell::new(Some(Rc::clone(self)));
        self.root.connect_close_request(move |_| {
            held.take();
            glib::Propagation::Proceed
        });
    }

    /// Looks which processes run.
    fn refresh(self: &Rc<Self>) {
        self.states.set_visible_child_name("waiting");
        let dialog = Rc::downgrade(self);
        glib::spawn_future_local(async move {
            let running = away(processes::running).await.unwrap_or_default();
            let Some(dialog) = dialog.upgrade() else { return };
            while let Some(row) = dialog.list.row_at_index(0) {
                dialog.list.remove(&row);
            }
            running.iter().for_each(|process| dialog.list.append(&row(process)));
            dialog.processes.replace(running);
            dialog.filter();
        });
    }

    fn filter(&self) {
        let typed = String::from(self.search.text());
        let mut first = None;
        for (at, process) in (0..).zip(self.processes.borrow().iter()) {
            let Some(row) = self.list.row_at_index(at) else { break };
            row.set_visible(process.fits(&typed));
            first = first.or_else(|| row.is_visible().then_some(row));
        }
        self.states.set_visible_child_name(if first.is_some() { "list" } else { "none" });
        self.list.select_row(first.as_ref());
    }

    fn choose(&self) {
        let at = self.list.selected_row().and_then(|row| usize::try_from(row.index()).ok());
        let process = at.and_then(|at| self.processes.borrow().get(at).cloned());
        if let Some(process) = process {
            self.root.close();
            record::present(&self.parent, &Target::Attach(process).into());
        }
    }
}

fn row(process: &Process) -> adw::ActionRow {
    let name = format!("{} ({})", process.name, process.pid);
    let row = adw::ActionRow::builder()
        .title(plain(&name))
        .subtitle(plain(&process.command))
        .subtitle_lines(1)
        .activatable(true)
        .build();
    let label = |text: &str| gtk::Label::builder().label(text).css_classes(["dim-label"]).build();
    row.add_suffix(&label(&process.user));
    if let Some(toolkit) = process.toolkit {
        row.add_suffix(&gtk::Label::builder().label(toolkit).css_classes(["heading", "accent"]).build());
    }
    row
}
