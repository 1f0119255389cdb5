//! The picture of a session's last seconds, and its numbers as a table.

use std::cell::{Cell as Kept, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use gdkrecord::draw::Area;
use gdkrecord::units;
use gtk::prelude::*;

use crate::draw::live;
use crate::link::look::{Look, PARTS, SPAN};
use crate::widgets::table::{Cell, Column, Kind, Row, Table};
use crate::widgets::{accessible, graph};
use crate::wording::{time, tr, tr_with};

/// The names of both in their stack.
pub const GRAPH: &str = "graph";
pub const TABLE: &str = "table";
/// From one change of the table to the next: whoever reads a row wants to come to its end.
const READ: Duration = Duration::from_secs(2);
/// Parts of the picture in a second.
const SECOND: u64 = (PARTS as i64 * 1_000_000_000 / SPAN) as u64;

/// Both.
#[derive(Debug)]
pub struct Picture {
    area: gtk::DrawingArea,
    table: Table,
    look: Rc<RefCell<Look>>,
    /// When the table was filled last.
    filled: Kept<Option<Instant>>,
}

impl Picture {
    /// Of nothing yet, in a stack.
    pub fn new(stack: &gtk::Stack) -> Picture {
        let area = gtk::DrawingArea::builder()
            .hexpand(true)
            .vexpand(true)
            .focusable(true)
            .accessible_role(gtk::AccessibleRole::Img)
            .build();
        let name = tr("The last 20 seconds of the recording");
        accessible::name(&area, &name);
        let look: Rc<RefCell<Look>> = Rc::default();
        let drawn = Rc::clone(&look);
        area.set_draw_func(move |area, ctx, width, height| {
            let scale = graph::scale(area);
            ctx.scale(scale, scale);
            let whole = Area::new(0.0, 0.0, f64::from(width) / scale, f64::from(height) / scale);
            // A picture that cannot be drawn is not there; what is recorded is.
            let _ = live::draw(ctx, graph::palette(), &drawn.borrow(), whole);
        });
        let table = table(&name);
        let read = Rc::clone(&look);
        table.connect_map(move |table| table.set_rows(rows(&read.borrow())));
        let scrolled =
            gtk::ScrolledWindow::builder().child(&area).hscrollbar_policy(gtk::PolicyType::Never).vexpand(true).build();
        accessible::only_shown(stack);
        stack.add_named(&scrolled, Some(GRAPH));
        stack.add_named(&table, Some(TABLE));
        Picture { area, table, look, filled: Kept::default() }
    }

    /// Shows the session as it is now.
    pub fn show(&self, look: Look) {
        self.area.set_content_height((live::height(&look) * graph::scale(&self.area)).ceil() as i32);
        accessible::describe(&self.area, &words(&look));
        if self.table.is_mapped() && self.filled.get().is_none_or(|filled| filled.elapsed() >= READ) {
            self.filled.set(Some(Instant::now()));
            self.table.set_rows(rows(&look));
        }
        self.look.replace(look);
        self.area.queue_draw();
    }
}

/// What is seen, for those who hear it: the same numbers.
fn words(look: &Look) -> String {
    let frames = tr_with("Frames: {frames}", &[("frames", &live::frames(look))]);
    let kinds = look.kinds.iter().map(|events| format!("{}: {}", tr(events.kind.title), live::count(events)));
    std::iter::once(frames).chain(kinds).collect::<Vec<_>>().join("; ")
}

fn table(name: &str) -> Table {
    // The numbers of a column have the units of their rows.
    let columns = vec![
        Column::new(tr("What"), Kind::Text).wide(14),
        Column::new(tr("Last"), Kind::Count).wide(10),
        Column::new(tr("In 20 Seconds"), Kind::Count).wide(16),
        Column::new(tr("At Most"), Kind::Count).wide(10),
    ];
    let table = Table::alone(name, columns);
    table.set_nothing(&tr("Nothing Yet"), &tr("Rows come as the program draws and works"));
    table
}

/// The lanes of the picture as rows.
fn rows(look: &Look) -> Vec<Row> {
    let said = |value: f64, words: String| Cell::Said(value, words.into());
    let took = |frame: Option<&(i64, i64, i64)>| frame.map_or(Cell::None, |frame| said(frame.1 as f64, time(frame.1)));
    let mut rows = Vec::new();
    if !look.frames.is_empty() {
        let slowest = look.frames.iter().max_by_key(|frame| frame.1);
        let all = said(look.frames.len() as f64, live::frames(look));
        rows.push(Row::new([Cell::text(&tr("Frames")), took(look.frames.last()), all, took(slowest)]));
    }
    for events in &look.kinds {
        let all: u64 = events.counts.iter().sum();
        let most = (events.counts.iter().max().copied().unwrap_or(0) * SECOND) as f64;
        let cells = [said(all as f64, live::count(events)), said(most, units::rate(most))];
        let [all, most] = cells;
        rows.push(Row::new([Cell::text(&tr(events.kind.title)), Cell::None, all, most]));
    }
    let curve = |title: &str, values: &[(i64, f64)], words: &dyn Fn(f64) -> String| {
        let last = values.last()?.1;
        let mean = values.iter().map(|(_, value)| value).sum::<f64>() / values.len() as f64;
        let most = values.iter().map(|(_, value)| *value).fold(0.0, f64::max);
        let mean_words = tr_with("{value} on average", &[("value", &words(mean))]);
        Some(Row::new([
            Cell::text(&tr(title)),
            said(last, words(last)),
            said(mean, mean_words),
            said(most, words(most)),
        ]))
    };
    rows.extend(curve("Processors", &look.cpu, &units::share));
    rows.extend(curve("Memory", &look.memory, &|size| units::bytes(size as u64)));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::timeline::kinds::TRACKS;
    use crate::link::look::Events;

    #[test]
    fn the_table_has_what_the_picture_shows() {
        assert!(rows(&Look::default()).is_empty());
        let mut counts = vec![0; PARTS];
        (counts[3], counts[4]) = (7, 2);
        let look = Look {
            frames: vec![(0, 40_000_000, 16_666_667), (50_000_000, 2_000_000, 16_666_667)],
            kinds: vec![Events { kind: &TRACKS[0], counts }],
            cpu: vec![(0, 0.25), (1, 0.75)],
            ..Look::default()
        };
        let words: Vec<Vec<String>> =
            rows(&look).iter().map(|row| row.cells.iter().map(|cell| cell.words(Kind::Count)).collect()).collect();
        assert_eq!(words[0], ["Frames", "2 ms", "2, 1 slow", "40 ms"]);
        assert_eq!(words[1], [TRACKS[0].title, "", "9", "35.0/s"]);
        assert_eq!(words[2], ["Processors", "75.0 %", "50.0 % on average", "75.0 %"]);
        assert_eq!(words.len(), 3);
    }
}
