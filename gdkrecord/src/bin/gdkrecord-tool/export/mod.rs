//! The export formats: one trait, one file a format. `dump` hands each of them the same events.
//!
//! Every exporter writes as it is handed events and keeps none: memory does not grow with the recording.

mod csv_table;
mod head;
mod json;
mod number;
mod text;
mod xml;

use std::io::{self, Write};

use clap::ValueEnum;
use gdkrecord::{Diagnostic, Event, Kind, Recording, Value};

pub use head::{Column, HEADER, PARTS, WINDOW, dropped};

/// An export format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One readable line an event.
    Text,
    /// One XML document.
    Xml,
    /// One JSON object.
    Json,
    /// A table for spreadsheets.
    Csv,
}

/// The name and version that JSON exports say in front.
pub const JSON_FORMAT: (&str, u64) = ("gdkrecord-json", 1);
/// The same for XML.
pub const XML_FORMAT: (&str, u64) = ("gdkrecord-xml", 1);

/// An event, and what all formats want to know of it.
pub struct Row<'a> {
    /// The event.
    pub event: &'a Event,
    /// Its entry in the table.
    pub kind: &'static Kind,
    /// The values of the kind's fields.
    pub values: &'a [Value<'a>],
    /// Nanoseconds since the start.
    pub offset: i64,
}

/// Writes a recording in one format.
pub trait Exporter {
    /// What comes before the events.
    fn begin(&mut self, recording: &Recording) -> io::Result<()>;
    /// One event.
    fn event(&mut self, row: &Row<'_>) -> io::Result<()>;
    /// What comes after them.
    fn end(&mut self, diagnostics: &[Diagnostic]) -> io::Result<()>;
}

/// The exporter of a format, for events of these kinds.
pub fn exporter<'a>(format: Format, kinds: Vec<&'static Kind>, out: &'a mut dyn Write) -> Box<dyn Exporter + 'a> {
    match format {
        Format::Text => Box::new(text::Text::new(out)),
        Format::Xml => Box::new(xml::Xml::new(out)),
        Format::Json => Box::new(json::Json::new(out)),
        Format::Csv => Box::new(csv_table::Csv::new(out, &kinds)),
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Exports events as `dump` does.
    pub fn export(recording: &Recording, format: Format) -> Vec<u8> {
        let mut out = Vec::new();
        {
            let kinds = gdkrecord::KINDS.iter().filter(|kind| kind.name != "string").collect();
            let mut exporter = exporter(format, kinds, &mut out);
            exporter.begin(recording).unwrap();
            for event in recording.events() {
                let offset = event.time as i64 - recording.header().monotonic as i64;
                let values = event.body.values();
                exporter.event(&Row { event: &event, kind: event.body.kind(), values: &values, offset }).unwrap();
            }
            exporter.end(&recording.diagnostics()).unwrap();
        }
        out
    }

    #[test]
    fn every_format_holds_every_event() {
        let (_folder, recording) = crate::sample::recording();
        let count = recording.events().count();
        let text = |format| String::from_utf8(export(&recording, format)).unwrap();
        let table = export(&recording, Format::Csv);
        let mut table = csv::Reader::from_reader(&*table);
        let names = table.headers().unwrap().clone();
        // The reader refuses rows of unequal length.
        let rows: Vec<_> = table.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), count);
        for (row, event) in rows.iter().zip(recording.events()) {
            for (field, value) in event.body.kind().fields.iter().zip(event.body.values()) {
                let at = (0..names.len()).rfind(|at| &names[*at] == field.name).unwrap();
                match value {
                    Value::Text(text) => assert_eq!(&row[at], text, "{}", field.name),
                    Value::Uint(n) => assert_eq!(row[at], n.to_string()),
                    Value::None => assert_eq!(&row[at], ""),
                    _ => assert!(!row[at].is_empty() || value == Value::Rects(&[])),
                }
            }
        }
        assert_eq!(text(Format::Json).matches("\n{\"time\":").count(), count);
        assert_eq!(text(Format::Xml).matches(" offset=").count(), count);
        let lines = text(Format::Text);
        assert_eq!(lines.lines().filter(|line| !line.starts_with('#')).count(), count);
    }
}
