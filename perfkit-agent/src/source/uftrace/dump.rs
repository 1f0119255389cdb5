//! The output of `uftrace dump --chrome`: an event a line, begins and ends, which become calls that lie in one
//! another.

use std::borrow::Cow;

use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::symbols::Symbols;
use crate::session::{Cell, Track, TrackId, schemas};
use crate::source::{Outlet, SeriesId};

/// One event. Times are microseconds of CLOCK_MONOTONIC with three decimals.
#[derive(Debug, Deserialize)]
struct Event<'a> {
    ts: f64,
    #[serde(borrow)]
    ph: Cow<'a, str>,
    pid: i32,
    /// Not there for the first thread.
    tid: Option<i32>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    args: Option<Args<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct Args<'a> {
    /// In round brackets.
    #[serde(borrow)]
    arguments: Option<Cow<'a, str>>,
    #[serde(borrow)]
    retval: Option<Cow<'a, str>>,
}

/// A call that has begun.
#[derive(Debug)]
struct Pending {
    function: String,
    args: String,
    start: i64,
}

#[derive(Debug)]
struct Thread {
    track: TrackId,
    calls: Vec<Pending>,
}

/// Calls that lie in one another at most, which is what uftrace itself records.
const DEEPEST: usize = 1024;

/// The reader of one dump.
#[derive(Debug)]
pub struct Dump {
    series: SeriesId,
    symbols: Symbols,
    threads: FxHashMap<(i32, i32), Thread>,
    /// Calls that were read.
    calls: u64,
    unreadable: u64,
}

impl Dump {
    /// A reader that finds functions' libraries in `symbols`.
    pub fn new(outlet: &mut Outlet, symbols: Symbols) -> Dump {
        let series = outlet.series(&schemas::CALLS);
        Dump { series, symbols, threads: FxHashMap::default(), calls: 0, unreadable: 0 }
    }

    /// Takes a line; `wanted` says whether a process is one of the target's.
    pub fn line(&mut self, outlet: &mut Outlet, line: &str, wanted: &dyn Fn(i32) -> bool) {
        // What stands around the events, and the names of processes, which are known otherwise.
        if !line.starts_with("{\"ts\":") || line.starts_with("{\"ts\":0,\"ph\":\"M\"") {
            return;
        }
        let Ok(event) = serde_json::from_str::<Event<'_>>(line.trim_end_matches(',')) else {
            self.unreadable += 1;
            return;
        };
        let time = (event.ts * 1000.0).round() as i64;
        if !wanted(event.pid) {
            return;
        }
        let tid = event.tid.unwrap_or(event.pid);
        let new = || Thread { track: outlet.track(&Track::thread(event.pid, tid)), calls: Vec::new() };
        let thread = self.threads.entry((event.pid, tid)).or_insert_with(new);
        let args = event.args.unwrap_or_default();
        match &*event.ph {
            "B" if thread.calls.len() < DEEPEST => {
                let args = args.arguments.unwrap_or_default();
                let args = args.strip_prefix('(').and_then(|args| args.strip_suffix(')')).unwrap_or(&args).to_owned();
                thread.calls.push(Pending { function: event.name.into_owned(), args, start: time });
            }
            "E" => {
                // An end without a begin is that of the fork which made the process.
                let Some(depth) = thread.calls.iter().rposition(|call| call.function == event.name) else { return };
                let result = args.retval.as_deref();
                let track = thread.track;
                let ended = thread.calls.split_off(depth);
                for (within, call) in ended.iter().enumerate() {
                    // Calls that were left by a jump have no end.
                    let end = (within == 0).then_some((time, result));
                    self.call(outlet, track, call, depth + within, end);
                }
            }
            _ => self.unreadable += 1,
        }
    }

    /// The dump has ended: what has begun has no end. How many calls there were.
    pub fn finish(mut self, outlet: &mut Outlet) -> u64 {
        let mut threads: Vec<_> = std::mem::take(&mut self.threads).into_iter().collect();
        threads.sort_by_key(|(ids, _)| *ids);
        for (_, thread) in threads {
            for (depth, call) in thread.calls.iter().enumerate() {
                self.call(outlet, thread.track, call, depth, None);
            }
        }
        outlet.dropped("lines not understood", self.unreadable);
        self.calls
    }

    fn call(
        &mut self,
        outlet: &mut Outlet,
        track: TrackId,
        call: &Pending,
        depth: usize,
        end: Option<(i64, Option<&str>)>,
    ) {
        self.calls += 1;
        let cells = [
            Cell::Text(&call.function),
            Cell::text(self.symbols.library(&call.function)),
            Cell::Text(&call.args),
            Cell::text(end.and_then(|(_, result)| result)),
            Cell::Int(depth as i64),
        ];
        outlet.span(self.series, call.start, end.map(|(time, _)| time.saturating_sub(call.start)), track, &cells);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> (Vec<String>, u64) {
        let (mut outlet, seen) = Outlet::to_memory("test");
        let mut symbols = Symbols::default();
        symbols.add("# path name: /usr/bin/prog\n0000000000001060 P puts\n0000000000001325 T main\n");
        symbols.add("# path name: /lib/libc.so.6\n0000000000077980 T puts\n");
        let mut dump = Dump::new(&mut outlet, symbols);
        text.lines().for_each(|line| dump.line(&mut outlet, line, &|pid| pid != 9));
        dump.finish(&mut outlet);
        outlet.flush();
        let messages = seen.messages();
        let dropped = messages.iter().map(|message| match message {
            crate::source::Message::Dropped { count, .. } => *count,
            _ => 0,
        });
        (crate::source::Seen::readable(&messages), dropped.sum())
    }

    #[test]
    fn begins_and_ends_become_calls_that_lie_in_one_another() {
        let text = r#"{"traceEvents":[
{"ts":0,"ph":"M","pid":7,"name":"process_name","args":{"name":"[7] prog"}},
{"ts":5137296240.109,"ph":"B","pid":7,"name":"main","args":{"arguments":"(1, 0x7ff)"}},
{"ts":5137296242.222,"ph":"B","pid":7,"name":"puts","args":{"arguments":"(\"a\\n\")"}},
{"ts":5137296242.5,"ph":"B","pid":7,"tid":8,"name":"work"},
{"ts":5137296243.000,"ph":"E","pid":7,"name":"puts","args":{"retval":"3"}},
{"ts":5137296243.000,"ph":"E","pid":7,"name":"fork"},
{"ts":5137296243.000,"ph":"B","pid":9,"name":"other"},
{"ts":5137296244.000,"ph":"B","pid":7,"name":"longjmp"},
{"ts":5137296245,"ph":"E","pid":7,"name":"main"},
{"ts":what
], "displayTimeUnit": "ns", "metadata": {
"recorded_time":"x"
} }"#;
        let (rows, unreadable) = read(text);
        let expected = [
            "calls 5137296242222+778 7/7 function=puts library=libc.so.6 args=\"a\\n\" result=3 depth=1",
            "calls 5137296240109+4891 7/7 function=main library=prog args=1, 0x7ff depth=0",
            "calls 5137296244000+? 7/7 function=longjmp depth=1",
            "calls 5137296242500+? 7/8 function=work depth=0",
        ];
        assert_eq!((rows.iter().map(String::as_str).collect::<Vec<_>>(), unreadable), (expected.into(), 1));
    }

    proptest! {
        #[test]
        fn no_line_is_too_strange(rest in "\\PC{0,80}", ts: f64, pid: i32, begins: bool) {
            let ph = if begins { "B" } else { "E" };
            read(&format!("{{\"ts\":{rest}\n{{\"ts\":{ts},\"ph\":\"{ph}\",\"pid\":{pid},\"name\":\"f\"}}"));
        }
    }
}
