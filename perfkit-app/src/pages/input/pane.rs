//! The pane beside a script in which it is replayed: how, how it goes, and what came of it.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;

use adw::prelude::*;
use gtk::{gdk, gio, glib, pango};
use perfkit_agent::input::Script;
use perfkit_agent::replay::Where;

use super::display::Display;
use super::form::Options;
use super::results;
use super::steps::{Became, words};
use crate::link::replay::{self, Ran, Update, Wanted};
use crate::link::{Progress, away};
use crate::widgets::accessible;
use crate::wording::{self, plain, tr, tr_with};

/// What others are told of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It begins.
    Begins,
    /// This step is the next, counted from 0.
    Step(usize),
    /// It is over, or was not begun: nothing became of steps in it that is not known.
    Over,
}

type Listener = Box<dyn Fn(Told)>;

/// The pane.
pub struct Pane {
    /// Its widget.
    pub root: gtk::Stack,
    options: Rc<Options>,
    display: Display,
    stage: gtk::Stack,
    run: gtk::Label,
    step: gtk::Label,
    bar: gtk::ProgressBar,
    cancel: gtk::Button,
    done: adw::Bin,
    /// How the replay that goes on is told to end.
    progress: RefCell<Option<Progress>>,
    /// What became of the steps of the last one.
    became: RefCell<Vec<Became>>,
    /// How many steps the script has that is played.
    steps: RefCell<Vec<String>>,
    runs: Cell<(u32, u32)>,
    told: RefCell<Option<Listener>>,
}

impl Pane {
    /// For no script yet; new sessions go into `folder`.
    pub fn new(folder: &Path) -> Rc<Pane> {
        let options = Options::new(folder);
        let display = Display::new();
        let stage = gtk::Stack::builder().vexpand(true).build();
        stage.add_named(&display.area, Some("private"));
        let here = adw::StatusPage::builder()
            .icon_name("video-display-symbolic")
            .title(tr("It Plays on This Display"))
            .description(tr("Leave mouse and keyboard alone until it is over"))
            .css_classes(["compact"])
            .build();
        stage.add_named(&here, Some("current"));
        accessible::only_shown(&stage);
        let label = |class: &str| {
            gtk::Label::builder()
                .xalign(0.0)
                .wrap(true)
                .wrap_mode(pango::WrapMode::WordChar)
                .css_classes([class])
                .build()
        };
        let (run, step) = (label("heading"), label("dim-label"));
        step.set_lines(2);
        step.set_ellipsize(pango::EllipsizeMode::End);
        let bar = gtk::ProgressBar::new();
        accessible::name(&bar, &tr("How far the replay is"));
        let cancel = accessible::button(&tr("_Cancel"));
        cancel.set_css_classes(&["pill"]);
        cancel.set_halign(gtk::Align::Center);
        let running = column(12);
        running.append(&stage);
        for widget in [run.upcast_ref::<gtk::Widget>(), step.upcast_ref(), bar.upcast_ref(), cancel.upcast_ref()] {
            running.append(widget);
        }
        let done = adw::Bin::new();
        let root = gtk::Stack::builder().vhomogeneous(false).width_request(300).css_classes(["background"]).build();
        root.add_named(&options.root, Some("options"));
        root.add_named(&running, Some("running"));
        root.add_named(&done, Some("done"));
        accessible::only_shown(&root);
        let pane = Rc::new(Pane {
            root,
            options,
            display,
            stage,
            run,
            step,
            bar,
            cancel,
            done,
            progress: RefCell::default(),
            became: RefCell::default(),
            steps: RefCell::default(),
            runs: Cell::default(),
            told: RefCell::default(),
        });
        pane.connect();
        pane
    }

    fn connect(self: &Rc<Self>) {
        let of = Rc::downgrade(self);
        self.options.start.connect_clicked(move |_| {
            let of = of.clone();
            glib::spawn_future_local(async move {
                let Some(pane) = of.upgrade() else { return };
                if let Some(wanted) = pane.options.wanted().await {
                    pane.start(wanted);
                }
            });
        });
        let of = Rc::downgrade(self);
        self.cancel.connect_clicked(move |button| {
            let Some(pane) = of.upgrade() else { return };
            button.set_sensitive(false);
            pane.stop();
        });
    }

    fn stop(&self) {
        if let Some(progress) = &*self.progress.borrow() {
            progress.cancel();
        }
    }

    /// Called with how a replay goes.
    pub fn connect_told(&self, told: impl Fn(Told) + 'static) {
        self.told.replace(Some(Box::new(told)));
    }

    fn tell(&self, what: Told) {
        if let Some(told) = &*self.told.borrow() {
            told(what);
        }
    }

    /// It is this script that is to be replayed; none where what was typed cannot be read.
    pub fn set_script(&self, script: Option<Script>) {
        if !self.runs_now() {
            self.became.take();
            if self.root.visible_child_name().is_some_and(|name| name == "done") {
                self.root.set_visible_child_name("options");
            }
        }
        self.options.set_script(script);
    }

    /// Whether one goes on.
    pub fn runs_now(&self) -> bool {
        self.progress.borrow().is_some()
    }

    /// What became of a step in the last replay.
    pub fn became(&self, step: usize) -> Became {
        self.became.borrow().get(step).copied().unwrap_or(Became::Nothing)
    }

    fn start(self: &Rc<Self>, wanted: Wanted) {
        if self.runs_now() {
            return;
        }
        let progress = Progress::default();
        let script = wanted.script.clone();
        self.steps.replace(script.steps.iter().map(words).collect());
        self.became.replace(vec![Became::Nothing; script.steps.len()]);
        self.runs.set((0, wanted.runs));
        self.display.clear();
        self.stage.set_visible_child_name(if wanted.play.display == Where::Private { "private" } else { "current" });
        self.run.set_label(&tr("Starting…"));
        self.step.set_label("");
        self.bar.set_fraction(0.0);
        self.cancel.set_sensitive(true);
        self.root.set_visible_child_name("running");
        self.cancel.grab_focus();
        let updates = match replay::start(wanted, progress.clone(), self.display.room.clone()) {
            Ok(updates) => updates,
            Err(error) => return self.over(&script, Err(error), &[], &[]),
        };
        self.progress.replace(Some(progress));
        self.tell(Told::Begins);
        let of = Rc::downgrade(self);
        // A program that is played on is ended before this one is.
        let held = gio::Application::default().map(|app| app.hold());
        glib::spawn_future_local(async move {
            let _held = held;
            let (mut ran, mut problems) = (Vec::new(), Vec::new());
            while let Ok(update) = updates.recv().await {
                let Some(pane) = of.upgrade() else { continue };
                match update {
                    Update::Run(number) => {
                        pane.runs.set((number, pane.runs.get().1));
                        pane.step(0);
                    }
                    Update::Seen(picture) => pane.display.show(picture),
                    Update::Step(done) => pane.step(done),
                    // What is so in every run is said once.
                    Update::Problem(line) if problems.contains(&line) => {}
                    Update::Problem(line) => problems.push(line),
                    Update::Ran(run) => {
                        pane.keep(&run);
                        ran.push(run);
                    }
                    Update::Ended(ended) => pane.over(&script, ended, &ran, &problems),
                }
            }
        });
    }

    /// Shows that so many steps of the run are done.
    fn step(&self, done: usize) {
        let steps = self.steps.borrow();
        let (all, (run, runs)) = (steps.len(), self.runs.get());
        let (number, of) = ((done + 1).min(all).to_string(), all.to_string());
        let (run_number, runs_of) = (run.to_string(), runs.to_string());
        let values = [("step", &*number), ("steps", &*of), ("run", &*run_number), ("runs", &*runs_of)];
        let text = match (done < all, runs > 1) {
            (true, true) => tr_with("Run {run} of {runs}, step {step} of {steps}", &values),
            (true, false) => tr_with("Step {step} of {steps}", &values),
            (false, true) => tr_with("Run {run} of {runs} is finished…", &values),
            (false, false) => tr("It is finished…"),
        };
        self.run.set_label(&text);
        self.step.set_label(steps.get(done).map_or("", String::as_str));
        let share = (f64::from(run.max(1) - 1) + done as f64 / all.max(1) as f64) / f64::from(runs.max(1));
        self.bar.set_fraction(share.min(1.0));
        accessible::number(&self.bar, share, (0.0, 1.0), &text);
        drop(steps);
        self.tell(Told::Step(done));
    }

    /// Keeps what became of the steps of a run.
    fn keep(&self, run: &Ran) {
        for (at, became) in self.became.borrow_mut().iter_mut().enumerate() {
            *became = match *became {
                Became::Failed => Became::Failed,
                _ if run.failed == Some(at) => Became::Failed,
                Became::Nothing if at < run.done => Became::Done,
                other => other,
            };
        }
    }

    fn over(self: &Rc<Self>, script: &Script, ended: perfkit_agent::Result<bool>, ran: &[Ran], problems: &[String]) {
        self.progress.take();
        self.display.clear();
        self.tell(Told::Over);
        let page = column(12);
        let heading = gtk::Label::builder()
            .label(results::heading(&ended, ran, self.runs.get().1))
            .wrap(true)
            .xalign(0.0)
            .css_classes(["title-4"])
            .build();
        page.append(&heading);
        let error = ended.as_ref().err().map(wording::error);
        // Of several runs each says it beside its session.
        let cause = ran.first().filter(|_| ran.len() == 1).and_then(|run| run.otherwise.as_deref());
        for line in error.into_iter().chain(cause.map(results::sentence)).chain(problems.iter().cloned()) {
            let label = gtk::Label::builder().label(line).wrap(true).xalign(0.0).build();
            label.set_wrap_mode(pango::WrapMode::WordChar);
            page.append(&label);
        }
        if let Some(path) = ran.iter().find(|run| run.failed.is_some()).and_then(|run| run.picture.clone()) {
            page.append(&failure(path));
        }
        results::sessions(script, ran).iter().for_each(|group| page.append(group));
        results::measures(script, ran).iter().for_each(|table| page.append(table));
        let again = accessible::button(&tr("Replay _Again…"));
        again.set_css_classes(&["pill"]);
        again.set_halign(gtk::Align::Center);
        let of = Rc::downgrade(self);
        again.connect_clicked(move |_| {
            if let Some(pane) = of.upgrade() {
                pane.root.set_visible_child_name("options");
                pane.options.check();
                pane.options.start.grab_focus();
            }
        });
        page.append(&again);
        let scrolled = gtk::ScrolledWindow::builder().hscrollbar_policy(gtk::PolicyType::Never).child(&page).build();
        self.done.set_child(Some(&scrolled));
        self.root.set_visible_child_name("done");
        again.grab_focus();
    }
}

impl Drop for Pane {
    fn drop(&mut self) {
        // What nobody sees any more is not played on.
        self.stop();
    }
}

/// The picture of what could not be done.
fn failure(path: std::path::PathBuf) -> gtk::Picture {
    let words = tr("What was shown when the step could not be done");
    let picture = gtk::Picture::builder().height_request(180).can_shrink(true).alternative_text(words).build();
    let shown = picture.downgrade();
    glib::spawn_future_local(async move {
        let texture = away(move || gdk::Texture::from_filename(path).ok()).await.flatten();
        if let (Some(picture), Some(texture)) = (shown.upgrade(), texture) {
            picture.set_paintable(Some(&texture));
        }
    });
    picture
}

/// A column with room around it.
fn column(spacing: i32) -> gtk::Box {
    gtk::Box::builder()
        .orientation(gtk::Orientation::Vertical)
        .spacing(spacing)
        .margin_start(12)
        .margin_end(12)
        .margin_top(12)
        .margin_bottom(12)
        .build()
}

/// A session's name as markup.
pub fn name(path: &Path) -> String {
    plain(&path.file_name().unwrap_or_default().to_string_lossy())
}
