//! What is asked of a script besides what it says itself: limits within those of the server, and the account.

use std::time::Duration;

use serde_json::{Value, json};

use crate::server::script::Limits;
use crate::server::{Problem, Request};

/// A limit that a client may set.
struct Settable {
    name: &'static str,
    /// From the least to the most, in its unit.
    range: (f64, f64),
    whole: bool,
    what: &'static str,
    get: fn(&Limits) -> f64,
    set: fn(&mut Limits, f64),
}

const LIMITS: &[Settable] = &[
    Settable {
        name: "cpu",
        range: (0.001, 30.0),
        whole: false,
        what: "Seconds of processor time",
        get: |limits| limits.cpu.as_secs_f64(),
        set: |limits, value| limits.cpu = Duration::from_secs_f64(value),
    },
    Settable {
        name: "wall",
        range: (0.001, 300.0),
        whole: false,
        what: "Seconds in all, waits included",
        get: |limits| limits.wall.as_secs_f64(),
        set: |limits, value| limits.wall = Duration::from_secs_f64(value),
    },
    Settable {
        name: "memory",
        range: (1e6, 256e6),
        whole: true,
        what: "Bytes of its values",
        get: |limits| limits.memory as f64,
        set: |limits, value| limits.memory = value as usize,
    },
    Settable {
        name: "output",
        range: (1.0, 64e6),
        whole: true,
        what: "Bytes that it may give out",
        get: |limits| limits.output as f64,
        set: |limits, value| limits.output = value as usize,
    },
    Settable {
        name: "calls",
        range: (0.0, 100e3),
        whole: true,
        what: "Questions that it may ask",
        get: |limits| limits.calls as f64,
        set: |limits, value| limits.calls = value as u64,
    },
];

/// What is asked of a script.
#[derive(Debug, Default)]
pub struct Wanted {
    /// What it may use.
    pub limits: Limits,
    /// Whether what it used is to be told.
    pub spent: bool,
}

impl Wanted {
    /// As the query of the URI has it.
    pub fn read(request: &Request) -> Result<Wanted, Problem> {
        let mut wanted = Wanted::default();
        for (name, text) in request.query() {
            if name == "spent" {
                wanted.spent = match &*text {
                    "1" => true,
                    "0" => false,
                    _ => return Err(Problem::invalid("`spent` is 0 or 1")),
                };
            }
            let Some(limit) = LIMITS.iter().find(|limit| limit.name == name) else { continue };
            let (least, most) = limit.range;
            let fits = |value: &f64| (least..=most).contains(value) && !(limit.whole && value.fract() != 0.0);
            let value = text.parse().ok().filter(fits).ok_or_else(|| {
                let of = if limit.whole { "whole number" } else { "number" };
                Problem::invalid(format!("`{name}` is a {of} from {least} to {most}"))
            })?;
            (limit.set)(&mut wanted.limits, value);
        }
        Ok(wanted)
    }
}

/// The parameters of the query, as OpenAPI describes them.
pub fn parameters() -> Vec<Value> {
    let usual = Limits::default();
    let limit = |limit: &Settable| {
        let number = |value: f64| if limit.whole { json!(value as u64) } else { json!(value) };
        json!({"name": limit.name, "in": "query", "description": format!("{}.", limit.what), "schema": {
            "type": if limit.whole { "integer" } else { "number" },
            "minimum": number(limit.range.0),
            "maximum": number(limit.range.1),
            "default": number((limit.get)(&usual)),
        }})
    };
    let spent = json!({"name": "spent", "in": "query", "description": "1: what it used is told in the last line.",
                       "schema": {"type": "integer", "enum": [0, 1]}});
    LIMITS.iter().map(limit).chain([spent]).collect()
}
