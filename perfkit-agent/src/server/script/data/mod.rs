//! What scripts may ask of a session, answered with a reader that is lent for each question: a table of questions,
//! and the work on columns done here.

mod analysis;
mod counters;
mod lend;
mod numbers;
mod rows;
mod session;
mod sql;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::InterruptHandle;
use serde_json::Value;
use tokio::sync::oneshot;

use super::{Answer, Host};
use crate::session::Query;

pub use lend::{Job, Lend, Own};
pub(in crate::server) use sql::bound;

/// What answers a question; a failure is a line for the script.
type Answering = fn(&Reading<'_>, &[Value]) -> Result<Answer, String>;

/// The questions that there are.
const QUESTIONS: &[(&str, Answering)] = &[
    ("info", session::info),
    ("series", session::series),
    ("names", session::names),
    ("sql", sql::sql),
    ("rows", rows::rows),
    ("counter", counters::counter),
    ("analysis", analysis::analysis),
];

/// Answers the questions of one script about a session.
#[derive(Debug)]
pub struct Data<L> {
    lender: L,
    read: Arc<AtomicU64>,
}

impl<L: Lend> Data<L> {
    /// With readers from `lender`.
    pub fn new(lender: L) -> Data<L> {
        Data::counting(lender, Arc::default())
    }

    /// What is read counts together with what others do of the same script.
    pub fn counting(lender: L, read: Arc<AtomicU64>) -> Data<L> {
        Data { lender, read }
    }

    /// How much was read for it so far, in bytes: what a client would have had to fetch to answer the same questions
    /// itself, with 8 bytes for each number and the texts as they are.
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
}

/// A question that is being answered.
pub struct Reading<'a> {
    query: &'a Query,
    read: &'a AtomicU64,
    stop: &'a Stop,
}

impl Reading<'_> {
    /// Counts bytes that were read; fails where nobody wants the answer any more.
    fn count(&self, bytes: u64) -> Result<(), String> {
        self.read.fetch_add(bytes, Ordering::Relaxed);
        if self.stop.asked.load(Ordering::Relaxed) { Err("the script has ended".to_owned()) } else { Ok(()) }
    }
}

impl<L: Lend> Host for Data<L> {
    async fn call(&self, name: &str, arguments: Vec<Value>) -> Result<Answer, String> {
        let Some((_, answering)) = QUESTIONS.iter().find(|(known, _)| *known == name) else {
            return Err(format!("a session cannot be asked for `{}`", name.escape_debug()));
        };
        let (sender, answer) = oneshot::channel();
        let (stop, read) = (Arc::new(Stop::default()), Arc::clone(&self.read));
        let _asks = Asks(Arc::clone(&stop));
        let job = move |query: &Query| {
            let Some(_during) = stop.during(query) else { return };
            let answer = answering(&Reading { query, read: &read, stop: &stop }, &arguments);
            // Nobody may be waiting any more.
            let _ = sender.send(answer);
        };
        self.lender.lend(Box::new(job)).await?;
        answer.await.unwrap_or_else(|_| Err("the question was not answered".to_owned()))
    }
}

/// Stops a statement that nobody wants the answer of any more, and no other one: the reader may have been lent to
/// somebody else meanwhile.
#[derive(Default)]
struct Stop {
    asked: AtomicBool,
    running: Mutex<Option<InterruptHandle>>,
}

impl Stop {
    fn during(&self, query: &Query) -> Option<During<'_>> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if self.asked.load(Ordering::Relaxed) {
            return None;
        }
        *running = Some(query.db().get_interrupt_handle());
        Some(During(self))
    }
}

/// Ends what a stop may stop.
struct During<'a>(&'a Stop);

impl Drop for During<'_> {
    fn drop(&mut self) {
        *self.0.running.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Whoever waits for an answer: where it waits no more, the work for it is stopped.
struct Asks(Arc<Stop>);

impl Drop for Asks {
    fn drop(&mut self) {
        let running = self.0.running.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.asked.store(true, Ordering::Relaxed);
        if let Some(handle) = &*running {
            handle.interrupt();
        }
    }
}

/// An argument as a text.
fn text(arguments: &[Value], at: usize) -> Option<&str> {
    arguments.get(at).and_then(Value::as_str)
}
