//! The script as text, checked while it is typed: the line that cannot be read is marked, and below it stands why.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use adw::prelude::*;
use gtk::{glib, pango};
use perfkit_agent::input::Script;

use crate::link::away;
use crate::widgets::accessible;
use crate::wording::{tr, tr_with};

/// After the last key, before what was typed is checked.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(150);
/// The tag of a line that cannot be read.
const WRONG: &str = "wrong";

/// What was typed: a script, or which line is none and why.
pub type Typed = Result<Script, (usize, String)>;
type Told = Box<dyn Fn(&Typed)>;

/// The editor.
pub struct Editor {
    /// Its widget.
    pub root: gtk::Box,
    view: gtk::TextView,
    wrong: gtk::Label,
    bar: gtk::Revealer,
    turn: Cell<u64>,
    told: RefCell<Option<Told>>,
}

impl Editor {
    /// Without text.
    pub fn new() -> Rc<Editor> {
        let view = gtk::TextView::builder()
            .monospace(true)
            .wrap_mode(gtk::WrapMode::None)
            .left_margin(12)
            .right_margin(12)
            .top_margin(9)
            .bottom_margin(9)
            .accepts_tab(false)
            .build();
        accessible::name(&view, &tr("Script of the input"));
        let buffer = view.buffer();
        // Underlined too: colour is never the only sign.
        buffer.create_tag(
            Some(WRONG),
            &[("underline", &pango::Underline::Error), ("paragraph-background", &"rgba(224, 27, 36, 0.18)")],
        );
        let scrolled = gtk::ScrolledWindow::builder().child(&view).vexpand(true).hexpand(true).build();
        let wrong = gtk::Label::builder()
            .wrap(true)
            .wrap_mode(pango::WrapMode::WordChar)
            .xalign(0.0)
            .selectable(true)
            .hexpand(true)
            .css_classes(["error"])
            .build();
        let go = accessible::button(&tr("_Go to the Line"));
        go.set_valign(gtk::Align::Center);
        let line =
            gtk::Box::builder().spacing(12).margin_start(12).margin_end(12).margin_top(9).margin_bottom(9).build();
        line.append(&gtk::Image::from_icon_name("dialog-error-symbolic"));
        line.append(&wrong);
        line.append(&go);
        let bar = gtk::Revealer::builder().child(&line).build();
        let root = gtk::Box::builder().orientation(gtk::Orientation::Vertical).build();
        root.append(&scrolled);
        root.append(&bar);
        let editor = Rc::new(Editor { root, view, wrong, bar, turn: Cell::new(0), told: RefCell::default() });
        let of = Rc::downgrade(&editor);
        buffer.connect_changed(move |_| {
            if let Some(editor) = of.upgrade() {
                editor.changed();
            }
        });
        let of = Rc::downgrade(&editor);
        go.connect_clicked(move |_| {
            if let Some(editor) = of.upgrade() {
                editor.go_to_trouble();
            }
        });
        editor
    }

    /// Called with what was typed, when there was time to check it.
    pub fn connect_typed(&self, told: impl Fn(&Typed) + 'static) {
        self.told.replace(Some(Box::new(told)));
    }

    /// Shows a text in place of the one before. It is checked like one that was typed.
    pub fn set_text(&self, text: &str) {
        let buffer = self.view.buffer();
        // What another script was is nothing to go back to.
        buffer.begin_irreversible_action();
        buffer.set_text(text);
        buffer.end_irreversible_action();
        buffer.place_cursor(&buffer.start_iter());
    }

    /// The text.
    pub fn text(&self) -> String {
        let buffer = self.view.buffer();
        buffer.text(&buffer.start_iter(), &buffer.end_iter(), true).into()
    }

    fn changed(self: &Rc<Self>) {
        let turn = self.turn.get() + 1;
        self.turn.set(turn);
        let of = Rc::downgrade(self);
        let current = move || of.upgrade().filter(|editor| editor.turn.get() == turn);
        glib::spawn_future_local(async move {
            glib::timeout_future(PAUSE).await;
            let Some(text) = current().map(|editor| editor.text()) else { return };
            let Some(typed) = away(move || Script::check(&text)).await else { return };
            let Some(editor) = current() else { return };
            editor.show(&typed);
            if let Some(told) = &*editor.told.borrow() {
                told(&typed);
            }
        });
    }

    fn show(&self, typed: &Typed) {
        let buffer = self.view.buffer();
        buffer.remove_tag_by_name(WRONG, &buffer.start_iter(), &buffer.end_iter());
        let words = match typed {
            Ok(_) => String::new(),
            Err((line, why)) => {
                if let Some(begin) = buffer.iter_at_line(*line as i32 - 1) {
                    let mut end = begin;
                    end.forward_to_line_end();
                    buffer.apply_tag_by_name(WRONG, &begin, &end);
                }
                tr_with("Line {line}: {why}", &[("line", &line.to_string()), ("why", why)])
            }
        };
        self.bar.set_reveal_child(typed.is_err());
        accessible::describe(&self.view, &words);
        if typed.is_err() {
            self.wrong.set_label(&words);
        }
    }

    fn go_to_trouble(&self) {
        let buffer = self.view.buffer();
        let Some(tag) = buffer.tag_table().lookup(WRONG) else { return };
        let mut at = buffer.start_iter();
        if at.starts_tag(Some(&tag)) || at.forward_to_tag_toggle(Some(&tag)) {
            buffer.place_cursor(&at);
            self.view.scroll_to_iter(&mut at, 0.1, false, 0.0, 0.0);
        }
        self.view.grab_focus();
    }
}
