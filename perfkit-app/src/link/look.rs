//! What is seen of a session while it is being recorded: the last seconds of it, read again and again.

use std::collections::BTreeMap;
use std::path::Path;

use perfkit_agent::Result;
use perfkit_agent::session::clock::now;
use perfkit_agent::session::{Query, Session};

use crate::draw::timeline::kinds::{Kind, Look as Shape, TRACKS, track_kind};

/// How much of the past is seen, in nanoseconds: enough to click at something and then look here.
pub const SPAN: i64 = 20_000_000_000;
/// Parts of it in which events are counted, a fifth of a second each.
pub const PARTS: usize = 100;
/// Nanoseconds of a part.
const PART: i64 = SPAN / PARTS as i64;
/// Parts over which the use of processors is taken: the kernel counts it in hundredths of a second.
const SMOOTH: usize = 3;
/// Frames that are read at most: no display shows more in that time.
const FRAMES: i64 = 10_000;
/// What a frame may take where no display told.
const BUDGET: i64 = perfkit_agent::analysis::DEFAULT_BUDGET;

/// The last seconds of a session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    /// What is seen begins here, in nanoseconds of CLOCK_MONOTONIC, and ends [`SPAN`] later.
    pub begin: i64,
    /// When the recording began.
    pub begun: i64,
    /// Each frame: its begin, what it took, what it may take, in nanoseconds.
    pub frames: Vec<(i64, i64, i64)>,
    /// Events by kind, of those that timelines show and that have come so far.
    pub kinds: Vec<Events>,
    /// Shares of a processor in use, which are over 1 for several, with the ends of their times.
    pub cpu: Vec<(i64, f64)>,
    /// Resident bytes of all processes together.
    pub memory: Vec<(i64, f64)>,
}

/// Events of a kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Events {
    /// Which kind, as timelines tell them apart.
    pub kind: &'static Kind,
    /// How many came in each part.
    pub counts: Vec<u64>,
}

/// The values of a counter by process, each with its time.
type Values = BTreeMap<i64, Vec<(i64, f64)>>;

/// A counter that is followed.
#[derive(Debug)]
struct Followed {
    name: &'static str,
    values: Values,
    /// Until when it was read.
    read: i64,
}

/// Looks at a session that is being written.
#[derive(Debug)]
pub struct Onlooker {
    query: Query,
    session: Session,
    begun: i64,
    user: Followed,
    system: Followed,
    memory: Followed,
}

impl Onlooker {
    /// Opens it.
    pub fn open(path: &Path) -> Result<Onlooker> {
        let follow = |name| Followed { name, values: Values::new(), read: i64::MIN };
        Ok(Onlooker {
            query: Query::open(path)?,
            session: Session::open(path)?,
            begun: now(),
            user: follow("proc.cpu.user"),
            system: follow("proc.cpu.system"),
            memory: follow("proc.memory.rss"),
        })
    }

    /// How it is now.
    pub fn look(&mut self) -> Result<Look> {
        let known = self.session.series().len();
        let there = "SELECT count(*) FROM series";
        let there: usize = self.session.db().query_row(there, [], |row| row.get(0)).unwrap_or(known);
        if there != known {
            // Series that have come since are only seen by who opens it again.
            let path = self.session.path().to_owned();
            (self.query, self.session) = (Query::open(&path)?, Session::open(&path)?);
        }
        // It fills from the left, and then moves.
        let begin = self.begun.max(now() - SPAN);
        for counter in [&mut self.user, &mut self.system, &mut self.memory] {
            counter.read(&self.query, begin)?;
        }
        let read = self.memory.read.max(self.user.read).max(self.system.read);
        Ok(Look {
            begin,
            begun: self.begun,
            frames: self.frames(begin)?,
            kinds: self.kinds(begin)?,
            cpu: shares(&[&self.user.values, &self.system.values], begin, read),
            memory: self.resident(begin, read)?,
        })
    }

    fn frames(&self, begin: i64) -> Result<Vec<(i64, i64, i64)>> {
        let sql = "SELECT time, duration, interval FROM frames WHERE time >= ?1 AND duration IS NOT NULL LIMIT ?2";
        let mut budget = BUDGET;
        let mut frames = self.query.read(sql, [begin, FRAMES], |row| {
            budget = row.get::<_, Option<i64>>(2)?.filter(|interval| *interval > 0).unwrap_or(budget);
            Ok((row.get(0)?, row.get(1)?, budget))
        })?;
        frames.sort_unstable();
        Ok(frames)
    }

    fn kinds(&self, begin: i64) -> Result<Vec<Events>> {
        let mut kinds: Vec<Events> = Vec::new();
        // Frames and counters are seen by themselves.
        for kind in TRACKS.iter().filter(|kind| kind.shown && matches!(kind.look, Shape::Spans | Shape::Moments)) {
            let mut counts = None;
            for series in self.session.series().iter().filter(|of| track_kind(&of.schema.name) == Some(kind)) {
                let counts = counts.get_or_insert_with(|| vec![0; PARTS]);
                for (track, _) in self.session.tracks(series.id)? {
                    let window = self.session.window(series, track, begin, begin + SPAN, PARTS)?;
                    counts.iter_mut().zip(&window.bins).for_each(|(count, bin)| *count += bin.count);
                }
            }
            kinds.extend(counts.map(|counts| Events { kind, counts }));
        }
        Ok(kinds)
    }

    /// What all processes that have not ended hold, at the ends of the parts up to `read`.
    fn resident(&self, begin: i64, read: i64) -> Result<Vec<(i64, f64)>> {
        let sql = "SELECT pid, max(\"end\") FROM processes WHERE \"end\" IS NOT NULL GROUP BY pid";
        let ends: Vec<(i64, i64)> = self.query.read(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let lives = |pid: i64, time| !ends.iter().any(|(ended, at)| *ended == pid && *at <= time);
        let at = |time| {
            let there = self.memory.values.iter().filter(|(pid, _)| lives(**pid, time));
            there.map(|(_, values)| held(values, time)).sum()
        };
        let first = first(&[&self.memory.values]);
        Ok(parts(begin, read).filter(|time| *time >= first).map(|time| (time, at(time))).collect())
    }
}

impl Followed {
    /// Reads what has come, and forgets what nobody sees any more.
    fn read(&mut self, query: &Query, begin: i64) -> Result<()> {
        let sql = "SELECT pid, time, value FROM counters WHERE name = ?1 AND time > ?2 ORDER BY time";
        let rows = query.read(sql, (self.name, self.read), |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, f64>(2)?))
        })?;
        for (pid, time, value) in rows {
            self.values.entry(pid).or_default().push((time, value));
            self.read = self.read.max(time);
        }
        for values in self.values.values_mut() {
            // The last one before holds on.
            let before = values.partition_point(|(time, _)| *time < begin - SPAN);
            values.drain(..before.saturating_sub(1));
        }
        Ok(())
    }
}

/// The ends of the parts, as far as it was read.
fn parts(begin: i64, read: i64) -> impl Iterator<Item = i64> {
    (1..=PARTS as i64).map(move |part| begin + part * PART).filter(move |time| *time <= read)
}

/// When the first value came.
fn first(all: &[&Values]) -> i64 {
    all.iter().flat_map(|values| values.values().flatten()).map(|(time, _)| *time).min().unwrap_or(i64::MAX)
}

/// The value of a counter at a moment: the last before it, since only changes are recorded.
fn held(values: &[(i64, f64)], time: i64) -> f64 {
    let after = values.partition_point(|(at, _)| *at <= time);
    values.get(after.saturating_sub(1)).map_or(0.0, |(_, value)| *value)
}

/// From nanoseconds on a processor, counted up by each process, to shares of one at the ends of the parts.
fn shares(all: &[&Values], begin: i64, read: i64) -> Vec<(i64, f64)> {
    let first = first(all);
    let sum = |time| all.iter().flat_map(|values| values.values()).map(|values| held(values, time)).sum::<f64>();
    let share = |time: i64| {
        let since = (time - SMOOTH as i64 * PART).max(first);
        ((sum(time) - sum(since)) / (time - since) as f64).max(0.0)
    };
    parts(begin, read).filter(|time| *time > first).map(|time| (time, share(time))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_on_a_processor_becomes_a_share_of_it() {
        // Half of the time from 1 s on, by two processes; nothing before.
        let half = |at: i64| (at * 1_000_000_000, (at - 1).max(0) as f64 * 0.25e9);
        let one: Vec<(i64, f64)> = (0..=20).map(half).collect();
        let values = Values::from([(1, one.clone()), (2, one)]);
        let shares = shares(&[&values], 0, SPAN);
        assert_eq!(shares.len(), PARTS);
        let mean = shares.iter().skip(10).map(|(_, share)| share).sum::<f64>() / (PARTS - 10) as f64;
        assert!((mean - 0.5).abs() < 0.05, "{mean}");
        assert!(shares.iter().all(|(_, share)| *share >= 0.0));
        assert!(super::shares(&[&Values::new()], 0, SPAN).is_empty());
    }

    #[test]
    fn a_value_holds_until_the_next() {
        let values = [(10, 1.0), (20, 2.0)];
        assert_eq!([5, 10, 15, 20, 99].map(|time| held(&values, time)), [1.0, 1.0, 1.0, 2.0, 2.0]);
        assert_eq!(held(&[], 5), 0.0);
    }

    #[test]
    fn a_session_that_is_written_is_looked_at_as_it_grows() {
        use perfkit_agent::session::{Cell, Store, Track, schemas};
        use perfkit_agent::source::Outlet;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.perfkit");
        let mut store = Store::create(&path).unwrap();
        let (mut outlet, seen) = Outlet::to_memory("test");
        outlet.source_begins("");
        let mut onlooker = Onlooker::open(&path).unwrap();
        assert!(onlooker.look().unwrap().kinds.is_empty());
        let calls = outlet.series(&schemas::SYSCALLS);
        let track = outlet.track(&Track::thread(7, 8));
        for _ in 0..50 {
            outlet.span(calls, now(), Some(5), track, &[Cell::Text("read")]);
        }
        outlet.flush();
        seen.messages().into_iter().for_each(|message| store.handle(message).unwrap());
        store.commit().unwrap();
        let look = onlooker.look().unwrap();
        assert_eq!(look.kinds.iter().map(|events| events.kind.name).collect::<Vec<_>>(), ["syscalls"]);
        assert_eq!(look.kinds[0].counts.iter().sum::<u64>(), 50);
        assert!(look.frames.is_empty() && look.cpu.is_empty());
        drop(onlooker);
        store.close().unwrap();
        assert!(!perfkit_agent::session::beside(&path, "-wal").exists());
    }
}
