//! Speedscope's file format: a sampled profile for each event and thread, an evented one for each thread with spans.
//!
//! The format: <https://www.speedscope.app/file-format-schema.json>. Profiles come before the frames that they mention,
//! since all frames are known only then.

use std::collections::BTreeSet;
use std::io::Write;

use rustc_hash::FxHashMap;
use serde_json::json;

use super::collapsed::{sampled, weighed};
use super::nest::Nest;
use super::reading::Row;
use super::stacks::{Function, Stacks, symbol};
use super::threads::Threads;
use super::{Done, Exporter, Reading};
use crate::session::query::On;
use crate::session::{Series, Shape, Track};

/// The schema that a file names.
const SCHEMA: &str = "https://www.speedscope.app/file-format-schema.json";

/// Profiles for the spans of one thread at most: how many may overlap at a time.
const LANES: usize = 16;

/// The file.
pub struct Speedscope;

impl Exporter for Speedscope {
    fn export(&self, reading: &Reading<'_>, out: &mut dyn Write) -> Done {
        let name = reading.path().file_stem().unwrap_or_default().to_string_lossy();
        let exporter = concat!("perfkit ", env!("CARGO_PKG_VERSION"));
        write!(
            out,
            "{{\"$schema\":\"{SCHEMA}\",\"name\":{},\"exporter\":\"{exporter}\",\n\"profiles\":[",
            json!(name)
        )?;
        let (threads, stacks) = (Threads::read(reading)?, Stacks::read(reading)?);
        let mut file = File { reading, threads, stacks, frames: Frames::default(), out, any: false };
        // Which profiles there are is known after one look at all.
        let mut profiles = BTreeSet::new();
        reading.rows(&sampled, &mut |row| {
            if let Some((event, ..)) = weighed(row) {
                profiles.insert((row.series.id, Box::<str>::from(event), row.track_id));
            }
            Ok(())
        })?;
        for (series, event, track) in profiles {
            file.sampled(series, &event, track)?;
        }
        file.spans()?;
        file.out.write_all(b"\n],\n\"shared\":{\"frames\":[")?;
        file.frames.write(file.out)?;
        Ok(file.out.write_all(b"\n]}}\n")?)
    }
}

/// The frames that profiles mention by number.
#[derive(Default)]
struct Frames {
    /// Each by its name, file and line.
    all: Vec<Function>,
    symbols: FxHashMap<u32, Vec<usize>>,
    named: FxHashMap<Function, usize>,
}

impl Frames {
    /// The frames of a symbol, the outermost first.
    fn symbol(&mut self, reading: &Reading<'_>, id: u32) -> Done<&[usize]> {
        if !self.symbols.contains_key(&id) {
            let symbol = symbol(reading, id)?;
            let file = Some(symbol.file).filter(|file| !file.is_empty());
            let functions = symbol.functions.into_iter().rev();
            // The source, or else the file with the code.
            let functions = functions.map(|function| match function.source {
                None => Function { source: file.clone(), ..function },
                Some(_) => function,
            });
            let frames = functions.map(|function| self.number(function)).collect();
            self.symbols.insert(id, frames);
        }
        Ok(self.symbols.get(&id).map_or(&[], Vec::as_slice))
    }

    fn number(&mut self, function: Function) -> usize {
        if let Some(&at) = self.named.get(&function) {
            return at;
        }
        self.all.push(function.clone());
        self.named.insert(function, self.all.len() - 1);
        self.all.len() - 1
    }

    fn write(&self, out: &mut dyn Write) -> Done {
        for (at, function) in self.all.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            write!(out, "{comma}\n{{\"name\":{}", json!(&*function.name))?;
            if let Some(file) = &function.source {
                write!(out, ",\"file\":{}", json!(&**file))?;
            }
            if let Some(line) = function.line {
                write!(out, ",\"line\":{line}")?;
            }
            write!(out, "}}")?;
        }
        Ok(())
    }
}

struct File<'a> {
    reading: &'a Reading<'a>,
    threads: Threads,
    stacks: Stacks,
    frames: Frames,
    out: &'a mut dyn Write,
    any: bool,
}

impl File<'_> {
    fn begin(&mut self, of: &str, name: &str, unit: &str) -> Done {
        let comma = if std::mem::replace(&mut self.any, true) { "," } else { "" };
        let name = json!(name);
        Ok(write!(self.out, "{comma}\n{{\"type\":\"{of}\",\"name\":{name},\"unit\":\"{unit}\"")?)
    }

    /// The samples of an event on a track: first their stacks, then their weights, so the rows are gone through twice.
    fn sampled(&mut self, series: u32, event: &str, track: u32) -> Done {
        let reading = self.reading;
        let on = |series: &Series, each: &mut dyn FnMut(&Row<'_>, i64, u32) -> Done| {
            let id = series.id;
            let pick = move |other: &Series| if other.id == id { Some(On::Track(track)) } else { None };
            reading.rows(&pick, &mut |row| match weighed(row) {
                Some((of, weight, stack)) if of == event && weight >= 0 => each(row, weight, stack),
                _ => Ok(()),
            })
        };
        let Some(series) = reading.series().iter().find(|known| known.id == series) else { return Ok(()) };
        let tracks = reading.ask("SELECT id, pid, tid FROM main.track", |row| {
            Ok((row.get::<_, u32>(0)?, row.get::<_, i32>(1)?, row.get::<_, i32>(2)?))
        })?;
        let (_, pid, tid) = tracks.into_iter().find(|(id, ..)| *id == track).unwrap_or((track, 0, 0));
        let clock = event == "offcpu" || event.contains("clock");
        let name = format!("{event}: {}", self.threads.name(pid, tid));
        self.begin("sampled", &name, if clock { "nanoseconds" } else { "none" })?;
        write!(self.out, ",\"samples\":[")?;
        let mut comma = "";
        on(series, &mut |_, _, stack| {
            let mut places: Vec<u32> = self.stacks.symbols(stack).collect();
            places.reverse();
            write!(self.out, "{comma}[")?;
            let mut inner = "";
            for id in places {
                for frame in self.frames.symbol(reading, id)? {
                    write!(self.out, "{inner}{frame}")?;
                    inner = ",";
                }
            }
            comma = ",";
            Ok(write!(self.out, "]")?)
        })?;
        write!(self.out, "],\"weights\":[")?;
        comma = "";
        let mut sum = 0i64;
        on(series, &mut |_, weight, _| {
            sum = sum.saturating_add(weight);
            write!(self.out, "{comma}{weight}")?;
            comma = ",";
            Ok(())
        })?;
        Ok(write!(self.out, "],\"startValue\":0,\"endValue\":{sum}}}")?)
    }

    /// The spans of each thread, as far as they nest; those that overlap others make profiles of their own.
    fn spans(&mut self) -> Done {
        let reading = self.reading;
        let spans = |series: &Series| series.schema.shape == Shape::Span && series.schema.name != "offcpu";
        let tracks = reading.ask("SELECT id, series, pid, tid FROM main.track", |row| {
            let track = Track::thread(row.get(2)?, row.get(3)?);
            Ok((row.get::<_, u32>(0)?, row.get::<_, u32>(1)?, track))
        })?;
        let mut threads: BTreeSet<(i32, i32)> = BTreeSet::new();
        for (_, id, track) in &tracks {
            if reading.series().iter().any(|series| series.id == *id && spans(series)) {
                threads.insert((track.pid, track.tid));
            }
        }
        for (pid, tid) in threads {
            self.thread((pid, tid), &spans)?;
        }
        Ok(())
    }

    /// The spans of a thread: a profile for each lane, so the rows are gone through once for each.
    fn thread(&mut self, (pid, tid): (i32, i32), spans: &dyn Fn(&Series) -> bool) -> Done {
        let reading = self.reading;
        let pick = |series: &Series| if spans(series) { Some(On::Thread(pid, tid)) } else { None };
        let (mut lane, mut lanes) = (0, 1);
        while lane < lanes.min(LANES) {
            let (mut nest, mut open) = (Nest::default(), Vec::<usize>::new());
            let (mut first, mut last) = (None, 0);
            reading.rows(&pick, &mut |row| {
                let Some(duration) = row.duration.filter(|duration| *duration >= 0) else { return Ok(()) };
                let end = row.time.saturating_add(duration);
                let out = &mut *self.out;
                let of = nest.put(row.time, end, &mut |of, until| match open.pop_if(|_| of == lane) {
                    Some(frame) => Done::Ok(write!(out, ",\n{}", Edge('C', frame, until))?),
                    None => Ok(()),
                })?;
                lanes = lanes.max(of + 1);
                if of != lane {
                    return Ok(());
                }
                if first.is_none() {
                    let name = self.threads.name(pid, tid);
                    let name = if lane == 0 { name } else { format!("{name}, overlapping {lane}") };
                    self.begin("evented", &name, "nanoseconds")?;
                    write!(self.out, ",\"events\":[")?;
                } else {
                    write!(self.out, ",")?;
                }
                first = first.or(Some(row.time));
                last = last.max(end);
                let category = row.event.category(row.cells);
                let frame = self.frames.number(Function {
                    name: row.event.name(row.cells).into(),
                    source: Some(category.into()),
                    line: None,
                });
                open.push(frame);
                Ok(write!(self.out, "\n{}", Edge('O', frame, row.time))?)
            })?;
            let out = &mut *self.out;
            nest.finish(&mut |of, until| match open.pop_if(|_| of == lane) {
                Some(frame) => Done::Ok(write!(out, ",\n{}", Edge('C', frame, until))?),
                None => Ok(()),
            })?;
            if let Some(first) = first {
                write!(self.out, "],\"startValue\":{first},\"endValue\":{last}}}")?;
            }
            lane += 1;
        }
        Ok(())
    }
}

/// Where a frame opens or closes.
struct Edge(char, usize, i64);

impl std::fmt::Display for Edge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{{\"type\":\"{}\",\"frame\":{},\"at\":{}}}", self.0, self.1, self.2)
    }
}
