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
    let length = analysis.place.1 - analysis.place.0;
    let length = (length > 0).then(|| format!("{} of a main loop", time(length)));
    let facts = std::iter::once(report.subject.clone()).chain(length).filter(|fact| !fact.is_empty());
    let _ = writeln!(out, "{}\n{}", report.path.display(), facts.collect::<Vec<_>>().join(", "));
    if !report.note.is_empty() {
        let _ = writeln!(out, "Note: {}", report.note);
    }
    out.push('\n');
    let _ = writeln!(out, "{}\n", verdict::sentences(report).join("\n"));
    if analysis.frames.is_empty() {
        bookmarks(report, out);
        remarks(report, out);
        tables(report, out);
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
    // What to do comes before the tables, which fill screens.
    next(report, out);
    remarks(report, out);
    waste(report, out);
    tables(report, out);
}

fn tables(report: &Report, out: &mut String) {
    for kind in KINDS.iter().filter(|kind| !report.rows(kind.name).is_empty()) {
        costs(report, kind.name, FEW, out);
    }
}

fn frames(report: &Report, out: &mut String) {
    let analysis = &report.analysis;
    let _ = writeln!(out, "Slow frames: {} of {}", analysis.slow.len(), analysis.frames.len());
    for slow in analysis.slow.iter() {
        let _ = writeln!(out, "\n{:>8.3} s  {}", report.seconds(slow.place.0), slow.words());
        for finding in &slow.findings {
            let _ = writeln!(out, "{:>15}  {:>9}  {}", finding.title(), time(finding.ns), finding.sentence());
        }
        let phases = slow.phases.iter().map(|&(name, ns)| format!("{} {}", name.replace('_', " "), time(ns)));
        let phases: Vec<String> = phases.collect();
        if !phases.is_empty() {
            let _ = writeln!(out, "{:>12}  {}", "phases", phases.join(", "));
        }
        if let Some(finding) = slow.findings.first() {
            let _ = writeln!(out, "{:>15}  {}", "evidence", finding.evidence);
            if let Some(inside) = &finding.inside {
                let _ = writeln!(out, "{:>15}  {}", "", inside.evidence);
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
        let words = match super::source(report, kind.name) {
            Some((source, what)) => format!("none were recorded; record with {source} to learn {what}"),
            None => "none in this stretch of time".to_owned(),
        };
        let _ = writeln!(out, "  {words}\n");
        return;
    }
    let worked = report.analysis.worked;
    let known = |measure| costs.iter().any(|cost| cost.amount.of(measure) > 0);
    let more: Vec<Measure> = [Measure::Area, Measure::Bytes].into_iter().filter(|&measure| known(measure)).collect();
    for cost in costs.iter().take(rows) {
        let amount = cost.amount;
        let took = time(amount.ns);
        // Where no loop ran there is nothing to have a share of.
        let share = if worked > 0 { units::share(amount.ns as f64 / worked as f64) } else { String::new() };
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
    let unnamed = super::unnamed(report);
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
    if !unnamed.is_empty() {
        let _ = writeln!(
            out,
            "  install debug symbols of {}, then perfkit-agent symbolise {path} to learn their functions",
            unnamed.join(", ")
        );
    }
    let _ = writeln!(out, "  perfkit-agent report {path} --format html -o report.html to see it drawn\n");
}

fn remarks(report: &Report, out: &mut String) {
    if !report.remarks.is_empty() {
        out.push_str("To know about this session\n");
        for remark in &report.remarks {
            let _ = writeln!(out, "  {remark}");
        }
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Analysis;

    use crate::analysis::costs::{Amount, Costs, Leaf};
    use crate::analysis::hangs::Hang;
    use crate::analysis::latency::Answer;
    use crate::analysis::waste::{Repaint, Window};
    use crate::analysis::{Input, Span, Timeline};
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

    fn cost(kind: &str, path: &[&str], ns: i64) -> Costs {
        let kind = Kind::by_name(kind).unwrap();
        let amount = Amount { ns, count: 1, ..Amount::default() };
        let leaves = vec![Leaf { path: path.iter().map(|part| part.to_string()).collect(), amount }];
        Costs { kind, rows: kind.rows(&leaves), leaves }
    }

    #[test]
    fn what_to_do_comes_before_tables_and_names_what_has_no_names() {
        let mut report = report();
        report.analysis.worked = 1_000_000_000;
        let unknown = ["libgtk-4.so.1.800.3", "unknown"];
        report.analysis.costs =
            vec![cost("functions", &unknown, 60_000_000), cost("callbacks", &["libgtk-4.so.1+0x44c470"], 9_000_000)];
        let said = text(&report, &[]);
        let hint = "install debug symbols of libgtk-4.so.1.800.3, then perfkit-agent symbolise";
        let (at, table) = (said.find(hint), said.find("Functions, by samples"));
        assert!(at.is_some() && at < table, "{said}");
        assert!(said.contains("  6.0 %  ") && !said.contains("record with perf to learn"), "{said}");
        report.analysis.worked = 0;
        let said = text(&report, &[]);
        assert!(!said.contains("60000000×") && said.contains("unknown (libgtk-4.so.1.800.3)"), "{said}");
    }

    #[test]
    fn a_list_of_nothing_says_what_records_it_or_that_it_is_of_another_time() {
        let mut report = Report { toolkit: "4.8.3".into(), ..report() };
        let said = text(&report, &["widgets", "files"]);
        assert!(said.contains("none were recorded; record with gdkrecord:widgets=on to learn which"), "{said}");
        assert!(said.contains("none were recorded; record with strace to learn which files"), "{said}");
        report.told = vec!["widgets", "files", "functions"];
        assert!(text(&report, &["widgets", "files"]).matches("none in this stretch of time").count() == 2);
        assert!(
            !text(&report, &[]).contains("record with perf"),
            "a stretch without samples is no reason to record again"
        );
    }

    #[test]
    fn the_slowest_answer_is_told_with_its_event_and_its_time() {
        let answer = |event: &str, made: i64, shown: i64| Answer {
            input: Span {
                time: made,
                end: made,
                what: Input { event: event.into(), window: 1, latency: None, clock: None },
            },
            made,
            shown,
        };
        let mut report = report();
        report.analysis.answers =
            vec![answer("scroll", 0, 5_000_000), answer("key-press", 1_500_000_000, 1_600_000_000)];
        let said = text(&report, &[]);
        assert!(said.contains("after 5 ms at the median, 100 ms at most: that of key-press at 1.500 s."), "{said}");
    }

    #[test]
    fn a_stretch_after_the_end_is_told_as_that() {
        let timeline = Timeline { asked: (5_000_000_000, i64::MAX), end: 2_000_000_000, ..Timeline::default() };
        let analysis = Analysis { timelines: vec![timeline], ..Analysis::default() };
        let said = text(&Report { analysis, draws: true, ..Report::default() }, &[]);
        assert!(said.contains("The recording ends at 2.000 s, before this stretch of time."), "{said}");
    }

    #[test]
    fn what_was_lost_is_told_before_any_list() {
        let lost = |count, kind: &str, place| Lost { source: "perf".into(), kind: kind.into(), count, place };
        let one = lost(1, "looks that came too late", (7_000_000, 7_100_000));
        let lost = vec![lost(687, "samples", (2_000_000_000, 5_000_000_000)), lost(7, "lines", (1, 1))];
        let said = text(&Report { lost, ..report() }, &[]);
        let sentence = "Not all was recorded: perf lost 687 samples, perf lost 7 lines, from 0.000 s to 5.000 s.";
        let (at, list) = (said.find(sentence), said.find("Hangs\n"));
        assert!(at.is_some() && at < list, "{said}");
        let said = text(&Report { lost: vec![one], ..report() }, &[]);
        assert!(said.contains("perf lost 1 look that came too late, at 0.007 s."), "{said}");
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
        assert!(text.contains("a\u{fffd}[2Jb\u{fffd}c\u{fffd}d\nNote: n\u{fffd}\n"), "{text}");
        assert!(text.contains("Bookmarks\n     0.000 s  t\u{fffd}[2J\n"), "{text}");
    }
}
