//! What sessions there are, and what is in one.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde_json::{Value, json};

use super::parameter;
use crate::server::readers::{Reader, Readers};
use crate::server::script::Host;
use crate::server::script::data::Data;
use crate::server::{Body, Context, Outcome, Problem, Request, Shelf};

/// Names of an answer, where nobody says how many, and at most.
const NAMES: (u64, u64) = (100, 10_000);

/// All sessions of a shelf.
pub fn list(shelf: &Shelf) -> Result<Value, Problem> {
    let one = |name: String| {
        let path = shelf.path(&name).ok()?;
        Some(of_file(&name, &path))
    };
    Ok(json!({"sessions": shelf.names()?.into_iter().filter_map(one).collect::<Vec<_>>()}))
}

/// What is seen of a session without opening it.
fn of_file(name: &str, path: &Path) -> Value {
    let found = path.metadata().ok();
    let modified = found.as_ref().and_then(|found| found.modified().ok()?.duration_since(UNIX_EPOCH).ok());
    // SQLite's log lies beside as long as somebody writes, and after somebody was killed at it.
    let open = crate::session::beside(path, "-wal").exists();
    json!({
        "name": name,
        "bytes": found.map_or(0, |found| found.len()),
        "modified": modified.map_or(0, |since| since.as_secs()),
        "open": open,
    })
}

/// What a session is, where it comes from, and what was lost.
pub async fn session(context: &Context, name: &str, path: PathBuf) -> Outcome {
    let mut all = ask(context, &path, "info", Vec::new()).await?;
    let recording = context.lease::<Reader>(&path).await?.is_recording();
    let name = name.to_owned();
    let file = context.block(move || Ok(of_file(&name, &path))).await?;
    if let (Value::Object(all), Value::Object(file)) = (&mut all, file) {
        all.extend(file);
        all.remove("closed");
        all.insert("recording".to_owned(), recording.into());
    }
    Ok(Body::json(&all))
}

/// Its series with their columns and how many rows each has.
pub async fn series(context: &Context, path: PathBuf) -> Outcome {
    Ok(Body::json(&json!({"series": ask(context, &path, "series", Vec::new()).await?})))
}

/// Dotted names that begin with a prefix.
pub async fn names(context: &Context, request: &Request, path: PathBuf) -> Outcome {
    let prefix =
        request.query().find(|(name, _)| name == "prefix").map_or_else(String::new, |(_, text)| text.into_owned());
    let dots = parameter::<u32>(request, "dots")?.map_or_else(|| prefix.matches('.').count() as u64, u64::from);
    let limit = parameter(request, "limit")?.unwrap_or(NAMES.0);
    if !(1..=NAMES.1).contains(&limit) {
        return Err(Problem::invalid(format!("`limit` is between 1 and {}", NAMES.1)));
    }
    let names = ask(context, &path, "names", vec![prefix.into(), dots.into(), limit.into()]).await?;
    Ok(Body::json(&json!({"names": names})))
}

/// Asks what a script may ask, too.
async fn ask(context: &Context, path: &Path, question: &str, arguments: Vec<Value>) -> Result<Value, Problem> {
    let pool = context.pool::<Reader>()?.clone();
    // What keeps a session from being read is told exactly here; below it is a line for a script.
    drop(pool.lease(&path.to_owned(), context.deadline()).await?);
    let lender = Readers { pool, path: path.to_owned(), deadline: context.deadline() };
    let answer = Data::new(lender).call(question, arguments).await;
    answer.map(|answer| answer.value).map_err(Problem::invalid)
}
