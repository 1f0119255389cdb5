//! The container: modules, pools, partitions and limits, and the way of a request through them.

use std::convert::Infallible;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::{Duration, Instant};

use http::{HeaderValue, StatusCode, header};
use hyper::body::Incoming;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::body::Reply;
use super::compute::Compute;
use super::context::Context;
use super::guard::{Guard, Peer};
use super::limits::Limits;
use super::metrics::{self, Metrics, Open, Sample, Samples};
use super::module::{Admission, Head, Identity, Module, Operation, Outcome};
use super::nap::Sleepers;
use super::partition::Partitions;
use super::pool::{Pool, Pools, Resource};
use super::problem::Problem;
use super::request::Request;
use super::router::{Found, Router};
use crate::error::{Error, Result};

/// Between two looks at what lies idle.
const TENDED: Duration = Duration::from_secs(10);

/// How many partitions are told one by one.
const TOLD: usize = 64;

/// A server without its sockets. A clone is the same.
#[derive(Clone)]
pub struct Container(pub(super) Arc<Inner>);

/// Puts a [`Container`] together.
pub struct Builder {
    limits: Limits,
    guard: Box<dyn Guard>,
    pools: Pools,
    modules: Vec<Box<dyn Served>>,
    observers: Vec<Observer>,
}

type Observer = Box<dyn Fn(&mut Samples) + Send + Sync>;

/// What all clones share.
pub struct Inner {
    pub(super) limits: Limits,
    pub(super) guard: Box<dyn Guard>,
    pub(super) pools: Pools,
    pub(super) partitions: Partitions,
    pub(super) compute: Compute,
    pub(super) metrics: Metrics,
    pub(super) tasks: TaskTracker,
    pub(super) sleepers: Sleepers,
    pub(super) ending: CancellationToken,
    modules: Vec<Box<dyn Served>>,
    router: Router,
    observers: Vec<Observer>,
}

/// A [`Module`] whose future is put into a box, so that those of many types lie in one list.
trait Served: Send + Sync {
    fn name(&self) -> &'static str;
    fn operations(&self) -> &'static [Operation];
    fn schemas(&self) -> Vec<(&'static str, serde_json::Value)>;
    fn classify(&self, head: &Head<'_>) -> Admission;
    fn handle<'a>(&'a self, request: Request, context: Context) -> Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;
}

impl<M: Module> Served for M {
    fn name(&self) -> &'static str {
        Module::name(self)
    }

    fn operations(&self) -> &'static [Operation] {
        Module::operations(self)
    }

    fn schemas(&self) -> Vec<(&'static str, serde_json::Value)> {
        Module::schemas(self)
    }

    fn classify(&self, head: &Head<'_>) -> Admission {
        Module::classify(self, head)
    }

    fn handle<'a>(&'a self, request: Request, context: Context) -> Pin<Box<dyn Future<Output = Outcome> + Send + 'a>> {
        Box::pin(Module::handle(self, request, context))
    }
}

impl Builder {
    /// One that serves nothing yet.
    pub fn new(limits: Limits, guard: impl Guard) -> Builder {
        let (modules, observers) = (Vec::new(), Vec::new());
        Builder { limits, guard: Box::new(guard), pools: Pools::default(), modules, observers }
    }

    /// With a module.
    pub fn module(mut self, module: impl Module) -> Builder {
        self.modules.push(Box::new(module));
        self
    }

    /// With a pool, from which modules lease.
    pub fn pool<R: Resource>(mut self, pool: Pool<R>) -> Builder {
        self.pools.add(pool);
        self
    }

    /// With something more to be told among the server's metrics.
    pub fn observe(mut self, observer: impl Fn(&mut Samples) + Send + Sync + 'static) -> Builder {
        self.observers.push(Box::new(observer));
        self
    }

    /// Puts it together. Fails where two modules serve the same.
    pub fn build(self) -> Result<Container> {
        let mut router = Router::default();
        for (number, module) in self.modules.iter().enumerate() {
            for operation in module.operations() {
                let added = router.add(number, operation);
                added.map_err(|error| Error::Invalid(format!("module {}: {error}", module.name())))?;
            }
        }
        let modules = self.modules.iter().map(|module| metrics::Requests::new(module.name())).collect();
        Ok(Container(Arc::new(Inner {
            partitions: Partitions::new(self.limits.depth),
            compute: Compute::new(self.limits.compute),
            limits: self.limits,
            guard: self.guard,
            pools: self.pools,
            metrics: Metrics { modules, ..Metrics::default() },
            tasks: TaskTracker::new(),
            sleepers: Sleepers::default(),
            ending: CancellationToken::new(),
            modules: self.modules,
            router,
            observers: self.observers,
        })))
    }
}

impl Container {
    /// Everything that the server tells about itself at this moment.
    pub fn observe(&self) -> Vec<Sample> {
        self.0.observe()
    }

    /// All operations, each with the name of its module.
    pub fn operations(&self) -> impl Iterator<Item = (&'static str, &'static Operation)> {
        self.0.operations()
    }

    /// What is over when the server is told to end.
    pub fn ending(&self) -> &CancellationToken {
        &self.0.ending
    }

    /// Keeps order, until the server is told to end: what lies idle in pools for long goes.
    pub async fn tend(&self) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(TENDED) => self.0.pools.sweep(),
                () = self.0.ending.cancelled() => return,
            }
        }
    }

    /// Tells everything to end, and waits for what goes on, as long as the limits say.
    pub async fn end(&self) {
        self.0.ending.cancel();
        self.0.tasks.close();
        let _ = tokio::time::timeout(self.0.limits.farewell, self.0.tasks.wait()).await;
    }

    /// Answers one request.
    pub(super) async fn answer(
        &self,
        request: http::Request<Incoming>,
        peer: Arc<Peer>,
    ) -> std::result::Result<Reply, Infallible> {
        let (parts, body) = request.into_parts();
        let inner = &self.0;
        // Who asks is looked at first, so that strangers do not even learn what there is.
        let identity = match inner.guard.identify(&peer, &parts) {
            Ok(identity) => identity,
            Err(problem) => return Ok(problem.into_reply()),
        };
        let found = match inner.router.find(&parts.method, &parts.uri) {
            Ok(found) => found,
            Err(lost) => {
                inner.metrics.lost.fetch_add(1, Ordering::Relaxed);
                return Ok(lost.into_reply(&parts.uri));
            }
        };
        let since = Instant::now();
        let requests = &inner.metrics.modules[found.module];
        let open = Open::new(&requests.open);
        let operation = found.operation;
        let who = identity.clone();
        let outcome = self.admit(found, parts, body, identity, since).await;
        drop(open);
        let detail = outcome.as_ref().err().map(|problem| problem.detail.clone());
        let mut reply = outcome.unwrap_or_else(Problem::into_reply);
        let took = since.elapsed();
        metrics::answered(requests, reply.status(), took);
        inner.guard.answered(&peer, &who, operation, reply.status(), took, detail.as_deref());
        // What is served is of this moment, and for whoever asked.
        reply.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        reply.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        Ok(reply)
    }

    /// Lets a request in when its turn comes, and has it handled until its deadline.
    async fn admit(
        &self,
        found: Found,
        parts: http::request::Parts,
        body: Incoming,
        identity: Identity,
        since: Instant,
    ) -> Outcome {
        let inner = &self.0;
        let Found { module, operation, params } = found;
        if !identity.may(operation.scope) {
            return Err(inner.guard.refuse(&identity, operation.scope));
        }
        let module = &inner.modules[module];
        let head = Head { operation, parts: &parts, identity: &identity, params: &params };
        let entry = match module.classify(&head) {
            Admission::Now => None,
            Admission::Reject(problem) => return Err(problem),
            Admission::Partition { keys, mode, max_wait } => {
                let entered = inner.partitions.enter(keys, mode, max_wait).await;
                let entry = entered.map_err(|refused| Problem::busy(refused.to_string(), Duration::from_secs(1)))?;
                Some(Arc::new(entry))
            }
        };
        let deadline = since + inner.limits.request;
        let context = Context { inner: Arc::clone(inner), deadline, _entry: entry };
        let request = Request { operation, parts, identity, params, body, limits: inner.limits.clone() };
        let handled = tokio::time::timeout_at(deadline.into(), caught(module.handle(request, context))).await;
        handled.unwrap_or_else(|_| {
            let text = format!("the answer took longer than {} s", inner.limits.request.as_secs());
            Err(Problem::new(StatusCode::GATEWAY_TIMEOUT, text))
        })
    }
}

/// What a module made of a request; where it panics, that request alone fails.
async fn caught(mut handled: Pin<Box<dyn Future<Output = Outcome> + Send + '_>>) -> Outcome {
    std::future::poll_fn(move |context| {
        let polled = catch_unwind(AssertUnwindSafe(|| handled.as_mut().poll(context)));
        polled.unwrap_or_else(|_| Poll::Ready(Err(Problem::from_panic())))
    })
    .await
}

impl Inner {
    pub(super) fn operations(&self) -> impl Iterator<Item = (&'static str, &'static Operation)> {
        self.modules.iter().flat_map(|module| module.operations().iter().map(|operation| (module.name(), operation)))
    }

    pub(super) fn schemas(&self) -> impl Iterator<Item = (&'static str, serde_json::Value)> {
        self.modules.iter().flat_map(|module| module.schemas())
    }

    pub(super) fn observe(&self) -> Vec<Sample> {
        let mut all = Samples(self.metrics.samples());
        all.partitions(&self.partitions.snapshot(TOLD), self.partitions.waits());
        self.pools.seen().for_each(|seen| all.pool(seen));
        all.compute(self.compute.gauges());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            all.runtime(&runtime.metrics());
        }
        self.guard.observe(&mut all);
        self.observers.iter().for_each(|observe| observe(&mut all));
        all.0
    }
}
