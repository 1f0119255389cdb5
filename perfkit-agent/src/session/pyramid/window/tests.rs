//! Tests of windows over whole sessions, against all rows.

use super::*;
use crate::session::{Cell, Mentioned, NULL, Rows, Store, Track, schemas};
use crate::source::{Message, SeriesId};
use proptest::prelude::*;
use std::path::PathBuf;

/// A row: begin, duration, thread.
type Row = (i64, i64, u32);

struct Made {
    _folder: tempfile::TempDir,
    path: PathBuf,
    store: Option<Store>,
}

/// A session of calls that has these rows, a message for each part.
fn made(parts: &[Vec<Row>], tracks: u32) -> Made {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.perfkit");
    let mut store = Store::create(&path).unwrap();
    store.handle(Message::Series { source: 0, id: SeriesId(0), schema: schemas::OFFCPU.clone() }).unwrap();
    let mut new =
        Mentioned { tracks: (0..tracks as i32).map(|tid| Track::thread(1, tid)).collect(), ..Mentioned::default() };
    for part in parts {
        let mut rows = Rows::new(&schemas::OFFCPU);
        let names = &mut crate::session::Dictionary::default();
        for &(time, duration, track) in part {
            let duration = Some(duration).filter(|&duration| duration != NULL);
            rows.span(names, time, duration, crate::session::TrackId(track), &[Cell::Null]);
        }
        store.handle(Message::Rows { source: 0, series: SeriesId(0), rows, new: std::mem::take(&mut new) }).unwrap();
    }
    Made { _folder: folder, path, store: Some(store) }
}

impl Made {
    fn closed(mut self) -> Made {
        self.store.take().unwrap().close().unwrap();
        self
    }

    fn session(&self) -> Session {
        Session::open(&self.path).unwrap()
    }
}

/// The track of a thread, by the number that the session gave it.
fn track(session: &Session, tid: u32) -> Option<u32> {
    let all = session.tracks(session.named("offcpu").unwrap().id).unwrap();
    all.into_iter().find(|(_, track)| track.tid as u32 == tid).map(|(id, _)| id)
}

fn ask(session: &Session, tid: u32, begin: i64, end: i64, columns: usize) -> Window {
    let series = session.named("offcpu").unwrap();
    match track(session, tid) {
        Some(track) => session.window(series, track, begin, end, columns).unwrap(),
        None => Window { bins: vec![Bin::EMPTY; columns], reach: None, damaged: Vec::new() },
    }
}

fn check(window: &Window, rows: &[Row], tid: u32, begin: i64, end: i64) -> std::result::Result<(), TestCaseError> {
    let columns = window.bins.len();
    let mine: Vec<(i64, f64)> =
        rows.iter().filter(|row| row.2 == tid).map(|row| (row.0, row.1.max(0) as f64)).collect();
    let column = |time: i64| ((time - begin) as u128 * columns as u128 / (end - begin) as u128) as usize;
    let inside: Vec<(i64, f64)> = mine.iter().copied().filter(|row| (begin..end).contains(&row.0)).collect();
    prop_assert!(window.damaged.is_empty());
    prop_assert_eq!(window.bins.iter().map(|bin| bin.count).sum::<u64>(), inside.len() as u64);
    prop_assert_eq!(window.bins.iter().map(|bin| bin.sum).sum::<f64>(), inside.iter().map(|row| row.1).sum::<f64>());
    let mut least = vec![0u64; columns];
    for &(time, measure) in &inside {
        let at = column(time);
        least[at] += 1;
        let around = &window.bins[at.saturating_sub(1)..columns.min(at + 2)];
        prop_assert!(around.iter().any(|bin| bin.max >= measure), "{time} {measure} is hidden");
    }
    // A row is at most one column off.
    let (mut seen, mut true_before, mut true_now) = (0, 0, 0);
    for at in 0..columns {
        seen += window.bins[at].count;
        let next = least.get(at + 1).copied().unwrap_or(0);
        true_now += least[at];
        prop_assert!(
            seen >= true_before && seen <= true_now + next,
            "column {at}: {seen} of {true_before} to {true_now} + {next}"
        );
        true_before = true_now;
    }
    for (at, bin) in window.bins.iter().enumerate().filter(|(_, bin)| bin.count > 0) {
        // What is shown as the greatest is a row, in its own column.
        prop_assert!(column(bin.at) == at && inside.contains(&(bin.at, bin.max)), "{bin:?} in column {at}");
        prop_assert!(inside.iter().any(|row| row.1 == bin.min));
    }
    let reach =
        mine.iter().filter(|row| row.0 < begin && row.0 + row.1 as i64 > begin).map(|row| row.1).fold(0.0, f64::max);
    prop_assert_eq!(window.reach.map_or(0.0, |reach| reach.duration), reach);
    Ok(())
}

/// A glance has all that its stretch has, and nothing that lies beside it by a column or more.
fn check_glance(
    glance: &Window,
    rows: &[Row],
    tid: u32,
    begin: i64,
    end: i64,
) -> std::result::Result<(), TestCaseError> {
    let columns = glance.bins.len();
    let wide = (end - begin) / columns as i64 + 1;
    let mine: Vec<(i64, f64)> =
        rows.iter().filter(|row| row.2 == tid).map(|row| (row.0, row.1.max(0) as f64)).collect();
    let within = |by: i64| mine.iter().filter(|row| row.0 >= begin - by && row.0 < end + by).count() as u64;
    let count = glance.bins.iter().map(|bin| bin.count).sum::<u64>();
    prop_assert!((within(0)..=within(wide)).contains(&count), "{count} of {} to {}", within(0), within(wide));
    for &(time, measure) in mine.iter().filter(|row| (begin..end).contains(&row.0)) {
        let at = ((time - begin) as u128 * columns as u128 / (end - begin) as u128) as usize;
        let around = &glance.bins[at.saturating_sub(1)..columns.min(at + 2)];
        prop_assert!(around.iter().any(|bin| bin.max >= measure), "{time} {measure} is hidden");
    }
    for bin in glance.bins.iter().filter(|bin| bin.count > 0) {
        prop_assert!(mine.contains(&(bin.at, bin.max)), "{bin:?}");
    }
    Ok(())
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = prop_oneof![
        8 => (0i64..1_000_000, 0i64..1000, 0u32..3),
        1 => (0i64..1_000_000, 0i64..800_000, 0u32..3),
        1 => (-500i64..500, Just(NULL), 0u32..3),
    ];
    let wild = prop::collection::vec(row, 1..3000);
    // In time, but for what is told when it ends.
    let tame = wild.clone().prop_map(|mut rows| {
        rows.sort_by_key(|row| row.0.saturating_add(row.1.max(0)));
        rows
    });
    let dense = (1usize..9000, 1i64..50).prop_map(|(count, step)| {
        (0..count as i64).map(|row| (row * step, row * 7919 % 601, (row % 2) as u32)).collect()
    });
    prop_oneof![wild, tame, dense]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]
    #[test]
    fn windows_are_those_of_all_rows(
        rows in rows(), repeat in 1usize..12, begin in -1000i64..900_000, width in prop_oneof![1i64..2000, 1i64..2_000_000],
        columns in 1usize..500, tid in 0u32..4, closed in any::<bool>(),
    ) {
        // Later parts lie later, and across the earlier ones.
        let parts: Vec<Vec<Row>> = (0..repeat as i64)
            .map(|part| rows.iter().map(|row| (row.0 + part * 90_000, row.1, row.2)).collect())
            .collect();
        let all = parts.concat();
        let mut made = made(&parts, 4);
        if closed {
            made = made.closed();
        } else {
            made.store.as_mut().unwrap().commit().unwrap();
        }
        let session = made.session();
        check(&ask(&session, tid, begin, begin + width, columns), &all, tid, begin, begin + width)?;
        check(&ask(&session, tid, -1_000_000, 9_000_000, columns), &all, tid, -1_000_000, 9_000_000)?;
        if let Some(track) = track(&session, tid) {
            let series = session.named("offcpu").unwrap();
            let glance = session.glance(series, track, begin, begin + width, columns).unwrap();
            check_glance(&glance, &all, tid, begin, begin + width)?;
        }
    }
}

#[test]
fn windows_that_cannot_be_are_empty() {
    let made = made(&[vec![(i64::MIN + 1, 5, 0), (i64::MAX, i64::MAX, 0), (0, 1, 0)]], 1).closed();
    let session = made.session();
    assert!(ask(&session, 0, 5, 5, 10).bins.iter().all(|bin| bin.count == 0));
    assert!(ask(&session, 0, 9, 5, 10).bins.iter().all(|bin| bin.count == 0));
    assert!(ask(&session, 0, 0, 5, 0).bins.is_empty());
    let whole = ask(&session, 0, i64::MIN, i64::MAX, 7);
    assert_eq!(whole.bins.iter().map(|bin| bin.count).sum::<u64>(), 2);
}

/// The outlier that everything is for: 100 ms among short ones, at every zoom and wherever the window begins.
fn outlier(count: i64) {
    const STEP: i64 = 2_000;
    let at = count * 7 / 11;
    let parts: Vec<Vec<Row>> = (0..count / 8192 + 1)
        .map(|part| {
            let rows = part * 8192..count.min((part + 1) * 8192);
            rows.map(|row| (row * STEP, if row == at { 100_000_000 } else { 200 + row % 1500 }, (row % 2) as u32))
                .collect()
        })
        .collect();
    let made = made(&parts, 2).closed();
    let session = made.session();
    let (time, tid) = (at * STEP, (at % 2) as u32);
    for columns in [1, 3, 640, 2000, 4001] {
        let mut width = count * STEP * 2;
        while width >= columns as i64 {
            for offset in [0, 1, width / 3, width / 2 - 7, width - 1].into_iter().filter(|at| (0..width).contains(at)) {
                let begin = time - offset;
                let window = ask(&session, tid, begin, begin + width, columns);
                let column = (i128::from(offset) * columns as i128 / i128::from(width)) as usize;
                let bin = window.bins[column];
                assert_eq!(
                    (bin.max, bin.at),
                    (100_000_000.0, time),
                    "width {width}, offset {offset}, {columns} columns"
                );
                let others = window.bins.iter().enumerate().filter(|(at, _)| *at != column);
                assert!(others.map(|(_, bin)| bin.max).all(|max| max < 2_000.0));
            }
            // It began before the window and lasts into it.
            let window = ask(&session, tid, time + 99_999_999, time + 99_999_999 + width, columns);
            assert_eq!(window.reach, Some(Reach { at: time, duration: 100_000_000.0 }));
            width /= 5;
        }
    }
}

#[test]
fn one_long_call_among_many_is_never_hidden() {
    outlier(300_000);
}

#[test]
#[ignore = "seconds with optimisation, minutes without: cargo test --release --lib -- --ignored one_long"]
fn one_long_call_among_ten_million_is_never_hidden() {
    outlier(10_000_000);
}

#[test]
fn the_pyramid_is_the_same_when_it_is_built_anew() {
    let rows: Vec<Row> =
        (0..60_000).map(|row| (row * 100 - (row % 97) * 5_000, row * 31 % 9001, (row % 3) as u32)).collect();
    let made = made(&rows.chunks(5000).map(<[Row]>::to_vec).collect::<Vec<_>>(), 3).closed();
    let all = |session: &Session| {
        let sql = "SELECT track, lane, level, seq, first, last, until, shift, max, data FROM pyramid";
        let read = |row: &rusqlite::Row<'_>| {
            (0..10).map(|at| row.get(at)).collect::<rusqlite::Result<Vec<rusqlite::types::Value>>>()
        };
        session.rows(sql, params![], read).unwrap()
    };
    let before = all(&made.session());
    let db = rusqlite::Connection::open(&made.path).unwrap();
    db.execute_batch("DELETE FROM meta WHERE key = 'closed'; DELETE FROM pyramid").unwrap();
    drop(db);
    let after = all(&made.session());
    assert!(before.len() > 10);
    assert_eq!(before, after);
}
