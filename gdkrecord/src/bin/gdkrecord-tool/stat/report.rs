//! What `stat` found, before it is worded: sections of named values and a table each. Both forms come from it.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use crate::quantity::Quantity;

/// Everything that was found.
#[derive(Debug, Default)]
pub struct Report {
    sections: Vec<Section>,
}

/// One topic.
#[derive(Debug, Default)]
pub struct Section {
    /// Its key in JSON.
    pub key: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// Values by name.
    pub facts: Vec<(String, Quantity)>,
    /// The table's columns.
    pub columns: &'static [&'static str],
    /// The table's rows.
    pub rows: Vec<Vec<Quantity>>,
    /// Rows that are left out of it.
    pub more: usize,
    /// What one must know to read it.
    pub notes: Vec<String>,
}

impl Section {
    /// An empty one.
    pub fn new(key: &'static str, title: &'static str) -> Section {
        Section { key, title, ..Section::default() }
    }

    /// Adds a named value.
    pub fn fact(&mut self, name: &str, value: impl Into<Quantity>) {
        self.facts.push((name.to_owned(), value.into()));
    }

    /// Keeps the first `most` rows, and says how many there were more.
    pub fn cut(&mut self, most: usize) {
        self.more = self.rows.len().saturating_sub(most);
        self.rows.truncate(most);
    }
}

impl Report {
    /// Adds a section, unless it says nothing.
    pub fn add(&mut self, section: Section) {
        if !(section.facts.is_empty() && section.rows.is_empty() && section.notes.is_empty()) {
            self.sections.push(section);
        }
    }

    /// For reading.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for section in &self.sections {
            section.text(&mut out);
        }
        out
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let sections = self.sections.iter().map(|section| (section.key.to_owned(), section.json()));
        json!({"format": "gdkrecord-stat", "version": 1})
            .as_object()
            .cloned()
            .unwrap_or_default()
            .into_iter()
            .chain(sections)
            .collect()
    }
}

/// A name as JSON has it.
fn key(name: &str, suffix: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    plain + suffix
}

impl Section {
    fn json(&self) -> Value {
        let facts = self.facts.iter().map(|(name, value)| (key(name, value.suffix()), value.json()));
        let mut map: Map<String, Value> = facts.collect();
        if !self.columns.is_empty() {
            // One unit a column: an unknown value has the key of the known ones.
            let keys: Vec<_> = self
                .columns
                .iter()
                .enumerate()
                .map(|(at, name)| {
                    let suffix = self.rows.iter().map(|row| row[at].suffix()).find(|suffix| !suffix.is_empty());
                    key(name, suffix.unwrap_or_default())
                })
                .collect();
            let row =
                |row: &Vec<Quantity>| -> Value { keys.iter().cloned().zip(row.iter().map(Quantity::json)).collect() };
            map.insert("rows".into(), self.rows.iter().map(row).collect());
        }
        if !self.notes.is_empty() {
            map.insert("notes".into(), self.notes.clone().into());
        }
        map.into()
    }

    fn text(&self, out: &mut String) {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{}{}", if out.is_empty() { "" } else { "\n" }, self.title.to_uppercase());
        let width = self.facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, value) in &self.facts {
            let _ = writeln!(out, "  {name:width$}  {value}");
        }
        if !self.rows.is_empty() {
            table(out, self.columns, &self.rows);
        }
        if self.more > 0 {
            let _ = writeln!(out, "  … and {} more (--rows)", self.more);
        }
        for note in &self.notes {
            let _ = writeln!(out, "  {note}");
        }
    }
}

/// The widest a cell of words may be before the columns after it are pushed away.
const WIDEST: usize = 64;

fn table(out: &mut String, columns: &[&str], rows: &[Vec<Quantity>]) {
    let cells: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(ToString::to_string).collect()).collect();
    let right: Vec<bool> = (0..columns.len()).map(|at| rows.iter().all(|row| row[at].is_number())).collect();
    let width = |at: usize| {
        let widest = cells.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
        widest.min(WIDEST).max(columns[at].chars().count())
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::from(" ");
        for ((cell, width), right) in cells.zip(&widths).zip(&right) {
            let _ = if *right { write!(text, " {cell:>width$} ") } else { write!(text, " {cell:<width$} ") };
        }
        out.push_str(text.trim_end());
        out.push('\n');
    };
    line(&mut columns.iter().copied());
    for row in &cells {
        line(&mut row.iter().map(String::as_str));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same() {
        let mut section = Section::new("frames", "Frames");
        section.fact("over budget", Quantity::Share(0.5));
        section.columns = &["what", "time"];
        section.rows = vec![vec!["a".into(), Quantity::Duration(1500)], vec!["b".into(), Quantity::Unknown]];
        section.cut(5);
        let mut report = Report::default();
        report.add(section);
        report.add(Section::new("empty", "Empty"));
        assert_eq!(report.text(), "FRAMES\n  over budget  50.0 %\n  what     time\n  a     1.50 µs\n  b           –\n");
        assert_eq!(report.json()["frames"]["rows"][0], json!({"what": "a", "time_ns": 1500}));
        assert_eq!(report.json()["frames"]["over_budget_share"], 0.5);
        assert!(report.json().get("empty").is_none());
    }
}
