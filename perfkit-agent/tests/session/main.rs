//! Sessions in trouble: writers that are killed, disks that are full, folders that cannot be written.
//!
//! The writer is this program again, in a process of its own.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod place;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use perfkit_agent::session::query::Query;
use perfkit_agent::session::{Bookmarks, Cell, Session, Store, Track, bookmarks, clock, schemas};
use perfkit_agent::source::{Outlet, Stop, Stopper};

use place::Place;

/// Names the session that the process is to write.
const WRITE: &str = "PERFKIT_TEST_WRITE";

/// Not a test: the writer, which never ends by itself.
#[test]
#[ignore = "the process that other tests start and kill"]
fn writer() {
    let Some(path) = std::env::var_os(WRITE) else { return };
    let (_stopper, stop) = Stopper::new().unwrap();
    let _ = write(Path::new(&path), &stop);
}

/// Writes calls and values, each with its number and the time at which it was told, until it is told to stop.
fn write(path: &Path, stop: &Stop) -> perfkit_agent::Result<()> {
    let store = Store::create(path)?;
    let (sender, receiver) = Outlet::queue();
    let store = std::thread::spawn(move || store.run(receiver));
    let mut outlet = Outlet::new(0, "test", sender, Arc::default());
    outlet.source_begins("test");
    let calls = outlet.series(&schemas::SYSCALLS);
    let counters = outlet.series(&schemas::COUNTERS);
    let thread = outlet.track(&Track::thread(1, 2));
    let counter = outlet.track(&Track::counter(1, "test.number"));
    for number in 0.. {
        if stop.said() || outlet.closed() {
            break;
        }
        let cells = [Cell::Text("read"), Cell::Text("3, some bytes"), Cell::Int(number)];
        outlet.span(calls, clock::now(), Some(number % 977), thread, &cells);
        if number % 50 == 0 {
            outlet.point(counters, clock::now(), counter, &[Cell::Real(number as f64)]);
            outlet.tick();
        }
        // Some hundred thousand a second: enough that chunks are sealed all the time.
        if number % 1000 == 0 {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    outlet.end(Ok(()));
    store.join().unwrap()
}

struct Writer(Child);

impl Writer {
    fn start(path: &Path) -> Writer {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "writer", "--ignored"]).env(WRITE, path).stdout(Stdio::null());
        Writer(command.spawn().unwrap())
    }

    /// Waits until there is a session.
    fn begun(&self, path: &Path) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !Session::open(path).is_ok_and(|session| session.named("syscalls").is_some()) {
            assert!(Instant::now() < deadline, "the writer does not begin");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Kills it, and says when.
    fn kill(mut self) -> i64 {
        let before = clock::now();
        self.0.kill().unwrap();
        self.0.wait().unwrap();
        before
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // One that was killed already is no more to be killed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn ask(query: &Query, sql: &str) -> (i64, i64, i64) {
    query.db().query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap()
}

/// That every row up to the last one is there; gives how many there are, and the time of the last one.
fn whole(path: &Path) -> (i64, i64) {
    let query = Query::open(path).unwrap();
    let (rows, last, time) =
        ask(&query, "SELECT count(*), coalesce(max(result), -1), coalesce(max(time), 0) FROM syscalls");
    assert_eq!(rows, last + 1, "rows are missing between others");
    let (values, last, _) =
        ask(&query, "SELECT count(*), CAST(coalesce(max(value), -50) / 50 AS INTEGER), 0 FROM counters");
    assert_eq!(values, last + 1, "values are missing between others");
    assert!(query.damaged().is_empty());
    // The pyramid has them all too.
    let session = Session::open(path).unwrap();
    if let Some(series) = session.named("syscalls") {
        let tracks = session.tracks(series.id).unwrap();
        let window = |track| session.window(series, track, 0, i64::MAX, 1000).unwrap();
        let count: u64 = tracks.iter().flat_map(|(track, _)| window(*track).bins).map(|bin| bin.count).sum();
        // More may have been written meanwhile.
        let (after, ..) = ask(&Query::open(path).unwrap(), "SELECT count(*), 0, 0 FROM syscalls");
        assert!((rows..=after).contains(&(count as i64)), "{count} of {rows} to {after}");
    }
    (rows, time)
}

#[test]
fn a_writer_that_is_killed_at_any_moment_loses_at_most_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64 | 1;
    let mut most = 0;
    for round in 0..30 {
        let path = folder.path().join(format!("{round}.perfkit"));
        let writer = Writer::start(&path);
        writer.begun(&path);
        let begun = clock::now();
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let moment = Duration::from_micros(random % 1_200_000);
        std::thread::sleep(moment);
        let killed = writer.kill();
        let (rows, last) = whole(&path);
        // What was told in the first second may all be lost.
        let lost = killed - last.max(begun);
        assert!(lost < 1_000_000_000, "killed after {moment:?}: {lost} ns lost of {rows} rows");
        most = most.max(lost);
        // Opening it made one whole file of it.
        assert!(!folder.path().join(format!("{round}.perfkit-wal")).exists());
        assert_eq!(whole(&path).0, rows);
    }
    println!("at most {} ms were lost", most / 1_000_000);
}

#[test]
fn a_session_is_read_while_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.perfkit");
    let writer = Writer::start(&path);
    writer.begun(&path);
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut before = 0;
    for _ in 0..5 {
        loop {
            let (rows, _) = whole(&path);
            assert!(rows >= before);
            if rows > before {
                before = rows;
                break;
            }
            assert!(Instant::now() < deadline, "no more rows come");
        }
    }
    writer.kill();
    assert!(whole(&path).0 >= before);
}

#[test]
fn a_full_disk_ends_the_session_with_one_line_and_keeps_what_was_committed() {
    let Some(place) = Place::of_bytes(6 << 20) else { return };
    let path = place.path().join("a.perfkit");
    let (_stopper, stop) = Stopper::new().unwrap();
    let error = write(&path, &stop).unwrap_err().to_string();
    assert_eq!(error, format!("cannot write {}: the disk is full; what was committed before is kept", path.display()));
    let (rows, _) = whole(&path);
    assert!(rows > 100_000, "{rows} rows");
    // And where there is no room for a session at all.
    std::fs::write(place.path().join("rest"), vec![0; 6 << 20]).unwrap_err();
    let error = Store::create(&place.path().join("b.perfkit")).unwrap_err().to_string();
    assert!(error.contains("b.perfkit: the disk is full"), "{error}");
}

#[test]
fn a_folder_that_cannot_be_written_is_read_whether_the_session_was_closed_or_not() {
    let Some(place) = Place::of_bytes(64 << 20) else { return };
    let (closed, killed) = (place.path().join("closed.perfkit"), place.path().join("killed.perfkit"));
    let (stopper, stop) = Stopper::new().unwrap();
    let path: PathBuf = closed.clone();
    let writing = std::thread::spawn(move || write(&path, &stop));
    let writer = Writer::start(&killed);
    writer.begun(&killed);
    std::thread::sleep(Duration::from_millis(1500));
    writer.kill();
    stopper.stop();
    writing.join().unwrap().unwrap();
    place.make_read_only();
    assert!(std::fs::write(place.path().join("x"), "x").is_err());
    assert!(whole(&closed).0 > 1000);
    assert!(whole(&killed).0 > 1000);
}

#[test]
fn bookmarks_in_what_cannot_be_written_are_refused_and_those_that_are_there_are_read() {
    let Some(place) = Place::of_bytes(8 << 20) else { return };
    let path = place.path().join("a.perfkit");
    Store::create(&path).unwrap().close().unwrap();
    Bookmarks::open(&path).unwrap().add(1, 1, "before").unwrap();
    place.make_read_only();
    let words = format!("{} cannot be written; copy it to where it can", path.display());
    assert_eq!(Bookmarks::open(&path).unwrap_err().to_string(), words);
    let read = bookmarks::list(Session::open(&path).unwrap().db()).unwrap();
    assert_eq!(read.iter().map(|bookmark| bookmark.text.as_str()).collect::<Vec<_>>(), ["before"]);
}
