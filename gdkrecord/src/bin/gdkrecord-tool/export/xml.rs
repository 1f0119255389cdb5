//! XML: `<gdkrecord>` with the recording, its events (an element named like its kind each) and what was found
//! wrong. Fields are attributes, and an unknown one is left out; rectangles are `<rect>` elements inside.

use std::borrow::Cow;
use std::io::{self, Write};

use gdkrecord::{Diagnostic, Kind, Recording, Value};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::number::{push_f32, push_i64, push_u64};
use super::{Exporter, HEADER, PARTS, Row, WINDOW, XML_FORMAT, dropped};

/// Writes XML.
pub struct Xml<'a> {
    out: Writer<&'a mut dyn Write>,
    number: Vec<u8>,
}

impl<'a> Xml<'a> {
    /// Into `out`.
    pub fn new(out: &'a mut dyn Write) -> Xml<'a> {
        Xml { out: Writer::new_with_indent(out, b' ', 1), number: Vec::new() }
    }

    fn open(&mut self, name: &str, attributes: &[(&str, Value<'_>)]) -> io::Result<()> {
        let mut element = BytesStart::new(name);
        for (name, value) in attributes {
            attribute(&mut element, name, value, &mut self.number);
        }
        self.out.write_event(Event::Start(element))
    }

    fn empty<'v>(&mut self, name: &str, attributes: impl IntoIterator<Item = (&'v str, Value<'v>)>) -> io::Result<()> {
        let mut element = BytesStart::new(name);
        for (name, value) in attributes {
            attribute(&mut element, name, &value, &mut self.number);
        }
        self.out.write_event(Event::Empty(element))
    }

    fn close(&mut self, name: &str) -> io::Result<()> {
        self.out.write_event(Event::End(BytesEnd::new(name)))
    }
}

fn attribute(element: &mut BytesStart<'_>, name: &str, value: &Value<'_>, number: &mut Vec<u8>) {
    number.clear();
    match value {
        Value::None | Value::Rects(_) => return,
        Value::Text(text) => return element.push_attribute((name, &*allowed(text))),
        Value::Bool(truth) => return element.push_attribute((name, if *truth { "true" } else { "false" })),
        Value::Int(n) => push_i64(number, *n),
        Value::Uint(n) => push_u64(number, *n),
        Value::Float(x) => push_f32(number, *x),
    }
    // Digits are UTF-8.
    element.push_attribute((name, std::str::from_utf8(number).unwrap_or_default()));
}

/// XML 1.0 has no way to say most control characters, and attributes lose line ends: both read as U+FFFD.
fn allowed(text: &str) -> Cow<'_, str> {
    let bad = |c: char| (c < ' ') || c == '\u{fffe}' || c == '\u{ffff}';
    if text.contains(bad) { Cow::Owned(text.replace(bad, "\u{fffd}")) } else { Cow::Borrowed(text) }
}

impl Exporter for Xml<'_> {
    fn begin(&mut self, recording: &Recording) -> io::Result<()> {
        let (header, info) = (recording.header(), recording.info());
        self.out.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let version = Value::Uint(XML_FORMAT.1);
        self.open("gdkrecord", &[("format", Value::Text(XML_FORMAT.0)), ("version", version)])?;
        let attributes: Vec<_> = HEADER.iter().map(|column| (column.name, (column.get)(header))).collect();
        self.open("recording", &attributes)?;
        for (name, value) in &info.facts {
            self.empty("fact", [("name", Value::Text(name)), ("value", Value::Text(value))])?;
        }
        for part in PARTS {
            let fields = Kind::by_name(part.kind).map_or(&[][..], |kind| kind.fields);
            for body in (part.get)(info) {
                self.empty(part.kind, fields.iter().map(|field| field.name).zip(body.values()))?;
            }
        }
        for window in &info.windows {
            self.empty("window", WINDOW.iter().map(|column| (column.name, (column.get)(window))))?;
        }
        for (kind, count) in dropped(header) {
            self.empty("dropped", [("kind", Value::Text(kind)), ("count", Value::Uint(count))])?;
        }
        self.close("recording")?;
        self.open("events", &[])
    }

    fn event(&mut self, row: &Row<'_>) -> io::Result<()> {
        let mut element = BytesStart::new(row.kind.name);
        let number = &mut self.number;
        attribute(&mut element, "time", &Value::Uint(row.event.time), number);
        attribute(&mut element, "offset", &Value::Int(row.offset), number);
        attribute(&mut element, "thread", &Value::Uint(row.event.thread.into()), number);
        for (field, value) in row.kind.fields.iter().zip(row.values) {
            attribute(&mut element, field.name, value, number);
        }
        let rects = row.values.iter().find_map(|value| match value {
            Value::Rects(rects) if !rects.is_empty() => Some(*rects),
            _ => None,
        });
        let Some(rects) = rects else { return self.out.write_event(Event::Empty(element)) };
        self.out.write_event(Event::Start(element))?;
        for rect in rects {
            self.empty(
                "rect",
                [
                    ("x", Value::Int(rect.x.into())),
                    ("y", Value::Int(rect.y.into())),
                    ("width", Value::Uint(rect.width.into())),
                    ("height", Value::Uint(rect.height.into())),
                ],
            )?;
        }
        self.close(row.kind.name)
    }

    fn end(&mut self, diagnostics: &[Diagnostic]) -> io::Result<()> {
        self.close("events")?;
        self.open("diagnostics", &[])?;
        for found in diagnostics {
            self.open("diagnostic", &[])?;
            self.out.write_event(Event::Text(BytesText::new(&found.to_string())))?;
            self.close("diagnostic")?;
        }
        self.close("diagnostics")?;
        self.close("gdkrecord")?;
        self.out.get_mut().write_all(b"\n")
    }
}
