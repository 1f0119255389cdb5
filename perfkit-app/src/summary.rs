//! What the window shows of a recording, read off the main thread.

use std::collections::BTreeMap;
use std::path::Path;

use gdkrecord::kind::Group;
use gdkrecord::{Body, Recording};

/// Pairs of a name and a value, in the order in which they are shown.
pub type Rows = Vec<(String, String)>;

/// A recording in a few rows.
#[derive(Debug, Default)]
pub struct Summary {
    /// What the reader found wrong.
    pub notes: Rows,
    /// Facts about the process, as the recorder wrote them.
    pub facts: Rows,
    /// Events by kind, the most frequent first.
    pub counts: Rows,
}

/// Reads all of a recording once.
pub fn summarise(path: &Path) -> gdkrecord::Result<Summary> {
    let recording = Recording::open(path)?;
    let mut summary = Summary::default();
    let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
    for event in recording.events() {
        match &event.body {
            Body::Fact(fact) => summary.facts.push((fact.name.to_string(), fact.value.to_string())),
            body if body.kind().group != Group::Process => *counts.entry(body.kind().name).or_default() += 1,
            _ => {}
        }
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    summary.counts = counts.into_iter().map(|(name, count)| (name.to_owned(), count.to_string())).collect();
    summary.notes = recording.diagnostics().iter().map(|found| (found.to_string(), String::new())).collect();
    Ok(summary)
}
