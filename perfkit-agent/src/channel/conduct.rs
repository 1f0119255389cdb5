//! Conducts a recording from its begin to its end, for a command line or a window: into which file it goes, what it is
//! told meanwhile, how it ends.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use gdkrecord::units;

use super::{Launch, Order, Orders, Outcome, Plan, Recording, Subject, process};
use crate::error::{Error, Result};
use crate::session::Store;
use crate::source::{Message, Source};

/// From one look at the target and the orders to the next, while the recording is being finished.
const LOOK: Duration = Duration::from_millis(20);
/// While it goes on, looks are a twentieth of what it has lasted apart: a short program's end is seen at once, and
/// days of monitoring cost next to nothing. Nobody waits longer than this for an answer.
const LONGEST_LOOK: Duration = Duration::from_millis(200);
const SHORTEST_LOOK: Duration = Duration::from_millis(5);

/// Sees messages before they are written. It must not wait.
pub type Onlooker = Box<dyn FnMut(&Message) + Send>;

/// Whoever a recording is made for.
pub trait Attendant {
    /// The session is there, and the target runs.
    fn begun(&mut self, session: &Path) {
        let _ = session;
    }

    /// What it is to do, which is waited for at most so long. This is also when to look how it goes.
    fn order(&mut self, recording: &Recording, wait: Duration) -> Option<Order>;

    /// Who sees all that the sources say, on the thread that writes it.
    fn onlooker(&mut self) -> Option<Onlooker> {
        None
    }

    /// Something went wrong with a source: one line.
    fn problem(&mut self, line: &str);

    /// The session is about to be closed: nobody may read it until that is done.
    fn ending(&mut self) {}

    /// While it is being finished: whether it is left as it is, and the target killed.
    fn leaves(&mut self) -> bool {
        false
    }
}

/// How it ended.
#[derive(Debug)]
pub struct Ended {
    /// Whether the same is to be recorded again.
    pub again: bool,
    /// What came of it; none where it was left as it was.
    pub outcome: Option<Outcome>,
}

/// Records into the new session `output`, for at most as long as `most`. Where it cannot be begun, nothing is left.
pub fn conduct(
    plan: Plan,
    output: &Path,
    most: Option<Duration>,
    sources: &[Box<dyn Source>],
    attendant: &mut dyn Attendant,
) -> Result<Ended> {
    let store = Store::create(output)?;
    let mut onlooker = attendant.onlooker();
    let started = Recording::start(plan, sources, move |receiver| match &mut onlooker {
        Some(see) => store.run_seen(receiver, see),
        None => store.run(receiver),
    });
    // A session of a program that never ran helps nobody.
    let mut recording = started.inspect_err(|_| drop(std::fs::remove_file(output)))?;
    attendant.begun(output);
    // Without them there is still the attendant.
    let orders = Orders::listen(output).map_err(|error| attendant.problem(&error.to_string())).ok();
    let again = watch(&mut recording, most, orders.as_ref(), attendant);
    attendant.ending();
    Ok(Ended { again, outcome: finish(recording, attendant) })
}

/// Goes on until there is a reason to end; whether it is to be recorded again.
fn watch(
    recording: &mut Recording,
    most: Option<Duration>,
    orders: Option<&Orders>,
    attendant: &mut dyn Attendant,
) -> bool {
    loop {
        if let Some((order, stream)) = orders.and_then(Orders::next) {
            let end = obey(order, recording);
            // Whoever asked may be gone.
            let _ = writeln!(&stream, "{}", status(recording));
            if let Some(again) = end {
                return again;
            }
        }
        if recording.ended() || most.is_some_and(|most| recording.time() >= most) {
            return false;
        }
        recording.problems().iter().for_each(|problem| attendant.problem(problem));
        let wait = (recording.time() / 20).clamp(SHORTEST_LOOK, LONGEST_LOOK);
        if let Some(again) = attendant.order(recording, wait).and_then(|order| obey(order, recording)) {
            return again;
        }
    }
}

/// Does what it is told. Where that ends the recording, it is whether it is to be recorded again.
fn obey(order: Order, recording: &mut Recording) -> Option<bool> {
    match order {
        Order::Pause => recording.pause(true),
        Order::Resume => recording.pause(false),
        Order::Restart => return Some(true),
        Order::Stop => return Some(false),
        Order::Status => {}
    }
    None
}

/// Ends it; `None` where the attendant does not wait for that.
fn finish(recording: Recording, attendant: &mut dyn Attendant) -> Option<Outcome> {
    let (later, killer) = (recording.later_problems(), recording.killer());
    let ending = std::thread::spawn(move || recording.finish());
    while !ending.is_finished() {
        if attendant.leaves() {
            killer.kill();
            return None;
        }
        std::thread::sleep(LOOK);
    }
    let outcome = ending.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    later.take().iter().for_each(|problem| attendant.problem(problem));
    Some(outcome)
}

fn status(recording: &Recording) -> String {
    let (rows, dropped) =
        (recording.flow().rows.load(Ordering::Relaxed), recording.flow().dropped.load(Ordering::Relaxed));
    let rate = rows as f64 / recording.time().as_secs_f64().max(1e-9);
    line(recording.time(), rows, rate, dropped, recording.paused())
}

/// How a recording goes, in words.
pub fn line(time: Duration, rows: u64, rate: f64, dropped: u64, paused: bool) -> String {
    let seconds = time.as_secs_f64();
    let state = if paused { ", paused" } else { "" };
    format!(
        "{seconds:.1} s, {} events ({}), {} dropped{state}",
        units::count(rows),
        units::rate(rate),
        units::count(dropped)
    )
}

/// The session's file where none was asked for: it is named after the program.
pub fn named_after(subject: &Subject) -> PathBuf {
    match subject {
        Subject::Start(Launch { program, .. }) => PathBuf::from(format!("{}.perfkit", process::name(program))),
        Subject::Attach(pid) => {
            let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            PathBuf::from(format!("{}-{pid}.perfkit", name.trim().replace('/', "-")))
        }
    }
}

/// This file, or one of the same name with a number where it is there already: none is ever overwritten.
pub fn free(asked: &Path) -> Result<PathBuf> {
    let numbered = |number: u32| {
        let stem = asked.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        asked.with_file_name(format!("{stem}-{number}.perfkit"))
    };
    let free = std::iter::once(asked.to_owned()).chain((2..10_000).map(numbered)).find(|path| !path.exists());
    free.ok_or_else(|| Error::Invalid(format!("{} and all names like it are taken", asked.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its orders one after the other, and hears everything.
    struct Scripted(Vec<Order>, Vec<String>);

    impl Attendant for Scripted {
        fn begun(&mut self, session: &Path) {
            self.1.push(format!("begun {}", session.exists()));
        }

        fn order(&mut self, recording: &Recording, wait: Duration) -> Option<Order> {
            std::thread::sleep(wait);
            self.1.push(format!("paused {}", recording.paused()));
            self.0.pop()
        }

        fn problem(&mut self, line: &str) {
            self.1.push(line.to_owned());
        }

        fn ending(&mut self) {
            self.1.push("ending".to_owned());
        }
    }

    fn plan(program: &str) -> Plan {
        Plan { subject: Subject::Start(Launch::new(program, ["60"])), sources: Vec::new() }
    }

    #[test]
    fn it_does_what_it_is_told_and_says_when_it_begins_and_ends() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("a.perfkit");
        let mut attendant = Scripted(vec![Order::Restart, Order::Resume, Order::Pause], Vec::new());
        let ended = conduct(plan("sleep"), &output, None, &[], &mut attendant).unwrap();
        assert!(ended.again && ended.outcome.unwrap().whole);
        assert_eq!(attendant.1, ["begun true", "paused false", "paused true", "paused false", "ending"]);
        assert_eq!(free(&output).unwrap(), folder.path().join("a-2.perfkit"));
    }

    #[test]
    fn what_cannot_be_started_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("a.perfkit");
        let mut attendant = Scripted(Vec::new(), Vec::new());
        let error = conduct(plan("/nonexistent"), &output, None, &[], &mut attendant).unwrap_err();
        assert!(matches!(error, Error::Start { .. }), "{error}");
        assert!(attendant.1.is_empty() && std::fs::read_dir(folder.path()).unwrap().next().is_none());
    }
}
