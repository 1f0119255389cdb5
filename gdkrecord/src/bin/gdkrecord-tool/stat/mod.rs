//! `stat`: one pass over a recording through several tallies, then a report in words or JSON.

mod busy;
mod callbacks;
mod frames;
mod handling;
mod histogram;
mod report;
mod symbols;
#[cfg(test)]
mod tests;
mod windows;
mod worst;

use gdkrecord::{Event, Info, Recording, Value};

use crate::args::{ReportFormat, StatArgs};
use crate::failure::Result;
use crate::files;
use crate::progress::Progress;
use crate::quantity::Quantity;
use crate::select::field_places;
use report::{Report, Section};
use symbols::Symbols;

/// Takes in events one by one, in memory that does not grow with them, and reports.
trait Tally {
    /// One event.
    fn event(&mut self, event: &Event, context: &Context<'_>);
    /// What it found.
    fn report(&mut self, context: &mut Context<'_>) -> Vec<Section>;
}

/// What all tallies want to know of the recording.
struct Context<'a> {
    info: &'a Info,
    start: u64,
    end: u64,
    rows: usize,
    symbols: Symbols<'a>,
    places: Vec<(&'static str, [Option<usize>; 256])>,
}

impl Context<'_> {
    /// A time, from the start of the recording.
    fn moment(&self, time: u64) -> Quantity {
        Quantity::Moment(time as i64 - self.start as i64)
    }

    /// A count over the recording's length.
    fn rate(&self, count: u64) -> Quantity {
        match self.end.saturating_sub(self.start) {
            0 => Quantity::Unknown,
            length => Quantity::Rate(count as f64 * 1e9 / length as f64),
        }
    }

    fn value<T>(&self, name: &str, event: &Event, take: impl FnOnce(&Value<'_>) -> Option<T>) -> Option<T> {
        let (_, places) = self.places.iter().find(|(known, _)| *known == name)?;
        let at = places[usize::from(event.body.kind().code)]?;
        event.body.values().get(at).and_then(take)
    }

    /// A field that is a number; `None` where the kind has none, or it is not known.
    fn number(&self, name: &str, event: &Event) -> Option<u64> {
        self.value(name, event, |value| match value {
            Value::Uint(n) => Some(*n),
            _ => None,
        })
    }

    fn duration(&self, event: &Event) -> Option<u64> {
        self.number("duration", event)
    }

    /// The type of a GDK event, as button-press; `None` for what is none.
    fn event_type(&self, event: &Event) -> Option<String> {
        self.value("event", event, |value| match value {
            Value::Text(name) => Some((*name).to_owned()),
            _ => None,
        })
    }
}

/// Runs `stat`.
pub fn run(args: &StatArgs) -> Result<()> {
    let recording = files::open(&args.file)?;
    let report = collect(&recording, args.rows);
    files::write(&args.output, |out| match args.format {
        ReportFormat::Text => out.write_all(report.text().as_bytes()),
        ReportFormat::Json => writeln!(out, "{:#}", report.json()),
    })
}

fn collect(recording: &Recording, rows: usize) -> Report {
    let info = recording.info();
    let mut context = Context {
        info,
        start: recording.header().monotonic,
        end: info.end,
        rows,
        symbols: Symbols::new(&info.modules),
        places: ["duration", "latency", "window", "event"].map(|name| (name, field_places(name))).into(),
    };
    let mut tallies: Vec<Box<dyn Tally>> = vec![
        Box::new(frames::Frames::new(rows)),
        Box::new(busy::Busy::default()),
        Box::new(callbacks::Callbacks::new(rows)),
        Box::new(handling::Handling::default()),
        Box::new(windows::Windows::default()),
    ];
    let mut progress = Progress::new("stat", context.start, context.end);
    for event in recording.events() {
        progress.event(event.time);
        for tally in &mut tallies {
            tally.event(&event, &context);
        }
    }
    drop(progress);
    let mut report = Report::default();
    let sections: Vec<_> = tallies.iter_mut().flat_map(|tally| tally.report(&mut context)).collect();
    report.add(facts(recording, summary(&sections)));
    sections.into_iter().for_each(|section| report.add(section));
    report.add(trouble(recording));
    report.add(process(recording));
    report
}

/// What one wants to know first, in a line.
fn summary(sections: &[Section]) -> String {
    let section = |key: &str| sections.iter().find(|section| section.key == key);
    let mut words = Vec::new();
    if let Some(frames) = section("frames") {
        let fact =
            |name: &str| frames.facts.iter().find(|(known, _)| known == name).map(|(_, value)| value.to_string());
        if let (Some(count), Some(over), Some(budget), Some(max)) =
            (fact("frames"), fact("over budget"), fact("budget"), fact("max"))
        {
            words.push(format!("{count} frames, {over} over {budget}, worst {max}"));
        }
    }
    let cell = |key: &str, column: &str| {
        let section = section(key)?;
        let at = section.columns.iter().position(|name| *name == column)?;
        section.rows.first()?.get(at).map(ToString::to_string)
    };
    if let Some(busy) = cell("busy", "busy of span") {
        words.push(format!("main loop busy {busy} of the time"));
    }
    if let (Some(longest), Some(name)) =
        (cell("longest_dispatches", "duration"), cell("longest_dispatches", "callback"))
    {
        words.push(format!("longest dispatch {longest} in {name}"));
    }
    words.join("; ")
}

/// The facts that tell one recording from another.
const HEAD_FACTS: &[&str] = &["program", "pid", "toolkit", "toolkit.version", "backend", "renderer"];

/// What the recording is.
fn facts(recording: &Recording, summary: String) -> Section {
    let (header, info) = (recording.header(), recording.info());
    let mut section = Section::new("recording", "Recording");
    section.fact("file", recording.path().display().to_string());
    if info.fact("pid").is_none() {
        section.fact("pid", header.pid.to_string());
    }
    if !summary.is_empty() {
        section.fact("in short", summary);
    }
    section.fact("length", Quantity::Duration(info.end.saturating_sub(header.monotonic)));
    section.fact("closed", if header.closed.is_some() { "yes" } else { "no: killed, or still running" });
    let kept = header.flags & gdkrecord::layout::TEXT_KEPT != 0;
    section.fact("typed text", if kept { "kept" } else { "redacted" });
    if header.flags & gdkrecord::layout::TARGETS != 0 {
        section.fact("input", "with the widgets to which it goes");
    }
    if header.flags & gdkrecord::layout::RING != 0 {
        section.fact("ring", "only the last part was kept");
    }
    for (name, value) in info.facts.iter().filter(|(name, _)| HEAD_FACTS.contains(&&**name)) {
        section.fact(name, &**value);
    }
    section
}

/// The other facts, which one looks up: they stand at the end.
fn process(recording: &Recording) -> Section {
    let mut section = Section::new("process", "The process and its machine");
    for (name, value) in recording.info().facts.iter().filter(|(name, _)| !HEAD_FACTS.contains(&&**name)) {
        section.fact(name, &**value);
    }
    section
}

/// What was lost or not recorded.
fn trouble(recording: &Recording) -> Section {
    let mut section = Section::new("trouble", "Lost or not recorded");
    for hook in recording.info().hooks.iter().filter(|hook| !hook.on) {
        let note = if hook.note.is_empty() { "no reason was given" } else { &*hook.note };
        section.notes.push(format!("hook {} is off: {note}", &*hook.name));
    }
    section.notes.extend(recording.diagnostics().iter().map(ToString::to_string));
    section
}
