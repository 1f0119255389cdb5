//! Counters: each as a line graph over the visible range, those that were chosen from the tree of their names.

mod choice;
pub(super) mod read;

use std::cell::{Cell as StdCell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use adw::prelude::*;
use perfkit_agent::Result;

use super::fill;
use super::follow::{Follow, Over, Wanted};
use crate::draw::counters::{self as drawing, Lane, View};
use crate::draw::timeline::ruler;
use crate::link::Reader;
use crate::model::{Document, Range};
use crate::widgets::beside::Beside;
use crate::widgets::graph::{self, Graph};
use crate::widgets::moments;
use crate::widgets::save::Saving;
use crate::widgets::table::{Cell, Column, Kind, Row, Rows, Table};
use crate::widgets::{accessible, as_table, bar, status};
use crate::wording::{tr, tr_many};
use choice::{Choice, Item};
use read::Counter;

/// Narrower than this, in pixels, the tree is below the graphs.
const NARROW: i32 = 700;
/// The graphs' share of the room.
const SHARE: f64 = 0.76;
/// The narrowest that a graph is of use, in pixels.
const NARROWEST: f64 = 260.0;
/// Columns that are asked for before it is known how wide the graphs are.
const COLUMNS: usize = 1_000;

/// What is asked for.
struct Asked {
    counters: Vec<(usize, Counter)>,
    columns: usize,
}

pub fn make(document: &Document) -> gtk::Widget {
    let bin = adw::Bin::builder().child(&status::waiting()).build();
    let (of, document) = (document.clone(), document.clone());
    let whole = document.whole();
    let list = async move { of.ask_slowly(move |reader| read::list(reader, whole)).await };
    fill(&bin, list, move |bin, answer| match answer {
        Some(Ok(counters)) if counters.is_empty() => bin.set_child(Some(&status::nothing(
            "power-profile-performance-symbolic",
            "No Counters",
            &tr("Record with the source proc to see processor, memory and files over time, or with counters, statsd \
                 or openmetrics to see what the program counts itself"),
        ))),
        Some(Ok(counters)) => bin.set_child(Some(&Page::new(&document, counters).root)),
        Some(Err(error)) => bin.set_child(Some(&status::trouble("Cannot Read the Counters", &error.to_string()))),
        None => bin.set_child(Some(&status::trouble("Cannot Read the Counters", ""))),
    });
    bin.upcast()
}

/// What the drawings show.
#[derive(Default)]
struct Shown {
    lanes: RefCell<Rc<Vec<Lane>>>,
    pointer: StdCell<Option<i64>>,
}

struct Page {
    root: gtk::Box,
    graph: Graph,
    ruler: Graph,
    table: Table,
    /// What stands in the graphs' place: "graph", "table", "none".
    stack: gtk::Stack,
    as_table: gtk::ToggleButton,
    choice: Rc<Choice>,
    counters: Vec<Counter>,
    shown: Rc<Shown>,
    asked: Arc<Mutex<Asked>>,
    follow: OnceCell<Rc<Follow>>,
    document: Document,
}

fn view(document: &Document, shown: &Shown) -> View {
    View {
        visible: document.visible(),
        selection: document.selection(),
        cursor: document.cursor(),
        pointer: shown.pointer.get(),
    }
}

impl Page {
    fn new(document: &Document, counters: Vec<Counter>) -> Rc<Page> {
        let item =
            |counter: &Counter| Item { name: counter.name.clone(), of: counter.of.clone(), doc: counter.doc.clone() };
        let first = (0..counters.len()).filter(|&at| counters[at].shown).collect();
        let choice = Choice::new(counters.iter().map(item).collect(), first);
        let shown: Rc<Shown> = Rc::default();
        let origin = document.whole().begin;
        let (of, drawn) = (document.clone(), Rc::clone(&shown));
        let ruler = Graph::new(&tr("time"), (NARROWEST, ruler::HEIGHT), move |ctx, palette, width, height| {
            drawing::draw_ruler(ctx, palette, &view(&of, &drawn), origin, width, height)
        });
        ruler.set_focusable(false);
        let scrolled = gtk::ScrolledWindow::builder().vexpand(true).hexpand(true).build();
        scrolled.set_policy(gtk::PolicyType::Never, gtk::PolicyType::Automatic);
        let (of, drawn, seen) = (document.clone(), Rc::clone(&shown), scrolled.downgrade());
        let graph = Graph::new(&tr("counters"), (NARROWEST, drawing::LANE), move |ctx, palette, width, _| {
            // On the screen only what is seen is drawn.
            let Some(seen) = seen.upgrade() else { return Ok(()) };
            let (scale, seen) = (graph::scale(&seen), seen.vadjustment());
            let rows = (seen.value() / scale, (seen.value() + seen.page_size()) / scale);
            drawing::draw(ctx, palette, &drawn.lanes.borrow(), &view(&of, &drawn), origin, width, rows)
        });
        graph.set_valign(gtk::Align::Start);
        scrolled.set_child(Some(&gtk::Viewport::builder().child(&graph).scroll_to_focus(false).build()));
        let page = Rc::new(Page {
            root: gtk::Box::builder().orientation(gtk::Orientation::Vertical).build(),
            graph,
            ruler,
            table: table(document),
            stack: gtk::Stack::new(),
            as_table: as_table::button(),
            choice,
            counters,
            shown,
            asked: Arc::new(Mutex::new(Asked { counters: Vec::new(), columns: COLUMNS })),
            follow: OnceCell::new(),
            document: document.clone(),
        });
        page.build(&scrolled);
        page.take_input();
        page.connect(&scrolled);
        page
    }

    fn build(&self, scrolled: &gtk::ScrolledWindow) {
        let graphs = gtk::Box::builder().orientation(gtk::Orientation::Vertical).build();
        graphs.append(&self.ruler);
        graphs.append(scrolled);
        let none = status::nothing(
            "power-profile-performance-symbolic",
            "No Counter Is Chosen",
            &tr("Check those that you want to see in the tree"),
        );
        accessible::only_shown(&self.stack);
        self.stack.add_named(&graphs, Some("graph"));
        self.stack.add_named(&self.table, Some("table"));
        self.stack.add_named(&none, Some("none"));
        let bar = bar::bar(&self.document);
        bar.append(&self.as_table);
        bar.append(&self.saving().button(&self.document));
        let beside = Beside::new(&self.stack, &self.choice.root, NARROW, SHARE);
        beside.set_vexpand(true);
        self.root.append(&bar);
        self.root.append(&gtk::Separator::new(gtk::Orientation::Horizontal));
        self.root.append(&beside);
    }

    /// All graphs with their ruler as one picture, and the table.
    fn saving(&self) -> Saving {
        let (weak, shown, of) = (self.graph.downgrade(), Rc::clone(&self.shown), self.document.clone());
        let lanes = Rc::clone(&self.shown);
        let size = move || {
            let width = weak.upgrade().map_or(0.0, |graph| graph.extent().0);
            (width, drawing::height(lanes.lanes.borrow().len()) + ruler::HEIGHT)
        };
        let given = |seen: fn(&Table) -> Rows| {
            let (table, shown, of) = (self.table.downgrade(), Rc::clone(&self.shown), self.document.clone());
            move || match table.upgrade() {
                Some(table) if table.is_mapped() => seen(&table),
                Some(table) => table.with(rows(&shown.lanes.borrow(), of.cursor(), of.visible())),
                None => Rows::default(),
            }
        };
        let (all, chosen) = (given(Table::shown), given(Table::chosen));
        let saving = Saving::new(&tr("counters")).table(all).text(move || chosen().text());
        saving.picture(size, move |ctx, width, height| {
            let (palette, origin) = (graph::palette(), of.whole().begin);
            let view = View { pointer: None, ..view(&of, &shown) };
            gdkrecord::draw::fill(ctx, gdkrecord::draw::Area::new(0.0, 0.0, width, height), palette.background)?;
            drawing::draw_ruler(ctx, palette, &view, origin, width, ruler::HEIGHT)?;
            ctx.translate(0.0, ruler::HEIGHT);
            drawing::draw(ctx, palette, &shown.lanes.borrow(), &view, origin, width, (0.0, height))
        })
    }

    fn take_input(self: &Rc<Self>) {
        let of = self.document.clone();
        let moment = move |x: f64, width: f64| drawing::moment(of.visible(), x, width);
        let page = Rc::downgrade(self);
        moments::follow(&self.graph, &self.document, moment, move |time| {
            let Some(page) = page.upgrade() else { return };
            page.shown.pointer.set(time);
            page.graph.queue_draw();
            page.ruler.queue_draw();
        });
    }

    fn connect(self: &Rc<Self>, scrolled: &gtk::ScrolledWindow) {
        let document = self.document.clone();
        self.graph.follow_view(&scrolled.vadjustment());
        let page = Rc::downgrade(self);
        document.watch(&self.root, &["visible", "selection", "cursor"], move |_, _| {
            if let Some(page) = page.upgrade() {
                page.graph.queue_draw();
                page.ruler.queue_draw();
                page.tell();
            }
        });
        let page = Rc::downgrade(self);
        document.watch(&self.root, &["search"], move |_, document| {
            if let Some(page) = page.upgrade() {
                page.choice.filter(&document.search());
            }
        });
        let page = Rc::downgrade(self);
        self.as_table.connect_toggled(move |_| {
            if let Some(page) = page.upgrade() {
                page.tell();
            }
        });
        self.choose();
        let (asked, whole) = (Arc::clone(&self.asked), document.whole());
        let job = move |reader: &mut Reader, range: Range, wanted: &Wanted| -> Result<Vec<Lane>> {
            let asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
            let (counters, columns) = (asked.counters.clone(), asked.columns);
            drop(asked);
            read::lanes(reader, &counters, range, whole, columns, wanted)
        };
        // The widget keeps the page.
        let page = Rc::clone(self);
        let follow = Follow::new(&self.root, &document, Over::Visible, job, move |_, lanes| match lanes {
            Ok(lanes) => page.show(lanes),
            Err(error) => page.document.tell(&error.to_string()),
        });
        let changed = {
            let (page, follow) = (Rc::downgrade(self), Rc::downgrade(&follow));
            move || {
                if let (Some(page), Some(follow)) = (page.upgrade(), follow.upgrade()) {
                    page.choose();
                    follow.changed();
                }
            }
        };
        self.choice.connect_changed(changed);
        // It is set once, here.
        let _ = self.follow.set(follow);
    }

    /// Says what is asked for from now on.
    fn choose(&self) {
        let chosen = self.choice.chosen().into_iter();
        let counters = chosen.filter_map(|at| Some((at, self.counters.get(at)?.clone()))).collect();
        let width = self.graph.extent().0;
        let columns = if width > drawing::LEFT { (width - drawing::LEFT) as usize } else { COLUMNS };
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Asked { counters, columns };
    }

    fn show(&self, lanes: Vec<Lane>) {
        self.graph.set_least(NARROWEST, drawing::height(lanes.len()).max(drawing::LANE));
        self.shown.lanes.replace(Rc::new(lanes));
        self.graph.queue_draw();
        self.tell();
    }

    /// Puts the same into words: a table where that is shown, and what is heard.
    fn tell(&self) {
        let as_table = self.as_table.is_active();
        let nothing = self.choice.chosen().is_empty();
        self.stack.set_visible_child_name(match (as_table, nothing) {
            (true, _) => "table",
            (false, true) => "none",
            (false, false) => "graph",
        });
        if as_table {
            let lanes = self.shown.lanes.borrow().clone();
            self.table.set_rows(rows(&lanes, self.document.cursor(), self.document.visible()));
        }
        // While time runs nobody could listen to all that.
        if !self.document.playing() {
            let (lanes, cursor) = (self.shown.lanes.borrow().clone(), self.document.cursor());
            let said = |lane: &Lane| Some(format!("{} {}", lane.name, lane.words(lane.at(cursor)?)));
            let values: Vec<String> = lanes.iter().filter_map(said).collect();
            let head = tr_many("{} counter", "{} counters", lanes.len() as u64);
            accessible::value(&self.graph, &format!("{head}: {}", values.join(", ")));
        }
    }
}

/// What counters are at a moment, and in a stretch.
fn rows(lanes: &[Lane], cursor: i64, visible: Range) -> Vec<Row> {
    let row = |lane: &Lane| {
        let said = |value: f64| match value.is_finite() {
            true => Cell::Said(value, lane.words(value).into()),
            false => Cell::None,
        };
        let all = || lane.within(visible);
        let count = all().count();
        let mean = if count > 0 { all().map(|point| point.mean).sum::<f64>() / count as f64 } else { f64::NAN };
        Row::new([
            Cell::text(&lane.name),
            Cell::text(&lane.of),
            lane.at(cursor).map_or(Cell::None, said),
            said(all().map(|point| point.min).fold(f64::INFINITY, f64::min)),
            said(mean),
            said(all().map(|point| point.max).fold(f64::NEG_INFINITY, f64::max)),
        ])
    };
    lanes.iter().map(row).collect()
}

fn table(document: &Document) -> Table {
    let table = Table::new(
        document,
        &tr("counters"),
        vec![
            Column::new(tr("Counter"), Kind::Text).wide(20),
            Column::new(tr("Of"), Kind::Text).wide(10),
            Column::new(tr("At the Cursor"), Kind::Count).wide(9),
            Column::new(tr("Least"), Kind::Count).wide(9),
            Column::new(tr("Mean"), Kind::Count).wide(9),
            Column::new(tr("Most"), Kind::Count).wide(9),
        ],
    );
    table.set_nothing(&tr("No Counter Is Chosen"), &tr("Check some in the tree beside"));
    table
}
