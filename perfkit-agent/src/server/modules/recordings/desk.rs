//! The recordings of this server: each on a thread of its own, outside the workers, with what it is told and how it goes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::watch;

use super::wanted::Meant;
use crate::channel::{self, Attendant, Company, Ended, Onlooker, Order, Outcome, Recording, conduct, ward};
use crate::error::{Error, Result};
use crate::server::Shelf;
use crate::server::modules::live::Hub;
use crate::source::{Spec, sources};
use crate::symbols::{Search, Symbolizer, When, symbolise};

/// How long names may be looked for at the end.
const NAMES: Duration = Duration::from_secs(20);
/// Recordings at one time.
const MOST: usize = 32;
/// Recordings that are over and still told of.
const REMEMBERED: usize = 256;

/// All recordings of a server. A clone is the same.
#[derive(Clone, Debug, Default)]
pub struct Desk(Arc<Mutex<BTreeMap<String, Arc<One>>>>);

/// What one is told.
#[derive(Debug)]
pub enum Word {
    /// As any recording.
    Order(Order),
    /// A moment or stretch is marked: begin and duration in nanoseconds of CLOCK_MONOTONIC, and the text.
    Bookmark(i64, i64, String),
    /// Sources look so many times a second.
    Rates(BTreeMap<String, f64>),
}

/// How far a recording is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// The target is being started.
    Starting,
    /// It goes on.
    Recording,
    /// The session is being closed.
    Ending,
    /// Names are looked for.
    Naming,
    /// It is over, and the session is whole.
    Ended,
    /// It could not be begun, or not be written to its end.
    Failed,
}

impl Phase {
    fn name(self) -> &'static str {
        match self {
            Phase::Starting => "starting",
            Phase::Recording => "recording",
            Phase::Ending => "ending",
            Phase::Naming => "naming",
            Phase::Ended => "ended",
            Phase::Failed => "failed",
        }
    }
}

/// One recording.
#[derive(Debug)]
pub struct One {
    /// Its session's name.
    pub name: String,
    /// The sources that were asked for.
    pub sources: Vec<Spec>,
    /// What of it is seen live.
    pub hub: Arc<Hub>,
    phase: watch::Sender<Phase>,
    words: mpsc::Sender<Word>,
    seen: Mutex<Seen>,
}

/// How it goes.
#[derive(Debug, Default)]
struct Seen {
    time: Duration,
    rows: u64,
    dropped: u64,
    paused: bool,
    pid: Option<i32>,
    code: Option<u8>,
    problems: Vec<String>,
    rates: BTreeMap<String, f64>,
    error: Option<Error>,
}

impl One {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells it something; false where it is over.
    pub fn tell(&self, word: Word) -> bool {
        self.words.send(word).is_ok() && *self.phase.borrow() <= Phase::Recording
    }

    /// Waits until it has come as far, or farther.
    pub async fn reached(&self, phase: Phase) -> Phase {
        let mut phases = self.phase.subscribe();
        let reached = phases.wait_for(|now| *now >= phase).await.map(|now| *now);
        reached.unwrap_or(Phase::Failed)
    }

    /// Whether it goes on or is being closed.
    pub fn is_open(&self) -> bool {
        *self.phase.borrow() < Phase::Ended
    }

    /// Why it could not be begun, once.
    pub fn error(&self) -> Option<Error> {
        self.seen().error.take()
    }

    /// Whether it is paused.
    pub fn paused(&self) -> bool {
        self.seen().paused
    }

    /// All of it as JSON.
    pub fn told(&self) -> serde_json::Value {
        let seen = self.seen();
        let phase = *self.phase.borrow();
        let state = if phase == Phase::Recording && seen.paused { "paused" } else { phase.name() };
        let sources: Vec<String> = self.sources.iter().map(Spec::to_string).collect();
        json!({
            "name": self.name, "state": state, "seconds": seen.time.as_secs_f64(), "rows": seen.rows,
            "dropped": seen.dropped, "pid": seen.pid, "exit": seen.code, "sources": sources, "rates": seen.rates,
            "problems": seen.problems,
        })
    }
}

impl Desk {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Arc<One>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one whose session has this name.
    pub fn get(&self, name: &str) -> Option<Arc<One>> {
        self.all().get(name).cloned()
    }

    /// All that are known, by name.
    pub fn list(&self) -> Vec<Arc<One>> {
        self.all().values().cloned().collect()
    }

    /// Begins one, on a thread of its own. Whether it could be begun is told by [`One::reached`].
    pub fn begin(&self, meant: Meant) -> Result<Arc<One>> {
        static PREPARED: Once = Once::new();
        PREPARED.call_once(|| {
            channel::adopt(Company::Others);
            if let Err(error) = ward::begin() {
                // Without it a recording is as good, as long as nobody kills the agent.
                eprintln!("perfkit-agent: {error}");
            }
        });
        let (words, orders) = mpsc::channel();
        let name = Shelf::name(&meant.output);
        let one = One {
            name: name.clone(),
            sources: meant.plan.sources.clone(),
            hub: Arc::default(),
            phase: watch::Sender::new(Phase::Starting),
            words,
            seen: Mutex::default(),
        };
        let one = Arc::new(one);
        {
            let mut all = self.all();
            if all.get(&name).is_some_and(|known| known.is_open()) {
                return Err(Error::Invalid(format!("{name} is being recorded already")));
            }
            if all.values().filter(|one| one.is_open()).count() >= MOST {
                return Err(Error::Invalid(format!("{MOST} recordings go on, which is the most; stop one")));
            }
            while all.len() >= REMEMBERED {
                let Some(over) = all.values().find(|one| !one.is_open()).map(|one| one.name.clone()) else { break };
                all.remove(&over);
            }
            all.insert(name.clone(), Arc::clone(&one));
        }
        let thread = std::thread::Builder::new().name("recording".into());
        let ours = Arc::clone(&one);
        let output = meant.output.clone();
        let run = move || {
            let watched = std::panic::AssertUnwindSafe(|| record(meant, &orders, &ours));
            let phase = std::panic::catch_unwind(watched).unwrap_or(Phase::Failed);
            ours.hub.close();
            ours.phase.send_replace(phase);
        };
        if let Err(error) = thread.spawn(run) {
            self.all().remove(&name);
            return Err(Error::file("start a thread for", &output)(error));
        }
        Ok(one)
    }

    /// Stops all, and waits until every session is closed.
    pub async fn end(&self) {
        let all = self.list();
        for one in &all {
            one.tell(Word::Order(Order::Stop));
        }
        for one in all {
            // Names can be found later.
            one.reached(Phase::Naming).await;
        }
    }
}

/// Whoever attends a recording in the server's name.
struct Clerk<'a> {
    words: &'a Receiver<Word>,
    one: &'a One,
}

impl Clerk<'_> {
    fn look(&self, recording: &Recording) {
        let mut seen = self.one.seen();
        let flow = recording.flow();
        seen.time = recording.time();
        (seen.rows, seen.dropped) = (flow.rows.load(Ordering::Relaxed), flow.dropped.load(Ordering::Relaxed));
        seen.paused = recording.paused();
        seen.pid = Some(recording.target().pid);
    }
}

impl Attendant for Clerk<'_> {
    fn begun(&mut self, _session: &Path) {
        self.one.phase.send_replace(Phase::Recording);
    }

    fn order(&mut self, recording: &Recording, wait: Duration) -> Option<Order> {
        self.look(recording);
        if !recording.writes() {
            return Some(Order::Stop);
        }
        match self.words.recv_timeout(wait) {
            Ok(Word::Order(order)) => {
                // What is told right after this already shows it.
                self.one.seen().paused =
                    matches!(order, Order::Pause) || (recording.paused() && order != Order::Resume);
                Some(order)
            }
            Ok(Word::Bookmark(begin, duration, text)) => {
                recording.bookmark(begin, duration, &text);
                None
            }
            Ok(Word::Rates(rates)) => {
                rates.iter().for_each(|(source, rate)| recording.flow().rates.set(source, *rate));
                self.one.seen().rates.extend(rates);
                None
            }
            Err(RecvTimeoutError::Timeout) => None,
            // The server forgot it, which it does at its own end alone.
            Err(RecvTimeoutError::Disconnected) => Some(Order::Stop),
        }
    }

    fn onlooker(&mut self) -> Option<Onlooker> {
        Some(self.one.hub.onlooker())
    }

    fn problem(&mut self, line: &str) {
        let mut seen = self.one.seen();
        if seen.problems.len() < REMEMBERED {
            seen.problems.push(line.to_owned());
        }
    }

    fn ending(&mut self) {
        self.one.hub.close();
        self.one.phase.send_replace(Phase::Ending);
    }
}

/// Makes one from its begin to its end.
fn record(meant: Meant, words: &Receiver<Word>, one: &One) -> Phase {
    let Meant { plan, output, most } = meant;
    let ended = conduct(plan, &output, most, &sources(), &mut Clerk { words, one });
    let outcome = match ended {
        Ok(Ended { outcome: Some(outcome), .. }) => outcome,
        Ok(_) => return Phase::Failed,
        Err(error) => {
            one.seen().problems.push(error.to_string());
            one.seen().error = Some(error);
            return Phase::Failed;
        }
    };
    let Outcome { code, rows, dropped, time, whole } = outcome;
    {
        let mut seen = one.seen();
        (seen.rows, seen.dropped, seen.time, seen.code, seen.paused) = (rows, dropped, time, Some(code), false);
    }
    if !whole {
        return Phase::Failed;
    }
    one.phase.send_replace(Phase::Naming);
    named(&output, one);
    Phase::Ended
}

/// Finds names for addresses; what has none is whole all the same.
fn named(output: &Path, one: &One) {
    let begun = Instant::now();
    let mut goes_on = |_, _| begun.elapsed() < NAMES;
    if let Err(error) = symbolise(output, &mut Symbolizer::new(Search::system()), When::Recorded, &mut goes_on) {
        one.seen().problems.push(format!("addresses stay without names: {error}"));
    }
}
