//! A histogram of durations that any worker may add to: counts in buckets whose width is an eighth of their value.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Sub-buckets of an octave, as a power of two.
const FINE: u32 = 3;
/// The first octave: everything below 1.024 µs counts as that.
const FIRST: u32 = 10;
/// The last: everything over 137 s counts as that.
const LAST: u32 = 37;
const BUCKETS: usize = ((LAST - FIRST) << FINE) as usize;

/// Counts of durations. Adding to one takes three atomic additions and no lock.
#[derive(Debug)]
pub struct Histogram {
    buckets: Box<[AtomicU64]>,
    sum: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram::new()
    }
}

/// What a [`Histogram`] held at one moment.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    buckets: Vec<u64>,
    /// How many durations.
    pub count: u64,
    /// All of them together.
    pub sum: Duration,
}

impl Histogram {
    /// An empty one.
    pub fn new() -> Histogram {
        Histogram { buckets: (0..BUCKETS).map(|_| AtomicU64::new(0)).collect(), sum: AtomicU64::new(0) }
    }

    /// Adds a duration.
    pub fn record(&self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.buckets[bucket(nanos)].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(nanos, Ordering::Relaxed);
    }

    /// What it holds now.
    pub fn counts(&self) -> Counts {
        let buckets: Vec<u64> = self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).collect();
        let count = buckets.iter().sum();
        Counts { buckets, count, sum: Duration::from_nanos(self.sum.load(Ordering::Relaxed)) }
    }
}

impl Counts {
    /// The duration below which a share of all lies, `0.99` for 99 %, as the upper end of its bucket; zero where there
    /// is none.
    pub fn quantile(&self, share: f64) -> Duration {
        let rank = (share * self.count as f64).ceil().max(1.0) as u64;
        let mut before = 0;
        for (place, &count) in self.buckets.iter().enumerate() {
            before += count;
            if count > 0 && before >= rank {
                return upper(place);
            }
        }
        Duration::ZERO
    }

    /// What came since an earlier moment.
    pub fn since(&self, earlier: &Counts) -> Counts {
        let before = earlier.buckets.iter().chain(std::iter::repeat(&0));
        let buckets: Vec<u64> = self.buckets.iter().zip(before).map(|(now, then)| now.saturating_sub(*then)).collect();
        let count = buckets.iter().sum();
        Counts { buckets, count, sum: self.sum.saturating_sub(earlier.sum) }
    }

    /// Upper ends and the counts up to them, as OpenMetrics has it: an end for each octave.
    pub fn cumulative(&self) -> impl Iterator<Item = (Duration, u64)> {
        let octaves = self.buckets.chunks(1 << FINE).enumerate();
        octaves.scan(0, |all, (octave, counts)| {
            *all += counts.iter().sum::<u64>();
            Some((upper((octave << FINE) + (1 << FINE) - 1), *all))
        })
    }

    /// Lower and upper end and count of each bucket that has any.
    pub fn filled(&self) -> impl Iterator<Item = (Duration, Duration, u64)> {
        let buckets = self.buckets.iter().enumerate().filter(|(_, count)| **count > 0);
        buckets.map(|(place, count)| (place.checked_sub(1).map_or(Duration::ZERO, upper), upper(place), *count))
    }
}

fn bucket(nanos: u64) -> usize {
    let nanos = nanos.clamp(1 << FIRST, (1 << LAST) - 1);
    let octave = nanos.ilog2();
    let fine = (nanos >> (octave - FINE)) & ((1 << FINE) - 1);
    (((octave - FIRST) << FINE) as u64 + fine) as usize
}

fn upper(place: usize) -> Duration {
    let (octave, fine) = (place as u32 >> FINE, place as u64 & ((1 << FINE) - 1));
    Duration::from_nanos(((1 << FINE) + fine + 1) << (octave + FIRST - FINE))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_duration_lies_in_its_bucket(nanos in 1u64 << FIRST..1 << LAST) {
            let place = bucket(nanos);
            prop_assert!(Duration::from_nanos(nanos) < upper(place));
            prop_assert!(place == 0 || Duration::from_nanos(nanos) >= upper(place - 1));
            prop_assert!(upper(place).as_nanos() as f64 <= nanos as f64 * 1.126);
        }

        #[test]
        fn any_duration_is_counted(nanos: u64) {
            let histogram = Histogram::new();
            histogram.record(Duration::from_nanos(nanos));
            prop_assert_eq!(histogram.counts().count, 1);
        }
    }

    #[test]
    fn quantiles_and_sums_are_those_of_what_was_added() {
        let histogram = Histogram::new();
        (1..=1000).for_each(|millis| histogram.record(Duration::from_millis(millis)));
        let counts = histogram.counts();
        for (share, millis) in [(0.5, 500.0), (0.99, 990.0), (1.0, 1000.0)] {
            let found = counts.quantile(share).as_secs_f64() * 1e3;
            assert!((millis..millis * 1.13).contains(&found), "{share}: {found}");
        }
        assert_eq!(counts.sum, Duration::from_millis(500_500));
        assert_eq!(counts.cumulative().last().map(|(_, all)| all), Some(1000));
        histogram.record(Duration::from_millis(5));
        let new = histogram.counts().since(&counts);
        assert_eq!((new.count, new.sum), (1, Duration::from_millis(5)));
        assert_eq!(Counts::default().quantile(0.5), Duration::ZERO);
    }
}
