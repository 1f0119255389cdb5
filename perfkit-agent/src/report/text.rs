//! The report as text: a first screen that answers, and lists for those who ask further.

use std::fmt::Write;

use gdkrecord::units;

use super::Report;
use crate::analysis::costs::KINDS;
use crate::analysis::latency::percentile;

/// Rows of the first screen's tables.
const FEW: usize = 5;
/// Rows of a list that was asked for; the JSON form has all.
const MANY: usize = 50;

/// The report; `lists` are the lists that were asked for: `frames`, or a kind of costs. None: the first screen.
pub fn text(report: &Report, lists: &[&str]) -> String {
    let mut out = String::new();
    if lists.is_empty() {
        first_screen(report, &mut out);
    }
    for list in lists {
        match *list {
            "frames" => frames(report, &mut out),
            kind => costs(report, kind, MANY, &mut out),
        }
    }
    out
}

fn first_screen(report: &Report, out: &mut String) {
    let analysis = &report.analysis;
    let length = time(analysis.place.1 - analysis.place.0);
    let _ = writeln!(out, "{}\n{}, {length} of a main loop\n", report.path.display(), report.subject);
    if analysis.frames.is_empty() {
        out.push_str(match report.draws {
            true => "No frame was drawn in this stretch of time.\n\n",
            false => {
                "No frames were recorded, so nothing can be said about slow ones: the source gdkrecord records those of\n\
                 GTK programs, perfkit-agent record -- PROGRAM. What else was recorded:\n\n"
            }
        });
        for kind in KINDS.iter().filter(|kind| !report.costs(kind.name).is_empty()) {
            costs(report, kind.name, FEW, out);
        }
        remarks(report, out);
        return;
    }
    let _ = writeln!(out, "{}\n", verdict(report));
    if !analysis.slow.is_empty() {
        out.push_str("What made frames slow\n");
        for (finding, count, ns) in analysis.causes().into_iter().take(FEW) {
            let _ = writeln!(out, "  {:>9}  {count:>4} ×  {}: {}", time(ns), finding.rule, finding.subject);
        }
        out.push_str("\nThe slowest frames\n");
        let mut slow: Vec<_> = analysis.slow.iter().collect();
        slow.sort_by_key(|slow| std::cmp::Reverse(slow.work));
        for slow in slow.into_iter().take(FEW) {
            let _ = writeln!(out, "  {:>8.3} s  {}", report.seconds(slow.place.0), slow.words());
        }
        out.push('\n');
    }
    if !analysis.hangs.is_empty() {
        out.push_str("Hangs\n");
        let mut hangs: Vec<_> = analysis.hangs.iter().collect();
        hangs.sort_by_key(|hang| hang.place.0 - hang.place.1);
        for hang in hangs.into_iter().take(FEW) {
            let _ = writeln!(out, "  {:>8.3} s  {}", report.seconds(hang.place.0), hang.words());
            if !hang.stack.is_empty() {
                let stack = hang.stack.iter().take(6).map(String::as_str).collect::<Vec<_>>().join(" ← ");
                let _ = writeln!(out, "{:>14}{stack}", "");
            }
        }
        out.push('\n');
    }
    waste(report, out);
    for kind in KINDS.iter().filter(|kind| !report.costs(kind.name).is_empty()) {
        costs(report, kind.name, FEW, out);
    }
    next(report, out);
    remarks(report, out);
}

/// The first thing to know.
fn verdict(report: &Report) -> String {
    let analysis = &report.analysis;
    let (all, slow) = (analysis.frames.len(), analysis.slow.len());
    let at = |share| time(percentile(&analysis.frames, share).unwrap_or(0));
    let mut words = match slow {
        0 => format!("All {} frames kept within their budget", units::count(all as u64)),
        _ => format!(
            "{} of {} frames ({}) took longer than they may",
            units::count(slow as u64),
            units::count(all as u64),
            units::share(slow as f64 / all as f64)
        ),
    };
    let _ = write!(words, ": {} at the median, {} at 99 %, {} the slowest", at(0.5), at(0.99), at(1.0));
    if !analysis.hangs.is_empty() {
        let count = analysis.hangs.len();
        let _ = write!(words, "; {count} hang{} over 100 ms", if count == 1 { "" } else { "s" });
    }
    words.push('.');
    let mut latencies: Vec<i64> = analysis.answers.iter().map(|answer| answer.latency()).collect();
    latencies.sort_unstable();
    if let (Some(half), Some(most)) = (percentile(&latencies, 0.5), latencies.last()) {
        let _ = write!(words, "\nInput was answered after {} at the median, {} at most.", time(half), time(*most));
    }
    words
}

fn frames(report: &Report, out: &mut String) {
    let analysis = &report.analysis;
    let _ = writeln!(out, "Slow frames: {} of {}", analysis.slow.len(), analysis.frames.len());
    for slow in analysis.slow.iter() {
        let _ = writeln!(out, "\n{:>8.3} s  {}", report.seconds(slow.place.0), slow.words());
        for finding in &slow.findings {
            let _ = writeln!(out, "{:>12}  {:>9}  {}", finding.rule, time(finding.ns), finding.sentence());
        }
        if let Some(finding) = slow.findings.first() {
            let _ = writeln!(out, "{:>12}  {}", "evidence", finding.evidence);
            if let Some(inside) = &finding.inside {
                let _ = writeln!(out, "{:>12}  {}", "", inside.evidence);
            }
        }
    }
    out.push('\n');
}

fn costs(report: &Report, kind: &str, rows: usize, out: &mut String) {
    let Some((kind, costs)) = report.analysis.costs.iter().find(|(known, _)| known.name == kind) else { return };
    let _ = writeln!(out, "{}", kind.doc);
    if costs.is_empty() {
        out.push_str("  none were recorded\n\n");
        return;
    }
    let worked = report.analysis.worked.max(1);
    for cost in costs.iter().take(rows) {
        let share = units::share(cost.ns as f64 / worked as f64);
        let count = units::count(cost.count as u64);
        let longest = if cost.longest > 0 { format!("{:>9} at most  ", time(cost.longest)) } else { String::new() };
        let _ = writeln!(out, "  {:>9}  {share:>7}  {count:>8} ×  {longest}{}", time(cost.ns), cost.name);
    }
    if costs.len() > rows {
        let rest: i64 = costs[rows..].iter().map(|cost| cost.ns).sum();
        let _ = writeln!(out, "  {:>9}  in {} more", time(rest), costs.len() - rows);
    }
    out.push('\n');
}

fn waste(report: &Report, out: &mut String) {
    let wasteful =
        report.analysis.windows.iter().filter(|window| window.repaint.share().is_some_and(|share| share > 0.05));
    let wasteful: Vec<_> = wasteful.take(FEW).collect();
    if wasteful.is_empty() {
        return;
    }
    out.push_str("Repainted in vain\n");
    for window in wasteful {
        let (repaint, share) = (window.repaint, window.repaint.share().unwrap_or(0.0));
        let area = |px: i64| units::area(u64::try_from(px).unwrap_or(0));
        let (wasted, repainted) = (area(repaint.wasted), area(repaint.repainted));
        let _ = writeln!(out, "  {}: {wasted} of {repainted} ({})", window.name, units::share(share));
    }
    out.push('\n');
}

/// What to look at next: the command for the slowest frame, and the source that would tell more.
fn next(report: &Report, out: &mut String) {
    let path = report.path.display();
    out.push_str("Look next\n");
    if let Some(slow) = report.analysis.slow.iter().max_by_key(|slow| slow.work) {
        let (from, to) = (report.seconds(slow.place.0) - 0.05, report.seconds(slow.place.1) + 0.05);
        let _ = writeln!(out, "  perfkit-agent report {path} --frames --from {:.3} --to {to:.3}", from.max(0.0));
        if let Some(finding) = slow.findings.first() {
            let sql = finding.inside.as_ref().map_or(&finding.evidence, |inside| &inside.evidence);
            let _ = writeln!(out, "  perfkit-agent query {path} \"{sql}\"");
        }
    }
    let missing = [
        ("functions", "perf", "which functions the time was spent in"),
        ("syscalls", "strace", "which system calls it waited in (perf:syscalls at less cost)"),
        ("widgets", "gdkrecord:widgets=on", "which widget classes cost the time (GTK 4)"),
    ];
    for (kind, source, what) in missing.iter().filter(|(kind, ..)| report.costs(kind).is_empty()) {
        let _ = kind;
        let _ = writeln!(out, "  record with {source} to learn {what}");
    }
}

fn remarks(report: &Report, out: &mut String) {
    if !report.remarks.is_empty() {
        out.push_str("\nTo know about this session\n");
        for remark in &report.remarks {
            let _ = writeln!(out, "  {remark}");
        }
    }
}

fn time(ns: i64) -> String {
    units::duration(u64::try_from(ns).unwrap_or(0))
}
