//! Partitions: requests to one part of the data go in by turns, fairly, and those that wait hold no thread.
//!
//! A part is a key or a range of keys. Shared entries go in together, exclusive ones alone. An entry waits for those
//! that conflict with it and hold their part, and for those that conflict with it and came earlier, so that neither
//! readers nor writers starve and nobody overtakes. Requests to other parts do not notice.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::histogram::Histogram;

/// How many keys without anybody in them are remembered for their statistics.
const REMEMBERED: usize = 1024;

/// Which part of the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keys {
    /// One key.
    One(Arc<str>),
    /// All keys from the first up to but without the second; without end where there is no second.
    Range(Arc<str>, Option<Arc<str>>),
}

impl Keys {
    /// One key.
    pub fn one(key: impl Into<Arc<str>>) -> Keys {
        Keys::One(key.into())
    }

    /// All keys that begin with something.
    pub fn prefix(prefix: &str) -> Keys {
        let end = crate::session::names::after(prefix).map(Arc::from);
        Keys::Range(prefix.into(), end)
    }

    fn first(&self) -> &Arc<str> {
        match self {
            Keys::One(key) | Keys::Range(key, _) => key,
        }
    }

    fn has(&self, key: &str) -> bool {
        match self {
            Keys::One(one) => **one == *key,
            Keys::Range(from, to) => **from <= *key && to.as_ref().is_none_or(|to| *key < **to),
        }
    }

    fn overlaps(&self, other: &Keys) -> bool {
        // Of two that overlap, one has the other's first key. A range that ends before it begins has not even its own.
        let empty = |keys: &Keys| !keys.has(keys.first());
        !empty(self) && !empty(other) && (self.has(other.first()) || other.has(self.first()))
    }

    fn bounds(&self) -> (Bound<Arc<str>>, Bound<Arc<str>>) {
        match self {
            Keys::One(key) => (Bound::Included(Arc::clone(key)), Bound::Included(Arc::clone(key))),
            // A range that ends before it begins has nothing; BTreeMap would panic.
            Keys::Range(from, Some(to)) if to < from => {
                (Bound::Included(Arc::clone(from)), Bound::Excluded(Arc::clone(from)))
            }
            Keys::Range(from, to) => {
                (Bound::Included(Arc::clone(from)), to.clone().map_or(Bound::Unbounded, Bound::Excluded))
            }
        }
    }
}

/// Beside others, or alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Beside other shared entries.
    Shared,
    /// Alone.
    Exclusive,
}

impl Mode {
    fn conflicts(self, other: Mode) -> bool {
        self == Mode::Exclusive || other == Mode::Exclusive
    }
}

/// Why nobody was let in.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// As many wait already as may.
    Full(usize),
    /// The turn did not come in time.
    Late(Duration),
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Full(depth) => write!(out, "{depth} requests wait here already, which is the limit"),
            Refused::Late(waited) => write!(out, "others were busy here for {:.1} s", waited.as_secs_f64()),
        }
    }
}

/// All partitions of one server. A clone is the same.
#[derive(Clone, Debug)]
pub struct Partitions(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    depth: usize,
    waits: Histogram,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Counts entries, so that of two it is known which came first.
    tickets: u64,
    /// Entries of single keys, of which there are many.
    lanes: BTreeMap<Arc<str>, Lane>,
    /// Entries of ranges, of which there are few.
    ranges: Vec<Range>,
    idle: usize,
    refused: u64,
}

/// One key: who is in, and who waits, in the order of their tickets.
#[derive(Debug, Default)]
struct Lane {
    shared: usize,
    exclusive: bool,
    waiting: VecDeque<Waiter>,
    entered: u64,
    deepest: usize,
    longest: Duration,
}

#[derive(Debug)]
struct Waiter {
    ticket: u64,
    mode: Mode,
    since: Instant,
    wake: oneshot::Sender<()>,
}

#[derive(Debug)]
struct Range {
    ticket: u64,
    keys: Keys,
    mode: Mode,
    /// None where it is in.
    wake: Option<oneshot::Sender<()>>,
}

/// A place in a partition; leaving it lets the next one in. It is a place among those that wait, too, so that whoever
/// stops waiting leaves it.
#[derive(Debug)]
pub struct Entry {
    partitions: Partitions,
    ticket: u64,
    keys: Keys,
    mode: Mode,
}

impl Partitions {
    /// Partitions, at each of which at most `depth` requests wait.
    pub fn new(depth: usize) -> Partitions {
        Partitions(Arc::new(Shared { depth, waits: Histogram::new(), state: Mutex::default() }))
    }

    /// Enters a part of the data when the turn comes.
    pub async fn enter(&self, keys: Keys, mode: Mode, max_wait: Duration) -> Result<Entry, Refused> {
        let since = Instant::now();
        let (entry, turn) = self.queue(keys, mode, since)?;
        if let Some(turn) = turn
            && tokio::time::timeout(max_wait, turn).await.is_err()
        {
            // Leaving the place, as the entry is dropped, lets those behind go on.
            self.state().refused += 1;
            return Err(Refused::Late(since.elapsed()));
        }
        self.0.waits.record(since.elapsed());
        Ok(entry)
    }

    /// Takes a place: one that is in, or one that waits until its turn is told.
    fn queue(&self, keys: Keys, mode: Mode, since: Instant) -> Result<(Entry, Option<oneshot::Receiver<()>>), Refused> {
        let mut state = self.state();
        let ticket = state.tickets;
        let free = state.is_free(ticket, &keys, mode);
        let waiting = match &keys {
            Keys::One(key) => state.lanes.get(key).map_or(0, |lane| lane.waiting.len()),
            Keys::Range(..) => state.ranges.iter().filter(|range| range.wake.is_some()).count(),
        };
        if !free && waiting >= self.0.depth {
            state.refused += 1;
            return Err(Refused::Full(waiting));
        }
        state.tickets += 1;
        let (wake, turn) = oneshot::channel();
        match &keys {
            Keys::One(key) => {
                let lane = state.lanes.entry(Arc::clone(key)).or_default();
                let fresh = lane.is_idle() && lane.entered > 0;
                if free {
                    lane.admit(mode, Duration::ZERO);
                } else {
                    lane.waiting.push_back(Waiter { ticket, mode, since, wake });
                    lane.deepest = lane.deepest.max(lane.waiting.len());
                }
                state.idle -= usize::from(fresh);
            }
            Keys::Range(..) => {
                let wake = (!free).then_some(wake);
                state.ranges.push(Range { ticket, keys: keys.clone(), mode, wake });
            }
        }
        drop(state);
        let entry = Entry { partitions: self.clone(), ticket, keys, mode };
        Ok((entry, (!free).then_some(turn)))
    }

    /// What is going on, for metrics: the busiest first, at most `limit`.
    pub fn snapshot(&self, limit: usize) -> Snapshot {
        let state = self.state();
        let mut keys: Vec<Seen> = state.lanes.iter().map(|(key, lane)| lane.seen(key)).collect();
        let (ranges, waiting_ranges) = (state.ranges.len(), state.ranges.iter().filter(|r| r.wake.is_some()).count());
        let refused = state.refused;
        drop(state);
        let waiting = keys.iter().map(|seen| seen.waiting).sum::<usize>() + waiting_ranges;
        keys.sort_by_key(|seen| std::cmp::Reverse((seen.waiting, seen.entered)));
        keys.truncate(limit);
        Snapshot { keys, ranges, waiting, refused }
    }

    /// How long entries waited, those that did not wait included.
    pub fn waits(&self) -> &Histogram {
        &self.0.waits
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whoever panicked while holding it left it whole: no step in here can fail half-way.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is going on in all partitions.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Each key.
    pub keys: Vec<Seen>,
    /// Entries of ranges, those that wait included.
    pub ranges: usize,
    /// How many wait, in all.
    pub waiting: usize,
    /// How many were refused so far, in all.
    pub refused: u64,
}

/// What is going on at one key.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Which.
    pub key: Arc<str>,
    /// How many are in.
    pub inside: usize,
    /// How many wait.
    pub waiting: usize,
    /// How many have entered so far.
    pub entered: u64,
    /// The most that ever waited.
    pub deepest: usize,
    /// The longest that one waited.
    pub longest: Duration,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.partitions.state().leave(self.ticket, &self.keys, self.mode);
    }
}

impl Lane {
    fn is_idle(&self) -> bool {
        self.shared == 0 && !self.exclusive && self.waiting.is_empty()
    }

    fn has_room(&self, mode: Mode) -> bool {
        !self.exclusive && (mode == Mode::Shared || self.shared == 0)
    }

    fn admit(&mut self, mode: Mode, waited: Duration) {
        match mode {
            Mode::Shared => self.shared += 1,
            Mode::Exclusive => self.exclusive = true,
        }
        self.entered += 1;
        self.longest = self.longest.max(waited);
    }

    fn seen(&self, key: &Arc<str>) -> Seen {
        Seen {
            key: Arc::clone(key),
            inside: self.shared + usize::from(self.exclusive),
            waiting: self.waiting.len(),
            entered: self.entered,
            deepest: self.deepest,
            longest: self.longest,
        }
    }
}

impl State {
    /// Whether nobody who is in, or came before `ticket`, conflicts.
    fn is_free(&self, ticket: u64, keys: &Keys, mode: Mode) -> bool {
        let ranges = self.ranges.iter().filter(|range| range.ticket != ticket && range.keys.overlaps(keys));
        let mut before = ranges.filter(|range| range.wake.is_none() || range.ticket < ticket);
        if before.any(|range| range.mode.conflicts(mode)) {
            return false;
        }
        self.lanes.range::<Arc<str>, _>(keys.bounds()).all(|(_, lane)| {
            let mut before = lane.waiting.iter().take_while(|waiter| waiter.ticket < ticket);
            lane.has_room(mode) && before.all(|waiter| !waiter.mode.conflicts(mode))
        })
    }

    /// Takes a place away, and lets in whoever waited for that.
    fn leave(&mut self, ticket: u64, keys: &Keys, mode: Mode) {
        match keys {
            Keys::One(key) => {
                let Some(lane) = self.lanes.get_mut(key) else { return };
                match lane.waiting.iter().position(|waiter| waiter.ticket == ticket) {
                    Some(place) => drop(lane.waiting.remove(place)),
                    None if mode == Mode::Exclusive => lane.exclusive = false,
                    None => lane.shared -= 1,
                }
            }
            Keys::Range(..) => self.ranges.retain(|range| range.ticket != ticket),
        }
        self.let_in(keys);
        if let Keys::One(key) = keys
            && self.lanes.get(key).is_some_and(Lane::is_idle)
        {
            if self.idle < REMEMBERED {
                self.idle += 1;
            } else {
                self.lanes.remove(key);
            }
        }
    }

    /// Lets in all whose turn it is after something changed at these keys. Letting one in makes no other's turn come,
    /// so that going through them once is enough.
    fn let_in(&mut self, keys: &Keys) {
        let places: Vec<Arc<str>> =
            self.lanes.range::<Arc<str>, _>(keys.bounds()).map(|(key, _)| Arc::clone(key)).collect();
        for key in places {
            while let Some((ticket, mode)) = self.lanes[&key].waiting.front().map(|first| (first.ticket, first.mode))
                && self.is_free(ticket, &Keys::One(Arc::clone(&key)), mode)
                && let Some(lane) = self.lanes.get_mut(&key)
                && let Some(first) = lane.waiting.pop_front()
            {
                lane.admit(mode, first.since.elapsed());
                // Where nobody hears it any more, the place is being left at this moment, and that lets in the next.
                let _ = first.wake.send(());
            }
        }
        for place in 0..self.ranges.len() {
            let Range { ticket, mode, ref wake, ref keys } = self.ranges[place];
            if wake.is_some()
                && self.is_free(ticket, keys, mode)
                && let Some(wake) = self.ranges[place].wake.take()
            {
                let _ = wake.send(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use proptest::prelude::*;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn one(key: &str) -> Keys {
        Keys::one(key)
    }

    fn is_in(partitions: &Partitions, keys: Keys, mode: Mode) -> bool {
        partitions.queue(keys, mode, Instant::now()).is_ok_and(|(_, turn)| turn.is_none())
    }

    #[tokio::test]
    async fn shared_entries_go_in_together_and_exclusive_ones_alone() {
        let partitions = Partitions::new(10);
        let first = partitions.enter(one("a"), Mode::Shared, LONG).await.unwrap();
        let second = partitions.enter(one("a"), Mode::Shared, LONG).await.unwrap();
        assert!(!is_in(&partitions, one("a"), Mode::Exclusive));
        assert!(is_in(&partitions, one("b"), Mode::Exclusive), "another key does not notice");
        drop((first, second));
        let _alone = partitions.enter(one("a"), Mode::Exclusive, LONG).await.unwrap();
        assert!(!is_in(&partitions, one("a"), Mode::Shared));
    }

    #[tokio::test]
    async fn nobody_overtakes_one_who_came_earlier() {
        let partitions = Partitions::new(10);
        let reader = partitions.enter(one("a"), Mode::Shared, LONG).await.unwrap();
        let (writer, turn) = partitions.queue(one("a"), Mode::Exclusive, Instant::now()).unwrap();
        let (late, late_turn) = partitions.queue(one("a"), Mode::Shared, Instant::now()).unwrap();
        let mut late_turn = late_turn.expect("a reader behind a writer waits");
        drop(reader);
        turn.expect("the writer waits").await.unwrap();
        assert!(late_turn.try_recv().is_err());
        drop(writer);
        late_turn.await.unwrap();
        drop(late);
    }

    #[tokio::test]
    async fn a_range_waits_for_its_keys_and_they_for_it() {
        let partitions = Partitions::new(10);
        let inside = partitions.enter(one("sessions/a"), Mode::Shared, LONG).await.unwrap();
        let (all, turn) = partitions.queue(Keys::prefix("sessions/"), Mode::Exclusive, Instant::now()).unwrap();
        assert!(!is_in(&partitions, one("sessions/b"), Mode::Shared), "one behind a range that waits, waits too");
        assert!(is_in(&partitions, one("targets/a"), Mode::Exclusive));
        drop(inside);
        turn.expect("the range waits").await.unwrap();
        drop(all);
        assert!(is_in(&partitions, one("sessions/b"), Mode::Exclusive));
        assert!(is_in(&partitions, Keys::Range("b".into(), Some("a".into())), Mode::Exclusive), "an empty range");
    }

    #[tokio::test]
    async fn too_many_and_too_late_are_refused_and_leave_nothing() {
        let partitions = Partitions::new(1);
        let inside = partitions.enter(one("a"), Mode::Exclusive, LONG).await.unwrap();
        let waiting = partitions.queue(one("a"), Mode::Shared, Instant::now()).unwrap();
        assert_eq!(partitions.enter(one("a"), Mode::Shared, LONG).await.unwrap_err(), Refused::Full(1));
        drop(waiting);
        let late = partitions.enter(one("a"), Mode::Shared, Duration::from_millis(1)).await.unwrap_err();
        assert!(matches!(late, Refused::Late(waited) if waited >= Duration::from_millis(1)));
        drop(inside);
        let seen = partitions.snapshot(10);
        assert_eq!((seen.waiting, seen.refused, seen.keys[0].inside, seen.keys[0].entered), (0, 2, 0, 1));
    }

    #[tokio::test]
    async fn keys_of_the_past_are_forgotten() {
        let partitions = Partitions::new(1);
        for key in 0..2 * REMEMBERED {
            drop(partitions.enter(one(&key.to_string()), Mode::Shared, LONG).await.unwrap());
        }
        assert!(partitions.state().lanes.len() <= REMEMBERED);
    }

    #[test]
    fn entries_that_conflict_are_never_in_together() {
        let keys = prop_oneof![
            (0..4u8).prop_map(|key| one(&key.to_string())),
            (0..4u8, 0..5u8).prop_map(|(from, to)| Keys::Range(from.to_string().into(), Some(to.to_string().into()))),
        ];
        let entry = (keys, any::<bool>(), 0..3u8);
        proptest!(|(entries in proptest::collection::vec(entry, 1..40))| {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
            let partitions = Partitions::new(100);
            let users: Arc<[(AtomicUsize, AtomicUsize)]> = (0..4).map(|_| Default::default()).collect();
            let tasks: Vec<_> = entries.into_iter().map(|(keys, alone, steps)| {
                let (partitions, users) = (partitions.clone(), Arc::clone(&users));
                runtime.spawn(async move {
                    let mode = if alone { Mode::Exclusive } else { Mode::Shared };
                    let entry = partitions.enter(keys.clone(), mode, LONG).await.unwrap();
                    let mine = || users.iter().enumerate().filter(|(key, _)| keys.has(&key.to_string()));
                    for (_, (shared, exclusive)) in mine() {
                        if alone {
                            assert_eq!(exclusive.fetch_add(1, Ordering::SeqCst), 0);
                            assert_eq!(shared.load(Ordering::SeqCst), 0);
                        } else {
                            shared.fetch_add(1, Ordering::SeqCst);
                            assert_eq!(exclusive.load(Ordering::SeqCst), 0);
                        }
                    }
                    for _ in 0..steps {
                        tokio::task::yield_now().await;
                    }
                    for (_, (shared, exclusive)) in mine() {
                        if alone { exclusive } else { shared }.fetch_sub(1, Ordering::SeqCst);
                    }
                    drop(entry);
                })
            }).collect();
            for task in tasks {
                // All of them end, and none of their assertions failed.
                prop_assert!(runtime.block_on(task).is_ok());
            }
            prop_assert_eq!(partitions.snapshot(9).waiting, 0);
            prop_assert!(partitions.state().ranges.is_empty());
        });
    }
}
