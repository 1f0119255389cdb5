//! Pools: what is scarce and shared (readers of sessions, slots for processes) is lent, in turn, to whoever waits.
//!
//! A pool has room for a number of resources, each of some key. Whoever leases gets one of its key that lies idle, else
//! a new one; where there is no room, the one that lay idle longest goes. One that was lent longer than it may is
//! interrupted; one that nobody wanted for a while goes, with all that it holds.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::histogram::Histogram;
use super::problem::Problem;

/// How long one lies idle before it goes.
const REST: Duration = Duration::from_secs(60);

/// What a pool lends.
pub trait Resource: Send + Sized + 'static {
    /// The pool's name, as metrics tell it: one word.
    const NAME: &'static str;

    /// What tells resources of one pool apart: a session's path; `()` where nothing does.
    type Key: Clone + fmt::Debug + Eq + Send + Sync + 'static;

    /// Makes one. Called on a thread that may block.
    fn make(key: &Self::Key) -> Result<Self, Problem>;

    /// Whether one that lay idle can still be used. Called before it is lent again, on a thread that may block.
    fn is_healthy(&mut self) -> bool {
        true
    }

    /// How to make whoever uses it too long stop, from another thread; none where that cannot be.
    fn interrupter(&self) -> Option<Box<dyn Fn() + Send + Sync>> {
        None
    }

    /// Whether it may lie idle after it was given back. One that keeps others from something by merely being there, as a
    /// file that is open may, is better made anew.
    fn may_rest(&self) -> bool {
        true
    }
}

/// A pool of resources of one kind. A clone is the same.
pub struct Pool<R: Resource>(Arc<Shared<R>>);

struct Shared<R: Resource> {
    room: Arc<Semaphore>,
    size: usize,
    lease: Duration,
    idle: Mutex<Vec<Idle<R>>>,
    gauges: Gauges,
}

/// One that lies idle, and since when.
struct Idle<R: Resource> {
    key: R::Key,
    resource: R,
    since: Instant,
}

/// What a pool counts.
#[derive(Debug, Default)]
struct Gauges {
    waiting: AtomicU64,
    made: AtomicU64,
    failed: AtomicU64,
    late: AtomicU64,
    overdue: AtomicU64,
    waits: Histogram,
    held: Histogram,
}

/// A resource that is lent. Dropping it gives it back.
pub struct Lease<R: Resource> {
    pool: Pool<R>,
    key: R::Key,
    resource: Option<R>,
    since: Instant,
    _room: OwnedSemaphorePermit,
}

impl<R: Resource> Clone for Pool<R> {
    fn clone(&self) -> Pool<R> {
        Pool(Arc::clone(&self.0))
    }
}

impl<R: Resource> Pool<R> {
    /// A pool with room for `size`, each of which is lent for at most `lease`.
    pub fn new(size: usize, lease: Duration) -> Pool<R> {
        let room = Arc::new(Semaphore::new(size.max(1)));
        Pool(Arc::new(Shared { room, size: size.max(1), lease, idle: Mutex::default(), gauges: Gauges::default() }))
    }

    /// Waits, in turn and at most until the deadline, and lends one.
    pub async fn lease(&self, key: &R::Key, deadline: Instant) -> Result<Lease<R>, Problem> {
        let since = Instant::now();
        let gauges = &self.0.gauges;
        let room = {
            let _waiting = Waiting::new(&gauges.waiting);
            let room = Arc::clone(&self.0.room).acquire_owned();
            tokio::time::timeout_at(deadline.into(), room).await
        };
        let Ok(Ok(room)) = room else {
            gauges.late.fetch_add(1, Ordering::Relaxed);
            return Err(Problem::busy(
                format!("all {} of the pool `{}` were lent until the deadline", self.0.size, R::NAME),
                Duration::from_secs(1),
            ));
        };
        gauges.waits.record(since.elapsed());
        let (idle, surplus) = self.take_idle(key);
        let (pool, owned) = (self.clone(), key.clone());
        let made = tokio::task::spawn_blocking(move || {
            drop(surplus);
            if let Some(mut idle) = idle
                && idle.is_healthy()
            {
                return Ok(idle);
            }
            let made = R::make(&owned);
            let count = if made.is_ok() { &pool.0.gauges.made } else { &pool.0.gauges.failed };
            count.fetch_add(1, Ordering::Relaxed);
            made
        });
        let resource = made.await.map_err(|_| Problem::from_panic())??;
        Ok(Lease { pool: self.clone(), key: key.clone(), resource: Some(resource), since: Instant::now(), _room: room })
    }

    /// One of this key that lies idle, or else one of another that has to go where there is no room.
    fn take_idle(&self, key: &R::Key) -> (Option<R>, Option<R>) {
        let mut idle = self.idle();
        if let Some(place) = idle.iter().rposition(|idle| idle.key == *key) {
            return (Some(idle.remove(place).resource), None);
        }
        // Whoever asks counts as one to whom something is lent.
        let full = idle.len() + self.lent() > self.0.size;
        let surplus = (full && !idle.is_empty()).then(|| idle.remove(0).resource);
        (None, surplus)
    }

    /// Drops what lies idle of a key: what it stood for is gone.
    pub fn forget(&self, key: &R::Key) {
        self.drop_idle(|idle| idle.key == *key);
    }

    /// Drops what has lain idle for so long.
    fn sweep(&self, rest: Duration) {
        self.drop_idle(|idle| idle.since.elapsed() >= rest);
    }

    fn drop_idle(&self, goes: impl FnMut(&mut Idle<R>) -> bool) {
        // What goes is dropped when nobody is kept from the pool any more: closing files takes time.
        let gone: Vec<Idle<R>> = self.idle().extract_if(.., goes).collect();
        drop(gone);
    }

    fn lent(&self) -> usize {
        self.0.size - self.0.room.available_permits().min(self.0.size)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle<R>>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Resource> Lease<R> {
    /// Works with what is lent, on a thread that may block, and gives it back. Where that takes longer than a lease or
    /// the deadline, it is interrupted, and the caller is told so at once.
    pub async fn run<T: Send + 'static>(
        mut self,
        deadline: Instant,
        work: impl FnOnce(&mut R) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let until = deadline.min(self.since + self.pool.0.lease);
        let turn = Arc::new(Turn::default());
        let interrupt = Interrupt(self.resource.as_ref().and_then(Resource::interrupter), Arc::clone(&turn));
        let pool = self.pool.clone();
        let working = tokio::task::spawn_blocking(move || {
            // It ends before the lease does, so that nobody to whom it is lent next is interrupted.
            let _working = turn.begin().ok_or_else(Problem::from_panic)?;
            match &mut self.resource {
                Some(resource) => work(resource),
                None => Err(Problem::from_panic()),
            }
        });
        // Where the caller itself is dropped, the work is interrupted, too.
        let done = tokio::time::timeout_at(until.into(), working).await;
        let Ok(done) = done else {
            pool.0.gauges.overdue.fetch_add(1, Ordering::Relaxed);
            drop(interrupt);
            let text = format!("the work took longer than a resource of the pool `{}` is lent", R::NAME);
            return Err(Problem::new(http::StatusCode::GATEWAY_TIMEOUT, text).coded("pool.overdue"));
        };
        done.map_err(|_| Problem::from_panic())?
    }
}

impl<R: Resource> Drop for Lease<R> {
    fn drop(&mut self) {
        self.pool.0.gauges.held.record(self.since.elapsed());
        // One whose user panicked is in no state that anybody knows.
        if let Some(resource) = self.resource.take()
            && !std::thread::panicking()
            && resource.may_rest()
        {
            self.pool.idle().push(Idle { key: self.key.clone(), resource, since: Instant::now() });
        }
    }
}

impl<R: Resource> std::ops::Deref for Lease<R> {
    type Target = R;

    fn deref(&self) -> &R {
        match &self.resource {
            Some(resource) => resource,
            None => unreachable!("a lease has its resource until it is dropped"),
        }
    }
}

/// Where a piece of work is: it can be interrupted only while it goes on, and need not be begun where nobody waits for it
/// any more.
#[derive(Debug, Default)]
struct Turn(Mutex<Phase>);

#[derive(Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Before,
    During,
    After,
}

impl Turn {
    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins the work, unless it was interrupted before; it ends when what is returned is dropped.
    fn begin(&self) -> Option<Working<'_>> {
        let mut phase = self.phase();
        (*phase == Phase::Before).then(|| {
            *phase = Phase::During;
            Working(self)
        })
    }
}

struct Working<'a>(&'a Turn);

impl Drop for Working<'_> {
    fn drop(&mut self) {
        *self.0.phase() = Phase::After;
    }
}

/// Interrupts a piece of work when dropped; one that has ended does not notice.
struct Interrupt(Option<Box<dyn Fn() + Send + Sync>>, Arc<Turn>);

impl Drop for Interrupt {
    fn drop(&mut self) {
        let mut phase = self.1.phase();
        if let (Some(interrupt), Phase::During) = (&self.0, &*phase) {
            interrupt();
        } else {
            *phase = Phase::After;
        }
    }
}

struct Waiting<'a>(&'a AtomicU64);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicU64) -> Waiting<'a> {
        count.fetch_add(1, Ordering::Relaxed);
        Waiting(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What is going on in a pool.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The pool's name.
    pub name: &'static str,
    /// How many it has room for.
    pub size: usize,
    /// How many are lent.
    pub lent: usize,
    /// How many lie idle.
    pub idle: usize,
    /// How many wait for one.
    pub waiting: u64,
    /// How many were made, so far.
    pub made: u64,
    /// How many could not be made.
    pub failed: u64,
    /// How many waited until their deadline in vain.
    pub late: u64,
    /// How many were lent too long.
    pub overdue: u64,
    /// How long those that got one had waited.
    pub waits: super::histogram::Counts,
    /// How long they were lent.
    pub held: super::histogram::Counts,
}

/// All pools of a server, by what they lend.
#[derive(Default)]
pub struct Pools {
    by_type: HashMap<TypeId, Box<dyn Any + Send + Sync>>,
    seen: Vec<Box<dyn Fn() -> Seen + Send + Sync>>,
    sweeps: Vec<Box<dyn Fn() + Send + Sync>>,
}

impl Pools {
    /// Adds a pool; one of the same kind that was there before is no longer.
    pub fn add<R: Resource>(&mut self, pool: Pool<R>) {
        self.by_type.insert(TypeId::of::<R>(), Box::new(pool.clone()));
        let swept = pool.clone();
        self.seen.push(Box::new(move || pool.seen()));
        self.sweeps.push(Box::new(move || swept.sweep(REST)));
    }

    /// Drops what lay idle for long.
    pub fn sweep(&self) {
        self.sweeps.iter().for_each(|sweep| sweep());
    }

    /// The pool that lends these.
    pub fn get<R: Resource>(&self) -> Option<&Pool<R>> {
        self.by_type.get(&TypeId::of::<R>())?.downcast_ref()
    }

    /// What is going on in each.
    pub fn seen(&self) -> impl Iterator<Item = Seen> {
        self.seen.iter().map(|seen| seen())
    }
}

impl<R: Resource> Pool<R> {
    /// What is going on.
    pub fn seen(&self) -> Seen {
        let gauges = &self.0.gauges;
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Seen {
            name: R::NAME,
            size: self.0.size,
            lent: self.lent(),
            idle: self.idle().len(),
            waiting: count(&gauges.waiting),
            made: count(&gauges.made),
            failed: count(&gauges.failed),
            late: count(&gauges.late),
            overdue: count(&gauges.overdue),
            waits: gauges.waits.counts(),
            held: gauges.held.counts(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    /// Something that tells when it is used twice at once, and can be interrupted.
    struct Thing {
        of: &'static str,
        stop: Arc<AtomicBool>,
        healthy: bool,
    }

    impl Resource for Thing {
        const NAME: &'static str = "things";
        type Key = &'static str;

        fn make(key: &&'static str) -> Result<Thing, Problem> {
            if *key == "none" { Err(Problem::missing("there is no such thing")) } else { Ok(Thing::of(key)) }
        }

        fn is_healthy(&mut self) -> bool {
            self.healthy
        }

        fn may_rest(&self) -> bool {
            self.of != "restless"
        }

        fn interrupter(&self) -> Option<Box<dyn Fn() + Send + Sync>> {
            let stop = Arc::clone(&self.stop);
            Some(Box::new(move || stop.store(true, Ordering::SeqCst)))
        }
    }

    impl Thing {
        fn of(of: &'static str) -> Thing {
            Thing { of, stop: Arc::default(), healthy: true }
        }
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    fn pool(size: usize) -> Pool<Thing> {
        Pool::new(size, Duration::from_secs(60))
    }

    #[tokio::test]
    async fn a_resource_is_used_again_by_its_key_and_goes_where_there_is_no_room() {
        let pool = pool(2);
        for key in ["a", "b", "a", "b", "a"] {
            assert_eq!(pool.lease(&key, soon()).await.unwrap().of, key);
        }
        assert_eq!(pool.seen().made, 2);
        drop(pool.lease(&"c", soon()).await.unwrap());
        let seen = pool.seen();
        assert_eq!((seen.made, seen.idle, seen.lent), (3, 2, 0));
        assert_eq!(pool.lease(&"none", soon()).await.err().map(|problem| problem.status.as_u16()), Some(404));
        pool.forget(&"a");
        drop(pool.lease(&"a", soon()).await.unwrap());
        assert_eq!(pool.seen().made, 4);
    }

    #[tokio::test]
    async fn whoever_waits_gets_it_in_turn_or_is_told() {
        let pool = pool(1);
        let lent = pool.lease(&"a", soon()).await.unwrap();
        let late = pool.lease(&"a", Instant::now() + Duration::from_millis(2)).await.err().unwrap();
        assert_eq!((late.status.as_u16(), pool.seen().late), (503, 1));
        let waiter = tokio::spawn({
            let pool = pool.clone();
            async move { pool.lease(&"a", soon()).await.map(|lease| lease.of) }
        });
        while pool.seen().waiting == 0 {
            tokio::task::yield_now().await;
        }
        drop(lent);
        assert_eq!(waiter.await.unwrap().unwrap(), "a");
        assert_eq!(pool.seen().waiting, 0);
    }

    #[tokio::test]
    async fn what_is_broken_is_made_anew() {
        let pool = pool(1);
        let lease = pool.lease(&"a", soon()).await.unwrap();
        lease
            .run(soon(), |thing| {
                thing.healthy = false;
                Ok(())
            })
            .await
            .unwrap();
        drop(pool.lease(&"a", soon()).await.unwrap());
        assert_eq!(pool.seen().made, 2);
        let lease = pool.lease(&"a", soon()).await.unwrap();
        let work = lease.run(soon(), |_| -> Result<(), Problem> { panic!("as a test has it") });
        assert_eq!(work.await.err().map(|problem| problem.status.as_u16()), Some(500));
        drop(pool.lease(&"a", soon()).await.unwrap());
        assert_eq!(pool.seen().made, 3, "one whose user panicked is not lent again");
    }

    #[tokio::test]
    async fn one_that_is_lent_too_long_is_interrupted() {
        let pool = Pool::<Thing>::new(1, Duration::from_millis(5));
        let lease = pool.lease(&"a", soon()).await.unwrap();
        let work = lease.run(soon(), |thing| {
            while !thing.stop.load(Ordering::SeqCst) {
                std::thread::yield_now();
            }
            Ok(())
        });
        assert_eq!(work.await.unwrap_err().code, Some("pool.overdue"));
        drop(pool.lease(&"a", soon()).await.unwrap());
        assert_eq!(pool.seen().overdue, 1);
    }

    #[tokio::test]
    async fn whoever_gets_it_next_is_not_interrupted_for_the_one_before() {
        let pool = pool(1);
        let lease = pool.lease(&"a", soon()).await.unwrap();
        let (begun, stop) = (Arc::new(AtomicBool::new(false)), Arc::clone(&lease.stop));
        let working = lease.run(soon(), |_| Ok(()));
        working.await.unwrap();
        assert!(!stop.load(Ordering::SeqCst));
        let lease = pool.lease(&"a", soon()).await.unwrap();
        let told = Arc::clone(&begun);
        let mut work = Box::pin(lease.run(soon(), move |thing| {
            told.store(true, Ordering::SeqCst);
            while !thing.stop.load(Ordering::SeqCst) {
                std::thread::yield_now();
            }
            Ok(())
        }));
        while !begun.load(Ordering::SeqCst) {
            let _ = tokio::time::timeout(Duration::from_millis(1), work.as_mut()).await;
        }
        // Whoever waited for it is gone: the work ends, and the next one gets the room.
        drop(work);
        drop(pool.lease(&"b", soon()).await.unwrap());
    }

    #[tokio::test]
    async fn what_must_not_rest_and_what_rested_long_goes() {
        let pool = pool(4);
        drop(pool.lease(&"restless", soon()).await.unwrap());
        assert_eq!(pool.seen().idle, 0);
        drop(pool.lease(&"a", soon()).await.unwrap());
        pool.sweep(REST);
        assert_eq!(pool.seen().idle, 1);
        pool.sweep(Duration::ZERO);
        assert_eq!(pool.seen().idle, 0);
    }
}
