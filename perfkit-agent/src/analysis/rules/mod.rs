//! What can make a frame slow: one table, a file a rule. Each explains a part of the frame's window; no two explain
//! the same part, so that their nanoseconds can be compared.

mod another;
mod callback;
mod input;
mod layout;
mod other;
mod phases;
mod render;
mod snapshot;
mod update;

pub use render::widest;

use super::engine::Facts;
use super::inside::Inside;
use super::window::Window;

/// A rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its name for programs.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What comes before the subject of a finding, in words: "layout of", "callback"; may be empty.
    pub of: &'static str,
    /// What it looks for, in one sentence.
    pub doc: &'static str,
    /// What it finds in a slow frame's window; nothing where it does not apply.
    pub find: fn(&Facts<'_>, &Window<'_>) -> Vec<Finding>,
}

/// Something that took time of a frame's window.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The rule's name.
    pub rule: &'static str,
    /// What it is about: a callback, a widget class, a window; for sums over many frames.
    pub subject: String,
    /// Nanoseconds of the window that it took.
    pub ns: i64,
    /// In words, without what it mostly was.
    pub words: String,
    /// Where it lies: begin and end of each part, in their order.
    pub parts: Vec<(i64, i64)>,
    /// The rows that show it, as a question to the session.
    pub evidence: String,
    /// What it mostly was.
    pub inside: Option<Inside>,
}

impl Finding {
    /// Its longest part, as begin and end.
    pub fn place(&self) -> (i64, i64) {
        self.parts.iter().copied().max_by_key(|(from, to)| to - from).unwrap_or_default()
    }

    /// The rule's name for people.
    pub fn title(&self) -> &'static str {
        title(self.rule)
    }

    /// What it is about in words, as "layout of SlowMeasure".
    pub fn cause(&self) -> String {
        let of = RULES.iter().find(|rule| rule.name == self.rule).map_or("", |rule| rule.of);
        format!("{of} {}", self.subject).trim_start().to_owned()
    }
}

/// A rule's name for people.
pub fn title(rule: &str) -> &'static str {
    RULES.iter().find(|known| known.name == rule).map_or("", |rule| rule.title)
}

/// Every rule.
pub const RULES: &[Rule] = &[
    callback::RULE,
    input::RULE,
    another::RULE,
    update::RULE,
    layout::RULE,
    snapshot::RULE,
    render::RULE,
    phases::RULE,
    other::RULE,
];
