//! Export: the session, or a stretch of it, in a format of other tools.

use std::path::PathBuf;
use std::rc::Rc;

use adw::prelude::*;
use gtk::glib;
use perfkit_agent::Result;
use perfkit_agent::export::{FORMATS, Format, Look, Reading, Target, WIDTHS, Wanted, export};
use perfkit_agent::session::Query;

use super::file::{self, Asked};
use super::working::work;
use crate::model::{Document, Range};
use crate::widgets::accessible;
use crate::window::Window;
use crate::wording::{self, plain, tr, tr_with};

/// Pixels that pictures are wide unless something else is asked for.
const WIDTH: f64 = 1400.0;

/// A stretch of the session that can be exported.
struct Part {
    title: &'static str,
    range: fn(&Document) -> Option<Range>,
}

const PARTS: &[Part] = &[
    Part { title: "The whole session", range: |_| None },
    Part { title: "What is visible", range: |document| Some(document.visible()) },
    Part { title: "The selection", range: |document| Some(document.selection()) },
];

/// What the dialog asks.
#[derive(Clone)]
struct Form {
    /// A button for each format.
    formats: Rc<[gtk::CheckButton]>,
    part: adw::ComboRow,
    table: adw::ComboRow,
    dark: gtk::Switch,
    width: gtk::SpinButton,
    /// The rows of what only pictures have.
    picture: Rc<[adw::ActionRow]>,
}

/// Shows it.
pub fn present(window: &Window) {
    let Some(document) = window.document() else { return };
    let window = window.clone();
    glib::spawn_future_local(async move {
        // What cannot be listed is exported as a whole, and says then what is wrong.
        let tables = document.ask(|reader| {
            let wanted = Wanted::default();
            let path = reader.session.path().to_owned();
            Reading::new(&reader.query, &path, &wanted, &|_| true).and_then(|reading| reading.tables())
        });
        let tables = tables.await.and_then(Result::ok).unwrap_or_default();
        ask(&window, &document, tables);
    });
}

fn ask(window: &Window, document: &Document, tables: Vec<String>) {
    let form = Form::new(document, &tables);
    let accept =
        gtk::Button::builder().label(tr("_Export…")).use_underline(true).css_classes(["suggested-action"]).build();
    let cancel = gtk::Button::builder().label(tr("_Cancel")).use_underline(true).build();
    let header = adw::HeaderBar::builder().show_end_title_buttons(false).show_start_title_buttons(false).build();
    header.pack_start(&cancel);
    header.pack_end(&accept);
    let content = gtk::Box::new(gtk::Orientation::Vertical, 0);
    content.append(&header);
    content.append(&form.page());
    let dialog = super::dialog(window, &tr("Export"), (520, 640), &content);
    dialog.set_default_widget(Some(&accept));
    GtkWindowExt::set_focus(&dialog, form.formats.first());
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
        let (format, wanted) = form.meant(&document, &tables);
        let (window, document) = (window.clone(), document.clone());
        glib::spawn_future_local(async move { write(&window, &document, format, wanted).await });
    });
    dialog.present();
}

impl Form {
    fn new(document: &Document, tables: &[String]) -> Form {
        // There is a selection only where something is selected; it stands last.
        let count = if document.selection().is_empty() { PARTS.len() - 1 } else { PARTS.len() };
        let part = adw::ComboRow::builder().title(tr("Part")).build();
        part.set_model(Some(&strings(PARTS[..count].iter().map(|part| tr(part.title)))));
        part.set_selected(if document.selection().is_empty() { 0 } else { count as u32 - 1 });
        let table = adw::ComboRow::builder().title(tr("Table")).build();
        table.set_model(Some(&strings([tr("All of them, as a folder")].into_iter().chain(tables.iter().cloned()))));
        let dark = gtk::Switch::builder().valign(gtk::Align::Center).build();
        let (least, most) = (f64::from(*WIDTHS.start()), f64::from(*WIDTHS.end()));
        let width = gtk::SpinButton::with_range(least, most, 100.0);
        width.set_value(WIDTH);
        width.set_valign(gtk::Align::Center);
        let picture = [
            row(&tr("Light on dark"), "", &dark, ActionRowExt::add_suffix),
            row(&tr("Width in pixels"), "", &width, ActionRowExt::add_suffix),
        ];
        let formats: Rc<[gtk::CheckButton]> = FORMATS.iter().map(|_| gtk::CheckButton::new()).collect();
        formats.iter().skip(1).for_each(|button| button.set_group(formats.first()));
        formats.iter().take(1).for_each(|button| button.set_active(true));
        Form { formats, part, table, dark, width, picture: picture.into() }
    }

    fn page(&self) -> adw::PreferencesPage {
        let what = adw::PreferencesGroup::builder().title(tr("What")).build();
        what.add(&self.part);
        what.add(&self.table);
        self.picture.iter().for_each(|row| what.add(row));
        let formats = adw::PreferencesGroup::builder().title(tr("Format")).build();
        for (format, button) in FORMATS.iter().zip(&*self.formats) {
            let form = self.clone();
            button.connect_toggled(move |_| form.fit());
            formats.add(&row(format.title, &sentence(&tr(format.about)), button, ActionRowExt::add_prefix));
        }
        let page = adw::PreferencesPage::builder().vexpand(true).build();
        page.add(&what);
        page.add(&formats);
        self.fit();
        page
    }

    fn chosen(&self) -> &'static Format {
        let at = self.formats.iter().position(|button| button.is_active());
        at.and_then(|at| FORMATS.get(at)).unwrap_or(&FORMATS[0])
    }

    /// Shows what the format has a use for.
    fn fit(&self) {
        let format = self.chosen();
        self.table.set_visible(format.table);
        self.picture.iter().for_each(|row| row.set_visible(format.picture));
    }

    /// What the rows mean.
    fn meant(&self, document: &Document, tables: &[String]) -> (&'static Format, Wanted) {
        let format = self.chosen();
        let range = PARTS.get(self.part.selected() as usize).and_then(|part| (part.range)(document));
        let begin = document.whole().begin;
        let table = (self.table.selected() as usize).checked_sub(1).and_then(|at| tables.get(at));
        let width = Some(self.width.value() as u32);
        let wanted = Wanted {
            from: range.map(|range| range.begin - begin),
            to: range.map(|range| range.end - begin),
            series: table.filter(|_| format.table).into_iter().cloned().collect(),
            look: Look { dark: self.dark.is_active(), width },
        };
        (format, wanted)
    }
}

/// A row that belongs to a widget, which stands before or behind its words.
fn row<W: IsA<gtk::Widget>>(title: &str, subtitle: &str, widget: &W, add: fn(&adw::ActionRow, &W)) -> adw::ActionRow {
    let row =
        adw::ActionRow::builder().title(plain(title)).subtitle(plain(subtitle)).activatable_widget(widget).build();
    add(&row, widget);
    accessible::name(widget, title);
    row
}

/// Words that begin a line.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

fn strings(all: impl IntoIterator<Item = String>) -> gtk::StringList {
    let list = gtk::StringList::new(&[]);
    all.into_iter().for_each(|text| list.append(&text));
    list
}

/// Asks where to, and writes.
async fn write(window: &Window, document: &Document, format: &'static Format, wanted: Wanted) {
    let title = PathBuf::from(document.title());
    let folder = format.table && wanted.series.is_empty();
    let name = match wanted.series.first() {
        Some(table) => title.with_extension(format!("{table}.{}", format.suffix)),
        // A folder has the name of what it holds.
        None if folder => title.with_extension("tables"),
        None => title.with_extension(format.suffix),
    };
    let asked = Asked {
        title: tr("Export"),
        accept: tr("_Export"),
        name: name.to_string_lossy().into_owned(),
        folder: file::beside(document.path()),
        ..Asked::default()
    };
    let Some(to) = file::to_write(window, asked).await else { return };
    let (path, at) = (document.path().to_owned(), to.clone());
    let title = tr("Exporting");
    let done = work(window, &title, move |progress| -> Result<bool> {
        let query = Query::open(&path)?;
        let rows = query.read("SELECT coalesce(sum(rows), 0) FROM main.chunk", [], |row| row.get::<_, u64>(0))?;
        let all = rows.first().copied().unwrap_or(0);
        let tick = |done| progress.tell(done, all);
        let reading = Reading::new(&query, &path, &wanted, &tick)?;
        export(format, &reading, &Target::Path(at))
    });
    let name = to.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match done.await {
        Some(Ok(true)) => window.toast(&tr_with("Exported to {name}", &[("name", &name)])),
        Some(Ok(false)) => {}
        Some(Err(error)) => window.complain(&tr("Cannot Export the Session"), &wording::error(&error)),
        None => window.complain(&tr("Cannot Export the Session"), &tr("The export failed unexpectedly")),
    }
}
