//! Scripts of clients, run over one session or over all that the agent has; what they give out is sent while they run.
//!
//! A script holds no place at a session: it enters one for each question. Whoever goes away ends their script with it.

mod host;
mod wanted;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use tokio::sync::{OnceCell, mpsc};
use tokio::time::{Instant, timeout_at};
use tokio_util::task::AbortOnDropHandle;

use super::recordings::Desk;
use crate::server::metrics::Samples;
use crate::server::script::{Code, Config, Sandbox, ScriptError, Spent};
use crate::server::{
    Admission, Body, Context, Head, Module, Operation, Outcome, Problem, Reply, Request, Scope, Sender, Shelf,
};
use host::Answers;
use wanted::Wanted;

/// What scripts are sent as: the name of RFC 9239, and the one before it.
const MEDIA: [&str; 2] = ["text/javascript", "application/javascript"];
/// What they give out.
const LINES: &str = "application/x-ndjson";
/// Bytes that were read for a script.
pub const READ: HeaderName = HeaderName::from_static("x-perfkit-read-bytes");
/// Bytes of the body that it was answered with.
pub const SENT: HeaderName = HeaderName::from_static("x-perfkit-sent-bytes");
/// How it ended: `done`, or the code of why it failed.
pub const ENDED: HeaderName = HeaderName::from_static("x-perfkit-ended");
/// The same, as they are announced where they come after the body.
const TRAILERS: HeaderValue = HeaderValue::from_static("x-perfkit-read-bytes, x-perfkit-sent-bytes, x-perfkit-ended");
/// What ends so soon is sent in one piece, with its length.
const SOON: Duration = Duration::from_millis(100);
/// Bytes that are sent together.
const PIECE: usize = 64 << 10;
/// A script that gives out nothing for so long has its reply begun all the same.
const SILENT: Duration = Duration::from_secs(5);
/// Lines, and pieces of them, that wait to be sent; the script is stopped while there are more.
const AHEAD: (usize, usize) = (64, 2);
/// What answers to a script may take beyond its own time, which tells better what was too long.
const GRACE: Duration = Duration::from_secs(1);

/// Serves `/v1/script` and `/v1/sessions/{name}/script`. A clone is the same.
#[derive(Clone, Debug)]
pub struct Scripts {
    shelf: Shelf,
    desk: Desk,
    /// Made for the first script, so that an agent without any has no process beside it.
    sandbox: Arc<OnceCell<Arc<Sandbox>>>,
}

impl Scripts {
    /// Over the sessions of a shelf and the recordings of a desk.
    pub fn new(shelf: Shelf, desk: Desk) -> Scripts {
        Scripts { shelf, desk, sandbox: Arc::default() }
    }

    /// Tells what is counted about scripts.
    pub fn observer(&self) -> impl Fn(&mut Samples) + Send + Sync + 'static {
        let sandbox = Arc::clone(&self.sandbox);
        move |all| sandbox.get().into_iter().for_each(|sandbox| all.scripts(sandbox.metrics()))
    }

    async fn sandbox(&self) -> Result<Arc<Sandbox>, Problem> {
        let made = self.sandbox.get_or_try_init(|| async { Sandbox::start(Config::default()).await.map(Arc::new) });
        let unavailable = |error: crate::Error| {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()).coded(Code::Unavailable.full())
        };
        made.await.cloned().map_err(unavailable)
    }
}

static OPERATIONS: [Operation; 2] = [
    Operation {
        name: "script",
        method: "POST",
        path: "/v1/script",
        scope: Scope::Script,
        summary: "Run a script over all sessions, recordings and what the agent counts",
        describe: described,
    },
    Operation {
        name: "session_script",
        method: "POST",
        path: "/v1/sessions/{name}/script",
        scope: Scope::Script,
        summary: "Run a script over a session",
        describe: described,
    },
];

fn described() -> Value {
    // Any text may be meant as a script.
    let code = json!({"schema": {}, "example": "session.frames.percentile(99) / 1e6"});
    let number = |what: &str| json!({"description": what, "schema": {"type": "string", "pattern": "^[0-9]+$"}});
    let mut all = json!({
        "parameters": wanted::parameters(),
        "requestBody": {"required": true, "description": "JavaScript, as SCRIPTS.md describes it.",
                        "content": {MEDIA[0]: code}},
        "responses": {
            "200": {
                "description": "What the script gives out, a line of JSON each, while it runs. Where it fails after some were \
                    sent, the last line is `{\"error\": {\"code\", \"detail\", \"line\"}}`; where `spent=1` asks for it, the \
                    last line has `spent`, too. The headers come at the end, as trailers, to clients that say `TE: trailers`, \
                    where the script takes longer than 100 ms or gives out more than 64 KiB.",
                "headers": {
                    "X-Perfkit-Read-Bytes": number("Bytes that were read for the script: what a client would have fetched."),
                    "X-Perfkit-Sent-Bytes": number("Bytes of this body."),
                    "X-Perfkit-Ended": {"description": "`done`, or the code of the error.", "schema": {"type": "string"}},
                },
                "content": {LINES: {"schema": {"type": "string"}}},
            },
        },
    });
    for (status, what) in [
        ("400", "It is no JavaScript (`script.syntax`), or a limit is no number that it may be."),
        ("404", "There is no such session."),
        ("413", "It is too long (`script.source`)."),
        ("415", "It is sent as something else."),
        (
            "422",
            "It failed before it gave out anything: `script.exception`, or `script.` and the limit that it reached.",
        ),
        ("503", "Too many scripts are open, or scripts cannot be run here (`script.unavailable`)."),
    ] {
        all["responses"][status] = json!({"description": what});
    }
    all
}

impl Module for Scripts {
    fn name(&self) -> &'static str {
        "script"
    }

    fn operations(&self) -> &'static [Operation] {
        &OPERATIONS
    }

    fn classify(&self, head: &Head<'_>) -> Admission {
        match head.param("name") {
            "" => Admission::Now,
            name => self.shelf.path(name).map_or_else(Admission::Reject, |_| Admission::Now),
        }
    }

    async fn handle(&self, mut request: Request, context: Context) -> Outcome {
        let only = Some(request.param("name").to_owned()).filter(|name| !name.is_empty());
        if let Some(name) = &only {
            self.shelf.existing(name)?;
        }
        let Wanted { limits, spent } = Wanted::read(&request)?;
        let source = source(&mut request).await?;
        let sandbox = self.sandbox().await?;
        let begun = Instant::now();
        let late = begun + SILENT.min(context.deadline().saturating_duration_since(begun.into()) / 2);
        let host = Arc::new(Answers {
            context: context.later(limits.wall + GRACE),
            shelf: self.shelf.clone(),
            desk: self.desk.clone(),
            only,
            read: Arc::default(),
        });
        let (output, lines) = mpsc::channel(AHEAD.0);
        let asked = Arc::clone(&host);
        // On a task of its own, so that its time passes also while it is waited for somebody to read.
        let run = tokio::spawn(async move { sandbox.run(&source, &limits, &*asked, output).await });
        let mut running = Running { run: AbortOnDropHandle::new(run), lines, host, spent, sent: 0 };
        let mut held = Vec::new();
        let ended = loop {
            let due = if held.is_empty() { late } else { begun + SOON };
            match timeout_at(due, running.step(&mut held)).await {
                Ok(None) if held.len() < PIECE => {}
                Ok(ended) => break ended,
                Err(_) => break None,
            }
        };
        match ended {
            Some(Err(error)) if held.is_empty() => Err(problem(error)),
            Some(ended) => Ok(running.whole(&ended, held)),
            None => Ok(running.stream(context, held)),
        }
    }
}

/// The script's text.
async fn source(request: &mut Request) -> Result<String, Problem> {
    let media = request.parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = media.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !MEDIA.iter().any(|known| known.eq_ignore_ascii_case(media)) {
        let text = format!("send the script as {}, and not as `{}`", MEDIA[0], media.escape_default());
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, text));
    }
    let bytes = request.bytes().await?;
    let text = String::from_utf8(bytes.into());
    text.map_err(|_| Problem::invalid("the script is no UTF-8").coded(Code::Syntax.full()))
}

/// A failure before anything was given out.
fn problem(error: ScriptError) -> Problem {
    let status = match error.code {
        Code::Syntax => StatusCode::BAD_REQUEST,
        Code::Source => StatusCode::PAYLOAD_TOO_LARGE,
        Code::Unavailable | Code::Cancelled => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let retry = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(GRACE);
    Problem { retry, ..Problem::new(status, error.to_string()).coded(error.code.full()) }
}

/// A failure that is the agent's.
fn unavailable(message: impl Into<String>) -> ScriptError {
    ScriptError { code: Code::Unavailable, message: message.into(), line: None, spent: Spent::default() }
}

type Ended = Result<Spent, ScriptError>;

/// A script that was begun. Dropping it ends it.
struct Running {
    run: AbortOnDropHandle<Ended>,
    lines: mpsc::Receiver<Bytes>,
    host: Arc<Answers>,
    /// Whether what it used is to be told.
    spent: bool,
    /// Bytes of the reply so far.
    sent: u64,
}

impl Running {
    /// Adds to `held` what it gives out next, or says how it ended. Nothing is lost where this is dropped.
    async fn step(&mut self, held: &mut Vec<u8>) -> Option<Ended> {
        let ended = tokio::select! {
            biased;
            Some(line) = self.lines.recv() => {
                held.extend_from_slice(&line);
                None
            }
            ended = &mut self.run => Some(match ended {
                Ok(ended) => ended,
                Err(_) => Err(unavailable(Problem::from_panic().detail)),
            }),
        };
        while (ended.is_some() || held.len() < PIECE)
            && let Ok(line) = self.lines.try_recv()
        {
            held.extend_from_slice(&line);
        }
        ended
    }

    /// The reply where all of it is known.
    fn whole(mut self, ended: &Ended, mut held: Vec<u8>) -> Reply {
        self.last(ended, &mut held);
        self.sent = held.len() as u64;
        let fields = self.fields(ended);
        let mut reply = Body::of(LINES, held);
        reply.headers_mut().extend(fields);
        reply
    }

    /// The reply where it goes on.
    fn stream(self, context: Context, held: Vec<u8>) -> Reply {
        let mut reply = context.stream(LINES, AHEAD.1, move |sender, context| self.send(held, sender, context));
        reply.headers_mut().insert(header::TRAILER, TRAILERS);
        reply
    }

    async fn send(mut self, mut held: Vec<u8>, sender: Sender, context: Context) {
        let mut ended = None;
        loop {
            self.sent += held.len() as u64;
            if !held.is_empty() && sender.send(std::mem::take(&mut held)).await.is_err() {
                return;
            }
            if let Some(ended) = ended {
                // Whoever has gone now has all the lines.
                return drop(sender.trailers(self.fields(&ended)).await);
            }
            ended = tokio::select! {
                ended = self.step(&mut held) => ended,
                () = sender.gone() => return,
                () = context.ending().cancelled() => Some(Err(unavailable("the agent ends"))),
            };
            if let Some(ended) = &ended {
                self.last(ended, &mut held);
            }
        }
    }

    /// Adds the last line, where there is something to tell.
    fn last(&self, ended: &Ended, held: &mut Vec<u8>) {
        let mut line = json!({});
        let spent = match ended {
            Ok(spent) => spent,
            Err(error) => {
                let ScriptError { code, line: at, spent, .. } = error;
                line["error"] = json!({"code": code.full(), "detail": error.to_string(), "line": at});
                spent
            }
        };
        if self.spent {
            line["spent"] = self.account(spent);
        }
        if self.spent || ended.is_err() {
            held.extend_from_slice(format!("{line}\n").as_bytes());
        }
    }

    /// What it used; times are in seconds.
    fn account(&self, spent: &Spent) -> Value {
        let Spent { cpu, wall, started, waited, queued, slices, calls, answers, output, resident } = spent;
        json!({
            "cpu": cpu.as_secs_f64(), "wall": wall.as_secs_f64(), "started": started.as_secs_f64(),
            "waited": waited.as_secs_f64(), "queued": queued.as_secs_f64(), "slices": slices, "calls": calls,
            "read": self.read(), "answers": answers, "output": output, "resident": resident,
        })
    }

    fn read(&self) -> u64 {
        self.host.read.load(Ordering::Relaxed)
    }

    /// What is told in headers or trailers.
    fn fields(&self, ended: &Ended) -> HeaderMap {
        let word = ended.as_ref().map_or_else(|error| error.code.full(), |_| "done");
        [(READ, self.read().into()), (SENT, self.sent.into()), (ENDED, HeaderValue::from_static(word))]
            .into_iter()
            .collect()
    }
}
