//! Windows by their events and their repaint, and widget classes by what they did and what was repainted of theirs.

use rusqlite::Connection;

use super::{Amount, Leaf, Sums};
use crate::analysis::engine::Facts;
use crate::analysis::timeline::overlapping;
use crate::analysis::waste;
use crate::error::Result;

/// Of each window the events by type, and the repaint by whether anything had changed there.
pub fn windows(_: &Connection, threads: &[Facts<'_>]) -> Result<Vec<Leaf>> {
    let mut sums = Sums::default();
    for facts in threads {
        let timeline = facts.timeline;
        for input in timeline.inputs.iter() {
            let path = vec![timeline.window_name(input.what.window), input.what.event.clone()];
            sums.add(path, &Amount::once(input.length(), (input.time, input.end)));
        }
        for (window, repaint) in waste::by_window(timeline) {
            let name = timeline.window_name(window);
            let known = if repaint.damaged > 0 { "changed" } else { "repainted" };
            for (what, px) in [(known, repaint.repainted - repaint.wasted), ("in vain", repaint.wasted)] {
                sums.add(vec![name.clone(), what.to_owned()], &Amount { px, ..Amount::default() });
            }
        }
    }
    Ok(sums.done())
}

/// Of each class its work by kind, and the repaint of each window that a widget of the class owns.
pub fn widgets(_: &Connection, threads: &[Facts<'_>]) -> Result<Vec<Leaf>> {
    let mut sums = Sums::default();
    for facts in threads {
        let timeline = facts.timeline;
        for at in &timeline.widgets {
            let (ns, count) = (at.what.cost, at.what.count);
            // It is told at the end of its frame, of which it is a part.
            let frame = overlapping(&timeline.frames, at.time, at.time + 1).next();
            let place = Some(frame.map_or((at.time, at.time + 1), |frame| (frame.time, frame.end)));
            let amount = Amount { ns, count, longest: ns, place, ..Amount::default() };
            sums.add(vec![at.what.class.clone(), at.what.work.clone()], &amount);
        }
        for at in timeline.painted.iter().filter(|at| at.what.repaint) {
            // Whose window it is is not always known; then nothing is known of a widget.
            let Some(owner) = timeline.owners.get(&at.what.window) else { continue };
            let px = at.what.width * at.what.height;
            let path = vec![owner.clone(), timeline.window_name(at.what.window)];
            sums.add(path, &Amount { px, ..Amount::default() });
        }
    }
    Ok(sums.done())
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;
    use crate::analysis::engine::tests::{facts, input, ms, span};
    use crate::analysis::timeline::{At, Painted, WidgetCost};

    #[test]
    fn a_window_has_events_and_pixels_and_its_owner_has_them_too() {
        facts(
            |timeline| {
                timeline.inputs =
                    vec![span(1, 3, input("key-press")), span(5, 6, input("key-press")), span(7, 8, input("scroll"))]
                        .into();
                let painted = |at: i64, repaint: bool, width| At {
                    time: ms(at),
                    what: Painted { window: 1, damage: !repaint, repaint, width, height: 10 },
                };
                timeline.painted = vec![painted(1, false, 10), painted(2, true, 100)];
                let cost = WidgetCost { class: "GtkLabel".into(), count: 4, work: "measure".into(), cost: ms(2) };
                timeline.widgets = vec![At { time: ms(2), what: cost }];
                timeline.windows.insert(1, "Files".into());
                timeline.owners.insert(1, "GtkWindow".into());
            },
            |facts| {
                let db = Connection::open_in_memory().unwrap();
                let of = |name: &str| {
                    let kind = Kind::by_name(name).unwrap();
                    let mut leaves = kind.leaves(&db, &[*facts]).unwrap();
                    leaves.sort_by(|a, b| a.path.cmp(&b.path));
                    (leaves.iter().map(|leaf| leaf.path.join(" > ")).collect::<Vec<_>>(), kind.rows(&leaves))
                };
                let (paths, rows) = of("windows");
                assert_eq!(
                    paths,
                    ["“Files” > changed", "“Files” > in vain", "“Files” > key-press", "“Files” > scroll"]
                );
                let amount = Amount {
                    ns: ms(4),
                    count: 3,
                    longest: ms(2),
                    place: Some((ms(1), ms(3))),
                    px: 1000,
                    ..Amount::default()
                };
                assert_eq!((rows.len(), &*rows[0].name, rows[0].amount), (1, "“Files”", amount));
                let (_, rows) = of("widgets");
                let rows: Vec<_> = rows.iter().map(|row| (&*row.name, row.amount.ns, row.amount.px)).collect();
                assert_eq!(rows, [("GtkLabel measure", ms(2), 0), ("GtkWindow “Files”", 0, 1000)]);
            },
        );
    }
}
