//! A table of typed rows: sorted by its heads, searched by the document's search, and only as costly as the rows that
//! are seen. [`rows`] has the rows, [`list`] makes them a model.
//!
//! Enter or a double click on a row goes to its place in the timeline. What is selected, or all that is shown where
//! nothing is, can be copied as text (Ctrl+C) and saved as CSV.

mod list;
mod rows;

use std::cell::{Cell as StdCell, OnceCell, RefCell};
use std::cmp::Ordering;
use std::rc::Rc;
use std::sync::Arc;

use adw::prelude::*;
use adw::subclass::prelude::*;
use gtk::{gdk, glib};

use super::accessible;
use super::save::{self, Saving};
use super::status;
use super::stop::one_stop;
use crate::link::away;
use crate::model::Document;
use crate::wording::{plain, tr, tr_with};
use list::List;

pub use rows::{Cell, Column, Kind, Row, Rows};

type Told = RefCell<Option<Rc<dyn Fn(&Row)>>>;

mod imp {
    use super::*;

    #[derive(Default)]
    pub struct Table {
        pub stack: gtk::Stack,
        pub view: OnceCell<gtk::ColumnView>,
        pub list: List,
        pub selection: OnceCell<gtk::MultiSelection>,
        pub document: glib::WeakRef<Document>,
        pub columns: OnceCell<Arc<[Column]>>,
        /// Every row, in the order in which they were given.
        pub all: RefCell<Arc<[Row]>>,
        pub name: OnceCell<String>,
        /// Why there is nothing, where nothing is.
        pub nothing: RefCell<(String, String)>,
        pub activated: Told,
        pub selected: Told,
        pub shown: RefCell<Option<Rc<dyn Fn()>>>,
        /// The column whose sorter was asked last.
        pub asked: Rc<StdCell<usize>>,
        /// Answers to older questions are dropped.
        pub turn: StdCell<u64>,
        /// Whether rows were given, though none.
        pub given: StdCell<bool>,
        /// While rows are changed by the program, their selection is nobody's.
        pub quiet: StdCell<bool>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Table {
        const NAME: &'static str = "PerfkitTable";
        type Type = super::Table;
        type ParentType = adw::Bin;
    }

    impl ObjectImpl for Table {}
    impl WidgetImpl for Table {}
    impl BinImpl for Table {}
}

glib::wrapper! {
    /// The table, see the module.
    pub struct Table(ObjectSubclass<imp::Table>)
        @extends gtk::Widget, adw::Bin,
        @implements gtk::Buildable, gtk::ConstraintTarget;
}

impl Table {
    /// A table without rows. `name` is what it has, in the user's language: for those who hear it, and for file names.
    pub fn new(document: &Document, name: &str, columns: Vec<Column>) -> Table {
        let table = Table::alone(name, columns);
        table.imp().document.set(Some(document));
        document.watch(&table, &["search"], |table, _| table.arrange());
        table
    }

    /// The same of no session: it is not searched, and its rows lead nowhere.
    pub fn alone(name: &str, columns: Vec<Column>) -> Table {
        let table: Table = glib::Object::new();
        let imp = table.imp();
        let selection = gtk::MultiSelection::new(Some(imp.list.clone()));
        let view = gtk::ColumnView::builder()
            .model(&selection)
            .show_row_separators(false)
            .show_column_separators(false)
            .css_classes(["data-table", "perfkit-table"])
            .build();
        accessible::name(&view, name);
        // The list of the rows is in it, behind the heads of its columns.
        view.last_child().iter().for_each(one_stop);
        for (at, column) in columns.iter().enumerate() {
            let last = !columns[at + 1..].iter().any(|column| !column.kind.is_number());
            view.append_column(&table.column(at, column, last && !column.kind.is_number()));
        }
        heads(&view, &columns);
        let scrolled = gtk::ScrolledWindow::builder().child(&view).vexpand(true).hexpand(true).build();
        imp.stack.add_named(&status::waiting(), Some("waiting"));
        imp.stack.add_named(&scrolled, Some("rows"));
        imp.stack.add_named(&adw::Bin::new(), Some("nothing"));
        accessible::only_shown(&imp.stack);
        table.set_child(Some(&imp.stack));
        // They are set once, here.
        let _ = (imp.name.set(name.to_owned()), imp.columns.set(columns.into()));
        let _ = (imp.view.set(view), imp.selection.set(selection));
        table.set_nothing(&tr("Nothing here"), "");
        table.connect();
        table
    }

    fn connect(&self) {
        let imp = self.imp();
        let (Some(view), Some(selection)) = (imp.view.get(), imp.selection.get()) else { return };
        let table = self.downgrade();
        view.connect_activate(move |_, at| {
            if let Some(table) = table.upgrade() {
                table.activated(at);
            }
        });
        let table = self.downgrade();
        selection.connect_selection_changed(move |selection, _, _| {
            let Some(table) = table.upgrade().filter(|table| !table.imp().quiet.get()) else { return };
            let chosen = selection.selection();
            let told = table.imp().selected.borrow().clone();
            if let (1, Some(told), Some(row)) = (chosen.size(), told, table.row(chosen.minimum())) {
                told(&row);
            }
        });
        let table = self.downgrade();
        if let Some(sorter) = view.sorter() {
            sorter.connect_changed(move |_, _| {
                if let Some(table) = table.upgrade() {
                    table.arrange();
                }
            });
        }
        let keys = gtk::EventControllerKey::new();
        let table = self.downgrade();
        keys.connect_key_pressed(move |_, key, _, state| {
            let copies = key == gdk::Key::c && state.contains(gdk::ModifierType::CONTROL_MASK);
            match table.upgrade().filter(|_| copies) {
                Some(table) => {
                    table.copy();
                    glib::Propagation::Stop
                }
                None => glib::Propagation::Proceed,
            }
        });
        view.add_controller(keys);
    }

    /// Shows rows in place of those before. What was selected is not any more.
    pub fn set_rows(&self, rows: Vec<Row>) {
        self.imp().all.replace(rows.into());
        self.imp().given.set(true);
        self.arrange();
    }

    /// Sorts by a column, as a click on its head does.
    pub fn sort_by(&self, column: usize, order: gtk::SortType) {
        if let Some(view) = self.imp().view.get() {
            let column = view.columns().item(column as u32).and_downcast::<gtk::ColumnViewColumn>();
            view.sort_by_column(column.as_ref(), order);
        }
    }

    /// Leaves out columns in which no row has anything.
    pub fn hide_empty_columns(&self) {
        let (Some(view), all) = (self.imp().view.get(), self.imp().all.borrow()) else { return };
        let columns = view.columns();
        for at in 0..columns.n_items() {
            let filled = all.iter().any(|row| row.cells.get(at as usize).is_some_and(|cell| *cell != Cell::None));
            if let Some(column) = columns.item(at).and_downcast::<gtk::ColumnViewColumn>() {
                column.set_visible(filled || all.is_empty());
            }
        }
    }

    /// What it says where there are no rows: what is missing, and what to do about it.
    pub fn set_nothing(&self, title: &str, why: &str) {
        self.imp().nothing.replace((title.to_owned(), why.to_owned()));
    }

    /// Called with a row that was activated, in place of going to its place in the timeline.
    pub fn connect_activated(&self, told: impl Fn(&Row) + 'static) {
        self.imp().activated.replace(Some(Rc::new(told)));
    }

    /// Called with the row that was selected, where it is the only one.
    pub fn connect_selected(&self, told: impl Fn(&Row) + 'static) {
        self.imp().selected.replace(Some(Rc::new(told)));
    }

    /// Called when there are other rows, or they are in another order.
    pub fn connect_shown(&self, told: impl Fn() + 'static) {
        self.imp().shown.replace(Some(Rc::new(told)));
    }

    /// Selects the shown row for which `key` is greatest, and scrolls to it; rows without a key are out of it. Whoever
    /// follows the selection is not told.
    pub fn select_best(&self, key: impl Fn(&Row) -> Option<i64>) {
        let imp = self.imp();
        let rows = imp.list.rows();
        let (Some(view), Some(selection)) = (imp.view.get(), imp.selection.get()) else { return };
        let keys = (0..rows.order.len()).filter_map(|at| Some((rows.row(at).and_then(&key)?, at)));
        let Some((_, at)) = keys.max_by_key(|&(key, _)| key) else { return };
        if selection.is_selected(at as u32) {
            return;
        }
        imp.quiet.set(true);
        selection.select_item(at as u32, true);
        imp.quiet.set(false);
        // The list inside of the view has the action that scrolls.
        if let Some(list) = view.last_child() {
            // Without rows on the screen there is nothing to scroll.
            let _ = WidgetExt::activate_action(&list, "list.scroll-to-item", Some(&(at as u32).to_variant()));
        }
    }

    /// A cell of a row in words.
    pub fn words(&self, row: &Row, column: usize) -> String {
        self.imp().list.rows().words(row, column)
    }

    /// The rows that are shown, in their order.
    pub fn shown(&self) -> Rows {
        self.imp().list.rows()
    }

    /// Other rows with its columns, for whoever gives them away without showing them.
    pub fn with(&self, rows: Vec<Row>) -> Rows {
        Rows::new(self.imp().columns.get().map_or_else(Arc::default, Arc::clone), rows)
    }

    /// All of its rows that have all words of a text.
    pub fn matching(&self, text: &str) -> Rows {
        let columns = self.imp().columns.get().cloned().unwrap_or_default();
        Rows::new(columns, Arc::clone(&self.imp().all.borrow())).arranged(text, None)
    }

    /// Those that are selected, or all that are shown where none are.
    pub fn chosen(&self) -> Rows {
        let rows = self.shown();
        let chosen = self.imp().selection.get().map(|selection| selection.selection()).filter(|set| !set.is_empty());
        match chosen {
            Some(set) => rows.picked(
                gtk::BitsetIter::init_first(&set)
                    .into_iter()
                    .flat_map(|(rest, first)| std::iter::once(first).chain(rest)),
            ),
            None => rows,
        }
    }

    /// What it can give away: itself as CSV, what is chosen as text.
    pub fn saving(&self) -> Saving {
        let name = self.imp().name.get().map_or("", String::as_str);
        self.give(Saving::new(name))
    }

    /// Adds that to something else, such as the graph of the same numbers.
    pub fn give(&self, saving: Saving) -> Saving {
        let (table, of) = (self.downgrade(), self.downgrade());
        saving
            .table(move || table.upgrade().map_or(Rows::default(), |table| table.shown()))
            .text(move || of.upgrade().map_or(String::new(), |table| table.chosen().text()))
    }

    /// The session that it is about.
    pub fn document(&self) -> Option<Document> {
        self.imp().document.upgrade()
    }

    fn copy(&self) {
        let text = self.chosen().text();
        match self.imp().document.upgrade() {
            Some(document) => save::copy_text(self.upcast_ref(), &document, &text),
            None => self.clipboard().set_text(&text),
        }
    }

    fn row(&self, at: u32) -> Option<Row> {
        self.imp().list.rows().row(at as usize).cloned()
    }

    fn activated(&self, at: u32) {
        let Some(row) = self.row(at) else { return };
        let told = self.imp().activated.borrow().clone();
        match (told, self.imp().document.upgrade(), row.place) {
            (Some(told), ..) => told(&row),
            (None, Some(document), Some(place)) => document.go("timeline", place),
            _ => {}
        }
    }

    /// Sorts and filters on another thread, and shows what comes of it unless it is outdated by then.
    fn arrange(&self) {
        let imp = self.imp();
        let turn = imp.turn.get() + 1;
        imp.turn.set(turn);
        let Some(columns) = imp.columns.get().cloned() else { return };
        let rows = Rows::new(columns, Arc::clone(&imp.all.borrow()));
        let search = imp.document.upgrade().map_or(String::new(), |document| document.search());
        let sort = self.sorted_by();
        let table = self.downgrade();
        glib::spawn_future_local(async move {
            let sought = search.clone();
            let arranged = away(move || rows.arranged(&sought, sort)).await;
            let Some(table) = table.upgrade().filter(|table| table.imp().turn.get() == turn) else { return };
            table.show(arranged.unwrap_or_default(), &search);
        });
    }

    fn show(&self, rows: Rows, search: &str) {
        let imp = self.imp();
        let (any, all) = (!rows.order.is_empty(), rows.all.len());
        if !imp.given.get() {
            return;
        }
        imp.quiet.set(true);
        imp.list.set_rows(rows);
        imp.quiet.set(false);
        if any {
            imp.stack.set_visible_child_name("rows");
            let told = imp.shown.borrow().clone();
            if let Some(told) = told {
                // The rows have no places yet, to which one could scroll.
                glib::idle_add_local_once(move || told());
            }
            return;
        }
        let page = match all {
            0 => {
                let (title, why) = &*imp.nothing.borrow();
                status::nothing("edit-find-symbolic", title, why)
            }
            _ => {
                let title = tr_with("Nothing matches “{text}”", &[("text", search)]);
                status::nothing("edit-find-symbolic", &plain(&title), &tr("Search for something else"))
            }
        };
        page.add_css_class("compact");
        if let Some(bin) = imp.stack.child_by_name("nothing").and_downcast::<adw::Bin>() {
            bin.set_child(Some(&page));
        }
        imp.stack.set_visible_child_name("nothing");
    }

    /// By which column the heads say that it is sorted, and whether downwards. GTK 4.8 does not tell; but its sorter
    /// asks that of the column first, and turns the answer around where it goes downwards.
    fn sorted_by(&self) -> Option<(usize, bool)> {
        let imp = self.imp();
        imp.asked.set(usize::MAX);
        let (one, other) = (glib::BoxedAnyObject::new(0u32), glib::BoxedAnyObject::new(1u32));
        let order = imp.view.get()?.sorter()?.compare(&one, &other);
        let asked = imp.asked.get();
        (asked != usize::MAX).then_some((asked, order == gtk::Ordering::Larger))
    }

    fn column(&self, at: usize, column: &Column, wide: bool) -> gtk::ColumnViewColumn {
        let number = column.kind.is_number();
        let factory = gtk::SignalListItemFactory::new();
        let width = column.width;
        factory.connect_setup(move |_, item| {
            let Some(item) = item.downcast_ref::<gtk::ListItem>() else { return };
            let label = gtk::Label::builder()
                .xalign(if number { 1.0 } else { 0.0 })
                .ellipsize(if number { pango::EllipsizeMode::None } else { pango::EllipsizeMode::End })
                .width_chars(width)
                .single_line_mode(true)
                .build();
            if number {
                label.add_css_class("numeric");
            }
            item.set_child(Some(&label));
        });
        let list = self.imp().list.clone();
        factory.connect_bind(move |_, item| {
            let Some(item) = item.downcast_ref::<gtk::ListItem>() else { return };
            let place = item.item().and_then(|item| list::place(&item));
            let (Some(label), Some(place)) = (item.child().and_downcast::<gtk::Label>(), place) else { return };
            let (words, style) = list.words(place, at);
            label.set_label(&words);
            // Each change of a tooltip asks the display where the pointer is.
            let tip = (!number && words.len() > 40).then_some(words.as_str());
            if label.tooltip_text().as_deref() != tip {
                label.set_tooltip_text(tip);
            }
            if number {
                label.set_css_classes(&["numeric", style]);
            } else {
                label.set_css_classes(&[style]);
            }
        });
        let asked = Rc::clone(&self.imp().asked);
        let sorter = gtk::CustomSorter::new(move |_, _| {
            asked.set(at);
            Ordering::Less.into()
        });
        gtk::ColumnViewColumn::builder()
            .title(&column.title)
            .factory(&factory)
            .sorter(&sorter)
            .resizable(true)
            .expand(wide)
            .build()
    }
}

/// Heads of numbers stand on the numbers' side. GTK has no property for that: a head's title is the first widget in it.
fn heads(view: &gtk::ColumnView, columns: &[Column]) {
    let heads = view.first_child().and_then(|row| row.first_child());
    let heads = std::iter::successors(heads, gtk::Widget::next_sibling);
    for (head, _) in heads.zip(columns).filter(|(_, column)| column.kind.is_number()) {
        if let Some(title) = head.first_child() {
            title.set_halign(gtk::Align::End);
        }
    }
}
