//! The one clock, CLOCK_MONOTONIC, and the way to it from the wall clock that some tools speak.

use nix::time::{ClockId, clock_gettime};

/// CLOCK_MONOTONIC, in nanoseconds.
pub fn now() -> i64 {
    read(ClockId::CLOCK_MONOTONIC)
}

fn read(clock: ClockId) -> i64 {
    // Neither clock can be refused, and 0 is a time at which nothing was recorded.
    clock_gettime(clock).map_or(0, |time| time.tv_sec() * 1_000_000_000 + time.tv_nsec())
}

/// One moment on both clocks, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// CLOCK_MONOTONIC.
    pub monotonic: i64,
    /// CLOCK_REALTIME, since 1970.
    pub realtime: i64,
}

impl Pair {
    /// Now: the tightest of several readings of the wall clock between two of the other.
    pub fn now() -> Pair {
        let sandwich = |_| {
            let before = now();
            let realtime = read(ClockId::CLOCK_REALTIME);
            let after = now();
            (after - before, Pair { monotonic: before + (after - before) / 2, realtime })
        };
        let tightest = (0..5).map(sandwich).min_by_key(|(width, _)| *width);
        tightest.map_or(Pair { monotonic: 0, realtime: 0 }, |(_, pair)| pair)
    }
}

/// Turns wall-clock times into the session's, as they come.
///
/// The wall clock is slewed and stepped while a session runs, so the offset is measured again when the last
/// measurement is older than a second.
#[derive(Clone, Copy, Debug)]
pub struct WallClock {
    pair: Pair,
    /// Whether it is measured again; not so for a log of the past.
    live: bool,
}

impl WallClock {
    /// For times of now.
    pub fn live() -> WallClock {
        WallClock { pair: Pair::now(), live: true }
    }

    /// For times of a log, by one moment on both clocks.
    pub fn fixed(pair: Pair) -> WallClock {
        WallClock { pair, live: false }
    }

    /// From CLOCK_REALTIME to CLOCK_MONOTONIC, both in nanoseconds.
    pub fn monotonic(&mut self, realtime: i64) -> i64 {
        if self.live && realtime - self.pair.realtime > 1_000_000_000 {
            self.pair = Pair::now();
        }
        realtime.saturating_sub(self.pair.realtime).saturating_add(self.pair.monotonic)
    }
}

/// Seconds with up to nine decimals, as tools print times, in nanoseconds; `None` for anything else.
pub fn seconds(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if part.len() > 9 || !part.bytes().all(|byte| byte.is_ascii_digit()) || whole.starts_with('+') {
        return None;
    }
    let negative = whole.starts_with('-');
    let whole: i64 = whole.parse().ok()?;
    let part: i64 = if part.is_empty() { 0 } else { part.parse().ok()? };
    let part = part * 10i64.pow(9 - text.split_once('.').map_or(0, |(_, part)| part.len()) as u32);
    whole.checked_mul(1_000_000_000)?.checked_add(if negative { -part } else { part })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_time_of_now_is_now() {
        let mut wall = WallClock::live();
        let before = now();
        let there = wall.monotonic(read(ClockId::CLOCK_REALTIME));
        let after = now();
        // A slewed clock and a preempted test may differ by microseconds, not by seconds.
        assert!(there > before - 10_000_000 && there < after + 10_000_000, "{before} {there} {after}");
        let mut fixed = WallClock::fixed(Pair { monotonic: 50, realtime: 1_000 });
        assert_eq!(fixed.monotonic(1_500), 550);
    }

    #[test]
    fn seconds_are_exact() {
        for (text, ns) in [
            ("1795418299.397651792", Some(1_795_418_299_397_651_792)),
            ("0.000382003", Some(382_003)),
            ("12", Some(12_000_000_000)),
            ("1.5", Some(1_500_000_000)),
            ("-0.5", Some(-500_000_000)),
            ("1.1234567890", None),
            ("1.2e3", None),
            ("", None),
            ("x", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(seconds(text), ns, "{text}");
        }
    }
}
