//! How often somebody may ask: a bucket of requests for each, which fills at a rate.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Buckets that are kept at most; those that are full again are forgotten then, and count as before.
const KEPT: usize = 10_000;

/// Buckets, one for each key.
#[derive(Debug)]
pub struct Rates<K> {
    /// How many a second; none is not limited.
    rate: f64,
    /// How many at once, after a while of none.
    burst: f64,
    buckets: Mutex<HashMap<K, Bucket>>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    level: f64,
    at: Instant,
}

impl<K: Hash + Eq> Rates<K> {
    /// So many a second, and so many at once. A rate of 0 lets everybody do as they like.
    pub fn new(rate: f64, burst: f64) -> Rates<K> {
        Rates { rate, burst: burst.max(1.0), buckets: Mutex::default() }
    }

    /// Takes one out, or says after how long there will be one.
    pub fn take(&self, key: K, now: Instant) -> Result<(), Duration> {
        if self.rate <= 0.0 {
            return Ok(());
        }
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let filled = |bucket: &Bucket| {
            let since = now.saturating_duration_since(bucket.at).as_secs_f64();
            (bucket.level + since * self.rate).min(self.burst)
        };
        if buckets.len() >= KEPT && !buckets.contains_key(&key) {
            buckets.retain(|_, bucket| filled(bucket) < self.burst);
            if buckets.len() >= KEPT {
                // So many strangers at once are one crowd, and wait as one.
                return Err(Duration::from_secs_f64(1.0 / self.rate));
            }
        }
        let bucket = buckets.entry(key).or_insert(Bucket { level: self.burst, at: now });
        *bucket = Bucket { level: filled(bucket), at: now.max(bucket.at) };
        if bucket.level < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - bucket.level) / self.rate));
        }
        bucket.level -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate_to_each_alone() {
        let rates = Rates::new(10.0, 3.0);
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        for _ in 0..3 {
            assert!(rates.take("a", at(0)).is_ok());
        }
        assert_eq!(rates.take("a", at(0)), Err(Duration::from_millis(100)));
        assert!(rates.take("b", at(0)).is_ok());
        assert!(rates.take("a", at(100)).is_ok());
        assert!(rates.take("a", at(101)).is_err());
        let taken = (0..1_000).filter(|ms| rates.take("a", at(200 + ms)).is_ok()).count();
        assert!((10..=12).contains(&taken), "{taken}");
    }

    #[test]
    fn no_rate_is_no_limit_and_many_keys_are_forgotten() {
        let now = Instant::now();
        let rates = Rates::new(0.0, 1.0);
        assert!((0..100).all(|_| rates.take(0, now).is_ok()));
        let rates = Rates::new(100.0, 1.0);
        for key in 0..KEPT {
            assert!(rates.take(key, now).is_ok());
        }
        assert!(rates.take(KEPT, now).is_err());
        assert!(rates.take(KEPT, now + Duration::from_secs(1)).is_ok());
        assert!(rates.buckets.lock().unwrap().len() < 10);
    }
}
