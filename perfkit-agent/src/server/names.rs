//! What the server's samples are called as counters of a session: by the source `agent` that writes them, and by who
//! reads them there.
//!
//! A sample is called as its family, with its labels sorted as in SOURCES.md: `agent.requests.class=2xx.module=health`.
//! Durations are several: `.count` and `.sum` of all, and `.bucket` with a label `le`, the bucket's upper end in
//! nanoseconds, for those in that bucket alone. Times are in nanoseconds, as all of a session.

use std::time::Duration;

use super::metrics::{FAMILIES, Family, Sample, Value};
pub use crate::source::line_format::dotted;
use crate::source::{NameInfo, Semantics};

/// The label of a bucket: its upper end.
const END: &str = "le";

/// Which of the numbers of a sample it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The only one.
    Value,
    /// How many durations.
    Count,
    /// All durations together, in nanoseconds.
    Sum,
    /// How many are in the bucket that ends at so many nanoseconds.
    Bucket(u64),
}

/// What a counter of a session was as a sample.
#[derive(Clone, Debug)]
pub struct Named {
    /// Its family.
    pub family: &'static Family,
    /// Which of its numbers.
    pub part: Part,
    /// The labels that tell it apart within its family, sorted.
    pub labels: Vec<(String, String)>,
}

impl Named {
    /// Reads a counter's name; `None` where it is of no family of a server.
    pub fn read(name: &str) -> Option<Named> {
        let rest = |family: &&'static Family| {
            let rest = name.strip_prefix(family.name)?;
            let whole = rest.is_empty() || rest.starts_with('.');
            whole.then_some((*family, rest))
        };
        // `agent.requests` begins others, too.
        let (family, rest) = FAMILIES.iter().filter_map(rest).max_by_key(|(family, _)| family.name.len())?;
        let (mut part, mut labels) = (Part::Value, Vec::new());
        for element in rest.split('.').skip(1) {
            match (element.split_once('='), element) {
                (Some((END, end)), _) => part = Part::Bucket(end.parse().ok()?),
                (Some((label, value)), _) => labels.push((label.to_owned(), value.to_owned())),
                (None, "count") => part = Part::Count,
                (None, "sum") => part = Part::Sum,
                (None, "bucket") => {}
                _ => return None,
            }
        }
        Some(Named { family, part, labels })
    }

    /// The value of a label; empty where it has none of that name.
    pub fn label(&self, name: &str) -> &str {
        self.labels.iter().find(|(label, _)| label == name).map_or("", |(_, value)| value)
    }
}

impl Sample {
    /// Its numbers as counters of a session. A value whose labels are too long for a name is left out.
    pub fn counters(&self) -> Vec<(NameInfo, f64)> {
        let mut all = Vec::new();
        let of_time = self.family.unit == "seconds";
        let unit = if of_time { "ns" } else { self.family.unit };
        let mut add = |part: &str, end: Option<Duration>, semantics, unit: &str, value| {
            let end = end.map(|end| (END.to_owned(), end.as_nanos().to_string()));
            let labels = self.labels.iter().map(|(label, value)| ((*label).to_owned(), value.clone()));
            let mut labels: Vec<(String, String)> = labels.chain(end).collect();
            if let Ok(name) = dotted(&format!("{}{part}", self.family.name), &mut labels) {
                let doc = self.family.help.to_owned();
                all.push((NameInfo { name, semantics, unit: unit.to_owned(), doc }, value));
            }
        };
        let scaled = |value: f64| if of_time { value * 1e9 } else { value };
        match &self.value {
            Value::Counter(value) => add("", None, Semantics::Counter, unit, scaled(*value)),
            Value::Gauge(value) => add("", None, Semantics::Gauge, unit, scaled(*value)),
            Value::Durations(counts) => {
                add(".count", None, Semantics::Counter, "", counts.count as f64);
                add(".sum", None, Semantics::Counter, "ns", counts.sum.as_nanos() as f64);
                let mut before = 0;
                for (end, count) in counts.cumulative() {
                    if count > before {
                        add(".bucket", Some(end), Semantics::Counter, "", (count - before) as f64);
                    }
                    before = count;
                }
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::super::histogram::Histogram;
    use super::super::metrics::{PARTITION_WAITING, REQUESTS, REQUESTS_LATENCY, REQUESTS_OPEN, WORKER_BUSY};
    use super::*;

    fn sample(family: &'static Family, labels: &[(&'static str, &str)], value: Value) -> Sample {
        Sample { family, labels: labels.iter().map(|(label, value)| (*label, (*value).to_owned())).collect(), value }
    }

    #[test]
    fn a_sample_is_found_again_by_its_name() {
        let health = [("module", "health"), ("class", "2xx")];
        for (sample, name, value) in [
            (sample(&REQUESTS, &health, Value::Counter(3.0)), "agent.requests.class=2xx.module=health", 3.0),
            (sample(&REQUESTS_OPEN, &[], Value::Gauge(2.0)), "agent.requests.open", 2.0),
            (sample(&WORKER_BUSY, &[("worker", "0")], Value::Counter(0.5)), "agent.worker.busy.worker=0", 5e8),
            (
                sample(&PARTITION_WAITING, &[("partition", "session:a b.perfkit")], Value::Gauge(1.0)),
                "agent.partition.waiting.partition=session:a_b_perfkit",
                1.0,
            ),
        ] {
            let counters = sample.counters();
            let [(info, of)] = counters.as_slice() else { panic!("{counters:?}") };
            assert_eq!((info.name.as_str(), *of), (name, value));
            let named = Named::read(&info.name).unwrap();
            assert_eq!((named.family.name, named.part), (sample.family.name, Part::Value));
            assert_eq!(named.labels.len(), sample.labels.len());
        }
    }

    #[test]
    fn durations_are_their_number_their_sum_and_their_buckets() {
        let histogram = Histogram::new();
        [1, 1, 900].iter().for_each(|millis| histogram.record(Duration::from_millis(*millis)));
        let all = sample(&REQUESTS_LATENCY, &[("module", "health")], Value::Durations(histogram.counts())).counters();
        let read = |(info, value): &(NameInfo, f64)| {
            let named = Named::read(&info.name).unwrap();
            assert_eq!((named.family.name, named.label("module")), ("agent.requests.latency", "health"));
            (named.part, *value)
        };
        let all: Vec<_> = all.iter().map(read).collect();
        let (one, other) = (Part::Bucket(1 << 20), Part::Bucket(1 << 30));
        assert_eq!(all, [(Part::Count, 3.0), (Part::Sum, 902e6), (one, 2.0), (other, 1.0)]);
    }

    #[test]
    fn other_counters_are_none_of_a_server() {
        for name in ["agent.", "agent.requestsx", "proc.cpu.user", "agent.requests.more", "agent.requests.le=x"] {
            assert!(Named::read(name).is_none(), "{name}");
        }
    }
}
