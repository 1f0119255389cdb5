//! The lanes of a picture: gdkrecord's own from its rows, and below them system calls, stretches off the processor,
//! marks and counters. Only pixel columns are kept.

use std::collections::BTreeMap;

use gdkrecord::Kind;
use gdkrecord::draw::scale::Range;
use gdkrecord::draw::timeline::collect::Lane;
use gdkrecord::draw::timeline::{Collector, Figure};
use gdkrecord::kind::Group;
use rustc_hash::FxHashMap;

use super::super::reading::Row;
use super::super::threads::Threads;
use super::super::{Done, Reading};
use super::counters::Counters;
use crate::session::query::On;
use crate::session::recorded::{event, kind};
use crate::session::{Series, Shape};

/// Lanes of a section at most: those in which most happened.
const MOST: usize = 6;
/// Lanes told apart while reading: bounds the memory.
const TOLD_APART: usize = 512;

/// Calls that wait for something to happen: that they are long is no news.
const WAITS: &[&str] = &[
    "accept",
    "accept4",
    "clock_nanosleep",
    "epoll_pwait",
    "epoll_pwait2",
    "epoll_wait",
    "exit",
    "exit_group",
    "futex",
    "nanosleep",
    "pause",
    "poll",
    "ppoll",
    "pselect6",
    "restart_syscall",
    "rt_sigsuspend",
    "rt_sigtimedwait",
    "select",
    "wait4",
    "waitid",
];

/// Series with a section of their own, and its title.
const SECTIONS: &[(&str, &str)] =
    &[("syscalls", "System calls"), ("offcpu", "Off the processor, not asleep"), ("marks", "Marks"), ("dbus", "D-Bus")];

/// Goes through a session, and gives what its picture shows.
pub fn collect(reading: &Reading<'_>, range: Range, columns: usize) -> Done<Figure> {
    let kinds: FxHashMap<u32, &'static Kind> =
        reading.series().iter().filter_map(|one| Some((one.id, kind(one)?))).collect();
    let mut collector = Collector::new(range, reading.begin().max(0) as u64, columns);
    let mut event = |row: &Row<'_>| {
        let made = |kind: &&'static Kind| event(kind, row.series, (row.time, row.duration), row.cells, 0);
        if let Some(event) = kinds.get(&row.series.id).and_then(made) {
            collector.add(&event);
        }
    };
    let threads = Threads::read(reading)?;
    let mut others: BTreeMap<(usize, String), Lane> = BTreeMap::new();
    // What windows there are was told before, where the picture begins later.
    let state = |series: &Series| kinds.get(&series.id).filter(|kind| kind.state).map(|_| On::All);
    reading.before().rows(&state, &mut |row| {
        event(row);
        Ok(())
    })?;
    let section = |series: &Series| SECTIONS.iter().position(|(name, _)| *name == series.schema.name);
    let wanted = |series: &Series| {
        (kinds.contains_key(&series.id) || section(series).is_some() || series.schema.shape == Shape::Sample)
            .then_some(On::All)
    };
    let mut counters = Counters::new(reading, range, columns)?;
    reading.rows(&wanted, &mut |row| {
        if row.series.schema.shape == Shape::Sample {
            counters.put(row);
            return Ok(());
        }
        let Some(at) = section(row.series) else {
            event(row);
            return Ok(());
        };
        let Some(label) = label(row, &threads) else { return Ok(()) };
        let key = (at, label);
        if !others.contains_key(&key) && others.len() >= TOLD_APART {
            return Ok(());
        }
        let lane = others.entry(key).or_insert_with_key(|(at, label)| {
            let mut lane = Lane::new(label.clone(), Group::Process, range, columns);
            lane.section = SECTIONS.get(*at).map(|(_, title)| *title);
            lane
        });
        lane.add(row.time.max(0) as u64, row.duration.unwrap_or(0).max(0) as u64);
        Ok(())
    })?;
    let mut figure = collector.finish();
    let mut lanes: Vec<((usize, String), Lane)> = others.into_iter().collect();
    for at in 0..SECTIONS.len() {
        let mut rows: Vec<Lane> = lanes.extract_if(.., |((of, _), _)| *of == at).map(|(_, lane)| lane).collect();
        rows.sort_by_key(|lane| std::cmp::Reverse((lane.busy, lane.count)));
        rows.truncate(MOST);
        rows.sort_by(|a, b| a.label.cmp(&b.label));
        figure.events += rows.iter().map(|lane| lane.count).sum::<u64>();
        figure.lanes.extend(rows);
    }
    figure.events += counters.rows;
    figure.lanes.extend(counters.lanes());
    Ok(figure)
}

/// The lane that a row belongs to; none for what a picture does not show.
fn label(row: &Row<'_>, threads: &Threads) -> Option<String> {
    let (pid, tid) = (row.track.pid, row.track.tid);
    let name = row.event.name(row.cells);
    match &*row.series.schema.name {
        "syscalls" if WAITS.contains(&&*name) => None,
        "offcpu" if name == "sleeping" => None,
        "marks" => Some(name.into_owned()),
        "dbus" => Some(row.track.label.clone()),
        _ => Some(threads.thread(pid, tid).map_or_else(|| threads.name(pid, tid), |thread| format!("{thread} {tid}"))),
    }
}
