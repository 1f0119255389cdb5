//! Details: how and where a session was recorded, by what, what was lost, and what is in its file. What is long is
//! closed at first, and everything can be searched.

mod facts;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use adw::prelude::*;
use gtk::pango;

use super::fill;
use crate::model::Document;
use crate::widgets::save::Saving;
use crate::widgets::table::{Cell, Column, Kind, Row, Rows, Table};
use crate::widgets::{accessible, status};
use crate::wording::{plain, tr, tr_many, tr_with};
use facts::{Fact, Facts, Section};

/// The widest that lines stay readable, in pixels.
const WIDEST: i32 = 960;
/// The height of a table within the page, in pixels.
const TABLE: i32 = 320;

pub fn make(document: &Document) -> gtk::Widget {
    let bin = adw::Bin::builder().child(&status::waiting()).build();
    let (of, document) = (document.clone(), document.clone());
    let asked = async move {
        let (path, whole) = (of.path().to_string_lossy().into_owned(), of.whole());
        of.ask(move |reader| facts::read(reader, &path, whole)).await
    };
    fill(&bin, asked, move |bin, answer| match answer {
        Some(Ok(facts)) => bin.set_child(Some(&page(&document, facts))),
        Some(Err(error)) => bin.set_child(Some(&status::trouble("Cannot Read the Session", &error.to_string()))),
        None => bin.set_child(Some(&status::trouble("Cannot Read the Session", ""))),
    });
    bin.upcast()
}

/// What a search hides and shows.
#[derive(Default)]
struct Found {
    /// Rows with their words.
    rows: Vec<(gtk::ListBoxRow, String)>,
    /// Sections with their rows' places, and what opens them.
    groups: Vec<(gtk::Widget, std::ops::Range<usize>, Option<adw::ExpanderRow>)>,
}

impl Found {
    fn search(&self, text: &str) {
        let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        let fits = |about: &str| words.iter().all(|word| about.contains(word));
        for (row, about) in &self.rows {
            row.set_visible(fits(about));
        }
        for (group, rows, expander) in &self.groups {
            let any = self.rows[rows.clone()].iter().any(|(_, about)| fits(about));
            group.set_visible(any);
            if let Some(expander) = expander.as_ref().filter(|_| !words.is_empty()) {
                expander.set_expanded(any);
            }
        }
    }
}

fn page(document: &Document, facts: Facts) -> gtk::Box {
    let all = gtk::Box::builder()
        .orientation(gtk::Orientation::Vertical)
        .spacing(24)
        .margin_top(18)
        .margin_bottom(24)
        .margin_start(12)
        .margin_end(12)
        .build();
    let mut found = Found::default();
    for section in &facts.sections {
        all.append(&group(section, &mut found));
    }
    let modules = modules(document, &facts);
    let series = series(document, &facts);
    let count = tr_many("{} file with code", "{} files with code", facts.modules.len() as u64);
    all.append(&folded(&tr("Modules"), &count, &modules, document));
    let rows: i64 = facts.series.iter().map(|series| series.rows).sum();
    let count = tr_many("{} row", "{} rows", u64::try_from(rows).unwrap_or(0));
    all.append(&folded(&tr("Series"), &count, &series, document));
    let clamp = adw::Clamp::builder().maximum_size(WIDEST).tightening_threshold(700).child(&all).build();
    let scrolled = gtk::ScrolledWindow::builder().child(&clamp).vexpand(true).build();
    scrolled.set_policy(gtk::PolicyType::Never, gtk::PolicyType::Automatic);
    let head = gtk::Box::builder().css_classes(["toolbar", "perfkit-bar"]).build();
    let count = facts.sections.iter().map(|section| section.facts.len()).sum::<usize>();
    let words =
        gtk::Label::builder().label(tr_many("{} fact", "{} facts", count as u64)).xalign(0.0).hexpand(true).build();
    words.set_margin_start(6);
    words.set_css_classes(&["dim-label", "numeric"]);
    head.append(&words);
    head.append(&saving(facts.sections).button(document));
    let page = gtk::Box::builder().orientation(gtk::Orientation::Vertical).build();
    page.append(&head);
    page.append(&scrolled);
    let found = Rc::new(RefCell::new(found));
    document.watch(&page, &["search"], move |_, document| found.borrow().search(&document.search()));
    page
}

/// All facts as a table, for who wants them elsewhere.
fn saving(sections: Vec<Section>) -> Saving {
    let columns: Arc<[Column]> =
        [tr("Section"), tr("Fact"), tr("Value")].map(|title| Column::new(title, Kind::Text)).into();
    let row = |title: &str, fact: &Fact| Row::new([title, &fact.name, &fact.value].map(Cell::text));
    let rows = sections.iter().flat_map(|section| section.facts.iter().map(|fact| row(&section.title, fact)));
    let rows = Rows::new(columns, rows.collect::<Vec<_>>());
    let text = rows.text();
    Saving::new(&tr("details")).table(move || rows.clone()).text(move || text.clone())
}

fn list() -> gtk::ListBox {
    gtk::ListBox::builder()
        .selection_mode(gtk::SelectionMode::None)
        .css_classes(["boxed-list", "perfkit-facts"])
        .build()
}

/// A heading with a list below it, which is folded where the section is closed at first.
fn group(section: &Section, found: &mut Found) -> gtk::Widget {
    let begin = found.rows.len();
    let list = list();
    accessible::name(&list, &section.title);
    let mut add = |fact: &Fact| {
        let row = row(fact);
        found.rows.push((row.clone(), format!("{} {} {}", section.title, fact.name, fact.value).to_lowercase()));
        row
    };
    let (widget, expander) = match &section.closed {
        None => {
            section.facts.iter().for_each(|fact| list.append(&add(fact)));
            let group = adw::PreferencesGroup::builder().title(plain(&section.title)).build();
            group.add(&list);
            (group.upcast::<gtk::Widget>(), None)
        }
        Some(words) => {
            let expander = adw::ExpanderRow::builder().title(plain(&section.title)).subtitle(plain(words)).build();
            section.facts.iter().for_each(|fact| expander.add_row(&add(fact)));
            list.append(&expander);
            list.remove_css_class("perfkit-facts");
            (list.upcast(), Some(expander))
        }
    };
    found.groups.push((widget.clone(), begin..found.rows.len(), expander));
    widget
}

/// A name and its value, which breaks where it must.
fn row(fact: &Fact) -> gtk::ListBoxRow {
    let name = gtk::Label::builder()
        .label(&fact.name)
        .xalign(0.0)
        .yalign(0.0)
        .wrap(true)
        .wrap_mode(pango::WrapMode::WordChar)
        .width_chars(20)
        .max_width_chars(20)
        .css_classes(["dim-label"])
        .build();
    let value = gtk::Label::builder()
        .label(&fact.value)
        .xalign(0.0)
        .yalign(0.0)
        .hexpand(true)
        .wrap(true)
        .wrap_mode(pango::WrapMode::WordChar)
        .selectable(true)
        .build();
    if !fact.style.is_empty() {
        value.add_css_class(fact.style);
    }
    let line = gtk::Box::builder().spacing(12).build();
    line.append(&name);
    line.append(&value);
    let row = gtk::ListBoxRow::builder().child(&line).activatable(false).build();
    accessible::name(&row, &tr_with("{name}: {value}", &[("name", &fact.name), ("value", &fact.value)]));
    row
}

/// A table that is folded at first; a search opens it where it has something.
fn folded(title: &str, count: &str, table: &Table, document: &Document) -> gtk::ListBox {
    table.set_height_request(TABLE);
    let expander = adw::ExpanderRow::builder().title(plain(title)).subtitle(plain(count)).build();
    let button = table.saving().button(document);
    button.set_valign(gtk::Align::Center);
    expander.add_action(&button);
    let row = gtk::ListBoxRow::builder().child(table).activatable(false).focusable(false).build();
    expander.add_row(&row);
    let list = gtk::ListBox::builder().selection_mode(gtk::SelectionMode::None).css_classes(["boxed-list"]).build();
    accessible::name(&list, title);
    list.append(&expander);
    let weak = table.downgrade();
    document.watch(&expander, &["search"], move |expander, document| {
        let Some(table) = weak.upgrade() else { return };
        let search = document.search();
        if !search.is_empty() && !table.matching(&search).order.is_empty() {
            expander.set_expanded(true);
        }
    });
    list
}

fn modules(document: &Document, facts: &Facts) -> Table {
    let table = Table::new(
        document,
        &tr("modules"),
        vec![
            Column::new(tr("File"), Kind::Text).wide(24),
            Column::new(tr("Build ID"), Kind::Text).wide(16),
            Column::new(tr("Names"), Kind::Text).wide(10),
            Column::new(tr("Mapped"), Kind::Bytes),
            Column::new(tr("Process"), Kind::Count),
        ],
    );
    table.set_nothing(&tr("No Modules Were Recorded"), "");
    let row = |module: &facts::Module| {
        Row::new([
            Cell::text(&module.path),
            Cell::text(&module.build_id),
            Cell::text(&module.names),
            Cell::int(module.bytes),
            // A number that names something is not counted.
            module.pid.map_or(Cell::None, |pid| Cell::Said(pid as f64, pid.to_string().into())),
        ])
    };
    table.set_rows(facts.modules.iter().map(row).collect());
    table
}

fn series(document: &Document, facts: &Facts) -> Table {
    let table = Table::new(
        document,
        &tr("series"),
        vec![
            Column::new(tr("Series"), Kind::Text).wide(16),
            Column::new(tr("Rows"), Kind::Count),
            Column::new(tr("In the File"), Kind::Bytes),
            Column::new(tr("First"), Kind::Moment),
            Column::new(tr("What a Row Is"), Kind::Text).wide(20),
        ],
    );
    table.set_nothing(&tr("Nothing Was Recorded"), "");
    let origin = document.whole().begin;
    let row = |series: &facts::Rows| {
        let row = Row::new([
            Cell::text(&series.name),
            Cell::Int(series.rows),
            Cell::Int(series.bytes),
            Cell::int(series.place.map(|place| place.begin - origin)),
            Cell::text(&series.doc),
        ]);
        match series.place {
            Some(place) => row.at(place),
            None => row,
        }
    };
    table.set_rows(facts.series.iter().map(row).collect());
    table
}
