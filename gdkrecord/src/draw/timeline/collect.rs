//! What the figure shows, gathered from events as they stream by: a row of pixel columns for every lane.

use std::collections::{BTreeMap, HashMap};

use super::super::columns::Columns;
use super::super::palette::Phase;
use super::super::scale::Range;
use super::super::windows::Windows;
use crate::field::{Span, Value};
use crate::kind::{Body, Event, Exposure, Frame, Group, Kind};
use crate::sets::Exposed;

/// Nanoseconds of a frame at 60 Hz: the budget where the display's interval is not known.
pub const BUDGET: u64 = 16_666_667;
/// Main-loop sources with a lane of their own: the busiest.
const SOURCES: usize = 4;
/// Windows with a lane of their own: those that were drawn and used most.
const WINDOWS: usize = 6;
/// Sources and windows told apart while reading: bounds the memory; later ones still count in the totals.
const TOLD_APART: usize = 512;

/// One row of the timeline.
#[derive(Clone, Debug)]
pub struct Lane {
    /// What it is called.
    pub label: String,
    /// Its colour role, and the section it stands in.
    pub group: Group,
    /// Events.
    pub count: u64,
    /// The longest handling, in nanoseconds.
    pub longest: u64,
    /// All handling together, in nanoseconds.
    pub busy: u64,
    /// Handling times by column.
    pub columns: Columns,
    /// For a window: the largest exposure of each column, in square pixels; empty for other lanes.
    pub exposed: Vec<u64>,
    /// For a window: its area in square pixels, or its largest exposure where that is more.
    pub area: u64,
    /// For a window: how many exposures repainted some of it.
    pub repaints: u64,
    /// The section that it stands in, where that is not its group's.
    pub section: Option<&'static str>,
    /// For a counter: the least and the greatest value of each column; empty for other lanes.
    pub values: Vec<Option<(f64, f64)>>,
    /// For a counter: its numbers in words.
    pub words: String,
}

impl Lane {
    /// A row without any events yet.
    pub fn new(label: String, group: Group, range: Range, columns: usize) -> Lane {
        Lane {
            label,
            group,
            count: 0,
            longest: 0,
            busy: 0,
            columns: Columns::new(range, columns),
            exposed: Vec::new(),
            area: 0,
            repaints: 0,
            section: None,
            values: Vec::new(),
            words: String::new(),
        }
    }

    /// Adds what began at `time` and took `ns`.
    pub fn add(&mut self, time: u64, ns: u64) {
        self.count += 1;
        self.longest = self.longest.max(ns);
        self.busy += ns;
        self.columns.add(time, ns);
    }
}

/// The frames that begin in one pixel column.
#[derive(Clone, Copy, Debug, Default)]
pub struct FrameColumn {
    /// How many.
    pub count: u32,
    /// How many of them took longer than their display's interval.
    pub over: u32,
    /// Nanoseconds of the longest.
    pub longest: u64,
    /// Its phases, in the order of [`Phase::ALL`], in nanoseconds.
    pub phases: [u64; 5],
}

/// Exposed area in one bin of time, in square pixels.
#[derive(Clone, Copy, Debug, Default)]
pub struct AreaBin {
    /// What had changed.
    pub damage: u64,
    /// What was repainted.
    pub repaint: u64,
}

/// Everything the figure shows.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What it covers.
    pub range: Range,
    /// When the recording began: times on axes count from there.
    pub start: u64,
    /// Events in that stretch.
    pub events: u64,
    /// Rows, in the order of drawing; those of a section stand together.
    pub lanes: Vec<Lane>,
    /// Windows that were left out of the rows.
    pub other_windows: usize,
    /// Frames by pixel column.
    pub frames: Vec<FrameColumn>,
    /// Frames in all.
    pub frame_count: u64,
    /// Frames over budget.
    pub over: u64,
    /// The slowest frame, in nanoseconds.
    pub worst: u64,
    /// The commonest refresh interval, in nanoseconds.
    pub budget: u64,
    /// Exposed area over time.
    pub areas: Vec<AreaBin>,
    /// Whether damage and repaint were recorded apart (GTK 4).
    pub apart: bool,
}

/// Gathers a [`Figure`].
#[derive(Debug)]
pub struct Collector {
    figure: Figure,
    columns: usize,
    windows: Windows,
    kinds: BTreeMap<u8, Lane>,
    sources: HashMap<Box<str>, Lane>,
    shown: BTreeMap<u32, Lane>,
    intervals: HashMap<u64, u64>,
}

impl Collector {
    /// For a stretch of a recording that began at `start`, `columns` pixels wide.
    pub fn new(range: Range, start: u64, columns: usize) -> Collector {
        let figure = Figure {
            range,
            start,
            events: 0,
            lanes: Vec::new(),
            other_windows: 0,
            frames: vec![FrameColumn::default(); columns.max(1)],
            frame_count: 0,
            over: 0,
            worst: 0,
            budget: BUDGET,
            // Bins of four pixels: wide enough for a shape, narrow enough to lie under its frame.
            areas: vec![AreaBin::default(); (columns / 4).max(1)],
            apart: false,
        };
        Collector {
            figure,
            columns: columns.max(1),
            windows: Windows::new(),
            kinds: BTreeMap::new(),
            sources: HashMap::new(),
            shown: BTreeMap::new(),
            intervals: HashMap::new(),
        }
    }

    /// Takes in the next event; those before the stretch are needed for the windows they tell of.
    pub fn add(&mut self, event: &Event) {
        self.windows.apply(event);
        let kind = event.body.kind();
        let (duration, window) = duration_and_window(kind, &event.body);
        let ns = duration.unwrap_or(0);
        let range = self.figure.range;
        if event.time > range.to || event.time.saturating_add(ns) < range.from {
            return;
        }
        self.figure.events += 1;
        match &event.body {
            Body::Frame(frame) => self.add_frame(event.time, frame),
            Body::Exposure(exposure) => self.add_exposure(event.time, exposure),
            Body::Dispatch(dispatch) => {
                if let Some(lane) = self.sources.get_mut(&*dispatch.source) {
                    lane.add(event.time, ns);
                } else if self.sources.len() < TOLD_APART {
                    let label = source_label(&dispatch.source);
                    let mut lane = Lane::new(label.to_owned(), kind.group, range, self.columns);
                    lane.add(event.time, ns);
                    self.sources.insert((&*dispatch.source).into(), lane);
                }
            }
            _ => {}
        }
        // Sleep is no work, and what input goes to is told by the input.
        if matches!(kind.group, Group::Process) || matches!(kind.name, "poll" | "target") {
            return;
        }
        // The other GDK events, and the changes of windows, are one row each: the first code stands for all.
        let (code, name) = match kind.group {
            Group::Gdk => (60, "other GDK events"),
            Group::Window => (10, "windows change"),
            Group::Widget => (70, "widget costs"),
            _ => (kind.code, kind.name),
        };
        if !matches!(kind.group, Group::Exposure) {
            self.kinds
                .entry(code)
                .or_insert_with(|| Lane::new(name.to_owned(), kind.group, range, self.columns))
                .add(event.time, ns);
        }
        if window != 0
            && matches!(kind.group, Group::Input | Group::Gdk)
            && let Some(lane) = self.window(window)
        {
            lane.add(event.time, ns);
        }
    }

    /// The figure of all that was added.
    pub fn finish(mut self) -> Figure {
        let busiest = |mut lanes: Vec<Lane>| {
            lanes.sort_by(|a, b| b.busy.cmp(&a.busy).then_with(|| a.label.cmp(&b.label)));
            lanes
        };
        if let Some((&interval, _)) = self.intervals.iter().max_by_key(|&(&interval, &count)| (count, interval)) {
            self.figure.budget = interval;
        }
        let mut lanes = Vec::new();
        for &group in Group::ALL {
            if group == Group::Process || group == Group::Exposure {
                continue;
            }
            let rows = self.kinds.values().filter(|lane| lane.group == group).cloned();
            lanes.extend(
                rows.map(|mut lane| {
                    lane.label = match lane.label.as_str() {
                        "dispatch" => "all dispatches".to_owned(),
                        "frame" => "frames".to_owned(),
                        "check" => "checks of sources".to_owned(),
                        _ => lane.label,
                    };
                    lane
                })
                .filter(|lane| lane.label != "presented"),
            );
            if group == Group::Loop && self.sources.len() > 1 {
                lanes.extend(busiest(self.sources.drain().map(|(_, lane)| lane).collect()).into_iter().take(SOURCES));
            }
        }
        let mut shown: Vec<(u32, Lane)> = std::mem::take(&mut self.shown).into_iter().collect();
        // Windows that never painted are helpers of the toolkit, unless all are.
        if shown.iter().any(|(_, lane)| lane.repaints > 0) {
            shown.retain(|(_, lane)| lane.repaints > 0);
        }
        shown.sort_by_key(|(_, lane)| std::cmp::Reverse((lane.repaints + lane.count, lane.busy)));
        self.figure.other_windows = shown.len().saturating_sub(WINDOWS);
        shown.truncate(WINDOWS);
        shown.sort_by_key(|(id, _)| *id);
        for (id, mut lane) in shown {
            lane.label = self.windows.label(id);
            let size = self.windows.get(id).map_or((0, 0), |window| window.size);
            let largest = lane.exposed.iter().copied().max().unwrap_or(0);
            lane.area = largest.max(size.0 as u64 * size.1 as u64);
            lanes.push(lane);
        }
        self.figure.lanes = lanes;
        self.figure
    }

    fn window(&mut self, id: u32) -> Option<&mut Lane> {
        let top = self.windows.top(id);
        if !self.shown.contains_key(&top) && self.shown.len() >= TOLD_APART {
            return None;
        }
        Some(self.shown.entry(top).or_insert_with(|| {
            let mut lane = Lane::new(String::new(), Group::Exposure, self.figure.range, self.columns);
            lane.exposed = vec![0; self.columns];
            lane
        }))
    }

    fn add_frame(&mut self, time: u64, frame: &Frame) {
        let Some(column) = self.figure.range.column(time, self.columns) else { return };
        let ns = frame.duration.ns_or_zero();
        let interval = frame.interval.ns().filter(|&ns| ns > 0);
        // Displays report 16 666 µs and 16 667 µs in turn.
        if let Some(interval) = interval.map(|ns| (ns + 5_000) / 10_000 * 10_000)
            && (self.intervals.len() < TOLD_APART || self.intervals.contains_key(&interval))
        {
            *self.intervals.entry(interval).or_default() += 1;
        }
        let over = ns > interval.unwrap_or(BUDGET);
        self.figure.frame_count += 1;
        self.figure.over += u64::from(over);
        self.figure.worst = self.figure.worst.max(ns);
        let at = &mut self.figure.frames[column];
        at.count += 1;
        at.over += u32::from(over);
        if ns >= at.longest {
            at.longest = ns;
            at.phases = phases(frame);
        }
    }

    fn add_exposure(&mut self, time: u64, exposure: &Exposure) {
        let area: u64 = exposure.rects.0.iter().map(|rect| rect.area()).sum();
        let bins = self.figure.areas.len();
        let Some(bin) = self.figure.range.column(time, bins) else { return };
        let bin = &mut self.figure.areas[bin];
        match exposure.what {
            Exposed::Damage => bin.damage += area,
            Exposed::Repaint => bin.repaint += area,
            Exposed::Both => {
                bin.damage += area;
                bin.repaint += area;
            }
        }
        self.figure.apart |= exposure.what != Exposed::Both;
        let column = self.figure.range.column(time, self.columns).unwrap_or(0);
        if exposure.what != Exposed::Damage
            && let Some(lane) = self.window(exposure.window)
        {
            lane.exposed[column] = lane.exposed[column].max(area);
            lane.repaints += 1;
        }
    }
}

/// A source's name without the library in brackets that GTK puts before it: the row is short.
fn source_label(name: &str) -> &str {
    match name.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        _ if name.is_empty() => "unnamed source",
        Some((_, short)) if !short.is_empty() => short,
        _ => name,
    }
}

/// A body's duration in nanoseconds and its window, in one look at its fields.
fn duration_and_window(kind: &Kind, body: &Body) -> (Option<u64>, u32) {
    let (mut duration, mut window) = (None, 0);
    for (field, value) in kind.fields.iter().zip(body.values()) {
        match (field.name, value) {
            ("duration", Value::Uint(ns)) => duration = Some(ns),
            ("window", Value::Uint(id)) => window = id as u32,
            _ => {}
        }
    }
    (duration, window)
}

/// Nanoseconds of each phase of a frame, in the order of [`Phase::ALL`]; a phase lasts until the next that ran.
pub fn phases(frame: &Frame) -> [u64; 5] {
    let marks: [(Phase, Span); 7] = [
        (Phase::Events, frame.flush_events),
        (Phase::Events, frame.before_paint),
        (Phase::Update, frame.update),
        (Phase::Layout, frame.layout),
        (Phase::Paint, frame.paint),
        (Phase::After, frame.after_paint),
        (Phase::After, frame.resume_events),
    ];
    let mut out = [0; 5];
    let total = frame.duration.ns_or_zero();
    let mut before = (Phase::Events, 0);
    let known = marks.into_iter().filter_map(|(phase, span)| Some((phase, span.ns()?.min(total))));
    for (phase, offset) in known.chain([(Phase::After, total)]) {
        out[before.0 as usize] += offset.saturating_sub(before.1);
        before = (phase, offset.max(before.1));
    }
    out
}
