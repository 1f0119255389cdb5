//! The session store: ingest beside plain SQLite rows, bytes an event, opening, windows, names and SQL.
//!
//! `cargo xtask bench store` runs it, and puts its figures into tests/benches/RESULTS.md.

#![allow(missing_docs, reason = "a program")]

mod mix;

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use perfkit_agent::session::names;
use perfkit_agent::session::query::Query;
use perfkit_agent::session::{Session, Store};
use perfkit_agent::source::{Message, NameInfo, Semantics};
use perfkit_tests::error::Context;
use perfkit_tests::{Failure, Result, figures};
use rusqlite::{Connection, params};

use mix::Mix;

/// Events of the session.
const EVENTS: usize = 10_000_000;
/// Rows that the peer gets: it would take minutes for all of them.
const PEER: usize = 1_000_000;
/// Columns of a window.
const COLUMNS: usize = 2_000;
/// Windows that are asked for.
const WINDOWS: u64 = 2_000;
/// Names.
const NAMES: usize = 1_000_000;

fn main() -> ExitCode {
    figures::main("store", run)
}

fn run() -> Result<String> {
    let folder = figures::folder()?;
    let path = folder.join("store.perfkit");
    let mut missed = Vec::new();
    let mut text = ingest(&path, &folder.join("store.sqlite"), &mut missed)?;
    text.push_str(&reading(&path, &mut missed)?);
    text.push_str(&completion(&folder.join("names.perfkit"), &mut missed)?);
    let _ = fs::remove_file(path);
    match missed.is_empty() {
        true => Ok(text),
        false => Err(Failure::new(format!("{}\n{text}", missed.join("; ")))),
    }
}

/// Seconds of this thread's processor that something takes: others share the machine's.
fn seconds<T>(what: impl FnOnce() -> T) -> (f64, T) {
    let now = || clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(0.0, |time| Duration::from(time).as_secs_f64());
    let start = now();
    let result = what();
    (now() - start, result)
}

fn ingest(path: &Path, peer: &Path, missed: &mut Vec<&str>) -> Result<String> {
    let _ = fs::remove_file(path);
    let mut mix = Mix::of_a_program();
    let mut store = Store::create(path).cannot("make a session")?;
    let (mut events, mut time) = (0, 0.0);
    for message in mix.begin() {
        store.handle(message).cannot("declare")?;
    }
    while events < EVENTS {
        let message = mix.batch();
        events += mix::rows(&message);
        let (took, result) = seconds(|| store.handle(message).and_then(|()| store.commit_if_due()));
        result.cannot("write")?;
        time += took;
    }
    let (took, result) = seconds(|| store.close());
    result.cannot("close")?;
    time += took;
    let bytes = fs::metadata(path).cannot("look at the session")?.len() as f64;

    let _ = fs::remove_file(peer);
    let db = Connection::open(peer).cannot("open the peer")?;
    let mut mix = Mix::of_a_program();
    let mut plain = mix::Plain::new(&db).cannot("make tables")?;
    db.execute_batch("BEGIN").cannot("begin")?;
    let (mut peer_events, mut peer_time) = (0, 0.0);
    for message in mix.begin() {
        plain.take(&message).cannot("declare")?;
    }
    while peer_events < PEER {
        let message = mix.batch();
        peer_events += mix::rows(&message);
        let (took, result) = seconds(|| plain.take(&message));
        result.cannot("insert")?;
        peer_time += took;
    }
    drop(plain);
    let (took, result) = seconds(|| db.execute_batch("COMMIT"));
    result.cannot("commit")?;
    peer_time += took;
    drop(db);
    let peer_bytes = fs::metadata(peer).cannot("look at the peer")?.len() as f64;
    let _ = fs::remove_file(peer);

    let (ours, theirs) = (events as f64 / time, peer_events as f64 / peer_time);
    let row = |name: &str, events: usize, rate: f64, bytes: f64| {
        let each = bytes / events as f64;
        format!("| {name} | {:.2} | {:.1} × | {each:.1} |\n", rate / 1e6, rate / theirs)
    };
    let mut text =
        String::from("| | million events/s of one core | beside plain rows | bytes an event |\n|---|---|---|---|\n");
    text.push_str(&row("a session, 10 million events", events, ours, bytes));
    text.push_str(&row("plain rows in one transaction, 1 million", peer_events, theirs, peer_bytes));
    text.push('\n');
    aim(missed, ours >= 2e6, "ingest is below 2 million events/s");
    aim(missed, bytes / events as f64 <= 12.0, "an event takes more than 12 bytes");
    Ok(text)
}

fn reading(path: &Path, missed: &mut Vec<&str>) -> Result<String> {
    let mut opening = Vec::new();
    for _ in 0..20 {
        let (took, opened) = seconds(|| Query::open(path));
        opened.cannot("open the session")?;
        opening.push(took * 1e3);
    }
    let session = Session::open(path).cannot("open the session")?;
    let mut random = mix::Random(7);
    let mut tracks = Vec::new();
    for series in session.series() {
        let of = session.tracks(series.id).cannot("read tracks")?;
        tracks.extend(of.into_iter().map(|(track, _)| (series, track)));
    }
    let (begin, end) = (mix::BEGIN, mix::BEGIN + mix::LENGTH);
    let mut windows = Vec::new();
    for window in 0..WINDOWS {
        let (series, track) = tracks[random.below(tracks.len() as u64) as usize];
        // Every zoom from the whole session to a thousandth of a percent of it.
        let width = ((end - begin) as f64 / 10f64.powf(window as f64 / WINDOWS as f64 * 5.0)) as i64;
        let from = begin + random.below((end - begin - width + 1) as u64) as i64;
        let (took, window) = seconds(|| session.window(series, track, from, from + width, COLUMNS));
        window.cannot("read a window")?;
        windows.push(took * 1e3);
    }
    let mut text = String::from("| 10 million events | median | 99% | most |\n|---|---|---|---|\n");
    let mut row = |name: &str, values: &mut Vec<f64>| {
        let [median, most, all] = [0.5, 0.99, 1.0].map(|part| figures::quantile(values, part));
        text.push_str(&format!("| {name}, ms | {median:.2} | {most:.2} | {all:.2} |\n"));
        all
    };
    let opened = row("opening", &mut opening);
    let slowest = row(&format!("a window of {COLUMNS} columns, {} tracks, every zoom", tracks.len()), &mut windows);
    text.push_str("\n| SQL over 10 million events | ms |\n|---|---|\n");
    let query = Query::open(path).cannot("open the session")?;
    for sql in [
        "SELECT count(*) FROM events",
        "SELECT source, count(*), sum(duration) FROM dispatches GROUP BY source",
        "SELECT * FROM syscalls WHERE duration > 20e6",
        "SELECT * FROM syscalls WHERE time BETWEEN 1000000000000 + 5e9 AND 1000000000000 + 5.01e9",
        "SELECT * FROM dispatches ORDER BY time LIMIT 100",
    ] {
        let mut times = Vec::new();
        for _ in 0..3 {
            let (took, rows) = seconds(|| {
                let mut select = query.db().prepare(sql)?;
                let mut rows = select.query([])?;
                let mut count = 0;
                while rows.next()?.is_some() {
                    count += 1;
                }
                Ok::<usize, rusqlite::Error>(count)
            });
            rows.cannot("query")?;
            times.push(took * 1e3);
        }
        text.push_str(&format!("| `{sql}` | {:.1} |\n", figures::median(&mut times)));
    }
    text.push('\n');
    aim(missed, opened < 100.0, "opening takes 100 ms or more");
    aim(missed, slowest < 5.0, "a window takes 5 ms or more");
    Ok(text)
}

fn completion(path: &Path, missed: &mut Vec<&str>) -> Result<String> {
    let _ = fs::remove_file(path);
    let mut store = Store::create(path).cannot("make a session")?;
    for number in 0..NAMES {
        let (a, b, c) = (number % 20, number / 20 % 500, number / 10_000);
        let name = match number % 3 {
            0 => format!("app{a}.part{b}.counter{c}"),
            1 => format!("app{a}.part{b}.group{c}.value{number}"),
            _ => format!("proc.app{a}.thread{b}.queue{c}.length"),
        };
        let info = NameInfo { name, semantics: Semantics::Gauge, unit: String::new(), doc: String::new() };
        store.handle(Message::Name(info)).cannot("write a name")?;
    }
    store.close().cannot("close")?;
    let session = Session::open(path).cannot("open the session")?;
    let plan: String = session
        .db()
        .query_row(&format!("EXPLAIN QUERY PLAN {}", names::SQL), params![1, "a", "b", 50], |row| row.get(3))
        .cannot("explain")?;
    check(plan.contains("USING INDEX name_depth"), "completion does not use the index")?;
    let (mut ours, mut like) = (Vec::new(), Vec::new());
    for at in 0..200usize {
        let prefix = format!("app{}.part{}.c", at % 20, at * 7 % 500);
        let (took, found) = seconds(|| session.names(&prefix, None, 50));
        let found = found.cannot("complete")?.len();
        ours.push(took * 1e3);
        if at % 10 == 0 {
            let sql = "SELECT name FROM main.name WHERE name LIKE ?1 AND depth = 2 ORDER BY name LIMIT 50";
            let (took, all) = seconds(|| {
                let mut select = session.db().prepare_cached(sql)?;
                select.query_map([format!("{prefix}%")], |row| row.get::<_, String>(0))?.count();
                Ok::<usize, rusqlite::Error>(
                    select.query_map([format!("{prefix}%")], |row| row.get::<_, String>(0))?.count(),
                )
            });
            check(all.cannot("use LIKE")? == found, "LIKE finds other names")?;
            like.push(took * 1e3 / 2.0);
        }
    }
    let _ = fs::remove_file(path);
    let (ours, like) = (figures::median(&mut ours), figures::median(&mut like));
    let distinct =
        format!("| completion by prefix and depth | {ours:.3} | 1 × |\n| LIKE | {like:.1} | {:.0} × |\n", like / ours);
    aim(missed, ours < 1.0, "completion takes 1 ms or more");
    Ok(format!("| 1 million names | median, ms | beside it |\n|---|---|---|\n{distinct}\nThe plan: `{plan}`.\n"))
}

/// An aim that is missed fails the bench once all is measured.
fn aim(missed: &mut Vec<&str>, holds: bool, otherwise: &'static str) {
    missed.extend((!holds).then_some(otherwise));
}

fn check(holds: bool, otherwise: &str) -> Result<()> {
    if holds { Ok(()) } else { Err(Failure::new(otherwise)) }
}
