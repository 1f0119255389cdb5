//! What cost time, by each kind of [`crate::analysis::costs::KINDS`], as a treemap and a table; and repaint in vain.

use std::collections::HashMap;
use std::fmt::Write;

use gdkrecord::draw::treemap::Tree;
use gdkrecord::units;

use super::escape::esc;
use super::treemap;
use crate::analysis::costs::{Cost, KINDS, Kind};
use crate::report::{Report, time};

/// Rows of a table that are seen before all are asked for, and of all.
const FEW: usize = 10;
const MOST: usize = 500;
/// Cells of a treemap: further ones are smaller than a pixel, and are one.
const CELLS: usize = 400;
/// Pixels of a treemap; few cells need no more height than their labels.
const WIDTH: f64 = 1072.0;
const LOW: f64 = 90.0;
const HIGH: f64 = 260.0;
/// A share of repaint in vain that is worth telling.
const WASTE: f64 = 0.05;

/// A section for each kind that something is known of, and what to record for the others.
pub fn sections(report: &Report, out: &mut String) {
    out.push_str("<h2 id=\"costs\">What cost time</h2>\n");
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
    for kind in KINDS {
        let costs = report.costs(kind.name);
        if costs.is_empty() {
            continue;
        }
        let _ = writeln!(out, "<h3 id=\"{}\">{}</h3>", kind.name, esc(kind.doc));
        // One thing alone needs no picture.
        if costs.len() > 1 {
            let height = if costs.len() < 4 { LOW } else { HIGH };
            let about = format!("{}; the table below has the numbers.", kind.doc);
            treemap::draw(&tree(kind, costs, worked), (WIDTH, height), &about, out);
        }
        table(report, costs, out);
    }
    let missing = super::super::missing(report);
    if !missing.is_empty() {
        out.push_str("<p class=\"dim\">Not recorded:</p>\n<ul class=\"dim\">\n");
        for (source, what) in missing {
            let _ = writeln!(out, "<li>{what}: record with <code>{source}</code></li>");
        }
        out.push_str("</ul>\n");
    }
}

/// Costs as a tree: by module, by class, or all beside each other.
fn tree(kind: &Kind, costs: &[Cost], worked: i64) -> Tree {
    let mut tree = Tree::new(kind.name);
    let mut groups: HashMap<&str, (usize, i64)> = HashMap::new();
    let value = |ns: i64| format!("{} · {}", time(ns), units::share(ns as f64 / worked.max(1) as f64));
    for cost in costs.iter().take(CELLS) {
        let (group, name) = (kind.part)(&cost.name);
        let parent = match group {
            "" => 0,
            group => {
                // Groups come as their first does, which is their heaviest: so they have the colours in their order.
                let next = groups.len() as u16;
                let of = groups.entry(group).or_insert_with(|| {
                    let of = tree.add(0, group, 0.0);
                    tree.node_mut(of).group = next;
                    (of, 0)
                });
                of.1 += cost.ns;
                of.0
            }
        };
        let cell = tree.add(parent, name, cost.ns as f64);
        let node = tree.node_mut(cell);
        node.value = value(cost.ns).into();
        if parent == 0 {
            node.group = 0;
        }
    }
    for (group, sum) in groups.into_values() {
        tree.node_mut(group).value = value(sum).into();
    }
    if costs.len() > CELLS {
        let rest = tree.add(
            0,
            &format!("{} more", costs.len() - CELLS),
            costs[CELLS..].iter().map(|cost| cost.ns as f64).sum(),
        );
        tree.node_mut(rest).group = 0;
    }
    tree
}

fn table(report: &Report, costs: &[Cost], out: &mut String) {
    let samples = costs.iter().all(|cost| cost.longest == 0);
    let head =
        |class: &str, name: &str| format!("<th scope=\"col\"{class}><button type=\"button\">{name}</button></th>");
    let number = " class=\"n\"";
    let _ = write!(
        out,
        "<div class=\"wide\"><table class=\"sort\" data-few=\"{FEW}\">\n<thead><tr>{}{}{}{}{}</tr></thead>\n<tbody>\n",
        head("", "Name"),
        head(" class=\"n\" aria-sort=\"descending\"", "Time"),
        head(number, "Share"),
        head(number, if samples { "Samples" } else { "Count" }),
        if samples { String::new() } else { head(number, "Longest") }
    );
    for (at, cost) in costs.iter().enumerate().take(MOST) {
        let more = if at >= FEW { " class=\"more\"" } else { "" };
        let share = cost.ns as f64 / report.analysis.worked.max(1) as f64;
        let _ = write!(
            out,
            "<tr{more}><td class=\"name\">{}</td><td class=\"n\" data-v=\"{}\">{}</td><td class=\"n\" data-v=\"{share:.6}\">\
             {}</td><td class=\"n\" data-v=\"{}\">{}</td>",
            esc(&cost.name),
            cost.ns,
            time(cost.ns),
            units::share(share),
            cost.count,
            units::count(cost.count.unsigned_abs())
        );
        if !samples {
            let _ = write!(out, "<td class=\"n\" data-v=\"{}\">{}</td>", cost.longest, time(cost.longest));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table></div>\n");
    if costs.len() > MOST {
        let rest: i64 = costs[MOST..].iter().map(|cost| cost.ns).sum();
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
        0 => "Hardly anything was repainted that had not changed.".to_owned(),
        1 => "One window repainted much that had not changed.".to_owned(),
        more => format!("{more} windows repainted much that had not changed."),
    };
    let _ = write!(
        out,
        "<h2 id=\"repaint\">Repaint</h2>\n<p>{words} <span class=\"dim\">GTK 2 and 3 do not tell what had changed, so \
         that nothing can be said to be in vain there.</span></p>\n<div class=\"wide\"><table class=\"sort\" \
         data-few=\"{FEW}\">\n<thead><tr><th scope=\"col\"><button type=\"button\">Window</button></th>\
         <th scope=\"col\" class=\"n\" aria-sort=\"descending\"><button type=\"button\">Repainted</button></th>\
         <th scope=\"col\" class=\"n\"><button type=\"button\">Changed</button></th>\
         <th scope=\"col\" class=\"n\"><button type=\"button\">In vain</button></th>\
         <th scope=\"col\" class=\"n\"><button type=\"button\">Share</button></th>\
         <th scope=\"col\" class=\"n\"><button type=\"button\">Times</button></th></tr></thead>\n<tbody>\n"
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
