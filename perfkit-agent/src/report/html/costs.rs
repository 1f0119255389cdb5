//! What cost, by each kind of [`crate::analysis::costs::KINDS`], as treemaps, one for each measure, and a table; and
//! repaint in vain.

use std::fmt::Write;

use gdkrecord::draw::treemap::Tree;
use gdkrecord::units;

use super::escape::esc;
use super::treemap;
use crate::analysis::costs::{Amount, Cost, Costs, Kind, Measure, Measured};
use crate::analysis::treemap::of;
use crate::report::{Report, time};

/// Rows of a table that are seen before all are asked for, and of all.
const FEW: usize = 10;
const MOST: usize = 500;
/// Leaves of a treemap: further ones are hardly to be seen, and are one.
const CELLS: usize = 400;
/// Pixels of a treemap; few cells need no more height than their labels.
const WIDTH: f64 = 1072.0;
const LOW: f64 = 90.0;
const HIGH: f64 = 260.0;
/// A share of repaint in vain that is worth telling.
const WASTE: f64 = 0.05;

/// A section for each kind that something is known of, and what to record for the others.
pub fn sections(report: &Report, out: &mut String) {
    out.push_str("<h2 id=\"costs\">What cost most</h2>\n");
    let worked = report.analysis.worked;
    if worked > 0 {
        let length = report.analysis.place.1 - report.analysis.place.0;
        let _ = writeln!(
            out,
            "<p class=\"dim\">The threads that draw worked {} of {}, the rest they slept. Shares are of that \
             work.</p>",
            time(worked),
            time(length)
        );
    }
    for costs in &report.analysis.costs {
        section(report, costs, out);
    }
    let missing = super::super::missing(report);
    let unnamed = super::super::unnamed(report);
    if !unnamed.is_empty() {
        let _ = writeln!(
            out,
            "<p class=\"dim\">Functions of {} have no names: install their debug symbols, then \
             <code>perfkit-agent symbolise</code> the session.</p>",
            esc(unnamed.join(", "))
        );
    }
    if !missing.is_empty() {
        out.push_str("<p class=\"dim\">Not recorded:</p>\n<ul class=\"dim\">\n");
        for (source, what) in missing {
            let _ = writeln!(out, "<li>{what}: record with <code>{source}</code></li>");
        }
        out.push_str("</ul>\n");
    }
}

/// The treemaps of a kind, one of which is seen, and its table.
fn section(report: &Report, costs: &Costs, out: &mut String) {
    let kind = costs.kind;
    let maps = kind.measures.iter().map(|measured| (measured, of(kind, measured.measure, &costs.leaves, CELLS).tree));
    // One thing alone needs no picture.
    let maps: Vec<(&Measured, Tree)> = maps.filter(|(_, tree)| tree.nodes().len() > 2).collect();
    let rows = report.rows(kind.name);
    if maps.is_empty() && rows.is_empty() {
        return;
    }
    let _ = writeln!(out, "<h3 id=\"{}\">{}</h3>", kind.name, kind.title);
    if !maps.is_empty() {
        out.push_str("<div class=\"maps\">\n");
        choice(kind, &maps, out);
        for (measured, tree) in &maps {
            let height = if tree.nodes().len() < 5 { LOW } else { HIGH };
            treemap::draw(tree, (WIDTH, height), measured.doc, out);
        }
        out.push_str("</div>\n");
    }
    if !rows.is_empty() {
        if maps.is_empty() {
            let _ = writeln!(out, "<p class=\"dim\">{}</p>", esc(kind.doc));
        }
        table(report, &rows, out);
    }
}

/// What is measured, to choose from: the style shows the map whose button is on.
fn choice(kind: &Kind, maps: &[(&Measured, Tree)], out: &mut String) {
    if maps.len() < 2 {
        return;
    }
    for (at, (measured, _)) in maps.iter().enumerate() {
        let (of, measure) = (kind.name, measured.measure.name());
        let checked = if at == 0 { " checked=\"\"" } else { "" };
        let _ = writeln!(
            out,
            "<input type=\"radio\" name=\"{of}-by\" id=\"{of}-{measure}\"{checked}/>\
             <label for=\"{of}-{measure}\">{measure}</label>"
        );
    }
}

/// A column of a table: its head, whether any row has something in it, and what of a row.
struct Column {
    head: &'static str,
    value: fn(&Amount) -> i64,
    words: fn(i64) -> String,
}

fn count(number: i64) -> String {
    units::count(number.unsigned_abs())
}

/// Those after a row's name, time and share.
const COLUMNS: &[Column] = &[
    Column { head: "Count", value: |amount| amount.count, words: count },
    Column { head: "Samples", value: |amount| amount.samples, words: count },
    Column { head: "Longest", value: |amount| amount.longest, words: time },
    Column { head: "Bytes", value: |amount| amount.bytes, words: |bytes| Measure::Bytes.words(bytes) },
    Column { head: "Repainted", value: |amount| amount.px, words: |px| Measure::Area.words(px) },
];

fn table(report: &Report, costs: &[&Cost], out: &mut String) {
    let head =
        |class: &str, name: &str| format!("<th scope=\"col\"{class}><button type=\"button\">{name}</button></th>");
    let used = |column: &&Column| costs.iter().any(|cost| (column.value)(&cost.amount) > 0);
    let columns: Vec<&Column> = COLUMNS.iter().filter(used).collect();
    let heads: String = columns.iter().map(|column| head(" class=\"n\"", column.head)).collect();
    let _ = write!(
        out,
        "<div class=\"wide\"><table class=\"sort\" data-few=\"{FEW}\">\n<thead><tr>{}{}{}{heads}</tr></thead>\n<tbody>\n",
        head("", "Name"),
        head(" class=\"n\" aria-sort=\"descending\"", "Time"),
        head(" class=\"n\"", "Share"),
    );
    for (at, cost) in costs.iter().enumerate().take(MOST) {
        let more = if at >= FEW { " class=\"more\"" } else { "" };
        let share = cost.amount.ns as f64 / report.analysis.worked.max(1) as f64;
        let _ = write!(
            out,
            "<tr{more}><td class=\"name\">{}</td><td class=\"n\" data-v=\"{}\">{}</td><td class=\"n\" data-v=\"{share:.6}\">\
             {}</td>",
            esc(&cost.name),
            cost.amount.ns,
            time(cost.amount.ns),
            // Where no loop ran there is nothing to have a share of.
            if report.analysis.worked > 0 { units::share(share) } else { String::new() },
        );
        for column in &columns {
            let value = (column.value)(&cost.amount);
            let words = if value > 0 { (column.words)(value) } else { String::new() };
            let _ = write!(out, "<td class=\"n\" data-v=\"{value}\">{words}</td>");
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table></div>\n");
    if costs.len() > MOST {
        let rest: i64 = costs[MOST..].iter().map(|cost| cost.amount.ns).sum();
        let _ = writeln!(
            out,
            "<p class=\"dim\">And {} in {} more; the JSON form has all.</p>",
            time(rest),
            costs.len() - MOST
        );
    }
}

/// Windows that painted what had not changed.
pub fn waste(report: &Report, out: &mut String) {
    let windows = report.analysis.windows.iter().filter(|window| window.repaint.repainted > 0);
    let windows: Vec<_> = windows.take(MOST).collect();
    if windows.is_empty() {
        return;
    }
    let wasteful = windows.iter().filter(|window| window.repaint.share().is_some_and(|share| share > WASTE)).count();
    let words = match wasteful {
        _ if report.toolkit.starts_with(['2', '3']) => {
            "GTK 2 and 3 do not tell what had changed, so that nothing can be said to be in vain.".to_owned()
        }
        0 => "Hardly anything was repainted that had not changed.".to_owned(),
        1 => "One window repainted much that had not changed.".to_owned(),
        more => format!("{more} windows repainted much that had not changed."),
    };
    let why = super::super::repaint(report).unwrap_or_default();
    let _ = write!(
        out,
        "<h2 id=\"repaint\">Repaint</h2>\n<p>{words} <span class=\"dim\">{}</span></p>\n<div class=\"wide\"><table class=\"sort\" \
         data-few=\"{FEW}\">\n<thead><tr><th scope=\"col\"><button type=\"button\">Window</button></th>\
         <th scope=\"col\" class=\"n\" aria-sort=\"descending\"><button type=\"button\">Repainted</button></th>\
         <th scope=\"col\" class=\"n\"><button type=\"button\">Changed</button></th>\
         <th scope=\"col\" class=\"n\"><button type=\"button\">In vain</button></th>\
         <th scope=\"col\" class=\"n\"><button type=\"button\">Share</button></th>\
         <th scope=\"col\" class=\"n\"><button type=\"button\">Times</button></th></tr></thead>\n<tbody>\n",
        esc(why)
    );
    let area = |px: i64| units::area(px.unsigned_abs());
    for window in windows {
        let (of, share) = (window.repaint, window.repaint.share().unwrap_or(0.0));
        let _ = writeln!(
            out,
            "<tr><td class=\"name\">{}</td><td class=\"n\" data-v=\"{}\">{}</td><td class=\"n\" data-v=\"{}\">{}</td>\
             <td class=\"n\" data-v=\"{}\">{}</td><td class=\"n\" data-v=\"{share:.6}\">{}</td>\
             <td class=\"n\" data-v=\"{}\">{}</td></tr>",
            esc(&window.name),
            of.repainted,
            area(of.repainted),
            of.damaged,
            area(of.damaged),
            of.wasted,
            area(of.wasted),
            units::share(share),
            of.times,
            units::count(of.times.unsigned_abs())
        );
    }
    out.push_str("</tbody>\n</table></div>\n");
}
