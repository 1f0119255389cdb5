//! What was exposed, as a table.

use gdkrecord::Body;
use gdkrecord::draw::exposures::Film;
use gdkrecord::draw::windows::Windows;
use gdkrecord::field::Rect;
use gdkrecord::sets::Exposed;
use gtk::prelude::*;

use crate::model::{Document, Range};
use crate::widgets::table::{Cell, Column, Kind, Row, Table};
use crate::wording::{tr, tr_many, tr_with};

/// Rows at most: who reads more asks for them in SQL.
const MOST: usize = 50_000;

/// The table, without rows.
pub fn table(document: &Document) -> Table {
    let columns = vec![
        Column::new(tr("Time"), Kind::Moment),
        Column::new(tr("Window"), Kind::Text).wide(16),
        Column::new(tr("What"), Kind::Text).wide(14),
        Column::new(tr("Area"), Kind::Area),
        Column::new(tr("Where"), Kind::Text).wide(20),
    ];
    let table = Table::new(document, &tr("exposures"), columns);
    table.set_nothing(&tr("Nothing Was Exposed Here"), &tr("Zoom out to see more (Ctrl+0 shows everything)"));
    let moved = document.downgrade();
    table.connect_selected(move |row| {
        if let (Some(document), Some(place)) = (moved.upgrade(), row.place) {
            document.set_cursor(place.begin);
        }
    });
    table
}

/// The exposures of a film that begins with some windows, for a session that begins at `origin`.
pub fn rows(mut windows: Windows, film: &Film, origin: i64) -> Vec<Row> {
    let mut rows = Vec::new();
    for event in film.events() {
        windows.apply(event);
        let Body::Exposure(exposure) = &event.body else { continue };
        let time = event.time as i64;
        let rects = &exposure.rects.0;
        let what = match exposure.what {
            Exposed::Damage => tr("had changed"),
            Exposed::Repaint => tr("repainted"),
            Exposed::Both => tr("changed and repainted"),
        };
        let cells = [
            Cell::Int(time - origin),
            Cell::text(&windows.label(windows.top(exposure.window))),
            Cell::text(&what),
            Cell::Int(rects.iter().map(|rect| rect.area() as i64).sum()),
            Cell::text(&place(rects)),
        ];
        rows.push(Row::new(cells).at(Range::new(time, time + 1)));
        if rows.len() == MOST {
            break;
        }
    }
    rows
}

/// "200 × 10 at 0, 40 and 2 more"
fn place(rects: &[Rect]) -> String {
    let Some(first) = rects.first() else { return String::new() };
    let (size, at) = (format!("{} × {}", first.width, first.height), format!("{}, {}", first.x, first.y));
    let words = tr_with("{size} at {place}", &[("size", &size), ("place", &at)]);
    match rects.len() {
        1 => words,
        more => format!("{words} {}", tr_many("and {} more", "and {} more", more as u64 - 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_its_first_rectangle_and_how_many_more() {
        let rects = [Rect::new(0, 40, 200, 10), Rect::new(1, 2, 3, 4), Rect::new(5, 6, 7, 8)];
        assert_eq!(place(&rects[..1]), "200 × 10 at 0, 40");
        assert_eq!(place(&rects), "200 × 10 at 0, 40 and 2 more");
        assert_eq!(place(&[]), "");
    }
}
