//! A capture of Sysprof: marks, logs, counters, samples with names for their addresses, processes and facts.
//!
//! The format: sysprof-capture-types.h of libsysprof-4-dev. Frames are at most 64 KiB long, texts of marks and counters
//! have fixed sizes, and each frame belongs to a process and not to a thread.

use std::io::Write;

use rustc_hash::FxHashMap;

use super::collapsed::weighed;
use super::reading::Row;
use super::stacks::{Stacks, symbol};
use super::threads::Threads;
use super::{Done, Exporter, Reading};
use crate::session::query::{On, Value};
use crate::session::{Series, Shape};

const MAGIC: u32 = 0xfdca_975e;
const VERSION: u8 = 1;
const LITTLE_ENDIAN: u8 = 1;
/// Bytes of the head of a frame.
const HEAD: usize = 24;
/// Bytes of a frame at most; its length is a multiple of 8.
const LONGEST: usize = 65_528;
/// Addresses from here on have a name in the capture itself.
const NAMED: u64 = 0xe000_0000_0000_0000;
/// Addresses of a sample at most, so that it is no longer than a frame can be.
const ADDRESSES: usize = (LONGEST - 32) / 8;
/// The type of counters that are floats.
const DOUBLE: u8 = 1;

/// Types of frames.
const SAMPLE: u8 = 2;
const MAP: u8 = 3;
const PROCESS: u8 = 4;
const FORK: u8 = 5;
const EXIT: u8 = 6;
const JITMAP: u8 = 7;
const DEFINE: u8 = 8;
const SET: u8 = 9;
const MARK: u8 = 10;
const METADATA: u8 = 11;
const LOG: u8 = 12;

/// GLib's bit for each level of a log.
const SEVERITIES: &[(&str, u16)] =
    &[("error", 1 << 3), ("warning", 1 << 4), ("message", 1 << 5), ("info", 1 << 6), ("debug", 1 << 7)];

/// The capture.
pub struct Syscap;

impl Exporter for Syscap {
    fn export(&self, reading: &Reading<'_>, out: &mut dyn Write) -> Done {
        let stacks = Stacks::read(reading)?;
        let (counters, named) = (FxHashMap::default(), FxHashMap::default());
        let mut capture = Capture { reading, stacks, out, frame: Vec::new(), counters, named };
        capture.head()?;
        capture.processes(&Threads::read(reading)?)?;
        capture.modules()?;
        capture.facts()?;
        reading.rows(&|_: &Series| Some(On::All), &mut |row| capture.row(row))
    }
}

struct Capture<'a> {
    reading: &'a Reading<'a>,
    stacks: Stacks,
    out: &'a mut dyn Write,
    frame: Vec<u8>,
    /// The numbers of counters, by their tracks.
    counters: FxHashMap<u32, u32>,
    /// How many functions lie at a symbol, of those that have names in the capture.
    named: FxHashMap<u32, u32>,
}

impl Capture<'_> {
    fn head(&mut self) -> Done {
        let (from, to) = self.reading.span()?;
        let wall = self.reading.wall()?.map(|wall| from.saturating_add(wall));
        let mut head = Vec::new();
        head.extend_from_slice(&MAGIC.to_le_bytes());
        head.extend_from_slice(&[VERSION, LITTLE_ENDIAN, 0, 0]);
        head.extend_from_slice(&sized::<64>(&wall.map(iso8601).unwrap_or_default()));
        head.extend_from_slice(&from.to_le_bytes());
        head.extend_from_slice(&to.to_le_bytes());
        head.resize(256, 0);
        Ok(self.out.write_all(&head)?)
    }

    /// Begins a frame: its length is put in when it ends.
    fn begin(&mut self, kind: u8, time: i64, pid: i32, cpu: i16) {
        self.frame.clear();
        self.put(&[0, 0]);
        self.put(&cpu.to_le_bytes());
        self.put(&pid.to_le_bytes());
        self.put(&time.to_le_bytes());
        self.put(&[kind, 0, 0, 0, 0, 0, 0, 0]);
        debug_assert_eq!(self.frame.len(), HEAD);
    }

    fn put(&mut self, bytes: &[u8]) {
        self.frame.extend_from_slice(bytes);
    }

    /// A text to the end of the frame, as much of it as there is room for.
    fn text(&mut self, text: &str) {
        let room = LONGEST.saturating_sub(self.frame.len() + 1);
        let text = until_zero(text);
        self.put(&text.as_bytes()[..text.floor_char_boundary(room)]);
        self.put(&[0]);
    }

    fn end(&mut self) -> Done {
        self.frame.resize(self.frame.len().next_multiple_of(8), 0);
        let length = self.frame.len() as u16;
        self.frame[..2].copy_from_slice(&length.to_le_bytes());
        Ok(self.out.write_all(&self.frame)?)
    }

    fn processes(&mut self, threads: &Threads) -> Done {
        let begin = self.reading.begin();
        for (&pid, process) in threads.processes.iter().filter(|(pid, _)| **pid > 0) {
            let start = process.life.0.unwrap_or(begin);
            if let Some(parent) = process.parent {
                self.begin(FORK, start, parent, -1);
                self.put(&pid.to_le_bytes());
                self.end()?;
            }
            self.begin(PROCESS, start, pid, -1);
            self.text(&process.command.clone().unwrap_or_else(|| threads.process(pid)));
            self.end()?;
            if let Some(end) = process.life.1 {
                self.begin(EXIT, end, pid, -1);
                self.end()?;
            }
        }
        Ok(())
    }

    fn modules(&mut self) -> Done {
        let begin = self.reading.begin();
        let sql = "SELECT pid, base, length, path FROM main.mapping JOIN main.module ON module.id = module
                   ORDER BY pid, base";
        let modules = self.reading.ask(sql, |row| {
            Ok((row.get::<_, i32>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?, row.get::<_, String>(3)?))
        })?;
        for (pid, base, length, path) in modules {
            self.begin(MAP, begin, pid, -1);
            // Where it begins and ends, the offset in the file, and its number on the disk.
            for number in [base, base.wrapping_add(length), 0, 0] {
                self.put(&number.to_le_bytes());
            }
            self.text(&path);
            self.end()?;
        }
        Ok(())
    }

    fn facts(&mut self) -> Done {
        let begin = self.reading.begin();
        let facts = self.reading.ask("SELECT name, value FROM facts ORDER BY source, name", |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })?;
        for (name, value) in facts {
            self.begin(METADATA, begin, -1, -1);
            self.put(&sized::<40>(&name));
            self.text(&value);
            self.end()?;
        }
        Ok(())
    }

    fn row(&mut self, row: &Row<'_>) -> Done {
        match &*row.series.schema.name {
            "samples" => match weighed(row) {
                // Sysprof counts samples of what ran; one of anything else would be taken for that.
                Some((event, _, stack)) if event.contains("clock") || event.contains("cycles") || event == "sample" => {
                    self.sample(row, stack)
                }
                _ => self.mark(row),
            },
            "logs" => self.log(row),
            _ if row.series.schema.shape == Shape::Sample => self.value(row),
            _ => self.mark(row),
        }
    }

    fn sample(&mut self, row: &Row<'_>, stack: u32) -> Done {
        let symbols: Vec<u32> = self.stacks.symbols(stack).collect();
        let mut addresses = Vec::new();
        for id in symbols {
            let known = self.named.get(&id).copied();
            let count = match known {
                Some(count) => count,
                None => self.name(row, id)?,
            };
            // What was inlined has numbers of its own above that of the symbol.
            addresses.extend((0..count).map(|level| NAMED | u64::from(level) << 32 | u64::from(id)));
        }
        addresses.truncate(ADDRESSES);
        let cpu = row.series.schema.column("cpu").and_then(|at| row.cells.get(at)?.int());
        self.begin(SAMPLE, row.time, row.track.pid, cpu.and_then(|cpu| i16::try_from(cpu).ok()).unwrap_or(-1));
        self.put(&(addresses.len() as u16).to_le_bytes());
        self.put(&[0, 0]);
        self.put(&row.track.tid.to_le_bytes());
        for address in addresses {
            self.put(&address.to_le_bytes());
        }
        self.end()
    }

    /// Gives the functions of a symbol their names, the innermost first; how many there are.
    fn name(&mut self, row: &Row<'_>, id: u32) -> Done<u32> {
        let mut count = 0;
        for function in symbol(self.reading, id)?.functions {
            self.begin(JITMAP, row.time, row.track.pid, -1);
            self.put(&1u32.to_le_bytes());
            self.put(&(NAMED | u64::from(count) << 32 | u64::from(id)).to_le_bytes());
            self.text(&function.name);
            self.end()?;
            count += 1;
        }
        self.named.insert(id, count);
        Ok(count)
    }

    fn log(&mut self, row: &Row<'_>) -> Done {
        let cell = |name: &str| row.series.schema.column(name).and_then(|at| row.cells.get(at)?.text());
        let level = SEVERITIES.iter().find(|(name, _)| Some(*name) == cell("level"));
        let domain = cell("domain").or(cell("source")).unwrap_or_default().to_owned();
        let message = cell("message").unwrap_or_default().to_owned();
        self.begin(LOG, row.time, row.track.pid, -1);
        self.put(&level.map_or(1 << 5, |(_, bit)| *bit).to_le_bytes());
        self.put(&[0; 6]);
        self.put(&sized::<32>(&domain));
        self.text(&message);
        self.end()
    }

    fn value(&mut self, row: &Row<'_>) -> Done {
        let Some(&Value::Real(value)) = row.cells.first() else { return Ok(()) };
        if let Some(&id) = self.counters.get(&row.track_id) {
            self.begin(SET, row.time, row.track.pid, -1);
            self.put(&[1, 0, 0, 0, 0, 0, 0, 0]);
            // Eight numbers and eight values; those of the number 0 are none.
            let (mut ids, mut values) = ([0; 32], [0; 64]);
            ids[..4].copy_from_slice(&id.to_le_bytes());
            values[..8].copy_from_slice(&value.to_le_bytes());
            self.put(&ids);
            self.put(&values);
            return self.end();
        }
        let id = self.counters.len() as u32 + 1;
        self.counters.insert(row.track_id, id);
        let docs =
            self.reading.ask_with("SELECT coalesce(doc, '') FROM main.name WHERE name = ?1", &row.track.label)?;
        let (category, name) = row.track.label.rsplit_once('.').unwrap_or(("", &row.track.label));
        self.begin(DEFINE, row.time, row.track.pid, -1);
        self.put(&[1, 0, 0, 0, 0, 0, 0, 0]);
        self.put(&sized::<32>(category));
        self.put(&sized::<32>(name));
        self.put(&sized::<52>(docs.first().map_or("", String::as_str)));
        self.put(&id.to_le_bytes()[..3]);
        self.put(&[DOUBLE]);
        self.put(&value.to_le_bytes());
        self.end()
    }

    fn mark(&mut self, row: &Row<'_>) -> Done {
        let name = row.event.name(row.cells);
        self.begin(MARK, row.time, row.track.pid, -1);
        self.put(&row.duration.unwrap_or(0).max(0).to_le_bytes());
        self.put(&sized::<24>(row.event.category(row.cells)));
        self.put(&sized::<40>(&name));
        let message = message(row, &name);
        self.text(&message);
        self.end()
    }
}

/// What else a row tells: its thread, and every column that its name does not tell.
fn message(row: &Row<'_>, name: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    if name.len() >= 40 {
        words.push(format!("name: {name}"));
    }
    if row.track.tid != 0 && row.track.tid != row.track.pid {
        words.push(format!("thread: {}", row.track.tid));
    }
    if row.series.schema.shape == Shape::Span && row.duration.is_none() {
        words.push("unfinished: yes".to_owned());
    }
    for (at, (column, value)) in row.series.schema.columns.iter().zip(row.cells).enumerate() {
        let name = &column.name;
        match value {
            _ if row.event.tells(at) => {}
            Value::Null | Value::Stack(_) => {}
            Value::Int(number) => words.push(format!("{name}: {number}")),
            Value::Real(number) => words.push(format!("{name}: {number}")),
            // Who marks something says it all in the message.
            text if name == "message" => words.push(text.text().unwrap_or_default().to_owned()),
            text => words.push(format!("{name}: {}", text.text().unwrap_or_default())),
        }
    }
    words.join(", ")
}

/// A text for a field of a fixed size, which a zero ends.
fn sized<const N: usize>(text: &str) -> [u8; N] {
    let text = until_zero(text);
    let length = text.floor_char_boundary(N - 1);
    let mut field = [0; N];
    field[..length].copy_from_slice(&text.as_bytes()[..length]);
    field
}

fn until_zero(text: &str) -> &str {
    text.split('\0').next().unwrap_or_default()
}

/// A moment of the wall clock, in nanoseconds since 1970, as "2026-11-24T19:40:20Z".
pub fn iso8601(ns: i64) -> String {
    let seconds = ns.div_euclid(1_000_000_000);
    let (days, time) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // The calendar repeats every 400 years of 146097 days; years begin in March here, so that leap days are last.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = (era * 400 + year + i64::from(month >= 10), if month < 10 { month + 3 } else { month - 9 });
    let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, date) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_548_820, "2026-11-24T19:33:40Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(iso8601(seconds * 1_000_000_000), date);
        }
    }

    #[test]
    fn texts_of_a_fixed_size_end_in_a_zero_and_between_letters() {
        assert_eq!(sized::<8>("abc"), *b"abc\0\0\0\0\0");
        assert_eq!(sized::<8>("abcdefghij"), *b"abcdefg\0");
        assert_eq!(sized::<8>("abcdefä"), *b"abcdef\0\0");
        assert_eq!(sized::<4>("a\0b"), *b"a\0\0\0");
    }
}
