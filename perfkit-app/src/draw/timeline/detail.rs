//! A single row with all that is known of it, in words; and the rows before and after it.

use gdkrecord::units;
use perfkit_agent::Result;
use perfkit_agent::session::query::{On, Value};
use perfkit_agent::session::{Column, Series, Shape, Unit};

use super::hit::Spot;
use super::kinds::Look;
use super::lanes::{Lane, Member};
use super::rows::{PHASES, Texts};
use crate::link::Reader;
use crate::wording::{time, tr, tr_with};

/// Places of a call stack that are told.
const DEEPEST: usize = 24;
/// The first stretch in which a neighbour is looked for, in nanoseconds; each further one is so many times longer.
const STEP: (i64, i64) = (5_000_000, 8);
/// A lane of more tracks is read as a whole.
const TRACKS: usize = 4;

/// A row in words.
#[derive(Clone, Debug, PartialEq)]
pub struct Detail {
    /// Where it is.
    pub spot: Spot,
    /// What it is called.
    pub title: String,
    /// Its fields: their names, and what they have.
    pub fields: Vec<(String, String)>,
}

/// Reads a row; `None` where it is not there.
///
/// # Errors
/// Where the session cannot be read.
pub fn detail(reader: &Reader, texts: &mut Texts, lane: &Lane, spot: Spot, origin: i64) -> Result<Option<Detail>> {
    let Some(series) = reader.session.series().get(spot.member.series) else { return Ok(None) };
    let mut walk = reader.query.walk(series, spot.time, spot.time, On::Track(spot.member.track))?;
    while walk.advance()? {
        let duration = walk.duration()?;
        // What is not known to have ended has no duration, and many share a moment.
        if walk.time() != spot.time || (duration != spot.duration && spot.duration.is_some_and(|known| known > 0)) {
            continue;
        }
        let mut fields = vec![(tr("Time"), units::moment(walk.time() - origin))];
        if series.schema.shape == Shape::Span {
            fields.push((tr("Duration"), duration.map_or_else(|| tr("did not end"), time)));
        }
        if !lane.title.is_empty() {
            fields.push((tr("Track"), lane.title.clone()));
        }
        let columns = &series.schema.columns;
        let cells: Vec<Value> = (0..columns.len()).map(|place| walk.cell(place)).collect::<Result<_>>()?;
        let phases = if lane.kind.look == Look::Frames { phases(columns, &cells, duration) } else { Vec::new() };
        for (place, (column, value)) in
            columns.iter().zip(&cells).enumerate().filter(|(_, (_, cell))| **cell != Value::Null)
        {
            let phase = phases.iter().find(|(of, _)| *of == place).map(|&(_, took)| part(took, duration));
            let words = phase.map_or_else(|| words(reader, texts, column, value), Ok)?;
            fields.push((name(column), words));
        }
        let title = title(reader, texts, lane, series, &cells);
        return Ok(Some(Detail { spot: Spot { duration, ..spot }, title, fields }));
    }
    Ok(None)
}

/// How long each phase of a frame took, by the place of its column: from its begin, which is what is stored, to the begin
/// of the next one or the frame's end. One that did not run has none.
fn phases(columns: &[Column], cells: &[Value], duration: Option<i64>) -> Vec<(usize, i64)> {
    let begin = |name: &str| {
        let place = columns.iter().position(|column| &*column.name == name)?;
        Some((place, cells.get(place)?.int()?))
    };
    let begins: Vec<(usize, i64)> = PHASES.iter().filter_map(|(name, _)| begin(name)).collect();
    let ends = begins.iter().skip(1).map(|&(_, begin)| Some(begin)).chain([duration]);
    begins.iter().zip(ends).filter_map(|(&(place, begin), end)| Some((place, (end? - begin).max(0)))).collect()
}

/// A part of a duration: "18.1 ms (90.1 %)".
fn part(took: i64, duration: Option<i64>) -> String {
    match duration.filter(|&duration| duration > 0) {
        Some(duration) => format!("{} ({})", time(took), units::share(took as f64 / duration as f64)),
        None => time(took),
    }
}

/// The name of a column, as people read it.
fn name(column: &Column) -> String {
    let mut name = column.name.replace('_', " ");
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    name
}

fn title(reader: &Reader, texts: &mut Texts, lane: &Lane, series: &Series, cells: &[Value]) -> String {
    let column = |name: &&str| series.schema.column(name).and_then(|place| cells.get(place));
    let text = |name: &str| column(&name).and_then(Value::text).unwrap_or_default();
    match &*series.schema.name {
        "gdk_dispatch" => texts.dispatch(reader, text("callback"), text("source")),
        "gdk_frame" => {
            let counter = column(&"counter").and_then(Value::int).unwrap_or(0);
            tr_with("Frame {number}", &[("number", &counter.to_string())])
        }
        "gdk_exposure" => {
            let side = |name: &str| column(&name).and_then(Value::int).unwrap_or(0);
            format!("{}×{}", side("width"), side("height"))
        }
        "counters" => lane.title.clone(),
        _ => {
            let named = lane.kind.names.iter().find_map(|name| Some((*name, column(name)?)));
            let words = named.map(|(name, value)| texts.value(reader, name, value));
            words.filter(|words| !words.is_empty()).unwrap_or_else(|| tr(lane.kind.title))
        }
    }
}

fn words(reader: &Reader, texts: &mut Texts, column: &Column, value: &Value) -> Result<String> {
    let whole = |number: i64| match column.unit {
        Unit::Nanoseconds => time(number),
        Unit::Bytes => units::bytes(u64::try_from(number).unwrap_or(0)),
        Unit::Pixels => format!("{number} px"),
        Unit::Count => units::count(number.unsigned_abs()),
        Unit::None | Unit::Share => number.to_string(),
    };
    Ok(match value {
        Value::Int(number) => whole(*number),
        Value::Stack(stack) => {
            let sql = "SELECT stack_text(?1)";
            let text = reader.query.read(sql, [stack], |row| row.get::<_, Option<String>>(0))?;
            let text = text.into_iter().next().flatten().unwrap_or_default();
            // From the innermost, where it was, to what it was called from.
            let places: Vec<&str> = text.rsplit(';').take(DEEPEST).collect();
            places.join("\n")
        }
        Value::Text(text) => text.clone(),
        _ => texts.value(reader, &column.name, value),
    })
}

/// The row after a place on a lane, or the one before it; `None` where there is none.
///
/// # Errors
/// Where the session cannot be read.
pub fn step(reader: &Reader, lane: &Lane, at: usize, from: i64, forward: bool) -> Result<Option<Spot>> {
    let whole = crate::model::extent(reader);
    let mut length = STEP.0;
    loop {
        let (begin, end) = match forward {
            true => (from.saturating_add(1), from.saturating_add(length)),
            false => (from.saturating_sub(length), from.saturating_sub(1)),
        };
        if let Some(found) = nearest(reader, lane, at, (begin, end), forward)? {
            return Ok(Some(found));
        }
        if begin <= whole.begin && !forward || end >= whole.end && forward {
            return Ok(None);
        }
        length = length.saturating_mul(STEP.1);
    }
}

/// The first row that begins in a stretch, or the last.
fn nearest(reader: &Reader, lane: &Lane, at: usize, (begin, end): (i64, i64), first: bool) -> Result<Option<Spot>> {
    let mut series: Vec<usize> = lane.members.iter().map(|member| member.series).collect();
    series.dedup();
    let mut found: Option<Spot> = None;
    for place in series {
        let Some(of) = reader.session.series().get(place) else { continue };
        let tracks: Vec<u32> =
            lane.members.iter().filter(|member| member.series == place).map(|member| member.track).collect();
        let walks: Vec<On> = match tracks.len() > TRACKS {
            true => vec![On::All],
            false => tracks.iter().map(|&track| On::Track(track)).collect(),
        };
        for on in walks {
            let mut walk = reader.query.walk(of, begin, end, on)?;
            while walk.advance()? {
                let (time, track) = (walk.time(), walk.track()?.0);
                if time < begin || !tracks.contains(&track) {
                    continue;
                }
                let member = Member { series: place, track };
                let better = found.is_none_or(|found| if first { time < found.time } else { time >= found.time });
                if better {
                    found = Some(Spot { lane: at, member, time, duration: walk.duration()? });
                }
                if first {
                    break;
                }
            }
        }
    }
    Ok(found)
}
