//! The beat of sources that look again and again.

use std::time::Duration;

use super::{Outlet, Stop};
use crate::session::clock::now;

/// Nanoseconds of a second.
const SECOND: f64 = 1e9;
/// From this period on, in nanoseconds, rows are handed on at each beat, and nothing needs to wake up in between.
const SLOW: i64 = 300_000_000;

/// Moments at equal distances.
#[derive(Debug)]
pub(super) struct Beat {
    period: i64,
    next: i64,
}

impl Beat {
    /// `rate` beats a second, the first of them now.
    pub fn new(rate: f64) -> Beat {
        Beat { period: ((SECOND / rate) as i64).max(1), next: now() }
    }

    /// Waits for the next beat, which a changed rate may put elsewhere, and gives how many were missed meanwhile; `None` where `stop` was said.
    pub fn wait(&mut self, outlet: &mut Outlet, stop: &Stop) -> Option<u64> {
        if let Some(rate) = outlet.new_rate() {
            self.period = ((SECOND / rate) as i64).max(1);
        }
        self.next += self.period;
        if self.period >= SLOW {
            outlet.flush()
        } else {
            outlet.tick()
        }
        let mut left = self.next - now();
        let missed = if left < 0 { -left / self.period } else { 0 };
        self.next += missed * self.period;
        while left > 0 && !stop.said() {
            // Rounded up: a wait that ends a little early would be followed by one of nothing.
            stop.wait(Duration::from_millis(left as u64 / 1_000_000 + 1));
            left = self.next - now();
        }
        (!stop.said()).then_some(missed as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Stopper;

    #[test]
    fn beats_do_not_drift_and_missed_ones_are_counted() {
        let (stopper, stop) = Stopper::new().unwrap();
        let (mut outlet, _seen) = Outlet::to_memory("test");
        let begin = now();
        let mut beat = Beat::new(200.0);
        let mut beats = 0;
        while beats < 4 {
            beats += 1 + beat.wait(&mut outlet, &stop).unwrap();
        }
        assert!(now() - begin >= 20_000_000);
        std::thread::sleep(Duration::from_millis(28));
        assert!(beat.wait(&mut outlet, &stop).unwrap() >= 4);
        stopper.stop();
        assert_eq!(beat.wait(&mut outlet, &stop), None);
    }

    #[test]
    fn a_rate_that_is_changed_is_so_from_the_next_beat_on() {
        let (_stopper, stop) = Stopper::new().unwrap();
        let (sender, _receiver) = Outlet::queue();
        let flow: std::sync::Arc<crate::source::Flow> = Default::default();
        let mut outlet = Outlet::new(1, "proc", sender, std::sync::Arc::clone(&flow));
        let mut beat = Beat::new(0.01);
        flow.rates.set("counters", 0.02);
        flow.rates.set("proc", 100.0);
        let begin = now();
        for _ in 0..3 {
            beat.wait(&mut outlet, &stop).unwrap();
        }
        assert!(now() - begin < 10_000_000_000, "a beat of 0.01 Hz takes 100 s");
    }
}
