//! Where readers of a session come from: a pool of the server's, or one of one's own.

use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Result;
use crate::session::Query;

/// What is done with a reader.
pub type Job = Box<dyn FnOnce(&Query) + Send>;

/// Lends readers of one session.
pub trait Lend: Send + Sync {
    /// Has `job` done with a reader, on a thread where it may block; returns when it is done. `Err` has a line for the
    /// script, which says why there is no reader. A job whose future is dropped may be done or not.
    fn lend(&self, job: Job) -> impl Future<Output = std::result::Result<(), String>> + Send;
}

/// One reader that is lent to one after the other.
#[derive(Clone, Debug)]
pub struct Own(Arc<Mutex<Query>>);

impl Own {
    /// Of the session at `path`.
    pub fn open(path: &Path) -> Result<Own> {
        Ok(Own(Arc::new(Mutex::new(Query::open(path)?))))
    }
}

impl Lend for Own {
    async fn lend(&self, job: Job) -> std::result::Result<(), String> {
        let query = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || job(&query.lock().unwrap_or_else(PoisonError::into_inner)));
        done.await.map_err(|_| "the question could not be answered".to_owned())
    }
}
