//! A movie of what was exposed: as a GIF, a WebM, or a picture each.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use adw::prelude::*;
use gdkrecord::draw::Palette;
use gdkrecord::draw::exposures::movie::{Gif, Look, Movie, Pictures, Sink, Webm, ffmpeg};
use gdkrecord::draw::exposures::{Clock, Plan, Stage, View};
use gtk::glib;
use perfkit_agent::analysis::exposures::{self, Survey, worded};
use perfkit_agent::session::Query;
use perfkit_agent::{Error, Result};

use super::file::{self, Asked};
use super::working::work;
use crate::link::Progress;
use crate::model::speeds::{SPEEDS, nearest, speeds};
use crate::model::{Document, Range};
use crate::wording::{self, marked, plain, time, tr, tr_many, tr_with};

/// Pictures a second: what is proposed, and what there can be.
const RATE: (f64, f64, f64) = (20.0, 5.0, 60.0);
/// Pixels of the wider side at most: what is proposed, and what there can be. The words below the pictures need as much
/// as the least.
const SIZE: (f64, f64, f64) = (800.0, 560.0, 1920.0);
/// Steps of the progress.
const STEPS: f64 = 1000.0;

/// Begins to write pictures of a size to a path, so many a second.
type Open = fn(&Path, &'static Palette, (u32, u32), u32) -> Result<Box<dyn Sink>>;

/// A form that a movie can have.
#[derive(Debug)]
struct Form {
    title: &'static str,
    about: &'static str,
    suffix: &'static str,
    /// Whether it can be made here; otherwise says what to do about it.
    ready: fn() -> std::result::Result<(), &'static str>,
    open: Open,
}

const FORMS: &[Form] = &[
    Form {
        title: "GIF",
        about: "Shown by every browser, in issues and on pages",
        suffix: "gif",
        ready: || Ok(()),
        open: |path, palette, size, fps| {
            let file = File::create(path).map_err(Error::file("write", path))?;
            Ok(Box::new(Gif::create(file, path, palette, size, fps).map_err(worded)?))
        },
    },
    Form {
        title: "WebM",
        about: "A video, smaller and smoother",
        suffix: "webm",
        ready: ffmpeg,
        open: |path, _, size, fps| Ok(Box::new(Webm::create(path, size, fps).map_err(worded)?)),
    },
    Form {
        title: "PNG pictures",
        about: "A file for each picture, with a number in its name",
        suffix: "png",
        ready: || Ok(()),
        open: |path, _, size, _| Ok(Box::new(Pictures::create(path, size).map_err(worded)?)),
    },
];

/// What is made.
#[derive(Clone, Debug)]
struct Wanted {
    form: &'static Form,
    range: Range,
    hidden: BTreeSet<u32>,
    heat: bool,
    still: bool,
    dark: bool,
    speed: f64,
    fps: u32,
    width: u32,
}

/// The rows of the dialog.
#[derive(Clone)]
struct Rows {
    form: adw::ComboRow,
    speed: adw::ComboRow,
    fps: gtk::SpinButton,
    width: gtk::SpinButton,
    heat: gtk::Switch,
    skip: gtk::Switch,
    dark: gtk::Switch,
}

/// Asks how a movie of what a document has chosen is to look, without some windows, and makes it.
pub fn present(window: &gtk::Window, document: &Document, hidden: BTreeSet<u32>, heat: bool) {
    let rows = Rows::new(document, heat);
    let accept =
        gtk::Button::builder().label(tr("_Save…")).use_underline(true).css_classes(["suggested-action"]).build();
    let cancel = gtk::Button::builder().label(tr("_Cancel")).use_underline(true).build();
    let header = adw::HeaderBar::builder().show_end_title_buttons(false).show_start_title_buttons(false).build();
    header.pack_start(&cancel);
    header.pack_end(&accept);
    let content = gtk::Box::new(gtk::Orientation::Vertical, 0);
    content.append(&header);
    content.append(&rows.page(document, &accept));
    let dialog = super::dialog(window, &tr("Save as Movie"), (460, 560), &content);
    dialog.set_default_widget(Some(&accept));
    let closed = dialog.downgrade();
    cancel.connect_clicked(move |_| {
        if let Some(dialog) = closed.upgrade() {
            dialog.close();
        }
    });
    let (closed, window, document) = (dialog.downgrade(), window.clone(), document.clone());
    accept.connect_clicked(move |_| {
        if let Some(dialog) = closed.upgrade() {
            dialog.close();
        }
        let wanted = rows.meant(document.chosen(), hidden.clone());
        let (window, document) = (window.clone(), document.clone());
        glib::spawn_future_local(async move { write(&window, &document, wanted).await });
    });
    dialog.present();
}

impl Rows {
    fn new(document: &Document, heat: bool) -> Rows {
        let forms: Vec<String> = FORMS.iter().map(|form| tr(form.title)).collect();
        let forms = gtk::StringList::new(&forms.iter().map(String::as_str).collect::<Vec<_>>());
        let switch = |on| gtk::Switch::builder().active(on).valign(gtk::Align::Center).build();
        let number = |(value, least, most): (f64, f64, f64), step| {
            let number = gtk::SpinButton::with_range(least, most, step);
            number.set_value(value);
            number.set_valign(gtk::Align::Center);
            number
        };
        Rows {
            form: adw::ComboRow::builder().title(tr("Format")).model(&forms).build(),
            speed: adw::ComboRow::builder()
                .title(tr("Speed"))
                .model(&speeds())
                .selected(nearest(document.speed()))
                .build(),
            fps: number(RATE, 1.0),
            width: number(SIZE, 40.0),
            heat: switch(heat),
            skip: switch(true),
            dark: switch(adw::StyleManager::default().is_dark()),
        }
    }

    fn page(&self, document: &Document, accept: &gtk::Button) -> adw::PreferencesPage {
        let what = adw::PreferencesGroup::new();
        what.add(&self.form);
        what.add(&self.speed);
        what.add(&row(&tr("Pictures a second"), &self.fps));
        what.add(&row(&tr("Pixels at most"), &self.width));
        let look = adw::PreferencesGroup::new();
        look.add(&row(&tr("Leave out times in which nothing is exposed"), &self.skip));
        look.add(&row(&tr("Heat of all repaint so far"), &self.heat));
        look.add(&row(&tr("Light on dark"), &self.dark));
        let page = adw::PreferencesPage::builder().vexpand(true).build();
        page.add(&what);
        page.add(&look);
        let (rows, of, accept) = (self.clone(), document.downgrade(), accept.downgrade());
        let fit = move || {
            let (Some(document), Some(accept)) = (of.upgrade(), accept.upgrade()) else { return };
            let form = rows.chosen();
            let ready = (form.ready)();
            rows.form.set_subtitle(&plain(&tr(ready.err().unwrap_or(form.about))));
            accept.set_sensitive(ready.is_ok());
            accept.set_tooltip_text(ready.err().map(tr).as_deref());
            let (seconds, pictures) = rows.length(document.chosen());
            let values = [("length", &*time(seconds)), ("pictures", &*tr_many("{} picture", "{} pictures", pictures))];
            let words = match rows.skip.is_active() {
                true => marked("At most {length}, {pictures}"),
                false => marked("{length}, {pictures}"),
            };
            look.set_description(Some(&plain(&tr_with(words, &values))));
        };
        let fit = std::rc::Rc::new(fit);
        fit();
        let again = fit.clone();
        self.form.connect_selected_notify(move |_| again());
        let again = fit.clone();
        self.speed.connect_selected_notify(move |_| again());
        let again = fit.clone();
        self.fps.connect_value_changed(move |_| again());
        self.skip.connect_active_notify(move |_| fit());
        page
    }

    fn chosen(&self) -> &'static Form {
        FORMS.get(self.form.selected() as usize).unwrap_or(&FORMS[0])
    }

    fn times(&self) -> f64 {
        SPEEDS.get(self.speed.selected() as usize).map_or(1.0, |(speed, _)| *speed)
    }

    /// How long the movie of a range is in nanoseconds, and how many pictures it has.
    fn length(&self, range: Range) -> (i64, u64) {
        let length = range.length() as f64 / self.times();
        (length as i64, (length / 1e9 * self.fps.value()).ceil() as u64 + 1)
    }

    fn meant(&self, range: Range, hidden: BTreeSet<u32>) -> Wanted {
        // What was typed and not left yet counts too.
        [&self.fps, &self.width].into_iter().for_each(|number| number.update());
        Wanted {
            form: self.chosen(),
            range,
            hidden,
            heat: self.heat.is_active(),
            still: !self.skip.is_active(),
            dark: self.dark.is_active(),
            speed: self.times(),
            fps: self.fps.value() as u32,
            width: self.width.value() as u32,
        }
    }
}

fn row(title: &str, widget: &impl IsA<gtk::Widget>) -> adw::ActionRow {
    let row = adw::ActionRow::builder().title(plain(title)).activatable_widget(widget).build();
    row.add_suffix(widget);
    row
}

/// Asks where to, and makes it.
async fn write(window: &gtk::Window, document: &Document, wanted: Wanted) {
    let name = PathBuf::from(document.title()).with_extension(wanted.form.suffix);
    let asked = Asked {
        title: tr("Save as Movie"),
        accept: tr("_Save"),
        name: name.to_string_lossy().into_owned(),
        folder: file::beside(document.path()),
        ..Asked::default()
    };
    let Some(path) = file::to_write(window, asked).await else { return };
    let (session, to) = (document.path().to_owned(), path.clone());
    let done = work(window, &tr("Making the Movie"), move |progress| make(&session, &to, &wanted, progress)).await;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let told = match done {
        Some(Ok(true)) => tr_with("Saved {name}", &[("name", &name)]),
        Some(Ok(false)) => return,
        Some(Err(error)) => wording::error(&error),
        None => tr_with("{name} could not be written", &[("name", &name)]),
    };
    document.tell(&told);
}

/// Makes a movie of a session; whether all of it was made. What is not whole is taken away.
fn make(session: &Path, to: &Path, wanted: &Wanted, progress: &Progress) -> Result<bool> {
    let query = Query::open(session)?;
    let range = (wanted.range.begin, wanted.range.end);
    let go_on = || !progress.is_cancelled();
    let Some(Survey { plan, windows, .. }) = exposures::survey(&query, range, 0, &go_on)? else { return Ok(false) };
    let mut plan = Plan::clone(&plan);
    plan.shown.retain(|id| !wanted.hidden.contains(id));
    if wanted.still {
        plan.clock = Clock::whole(plan.range);
    }
    let view = View::fit(&plan, wanted.width, wanted.width);
    let palette = Palette::of(wanted.dark);
    let sink = (wanted.form.open)(to, palette, (view.width, view.height), wanted.fps)?;
    let stage = Stage::new(Arc::new(plan), 1).begin(&windows);
    let stage = if wanted.heat { stage } else { stage.cool() };
    let movie =
        Movie::new(stage, Look { palette, view, speed: wanted.speed, fps: wanted.fps }, sink).map_err(worded)?;
    let tick = |share: f64| progress.tell((share * STEPS) as u64, STEPS as u64);
    let made = exposures::shoot(&query, movie, range, &tick);
    if !matches!(made, Ok(true)) && wanted.form.suffix != "png" {
        // Where it cannot be removed, it could not be written either.
        let _ = std::fs::remove_file(to);
    }
    made
}
