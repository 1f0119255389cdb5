//! The tracks of a session as the timeline shows them: a lane for each thread of a kind, or each counter. Threads that
//! had little of a kind to do share a lane.

use std::collections::HashMap;

use perfkit_agent::Result;
use perfkit_agent::analysis::DEFAULT_BUDGET;
use perfkit_agent::session::pyramid::Bin;
use perfkit_agent::session::{Shape, Track};

use super::kinds::{Kind, Look, TRACKS, track_kind};
use crate::link::Reader;
use crate::model::{Range, extent};
use crate::wording::{tr, tr_many};

/// Threads of a kind that have a lane of their own, beside those that draw, and the share of its rows that they have.
const OWN: (usize, f64) = (3, 0.03);
/// Counters that are shown before anybody has chosen.
const COUNTERS: usize = 6;
/// Tracks of one lane: reading more of them takes longer than the eye waits.
const MEMBERS: usize = 128;

/// A track of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Member {
    /// The place of the series among those of the session.
    pub series: usize,
    /// The track's number.
    pub track: u32,
}

/// A lane.
#[derive(Clone, Debug)]
pub struct Lane {
    /// What lies on it.
    pub kind: &'static Kind,
    /// Whose it is: a thread, a counter.
    pub title: String,
    /// The tracks on it.
    pub members: Vec<Member>,
    /// The process; 0 where there are several, or none.
    pub pid: i32,
    /// The thread; 0 where there are several, or none.
    pub tid: i32,
    /// How many rows it has.
    pub count: u64,
    /// The least and the greatest that its rows measure; of what counts up, how fast it rises in a second.
    pub reach: (f64, f64),
    /// Whether what matters of its values is how fast they rise.
    pub counts_up: bool,
    /// The unit of its values.
    pub unit: String,
    /// Whether it is shown before anybody has chosen.
    pub shown: bool,
}

/// One track, and what is known of it.
struct Found {
    kind: &'static Kind,
    member: Member,
    track: Track,
    count: u64,
    reach: (f64, f64),
}

/// Columns in which the fastest rise of a counter is looked for: of one that is shown, and of one that is not,
/// of which there may be hundreds.
const RISES: (usize, usize) = (16_384, 1_024);

/// The counters that tell most about a program, the most first; those of the program itself come before them.
pub(crate) const TELLING: &[&str] =
    &["proc.cpu.user", "proc.cpu.system", "proc.memory.rss", "proc.faults.minor", "proc.threads", "proc.io.read"];
/// What begins with these is not of the program itself.
pub(crate) const MACHINE: &[&str] =
    &["proc.", "thread.", "system.", "cgroup.", "disk.", "net.", "pressure.", "perf.", "agent."];

/// What a session has for a timeline.
#[derive(Debug)]
pub struct Tracks {
    /// Its lanes, from top to bottom.
    pub lanes: Vec<Lane>,
    /// What a frame may take, in nanoseconds.
    pub budget: i64,
}

/// Finds the lanes of a session.
///
/// # Errors
/// Where the session's tables cannot be read.
pub fn tracks(reader: &Reader) -> Result<Tracks> {
    let sql = "SELECT interval FROM gdk_frame WHERE interval > 0 LIMIT 1";
    let interval = reader.query.read(sql, [], |row| row.get::<_, i64>(0))?;
    let budget = interval.first().copied().unwrap_or(DEFAULT_BUDGET);
    Ok(Tracks { lanes: lanes(reader)?, budget })
}

fn lanes(reader: &Reader) -> Result<Vec<Lane>> {
    let found = find(reader)?;
    let drawing: Vec<i32> = found.iter().filter(|one| one.kind.look == Look::Frames).map(|one| one.track.tid).collect();
    let names = Names::read(reader);
    let whole = extent(reader);
    let mut lanes = Vec::new();
    for kind in TRACKS {
        let of: Vec<&Found> = found.iter().filter(|one| one.kind == kind).collect();
        match kind.look {
            Look::Values => lanes.extend(counters(reader, &of, whole)),
            _ => lanes.extend(threads(kind, &of, &drawing, &names)),
        }
    }
    Ok(lanes)
}

fn find(reader: &Reader) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    for (at, series) in reader.session.series().iter().enumerate() {
        let Some(kind) = track_kind(&series.schema.name) else { continue };
        // A series of another shape than its kind's has nothing to draw.
        if (series.schema.shape == Shape::Sample) != (kind.look == Look::Values) {
            continue;
        }
        for (id, track) in reader.session.tracks(series.id)? {
            let window = reader.session.window(series, id, i64::MIN / 2, i64::MAX / 2, 1)?;
            let Some(bin) = window.bins.first().filter(|bin| bin.count > 0) else { continue };
            let member = Member { series: at, track: id };
            found.push(Found { kind, member, track, count: bin.count, reach: (bin.min, bin.max) });
        }
    }
    Ok(found)
}

/// A lane for each thread that draws, or has most to do; one for all others.
fn threads(kind: &'static Kind, of: &[&Found], drawing: &[i32], names: &Names) -> Vec<Lane> {
    let mut lanes: Vec<Lane> = Vec::new();
    for one in of {
        let Track { pid, tid, label } = &one.track;
        match lanes.iter_mut().find(|lane| (lane.pid, lane.tid) == (*pid, *tid)) {
            Some(lane) => lane.take(one.member, one.count, one.reach),
            None => {
                let title = names.thread(*pid, *tid, label);
                lanes.push(Lane::new(kind, title, one, kind.shown));
            }
        }
    }
    lanes.sort_by_key(|lane| (!drawing.contains(&lane.tid), std::cmp::Reverse(lane.count)));
    let all = lanes.iter().map(|lane| lane.count).sum::<u64>() as f64;
    let draws = lanes.iter().filter(|lane| drawing.contains(&lane.tid)).count();
    let busy = lanes.iter().skip(draws).take(OWN.0).filter(|lane| lane.count as f64 >= all * OWN.1).count();
    let own = draws + busy;
    if lanes.len() > own + 1 {
        let rest = lanes.split_off(own);
        let others = u64::try_from(rest.len()).unwrap_or(0);
        let mut rest = rest.into_iter();
        if let Some(mut all) = rest.next() {
            for lane in rest {
                lane.members.iter().for_each(|&member| all.take(member, 0, lane.reach));
                all.count += lane.count;
            }
            (all.pid, all.tid) = (0, 0);
            all.title = tr_many("{} other thread", "{} other threads", others);
            all.shown &= all.members.len() <= MEMBERS;
            all.members.truncate(MEMBERS);
            lanes.push(all);
        }
    }
    lanes
}

/// How fast a counter rises where it does so fastest, in so many a second.
fn fastest(reader: &Reader, lane: &Lane, whole: Range) -> Option<f64> {
    let member = lane.members.first()?;
    let series = reader.session.series().get(member.series)?;
    // A column of several values would hide the fastest of their rises, which would then be drawn over the lane's top.
    let columns = if lane.shown { RISES.0 } else { RISES.1 };
    let window = reader.session.window(series, member.track, whole.begin, whole.end, columns).ok()?;
    let known: Vec<&Bin> = window.bins.iter().filter(|bin| bin.count > 0).collect();
    let rise = |pair: &[&Bin]| (pair[1].max - pair[0].max) * 1e9 / (pair[1].at - pair[0].at).max(1) as f64;
    Some(known.windows(2).map(rise).fold(0.0, f64::max))
}

/// A lane for each counter; those are shown that tell most.
fn counters(reader: &Reader, of: &[&Found], whole: Range) -> Vec<Lane> {
    let sql = "SELECT name, semantics, unit FROM names WHERE semantics IS NOT NULL";
    // A session without names has values all the same.
    let told = reader
        .query
        .read(sql, [], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, Option<String>>(2)?)))
        .unwrap_or_default();
    let told: HashMap<String, (String, String)> =
        told.into_iter().map(|(name, semantics, unit)| (name, (semantics, unit.unwrap_or_default()))).collect();
    let mut lanes: Vec<(usize, Lane)> = Vec::new();
    for one in of {
        let name = &one.track.label;
        let rank = match TELLING.iter().position(|telling| telling == name) {
            Some(at) => at + 1,
            None if MACHINE.iter().any(|machine| name.starts_with(machine)) => usize::MAX,
            None => 0,
        };
        let mut lane = Lane::new(one.kind, name.clone(), one, false);
        // One that never changed has nothing to show.
        let rank = if one.reach.0 == one.reach.1 { usize::MAX } else { rank };
        if let Some((semantics, unit)) = told.get(name) {
            lane.counts_up = semantics == "counter";
            lane.unit.clone_from(unit);
        }
        lanes.push((rank, lane));
    }
    lanes.sort_by(|a, b| (a.0, &a.1.title).cmp(&(b.0, &b.1.title)));
    let mut left = COUNTERS;
    for (rank, lane) in &mut lanes {
        lane.shown = *rank < usize::MAX && left > 0;
        left -= usize::from(lane.shown);
        if lane.counts_up {
            lane.reach = (0.0, fastest(reader, lane, whole).unwrap_or(0.0));
        }
    }
    lanes.into_iter().map(|(_, lane)| lane).collect()
}

impl Lane {
    fn new(kind: &'static Kind, title: String, one: &Found, shown: bool) -> Lane {
        Lane {
            kind,
            title,
            members: vec![one.member],
            pid: one.track.pid,
            tid: one.track.tid,
            count: one.count,
            reach: one.reach,
            counts_up: false,
            unit: String::new(),
            shown,
        }
    }

    fn take(&mut self, member: Member, count: u64, reach: (f64, f64)) {
        self.members.push(member);
        self.count += count;
        self.reach = (self.reach.0.min(reach.0), self.reach.1.max(reach.1));
    }

    /// What it is called in one line: `System Calls, worker 812`.
    pub fn words(&self) -> String {
        match self.title.is_empty() {
            true => tr(self.kind.title),
            false => format!("{}, {}", tr(self.kind.title), self.title),
        }
    }
}

/// What processes and threads are called.
struct Names {
    threads: HashMap<i32, String>,
    processes: HashMap<i32, String>,
    several: bool,
}

impl Names {
    fn read(reader: &Reader) -> Names {
        let read = |sql: &str| -> HashMap<i32, String> {
            let rows = reader.query.read(sql, [], |row| Ok((row.get(0)?, row.get(1)?)));
            // Without names there are numbers.
            rows.unwrap_or_default().into_iter().collect()
        };
        let threads = read("SELECT tid, name FROM threads WHERE name <> ''");
        let processes = read("SELECT pid, name FROM processes WHERE name <> ''");
        let sql = "SELECT DISTINCT pid FROM main.track WHERE pid <> 0 AND tid <> 0";
        let several = reader.query.read(sql, [], |row| row.get::<_, i32>(0)).is_ok_and(|pids| pids.len() > 1);
        Names { threads, processes, several }
    }

    fn thread(&self, pid: i32, tid: i32, label: &str) -> String {
        let process = match self.processes.get(&pid) {
            Some(name) => name.clone(),
            None if pid == 0 => String::new(),
            None => format!("{pid}"),
        };
        let thread = match self.threads.get(&tid) {
            _ if tid == pid && tid != 0 && !self.several => tr("main thread"),
            _ if tid == pid || tid == 0 => process.clone(),
            Some(name) => format!("{name} {tid}"),
            None => format!("{tid}"),
        };
        let whole = match self.several && tid != pid && !process.is_empty() && tid != 0 {
            true => format!("{process}: {thread}"),
            false => thread,
        };
        match label {
            "" => whole,
            label if whole.is_empty() => label.to_owned(),
            label => format!("{whole} {label}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use perfkit_agent::session::{Cell, Query, Session, Store, schemas};
    use perfkit_agent::source::{NameInfo, Outlet, Semantics};

    use super::*;

    #[test]
    fn the_lane_of_a_counter_is_as_high_as_its_fastest_rise() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.perfkit");
        let mut store = Store::create(&path).unwrap();
        let (mut outlet, seen) = Outlet::to_memory("test");
        outlet.source_begins("test");
        outlet.name(NameInfo {
            name: "app.hits".into(),
            semantics: Semantics::Counter,
            unit: "".into(),
            doc: "".into(),
        });
        let values = outlet.series(&schemas::COUNTERS);
        let hits = outlet.track(&Track::counter(7, "app.hits"));
        // One step among many, which the mean of a few values would hide; values come when something changed.
        for at in (0..2_000).filter(|at| at % 100 < 3 || *at > 770) {
            let value = at + if at > 777 { 60 } else { 0 };
            outlet.point(values, at * 100_000_000, hits, &[Cell::Real(value as f64)]);
        }
        outlet.end(Ok(()));
        seen.messages().into_iter().for_each(|message| store.handle(message).unwrap());
        store.close().unwrap();
        let reader = Reader { session: Session::open(&path).unwrap(), query: Query::open(&path).unwrap() };
        let lanes = tracks(&reader).unwrap().lanes;
        assert_eq!(lanes.iter().map(|lane| (&*lane.title, lane.reach.1)).collect::<Vec<_>>(), [("app.hits", 610.0)]);
    }
}
