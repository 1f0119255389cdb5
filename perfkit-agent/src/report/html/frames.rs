//! Slow frames, the worst with their causes and what happened around them; hangs with their stacks; the list of all.

use std::fmt::Write;

use gdkrecord::units;

use super::escape::esc;
use super::{style, timeline as picture};
use crate::analysis::Finding;
use crate::analysis::Report as Slow;
use crate::analysis::excerpt::Excerpt;
use crate::error::Result;
use crate::report::{Report, time};
use crate::session::query::Query;

/// Frames that are told one by one.
const WORST: usize = 12;
/// Of these, with what happened around them.
const SHOWN: usize = 6;
/// Rows of the list; the JSON form has all.
const MOST: usize = 1_000;
/// Rows that are seen before all are asked for.
const FEW: usize = 15;
/// Of a slow frame's time, what lies before and after it in its excerpt.
const AROUND: f64 = 0.12;

/// The anchor of a slow frame, by its place among them.
pub fn id(at: usize) -> String {
    format!("frame-{at}")
}

/// The slow frames that are told one by one, the slowest first.
fn slowest(report: &Report) -> Vec<usize> {
    let mut slow: Vec<usize> = (0..report.analysis.slow.len()).collect();
    slow.sort_by_key(|&at| std::cmp::Reverse(report.analysis.slow[at].work));
    slow.truncate(WORST);
    slow
}

/// The worst frames.
pub fn worst(report: &Report, query: &Query, out: &mut String) -> Result<()> {
    let slowest = slowest(report);
    if slowest.is_empty() {
        return Ok(());
    }
    out.push_str("<h2 id=\"worst\">The slowest frames</h2>\n");
    for (place, &at) in slowest.iter().enumerate() {
        let slow = &report.analysis.slow[at];
        let role = style::role(slow.findings.first().map_or("unexplained", |finding| finding.rule));
        let open = if place == 0 { " open=\"\"" } else { "" };
        let budgets = slow.work as f64 / slow.budget.max(1) as f64;
        let _ = write!(
            out,
            "<details class=\"worst c-{role}\" id=\"{}\"{open}>\n<summary><span class=\"at\">{:.3} s</span>\
             <span class=\"took\">{}</span><span class=\"times\">{budgets:.1} budgets</span><span class=\"what\">\
             <span class=\"swatch\"></span><span class=\"name\">{}</span></span></summary>\n<div>\n",
            id(at),
            report.seconds(slow.place.0),
            time(slow.work),
            esc(slow.findings.first().map_or("nothing that was recorded explains it".to_owned(), Finding::sentence)),
        );
        let analysis = &report.analysis;
        let thread = analysis.timelines.iter().find(|timeline| (timeline.pid, timeline.tid) == slow.thread);
        if let Some(timeline) = thread.filter(|_| place < SHOWN) {
            let length = slow.place.1 - slow.place.0;
            let around = ((length as f64 * AROUND) as i64).max(2_000_000);
            let stretch = (slow.place.0 - around, slow.place.1 + around);
            // What is narrower than half a pixel says nothing.
            let least = (stretch.1 - stretch.0) / 2_000;
            let excerpt = Excerpt::of(query, timeline, &analysis.names, stretch, least)?;
            picture::draw(report, &excerpt, slow, out);
        }
        causes(report, slow, out);
        out.push_str("</div>\n</details>\n");
    }
    if report.analysis.slow.len() > WORST {
        let _ = writeln!(
            out,
            "<p class=\"dim\"><a href=\"#frames\">All {} slow frames</a> are listed below.</p>",
            units::count(report.analysis.slow.len() as u64)
        );
    }
    Ok(())
}

/// What took the frame's time, with the rows that show it.
fn causes(report: &Report, slow: &Slow, out: &mut String) {
    if slow.findings.is_empty() {
        return;
    }
    out.push_str(
        "<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">What</th><th scope=\"col\" class=\"n\">Time</th>\
         <th scope=\"col\" class=\"n\">Share</th><th scope=\"col\">In words</th></tr></thead>\n<tbody>\n",
    );
    for finding in &slow.findings {
        let _ = writeln!(
            out,
            "<tr class=\"c-{}\"><td class=\"rule\"><span class=\"swatch\"></span>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
             <td class=\"name\">{}</td></tr>",
            style::role(finding.rule),
            finding.title(),
            time(finding.ns),
            units::share(finding.ns as f64 / slow.work.max(1) as f64),
            esc(finding.sentence())
        );
    }
    out.push_str("</tbody>\n</table></div>\n<p class=\"dim\">The rows that show it:</p>\n");
    let first = slow.findings.first();
    let evidence = first.map(|first| &first.evidence).into_iter();
    for sql in evidence.chain(first.and_then(|first| first.inside.as_ref()).map(|inside| &inside.evidence)) {
        let path = report.path.display().to_string();
        let path = shlex::try_quote(&path).unwrap_or("FILE".into());
        let _ = writeln!(out, "<pre>perfkit-agent query {} \"{}\"</pre>", esc(path), esc(sql));
    }
}

/// Stretches in which the program did not react.
pub fn hangs(report: &Report, out: &mut String) {
    let mut hangs: Vec<_> = report.analysis.hangs.iter().collect();
    if hangs.is_empty() {
        return;
    }
    hangs.sort_by_key(|hang| hang.place.0 - hang.place.1);
    out.push_str(
        "<h2 id=\"hangs\">Hangs</h2>\n<p class=\"dim\">Stretches of over 100 ms in which the main loop came neither to its \
         sleep nor to input or a frame, so that the program could not react.</p>\n",
    );
    for hang in hangs.iter().take(WORST) {
        let took = hang.place.1 - hang.place.0;
        let _ = write!(
            out,
            "<details class=\"worst\">\n<summary><span class=\"at\">{:.3} s</span><span class=\"took\">{}</span>\
             <span class=\"times\"></span><span class=\"what name\">{}</span></summary>\n<div>\n",
            report.seconds(hang.place.0),
            time(took),
            esc(hang.cause())
        );
        match hang.stack.is_empty() {
            true => out.push_str(
                "<p>No stacks were recorded. Record with <code>perf:cpu+offcpu</code> to see where it hung.</p>\n",
            ),
            false => {
                out.push_str("<p class=\"dim\">The stack that most of it passed in, innermost first:</p>\n<ol class=\"stack\">\n");
                for function in &hang.stack.user {
                    let _ = writeln!(out, "<li class=\"name\">{}</li>", esc(function));
                }
                out.push_str("</ol>\n");
                if !hang.stack.kernel.is_empty() {
                    let kernel = hang.stack.kernel.join(" ← ");
                    let _ = writeln!(out, "<p class=\"dim name\">In the kernel: {}</p>", esc(kernel));
                }
            }
        }
        out.push_str("</div>\n</details>\n");
    }
    if hangs.len() > WORST {
        let _ = writeln!(out, "<p class=\"dim\">And {} shorter ones.</p>", hangs.len() - WORST);
    }
}

/// The list of all slow frames.
pub fn all(report: &Report, out: &mut String) {
    let slow = &report.analysis.slow;
    if slow.is_empty() {
        return;
    }
    let told = slowest(report);
    let _ = write!(
        out,
        "<h2 id=\"frames\">All slow frames</h2>\n<div class=\"wide\"><table class=\"sort\" data-few=\"{FEW}\">\n<thead><tr>\
         <th scope=\"col\" class=\"n\"><button type=\"button\">At</button></th>\
         <th scope=\"col\" class=\"n\"><button type=\"button\">Frame</button></th>\
         <th scope=\"col\" class=\"n\"><button type=\"button\">Work</button></th>\
         <th scope=\"col\" class=\"n\"><button type=\"button\">Budgets</button></th>\
         <th scope=\"col\"><button type=\"button\">Cause</button></th></tr></thead>\n<tbody>\n"
    );
    for (at, slow) in slow.iter().enumerate().take(MOST) {
        // One that is told above has its anchor there.
        let anchor = if told.contains(&at) { String::new() } else { format!(" id=\"{}\"", id(at)) };
        let more = if at >= FEW { "more " } else { "" };
        let role = style::role(slow.findings.first().map_or("unexplained", |finding| finding.rule));
        let budgets = slow.work as f64 / slow.budget.max(1) as f64;
        let words = match slow.findings.first() {
            Some(finding) => finding.sentence(),
            None => "nothing that was recorded explains it".to_owned(),
        };
        let frame = slow.frame.1;
        let _ = writeln!(
            out,
            "<tr class=\"{more}c-{role}\"{anchor}><td class=\"n\" data-v=\"{}\">{:.3} s</td><td class=\"n\" data-v=\"{frame}\">\
             {frame}</td><td class=\"n\" data-v=\"{}\">{}</td><td class=\"n\" data-v=\"{budgets:.4}\">{budgets:.1}</td>\
             <td><span class=\"swatch\"></span><span class=\"name\">{}</span></td></tr>",
            slow.place.0,
            report.seconds(slow.place.0),
            slow.work,
            time(slow.work),
            esc(words)
        );
    }
    out.push_str("</tbody>\n</table></div>\n");
    if slow.len() > MOST {
        let _ = writeln!(out, "<p class=\"dim\">And {} more; the JSON form has all.</p>", slow.len() - MOST);
    }
}
