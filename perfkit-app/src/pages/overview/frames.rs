//! The graphs of the overview: the strip of all frames, and how many took how long.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use adw::prelude::*;
use gtk::gdk;
use perfkit_agent::report::{self, Report};

use super::range;
use crate::draw::frames::{self as strip_of, Frame, Frames, Over};
use crate::draw::histogram::{self as bars_of, Histogram};
use crate::model::{Document, Range};
use crate::widgets::graph::Graph;
use crate::widgets::table::{Cell as Value, Column, Kind, Row, Table};
use crate::widgets::{accessible, card};
use crate::wording::{time, tr, tr_many, tr_with};

/// The narrowest that a graph is of use, in pixels.
const NARROWEST: f64 = 260.0;

/// The frames of a report.
pub fn frames(document: &Document, report: &Report) -> Rc<Frames> {
    let slow: HashMap<i64, (i64, i64)> = report.analysis.slow.iter().map(|slow| (slow.place.1, slow.place)).collect();
    let frame = |&(end, work, budget): &(i64, i64, i64)| {
        let place = slow.get(&end).copied().unwrap_or((end - work, end));
        Frame { place: range(place), work, budget }
    };
    let all = report.analysis.strip.iter().map(frame).collect();
    Rc::new(Frames { all, budget: report::budget(report).unwrap_or(0), whole: document.whole() })
}

/// The strip of all frames.
pub fn strip(document: &Document, frames: &Rc<Frames>) -> gtk::Box {
    let at: Rc<Cell<Option<usize>>> = Rc::default();
    let (drawn, of, marked) = (Rc::clone(frames), document.clone(), Rc::clone(&at));
    let graph = Graph::new(&tr("frame times"), (NARROWEST, strip_of::HEIGHT), move |ctx, palette, width, height| {
        let over = Over { visible: of.visible(), selection: of.selection(), cursor: of.cursor(), at: marked.get() };
        strip_of::draw(ctx, palette, &drawn, &over, width, height)
    });
    let slow = frames.all.iter().filter(|frame| frame.is_slow()).count();
    accessible::describe(
        &graph,
        &tr_with(
            "{slow} of {all} took longer than their budget. Left and Right go through them, Enter shows one.",
            &[("slow", &slow.to_string()), ("all", &tr_many("{} frame", "{} frames", frames.all.len() as u64))],
        ),
    );
    document.watch(&graph, &["visible", "selection", "cursor"], |graph, _| graph.queue_draw());
    let mark = {
        let (graph, frames, at, document) = (graph.downgrade(), Rc::clone(frames), Rc::clone(&at), document.clone());
        move |to: Option<usize>| {
            if at.replace(to) == to {
                return;
            }
            let Some(graph) = graph.upgrade() else { return };
            graph.set_cursor_from_name(to.map(|_| "pointer"));
            if let Some(frame) = to.and_then(|at| frames.all.get(at)) {
                accessible::value(&graph, &words(&document, frame));
            }
            graph.queue_draw();
        }
    };
    let go = {
        let (frames, document) = (Rc::clone(frames), document.clone());
        move |at: Option<usize>| {
            if let Some(frame) = at.and_then(|at| frames.all.get(at)) {
                document.go("timeline", frame.place);
            }
        }
    };
    let (of, moved, weak) = (Rc::clone(frames), mark.clone(), graph.downgrade());
    graph.connect_pointer(move |place| {
        let Some(graph) = weak.upgrade() else { return };
        moved(place.and_then(|(x, _)| of.hit(x, graph.extent().0)));
    });
    let (of, weak, shown) = (Rc::clone(frames), graph.downgrade(), go.clone());
    graph.connect_clicked(move |x, _, _| {
        let Some(graph) = weak.upgrade() else { return };
        shown(of.hit(x, graph.extent().0));
    });
    let of = Rc::clone(frames);
    graph.connect_key(move |key, state| {
        let to = match key {
            _ if !state.is_empty() => return false,
            gdk::Key::Right => of.next_slow(at.get(), true),
            gdk::Key::Left => of.next_slow(at.get(), false),
            gdk::Key::Home => of.next_slow(None, true),
            gdk::Key::End => of.next_slow(None, false),
            gdk::Key::Return | gdk::Key::KP_Enter | gdk::Key::space => {
                go(at.get());
                return at.get().is_some();
            }
            _ => return false,
        };
        if to.is_some() {
            mark(to);
        }
        true
    });
    card::graph(document, &tr("Frames"), &graph, &table(document, frames)).root
}

/// "74 ms, 4.4 budgets, at 12.301 s"
fn words(document: &Document, frame: &Frame) -> String {
    let budgets = format!("{:.1}", frame.work as f64 / frame.budget.max(1) as f64);
    let at = format!("{:.3} s", document.seconds(frame.place.begin));
    tr_with("{time}, {budgets} budgets, at {at}", &[("time", &time(frame.work)), ("budgets", &budgets), ("at", &at)])
}

fn table(document: &Document, frames: &Frames) -> Table {
    let columns = vec![
        Column::new(tr("Time"), Kind::Moment),
        Column::new(tr("Took"), Kind::Time),
        Column::new(tr("Budget"), Kind::Time),
        Column::new(tr("Of the Budget"), Kind::Share).wide(10),
    ];
    let table = Table::new(document, &tr("frames"), columns);
    let row = |frame: &Frame| {
        let share = frame.work as f64 / frame.budget.max(1) as f64;
        let begin = frame.place.begin - frames.whole.begin;
        let cells = [Value::Int(begin), Value::Int(frame.work), Value::Int(frame.budget), Value::Real(share)];
        Row::new(cells).at(frame.place).styled(if frame.is_slow() { "warning" } else { "" })
    };
    table.set_rows(frames.all.iter().map(row).collect());
    table
}

/// How many frames took how long.
pub fn histogram(document: &Document, report: &Report) -> gtk::Box {
    let budget = report::budget(report).unwrap_or(0);
    let histogram = Rc::new(Histogram::of(&report.analysis.frames, budget));
    let drawn = Rc::clone(&histogram);
    let size = (NARROWEST, bars_of::HEIGHT);
    let graph = Graph::new(&tr("frame time distribution"), size, move |ctx, palette, width, height| {
        bars_of::draw(ctx, palette, &drawn, width, height)
    });
    let marks = histogram.marks.iter().map(|(ns, name)| format!("{name} {}", time(*ns)));
    accessible::describe(&graph, &marks.collect::<Vec<_>>().join(", "));
    let (of, weak) = (Rc::clone(&histogram), graph.downgrade());
    graph.set_hint(move |x, _| {
        let width = weak.upgrade()?.extent().0;
        let bar = of.hit(x, width)?;
        let frames = tr_many("{} frame", "{} frames", bar.count);
        Some(tr_with(
            "{frames} took {from} to {to}",
            &[("frames", &frames), ("from", &time(bar.from as i64)), ("to", &time(bar.to as i64))],
        ))
    });
    let columns = vec![
        Column::new(tr("From"), Kind::Time),
        Column::new(tr("To"), Kind::Time),
        Column::new(tr("Frames"), Kind::Count),
    ];
    let table = Table::new(document, &tr("frame time distribution"), columns);
    let row = |bar: &bars_of::Bar| {
        Row::new([Value::Int(bar.from as i64), Value::Int(bar.to as i64), Value::Int(bar.count as i64)])
    };
    table.set_rows(histogram.bars.iter().filter(|bar| bar.count > 0).map(row).collect());
    // A click on a bar goes to the longest frame in it.
    let ends: Vec<(i64, i64)> = report.analysis.strip.iter().map(|&(end, work, _)| (end, work)).collect();
    let (weak, of) = (graph.downgrade(), document.clone());
    graph.connect_clicked(move |x, _, _| {
        let Some(bar) = weak.upgrade().and_then(|graph| histogram.hit(x, graph.extent().0).copied()) else { return };
        let within = ends.iter().filter(|(_, work)| (bar.from..bar.to).contains(&(*work as f64)));
        if let Some(&(end, work)) = within.max_by_key(|(_, work)| *work) {
            of.go("timeline", Range::new(end - work, end));
        }
    });
    card::graph(document, &tr("How Long Frames Took"), &graph, &table).root
}
