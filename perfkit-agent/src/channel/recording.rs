//! One recording: a target and the sources that watch it, from before its first instruction to after its last.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{Killer, Launch, Running, Target, facts, ward};
use crate::error::{Error, Result};
use crate::scratch::Scratch;
use crate::source::input::joined;
use crate::source::{Claim, Collector, Flow, Message, Outlet, Readiness, Source, Spec, Stop, Stopper, named};

/// How long sources may go on by themselves once the target has ended: what it wrote last is on its way to them.
const GRACE: Duration = Duration::from_millis(300);

/// What is to be recorded.
#[derive(Debug)]
pub struct Plan {
    /// The target.
    pub subject: Subject,
    /// The sources that were asked for.
    pub sources: Vec<Spec>,
}

/// The target of a plan.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A program to start.
    Start(Launch),
    /// A process that runs.
    Attach(i32),
}

/// What went wrong with sources, a line each.
#[derive(Clone, Debug, Default)]
pub struct Problems(Arc<Mutex<Vec<String>>>);

impl Problems {
    /// Those that were told since this was asked last.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn tell(&self, line: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

/// A source that was opened.
struct Opened {
    name: &'static str,
    spec: Spec,
    version: String,
    collector: Box<dyn Collector>,
}

/// A recording that goes on.
pub struct Recording {
    running: Running,
    collectors: Vec<JoinHandle<()>>,
    stopper: Stopper,
    flow: Arc<Flow>,
    problems: Problems,
    /// Whether it wrote all that it got.
    store: JoinHandle<bool>,
    /// What the recording itself says goes through this outlet.
    own: Outlet,
    begun: Instant,
    _scratch: Scratch,
}

/// How a recording ended.
#[derive(Debug)]
pub struct Outcome {
    /// What a shell would give for the target; 0 where it goes on.
    pub code: u8,
    /// Rows that were recorded.
    pub rows: u64,
    /// What was lost.
    pub dropped: u64,
    /// How long it took, to the target's end.
    pub time: Duration,
    /// Whether the session was written to its end.
    pub whole: bool,
}

impl Recording {
    /// Starts recording. `store` runs on a thread of its own, and gets all that the sources say until all have ended.
    ///
    /// A source that cannot work here is left out, and told by [`Recording::problems`]; a plan that makes no sense is
    /// refused before anything starts.
    pub fn start(
        plan: Plan,
        sources: &[Box<dyn Source>],
        store: impl FnOnce(Receiver<Message>) -> Result<()> + Send + 'static,
    ) -> Result<Recording> {
        let problems = Problems::default();
        let mut opened = open(&plan.sources, sources, &problems)?;
        let scratch = Scratch::new()?;
        ward::folder(scratch.path());
        let mut subject = plan.subject;
        if let Subject::Start(launch) = &mut subject {
            launch.scratch = scratch.path().to_owned();
            opened.retain_mut(|one| kept(one.collector.prepare(launch), one.name, &problems));
        }
        let mut running = match &subject {
            Subject::Start(launch) => Running::start(launch)?,
            Subject::Attach(pid) => Running::attach(*pid, scratch.path())?,
        };
        let (sender, receiver) = Outlet::queue();
        let told = problems.clone();
        let writing = move || {
            let stored = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| store(receiver)));
            let why = match stored {
                Ok(Ok(())) => return true,
                Ok(Err(error)) => error.to_string(),
                Err(_) => "the session's writer failed by an error of perfkit".to_owned(),
            };
            told.tell(format!("{why}; nothing more is recorded"));
            false
        };
        let store = std::thread::Builder::new().name("store".into()).spawn(writing);
        let store = store.map_err(Error::file("start a thread for", Path::new("the session")))?;
        let flow: Arc<Flow> = Arc::default();
        let mut own = Outlet::new(0, "perfkit", sender.clone(), Arc::clone(&flow));
        own.source_begins("");
        facts::tell(&subject, running.target(), &mut own);
        let (stopper, stop) = Stopper::new().map_err(Error::file("make", Path::new("a pipe")))?;
        // Attached before any of them runs: the target must not go on while one is still missing.
        opened.retain_mut(|one| kept(one.collector.attach(running.target()), one.name, &problems));
        let start = Start { target: running.target(), sender, flow: &flow, stop: &stop, problems: &problems };
        let numbered = (1..).zip(opened);
        let collectors = numbered.map(|(number, one)| start.collector(number, one)).collect::<Result<_>>()?;
        running.release();
        let begun = Instant::now();
        Ok(Recording { running, collectors, stopper, flow, problems, store, own, begun, _scratch: scratch })
    }

    /// Whether the target has ended. Where the session cannot be written any more it goes on all the same.
    pub fn ended(&mut self) -> bool {
        self.running.ended()
    }

    /// Stops and starts the flow of rows; what the target does meanwhile is not recorded.
    pub fn pause(&mut self, paused: bool) {
        if self.flow.paused.swap(paused, Ordering::Relaxed) != paused {
            self.own.note(if paused { "paused" } else { "resumed" });
        }
    }

    /// Whether it is paused.
    pub fn paused(&self) -> bool {
        self.flow.paused.load(Ordering::Relaxed)
    }

    /// Whether the session is still written: it is not where the disk is full.
    pub fn writes(&self) -> bool {
        !self.store.is_finished()
    }

    /// Marks a moment, or a stretch where its duration is not 0, in nanoseconds of CLOCK_MONOTONIC.
    pub fn bookmark(&self, time: i64, duration: i64, text: &str) {
        self.own.bookmark(time, duration, text);
    }

    /// What has flowed so far.
    pub fn flow(&self) -> &Flow {
        &self.flow
    }

    /// How long it goes on.
    pub fn time(&self) -> Duration {
        self.begun.elapsed()
    }

    /// The target.
    pub fn target(&self) -> &Target {
        self.running.target()
    }

    /// What went wrong with sources since it was asked last, a line each.
    pub fn problems(&self) -> Vec<String> {
        self.problems.take()
    }

    /// What will go wrong from now on, also while it is being finished.
    pub fn later_problems(&self) -> Problems {
        self.problems.clone()
    }

    /// What kills a target that we started, and what it has started, at once, also while the recording is being finished.
    pub fn killer(&self) -> Killer {
        self.running.killer()
    }

    /// Ends the target, unless it was attached to, then the sources, then the session.
    pub fn finish(mut self) -> Outcome {
        self.running.end();
        let time = self.begun.elapsed();
        let deadline = Instant::now() + GRACE;
        while self.collectors.iter().any(|one| !one.is_finished()) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.stopper.stop();
        for collector in self.collectors {
            // A collector that panicked has been told of.
            let _ = collector.join();
        }
        let code = self.running.code();
        self.own.fact("target.exit", &code.to_string());
        self.own.end(Ok(()));
        let whole = self.store.join().unwrap_or(false);
        let (rows, dropped) = (self.flow.rows.load(Ordering::Relaxed), self.flow.dropped.load(Ordering::Relaxed));
        Outcome { code, rows, dropped, time, whole }
    }
}

/// Opens what was asked for: everything must make sense before anything starts.
fn open(specs: &[Spec], sources: &[Box<dyn Source>], problems: &Problems) -> Result<Vec<Opened>> {
    let mut opened: Vec<Opened> = Vec::new();
    let mut claimed: Vec<(Claim, &'static str)> = Vec::new();
    let mut waiting: Option<&'static str> = None;
    for spec in &joined(specs) {
        let source = named(spec, sources)?;
        for &claim in source.claims() {
            if let Some((_, other)) = claimed.iter().find(|(known, _)| *known == claim) {
                let (what, way_out) = claim.conflict();
                let both = if *other == source.name() {
                    format!("{other} twice")
                } else {
                    format!("{other} and {}", source.name())
                };
                return Err(Error::Invalid(format!("{both} cannot share a target: each needs {what}; {way_out}")));
            }
            claimed.push((claim, source.name()));
        }
        let version = match source.readiness() {
            Readiness::Ready { version, .. } => version,
            Readiness::Limited { version, remedy, .. } => {
                problems.tell(format!("{} works with limits: {remedy}", source.name()));
                version
            }
            Readiness::Missing { remedy } => {
                problems.tell(format!("{} is left out: {remedy}", source.name()));
                continue;
            }
        };
        let collector = source.open(spec)?;
        waiting = waiting.or(source.sees_waiting(spec).then_some(source.name()));
        opened.push(Opened { name: source.name(), spec: spec.clone(), version, collector });
    }
    let tracer =
        claimed.iter().find(|(claim, name)| *claim == Claim::Ptrace && opened.iter().any(|one| one.name == *name));
    if let (Some((_, tracer)), Some(waiting)) = (tracer, waiting) {
        problems.tell(format!(
            "{tracer} holds the target at each call, and {waiting} sees that as time in which it does not run: the report \
             tells it as held by {tracer}; {waiting}:syscalls shows system calls without it"
        ));
    }
    Ok(opened)
}

/// Whether a source goes on after a step.
fn kept(step: Result<()>, name: &str, problems: &Problems) -> bool {
    let Err(error) = step else { return true };
    problems.tell(format!("{name} is left out: {error}"));
    false
}

/// What every collector's thread is started with.
struct Start<'a> {
    target: &'a Arc<Target>,
    sender: SyncSender<Message>,
    flow: &'a Arc<Flow>,
    stop: &'a Stop,
    problems: &'a Problems,
}

impl Start<'_> {
    fn collector(&self, number: u32, one: Opened) -> Result<JoinHandle<()>> {
        let failed = || Error::file("start a thread for", Path::new(one.name));
        let stop = self.stop.another().map_err(failed())?;
        let (target, problems) = (Arc::clone(self.target), self.problems.clone());
        let mut outlet = Outlet::new(number, one.name, self.sender.clone(), Arc::clone(self.flow));
        let Opened { name, spec, version, collector } = one;
        let failed = Error::file("start a thread for", Path::new(name));
        let work = move || {
            outlet.source_begins(&spec.to_string());
            outlet.fact(&format!("tool.{name}.version"), &version);
            let run = || collector.run(&target, &mut outlet, &stop);
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
            let result = match result {
                Ok(result) => result.map_err(|error| error.to_string()),
                Err(_) => Err("it failed by an error of perfkit".to_owned()),
            };
            if let Err(line) = &result {
                outlet.note(&format!("{name} ended early: {line}"));
                problems.tell(format!("{name} ended early: {line}"));
            }
            outlet.end(result);
        };
        std::thread::Builder::new().name(name.into()).spawn(work).map_err(failed)
    }
}
