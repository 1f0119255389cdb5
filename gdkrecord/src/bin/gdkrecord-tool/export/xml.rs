//! XML: `<gdkrecord>` with the recording, its events (an element named like its kind each) and what was found
//! wrong. Fields are attributes, and an unknown one is left out; rectangles are `<rect>` elements inside.

use std::borrow::Cow;
use std::io::{self, Write};

use gdkrecord::{Diagnostic, Kind, Recording, Value};
use quick_xml::Writer;
use quick_xml::escape::escape;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::number::{push_f32, push_i64, push_u64};
use super::{Exporter, HEADER, PARTS, Row, WINDOW, XML_FORMAT, dropped};

/// Writes XML.
pub struct Xml<'a> {
    out: Writer<&'a mut dyn Write>,
    line: Vec<u8>,
}

impl<'a> Xml<'a> {
    /// Into `out`.
    pub fn new(out: &'a mut dyn Write) -> Xml<'a> {
        Xml { out: Writer::new_with_indent(out, b' ', 1), line: Vec::new() }
    }

    fn open(&mut self, name: &str, attributes: &[(&str, Value<'_>)]) -> io::Result<()> {
        let content = content(&mut self.line, name, attributes.iter().cloned());
        self.out.write_event(Event::Start(BytesStart::from_content(content, name.len())))
    }

    fn empty<'v>(&mut self, name: &str, attributes: impl IntoIterator<Item = (&'v str, Value<'v>)>) -> io::Result<()> {
        let content = content(&mut self.line, name, attributes);
        self.out.write_event(Event::Empty(BytesStart::from_content(content, name.len())))
    }

    fn close(&mut self, name: &str) -> io::Result<()> {
        self.out.write_event(Event::End(BytesEnd::new(name)))
    }
}

/// A name with its attributes, as it stands between the brackets.
fn content<'l, 'v>(
    line: &'l mut Vec<u8>,
    name: &str,
    attributes: impl IntoIterator<Item = (&'v str, Value<'v>)>,
) -> &'l str {
    line.clear();
    line.extend_from_slice(name.as_bytes());
    attributes.into_iter().for_each(|(name, value)| push_attribute(line, name, &value));
    // Names and values are UTF-8.
    std::str::from_utf8(line).unwrap_or_default()
}

/// Appends ` name="value"`; nothing where it is not known.
fn push_attribute(line: &mut Vec<u8>, name: &str, value: &Value<'_>) {
    if matches!(value, Value::None | Value::Rects(_)) {
        return;
    }
    line.push(b' ');
    line.extend_from_slice(name.as_bytes());
    line.extend_from_slice(b"=\"");
    match value {
        Value::None | Value::Rects(_) => {}
        Value::Text(text) => line.extend_from_slice(escape(allowed(text)).as_bytes()),
        Value::Bool(truth) => line.extend_from_slice(if *truth { b"true" } else { b"false" }),
        Value::Int(n) => push_i64(line, *n),
        Value::Uint(n) => push_u64(line, *n),
        Value::Float(x) => push_f32(line, *x),
    }
    line.push(b'"');
}

/// XML 1.0 has no way to say most control characters, and attributes lose line ends: both read as U+FFFD.
fn allowed(text: &str) -> Cow<'_, str> {
    // Nearly all texts have none of these, nor a letter that begins as U+FFFE and U+FFFF do.
    if text.bytes().all(|byte| byte >= b' ' && byte != 0xef) {
        return Cow::Borrowed(text);
    }
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

    /// Straight into a line that is used again: events are what there are millions of.
    fn event(&mut self, row: &Row<'_>) -> io::Result<()> {
        let line = &mut self.line;
        line.clear();
        line.extend_from_slice(b"\n  <");
        line.extend_from_slice(row.kind.name.as_bytes());
        push_attribute(line, "time", &Value::Uint(row.event.time));
        push_attribute(line, "offset", &Value::Int(row.offset));
        push_attribute(line, "thread", &Value::Uint(row.event.thread.into()));
        for (field, value) in row.kind.fields.iter().zip(row.values) {
            push_attribute(line, field.name, value);
        }
        let rects = row.values.iter().find_map(|value| match value {
            Value::Rects(rects) if !rects.is_empty() => Some(*rects),
            _ => None,
        });
        if let Some(rects) = rects {
            line.push(b'>');
            for rect in rects {
                line.extend_from_slice(b"\n   <rect");
                push_attribute(line, "x", &Value::Int(rect.x.into()));
                push_attribute(line, "y", &Value::Int(rect.y.into()));
                push_attribute(line, "width", &Value::Uint(rect.width.into()));
                push_attribute(line, "height", &Value::Uint(rect.height.into()));
                line.extend_from_slice(b"/>");
            }
            line.extend_from_slice(b"\n  </");
            line.extend_from_slice(row.kind.name.as_bytes());
            line.push(b'>');
        } else {
            line.extend_from_slice(b"/>");
        }
        self.out.get_mut().write_all(line)
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
