//! What a window repainted, and how much of that in vain: pixels that were painted though nothing had changed there.

use crate::sets::Exposed;

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

impl Repaint {
    /// The share of the repaint that was wasted; `None` where nothing was repainted.
    pub fn share(&self) -> Option<f64> {
        (self.repainted > 0).then(|| self.wasted as f64 / self.repainted as f64)
    }

    /// With what another window repainted.
    pub fn and(self, other: Repaint) -> Repaint {
        Repaint {
            damaged: self.damaged.saturating_add(other.damaged),
            repainted: self.repainted.saturating_add(other.repainted),
            wasted: self.wasted.saturating_add(other.wasted),
            times: self.times.saturating_add(other.times),
        }
    }
}

/// Adds up what is told of one window, in its order.
///
/// GTK 4 tells the damage at a paint's begin and the repaint at its end: what follows one another belongs together.
/// GTK 2 and 3 know one region, which was both: there nothing can be told to be wasted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    settled: Repaint,
    /// Damaged and repainted by the paint that is not settled.
    open: (i64, i64),
}

impl Tally {
    /// Adds a region of so many square pixels; `again` where it is a further part of the region before.
    pub fn add(&mut self, what: Exposed, area: i64, again: bool) {
        if what != Exposed::Repaint {
            if !again {
                // A new paint begins; the one before is settled.
                self.settled = self.sum();
                self.open = (0, 0);
            }
            self.settled.damaged += area;
            self.open.0 += area;
        }
        if what != Exposed::Damage {
            self.settled.repainted += area;
            self.settled.times += i64::from(!again);
            self.open.1 += area;
        }
    }

    /// What was repainted so far.
    pub fn sum(&self) -> Repaint {
        Repaint { wasted: self.settled.wasted + (self.open.1 - self.open.0).max(0), ..self.settled }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_exceeds_the_damage_of_its_paint_is_wasted() {
        let mut tally = Tally::default();
        tally.add(Exposed::Damage, 100, false);
        tally.add(Exposed::Repaint, 10_000, false);
        tally.add(Exposed::Damage, 200, false);
        tally.add(Exposed::Damage, 100, true);
        tally.add(Exposed::Repaint, 300, false);
        let repaint = tally.sum();
        assert_eq!(repaint, Repaint { damaged: 400, repainted: 10_300, wasted: 9_900, times: 2 });
        assert!((repaint.share().unwrap() - 0.961).abs() < 0.001);
        assert_eq!(repaint.and(repaint).share(), repaint.share());
        let mut both = Tally::default();
        both.add(Exposed::Both, 100, false);
        assert_eq!(both.sum().share(), Some(0.0));
        assert_eq!(Tally::default().sum().share(), None);
    }
}
