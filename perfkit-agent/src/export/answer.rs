//! The forms in which the rows of an answer are printed: one writer each.

use std::io::{self, Write};

use rusqlite::types::ValueRef;

/// Rows that a table is held back for, to know how wide its columns are.
const MEASURED: usize = 2_000;
/// Characters that a column of a table is made wide for; longer values are printed whole and stand out.
const WIDEST: usize = 60;

/// The forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Aligned columns.
    Table,
    /// Comma-separated values with a head; null is the empty value.
    Csv,
    /// One JSON array of objects.
    Json,
}

/// Writes the rows of an answer.
pub trait Answer {
    /// One row, as many values as there are columns.
    fn row(&mut self, values: &[ValueRef<'_>]) -> io::Result<()>;
    /// There are no more.
    fn end(&mut self) -> io::Result<()>;
}

impl Format {
    /// A writer of this form for columns of these names.
    pub fn answer<'a>(self, columns: Vec<String>, out: &'a mut dyn Write) -> io::Result<Box<dyn Answer + 'a>> {
        Ok(match self {
            Format::Table => Box::new(Table { widths: Vec::new(), held: vec![columns], out }),
            Format::Csv => {
                let mut csv = csv::Writer::from_writer(out);
                csv.write_record(&columns)?;
                Box::new(Csv(csv))
            }
            Format::Json => Box::new(Json { columns, any: false, out }),
        })
    }
}

/// A value in words; null is empty.
fn word(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

struct Table<'a> {
    /// Empty until they are known.
    widths: Vec<usize>,
    /// The head and the rows before they are.
    held: Vec<Vec<String>>,
    out: &'a mut dyn Write,
}

impl Table<'_> {
    fn release(&mut self) -> io::Result<()> {
        let width = |column: usize| {
            let lengths = self.held.iter().filter_map(|row| Some(row.get(column)?.chars().count()));
            lengths.max().unwrap_or(0).min(WIDEST)
        };
        self.widths = (0..self.held.first().map_or(0, Vec::len)).map(width).collect();
        for row in std::mem::take(&mut self.held) {
            self.print(&row)?;
        }
        Ok(())
    }

    fn print(&mut self, row: &[String]) -> io::Result<()> {
        let cells = row.iter().zip(&self.widths).map(|(word, width)| format!("{word:<width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        writeln!(self.out, "{}", line.trim_end())
    }
}

impl Answer for Table<'_> {
    fn row(&mut self, values: &[ValueRef<'_>]) -> io::Result<()> {
        // A line of the table is a line of the output, and nothing in a text moves the cursor.
        let clean = |word: String| word.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
        let words: Vec<String> = values.iter().map(|&value| clean(word(value))).collect();
        if !self.widths.is_empty() {
            return self.print(&words);
        }
        self.held.push(words);
        if self.held.len() > MEASURED { self.release() } else { Ok(()) }
    }

    fn end(&mut self) -> io::Result<()> {
        if self.widths.is_empty() {
            self.release()?;
        }
        self.out.flush()
    }
}

struct Csv<'a>(csv::Writer<&'a mut dyn Write>);

impl Answer for Csv<'_> {
    fn row(&mut self, values: &[ValueRef<'_>]) -> io::Result<()> {
        Ok(self.0.write_record(values.iter().map(|&value| word(value)))?)
    }

    fn end(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

struct Json<'a> {
    columns: Vec<String>,
    any: bool,
    out: &'a mut dyn Write,
}

impl Answer for Json<'_> {
    fn row(&mut self, values: &[ValueRef<'_>]) -> io::Result<()> {
        self.out.write_all(if std::mem::replace(&mut self.any, true) { b",\n{" } else { b"[{" })?;
        for (at, (column, &value)) in self.columns.iter().zip(values).enumerate() {
            if at > 0 {
                self.out.write_all(b",")?;
            }
            serde_json::to_writer(&mut self.out, column)?;
            self.out.write_all(b":")?;
            match value {
                ValueRef::Null => self.out.write_all(b"null")?,
                ValueRef::Integer(number) => write!(self.out, "{number}")?,
                // JSON has no infinity; serde_json writes null for it.
                ValueRef::Real(number) => serde_json::to_writer(&mut self.out, &number)?,
                other => serde_json::to_writer(&mut self.out, &word(other))?,
            }
        }
        self.out.write_all(b"}")
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.write_all(if self.any { b"]\n" } else { b"[]\n" })?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(format: Format, rows: &[[ValueRef<'_>; 2]]) -> String {
        let mut out: Vec<u8> = Vec::new();
        let mut answer = format.answer(vec!["name".into(), "n".into()], &mut out).unwrap();
        rows.iter().for_each(|row| answer.row(row).unwrap());
        answer.end().unwrap();
        drop(answer);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_form_prints_what_it_should() {
        let text = ValueRef::Text(b"a, \"b\"\nc");
        let rows = [[text, ValueRef::Integer(-5)], [ValueRef::Null, ValueRef::Real(0.25)]];
        for (format, expected) in [
            (Format::Table, "name      n\na, \"b\" c  -5\n          0.25\n"),
            (Format::Csv, "name,n\n\"a, \"\"b\"\"\nc\",-5\n,0.25\n"),
            (Format::Json, "[{\"name\":\"a, \\\"b\\\"\\nc\",\"n\":-5},\n{\"name\":null,\"n\":0.25}]\n"),
        ] {
            assert_eq!(printed(format, &rows), expected);
        }
        assert_eq!(printed(Format::Json, &[]), "[]\n");
        assert_eq!(printed(Format::Csv, &[]), "name,n\n");
    }

    #[test]
    fn a_long_table_is_not_held_back() {
        let rows = vec![[ValueRef::Integer(1), ValueRef::Blob(b"\x00\xff")]; MEASURED + 10];
        let printed = printed(Format::Table, &rows);
        assert_eq!(printed.lines().count(), MEASURED + 11);
        assert!(printed.lines().skip(1).all(|line| line == "1     00ff"));
    }
}
