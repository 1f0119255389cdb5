//! A stretch of time, and how it is zoomed and moved.

use gtk::glib;

/// From `begin` to before `end`, in nanoseconds of CLOCK_MONOTONIC. One that has no length stands for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Boxed)]
#[boxed_type(name = "PerfkitRange")]
pub struct Range {
    /// Its begin.
    pub begin: i64,
    /// Its end.
    pub end: i64,
}

/// Nothing shorter is shown: below it a pixel is less than a clock tick.
const SHORTEST: i64 = 1_000;

impl Range {
    /// From `begin` to `end`, whichever comes first.
    pub fn new(begin: i64, end: i64) -> Range {
        Range { begin: begin.min(end), end: begin.max(end) }
    }

    /// Its length in nanoseconds.
    pub fn length(self) -> i64 {
        self.end.saturating_sub(self.begin)
    }

    /// Whether it stands for none.
    pub fn is_empty(self) -> bool {
        self.length() <= 0
    }

    /// Whether a moment lies in it.
    pub fn contains(self, time: i64) -> bool {
        (self.begin..self.end).contains(&time)
    }

    /// Made `factor` times as long (less than one zooms in), so that `fixed` stays where it is, and lies in `whole`.
    pub fn zoomed(self, factor: f64, fixed: i64, whole: Range) -> Range {
        let length =
            (self.length() as f64 * factor).round().clamp(SHORTEST as f64, whole.length().max(SHORTEST) as f64);
        let share = fixed.saturating_sub(self.begin) as f64 / self.length().max(1) as f64;
        let begin = fixed - (length * share.clamp(0.0, 1.0)).round() as i64;
        Range { begin, end: begin + length as i64 }.within(whole)
    }

    /// Moved by so many nanoseconds, as far as `whole` goes.
    pub fn moved(self, by: i64, whole: Range) -> Range {
        Range { begin: self.begin.saturating_add(by), end: self.end.saturating_add(by) }.within(whole)
    }

    /// Moved, and shortened where it must be, to lie in `whole`.
    pub fn within(self, whole: Range) -> Range {
        let length = self.length().min(whole.length().max(SHORTEST));
        let begin = self.begin.min(whole.end - length).max(whole.begin);
        Range { begin, end: begin + length }
    }

    /// With so many nanoseconds more on both sides.
    pub fn longer(self, by: i64) -> Range {
        Range { begin: self.begin.saturating_sub(by), end: self.end.saturating_add(by) }
    }

    /// With so much of its length more on both sides, so that what it holds is seen in its surroundings.
    pub fn padded(self, share: f64) -> Range {
        let by = (self.length() as f64 * share).round().max(SHORTEST as f64 / 2.0) as i64;
        Range { begin: self.begin.saturating_sub(by), end: self.end.saturating_add(by) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Range = Range { begin: 1_000_000, end: 9_000_000 };

    #[test]
    fn what_is_under_the_pointer_stays_there() {
        let range = Range::new(2_000_000, 4_000_000);
        let near = range.zoomed(0.5, 2_500_000, WHOLE);
        assert_eq!(near, Range { begin: 2_250_000, end: 3_250_000 });
        assert_eq!(near.zoomed(2.0, 2_500_000, WHOLE), range);
    }

    #[test]
    fn it_stays_within_the_whole_at_every_zoom_and_move() {
        let range = Range::new(2_000_000, 4_000_000);
        assert_eq!(range.zoomed(100.0, 3_000_000, WHOLE), WHOLE);
        assert_eq!(range.zoomed(0.0, 3_000_000, WHOLE).length(), SHORTEST);
        assert_eq!(range.moved(-5_000_000, WHOLE), Range { begin: 1_000_000, end: 3_000_000 });
        assert_eq!(range.moved(50_000_000, WHOLE), Range { begin: 7_000_000, end: 9_000_000 });
    }
}
