//! The rows for a program, its arguments and folder; installed applications are proposed as one types.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;

use adw::prelude::*;
use gtk::{gdk, glib};

use super::check::{self, Start};
use super::icon_button;
use crate::dialogs::file::{self, Asked};
use crate::dialogs::form::Form;
use crate::link::away;
use crate::model::applications::{self, Application};
use crate::wording::{marked, plain, tr};

/// Applications that are proposed at most.
const MOST: usize = 5;

/// The group.
pub struct Program {
    /// Its widget.
    pub group: adw::PreferencesGroup,
    rows: Rc<Rows>,
}

struct Rows {
    program: adw::EntryRow,
    arguments: adw::EntryRow,
    folder: adw::EntryRow,
    /// Rows for applications that are proposed, which are there only while they are.
    proposals: Vec<(adw::ActionRow, gtk::Image)>,
    /// What they stand for now.
    proposed: RefCell<Vec<Application>>,
    installed: RefCell<Vec<Application>>,
    /// Whether anything was typed.
    typed: Cell<bool>,
    /// While a program is put in by a choice, nothing is proposed.
    choosing: Cell<bool>,
}

impl Program {
    /// With what it begins with.
    pub fn new(form: &Form, start: &Start) -> Program {
        let entry = |title: &str| adw::EntryRow::builder().title(tr(title)).use_underline(true).activates_default(true);
        let program = entry(marked("_Program or application")).text(&start.program).build();
        let arguments = entry(marked("Ar_guments")).text(&start.arguments).build();
        let folder = entry(marked("Working _folder")).text(&start.folder).build();
        let proposal = |_| {
            let image = gtk::Image::builder().pixel_size(32).build();
            let row = adw::ActionRow::builder().activatable(true).visible(false).subtitle_lines(1).build();
            row.add_prefix(&image);
            (row, image)
        };
        let proposals: Vec<_> = (0..MOST).map(proposal).collect();
        let group = adw::PreferencesGroup::builder().title(tr("Program")).build();
        group.add(&program);
        group.add(&form.field(check::PROGRAM, &program));
        proposals.iter().for_each(|(row, _)| group.add(row));
        for (name, row) in [(check::ARGUMENTS, &arguments), (check::FOLDER, &folder)] {
            group.add(row);
            group.add(&form.field(name, row));
        }
        let (proposed, installed, typed, choosing) = Default::default();
        let rows = Rows { program, arguments, folder, proposals, proposed, installed, typed, choosing };
        Program { group, rows: Rc::new(rows) }
    }

    /// What was typed.
    pub fn typed(&self) -> Start {
        let text = |row: &adw::EntryRow| String::from(row.text());
        Start {
            program: text(&self.rows.program),
            arguments: text(&self.rows.arguments),
            folder: text(&self.rows.folder),
            environment: Vec::new(),
        }
    }

    /// Moves the focus here.
    pub fn take_focus(&self) {
        self.rows.program.grab_focus();
    }

    /// Calls `changed` when something was typed or chosen.
    pub fn connect(&self, dialog: &adw::Window, changed: Rc<dyn Fn()>) {
        for row in [&self.rows.program, &self.rows.arguments, &self.rows.folder] {
            let changed = Rc::clone(&changed);
            row.connect_changed(move |_| changed());
        }
        let rows = Rc::downgrade(&self.rows);
        self.rows.program.connect_changed(move |_| {
            if let Some(rows) = rows.upgrade() {
                rows.typed.set(true);
                rows.propose();
            }
        });
        for (at, (row, _)) in self.rows.proposals.iter().enumerate() {
            let rows = Rc::downgrade(&self.rows);
            row.connect_activated(move |_| {
                if let Some(rows) = rows.upgrade() {
                    let application = rows.proposed.borrow().get(at).cloned();
                    application.iter().for_each(|application| rows.choose(application));
                }
            });
        }
        self.take_keys();
        self.add_buttons(dialog);
        let rows = Rc::downgrade(&self.rows);
        glib::spawn_future_local(async move {
            let installed = away(applications::installed).await.unwrap_or_default();
            let Some(rows) = rows.upgrade() else { return };
            rows.installed.replace(installed);
            // What the dialog began with was chosen before.
            if rows.typed.get() {
                rows.propose();
            }
        });
    }

    /// Down goes from the entry to what is proposed, Escape puts that away.
    fn take_keys(&self) {
        let keys = gtk::EventControllerKey::new();
        keys.set_propagation_phase(gtk::PropagationPhase::Capture);
        let rows = Rc::downgrade(&self.rows);
        keys.connect_key_pressed(move |_, key, _, _| {
            let Some(rows) = rows.upgrade().filter(|rows| !rows.proposed.borrow().is_empty()) else {
                return glib::Propagation::Proceed;
            };
            match key {
                gdk::Key::Down => drop(rows.proposals.first().map(|(row, _)| row.grab_focus())),
                gdk::Key::Escape => rows.put_away(),
                _ => return glib::Propagation::Proceed,
            }
            glib::Propagation::Stop
        });
        self.rows.program.add_controller(keys);
    }

    fn add_buttons(&self, dialog: &adw::Window) {
        let choose = icon_button("document-open-symbolic", &tr("Choose a Program"));
        let (rows, parent) = (Rc::downgrade(&self.rows), dialog.downgrade());
        choose.connect_clicked(move |_| {
            let (Some(rows), Some(parent)) = (rows.upgrade(), parent.upgrade()) else { return };
            glib::spawn_future_local(async move {
                let asked = Asked {
                    title: tr("Choose a Program"),
                    accept: tr("_Choose"),
                    folder: Path::new(&rows.program.text())
                        .parent()
                        .filter(|folder| folder.is_absolute())
                        .map(Into::into),
                    ..Asked::default()
                };
                if let Some(path) = file::to_read(&parent, asked).await.and_then(|file| file.path()) {
                    rows.choose_file(&path);
                }
            });
        });
        self.rows.program.add_suffix(&choose);
        let choose = icon_button("folder-open-symbolic", &tr("Choose a Folder"));
        let (rows, parent) = (Rc::downgrade(&self.rows), dialog.downgrade());
        choose.connect_clicked(move |_| {
            let (Some(rows), Some(parent)) = (rows.upgrade(), parent.upgrade()) else { return };
            glib::spawn_future_local(async move {
                let asked = Asked { title: tr("Choose a Folder"), accept: tr("_Choose"), ..Asked::default() };
                if let Some(path) = file::of_folder(&parent, asked).await {
                    rows.folder.set_text(&path.display().to_string());
                }
            });
        });
        self.rows.folder.add_suffix(&choose);
    }
}

impl Rows {
    /// Proposes applications that fit what was typed, unless it is a path, or a whole name.
    fn propose(&self) {
        let typed = String::from(self.program.text());
        if typed.trim().len() < 2 || typed.contains('/') || self.choosing.get() {
            return self.put_away();
        }
        let installed = self.installed.borrow();
        let mut fitting: Vec<(usize, &Application)> =
            installed.iter().filter_map(|application| Some((application.fits(typed.trim())?, application))).collect();
        fitting.sort_by_key(|(fits, _)| *fits);
        let proposed: Vec<Application> = fitting.into_iter().take(MOST).map(|(_, of)| of.clone()).collect();
        for (at, (row, image)) in self.proposals.iter().enumerate() {
            let Some(application) = proposed.get(at) else {
                row.set_visible(false);
                continue;
            };
            row.set_title(&plain(&application.name));
            row.set_subtitle(&plain(&application.comment));
            show_icon(image, &application.icon);
            row.set_visible(true);
        }
        self.proposed.replace(proposed);
    }

    fn put_away(&self) {
        self.proposed.take();
        self.proposals.iter().for_each(|(row, _)| row.set_visible(false));
    }

    /// Puts an application in.
    fn choose(&self, application: &Application) {
        let start = of_application(application);
        self.choosing.set(true);
        self.program.set_text(&start.program);
        self.arguments.set_text(&start.arguments);
        self.folder.set_text(&start.folder);
        self.choosing.set(false);
        self.put_away();
        self.program.grab_focus();
    }

    fn choose_file(&self, path: &Path) {
        match of_file(path) {
            Some(Ok(start)) => {
                self.choosing.set(true);
                self.program.set_text(&start.program);
                self.arguments.set_text(&start.arguments);
                self.folder.set_text(&start.folder);
                self.choosing.set(false);
            }
            // Whatever it is, the validator says why it is no program.
            Some(Err(_)) | None => self.program.set_text(&path.display().to_string()),
        }
        self.put_away();
    }
}

fn show_icon(image: &gtk::Image, icon: &str) {
    match icon {
        "" => image.set_icon_name(Some("application-x-executable")),
        icon if icon.starts_with('/') => image.set_from_file(Some(icon)),
        icon => image.set_icon_name(Some(icon)),
    }
}

/// What an application is started with.
fn of_application(application: &Application) -> Start {
    let (program, arguments) =
        application.command.split_first().map_or((String::new(), &[][..]), |(program, rest)| (program.clone(), rest));
    let arguments = shlex::try_join(arguments.iter().map(String::as_str)).unwrap_or_default();
    Start { program, arguments, folder: application.folder.clone(), environment: Vec::new() }
}

/// What a file starts, where it is a program or of an application; why not where it should be.
pub fn of_file(path: &Path) -> Option<Result<Start, String>> {
    if path.extension().is_some_and(|extension| extension == "desktop") {
        let languages: Vec<String> = glib::language_names().iter().map(ToString::to_string).collect();
        return Some(applications::read(path, &languages).map(|application| of_application(&application)));
    }
    let program = path.display().to_string();
    check::is_program(path).then(|| Ok(Start { program, ..Start::default() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_start_something_are_told_from_those_that_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let desktop =
            write("a.desktop", "[Desktop Entry]\nType=Application\nName=A\nExec=prog --a \"b c\" %U\nPath=/tmp\n");
        let start = of_file(&desktop).unwrap().unwrap();
        assert_eq!((&*start.program, &*start.arguments, &*start.folder), ("prog", "--a 'b c'", "/tmp"));
        assert!(of_file(&write("b.desktop", "[Desktop Entry]\nType=Link\n")).unwrap().is_err());
        assert!(of_file(&write("a.perfkit", "x")).is_none());
        assert_eq!(of_file(Path::new("/bin/sh")).unwrap().unwrap().program, "/bin/sh");
        assert!(of_file(folder.path()).is_none() && of_file(Path::new("/nonexistent")).is_none());
    }
}
