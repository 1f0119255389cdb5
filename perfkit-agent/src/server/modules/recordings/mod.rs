//! Recordings: what there is to record and with what, and recordings that are begun, told what to do, and looked at.
//!
//! Each is made by the same function as on the command line and in the window ([`crate::channel::conduct`]).

mod desk;
mod wanted;

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

pub use desk::{Desk, One, Phase, Word};
use wanted::{Wanted, attachable, rates};

use crate::channel::{Order, Subject};
use crate::server::access::Programs;
use crate::server::{
    Admission, Body, Context, Head, Keys, Mode, Module, Operation, Outcome, Problem, Reply, Request, Scope, Shelf,
};
use crate::session::clock::now;
use crate::source::{sources, told};
use crate::template::Template;

/// How long an order waits for those before it.
const TURN: Duration = Duration::from_secs(10);
/// The longest text of a bookmark, in bytes.
const TEXT: usize = 4096;

/// Serves `/v1/recordings`, and what it needs to be asked for.
#[derive(Debug)]
pub struct Recordings {
    desk: Desk,
    shelf: Shelf,
    programs: Programs,
}

impl Recordings {
    /// Recordings of this desk, into sessions of this shelf; `programs` says what may be started for others.
    pub fn new(desk: Desk, shelf: Shelf, programs: Programs) -> Recordings {
        Recordings { desk, shelf, programs }
    }
}

fn answers(status: &str, what: &str) -> Value {
    json!({status: {"description": what, "content": {"application/json": {"schema": {"type": "object"}}}}})
}

/// Many of them.
fn lists(what: &str) -> Value {
    let list = json!({"type": "array", "items": {"type": "object"}});
    json!({"responses": {"200": {"description": what, "content": {"application/json": {"schema": list}}}}})
}

fn of_one(body: Option<Value>) -> Value {
    let mut all = json!({"responses": answers("200", "How the recording goes.")});
    all["responses"]["404"] = json!({"description": "There is no such recording."});
    all["responses"]["409"] = json!({"description": "It is over."});
    if let Some(schema) = body {
        all["requestBody"] = json!({"content": {"application/json": {"schema": schema}}});
    }
    all
}

const fn operation(
    name: &'static str,
    (method, path): (&'static str, &'static str),
    scope: Scope,
    summary: &'static str,
    describe: fn() -> Value,
) -> Operation {
    Operation { name, method, path, scope, summary, describe }
}

static OPERATIONS: [Operation; 11] = [
    operation("sources", ("GET", "/v1/sources"), Scope::Read, "Where performance data can come from here", || {
        lists("Every source: name, about, usage, state, version, path, remedy, fastest.")
    }),
    operation("templates", ("GET", "/v1/templates"), Scope::Read, "Templates for recordings", || {
        lists("Every template: name, with, duration, environment.")
    }),
    operation("targets", ("GET", "/v1/targets"), Scope::Control, "Processes that can be attached to", || {
        lists("The processes of the agent's user: pid, name, command.")
    }),
    operation("recordings", ("GET", "/v1/recordings"), Scope::Read, "Recordings of this server", || {
        lists("Every recording, as each is told alone.")
    }),
    operation("record", ("POST", "/v1/recordings"), Scope::Control, "Begin a recording", || {
        let texts = json!({"type": "array", "items": {"type": "string"}});
        let schema = json!({"type": "object", "additionalProperties": false, "properties": {
            "program": {"type": "string"}, "args": texts, "pid": {"type": "integer"}, "with": texts,
            "environment": {"type": "object", "additionalProperties": {"type": "string"}},
            "folder": {"type": "string"}, "template": {"type": "string"}, "name": {"type": "string"},
            "seconds": {"type": "number", "exclusiveMinimum": 0},
        }});
        let mut responses = answers("201", "It has begun.");
        for (status, what) in [
            ("400", "What was asked for cannot be."),
            ("403", "The program is not on the list, or the process is another user's."),
            ("404", "There is no such program or process."),
            ("409", "There is a session of that name."),
        ] {
            responses[status] = json!({"description": what});
        }
        json!({"requestBody": {"required": true, "content": {"application/json": {"schema": schema}}}, "responses": responses})
    }),
    operation("recording", ("GET", "/v1/recordings/{name}"), Scope::Read, "How a recording goes", || of_one(None)),
    operation("pause", ("POST", "/v1/recordings/{name}/pause"), Scope::Control, "Pause a recording", || of_one(None)),
    operation("resume", ("POST", "/v1/recordings/{name}/resume"), Scope::Control, "Let it go on", || of_one(None)),
    operation(
        "stop",
        ("POST", "/v1/recordings/{name}/stop"),
        Scope::Control,
        "End a recording and its program",
        || of_one(None),
    ),
    operation("mark", ("POST", "/v1/recordings/{name}/bookmark"), Scope::Control, "Mark a moment or a stretch", || {
        of_one(Some(json!({"type": "object", "additionalProperties": false, "properties": {
            "text": {"type": "string", "maxLength": TEXT},
            "time": {"type": "integer", "description": "CLOCK_MONOTONIC nanoseconds; now where it is left out"},
            "duration": {"type": "integer", "minimum": 0, "description": "nanoseconds"},
        }})))
    }),
    operation(
        "rates",
        ("PATCH", "/v1/recordings/{name}/rates"),
        Scope::Control,
        "Change how often sources look",
        || {
            of_one(Some(json!({
                "type": "object", "description": "looks a second, by source",
                "additionalProperties": {"type": "number", "exclusiveMinimum": 0},
            })))
        },
    ),
];

/// The body of a bookmark.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Mark {
    text: String,
    time: Option<i64>,
    duration: i64,
}

impl Module for Recordings {
    fn name(&self) -> &'static str {
        "recordings"
    }

    fn operations(&self) -> &'static [Operation] {
        &OPERATIONS
    }

    fn classify(&self, head: &Head<'_>) -> Admission {
        match head.operation.method {
            // Orders to one recording come one after the other. Into which session a new one goes its head does not tell.
            "POST" | "PATCH" if !head.param("name").is_empty() => {
                Admission::Partition { keys: Shelf::keys(head.param("name")), mode: Mode::Exclusive, max_wait: TURN }
            }
            _ => Admission::Now,
        }
    }

    async fn handle(&self, mut request: Request, context: Context) -> Outcome {
        let name = request.operation.name;
        match name {
            "sources" => {
                let all = context.block(|| Ok(sources().iter().map(|source| told(&**source)).collect::<Vec<_>>()));
                return Ok(Body::json(&all.await?));
            }
            "templates" => return Ok(Body::json(&context.block(templates).await?)),
            "targets" => return Ok(Body::json(&context.block(targets).await?)),
            "recordings" => {
                let all: Vec<Value> = self.desk.list().iter().map(|one| one.told()).collect();
                return Ok(Body::json(&all));
            }
            "record" => return self.record(request, context).await,
            _ => {}
        }
        let one = self.desk.get(request.param("name"));
        let one = one.ok_or_else(|| Problem::missing(format!("there is no recording {}", request.param("name"))))?;
        let word = match name {
            "pause" => Word::Order(Order::Pause),
            "resume" => Word::Order(Order::Resume),
            "stop" => Word::Order(Order::Stop),
            "mark" => {
                let Mark { text, time, duration } = request.json().await?;
                let begin = time.unwrap_or_else(now);
                if text.len() > TEXT || duration < 0 || begin.checked_add(duration).is_none() {
                    return Err(Problem::invalid(format!(
                        "a bookmark ends after its begin, with at most {TEXT} bytes"
                    )));
                }
                Word::Bookmark(begin, duration, text)
            }
            "rates" => {
                let asked: BTreeMap<String, f64> = request.json().await?;
                rates(&asked, &one.sources, &sources())?;
                Word::Rates(asked)
            }
            _ => return Ok(Body::json(&one.told())),
        };
        if !one.tell(word) && name != "stop" {
            return Err(Problem::new(StatusCode::CONFLICT, format!("the recording {} is over", one.name)));
        }
        match name {
            "stop" => drop(one.reached(Phase::Ended).await),
            "pause" | "resume" => settled(&one, name == "pause").await,
            _ => {}
        }
        Ok(Body::json(&one.told()))
    }
}

impl Recordings {
    async fn record(&self, mut request: Request, context: Context) -> Outcome {
        let wanted: Wanted = request.json().await?;
        let (identity, programs, shelf) = (request.identity.clone(), self.programs.clone(), self.shelf.clone());
        let meant = context.block(move || wanted.meant(&identity, &programs, &shelf, &sources())).await?;
        // Two that attach to one process at a time would both see the other one come.
        let key = match &meant.plan.subject {
            Subject::Attach(pid) => format!("target:{pid}"),
            Subject::Start(_) => format!("session:{}", Shelf::name(&meant.output)),
        };
        let _entry = context.enter(Keys::one(key), Mode::Exclusive).await?;
        let one = self.desk.begin(meant)?;
        if one.reached(Phase::Recording).await == Phase::Failed
            && let Some(error) = one.error()
        {
            return Err(error.into());
        }
        let mut reply: Reply = Body::json(&one.told());
        *reply.status_mut() = StatusCode::CREATED;
        Ok(reply)
    }
}

/// Waits a little until it is paused, or is not: an order is looked at several times a second.
async fn settled(one: &One, paused: bool) {
    for _ in 0..100 {
        if one.paused() == paused || !one.is_open() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn templates() -> Result<Vec<Value>, Problem> {
    let told = |name: &String| match Template::load(name) {
        Ok(template) => {
            let mut value = serde_json::to_value(template).unwrap_or_default();
            value["name"] = name.as_str().into();
            value
        }
        Err(error) => json!({"name": name, "error": error.to_string()}),
    };
    Ok(Template::names()?.iter().map(told).collect())
}

/// The processes of our user, but for this one and its threads.
fn targets() -> Result<Vec<Value>, Problem> {
    let read = std::fs::read_dir("/proc").map_err(crate::Error::file("read", "/proc".as_ref()))?;
    let uid = nix::unistd::geteuid().as_raw();
    let pids = read.flatten().filter(|entry| entry.metadata().is_ok_and(|found| found.uid() == uid));
    let mut pids: Vec<i32> = pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    pids.sort_unstable();
    pids.retain(|pid| *pid != std::process::id() as i32 && attachable(*pid).is_ok());
    let told = |pid: i32| {
        let words = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        // A thread of the kernel has none.
        let words: Vec<_> = words.split(|byte| *byte == 0).filter(|word| !word.is_empty()).collect();
        let command = String::from_utf8_lossy(&words.join(&b' ')).into_owned();
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
        (!command.is_empty()).then(|| json!({"pid": pid, "name": name.trim_end(), "command": command}))
    };
    Ok(pids.into_iter().filter_map(told).collect())
}
