//! Sessions: what there is, what is in them, and themselves.
//!
//! Whoever reads a session enters its partition beside others, whoever changes it alone. Questions are answered by
//! readers of a pool, so that one session that much is asked of takes no more of the machine than they.

mod bookmarks;
mod describe;
mod download;
mod facts;
mod query;

use std::path::PathBuf;
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

use crate::report::{Report, json};
use crate::server::readers::Reader;
use crate::server::{
    Admission, Body, Context, Head, Mode, Module, Operation, Outcome, Problem, Reply, Request, Scope, Shelf,
};

pub use download::Snapshot;
pub use facts::list;

/// How long a request waits for those that are at the same session.
const WAIT: Duration = Duration::from_secs(20);

/// Serves `/v1/sessions`.
#[derive(Debug)]
pub struct Sessions {
    shelf: Shelf,
}

impl Sessions {
    /// Those on a shelf.
    pub fn new(shelf: Shelf) -> Sessions {
        Sessions { shelf }
    }
}

impl Module for Sessions {
    fn name(&self) -> &'static str {
        "sessions"
    }

    fn operations(&self) -> &'static [Operation] {
        &describe::OPERATIONS
    }

    fn schemas(&self) -> Vec<(&'static str, Value)> {
        describe::schemas()
    }

    fn classify(&self, head: &Head<'_>) -> Admission {
        let name = head.param("name");
        if name.is_empty() {
            return Admission::Now;
        }
        if let Err(problem) = self.shelf.path(name) {
            return Admission::Reject(problem);
        }
        let mode = if head.operation.scope == Scope::Control { Mode::Exclusive } else { Mode::Shared };
        Admission::Partition { keys: Shelf::keys(name), mode, max_wait: WAIT }
    }

    async fn handle(&self, mut request: Request, context: Context) -> Outcome {
        let name = request.param("name").to_owned();
        if name.is_empty() {
            let shelf = self.shelf.clone();
            return Ok(Body::json(&context.block(move || list(&shelf)).await?));
        }
        let path = self.shelf.existing(&name)?;
        match request.operation.name {
            "session" => facts::session(&context, &name, path).await,
            "series" => facts::series(&context, path).await,
            "names" => facts::names(&context, &request, path).await,
            "query" => query::answer(context, &mut request, path).await,
            "report" => report(&context, &request, name, path).await,
            "download" => download::answer(context, &request, &name, path).await,
            "delete" => delete(&context, path).await,
            "bookmarks" => bookmarks::list(&context, path).await,
            "bookmark" => bookmarks::add(&context, &mut request, path).await,
            _ => bookmarks::remove(&context, &request, path).await,
        }
    }
}

/// What was slow, and why.
async fn report(context: &Context, request: &Request, name: String, path: PathBuf) -> Outcome {
    let (from, to) = (parameter(request, "from")?, parameter(request, "to")?);
    let nanoseconds = |seconds: f64| (seconds * 1e9) as i64;
    let file = path.clone();
    let report = context.with::<Reader, _>(&path, move |reader| {
        let report = Report::over(reader.query(), &file, from.map(nanoseconds), to.map(nanoseconds))?;
        // Where it lies on this machine is nobody's business.
        Ok(json(&Report { path: name.into(), ..report }))
    });
    Ok(Body::json(&report.await?))
}

/// Removes a session.
async fn delete(context: &Context, path: PathBuf) -> Outcome {
    closed(context, &path).await?;
    context.pool::<Reader>()?.forget(&path);
    context.pool::<Snapshot>()?.forget(&path);
    let removed = context.block(move || {
        std::fs::remove_file(&path).map_err(crate::Error::file("remove", &path))?;
        Ok(())
    });
    removed.await?;
    let mut reply = Reply::default();
    *reply.status_mut() = StatusCode::NO_CONTENT;
    Ok(reply)
}

/// Says that a session is being recorded, where it is: then nobody else changes it. One that was cut off is made whole.
async fn closed(context: &Context, path: &PathBuf) -> Result<(), Problem> {
    if context.lease::<Reader>(path).await?.is_recording() {
        let text = "the session is being recorded; try again when that has ended";
        return Err(Problem::new(StatusCode::CONFLICT, text).coded("session.recording"));
    }
    Ok(())
}

/// A number of the query of the URI; `None` where it is not there.
fn parameter<T: std::str::FromStr>(request: &Request, name: &str) -> Result<Option<T>, Problem> {
    let given = request.query().find(|(known, _)| known == name);
    let read = |(_, text): (_, std::borrow::Cow<'_, str>)| {
        text.parse().map_err(|_| Problem::invalid(format!("`{name}` is a number, and not `{}`", text.escape_default())))
    };
    given.map(read).transpose()
}
