//! How a script is to be replayed: rows, and what is checked of them as they are typed.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use adw::prelude::*;
use gtk::glib;
use perfkit_agent::channel::{Launch, name};
use perfkit_agent::input::Script;
use perfkit_agent::replay::{Backend, Inject, Pace, Play, Where, with_input};
use perfkit_agent::source::{Spec, named, sources, specs};

use crate::dialogs::form::{Findings, Form, Level};
use crate::dialogs::record::check;
use crate::link::away;
use crate::link::replay::Wanted;
use crate::widgets::accessible;
use crate::wording::{marked, tr, tr_many};

/// After the last key, before what was typed is checked.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(150);
/// What is recorded unless something else is typed: what costs next to nothing, often enough for the processor's time,
/// and what the program says, which nobody would see otherwise.
const USUAL: &str = "gdkrecord,output,proc@20Hz";

const COMMAND: &str = "command";
const WITH: &str = "with";
const FOLDER: &str = "folder";
const SCRIPT: &str = "script";

/// How fast, in the order of the row.
const SPEEDS: &[&str] =
    &[marked("As recorded"), marked("As fast as the program answers"), marked("So many times as fast")];
/// Where, likewise.
const PLACES: &[(&str, Where)] =
    &[(marked("A display of its own"), Where::Private), (marked("This display"), Where::Current)];
const BACKENDS: &[(&str, Backend)] = &[(marked("X11"), Backend::X11), (marked("Wayland"), Backend::Wayland)];
const HANDS: &[(&str, Option<Inject>)] =
    &[(marked("Through the display"), None), (marked("Inside the program (GTK 2 and 3)"), Some(Inject::Gdk))];

/// What was typed.
#[derive(Clone, Debug)]
struct Typed {
    script: Option<Script>,
    wrong: bool,
    command: String,
    with: String,
    folder: String,
    runs: u32,
    pace: Pace,
    display: Where,
    backend: Backend,
    inject: Option<Inject>,
    animations: bool,
}

/// The rows, and the button that starts.
pub struct Options {
    /// All of it.
    pub root: gtk::ScrolledWindow,
    /// The button.
    pub start: gtk::Button,
    form: Form,
    command: adw::EntryRow,
    runs: gtk::SpinButton,
    speed: adw::ComboRow,
    times: gtk::SpinButton,
    place: adw::ComboRow,
    backend: adw::ComboRow,
    hands: adw::ComboRow,
    animations: gtk::Switch,
    with: adw::EntryRow,
    folder: adw::EntryRow,
    /// The last one that could be read.
    script: RefCell<Option<Script>>,
    /// Whether what was typed since cannot be.
    wrong: Cell<bool>,
    turn: Cell<u64>,
}

impl Options {
    /// For no script yet; sessions go into `folder`.
    pub fn new(folder: &std::path::Path) -> Rc<Options> {
        let start = accessible::button(&tr("Start _Replay"));
        start.set_css_classes(&["pill", "suggested-action"]);
        start.set_halign(gtk::Align::Center);
        start.set_sensitive(false);
        let form = Form::new(&start);
        let (runs, times) =
            (gtk::SpinButton::with_range(1.0, 1000.0, 1.0), gtk::SpinButton::with_range(0.1, 1000.0, 0.5));
        times.set_digits(1);
        times.set_value(2.0);
        let entry = |title: &str| adw::EntryRow::builder().title(title).use_underline(true).build();
        let options = Options {
            command: entry(&tr("Pro_gram and arguments")),
            runs,
            speed: choice(&tr("Speed"), SPEEDS.iter().copied()),
            times,
            place: choice(&tr("Display"), PLACES.iter().map(|(name, _)| *name)),
            backend: choice(&tr("Display protocol"), BACKENDS.iter().map(|(name, _)| *name)),
            hands: choice(&tr("Input is made"), HANDS.iter().map(|(name, _)| *name)),
            animations: gtk::Switch::builder().valign(gtk::Align::Center).build(),
            with: entry(&tr("Record _with, as gdkrecord,perf")),
            folder: entry(&tr("_Folder for the sessions")),
            root: gtk::ScrolledWindow::builder().hscrollbar_policy(gtk::PolicyType::Never).vexpand(true).build(),
            start,
            form,
            script: RefCell::default(),
            wrong: Cell::new(false),
            turn: Cell::new(0),
        };
        options.with.set_text(USUAL);
        options.folder.set_text(&folder.display().to_string());
        let options = Rc::new(options);
        options.lay_out();
        options.connect();
        options
    }

    fn lay_out(&self) {
        let group = adw::PreferencesGroup::builder()
            .title(tr("Replay"))
            .description(tr("Does again what was done, on a program of your choice, and records it"))
            .build();
        let beside = |title: &str, about: &str, widget: &gtk::Widget| {
            widget.set_valign(gtk::Align::Center);
            let row = adw::ActionRow::builder().title(title).subtitle(about).activatable_widget(widget).build();
            row.add_suffix(widget);
            row
        };
        let runs = beside(&tr("Runs"), &tr("Several are measured together"), self.runs.upcast_ref());
        let times = beside(&tr("Times as fast"), "", self.times.upcast_ref());
        times.set_visible(false);
        let shown = times.clone();
        self.speed.connect_selected_notify(move |row| {
            shown.set_visible(row.selected() as usize == SPEEDS.len() - 1);
        });
        let animations =
            beside(&tr("Animations"), &tr("Without them runs are more alike"), self.animations.upcast_ref());
        group.add(&self.command);
        group.add(&self.form.field(COMMAND, &self.command));
        group.add(&runs);
        group.add(&self.speed);
        group.add(&times);
        for row in [&self.place, &self.backend, &self.hands] {
            group.add(row);
        }
        group.add(&animations);
        for (name, row) in [(WITH, &self.with), (FOLDER, &self.folder)] {
            group.add(row);
            group.add(&self.form.field(name, row));
        }
        // The script has no row here: it stands beside.
        group.add(&self.form.field(SCRIPT, &gtk::Label::new(None)));
        let column = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(18).build();
        for margin in [
            gtk::Box::set_margin_start,
            gtk::Box::set_margin_end,
            gtk::Box::set_margin_top,
            gtk::Box::set_margin_bottom,
        ] {
            margin(&column, 12);
        }
        column.append(&group);
        column.append(&self.start);
        self.root.set_child(Some(&column));
    }

    fn connect(self: &Rc<Self>) {
        let changed = || {
            let of = Rc::downgrade(self);
            move || {
                if let Some(options) = of.upgrade() {
                    options.check();
                }
            }
        };
        for row in [&self.command, &self.with, &self.folder] {
            let changed = changed();
            row.connect_changed(move |_| changed());
        }
        for row in [&self.place, &self.backend, &self.hands] {
            let changed = changed();
            row.connect_selected_notify(move |_| changed());
        }
        let backend = self.backend.clone();
        self.place.connect_selected_notify(move |row| {
            // The display that is there speaks what it speaks.
            backend.set_sensitive(row.selected() == 0);
        });
    }

    /// It is this script that is to be replayed; none where what was typed cannot be read.
    pub fn set_script(self: &Rc<Self>, script: Option<Script>) {
        self.wrong.set(script.is_none());
        if let Some(script) = script {
            let program = script.program.clone();
            let before = self.script.replace(Some(script)).map(|before| before.program);
            // What somebody chose stays, as long as the script is of the same program.
            if before.as_ref() != Some(&program) {
                let command = shlex::try_join(program.iter().map(String::as_str));
                self.command.set_text(&command.unwrap_or_default());
            }
        }
        self.check();
    }

    fn typed(&self) -> Typed {
        let at = |row: &adw::ComboRow| row.selected() as usize;
        // What stands in them counts, whether or not they were left.
        self.runs.update();
        self.times.update();
        Typed {
            script: self.script.borrow().clone(),
            wrong: self.wrong.get(),
            command: self.command.text().into(),
            with: self.with.text().into(),
            folder: self.folder.text().into(),
            runs: self.runs.value() as u32,
            pace: match at(&self.speed) {
                1 => Pace::Fast,
                2 => Pace::Times(self.times.value()),
                _ => Pace::Times(1.0),
            },
            display: PLACES.get(at(&self.place)).map_or(Where::Private, |(_, place)| *place),
            backend: BACKENDS.get(at(&self.backend)).map_or(Backend::X11, |(_, backend)| *backend),
            inject: HANDS.get(at(&self.hands)).and_then(|(_, inject)| *inject),
            animations: self.animations.is_active(),
        }
    }

    /// Checks what was typed, in a moment, and shows what was found.
    pub fn check(self: &Rc<Self>) {
        let turn = self.turn.get() + 1;
        self.turn.set(turn);
        let of = Rc::downgrade(self);
        let current = move || of.upgrade().filter(|options| options.turn.get() == turn);
        glib::spawn_future_local(async move {
            glib::timeout_future(PAUSE).await;
            let Some(typed) = current().map(|options| options.typed()) else { return };
            let checked = away(move || meaning(&typed).0).await;
            if let (Some(options), Some(findings)) = (current(), checked) {
                options.form.show(findings);
            }
        });
    }

    /// What is to be played; what stands against it is shown.
    pub async fn wanted(&self) -> Option<Wanted> {
        let typed = self.typed();
        let (findings, wanted) = away(move || meaning(&typed)).await?;
        self.form.show(findings);
        if wanted.is_none() {
            self.form.go_to_trouble();
        }
        wanted
    }
}

fn choice<'a>(title: &str, names: impl Iterator<Item = &'a str>) -> adw::ComboRow {
    let list = gtk::StringList::new(&[]);
    names.for_each(|name| list.append(&tr(name)));
    adw::ComboRow::builder().title(title).model(&list).build()
}

/// What was typed, as it is meant.
fn meaning(typed: &Typed) -> (Findings, Option<Wanted>) {
    let mut findings = Findings::default();
    let launch = match check::arguments(&typed.command) {
        Ok(words) => match words.split_first() {
            Some((program, arguments)) => {
                let launch = Launch::new(program, arguments);
                findings.take(COMMAND, check::program(&launch)).map(|()| launch)
            }
            None => {
                findings.add(COMMAND, Level::Error, tr("Enter the program on which the script is to be played"));
                None
            }
        },
        Err(words) => {
            findings.add(COMMAND, Level::Error, words);
            None
        }
    };
    let known = sources();
    let with = match typed.with.trim() {
        "" => Ok(Vec::new()),
        with => specs(with, &known).and_then(|specs| {
            let opened = |spec: &Spec| named(spec, &known).and_then(|source| source.open(spec)).map(drop);
            specs.iter().try_for_each(opened).map_err(|error| error.to_string()).map(|()| specs)
        }),
    };
    let with = findings.take(WITH, with);
    let folder = match typed.folder.trim() {
        "" => Err(tr("Enter a folder")),
        folder => check::folder(folder).and_then(check::writable),
    };
    let folder = findings.take(FOLDER, folder);
    match &typed.script {
        _ if typed.wrong => findings.add(SCRIPT, Level::Error, tr("The script cannot be read: mend it first")),
        None => findings.add(SCRIPT, Level::Lacking, tr("There is no script yet")),
        Some(script) if script.steps.is_empty() => {
            findings.add(SCRIPT, Level::Lacking, tr("The script has no steps that could be played"));
        }
        Some(script) if script.untold() > 0 => {
            findings.add(SCRIPT, Level::Error, untold(script.untold()));
        }
        Some(_) => {}
    }
    let wanted = match (launch, with, folder, &typed.script) {
        (Some(launch), Some(with), Some(folder), Some(script)) if findings.stopping().is_none() => {
            let file = folder.join(format!("{}-replay.perfkit", name(&launch.program)));
            let play = Play {
                pace: typed.pace,
                display: typed.display,
                backend: typed.backend,
                inject: typed.inject,
                animations: typed.animations,
                with: with_input(with),
                launch,
            };
            Some(Wanted { script: script.clone(), play, runs: typed.runs, named: file })
        }
        _ => None,
    };
    (findings, wanted)
}

/// Says that keys are missing, and what helps.
pub fn untold(count: usize) -> String {
    let words = tr_many(
        "{} key was not kept, and cannot be played.",
        "{} keys were not kept, and cannot be played.",
        count as u64,
    );
    format!("{words} {}", tr("Write them into the script for “untold”, or record again and keep typed text."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed() -> Typed {
        let script = Script::parse("perfinput 1\nprogram sleep 1\nwindow w toplevel\npress w 1,1\n").unwrap();
        Typed {
            script: Some(script),
            wrong: false,
            command: "sleep '1'".into(),
            // Not the usual ones: whether the recorder is there depends on what was built beside the tests.
            with: "output,proc@20Hz".into(),
            folder: std::env::temp_dir().display().to_string(),
            runs: 3,
            pace: Pace::Fast,
            display: Where::Private,
            backend: Backend::X11,
            inject: None,
            animations: false,
        }
    }

    /// What stops it: the field and the words.
    fn stops(typed: Typed) -> Option<(String, String)> {
        let (findings, wanted) = meaning(&typed);
        assert_eq!(wanted.is_none(), findings.stopping().is_some());
        findings.stopping().map(|finding| (finding.field.clone(), finding.words.clone()))
    }

    #[test]
    fn what_is_right_is_what_is_played() {
        let (_, wanted) = meaning(&typed());
        let wanted = wanted.unwrap();
        assert_eq!(wanted.named.file_name().unwrap(), "sleep-replay.perfkit");
        assert_eq!(wanted.play.launch.arguments, ["1"]);
        let with: Vec<String> = wanted.play.with.iter().map(ToString::to_string).collect();
        assert_eq!(with, ["output", "proc@20Hz", "input"]);
    }

    #[test]
    fn what_cannot_be_played_is_told_at_its_field() {
        let field = |typed| stops(typed).unwrap().0;
        assert_eq!(field(Typed { command: String::new(), ..typed() }), COMMAND);
        assert_eq!(field(Typed { command: "'a".into(), ..typed() }), COMMAND);
        assert_eq!(field(Typed { command: "no-such-program".into(), ..typed() }), COMMAND);
        assert_eq!(field(Typed { with: "nothing".into(), ..typed() }), WITH);
        assert_eq!(field(Typed { folder: "/nonexistent".into(), ..typed() }), FOLDER);
        assert_eq!(field(Typed { script: None, ..typed() }), SCRIPT);
        assert_eq!(field(Typed { wrong: true, ..typed() }), SCRIPT);
        let untold = Script::parse("perfinput 1\nwindow w toplevel\nkey w untold\n").unwrap();
        assert!(stops(Typed { script: Some(untold), ..typed() }).unwrap().1.starts_with("1 key was not kept"));
        assert_eq!(stops(typed()), None);
    }
}
