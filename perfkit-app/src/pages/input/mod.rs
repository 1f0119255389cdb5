//! Input: what somebody did with the recorded program, as a script that can be edited, saved, and played again here.
//!
//! [`steps`] has it as rows that follow the document, [`editor`] as text, [`pane`] plays it; [`files`] opens and saves
//! scripts, and asks before an edited one goes.

mod display;
mod editor;
mod files;
mod form;
mod pane;
mod results;
mod steps;

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use adw::prelude::*;
use gtk::glib;
use perfkit_agent::input::{Recorded, Script, recorded};

use self::editor::Editor;
use self::pane::{Pane, Told};
use self::steps::Known;
use super::fill;
use crate::dialogs::file;
use crate::dialogs::record::proposed_folder;
use crate::link::away;
use crate::model::Document;
use crate::widgets::beside::Beside;
use crate::widgets::save::copy_text;
use crate::widgets::table::Table;
use crate::widgets::{accessible, bar, status};
use crate::window::Window;
use crate::wording::{tr, tr_many, tr_with};

/// Pixels below which the replay is below the script, and the script's share of the room.
const NARROW: i32 = 820;
const SHARE: f64 = 0.52;
/// What files of scripts are called.
pub const SUFFIX: &str = "perfinput";

/// The page; of a document of no session it shows nothing until a script is wanted.
pub fn make(document: &Document) -> gtk::Widget {
    let page = Page::new(document);
    page.connect();
    let root = page.root.clone();
    // The page is kept by its widget.
    let kept = RefCell::new(Some(Rc::clone(&page)));
    root.connect_destroy(move |_| drop(kept.take()));
    let of = Rc::downgrade(&page);
    root.connect_root_notify(move |root| {
        if let Some(window) = root.root().and_downcast::<Window>() {
            window.set_script(of.clone());
        }
    });
    page.read();
    root.upcast()
}

/// What the page is made of.
pub struct Page {
    root: gtk::Stack,
    document: Document,
    table: Table,
    editor: Rc<Editor>,
    pane: Rc<Pane>,
    /// The steps, or the text.
    views: gtk::Stack,
    as_text: gtk::ToggleButton,
    count: gtk::Label,
    missing: gtk::InfoBar,
    missing_words: gtk::Label,
    /// What the session has.
    recorded: RefCell<Option<Arc<Recorded>>>,
    script: RefCell<Script>,
    /// The text as it was recorded, opened or saved.
    saved: RefCell<String>,
    /// Where it was opened or saved.
    file: RefCell<Option<PathBuf>>,
    /// Whether a file is being read, which is shown instead of what the session has.
    opening: Cell<bool>,
    /// Whether it is being asked what becomes of an edited script.
    asking: Cell<bool>,
    known: RefCell<Vec<Known>>,
    /// While a replay goes on, the step that is played.
    playing: Cell<Option<usize>>,
    buttons: [gtk::Button; 3],
}

impl Page {
    fn new(document: &Document) -> Rc<Page> {
        let table = Table::new(document, &tr("input"), steps::columns());
        let editor = Editor::new();
        let folder = file::beside(document.path()).filter(|folder| files::can_write(folder));
        let pane = Pane::new(&folder.unwrap_or_else(proposed_folder));
        let views = gtk::Stack::builder().build();
        views.add_named(&table, Some("steps"));
        views.add_named(&editor.root, Some("text"));
        accessible::only_shown(&views);
        let count = gtk::Label::builder().css_classes(["dim-label", "numeric"]).build();
        let words = tr("Edit as Text");
        let as_text = gtk::ToggleButton::builder()
            .icon_name("document-edit-symbolic")
            .tooltip_text(&words)
            .css_classes(["flat"])
            .build();
        accessible::name(&as_text, &words);
        let buttons = [
            button("document-open-symbolic", &tr("Open a Script…")),
            button("document-save-symbolic", &tr("Save the Script…")),
            button("edit-copy-symbolic", &tr("Copy the Script")),
        ];
        let bar = bar::bar(document);
        bar.append(&count);
        bar.append(&as_text);
        buttons.iter().for_each(|button| bar.append(button));
        let missing_words = gtk::Label::builder().wrap(true).xalign(0.0).build();
        let missing = gtk::InfoBar::builder().message_type(gtk::MessageType::Info).revealed(false).build();
        missing.add_child(&missing_words);
        let left = gtk::Box::builder().orientation(gtk::Orientation::Vertical).build();
        left.append(&missing);
        left.append(&views);
        views.set_vexpand(true);
        let beside = Beside::new(&left, &pane.root, NARROW, SHARE);
        beside.set_vexpand(true);
        let script = gtk::Box::builder().orientation(gtk::Orientation::Vertical).build();
        script.append(&bar);
        script.append(&beside);
        let root = gtk::Stack::new();
        root.add_named(&status::waiting(), Some("waiting"));
        root.add_named(&script, Some("script"));
        accessible::only_shown(&root);
        Rc::new(Page {
            root,
            document: document.clone(),
            table,
            editor,
            pane,
            views,
            as_text,
            count,
            missing,
            missing_words,
            recorded: RefCell::default(),
            script: RefCell::default(),
            saved: RefCell::default(),
            file: RefCell::default(),
            opening: Cell::default(),
            asking: Cell::default(),
            known: RefCell::default(),
            playing: Cell::default(),
            buttons,
        })
    }

    /// Calls something with the page, as long as it is there.
    fn with(self: &Rc<Self>, call: impl Fn(&Rc<Page>) + 'static) -> impl Fn() + 'static {
        let page = Rc::downgrade(self);
        move || {
            if let Some(page) = page.upgrade() {
                call(&page);
            }
        }
    }

    fn connect(self: &Rc<Self>) {
        let page = Rc::downgrade(self);
        self.table.connect_selected(move |row| {
            if let (Some(page), Some(place)) = (page.upgrade(), row.place) {
                page.document.set_cursor(place.begin);
            }
        });
        let moved = self.with(|page| page.follow());
        self.document.watch(&self.root, &["cursor"], move |_, _| moved());
        let shown = self.with(|page| page.show());
        self.document.watch(&self.root, &["visible", "selection"], move |_, _| shown());
        let placed = self.with(|page| page.follow());
        self.table.connect_shown(placed);
        let switched = self.with(|page| {
            page.views.set_visible_child_name(if page.as_text.is_active() { "text" } else { "steps" });
        });
        self.as_text.connect_toggled(move |_| switched());
        let page = Rc::downgrade(self);
        self.editor.connect_typed(move |typed| {
            let Some(page) = page.upgrade() else { return };
            page.pane.set_script(typed.as_ref().ok().cloned());
            if typed.is_err() {
                // What cannot be read is mended as text.
                page.as_text.set_active(true);
            }
            if let Ok(script) = typed {
                page.script.replace(script.clone());
                page.know();
            }
            page.counted(typed.is_ok());
        });
        let page = Rc::downgrade(self);
        self.pane.connect_told(move |told| {
            let Some(page) = page.upgrade() else { return };
            page.playing.set(match told {
                Told::Begins => Some(0),
                Told::Step(step) => Some(step),
                Told::Over => None,
            });
            match told {
                Told::Step(_) => page.follow(),
                Told::Begins | Told::Over => page.show(),
            }
        });
        let page = Rc::downgrade(self);
        self.document.connect_script_wanted(move |path| {
            if let Some(page) = page.upgrade() {
                page.open_file(PathBuf::from(path));
            }
        });
        let [open, save, copy] = &self.buttons;
        for (button, act) in [(open, Page::open as fn(&Rc<Page>)), (save, Page::save_as), (copy, Page::copy)] {
            let act = self.with(act);
            button.connect_clicked(move |_| act());
        }
    }

    /// Reads what the session has, and shows it where nothing else is shown by then.
    fn read(self: &Rc<Self>) {
        let (document, of) = (self.document.clone(), Rc::downgrade(self));
        let read = async move { document.ask_slowly(|reader| recorded(&reader.query)).await };
        fill(&self.root, read, move |root, read| {
            let Some(page) = of.upgrade() else { return };
            let settled = page.opening.get() || root.visible_child_name().is_none_or(|name| name != "waiting");
            match read {
                Some(Ok(Some(recorded))) if settled => drop(page.recorded.replace(Some(recorded.into()))),
                _ if settled => {}
                Some(Ok(Some(recorded))) if !recorded.script.steps.is_empty() => page.begin(recorded),
                Some(Ok(_)) => page.empty(),
                Some(Err(error)) => page.trouble(&crate::wording::error(&error)),
                None if page.document.is_of_nothing() => page.empty(),
                None => page.trouble(&tr("Reading it failed unexpectedly")),
            }
        });
    }

    /// Shows what the session has.
    fn begin(self: &Rc<Self>, recorded: Recorded) {
        let text = recorded.script.to_string();
        self.recorded.replace(Some(Arc::new(recorded)));
        self.load(&text, None);
        // Which frame answered is known from the analysis, which others may have asked for already.
        let page = Rc::downgrade(self);
        let document = self.document.clone();
        glib::spawn_future_local(async move {
            let report = document.report().await;
            if let (Some(page), Ok(_)) = (page.upgrade(), report) {
                page.know();
            }
        });
    }

    /// Shows a script's text.
    fn load(&self, text: &str, file: Option<PathBuf>) {
        self.saved.replace(text.to_owned());
        self.file.replace(file);
        self.editor.set_text(text);
        self.root.set_visible_child_name("script");
    }

    /// Says that there is nothing, and how to come to something.
    fn empty(self: &Rc<Self>) {
        let why = tr("Record with the source input to see here what was done with the program, and to play it again. \
                      Typed text is kept only where you allow it.");
        let page = status::or_recording(status::nothing("input-mouse-symbolic", "No Input to Replay", &why));
        let open = accessible::button(&tr("_Open a Script…"));
        open.set_css_classes(&["pill"]);
        open.set_halign(gtk::Align::Center);
        let act = self.with(Page::open);
        open.connect_clicked(move |_| act());
        let buttons = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(12).build();
        if let Some(record) = page.child() {
            page.set_child(gtk::Widget::NONE);
            buttons.append(&record);
        }
        buttons.append(&open);
        page.set_child(Some(&buttons));
        self.root.add_named(&page, Some("empty"));
        self.root.set_visible_child_name("empty");
    }

    fn trouble(&self, why: &str) {
        self.root.add_named(&status::trouble("Cannot Read the Input", why), Some("trouble"));
        self.root.set_visible_child_name("trouble");
    }

    /// Finds out what is known of the script's steps.
    fn know(self: &Rc<Self>) {
        let (script, recorded) = (self.script.borrow().clone(), self.recorded.borrow().clone());
        let page = Rc::downgrade(self);
        let document = self.document.clone();
        glib::spawn_future_local(async move {
            // Where it is not made yet, it is asked for, and this comes again.
            let report = document.report_there();
            let of = script.clone();
            let known = away(move || {
                let answers = report.as_ref().map_or(&[][..], |report| &report.analysis.answers);
                steps::known(&of, recorded.as_deref(), answers)
            });
            let known = known.await.unwrap_or_default();
            if let Some(page) = page.upgrade().filter(|page| *page.script.borrow() == script) {
                page.known.replace(known);
                page.show();
            }
        });
    }

    /// Shows the steps of the stretch that is looked at; while they are played, all of them.
    fn show(&self) {
        let script = self.script.borrow();
        let stretch = Some(self.document.chosen()).filter(|_| self.playing.get().is_none());
        let became = |step| self.pane.became(step);
        let rows = steps::rows(&script, &self.known.borrow(), became, stretch, self.document.whole().begin);
        match script.steps.is_empty() {
            true => self.table.set_nothing(&tr("The Script Is Empty"), &tr("Edit it as text, or open another")),
            false => self
                .table
                .set_nothing(&tr("No Input in This Stretch"), &tr("Zoom out to see more (Ctrl+0 shows everything)")),
        }
        self.table.set_rows(rows);
        self.table.hide_empty_columns();
    }

    /// Selects the step that is played, or the last one before the moment that is looked at.
    fn follow(&self) {
        match self.playing.get() {
            Some(step) => {
                let step = step as i64;
                self.table.select_best(|row| steps::step_of(row).filter(|of| *of <= step));
            }
            None => {
                let cursor = self.document.cursor();
                self.table.select_best(|row| row.place.map(|place| place.begin).filter(|begin| *begin <= cursor));
            }
        }
    }

    /// Says how many steps there are, and whether anybody changed them.
    fn counted(&self, reads: bool) {
        let script = self.script.borrow();
        let steps = tr_many("{} step", "{} steps", script.steps.len() as u64);
        let words = match *self.saved.borrow() == self.editor.text() {
            true => steps,
            false => tr_with("{steps}, edited", &[("steps", &steps)]),
        };
        self.count.set_label(&words);
        let untold = script.untold();
        self.missing.set_revealed(untold > 0 && reads);
        if untold > 0 {
            self.missing_words.set_label(&form::untold(untold));
        }
    }

    /// The window that it is in.
    pub fn window(&self) -> Option<Window> {
        self.root.root().and_downcast()
    }

    fn copy(self: &Rc<Self>) {
        copy_text(self.root.upcast_ref(), &self.document, &self.editor.text());
    }
}

/// A flat button with an icon.
fn button(icon: &str, name: &str) -> gtk::Button {
    let button = gtk::Button::builder().icon_name(icon).tooltip_text(name).css_classes(["flat"]).build();
    accessible::name(&button, name);
    button
}
