//! The report as text: a first screen that answers, and lists for those who ask further.

use std::fmt::Write;

use gdkrecord::units;

use super::{Report, time, verdict};
use crate::analysis::costs::{KINDS, Kind, Measure};

/// Rows of the first screen's tables.
const FEW: usize = 5;
/// Rows of a list that was asked for; the JSON form has all.
const MANY: usize = 50;

/// Functions of a stack.
const FRAMES: usize = 6;

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
    // A window's title may hold what moves a terminal's cursor, or clears its screen.
    out.replace(|char: char| char.is_control() && char != '\n', "\u{fffd}")
}

fn first_screen(report: &Report, out: &mut String) {
    let analysis = &report.analysis;
    let length = time(analysis.place.1 - analysis.place.0);
    let _ = writeln!(out, "{}\n{}, {length} of a main loop", report.path.display(), report.subject);
    if !report.note.is_empty() {
        let _ = writeln!(out, "Note: {}", report.note);
    }
    out.push('\n');
    let _ = writeln!(out, "{}\n", verdict::sentences(report).join("\n"));
    if analysis.frames.is_empty() {
        for kind in KINDS.iter().filter(|kind| !report.rows(kind.name).is_empty()) {
            costs(report, kind.name, FEW, out);
        }
        bookmarks(report, out);
        remarks(report, out);
        return;
    }
    if !analysis.slow.is_empty() {
        out.push_str("What made frames slow, by what took most of each\n");
        for (finding, count, ns) in analysis.causes().into_iter().take(FEW) {
            let frames = units::plural(count as u64, "frame");
            let _ = writeln!(out, "  {:>9}  in {frames:>9}: {}", time(ns), finding.cause());
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
        for hang in hangs.iter().take(FEW) {
            let _ = writeln!(out, "  {:>8.3} s  {}", report.seconds(hang.place.0), hang.words());
            // What the kernel did for it says little: the words have the call.
            let frames = if hang.stack.user.is_empty() { &hang.stack.kernel } else { &hang.stack.user };
            if !frames.is_empty() {
                let more = if frames.len() > FRAMES { " ← …" } else { "" };
                let stack = frames[..frames.len().min(FRAMES)].join(" ← ");
                let _ = writeln!(out, "{:>14}{stack}{more}", "");
            }
        }
        if hangs.len() > FEW {
            let _ = writeln!(out, "{:>14}… and {} more, none of them longer", "", hangs.len() - FEW);
        }
        out.push('\n');
    }
    bookmarks(report, out);
    waste(report, out);
    for kind in KINDS.iter().filter(|kind| !report.rows(kind.name).is_empty()) {
        costs(report, kind.name, FEW, out);
    }
    next(report, out);
    remarks(report, out);
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
    let Some(kind) = Kind::by_name(kind) else { return };
    let costs = report.rows(kind.name);
    let _ = writeln!(out, "{}", kind.doc);
    if costs.is_empty() {
        out.push_str("  none were recorded\n\n");
        return;
    }
    let worked = report.analysis.worked.max(1);
    let known = |measure| costs.iter().any(|cost| cost.amount.of(measure) > 0);
    let more: Vec<Measure> = [Measure::Area, Measure::Bytes].into_iter().filter(|&measure| known(measure)).collect();
    for cost in costs.iter().take(rows) {
        let amount = cost.amount;
        let (took, share) = (time(amount.ns), units::share(amount.ns as f64 / worked as f64));
        let count = if amount.count > 0 { amount.count } else { amount.samples };
        let count = units::count(count.unsigned_abs());
        let longest = if amount.longest > 0 { format!("{:>9} at most  ", time(amount.longest)) } else { String::new() };
        let more = more.iter().map(|measure| match amount.of(*measure) {
            0 => format!("{:>9}  ", ""),
            of => format!("{:>9}  ", measure.words(of)),
        });
        let more: String = more.collect();
        let _ = writeln!(out, "  {took:>9}  {share:>7}  {count:>8} ×  {longest}{more}{}", cost.name);
    }
    if costs.len() > rows {
        let rest: i64 = costs[rows..].iter().map(|cost| cost.amount.ns).sum();
        let _ = writeln!(out, "  {:>9}  in {} more", time(rest), costs.len() - rows);
    }
    out.push('\n');
}

fn bookmarks(report: &Report, out: &mut String) {
    if report.bookmarks.is_empty() {
        return;
    }
    out.push_str("Bookmarks\n");
    for bookmark in &report.bookmarks {
        let _ = writeln!(out, "  {:>10}  {}", bookmark.place(report.origin), bookmark.text);
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
    if let Some(why) = super::repaint(report) {
        let _ = writeln!(out, "  {why}");
    }
    out.push('\n');
}

/// What to look at next: the command for the slowest frame, and the source that would tell more.
fn next(report: &Report, out: &mut String) {
    let path = report.path.display().to_string();
    let path = shlex::try_quote(&path).unwrap_or("FILE".into());
    let missing = super::missing(report);
    if report.analysis.slow.is_empty() && missing.is_empty() {
        return;
    }
    out.push_str("Look next\n");
    if let Some(slow) = report.analysis.slow.iter().max_by_key(|slow| slow.work) {
        let (from, to) = (report.seconds(slow.place.0) - 0.05, report.seconds(slow.place.1) + 0.05);
        let _ = writeln!(out, "  perfkit-agent report {path} --frames --from {:.3} --to {to:.3}", from.max(0.0));
        if let Some(finding) = slow.findings.first() {
            let sql = finding.inside.as_ref().map_or(&finding.evidence, |inside| &inside.evidence);
            let _ = writeln!(out, "  perfkit-agent query {path} \"{sql}\"");
        }
    }
    for (source, what) in missing {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Analysis;
    use crate::analysis::hangs::Hang;
    use crate::analysis::waste::{Repaint, Window};
    use crate::report::Lost;

    /// Nine hangs, the first of which is the longest, and a window that is repainted whole.
    fn report() -> Report {
        let hang = |at: i64| Hang {
            thread: (1, 1),
            place: (at * 1_000_000_000, at * 1_000_000_000 + (900 - at) * 1_000_000),
            subject: format!("callback_{at}"),
            calls: 1,
            inside: None,
            stack: Default::default(),
        };
        let repaint = Repaint { damaged: 1_000, repainted: 100_000, wasted: 99_000, times: 9 };
        let windows = vec![Window { name: "“Files”".to_owned(), repaint }];
        let hangs = (0..9).map(hang).collect();
        let analysis =
            Analysis { frames: vec![5], strip: vec![(9, 5, 16_666_667)], hangs, windows, ..Analysis::default() };
        Report { analysis, draws: true, ..Report::default() }
    }

    #[test]
    fn more_hangs_than_are_listed_are_counted() {
        let said = text(&report(), &[]);
        assert!(said.contains("callback_4\n") && !said.contains("callback_5"), "{said}");
        assert!(said.contains("… and 4 more, none of them longer"), "{said}");
    }

    #[test]
    fn what_was_lost_is_told_before_any_list() {
        let lost = |count, kind: &str, place| Lost { source: "perf".into(), kind: kind.into(), count, place };
        let lost = vec![lost(687, "samples", (2_000_000_000, 5_000_000_000)), lost(7, "lines", (1, 1))];
        let said = text(&Report { lost, ..report() }, &[]);
        let sentence = "Not all was recorded: perf lost 687 samples, perf lost 7 lines, from 0.000 s to 5.000 s.";
        let (at, list) = (said.find(sentence), said.find("Hangs\n"));
        assert!(at.is_some() && at < list, "{said}");
    }

    #[test]
    fn whole_repaints_of_a_renderer_are_its_own_and_gtk_3_has_no_costs_of_widgets() {
        let of = |renderer: &str, toolkit: &str| {
            text(&Report { renderer: renderer.into(), toolkit: toolkit.into(), ..report() }, &[])
        };
        let (gl, cairo, three) = (of("GskGLRenderer", "4.8.3"), of("GskCairoRenderer", "4.8.3"), of("", "3.24.38"));
        assert!(gl.contains("GskGLRenderer paints whole windows") && gl.contains("widgets=on"), "{gl}");
        assert!(!cairo.contains("paints whole windows") && cairo.contains("“Files”: "), "{cairo}");
        assert!(!three.contains("widgets=on") && three.contains("record with perf to learn"), "{three}");
    }
    use crate::session::Bookmark;

    #[test]
    fn nothing_in_a_session_commands_the_terminal() {
        let subject = "a\u{1b}[2Jb\rc\u{9b}d".to_owned();
        let bookmarks = vec![Bookmark { id: 1, begin: 0, end: 0, text: "t\u{1b}[2J".to_owned() }];
        let report = Report { subject, bookmarks, note: "n\r".to_owned(), ..Report::default() };
        let text = text(&report, &[]);
        assert!(text.contains("a\u{fffd}[2Jb\u{fffd}c\u{fffd}d, 0 ns of a main loop\nNote: n\u{fffd}\n"), "{text}");
        assert!(text.contains("Bookmarks\n     0.000 s  t\u{fffd}[2J\n"), "{text}");
    }
}
