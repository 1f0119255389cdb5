//! Bookmarks: moments of a session that somebody marked.

use std::path::PathBuf;

use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::closed;
use crate::server::readers::Reader;
use crate::server::{Body, Context, Outcome, Problem, Request};
use crate::session::{Bookmark, Bookmarks, bookmarks};

/// What is asked to be marked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    time: i64,
    #[serde(default)]
    duration: i64,
    #[serde(default)]
    text: String,
}

fn object(bookmark: &Bookmark) -> Value {
    let duration = bookmark.end.saturating_sub(bookmark.begin);
    json!({"id": bookmark.id, "time": bookmark.begin, "duration": duration, "text": bookmark.text})
}

/// All of a session.
pub async fn list(context: &Context, path: PathBuf) -> Outcome {
    let all = context.with::<Reader, _>(&path, |reader| {
        let all = bookmarks::list(reader.query().db()).map_err(|error| reader.wrong(error))?;
        Ok(all.iter().map(object).collect::<Vec<_>>())
    });
    Ok(Body::json(&json!({"bookmarks": all.await?})))
}

/// Adds one.
pub async fn add(context: &Context, request: &mut Request, path: PathBuf) -> Outcome {
    let wanted: Wanted = request.json().await?;
    let end = wanted.time.checked_add(wanted.duration).filter(|_| wanted.duration >= 0);
    let end = end.ok_or_else(|| Problem::invalid("`duration` is 0 or more, and ends before time does"))?;
    closed(context, &path).await?;
    let added = context.block(move || Ok(Bookmarks::open(&path)?.add(wanted.time, end, &wanted.text)?)).await?;
    let mut reply = Body::json(&object(&added));
    *reply.status_mut() = StatusCode::CREATED;
    let place = format!("{}/{}", request.parts.uri.path().trim_end_matches('/'), added.id);
    if let Ok(place) = HeaderValue::from_str(&place) {
        reply.headers_mut().insert(header::LOCATION, place);
    }
    Ok(reply)
}

/// Removes one, and tells what it was.
pub async fn remove(context: &Context, request: &Request, path: PathBuf) -> Outcome {
    let none = || Problem::missing(format!("there is no bookmark {}", request.param("id").escape_default()));
    let id: i64 = request.param("id").parse().map_err(|_| none())?;
    closed(context, &path).await?;
    let removed = context.block(move || {
        let bookmarks = Bookmarks::open(&path)?;
        let there = bookmarks.list()?.iter().any(|bookmark| bookmark.id == id);
        Ok(if there { Some(bookmarks.remove(id)?) } else { None })
    });
    let removed = removed.await?.ok_or_else(none)?;
    Ok(Body::json(&object(&removed)))
}
