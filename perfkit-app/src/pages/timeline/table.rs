//! The rows of the tracks that are shown, in the stretch that is visible, as a table; the timeline in numbers. Whoever
//! saves or copies them without looking at the table has them read for that.

use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use adw::prelude::*;
use gtk::glib::WeakRef;

use crate::draw::timeline::Tracks;
use crate::draw::timeline::hit::Spot;
use crate::draw::timeline::rows::{Texts, list};
use crate::link::Reader;
use crate::model::{Document, Range};
use crate::pages::follow::{Follow, Over};
use crate::widgets::table::{Cell, Column, Kind, Row, Rows, Table};
use crate::widgets::timeline::Timeline;
use crate::wording::{tr, tr_with};

/// Rows that are shown at most.
const MOST: usize = 50_000;

/// What is asked for: the tracks and which lanes of them are shown.
type Shown = Option<(Arc<Tracks>, Vec<usize>)>;

fn shown_lanes(timeline: &Timeline) -> Shown {
    let lanes = timeline.views().iter().enumerate().filter(|(_, view)| view.shown).map(|(lane, _)| lane).collect();
    timeline.tracks().map(|tracks| (tracks, lanes))
}

/// The rows of the shown lanes in a stretch.
fn read(reader: &Reader, shown: &Shown, range: Range, origin: i64, goes_on: &dyn Fn() -> bool) -> Vec<Row> {
    let Some((tracks, lanes)) = shown else { return Vec::new() };
    let listed = list(reader, &mut Texts::default(), &tracks.lanes, lanes, range, MOST, goes_on);
    let row = |(spot, text): (Spot, String)| {
        let duration = Cell::int(spot.duration);
        let track = tracks.lanes.get(spot.lane).map_or(String::new(), |lane| lane.words());
        let cells = [Cell::Int(spot.time - origin), duration, Cell::text(&track), Cell::text(&text)];
        Row::new(cells).at(Range::new(spot.time, spot.end()))
    };
    listed.unwrap_or_default().into_iter().map(row).collect()
}

fn tell_of_most(document: &Document, rows: usize) {
    if rows >= MOST {
        let count = gdkrecord::units::count(MOST as u64);
        document.tell(&tr_with("Only the first {count} rows are shown", &[("count", &count)]));
    }
}

/// The rows of the shown lanes in what is selected, or visible where nothing is.
async fn rows(timeline: &Timeline, table: &Table) -> Rows {
    let document = timeline.document();
    let (shown, range, origin) = (shown_lanes(timeline), document.chosen(), document.whole().begin);
    let read = document.ask_slowly(move |reader| read(reader, &shown, range, origin, &|| true)).await;
    let rows = read.unwrap_or_default();
    tell_of_most(document, rows.len());
    table.with(rows)
}

/// A timeline with its table, as long as they are there.
type Both = (WeakRef<Timeline>, WeakRef<Table>);

/// What is saved as a table: as it is arranged where it is looked at, else what the graph shows.
pub async fn given((timeline, table): Both) -> Rows {
    match (timeline.upgrade(), table.upgrade()) {
        (_, Some(table)) if table.is_mapped() => table.shown(),
        (Some(timeline), Some(table)) => rows(&timeline, &table).await,
        _ => Rows::default(),
    }
}

/// What is copied as text: of the graph the row that is picked, else all that is selected.
pub async fn text((timeline, table): Both) -> String {
    match (timeline.upgrade(), table.upgrade()) {
        (_, Some(table)) if table.is_mapped() => table.chosen().text(),
        (Some(timeline), _) if timeline.picked().is_some() => timeline.text(),
        (Some(timeline), Some(table)) => rows(&timeline, &table).await.text(),
        _ => String::new(),
    }
}

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
            let shown = asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
            read(reader, &shown, range, origin, &|| wanted.still())
        },
        |table: &Table, rows| {
            if let Some(document) = table.document() {
                tell_of_most(&document, rows.len());
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
        *shown.lock().unwrap_or_else(PoisonError::into_inner) = shown_lanes(timeline);
        follow.changed();
    };
    renew(timeline, &follow);
    timeline.connect_changed(move |timeline| renew(timeline, &follow));
    table
}
