//! What the logs of strace and ltrace have in common: the thread and the time before each line, in all the ways in
//! which these tools write them, how such times become the session's, and which process a thread belongs to.

mod threads;

use std::fs::File;
use std::io::Read;
use std::path::Path;

pub use threads::{Thread, Threads};

use super::{Lines, Outlet, Stop, Tool};
use crate::channel::Target;
use crate::error::{Error, Result};
use crate::session::clock::WallClock;

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 24 * 3600 * SECOND;
/// Numbers from here on are times and never ids: the kernel's highest id is 2²², and 10⁸ s passed in 1973.
const EPOCH: i64 = 100_000_000;

/// What stands before a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prefix {
    /// The thread.
    pub tid: Option<i32>,
    /// The time.
    pub stamp: Stamp,
}

/// A time as a tool writes it, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stamp {
    /// There is none.
    #[default]
    None,
    /// Since 1970 (`-ttt`).
    Wall(i64),
    /// Since midnight (`-t`, `-tt`).
    OfDay(i64),
    /// Since the line before (`-r`).
    Since(i64),
}

/// Takes the thread and the time off a line.
pub fn prefix(line: &str) -> (Prefix, &str) {
    let mut prefix = Prefix::default();
    let mut rest = line;
    if let Some((id, after)) = line.strip_prefix("[pid ").and_then(|after| after.split_once("] ")) {
        prefix.tid = id.trim_start().parse().ok();
        rest = after;
    } else if let Some((id, after)) = id(line) {
        prefix.tid = Some(id);
        rest = after;
    }
    if let Some((stamp, after)) = stamp(rest) {
        prefix.stamp = stamp;
        rest = after;
    }
    (prefix, rest)
}

/// `21833 ` at the begin.
fn id(line: &str) -> Option<(i32, &str)> {
    let (id, length) = digits(line.as_bytes())?;
    let after = line[length..].strip_prefix(' ').filter(|_| id < EPOCH)?;
    Some((i32::try_from(id).ok()?, after.trim_start_matches(' ')))
}

/// `1795418299.397651792 `, `16:58:19.397651 `, `     0.000382 `, `16:58:19 (+     0.000382) ` at the begin.
fn stamp(line: &str) -> Option<(Stamp, &str)> {
    let bytes = line.as_bytes();
    let begin = bytes.iter().position(|byte| *byte != b' ')?;
    let (whole, length) = digits(&bytes[begin..])?;
    let mut at = begin + length;
    let mut seconds = whole;
    let day = bytes.get(at) == Some(&b':');
    if day {
        for _ in 0..2 {
            let (part, length) = digits(bytes.get(at + 1..)?)?;
            seconds = seconds.checked_mul(60)?.checked_add(part)?;
            at += 1 + length;
        }
    }
    let mut part = 0;
    let dot = bytes.get(at) == Some(&b'.');
    if dot {
        let (value, length) = digits(&bytes[at + 1..])?;
        part = value.checked_mul(10i64.checked_pow(9u32.checked_sub(length as u32)?)?)?;
        at += 1 + length;
    }
    let rest = line[at..].strip_prefix(' ')?;
    let ns = seconds.checked_mul(SECOND)?.checked_add(part)?;
    let stamp = match (day, seconds >= EPOCH) {
        (true, _) => Stamp::OfDay(ns),
        (false, true) => Stamp::Wall(ns),
        (false, false) if dot => Stamp::Since(ns),
        (false, false) => return None,
    };
    // With -r beside, the time since the line before follows in brackets.
    let rest = match rest.strip_prefix("(+").and_then(|rest| rest.split_once(") ")) {
        Some((_, rest)) => rest,
        None => rest,
    };
    Some((stamp, rest))
}

fn digits(bytes: &[u8]) -> Option<(i64, usize)> {
    let mut value = 0i64;
    let mut at = 0;
    while let Some(byte) = bytes.get(at).filter(|byte| byte.is_ascii_digit()) {
        // 18 digits always fit.
        if at == 18 {
            return None;
        }
        value = value * 10 + i64::from(byte - b'0');
        at += 1;
    }
    (at > 0).then_some((value, at))
}

/// Turns the stamps of one log into the session's times.
#[derive(Clone, Debug)]
pub struct Times {
    wall: WallClock,
    /// The wall-clock time of the midnight before the last line.
    midnight: i64,
    /// The last line's stamp.
    last: i64,
    /// The wall-clock time of the last line, for times since the line before.
    sum: i64,
}

impl Times {
    /// For what a tool writes now.
    pub fn live() -> Times {
        Times { wall: WallClock::live(), midnight: 0, last: 0, sum: 0 }
    }

    /// For a log of the past: with the wall-clock time of its first line's midnight, where its times are of the day,
    /// and that before its first line, where they are since the line before.
    pub fn past(wall: WallClock, midnight: i64, begin: i64) -> Times {
        Times { wall, midnight, last: 0, sum: begin }
    }

    /// The time of a stamp, in the session's nanoseconds.
    #[inline]
    pub fn of(&mut self, stamp: Stamp) -> Option<i64> {
        let realtime = match stamp {
            Stamp::None => return None,
            Stamp::Wall(ns) => ns,
            Stamp::OfDay(ns) => {
                if wraps(self.last, ns) {
                    self.midnight = self.midnight.saturating_add(DAY);
                }
                self.last = ns;
                self.midnight.saturating_add(ns)
            }
            Stamp::Since(ns) => {
                self.sum = self.sum.saturating_add(ns);
                self.sum
            }
        };
        Some(self.wall.monotonic(realtime))
    }
}

/// Whether midnight lies between two times of day; threads may be out of order by less than half a day.
fn wraps(before: i64, now: i64) -> bool {
    before - now > DAY / 2
}

/// What a log is about, and how much of it was not understood.
#[derive(Debug)]
pub struct About {
    /// The process whose lines have no number.
    pub pid: i32,
    /// Whether it tells what happens now.
    pub live: bool,
    /// The process that has not run its program yet: its lines are about what waits at the gate, and count from its
    /// exec on.
    pub waiting: Option<i32>,
    /// Lines that were not understood.
    pub unreadable: u64,
}

impl About {
    /// The log of what the target does now.
    pub fn live(target: &Target) -> About {
        let waiting = (!target.attached).then_some(target.pid);
        About { pid: target.pid, live: true, waiting, unreadable: 0 }
    }

    /// A log of the past; lines without a thread are about `pid`.
    pub fn past(pid: i32) -> About {
        About { pid, live: false, waiting: None, unreadable: 0 }
    }

    /// The thread and the time of a line; one without a time is counted.
    pub fn place(&mut self, times: &mut Times, prefix: Prefix) -> Option<(i32, i64)> {
        let time = times.of(prefix.stamp);
        self.unreadable += u64::from(time.is_none());
        Some((prefix.tid.unwrap_or(self.pid), time?))
    }
}

/// The reader of a tool's log.
pub trait Log: Sized {
    /// The tool.
    const TOOL: &str;
    /// What is known when the log has ended.
    type Seen;

    /// For a log of which no line was read.
    fn new(outlet: &mut Outlet, about: About) -> Self;

    /// Takes a line, without what stands before it.
    fn line(&mut self, outlet: &mut Outlet, times: &mut Times, prefix: Prefix, text: &str);

    /// The log has ended: what has begun in it has no end.
    fn finish(self, outlet: &mut Outlet) -> Self::Seen;
}

/// Reads what a tool writes about the target until it ends, or `stop` says so; how it ended, and what was seen.
pub fn follow<L: Log>(tool: Tool, target: &Target, outlet: &mut Outlet, stop: &Stop) -> (Result<()>, L::Seen) {
    let (mut log, mut times) = (L::new(outlet, About::live(target)), Times::live());
    let result = tool.run(outlet, stop, &mut |outlet, line| {
        let (prefix, text) = prefix(line);
        log.line(outlet, &mut times, prefix, text);
    });
    (result.map(drop), log.finish(outlet))
}

/// Reads a log that the tool wrote with times, in any of its ways.
///
/// Of a file whose name ends with a process, as those of `-ff` do, all lines without a thread are about that one.
/// `wall` turns the log's wall-clock times into the session's. A time of day is taken to be of the day on which the
/// file was last written, and times since the line before to end then.
pub fn import<L: Log>(path: &Path, wall: WallClock, outlet: &mut Outlet) -> Result<()> {
    let survey = survey(path, L::TOOL)?;
    let mut times = Times::past(wall, survey.midnight, survey.begin);
    let process = path.extension().and_then(|ending| ending.to_str()?.parse().ok()).unwrap_or(0);
    let mut log = L::new(outlet, About::past(process));
    let mut line = |text: &str| {
        let (prefix, rest) = prefix(text);
        log.line(outlet, &mut times, prefix, rest);
    };
    let (mut lines, mut cut) = (Lines::default(), 0);
    blocks(path, &mut |block| {
        lines.feed(block, &mut line);
        cut += lines.take_cut();
    })?;
    lines.finish(&mut line);
    outlet.dropped("lines cut", cut);
    log.finish(outlet);
    Ok(())
}

/// Whether most lines of the begin of a file are of a kind; `is` gets each without its thread and time.
pub fn mostly(head: &[u8], is: &mut dyn FnMut(&str) -> bool) -> bool {
    // The last line may be cut.
    let whole = memchr::memrchr(b'\n', head).unwrap_or(0);
    let Ok(text) = std::str::from_utf8(&head[..whole]) else { return false };
    let (mut good, mut all) = (0, 0);
    for line in text.lines().filter(|line| !line.is_empty()) {
        all += 1;
        good += usize::from(is(prefix(line).1));
    }
    good * 2 > all
}

/// Where the times of a log begin.
struct Survey {
    /// The wall-clock time of the first line's midnight.
    midnight: i64,
    /// The wall-clock time before the first line.
    begin: i64,
}

/// Goes over the prefixes of a log. One of wall-clock times is looked at no further than its first.
fn survey(path: &Path, tool: &str) -> Result<Survey> {
    let (mut stamps, mut last, mut days, mut sum) = (0u64, 0, 0, 0i64);
    let mut wall = false;
    let mut lines = Lines::default();
    let mut file = File::open(path).map_err(Error::file("open", path))?;
    let written = file.metadata().and_then(|data| data.modified()).ok();
    let written = written.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    let written = written.map_or(0, |time| i64::try_from(time.as_nanos()).unwrap_or(0));
    let mut block = vec![0; BLOCK];
    while !wall {
        let got = file.read(&mut block).map_err(Error::file("read", path))?;
        let mut look = |text: &str| match prefix(text).0.stamp {
            Stamp::None => {}
            Stamp::Wall(_) => (stamps, wall) = (stamps + 1, true),
            Stamp::OfDay(ns) => {
                days += i64::from(wraps(last, ns));
                (stamps, last) = (stamps + 1, ns);
            }
            Stamp::Since(ns) => (stamps, sum) = (stamps + 1, sum.saturating_add(ns)),
        };
        if got == 0 {
            lines.finish(&mut look);
            break;
        }
        lines.feed(&block[..got], &mut look);
    }
    if stamps == 0 {
        let message = format!("{}: no line of it has a time; let {tool} write them with -ttt", path.display());
        return Err(Error::Invalid(message));
    }
    // The zone of a time of day is not in the log. Zones are quarters of an hour, so the last line's is the one that
    // brings it next to the time at which the file was written.
    let zone = 900 * SECOND;
    let midnight = written.div_euclid(DAY) * DAY;
    let ahead = midnight.saturating_add(last).saturating_sub(written);
    let midnight = midnight.saturating_sub(ahead.saturating_add(zone / 2).div_euclid(zone) * zone);
    Ok(Survey { midnight: midnight.saturating_sub(days * DAY), begin: written.saturating_sub(sum) })
}

/// Bytes read at once.
const BLOCK: usize = 256 * 1024;

fn blocks(path: &Path, each: &mut dyn FnMut(&[u8])) -> Result<()> {
    let mut file = File::open(path).map_err(Error::file("open", path))?;
    let mut block = vec![0; BLOCK];
    loop {
        let got = file.read(&mut block).map_err(Error::file("read", path))?;
        if got == 0 {
            return Ok(());
        }
        each(&block[..got]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_way_of_writing_threads_and_times_is_read() {
        let wall = Stamp::Wall(1_795_418_299_397_651_792);
        let day = Stamp::OfDay(((16 * 60 + 58) * 60 + 19) * SECOND);
        for (line, tid, stamp, rest) in [
            ("21833 1795418299.397651792 brk(0) = 1", Some(21833), wall, "brk(0) = 1"),
            ("7     1795418299.397651 brk(0) = 1", Some(7), Stamp::Wall(1_795_418_299_397_651_000), "brk(0) = 1"),
            ("[pid   123] 1795418299 brk(0) = 1", Some(123), Stamp::Wall(1_795_418_299 * SECOND), "brk(0) = 1"),
            ("1795418299.5 brk(0)", None, Stamp::Wall(1_795_418_299_500_000_000), "brk(0)"),
            ("1795418299 brk(0)", None, Stamp::Wall(1_795_418_299 * SECOND), "brk(0)"),
            ("16:58:19 brk(0)", None, day, "brk(0)"),
            ("9 16:58:19 brk(0)", Some(9), day, "brk(0)"),
            ("9 16:58:19.25 brk(0)", Some(9), Stamp::OfDay(day_of(day) + 250_000_000), "brk(0)"),
            ("16:58:19 (+     0.000382) brk(0)", None, day, "brk(0)"),
            ("     0.000382 brk(0)", None, Stamp::Since(382_000), "brk(0)"),
            ("9      0.000382 brk(0)", Some(9), Stamp::Since(382_000), "brk(0)"),
            ("9 brk(0)", Some(9), Stamp::None, "brk(0)"),
            ("brk(0)", None, Stamp::None, "brk(0)"),
            ("--- SIGCHLD ---", None, Stamp::None, "--- SIGCHLD ---"),
            ("", None, Stamp::None, ""),
            ("99999999999999999999999 x", None, Stamp::None, "99999999999999999999999 x"),
        ] {
            assert_eq!(prefix(line), (Prefix { tid, stamp }, rest), "{line}");
        }
    }

    fn day_of(stamp: Stamp) -> i64 {
        let Stamp::OfDay(ns) = stamp else { panic!("{stamp:?}") };
        ns
    }

    proptest! {
        #[test]
        fn no_line_is_too_strange(line in "[ 0-9.:+()pid\\[\\]é-]{0,40}") {
            prop_assert!(line.ends_with(prefix(&line).1));
        }
    }
}
