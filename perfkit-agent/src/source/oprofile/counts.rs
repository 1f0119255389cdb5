//! `ocount -i`, brief (`-b`) or in a table: how often each event came in each interval.

use rustc_hash::FxHashMap;

use crate::session::clock::{WallClock, seconds};
use crate::session::{Cell, Track, TrackId, schemas};
use crate::source::{NameInfo, Outlet, Semantics};

/// Counters that are kept, at most.
const COUNTERS_MAX: usize = 10_000;

/// What a line says.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// The time, in nanoseconds of the wall clock, of the counts that follow.
    Time(i64),
    /// How often an event came since the last time.
    Count(String, u64),
    /// Nothing.
    Nothing,
}

/// Reads a line; none where it means nothing.
pub fn parse(line: &str) -> Option<Said> {
    let line = line.trim();
    // Attached to processes it writes `t:` where it writes `timestamp,` for a program that it started.
    for begin in ["timestamp,", "t:", "Current time (seconds since epoch):"] {
        if let Some(time) = line.strip_prefix(begin) {
            return Some(Said::Time(seconds(time.trim())?));
        }
    }
    if line.is_empty()
        || line.starts_with("Event counts (")
        || line.starts_with("Event ")
        || line.starts_with("ocount:")
        || line == "Final results:"
    {
        return Some(Said::Nothing);
    }
    let event = |name: &str| {
        let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
        (first && !name.contains(char::is_whitespace)).then(|| name.to_owned())
    };
    let brief: Vec<&str> = line.split(',').collect();
    match brief.as_slice() {
        [name, count, share] if share.trim().parse::<f64>().is_ok() && !name.contains(' ') => {
            return Some(Said::Count(event(name)?, count.trim().parse().ok()?));
        }
        // By processor or thread, whose number comes first.
        [part, name, count, share] if share.trim().parse::<f64>().is_ok() && !name.contains(' ') => {
            part.trim().parse::<u32>().ok()?;
            return Some(Said::Count(format!("{}.{}", event(name)?, part.trim()), count.trim().parse().ok()?));
        }
        _ => {}
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    let [name, count, share] = words.as_slice() else { return None };
    share.parse::<f64>().ok()?;
    Some(Said::Count(event(name)?, count.replace(',', "").parse().ok()?))
}

/// Puts what ocount counts into an outlet, added up.
#[derive(Debug)]
pub struct Counts {
    pid: i32,
    wall: WallClock,
    /// Of the counts that come now, in the session's clock.
    time: Option<i64>,
    totals: FxHashMap<String, (TrackId, u64)>,
    unread: u64,
}

impl Counts {
    /// For counters of a process.
    pub fn new(pid: i32, wall: WallClock) -> Counts {
        Counts { pid, wall, time: None, totals: FxHashMap::default(), unread: 0 }
    }

    /// Takes a line.
    pub fn line(&mut self, outlet: &mut Outlet, line: &str) {
        match (parse(line), self.time) {
            (Some(Said::Time(realtime)), _) => self.time = Some(self.wall.monotonic(realtime)),
            (Some(Said::Count(event, count)), Some(time)) => self.count(outlet, time, event, count),
            (Some(Said::Nothing), _) => {}
            // Counts without a time are those of the whole run, which were told in parts before.
            (Some(Said::Count(..)) | None, _) => self.unread += 1,
        }
    }

    /// How many lines meant nothing since this was asked last.
    pub fn take_unread(&mut self) -> u64 {
        std::mem::take(&mut self.unread)
    }

    fn count(&mut self, outlet: &mut Outlet, time: i64, event: String, count: u64) {
        if !self.totals.contains_key(&event) {
            if self.totals.len() >= COUNTERS_MAX {
                self.unread += 1;
                return;
            }
            let name = format!("oprofile.{event}");
            let track = outlet.track(&Track::counter(self.pid, &name));
            let doc = format!("{event} of the target since it was attached to, as ocount counts");
            outlet.name(NameInfo { name, semantics: Semantics::Counter, unit: "count".to_owned(), doc });
            self.totals.insert(event.clone(), (track, 0));
        }
        let Some((track, total)) = self.totals.get_mut(&event) else { return };
        *total = total.saturating_add(count);
        let series = outlet.series(&schemas::COUNTERS);
        outlet.point(series, time, *track, &[Cell::Real(*total as f64)]);
    }
}
