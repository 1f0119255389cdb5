//! pprof's profile.proto, packed with gzip: samples with what they weigh, by call stack, thread and event.
//!
//! The format: proto/profile.proto of <https://github.com/google/pprof>. Fields may come in any order, so each message
//! is written when it is known, and texts as they are first mentioned.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use rustc_hash::FxHashMap;

use super::collapsed::{sampled, weighed};
use super::proto::Message;
use super::stacks::{Stacks, symbol};
use super::threads::Threads;
use super::{Done, Exporter, Reading};

/// The profile.
pub struct Pprof;

/// What is added up: an event, or a stack on a thread.
type Sums = BTreeMap<(i32, i32, u32), Vec<i64>>;

impl Exporter for Pprof {
    fn export(&self, reading: &Reading<'_>, out: &mut dyn Write) -> Done {
        let threads = Threads::read(reading)?;
        let stacks = Stacks::read(reading)?;
        let (events, sums) = add_up(reading)?;
        let out = GzEncoder::new(out, Compression::default());
        let mut file = File { out, texts: FxHashMap::default(), message: Message::new() };
        // The first of the texts is the empty one.
        file.text("")?;
        file.types(reading, &events)?;
        let mut symbols = BTreeSet::new();
        for ((pid, tid, stack), values) in &sums {
            let places = || stacks.symbols(*stack).map(u64::from);
            symbols.extend(stacks.symbols(*stack));
            let mut sample = Message::new();
            sample.packed(1, places()).packed(2, values.iter().map(|value| *value as u64));
            let words = [("process", threads.process(*pid)), ("thread", threads.name(*pid, *tid))];
            for (key, word) in words {
                let (key, word) = (file.text(key)?, file.text(&word)?);
                sample.message(3, Message::new().int(1, key).int(2, word));
            }
            for (key, number) in [("pid", *pid), ("thread_id", *tid)] {
                let key = file.text(key)?;
                sample.message(3, Message::new().int(1, key).int(3, number.into()));
            }
            file.put(2, &sample)?;
            reading.tick()?;
        }
        file.places(reading, &symbols)?;
        file.out.finish()?;
        Ok(())
    }
}

/// The events, and for each thread and stack two values an event: how many samples, and what they weigh.
fn add_up(reading: &Reading<'_>) -> Done<(Vec<String>, Sums)> {
    let mut events: Vec<String> = Vec::new();
    let mut sums = Sums::new();
    reading.rows(&sampled, &mut |row| {
        let Some((event, weight, stack)) = weighed(row) else { return Ok(()) };
        let at = events.iter().position(|known| known == event).unwrap_or_else(|| {
            events.push(event.to_owned());
            events.len() - 1
        });
        let values = sums.entry((row.track.pid, row.track.tid, stack)).or_default();
        values.resize(values.len().max(2 * at + 2), 0);
        values[2 * at] += 1;
        values[2 * at + 1] += weight;
        Ok(())
    })?;
    sums.values_mut().for_each(|values| values.resize(2 * events.len(), 0));
    Ok((events, sums))
}

/// Whether what an event weighs is nanoseconds.
fn is_clock(event: &str) -> bool {
    event == "offcpu" || event.contains("clock")
}

struct File<W: Write> {
    out: W,
    texts: FxHashMap<String, i64>,
    message: Message,
}

impl<W: Write> File<W> {
    fn put(&mut self, field: u32, message: &Message) -> Done {
        self.message.clear();
        self.message.message(field, message);
        Ok(self.out.write_all(self.message.bytes())?)
    }

    fn number(&mut self, field: u32, value: i64) -> Done {
        self.message.clear();
        self.message.int(field, value);
        Ok(self.out.write_all(self.message.bytes())?)
    }

    /// The number of a text.
    fn text(&mut self, text: &str) -> Done<i64> {
        if let Some(&at) = self.texts.get(text) {
            return Ok(at);
        }
        let at = self.texts.len() as i64;
        self.texts.insert(text.to_owned(), at);
        self.message.clear();
        self.message.text(6, text);
        self.out.write_all(self.message.bytes())?;
        Ok(at)
    }

    /// What the values of a sample are, when, and of how long.
    fn types(&mut self, reading: &Reading<'_>, events: &[String]) -> Done {
        for event in events {
            let samples = format!("{event}-samples");
            for (name, unit) in [(&*samples, "count"), (event, if is_clock(event) { "nanoseconds" } else { "count" })] {
                let (name, unit) = (self.text(name)?, self.text(unit)?);
                self.put(1, Message::new().int(1, name).int(2, unit))?;
            }
        }
        // What ran is what one asks for first.
        if let Some(event) = events.iter().find(|event| *event != "offcpu").or(events.first()) {
            let (name, unit) = (self.text(event)?, self.text(if is_clock(event) { "nanoseconds" } else { "count" })?);
            self.number(14, name)?;
            self.put(11, Message::new().int(1, name).int(2, unit))?;
        }
        let (from, to) = reading.span()?;
        if let Some(offset) = reading.wall()? {
            self.number(9, from.saturating_add(offset))?;
        }
        self.number(10, to - from)?;
        let comment = self.text(&format!("perfkit {}, {}", env!("CARGO_PKG_VERSION"), reading.path().display()))?;
        self.number(13, comment)
    }

    /// Locations, functions and mappings of the symbols that samples mention.
    fn places(&mut self, reading: &Reading<'_>, symbols: &BTreeSet<u32>) -> Done {
        // By file: the greatest address, and whether all functions are known.
        let mut files: BTreeMap<u32, (u64, bool)> = BTreeMap::new();
        let mut functions: FxHashMap<(i64, i64), u64> = FxHashMap::default();
        for &id in symbols {
            let place = symbol(reading, id)?;
            let mut location = Message::new();
            location.uint(1, id.into()).uint(3, place.address);
            if place.module > 0 {
                location.uint(2, place.module.into());
                let file = files.entry(place.module).or_insert((0, true));
                *file = (file.0.max(place.address), file.1 && place.known);
            }
            for function in place.functions.iter().filter(|_| place.known) {
                let source = function.source.as_deref().unwrap_or_default();
                let (name, source) = (self.text(&function.name)?, self.text(source)?);
                let next = functions.len() as u64 + 1;
                let number = *functions.entry((name, source)).or_insert(next);
                if number == next {
                    self.put(5, Message::new().uint(1, number).int(2, name).int(3, name).int(4, source))?;
                }
                let mut line = Message::new();
                line.uint(1, number);
                if let Some(at) = function.line {
                    line.int(2, at);
                }
                location.message(4, &line);
            }
            self.put(4, &location)?;
        }
        let sql = "SELECT module.id, path, coalesce(build_id, ''), coalesce(max(length), 0) FROM main.module
                   LEFT JOIN main.mapping ON mapping.module = module.id GROUP BY module.id ORDER BY module.id";
        let modules = reading.ask(sql, |row| {
            Ok((row.get::<_, u32>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?, row.get::<_, i64>(3)?))
        })?;
        for (id, path, build_id, length) in modules {
            let Some(&(last, known)) = files.get(&id) else { continue };
            // Addresses are those in the file, so that each mapping begins at 0.
            let limit = last.saturating_add(1).max(length as u64);
            let (path, build_id) = (self.text(&path)?, self.text(&build_id)?);
            let mut mapping = Message::new();
            mapping.uint(1, id.into()).uint(3, limit).int(5, path).int(6, build_id).uint(7, known.into());
            self.put(3, &mapping)?;
        }
        Ok(())
    }
}
