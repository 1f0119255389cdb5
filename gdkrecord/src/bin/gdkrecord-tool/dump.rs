//! `dump`: hands the events that were asked for to an exporter, one by one.

use gdkrecord::{Recording, Value};

use crate::args::DumpArgs;
use crate::export::{Format, Row, exporter};
use crate::failure::Result;
use crate::files;
use crate::progress::Progress;
use crate::select::{Selection, field_places};

/// Runs `dump`.
pub fn run(args: &DumpArgs) -> Result<()> {
    let recording = files::open(&args.file)?;
    let selection = Selection::new(&recording, &args.kind, args.window.as_deref(), args.from, args.to)?;
    files::write(&args.output, |out| {
        let mut exporter = exporter(args.format, selection.kinds().collect(), out);
        exporter.begin(&recording)?;
        let start = recording.header().monotonic;
        let window_at = field_places("window");
        let mut progress = Progress::new("dump", start, recording.info().end);
        for event in recording.events() {
            progress.event(event.time);
            if selection.is_past(event.time) {
                break;
            }
            let kind = event.body.kind();
            if !selection.takes(event.time, kind) {
                continue;
            }
            let values = event.body.values();
            let window = window_at[usize::from(kind.code)].and_then(|at| match values.get(at) {
                Some(Value::Uint(window)) => Some(*window),
                _ => None,
            });
            if selection.takes_window(window) {
                let offset = event.time as i64 - start as i64;
                exporter.event(&Row { event: &event, kind, values: &values, offset })?;
            }
        }
        drop(progress);
        exporter.end(&recording.diagnostics())
    })?;
    if args.format == Format::Csv {
        say_diagnostics(&recording);
    }
    Ok(())
}

fn say_diagnostics(recording: &Recording) {
    for found in recording.diagnostics() {
        eprintln!("gdkrecord-tool: {}: {found}", recording.path().display());
    }
}
