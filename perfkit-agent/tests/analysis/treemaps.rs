//! Treemaps of a session: each kind in each of its measures, of the threads and the stretch that are meant.

use gdkrecord::draw::treemap::Tree;
use perfkit_agent::analysis::costs::{Kind, Measure};
use perfkit_agent::analysis::treemap;
use perfkit_agent::session::query::Query;
use perfkit_agent::session::{Cell, Frame, Track, schemas};
use perfkit_agent::source::Outlet;

use super::session::{Made, PID, WORKER};
use super::{at, kind};

/// A thread that draws a frame and makes calls, and one that reads.
fn fill(outlet: &mut Outlet) {
    let (main, worker) = (outlet.track(&Track::thread(PID, PID)), outlet.track(&Track::thread(PID, WORKER)));
    let frames = outlet.series(&kind("frame"));
    let cells: Vec<Cell<'_>> = [0; 11].map(Cell::Int).to_vec();
    outlet.span(frames, at(100), Some(5_000_000), main, &cells);
    let dispatches = outlet.series(&kind("dispatch"));
    for (from, length, callback) in [(10, 50, "outer"), (20, 20, "inner"), (900, 5, "outer")] {
        let cells = [Cell::Text("idle"), Cell::Text(callback), Cell::Int(0), Cell::Null];
        outlet.span(dispatches, at(from), Some(length * 1_000_000), main, &cells);
    }
    let owners = outlet.series(&kind("window-owner"));
    outlet.point(owners, at(1), main, &[Cell::Int(1), Cell::Text("GtkWindow"), Cell::Null]);
    let titles = outlet.series(&kind("window-title"));
    outlet.point(titles, at(2), main, &[Cell::Int(1), Cell::Text("Files")]);
    let keys = outlet.series(&kind("key"));
    let key = [0, 1, 0].map(Cell::Int).into_iter().chain([Cell::Text("key-press")]).chain([0; 8].map(Cell::Int));
    outlet.span(keys, at(30), Some(4_000_000), main, &key.collect::<Vec<_>>());
    let exposures = outlet.series(&kind("exposure"));
    for (what, width) in [("damage", 10), ("repaint", 100)] {
        let cells =
            [Cell::Int(1), Cell::Int(1), Cell::Text(what), Cell::Int(0), Cell::Int(0), Cell::Int(width), Cell::Int(10)];
        outlet.point(exposures, at(101), main, &cells);
    }
    let widgets = outlet.series(&kind("widget-cost"));
    outlet.span(
        widgets,
        at(105),
        Some(2_000_000),
        main,
        &[Cell::Text("GtkLabel"), Cell::Int(3), Cell::Text("measure")],
    );
    let syscalls = outlet.series(&schemas::SYSCALLS);
    let calls: &[(i64, i64, _, &str, Option<&str>, i64)] = &[
        (40, 3, main, "read", Some("/etc/passwd"), 1024),
        (45, 2, main, "write", Some("UNIX-STREAM"), 512),
        (48, 1, main, "futex", None, 0),
        (50, 40, worker, "read", Some("/usr/share/icons/big"), 4096),
        (91, 1, worker, "read", Some("/usr/share/icons/small"), 2048),
        (920, 9, main, "read", Some("/etc/passwd"), 8192),
    ];
    for &(from, length, track, name, path, bytes) in calls {
        let bytes = if bytes > 0 { Cell::Int(bytes) } else { Cell::Null };
        let path = path.map_or(Cell::Null, Cell::Text);
        let cells = [Cell::Text(name), Cell::Null, Cell::Int(0), Cell::Null, Cell::Null, path, bytes];
        outlet.span(syscalls, at(from), Some(length * 1_000_000), track, &cells);
    }
    let calls = outlet.series(&schemas::CALLS);
    for (from, length, function, depth) in [(60, 20, "load", 0), (65, 5, "parse", 1), (75, 1, "parse", 1)] {
        let cells = [Cell::Text(function), Cell::Text("/usr/bin/app"), Cell::Null, Cell::Null, Cell::Int(depth)];
        outlet.span(calls, at(from), Some(length * 1_000_000), worker, &cells);
    }
}

/// Every node but the root in one line each, sorted.
fn lines(tree: &Tree) -> Vec<String> {
    let line = |at: usize| {
        let names: Vec<&str> = tree.path(at)[1..].iter().map(|&at| &*tree.nodes()[at].name).collect();
        format!("{}: {}", names.join(" > "), tree.nodes()[at].value)
    };
    let mut lines: Vec<String> = (1..tree.nodes().len()).map(line).collect();
    lines.sort();
    lines
}

#[test]
fn each_kind_is_measured_in_all_that_it_has() {
    let made = Made::with(&fill);
    let query = Query::open(&made.path()).unwrap();
    let expected: &[(&str, Measure, &[&str])] = &[
        ("callbacks", Measure::Time, &["inner: 20 ms", "outer: 30 ms"]),
        ("callbacks", Measure::Calls, &["inner: 1 call", "outer: 1 call"]),
        ("windows", Measure::Time, &["“Files” > key-press: 4 ms", "“Files”: 4 ms"]),
        ("windows", Measure::Area, &["“Files” > changed: 100 px", "“Files” > in vain: 900 px", "“Files”: 1.00 kpx"]),
        ("windows", Measure::Calls, &["“Files” > key-press: 1 call", "“Files”: 1 call"]),
        ("widgets", Measure::Time, &["GtkLabel > measure: 2 ms", "GtkLabel: 2 ms"]),
        ("widgets", Measure::Area, &["GtkWindow > “Files”: 1.00 kpx", "GtkWindow: 1.00 kpx"]),
        ("widgets", Measure::Calls, &["GtkLabel > measure: 3 calls", "GtkLabel: 3 calls"]),
        (
            "syscalls",
            Measure::Time,
            &["futex: 1 ms", "read > /etc/passwd: 3 ms", "read: 3 ms", "write > Unix socket: 2 ms", "write: 2 ms"],
        ),
        (
            "syscalls",
            Measure::Calls,
            &[
                "futex: 1 call",
                "read > /etc/passwd: 1 call",
                "read: 1 call",
                "write > Unix socket: 1 call",
                "write: 1 call",
            ],
        ),
        (
            "syscalls",
            Measure::Bytes,
            &["read > /etc/passwd: 1.00 KiB", "read: 1.00 KiB", "write > Unix socket: 512 B", "write: 512 B"],
        ),
        // Without samples, the time of the calls that were recorded.
        ("functions", Measure::Time, &["app > load: 14 ms", "app > parse: 6 ms", "app: 20 ms"]),
        ("functions", Measure::Calls, &["app > load: 1 call", "app > parse: 2 calls", "app: 3 calls"]),
        // Nobody waits for the thread that does not draw, but what it read was read.
        ("files", Measure::Time, &["/etc/passwd: 3 ms", "Unix socket: 2 ms"]),
        (
            "files",
            Measure::Calls,
            &[
                "/etc/passwd: 1 call",
                "/usr/share/icons > big: 1 call",
                "/usr/share/icons > small: 1 call",
                "/usr/share/icons: 2 calls",
                "Unix socket: 1 call",
            ],
        ),
        (
            "files",
            Measure::Bytes,
            &[
                "/etc/passwd: 1.00 KiB",
                "/usr/share/icons > big: 4.00 KiB",
                "/usr/share/icons > small: 2.00 KiB",
                "/usr/share/icons: 6.00 KiB",
                "Unix socket: 512 B",
            ],
        ),
    ];
    for (kind, measure, lines_of) in expected {
        let tree = treemap::tree(&query, Kind::by_name(kind).unwrap(), *measure, at(0), at(500)).unwrap().tree;
        assert_eq!(lines(&tree), *lines_of, "{kind} by {measure:?}");
    }
    assert_eq!(treemap::pairs().count(), expected.len(), "a pair has no line here");
    assert_eq!(treemap::known(&query).len(), expected.len());
    // The whole session has one callback more, and the second read.
    let whole =
        |kind, measure| treemap::tree(&query, Kind::by_name(kind).unwrap(), measure, i64::MIN, i64::MAX).unwrap().tree;
    assert_eq!(lines(&whole("callbacks", Measure::Calls)), ["inner: 1 call", "outer: 2 calls"]);
    assert_eq!(&*whole("files", Measure::Bytes).nodes()[0].value, "15.5 KiB");
}

#[test]
fn samples_tell_the_time_of_functions_better_than_traced_calls() {
    let made = Made::with(&|outlet| {
        fill(outlet);
        let worker = outlet.track(&Track::thread(PID, WORKER));
        let place = Frame { function: "parse".into(), module: "/usr/bin/app".into(), address: 7 };
        let stack = outlet.stack(None, place);
        let samples = outlet.series(&schemas::SAMPLES);
        let cells = [Cell::Text("cpu-clock"), Cell::Stack(stack), Cell::Null, Cell::Int(5_000_000)];
        outlet.point(samples, at(66), worker, &cells);
    });
    let query = Query::open(&made.path()).unwrap();
    let of = |measure| {
        lines(&treemap::tree(&query, Kind::by_name("functions").unwrap(), measure, at(0), at(500)).unwrap().tree)
    };
    assert_eq!(of(Measure::Time), ["app > parse: 5 ms", "app: 5 ms"]);
    assert_eq!(of(Measure::Calls), ["app > load: 1 call", "app > parse: 2 calls", "app: 3 calls"]);
}

#[test]
fn a_session_without_system_calls_has_no_treemaps_of_them() {
    let made = Made::with(&|outlet| {
        let main = outlet.track(&Track::thread(PID, PID));
        let frames = outlet.series(&kind("frame"));
        outlet.span(frames, at(1), Some(1), main, &[0; 11].map(Cell::Int));
    });
    let query = Query::open(&made.path()).unwrap();
    assert!(treemap::known(&query).is_empty());
    let files = Kind::by_name("files").unwrap();
    assert_eq!(treemap::tree(&query, files, Measure::Bytes, at(0), at(9)).unwrap().tree.nodes().len(), 1);
}
