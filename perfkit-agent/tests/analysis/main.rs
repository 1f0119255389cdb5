//! The analysis of sessions that are made for a test: what it says of rows of which all is known.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod exposures;
#[path = "../exports/session.rs"]
#[allow(dead_code, reason = "the exports ask it for more")]
mod session;
mod treemaps;
mod waits;

use perfkit_agent::session::{Schema, gdk};

/// When a session's rows begin, so many milliseconds on.
fn at(ms: i64) -> i64 {
    session::BEGIN + ms * 1_000_000
}

/// The series of a kind of gdkrecord's.
fn kind(name: &str) -> Schema {
    gdk::schema(gdkrecord::Kind::by_name(name).unwrap()).unwrap()
}
