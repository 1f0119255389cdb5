//! What gdkrecord recorded, given back as the events that it was: what drawings of recordings take.

use gdkrecord::draw::windows::Windows;
use gdkrecord::field::FieldType;
use gdkrecord::kind::Group;
use gdkrecord::{Body, Event, KINDS, Kind, Rect, Value};

use super::Series;
use super::query::{self, On, Query};
use crate::error::Result;

/// Windows are numbered by each process; those of further processes get numbers beyond all of those before.
const APART: i64 = 1_000_000;

/// The kind of gdkrecord that a series is of.
pub fn kind(series: &Series) -> Option<&'static Kind> {
    let name = series.schema.name.strip_prefix("gdk_")?.replace('_', "-");
    KINDS.iter().find(|kind| kind.name == name)
}

/// A row of a series as the event that it was made of; the rectangles of an exposure are one each. `apart` is added to
/// the numbers of windows.
pub fn event(
    kind: &'static Kind,
    series: &Series,
    (time, duration): (i64, Option<i64>),
    cells: &[query::Value],
    apart: i64,
) -> Option<Event> {
    let cell = |name: &str| cells.get(series.schema.column(name)?);
    let side = |name: &str| cell(name).and_then(query::Value::int).and_then(|side| i32::try_from(side).ok());
    let rect = || Some([Rect::new(side("x")?, side("y")?, side("width")?, side("height")?)]);
    let of = |name: &str| kind.fields.iter().find(|field| field.name == name).map(|field| field.of);
    let has_rects = kind.fields.iter().any(|field| matches!(field.of, FieldType::Rects));
    let rects = if has_rects { rect().map_or_else(Vec::new, Vec::from) } else { Vec::new() };
    let mut get = |name: &'static str| {
        let of = of(name);
        let value = match (name, of) {
            ("duration", _) => duration.map_or(Value::None, Value::Int),
            (_, Some(FieldType::Rects)) => Value::Rects(&rects),
            _ => match cell(name) {
                Some(query::Value::Int(number)) => Value::Int(*number),
                Some(query::Value::Real(number)) => Value::Float(*number as f32),
                Some(other) => other.text().map_or(Value::None, Value::Text),
                None => Value::None,
            },
        };
        match (value, of) {
            (Value::Int(window @ 1..), _) if matches!(name, "window" | "parent" | "subwindow") => {
                Value::Int(window.saturating_add(apart))
            }
            (Value::Int(truth), Some(FieldType::Bool)) => Value::Bool(truth != 0),
            (Value::Int(ns), Some(FieldType::Span)) => Value::Uint(ns.max(0) as u64),
            (Value::None, Some(FieldType::Name(_) | FieldType::Text | FieldType::Bytes)) => Value::Text(""),
            (value, _) => value,
        }
    };
    let body = Body::from_values(kind, &mut get).ok()?;
    Some(Event { time: time.max(0) as u64, thread: 0, body })
}

/// Gives the events of some kinds that lie at least partly from `from` to `to`, both included, in the order of their
/// begins, as long as `each` wants more. The rectangles of one exposure come together. A window has the number that its
/// process gave it where only one process was recorded.
pub fn events(
    query: &Query,
    of: &dyn Fn(&Kind) -> bool,
    (from, to): (i64, i64),
    each: &mut dyn FnMut(Event) -> bool,
) -> Result<()> {
    let pids: Vec<i32> =
        query.read("SELECT DISTINCT pid FROM tracks WHERE series GLOB 'gdk_*' ORDER BY pid", [], |row| row.get(0))?;
    let kinds: Vec<(&Series, &'static Kind)> =
        query.series().iter().filter_map(|series| Some((series, kind(series).filter(|kind| of(kind))?))).collect();
    let mut walks = query.walks(kinds.iter().map(|&(series, _)| (series, On::All)), from, to)?;
    let mut cells = Vec::new();
    // An exposure that may have further rectangles.
    let mut open: Option<Event> = None;
    while let Some((at, walk)) = walks.advance()? {
        let Some(&(series, kind)) = kinds.get(at) else { break };
        cells.clear();
        for column in 0..series.schema.columns.len() {
            cells.push(walk.cell(column)?);
        }
        let pid = walk.track()?.1.map_or(0, |track| track.pid);
        let apart = pids.iter().position(|&known| known == pid).unwrap_or(0) as i64 * APART;
        let Some(event) = event(kind, series, (walk.time(), walk.duration()?), &cells, apart) else { continue };
        if let Some(open) = &mut open
            && joined(open, &event)
        {
            continue;
        }
        if let Some(done) = open.replace(event)
            && !each(done)
        {
            return Ok(());
        }
    }
    if let Some(done) = open {
        each(done);
    }
    Ok(())
}

/// Whether an event is but further rectangles of the one before, which has them then.
fn joined(open: &mut Event, more: &Event) -> bool {
    match (&mut open.body, &more.body) {
        (Body::Exposure(open_exposure), Body::Exposure(exposure))
            if open.time == more.time
                && (open_exposure.window, open_exposure.frame, open_exposure.what)
                    == (exposure.window, exposure.frame, exposure.what) =>
        {
            open_exposure.rects.0.extend_from_slice(&exposure.rects.0);
            true
        }
        _ => false,
    }
}

/// The windows that there were at a time; `each` says from time to time whether to go on.
pub fn windows(query: &Query, at: i64, go_on: &dyn Fn() -> bool) -> Result<Windows> {
    let mut windows = Windows::new();
    events(query, &|kind| kind.group == Group::Window, (i64::MIN, at), &mut |event| {
        windows.apply(&event);
        go_on()
    })?;
    Ok(windows)
}
