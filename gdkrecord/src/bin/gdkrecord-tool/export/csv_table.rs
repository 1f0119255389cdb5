//! CSV: one table with a line of names, one row an event.
//!
//! Each field is a column, so that a spreadsheet can sort, filter and sum it; fields of the same name share a
//! column, and the columns are those of the kinds that were asked for, so that memory stays constant and
//! `--kind frame` gives a table of frames and nothing else. Unknown values are empty cells. Rectangles are
//! `x y width height`, with semicolons between them. Times and spans are nanoseconds.

use std::io::{self, Write};

use gdkrecord::{Diagnostic, Kind, Recording, Value};

use super::number::{push_f32, push_i64, push_u64};
use super::{Exporter, Row};

/// The columns in front, whatever the kinds. `kind_group` is not `group`, which is a field of keys and pads.
const FIXED: &[&str] = &["time", "offset", "thread", "kind", "kind_group", "window", "duration"];
/// The columns in front that are no fields.
const FACTS: usize = 5;

/// Writes CSV. What must be quoted is quoted by the csv crate; all else goes straight into the row, since most
/// cells of a wide table are empty.
pub struct Csv<'a> {
    out: &'a mut dyn Write,
    names: Vec<&'static str>,
    /// By kind code: the fields in the order of their columns, each with the commas in front of it.
    cells: Vec<Vec<(usize, usize)>>,
    /// By kind code: the commas after the last field.
    rest: Vec<usize>,
    row: Vec<u8>,
    quoted: csv::Writer<Vec<u8>>,
}

impl<'a> Csv<'a> {
    /// With the columns that these kinds need.
    pub fn new(out: &'a mut dyn Write, kinds: &[&'static Kind]) -> Csv<'a> {
        let mut names = FIXED.to_vec();
        for field in kinds.iter().flat_map(|kind| kind.fields) {
            if !names[FACTS..].contains(&field.name) {
                names.push(field.name);
            }
        }
        let (mut cells, mut rest) = (vec![Vec::new(); 256], vec![0; 256]);
        for kind in kinds {
            let (code, mut commas) = (usize::from(kind.code), 0);
            for name in &names[FACTS..] {
                commas += 1;
                if let Some(at) = kind.fields.iter().position(|field| field.name == *name) {
                    cells[code].push((commas, at));
                    commas = 0;
                }
            }
            rest[code] = commas;
        }
        Csv { out, names, cells, rest, row: Vec::new(), quoted: csv::Writer::from_writer(Vec::new()) }
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        if !text.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
            self.row.extend_from_slice(text.as_bytes());
            return Ok(());
        }
        self.quoted.write_record([text]).map_err(plain)?;
        self.quoted.flush()?;
        let quoted = std::mem::replace(&mut self.quoted, csv::Writer::from_writer(Vec::new()));
        let quoted = quoted.into_inner().map_err(|error| error.into_error())?;
        self.row.extend_from_slice(quoted.trim_ascii_end());
        Ok(())
    }

    fn commas(&mut self, count: usize) {
        self.row.resize(self.row.len() + count, b',');
    }
}

fn push(cell: &mut Vec<u8>, value: &Value<'_>) {
    match value {
        Value::None => {}
        Value::Bool(truth) => cell.extend_from_slice(if *truth { b"true" } else { b"false" }),
        Value::Int(n) => push_i64(cell, *n),
        Value::Uint(n) => push_u64(cell, *n),
        Value::Float(x) => push_f32(cell, *x),
        Value::Text(text) => cell.extend_from_slice(text.as_bytes()),
        Value::Rects(rects) => {
            for (at, rect) in rects.iter().enumerate() {
                if at > 0 {
                    cell.extend_from_slice(b"; ");
                }
                push_i64(cell, rect.x.into());
                cell.push(b' ');
                push_i64(cell, rect.y.into());
                cell.push(b' ');
                push_u64(cell, rect.width.into());
                cell.push(b' ');
                push_u64(cell, rect.height.into());
            }
        }
    }
}

fn plain(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

impl Exporter for Csv<'_> {
    fn begin(&mut self, _: &Recording) -> io::Result<()> {
        let mut line = csv::Writer::from_writer(&mut *self.out);
        line.write_record(&self.names).map_err(plain)?;
        line.flush()
    }

    fn event(&mut self, row: &Row<'_>) -> io::Result<()> {
        let code = usize::from(row.kind.code);
        self.row.clear();
        push_u64(&mut self.row, row.event.time);
        self.row.push(b',');
        push_i64(&mut self.row, row.offset);
        self.row.push(b',');
        push_u64(&mut self.row, row.event.thread.into());
        for name in [row.kind.name, row.kind.group.name()] {
            self.row.push(b',');
            self.row.extend_from_slice(name.as_bytes());
        }
        for at in 0..self.cells[code].len() {
            let (commas, field) = self.cells[code][at];
            self.commas(commas);
            match row.values.get(field) {
                Some(Value::Text(text)) => self.text(text)?,
                Some(value) => push(&mut self.row, value),
                None => {}
            }
        }
        self.commas(self.rest[code]);
        self.row.push(b'\n');
        self.out.write_all(&self.row)
    }

    fn end(&mut self, _: &[Diagnostic]) -> io::Result<()> {
        // The table has no place for them; `dump` says them on standard error.
        Ok(())
    }
}
