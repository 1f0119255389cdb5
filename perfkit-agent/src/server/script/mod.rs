//! Scripts: JavaScript of clients, each in a process of its own that can do nothing but compute and ask the host.
//! SCRIPTS.md says what a script finds, and what is guaranteed.
//!
//! The host asks the [`nursery`] for a process, which is a copy of it with the engine ready ([`guest`]) and confines
//! itself ([`confine`]) before it is sent a byte of the script. Of the scripts that can run the [`schedule`] lets as
//! many run as there are slots, in slices. A question of a script is a [`message`] that a [`Host`] answers; nothing here
//! holds a thread while it waits.

mod confine;
pub mod data;
mod guest;
mod keeper;
mod limits;
pub mod message;
mod metrics;
pub mod nursery;
mod run;
mod schedule;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc};

use crate::error::{Error, Result};
use keeper::Keeper;
pub use limits::{Code, Limits, ScriptError, Spent};
pub use metrics::Metrics;
use schedule::Schedule;

/// How a sandbox is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Scripts that run at the same time; others that could run wait for their turns.
    pub slots: usize,
    /// How long a turn is where others wait.
    pub slice: Duration,
    /// Scripts that are open at the same time, be it that they wait for answers; others wait to be admitted. Each takes
    /// two descriptors of the host.
    pub open: usize,
    /// Processes that are kept ready, so that a script starts at once.
    pub spares: usize,
}

impl Default for Config {
    fn default() -> Config {
        let slots = std::thread::available_parallelism().map_or(1, usize::from);
        Config { slots, slice: Duration::from_millis(2), open: 1024, spares: 2 * slots }
    }
}

/// What answers the questions of scripts.
pub trait Host: Sync {
    /// Answers one: `name` and `arguments` are what a script made up, and may be anything. `Err` has a line that the
    /// script gets as an exception. The future is dropped where the script ends meanwhile.
    fn call(
        &self,
        name: &str,
        arguments: Vec<Value>,
    ) -> impl Future<Output = std::result::Result<Answer, String>> + Send;
}

/// The answer to a question: a value, and columns of numbers, which a script gets as Float64Arrays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The value.
    pub value: Value,
    /// The columns.
    pub columns: Vec<Vec<f64>>,
}

impl From<Value> for Answer {
    fn from(value: Value) -> Answer {
        Answer { value, columns: Vec::new() }
    }
}

/// Runs scripts.
#[derive(Debug)]
pub struct Sandbox {
    keeper: Arc<Keeper>,
    schedule: Schedule,
    admission: Semaphore,
    metrics: Arc<Metrics>,
}

impl Sandbox {
    /// Starts one, within a runtime of tokio.
    ///
    /// # Errors
    /// Where the nursery cannot be started.
    pub async fn start(config: Config) -> Result<Sandbox> {
        let metrics = Arc::new(Metrics::default());
        let schedule = Schedule::start(config.slots, config.slice, Arc::clone(&metrics));
        let schedule = schedule.map_err(|error| Error::Start {
            tool: "the thread of scripts' turns".to_owned(),
            error,
            remedy: String::new(),
        })?;
        let keeper = Arc::new(Keeper::new(config.spares));
        // So that what is missing is known now and not with the first script.
        keeper.take().await?;
        Ok(Sandbox { keeper, schedule, admission: Semaphore::new(config.open), metrics })
    }

    /// Runs a script to its end. What it gives out comes as lines of JSON, each with its newline, while it runs; where
    /// `output` is full the script is stopped, and where nobody has its other end any more it is ended. Dropping the
    /// future kills the script's process.
    pub async fn run<H: Host>(
        &self,
        source: &str,
        limits: &Limits,
        host: &H,
        output: mpsc::Sender<Bytes>,
    ) -> std::result::Result<Spent, ScriptError> {
        run::run(self, source, limits, host, output).await
    }

    /// What is counted.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// The process id of the nursery, whose children the scripts' processes are.
    pub async fn nursery(&self) -> Option<u32> {
        self.keeper.pid().await
    }
}

/// Counts one up for as long as it lives.
struct Counted<'a>(&'a std::sync::atomic::AtomicU64);

impl Counted<'_> {
    fn new(of: &std::sync::atomic::AtomicU64) -> Counted<'_> {
        of.fetch_add(1, Ordering::Relaxed);
        Counted(of)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
