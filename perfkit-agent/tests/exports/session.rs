//! A session with something of everything, and ways to export it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use perfkit_agent::session::query::Query;
use perfkit_agent::session::{Cell, Frame, Store, Track, gdk, schemas};
use perfkit_agent::source::{Module, NameInfo, Outlet, Process, Semantics, Thread};
use rusqlite::types::Value;
use tempfile::TempDir;

/// When it begins.
pub const BEGIN: i64 = 5_000_000_123_456;
/// The process, and its second thread.
pub const PID: i32 = 4100;
pub const WORKER: i32 = 4101;

/// A session of its own.
pub struct Made {
    folder: TempDir,
}

impl Made {
    /// One with something of everything.
    pub fn new() -> Made {
        Made::with(&fill)
    }

    /// One with what `fill` puts into it.
    pub fn with(fill: &dyn Fn(&mut Outlet)) -> Made {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(&folder.path().join("a.perfkit")).unwrap();
        let (sender, receiver) = Outlet::queue();
        let store = std::thread::spawn(move || store.run(receiver));
        let mut outlet = Outlet::new(1, "test", sender, Arc::default());
        outlet.source_begins("test");
        fill(&mut outlet);
        outlet.end(Ok(()));
        store.join().unwrap().unwrap();
        Made { folder }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("a.perfkit")
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Imports a file, and gives the session.
    pub fn import(&self, file: &Path) -> PathBuf {
        let back = self.folder().join("back.perfkit");
        let mut command = Command::new(env!("CARGO_BIN_EXE_perfkit-agent"));
        let output = command.arg("import").arg(file).arg("-o").arg(&back).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        back
    }

    /// Runs `export` with these arguments, and gives what it said.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_perfkit-agent"));
        command.arg("export").arg(self.path()).args(arguments).current_dir(self.folder()).output().unwrap()
    }

    /// Exports in a format, and gives the file.
    pub fn export(&self, format: &str, arguments: &[&str]) -> PathBuf {
        let path = self.folder().join(format!("out.{format}"));
        let output = self.run(&[&["--format", format, "-o", path.to_str().unwrap()], arguments].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        path
    }

    /// Exports in a format that is text, to standard output.
    pub fn text(&self, format: &str, arguments: &[&str]) -> String {
        let output = self.run(&[&["--format", format, "-o", "-"], arguments].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

/// The rows that answer a question, each as a line.
pub fn ask(session: &Path, sql: &str) -> Vec<String> {
    let query = Query::open(session).unwrap();
    let mut select = query.db().prepare(sql).unwrap();
    let columns = select.column_count();
    let word = |value: Value| match value {
        Value::Null => "-".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text,
        Value::Blob(_) => "?".to_owned(),
    };
    let rows = select.query_map([], |row| (0..columns).map(|at| Ok(word(row.get(at)?))).collect::<Result<Vec<_>, _>>());
    rows.unwrap().map(|row| row.unwrap().join(" ")).collect()
}

fn fill(outlet: &mut Outlet) {
    let at = |ms: i64| BEGIN + ms * 1_000_000;
    outlet.fact("target.\"quoted\"", "a\nb\\c");
    outlet.process(Process {
        pid: PID,
        parent: Some(1),
        name: Some("app".to_owned()),
        command: Some("/usr/bin/app --flag".to_owned()),
        start: Some(BEGIN),
        end: Some(at(900)),
        status: Some(0),
    });
    for (tid, name) in [(PID, "app"), (WORKER, "worker <1>")] {
        outlet.thread(Thread { pid: PID, tid, name: Some(name.to_owned()), start: Some(BEGIN), end: None });
    }
    let build_id = "0123456789abcdef0123456789abcdef01234567".to_owned();
    outlet.module(Module {
        pid: PID,
        base: 0x5555_0000_0000,
        length: 0x9000,
        path: "/usr/bin/app".to_owned(),
        build_id,
    });
    let (main, worker) = (outlet.track(&Track::thread(PID, PID)), outlet.track(&Track::thread(PID, WORKER)));

    // A dispatch around a system call around a stretch off the processor; then calls that overlap, and one without end.
    let kind = |name: &str| gdk::schema(gdkrecord::KINDS.iter().find(|kind| kind.name == name).unwrap()).unwrap();
    let dispatches = outlet.series(&kind("dispatch"));
    outlet.span(
        dispatches,
        at(10),
        Some(60_000_000),
        main,
        &[Cell::Text("on_click (app.c:7)"), Cell::Null, Cell::Int(0)],
    );
    let frames = outlet.series(&kind("frame"));
    for number in 0..20 {
        let length = if number == 7 { 41_000_000 } else { 6_000_000 };
        let cells = [100_000, 200_000, 900_000, 2_000_000, 3_000_000, 5_000_000, 5_500_000].map(Cell::Int);
        let rest = [Cell::Int(1), Cell::Int(number), Cell::Null, Cell::Int(16_666_667)];
        outlet.span(frames, at(100 + number * 17), Some(length), main, &[&cells[..], &rest[..]].concat());
    }
    let calls = outlet.series(&schemas::SYSCALLS);
    let call = |name| [Cell::Text(name), Cell::Text("5, \"x;y\""), Cell::Int(12), Cell::Null, Cell::Int(5)];
    outlet.span(calls, at(12), Some(50_000_001), main, &call("read"));
    outlet.span(calls, at(20), Some(30_000_000), worker, &call("poll"));
    outlet.span(calls, at(40), Some(30_000_000), worker, &call("futex"));
    outlet.span(calls, at(80), None, worker, &call("exit_group"));
    let offcpu = outlet.series(&schemas::OFFCPU);
    let frame =
        |function: &str, module: &str, address| Frame { function: function.into(), module: module.into(), address };
    let outer = outlet.stack(None, frame("main", "/usr/bin/app", 0x1100));
    let middle = outlet.stack(Some(outer), frame("on_click; <lambda>", "/usr/bin/app", 0x2040));
    let inner = outlet.stack(Some(middle), frame("", "/usr/lib/libslow.so.1", 0x77));
    outlet.span(offcpu, at(13), Some(45_000_000), main, &[Cell::Text("sleeping"), Cell::Stack(middle)]);
    let samples = outlet.series(&schemas::SAMPLES);
    for number in 0..50 {
        let stack = if number % 5 == 0 { outer } else { inner };
        let cells = [Cell::Text("cpu-clock"), Cell::Stack(stack), Cell::Int(number % 2), Cell::Int(5_000_000)];
        outlet.point(samples, at(100 + number * 5), if number % 10 == 9 { worker } else { main }, &cells);
    }
    outlet.point(samples, at(400), worker, &[Cell::Text("page-faults"), Cell::Stack(outer), Cell::Null, Cell::Null]);
    let counters = outlet.series(&schemas::COUNTERS);
    for (name, unit) in [("app.queue.length", "count"), ("machine.memory", "bytes")] {
        let (name, unit, doc) = (name.to_owned(), unit.to_owned(), "What waits.".to_owned());
        outlet.name(NameInfo { name: name.clone(), semantics: Semantics::Gauge, unit, doc });
        let track = outlet.track(&Track::counter(if name.starts_with("app") { PID } else { 0 }, &name));
        for step in 0..30 {
            outlet.point(counters, at(step * 20), track, &[Cell::Real(step as f64 * 1.25)]);
        }
    }
    let marks = outlet.series(&schemas::MARKS);
    outlet.span(
        marks,
        at(200),
        Some(7_000_003),
        main,
        &[Cell::Text("App"), Cell::Text("load"), Cell::Text("file \"ä\"")],
    );
    outlet.span(marks, at(230), Some(0), main, &[Cell::Text("App"), Cell::Text("here")]);
    let logs = outlet.series(&schemas::LOGS);
    let cells = [Cell::Text("stderr"), Cell::Text("warning"), Cell::Text("Gtk"), Cell::Text("tab\there, <b> & \u{1}")];
    outlet.point(logs, at(250), main, &cells);
    let life = outlet.series(&schemas::LIFE);
    outlet.point(life, at(1), main, &[Cell::Text("thread"), Cell::Text("worker"), Cell::Int(WORKER.into())]);
    outlet.point(life, at(900), main, &[Cell::Text("exit"), Cell::Null, Cell::Int(0)]);
}
