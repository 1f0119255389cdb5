//! The description of all that is served, as OpenAPI 3.1: made of the modules' own tables, so that it cannot say
//! otherwise than they do. The format is that of <https://spec.openapis.org/oas/v3.1.1>.

use serde_json::{Map, Value, json};

use crate::server::{Body, Context, Module, Operation, Outcome, Request, Scope};

/// Serves `/v1/openapi.json`.
#[derive(Debug)]
pub struct OpenApi;

static OPERATIONS: [Operation; 1] = [Operation {
    name: "openapi",
    method: "GET",
    path: "/v1/openapi.json",
    scope: Scope::Read,
    summary: "This description",
    describe: || {
        json!({"responses": {"200": {
            "description": "An OpenAPI 3.1 document.",
            "content": {"application/json": {"schema": {"type": "object"}}},
        }}})
    },
}];

impl Module for OpenApi {
    fn name(&self) -> &'static str {
        "openapi"
    }

    fn operations(&self) -> &'static [Operation] {
        &OPERATIONS
    }

    fn schemas(&self) -> Vec<(&'static str, Value)> {
        let problem = json!({
            "type": "object",
            "description": "Problem details, RFC 9457.",
            "required": ["title", "status", "detail"],
            "properties": {
                "title": {"type": "string"},
                "status": {"type": "integer", "minimum": 400, "maximum": 599},
                "detail": {"type": "string", "description": "One line for people: the thing and the remedy."},
                "code": {"type": "string", "description": "A word for programs, where the status does not say it all."},
            },
        });
        vec![("Problem", problem)]
    }

    async fn handle(&self, _request: Request, context: Context) -> Outcome {
        Ok(Body::json(&document(context.operations(), context.schemas())))
    }
}

/// The description of operations, each with the name of its module.
pub fn document(
    operations: impl Iterator<Item = (&'static str, &'static Operation)>,
    schemas: impl Iterator<Item = (&'static str, Value)>,
) -> Value {
    let mut paths = Map::new();
    for (module, operation) in operations {
        let path = paths.entry(plain(operation.path)).or_insert_with(|| json!({}));
        path[operation.method.to_lowercase()] = described(module, operation);
    }
    let schemas: Map<String, Value> = schemas.map(|(name, schema)| (name.to_owned(), schema)).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "perfkit-agent",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A machine that is watched and profiled from elsewhere. Times are nanoseconds of \
                            CLOCK_MONOTONIC unless something else is said.",
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {"Problem": {
                "description": "Why it was not served.",
                "content": problem(),
            }},
            "securitySchemes": {"token": {
                "type": "http",
                "scheme": "bearer",
                "description": "A token of `perfkit-agent token make`. A Unix socket needs none of its owner, and a \
                                certificate may stand in its place.",
            }},
        },
    })
}

/// An operation with all that the table and the container say of it.
fn described(module: &'static str, operation: &'static Operation) -> Value {
    let mut all = (operation.describe)();
    all["operationId"] = operation.name.into();
    all["summary"] = operation.summary.into();
    all["tags"] = json!([module]);
    if operation.scope == Scope::Open {
        all["security"] = json!([]);
    } else {
        all["security"] = json!([{"token": []}]);
        all["description"] = format!("Needs the scope `{}`.", operation.scope.name()).into();
    }
    for name in parameters(operation.path) {
        let parameters = all.as_object_mut().map(|all| all.entry("parameters").or_insert_with(|| json!([])));
        if let Some(Value::Array(parameters)) = parameters
            && !parameters.iter().any(|known| known["in"] == "path" && known["name"] == name)
        {
            parameters.push(json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}));
        }
    }
    for (status, response) in all["responses"].as_object_mut().into_iter().flatten() {
        if status.as_str() >= "4" && response.get("content").is_none() {
            response["content"] = problem();
        }
    }
    // Anything may be refused by the guard or by a limit.
    all["responses"]["default"] = json!({"$ref": "#/components/responses/Problem"});
    all
}

/// What says why something was not served.
fn problem() -> Value {
    json!({"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}})
}

/// The parts of a path that vary.
fn parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| name.trim_start_matches('*'))
}

/// A path as OpenAPI has it, which knows no parts that take all the rest.
fn plain(path: &str) -> String {
    path.replace("{*", "{")
}
