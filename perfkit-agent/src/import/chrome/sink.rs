//! Events on their way into the session: stretches and moments as marks, counters, names of processes and threads.

use std::collections::HashMap;

use serde_json::Value;

use super::event::Event;
use super::text::word;
use crate::session::{Cell, Track, TrackId, schemas};
use crate::source::{NameInfo, Outlet, Process, Semantics, SeriesId, Thread};

/// Begins that wait for their end, of all threads together; memory does not grow with what never ends.
const OPEN_MAX: usize = 1 << 20;
/// Numbers for processes and threads that are no numbers in the trace: no process of Linux has them.
const MADE: i32 = 1_000_000_000;
/// Bytes of arguments that are kept with a mark.
const MESSAGE_MAX: usize = 4096;

/// Puts events into a session.
pub struct Sink<'a> {
    outlet: &'a mut Outlet,
    marks: SeriesId,
    counters: SeriesId,
    /// What is added to times, in nanoseconds.
    offset: i64,
    /// Begins by process, thread, and for those that lie on no thread category and number.
    open: HashMap<(i32, i32, String), Vec<Open>>,
    waiting: usize,
    /// Numbers of processes and threads by how they are written.
    numbers: HashMap<String, i32>,
    /// Counters that were told of, with their tracks.
    known: HashMap<(i32, String), TrackId>,
    /// What is not read, by kind.
    left: HashMap<&'static str, u64>,
}

/// A begin.
struct Open {
    time: i64,
    name: String,
    category: String,
    message: String,
}

impl<'a> Sink<'a> {
    pub fn new(offset: i64, outlet: &'a mut Outlet) -> Sink<'a> {
        let (marks, counters) = (outlet.series(&schemas::MARKS), outlet.series(&schemas::COUNTERS));
        let (open, numbers, known, left) = (HashMap::new(), HashMap::new(), HashMap::new(), HashMap::new());
        Sink { outlet, marks, counters, offset, open, waiting: 0, numbers, known, left }
    }

    /// Whether nobody listens any more.
    pub fn closed(&self) -> bool {
        self.outlet.closed()
    }

    /// Puts an event.
    pub fn put(&mut self, event: Event) {
        let process = self.number(&event.process, true, 0);
        let thread = self.number(&event.thread, false, process);
        if event.phase == b'M' {
            return self.about(process, thread, &event);
        }
        let kind = match event.phase {
            b's' | b't' | b'f' => Some("flows"),
            b'N' | b'O' | b'D' | b'(' | b')' => Some("objects and contexts"),
            b'T' | b'p' => Some("steps of asynchronous stretches"),
            b'P' | b'v' | b'V' | b'c' | b'R' => Some("samples, memory dumps and clock marks"),
            b'X' | b'B' | b'E' | b'i' | b'I' | b'C' | b'b' | b'e' | b'n' | b'S' | b'F' if event.time.is_none() => {
                Some("events without a time")
            }
            b'X' | b'B' | b'E' | b'i' | b'I' | b'C' | b'b' | b'e' | b'n' | b'S' | b'F' => None,
            _ => Some("events of an unknown phase"),
        };
        if let Some(kind) = kind {
            *self.left.entry(kind).or_default() += 1;
            return;
        }
        let time = event.time.unwrap_or(0).saturating_add(self.offset);
        match event.phase {
            b'C' => self.counter(process, time, &event),
            b'X' => self.mark((process, thread, ""), opened(time, event, |event| event.duration)),
            b'i' | b'I' => self.mark((process, thread, ""), opened(time, event, |_| Some(0))),
            b'n' => {
                let label = event.category.clone();
                self.mark((process, 0, &label), opened(time, event, |_| Some(0)));
            }
            b'B' => self.begin((process, thread, String::new()), opened(time, event, |_| None).0),
            b'E' => self.end((process, thread, String::new()), time, ""),
            phase => {
                // The category tells the track, the number the stretch on it.
                let key = (process, 0, format!("{}\0{}", event.category, event.id));
                match phase {
                    b'b' | b'S' => self.begin(key, opened(time, event, |_| None).0),
                    _ => self.end(key, time, &event.category),
                }
            }
        }
    }

    /// Tells of stretches that never ended, and of what was not read.
    pub fn finish(mut self) {
        for ((process, thread, key), opens) in std::mem::take(&mut self.open) {
            let label = key.split('\0').next().unwrap_or("").to_owned();
            opens.into_iter().for_each(|open| self.mark((process, thread, &label), (open, None)));
        }
        let mut left: Vec<_> = self.left.into_iter().collect();
        left.sort_unstable();
        left.into_iter().for_each(|(kind, count)| self.outlet.dropped(kind, count));
    }

    fn begin(&mut self, key: (i32, i32, String), open: Open) {
        if self.waiting == OPEN_MAX {
            *self.left.entry("begins that are too many to wait for").or_default() += 1;
            return;
        }
        self.waiting += 1;
        self.open.entry(key).or_default().push(open);
    }

    fn end(&mut self, key: (i32, i32, String), time: i64, label: &str) {
        let (process, thread) = (key.0, key.1);
        let std::collections::hash_map::Entry::Occupied(mut opens) = self.open.entry(key) else {
            *self.left.entry("ends without a begin").or_default() += 1;
            return;
        };
        let open = opens.get_mut().pop();
        if opens.get().is_empty() {
            opens.remove();
        }
        if let Some(open) = open {
            self.waiting -= 1;
            // Time that goes backwards leaves the length unknown.
            let duration = time.checked_sub(open.time).filter(|duration| *duration >= 0);
            self.mark((process, thread, label), (open, duration));
        }
    }

    fn mark(&mut self, (pid, tid, label): (i32, i32, &str), (open, duration): (Open, Option<i64>)) {
        let track = self.outlet.track(&Track { pid, tid, label: label.to_owned() });
        let cells = [Cell::Text(&open.category), Cell::Text(&open.name), Cell::Text(&open.message)];
        let duration = duration.filter(|duration| *duration >= 0);
        self.outlet.span(self.marks, open.time, duration, track, &cells);
    }

    /// Every number among the arguments of a counter's event is a value; a single one that is called so needs no name
    /// of its own.
    fn counter(&mut self, process: i32, time: i64, event: &Event) {
        let Some(Value::Object(values)) = &event.args else { return };
        let mut name = event.name.split('.').map(word).collect::<Vec<_>>().join(".");
        let single = values.len() == 1 && values.contains_key("value");
        if !event.id.is_empty() {
            name = format!("{name}.{}", word(&event.id));
        }
        for (key, value) in values {
            let Some(value) = value.as_f64().or_else(|| value.as_str()?.parse().ok()) else { continue };
            let name = if single { name.clone() } else { format!("{name}.{}", word(key)) };
            let track = match self.known.get(&(process, name.clone())) {
                Some(track) => *track,
                None => {
                    let track = self.outlet.track(&Track::counter(process, &name));
                    let (unit, doc) = (String::new(), String::new());
                    self.outlet.name(NameInfo { name: name.clone(), semantics: Semantics::Gauge, unit, doc });
                    self.known.insert((process, name), track);
                    track
                }
            };
            self.outlet.point(self.counters, time, track, &[Cell::Real(value)]);
        }
    }

    /// Learns the names of processes and threads; the order in which a viewer puts them is no matter.
    fn about(&mut self, pid: i32, tid: i32, event: &Event) {
        let name = event.args.as_ref().and_then(|args| args.get("name")?.as_str()).map(str::to_owned);
        match (event.name.as_str(), name) {
            ("process_name", Some(name)) => {
                self.outlet.process(Process { pid, name: Some(name), ..Process::default() });
            }
            ("thread_name", Some(name)) => {
                self.outlet.thread(Thread { pid, tid, name: Some(name), start: None, end: None });
            }
            _ => {}
        }
    }

    /// The number of a process, or a thread; one that is no number in the trace gets one.
    fn number(&mut self, text: &str, process: bool, pid: i32) -> i32 {
        if text.is_empty() {
            return 0;
        }
        if let Some(number) = text.parse::<i32>().ok().filter(|number| (0..MADE).contains(number)) {
            return number;
        }
        let next = MADE + self.numbers.len() as i32;
        let key = if process { text.to_owned() } else { format!("{pid}\0{text}") };
        if let Some(number) = self.numbers.get(&key) {
            return *number;
        }
        if self.numbers.len() >= OPEN_MAX {
            *self.left.entry("names of processes and threads that are too many").or_default() += 1;
            return 0;
        }
        self.numbers.insert(key, next);
        let name = Some(text.to_owned());
        match process {
            true => self.outlet.process(Process { pid: next, name, ..Process::default() }),
            false => self.outlet.thread(Thread { pid, tid: next, name, start: None, end: None }),
        }
        next
    }
}

/// An event as a begin, and how long it is.
fn opened(time: i64, event: Event, duration: impl FnOnce(&Event) -> Option<i64>) -> (Open, Option<i64>) {
    let duration = duration(&event);
    let mut message = match event.args {
        Some(Value::Object(args)) if args.is_empty() => String::new(),
        Some(Value::Null) | None => String::new(),
        Some(args) => args.to_string(),
    };
    message.truncate(message.floor_char_boundary(MESSAGE_MAX));
    (Open { time, name: event.name, category: event.category, message }, duration)
}
