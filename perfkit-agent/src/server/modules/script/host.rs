//! What scripts of clients may ask: one session, or all that the agent has.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Map, Value};

use crate::server::modules::recordings::Desk;
use crate::server::modules::sessions;
use crate::server::readers::{Reader, Readers};
use crate::server::script::data::{Data, Job, Lend};
use crate::server::script::{Answer, Host};
use crate::server::{Context, Mode, Problem, Shelf};
use crate::session::clock::now;

/// Answers the questions of one script.
pub struct Answers {
    /// With the script's own deadline.
    pub context: Context,
    /// The sessions.
    pub shelf: Shelf,
    /// The recordings.
    pub desk: Desk,
    /// The session that it is run over; none where it is run over all of them.
    pub only: Option<String>,
    /// Bytes that were read for it.
    pub read: Arc<AtomicU64>,
}

impl Host for Answers {
    async fn call(&self, name: &str, arguments: Vec<Value>) -> Result<Answer, String> {
        if let Some(only) = &self.only {
            return self.of(only).call(name, arguments).await;
        }
        let value = match name {
            "now" => now().into(),
            "metrics" => {
                let counters = self.context.observe().into_iter().flat_map(|sample| sample.counters());
                counters.map(|(info, value)| (info.name, value.into())).collect::<Map<_, _>>().into()
            }
            "recordings" => self.desk.list().iter().map(|one| one.told()).collect::<Vec<_>>().into(),
            "sessions" => {
                let shelf = self.shelf.clone();
                let all = self.context.block(move || sessions::list(&shelf)).await.map_err(said)?;
                all["sessions"].clone()
            }
            "of" => {
                let mut arguments = arguments.into_iter();
                let (Some(Value::String(session)), Some(Value::String(question))) =
                    (arguments.next(), arguments.next())
                else {
                    return Err("sessions.open() wants the name of a session".to_owned());
                };
                return self.of(&session).call(&question, arguments.collect()).await;
            }
            _ => return Err("this script is run over no single session: open one with sessions.open(name)".to_owned()),
        };
        self.read.fetch_add(value.to_string().len() as u64, Ordering::Relaxed);
        Ok(value.into())
    }
}

impl Answers {
    /// A session by its name.
    fn of(&self, name: &str) -> Data<Visits> {
        let visits = Visits { context: self.context.clone(), shelf: self.shelf.clone(), name: name.to_owned() };
        Data::counting(visits, Arc::clone(&self.read))
    }
}

/// A session that is entered for each question, so that a script, which may last, keeps nobody from changing it.
struct Visits {
    context: Context,
    shelf: Shelf,
    name: String,
}

impl Lend for Visits {
    async fn lend(&self, job: Job) -> Result<(), String> {
        // What is no name of a session is no name of a partition.
        self.shelf.path(&self.name).map_err(said)?;
        let _entry = self.context.enter(Shelf::keys(&self.name), Mode::Shared).await.map_err(said)?;
        let path = self.shelf.existing(&self.name).map_err(said)?;
        let pool = self.context.pool::<Reader>().map_err(said)?.clone();
        Readers { pool, path, deadline: self.context.deadline() }.lend(job).await
    }
}

fn said(problem: Problem) -> String {
    problem.detail.into_owned()
}
