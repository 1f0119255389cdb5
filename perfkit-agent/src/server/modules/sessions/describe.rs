//! The table of what is served of sessions, and the schemas of it.

use serde_json::{Value, json};

use crate::server::{Operation, Scope};

pub static OPERATIONS: [Operation; 11] = [
    Operation {
        name: "sessions",
        method: "GET",
        path: "/v1/sessions",
        scope: Scope::Read,
        summary: "All sessions",
        describe: || answered("200", "The sessions by name.", of_list("sessions", "File")),
    },
    Operation {
        name: "session",
        method: "GET",
        path: "/v1/sessions/{name}",
        scope: Scope::Read,
        summary: "What a session is, where it comes from, and what was lost",
        describe: || about(answered("200", "The session.", reference("Session")), &[]),
    },
    Operation {
        name: "delete",
        method: "DELETE",
        path: "/v1/sessions/{name}",
        scope: Scope::Control,
        summary: "Remove a session; one that is being recorded is refused",
        describe: || about(json!({"responses": {"204": {"description": "It is removed."}}}), &[]),
    },
    Operation {
        name: "query",
        method: "POST",
        path: "/v1/sessions/{name}/query",
        scope: Scope::Read,
        summary: "Answer SQL, in one piece or, with `Accept: application/x-ndjson`, as lines",
        describe: || {
            let mut all = about(answered("200", "The answer.", reference("Rows")), &[]);
            all["responses"]["200"]["content"]["application/x-ndjson"]["schema"] = json!({
                "type": "string",
                "description": "A line with `columns`, an array for each row, and a line with how many `rows` there were, \
                                whether there are `more`, and what was `damaged`; or one with an `error`.",
            });
            all["requestBody"] = body("Query");
            all
        },
    },
    Operation {
        name: "names",
        method: "GET",
        path: "/v1/sessions/{name}/names",
        scope: Scope::Read,
        summary: "Dotted names that begin with a prefix",
        describe: || {
            let whole = |least: u64, most: u64| json!({"type": "integer", "minimum": least, "maximum": most});
            let parameters = [
                ("prefix", "What they begin with.", json!({"type": "string"})),
                (
                    "dots",
                    "How many dots they have; as many as the prefix, where it is not told.",
                    whole(0, u32::MAX.into()),
                ),
                ("limit", "How many at most; 100 where it is not told.", whole(1, 10_000)),
            ];
            about(answered("200", "The names, sorted.", of_list("names", "Name")), &parameters)
        },
    },
    Operation {
        name: "series",
        method: "GET",
        path: "/v1/sessions/{name}/series",
        scope: Scope::Read,
        summary: "Its series: tables of rows, each with its columns",
        describe: || about(answered("200", "The series.", of_list("series", "Series")), &[]),
    },
    Operation {
        name: "report",
        method: "GET",
        path: "/v1/sessions/{name}/report",
        scope: Scope::Read,
        summary: "What was slow, and why",
        describe: || {
            let parameters = [
                (
                    "from",
                    "What ends before is left out; in seconds from the session's begin.",
                    json!({"type": "number"}),
                ),
                ("to", "What begins after is left out.", json!({"type": "number"})),
            ];
            about(answered("200", "The report, as REPORT.md describes it.", reference("Report")), &parameters)
        },
    },
    Operation {
        name: "download",
        method: "GET",
        path: "/v1/sessions/{name}/download",
        scope: Scope::Read,
        summary: "The session as a file, whole or in part, as of one moment",
        describe: || {
            let file = |what: &str| json!({"description": what, "content": {"application/x-perfkit": {"schema": {}}}});
            let mut all = about(
                json!({"responses": {
                    "200": file("All of it. Its `ETag` is another one when the session has changed."),
                    "206": file("The part that was asked for."),
                    "304": {"description": "It is as `If-None-Match` has it."},
                }}),
                &[],
            );
            for (name, what) in [
                ("Range", "One part, as `bytes=0-99`."),
                ("If-Range", "Gives all of it where its `ETag` is another one."),
                ("If-None-Match", "Gives nothing where its `ETag` is this."),
            ] {
                push(
                    &mut all,
                    json!({"name": name, "in": "header", "description": what, "schema": {"type": "string"}}),
                );
            }
            all
        },
    },
    Operation {
        name: "bookmarks",
        method: "GET",
        path: "/v1/sessions/{name}/bookmarks",
        scope: Scope::Read,
        summary: "Moments that somebody marked",
        describe: || about(answered("200", "The bookmarks, by time.", of_list("bookmarks", "Bookmark")), &[]),
    },
    Operation {
        name: "bookmark",
        method: "POST",
        path: "/v1/sessions/{name}/bookmarks",
        scope: Scope::Control,
        summary: "Mark a moment",
        describe: || {
            let mut all = about(answered("201", "The bookmark.", reference("Bookmark")), &[]);
            all["requestBody"] = body("NewBookmark");
            all
        },
    },
    Operation {
        name: "unmark",
        method: "DELETE",
        path: "/v1/sessions/{name}/bookmarks/{id}",
        scope: Scope::Control,
        summary: "Remove a bookmark",
        describe: || {
            let mut all = about(answered("200", "What it was.", reference("Bookmark")), &[]);
            push(&mut all, json!({"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}}));
            all
        },
    },
];

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn of_list(member: &str, name: &str) -> Value {
    json!({"type": "object", "required": [member], "properties": {member: {"type": "array", "items": reference(name)}}})
}

fn answered(status: &str, what: &str, schema: Value) -> Value {
    json!({"responses": {status: {"description": what, "content": {"application/json": {"schema": schema}}}}})
}

fn body(name: &str) -> Value {
    json!({"required": true, "content": {"application/json": {"schema": reference(name)}}})
}

/// What is about one session, with these parameters of the query.
fn about(mut all: Value, parameters: &[(&str, &str, Value)]) -> Value {
    let mut list = vec![json!({
        "name": "name",
        "in": "path",
        "required": true,
        "description": "The session's name: that of its file without `.perfkit`.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    })];
    list.extend(
        parameters
            .iter()
            .map(|(name, what, schema)| json!({"name": name, "in": "query", "description": what, "schema": schema})),
    );
    all["parameters"] = list.into();
    all
}

fn push(all: &mut Value, parameter: Value) {
    if let Some(parameters) = all["parameters"].as_array_mut() {
        parameters.push(parameter);
    }
}

/// The schemas that the table refers to.
pub fn schemas() -> Vec<(&'static str, Value)> {
    let (text, whole, truth) = (json!({"type": "string"}), json!({"type": "integer"}), json!({"type": "boolean"}));
    let orno = |what: &str| json!({"type": [what, "null"]});
    let list = |of: &Value| json!({"type": "array", "items": of});
    let any = json!({"type": "array", "items": {"type": "object"}});
    let object = |members: &[(&str, &Value)]| {
        let names: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
        let properties: serde_json::Map<String, Value> =
            members.iter().map(|(name, schema)| ((*name).to_owned(), (*schema).clone())).collect();
        json!({"type": "object", "required": names, "properties": properties})
    };
    let open = json!({"type": "boolean", "description": "Whether it is being written, or was cut off while it was."});
    let file = [("name", &text), ("bytes", &whole), ("modified", &whole), ("open", &open)];
    let source = object(&[("name", &text), ("spec", &text), ("error", &orno("string"))]);
    let facts = json!({"type": "object", "additionalProperties": text});
    let session = [
        ("recording", &truth),
        ("origin", &whole),
        ("end", &whole),
        ("facts", &facts),
        ("sources", &list(&source)),
        ("notes", &any),
        ("drops", &any),
    ];
    let column = object(&[("name", &text), ("type", &text), ("unit", &text), ("doc", &text)]);
    let series = [("name", &text), ("doc", &text), ("shape", &text), ("rows", &whole), ("columns", &list(&column))];
    let name = [("name", &text), ("depth", &whole), ("semantics", &orno("string")), ("unit", &text), ("doc", &text)];
    let rows = json!({"type": "array", "items": {"type": "array", "items": {"type": ["null", "number", "string"]}}});
    let rows = [("columns", &list(&text)), ("rows", &rows), ("more", &truth), ("damaged", &list(&text))];
    let value = json!({"type": ["null", "boolean", "number", "string"]});
    let query = json!({
        "type": "object",
        "required": ["sql"],
        "additionalProperties": false,
        "properties": {
            "sql": {"type": "string", "description": "One SELECT; SESSION.md has the tables."},
            "params": {"description": "What stands for `?`, or by name for `:name`.", "oneOf": [
                {"type": "array", "items": value},
                {"type": "object", "additionalProperties": value},
            ]},
            "limit": {"type": ["integer", "null"], "minimum": 0, "maximum": 100_000, "description": "Rows at most; 1000, and all as lines, where it is not told."},
        },
        "examples": [{"sql": "SELECT name, count(*) FROM syscalls WHERE duration > ? GROUP BY name", "params": [1_000_000]}],
    });
    let mark =
        |least: i64, what: &str| json!({"type": "integer", "minimum": least, "maximum": i64::MAX, "description": what});
    let new = json!({
        "type": "object",
        "required": ["time"],
        "additionalProperties": false,
        "properties": {
            "time": mark(i64::MIN, "In nanoseconds of CLOCK_MONOTONIC, as `origin` of the session."),
            "duration": mark(0, "In nanoseconds; 0 for a moment."),
            "text": text,
        },
    });
    let report =
        json!({"type": "object", "required": ["session", "subject", "origin", "frames", "slow_frames", "costs"]});
    vec![
        ("File", object(&file)),
        ("Session", object(&file.into_iter().chain(session).collect::<Vec<_>>())),
        ("Series", object(&series)),
        ("Name", object(&name)),
        ("Query", query),
        ("Rows", object(&rows)),
        ("Report", report),
        ("Bookmark", object(&[("id", &whole), ("time", &whole), ("duration", &whole), ("text", &text)])),
        ("NewBookmark", new),
    ]
}
