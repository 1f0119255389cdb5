//! Wasted repaint: pixels that were painted though nothing had changed there.

use std::collections::BTreeMap;

use gdkrecord::draw::exposures::Tally;
use gdkrecord::sets::Exposed;

use super::timeline::Timeline;

pub use gdkrecord::draw::exposures::Repaint;

/// A window with its repaint.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// The window as people know it.
    pub name: String,
    /// What it repainted.
    pub repaint: Repaint,
}

/// The repaint of each window of a thread.
pub fn by_window(timeline: &Timeline) -> BTreeMap<i64, Repaint> {
    let mut windows: BTreeMap<i64, Tally> = BTreeMap::new();
    let mut last = BTreeMap::new();
    for at in &timeline.painted {
        let painted = at.what;
        let key = (at.time, painted.damage, painted.repaint);
        // A row is a rectangle; those of one region were told at once.
        let again = last.insert(painted.window, key) == Some(key);
        let what = match (painted.damage, painted.repaint) {
            (true, true) => Exposed::Both,
            (true, false) => Exposed::Damage,
            (false, true) => Exposed::Repaint,
            (false, false) => continue,
        };
        windows.entry(painted.window).or_default().add(what, painted.width * painted.height, again);
    }
    windows.into_iter().map(|(window, tally)| (window, tally.sum())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::engine::tests::{facts, ms};
    use crate::analysis::timeline::{At, Painted};

    fn rect(at: i64, what: &str, width: i64, height: i64) -> At<Painted> {
        let (damage, repaint) = (what.contains("damage"), what.contains("repaint"));
        At { time: ms(at), what: Painted { window: 1, damage, repaint, width, height } }
    }

    #[test]
    fn what_exceeds_the_damage_of_its_paint_is_wasted() {
        facts(
            |timeline| {
                timeline.painted = vec![
                    rect(1, "damage", 10, 10),
                    rect(2, "repaint", 100, 100),
                    rect(10, "damage", 20, 10),
                    rect(10, "damage", 10, 10),
                    rect(11, "repaint", 30, 10),
                ];
            },
            |facts| {
                let repaint = by_window(facts.timeline)[&1];
                assert_eq!(repaint, Repaint { damaged: 400, repainted: 10_300, wasted: 9_900, times: 2 });
                assert!((repaint.share().unwrap() - 0.961).abs() < 0.001);
            },
        );
        facts(
            |timeline| timeline.painted = vec![rect(1, "damage+repaint", 10, 10)],
            |facts| assert_eq!(by_window(facts.timeline)[&1].share(), Some(0.0)),
        );
    }
}
