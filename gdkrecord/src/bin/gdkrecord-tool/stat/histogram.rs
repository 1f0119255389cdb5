//! Percentiles in constant memory: 64 steps for each power of two, so a percentile is right to 1.6 %.

/// Steps for each power of two, as a power of two.
const BITS: u32 = 6;

/// Counts of values by size; the largest is kept exactly.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    counts: Vec<u64>,
    count: u64,
    total: u64,
    max: u64,
}

impl Histogram {
    /// One more value.
    pub fn add(&mut self, value: u64) {
        let at = slot(value);
        if self.counts.len() <= at {
            self.counts.resize(at + 1, 0);
        }
        self.counts[at] += 1;
        self.count += 1;
        self.total = self.total.saturating_add(value);
        self.max = self.max.max(value);
    }

    /// How many values there were.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their sum.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The largest; 0 of none.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// The value that so many percent do not exceed; 0 of none.
    pub fn percentile(&self, percent: f64) -> u64 {
        let rank = ((percent / 100.0 * self.count as f64).ceil() as u64).max(1);
        let mut seen = 0;
        for (at, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return middle(at).min(self.max);
            }
        }
        self.max
    }
}

/// Small values have slots of their own, larger ones share.
fn slot(value: u64) -> usize {
    let shift = (u64::BITS - value.leading_zeros()).saturating_sub(BITS + 1);
    ((u64::from(shift) << BITS) + (value >> shift)) as usize
}

fn middle(slot: usize) -> u64 {
    let slot = slot as u64;
    let shift = (slot >> BITS).saturating_sub(1);
    let low = (slot - (shift << BITS)) << shift;
    low + (1 << shift) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_close() {
        let mut histogram = Histogram::default();
        (1..=100_000).for_each(|n| histogram.add(n * 1000));
        for (percent, exact) in [(50.0, 50e6), (90.0, 90e6), (99.0, 99e6)] {
            let got = histogram.percentile(percent) as f64;
            assert!((got / exact - 1.0).abs() < 0.016, "{percent}: {got}");
        }
        assert_eq!((histogram.max(), histogram.percentile(100.0)), (100_000_000, 100_000_000));
        assert_eq!(Histogram::default().percentile(50.0), 0);
    }

    #[test]
    fn a_slot_holds_what_falls_into_it() {
        for value in [0, 1, 63, 64, 127, 128, 1000, 123_456_789, u64::MAX / 3] {
            let got = middle(slot(value)) as f64;
            assert!((got - value as f64).abs() <= value as f64 * 0.016, "{value} {got}");
        }
    }
}
