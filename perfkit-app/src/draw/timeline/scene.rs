//! What a stretch of time has on the lanes that are looked at: read in one go, at a cost that depends on the pixels.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gdkrecord::draw::palette::Phase;
use perfkit_agent::Result;
use perfkit_agent::session::pyramid::Reach;
use perfkit_agent::session::{ChunkInfo, Series};

use super::filter::Filter;
use super::kinds::Look;
use super::lanes::Lane;
use super::rows;
use crate::link::Reader;
use crate::model::Range;

/// Rows of a series in a stretch up to which they are read one by one: more would hardly be told apart, and reading
/// them takes longer than the eye waits.
const SINGLE: f64 = 500.0;
/// The same of values, of which a series has many counters.
const VALUES: f64 = 6_000.0;
/// How long before and after a stretch values are read that tell what holds at its ends, in nanoseconds.
const HOLDS: i64 = 2_500_000_000;

/// What is asked of the reader.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The stretch of time.
    pub range: Range,
    /// How many pixel columns it has.
    pub columns: usize,
    /// The lanes, by their place among those of the session.
    pub lanes: Vec<Wanted>,
    /// The only window whose events are wanted.
    pub filter: Option<Arc<Filter>>,
}

/// A lane that is asked for, and where it is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wanted {
    /// Its place among the lanes of the session.
    pub lane: usize,
    /// Its top, in pixels from that of the picture.
    pub top: f64,
    /// Its height in pixels.
    pub height: f64,
}

/// What a stretch of time has on the lanes.
#[derive(Debug, Default)]
pub struct Scene {
    /// The stretch.
    pub range: Range,
    /// How many pixel columns it has.
    pub columns: usize,
    /// The lanes with what they have.
    pub lanes: Vec<(Wanted, Content)>,
}

/// What a lane has in a stretch.
#[derive(Debug)]
pub enum Content {
    /// Many rows: what they measure, column by column.
    Columns {
        /// The columns.
        columns: Vec<Column>,
        /// The longest row that began before the stretch and lasts into it, and its place among the lane's members.
        reach: Option<(Reach, u16)>,
    },
    /// Few rows, in the order of their begins.
    Rows(Vec<Row>),
    /// Few values, with those before and after the stretch: when each was taken.
    Values(Vec<(i64, f64)>),
}

/// What a lane measures in one pixel column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Column {
    /// Rows that begin in it.
    pub count: u64,
    /// The sum of what they measure.
    pub sum: f64,
    /// The least of it.
    pub min: f64,
    /// The greatest of it.
    pub max: f64,
    /// When the row with the greatest begins.
    pub at: i64,
    /// Which of the lane's members has it.
    pub member: u16,
}

impl Column {
    /// One that has nothing.
    pub const EMPTY: Column =
        Column { count: 0, sum: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY, at: 0, member: 0 };

    /// Adds a row of a member.
    pub fn add(&mut self, member: u16, time: i64, measure: f64) {
        self.count += 1;
        self.sum += measure;
        self.min = self.min.min(measure);
        if measure > self.max {
            (self.max, self.at, self.member) = (measure, time, member);
        }
    }
}

/// A single row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Which of the lane's members has it.
    pub member: u16,
    /// Its begin.
    pub time: i64,
    /// Its duration; `None` where it has none, or that is unknown.
    pub duration: Option<i64>,
    /// In how many others of the lane it lies.
    pub depth: u8,
    /// What it is; empty where there is no room for it.
    pub text: String,
    /// Whether it tells of an error.
    pub bad: bool,
    /// The phases of a frame: begin and end of each, from its own begin.
    pub phases: Vec<(Phase, i64, i64)>,
}

/// What the reader keeps from one answer to the next.
#[derive(Debug, Default)]
pub struct Kept {
    version: i64,
    chunks: HashMap<u32, Arc<[ChunkInfo]>>,
    /// What rows are called.
    pub texts: rows::Texts,
}

impl Kept {
    /// About how many rows of a series lie in a stretch.
    fn estimate(&mut self, reader: &Reader, series: &Series, range: Range) -> Result<f64> {
        let chunks = match self.chunks.entry(series.id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(reader.session.chunks(series.id)?.into()),
        };
        let share = |chunk: &ChunkInfo| {
            let (first, last) = (chunk.summary.first, chunk.summary.last.max(chunk.summary.first + 1));
            let within = (last.min(range.end) - first.max(range.begin)).max(0);
            chunk.summary.rows as f64 * within as f64 / (last - first) as f64
        };
        Ok(chunks.iter().map(share).sum())
    }

    /// Forgets what was read before somebody wrote.
    fn refresh(&mut self, reader: &Reader) {
        let version = reader.session.db().pragma_query_value(None, "data_version", |row| row.get(0)).unwrap_or(0);
        if std::mem::replace(&mut self.version, version) != version {
            self.chunks.clear();
        }
    }
}

impl Scene {
    /// Reads what is asked for.
    ///
    /// # Errors
    /// Where the session cannot be read.
    pub fn read(reader: &mut Reader, kept: &mut Kept, lanes: &[Lane], ask: &Ask) -> Result<Scene> {
        // All of it is of one commit.
        reader.session.hold()?;
        let scene = Scene::held(reader, kept, lanes, ask);
        reader.session.release();
        scene
    }

    fn held(reader: &Reader, kept: &mut Kept, lanes: &[Lane], ask: &Ask) -> Result<Scene> {
        kept.refresh(reader);
        let mut scene = Scene { range: ask.range, columns: ask.columns, lanes: Vec::with_capacity(ask.lanes.len()) };
        let mut singles = Vec::new();
        let mut values = Vec::new();
        for wanted in &ask.lanes {
            let Some(lane) = lanes.get(wanted.lane) else { continue };
            let (range, most, into) = match lane.kind.look {
                Look::Values => (ask.range.longer(HOLDS), VALUES, &mut values),
                _ => (ask.range, SINGLE, &mut singles),
            };
            let mut of: Vec<usize> = lane.members.iter().map(|member| member.series).collect();
            of.dedup();
            let mut rows = 0.0;
            for series in of {
                let Some(series) = reader.session.series().get(series) else { continue };
                rows += kept.estimate(reader, series, range)?;
            }
            let filter = ask.filter.as_ref().filter(|filter| filter.knows(lane));
            let filtered = filter.is_some_and(|filter| filter.count(lane, ask) as f64 <= most);
            if rows <= most || (filtered && rows <= 4.0 * most) {
                into.push(wanted.lane);
            }
        }
        let mut rows = rows::read(reader, &mut kept.texts, lanes, &singles, ask)?;
        let mut values = rows::values(reader, lanes, &values, ask.range.longer(HOLDS))?;
        for wanted in &ask.lanes {
            let Some(lane) = lanes.get(wanted.lane) else { continue };
            let content = match (rows.remove(&wanted.lane), values.remove(&wanted.lane)) {
                (Some(rows), _) => Content::Rows(rows),
                (_, Some(values)) => Content::Values(values),
                _ => match ask.filter.as_ref().filter(|filter| filter.knows(lane)) {
                    Some(filter) => filter.columns(lane, ask),
                    None => columns(reader, lane, ask)?,
                },
            };
            scene.lanes.push((*wanted, content));
        }
        Ok(scene)
    }
}

/// Makes ready what pictures of these lanes need, for so long at most; whether all is.
///
/// # Errors
/// Where the session cannot be read.
pub fn prepare(reader: &Reader, lanes: &[Lane], wanted: &[usize], most: Duration) -> Result<bool> {
    let begun = Instant::now();
    let mut goes_on = || begun.elapsed() < most;
    for member in wanted.iter().filter_map(|&lane| lanes.get(lane)).flat_map(|lane| &lane.members) {
        let Some(series) = reader.session.series().get(member.series) else { continue };
        if !reader.session.prepare(series, member.track, &mut goes_on)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What a lane measures, column by column.
fn columns(reader: &Reader, lane: &Lane, ask: &Ask) -> Result<Content> {
    let mut columns = vec![Column::EMPTY; ask.columns];
    let mut reach: Option<(Reach, u16)> = None;
    for (place, member) in (0u16..).zip(&lane.members) {
        let Some(series) = reader.session.series().get(member.series) else { continue };
        let window = reader.session.glance(series, member.track, ask.range.begin, ask.range.end, ask.columns)?;
        for (column, bin) in columns.iter_mut().zip(&window.bins).filter(|(_, bin)| bin.count > 0) {
            column.count += bin.count;
            column.sum += bin.sum;
            column.min = column.min.min(bin.min);
            if bin.max > column.max {
                (column.max, column.at, column.member) = (bin.max, bin.at, place);
            }
        }
        if let Some(found) = window.reach
            && reach.is_none_or(|(known, _)| known.duration < found.duration)
        {
            reach = Some((found, place));
        }
    }
    Ok(Content::Columns { columns, reach })
}
