//! Which clock a display server's times count by: recordings count by CLOCK_MONOTONIC, and what cannot be said in
//! it is unknown.
//!
//! X servers stamp events with CLOCK_MONOTONIC. A Wayland compositor may take any clock and does not say which
//! (weston inside X: the wall clock for events, CLOCK_MONOTONIC_RAW for frames), so it is found out by what is
//! possible: an event of a program at rest arrives at once, and no frame is shown before it was begun.

use gdkrecord::Span;

use crate::ffi::memory::clock;

/// The clocks that compositors use, the usual one first.
const CLOCKS: [libc::clockid_t; 3] = [libc::CLOCK_MONOTONIC, libc::CLOCK_REALTIME, libc::CLOCK_MONOTONIC_RAW];

/// An event this young shows that its time is of the clock by which it is: few programs are always busier.
const PROMPT_MS: u32 = 20;
/// A time that lies further back is another clock's.
const OLDEST_MS: u32 = 10_000;
/// A frame can be told before it is shown: GDK adds an interval of the display to when the compositor drew.
const AHEAD: u64 = 50_000_000;

/// The clock by which a server stamps events.
#[derive(Debug, Default)]
pub struct EventClock(Option<libc::clockid_t>);

impl EventClock {
    /// That of X servers.
    pub const X11: EventClock = EventClock(Some(libc::CLOCK_MONOTONIC));

    /// From the server's milliseconds to `now` (CLOCK_MONOTONIC nanoseconds); unknown until the clock is known.
    pub fn latency(&mut self, server_time: u32, now: u64) -> Span {
        self.with(server_time, now, &clock)
    }

    fn with(&mut self, server_time: u32, now: u64, read: &dyn Fn(libc::clockid_t) -> u64) -> Span {
        if server_time == 0 {
            return Span::UNKNOWN;
        }
        let reading = |id| if id == libc::CLOCK_MONOTONIC { now } else { read(id) };
        let age = |id| ((reading(id) / 1_000_000) as u32).wrapping_sub(server_time);
        if self.0.is_none() {
            self.0 = CLOCKS.into_iter().find(|id| age(*id) <= PROMPT_MS);
        }
        match self.0 {
            Some(id) if age(id) <= OLDEST_MS => Span::from_ns(u64::from(age(id)) * 1_000_000 + reading(id) % 1_000_000),
            _ => Span::UNKNOWN,
        }
    }
}

/// The clock by which frames are said to be shown.
#[derive(Debug, Default)]
pub struct FrameClock {
    /// Its place in the table.
    at: usize,
    /// Frames whose time was possible, and frames whose time was not.
    possible: u32,
    impossible: u32,
}

impl FrameClock {
    /// A compositor's time in CLOCK_MONOTONIC; `None` where that would lie before the frame was begun or long
    /// after `now`, at which it is told, and for ever where too many did. All are nanoseconds.
    pub fn shown(&mut self, shown: u64, begun: u64, now: u64) -> Option<u64> {
        self.with(shown, begun, now, &clock)
    }

    fn with(&mut self, shown: u64, begun: u64, now: u64, read: &dyn Fn(libc::clockid_t) -> u64) -> Option<u64> {
        let by = |at: usize| {
            let id = CLOCKS[at];
            let reading = if id == libc::CLOCK_MONOTONIC { now } else { read(id) };
            Some((shown + now).saturating_sub(reading)).filter(|time| (begun..=now + AHEAD).contains(time))
        };
        let found = by(self.at).map(|time| (self.at, time));
        let Some((at, time)) = found.or_else(|| (0..CLOCKS.len()).find_map(|at| Some((at, by(at)?)))) else {
            self.impossible += 1;
            return None;
        };
        if at != self.at {
            self.at = at;
            self.impossible += 1;
        }
        self.possible += 1;
        (self.possible >= self.impossible).then_some(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;
    const NOW: u64 = 5_000_000 * MS + 250_000;

    /// A machine whose wall clock is far ahead and whose raw clock lies 240 ms behind.
    fn read(id: libc::clockid_t) -> u64 {
        match id {
            libc::CLOCK_REALTIME => NOW + 1_795_000_000_000 * MS,
            _ => NOW - 240 * MS,
        }
    }

    fn stamp(ns: u64) -> u32 {
        (ns / MS) as u32
    }

    #[test]
    fn an_x_server_counts_by_the_monotonic_clock() {
        let mut clock = EventClock::X11;
        let mut latency = |time| clock.with(time, NOW, &read).ns();
        assert_eq!(latency(stamp(NOW) - 300), Some(300_250_000), "also before a prompt event came");
        assert_eq!(latency(stamp(NOW)), Some(250_000));
        assert_eq!(latency(stamp(NOW) + 1), None, "no event comes from the future");
        assert_eq!(latency(stamp(NOW) - 20_000), None);
        assert_eq!(latency(0), None);
    }

    #[test]
    fn a_compositors_clock_is_known_by_its_first_prompt_event() {
        let mut clock = EventClock::default();
        let realtime = stamp(read(libc::CLOCK_REALTIME));
        assert_eq!(clock.with(realtime - 90, NOW, &read).ns(), None, "it may be any clock's");
        assert_eq!(clock.with(realtime - 3, NOW, &read).ns(), Some(3_250_000));
        assert_eq!(clock.with(realtime - 90, NOW, &read).ns(), Some(90_250_000));
        assert_eq!(clock.with(stamp(NOW) - 3, NOW, &read).ns(), None, "one clock a server");
    }

    #[test]
    fn a_clock_of_no_known_kind_gives_nothing() {
        let mut clock = EventClock::default();
        assert!((0..50).all(|ms| clock.with(stamp(NOW) - 1000 - ms, NOW, &read) == Span::UNKNOWN));
    }

    #[test]
    fn a_frame_is_not_shown_before_it_was_begun() {
        let mut clock = FrameClock::default();
        let mut shown = |time| clock.with(time, NOW - 30 * MS, NOW, &read);
        assert_eq!(shown(NOW - 10 * MS), Some(NOW - 10 * MS));
        assert_eq!(shown(NOW - 10 * MS - 240 * MS), Some(NOW - 10 * MS), "the raw clock");
        assert_eq!(shown(NOW - 20 * MS - 240 * MS), Some(NOW - 20 * MS));
        assert_eq!(shown(NOW - 1000 * MS), None);
    }

    #[test]
    fn a_frame_clock_of_no_known_kind_gives_nothing_even_where_it_would_be_possible() {
        let mut clock = FrameClock::default();
        let late = |clock: &mut FrameClock, begun| clock.with(NOW - 1000 * MS, begun, NOW, &read);
        assert_eq!(late(&mut clock, NOW - 30 * MS), None);
        assert_eq!(late(&mut clock, NOW - 30 * MS), None);
        assert_eq!(late(&mut clock, NOW - 2000 * MS), None, "a frame that took two seconds");
    }
}
