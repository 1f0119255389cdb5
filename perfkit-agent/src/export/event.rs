//! What the rows of a series are called where a tool wants one name, a category, and the rest as arguments: one table.

use std::borrow::Cow;

use gdkrecord::KINDS;

use crate::session::query::Value;
use crate::session::{ColumnType, Series};

/// Which column names the rows of a series.
struct Named {
    series: &'static str,
    /// The columns whose texts are the name.
    name: &'static [&'static str],
    /// The category, where no column has it.
    category: &'static str,
    /// The column that has the category.
    in_column: &'static str,
}

const fn named(series: &'static str, category: &'static str, name: &'static [&'static str]) -> Named {
    Named { series, name, category, in_column: "" }
}

const NAMED: &[Named] = &[
    named("syscalls", "syscall", &["name"]),
    named("calls", "call", &["function"]),
    named("samples", "sample", &["event"]),
    named("offcpu", "offcpu", &["state"]),
    named("counters", "counter", &[]),
    Named { series: "marks", name: &["name"], category: "mark", in_column: "group" },
    named("logs", "log", &["message"]),
    named("dbus", "dbus", &["type", "member"]),
    named("life", "life", &["what", "name"]),
    named("gdk_dispatch", "loop", &["source"]),
    named("gdk_check", "loop", &["source"]),
    named("gdk_widget_cost", "widget", &["class", "work"]),
];

/// What the rows of a series are called.
#[derive(Clone, Debug)]
pub struct Event {
    name: Vec<usize>,
    /// Where no column has a name for it.
    otherwise: String,
    category: String,
    in_column: Option<usize>,
}

impl Event {
    /// The rows of a series.
    pub fn of(series: &Series) -> Event {
        let schema = &series.schema;
        let places = |names: &[&str]| names.iter().filter_map(|name| schema.column(name)).collect();
        let kind = schema.name.strip_prefix("gdk_").map(|name| name.replace('_', "-"));
        let kind = kind.and_then(|name| KINDS.iter().find(|kind| kind.name == name));
        let otherwise = kind.map_or(&*schema.name, |kind| kind.name).to_owned();
        if let Some(known) = NAMED.iter().find(|named| named.series == schema.name) {
            let in_column = schema.column(known.in_column);
            return Event { name: places(known.name), otherwise, category: known.category.to_owned(), in_column };
        }
        if let Some(kind) = kind {
            return Event { name: Vec::new(), otherwise, category: kind.group.name().to_owned(), in_column: None };
        }
        // A series of somebody else's: its first name is the best guess.
        let name = schema.columns.iter().position(|column| column.of == ColumnType::Name);
        Event { name: name.into_iter().collect(), category: otherwise.clone(), otherwise, in_column: None }
    }

    /// The name of a row.
    pub fn name<'a>(&'a self, cells: &'a [Value]) -> Cow<'a, str> {
        let mut words = self.name.iter().filter_map(|&at| cells.get(at)?.text());
        let first = words.next().unwrap_or(&self.otherwise);
        match words.next() {
            None => first.into(),
            Some(second) => format!("{first} {second}").into(),
        }
    }

    /// Whether the name is a text that hardly comes again, as a line of a log: who keeps all of them has no bound.
    pub fn is_told_once(&self, cells: &[Value]) -> bool {
        self.name.iter().any(|&at| matches!(cells.get(at), Some(Value::Text(_))))
    }

    /// The category of a row.
    pub fn category<'a>(&'a self, cells: &'a [Value]) -> &'a str {
        self.in_column.and_then(|at| cells.get(at)?.text()).unwrap_or(&self.category)
    }

    /// Whether a column is told by the name or the category already.
    pub fn tells(&self, column: usize) -> bool {
        self.name.contains(&column) || self.in_column == Some(column)
    }
}
