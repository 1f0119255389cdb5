//! The report as JSON: everything that the text says, and all rows. Times are nanoseconds.

use serde_json::{Value, json};

use super::Report;
use crate::analysis::Finding;
use crate::analysis::latency::percentile;

/// The whole report.
pub fn json(report: &Report) -> Value {
    let analysis = &report.analysis;
    let finding = |finding: &Finding| {
        let inside = finding.inside.as_ref().map(|inside| {
            json!({ "what": inside.name, "ns": inside.ns, "words": inside.words, "evidence": inside.evidence })
        });
        json!({
            "rule": finding.rule,
            "subject": finding.subject,
            "ns": finding.ns,
            "words": finding.words,
            "begin": finding.place.0,
            "end": finding.place.1,
            "evidence": finding.evidence,
            "inside": inside,
        })
    };
    let slow = analysis.slow.iter().map(|slow| {
        json!({
            "pid": slow.thread.0,
            "tid": slow.thread.1,
            "clock": slow.frame.0,
            "counter": slow.frame.1,
            "begin": slow.place.0,
            "end": slow.place.1,
            "work_ns": slow.work,
            "budget_ns": slow.budget,
            "words": slow.words(),
            "causes": slow.findings.iter().map(finding).collect::<Vec<_>>(),
        })
    });
    let hangs = analysis.hangs.iter().map(|hang| {
        json!({
            "pid": hang.thread.0,
            "tid": hang.thread.1,
            "begin": hang.place.0,
            "end": hang.place.1,
            "words": hang.words(),
            "stack": hang.stack,
        })
    });
    let answers = analysis.answers.iter().map(|answer| {
        json!({
            "event": answer.input.what.event,
            "window": answer.input.what.window,
            "made": answer.made,
            "shown": answer.shown,
            "latency_ns": answer.latency(),
        })
    });
    let windows = analysis.windows.iter().map(|window| {
        json!({
            "window": window.name,
            "damaged_px": window.repaint.damaged,
            "repainted_px": window.repaint.repainted,
            "wasted_px": window.repaint.wasted,
            "repaints": window.repaint.times,
        })
    });
    let causes = analysis.causes().into_iter().map(
        |(finding, count, ns)| json!({ "rule": finding.rule, "subject": finding.subject, "frames": count, "ns": ns }),
    );
    let costs = analysis.costs.iter().map(|(kind, costs)| {
        let costs = costs
            .iter()
            .map(|cost| json!({ "name": cost.name, "ns": cost.ns, "count": cost.count, "longest_ns": cost.longest }));
        (kind.name.to_owned(), Value::Array(costs.collect()))
    });
    let bookmarks = report.bookmarks.iter().map(
        |bookmark| json!({ "id": bookmark.id, "begin": bookmark.begin, "end": bookmark.end, "text": bookmark.text }),
    );
    let at = |share| percentile(&analysis.frames, share);
    json!({
        "session": report.path.display().to_string(),
        "subject": report.subject,
        "origin": report.origin,
        "begin": analysis.place.0,
        "end": analysis.place.1,
        "worked_ns": analysis.worked,
        "frames": {
            "count": analysis.frames.len(),
            "slow": analysis.slow.len(),
            "p50_ns": at(0.5),
            "p90_ns": at(0.9),
            "p99_ns": at(0.99),
            "longest_ns": at(1.0),
        },
        "causes": causes.collect::<Vec<_>>(),
        "slow_frames": slow.collect::<Vec<_>>(),
        "hangs": hangs.collect::<Vec<_>>(),
        "input": answers.collect::<Vec<_>>(),
        "windows": windows.collect::<Vec<_>>(),
        "costs": costs.collect::<serde_json::Map<_, _>>(),
        "note": report.note,
        "bookmarks": bookmarks.collect::<Vec<_>>(),
        "remarks": report.remarks,
    })
}
