//! Text: one readable line an event, with units; lines about the recording itself begin with `#`.

use std::collections::HashMap;
use std::io::{self, Write};

use gdkrecord::kind::flags;
use gdkrecord::{Diagnostic, Recording, Value, field::FieldType};

use super::{Exporter, Row};
use gdkrecord::units::{duration, moment};

/// Writes text.
pub struct Text<'a> {
    out: &'a mut dyn Write,
    windows: HashMap<u64, String>,
    start: i64,
    line: Vec<u8>,
}

impl<'a> Text<'a> {
    /// Into `out`.
    pub fn new(out: &'a mut dyn Write) -> Text<'a> {
        Text { out, windows: HashMap::new(), start: 0, line: Vec::new() }
    }
}

/// Says a number in words.
type Say = fn(u64, &Text<'_>) -> String;

/// How fields are said whose plain number would not tell; all others are said as their type has it.
const SAID: &[(&str, Say)] = &[
    ("window", |id, text| text.windows.get(&id).cloned().unwrap_or_else(|| id.to_string())),
    ("late", |us, _| duration(us * 1000)),
    ("shown", |ns, text| moment(ns as i64 - text.start)),
    ("flags", |bits, _| flag_names(bits)),
    ("state", |bits, _| format!("{bits:#x}")),
    ("changed", |bits, _| format!("{bits:#x}")),
    ("xid", |xid, _| format!("{xid:#x}")),
    ("base", |address, _| format!("{address:#x}")),
];

fn flag_names(bits: u64) -> String {
    const NAMES: &[(u8, &str)] = &[
        (flags::SENT, "sent"),
        (flags::SYNTHETIC, "synthetic"),
        (flags::REDACTED, "redacted"),
        (flags::EMULATED, "emulated"),
    ];
    let names = NAMES.iter().filter(|(bit, _)| bits & u64::from(*bit) != 0).map(|(_, name)| *name);
    names.collect::<Vec<_>>().join("+")
}

impl Text<'_> {
    fn field(&self, line: &mut Vec<u8>, name: &str, of: FieldType, value: &Value<'_>) -> io::Result<()> {
        let number = match *value {
            Value::Uint(n) => Some(n),
            Value::Int(n) => u64::try_from(n).ok(),
            _ => None,
        };
        let said = number.and_then(|n| SAID.iter().find(|(known, _)| *known == name).map(|(_, say)| say(n, self)));
        match (said, value, name) {
            (_, Value::None, _) | (_, Value::Text(""), _) => Ok(()),
            // What most events do not have is not worth a place in every line.
            (_, Value::Uint(0), "flags" | "state" | "device" | "subwindow") => Ok(()),
            (Some(said), ..) => write!(line, " {name}={said}"),
            (_, Value::Int(-1 | 32767), "timeout") => write!(line, " timeout=forever"),
            (_, Value::Int(ms), "timeout") => write!(line, " timeout={ms} ms"),
            (_, Value::Uint(ns), _) if of == FieldType::Span => write!(line, " {name}={}", duration(*ns)),
            (_, Value::Uint(n), _) => write!(line, " {name}={n}"),
            (_, Value::Int(n), _) => write!(line, " {name}={n}"),
            (_, Value::Float(x), _) => write!(line, " {name}={x}"),
            (_, Value::Bool(truth), _) => write!(line, " {name}={}", if *truth { "yes" } else { "no" }),
            (_, Value::Text(text), "event") => write!(line, " {text}"),
            (_, Value::Text(text), _) if text.contains([' ', '"', '\n']) => write!(line, " {name}={text:?}"),
            (_, Value::Text(text), _) => write!(line, " {name}={text}"),
            (_, Value::Rects(rects), _) => {
                let area: u64 = rects.iter().map(|rect| rect.area()).sum();
                write!(line, " {area} px:")?;
                for rect in *rects {
                    write!(line, " {}×{}{:+}{:+}", rect.width, rect.height, rect.x, rect.y)?;
                }
                Ok(())
            }
        }
    }
}

impl Exporter for Text<'_> {
    fn begin(&mut self, recording: &Recording) -> io::Result<()> {
        let (header, info) = (recording.header(), recording.info());
        self.start = header.monotonic as i64;
        for window in &info.windows {
            self.windows.insert(window.id.into(), crate::select::describe(window));
        }
        writeln!(self.out, "# {}: process {}", recording.path().display(), header.pid)
    }

    fn event(&mut self, row: &Row<'_>) -> io::Result<()> {
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        write!(line, "{:>14}  {:<2} {:<15}", moment(row.offset), row.event.thread, row.kind.name)?;
        for (field, value) in row.kind.fields.iter().zip(row.values) {
            match (field.name, value) {
                ("duration", Value::Uint(ns)) => write!(line, " {:>8} ", duration(*ns))?,
                ("duration", _) => write!(line, " {:>8} ", "…")?,
                _ => self.field(&mut line, field.name, field.of, value)?,
            }
        }
        while line.last() == Some(&b' ') {
            line.pop();
        }
        line.push(b'\n');
        self.out.write_all(&line)?;
        self.line = line;
        Ok(())
    }

    fn end(&mut self, diagnostics: &[Diagnostic]) -> io::Result<()> {
        for found in diagnostics {
            writeln!(self.out, "# {found}")?;
        }
        Ok(())
    }
}
