//! Sources on real programs: scripts, statsd clients, an HTTP server, a message bus, processes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod dbus;
mod ltrace;
mod openmetrics;
mod oprofile;
mod output;
mod perf;
mod probes;
mod proc;
mod script;
mod statsd;
mod strace;
mod sysprof;
mod uftrace;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use perfkit_agent::channel::{Launch, Outcome, Plan, Recording, Subject};
use perfkit_agent::source::{Message, Seen, sources};

/// How long anything may take before a test gives up; it is far from what it takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a recording gave.
struct Recorded {
    /// Every row, as [`Seen::lines`] has them.
    rows: Vec<String>,
    /// Notes, counts of what was lost, and facts, each in one line.
    told: Vec<String>,
    /// What went wrong with sources.
    problems: Vec<String>,
    outcome: Outcome,
}

impl Recorded {
    /// The rows with a text, without their times.
    fn with(&self, text: &str) -> Vec<String> {
        let timeless = |row: &String| {
            let mut words: Vec<&str> = row.split(' ').collect();
            words.remove(1);
            words.join(" ")
        };
        self.rows.iter().filter(|row| row.contains(text)).map(timeless).collect()
    }

    /// The values of a counter, in their order.
    fn values(&self, name: &str) -> Vec<f64> {
        let of = |row: &&String| row.starts_with("counters ") && row.split(' ').nth(3) == Some(name);
        self.rows.iter().filter(of).map(|row| row.rsplit_once("value=").unwrap().1.parse().unwrap()).collect()
    }

    fn has_told(&self, text: &str) -> bool {
        self.told.iter().any(|told| told.contains(text))
    }
}

/// A program for the shell.
fn shell(script: &str) -> Launch {
    Launch::new("sh", ["-c", script])
}

/// Says whether the rows so far are enough.
type Enough<'a> = dyn Fn(&[String]) -> bool + 'a;

/// Records a program until it ends.
fn record(specs: &[&str], launch: Launch) -> Recorded {
    record_subject(specs, Subject::Start(launch), None)
}

/// Records a program until `enough` holds for the rows so far.
fn record_until(specs: &[&str], launch: Launch, enough: impl Fn(&[String]) -> bool) -> Recorded {
    record_subject(specs, Subject::Start(launch), Some(&enough))
}

fn record_subject(specs: &[&str], subject: Subject, enough: Option<&Enough<'_>>) -> Recorded {
    let specs = specs.iter().map(|spec| spec.parse().unwrap()).collect();
    let all: Arc<Mutex<Vec<Message>>> = Arc::default();
    let kept = Arc::clone(&all);
    let store = move |receiver: std::sync::mpsc::Receiver<Message>| {
        receiver.iter().for_each(|message| kept.lock().unwrap().push(message));
        Ok(())
    };
    let mut recording = Recording::start(Plan { subject, sources: specs }, &sources(), store).unwrap();
    let deadline = Instant::now() + PATIENCE;
    let have = |enough: &Enough<'_>| enough(&Seen::readable(&all.lock().unwrap()));
    while !recording.ended() && !enough.is_some_and(have) {
        assert!(Instant::now() < deadline, "the target did not end: {:?}", recording.problems());
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut problems = recording.problems();
    let problems_of = Arc::clone(&all);
    let outcome = recording.finish();
    let messages = std::mem::take(&mut *problems_of.lock().unwrap());
    let told = messages.iter().filter_map(|message| match message {
        Message::Note { text, .. } => Some(text.clone()),
        Message::Dropped { kind, count, .. } => Some(format!("{count} {kind}")),
        Message::Fact { name, value, .. } => Some(format!("{name}={value}")),
        Message::Process(process) => Some(format!("{process:?}")),
        Message::Thread(thread) => Some(format!("{thread:?}")),
        Message::Name(info) => Some(format!("{info:?}")),
        Message::End { result: Err(line), .. } => {
            problems.push(line.clone());
            None
        }
        _ => None,
    });
    Recorded { told: told.collect(), rows: Seen::readable(&messages), problems, outcome }
}

/// A script of a test, made runnable.
fn script(folder: &Path, name: &str, text: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

/// A program of `tests/programs`, compiled, and the folder that it lies in.
fn compile(name: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs").join(name);
    let program = folder.path().join(source.file_stem().unwrap());
    let status = std::process::Command::new("cc").args(["-O1", "-g", "-o"]).arg(&program).arg(&source).status();
    assert!(status.unwrap().success(), "{name} does not compile");
    (folder, program)
}
