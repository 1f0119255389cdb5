//! Single rows of a stretch of time, and what they are called.

use std::collections::HashMap;
use std::sync::Arc;

use gdkrecord::draw::palette::Phase;
use perfkit_agent::Result;
use perfkit_agent::session::query::{On, Value, Walk};
use perfkit_agent::session::{Schema, Series};
use perfkit_agent::symbols::{Name, callback_names};

use super::hit::Spot;
use super::kinds::Kind;
use super::lanes::{Lane, Member};
use super::scene::{Ask, Row};
use crate::link::Reader;
use crate::model::Range;

/// Pixels from which there is room for a few letters.
const ROOM: f64 = 22.0;
/// Rows of a series that are read at most; a stretch with more was misjudged, and is drawn by columns.
const MOST: usize = 4_000;
/// Names of stacks that are kept at hand.
const STACKS: usize = 1 << 16;

/// The columns of a frame at which its phases begin, in their order, and what drawings call them.
pub(super) const PHASES: [(&str, Phase); 7] = [
    ("flush_events", Phase::Events),
    ("before_paint", Phase::Events),
    ("update", Phase::Update),
    ("layout", Phase::Layout),
    ("paint", Phase::Paint),
    ("after_paint", Phase::After),
    ("resume_events", Phase::After),
];

/// What rows are called, as far as it was asked.
#[derive(Debug, Default)]
pub struct Texts {
    callbacks: Option<HashMap<String, Name>>,
    stacks: HashMap<i64, Arc<str>>,
}

impl Texts {
    /// What a callback is called; none where only its address is known.
    fn callback(&mut self, reader: &Reader, recorded: &str) -> Option<String> {
        // Without names the recorded words are shown.
        let names = self.callbacks.get_or_insert_with(|| callback_names(reader.query.db()).unwrap_or_default());
        match names.get(recorded) {
            Some(name) => Some(name.function.clone()),
            None => Some(recorded.to_owned()).filter(|recorded| !recorded.contains("+0x")),
        }
    }

    /// What a dispatch is called: its callback's function, else its source, which toolkits call by what it does.
    pub fn dispatch(&mut self, reader: &Reader, callback: &str, source: &str) -> String {
        if let Some(name) = self.callback(reader, callback).filter(|name| !name.is_empty()) {
            return name;
        }
        match source.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
            Some((_, told)) => told.to_owned(),
            None if source.is_empty() => callback.to_owned(),
            None => source.to_owned(),
        }
    }

    fn stack(&mut self, reader: &Reader, stack: i64) -> Arc<str> {
        if let Some(known) = self.stacks.get(&stack) {
            return Arc::clone(known);
        }
        if self.stacks.len() >= STACKS {
            self.stacks.clear();
        }
        let sql = "SELECT coalesce(nullif(function, ''), module, '') FROM stacks WHERE id = ?1";
        let text: String = reader.query.db().query_row(sql, [stack], |row| row.get(0)).unwrap_or_default();
        // Of a module its file tells enough; names of functions may have a slash, too, but do not begin with it.
        let file = text.rsplit('/').next().filter(|_| text.starts_with('/'));
        let text: Arc<str> = file.unwrap_or(&text).into();
        self.stacks.insert(stack, Arc::clone(&text));
        text
    }

    /// What a value is called.
    pub fn value(&mut self, reader: &Reader, column: &str, value: &Value) -> String {
        match value {
            Value::Null => String::new(),
            Value::Name(_, text) if column == "callback" => {
                self.callback(reader, text).unwrap_or_else(|| text.to_string())
            }
            Value::Name(_, text) => text.to_string(),
            Value::Text(text) => text.lines().next().unwrap_or_default().to_owned(),
            Value::Stack(stack) => self.stack(reader, *stack).to_string(),
            Value::Int(number) => number.to_string(),
            Value::Real(number) => format!("{number}"),
        }
    }
}

/// The cells that are read of the rows of a series.
struct Plan {
    /// Places of the columns that name a row: the first that has something, or all.
    names: Vec<usize>,
    all: bool,
    phases: Vec<(usize, Phase)>,
    size: Option<(usize, usize)>,
    path: Option<usize>,
    level: Option<usize>,
}

impl Plan {
    fn new(kind: &Kind, schema: &Schema) -> Plan {
        let place = |name: &str| schema.column(name);
        let frame = schema.name == "gdk_frame";
        let phases = PHASES.iter().filter_map(|(name, phase)| place(name).map(|place| (place, *phase)));
        Plan {
            names: kind.names.iter().filter_map(|name| place(name)).collect(),
            all: schema.name == "gdk_dispatch",
            phases: if frame { phases.collect() } else { Vec::new() },
            size: place("width").zip(place("height")).filter(|_| schema.name == "gdk_exposure"),
            path: place("path").filter(|_| schema.name == "syscalls"),
            level: place("level").filter(|_| schema.name == "logs"),
        }
    }
}

/// A row before it has its text.
struct Raw {
    row: Row,
    cells: Vec<(usize, Value)>,
}

/// The rows of these lanes in the stretch that is asked for, by lane. A lane that has too many of them is missing.
pub fn read(
    reader: &Reader,
    texts: &mut Texts,
    lanes: &[Lane],
    wanted: &[usize],
    ask: &Ask,
) -> Result<HashMap<usize, Vec<Row>>> {
    let range = ask.range;
    let mut on: HashMap<Member, (usize, u16)> = HashMap::new();
    for &lane in wanted {
        on.extend((0u16..).zip(&lanes[lane].members).map(|(place, &member)| (member, (lane, place))));
    }
    let mut all: HashMap<usize, Vec<Raw>> = wanted.iter().map(|&lane| (lane, Vec::new())).collect();
    for (at, series) in reader.session.series().iter().enumerate() {
        let tracks: Vec<u32> = on.keys().filter(|member| member.series == at).map(|member| member.track).collect();
        let only = match *tracks {
            [] => continue,
            [track] => On::Track(track),
            _ => On::All,
        };
        let Some(kind) = super::kinds::track_kind(&series.schema.name) else { continue };
        let plan = Plan::new(kind, &series.schema);
        let mut walk = reader.query.walk(series, range.begin, range.end.saturating_sub(1), only)?;
        let mut count = 0;
        // Of series whose rows have a window.
        let window = ask.filter.as_ref().and_then(|filter| Some((series.schema.column("window")?, filter.window)));
        while walk.advance()? {
            if let Some((column, window)) = window
                && walk.cell(column)?.int() != Some(window)
            {
                continue;
            }
            let track = walk.track()?.0;
            let Some(&(lane, member)) = on.get(&Member { series: at, track }) else { continue };
            count += 1;
            if count > MOST {
                // Those of other series on the same lane are dropped with them.
                let full: Vec<usize> =
                    on.iter().filter(|(member, _)| member.series == at).map(|(_, (lane, _))| *lane).collect();
                full.iter().for_each(|lane| drop(all.remove(lane)));
                break;
            }
            if let Some(rows) = all.get_mut(&lane) {
                rows.push(raw(&walk, &plan, member)?);
            }
        }
    }
    let scale = ask.columns as f64 / range.length().max(1) as f64;
    Ok(all.into_iter().map(|(lane, rows)| (lane, finish(reader, texts, &lanes[lane], rows, range, scale))).collect())
}

fn raw(walk: &Walk, plan: &Plan, member: u16) -> Result<Raw> {
    let mut cells = Vec::with_capacity(4);
    for &place in &plan.names {
        let value = walk.cell(place)?;
        let known = value != Value::Null;
        if known || plan.all {
            cells.push((place, value));
        }
        if known && !plan.all {
            break;
        }
    }
    let more = plan.size.into_iter().flat_map(|(width, height)| [width, height]).chain(plan.path);
    for place in more {
        cells.push((place, walk.cell(place)?));
    }
    let (time, duration) = (walk.time(), walk.duration()?);
    let bad = match plan.level {
        Some(place) => matches!(walk.cell(place)?.text(), Some("error" | "critical")),
        None => false,
    };
    let mut phases: Vec<(Phase, i64, i64)> = Vec::new();
    for &(place, phase) in &plan.phases {
        let Some(begin) = walk.cell(place)?.int() else { continue };
        if let Some(last) = phases.last_mut() {
            last.2 = begin;
        }
        phases.push((phase, begin, duration.unwrap_or(begin)));
    }
    let row = Row { member, time, duration, depth: 0, text: String::new(), bad, phases };
    Ok(Raw { row, cells })
}

/// Puts rows in their order, finds how deep they lie in others, and gives those a text that have room for it.
fn finish(reader: &Reader, texts: &mut Texts, lane: &Lane, mut raws: Vec<Raw>, range: Range, scale: f64) -> Vec<Row> {
    raws.sort_by_key(|raw| (raw.row.time, std::cmp::Reverse(raw.row.duration)));
    let mut ends: Vec<i64> = Vec::new();
    let next: Vec<i64> = raws.iter().skip(1).map(|raw| raw.row.time).chain([range.end]).collect();
    let mut rows = Vec::with_capacity(raws.len());
    for (mut raw, next) in raws.into_iter().zip(next) {
        let row = &mut raw.row;
        let end = row.duration.map_or(row.time, |duration| row.time.saturating_add(duration));
        while ends.last().is_some_and(|&last| last <= row.time) {
            ends.pop();
        }
        row.depth = u8::try_from(ends.len()).unwrap_or(u8::MAX);
        ends.push(end);
        // A box has its own room; a pin that up to the next one.
        let until = if end > row.time { end } else { next };
        let room = (until.min(range.end) - row.time.max(range.begin)) as f64 * scale;
        if room >= ROOM {
            let member = lane.members.get(usize::from(row.member));
            let series = member.and_then(|member| reader.session.series().get(member.series));
            row.text = series.map(|series| text(reader, texts, series, &raw.cells)).unwrap_or_default();
        }
        rows.push(raw.row);
    }
    rows
}

fn text(reader: &Reader, texts: &mut Texts, series: &Series, cells: &[(usize, Value)]) -> String {
    let name = |place: usize| series.schema.columns.get(place).map_or("", |column| &*column.name);
    match &*series.schema.name {
        "gdk_exposure" => {
            let side = |at: usize| cells.get(at).and_then(|(_, value)| value.int()).unwrap_or(0);
            let at = cells.len().saturating_sub(2);
            format!("{}×{}", side(at), side(at + 1))
        }
        "gdk_dispatch" => {
            let text = |at: usize| cells.get(at).and_then(|(_, value)| value.text()).unwrap_or_default();
            texts.dispatch(reader, text(0), text(1))
        }
        "syscalls" => {
            let parts: Vec<String> =
                cells.iter().map(|(place, value)| texts.value(reader, name(*place), value)).collect();
            parts.join(" ").trim_end().to_owned()
        }
        _ => cells.first().map(|(place, value)| texts.value(reader, name(*place), value)).unwrap_or_default(),
    }
}

/// The rows of these lanes in a stretch, each with what it is called, in the order of their begins; of each series so
/// many at most. `goes_on` is asked from time to time.
pub fn list(
    reader: &Reader,
    texts: &mut Texts,
    lanes: &[Lane],
    wanted: &[usize],
    range: Range,
    most: usize,
    goes_on: &dyn Fn() -> bool,
) -> Result<Vec<(Spot, String)>> {
    let on: HashMap<Member, usize> = wanted
        .iter()
        .filter_map(|&at| Some((at, lanes.get(at)?)))
        .flat_map(|(at, lane)| lane.members.iter().map(move |&member| (member, at)))
        .collect();
    let mut all = Vec::new();
    for (at, series) in reader.session.series().iter().enumerate() {
        let known = on.keys().any(|member| member.series == at);
        let Some(kind) = super::kinds::track_kind(&series.schema.name).filter(|_| known) else { continue };
        let plan = Plan::new(kind, &series.schema);
        let mut walk = reader.query.walk(series, range.begin, range.end.saturating_sub(1), On::All)?;
        let before = all.len();
        while all.len() - before < most && goes_on() && walk.advance()? {
            let member = Member { series: at, track: walk.track()?.0 };
            let Some(&lane) = on.get(&member) else { continue };
            let raw = raw(&walk, &plan, 0)?;
            let spot = Spot { lane, member, time: raw.row.time, duration: raw.row.duration };
            all.push((spot, text(reader, texts, series, &raw.cells)));
        }
    }
    all.sort_by_key(|(spot, _)| (spot.time, spot.lane));
    all.truncate(most);
    Ok(all)
}

/// The values of these lanes in a stretch, by lane: when each was taken, and what it was.
pub fn values(
    reader: &Reader,
    lanes: &[Lane],
    wanted: &[usize],
    range: Range,
) -> Result<HashMap<usize, Vec<(i64, f64)>>> {
    let of = |lane: &usize| lanes[*lane].members.iter().map(|&member| (member, *lane)).collect::<Vec<_>>();
    let on: HashMap<Member, usize> = wanted.iter().flat_map(of).collect();
    let mut all: HashMap<usize, Vec<(i64, f64)>> = wanted.iter().map(|&lane| (lane, Vec::new())).collect();
    for (at, series) in reader.session.series().iter().enumerate() {
        if !on.keys().any(|member| member.series == at) {
            continue;
        }
        let mut walk = reader.query.walk(series, range.begin, range.end, On::All)?;
        while walk.advance()? {
            let lane = on.get(&Member { series: at, track: walk.track()?.0 });
            if let (Some(lane), Value::Real(value)) = (lane, walk.cell(0)?)
                && let Some(values) = all.get_mut(lane)
            {
                values.push((walk.time(), value));
            }
        }
    }
    Ok(all)
}
