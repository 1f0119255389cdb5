//! Wasted repaint: pixels that were painted though nothing had changed there.

use std::collections::BTreeMap;

use super::timeline::Timeline;

/// What a window repainted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repaint {
    /// Square pixels that had changed; only where the toolkit tells them apart.
    pub damaged: i64,
    /// Square pixels that were repainted.
    pub repainted: i64,
    /// Square pixels that were repainted in frames in which less than that had changed: what exceeds it.
    pub wasted: i64,
    /// How many times something was repainted.
    pub times: i64,
}

/// A window with its repaint.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// The window as people know it.
    pub name: String,
    /// What it repainted.
    pub repaint: Repaint,
}

impl Repaint {
    /// The share of the repaint that was wasted; `None` where nothing was repainted.
    pub fn share(&self) -> Option<f64> {
        (self.repainted > 0).then(|| self.wasted as f64 / self.repainted as f64)
    }
}

/// The repaint of each window of a thread.
///
/// GTK 2 and 3 know one region, which was both: there nothing can be told to be wasted.
pub fn by_window(timeline: &Timeline) -> BTreeMap<i64, Repaint> {
    let mut windows: BTreeMap<i64, Repaint> = BTreeMap::new();
    // Damage is told at a paint's begin and the repaint at its end: what follows one another belongs together.
    let mut open: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    let mut last = BTreeMap::new();
    for at in &timeline.painted {
        let painted = at.what;
        let area = painted.width * painted.height;
        let key = (at.time, painted.damage, painted.repaint);
        let again = last.insert(painted.window, key) == Some(key);
        let of = open.entry(painted.window).or_default();
        if painted.damage && !again {
            // A new paint begins; the one before is settled.
            settle(windows.entry(painted.window).or_default(), std::mem::take(of));
        }
        let window = windows.entry(painted.window).or_default();
        if painted.damage {
            window.damaged += area;
            of.0 += area;
        }
        if painted.repaint {
            window.repainted += area;
            of.1 += area;
            window.times += i64::from(!again);
        }
    }
    for (window, of) in open {
        settle(windows.entry(window).or_default(), of);
    }
    windows
}

fn settle(window: &mut Repaint, (damaged, repainted): (i64, i64)) {
    window.wasted += (repainted - damaged).max(0);
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
