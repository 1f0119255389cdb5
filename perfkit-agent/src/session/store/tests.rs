//! Tests of the writer: what goes in through messages is read back from the file.

use super::*;
use crate::session::{Cell, ColumnType, Data, Frame, NULL, Session, Shape, Unit, schemas};
use crate::source::{Outlet, Semantics};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// What an outlet said, by a script.
fn said(source: u32, script: impl FnOnce(&mut Outlet)) -> Vec<Message> {
    let (sender, receiver) = std::sync::mpsc::sync_channel(100_000);
    let mut outlet = Outlet::new(source, "test", sender, std::sync::Arc::default());
    outlet.source_begins("test:spec");
    script(&mut outlet);
    outlet.end(Ok(()));
    receiver.try_iter().collect()
}

fn syscalls(outlet: &mut Outlet, rows: i64) {
    let series = outlet.series(&schemas::SYSCALLS);
    for row in 0..rows {
        let track = outlet.track(&Track::thread(1, (row % 3) as i32));
        let cells = [Cell::Text(["read", "write"][row as usize % 2]), Cell::Text("args"), Cell::Int(row)];
        outlet.span(series, row * 1000, Some(row % 100), track, &cells);
    }
}

fn results(session: &Session) -> Vec<i64> {
    let series = session.named("syscalls").unwrap();
    let (all, damaged) = session.all_rows(series).unwrap();
    assert_eq!(damaged, 0);
    let mut results: Vec<i64> = all
        .iter()
        .flat_map(|rows| match &rows.columns[2] {
            Data::Int(all) => all.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    results.sort_unstable();
    results
}

#[test]
fn what_was_told_is_there_after_closing_and_one_file_is_left() {
    let folder = folder();
    let path = folder.path().join("a.perfkit");
    let mut store = Store::create(&path).unwrap();
    for message in said(0, |outlet| syscalls(outlet, 20_000)) {
        store.handle(message).unwrap();
    }
    store.close().unwrap();
    let session = Session::open(&path).unwrap();
    assert_eq!(results(&session), (0..20_000).collect::<Vec<_>>());
    let chunks = session.chunks(session.named("syscalls").unwrap().id).unwrap();
    assert_eq!(
        chunks.iter().map(|chunk| (chunk.sealed, chunk.summary.rows)).collect::<Vec<_>>(),
        [(true, 8192), (true, 8192), (true, 3616)]
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let named = session.named("syscalls").unwrap();
    assert_eq!((&named.schema.name, &named.schema.columns), (&schemas::SYSCALLS.name, &schemas::SYSCALLS.columns));
}

#[test]
fn what_was_committed_is_read_while_it_is_written() {
    let folder = folder();
    let path = folder.path().join("a.perfkit");
    let mut store = Store::create(&path).unwrap();
    for part in 0..100 {
        // A hundred commits are more than the parts that a series may have.
        let mut messages = said(0, |outlet| syscalls(outlet, 10));
        if part > 0 {
            messages.drain(..2);
            for message in &mut messages {
                if let Message::Rows { new, .. } = message {
                    *new = Mentioned::default();
                }
            }
        }
        for message in messages {
            store.handle(message).unwrap();
        }
        store.commit().unwrap();
        let session = Session::open(&path).unwrap();
        assert_eq!(results(&session).len(), (part + 1) * 10);
        assert!(session.chunks(1).unwrap().len() <= PARTS + 1);
    }
    store.close().unwrap();
    let session = Session::open(&path).unwrap();
    assert_eq!((results(&session).len(), session.chunks(1).unwrap().len()), (1000, 1));
}

#[test]
fn sources_share_what_they_both_mention() {
    let folder = folder();
    let path = folder.path().join("a.perfkit");
    let mut store = Store::create(&path).unwrap();
    let script = |first: &'static str| {
        move |outlet: &mut Outlet| {
            let series = outlet.series(&schemas::SAMPLES);
            let track = outlet.track(&Track::thread(1, 2));
            let main = Frame { function: "main".into(), module: "/bin/x".into(), address: 16 };
            let main = outlet.stack(None, main);
            let leaf = outlet.stack(Some(main), Frame { function: "leaf".into(), ..Frame::default() });
            outlet.point(series, 5, track, &[Cell::Text(first), Cell::Stack(leaf)]);
            outlet.point(series, 6, track, &[Cell::Text("cycles"), Cell::Stack(main)]);
        }
    };
    for message in said(0, script("cpu-clock")).into_iter().chain(said(3, script("faults"))) {
        store.handle(message).unwrap();
    }
    store.close().unwrap();
    let mut session = Session::open(&path).unwrap();
    let count = |table| {
        let sql = format!("SELECT count(*) FROM {table}");
        session.db().query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(["series", "track", "string", "stack", "symbol", "module", "source"].map(count), [1, 1, 3, 2, 2, 1, 2]);
    let (all, _) = session.all_rows(session.named("samples").unwrap()).unwrap();
    assert_eq!(all[0].columns[1], Data::Stack(vec![2, 2, 1, 1]));
    let Data::Name(events) = &all[0].columns[0] else { panic!() };
    let names: Vec<_> = events.iter().map(|&id| session.name(id.into()).unwrap().unwrap().to_string()).collect();
    assert_eq!(names, ["cpu-clock", "faults", "cycles", "cycles"]);
}

#[test]
fn a_series_of_other_columns_gets_a_name_of_its_own() {
    let folder = folder();
    let path = folder.path().join("a.perfkit");
    let mut store = Store::create(&path).unwrap();
    let schema = |column: &'static str| Schema {
        name: "x".into(),
        doc: "".into(),
        shape: Shape::Point,
        columns: vec![Column::new(column, ColumnType::Int, Unit::None, "")].into(),
    };
    for (source, column) in ["a", "b", "a", "PID"].into_iter().enumerate() {
        for message in said(source as u32, |outlet| {
            let series = outlet.series(&schema(column));
            let track = outlet.track(&Track::default());
            outlet.point(series, 1, track, &[Cell::Int(source as i64)]);
        }) {
            store.handle(message).unwrap();
        }
    }
    store.close().unwrap();
    let session = Session::open(&path).unwrap();
    let names: Vec<_> =
        session.series().iter().map(|s| format!("{} {}", s.schema.name, s.schema.columns[0].name)).collect();
    assert_eq!(names, ["x a", "x_2 b", "x_3 PID_"]);
}

#[test]
fn what_cannot_be_is_counted_and_survived() {
    let folder = folder();
    let path = folder.path().join("a.perfkit");
    let mut store = Store::create(&path).unwrap();
    let mut rows = Rows::new(&schemas::SYSCALLS);
    rows.time = vec![1, 2];
    rows.track = vec![0, 9];
    let of =
        |rows: &Rows| Message::Rows { source: 0, series: SeriesId(0), rows: rows.clone(), new: Mentioned::default() };
    store.handle(of(&rows)).unwrap();
    let series = Message::Series { source: 0, id: SeriesId(0), schema: schemas::SYSCALLS.clone() };
    store.handle(series).unwrap();
    store.handle(of(&rows)).unwrap();
    // Numbers that were never mentioned.
    rows.duration = vec![NULL, 3];
    for data in &mut rows.columns {
        match data {
            Data::Int(all) => *all = vec![i64::MAX, NULL],
            Data::Name(all) => *all = vec![0, 77],
            Data::Text { ends, .. } => *ends = vec![0, 0],
            _ => {}
        }
    }
    store.handle(of(&rows)).unwrap();
    store.close().unwrap();
    let session = Session::open(&path).unwrap();
    let (all, damaged) = session.all_rows(session.named("syscalls").unwrap()).unwrap();
    assert_eq!((all[0].len(), damaged), (2, 0));
    let dropped: i64 = session.db().query_row("SELECT sum(count) FROM dropped", [], |row| row.get(0)).unwrap();
    assert_eq!(dropped, 4);
}

#[test]
fn huge_texts_seal_early_and_are_cut() {
    let folder = folder();
    let path = folder.path().join("a.perfkit");
    let mut store = Store::create(&path).unwrap();
    let text = "x".repeat(3 << 19);
    for message in said(0, |outlet| {
        (0..10).for_each(|time| outlet.log(time, &Track::default(), "stdout", None, &text));
    }) {
        store.handle(message).unwrap();
    }
    store.close().unwrap();
    let session = Session::open(&path).unwrap();
    let (all, _) = session.all_rows(session.named("logs").unwrap()).unwrap();
    let lengths = all.iter().flat_map(|rows| match &rows.columns[3] {
        Data::Text { ends, .. } => ends.iter().scan(0, |last, &end| Some(end - std::mem::replace(last, end))),
        other => panic!("{other:?}"),
    });
    assert_eq!(lengths.collect::<Vec<_>>(), [1 << 20; 10]);
    assert!(all.len() >= 3);
}

#[test]
fn later_messages_add_to_earlier_ones() {
    let folder = folder();
    let path = folder.path().join("a.perfkit");
    let mut store = Store::create(&path).unwrap();
    let process =
        |name: Option<&str>, status| Process { pid: 7, name: name.map(Into::into), status, ..Process::default() };
    let info =
        NameInfo { name: "a.b.c".into(), semantics: Semantics::Gauge, unit: "bytes".into(), doc: "What.".into() };
    let module = |path: &str| Module { pid: 7, base: 4096, length: 1, path: path.into(), build_id: "ab".into() };
    for message in [
        Message::Begin { source: 1, name: "strace", spec: "strace:file".into(), time: 3 },
        Message::Module(module("/lib/a.so")),
        Message::Module(module("/lib/b.so")),
        Message::Process(process(Some("x"), None)),
        Message::Process(process(None, Some(-9))),
        Message::Name(info.clone()),
        Message::Name(info),
        Message::Dropped { source: 1, time: 5, kind: "lines".into(), count: 2 },
        Message::Dropped { source: 1, time: 9, kind: "lines".into(), count: 3 },
        Message::End { source: 1, result: Err("strace was killed by SIGKILL".into()) },
    ] {
        store.handle(message).unwrap();
    }
    store.close().unwrap();
    let session = Session::open(&path).unwrap();
    let one = |sql: &str| session.db().query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(one("SELECT name || status FROM process"), "x-9");
    assert_eq!(one("SELECT name || depth || semantics || unit FROM name"), "a.b.c2gaugebytes");
    assert_eq!(one("SELECT count || '/' || first || '/' || last FROM dropped"), "5/5/9");
    assert_eq!(
        one("SELECT name || spec || begun || error FROM source"),
        "stracestrace:file3strace was killed by SIGKILL"
    );
    assert_eq!(one("SELECT path || build_id FROM mapping, module ON module.id = mapping.module"), "/lib/b.soab");
}

#[test]
fn a_file_that_is_there_is_not_touched() {
    let folder = folder();
    let path = folder.path().join("a.perfkit");
    std::fs::write(&path, "mine").unwrap();
    let error = Store::create(&path).unwrap_err().to_string();
    assert!(error.ends_with("a.perfkit is there already; remove it, or name another with -o"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    for bytes in [&b""[..], b"mine", &[b'x'; 5000]] {
        std::fs::write(&path, bytes).unwrap();
        let error = Session::open(&path).unwrap_err().to_string();
        assert!(error.ends_with("a.perfkit is no perfkit session"), "{error}");
    }
}

#[test]
fn a_number_that_is_given_again_is_another_process_and_thread() {
    let folder = folder();
    let path = folder.path().join("a.perfkit");
    let mut store = Store::create(&path).unwrap();
    let second = 1_000_000_000;
    let process = |name: Option<&str>, start: Option<i64>, end: Option<i64>| {
        Message::Process(Process { pid: 7, name: name.map(Into::into), start, end, ..Process::default() })
    };
    let thread = |name: &str, start: Option<i64>| {
        Message::Thread(Thread { pid: 7, tid: 8, name: Some(name.into()), start, ..Thread::default() })
    };
    for message in [
        process(Some("first"), None, None),
        // Two sources that differ by a tick.
        process(None, Some(5 * second), None),
        process(None, Some(5 * second + 10_000_000), None),
        process(None, None, Some(5 * second + 20_000_000)),
        // After the first has ended, however soon.
        process(None, Some(5 * second + 30_000_000), None),
        process(Some("second"), None, None),
        // One whose end nobody saw was followed by another.
        process(Some("third"), Some(900 * second), None),
        // A source that is late.
        process(None, Some(5 * second + 1), None),
        thread("a", Some(second)),
        thread("b", Some(second + 5)),
        thread("c", Some(400 * second)),
        thread("d", None),
    ] {
        store.handle(message).unwrap();
    }
    store.close().unwrap();
    let session = Session::open(&path).unwrap();
    let all = |sql: &str| {
        let mut statement = session.db().prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        rows.collect::<rusqlite::Result<Vec<_>>>().unwrap()
    };
    assert_eq!(
        all("SELECT name || ' ' || start || ' ' || coalesce(\"end\", '?') FROM process ORDER BY start"),
        ["first 5000000001 5020000000", "second 5030000000 ?", "third 900000000000 ?"]
    );
    assert_eq!(all("SELECT name || ' ' || start FROM thread ORDER BY start"), ["b 1000000005", "d 400000000000"]);
}

/// Names and stacks without end, as temporary files give: the dictionaries are emptied, and every row keeps its own.
#[test]
fn names_and_stacks_without_end_stay_what_they_are() {
    let folder = folder();
    let path = folder.path().join("a.perfkit");
    let mut store = Store::create(&path).unwrap();
    let (sender, receiver) = std::sync::mpsc::sync_channel(100_000);
    let mut outlet = Outlet::new(0, "test", sender, std::sync::Arc::default());
    outlet.source_begins("test");
    let (calls, samples) = (outlet.series(&schemas::SYSCALLS), outlet.series(&schemas::SAMPLES));
    let track = outlet.track(&Track::thread(1, 1));
    let frame = |name: &str| Frame { function: name.into(), ..Frame::default() };
    let root = outlet.stack(None, frame("main"));
    // `main` is held across one time that the dictionary is emptied.
    let rows = 150_000;
    for row in 0..rows {
        let text = format!("/tmp/{row}");
        let path = [Cell::Text("open"), Cell::Null, Cell::Int(row), Cell::Null, Cell::Null, Cell::Text(&text)];
        outlet.span(calls, row, Some(0), track, &path);
        let leaf = outlet.stack(Some(root), frame(&text));
        // Seldom, so that these wait while the others are handed on.
        if row % 1000 == 0 {
            outlet.point(samples, row, track, &[Cell::Text("x"), Cell::Stack(leaf), Cell::Null, Cell::Int(row)]);
        }
    }
    outlet.end(Ok(()));
    let messages: Vec<_> = receiver.try_iter().collect();
    let emptied = |message: &&Message| matches!(message, Message::Rows { new, .. } if new.emptied);
    assert!(messages.iter().filter(emptied).count() >= 1);
    for message in messages {
        store.handle(message).unwrap();
    }
    store.close().unwrap();
    let query = crate::session::query::Query::open(&path).unwrap();
    let one = |sql: &str| query.db().query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(one("SELECT count(*) FROM syscalls WHERE path = '/tmp/' || result AND name = 'open'"), rows);
    let held =
        "SELECT count(*) FROM samples JOIN stacks ON stacks.id = stack JOIN stacks AS root ON root.id = stacks.parent
         WHERE stacks.function = '/tmp/' || weight AND root.function = 'main'";
    assert_eq!(one(held), rows / 1000);
}
