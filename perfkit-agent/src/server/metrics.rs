//! What the server counts about itself, and all of it at one moment as samples: for `/metrics`, for the window's Server
//! page, and for the source `agent`, which puts it on the timeline of a session.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use super::compute;
use super::histogram::{Counts, Histogram};
use super::partition;
use super::pool;
use super::script;

/// What a server counts.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Connections.
    pub connections: Connections,
    /// Requests, a member for each module in the order of [`super::Builder::module`].
    pub modules: Vec<Requests>,
    /// Requests that were for nothing that is served.
    pub lost: AtomicU64,
}

/// Counts of connections.
#[derive(Debug, Default)]
pub struct Connections {
    /// Open now.
    pub open: AtomicU64,
    /// Accepted so far.
    pub accepted: AtomicU64,
    /// Closed at once, as there were too many.
    pub refused: AtomicU64,
    /// Ended by a limit of time or size, or by what was no HTTP.
    pub broken: AtomicU64,
}

/// Counts of a module's requests.
#[derive(Debug)]
pub struct Requests {
    /// The module.
    pub module: &'static str,
    /// Being handled now, those that wait at partitions included.
    pub open: AtomicU64,
    /// By the first digit of their status, less one.
    pub by_class: [AtomicU64; 5],
    /// From head to the reply's head.
    pub latency: Histogram,
}

impl Requests {
    /// Of a module, none yet.
    pub fn new(module: &'static str) -> Requests {
        Requests { module, open: AtomicU64::new(0), by_class: Default::default(), latency: Histogram::new() }
    }
}

/// Adds one to a count for as long as it lives.
#[derive(Debug)]
pub struct Open<'a>(&'a AtomicU64);

impl<'a> Open<'a> {
    /// One more.
    pub fn new(count: &'a AtomicU64) -> Open<'a> {
        count.fetch_add(1, Ordering::Relaxed);
        Open(count)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What tells about the server of this process, where it has one.
static OWN: RwLock<Option<Observe>> = RwLock::new(None);

/// Tells about a server.
type Observe = Box<dyn Fn() -> Vec<Sample> + Send + Sync>;

/// Lets the source `agent` know the server of this process.
pub fn tell_own(observe: impl Fn() -> Vec<Sample> + Send + Sync + 'static) {
    *OWN.write().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(observe));
}

/// What the server of this process tells about itself now; `None` where there is none.
pub fn own() -> Option<Vec<Sample>> {
    OWN.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(|observe| observe())
}

/// One thing that is told about the server.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Which family, dotted: `agent.requests`. OpenMetrics has `_` for its dots and `perfkit_` before it.
    pub family: &'static Family,
    /// What tells it apart within its family: names and values of labels.
    pub labels: Vec<(&'static str, String)>,
    /// How much.
    pub value: Value,
}

/// How much.
#[derive(Clone, Debug)]
pub enum Value {
    /// Something that only grows.
    Counter(f64),
    /// Something that goes up and down.
    Gauge(f64),
    /// Durations.
    Durations(Counts),
}

/// A family of samples.
#[derive(Debug)]
pub struct Family {
    /// Its dotted name.
    pub name: &'static str,
    /// Its unit as OpenMetrics spells it, `seconds` or `bytes`; empty where it counts.
    pub unit: &'static str,
    /// What it is, for people.
    pub help: &'static str,
}

impl Family {
    /// Its name as OpenMetrics has it, without what tells counters and parts of histograms.
    pub fn metric(&self) -> String {
        let name = self.name.replace('.', "_");
        if self.unit.is_empty() { format!("perfkit_{name}") } else { format!("perfkit_{name}_{}", self.unit) }
    }
}

macro_rules! families {
    ($($constant:ident $name:literal $unit:literal $help:literal;)*) => {
        $(#[doc = $help] pub static $constant: Family = Family { name: $name, unit: $unit, help: $help };)*
        /// All families, in the order in which they are told.
        pub static FAMILIES: &[&Family] = &[$(&$constant),*];
    };
}

families! {
    CONNECTIONS_OPEN "agent.connections.open" "" "Connections that are open";
    CONNECTIONS_ACCEPTED "agent.connections.accepted" "" "Connections accepted";
    CONNECTIONS_REFUSED "agent.connections.refused" "" "Connections closed at once, as there were too many";
    CONNECTIONS_BROKEN "agent.connections.broken" "" "Connections ended by a limit or by what was no HTTP";
    ACCESS_REFUSED "agent.access.refused" "" "Requests and connections refused, by why";
    REQUESTS "agent.requests" "" "Requests answered, by module and class of status";
    REQUESTS_OPEN "agent.requests.open" "" "Requests being handled or waiting";
    REQUESTS_LOST "agent.requests.lost" "" "Requests for nothing that is served";
    REQUESTS_LATENCY "agent.requests.latency" "seconds" "From a request's head to its reply's head";
    PARTITION_WAITING "agent.partition.waiting" "" "Requests that wait at a partition";
    PARTITION_INSIDE "agent.partition.inside" "" "Requests in a partition";
    PARTITION_ENTERED "agent.partition.entered" "" "Requests that have entered a partition";
    PARTITION_LONGEST "agent.partition.longest" "seconds" "The longest wait at a partition";
    PARTITIONS_WAITING "agent.partitions.waiting" "" "Requests that wait at any partition";
    PARTITIONS_REFUSED "agent.partitions.refused" "" "Requests that were refused or came too late at partitions";
    PARTITIONS_WAIT "agent.partitions.wait" "seconds" "How long requests waited at partitions";
    POOL_SIZE "agent.pool.size" "" "Resources that a pool has room for";
    POOL_LENT "agent.pool.lent" "" "Resources of a pool that are lent";
    POOL_IDLE "agent.pool.idle" "" "Resources of a pool that lie idle";
    POOL_WAITING "agent.pool.waiting" "" "Whoever waits for a resource of a pool";
    POOL_MADE "agent.pool.made" "" "Resources that a pool has made";
    POOL_FAILED "agent.pool.failed" "" "Resources that could not be made";
    POOL_LATE "agent.pool.late" "" "Waits for a pool that ended in vain";
    POOL_OVERDUE "agent.pool.overdue" "" "Resources that were lent too long";
    POOL_WAIT "agent.pool.wait" "seconds" "How long whoever got a resource had waited";
    POOL_HELD "agent.pool.held" "seconds" "How long resources were lent";
    COMPUTE_THREADS "agent.compute.threads" "" "Threads for what computes for long";
    COMPUTE_OPEN "agent.compute.open" "" "Pieces of work that wait for such a thread or have one";
    COMPUTE_TOOK "agent.compute.took" "seconds" "How long pieces of such work took";
    SCRIPT_WAITING "agent.script.waiting" "" "Scripts that wait to be admitted";
    SCRIPT_OPEN "agent.script.open" "" "Scripts that are admitted and have not ended";
    SCRIPT_RUNNING "agent.script.running" "" "Scripts that run";
    SCRIPT_READY "agent.script.ready" "" "Scripts that could run and wait for their turn";
    SCRIPT_ENDED "agent.script.ended" "" "Scripts that have ended, by how";
    SCRIPT_KILLED "agent.script.killed" "" "Scripts whose processes had to be killed";
    SCRIPT_CALLS "agent.script.calls" "" "Questions of scripts to the host";
    SCRIPT_SLICE "agent.script.slice" "seconds" "How long turns of scripts were";
    SCRIPT_QUEUED "agent.script.queued" "seconds" "How long scripts waited for each turn";
    SCRIPT_START "agent.script.start" "seconds" "From a script's admission to the first that was heard of it";
    SCRIPT_ANSWER "agent.script.answer" "seconds" "How long the host took for each answer to a script";
    WORKER_BUSY "agent.worker.busy" "seconds" "Time a worker was busy";
    WORKER_PARKED "agent.worker.parked" "" "How often a worker found nothing to do and slept";
    WORKER_POLLS "agent.worker.polls" "" "Tasks that a worker polled";
    WORKER_STOLEN "agent.worker.stolen" "" "Tasks that a worker stole from others";
    WORKER_QUEUE "agent.worker.queue" "" "Tasks in a worker's own queue";
    RUNTIME_QUEUE "agent.runtime.queue" "" "Tasks in the queue that all workers share";
    RUNTIME_TASKS "agent.runtime.tasks" "" "Tasks that are alive";
}

impl Metrics {
    /// All of it.
    pub fn samples(&self) -> Vec<Sample> {
        let mut all = Samples::default();
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed) as f64;
        all.gauge(&CONNECTIONS_OPEN, &[], count(&self.connections.open));
        all.counter(&CONNECTIONS_ACCEPTED, &[], count(&self.connections.accepted));
        all.counter(&CONNECTIONS_REFUSED, &[], count(&self.connections.refused));
        all.counter(&CONNECTIONS_BROKEN, &[], count(&self.connections.broken));
        all.counter(&REQUESTS_LOST, &[], count(&self.lost));
        for requests in &self.modules {
            let module = ("module", requests.module.to_owned());
            for (class, number) in requests.by_class.iter().enumerate() {
                let class = ("class", format!("{}xx", class + 1));
                all.counter(&REQUESTS, &[module.clone(), class], count(number));
            }
            all.gauge(&REQUESTS_OPEN, std::slice::from_ref(&module), count(&requests.open));
            all.durations(&REQUESTS_LATENCY, &[module], requests.latency.counts());
        }
        all.0
    }
}

/// Samples that are being gathered.
#[derive(Debug, Default)]
pub struct Samples(pub Vec<Sample>);

impl Samples {
    /// Something that only grows.
    pub fn counter(&mut self, family: &'static Family, labels: &[(&'static str, String)], value: f64) {
        self.0.push(Sample { family, labels: labels.to_vec(), value: Value::Counter(value) });
    }

    /// Something that goes up and down.
    pub fn gauge(&mut self, family: &'static Family, labels: &[(&'static str, String)], value: f64) {
        self.0.push(Sample { family, labels: labels.to_vec(), value: Value::Gauge(value) });
    }

    /// Durations.
    pub fn durations(&mut self, family: &'static Family, labels: &[(&'static str, String)], counts: Counts) {
        self.0.push(Sample { family, labels: labels.to_vec(), value: Value::Durations(counts) });
    }

    /// What goes on at partitions.
    pub fn partitions(&mut self, seen: &partition::Snapshot, waits: &Histogram) {
        for one in &seen.keys {
            let key = [("partition", one.key.to_string())];
            self.gauge(&PARTITION_WAITING, &key, one.waiting as f64);
            self.gauge(&PARTITION_INSIDE, &key, one.inside as f64);
            self.counter(&PARTITION_ENTERED, &key, one.entered as f64);
            self.gauge(&PARTITION_LONGEST, &key, one.longest.as_secs_f64());
        }
        self.gauge(&PARTITIONS_WAITING, &[], seen.waiting as f64);
        self.counter(&PARTITIONS_REFUSED, &[], seen.refused as f64);
        self.durations(&PARTITIONS_WAIT, &[], waits.counts());
    }

    /// What goes on in a pool.
    pub fn pool(&mut self, seen: pool::Seen) {
        let pool = [("pool", seen.name.to_owned())];
        self.gauge(&POOL_SIZE, &pool, seen.size as f64);
        self.gauge(&POOL_LENT, &pool, seen.lent as f64);
        self.gauge(&POOL_IDLE, &pool, seen.idle as f64);
        self.gauge(&POOL_WAITING, &pool, seen.waiting as f64);
        self.counter(&POOL_MADE, &pool, seen.made as f64);
        self.counter(&POOL_FAILED, &pool, seen.failed as f64);
        self.counter(&POOL_LATE, &pool, seen.late as f64);
        self.counter(&POOL_OVERDUE, &pool, seen.overdue as f64);
        self.durations(&POOL_WAIT, &pool, seen.waits);
        self.durations(&POOL_HELD, &pool, seen.held);
    }

    /// What goes on at the threads for what computes for long.
    pub fn compute(&mut self, gauges: &compute::Gauges) {
        self.gauge(&COMPUTE_THREADS, &[], gauges.threads as f64);
        self.gauge(&COMPUTE_OPEN, &[], gauges.open.load(Ordering::Relaxed) as f64);
        self.durations(&COMPUTE_TOOK, &[], gauges.took.counts());
    }

    /// What goes on in a sandbox of scripts.
    pub fn scripts(&mut self, seen: &script::Metrics) {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed) as f64;
        self.gauge(&SCRIPT_WAITING, &[], count(&seen.waiting));
        self.gauge(&SCRIPT_OPEN, &[], count(&seen.open));
        self.gauge(&SCRIPT_RUNNING, &[], count(&seen.running));
        self.gauge(&SCRIPT_READY, &[], count(&seen.ready));
        let failed = script::Code::ALL.iter().zip(&seen.failed).map(|((code, _), number)| (code.word(), number));
        for (how, number) in [("done", &seen.done), ("dropped", &seen.dropped)].into_iter().chain(failed) {
            self.counter(&SCRIPT_ENDED, &[("how", how.to_owned())], count(number));
        }
        self.counter(&SCRIPT_KILLED, &[], count(&seen.killed));
        self.counter(&SCRIPT_CALLS, &[], count(&seen.calls));
        self.durations(&SCRIPT_SLICE, &[], seen.slice.counts());
        self.durations(&SCRIPT_QUEUED, &[], seen.queued.counts());
        self.durations(&SCRIPT_START, &[], seen.start.counts());
        self.durations(&SCRIPT_ANSWER, &[], seen.answer.counts());
    }

    /// What tokio tells of its workers. Polls, steals and queues of workers are told where it was built with
    /// `tokio_unstable`.
    pub fn runtime(&mut self, runtime: &tokio::runtime::RuntimeMetrics) {
        self.gauge(&RUNTIME_QUEUE, &[], runtime.global_queue_depth() as f64);
        self.gauge(&RUNTIME_TASKS, &[], runtime.num_alive_tasks() as f64);
        for number in 0..runtime.num_workers() {
            let worker = [("worker", number.to_string())];
            self.counter(&WORKER_BUSY, &worker, runtime.worker_total_busy_duration(number).as_secs_f64());
            self.counter(&WORKER_PARKED, &worker, runtime.worker_park_count(number) as f64);
            #[cfg(tokio_unstable)]
            {
                self.counter(&WORKER_POLLS, &worker, runtime.worker_poll_count(number) as f64);
                self.counter(&WORKER_STOLEN, &worker, runtime.worker_steal_count(number) as f64);
                self.gauge(&WORKER_QUEUE, &worker, runtime.worker_local_queue_depth(number) as f64);
            }
        }
    }
}

/// From a request's head to its reply's head, put into a module's counts.
pub fn answered(requests: &Requests, status: http::StatusCode, took: Duration) {
    let class = usize::from(status.as_u16() / 100).clamp(1, 5) - 1;
    requests.by_class[class].fetch_add(1, Ordering::Relaxed);
    requests.latency.record(took);
}
