//! The report as JSON: everything that the text says, and all rows. Times are nanoseconds; REPORT.md has its members.

use gdkrecord::draw::treemap::Tree;
use serde_json::{Value, json};

use super::Report;
use crate::analysis::latency::percentile;
use crate::analysis::{Finding, treemap};

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
            "begin": finding.place().0,
            "end": finding.place().1,
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
            "deadline": slow.deadline,
            "phases_ns": slow.phases.iter().map(|&(name, ns)| (name.to_owned(), ns.into())).collect::<serde_json::Map<_, _>>(),
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
            "stack": hang.stack.user,
            "kernel_stack": hang.stack.kernel,
        })
    });
    let starved = analysis.starved.iter().map(|starved| {
        json!({
            "pid": starved.thread.0,
            "tid": starved.thread.1,
            "begin": starved.place.0,
            "end": starved.place.1,
            "work_ns": starved.worked,
            "callback": starved.callback,
            "ran_ns": starved.ran,
            "calls": starved.calls,
            "words": starved.words(),
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
    let costs = analysis.costs.iter().map(|costs| {
        let rows = costs.rows.iter().map(|cost| {
            let amount = cost.amount;
            json!({
                "name": cost.name,
                "ns": amount.ns,
                "count": amount.count,
                "longest_ns": amount.longest,
                "samples": amount.samples,
                "repainted_px": amount.px,
                "bytes": amount.bytes,
            })
        });
        (costs.kind.name.to_owned(), Value::Array(rows.collect()))
    });
    let treemaps = treemap::pairs().filter_map(|(kind, measured)| {
        let tree = treemap::of(kind, measured.measure, &report.costs(kind.name)?.leaves, usize::MAX).tree;
        let root = tree.nodes().len() > 1;
        root.then(|| json!({ "by": kind.name, "measure": measured.measure.name(), "doc": measured.doc, "tree": nested(&tree) }))
    });
    let bookmarks = report.bookmarks.iter().map(
        |bookmark| json!({ "id": bookmark.id, "begin": bookmark.begin, "end": bookmark.end, "text": bookmark.text }),
    );
    let lost = report.lost.iter().map(|lost| {
        json!({
            "source": lost.source,
            "kind": lost.kind,
            "count": lost.count,
            "begin": lost.place.0,
            "end": lost.place.1,
        })
    });
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
        "starved": starved.collect::<Vec<_>>(),
        "input": answers.collect::<Vec<_>>(),
        "windows": windows.collect::<Vec<_>>(),
        "costs": costs.collect::<serde_json::Map<_, _>>(),
        "note": report.note,
        "bookmarks": bookmarks.collect::<Vec<_>>(),
        "treemaps": treemaps.collect::<Vec<_>>(),
        "lost": lost.collect::<Vec<_>>(),
        "remarks": report.remarks,
    })
}

/// A tree as its nodes lie in each other: leaves have a weight, all have it in words.
fn nested(tree: &Tree) -> Value {
    let mut children: Vec<Vec<Value>> = vec![Vec::new(); tree.nodes().len()];
    // Children come after their parents, so that backwards each has all of its own.
    for (at, node) in tree.nodes().iter().enumerate().rev() {
        let mut below = std::mem::take(&mut children[at]);
        below.reverse();
        let value = match below.is_empty() {
            true => json!({ "name": &*node.name, "words": &*node.value, "weight": node.weight }),
            false => json!({ "name": &*node.name, "words": &*node.value, "children": below }),
        };
        if at == 0 {
            return value;
        }
        children[tree.parent(at)].push(value);
    }
    Value::Null
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::rules::RULES;
    use crate::analysis::starvation::Starvation;
    use crate::analysis::waste::{Repaint, Window};
    use crate::report::Lost;
    use crate::report::html::tests::hostile;
    use crate::session::Bookmark;

    #[test]
    fn a_tree_is_nested_in_its_order() {
        let mut tree = Tree::new("files");
        let folder = tree.add(0, "/usr", 0.0);
        tree.add(folder, "a", 2.0);
        tree.add(0, "pipe", 1.0);
        tree.add(folder, "b", 3.0);
        let leaf = |name, weight| json!({ "name": name, "words": "", "weight": weight });
        let folder = json!({ "name": "/usr", "words": "", "children": [leaf("a", 2.0), leaf("b", 3.0)] });
        assert_eq!(nested(&tree), json!({ "name": "files", "words": "", "children": [folder, leaf("pipe", 1.0)] }));
    }

    const DOCUMENT: &str = include_str!("../../REPORT.md");

    /// The names of all members in a value, but of those whose names come from somewhere else.
    fn members(value: &Value, named: &mut Vec<String>) {
        match value {
            Value::Array(all) => all.iter().for_each(|one| members(one, named)),
            Value::Object(object) => {
                for (name, value) in object {
                    named.push(name.clone());
                    match (&**name, value) {
                        ("phases_ns", _) => {}
                        ("costs", Value::Object(kinds)) => kinds.values().for_each(|rows| members(rows, named)),
                        _ => members(value, named),
                    }
                }
            }
            _ => {}
        }
    }

    #[test]
    fn every_member_and_every_rule_is_documented() {
        let bookmarks = vec![Bookmark { id: 1, begin: 5, end: 9, text: String::new() }];
        let lost = vec![Lost { source: String::new(), kind: String::new(), count: 3, place: (0, 9) }];
        let mut analysis = hostile("a");
        analysis.starved = vec![Starvation {
            thread: (1, 1),
            place: (0, 9),
            worked: 9,
            callback: String::new(),
            ran: 9,
            calls: 1,
            wanted: String::new(),
        }];
        let repaint = Repaint { damaged: 1, repainted: 2, wasted: 1, times: 1 };
        analysis.windows = vec![Window { name: String::new(), repaint }];
        let mut named = Vec::new();
        members(&json(&Report { analysis, bookmarks, lost, ..Report::default() }), &mut named);
        assert!(named.len() > 100, "{named:?}");
        for name in named {
            assert!(DOCUMENT.contains(&format!("`{name}`")), "REPORT.md says nothing of {name}");
        }
        for rule in RULES {
            assert!(DOCUMENT.contains(&format!("| `{}` | {} |", rule.name, rule.doc)), "{rule:?}");
        }
    }
}
