//! What this agent is: for whoever connects to it first.

use serde_json::json;

use crate::server::{Body, Context, Module, Operation, Outcome, Request, Scope};
use crate::session::clock::now;

/// Serves `/v1/agent`.
#[derive(Debug)]
pub struct About;

static OPERATIONS: [Operation; 1] = [Operation {
    name: "agent",
    method: "GET",
    path: "/v1/agent",
    scope: Scope::Read,
    summary: "What this agent is, and what it can do",
    describe: || {
        json!({"responses": {"200": {
            "description": "The agent.",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Agent"}}},
        }}})
    },
}];

impl Module for About {
    fn name(&self) -> &'static str {
        "agent"
    }

    fn operations(&self) -> &'static [Operation] {
        &OPERATIONS
    }

    fn schemas(&self) -> Vec<(&'static str, serde_json::Value)> {
        let of = |what: &str| json!({"type": what});
        let agent = json!({
            "type": "object",
            "required": ["version", "hostname", "features", "processors", "monotonic"],
            "properties": {
                "version": of("string"),
                "hostname": of("string"),
                "features": {"type": "array", "items": of("string"), "description": "The modules that it serves."},
                "processors": {"type": "integer", "minimum": 1},
                "monotonic": {"type": "integer", "description": "Its CLOCK_MONOTONIC at this moment, in nanoseconds: the clock of all times here."},
            },
        });
        vec![("Agent", agent)]
    }

    async fn handle(&self, _request: Request, context: Context) -> Outcome {
        let mut features: Vec<&str> = context.operations().map(|(module, _)| module).collect();
        features.dedup();
        let system = nix::sys::utsname::uname().ok();
        let hostname = system.as_ref().map(|system| system.nodename().to_string_lossy()).unwrap_or_default();
        Ok(Body::json(&json!({
            "version": env!("CARGO_PKG_VERSION"),
            "hostname": hostname,
            "features": features,
            "processors": std::thread::available_parallelism().map_or(1, usize::from),
            "monotonic": now(),
        })))
    }
}
