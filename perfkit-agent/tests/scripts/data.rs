//! What scripts ask of a session.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use perfkit_agent::server::script::data::{Data, Own};
use perfkit_agent::server::script::{Code, Limits, Sandbox, ScriptError};
use perfkit_agent::session::{Cell, Store, Track, gdk, schemas};
use perfkit_agent::source::{NameInfo, Outlet, Semantics};
use tokio::sync::mpsc;

use crate::sandbox;

const SECOND: i64 = 1_000_000_000;

/// A session of ten seconds that begins at 1000 s: 100 frames, of which every tenth is slow; system calls; counters.
fn session() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.perfkit");
    let mut store = Store::create(&path).unwrap();
    fill(&mut store, 1000 * SECOND);
    store.close().unwrap();
    (folder, path)
}

fn fill(store: &mut Store, begin: i64) {
    let (sender, receiver) = std::sync::mpsc::sync_channel(100_000);
    let mut outlet = Outlet::new(0, "test", sender, Arc::default());
    outlet.source_begins("test");
    let counters = outlet.series(&schemas::COUNTERS);
    for (name, semantics, unit) in [
        ("proc.cpu.user", Semantics::Counter, "ns"),
        ("proc.cpu.system", Semantics::Counter, "ns"),
        ("proc.cpux", Semantics::Counter, "ns"),
        ("proc.threads", Semantics::Gauge, ""),
    ] {
        outlet.name(NameInfo { name: name.into(), semantics, unit: unit.into(), doc: "".into() });
    }
    let tracks = ["proc.cpu.user", "proc.cpu.system", "proc.cpux", "proc.threads"]
        .map(|name| outlet.track(&Track::counter(7, name)));
    for second in 0..=10 {
        let at = begin + second * SECOND;
        // Half a second of each, a quarter of it for the system; threads come and stay.
        outlet.point(counters, at, tracks[0], &[Cell::Real(second as f64 * 0.5e9)]);
        outlet.point(counters, at, tracks[1], &[Cell::Real(second as f64 * 0.25e9)]);
        outlet.point(counters, at, tracks[2], &[Cell::Real(second as f64 * 1e9)]);
        if second == 0 || second == 5 {
            outlet.point(counters, at, tracks[3], &[Cell::Real(if second == 0 { 1.0 } else { 3.0 })]);
        }
    }
    let frames = gdk::schemas().into_iter().find(|schema| schema.name == "gdk_frame").unwrap();
    let frame = outlet.series(&frames);
    let thread = outlet.track(&Track::thread(7, 7));
    let calls = outlet.series(&schemas::SYSCALLS);
    for number in 0..100 {
        let duration = if number % 10 == 9 { 30_000_000 } else { 5_000_000 };
        let mut cells = vec![Cell::Null; frames.columns.len()];
        for (column, value) in [("counter", number), ("clock", 1)] {
            cells[frames.column(column).unwrap()] = Cell::Int(value);
        }
        outlet.span(frame, begin + number * SECOND / 10, Some(duration), thread, &cells);
        let name = ["read", "write", "poll"][number as usize % 3];
        outlet.span(calls, begin + number * SECOND / 10, Some(number * 1000), thread, &[Cell::Text(name)]);
    }
    outlet.end(Ok(()));
    receiver.try_iter().for_each(|message| store.handle(message).unwrap());
    store.commit().unwrap();
}

/// The lines of a script, or how it failed.
async fn ask(sandbox: &Sandbox, data: &Data<Own>, source: &str) -> Result<Vec<String>, ScriptError> {
    let (sender, mut lines) = mpsc::channel::<Bytes>(1000);
    sandbox.run(source, &Limits::default(), data, sender).await?;
    let mut all = Vec::new();
    while let Ok(line) = lines.try_recv() {
        all.push(String::from_utf8(line.to_vec()).unwrap().trim_end().to_owned());
    }
    Ok(all)
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_are_reckoned_where_the_session_is() {
    let (_folder, path) = session();
    let (sandbox, data) = (sandbox().await, Data::new(Own::open(&path).unwrap()));
    for (source, expected) in [
        // Counters: a name and all below it; a counter is read by its growth in a second, a gauge by its values.
        ("session.counters('proc.cpu').mean()", "750000000"),
        ("session.counters('proc.cpu.user').mean()", "500000000"),
        ("session.counters('proc.cpu').percentile(99)", "500000000"),
        ("session.counters('proc.cpu').min()", "250000000"),
        ("session.counters('proc.cpu').sum()", "7500000000"),
        ("session.counters('proc.cpu.user').raw().last()", "5000000000"),
        ("session.counters('proc.cpu.user').between(session.at(2), session.at(5)).sum()", "1000000000"),
        ("session.counters('proc.cpu').stats().unit", r#""ns/s""#),
        ("session.counters('proc.cpu').of(7).count()", "20"),
        ("session.counters('proc.threads').mean()", "2"),
        ("session.counters('proc.threads').max()", "3"),
        ("session.counters('proc.threads').first()", "1"),
        ("session.counters('proc.threads').last()", "3"),
        ("session.counters('proc.cpu').histogram(2).counts.join()", r#""10,10""#),
        (
            "const v = session.counters('proc.cpu').values; [v.times instanceof Float64Array, v.values.length, v.tracks[v.track[0]].name]",
            r#"[true,20,"proc.cpu.system"]"#,
        ),
        // Frames.
        ("session.frames.count()", "100"),
        ("session.frames.percentile(99)", "30000000"),
        ("session.frames.percentile(50)", "5000000"),
        ("session.frames.where({ duration: { gt: 16e6 } }).count()", "10"),
        ("session.frames.where(f => f.duration > 16e6).count()", "10"),
        ("session.frames.where(f => f.duration > 16e6).mean()", "30000000"),
        ("session.frames.where({ counter: [1, 2, 300] }).count()", "2"),
        ("session.frames.where({ wait: null }).count() + session.frames.where({ wait: { ne: null } }).count()", "100"),
        ("session.frames.slow(3).map(f => f.counter).sort().length", "3"),
        ("session.frames.top(2, 'counter').map(f => f.counter)", "[99,98]"),
        ("session.frames.orderBy('counter', 'desc').limit(3).mean('counter')", "98"),
        ("session.frames.first().counter", "0"),
        ("session.frames.toArray().length", "100"),
        ("session.frames.between(session.at(1), session.at(2)).count()", "10"),
        ("let n = 0; for (const frame of session.frames) n += frame.counter; n", "4950"),
        ("session.frames.histogram('duration', 5).counts.join()", r#""90,0,0,0,10""#),
        (
            "const c = session.frames.columns('duration', 'kind'); [c.duration instanceof Float64Array, c.duration.length, c.kind[0]]",
            r#"[true,100,"frame"]"#,
        ),
        // Events, and any other table.
        ("session.events.where({ kind: 'frame', from: session.at(9) }).count()", "10"),
        ("session.events.where({ name: 'frame' }).sum('duration') / 1e6", "750"),
        ("session.events.where({ name: ['frame', 'key'], duration: { gte: 5e6, lt: 6e6 } }).count()", "90"),
        ("session.events.where({ name: { like: 'fr%' } }).count()", "100"),
        ("session.events.groupBy('kind')", r#"[{"count":100,"key":"frame"}]"#),
        (
            "session.table('syscalls').groupBy('name', 'duration').map(g => [g.key, g.count, g.sum])",
            r#"[["read",34,1683000],["poll",33,1650000],["write",33,1617000]]"#,
        ),
        (
            "session.table('syscalls').where(() => true).groupBy('name', 'duration').map(g => [g.key, g.count, g.sum])",
            r#"[["read",34,1683000],["poll",33,1650000],["write",33,1617000]]"#,
        ),
        ("session.table('syscalls').where({ name: { like: 'p%' } }).count()", "33"),
        ("session.sql('SELECT count(*) AS n FROM frames WHERE duration > :most', { most: 16e6 })", r#"[{"n":10}]"#),
        ("session.sql('SELECT 2 AS b, 1 AS a')", r#"[{"b":2,"a":1}]"#),
        // What there is.
        ("session.names('proc.cpu').map(n => n.name)", r#"["proc.cpu","proc.cpu.system","proc.cpu.user","proc.cpux"]"#),
        ("session.series().find(s => s.name == 'syscalls').rows", "100"),
        ("session.seconds(session.info.end)", "10"),
        ("session.analysis().frames.count", "100"),
        ("session.analysis({ from: session.at(5) }).frames.count", "50"),
        ("session.analysis().verdict[0]", r#""10 of 100 frames (10.0 %) took longer than their budget of 16.7 ms.""#),
    ] {
        let lines = ask(&sandbox, &data, source).await;
        let lines = lines.unwrap_or_else(|error| panic!("{source}: {error:?}"));
        assert_eq!(lines.concat(), expected, "{source}");
    }
    assert!(data.read() > 10_000, "{}", data.read());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_is_told_in_a_line() {
    let (_folder, path) = session();
    let (sandbox, data) = (sandbox().await, Data::new(Own::open(&path).unwrap()));
    for (source, message) in [
        ("session.sql('DELETE FROM main.chunk')", "only reads"),
        ("session.sql('PRAGMA case_sensitive_like = 1')", "only reads"),
        ("session.sql('ATTACH ? AS x', ['/etc/passwd'])", "only reads"),
        ("session.sql('CREATE TEMP TABLE x AS SELECT 1')", "only reads"),
        ("session.sql('WITH x AS (SELECT 1) DELETE FROM main.chunk')", "only reads"),
        ("session.sql('SELECT 1; SELECT 2')", "the query"),
        ("session.sql('SELECT * FROM nowhere')", "no such table"),
        ("session.sql(\"SELECT load_extension('x')\")", "the query"),
        ("session.sql(\"SELECT writefile('/tmp/x', 'y')\")", "no such function"),
        ("session.sql('SELECT ?', [1, 2])", "1 parameters, and 2 are given"),
        ("session.sql('SELECT ?', [{}])", "a parameter is"),
        ("session.sql('SELECT :a', { b: 1 })", "no parameter `:b`"),
        ("session.sql()", "wants a statement"),
        ("session.table('nowhere').count()", "has no table `nowhere`"),
        ("session.table('frames; DROP TABLE x').count()", "has no table"),
        ("session.table(5).count()", "named by a text"),
        ("session.frames.sum('duratio')", "has no column `duratio` (did you mean `duration`?)"),
        ("session.frames.where({ '\"x': 1 }).count()", "has no column"),
        ("session.frames.where({ duration: { above: 1 } }).count()", "is no comparison"),
        ("session.frames.where({ duration: { gt: {} } }).count()", "a parameter is"),
        ("session.frames.where(5).count()", "a condition is an object"),
        ("session.frames.where({ counter: Array.from({ length: 2000 }, (_, i) => i) }).count()", "1000 values at most"),
        ("session.frames.percentile(101)", "from 0 to 100"),
        ("session.frames.histogram('duration', 1e9)", "from 1 to 10000 bins"),
        ("session.counters('proc.cp').mean()", "has no counter `proc.cp`"),
        ("session.counters().mean()", "named by a text"),
        ("session.counters('proc.cpu').between('a', 'b').mean()", "a time is a number"),
    ] {
        let error = ask(&sandbox, &data, source).await.unwrap_err();
        assert_eq!((error.code, error.line), (Code::Exception, Some(1)), "{source}: {error:?}");
        assert!(error.message.contains(message), "{source}: {error:?}");
    }
    // Nothing of that is left in the reader that others get.
    assert_eq!(ask(&sandbox, &data, "session.sql('SELECT 1 AS x')[0].x").await.unwrap(), ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_without_an_end_ends_with_its_script() {
    let (_folder, path) = session();
    let (sandbox, data) = (sandbox().await, Data::new(Own::open(&path).unwrap()));
    let limits = Limits { wall: Duration::from_millis(300), ..Limits::default() };
    let endless = "session.sql('WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n')";
    let (sender, _lines) = mpsc::channel(8);
    let error = sandbox.run(endless, &limits, &data, sender).await.unwrap_err();
    assert_eq!(error.code, Code::Wall);
    // The one reader that there is can be lent to the next.
    let begun = Instant::now();
    assert_eq!(ask(&sandbox, &data, "session.frames.count()").await.unwrap(), ["100"]);
    assert!(begun.elapsed() < Duration::from_secs(5));
    let many = "session.sql('WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n')";
    let error = ask(&sandbox, &data, many).await.unwrap_err();
    assert!(error.message.contains("ask for less"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_being_written_is_read_as_it_grows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.perfkit");
    let mut store = Store::create(&path).unwrap();
    fill(&mut store, 1000 * SECOND);
    let (sandbox, data) = (sandbox().await, Data::new(Own::open(&path).unwrap()));
    let count = "[session.info.closed, session.frames.count(), session.counters('proc.cpu').sum()]";
    assert_eq!(ask(&sandbox, &data, count).await.unwrap(), ["[false,100,7500000000]"]);
    fill(&mut store, 1011 * SECOND);
    // What began anew grew by what it has.
    assert_eq!(ask(&sandbox, &data, count).await.unwrap(), ["[false,200,15000000000]"]);
    store.close().unwrap();
}
