//! What lines said, on its way into an outlet: everything that goes from one line to the next is kept here.

use std::collections::BTreeMap;
use std::hash::BuildHasher;

use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use super::{Edge, Family, Item, Log, Mark, Sample, Stamp, Step, Unreadable, parse};
use crate::session::clock::{Pair, now};
use crate::session::{Cell, Track, TrackId, schemas};
use crate::source::{Level, NameInfo, Outlet, Semantics};

/// Names of values that one feed takes: a name made of a running number would fill the session with names.
const NAMES_MAX: usize = 100_000;
/// Spans that are open at once, families that were described, members of one set.
const OPEN_MAX: usize = 10_000;
const FAMILIES_MAX: usize = 100_000;
const MEMBERS_MAX: usize = 1_000_000;
/// How often what was lost is told, and both clocks are compared, in nanoseconds.
const BEAT: i64 = 1_000_000_000;

/// Puts what lines say into an outlet.
#[derive(Debug)]
pub struct Feed {
    /// The process that values, marks and logs belong to where the line names none; 0 for none.
    pid: i32,
    names: FxHashMap<String, Known>,
    families: FxHashMap<String, Family>,
    open: Vec<(Mark, i64)>,
    lost: BTreeMap<&'static str, u64>,
    noted: FxHashSet<&'static str>,
    pair: Pair,
    told: i64,
}

#[derive(Debug)]
struct Known {
    track: TrackId,
    value: f64,
    /// The hashes of a set's members.
    members: FxHashSet<u64>,
}

impl Feed {
    /// For lines about a process, or about none where `pid` is 0.
    pub fn new(pid: i32) -> Feed {
        Feed {
            pid,
            names: FxHashMap::default(),
            families: FxHashMap::default(),
            open: Vec::new(),
            lost: BTreeMap::new(),
            noted: FxHashSet::default(),
            pair: Pair::now(),
            told: now(),
        }
    }

    /// Takes a line that came at `arrival`, which is the time of all in it that has none of its own.
    pub fn line(&mut self, outlet: &mut Outlet, arrival: i64, line: &str) {
        match parse(line) {
            Ok(items) => items.into_iter().for_each(|item| self.item(outlet, arrival, item)),
            Err(why) => self.unreadable(outlet, why, line),
        }
    }

    /// Takes what a line said.
    pub fn item(&mut self, outlet: &mut Outlet, arrival: i64, item: Item) {
        match item {
            Item::Sample(sample) => self.sample(outlet, arrival, sample),
            Item::Log(log) => self.log(outlet, arrival, &log),
            Item::Mark(mark) => self.mark(outlet, arrival, mark),
            Item::Family(family) => self.family(family),
        }
    }

    /// Tells what was lost, at most once a second. To be called whenever the source has waited for more.
    pub fn tick(&mut self, outlet: &mut Outlet) {
        if now() - self.told >= BEAT {
            self.told = now();
            self.pair = Pair::now();
            self.tell(outlet);
        }
    }

    /// No more lines come: what was lost is told, and spans that never ended are put in without a duration.
    pub fn finish(&mut self, outlet: &mut Outlet) {
        for (mark, begin) in std::mem::take(&mut self.open) {
            self.put(outlet, &mark, begin, None);
        }
        self.tell(outlet);
    }

    /// Counts something as lost.
    pub fn lose(&mut self, kind: &'static str, count: u64) {
        if count > 0 {
            *self.lost.entry(kind).or_default() += count;
        }
    }

    fn tell(&mut self, outlet: &mut Outlet) {
        for (kind, count) in std::mem::take(&mut self.lost) {
            outlet.dropped(kind, count);
        }
    }

    fn unreadable(&mut self, outlet: &mut Outlet, why: Unreadable, line: &str) {
        self.lose(why.kind(), 1);
        if self.noted.insert(why.kind()) {
            let begin: String = line.trim().chars().take(120).collect();
            outlet.note(&format!("{}: {}, as {begin:?}; such lines are counted", outlet.source(), why.kind()));
        }
    }

    /// The time that a stamp means; that of the line's arrival where it means none.
    fn time(&mut self, outlet: &mut Outlet, arrival: i64, stamp: Option<Stamp>) -> i64 {
        let Some(stamp) = stamp else { return arrival };
        stamp.monotonic(self.pair).unwrap_or_else(|| {
            self.lose(FAR_AWAY, 1);
            if self.noted.insert(FAR_AWAY) {
                let text = "takes the arrival of lines for their time where that lies far away";
                outlet.note(&format!("{}: {text}", outlet.source()));
            }
            arrival
        })
    }

    fn sample(&mut self, outlet: &mut Outlet, arrival: i64, mut sample: Sample) {
        self.describe(&mut sample);
        let time = self.time(outlet, arrival, sample.time);
        if !self.names.contains_key(&sample.name) {
            if self.names.len() >= NAMES_MAX {
                return self.lose("values of more than 100000 names", 1);
            }
            let track = outlet.track(&Track::counter(self.pid, &sample.name));
            let Sample { name, semantics, unit, doc, .. } = sample.clone();
            outlet.name(NameInfo { name: name.clone(), semantics, unit, doc });
            self.names.insert(name, Known { track, value: 0.0, members: FxHashSet::default() });
        }
        let Some(known) = self.names.get_mut(&sample.name) else { return };
        let value = match &sample.step {
            Step::Absolute | Step::OneOf(_) => sample.value,
            Step::Added => known.value + sample.value,
            Step::Member(member) => {
                if known.members.len() < MEMBERS_MAX {
                    known.members.insert(FxBuildHasher.hash_one(member));
                }
                known.members.len() as f64
            }
        };
        if !value.is_finite() {
            return self.lose(Unreadable::Number.kind(), 1);
        }
        known.value = value;
        let track = known.track;
        let counters = outlet.series(&schemas::COUNTERS);
        outlet.point(counters, time, track, &[Cell::Real(value)]);
        if let Step::OneOf(share) = sample.step
            && share > 1.0
        {
            // Of what was sampled, how often it really happened is a counter beside it.
            let name = format!("{}.count", sample.name);
            let count = Sample { name, value: share, step: Step::Added, semantics: Semantics::Counter, ..sample };
            self.sample(outlet, arrival, Sample { unit: String::new(), ..count });
        }
    }

    /// Adds what the sample's family tells: its kind, unit and help; of a histogram or summary `x`, `x_sum` and
    /// `x_count` become `x.sum` and `x.count`.
    fn describe(&self, sample: &mut Sample) {
        if self.families.is_empty() || sample.family.is_empty() {
            return;
        }
        let suffix = ["_bucket", "_sum", "_count", "_total", "_created"].iter().find(|s| sample.family.ends_with(**s));
        let base = suffix.map_or(&*sample.family, |suffix| &sample.family[..sample.family.len() - suffix.len()]);
        let (family, of_base) = match (self.families.get(&sample.family), self.families.get(base)) {
            (Some(family), _) => (family, false),
            (None, Some(family)) => (family, true),
            _ => return,
        };
        if let Some(unit) = &family.unit
            && !unit.is_empty()
            && suffix != Some(&"_count")
        {
            sample.unit = if sample.unit.is_empty() { unit.clone() } else { std::mem::take(&mut sample.unit) };
        }
        if let Some(doc) = &family.doc {
            sample.doc.clone_from(doc);
        }
        match family.of.as_deref() {
            Some("histogram" | "summary" | "gaugehistogram") if of_base => {
                if let Some(suffix @ ("_sum" | "_count")) = suffix.copied() {
                    let rest = sample.name.strip_prefix(&*sample.family).unwrap_or("");
                    sample.name = format!("{base}.{}{rest}", &suffix[1..]);
                    sample.semantics = Semantics::Counter;
                }
            }
            Some("counter") if suffix != Some(&"_created") => sample.semantics = Semantics::Counter,
            _ => {}
        }
    }

    fn family(&mut self, told: Family) {
        if self.families.len() >= FAMILIES_MAX && !self.families.contains_key(&told.name) {
            return self.lose("descriptions of more than 100000 families", 1);
        }
        let known = self.families.entry(told.name.clone()).or_default();
        known.of = told.of.or(known.of.take());
        known.unit = told.unit.or(known.unit.take());
        known.doc = told.doc.or(known.doc.take());
    }

    fn log(&mut self, outlet: &mut Outlet, arrival: i64, log: &Log) {
        let time = self.time(outlet, arrival, log.time);
        let track = outlet.track(&Track { pid: self.pid, tid: 0, label: String::new() });
        let logs = outlet.series(&schemas::LOGS);
        let (source, level) = (Cell::Text(outlet.source()), Cell::text(log.level.map(Level::name)));
        outlet.point(logs, time, track, &[source, level, Cell::text(log.domain.as_deref()), Cell::Text(&log.message)]);
    }

    fn mark(&mut self, outlet: &mut Outlet, arrival: i64, mark: Mark) {
        let time = self.time(outlet, arrival, mark.time);
        match mark.edge {
            Edge::Whole(duration) => self.put(outlet, &mark, time, Some(duration)),
            Edge::Begin if self.open.len() >= OPEN_MAX => self.lose("spans begun while 10000 were open", 1),
            Edge::Begin => self.open.push((mark, time)),
            Edge::End => {
                let place = |(open, _): &(Mark, i64)| (&open.name, &open.id) == (&mark.name, &mark.id);
                let Some(at) = self.open.iter().rposition(place) else {
                    return self.lose("ends of spans that had not begun", 1);
                };
                let (mut open, begin) = self.open.remove(at);
                if !mark.message.is_empty() {
                    open.message = mark.message;
                }
                self.put(outlet, &open, begin, Some((time - begin).max(0)));
            }
        }
    }

    fn put(&self, outlet: &mut Outlet, mark: &Mark, begin: i64, duration: Option<i64>) {
        let pid = mark.pid.unwrap_or(self.pid);
        let track = outlet.track(&Track::thread(pid, mark.tid.unwrap_or(pid)));
        let group = if mark.group.is_empty() { outlet.source() } else { &mark.group };
        let message = Some(&*mark.message).filter(|message| !message.is_empty());
        let marks = outlet.series(&schemas::MARKS);
        outlet.span(marks, begin, duration, track, &[Cell::Text(group), Cell::Text(&mark.name), Cell::text(message)]);
    }
}

const FAR_AWAY: &str = "times that lie over ten minutes away";
