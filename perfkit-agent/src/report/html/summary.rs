//! The first screen: what was recorded, the verdict, the numbers behind it, and what made frames slow.

use std::fmt::Write;

use gdkrecord::units;

use super::escape::esc;
use super::{frames, session, style};
use crate::analysis::latency::percentile;
use crate::report::{Report, time, verdict};
use crate::session::query::Query;

/// Causes that the first list shows.
const FEW: usize = 8;

/// What was recorded, when and where.
pub fn head(report: &Report, query: &Query, name: &str, out: &mut String) {
    let length = report.analysis.place.1 - report.analysis.place.0;
    let mut facts = vec![report.subject.clone()];
    if length > 0 {
        facts.push(format!("{} of a main loop", time(length)));
    }
    facts.extend(session::when(query));
    let facts: Vec<String> = facts.iter().filter(|fact| !fact.is_empty()).map(|fact| esc(fact).to_string()).collect();
    let _ =
        write!(out, "<header>\n<h1 class=\"name\">{}</h1>\n<p class=\"facts\">{}</p>\n", esc(name), facts.join(" · "));
    for line in report.note.lines() {
        let _ = writeln!(out, "<p class=\"name\">{}</p>", esc(line));
    }
    out.push_str("</header>\n");
}

/// The verdict and its numbers.
pub fn verdict(report: &Report, out: &mut String) {
    let analysis = &report.analysis;
    let well = analysis.slow.is_empty() && analysis.hangs.is_empty() && analysis.starved.is_empty();
    let slow = if well { "" } else { " slow" };
    let _ = writeln!(out, "<section class=\"verdict{slow}\" id=\"verdict\" aria-label=\"Verdict\">");
    for (at, sentence) in verdict::sentences(report).iter().enumerate() {
        let tag = if at == 0 { "h2" } else { "p" };
        let _ = writeln!(out, "<{tag}>{}</{tag}>", esc(sentence));
    }
    if !analysis.frames.is_empty() {
        numbers(report, out);
    }
    out.push_str("</section>\n");
    let sections = [
        (!analysis.slow.is_empty(), "worst", "Slowest frames"),
        (!analysis.hangs.is_empty(), "hangs", "Hangs"),
        (!analysis.answers.is_empty(), "latency", "Input"),
        (true, "costs", "What cost most"),
        (!analysis.slow.is_empty(), "frames", "All slow frames"),
        (true, "session", "The session"),
    ];
    out.push_str("<nav aria-label=\"Parts of this report\">");
    for (_, id, name) in sections.iter().filter(|(there, ..)| *there) {
        let _ = write!(out, "<a href=\"#{id}\">{name}</a>");
    }
    out.push_str("</nav>\n");
}

fn numbers(report: &Report, out: &mut String) {
    let analysis = &report.analysis;
    let at = |share| percentile(&analysis.frames, share).unwrap_or(0);
    let budget = verdict::budget(report).unwrap_or(i64::MAX);
    let mut numbers = vec![
        ("frames", units::count(analysis.frames.len() as u64), false),
        ("slow", units::count(analysis.slow.len() as u64), !analysis.slow.is_empty()),
    ];
    for (name, share) in [("half took up to", 0.5), ("90 % up to", 0.9), ("99 % up to", 0.99), ("slowest", 1.0)] {
        numbers.push((name, time(at(share)), at(share) > budget));
    }
    numbers.push(("hangs", units::count(analysis.hangs.len() as u64), !analysis.hangs.is_empty()));
    out.push_str("<dl class=\"numbers\">\n");
    for (name, value, over) in numbers {
        let class = if over { " class=\"over\"" } else { "" };
        let _ = writeln!(out, "<div><dt>{name}</dt><dd{class}>{}</dd></div>", esc(value));
    }
    out.push_str("</dl>\n");
}

/// What took most of the slow frames, as bars.
pub fn causes(report: &Report, out: &mut String) {
    let causes = report.analysis.causes();
    let Some(most) = causes.first().map(|(_, _, ns)| (*ns).max(1)) else { return };
    out.push_str("<h2 id=\"causes\">What made frames slow</h2>\n<ul class=\"bars\">\n");
    for (finding, count, ns) in causes.iter().take(FEW) {
        let role = style::role(finding.rule);
        // The frame that shows it best.
        let frames = report.analysis.slow.iter().enumerate();
        let of = frames.filter(|(_, slow)| {
            slow.findings.first().is_some_and(|first| (first.rule, &first.subject) == (finding.rule, &finding.subject))
        });
        let example = of.max_by_key(|(_, slow)| slow.work).map_or(0, |(at, _)| at);
        let _ = writeln!(
            out,
            "<li class=\"c-{role}\"><a href=\"#{}\"><span class=\"swatch\"></span><span class=\"name\">{}</span></a>\
             <span class=\"value\">{}</span><span class=\"count\">{}</span>\
             <span class=\"bar\" style=\"width:{:.1}%\"></span></li>",
            frames::id(example),
            esc(finding.cause()),
            time(*ns),
            esc(units::plural(*count as u64, "frame")),
            *ns as f64 / most as f64 * 100.0
        );
    }
    out.push_str("</ul>\n");
    if causes.len() > FEW {
        let (count, ns) = causes[FEW..].iter().fold((0, 0), |sum, (_, count, ns)| (sum.0 + count, sum.1 + ns));
        let _ = writeln!(
            out,
            "<p class=\"dim\">And {} other causes: {} in {}.</p>",
            causes.len() - FEW,
            time(ns),
            esc(units::plural(count as u64, "frame"))
        );
    }
}
