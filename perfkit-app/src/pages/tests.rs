//! What pages read, from a session that is written for it: a little of everything, at known moments.

use std::path::Path;

use perfkit_agent::session::{Cell, Frame, Query, Session, Store, Track, schemas};
use perfkit_agent::source::{NameInfo, Outlet, Semantics};

use super::follow::Wanted;
use super::{calls, counters, logs, server};
use crate::link::Reader;
use crate::model::Range;
use crate::model::calltree::{self, Sampled, Stacks, Tree};

const MS: i64 = 1_000_000;
/// The session's begin and end.
const WHOLE: Range = Range { begin: 1_000 * MS, end: 2_000 * MS };

/// A session at `path`, opened.
fn session(path: &Path) -> Reader {
    let mut store = Store::create(path).unwrap();
    let (mut outlet, seen) = Outlet::to_memory("test");
    outlet.source_begins("test");
    let thread = outlet.track(&Track::thread(7, 8));
    let calls = outlet.series(&schemas::SYSCALLS);
    for (at, name, ms, bytes) in [(1_000, "read", 50, 100), (1_100, "read", 5, 20), (1_990, "poll", 100, 0)] {
        let cells =
            [Cell::Text(name), Cell::Null, Cell::Int(bytes), Cell::Null, Cell::Null, Cell::Null, Cell::Int(bytes)];
        outlet.span(calls, at * MS, Some(ms * MS), thread, &cells);
    }
    let library = outlet.series(&schemas::CALLS);
    outlet.span(library, 1_200 * MS, Some(MS), thread, &[Cell::Text("malloc"), Cell::Text("libc.so.6")]);
    let frame = |name: &str, module: &str, address| Frame { function: name.into(), module: module.into(), address };
    let main = outlet.stack(None, frame("main", "/usr/bin/a", 1));
    let draw = outlet.stack(Some(main), frame("draw", "/usr/bin/a", 2));
    let nameless = outlet.stack(Some(draw), frame("", "/usr/lib/libb.so", 3));
    let samples = outlet.series(&schemas::SAMPLES);
    for (at, stack) in [(1_001, draw), (1_002, nameless), (1_500, main)] {
        let cells = [Cell::Text("cpu-clock"), Cell::Stack(stack), Cell::Int(0), Cell::Int(5 * MS)];
        outlet.point(samples, at * MS, thread, &cells);
    }
    let off = outlet.series(&schemas::OFFCPU);
    outlet.span(off, 1_300 * MS, Some(200 * MS), thread, &[Cell::Text("sleeping"), Cell::Stack(main)]);
    let log = Track::thread(7, 0);
    outlet.log(1_400 * MS, &log, "stdout", None, "clicked");
    outlet.log(1_410 * MS, &log, "stderr", Some(perfkit_agent::source::Level::Warning), "oh no");
    let bus = outlet.series(&schemas::DBUS);
    let on = outlet.track(&Track { pid: 0, tid: 0, label: "session".into() });
    let cells = [Cell::Text("error"), Cell::Text(":1.1"), Cell::Text(":1.2"), Cell::Null, Cell::Null, Cell::Text("Do")];
    outlet.span(bus, 1_405 * MS, Some(MS), on, &cells);
    for (name, semantics) in [("app.hits", Semantics::Counter), ("app.size", Semantics::Gauge)] {
        outlet.name(NameInfo { name: name.into(), semantics, unit: "".into(), doc: "".into() });
    }
    let values = outlet.series(&schemas::COUNTERS);
    let hits = outlet.track(&Track::counter(7, "app.hits"));
    let size = outlet.track(&Track::counter(7, "app.size"));
    for at in 0..10 {
        outlet.point(values, (1_000 + at * 100) * MS, hits, &[Cell::Real((at * 3) as f64)]);
        outlet.point(values, (1_000 + at * 100) * MS, size, &[Cell::Real((at % 4) as f64)]);
    }
    for (name, semantics) in
        [("agent.worker.busy.worker=0", Semantics::Counter), ("agent.requests.open.module=health", Semantics::Gauge)]
    {
        outlet.name(NameInfo { name: name.into(), semantics, unit: "".into(), doc: "".into() });
        let track = outlet.track(&Track { pid: 0, tid: 0, label: name.into() });
        for at in 0..10 {
            outlet.point(values, (1_000 + at * 100) * MS, track, &[Cell::Real((at * 50 * MS) as f64)]);
        }
    }
    outlet.end(Ok(()));
    seen.messages().into_iter().for_each(|message| store.handle(message).unwrap());
    store.close().unwrap();
    Reader { session: Session::open(path).unwrap(), query: Query::open(path).unwrap() }
}

fn with(check: impl FnOnce(&mut Reader, &Wanted)) {
    let folder = tempfile::tempdir().unwrap();
    let mut reader = session(&folder.path().join("a.perfkit"));
    check(&mut reader, &Wanted::always());
}

#[test]
fn logs_and_messages_come_in_their_order_with_their_levels() {
    with(|reader, wanted| {
        let mut told = |range| logs::tests::told(reader, range, WHOLE.begin, wanted);
        assert_eq!(
            told(WHOLE),
            [
                "0.400000 s||stdout|clicked",
                "0.405000 s|error reply|D-Bus session|Do, :1.1 → :1.2, answered after 1 ms",
                "0.410000 s|warning|stderr|oh no",
            ]
        );
        assert_eq!(told(Range::new(1_406 * MS, 1_411 * MS)).len(), 1);
    });
}

#[test]
fn only_what_lies_in_the_stretch_counts_for_calls() {
    with(|reader, wanted| {
        let told = |sums: &calls::totals::Sums, range| {
            let mut rows = sums.rows(&reader.query, range, wanted).unwrap();
            rows.sort_by_key(|row| format!("{:?}", row.cells));
            let words = |row: &crate::widgets::table::Row| {
                let cells = row.cells.iter().zip(sums.columns()).map(|(cell, column)| cell.words(column.kind));
                (cells.collect::<Vec<_>>().join(" "), row.place.map(|place| place.begin / MS))
            };
            rows.iter().map(words).collect::<Vec<_>>()
        };
        let stretch = Range::new(1_040 * MS, 2_000 * MS);
        assert_eq!(
            told(&calls::totals::SYSCALLS, stretch),
            [("poll 10 ms 1 100 ms  ".to_owned(), Some(1_990)), ("read 15 ms 2 50 ms 120 B ".to_owned(), Some(1_000))]
        );
        let library = told(&calls::totals::CALLS, stretch);
        assert_eq!(library, [("malloc libc.so.6 1 ms 1 1 ms".to_owned(), Some(1_200))]);
    });
}

#[test]
fn samples_become_a_tree_from_either_end_and_time_off_the_processor_too() {
    with(|reader, _| {
        let stacks = Stacks::read(&reader.query).unwrap();
        let sampled = calltree::sampled(&reader.query).unwrap();
        assert_eq!(sampled, [Sampled::On("cpu-clock".into()), Sampled::Off]);
        let paths = |sampled, range, inverted| {
            let tree = Tree::read(&reader.query, &stacks, sampled, range, inverted, &|| true).unwrap().unwrap();
            let own = (1..tree.nodes.len() as u32).filter(|&node| tree.nodes[node as usize].own > 0);
            let path = |node| {
                let names =
                    tree.line(node).into_iter().filter_map(|node| tree.function(node).map(|f| f.name.to_string()));
                format!("{} {}", names.collect::<Vec<_>>().join(";"), tree.nodes[node as usize].own / MS)
            };
            let mut paths: Vec<String> = own.map(path).collect();
            paths.sort();
            paths
        };
        assert_eq!(
            paths(&sampled[0], WHOLE, false),
            ["thread 8;main 5", "thread 8;main;draw 5", "thread 8;main;draw;? (libb.so) 5"]
        );
        let early = Range::new(1_000 * MS, 1_100 * MS);
        assert_eq!(paths(&sampled[0], early, true), ["? (libb.so);draw;main;thread 8 5", "draw;main;thread 8 5"]);
        assert_eq!(paths(&sampled[1], Range::new(1_400 * MS, 1_450 * MS), false), ["thread 8;main 50"]);
        let given_up = Tree::read(&reader.query, &stacks, &sampled[0], WHOLE, false, &|| false).unwrap();
        assert!(given_up.is_some(), "so few are not worth giving up");
    });
}

#[test]
fn counters_are_read_with_the_values_beside_the_stretch() {
    with(|reader, wanted| {
        let all = counters::read::list(reader, WHOLE).unwrap();
        // What an agent's server told is there, and is not shown before it is asked for.
        let (of_agent, all): (Vec<_>, Vec<_>) = all.into_iter().partition(|counter| counter.name.starts_with("agent."));
        assert!(of_agent.len() == 2 && !of_agent.iter().any(|counter| counter.shown));
        let names: Vec<_> = all.iter().map(|counter| (&*counter.name, counter.counts_up, counter.shown)).collect();
        assert_eq!(names, [("app.hits", true, true), ("app.size", false, true)]);
        let asked: Vec<_> = all.into_iter().enumerate().collect();
        let range = Range::new(1_250 * MS, 1_450 * MS);
        let lanes = counters::read::lanes(reader, &asked, range, WHOLE, 100, wanted).unwrap();
        let times = |at: usize| lanes[at].points.iter().map(|point| point.time / MS).collect::<Vec<_>>();
        assert_eq!((times(0), times(1)), (vec![1_300, 1_400, 1_500], vec![1_200, 1_300, 1_400, 1_500]));
        assert!(lanes[0].points.iter().all(|point| (point.mean - 30.0).abs() < 1e-6), "{:?}", lanes[0].points);
        assert_eq!(lanes[1].at(1_250 * MS), Some(2.0));
        // The first rise lasts from before the stretch on, and is drawn so.
        assert_eq!((lanes[0].since, lanes[1].since), (Some(1_200 * MS), None));
    });
}

#[test]
fn what_a_server_told_about_itself_is_read_with_what_it_was_before() {
    use crate::model::server::sections::SECTIONS;
    with(|reader, wanted| {
        assert!(crate::model::server::there(reader));
        let late = Range::new(1_500 * MS, 1_900 * MS);
        let history = server::read::history(reader, late, WHOLE, 100, wanted).unwrap();
        assert_eq!(history.rows(&SECTIONS[0]), ["0"]);
        let busy = history.figure(&SECTIONS[0].figures[0], "worker", "0", late).unwrap();
        assert!((busy - 0.5).abs() < 0.02, "{busy}");
        // The line goes on to the left of what is seen.
        assert!(history.extent().unwrap().0 < late.begin);
    });
}
