//! The window: a side pane with the pages, the page that is shown, and what stands in its place while there is no
//! session. It knows pages only by their table.

mod pane;
mod script;

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::{Rc, Weak};

use adw::prelude::*;
use adw::subclass::prelude::*;
use gtk::{gdk, gio, glib};
use perfkit_agent::Error;

use crate::actions::ACTIONS;
use crate::dialogs::file::{self, Asked};
use crate::dialogs::{about, attach, export, help, preferences, save_as, shortcuts};
use crate::link::Progress;
use crate::model::{Document, play_with, recent};
use crate::opening;
use crate::pages::{PAGES, input};
use crate::recording;
use crate::settings::{self, settings};
use crate::widgets::live::Live;
use crate::widgets::{accessible, welcome};
use crate::wording::{self, plain, tr, tr_many, tr_with};

/// Seconds in which a removal can be undone: who drives by keys or listens needs more than the usual five.
const UNDO: u32 = 12;

mod imp {
    use super::*;

    #[derive(Debug, Default, gtk::CompositeTemplate)]
    #[template(file = "window.ui")]
    pub struct Window {
        #[template_child]
        pub toasts: TemplateChild<adw::ToastOverlay>,
        #[template_child]
        pub flap: TemplateChild<adw::Flap>,
        #[template_child]
        pub list: TemplateChild<gtk::ListBox>,
        #[template_child]
        pub title: TemplateChild<adw::WindowTitle>,
        #[template_child]
        pub pane_button: TemplateChild<gtk::ToggleButton>,
        #[template_child]
        pub search_button: TemplateChild<gtk::ToggleButton>,
        #[template_child]
        pub menu_button: TemplateChild<gtk::MenuButton>,
        #[template_child]
        pub search_bar: TemplateChild<gtk::SearchBar>,
        #[template_child]
        pub search: TemplateChild<gtk::SearchEntry>,
        /// What is shown: "welcome", "opening", "trouble", "session".
        #[template_child]
        pub states: TemplateChild<gtk::Stack>,
        #[template_child]
        pub welcome: TemplateChild<adw::Bin>,
        #[template_child]
        pub opening: TemplateChild<adw::StatusPage>,
        #[template_child]
        pub progress: TemplateChild<gtk::ProgressBar>,
        #[template_child]
        pub cancel: TemplateChild<gtk::Button>,
        #[template_child]
        pub trouble: TemplateChild<adw::StatusPage>,
        #[template_child]
        pub trouble_back: TemplateChild<gtk::Button>,
        #[template_child]
        pub pages: TemplateChild<gtk::Stack>,
        pub document: RefCell<Option<Document>>,
        pub running: RefCell<Option<Progress>>,
        /// The page that has a script of input.
        pub script: RefCell<Weak<input::Page>>,
        /// What can be undone, as long as that is offered; the newest last.
        pub offers: RefCell<Vec<adw::Toast>>,
        pub fullscreen: Cell<bool>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Window {
        const NAME: &'static str = "PerfkitWindow";
        type Type = super::Window;
        type ParentType = adw::ApplicationWindow;

        fn class_init(class: &mut Self::Class) {
            class.bind_template();
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    impl ObjectImpl for Window {
        fn constructed(&self) {
            self.parent_constructed();
            self.obj().set_up();
        }

        fn dispose(&self) {
            if let Some(running) = self.running.take() {
                running.cancel();
            }
            self.document.take();
        }
    }
    impl WidgetImpl for Window {}
    impl WindowImpl for Window {
        fn close_request(&self) -> glib::Propagation {
            if let Some(live) = self.obj().live() {
                live.ask_to_close(self.obj().upcast_ref());
                return glib::Propagation::Stop;
            }
            if self.obj().edited_script().is_some() {
                self.obj().leave_script(|window| window.close());
                return glib::Propagation::Stop;
            }
            self.obj().remember();
            self.parent_close_request()
        }
    }
    impl ApplicationWindowImpl for Window {}
    impl AdwApplicationWindowImpl for Window {}
}

glib::wrapper! {
    /// The window, see the module.
    pub struct Window(ObjectSubclass<imp::Window>)
        @extends gtk::Widget, gtk::Window, gtk::ApplicationWindow, adw::ApplicationWindow,
        @implements gtk::Buildable, gtk::ConstraintTarget, gtk::Native, gtk::Root,
            gtk::ShortcutManager, gio::ActionGroup, gio::ActionMap;
}

impl Window {
    /// A window that shows the welcome page.
    pub fn new(app: &adw::Application) -> Window {
        let role = gtk::AccessibleRole::Window;
        // Otherwise nobody who hears a second window is told that it is one.
        glib::Object::builder().property("application", app).property("accessible-role", role).build()
    }

    fn set_up(&self) {
        let imp = self.imp();
        self.set_default_size(settings().get(settings::WIDTH), settings().get(settings::HEIGHT));
        self.set_maximized(settings().get(settings::MAXIMIZED));
        imp.flap.bind_property("reveal-flap", &*imp.pane_button, "active").bidirectional().sync_create().build();
        imp.search_bar.bind_property("search-mode-enabled", &*imp.search_button, "active").bidirectional().build();
        imp.search_bar.connect_entry(&*imp.search);
        imp.welcome.set_child(Some(&welcome::make(self)));
        pane::set_up(self);
        accessible::only_shown(&imp.states);
        accessible::only_shown(&imp.pages);
        accessible::name(&*imp.menu_button, &tr("Menu"));
        accessible::toasts(&imp.toasts);
        accessible::only_revealed(&imp.flap);
        for (signal, next) in [("activate", true), ("next-match", true), ("previous-match", false)] {
            let window = self.downgrade();
            imp.search.connect_local(signal, false, move |_| {
                if let Some(document) = window.upgrade().and_then(|window| window.document()) {
                    document.want_match(next);
                }
                None
            });
        }
        let window = self.downgrade();
        imp.search.connect_search_changed(move |entry| {
            if let Some(document) = window.upgrade().and_then(|window| window.document()) {
                document.set_search(entry.text());
            }
        });
        let window = self.downgrade();
        imp.cancel.connect_clicked(move |_| {
            if let Some(running) = window.upgrade().and_then(|window| window.imp().running.take()) {
                running.cancel();
            }
        });
        accessible::as_labelled(&*imp.trouble_back);
        let window = self.downgrade();
        imp.trouble_back.connect_clicked(move |_| {
            if let Some(window) = window.upgrade() {
                window.back();
            }
        });
        self.give_focus_back();
        self.take_drops();
        self.take_plain_keys();
        self.add_actions();
    }

    /// The session that is shown.
    pub fn document(&self) -> Option<Document> {
        self.imp().document.borrow().clone()
    }

    /// Whether it shows nothing yet and is about to show nothing.
    pub fn is_free(&self) -> bool {
        !self.shows_something() && self.live().is_none() && self.imp().running.borrow().is_none()
    }

    /// Whether it shows a session, or a script alone.
    fn shows_something(&self) -> bool {
        self.document().is_some() || self.imp().states.child_by_name("script").is_some()
    }

    /// Tells something in passing.
    pub fn toast(&self, text: &str) {
        self.imp().toasts.add_toast(adw::Toast::new(&plain(text)));
    }

    /// Tells what was done, and offers to undo it: by a button, or by the keys of that action.
    pub fn offer_undo(&self, text: &str, undo: impl Fn() + 'static) {
        let toast = adw::Toast::builder()
            .title(plain(text))
            .button_label(tr("_Undo"))
            .timeout(UNDO)
            .priority(adw::ToastPriority::High)
            .build();
        toast.connect_button_clicked(move |_| undo());
        let window = self.downgrade();
        toast.connect_dismissed(move |toast| {
            if let Some(window) = window.upgrade() {
                window.imp().offers.borrow_mut().retain(|offer| offer != toast);
                window.may_undo();
            }
        });
        self.imp().offers.borrow_mut().push(toast.clone());
        self.may_undo();
        self.imp().toasts.add_toast(toast);
    }

    /// Undoes what was done last, where that is still offered.
    fn undo(&self) {
        let offer = self.imp().offers.borrow_mut().pop();
        if let Some(toast) = offer {
            toast.emit_by_name::<()>("button-clicked", &[]);
            toast.dismiss();
        }
    }

    /// The action is there as long as something is offered: otherwise its keys are those of texts.
    fn may_undo(&self) {
        if let Some(action) = self.lookup_action("undo").and_downcast::<gio::SimpleAction>() {
            action.set_enabled(!self.imp().offers.borrow().is_empty());
        }
    }

    /// Opens a file: a session, or anything that can be imported.
    pub fn open(&self, file: &gio::File) {
        match file.path() {
            Some(path) => self.open_path(path),
            None => self.trouble(&tr_with("{file} is not a local file", &[("file", &file.uri())])),
        }
    }

    /// Opens a file by its path.
    pub fn open_path(&self, path: PathBuf) {
        let imp = self.imp();
        if let Some(app) = self.live().and(self.application()).and_downcast::<adw::Application>() {
            // What is being recorded here stays in sight.
            let window = Window::new(&app);
            GtkWindowExt::present(&window);
            return window.open_path(path);
        }
        if path.extension().is_some_and(|extension| extension == input::SUFFIX) {
            return self.open_script(&path);
        }
        let progress = Progress::default();
        if let Some(before) = imp.running.replace(Some(progress.clone())) {
            before.cancel();
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        imp.opening.set_title(&plain(&tr_with("Opening {name}", &[("name", &name)])));
        imp.opening.set_description(None);
        imp.states.set_visible_child_name("opening");
        let (window, watched) = (self.downgrade(), progress.clone());
        let ticking = glib::timeout_add_local(std::time::Duration::from_millis(100), move || {
            let Some(window) = window.upgrade() else { return glib::ControlFlow::Break };
            window.imp().progress.pulse();
            if watched.done() > 0 {
                let events = tr_many("{} event read", "{} events read", watched.done());
                window.imp().opening.set_description(Some(&events));
            }
            glib::ControlFlow::Continue
        });
        let window = self.downgrade();
        glib::spawn_future_local(async move {
            let opened = opening::open(&path, &progress).await;
            ticking.remove();
            let Some(window) = window.upgrade() else { return };
            match opened {
                Ok(document) => {
                    if window.edited_script().is_some() {
                        // What is asked about stands behind the question.
                        window.imp().running.take();
                        window.back();
                    }
                    window.leave_script(move |window| {
                        recent::opened(&path, document.path());
                        window.show(document);
                    });
                }
                Err(Error::Cancelled) => window.back(),
                Err(error) => window.trouble(&wording::error(&error)),
            }
        });
    }

    /// Shows what a document has to tell in passing.
    fn tells(&self, document: &Document) {
        let window = self.downgrade();
        document.connect_told(move |text| {
            if let Some(window) = window.upgrade() {
                window.toast(text);
            }
        });
    }

    /// Shows a session.
    pub fn show(&self, document: Document) {
        let imp = self.imp();
        imp.running.take();
        while let Some(page) = imp.pages.first_child() {
            imp.pages.remove(&page);
        }
        imp.title.set_title(document.title());
        self.set_title(Some(&format!("{} – perfkit", document.title())));
        let window = self.downgrade();
        document.connect_page_wanted(move |page| {
            if let Some(window) = window.upgrade() {
                window.show_page(page);
            }
        });
        // What a page searches for stands where it can be read and changed.
        document.watch(&*imp.search, &["search"], |entry, document| {
            if entry.text() != document.search() {
                entry.set_text(&document.search());
                if let Some(bar) = entry.ancestor(gtk::SearchBar::static_type()).and_downcast::<gtk::SearchBar>() {
                    bar.set_search_mode(!document.search().is_empty());
                }
            }
        });
        self.tells(&document);
        play_with(&document, &*imp.pages);
        if let Some(before) = imp.document.replace(Some(document)) {
            before.set_playing(false);
        }
        self.put_away("recording");
        self.put_away("script");
        imp.states.set_visible_child_name("session");
        self.session_actions(true);
        pane::show_pages(self);
        if let Some(page) = PAGES.first() {
            self.show_page(page.name);
        }
    }

    /// Shows a page of the session; it is made where it was not shown yet.
    pub fn show_page(&self, name: &str) {
        let imp = self.imp();
        let Some((at, page)) = PAGES.iter().enumerate().find(|(_, page)| page.name == name) else { return };
        let Some(document) = self.document() else { return };
        if imp.pages.child_by_name(name).is_none() {
            imp.pages.add_named(&(page.make)(&document), Some(name));
        }
        imp.pages.set_visible_child_name(name);
        let row = imp.list.row_at_index(at as i32);
        if imp.list.selected_row() != row {
            imp.list.select_row(row.as_ref());
        }
        imp.title.set_subtitle(&tr(page.title));
    }

    /// The name of the page that is shown; empty where there is no session.
    pub fn page(&self) -> String {
        self.imp().pages.visible_child_name().unwrap_or_default().into()
    }

    /// Says in a dialog what could not be done, and why.
    pub fn complain(&self, title: &str, error: &str) {
        let dialog = adw::MessageDialog::new(Some(self), Some(title), Some(error));
        dialog.add_response("close", &tr("_Close"));
        dialog.present();
    }

    /// The recording that goes on in this window.
    pub fn live(&self) -> Option<Live> {
        self.imp().states.child_by_name("recording").and_downcast()
    }

    /// Shows a widget in place of pages, under a name and a title.
    pub fn put(&self, name: &str, widget: &impl IsA<gtk::Widget>, title: &str) {
        let imp = self.imp();
        if let Some(before) = imp.states.child_by_name(name) {
            imp.states.remove(&before);
        }
        imp.states.add_named(widget, Some(name));
        imp.states.set_visible_child_name(name);
        imp.title.set_title(title);
        imp.title.set_subtitle("");
        self.set_title(Some(&format!("{title} – perfkit")));
    }

    /// Takes away what was put in place of pages, and shows what was there before.
    pub fn put_away(&self, name: &str) {
        let imp = self.imp();
        let Some(widget) = imp.states.child_by_name(name) else { return };
        imp.states.remove(&widget);
        self.back();
        if self.document().is_none() {
            imp.title.set_title("perfkit");
            self.set_title(Some("perfkit"));
        }
    }

    /// What was shown before something else was tried.
    fn back(&self) {
        let state = match self.document() {
            Some(_) => "session",
            None if self.shows_something() => "script",
            None => "welcome",
        };
        self.imp().states.set_visible_child_name(state);
    }

    /// Says why something could not be shown; a session or a script that is there stays.
    fn trouble(&self, error: &str) {
        self.imp().running.take();
        if self.shows_something() {
            self.back();
            self.complain(&tr("Cannot Open the File"), error);
            return;
        }
        self.imp().trouble.set_description(Some(&plain(error)));
        self.imp().states.set_visible_child_name("trouble");
    }

    fn take_drops(&self) {
        let target = gtk::DropTarget::new(gdk::FileList::static_type(), gdk::DragAction::COPY);
        // A text that it is dropped on would have the file's name put into it.
        target.set_propagation_phase(gtk::PropagationPhase::Capture);
        let window = self.downgrade();
        target.connect_drop(move |_, value, _, _| {
            let files = value.get::<gdk::FileList>().map(|list| list.files()).unwrap_or_default();
            match (window.upgrade(), files.first()) {
                (Some(window), Some(file)) => recording::dropped(&window, file),
                _ => return false,
            }
            true
        });
        self.add_controller(target);
    }

    /// What was worked with in a page has the keys again after a search.
    fn give_focus_back(&self) {
        let last = Rc::new(glib::WeakRef::<gtk::Widget>::new());
        let kept = Rc::clone(&last);
        self.connect_focus_widget_notify(move |window| {
            let focus = GtkWindowExt::focus(window).filter(|focus| focus.is_ancestor(&*window.imp().pages));
            if let Some(focus) = focus {
                kept.set(Some(&focus));
            }
        });
        let window = self.downgrade();
        self.imp().search_bar.connect_search_mode_enabled_notify(move |bar| {
            let there = last.upgrade().filter(|widget| widget.is_mapped() && !bar.is_search_mode());
            let in_bar = window.upgrade().and_then(|window| GtkWindowExt::focus(&window));
            if let (Some(widget), true) = (there, in_bar.is_none_or(|focus| focus.is_ancestor(bar))) {
                widget.grab_focus();
            }
        });
    }

    /// Keys without a modifier act where no text is being typed, and what has the focus does not want them.
    fn take_plain_keys(&self) {
        let keys = gtk::EventControllerKey::new();
        keys.set_propagation_phase(gtk::PropagationPhase::Bubble);
        let window = self.downgrade();
        keys.connect_key_pressed(move |_, key, _, state| {
            let held = gdk::ModifierType::CONTROL_MASK | gdk::ModifierType::ALT_MASK | gdk::ModifierType::SUPER_MASK;
            let name = key.name().unwrap_or_default();
            let plain = |action: &&crate::actions::Action| action.keys.contains(&&*name);
            let action = ACTIONS.iter().find(plain).filter(|_| !state.intersects(held));
            let done = window.upgrade().zip(action).and_then(|(window, action)| {
                let (name, value) = gio::Action::parse_detailed_name(action.name).ok()?;
                WidgetExt::activate_action(&window, &name, value.as_ref()).ok()
            });
            if done.is_some() { glib::Propagation::Stop } else { glib::Propagation::Proceed }
        });
        self.add_controller(keys);
    }

    /// Actions on the session are there only while there is one.
    fn session_actions(&self, on: bool) {
        for name in ["save-as", "export", "search", "toggle-pane"] {
            if let Some(action) = self.lookup_action(name).and_downcast::<gio::SimpleAction>() {
                action.set_enabled(on);
            }
        }
        let imp = self.imp();
        imp.pane_button.set_visible(on);
        imp.search_button.set_visible(on);
        imp.flap.set_reveal_flap(on && !imp.flap.is_folded() && settings().get(settings::PANE));
        if !on {
            self.insert_action_group("doc", None::<&gio::SimpleActionGroup>);
            return;
        }
        let Some(document) = self.document() else { return };
        self.insert_action_group("doc", Some(&crate::model::actions(&document)));
    }

    fn add_actions(&self) {
        let entry = |name: &str, run: fn(&Window)| {
            gio::ActionEntry::builder(name).activate(move |window: &Window, _, _| run(window)).build()
        };
        self.add_action_entries([
            entry("new-recording", recording::ask),
            entry("attach", attach::present),
            entry("open", Window::ask_for_file),
            entry("close", |window| window.close()),
            entry("search", |window| {
                let bar = &window.imp().search_bar;
                bar.set_search_mode(!bar.is_search_mode());
            }),
            entry("undo", Window::undo),
            entry("toggle-pane", |window| window.imp().pane_button.emit_clicked()),
            entry("menu", |window| window.imp().menu_button.popup()),
            entry("fullscreen", |window| window.set_fullscreened(!window.is_fullscreen())),
            entry("save-as", save_as::present),
            entry("export", export::present),
            entry("preferences", preferences::present),
            entry("show-shortcuts", shortcuts::present),
            entry("help", help::present),
            entry("about", about::present),
        ]);
        self.session_actions(false);
        self.may_undo();
    }

    fn ask_for_file(&self) {
        let window = self.clone();
        glib::spawn_future_local(async move {
            let recordings =
                ["*.perfkit", "*.gdkrecord", "*.syscap", "*.json", "*.data", "*.strace", "*.ltrace", "*.perfinput"];
            let asked = Asked {
                title: tr("Open a Session or Recording"),
                accept: tr("_Open"),
                kinds: vec![(tr("Sessions and recordings"), recordings.into())],
                folder: window.document().and_then(|document| file::beside(document.path())),
                ..Asked::default()
            };
            if let Some(file) = file::to_read(&window, asked).await {
                window.open(&file);
            }
        });
    }

    /// Keeps the window's size for the next one.
    fn remember(&self) {
        settings().set(settings::MAXIMIZED, self.is_maximized());
        if !self.is_maximized() && !self.is_fullscreen() {
            let (width, height) = self.default_size();
            settings().set(settings::WIDTH, width);
            settings().set(settings::HEIGHT, height);
        }
    }
}
