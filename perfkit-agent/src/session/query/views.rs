//! The tables and views that SQL over a session has: made anew for each connection, in its temporary schema.
//!
//! Every series is a virtual table of its own name. A series that this session does not have is there too, and
//! empty: a query that is right for one session is right for every one.

use std::collections::BTreeSet;

use gdkrecord::kind::Group;
use gdkrecord::{KINDS, Kind};

use super::plan;
use super::vtab::MODULE;
use crate::session::gdk;
use crate::session::reader::Series;
use crate::session::schemas::SCHEMAS;

/// A table or view for documentation.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// Its name.
    pub name: String,
    /// What its rows are.
    pub doc: String,
}

/// Views over the session's own tables.
const TABLES: &[(&str, &str, &str)] = &[
    (
        "names",
        "Every dotted name, and the names above it, which have no semantics; depth is the number of its dots.",
        "SELECT id, name, depth, semantics, unit, doc FROM main.name",
    ),
    (
        "processes",
        "Every process that was told of, or that rows lie on.",
        "SELECT pid, parent, name, command, start, \"end\", status FROM main.process UNION ALL
         SELECT DISTINCT pid, NULL, NULL, NULL, NULL, NULL, NULL FROM main.track
         WHERE pid <> 0 AND pid NOT IN (SELECT pid FROM main.process)",
    ),
    (
        "threads",
        "Every thread that was told of, or that rows lie on.",
        "SELECT tid, pid, name, start, \"end\" FROM main.thread UNION ALL
         SELECT DISTINCT tid, pid, NULL, NULL, NULL FROM main.track
         WHERE tid <> 0 AND tid NOT IN (SELECT tid FROM main.thread)",
    ),
    (
        "tracks",
        "What rows lie on: a thread, a counter, a clock; track_id of a series' rows is its id.",
        "SELECT track.id, series.name AS series, pid, tid, label FROM main.track JOIN main.series ON series.id = series",
    ),
    (
        "stacks",
        "Every place in a call stack; parent is the place that it was called from, inlined has the functions that were \
         inlined there, from the outermost, joined by ;.",
        "SELECT stack.id, parent, coalesce(place.function, symbol.function) AS function, path AS module, address, file,
         line, (SELECT group_concat(function, ';') FROM (SELECT function FROM main.place AS inner
         WHERE inner.symbol = symbol.id AND level > 0 ORDER BY level)) AS inlined FROM main.stack
         JOIN main.symbol ON symbol.id = stack.symbol LEFT JOIN main.module ON module.id = symbol.module
         LEFT JOIN main.place ON place.symbol = symbol.id AND level = 0",
    ),
    (
        "symbols",
        "Every address of code in stacks, with its function and source line, and a row for each function that was \
         inlined there.",
        "SELECT path AS module, address, coalesce(place.function, symbol.function) AS function, file, line,
         coalesce(level, 0) > 0 AS inlined FROM main.symbol LEFT JOIN main.module ON module.id = symbol.module
         LEFT JOIN main.place ON place.symbol = symbol.id",
    ),
    (
        "callbacks",
        "What callbacks are called, by the words that they were recorded with; callback_name(RECORDED) gives the same \
         as one text.",
        "SELECT recorded, function, file, line, path AS module FROM main.callback
         LEFT JOIN main.module ON module.id = callback.module",
    ),
    (
        "modules",
        "Files with code, where processes had them mapped, and what their names come from.",
        "SELECT pid, base, length, path, build_id, names FROM main.module
         LEFT JOIN main.mapping ON mapping.module = module.id",
    ),
    (
        "drops",
        "What was lost, by source and kind, with the first and last time.",
        "SELECT source.name AS source, kind, count, first, last FROM main.dropped
         LEFT JOIN main.source ON source.id = dropped.source",
    ),
    (
        "notes",
        "What whoever reads the session should know.",
        "SELECT time, source.name AS source, text FROM main.note LEFT JOIN main.source ON source.id = note.source",
    ),
    (
        "facts",
        "Facts about target, machine and tools, by dotted name.",
        "SELECT source.name AS source, fact.name, value FROM main.fact LEFT JOIN main.source ON source.id = fact.source",
    ),
    (
        "sources",
        "What collected, how it was asked for, and with which line it ended early.",
        "SELECT id, name, spec, begun, ended, error FROM main.source",
    ),
    ("bookmarks", "Moments that somebody marked while reading.", "SELECT id, time, duration, text FROM main.bookmark"),
];

/// Views over the series of gdkrecord: name, documentation, the kinds, and the columns beside those of every row.
struct Gdk {
    name: &'static str,
    doc: &'static str,
    of: fn(&Kind) -> bool,
    /// None: every column that one of the kinds has.
    columns: Option<&'static [&'static str]>,
}

/// The column of these views that has the group of a row's kind, and what they call the columns of that name that
/// kinds themselves have: that of a key's layout, or of a pad's modes.
const GROUP: &str = "group";
const EVENT_GROUP: &str = "event_group";

const GDK: &[Gdk] = &[
    Gdk {
        name: "events",
        doc: "All that gdkrecord recorded, kind by kind; each kind has a table gdk_KIND with all of its columns.",
        of: |_| true,
        columns: Some(&["window", "event", "latency"]),
    },
    Gdk {
        name: "frames",
        doc: "Frames of a frame clock; wait is from what asked for one to its begin.",
        of: |kind| kind.name == "frame",
        columns: None,
    },
    Gdk { name: "dispatches", doc: "Dispatches of a main loop.", of: |kind| kind.name == "dispatch", columns: None },
    Gdk {
        name: "exposures",
        doc: "Rectangles that were damaged or repainted.",
        of: |kind| kind.name == "exposure",
        columns: None,
    },
    Gdk {
        name: "input",
        doc: "What the user did, kind by kind.",
        of: |kind| kind.group == Group::Input,
        columns: None,
    },
];

/// Every table and view, for a list; of the kinds of gdkrecord those that the session has.
pub fn views(series: &[Series]) -> Vec<View> {
    let view = |name: &str, doc: &str| View { name: name.to_owned(), doc: doc.to_owned() };
    let gdk = GDK.iter().map(|gdk| view(gdk.name, gdk.doc));
    let tables = TABLES.iter().map(|(name, doc, _)| view(name, doc));
    let listed = |series: &Series| series.id > 0 || SCHEMAS.iter().any(|schema| schema.name == series.schema.name);
    let series = all_series(series).into_iter().filter(listed);
    let series = series.map(|series| view(&series.schema.name, &series.schema.doc));
    gdk.chain(tables).chain(series).collect()
}

/// The script that makes them all for a session with these series.
pub fn script(series: &[Series]) -> String {
    let mut script = String::new();
    let all = all_series(series);
    for one in &all {
        let name = quoted(&one.schema.name);
        if series.iter().any(|known| known.id == one.id) {
            script.push_str(&format!("CREATE VIRTUAL TABLE temp.{name} USING {MODULE}({});\n", one.id));
        } else {
            let columns: Vec<String> = plan::places(one)
                .iter()
                .map(|&place| format!("NULL AS {}", quoted(plan::column(one, place).0)))
                .collect();
            script.push_str(&format!("CREATE TEMP VIEW {name} AS SELECT {} WHERE 0;\n", columns.join(", ")));
        }
    }
    for gdk in GDK {
        script.push_str(&format!("CREATE TEMP VIEW {} AS {};\n", gdk.name, gdk.select(&all)));
    }
    for (name, _, select) in TABLES {
        script.push_str(&format!("CREATE TEMP VIEW {name} AS {select};\n"));
    }
    script
}

/// The session's series, and those that every session may have; the latter with the number 0.
fn all_series(series: &[Series]) -> Vec<Series> {
    let known = SCHEMAS.iter().map(|&schema| schema.clone()).chain(gdk::schemas());
    let lacking = known.filter(|schema| !series.iter().any(|series| series.schema.name == schema.name));
    series.iter().cloned().chain(lacking.map(|schema| Series { id: 0, schema })).collect()
}

impl Gdk {
    fn select(&self, all: &[Series]) -> String {
        let find = |kind: &'static Kind| {
            let name = gdk::schema(kind)?.name;
            all.iter().find(|series| series.schema.name == name).map(|series| (kind, series))
        };
        let of: Vec<(&Kind, &Series)> = KINDS.iter().filter(|kind| (self.of)(kind)).filter_map(find).collect();
        let mut seen = BTreeSet::new();
        let every = of.iter().flat_map(|(_, series)| series.schema.columns.iter().map(|column| &*column.name));
        let columns: Vec<&str> = match self.columns {
            Some(columns) => columns.to_vec(),
            None => every.filter(|column| seen.insert(*column)).collect(),
        };
        // Those that the session has nothing of only cost time; one is kept so that there is a select.
        let there: Vec<_> = of.iter().filter(|(_, series)| series.id > 0).collect();
        let there = if there.is_empty() { of.iter().take(1).collect() } else { there };
        let select = |(kind, series): &&(&Kind, &Series)| {
            let has = |name: &str| plan::places(series).iter().any(|&place| plan::column(series, place).0 == name);
            let pick = |name: &str| {
                let of = if has(name) { quoted(name) } else { "NULL".to_owned() };
                format!("{of} AS {}", quoted(if name == GROUP { EVENT_GROUP } else { name }))
            };
            let own = ["time", "duration"].map(pick).join(", ");
            let columns: Vec<String> = columns.iter().map(|column| pick(column)).collect();
            let (kind, group) = (kind.name, kind.group.name());
            let rest = ["pid", "tid", "track"].map(quoted).join(", ");
            let mut columns = columns.iter().map(|column| format!(", {column}")).collect::<String>();
            if self.columns.is_none() && has("callback") {
                columns.push_str(", callback_name(callback) AS callback_name");
            }
            if self.name == "frames" {
                columns.push_str(", frame_wait(tid, clock, time) AS wait");
            }
            let table = quoted(&series.schema.name);
            format!("SELECT {own}, '{kind}' AS kind, '{group}' AS \"{GROUP}\", {rest}{columns} FROM {table}")
        };
        there.iter().map(select).collect::<Vec<_>>().join(" UNION ALL ")
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
