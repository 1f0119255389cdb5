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

/// Writes CSV.
pub struct Csv<'a> {
    out: csv::Writer<&'a mut dyn Write>,
    names: Vec<&'static str>,
    /// By kind code: the field that each column from `window` on shows.
    cells: Vec<Vec<Option<u8>>>,
    cell: Vec<u8>,
}

impl<'a> Csv<'a> {
    /// With the columns that these kinds need.
    pub fn new(out: &'a mut dyn Write, kinds: &[&'static Kind]) -> Csv<'a> {
        let mut names = FIXED.to_vec();
        for field in kinds.iter().flat_map(|kind| kind.fields) {
            if !names[5..].contains(&field.name) {
                names.push(field.name);
            }
        }
        let mut cells = vec![Vec::new(); 256];
        for kind in kinds {
            let field = |name: &&str| kind.fields.iter().position(|field| field.name == *name).map(|at| at as u8);
            cells[usize::from(kind.code)] = names[5..].iter().map(field).collect();
        }
        let out = csv::WriterBuilder::new().buffer_capacity(64 * 1024).from_writer(out);
        Csv { out, names, cells, cell: Vec::new() }
    }

    fn number(&mut self, n: i64) -> csv::Result<()> {
        self.cell.clear();
        push_i64(&mut self.cell, n);
        self.out.write_field(&self.cell)
    }

    fn row(&mut self, row: &Row<'_>) -> csv::Result<()> {
        self.number(row.event.time as i64)?;
        self.number(row.offset)?;
        self.number(row.event.thread.into())?;
        self.out.write_field(row.kind.name)?;
        self.out.write_field(row.kind.group.name())?;
        for field in &self.cells[usize::from(row.kind.code)] {
            self.cell.clear();
            match field.and_then(|at| row.values.get(usize::from(at))) {
                None | Some(Value::None) => {}
                Some(Value::Text(text)) => {
                    self.out.write_field(text)?;
                    continue;
                }
                Some(value) => push(&mut self.cell, value),
            }
            self.out.write_field(&self.cell)?;
        }
        self.out.write_record(None::<&[u8]>)
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
            for rect in *rects {
                if !cell.is_empty() {
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
        self.out.write_record(&self.names).map_err(plain)
    }

    fn event(&mut self, row: &Row<'_>) -> io::Result<()> {
        self.row(row).map_err(plain)
    }

    fn end(&mut self, diagnostics: &[Diagnostic]) -> io::Result<()> {
        // The table has no place for them; `dump` says them on standard error.
        let _ = diagnostics;
        self.out.flush()
    }
}
