//! The dialog for a new recording: what is recorded, with which sources, and where to.
//!
//! [`check`] says what was typed means, [`program`], [`environment`] and [`sources`] are groups of rows, [`templates`]
//! the menu that fills them.

pub mod check;
mod environment;
mod program;
mod sources;
mod templates;

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use adw::prelude::*;
use gtk::glib;
use perfkit_agent::source::Spec;

use super::file::{self, Asked};
use super::form::Form;
use crate::link::away;
use crate::model::processes::Process;
use crate::settings::{self, settings};
use crate::widgets::accessible;
use crate::window::Window;
use crate::wording::{plain, tr};
pub use check::Start;
use check::{Aim, States, Typed};
use environment::Environment;
use program::Program;
pub use program::of_file;
use sources::Sources;

/// After the last key, before what was typed is checked: nobody is told of what is only half written.
const PAUSE: Duration = Duration::from_millis(80);
/// The dialog's size in pixels, where the window has room for it.
const SIZE: (i32, i32) = (640, 760);

/// What the dialog begins with.
#[derive(Clone, Debug)]
pub struct Preset {
    /// The target.
    pub target: Target,
    /// The sources; none for those that are wanted usually.
    pub sources: Option<Vec<Spec>>,
    /// After which time it stops; may be empty.
    pub most: String,
}

/// The target that the dialog begins with.
#[derive(Clone, Debug)]
pub enum Target {
    /// A program to start; empty where none was chosen yet.
    Start(Start),
    /// A process to attach to.
    Attach(Process),
}

impl From<Target> for Preset {
    fn from(target: Target) -> Preset {
        Preset { target, sources: None, most: String::new() }
    }
}

/// The dialog.
struct Dialog {
    root: adw::Window,
    parent: Window,
    form: Rc<Form>,
    aim: AimRows,
    sources: Sources,
    most: adw::EntryRow,
    output: adw::EntryRow,
    /// Whether the file is the user's own choice, which no proposal replaces.
    own_output: Cell<bool>,
    /// Where a file is proposed.
    folder: PathBuf,
    states: RefCell<Arc<States>>,
    /// Counts what was typed, so that an answer about something earlier is known.
    typed: Cell<u64>,
}

/// The rows for the target.
enum AimRows {
    Start(Program, Environment),
    Attach(Process),
}

/// Shows it.
pub fn present(parent: &Window, preset: &Preset) {
    let dialog = Dialog::new(parent, preset);
    dialog.root.present();
    if let (AimRows::Start(program, environment), Target::Start(start)) = (&dialog.aim, &preset.target) {
        environment.replace(start.environment.iter().map(|(_, name, value)| (&**name, &**value)));
        program.take_focus();
    }
    dialog.ask_states();
    dialog.check();
}

impl Dialog {
    fn new(parent: &Window, preset: &Preset) -> Rc<Dialog> {
        let record = accessible::button(&tr("_Record"));
        record.set_sensitive(false);
        record.add_css_class("suggested-action");
        let form = Rc::new(Form::new(&record));
        let page = adw::PreferencesPage::new();
        let aim = match &preset.target {
            Target::Start(start) => {
                let (program, environment) = (Program::new(&form, start), Environment::new());
                page.add(&program.group);
                page.add(&environment.group);
                AimRows::Start(program, environment)
            }
            Target::Attach(process) => {
                page.add(&process_group(&form, process));
                AimRows::Attach(process.clone())
            }
        };
        let sources = Sources::new(&form, matches!(aim, AimRows::Attach(_)));
        if let Some(wanted) = &preset.sources {
            sources.choose(wanted);
        }
        page.add(&sources.group);
        let group = adw::PreferencesGroup::builder().title(tr("Session")).build();
        let most = adw::EntryRow::builder().title(tr("Stop _after, as 10s or 5m")).use_underline(true).build();
        most.set_text(&preset.most);
        let output = adw::EntryRow::builder().title(tr("Session _file")).use_underline(true).build();
        for (name, row) in [(check::MOST, &most), (check::OUTPUT, &output)] {
            row.set_activates_default(true);
            group.add(row);
            group.add(&form.field(name, row));
        }
        page.add(&group);
        let (width, height) = crate::dialogs::room(parent, SIZE);
        let root = adw::Window::builder()
            .title(tr(if matches!(aim, AimRows::Start(..)) { "New Recording" } else { "Record a Process" }))
            .transient_for(parent)
            .modal(true)
            .default_width(width)
            .default_height(height)
            .default_widget(&record)
            .build();
        let dialog = Rc::new(Dialog {
            root,
            parent: parent.clone(),
            form,
            aim,
            sources,
            most,
            output,
            own_output: Cell::new(false),
            folder: proposed_folder(),
            states: RefCell::default(),
            typed: Cell::new(0),
        });
        dialog.lay_out(&record, &page);
        dialog.connect(&record);
        dialog
    }

    fn lay_out(self: &Rc<Self>, record: &gtk::Button, page: &adw::PreferencesPage) {
        let cancel = accessible::button(&tr("_Cancel"));
        cancel.set_action_name(Some("window.close"));
        let header = adw::HeaderBar::builder().show_end_title_buttons(false).show_start_title_buttons(false).build();
        header.pack_start(&cancel);
        header.pack_end(record);
        header.pack_end(&templates::button(self));
        let content = gtk::Box::new(gtk::Orientation::Vertical, 0);
        content.append(&header);
        page.set_vexpand(true);
        content.append(page);
        self.root.set_content(Some(&content));
        super::closes_on_escape(&self.root);
    }

    fn connect(self: &Rc<Self>, record: &gtk::Button) {
        let changed = self.changed();
        match &self.aim {
            AimRows::Start(program, environment) => {
                program.connect(&self.root, Rc::clone(&changed));
                environment.connect(&self.form, Rc::clone(&changed));
            }
            AimRows::Attach(_) => {}
        }
        self.sources.connect(Rc::clone(&changed));
        let typed = Rc::clone(&changed);
        self.most.connect_changed(move |_| typed());
        let dialog = Rc::downgrade(self);
        self.output.connect_changed(move |row| {
            // A proposal is not typed, and is checked already.
            if let Some(dialog) = dialog.upgrade().filter(|_| row.has_css_class("typed")) {
                dialog.own_output.set(!row.text().is_empty());
                dialog.check();
            }
        });
        self.output.add_css_class("typed");
        self.output.add_suffix(&self.file_button());
        let dialog = Rc::downgrade(self);
        record.connect_clicked(move |_| {
            if let Some(dialog) = dialog.upgrade() {
                dialog.start();
            }
        });
        // The window holds the dialog, as long as it is open.
        let held = RefCell::new(Some(Rc::clone(self)));
        self.root.connect_close_request(move |_| {
            held.take();
            glib::Propagation::Proceed
        });
    }

    /// Called when something was typed.
    fn changed(self: &Rc<Self>) -> Rc<dyn Fn()> {
        let dialog = Rc::downgrade(self);
        Rc::new(move || {
            if let Some(dialog) = dialog.upgrade() {
                dialog.check();
            }
        })
    }

    fn file_button(self: &Rc<Self>) -> gtk::Button {
        let button = icon_button("document-save-as-symbolic", &tr("Choose Where to Write the Session"));
        let dialog = Rc::downgrade(self);
        button.connect_clicked(move |_| {
            let Some(dialog) = dialog.upgrade() else { return };
            glib::spawn_future_local(async move {
                let before = PathBuf::from(dialog.output.text());
                let asked = Asked {
                    title: tr("Session File"),
                    accept: tr("_Choose"),
                    kinds: vec![(tr("Sessions"), vec!["*.perfkit"])],
                    name: before.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                    folder: before.parent().map(PathBuf::from),
                };
                if let Some(path) = file::to_write(&dialog.root, asked).await {
                    dialog.output.set_text(&path.display().to_string());
                }
            });
        });
        button
    }

    /// What was typed so far.
    fn typed(&self) -> Typed {
        let aim = match &self.aim {
            AimRows::Start(program, environment) => Aim::Start(start(program, environment)),
            AimRows::Attach(process) => Aim::Attach(process.pid),
        };
        Typed {
            aim,
            sources: self.sources.on(),
            most: self.most.text().into(),
            output: self.own_output.get().then(|| self.output.text().into()),
            folder: self.folder.clone(),
        }
    }

    /// Checks what was typed, in a moment, and shows what was found.
    fn check(self: &Rc<Self>) {
        let number = self.typed.get() + 1;
        self.typed.set(number);
        let dialog = Rc::downgrade(self);
        glib::spawn_future_local(async move {
            glib::timeout_future(PAUSE).await;
            let Some((typed, states)) = dialog.upgrade().filter(|dialog| dialog.typed.get() == number).map(|dialog| {
                let states = Arc::clone(&dialog.states.borrow());
                (dialog.typed(), states)
            }) else {
                return;
            };
            let checked = away(move || check::check(&typed, &states)).await;
            let Some(dialog) = dialog.upgrade().filter(|dialog| dialog.typed.get() == number) else { return };
            if let Some(checked) = checked {
                dialog.propose(&checked.proposed);
                dialog.form.show(checked.findings);
            }
        });
    }

    fn propose(&self, proposed: &std::path::Path) {
        let text = proposed.display().to_string();
        if !self.own_output.get() && self.output.text() != text {
            self.output.remove_css_class("typed");
            self.output.set_text(&text);
            self.output.add_css_class("typed");
        }
    }

    /// Asks each source whether it can be used.
    fn ask_states(self: &Rc<Self>) {
        let dialog = Rc::downgrade(self);
        glib::spawn_future_local(async move {
            let Some(states) = away(check::states).await.map(Arc::new) else { return };
            let Some(dialog) = dialog.upgrade() else { return };
            dialog.sources.show(&states);
            dialog.states.replace(states);
            dialog.check();
        });
    }

    /// Starts the recording, if nothing stops it.
    fn start(self: &Rc<Self>) {
        let (typed, states) = (self.typed(), Arc::clone(&self.states.borrow()));
        let dialog = Rc::clone(self);
        glib::spawn_future_local(async move {
            let Some(checked) = away(move || check::check(&typed, &states)).await else { return };
            let Some(wanted) = checked.wanted else {
                dialog.form.show(checked.findings);
                dialog.form.go_to_trouble();
                return;
            };
            // Who presses the button twice wants one recording.
            if !dialog.root.is_visible() {
                return;
            }
            let again = dialog.preset(wanted.plan.sources.clone());
            dialog.root.close();
            crate::recording::start(&dialog.parent, wanted, again);
        });
    }

    /// What opens the same dialog again.
    fn preset(&self, sources: Vec<Spec>) -> Preset {
        let target = match &self.aim {
            AimRows::Attach(process) => Target::Attach(process.clone()),
            AimRows::Start(program, environment) => Target::Start(start(program, environment)),
        };
        Preset { target, sources: Some(sources), most: self.most.text().into() }
    }
}

fn start(program: &Program, environment: &Environment) -> Start {
    Start { environment: environment.rows(), ..program.typed() }
}

/// The row of a process that is attached to.
fn process_group(form: &Form, process: &Process) -> adw::PreferencesGroup {
    let group = adw::PreferencesGroup::builder().title(tr("Process")).build();
    let row = adw::ActionRow::builder()
        .title(plain(&format!("{} ({})", process.name, process.pid)))
        .subtitle(plain(&process.command))
        .subtitle_lines(2)
        .build();
    if let Some(toolkit) = process.toolkit {
        row.add_suffix(&gtk::Label::builder().label(toolkit).css_classes(["dim-label"]).build());
    }
    group.add(&row);
    group.add(&form.field(check::PROCESS, &row));
    group
}

/// A flat button with an icon, for the end of a row.
fn icon_button(icon: &str, name: &str) -> gtk::Button {
    let button = gtk::Button::builder()
        .icon_name(icon)
        .tooltip_text(name)
        .valign(gtk::Align::Center)
        .css_classes(["flat"])
        .build();
    accessible::name(&button, name);
    button
}

/// The folder for new sessions: that of the last one that was opened, or the user's own documents.
pub fn proposed_folder() -> PathBuf {
    let last: String = settings().get(settings::FOLDER);
    let last = Some(PathBuf::from(last)).filter(|folder| folder.is_dir());
    let documents = || glib::user_special_dir(glib::UserDirectory::Documents).filter(|folder| folder.is_dir());
    last.or_else(documents).unwrap_or_else(glib::home_dir)
}
