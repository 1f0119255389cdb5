//! A recording that goes on: how long, how much, what went wrong, what is seen of it, and the buttons that end it.
//!
//! [`picture`] shows the session's last seconds, as a drawing and as a table.

mod picture;

use std::cell::{Cell, OnceCell, RefCell};
use std::path::Path;
use std::time::Duration;

use adw::prelude::*;
use adw::subclass::prelude::*;
use gdkrecord::units;
use gtk::{glib, pango};

use super::accessible;
use crate::link::recording::{Command, Recording, Update};
use crate::wording::{plain, tr, tr_many, tr_with};
use picture::{GRAPH, Picture, TABLE};

/// Lines of problems that are shown; those before them are in the session.
const PROBLEMS: usize = 4;
/// From one update of what is heard of a recording to the next: one who listens wants to hear the end of a sentence.
const HEARD: Duration = Duration::from_secs(5);

mod imp {
    use super::*;

    #[derive(Debug, Default, gtk::CompositeTemplate)]
    #[template(file = "live.ui")]
    pub struct Live {
        #[template_child]
        pub elapsed: TemplateChild<gtk::Label>,
        #[template_child]
        pub events: TemplateChild<gtk::Label>,
        #[template_child]
        pub rate: TemplateChild<gtk::Label>,
        #[template_child]
        pub dropped: TemplateChild<gtk::Label>,
        #[template_child]
        pub problems: TemplateChild<gtk::Box>,
        #[template_child]
        pub as_table: TemplateChild<gtk::ToggleButton>,
        #[template_child]
        pub view: TemplateChild<gtk::Stack>,
        #[template_child]
        pub state: TemplateChild<gtk::Label>,
        #[template_child]
        pub naming: TemplateChild<gtk::ProgressBar>,
        #[template_child]
        pub pause: TemplateChild<gtk::ToggleButton>,
        #[template_child]
        pub restart: TemplateChild<gtk::Button>,
        #[template_child]
        pub discard: TemplateChild<gtk::Button>,
        #[template_child]
        pub stop: TemplateChild<gtk::Button>,
        pub picture: OnceCell<Picture>,
        pub recording: RefCell<Option<Recording>>,
        /// When and how many events there were at the last word, for the rate.
        pub last: Cell<(Duration, u64)>,
        pub heard: Cell<Duration>,
        /// The session's file that was kept when the recording began again; empty where it never did.
        pub kept: RefCell<String>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Live {
        const NAME: &'static str = "PerfkitLive";
        type Type = super::Live;
        type ParentType = adw::Bin;

        fn class_init(class: &mut Self::Class) {
            crate::widgets::flow::Flow::ensure_type();
            class.bind_template();
            class.set_accessible_role(gtk::AccessibleRole::Group);
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    impl ObjectImpl for Live {
        fn constructed(&self) {
            self.parent_constructed();
            self.obj().set_up();
        }

        fn dispose(&self) {
            // Without anybody to tell it more, it stops.
            self.recording.take();
        }
    }
    impl WidgetImpl for Live {}
    impl BinImpl for Live {}
}

glib::wrapper! {
    /// The page of a recording that goes on, see the module.
    pub struct Live(ObjectSubclass<imp::Live>)
        @extends gtk::Widget, adw::Bin,
        @implements gtk::Buildable, gtk::ConstraintTarget;
}

impl Live {
    /// The page of a recording, which it holds; `name` is what is recorded.
    pub fn new(recording: Recording, name: &str) -> Live {
        let live: Live = glib::Object::new();
        accessible::name(&live, &tr_with("Recording {name}", &[("name", name)]));
        live.imp().recording.replace(Some(recording));
        live
    }

    fn set_up(&self) {
        let imp = self.imp();
        [&*imp.restart, &*imp.discard, &*imp.stop].iter().for_each(|button| accessible::as_labelled(*button));
        accessible::as_labelled(&*imp.pause);
        imp.picture.get_or_init(|| Picture::new(&imp.view));
        accessible::name(&*imp.as_table, &tr("Show as a Table"));
        let view = imp.view.downgrade();
        imp.as_table.connect_toggled(move |button| {
            if let Some(view) = view.upgrade() {
                view.set_visible_child_name(if button.is_active() { TABLE } else { GRAPH });
            }
        });
        let live = self.downgrade();
        imp.pause.connect_toggled(move |button| {
            let Some(live) = live.upgrade() else { return };
            let paused = button.is_active();
            button.set_label(&tr(if paused { "_Resume" } else { "_Pause" }));
            accessible::as_labelled(button);
            live.tell(if paused { Command::Pause } else { Command::Resume });
        });
        let live = self.downgrade();
        imp.restart.connect_clicked(move |_| {
            if let Some(live) = live.upgrade() {
                live.imp().pause.set_active(false);
                live.tell(Command::Restart);
            }
        });
        let live = self.downgrade();
        imp.stop.connect_clicked(move |_| {
            if let Some(live) = live.upgrade() {
                live.tell(Command::Stop);
            }
        });
        let live = self.downgrade();
        imp.discard.connect_clicked(move |_| {
            if let Some(live) = live.upgrade() {
                live.ask_to_discard();
            }
        });
    }

    /// Tells the recording to do something.
    pub fn tell(&self, command: Command) {
        if let Some(recording) = self.imp().recording.borrow().as_ref() {
            recording.tell(command);
        }
    }

    /// Shows what has come.
    pub fn take(&self, update: &Update) {
        let imp = self.imp();
        match update {
            Update::Began(path) => {
                let (file, kept) = (file_name(path), imp.kept.borrow());
                // Told here rather than in passing, where it would lie over the buttons.
                imp.state.set_label(&match &**kept {
                    "" => tr_with("Written to {file}", &[("file", &file)]),
                    kept => tr_with("Written to {file}; {kept} is kept", &[("file", &file), ("kept", kept)]),
                });
                imp.stop.grab_focus();
            }
            Update::Goes { time, rows, dropped, paused } => self.goes(*time, *rows, *dropped, *paused),
            Update::Seen(look) => {
                if let Some(picture) = imp.picture.get() {
                    picture.show((**look).clone());
                }
            }
            Update::Problem(line) => self.problem(line),
            Update::Ending => {
                [&*imp.restart, &*imp.discard, &*imp.stop].iter().for_each(|button| button.set_sensitive(false));
                imp.pause.set_sensitive(false);
                imp.state.set_label(&tr("The program ends, and the session is closed…"));
            }
            Update::Naming(done, all) => {
                imp.naming.set_visible(true);
                imp.naming.set_fraction(*done as f64 / (*all).max(1) as f64);
                imp.state.set_label(&tr("Names of functions are looked for…"));
                imp.stop.set_label(&tr("_Skip"));
                accessible::as_labelled(&*imp.stop);
                imp.stop.set_sensitive(true);
            }
            Update::Again(session) => {
                imp.kept.replace(file_name(session));
                [&*imp.restart, &*imp.discard, &*imp.stop].iter().for_each(|button| button.set_sensitive(true));
                imp.pause.set_sensitive(true);
                imp.last.take();
                imp.heard.take();
            }
            Update::Ended(_) => {}
        }
    }

    fn goes(&self, time: Duration, rows: u64, dropped: u64, paused: bool) {
        let imp = self.imp();
        imp.elapsed.set_label(&clock(time));
        imp.events.set_label(&units::count(rows));
        let (before, rows_before) = imp.last.get();
        // Over half a second: rows come in batches.
        if time.saturating_sub(before) >= Duration::from_millis(500) {
            let rate = rows.saturating_sub(rows_before) as f64 / (time - before).as_secs_f64();
            imp.rate.set_label(&if paused { tr("paused") } else { units::rate(rate) });
            imp.last.set((time, rows));
        }
        imp.dropped.set_label(&units::count(dropped));
        match dropped > 0 {
            true => imp.dropped.add_css_class("warning"),
            false => imp.dropped.remove_css_class("warning"),
        }
        if imp.heard.get().is_zero() || time.saturating_sub(imp.heard.get()) > HEARD {
            imp.heard.set(time.max(Duration::from_nanos(1)));
            let lost = tr_many("{} event lost", "{} events lost", dropped);
            let words = [clock(time), tr_many("{} event", "{} events", rows), lost];
            accessible::describe(self, &words.join(", "));
        }
    }

    fn problem(&self, line: &str) {
        let row = gtk::Box::builder().spacing(9).build();
        row.append(&gtk::Image::builder().icon_name("dialog-warning-symbolic").css_classes(["warning"]).build());
        let label = gtk::Label::builder()
            .label(line)
            .xalign(0.0)
            .wrap(true)
            .wrap_mode(pango::WrapMode::WordChar)
            .selectable(true)
            .build();
        row.append(&label);
        let problems = &self.imp().problems;
        problems.append(&row);
        problems.set_visible(true);
        let count = std::iter::successors(problems.first_child(), |child| child.next_sibling()).count();
        if let Some(first) = problems.first_child().filter(|_| count > PROBLEMS) {
            problems.remove(&first);
        }
    }

    fn ask_to_discard(&self) {
        let window = WidgetExt::root(self).and_downcast::<gtk::Window>();
        let words = tr("The program is ended, and what was recorded is removed.");
        let dialog = adw::MessageDialog::new(window.as_ref(), Some(&tr("Discard the Recording?")), Some(&words));
        dialog.add_response("cancel", &tr("_Go On"));
        dialog.add_response("discard", &tr("_Discard"));
        dialog.set_response_appearance("discard", adw::ResponseAppearance::Destructive);
        dialog.set_close_response("cancel");
        let live = self.downgrade();
        dialog.connect_response(Some("discard"), move |_, _| {
            if let Some(live) = live.upgrade() {
                live.tell(Command::Discard);
            }
        });
        dialog.present();
    }

    /// Asks what becomes of it where its window is to be closed, and closes it then.
    pub fn ask_to_close(&self, window: &gtk::Window) {
        let words = tr("The program that is recorded ends with it.");
        let dialog = adw::MessageDialog::new(Some(window), Some(&tr("Stop the Recording?")), Some(&plain(&words)));
        dialog.add_response("cancel", &tr("_Go On"));
        dialog.add_response("discard", &tr("_Discard"));
        dialog.add_response("stop", &tr("_Stop and Keep"));
        dialog.set_response_appearance("discard", adw::ResponseAppearance::Destructive);
        dialog.set_response_appearance("stop", adw::ResponseAppearance::Suggested);
        dialog.set_default_response(Some("stop"));
        dialog.set_close_response("cancel");
        let (live, window) = (self.downgrade(), window.downgrade());
        dialog.connect_response(None, move |_, response| {
            let (Some(live), Some(window)) = (live.upgrade(), window.upgrade()) else { return };
            let command = match response {
                "stop" => Command::Stop,
                "discard" => Command::Discard,
                _ => return,
            };
            live.tell(command);
            // When it has ended it is closed.
            window.set_visible(false);
        });
        dialog.present();
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// A length of time as clocks show it.
fn clock(time: Duration) -> String {
    let (seconds, tenths) = (time.as_secs(), time.subsec_millis() / 100);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}.{tenths}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_look_like_those_of_a_clock() {
        for (milliseconds, text) in [(0, "0:00.0"), (12_340, "0:12.3"), (754_900, "12:34.9"), (3_723_000, "1:02:03")] {
            assert_eq!(clock(Duration::from_millis(milliseconds)), text);
        }
    }
}
