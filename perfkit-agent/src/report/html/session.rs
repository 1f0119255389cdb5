//! The session itself: its target, machine and tools, what collected, and what to know about it.

use std::fmt::Write;

use super::escape::esc;
use crate::report::Report;
use crate::session::query::Query;

/// Facts that a page shows, by the begins of their names; others are in the session, and names of hosts, folders and
/// variables are nobody's business with whom a page is shared.
const SHOWN: &[(&str, &str)] = &[
    ("target.command", "Command"),
    ("target.exit", "Exit status"),
    ("process.%.toolkit", "Toolkit"),
    ("process.%.toolkit.version", "Toolkit's version"),
    ("process.%.glib.version", "GLib"),
    ("process.%.backend", "Backend"),
    ("process.%.renderer", "Renderer"),
    ("machine.os", "System"),
    ("machine.kernel", "Kernel"),
    ("machine.cpu", "Processor"),
    ("machine.cpus", "Processors"),
    ("machine.memory", "Memory"),
    ("perfkit.version", "perfkit"),
];

fn ask(query: &Query, sql: &str, param: &str) -> Vec<String> {
    let read = || -> rusqlite::Result<Vec<String>> {
        query.db().prepare(sql)?.query_map([param], |row| row.get::<_, String>(0))?.collect()
    };
    // A session that lacks them is a session all the same.
    read().unwrap_or_default()
}

fn fact(query: &Query, name: &str) -> Option<String> {
    let sql = "SELECT value FROM facts WHERE name LIKE ?1 AND value <> '' ORDER BY name LIMIT 1";
    ask(query, sql, name).into_iter().next()
}

/// What the page is of: the program, else the session's file.
pub fn name(query: &Query, report: &Report) -> String {
    let file = || report.path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    fact(query, "process.%.program").or_else(file).unwrap_or_default()
}

/// When it was recorded.
pub fn when(query: &Query) -> Option<String> {
    let sql = "SELECT strftime('%Y-%m-%d %H:%M', CAST(value AS INTEGER) / 1000000000, 'unixepoch') || ' UTC' FROM facts \
               WHERE name LIKE ?1 ORDER BY name LIMIT 1";
    ask(query, sql, "process.%.start.realtime").into_iter().next()
}

/// All about the session.
pub fn section(report: &Report, query: &Query, out: &mut String) {
    out.push_str("<h2 id=\"session\">The session</h2>\n");
    bookmarks(report, out);
    if !report.remarks.is_empty() {
        out.push_str("<h3>To know about it</h3>\n<ul>\n");
        for remark in &report.remarks {
            let _ = writeln!(out, "<li class=\"name\">{}</li>", esc(remark));
        }
        out.push_str("</ul>\n");
    }
    out.push_str("<table>\n<tbody>\n");
    for (name, words) in SHOWN {
        if let Some(value) = fact(query, name) {
            let _ = writeln!(out, "<tr><th scope=\"row\">{words}</th><td class=\"name\">{}</td></tr>", esc(value));
        }
    }
    // GTK_, GDK_ and GSK_, but no paths.
    let sql =
        "SELECT name || '=' || value FROM facts WHERE name LIKE ?1 ESCAPE '\\' AND value NOT LIKE '/%' ORDER BY name";
    for variable in ask(query, sql, "environment.G_K\\_%") {
        let variable = variable.trim_start_matches("environment.");
        let _ = writeln!(out, "<tr><th scope=\"row\">Variable</th><td class=\"name\">{}</td></tr>", esc(variable));
    }
    out.push_str("</tbody>\n</table>\n");
    sources(query, out);
}

/// What readers marked.
fn bookmarks(report: &Report, out: &mut String) {
    if report.bookmarks.is_empty() {
        return;
    }
    out.push_str("<h3 id=\"bookmarks\">Bookmarks</h3>\n<table>\n<tbody>\n");
    for bookmark in &report.bookmarks {
        let (place, text) = (bookmark.place(report.origin), esc(&bookmark.text));
        let _ = writeln!(out, "<tr><th scope=\"row\">{place}</th><td class=\"name\">{text}</td></tr>");
    }
    out.push_str("</tbody>\n</table>\n");
}

/// What collected, and with which tool.
fn sources(query: &Query, out: &mut String) {
    let sql = "SELECT name, spec, coalesce(error, ''), coalesce((SELECT value FROM facts WHERE facts.name = 'tool.' || \
               sources.name || '.version'), '') FROM sources WHERE spec <> '' ORDER BY id";
    let read = || -> rusqlite::Result<Vec<[String; 4]>> {
        let mut select = query.db().prepare(sql)?;
        select.query_map([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]))?.collect()
    };
    let sources = read().unwrap_or_default();
    if sources.is_empty() {
        return;
    }
    out.push_str(
        "<h3>What collected</h3>\n<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">Source</th><th scope=\"col\">Version</th>\
         <th scope=\"col\">As it was asked for</th><th scope=\"col\">Ended early</th></tr></thead>\n<tbody>\n",
    );
    for [name, spec, error, version] in sources {
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td><code>{}</code></td><td class=\"name\">{}</td></tr>",
            esc(name),
            esc(version),
            esc(spec),
            esc(error)
        );
    }
    out.push_str("</tbody>\n</table></div>\n");
}
