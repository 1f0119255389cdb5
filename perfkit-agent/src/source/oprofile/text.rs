//! `opreport -l` and `opreport --callgraph` in words: columns of samples and shares for each event, the image, the
//! symbol.

use super::report::{Event, Function, Place, Report};
use crate::error::{Error, Result};

/// Reads a report. An error where it is none.
///
/// Images are named without their folders, and an image with a space in its name is read wrongly: `-X` says it all.
pub fn parse(text: &str) -> Result<Report> {
    let mut report = Report::default();
    let mut columns: Option<Columns> = None;
    let mut callers = Vec::new();
    for line in text.lines() {
        if let Some(event) = counted(line) {
            report.events.push(event);
            continue;
        }
        if columns.is_none() {
            columns = Columns::read(line);
            continue;
        }
        let Some(columns) = &columns else { continue };
        if line.starts_with("---") {
            callers.clear();
            continue;
        }
        let Some((samples, place)) = columns.row(line) else { continue };
        // In a call graph the function itself stands between its callers and its callees, which are indented.
        if !line.starts_with(' ') {
            report.functions.push(Function { place, samples, callers: std::mem::take(&mut callers) });
        } else if !place.function.ends_with(" [self]") {
            let arcs = samples.iter().fold(0u64, |sum, count| sum.saturating_add(*count));
            // Those after the function are its callees; the next line of dashes throws them away.
            callers.push((place, arcs));
        }
    }
    match columns {
        Some(_) => Ok(report),
        None => Err(Error::Invalid("what opreport wrote has no columns of samples".to_owned())),
    }
}

/// `Counted NAME events (…) with a unit mask of … count N`
fn counted(line: &str) -> Option<Event> {
    let (name, rest) = line.strip_prefix("Counted ")?.split_once(" events")?;
    let (_, count) = rest.rsplit_once(" count ")?;
    Some(Event { name: name.to_owned(), count: count.trim().parse().ok()? })
}

/// Which columns there are.
struct Columns {
    events: usize,
    address: bool,
    /// Columns of one word between the image and the symbol.
    between: usize,
    image: bool,
}

impl Columns {
    fn read(line: &str) -> Option<Columns> {
        let events = line.split_whitespace().filter(|word| *word == "samples").count();
        let symbols = line.contains("symbol name");
        (events > 0 && symbols).then(|| Columns {
            events,
            address: line.starts_with("vma "),
            between: usize::from(line.contains("app name")),
            image: line.contains("image name"),
        })
    }

    fn row(&self, line: &str) -> Option<(Vec<u64>, Place)> {
        let mut rest = line;
        let mut word = || {
            rest = rest.trim_start();
            let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
            rest = after;
            word
        };
        let address = if self.address { u64::from_str_radix(word(), 16).ok()? } else { 0 };
        let mut samples = Vec::new();
        for _ in 0..self.events {
            samples.push(word().parse().ok()?);
            word();
        }
        let module = if self.image { word().to_owned() } else { String::new() };
        for _ in 0..self.between {
            word();
        }
        let function = rest.trim();
        let function = if function == "(no symbols)" { "" } else { function };
        Some((samples, Place { function: function.to_owned(), module, address }))
    }
}
