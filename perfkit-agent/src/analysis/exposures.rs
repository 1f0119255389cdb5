//! What was exposed in a stretch of a session, as gdkrecord draws it: the plan of a stage, films that can be shown at any
//! moment, and movies.
//!
//! A stretch is read once for its plan. Where it has few events they are kept, and the whole of it is one film; of a
//! longer one films are made as they are wanted, each of so many events, from any moment on.

use std::sync::Arc;

use gdkrecord::Event;
use gdkrecord::Kind;
use gdkrecord::draw::exposures::movie::{self, Movie};
use gdkrecord::draw::exposures::{Film, Plan, Planner, Stage};
use gdkrecord::draw::scale::Range;
use gdkrecord::draw::windows::Windows;
use gdkrecord::kind::Group;

use crate::error::{Error, Result};
use crate::session::query::{On, Query};
use crate::session::recorded;

/// Events that a film has at most: some thirty megabytes.
pub const MOST: usize = 200_000;
/// What is looked through backwards for the exposure before a moment, in nanoseconds; then all.
const BACK: [i64; 5] = [20_000_000, 200_000_000, 2_000_000_000, 20_000_000_000, i64::MAX];
/// The series of exposures.
const SERIES: &str = "gdk_exposure";

/// The kinds of events that a stage takes.
fn on_stage(kind: &Kind) -> bool {
    matches!(kind.group, Group::Window | Group::Exposure)
        || matches!(kind.name, "motion" | "button" | "scroll" | "crossing")
}

/// What is known of a stretch before anything of it is shown.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Where everything lies, what was repainted, and how often.
    pub plan: Arc<Plan>,
    /// The windows that there were at its begin.
    pub windows: Windows,
    /// The whole of it, where it is short enough.
    pub film: Option<Part>,
}

/// A film of a part of a stretch.
#[derive(Clone, Debug)]
pub struct Part {
    /// The film.
    pub film: Arc<Film>,
    /// From when to before when it tells what happened, in CLOCK_MONOTONIC nanoseconds.
    pub range: (i64, i64),
}

/// Looks at the stretch from `from` to before `to`; `None` where `go_on` said from time to time that it is not wanted
/// any more. Of a stretch with more than `most` events no film is made.
pub fn survey(query: &Query, (from, to): (i64, i64), most: usize, go_on: &dyn Fn() -> bool) -> Result<Option<Survey>> {
    let windows = recorded::windows(query, from.saturating_sub(1), go_on)?;
    let mut planner = Planner::new(Range::new(from.max(0) as u64, to.max(0) as u64), None).heated();
    planner.begin(&windows);
    let mut kept = Some(Vec::new());
    let mut wanted = go_on();
    recorded::events(query, &on_stage, (from, to.saturating_sub(1)), &mut |event| {
        planner.add(&event);
        match &mut kept {
            Some(events) if events.len() < most => events.push(event),
            _ => kept = None,
        }
        wanted = go_on();
        wanted
    })?;
    if !wanted {
        return Ok(None);
    }
    let plan = Arc::new(planner.finish());
    let film = kept.map(|events| Part { film: film_of(&plan, &windows, events), range: (from, to) });
    Ok(Some(Survey { plan, windows, film }))
}

/// A film of what begins at `from`, which ends before `to` or after `most` events; `None` as for [`survey`].
pub fn film(
    query: &Query,
    plan: &Arc<Plan>,
    (from, to): (i64, i64),
    most: usize,
    go_on: &dyn Fn() -> bool,
) -> Result<Option<Part>> {
    let windows = recorded::windows(query, from.saturating_sub(1), go_on)?;
    let (mut events, mut wanted, mut end) = (Vec::new(), go_on(), to);
    recorded::events(query, &on_stage, (from, to.saturating_sub(1)), &mut |event| {
        if events.len() >= most {
            end = i64::try_from(event.time).unwrap_or(i64::MAX);
            return false;
        }
        events.push(event);
        wanted = go_on();
        wanted
    })?;
    // Of those that came at once with the last, some may be missing.
    events.retain(|event| (event.time as i64) < end);
    Ok(wanted.then(|| Part { film: film_of(plan, &windows, events), range: (from, end) }))
}

fn film_of(plan: &Arc<Plan>, windows: &Windows, events: Vec<Event>) -> Arc<Film> {
    Arc::new(Film::new(Stage::new(Arc::clone(plan), 1).cool().begin(windows), events))
}

/// Gives a movie all that it shows of a session. `go_on` is told how much of it is made, from 0 to 1, and says whether
/// to go on; whether all was made.
pub fn shoot(query: &Query, mut movie: Movie<'_>, range: (i64, i64), go_on: &dyn Fn(f64) -> bool) -> Result<bool> {
    let whole = movie.length().max(1) as f64;
    let mut outcome: movie::Result<bool> = Ok(true);
    recorded::events(query, &on_stage, (range.0, range.1.saturating_sub(1)), &mut |event| {
        outcome = movie.event(&event).map(|()| go_on(movie.made() as f64 / whole));
        matches!(outcome, Ok(true))
    })?;
    let done = match outcome {
        Ok(true) => movie.finish(&mut |made| go_on(made as f64 / whole)),
        other => other,
    };
    done.map_err(worded)
}

/// A movie's error as one of a session: a file that cannot be written is told as every other.
pub fn worded(error: movie::Error) -> Error {
    match error {
        movie::Error::Write { path, error } => Error::file("write", &path)(error),
        other => Error::Invalid(other.to_string()),
    }
}

/// When something was exposed next after a moment.
pub fn next(query: &Query, after: i64) -> Result<Option<i64>> {
    let Some(series) = query.series().iter().find(|series| series.schema.name == SERIES) else { return Ok(None) };
    let mut walk = query.walk(series, after.saturating_add(1), i64::MAX, On::All)?;
    Ok(walk.advance()?.then(|| walk.time()))
}

/// When something was exposed last before a moment.
pub fn previous(query: &Query, before: i64) -> Result<Option<i64>> {
    let Some(series) = query.series().iter().find(|series| series.schema.name == SERIES) else { return Ok(None) };
    for back in BACK {
        let mut walk = query.walk(series, before.saturating_sub(back), before.saturating_sub(1), On::All)?;
        let mut last = None;
        while walk.advance()? {
            last = Some(walk.time());
        }
        if last.is_some() {
            return Ok(last);
        }
    }
    Ok(None)
}
