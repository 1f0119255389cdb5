//! A server's history as cards: graphs that follow a moment and a stretch, and tables of figures beside them.

use std::cell::{Cell as StdCell, RefCell};
use std::rc::Rc;

use adw::prelude::*;
use gdkrecord::units;

use crate::draw::counters::View;
use crate::draw::histogram::{self as bars, Histogram};
use crate::draw::plot::{self, Curve, Plot as Drawn};
use crate::model::server::sections::{Figure, LENGTHS, Lengths, Line, Plot, SECTIONS, Section};
use crate::model::server::{History, Which};
use crate::model::{Document, Range};
use crate::widgets::flow::Flow;
use crate::widgets::graph::Graph;
use crate::widgets::moments;
use crate::widgets::table::{Cell, Column, Kind, Row, Table};
use crate::widgets::{accessible, as_table, card};
use crate::wording::{measured, time, tr, tr_many, tr_with};

/// The narrowest that a graph is of use, in pixels.
const NARROWEST: f64 = 260.0;
/// The widest that all of it stays readable.
const WIDEST: i32 = 1500;
/// Pixels at which a card is at ease.
const CARD: i32 = 440;
/// The height of a table in a card.
const TABLE: i32 = 240;

/// What the cards are shown for.
pub struct Shown {
    /// The stretch and the moment that are looked at.
    pub view: Rc<dyn Fn() -> View>,
    /// The session, where it is of one: what is clicked changes it.
    pub document: Option<Document>,
}

impl Shown {
    /// The stretch that figures are about: what is selected of what is visible, or all that is visible.
    fn stretch(&self) -> Range {
        let View { visible, selection, .. } = (self.view)();
        let (begin, end) = (selection.begin.max(visible.begin), selection.end.min(visible.end));
        if begin < end { Range::new(begin, end) } else { visible }
    }

    /// When it began.
    fn origin(&self) -> i64 {
        self.document.as_ref().map_or_else(|| (self.view)().visible.end, |document| document.whole().begin)
    }

    fn table(&self, name: &str, columns: Vec<Column>) -> Table {
        match &self.document {
            Some(document) => Table::new(document, name, columns),
            None => Table::alone(name, columns),
        }
    }
}

/// A graph of a section.
struct Plotted {
    of: &'static Plot,
    graph: Graph,
    drawn: Rc<RefCell<Drawn>>,
}

/// The table of a section.
struct Tabled {
    section: &'static Section,
    /// What shows it or the graphs.
    stack: gtk::Stack,
    table: Table,
    /// Says what is not there.
    missing: gtk::Label,
}

/// The cards, see the module.
pub struct Cards {
    /// All of them.
    pub root: gtk::ScrolledWindow,
    shown: Rc<Shown>,
    history: RefCell<History>,
    plots: Vec<Plotted>,
    tables: Vec<Tabled>,
    lengths: Durations,
}

/// The card of durations.
struct Durations {
    graph: Graph,
    drawn: Rc<RefCell<Histogram>>,
    table: Table,
    choice: gtk::DropDown,
    /// What can be chosen, and its label's value.
    choices: RefCell<Vec<(&'static Lengths, String)>>,
}

impl Cards {
    /// Cards of nothing yet.
    pub fn new(shown: Shown) -> Rc<Cards> {
        let shown = Rc::new(shown);
        let pointed: Rc<StdCell<Option<i64>>> = Rc::default();
        let flow = Flow::new(2, CARD, 18);
        accessible::name(&flow, &tr("Server"));
        let (mut plots, mut tables) = (Vec::new(), Vec::new());
        let durations = Durations::new(&shown);
        for (at, section) in SECTIONS.iter().enumerate() {
            let graphs = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(6).build();
            for of in section.plots {
                let plotted = Plotted::new(section, of, &shown, &pointed);
                if section.plots.len() > 1 {
                    let title = gtk::Label::builder().label(tr(of.title)).xalign(0.0).build();
                    title.set_css_classes(&["caption-heading", "dim-label"]);
                    graphs.append(&title);
                }
                graphs.append(&plotted.graph);
                plots.push(plotted);
            }
            let table = shown.table(&tr(section.title), columns(section));
            let (root, stack, missing) =
                lay_out(section, &shown, &graphs, &table, &plots[plots.len() - section.plots.len()..]);
            flow.append(&root);
            tables.push(Tabled { section, stack, table, missing });
            // How long requests took belongs beside the requests.
            if at == 1 {
                flow.append(&durations.lay_out(&shown));
            }
        }
        let clamp = adw::Clamp::builder().maximum_size(WIDEST).tightening_threshold(WIDEST).child(&flow).build();
        for edge in ["margin-top", "margin-bottom", "margin-start", "margin-end"] {
            clamp.set_property(edge, 12);
        }
        let root = gtk::ScrolledWindow::builder().hscrollbar_policy(gtk::PolicyType::Never).child(&clamp).build();
        root.set_vexpand(true);
        let cards = Rc::new(Cards { root, shown, history: RefCell::default(), plots, tables, lengths: durations });
        let chosen = Rc::downgrade(&cards);
        cards.lengths.choice.connect_selected_notify(move |_| {
            if let Some(cards) = chosen.upgrade() {
                cards.show_lengths();
            }
        });
        cards
    }

    /// Shows another history.
    pub fn show(&self, history: History) {
        for plotted in &self.plots {
            plotted.show(&history);
        }
        self.lengths.offer(&history);
        self.history.replace(history);
        self.moved(true);
    }

    /// Another moment or stretch is looked at; `tell` says whether it is put into words, too.
    pub fn moved(&self, tell: bool) {
        for plotted in &self.plots {
            plotted.graph.queue_draw();
            if tell {
                let (drawn, view) = (plotted.drawn.borrow(), (self.shown.view)());
                let said = if drawn.missing.is_empty() { drawn.said(view.moment()) } else { drawn.missing.clone() };
                accessible::value(&plotted.graph, &said);
            }
        }
        if !tell {
            return;
        }
        let (history, stretch) = (self.history.borrow(), self.shown.stretch());
        for Tabled { section, stack, table, missing } in &self.tables {
            table.set_rows(history.rows(section).iter().map(|key| row(&history, section, key, stretch)).collect());
            let words = unavailable(&history, section);
            missing.set_visible(!words.is_empty() && !history.is_empty());
            missing.set_label(&words);
            let nothing = section.figures.iter().all(|figure| !history.has(figure.family)) && !history.is_empty();
            stack.set_visible(!nothing);
        }
        drop(history);
        self.show_lengths();
    }

    fn show_lengths(&self) {
        let (history, choices) = (self.history.borrow(), self.lengths.choices.borrow());
        let Some((of, key)) = choices.get(self.lengths.choice.selected() as usize) else { return };
        let by = if key.is_empty() { "" } else { of.by };
        let which = Which { family: of.family, of: (by, key), only: None };
        self.lengths.show(&Histogram::of_buckets(&history.buckets(&which, self.shown.stretch())));
    }
}

/// Puts a section's graphs and its table into a card, with a line for what is not there.
fn lay_out(
    section: &Section,
    shown: &Shown,
    graphs: &gtk::Box,
    table: &Table,
    plots: &[Plotted],
) -> (gtk::Box, gtk::Stack, gtk::Label) {
    let stack = gtk::Stack::builder().vhomogeneous(false).hhomogeneous(false).build();
    accessible::only_shown(&stack);
    stack.add_named(graphs, Some("graph"));
    table.set_height_request(TABLE);
    stack.add_named(table, Some("table"));
    let missing = gtk::Label::builder().xalign(0.0).wrap(true).visible(false).margin_top(6).build();
    missing.set_css_classes(&["caption", "dim-label"]);
    let content = gtk::Box::builder().orientation(gtk::Orientation::Vertical).build();
    content.append(&stack);
    content.append(&missing);
    let card = card::card(&tr(section.title), &content);
    card.head.append(&as_table::switching(&stack, "graph"));
    if let (Some(document), Some(first)) = (&shown.document, plots.first()) {
        card.head.append(&table.give(first.graph.saving()).button(document));
    }
    (card.root, stack, missing)
}

impl Plotted {
    fn new(
        section: &'static Section,
        of: &'static Plot,
        shown: &Rc<Shown>,
        pointed: &Rc<StdCell<Option<i64>>>,
    ) -> Plotted {
        let drawn: Rc<RefCell<Drawn>> = Rc::default();
        let (plot, seen, at) = (Rc::clone(&drawn), Rc::clone(shown), Rc::clone(pointed));
        let name = format!("{}: {}", tr(section.title), tr(of.title));
        let graph = Graph::new(&name, (NARROWEST, plot::height(1)), move |ctx, palette, width, height| {
            let view = View { pointer: at.get(), ..(seen.view)() };
            plot::draw(ctx, palette, &plot.borrow(), &view, seen.origin(), width, height)
        });
        if let Some(document) = &shown.document {
            let (of, at) = (document.clone(), Rc::clone(pointed));
            let moment = move |x: f64, width: f64| plot::moment(of.visible(), x, width);
            let weak = graph.downgrade();
            moments::follow(&graph, document, moment, move |time| {
                at.set(time);
                weak.upgrade().iter().for_each(|graph| graph.queue_draw());
            });
        }
        Plotted { of, graph, drawn }
    }

    /// Takes its lines from a history: those that reach highest, where there are too many.
    fn show(&self, history: &History) {
        let of = |line: &'static Line| {
            let keys = if line.by.is_empty() { vec![String::new()] } else { history.keys(line.by, &[line.family]) };
            keys.into_iter().map(move |key| {
                let points = history.line(line, &key);
                Curve { name: tr_with(line.title, &[("key", &key)]), points }
            })
        };
        let mut curves: Vec<Curve> = self.of.lines.iter().flat_map(of).filter(|one| !one.points.is_empty()).collect();
        let more = curves.len().saturating_sub(plot::LINES);
        if more > 0 {
            let all = |curve: &Curve| curve.points.iter().map(|(_, value)| *value).sum::<f64>();
            let mut by_size: Vec<usize> = (0..curves.len()).collect();
            by_size.sort_by(|a, b| all(&curves[*b]).total_cmp(&all(&curves[*a])));
            by_size.truncate(plot::LINES);
            // Those that are left stay in their order.
            by_size.sort_unstable();
            curves = by_size.into_iter().map(|at| std::mem::take(&mut curves[at])).collect();
        }
        let told = self.of.lines.iter().any(|line| history.has(line.family));
        let missing = match told || history.is_empty() {
            true => String::new(),
            false => tr("unavailable"),
        };
        self.graph.set_least(NARROWEST, plot::height(plot::rows(curves.len())));
        let (unit, rate) =
            self.of.lines.first().map_or(("", false), |line| (line.how.unit(line.family), line.how.is_rate()));
        self.drawn.replace(Drawn { unit, rate, curves, more, missing });
    }
}

fn columns(section: &Section) -> Vec<Column> {
    let row = (!section.row.is_empty()).then(|| Column::new(tr(section.row), Kind::Text).wide(14));
    let wide = |title: &String| (title.chars().count() as i32).clamp(7, 16);
    let figure = |figure: &Figure| {
        let title = tr(figure.title);
        Column::new(title.clone(), Kind::Count).wide(wide(&title))
    };
    row.into_iter().chain(section.figures.iter().map(figure)).collect()
}

fn row(history: &History, section: &Section, key: &str, stretch: Range) -> Row {
    let figure = |figure: &Figure| match history.figure(figure, section.by, key, stretch) {
        Some(value) => {
            let rate = figure.how.is_rate() && figure.how.unit(figure.family) != "share";
            let rounded = if value.abs() < 10.0 { value } else { value.round() };
            Cell::Said(value, measured(rounded, figure.how.unit(figure.family), rate).into())
        }
        None if history.has(figure.family) => Cell::None,
        None => Cell::Said(f64::NEG_INFINITY, tr("unavailable").into()),
    };
    let name = (!section.row.is_empty()).then(|| Cell::text(key));
    Row::new(name.into_iter().chain(section.figures.iter().map(figure)).collect::<Vec<_>>())
}

/// What of a section is not there, and why.
fn unavailable(history: &History, section: &Section) -> String {
    let lacking = section.figures.iter().filter(|figure| !history.has(figure.family));
    let lacking: Vec<String> = lacking.map(|figure| tr(figure.title)).collect();
    match lacking.len() {
        0 => String::new(),
        all if all == section.figures.len() => tr_with("Unavailable: {why}", &[("why", &tr(section.missing))]),
        _ => {
            let words = [("what", lacking.join(", ")), ("why", tr(section.missing))];
            tr_with("Unavailable: {what}; {why}", &words.each_ref().map(|(name, value)| (*name, value.as_str())))
        }
    }
}

impl Durations {
    fn new(shown: &Shown) -> Durations {
        let drawn: Rc<RefCell<Histogram>> = Rc::default();
        let of = Rc::clone(&drawn);
        let name = tr("how long it took");
        let graph = Graph::new(&name, (NARROWEST, bars::HEIGHT + 60.0), move |ctx, palette, width, height| {
            bars::draw(ctx, palette, &of.borrow(), width, height)
        });
        let (of, weak) = (Rc::clone(&drawn), graph.downgrade());
        graph.set_hint(move |x, _| {
            let histogram = of.borrow();
            let bar = histogram.hit(x, weak.upgrade()?.extent().0)?;
            let words =
                [("count", units::count(bar.count)), ("from", time(bar.from as i64)), ("to", time(bar.to as i64))];
            Some(tr_with("{count} took {from} to {to}", &words.each_ref().map(|(name, value)| (*name, value.as_str()))))
        });
        let columns = vec![
            Column::new(tr("From"), Kind::Time),
            Column::new(tr("To"), Kind::Time),
            Column::new(tr("How Many"), Kind::Count),
        ];
        let table = shown.table(&name, columns);
        let choice = gtk::DropDown::from_strings(&[]);
        accessible::name(&choice, &tr("What Took So Long"));
        Durations { graph, drawn, table, choice, choices: RefCell::default() }
    }

    fn lay_out(&self, shown: &Shown) -> gtk::Box {
        let stack = gtk::Stack::builder().vhomogeneous(false).hhomogeneous(false).build();
        accessible::only_shown(&stack);
        stack.add_named(&self.graph, Some("graph"));
        self.table.set_height_request(TABLE);
        stack.add_named(&self.table, Some("table"));
        let card = card::card(&tr("How Long It Took"), &stack);
        card.head.append(&self.choice);
        card.head.append(&as_table::switching(&stack, "graph"));
        if let Some(document) = &shown.document {
            card.head.append(&self.table.give(self.graph.saving()).button(document));
        }
        card.root
    }

    /// Offers what there are durations of.
    fn offer(&self, history: &History) {
        let mut choices: Vec<(&'static Lengths, String)> = Vec::new();
        for of in LENGTHS.iter().filter(|of| history.has(of.family)) {
            choices.push((of, String::new()));
            if !of.by.is_empty() {
                choices.extend(history.keys(of.by, &[of.family]).into_iter().map(|key| (of, key)));
            }
        }
        let same =
            |(a, b): (&(&'static Lengths, String), &(&'static Lengths, String))| a.0.title == b.0.title && a.1 == b.1;
        let known = self.choices.borrow();
        if known.len() == choices.len() && known.iter().zip(&choices).all(same) {
            return;
        }
        drop(known);
        let title = |(of, key): &(&'static Lengths, String)| match key.is_empty() {
            true => tr(of.title),
            false => format!("{}: {key}", tr(of.title)),
        };
        let titles: Vec<String> = choices.iter().map(title).collect();
        self.choices.replace(choices);
        self.choice.set_model(Some(&gtk::StringList::new(&titles.iter().map(String::as_str).collect::<Vec<_>>())));
    }

    fn show(&self, histogram: &Histogram) {
        let all: u64 = histogram.bars.iter().map(|bar| bar.count).sum();
        let marks = histogram.marks.iter().map(|(ns, name)| format!("{name} {}", time(*ns)));
        let said: Vec<String> = std::iter::once(tr_many("{} in all", "{} in all", all)).chain(marks).collect();
        accessible::value(&self.graph, &said.join(", "));
        let row = |bar: &bars::Bar| {
            Row::new([Cell::Int(bar.from as i64), Cell::Int(bar.to as i64), Cell::Int(bar.count as i64)])
        };
        self.table.set_rows(histogram.bars.iter().filter(|bar| bar.count > 0).map(row).collect());
        self.drawn.replace(histogram.clone());
        self.graph.queue_draw();
    }
}
