//! `perf stat -I -j`: a JSON object a line, which is what one counter counted in one interval.

use rustc_hash::FxHashMap;
use serde_json::Value;

use crate::session::clock::now;
use crate::session::{Cell, Track, TrackId, schemas};
use crate::source::{NameInfo, Outlet, Semantics};

/// Counters that are kept; perf counts what we asked it to.
const COUNTERS_MAX: usize = 1000;

/// What one line says.
#[derive(Clone, Debug, PartialEq)]
pub struct Counted {
    /// Nanoseconds since perf began to count, at the interval's end.
    pub since: i64,
    /// What was counted, without modifiers.
    pub event: String,
    /// In which unit; empty for events themselves.
    pub unit: String,
    /// How much in this interval; none where it was not counted.
    pub value: Option<f64>,
}

/// Reads the lines, and puts what they add up to into an outlet.
///
/// perf tells seconds since it began, but not when that was. No line arrives before its interval's end, so the begin
/// is the earliest that all lines so far allow.
#[derive(Debug)]
pub struct Stat {
    pid: i32,
    begin: Option<i64>,
    totals: FxHashMap<String, (TrackId, f64)>,
    unread: u64,
}

impl Stat {
    /// For counters of a process.
    pub fn new(pid: i32) -> Stat {
        Stat { pid, begin: None, totals: FxHashMap::default(), unread: 0 }
    }

    /// Takes a line that has just arrived.
    pub fn line(&mut self, outlet: &mut Outlet, line: &str) {
        self.line_at(outlet, line, now());
    }

    /// Takes a line that arrived at a time.
    pub fn line_at(&mut self, outlet: &mut Outlet, line: &str, arrival: i64) {
        if line.trim().is_empty() {
            return;
        }
        let Some(counted) = parse(line) else {
            self.unread += 1;
            return;
        };
        let earliest = arrival.saturating_sub(counted.since);
        let begin = self.begin.map_or(earliest, |begin| begin.min(earliest));
        self.begin = Some(begin);
        let Some(value) = counted.value else { return };
        if !self.totals.contains_key(&counted.event) {
            if self.totals.len() >= COUNTERS_MAX {
                self.unread += 1;
                return;
            }
            let name = format!("perf.{}", counted.event.replace(['.', ':', '/'], "_"));
            let track = outlet.track(&Track::counter(self.pid, &name));
            let unit = if counted.unit.is_empty() { "count".to_owned() } else { counted.unit };
            let doc =
                format!("{} of the target, all its threads and children, since it was attached to", counted.event);
            outlet.name(NameInfo { name, semantics: Semantics::Counter, unit, doc });
            self.totals.insert(counted.event.clone(), (track, 0.0));
        }
        let Some((track, total)) = self.totals.get_mut(&counted.event) else { return };
        *total += value;
        let series = outlet.series(&schemas::COUNTERS);
        outlet.point(series, begin.saturating_add(counted.since), *track, &[Cell::Real(*total)]);
    }

    /// How many lines meant nothing since this was asked last.
    pub fn take_unread(&mut self) -> u64 {
        std::mem::take(&mut self.unread)
    }
}

/// What a line says; none where that is nothing.
pub fn parse(line: &str) -> Option<Counted> {
    let Ok(Value::Object(object)) = serde_json::from_str(line) else { return None };
    let text = |key: &str| object.get(key).and_then(Value::as_str);
    let since = object.get("interval")?.as_f64().filter(|since| (0.0..1e9).contains(since))?;
    let event = text("event")?;
    // What only user space was counted for is the same counter.
    let event = event.strip_suffix(":u").unwrap_or(event);
    // perf writes numbers as texts, and `<not supported>` for none.
    let value = text("counter-value")?.trim().parse::<f64>().ok().filter(|value| value.is_finite());
    let unit = text("unit").unwrap_or("");
    let unit = if unit == "msec" { "ms" } else { unit };
    Some(Counted { since: (since * 1e9) as i64, event: event.to_owned(), unit: unit.to_owned(), value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_are_read_in_all_shapes() {
        let line = |interval: &str, value: &str, unit: &str, event: &str| {
            format!(
                "{{\"interval\" : {interval}, \"counter-value\" : \"{value}\", \"unit\" : \"{unit}\", \"event\" : \
                 \"{event}\", \"event-runtime\" : 388260, \"pcnt-running\" : 100.00, \"metric-value\" : 0.019, \
                 \"metric-unit\" : \"CPUs utilized\"}}"
            )
        };
        let counted = |event: &str, unit: &str, value| {
            Some(Counted { since: 200_281_472, event: event.into(), unit: unit.into(), value })
        };
        let seconds = "0.200281472";
        for (text, expected) in [
            (line(seconds, "4.375726", "msec", "task-clock"), counted("task-clock", "ms", Some(4.375726))),
            (line(seconds, "93.000000", "", "context-switches:u"), counted("context-switches", "", Some(93.0))),
            (line(seconds, "<not supported>", "", "cycles"), counted("cycles", "", None)),
            (line(seconds, "inf", "", "cycles"), counted("cycles", "", None)),
            (line("-1", "1", "", "cycles"), None),
            (line("1e300", "1", "", "cycles"), None),
            (String::from("{\"interval\" : 1}"), None),
            (String::from("[]"), None),
            (String::from("started on Tue"), None),
        ] {
            assert_eq!(parse(&text), expected, "{text}");
        }
    }

    /// Real lines of `perf stat -I 200 -j`, arriving a little after their intervals' ends.
    #[test]
    fn real_lines_add_up() {
        let (mut outlet, seen) = Outlet::to_memory("perf");
        let mut stat = Stat::new(7);
        for line in include_str!("../../../tests/fixtures/perf/stat.jsonl").lines() {
            let since = parse(line).unwrap().since;
            stat.line_at(&mut outlet, line, 1_000_000_000 + since + 1000);
        }
        outlet.flush();
        let lines = seen.lines();
        let of = |name: &str| {
            let of: Vec<_> = lines.iter().filter(|line| line.contains(&format!(" {name} "))).collect();
            (of.len(), of.last().map(|line| line.split('=').next_back().unwrap().parse::<f64>().unwrap()))
        };
        assert_eq!(lines[1], "counters 1203842060 7/0 perf.context-switches value=9");
        assert_eq!(of("perf.context-switches"), (6, Some(47.0)));
        assert_eq!(of("perf.page-faults"), (6, Some(54.0)));
        assert_eq!(of("perf.cycles"), (0, None));
        assert_eq!(stat.take_unread(), 0);
    }

    proptest! {
        #[test]
        fn anything_is_read_or_counted(line in ".{0,200}") {
            let (mut outlet, seen) = Outlet::to_memory("perf");
            let mut stat = Stat::new(1);
            stat.line_at(&mut outlet, &line, i64::MIN);
            outlet.flush();
            prop_assert!(line.trim().is_empty() || stat.take_unread() + seen.lines().len() as u64 <= 1);
        }
    }
}
