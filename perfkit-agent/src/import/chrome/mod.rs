//! Chrome's trace event format, as browsers, compilers, uftrace and many others write it: an array of events, or an
//! object with one. Read as it comes, so that memory does not grow with the file, and whatever its end is like.

mod event;
mod sink;
mod text;

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::error::{Error, Result};
use crate::source::Outlet;
use event::Event;
use sink::Sink;

/// Bytes that are read at once.
const BLOCK: usize = 256 * 1024;

/// Whether a file's first bytes are such a trace.
pub fn recognises(head: &[u8]) -> bool {
    let begin = head.trim_ascii_start();
    let has = |word: &[u8]| memchr::memmem::find(begin, word).is_some();
    match begin.first() {
        Some(b'[') => begin[1..].trim_ascii_start().starts_with(b"{") && has(b"\"ph\""),
        Some(b'{') => has(b"\"traceEvents\""),
        _ => false,
    }
}

/// Puts a trace into a session.
pub fn import(path: &Path, outlet: &mut Outlet) -> Result<()> {
    let mut file = File::open(path).map_err(Error::file("open", path))?;
    // What says what the times are may stand behind the events.
    let mut about = About::default();
    let _ = walk(&file, &mut Walk { about: Some(&mut about), sink: None, count: 0 });
    file.rewind().map_err(Error::file("read", path))?;
    let mut sink = Sink::new(about.offset(), outlet);
    let mut walking = Walk { about: None, sink: Some(&mut sink), count: 0 };
    let result = walk(&file, &mut walking);
    let count = walking.count;
    sink.finish();
    if let Some(domain) = about.domain {
        outlet.fact("trace.clock", &domain);
    }
    match result {
        Ok(()) => Ok(()),
        Err(error) if error.is_io() => Err(Error::file("read", path)(error.into())),
        Err(_) if count == 0 => Err(Error::Invalid(format!("{} is no trace of Chrome's format", path.display()))),
        // Writers that are killed leave such ends, and the format itself allows an array to have none.
        Err(error) if error.is_eof() => {
            outlet.note(&format!("{} ends within an event; {count} are read", path.display()));
            Ok(())
        }
        Err(error) => {
            outlet.note(&format!("{} is broken after {count} events: {error}", path.display()));
            outlet.dropped("broken ends of traces", 1);
            Ok(())
        }
    }
}

fn walk(file: &File, walk: &mut Walk<'_, '_>) -> serde_json::Result<()> {
    walk_bytes(BufReader::with_capacity(BLOCK, file), walk)
}

fn walk_bytes(from: impl Read, walk: &mut Walk<'_, '_>) -> serde_json::Result<()> {
    let mut json = serde_json::Deserializer::from_reader(from);
    (&mut *walk).deserialize(&mut json)
}

/// What a trace says about its times.
#[derive(Debug, Default)]
struct About {
    /// The name of its clock.
    domain: Option<String>,
    /// One moment on its clock, in nanoseconds, and in CLOCK_MONOTONIC nanoseconds.
    pair: Option<(i64, i64)>,
}

impl About {
    /// What is added to its times.
    fn offset(&self) -> i64 {
        self.pair.map_or(0, |(there, here)| here.saturating_sub(there))
    }

    /// Learns from the value of `metadata` or `otherData`.
    fn learn(&mut self, value: &serde_json::Value) {
        if let Some(domain) = value.get("clock-domain").and_then(|domain| domain.as_str()) {
            self.domain = Some(domain.to_owned());
        }
        let clock = value.get("clock");
        let there = clock.and_then(|clock| text::nanoseconds(&clock.get("ts")?.to_string()));
        let here = clock.and_then(|clock| clock.get("monotonic")?.as_i64());
        self.pair = there.zip(here).or(self.pair);
    }
}

/// One way through a trace: what is wanted of it.
struct Walk<'a, 'b> {
    about: Option<&'a mut About>,
    sink: Option<&'a mut Sink<'b>>,
    /// Events so far.
    count: u64,
}

impl<'de> DeserializeSeed<'de> for &mut Walk<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> std::result::Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Walk<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array of events, or an object with one")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut events: A) -> std::result::Result<(), A::Error> {
        let Some(sink) = &mut self.sink else {
            // Such a trace says nothing about itself, so it is not read in search of that.
            return Ok(());
        };
        while let Some(event) = events.next_element::<Event>()? {
            sink.put(event);
            self.count += 1;
            if sink.closed() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match (key.as_str(), &mut self.about, self.sink.is_some()) {
                ("traceEvents", None, true) => map.next_value_seed(Events(&mut *self))?,
                ("metadata" | "otherData", Some(about), _) => about.learn(&map.next_value()?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// The array of events in an object; it is an array, whatever else the file has.
struct Events<'a, 'b, 'c>(&'a mut Walk<'b, 'c>);

impl<'de> DeserializeSeed<'de> for Events<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> std::result::Result<(), D::Error> {
        from.deserialize_seq(self.0)
    }
}

#[cfg(test)]
mod tests;
