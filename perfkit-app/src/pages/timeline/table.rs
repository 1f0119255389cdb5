//! The rows of the tracks that are shown, in the stretch that is visible, as a table; the timeline in numbers.

use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use adw::prelude::*;

use crate::draw::timeline::Tracks;
use crate::draw::timeline::hit::Spot;
use crate::draw::timeline::rows::{Texts, list};
use crate::model::{Document, Range};
use crate::pages::follow::{Follow, Over};
use crate::widgets::table::{Cell, Column, Kind, Row, Table};
use crate::widgets::timeline::Timeline;
use crate::wording::{tr, tr_with};

/// Rows that are shown at most.
const MOST: usize = 50_000;

/// What is asked for: the tracks and which lanes of them are shown.
type Shown = Option<(Arc<Tracks>, Vec<usize>)>;

/// The table. It asks only while it is seen.
pub fn make(timeline: &Timeline, document: &Document) -> Table {
    let columns = vec![
        Column::new(tr("Time"), Kind::Moment),
        Column::new(tr("Duration"), Kind::Time),
        Column::new(tr("Track"), Kind::Text).wide(24),
        Column::new(tr("What"), Kind::Text).wide(30),
    ];
    let table = Table::new(document, &tr("timeline"), columns);
    let title = tr("Nothing happened in this stretch of time on the tracks that are shown");
    table.set_nothing(&title, &tr("Zoom out, or choose other tracks"));
    let shown: Arc<Mutex<Shown>> = Arc::default();
    let asked = Arc::clone(&shown);
    let origin = document.whole().begin;
    let follow = Follow::new(
        &table,
        document,
        Over::Visible,
        move |reader, range, wanted| {
            let (tracks, lanes) = asked.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
            let listed = list(reader, &mut Texts::default(), &tracks.lanes, &lanes, range, MOST, &|| wanted.still());
            let row = |(spot, text): (Spot, String)| {
                let duration = Cell::int(spot.duration);
                let track = tracks.lanes.get(spot.lane).map_or(String::new(), |lane| lane.words());
                let cells = [Cell::Int(spot.time - origin), duration, Cell::text(&track), Cell::text(&text)];
                Row::new(cells).at(Range::new(spot.time, spot.end()))
            };
            Some(listed.unwrap_or_default().into_iter().map(row).collect::<Vec<Row>>())
        },
        |table: &Table, rows| {
            let rows: Vec<Row> = rows.unwrap_or_default();
            if rows.len() >= MOST
                && let Some(document) = table.document()
            {
                let count = gdkrecord::units::count(MOST as u64);
                document.tell(&tr_with("Only the first {count} rows are shown", &[("count", &count)]));
            }
            table.set_rows(rows);
        },
    );
    let of = timeline.downgrade();
    table.connect_activated(move |row| {
        if let (Some(timeline), Some(place)) = (of.upgrade(), row.place) {
            timeline.show_range(place);
        }
    });
    let renew = move |timeline: &Timeline, follow: &Rc<Follow>| {
        let lanes = timeline.views().iter().enumerate().filter(|(_, view)| view.shown).map(|(lane, _)| lane).collect();
        *shown.lock().unwrap_or_else(PoisonError::into_inner) = timeline.tracks().map(|tracks| (tracks, lanes));
        follow.changed();
    };
    renew(timeline, &follow);
    timeline.connect_changed(move |timeline| renew(timeline, &follow));
    table
}
