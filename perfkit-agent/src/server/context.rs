//! What a module works with while it handles a request.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderValue, header};
use tokio_util::sync::CancellationToken;

use super::body::{Body, Reply, Sender};
use super::container::Inner;
use super::metrics::Metrics;
use super::partition::{Entry, Keys, Mode, Partitions};
use super::pool::{Lease, Pool, Resource};
use super::problem::Problem;

/// What a module works with while it handles one request. A clone stands for the same request.
#[derive(Clone)]
pub struct Context {
    pub(super) inner: Arc<Inner>,
    pub(super) deadline: Instant,
    /// The place in the partition that the request was let into; it is left with the last clone.
    pub(super) _entry: Option<Arc<Entry>>,
}

impl Context {
    /// When the reply's head is due. The container gives up then; a stream may go on.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The same, with another deadline: for a stream, which goes on after the reply's head.
    pub fn later(&self, from_now: Duration) -> Context {
        Context { deadline: Instant::now() + from_now, ..self.clone() }
    }

    /// A pool of the server.
    pub fn pool<R: Resource>(&self) -> Result<&Pool<R>, Problem> {
        self.inner.pools.get().ok_or_else(|| {
            Problem::new(http::StatusCode::NOT_IMPLEMENTED, format!("this server has no pool `{}`", R::NAME))
        })
    }

    /// Leases a resource from its pool, waiting in turn and at most until the deadline.
    pub async fn lease<R: Resource>(&self, key: &R::Key) -> Result<Lease<R>, Problem> {
        self.pool::<R>()?.lease(key, self.deadline).await
    }

    /// Leases a resource, and works with it on a thread that may block.
    pub async fn with<R: Resource, T: Send + 'static>(
        &self,
        key: &R::Key,
        work: impl FnOnce(&mut R) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.lease::<R>(key).await?.run(self.deadline, work).await
    }

    /// Enters one more partition, for what a request's head does not tell. Whoever is in one already and enters another
    /// may wait for somebody who does so the other way round; the deadline ends that.
    pub async fn enter(&self, keys: Keys, mode: Mode) -> Result<Entry, Problem> {
        let max_wait = self.deadline.saturating_duration_since(Instant::now());
        let entered = self.inner.partitions.enter(keys, mode, max_wait).await;
        entered.map_err(|refused| Problem::busy(refused.to_string(), Duration::from_secs(1)))
    }

    /// Lets something go on that must not end with the request. The server waits for it when it is told to end.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.inner.tasks.spawn(work);
    }

    /// Computes something that takes more than about a millisecond, on threads of lower priority that are there for it.
    /// Requests that compute on a worker make others wait.
    pub async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.inner.compute.run(work).await
    }

    /// Runs something on a thread that may block, beside the workers.
    pub async fn block<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        tokio::task::spawn_blocking(work).await.map_err(|_| Problem::from_panic())?
    }

    /// A reply whose body is made while it is sent. `produce` has this context, and the place in the partition with it;
    /// it ends when it returns, and should return where sending says that the reader is gone. At most `ahead` pieces wait.
    pub fn stream<F>(self, media: &'static str, ahead: usize, produce: impl FnOnce(Sender, Context) -> F) -> Reply
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (sender, body) = Body::stream(ahead, None);
        let inner = Arc::clone(&self.inner);
        inner.tasks.spawn(produce(sender, self));
        let mut reply = Reply::new(body);
        reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
        reply
    }

    /// What is over when the server is told to end; streams end then.
    pub fn ending(&self) -> &CancellationToken {
        &self.inner.ending
    }

    /// What the server counts.
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// The partitions, to look at.
    pub fn partitions(&self) -> &Partitions {
        &self.inner.partitions
    }

    /// Everything that the server tells about itself at this moment.
    pub fn observe(&self) -> Vec<super::metrics::Sample> {
        self.inner.observe()
    }

    /// All operations of all modules.
    pub fn operations(&self) -> impl Iterator<Item = (&'static str, &'static super::module::Operation)> {
        self.inner.operations()
    }

    /// The schemas that they refer to, by name.
    pub fn schemas(&self) -> impl Iterator<Item = (&'static str, serde_json::Value)> {
        self.inner.schemas()
    }
}
