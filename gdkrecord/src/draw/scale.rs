//! Axes: time to pixels, values to heights, ticks at round numbers, and their labels in s, ms or µs.

/// A stretch of CLOCK_MONOTONIC nanoseconds; never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Its begin.
    pub from: u64,
    /// Its end.
    pub to: u64,
}

impl Range {
    /// From begin to end; an empty or reversed one becomes a millisecond long, so that it can be drawn.
    pub fn new(from: u64, to: u64) -> Range {
        Range { from, to: if to > from { to } else { from.saturating_add(1_000_000) } }
    }

    /// Nanoseconds.
    pub fn length(self) -> u64 {
        self.to - self.from
    }

    /// Where a time lies, 0 at the begin and 1 at the end; outside below 0 or above 1.
    pub fn place(self, time: u64) -> f64 {
        (time as f64 - self.from as f64) / self.length() as f64
    }

    /// The one of `count` columns that a time lies in; `None` outside.
    pub fn column(self, time: u64, count: usize) -> Option<usize> {
        if time < self.from || time > self.to || count == 0 {
            return None;
        }
        let at = u128::from(time - self.from) * count as u128 / u128::from(self.length());
        Some((at as usize).min(count - 1))
    }
}

/// Round numbers from 0 to `most` (both may be ticks), at most `count` steps of 1, 2 or 5 times a power of ten.
pub fn ticks(most: f64, count: usize) -> Vec<f64> {
    let step = step(most, count);
    let last = (most / step * (1.0 + 1e-9)).floor() as usize;
    (0..=last).map(|at| at as f64 * step).collect()
}

/// The step of [`ticks`].
pub fn step(most: f64, count: usize) -> f64 {
    if !most.is_finite() || most <= 0.0 {
        return 1.0;
    }
    let rough = most / count.max(1) as f64;
    let power = 10f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|by| by * power).find(|&step| step >= rough * (1.0 - 1e-9)).unwrap_or(rough)
}

/// The step of ticks on a time axis, in seconds: of minutes and hours where it is longer than half a minute.
pub fn time_step(seconds: f64, count: usize) -> f64 {
    const LONG: [f64; 11] = [60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 10_800.0, 21_600.0, 43_200.0];
    let rough = seconds / count.max(1) as f64;
    if rough <= 20.0 {
        return step(seconds, count);
    }
    let long = std::iter::once(30.0).chain(LONG).find(|&step| step >= rough);
    // Whole days.
    long.unwrap_or_else(|| step(seconds / 86_400.0, count).max(1.0) * 86_400.0)
}

/// The label of a tick `seconds` into a recording, for ticks `step` seconds apart: "350 ms", "1.25 s", "2:30".
pub fn tick_label(seconds: f64, step: f64, most: f64) -> String {
    if seconds == 0.0 {
        return "0".to_owned();
    }
    let decimals = |step: f64| (-(step * (1.0 + 1e-9)).log10().floor()).max(0.0) as usize;
    if most >= 120.0 && step >= 1.0 {
        let whole = seconds.round() as u64;
        if step >= 3600.0 {
            return format!("{} h", whole / 3600);
        }
        if whole >= 3600 {
            return format!("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
        }
        return format!("{}:{:02}", whole / 60, whole % 60);
    }
    if most >= 1.0 {
        format!("{seconds:.*} s", decimals(step))
    } else if most >= 0.001 {
        format!("{:.*} ms", decimals(step * 1e3), seconds * 1e3)
    } else {
        format!("{:.*} µs", decimals(step * 1e6), seconds * 1e6)
    }
}

/// The vertical axis of times or areas, logarithmic where one outlier would press all else to the floor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    least: f64,
    most: f64,
    log: bool,
}

impl Axis {
    /// From 0 to a little above `most`, evenly.
    pub fn linear(most: f64) -> Axis {
        let most = if most.is_finite() && most > 0.0 { most } else { 1.0 };
        Axis { least: 0.0, most: most * 1.08, log: false }
    }

    /// From `least` to a little above `most`, by powers.
    pub fn log(least: f64, most: f64) -> Axis {
        Axis { least, most: most.max(least * 10.0) * 1.3, log: true }
    }

    /// Whether it goes by powers.
    pub fn is_log(self) -> bool {
        self.log
    }

    /// The height of a value, 0 at the floor and 1 at the top; clamped.
    pub fn height(self, value: f64) -> f64 {
        let height = if self.log {
            (value.max(self.least) / self.least).ln() / (self.most / self.least).ln()
        } else {
            value / self.most
        };
        height.clamp(0.0, 1.0)
    }

    /// Ticks at round values, at most `count` or so.
    pub fn ticks(self, count: usize) -> Vec<f64> {
        if !self.log {
            return ticks(self.most, count);
        }
        let mut powers = Vec::new();
        let mut tick = 10f64.powf((self.least.log10() - 1e-9).ceil());
        while tick <= self.most {
            powers.push(tick);
            tick *= 10.0;
        }
        let every = powers.len().div_ceil(count.max(1)).max(1);
        powers.into_iter().rev().step_by(every).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_fall_into_columns() {
        let range = Range::new(100, 200);
        assert_eq!(range.column(100, 10), Some(0));
        assert_eq!(range.column(199, 10), Some(9));
        assert_eq!(range.column(200, 10), Some(9));
        assert_eq!(range.column(99, 10), None);
        assert_eq!(Range::new(5, 5).length(), 1_000_000);
        assert_eq!(Range::new(0, u64::MAX).column(u64::MAX / 2, 1000), Some(499));
    }

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(ticks(1.0, 5), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        assert_eq!(ticks(74.0, 4), [0.0, 20.0, 40.0, 60.0]);
        assert_eq!(ticks(0.0, 4), [0.0]);
        for most in [1e-6, 0.37, 9.99, 12345.0] {
            assert!((2..=8).contains(&ticks(most, 7).len()), "{most}");
        }
        for (seconds, step) in [(3.0, 0.5), (400.0, 120.0), (5_000.0, 900.0), (93_600.0, 21_600.0), (4e6, 864_000.0)] {
            assert_eq!(time_step(seconds, 6), step, "{seconds}");
        }
        assert_eq!(Axis::log(0.1, 500.0).ticks(5), [100.0, 10.0, 1.0, 0.1]);
    }

    #[test]
    fn labels_have_units() {
        assert_eq!(tick_label(0.35, 0.05, 0.9), "350 ms");
        assert_eq!(tick_label(1.5, 0.5, 3.0), "1.5 s");
        assert_eq!(tick_label(2.0, 1.0, 10.0), "2 s");
        assert_eq!(tick_label(150.0, 30.0, 400.0), "2:30");
        assert_eq!(tick_label(21_600.0, 10_800.0, 93_600.0), "6 h");
    }

    #[test]
    fn an_axis_keeps_the_outlier_inside() {
        for axis in [Axis::linear(74.0), Axis::log(0.1, 74.0)] {
            assert!(axis.height(74.0) < 1.0 && axis.height(74.0) > 0.8);
            assert_eq!(axis.height(0.0), 0.0);
        }
    }
}
