//! SQL over a session: the answer in one piece, or as lines that are sent while they are found.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::{HeaderValue, header};
use rusqlite::Statement;
use rusqlite::types::ValueRef;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::server::body::{Body, Gone, Sender};
use crate::server::readers::Reader;
use crate::server::script::data::bound;
use crate::server::{Context, Outcome, Problem, Request};

/// What asks for lines.
const LINES: &str = "application/x-ndjson";
/// Rows of an answer in one piece, where nobody says how many, and at most.
const ROWS: (u64, u64) = (1_000, 100_000);
/// Bytes of an answer in one piece.
const BYTES: usize = 32 << 20;
/// Bytes of lines that are sent together, and how long fewer are held back.
const PIECE: usize = 64 << 10;
const HELD: Duration = Duration::from_millis(250);
/// Pieces that are made ahead of a slow reader.
const AHEAD: usize = 32;
/// How long whoever reads no lines may keep a reader of the session: others wait for it.
const STALLED: Duration = Duration::from_secs(10);

/// What is asked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    sql: String,
    #[serde(default)]
    params: Params,
    limit: Option<u64>,
}

/// What stands for `?`, or for `:name`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Params {
    List(Vec<Value>),
    Named(Map<String, Value>),
}

impl Default for Params {
    fn default() -> Params {
        Params::List(Vec::new())
    }
}

/// Answers a question.
pub async fn answer(context: Context, request: &mut Request, path: PathBuf) -> Outcome {
    let asked: Asked = request.json().await?;
    let accepts = |value: &HeaderValue| value.to_str().is_ok_and(|text| text.contains(LINES));
    if request.parts.headers.get_all(header::ACCEPT).iter().any(accepts) {
        return lines(context, asked, path).await;
    }
    let limit = asked.limit.unwrap_or(ROWS.0);
    if limit > ROWS.1 {
        let text = format!("`limit` is at most {}; ask for more with `Accept: {LINES}`", ROWS.1);
        return Err(Problem::invalid(text));
    }
    let answer = context.with::<Reader, _>(&path, move |reader| whole(reader, &asked, limit)).await?;
    Ok(Body::of("application/json", answer))
}

/// A statement with its parameters.
fn prepared<'a>(reader: &'a Reader, asked: &Asked) -> Result<Statement<'a>, Problem> {
    let wrong = |error| reader.wrong(error);
    let invalid = |text: String| Problem::invalid(text);
    let mut statement = reader.query().db().prepare(&asked.sql).map_err(wrong)?;
    match &asked.params {
        Params::List(values) => {
            let wanted = statement.parameter_count();
            if values.len() != wanted {
                return Err(invalid(format!("the query has {wanted} parameters, and {} are given", values.len())));
            }
            for (at, value) in values.iter().enumerate() {
                statement.raw_bind_parameter(at + 1, bound(value).map_err(invalid)?).map_err(wrong)?;
            }
        }
        Params::Named(values) => {
            for (name, value) in values {
                let place = |sign| statement.parameter_index(&format!("{sign}{name}")).ok().flatten();
                let place = [':', '@', '$'].into_iter().find_map(place);
                let place = place.ok_or_else(|| invalid(format!("the query has no parameter `:{name}`")))?;
                statement.raw_bind_parameter(place, bound(value).map_err(invalid)?).map_err(wrong)?;
            }
        }
    }
    Ok(statement)
}

fn names<'a>(statement: &'a Statement<'_>) -> Vec<&'a str> {
    statement.column_names().collect()
}

/// The whole answer as an object.
fn whole(reader: &Reader, asked: &Asked, limit: u64) -> Result<Vec<u8>, Problem> {
    let wrong = |error| reader.wrong(error);
    let mut statement = prepared(reader, asked)?;
    let count = statement.column_count();
    let mut out = format!("{{\"columns\":{},\"rows\":[", json!(names(&statement))).into_bytes();
    let mut rows = statement.raw_query();
    let (mut found, mut more) = (0, false);
    while let Some(row) = rows.next().map_err(wrong)? {
        if found == limit || out.len() > BYTES {
            more = true;
            break;
        }
        if found > 0 {
            out.push(b',');
        }
        write(&mut out, row, count).map_err(wrong)?;
        found += 1;
    }
    let damaged = json!(reader.query().damaged());
    out.extend_from_slice(format!("],\"more\":{more},\"damaged\":{damaged}}}\n").as_bytes());
    Ok(out)
}

/// The answer as lines: the columns, each row, and how it ended.
async fn lines(context: Context, asked: Asked, path: PathBuf) -> Outcome {
    let reader = context.lease::<Reader>(&path).await?;
    let (sender, body) = Body::stream(AHEAD, None);
    let (told, head) = oneshot::channel();
    let told = Arc::new(Mutex::new(Some(told)));
    // Lines may take longer than a head: as long as a reader is lent.
    let until = context.later(Duration::from_secs(24 * 3600)).deadline();
    // It has its place in the partition as long as it lasts.
    let (kept, handle) = (context.clone(), Handle::current());
    context.spawn(async move {
        let _kept = kept;
        let (output, begun) = (sender.clone(), Arc::clone(&told));
        let job = reader.run(until, move |reader| {
            let mut out = Lines { sender: output, handle, held: Vec::new(), since: Instant::now() };
            all_lines(reader, &asked, &mut out, || tell(&begun, Ok(())))
        });
        let ended = tokio::select! {
            ended = job => ended,
            () = sender.gone() => return,
        };
        if let Err(problem) = ended
            && let Some(problem) = tell(&told, Err(problem))
        {
            let line =
                json!({"error": {"status": problem.status.as_u16(), "detail": problem.detail, "code": problem.code}});
            let _ = sender.send(format!("{line}\n")).await;
        }
    });
    head.await.map_err(|_| Problem::from_panic())??;
    let mut reply = http::Response::new(body);
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(LINES));
    Ok(reply)
}

type Told = Mutex<Option<oneshot::Sender<Result<(), Problem>>>>;

/// Tells how the reply's head is to be; gives the problem back where that was told already.
fn tell(told: &Told, how: Result<(), Problem>) -> Option<Problem> {
    match told.lock().unwrap_or_else(PoisonError::into_inner).take() {
        // Where nobody waits for it any more, nobody reads either.
        Some(told) => told.send(how).err().and(None),
        None => how.err(),
    }
}

fn all_lines(
    reader: &Reader,
    asked: &Asked,
    out: &mut Lines,
    begun: impl FnOnce() -> Option<Problem>,
) -> Result<(), Problem> {
    let wrong = |error| reader.wrong(error);
    let mut statement = prepared(reader, asked)?;
    let count = statement.column_count();
    let columns = json!({"columns": names(&statement)});
    out.held.extend_from_slice(format!("{columns}\n").as_bytes());
    let mut rows = statement.raw_query();
    let limit = asked.limit.unwrap_or(u64::MAX);
    let mut found = 0;
    let mut row = rows.next().map_err(wrong)?;
    begun();
    let mut more = false;
    while let Some(values) = row {
        if found == limit {
            more = true;
            break;
        }
        write(&mut out.held, values, count).map_err(wrong)?;
        out.held.push(b'\n');
        found += 1;
        if out.held.len() >= PIECE || out.since.elapsed() >= HELD {
            out.send()?;
        }
        row = rows.next().map_err(wrong)?;
    }
    let end = json!({"rows": found, "more": more, "damaged": reader.query().damaged()});
    out.held.extend_from_slice(format!("{end}\n").as_bytes());
    out.send()
}

/// Lines on their way to whoever reads them.
struct Lines {
    sender: Sender,
    handle: Handle,
    held: Vec<u8>,
    since: Instant,
}

impl Lines {
    /// Sends what is held; waits where the other end is slow, but not for ever.
    fn send(&mut self) -> Result<(), Problem> {
        self.since = Instant::now();
        let piece = std::mem::take(&mut self.held);
        let sent = self.handle.block_on(async { tokio::time::timeout(STALLED, self.sender.send(piece)).await });
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(Gone)) => Err(Problem::invalid("nobody reads the answer any more")),
            Err(_) => Err(Problem::invalid("the answer was not read for too long").coded("query.stalled")),
        }
    }
}

/// A row as an array.
fn write(out: &mut Vec<u8>, row: &rusqlite::Row<'_>, columns: usize) -> rusqlite::Result<()> {
    out.push(b'[');
    for at in 0..columns {
        if at > 0 {
            out.push(b',');
        }
        let value = match row.get_ref(at)? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(number) => number.into(),
            // JSON has no infinity; it becomes null.
            ValueRef::Real(number) => json!(number),
            ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
            ValueRef::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into(),
        };
        // A vector takes whatever is written.
        let _ = serde_json::to_writer(&mut *out, &value);
    }
    out.push(b']');
    Ok(())
}
