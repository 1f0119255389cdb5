//! Sessions get their names once, and say the same wherever they are read.

use rusqlite::Connection;

use super::*;
use crate::session::query::Query;
use crate::session::{self, Cell, Frame, Session, Store, Track, gdk, schemas};
use crate::source::{Module, Outlet};

/// A session with samples and callbacks of a program.
struct Recorded {
    made: Made,
    program: PathBuf,
    id: String,
    offset: u64,
    distance: u64,
    path: PathBuf,
}

impl Recorded {
    /// Of C compiled with these options; `told` says whether a source tells the build id.
    fn new(args: &[&str], told: bool) -> Recorded {
        let made = Made::new();
        let program = made.compile("a.c", C, args);
        let (id, probe) = facts(&program, "probe");
        let (offset, distance) = counted(&program, probe);
        let path = made.path("a.perfkit");
        let recorded = Recorded { made, program, id, offset, distance, path };
        recorded.write(told);
        recorded
    }

    fn write(&self, told: bool) {
        let mut store = Store::create(&self.path).unwrap();
        let (sender, receiver) = std::sync::mpsc::sync_channel(1000);
        let mut outlet = Outlet::new(1, "test", sender, std::sync::Arc::default());
        let program = self.program.to_str().unwrap();
        let module = |path: &str, base, build_id: &str| Module {
            pid: 1,
            base,
            length: 1 << 20,
            path: path.to_owned(),
            build_id: build_id.to_owned(),
        };
        if told {
            outlet.module(module(program, 1 << 20, &self.id));
            outlet.module(module("/nowhere/libgone.so", 1 << 30, "abcd"));
        }
        let frame =
            |function: &str, module: &str, address| Frame { function: function.into(), module: module.into(), address };
        let main = outlet.stack(None, frame("main", program, 0));
        let leaf = outlet.stack(Some(main), frame("", program, self.offset));
        let call = outlet.stack(Some(leaf), frame("do_syscall_64", "[kernel]", u64::MAX - 5));
        let gone = outlet.stack(None, frame("", "/nowhere/libgone.so", 0x10));
        let series = outlet.series(&schemas::SAMPLES);
        let track = outlet.track(&Track::thread(1, 1));
        for (at, stack) in (5..).zip([leaf, call, gone]) {
            outlet.point(series, at, track, &[Cell::Text("cpu-clock"), Cell::Stack(stack)]);
        }
        let dispatch = gdk::schemas().into_iter().find(|schema| schema.name == "gdk_dispatch").unwrap();
        let series = outlet.series(&dispatch);
        let anonymous = format!("program+{:#x}", self.distance);
        let callbacks = [&*anonymous, "on_clicked", "libgone.so+0x10", "_ZN6Window5paintEv", "gtk_main"];
        for (at, callback) in (7..).zip(callbacks) {
            let mut cells = vec![Cell::Null; dispatch.columns.len()];
            cells[dispatch.column("callback").unwrap()] = Cell::Text(callback);
            outlet.span(series, at, Some(1), track, &cells);
        }
        outlet.flush();
        drop(outlet);
        receiver.iter().for_each(|message| store.handle(message).unwrap());
        store.close().unwrap();
    }

    fn symbolise(&self, when: When) -> Summary {
        symbolise(&self.path, &mut Symbolizer::new(self.made.search()), when, &mut |_, _| true).unwrap()
    }

    /// Rows of a question, columns joined by a blank.
    fn ask(&self, sql: &str) -> Vec<String> {
        let query = Query::open(&self.path).unwrap();
        let mut select = query.db().prepare(sql).unwrap();
        let columns = select.column_count();
        let value = |row: &rusqlite::Row<'_>, at| match row.get::<_, rusqlite::types::Value>(at).unwrap() {
            rusqlite::types::Value::Null => "-".to_owned(),
            rusqlite::types::Value::Integer(number) => number.to_string(),
            rusqlite::types::Value::Text(text) => text.rsplit('/').next().unwrap_or_default().to_owned(),
            other => panic!("{other:?}"),
        };
        let row = |row: &rusqlite::Row<'_>| Ok((0..columns).map(|at| value(row, at)).collect::<Vec<_>>().join(" "));
        select.query_map([], row).unwrap().collect::<rusqlite::Result<_>>().unwrap()
    }

    fn stacks(&self) -> Vec<String> {
        self.ask("SELECT module, function, file, line, inlined FROM stacks ORDER BY id")
    }
}

#[test]
fn names_are_stored_so_that_the_session_says_the_same_elsewhere() {
    let recorded = Recorded::new(&["-g", "-rdynamic"], true);
    let summary = recorded.symbolise(When::Later);
    let gone = ("/nowhere/libgone.so".to_owned(), "its file is not here");
    let expected = Summary { frames: 2, named: 1, lines: 1, callbacks: (2, 1), lacking: vec![gone], cut: false };
    assert_eq!(summary, expected);
    // Another machine: the program is not there.
    fs::remove_file(&recorded.program).unwrap();
    let stacks =
        ["program main - - -", "program hidden a.c 5 inner", "[kernel] do_syscall_64 - - -", "libgone.so  - - -"];
    assert_eq!(recorded.stacks(), stacks);
    assert_eq!(
        recorded.ask("SELECT stack_text(stack) FROM samples ORDER BY time"),
        ["main;hidden;inner", "main;hidden;inner;do_syscall_64", "libgone.so+0x10"]
    );
    assert_eq!(
        recorded.ask(
            "SELECT function, file, line, inlined FROM symbols WHERE module LIKE '%program' ORDER BY address, inlined"
        ),
        ["main - - 0", "hidden a.c 5 0", "inner a.c 2 1"]
    );
    assert_eq!(
        recorded.ask("SELECT callback_name FROM dispatches ORDER BY time"),
        ["hidden (a.c:5)", "on_clicked (a.c:9)", "libgone.so+0x10", "Window::paint()", "gtk_main"]
    );
    assert_eq!(
        recorded.ask("SELECT path, names FROM modules WHERE pid IS NOT NULL ORDER BY base"),
        ["program functions and lines", "libgone.so its file is not here"]
    );
    let session = Session::open(&recorded.path).unwrap();
    let names = callback_names(session.db()).unwrap();
    assert_eq!(names["on_clicked"].words(), "on_clicked (a.c:9)");
    assert_eq!(names.len(), 3);
    // Once more without the files: nothing is lost.
    assert_eq!(recorded.symbolise(When::Later).lacking.len(), 2);
    assert_eq!(recorded.stacks(), stacks);
    assert_eq!(recorded.ask("SELECT count(*) FROM callbacks"), ["3"]);
    assert_eq!(recorded.ask("SELECT names FROM modules WHERE path LIKE '%program'"), ["functions and lines"]);
}

#[test]
fn debug_files_that_come_later_add_what_was_missing() {
    let recorded = Recorded::new(&["-g"], true);
    let whole = fs::read(&recorded.program).unwrap();
    recorded.made.run("objcopy", &["--only-keep-debug", "program", "program.debug"]);
    recorded.made.run("strip", &["--strip-all", "program"]);
    assert_eq!(recorded.symbolise(When::Later).lines, 0);
    assert_eq!(recorded.stacks()[1], "program  - - -");
    fs::rename(recorded.made.path("program.debug"), recorded.made.tree(&recorded.id)).unwrap();
    assert_eq!(recorded.symbolise(When::Later).lines, 1);
    assert_eq!(recorded.stacks()[1], "program hidden a.c 5 inner");
    // And they go again.
    fs::remove_file(recorded.made.tree(&recorded.id)).unwrap();
    fs::write(&recorded.program, whole).unwrap();
    recorded.made.run("strip", &["--strip-debug", "program"]);
    assert_eq!(recorded.symbolise(When::Later).lines, 0);
    assert_eq!(recorded.stacks()[1], "program hidden a.c 5 inner");
}

#[test]
fn another_build_is_never_used() {
    let recorded = Recorded::new(&["-g"], true);
    recorded.made.compile("a.c", &C.replace("hidden", "changed"), &["-g"]);
    let summary = recorded.symbolise(When::Recorded);
    assert_eq!((summary.named, summary.lines), (0, 0));
    let program = (recorded.program.to_str().unwrap().to_owned(), "its file here is another build");
    assert!(summary.lacking.contains(&program), "{summary:?}");
    assert_eq!(recorded.stacks()[1], "program  - - -");
}

#[test]
fn a_build_id_that_no_source_told_is_read_right_after_the_recording_only() {
    let recorded = Recorded::new(&["-g"], false);
    let later = recorded.symbolise(When::Later);
    assert_eq!(later.lines, 0);
    assert_eq!(later.lacking[0].1, "no source told its build id");
    assert_eq!(recorded.symbolise(When::Recorded).lines, 1);
    assert_eq!(
        recorded.ask("SELECT build_id FROM modules WHERE path LIKE '%program'"),
        std::slice::from_ref(&recorded.id)
    );
    // From now on it is known.
    recorded.made.compile("a.c", &C.replace("hidden", "changed"), &["-g"]);
    assert_eq!(recorded.symbolise(When::Later).lines, 0);
    assert_eq!(recorded.stacks()[1], "program hidden a.c 5 inner");
    // A program that was compiled while it was recorded may not be the one that ran.
    let recorded = Recorded::new(&["-g"], false);
    recorded.made.run("touch", &["program"]);
    assert_eq!(recorded.symbolise(When::Recorded).lines, 0);
    // One without a build id, that was not.
    let recorded = Recorded::new(&["-g"], false);
    recorded.made.run("objcopy", &["--remove-section=.note.gnu.build-id", "program"]);
    fs::remove_file(&recorded.path).unwrap();
    recorded.write(false);
    assert_eq!(recorded.symbolise(When::Recorded).lines, 1);
    assert_eq!(recorded.symbolise(When::Later).lines, 0);
    assert_eq!(recorded.stacks()[1], "program hidden a.c 5 inner");
}

#[test]
fn what_is_ended_early_keeps_what_is_done() {
    let recorded = Recorded::new(&["-g"], true);
    let mut symbolizer = Symbolizer::new(recorded.made.search());
    let summary = symbolise(&recorded.path, &mut symbolizer, When::Later, &mut |done, total| {
        assert!(done <= total && total == 4);
        false
    });
    assert!(summary.unwrap().cut);
    assert_eq!(recorded.stacks()[1], "program  - - -");
    assert!(!recorded.symbolise(When::Later).cut);
}

#[test]
fn a_session_in_use_is_refused_with_the_remedy() {
    let recorded = Recorded::new(&["-g"], true);
    let other = Connection::open(&recorded.path).unwrap();
    other.execute_batch("DELETE FROM meta WHERE key = 'closed'; BEGIN; SELECT * FROM chunk").unwrap();
    let error = session::edit(&recorded.path).unwrap_err().to_string();
    assert!(error.ends_with("is still being recorded, or made whole; try again when that has ended"), "{error}");
}

#[test]
fn inlined_functions_that_a_source_has_told_are_not_told_twice() {
    let recorded = Recorded::new(&["-g"], true);
    // As perf does it: a frame for each, at one address.
    let db = Connection::open(&recorded.path).unwrap();
    let sql = "UPDATE symbol SET function = 'hidden' WHERE function = '' AND module = 1;
               INSERT INTO symbol SELECT 100, 'inner', module, address FROM symbol WHERE function = 'hidden';
               INSERT INTO stack SELECT 100, stack.id, 100 FROM stack JOIN symbol ON symbol.id = symbol
               WHERE function = 'hidden'";
    db.execute_batch(sql).unwrap();
    recorded.symbolise(When::Later);
    let stacks = recorded.stacks();
    assert_eq!((&*stacks[1], &*stacks[4]), ("program hidden a.c 5 -", "program inner a.c 2 -"));
}
