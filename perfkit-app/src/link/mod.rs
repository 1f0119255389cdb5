//! The one boundary between the main thread, which must never wait, and what takes time.
//!
//! A [`Desk`] is a thread that holds a session open. What a page wants to know it asks as a job, a function from the
//! session to an answer, and awaits the answer in the main loop. A document has two desks: one for answers that the
//! eye waits for, and one for what takes longer. [`recording`] is the thread that makes a session, and [`look`] what is
//! seen of it meanwhile; [`replay`] is the thread that plays a script of input.

pub mod look;
pub mod recording;
pub mod replay;

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};

use futures_channel::oneshot;
use perfkit_agent::session::{Query, Session};
use perfkit_agent::{Error, Result};

/// A session as a job sees it.
pub struct Reader {
    /// Its series, chunks and pyramid.
    pub session: Session,
    /// Its SQL.
    pub query: Query,
}

type Job = Box<dyn FnOnce(&mut Reader) + Send>;

/// A thread that holds a session open and does jobs in their order.
#[derive(Clone, Debug)]
pub struct Desk {
    jobs: mpsc::Sender<Job>,
}

impl Desk {
    /// Opens the session at `path` on a thread of its own. The thread ends when the last clone is dropped.
    pub async fn open(path: &Path) -> Result<Desk> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let (told, opened) = oneshot::channel();
        let at = path.to_owned();
        let run = move || {
            let open = || Ok(Reader { session: Session::open(&at)?, query: Query::open(&at)? });
            match open() {
                Ok(mut reader) => {
                    // Who asked may be gone meanwhile; then there are no jobs either.
                    let _ = told.send(Ok(()));
                    queue.into_iter().for_each(|job| job(&mut reader));
                }
                Err(error) => drop(told.send(Err(error))),
            }
        };
        std::thread::Builder::new().name("desk".into()).spawn(run).map_err(Error::file("start a thread for", path))?;
        opened.await.unwrap_or_else(|_| Err(Error::Invalid(format!("{}: its reader failed", path.display()))))?;
        Ok(Desk { jobs })
    }

    /// Asks for an answer. `None` where the job panicked, or the desk ended before.
    ///
    /// An answer that is dropped is worked out all the same; a job that may be in vain looks at a flag of its own.
    pub fn ask<T: Send + 'static, J: FnOnce(&mut Reader) -> T + Send + 'static>(
        &self,
        job: J,
    ) -> impl Future<Output = Option<T>> + use<T, J> {
        let (answer, answered) = oneshot::channel();
        let work = move |reader: &mut Reader| {
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job(reader)));
            if let Ok(done) = done {
                // Nobody waits for it any more.
                let _ = answer.send(done);
            }
        };
        // Of a desk whose thread is gone the answer is dropped, which is the answer `None`.
        let _ = self.jobs.send(Box::new(work));
        async move { answered.await.ok() }
    }
}

/// How far something is that takes time, and how it is told to end. All clones are one.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    done: Arc<AtomicU64>,
    all: Arc<AtomicU64>,
    cancelled: Arc<AtomicBool>,
}

impl Progress {
    /// Says how much is done, and of how much (0 where that is unknown); whether to go on.
    pub fn tell(&self, done: u64, all: u64) -> bool {
        self.done.store(done, Ordering::Relaxed);
        self.all.store(all, Ordering::Relaxed);
        !self.is_cancelled()
    }

    /// How much is done.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// Which share is done, where it is known: what goes through its rows twice has done more than all.
    pub fn share(&self) -> Option<f64> {
        let (done, all) = (self.done(), self.all.load(Ordering::Relaxed));
        (all > 0 && done <= all).then(|| done as f64 / all as f64)
    }

    /// Ends it soon.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether it is to end.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

/// Does something that takes time on a thread of its own. `None` where it panicked.
pub async fn away<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    gtk::gio::spawn_blocking(job).await.ok()
}
