//! The collector on real programs that count: this one, one in C and one in Python.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::JoinHandle;

use perfkit_counters::{Room, Unit};

use super::*;
use crate::source::{Message, Seen, Stopper};

/// A collector at work on a folder of its own; the target is this process.
struct Work {
    stopper: Stopper,
    seen: Seen,
    folder: tempfile::TempDir,
    thread: JoinHandle<Result<()>>,
}

impl Work {
    fn start(rate: f64, before: impl FnOnce(&Path)) -> Work {
        let folder = tempfile::tempdir().unwrap();
        before(folder.path());
        let argument = Some(folder.path().to_str().unwrap().to_owned());
        let spec = Spec { source: "counters".into(), argument, rate: Some(rate) };
        let mut collector = Counters.open(&spec).unwrap();
        let mut launch = Launch::new("true", [""; 0]);
        collector.prepare(&mut launch).unwrap();
        assert_eq!(launch.variable(VARIABLE).unwrap(), folder.path());
        let target = Target { pid: std::process::id() as i32, ..Target::default() };
        let (stopper, stop) = Stopper::new().unwrap();
        let (mut outlet, seen) = Outlet::to_memory("counters");
        let thread = std::thread::spawn(move || {
            let result = collector.run(&target, &mut outlet, &stop);
            outlet.end(Ok(()));
            result
        });
        Work { stopper, seen, folder, thread }
    }

    fn finish(self) -> (Vec<Message>, Vec<String>) {
        self.stopper.stop();
        self.thread.join().unwrap().unwrap();
        let messages = self.seen.messages();
        let lines = Seen::readable(&messages);
        (messages, lines)
    }
}

/// The last value of each counter, by its name.
fn last(lines: &[String]) -> BTreeMap<String, f64> {
    let counters = lines.iter().filter_map(|line| line.strip_prefix("counters "));
    let values = counters.map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        (words[2].to_owned(), words[3].strip_prefix("value=").unwrap().parse().unwrap())
    });
    values.collect()
}

/// The marks without their times: `GROUP NAME MESSAGE`, sorted.
fn marks(lines: &[String]) -> Vec<String> {
    let marks = lines.iter().filter_map(|line| line.strip_prefix("marks "));
    let mut marks: Vec<String> = marks
        .map(|line| {
            let words = line.split_once(" group=").unwrap().1;
            words.replace(" name=", " ").replace(" message=", " ")
        })
        .collect();
    marks.sort();
    marks
}

fn open(folder: &Path, name: &str) -> perfkit_counters::Counters {
    perfkit_counters::Counters::open_in(folder, name, Room::default()).unwrap()
}

/// Waits until a line on a child's output, for as long as a loaded machine may need.
fn child(command: &mut Command, ready: &str) -> (Child, ChildStdin) {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), ready);
    let stdin = child.stdin.take().unwrap();
    (child, stdin)
}

fn data(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("data").join(file)
}

#[test]
fn values_that_stand_still_are_told_at_both_ends() {
    let work = Work::start(200.0, |_| {});
    let counters = open(work.folder.path(), "shop");
    let served = counters.counter("served", Unit::COUNT, "Customers").unwrap();
    served.add(3);
    let stood = std::time::Instant::now();
    std::thread::sleep(Duration::from_millis(700));
    let stood = stood.elapsed();
    served.inc();
    counters.marks().unwrap().moment("bell", "rings");
    let (messages, lines) = work.finish();
    let values: Vec<(i64, &str)> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("counters "))
        .map(|line| (line.split(' ').next().unwrap().parse().unwrap(), line.split_once("value=").unwrap().1))
        .collect();
    let told: Vec<&str> = values.iter().map(|(_, value)| *value).collect();
    assert!(told.starts_with(&["3", "3", "4"]), "{lines:?}");
    let still = values[1].0 - values[0].0;
    // It was found within a scan of 200 ms, and told again just before it changed.
    assert!(still > 250_000_000 && still <= stood.as_nanos() as i64 + 100_000_000, "{still} {stood:?}");
    assert_eq!(marks(&lines), ["shop bell rings"]);
    let named = messages.iter().find_map(|message| match message {
        Message::Name(info) => Some(info),
        _ => None,
    });
    let expected = NameInfo {
        name: "shop.served".into(),
        semantics: Semantics::Counter,
        unit: "count".into(),
        doc: "Customers".into(),
    };
    assert_eq!(named, Some(&expected));
}

use crate::source::{NameInfo, Semantics};

#[test]
fn c_python_and_pcp_side_by_side() {
    let built = tempfile::tempdir().unwrap();
    let program = built.path().join("counting");
    let mut gcc = Command::new("gcc");
    gcc.args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-O2", "-pthread", "-I"]).arg(data("c"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/counting.c");
    assert!(gcc.arg("-o").arg(&program).arg(source).arg(data("c/perfkit-counters.c")).status().unwrap().success());
    let work = Work::start(20.0, |_| {});
    let folder = work.folder.path().to_owned();
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("counters/tests/fixtures/pcp1"), folder.join("acme")).unwrap();
    let (mut c, c_stdin) = child(Command::new(&program).env(VARIABLE, &folder), "ready");
    let mut python = Command::new("python3");
    python.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/counting.py"));
    python.env("PYTHONPATH", data("python")).env("PYTHONDONTWRITEBYTECODE", "1").env(VARIABLE, &folder);
    let (mut py, py_stdin) = child(&mut python, "ready");
    // Both hear the end of their input and end.
    drop((c_stdin, py_stdin));
    assert!(c.wait().unwrap().success() && py.wait().unwrap().success());
    let (messages, lines) = work.finish();
    let last = last(&lines);
    for name in ["inc", "inpython"] {
        let value = |metric: &str| last.get(&format!("{name}.{metric}")).copied();
        assert_eq!(value("loops"), Some(40_000.0), "{last:?}");
        assert_eq!(value("level"), Some(-2.5));
        assert_eq!(value("wait_sum"), Some(5.0 + 10.0 + 1000.0));
        let buckets = ["wait.0-10", "wait.10-100", "wait.100-inf"].map(value);
        assert_eq!(buckets, [Some(1.0); 3], "{last:?}");
    }
    assert_eq!(last.get("acme.memory"), Some(&123_456_789_012.0));
    assert_eq!(last.get("acme.served.rockets"), Some(&4.0));
    assert!(lines.iter().any(|line| line.ends_with("source=counters message=acme.motto = all you need")));
    let expected =
        ["inc bell", "inc never", "inc open the doors", "inpython bell", "inpython never", "inpython open the doors"];
    assert_eq!(marks(&lines), expected);
    let never = lines.iter().filter(|line| line.starts_with("marks ") && line.contains("+? "));
    assert_eq!(never.count(), 2, "the marks that nobody ended have no duration: {lines:?}");
    let trouble = |message: &Message| matches!(message, Message::Note { .. } | Message::Dropped { .. });
    assert!(!messages.iter().any(trouble), "{messages:?}");
}

#[test]
fn one_that_dies_and_comes_back_is_two() {
    let work = Work::start(50.0, |_| {});
    let mut pids = Vec::new();
    for round in 1..=2 {
        let mut python = Command::new("python3");
        python.args(["-c", &format!("import perfkit_counters as p, sys\nc = p.Counters('app').counter('n')\nc.add({round})\nprint('ready', flush=True)\nsys.stdin.read()")]);
        python.env("PYTHONPATH", data("python")).env("PYTHONDONTWRITEBYTECODE", "1");
        let (mut child, _stdin) = child(python.env(VARIABLE, work.folder.path()), "ready");
        pids.push(child.id());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    // The second one cleared the first one's file away; at most a scan lies between.
    let left: Vec<_> = fs::read_dir(work.folder.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left, [format!("app.{}", pids[1]).as_str()]);
    let (_, lines) = work.finish();
    assert!(lines.iter().any(|line| line.contains(&format!(" {}/0 app.n value=2", pids[1]))), "{lines:?}");
}

#[test]
fn what_is_no_file_of_values_is_noted_once() {
    let work = Work::start(100.0, |folder| {
        fs::write(folder.join("garbage"), "not an MMV file at all, and longer than its header").unwrap();
        fs::write(folder.join("garbage.marks"), "no").unwrap();
        nix::unistd::mkfifo(&folder.join("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        // Process 4194304 cannot be: it is dead since before the recording.
        let bytes = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("counters/tests/fixtures/pcp2")).unwrap();
        let dead = [&bytes[..32], &4_194_304u32.to_ne_bytes(), &bytes[36..]].concat();
        fs::write(folder.join("dead"), dead).unwrap();
    });
    std::thread::sleep(Duration::from_millis(600));
    let (messages, lines) = work.finish();
    let mut notes: Vec<_> = messages
        .iter()
        .filter_map(|message| match message {
            Message::Note { text, .. } => Some(text.rsplit_once('/').unwrap().1),
            _ => None,
        })
        .collect();
    notes.sort();
    let expected = [
        "garbage.marks: shorter than the header of a ring of marks",
        "garbage: no MMV file: it does not begin with MMV",
    ];
    assert_eq!(notes, expected);
    assert!(lines.is_empty(), "{lines:?}");
}

#[test]
fn a_folder_is_made_and_goes_again() {
    let spec = Spec { source: "counters".into(), argument: None, rate: None };
    let mut collector = Counters.open(&spec).unwrap();
    let mut launch = Launch::new("true", [""; 0]);
    collector.prepare(&mut launch).unwrap();
    let folder = PathBuf::from(launch.variable(VARIABLE).unwrap());
    assert!(folder.is_dir());
    drop(collector);
    assert!(!folder.exists());
    let missing = Spec { argument: Some("/nonexistent".into()), ..spec };
    let error = Counters.open(&missing).map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "counters:/nonexistent: /nonexistent is no folder");
}
