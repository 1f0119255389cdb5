//! Whether the agent is alive, and ready: for whoever restarts it, and for load balancers.

use serde_json::json;

use crate::server::{Body, Context, Module, Operation, Outcome, Problem, Request, Scope};

/// Serves `/healthz` and `/readyz`.
#[derive(Debug)]
pub struct Health;

static OPERATIONS: [Operation; 2] = [
    Operation {
        name: "health",
        method: "GET",
        path: "/healthz",
        scope: Scope::Open,
        summary: "Whether the agent is alive",
        describe: || json!({"responses": {"200": {"description": "It is alive."}}}),
    },
    Operation {
        name: "ready",
        method: "GET",
        path: "/readyz",
        scope: Scope::Open,
        summary: "Whether the agent takes work",
        describe: || {
            json!({"responses": {
                "200": {"description": "It takes work."},
                "503": {"description": "It is about to end."},
            }})
        },
    },
];

impl Module for Health {
    fn name(&self) -> &'static str {
        "health"
    }

    fn operations(&self) -> &'static [Operation] {
        &OPERATIONS
    }

    async fn handle(&self, request: Request, context: Context) -> Outcome {
        if request.operation.name == "ready" && context.ending().is_cancelled() {
            return Err(Problem::busy("the agent is about to end", std::time::Duration::from_secs(10)));
        }
        Ok(Body::of("text/plain; charset=utf-8", "ok\n"))
    }
}
