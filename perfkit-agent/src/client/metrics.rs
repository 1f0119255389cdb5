//! What an agent tells at `/metrics` about its server, as counters of a session.

use std::collections::HashMap;

use crate::server::metrics::{FAMILIES, Family};
use crate::server::names::dotted;
use crate::source::{NameInfo, Semantics};

/// What OpenMetrics has behind a counter's name, and behind those of durations.
const TOTAL: &str = "_total";
const BUCKET: &str = "_bucket";
const COUNT: &str = "_count";
const SUM: &str = "_sum";

/// The counters that a page of `/metrics` has of the server, as [`crate::server::metrics::Sample::counters`] gives them
/// there; lines about anything else are passed over.
pub fn counters(page: &str) -> Vec<(NameInfo, f64)> {
    let named = |family: &&'static Family| (family.metric(), *family);
    let families: HashMap<String, &'static Family> = FAMILIES.iter().map(named).collect();
    let mut all = Vec::new();
    // Buckets have those of all shorter durations in them, too.
    let mut shorter: Option<(String, f64)> = None;
    for line in page.lines() {
        let Some((name, mut labels, value)) = sample(line) else { continue };
        let known = |suffix: &str| families.get(name.strip_suffix(suffix)?).copied();
        let (family, part, semantics) = if let Some(family) = known(TOTAL) {
            (family, "", Semantics::Counter)
        } else if let Some(family) = known("") {
            (family, "", Semantics::Gauge)
        } else if let Some((family, part)) = [(BUCKET, ".bucket"), (COUNT, ".count"), (SUM, ".sum")]
            .iter()
            .find_map(|(suffix, part)| Some((known(suffix)?, *part)))
        {
            (family, part, Semantics::Counter)
        } else {
            continue;
        };
        let mut value = value;
        if part == ".bucket" {
            let Some(end) = labels.iter_mut().find(|(label, _)| label == "le") else { continue };
            let Some(seconds) = end.1.parse().ok().filter(|seconds: &f64| seconds.is_finite()) else { continue };
            end.1 = format!("{:.0}", seconds * 1e9);
            let others = labels.iter().filter(|(label, _)| label != "le");
            let of = others.fold(name.to_owned(), |of, (label, value)| format!("{of} {label} {value}"));
            let before = shorter.take().filter(|(known, _)| *known == of).map_or(0.0, |(_, count)| count);
            shorter = Some((of, value));
            value -= before;
            if value <= 0.0 {
                continue;
            }
        }
        let is_time = family.unit == "seconds" && matches!(part, "" | ".sum");
        let unit = match (part, family.unit) {
            (".bucket" | ".count", _) => "",
            (_, "seconds") => "ns",
            (_, unit) => unit,
        };
        if let Ok(name) = dotted(&format!("{}{part}", family.name), &mut labels) {
            let (unit, doc) = (unit.to_owned(), family.help.to_owned());
            all.push((NameInfo { name, semantics, unit, doc }, if is_time { value * 1e9 } else { value }));
        }
    }
    all
}

/// A line's name, labels and value.
type Read<'a> = (&'a str, Vec<(String, String)>, f64);

/// Reads a line; `None` for what is no sample.
fn sample(line: &str) -> Option<Read<'_>> {
    let name = line.split(['{', ' ']).next().filter(|name| !name.is_empty() && !name.starts_with('#'))?;
    let mut rest = &line[name.len()..];
    let mut labels = Vec::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        while !rest.starts_with('}') {
            let (label, after) = rest.trim_start_matches(',').split_once("=\"")?;
            let (value, after) = quoted(after)?;
            labels.push((label.to_owned(), value));
            rest = after;
        }
        rest = &rest[1..];
    }
    let value = rest.split_whitespace().next()?.parse().ok().filter(|value: &f64| value.is_finite())?;
    Some((name, labels, value))
}

/// A text up to its quotation mark, and what comes after that.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match letters.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::server::Histogram;
    use crate::server::metrics::{PARTITION_LONGEST, REQUESTS, REQUESTS_LATENCY, RUNTIME_TASKS, Sample, Samples};
    use crate::server::modules::open_metrics;

    fn samples() -> Vec<Sample> {
        let mut all = Samples::default();
        let histogram = Histogram::new();
        [1, 1, 7, 900].iter().for_each(|millis| histogram.record(Duration::from_millis(*millis)));
        for module in ["health", "ses.sions"] {
            let module = ("module", module.to_owned());
            all.counter(&REQUESTS, &[module.clone(), ("class", "2xx".to_owned())], 7.0);
            all.durations(&REQUESTS_LATENCY, &[module], histogram.counts());
        }
        all.gauge(&PARTITION_LONGEST, &[("partition", "session:a \"b\"\\\n.perfkit".to_owned())], 0.25);
        all.gauge(&RUNTIME_TASKS, &[], 12.0);
        all.0
    }

    #[test]
    fn a_page_has_the_counters_of_the_samples_that_it_was_made_of() {
        let mut expected: Vec<_> = samples().iter().flat_map(Sample::counters).collect();
        let mut read = counters(&open_metrics(samples()));
        expected.sort_by(|a, b| a.0.name.cmp(&b.0.name));
        read.sort_by(|a, b| a.0.name.cmp(&b.0.name));
        assert_eq!(read.len(), expected.len());
        for (one, other) in read.iter().zip(&expected) {
            assert_eq!(one.0, other.0);
            assert!((one.1 - other.1).abs() <= other.1 * 1e-9, "{}: {} {}", one.0.name, one.1, other.1);
        }
    }

    #[test]
    fn what_is_no_sample_of_a_server_is_passed_over() {
        let page =
            "# HELP x y\nx 1\nperfkit_agent_requests_total{module=\"a 3\nperfkit_agent_runtime_tasks NaN\n# EOF\n";
        assert!(counters(page).is_empty());
    }

    proptest! {
        #[test]
        fn any_page_is_read(page in "(perfkit_agent_requests(_total|_latency_seconds_bucket)?(\\{[a-z=\",\\\\]{0,12}\\}?)? [0-9.eN-]{0,5}\n){0,4}") {
            counters(&page);
        }
    }
}
