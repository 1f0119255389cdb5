//! Calls: where time was spent by call stacks, as a flame graph, and beside it functions, who called them and what
//! they called, system calls and library calls.

pub(super) mod totals;

use std::cell::{Cell as StdCell, RefCell};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use adw::prelude::*;
use gdkrecord::units;
use gtk::glib;
use perfkit_agent::Result;

use super::follow::{Follow, Over, Wanted};
use crate::link::Reader;
use crate::model::calltree::{self, Sampled, Stacks, Tree};
use crate::model::{Document, Range};
use crate::widgets::beside::Beside;
use crate::widgets::flame::Flame;
use crate::widgets::line::Lines;
use crate::widgets::table::{Cell, Column, Kind, Row, Rows, Table};
use crate::widgets::{accessible, bar, status};
use crate::wording::{tr, tr_with};
use totals::{CALLS, SYSCALLS};

/// Narrower than this, in pixels, the tables are below the graph.
const NARROW: i32 = 900;
/// The graph's share of the room.
const SHARE: f64 = 0.56;

/// The names of the tabs.
const TABS: [&str; 4] = ["functions", "around", "syscalls", "calls"];

/// What is asked for.
#[derive(Clone, Copy, Debug, Default)]
struct Options {
    /// Which of what is sampled.
    which: usize,
    /// From the innermost functions out.
    inverted: bool,
}

/// What does not change while a session is read.
struct Known {
    sampled: Vec<Sampled>,
    stacks: Stacks,
}

/// What the jobs share.
#[derive(Default)]
struct Shared {
    options: Mutex<Options>,
    known: Mutex<Option<Arc<Known>>>,
}

/// What is told of a stretch.
struct Answer {
    known: Arc<Known>,
    which: usize,
    tree: Arc<Tree>,
    functions: Vec<Row>,
    syscalls: Vec<Row>,
    calls: Vec<Row>,
}

pub fn make(document: &Document) -> gtk::Widget {
    let page = Page::new(document);
    page.connect(document);
    page.root.clone().upcast()
}

struct Page {
    root: gtk::Box,
    flame: Flame,
    graph: gtk::Stack,
    what: gtk::DropDown,
    kinds: gtk::StringList,
    invert: gtk::ToggleButton,
    whole: gtk::Button,
    found: gtk::Label,
    tabs: gtk::Stack,
    functions: Table,
    callers: Table,
    callees: Table,
    of: gtk::Label,
    syscalls: Table,
    calls: Table,
    tree: RefCell<Arc<Tree>>,
    is_time: StdCell<bool>,
    shared: Arc<Shared>,
}

/// A weight as a cell: a time, or how many events.
fn weight(is_time: bool, weight: i64) -> Cell {
    // Whole numbers of such a column are times; others are said as they are.
    if is_time { Cell::Int(weight) } else { Cell::Real(weight as f64) }
}

impl Page {
    fn new(document: &Document) -> Rc<Page> {
        let flame = Flame::new();
        let graph = gtk::Stack::new();
        accessible::only_shown(&graph);
        graph.add_named(&status::waiting(), Some("waiting"));
        graph.add_named(&flame.root, Some("graph"));
        graph.add_named(&adw::Bin::new(), Some("nothing"));
        let kinds = gtk::StringList::new(&[]);
        let what = gtk::DropDown::builder().model(&kinds).visible(false).tooltip_text(tr("What was sampled")).build();
        accessible::name(&what, &tr("What was sampled"));
        let invert = gtk::ToggleButton::builder()
            .icon_name("object-flip-vertical-symbolic")
            .tooltip_text(tr("Begin with the Innermost Functions"))
            .build();
        accessible::name(&invert, &tr("Begin with the Innermost Functions"));
        let whole = gtk::Button::builder()
            .icon_name("zoom-fit-best-symbolic")
            .tooltip_text(tr("Zoom Out to All"))
            .visible(false)
            .build();
        accessible::name(&whole, &tr("Zoom Out to All"));
        let found = gtk::Label::builder().css_classes(["numeric", "accent"]).build();
        let functions = Table::new(
            document,
            &tr("functions"),
            vec![
                Column::new(tr("Function"), Kind::Text).wide(14),
                Column::new(tr("Itself"), Kind::Time),
                Column::new(tr("Share"), Kind::Share),
                Column::new(tr("In All"), Kind::Time),
                Column::new(tr("File"), Kind::Text).wide(10),
            ],
        );
        functions.sort_by(1, gtk::SortType::Descending);
        let around = |name: &str| {
            Table::new(
                document,
                name,
                vec![
                    Column::new(tr("Function"), Kind::Text).wide(14),
                    Column::new(tr("Weight"), Kind::Time),
                    Column::new(tr("Share"), Kind::Share),
                    Column::new(tr("File"), Kind::Text).wide(10),
                ],
            )
        };
        let (callers, callees) = (around(&tr("callers")), around(&tr("callees")));
        let syscalls = Table::new(document, &tr("system calls"), SYSCALLS.columns());
        syscalls.sort_by(SYSCALLS.time(), gtk::SortType::Descending);
        let calls = Table::new(document, &tr("library calls"), CALLS.columns());
        calls.sort_by(CALLS.time(), gtk::SortType::Descending);
        let page = Rc::new(Page {
            root: gtk::Box::builder().orientation(gtk::Orientation::Vertical).build(),
            flame,
            graph,
            what,
            kinds,
            invert,
            whole,
            found,
            tabs: gtk::Stack::builder().vexpand(true).build(),
            functions,
            callers,
            callees,
            of: gtk::Label::builder().xalign(0.0).wrap(true).css_classes(["heading"]).build(),
            syscalls,
            calls,
            tree: RefCell::default(),
            is_time: StdCell::new(true),
            shared: Arc::default(),
        });
        page.build(document);
        page
    }

    fn build(&self, document: &Document) {
        let bar = bar::bar(document);
        for widget in [
            self.found.upcast_ref::<gtk::Widget>(),
            self.what.upcast_ref(),
            self.whole.upcast_ref(),
            self.invert.upcast_ref(),
        ] {
            bar.append(widget);
        }
        let around = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(6).build();
        self.of.set_margin_start(9);
        self.of.set_margin_top(6);
        around.append(&self.of);
        for (title, table) in [(tr("Called By"), &self.callers), (tr("Calls"), &self.callees)] {
            let head = gtk::Label::builder().label(&title).xalign(0.0).margin_start(9).build();
            head.set_css_classes(&["dim-label", "caption-heading"]);
            around.append(&head);
            around.append(table);
        }
        self.around_nobody();
        accessible::only_shown(&self.tabs);
        self.tabs.add_titled(&self.functions, Some(TABS[0]), &tr("Functions"));
        self.tabs.add_titled(&around, Some(TABS[1]), &tr("Callers"));
        self.tabs.add_titled(&self.syscalls, Some(TABS[2]), &tr("System Calls"));
        self.tabs.add_titled(&self.calls, Some(TABS[3]), &tr("Library Calls"));
        let switcher = gtk::StackSwitcher::builder()
            .stack(&self.tabs)
            .halign(gtk::Align::Center)
            .css_classes(["perfkit-tabs"])
            .build();
        switcher.set_margin_top(6);
        switcher.set_margin_bottom(6);
        // Its tabs go on in a further line where they do not fit.
        switcher.set_layout_manager(Some(Lines::default()));
        let side = gtk::Box::builder().orientation(gtk::Orientation::Vertical).build();
        side.append(&switcher);
        side.append(&self.tabs);
        self.syscalls.set_nothing(
            &tr("No System Calls"),
            &tr("Record with the source strace, or with perf:syscalls at less cost, to see what the program asked of the kernel"),
        );
        self.calls.set_nothing(
            &tr("No Library Calls"),
            &tr("Record with the source ltrace or uftrace to see calls of functions, at some cost"),
        );
        // What is saved is the graph, and the table that is shown.
        let tables = [&self.functions, &self.callers, &self.syscalls, &self.calls].map(Table::downgrade);
        let tabs = self.tabs.downgrade();
        let shown = move || {
            let name = tabs.upgrade().and_then(|tabs| tabs.visible_child_name());
            let at = TABS.iter().position(|tab| name.as_deref() == Some(tab)).unwrap_or(0);
            tables.get(at).and_then(glib::WeakRef::upgrade)
        };
        let of = shown.clone();
        let saving = self
            .flame
            .saving()
            .table(move || shown().map_or(Rows::default(), |table| table.shown()))
            .text(move || of().map_or(String::new(), |table| table.chosen().text()));
        bar.append(&saving.button(document));
        let beside = Beside::new(&self.graph, &side, NARROW, SHARE);
        beside.set_vexpand(true);
        self.root.append(&bar);
        self.root.append(&gtk::Separator::new(gtk::Orientation::Horizontal));
        self.root.append(&beside);
    }

    fn connect(self: &Rc<Self>, document: &Document) {
        let page = Rc::downgrade(self);
        self.flame.connect_selected(move |node| {
            if let Some(page) = page.upgrade() {
                let function = page.tree.borrow().nodes.get(node as usize).filter(|_| node > 0).map(|at| at.function);
                function.into_iter().for_each(|function| page.around(function));
            }
        });
        let page = Rc::downgrade(self);
        self.flame.connect_zoomed(move |node| {
            if let Some(page) = page.upgrade() {
                page.whole.set_visible(node != 0);
            }
        });
        let flame = self.flame.clone();
        self.whole.connect_clicked(move |_| flame.zoom(0));
        for (table, shows) in [(&self.functions, true), (&self.callers, false), (&self.callees, false)] {
            let page = Rc::downgrade(self);
            let named = move |row: &Row| {
                let page = page.upgrade()?;
                let (name, file) = (row.cells.first()?, row.cells.last()?);
                let tree = page.tree.borrow().clone();
                let is = |cell: &Cell, text: &str| {
                    matches!(cell, Cell::Text(is) if **is == *text) || *cell == Cell::text(text)
                };
                let function = tree.functions.iter().position(|one| is(name, &one.name) && is(file, &one.module))?;
                Some((page, function as u32))
            };
            let of = named.clone();
            if shows {
                table.connect_selected(move |row| {
                    if let Some((page, function)) = of(row) {
                        page.around(function);
                    }
                });
            }
            table.connect_activated(move |row| {
                if let Some((page, function)) = named(row) {
                    page.around(function);
                    page.tabs.set_visible_child_name(TABS[1]);
                }
            });
        }
        document.watch(&self.root, &["search"], {
            let page = Rc::downgrade(self);
            move |_, document| {
                if let Some(page) = page.upgrade() {
                    page.search(&document.search());
                }
            }
        });
        let (shared, page, of) = (Arc::clone(&self.shared), Rc::clone(self), document.clone());
        let job = move |reader: &mut Reader, range: Range, wanted: &Wanted| read(reader, range, &shared, wanted);
        // The widget keeps the page.
        let follow = Follow::new(&self.root, document, Over::Chosen, job, move |_, answer| match answer {
            Ok(Some(answer)) => page.show(answer, &of),
            Ok(None) => {}
            Err(error) => {
                page.nothing(&tr("Cannot Read the Calls"), &error.to_string());
                for table in [&page.functions, &page.syscalls, &page.calls] {
                    table.set_rows(Vec::new());
                }
            }
        });
        let (shared, again) = (Arc::clone(&self.shared), Rc::downgrade(&follow));
        self.what.connect_selected_notify(move |what| {
            let which = what.selected() as usize;
            let before = std::mem::replace(&mut lock(&shared.options).which, which);
            if let Some(follow) = again.upgrade().filter(|_| before != which) {
                follow.changed();
            }
        });
        let (shared, again) = (Arc::clone(&self.shared), Rc::downgrade(&follow));
        self.invert.connect_toggled(move |button| {
            lock(&shared.options).inverted = button.is_active();
            if let Some(follow) = again.upgrade() {
                follow.changed();
            }
        });
    }

    fn show(&self, answer: Answer, document: &Document) {
        if self.kinds.n_items() == 0 && !answer.known.sampled.is_empty() {
            for sampled in &answer.known.sampled {
                let words = match sampled {
                    Sampled::On(event) if sampled.is_time() => {
                        tr_with("On the processor ({event})", &[("event", event)])
                    }
                    Sampled::On(event) => event.clone(),
                    Sampled::Off => tr("Off the processor"),
                };
                self.kinds.append(&words);
            }
            self.what.set_visible(answer.known.sampled.len() > 1);
        }
        let is_time = answer.known.sampled.get(answer.which).is_none_or(Sampled::is_time);
        self.is_time.set(is_time);
        self.tree.replace(Arc::clone(&answer.tree));
        self.flame.set_tree(answer.tree, is_time);
        match (answer.known.sampled.is_empty(), self.tree.borrow().nodes.len() < 2) {
            (true, _) => self.nothing(
                &tr("No Call Stacks"),
                &tr("Record with the source perf to see in which functions time was spent, and with perf:cpu+offcpu \
                     where it was waited"),
            ),
            (false, true) => {
                self.nothing(&tr("No Samples in This Stretch"), &tr("Zoom out to see more (Ctrl+0 shows everything)"))
            }
            (false, false) => self.graph.set_visible_child_name("graph"),
        }
        self.functions.set_nothing(&tr("No Functions Were Sampled"), "");
        // What there is comes first, where somebody has not chosen yet.
        if answer.functions.is_empty() && self.tabs.visible_child_name().as_deref() == Some(TABS[0]) {
            let there = [(TABS[2], &answer.syscalls), (TABS[3], &answer.calls)];
            if let Some((tab, _)) = there.iter().find(|(_, rows)| !rows.is_empty()) {
                self.tabs.set_visible_child_name(tab);
            }
        }
        self.functions.set_rows(answer.functions);
        self.syscalls.set_rows(answer.syscalls);
        self.calls.set_rows(answer.calls);
        self.around_nobody();
        self.search(&document.search());
    }

    fn nothing(&self, title: &str, why: &str) {
        if let Some(bin) = self.graph.child_by_name("nothing").and_downcast::<adw::Bin>() {
            let page = status::nothing("system-search-symbolic", title, why);
            page.add_css_class("compact");
            bin.set_child(Some(&page));
        }
        self.graph.set_visible_child_name("nothing");
    }

    fn search(&self, text: &str) {
        let share = self.flame.search(text);
        let words = share.map(|share| tr_with("{share} found", &[("share", &units::share(share))]));
        self.found.set_label(&words.unwrap_or_default());
    }

    fn around_nobody(&self) {
        self.of.set_label(&tr("Select a function in the graph or among the functions"));
        for table in [&self.callers, &self.callees] {
            table.set_nothing(&tr("None"), "");
            table.set_rows(Vec::new());
        }
    }

    /// Shows who called a function, and what it called.
    fn around(&self, function: u32) {
        let tree = self.tree.borrow().clone();
        let Some(named) = tree.functions.get(function as usize) else { return };
        self.of.set_label(&named.name);
        let total = tree.nodes.first().map_or(1, |root| root.total).max(1);
        let row = |&(at, ns): &(u32, i64)| {
            let function = &tree.functions[at as usize];
            Row::new([
                Cell::text(&function.name),
                weight(self.is_time.get(), ns),
                Cell::Real(ns as f64 / total as f64),
                Cell::text(&function.module),
            ])
        };
        let [callers, callees] = tree.around(function);
        self.callers.set_rows(callers.iter().map(row).collect());
        self.callees.set_rows(callees.iter().map(row).collect());
    }
}

/// What a thread that panicked left behind is as good as before.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read(reader: &mut Reader, range: Range, shared: &Shared, wanted: &Wanted) -> Result<Option<Answer>> {
    let query = &reader.query;
    let mut kept = lock(&shared.known);
    let known = match &*kept {
        Some(known) => Arc::clone(known),
        None => {
            let known = Known { sampled: calltree::sampled(query)?, stacks: Stacks::read(query)? };
            Arc::clone(kept.insert(Arc::new(known)))
        }
    };
    drop(kept);
    let Options { which, inverted } = *lock(&shared.options);
    let tree = match known.sampled.get(which) {
        Some(sampled) => Tree::read(query, &known.stacks, sampled, range, inverted, &|| wanted.still())?,
        None => Some(Tree::of(Arc::default(), std::iter::empty())),
    };
    let Some(tree) = tree else { return Ok(None) };
    let is_time = known.sampled.get(which).is_none_or(Sampled::is_time);
    let total = tree.nodes.first().map_or(1, |root| root.total).max(1) as f64;
    let functions = tree.sums().into_iter().filter_map(|(at, own, all)| {
        let function = tree.functions.get(at as usize).filter(|function| !function.thread)?;
        Some(Row::new([
            Cell::text(&function.name),
            weight(is_time, own),
            Cell::Real(own as f64 / total),
            weight(is_time, all),
            Cell::text(&function.module),
        ]))
    });
    let functions = functions.collect();
    let syscalls = SYSCALLS.rows(query, range, wanted)?;
    let calls = CALLS.rows(query, range, wanted)?;
    let answer = Answer { known, which, tree: Arc::new(tree), functions, syscalls, calls };
    Ok(wanted.still().then_some(answer))
}
