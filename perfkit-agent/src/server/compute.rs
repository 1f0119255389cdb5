//! Threads for what computes for long: beside the workers, fewer than they, and of lower priority, so that requests
//! that need little do not wait for those that need much.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::oneshot;

use super::histogram::Histogram;
use super::metrics::Open;
use super::problem::Problem;

/// How much lower their priority is: at 10, the kernel gives a worker nine times as much of a processor.
const NICE: i32 = 10;

type Work = Box<dyn FnOnce() + Send>;

/// The threads. A clone is the same; they end with the last.
#[derive(Clone, Debug)]
pub struct Compute {
    queue: async_channel::Sender<Work>,
    gauges: Arc<Gauges>,
}

/// What they count.
#[derive(Debug, Default)]
pub struct Gauges {
    /// How many threads.
    pub threads: usize,
    /// Pieces of work that wait or are being done.
    pub open: AtomicU64,
    /// How long each took, without its wait.
    pub took: Histogram,
}

impl Compute {
    /// As many threads as told, which start at once. Fewer where the system has no more.
    pub fn new(threads: usize) -> Compute {
        let (queue, works) = async_channel::unbounded::<Work>();
        let started = (0..threads.max(1)).filter(|number| {
            let works = works.clone();
            let thread = std::thread::Builder::new().name(format!("compute-{number}"));
            let body = move || {
                // A thread without it computes as well.
                let _ = rustix::process::setpriority_process(None, NICE);
                while let Ok(work) = works.recv_blocking() {
                    work();
                }
            };
            thread.spawn(body).is_ok()
        });
        let gauges = Gauges { threads: started.count(), ..Gauges::default() };
        Compute { queue, gauges: Arc::new(gauges) }
    }

    /// Does a piece of work in turn. One that is not wanted any more when its turn comes is not begun.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let _open = Open::new(&self.gauges.open);
        let (reply, done) = oneshot::channel();
        let gauges = Arc::clone(&self.gauges);
        let work = Box::new(move || {
            if reply.is_closed() {
                return;
            }
            let since = std::time::Instant::now();
            // One that panics must not take the thread with it.
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
            gauges.took.record(since.elapsed());
            let _ = reply.send(result.unwrap_or_else(|_| Err(Problem::from_panic())));
        });
        self.queue.send(work).await.map_err(|_| Problem::from_panic())?;
        done.await.map_err(|_| Problem::from_panic())?
    }

    /// What they count.
    pub fn gauges(&self) -> &Gauges {
        &self.gauges
    }

    /// Pieces of work that wait or are being done.
    pub fn open(&self) -> u64 {
        self.gauges.open.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_done_beside_the_workers_and_a_panic_stays_with_it() {
        let compute = Compute::new(2);
        let here = std::thread::current().id();
        let there = compute.run(|| Ok(std::thread::current().id())).await.unwrap();
        assert_ne!(here, there);
        for _ in 0..4 {
            let failed = compute.run(|| -> Result<(), Problem> { panic!("as a test has it") }).await;
            assert_eq!(failed.unwrap_err().status.as_u16(), 500);
        }
        assert_eq!(compute.run(|| Ok(3)).await.unwrap(), 3);
        assert_eq!((compute.open(), compute.gauges().took.counts().count), (0, 6));
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_not_begun() {
        let compute = Compute::new(1);
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let first = tokio::spawn({
            let compute = compute.clone();
            async move { compute.run(move || wait.recv().map_err(|_| Problem::from_panic())).await }
        });
        while compute.open() == 0 {
            tokio::task::yield_now().await;
        }
        let begun = Arc::new(AtomicU64::new(0));
        let second = tokio::spawn({
            let (compute, begun) = (compute.clone(), Arc::clone(&begun));
            async move { compute.run(move || Ok(begun.fetch_add(1, Ordering::SeqCst))).await }
        });
        while compute.open() < 2 {
            tokio::task::yield_now().await;
        }
        second.abort();
        assert!(second.await.is_err());
        go.send(()).unwrap();
        first.await.unwrap().unwrap();
        compute.run(|| Ok(())).await.unwrap();
        assert_eq!(begun.load(Ordering::SeqCst), 0);
    }
}
