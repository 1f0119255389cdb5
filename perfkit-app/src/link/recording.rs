//! The thread that makes a recording: what it is to do goes in as [`Command`]s, how it goes comes out as [`Update`]s.
//!
//! The session is read while it is written by a thread beside it, which is gone before the session is closed: whoever
//! closes it must have it alone to leave one whole file.

use std::path::{Path, PathBuf};
use std::sync::Once;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use async_channel::{Receiver, Sender};
use perfkit_agent::channel::{self, Attendant, Company, Ended, Order, Outcome, Plan, conduct, ward};
use perfkit_agent::session::{Query, beside};
use perfkit_agent::source::{Stop, Stopper, sources};
use perfkit_agent::symbols::{Search, Symbolizer, When, symbolise};
use perfkit_agent::{Error, Result};

use super::look::{Look, Onlooker};

/// From one word about how it goes to the next.
const TELL: Duration = Duration::from_millis(100);
/// From one look at the session to the next: it is committed twice a second.
const LOOK: Duration = Duration::from_millis(400);
/// How long names may be looked for at the end; those that are left have no names until somebody asks again.
const NAMES: Duration = Duration::from_secs(20);
/// Updates that wait at most.
const QUEUE: usize = 64;
/// Lines of what the program said last that are kept.
const LINES: usize = 6;

/// What is to be recorded, and where to.
#[derive(Debug)]
pub struct Wanted {
    /// The target and the sources.
    pub plan: Plan,
    /// The session's file, which must not be there yet.
    pub output: PathBuf,
    /// For how long at most.
    pub most: Option<Duration>,
}

/// What a recording can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Throw away what comes, until it is resumed.
    Pause,
    /// Go on after a pause.
    Resume,
    /// End this session and keep it, and record the same again into another.
    Restart,
    /// End it and keep the session; said again while names are looked for, it ends that.
    Stop,
    /// End it and remove the session.
    Discard,
}

/// How it goes.
#[derive(Debug)]
pub enum Update {
    /// The session is there and the target runs.
    Began(PathBuf),
    /// A tenth of a second has passed.
    Goes {
        /// How long it lasts.
        time: Duration,
        /// Rows so far.
        rows: u64,
        /// What was lost so far.
        dropped: u64,
        /// Whether it is paused.
        paused: bool,
    },
    /// What is seen of it.
    Seen(Box<Look>),
    /// Something went wrong with a source: one line.
    Problem(String),
    /// The target and the sources are ended, and the session is closed.
    Ending,
    /// Names are looked for: so many addresses are done, of so many.
    Naming(usize, usize),
    /// One session is done, and the same begins to be recorded again.
    Again(PathBuf),
    /// It is over.
    Ended(Result<Done>),
}

/// A recording that is over.
#[derive(Debug)]
pub struct Done {
    /// The session; where it was discarded it is gone.
    pub session: PathBuf,
    /// What came of it.
    pub outcome: Outcome,
    /// Whether the target ended by itself.
    pub by_itself: bool,
    /// Whether it was discarded.
    pub discarded: bool,
    /// What the target said last, where that was recorded.
    pub said: Vec<String>,
    /// Whether anything of a main loop was recorded.
    pub draws: bool,
}

/// A recording on its thread. When it is dropped the recording is stopped.
#[derive(Clone, Debug)]
pub struct Recording {
    commands: mpsc::Sender<Command>,
    /// How it goes.
    pub updates: Receiver<Update>,
}

impl Recording {
    /// Begins it. What goes wrong with that comes as an [`Update::Ended`], too.
    pub fn start(wanted: Wanted) -> Result<Recording> {
        let (commands, orders) = mpsc::channel();
        let (tell, updates) = async_channel::bounded(QUEUE);
        let output = wanted.output.clone();
        let run = move || {
            let watched = std::panic::AssertUnwindSafe(|| record(wanted, &orders, &tell));
            let ended = std::panic::catch_unwind(watched);
            let ended =
                ended.unwrap_or_else(|_| Err(Error::Invalid("the recording failed by an error of perfkit".to_owned())));
            // Nobody may be there any more to hear it.
            let _ = tell.send_blocking(Update::Ended(ended));
        };
        std::thread::Builder::new()
            .name("recording".into())
            .spawn(run)
            .map_err(Error::file("start a thread for", &output))?;
        Ok(Recording { commands, updates })
    }

    /// Tells it to do something.
    pub fn tell(&self, command: Command) {
        // One that is over needs no telling.
        let _ = self.commands.send(command);
    }
}

/// What is done once for all recordings of this process.
pub fn prepare(problem: &dyn Fn(String)) {
    static PREPARED: Once = Once::new();
    PREPARED.call_once(|| {
        channel::adopt(Company::Others);
        if let Err(error) = ward::begin() {
            // Without it a recording is as good, as long as nobody kills us.
            problem(error.to_string());
        }
    });
}

fn record(wanted: Wanted, orders: &mpsc::Receiver<Command>, tell: &Sender<Update>) -> Result<Done> {
    prepare(&|problem| drop(tell.send_blocking(Update::Problem(problem))));
    let sources = sources();
    let mut output = wanted.output.clone();
    loop {
        let mut window = Window { orders, tell, told: Instant::now(), watcher: None, asked: None };
        let plan = Plan { subject: wanted.plan.subject.clone(), sources: wanted.plan.sources.clone() };
        let Ended { again, outcome } = conduct(plan, &output, wanted.most, &sources, &mut window)?;
        let asked = window.asked;
        let outcome = outcome.ok_or_else(|| Error::Invalid("the recording was left before its end".to_owned()))?;
        if asked == Some(Command::Discard) {
            discard(&output);
            return Ok(Done {
                by_itself: false,
                discarded: true,
                said: Vec::new(),
                draws: false,
                session: output,
                outcome,
            });
        }
        if again {
            let finished = std::mem::replace(&mut output, conduct::free(&wanted.output)?);
            let named = finished.clone();
            // Nobody waits for these names; where the thread cannot be, there are none.
            let later = std::thread::Builder::new().name("names".into());
            let _ = later.spawn(move || symbolised(&named, &mut |_, _| true));
            let _ = tell.send_blocking(Update::Again(finished));
            continue;
        }
        if outcome.whole {
            let begun = Instant::now();
            let mut goes_on = |done, total| {
                let _ = tell.try_send(Update::Naming(done, total));
                let stopped = matches!(orders.try_recv(), Ok(_) | Err(mpsc::TryRecvError::Disconnected));
                begun.elapsed() < NAMES && !stopped
            };
            if let Err(error) = symbolised(&output, &mut goes_on) {
                let _ = tell.send_blocking(Update::Problem(error.to_string()));
            }
        }
        let by_itself = asked.is_none() && wanted.most.is_none_or(|most| outcome.time < most);
        let (said, draws) = last_words(&output);
        return Ok(Done { by_itself, discarded: false, said, draws, session: output, outcome });
    }
}

fn symbolised(session: &Path, goes_on: &mut dyn FnMut(usize, usize) -> bool) -> Result<()> {
    symbolise(session, &mut Symbolizer::new(Search::system()), When::Recorded, goes_on).map(drop)
}

/// Removes a session that nobody wants.
fn discard(session: &Path) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        // What is not there is removed already.
        let _ = std::fs::remove_file(beside(session, suffix));
    }
}

/// What the target said last, and whether anything of a main loop was recorded.
fn last_words(session: &Path) -> (Vec<String>, bool) {
    let read = || -> Result<(Vec<String>, bool)> {
        let query = Query::open(session)?;
        let sql = "SELECT message FROM logs WHERE source IN ('stdout', 'stderr') ORDER BY time DESC LIMIT ?1";
        let mut said: Vec<String> = query.read(sql, [LINES as i64], |row| row.get(0))?;
        said.reverse();
        let draws = query.series().iter().any(|series| series.schema.name.starts_with("gdk_"));
        Ok((said, draws))
    };
    // A session that cannot be read says so when it is opened.
    read().unwrap_or_default()
}

/// The window, as the recording sees it.
struct Window<'a> {
    orders: &'a mpsc::Receiver<Command>,
    tell: &'a Sender<Update>,
    told: Instant,
    watcher: Option<Watcher>,
    /// What it was told that ends it.
    asked: Option<Command>,
}

impl Attendant for Window<'_> {
    fn begun(&mut self, session: &Path) {
        let _ = self.tell.send_blocking(Update::Began(session.to_owned()));
        self.watcher = Watcher::start(session, self.tell.clone());
    }

    fn order(&mut self, recording: &channel::Recording, wait: Duration) -> Option<Order> {
        if self.told.elapsed() >= TELL {
            self.told = Instant::now();
            let of = |number: &std::sync::atomic::AtomicU64| number.load(Ordering::Relaxed);
            let (rows, dropped) = (of(&recording.flow().rows), of(&recording.flow().dropped));
            // Where the last ones were not heard yet, this one is not missed.
            let _ =
                self.tell.try_send(Update::Goes { time: recording.time(), rows, dropped, paused: recording.paused() });
        }
        let command = match self.orders.recv_timeout(wait.min(TELL)) {
            Ok(command) => command,
            Err(RecvTimeoutError::Timeout) => return None,
            // The window is gone.
            Err(RecvTimeoutError::Disconnected) => Command::Stop,
        };
        Some(match command {
            Command::Pause => Order::Pause,
            Command::Resume => Order::Resume,
            Command::Restart => Order::Restart,
            Command::Stop | Command::Discard => {
                self.asked = Some(command);
                Order::Stop
            }
        })
    }

    fn problem(&mut self, line: &str) {
        let _ = self.tell.send_blocking(Update::Problem(line.to_owned()));
    }

    fn ending(&mut self) {
        self.watcher.take();
        let _ = self.tell.send_blocking(Update::Ending);
    }
}

/// The thread that reads the session while it is written. Dropped, it has ended.
struct Watcher {
    stopper: Stopper,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    /// Where it cannot be started, nothing is seen, and everything is recorded.
    fn start(session: &Path, tell: Sender<Update>) -> Option<Watcher> {
        let (stopper, stop) = Stopper::new().ok()?;
        let path = session.to_owned();
        let watch = move || {
            // What cannot be read now can be at the next look, or when it is done.
            if let Ok(mut onlooker) = Onlooker::open(&path) {
                watch(&mut onlooker, &stop, &tell);
            }
        };
        let thread = std::thread::Builder::new().name("onlooker".into()).spawn(watch).ok()?;
        Some(Watcher { stopper, thread: Some(thread) })
    }
}

fn watch(onlooker: &mut Onlooker, stop: &Stop, tell: &Sender<Update>) {
    while !stop.wait(LOOK) {
        if let Ok(look) = onlooker.look() {
            let _ = tell.try_send(Update::Seen(Box::new(look)));
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.stopper.stop();
        if let Some(thread) = self.thread.take() {
            // A panic in it was told of where it happened.
            let _ = thread.join();
        }
    }
}
