//! What the server counts about itself, as OpenMetrics text at `/metrics`.
//!
//! The format is that of <https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md>.

use std::fmt::Write;

use serde_json::json;

use crate::server::metrics::{Sample, Value};
use crate::server::{Body, Context, Module, Operation, Outcome, Request, Scope};

/// Serves `/metrics`.
#[derive(Debug)]
pub struct MetricsModule;

static OPERATIONS: [Operation; 1] = [Operation {
    name: "metrics",
    method: "GET",
    path: "/metrics",
    scope: Scope::Read,
    summary: "Counters and the server's own metrics, in OpenMetrics format",
    describe: || {
        json!({"responses": {"200": {
            "description": "OpenMetrics text.",
            "content": {"application/openmetrics-text": {"schema": {"type": "string"}}},
        }}})
    },
}];

impl Module for MetricsModule {
    fn name(&self) -> &'static str {
        "metrics"
    }

    fn operations(&self) -> &'static [Operation] {
        &OPERATIONS
    }

    async fn handle(&self, _request: Request, context: Context) -> Outcome {
        let text = open_metrics(context.observe());
        Ok(Body::of("application/openmetrics-text; version=1.0.0; charset=utf-8", text))
    }
}

/// Samples as OpenMetrics text.
pub fn open_metrics(mut samples: Vec<Sample>) -> String {
    let mut text = String::new();
    // All samples of a family have to lie together, under its head; the sort keeps their order.
    samples.sort_by_key(|sample| sample.family.name);
    let mut last = "";
    for sample in &samples {
        let family = sample.family;
        let name = family.metric();
        if family.name != last {
            last = family.name;
            let of = match sample.value {
                Value::Counter(_) => "counter",
                Value::Gauge(_) => "gauge",
                Value::Durations(_) => "histogram",
            };
            let _ = writeln!(text, "# TYPE {name} {of}");
            if !family.unit.is_empty() {
                let _ = writeln!(text, "# UNIT {name} {}", family.unit);
            }
            let _ = writeln!(text, "# HELP {name} {}.", escape(family.help));
        }
        let labels = |more: Option<(&str, String)>| {
            let all = sample.labels.iter().map(|(label, value)| (*label, value.clone())).chain(more);
            let all: Vec<String> = all.map(|(label, value)| format!("{label}=\"{}\"", escape(&value))).collect();
            if all.is_empty() { String::new() } else { format!("{{{}}}", all.join(",")) }
        };
        let _ = match &sample.value {
            Value::Counter(value) => writeln!(text, "{name}_total{} {value}", labels(None)),
            Value::Gauge(value) => writeln!(text, "{name}{} {value}", labels(None)),
            Value::Durations(counts) => {
                for (end, count) in counts.cumulative() {
                    let end = ("le", format!("{}", end.as_secs_f64()));
                    let _ = writeln!(text, "{name}_bucket{} {count}", labels(Some(end)));
                }
                let end = ("le", "+Inf".to_owned());
                let _ = writeln!(text, "{name}_bucket{} {}", labels(Some(end)), counts.count);
                let _ = writeln!(text, "{name}_sum{} {}", labels(None), counts.sum.as_secs_f64());
                writeln!(text, "{name}_count{} {}", labels(None), counts.count)
            }
        };
    }
    text.push_str("# EOF\n");
    text
}

/// Texts of labels and help, so that they end where they should.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
