//! What a recording yields while it goes on: rows as they come, as events that a server sends
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).
//!
//! Batches of rows are turned into text once, by the thread that writes the session, and lie in one ring that all who
//! follow read with a place of their own. Whoever is too slow is overtaken by the ring's end: the oldest batches are lost
//! for them alone, and they are told how many rows that were.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::json;
use tokio::sync::watch;

use super::recordings::Desk;
use crate::channel::Onlooker;
use crate::server::{Context, Module, Operation, Outcome, Problem, Request, Scope, Sender};
use crate::session::{Data, NULL, Rows, Schema, Track};
use crate::source::Message;

/// Bytes of batches that are kept: some seconds of 100,000 values a second.
const KEPT: usize = 32 << 20;
/// After the last one who followed has gone, batches are made for so long, so that they can come back.
const LINGER: Duration = Duration::from_secs(30);
/// Silence after which a line is sent that means nothing, so that nobody takes the stream for dead.
const SILENCE: Duration = Duration::from_secs(10);
/// Pieces that wait in a connection, besides the ring.
const AHEAD: usize = 4;

/// Serves `/v1/recordings/{name}/live`.
#[derive(Debug)]
pub struct Live(pub Desk);

static OPERATIONS: [Operation; 1] = [Operation {
    name: "live",
    method: "GET",
    path: "/v1/recordings/{name}/live",
    scope: Scope::Read,
    summary: "The rows of a recording as they come",
    describe: || {
        json!({
            "parameters": [
                {"name": "series", "in": "query", "description": "only these, separated by commas",
                 "schema": {"type": "string"}},
                {"name": "Last-Event-ID", "in": "header", "description": "go on after this event",
                 "schema": {"type": "string"}},
            ],
            "responses": {
                "200": {
                    "description": "Events `rows` ({series, columns, rows}), `gap` ({rows}: so many were lost) and `end`.",
                    "content": {"text/event-stream": {"schema": {"type": "string"}}},
                },
                "404": {"description": "There is no such recording."},
            },
        })
    },
}];

impl Module for Live {
    fn name(&self) -> &'static str {
        "live"
    }

    fn operations(&self) -> &'static [Operation] {
        &OPERATIONS
    }

    async fn handle(&self, request: Request, context: Context) -> Outcome {
        let name = request.param("name");
        let one = self.0.get(name).ok_or_else(|| Problem::missing(format!("there is no recording {name}")))?;
        let series: Vec<String> = request
            .query()
            .filter(|(key, _)| key == "series")
            .flat_map(|(_, value)| value.split(',').map(str::to_owned).collect::<Vec<_>>())
            .collect();
        let last = request.parts.headers.get("last-event-id");
        let last = last.and_then(|last| last.to_str().ok()?.parse().ok());
        let reader = Hub::follow(&one.hub, last);
        Ok(context.stream("text/event-stream", AHEAD, move |sender, context| send(reader, series, sender, context)))
    }
}

async fn send(mut reader: Follower, series: Vec<String>, sender: Sender, context: Context) {
    let wanted = |name: &str| series.is_empty() || series.iter().any(|one| one == name);
    loop {
        let (lost, batches) = reader.take(&wanted);
        if lost > 0 && sender.send(format!("event: gap\ndata: {{\"rows\":{lost}}}\n\n")).await.is_err() {
            return;
        }
        match batches {
            Taken::Some(batch) => {
                if sender.send(batch).await.is_err() {
                    return;
                }
            }
            Taken::End => return drop(sender.send("event: end\ndata: {}\n\n").await),
            Taken::None => {
                tokio::select! {
                    _ = reader.changed.changed() => {}
                    () = sender.gone() => return,
                    () = context.ending().cancelled() => return,
                    () = tokio::time::sleep(SILENCE) => {
                        if sender.send(":\n\n").await.is_err() {
                            return;
                        }
                    }
                }
            }
        }
    }
}

/// The ring of a recording.
#[derive(Debug)]
pub struct Hub {
    ring: Mutex<Ring>,
    changed: watch::Sender<()>,
    followers: AtomicU64,
}

#[derive(Debug, Default)]
struct Ring {
    batches: VecDeque<Batch>,
    bytes: usize,
    /// The number of the first one in it.
    first: u64,
    /// Rows that have left it, by series.
    gone: BTreeMap<Arc<str>, u64>,
    closed: bool,
    left: Option<Instant>,
}

#[derive(Clone, Debug)]
struct Batch {
    series: Arc<str>,
    rows: u64,
    text: Bytes,
}

impl Default for Hub {
    fn default() -> Hub {
        Hub { ring: Mutex::default(), changed: watch::Sender::new(()), followers: AtomicU64::new(0) }
    }
}

impl Hub {
    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What sees all that is recorded, and makes batches of it where somebody follows.
    pub fn onlooker(self: &Arc<Hub>) -> Onlooker {
        let hub = Arc::clone(self);
        let mut sources = BTreeMap::<u32, Known>::new();
        Box::new(move |message| match message {
            Message::Series { source, id, schema } => {
                sources.entry(*source).or_default().series.insert(id.0, (schema.name.as_ref().into(), schema.clone()));
            }
            Message::Rows { source, series, rows, new } => {
                let known = sources.entry(*source).or_default();
                known.mention(new);
                if hub.is_followed()
                    && let Some((name, schema)) = known.series.get(&series.0)
                {
                    let text = rows_of(schema, rows, known);
                    hub.put(Arc::clone(name), rows.len() as u64, &text);
                }
            }
            _ => {}
        })
    }

    /// Nothing more comes.
    pub fn close(&self) {
        self.ring().closed = true;
        self.changed.send_replace(());
    }

    fn is_followed(&self) -> bool {
        self.followers.load(Ordering::Relaxed) > 0 || self.ring().left.is_some_and(|left| left.elapsed() < LINGER)
    }

    fn put(&self, series: Arc<str>, rows: u64, data: &str) {
        let mut ring = self.ring();
        let id = ring.first + ring.batches.len() as u64;
        let text = Bytes::from(format!("event: rows\nid: {id}\ndata: {data}\n\n"));
        ring.bytes += text.len();
        ring.batches.push_back(Batch { series, rows, text });
        while ring.bytes > KEPT
            && let Some(batch) = ring.batches.pop_front()
        {
            ring.bytes -= batch.text.len();
            ring.first += 1;
            *ring.gone.entry(batch.series).or_default() += batch.rows;
        }
        drop(ring);
        self.changed.send_replace(());
    }

    /// Somebody follows: from the next batch on, or from the one after `last`.
    fn follow(hub: &Arc<Hub>, last: Option<u64>) -> Follower {
        hub.followers.fetch_add(1, Ordering::Relaxed);
        let ring = hub.ring();
        let end = ring.first + ring.batches.len() as u64;
        let next = last.map_or(end, |last| last.saturating_add(1).min(end));
        // What is missing before the ring cannot be known by series; that something is, is.
        let missed = ring.first.saturating_sub(next);
        let next = next.max(ring.first);
        let mut passed = ring.gone.clone();
        for batch in ring.batches.iter().take((next - ring.first) as usize) {
            *passed.entry(Arc::clone(&batch.series)).or_default() += batch.rows;
        }
        drop(ring);
        Follower { hub: Arc::clone(hub), next, passed, missed, changed: hub.changed.subscribe() }
    }
}

/// Somebody who follows.
#[derive(Debug)]
struct Follower {
    hub: Arc<Hub>,
    next: u64,
    /// Rows that were sent or passed over, by series.
    passed: BTreeMap<Arc<str>, u64>,
    /// Batches that had left the ring before they came back.
    missed: u64,
    changed: watch::Receiver<()>,
}

enum Taken {
    Some(Bytes),
    None,
    End,
}

impl Follower {
    /// How many rows were lost since the last time, and the next batch that is wanted.
    fn take(&mut self, wanted: &impl Fn(&str) -> bool) -> (u64, Taken) {
        self.changed.mark_unchanged();
        let ring = self.hub.ring();
        let mut lost = std::mem::take(&mut self.missed);
        if self.next < ring.first {
            for (series, gone) in &ring.gone {
                let passed = self.passed.insert(Arc::clone(series), *gone).unwrap_or(0);
                if wanted(series) {
                    lost += gone - passed;
                }
            }
            self.next = ring.first;
        }
        while let Some(batch) = ring.batches.get((self.next - ring.first) as usize) {
            self.next += 1;
            *self.passed.entry(Arc::clone(&batch.series)).or_default() += batch.rows;
            if wanted(&batch.series) {
                return (lost, Taken::Some(batch.text.clone()));
            }
        }
        (lost, if ring.closed { Taken::End } else { Taken::None })
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.hub.followers.fetch_sub(1, Ordering::Relaxed);
        self.hub.ring().left = Some(Instant::now());
    }
}

/// What a source has mentioned.
#[derive(Debug, Default)]
struct Known {
    series: BTreeMap<u32, (Arc<str>, Schema)>,
    names: Mentions,
    /// The function of each stack's innermost frame.
    stacks: Mentions,
    tracks: Vec<Track>,
}

/// Texts by number, of which those are kept that the source may still use.
#[derive(Debug, Default)]
struct Mentions {
    first: u32,
    all: Vec<Box<str>>,
    before: usize,
}

impl Mentions {
    fn emptied(&mut self) {
        self.first = self.first.wrapping_add(self.before as u32);
        self.all.drain(..self.before);
        self.before = self.all.len();
    }

    fn get(&self, number: u32) -> Option<&str> {
        self.all.get(number.wrapping_sub(self.first) as usize).map(|text| &**text)
    }
}

impl Known {
    fn mention(&mut self, new: &crate::session::Mentioned) {
        if new.emptied {
            self.names.emptied();
            self.stacks.emptied();
        }
        self.names.all.extend_from_slice(&new.names);
        self.stacks.all.extend(new.stacks.iter().map(|(_, frame)| frame.function.clone()));
        self.tracks.extend_from_slice(&new.tracks);
    }
}

/// Rows as a line of JSON: `{"series":…,"columns":[…],"rows":[[…],…]}`. The columns are time, duration where the series has
/// one, pid, tid, label, and the series' own; a stack is the function that ran.
fn rows_of(schema: &Schema, rows: &Rows, known: &Known) -> String {
    let mut out = String::with_capacity(64 + rows.len() * 64);
    let spans = !rows.duration.is_empty();
    let own = schema.columns.iter().map(|column| column.name.as_ref());
    let lead = ["time"].into_iter().chain(spans.then_some("duration")).chain(["pid", "tid", "label"]);
    let columns: Vec<&str> = lead.chain(own).collect();
    let _ = write!(out, "{{\"series\":{},\"columns\":{},\"rows\":[", json!(schema.name), json!(columns));
    let nobody = Track::default();
    for at in 0..rows.len() {
        let _ = write!(out, "{}[{}", if at > 0 { "," } else { "" }, rows.time[at]);
        if spans {
            number(&mut out, rows.duration[at]);
        }
        let track = known.tracks.get(rows.track[at] as usize).unwrap_or(&nobody);
        let _ = write!(out, ",{},{},", track.pid, track.tid);
        text(&mut out, &track.label);
        for data in &rows.columns {
            match data {
                Data::Int(all) => number(&mut out, all[at]),
                Data::Real(all) if all[at].is_finite() => _ = write!(out, ",{}", all[at]),
                Data::Real(_) => out.push_str(",null"),
                Data::Name(all) => named(&mut out, all[at], &known.names),
                Data::Stack(all) => named(&mut out, all[at], &known.stacks),
                Data::Text { ends, bytes } => {
                    let begin = if at == 0 { 0 } else { ends[at - 1] as usize };
                    out.push(',');
                    text(&mut out, &String::from_utf8_lossy(&bytes[begin..ends[at] as usize]));
                }
            }
        }
        out.push(']');
    }
    out.push_str("]}");
    out
}

fn number(out: &mut String, value: i64) {
    let _ = if value == NULL { write!(out, ",null") } else { write!(out, ",{value}") };
}

fn named(out: &mut String, id: u32, of: &Mentions) {
    out.push(',');
    match id.checked_sub(1).and_then(|id| of.get(id)) {
        Some(name) => text(out, name),
        None => out.push_str("null"),
    }
}

fn text(out: &mut String, value: &str) {
    out.push_str(&serde_json::Value::from(value).to_string());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Cell, schemas};
    use crate::source::Outlet;

    fn all(_: &str) -> bool {
        true
    }

    fn taken(follower: &mut Follower) -> Option<String> {
        match follower.take(&all) {
            (0, Taken::Some(text)) => Some(String::from_utf8(text.to_vec()).unwrap()),
            _ => None,
        }
    }

    #[test]
    fn rows_come_as_json_once_somebody_follows() {
        let (mut outlet, seen) = Outlet::to_memory("test");
        let hub: Arc<Hub> = Arc::default();
        let mut see = hub.onlooker();
        let (counters, calls) = (outlet.series(&schemas::COUNTERS), outlet.series(&schemas::SYSCALLS));
        let track = outlet.track(&Track::counter(7, "a.\"b\""));
        outlet.point(counters, 1, track, &[Cell::Real(1.5)]);
        outlet.flush();
        seen.messages().iter().for_each(&mut see);
        let mut follower = Hub::follow(&hub, None);
        assert!(taken(&mut follower).is_none());
        outlet.point(counters, 2, track, &[Cell::Real(f64::NAN)]);
        outlet.span(calls, 3, None, track, &[Cell::Text("read"), Cell::Null, Cell::Int(5)]);
        outlet.flush();
        seen.messages().iter().for_each(&mut see);
        let first = taken(&mut follower).unwrap();
        let data = first.strip_prefix("event: rows\nid: 0\ndata: ").unwrap();
        let data: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!(data["columns"], json!(["time", "pid", "tid", "label", "value"]));
        assert_eq!(data["rows"], json!([[2, 7, 0, "a.\"b\"", null]]));
        let second = taken(&mut follower).unwrap();
        assert!(second.contains("[[3,null,7,0,\"a.\\\"b\\\"\",\"read\",\"\",5,null,null,null,null]]"), "{second}");
        // One who comes back gets what it had not.
        assert!(taken(&mut Hub::follow(&hub, Some(0))).unwrap().contains("id: 1\n"));
        hub.close();
        assert!(matches!(follower.take(&all), (0, Taken::End)));
    }

    #[test]
    fn who_is_too_slow_loses_the_oldest_and_is_told_how_much() {
        let hub: Arc<Hub> = Arc::default();
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        let (mut slow, mut picky, mut fast) =
            (Hub::follow(&hub, None), Hub::follow(&hub, None), Hub::follow(&hub, None));
        let big = "x".repeat(KEPT / 10);
        for _ in 0..20 {
            hub.put(Arc::clone(&a), 3, &big);
            hub.put(Arc::clone(&b), 5, "");
            assert!(taken(&mut fast).is_some() && taken(&mut fast).is_some());
        }
        let kept = hub.ring().batches.iter().filter(|batch| *batch.series == *a).count() as u64;
        let kept_b = hub.ring().batches.len() as u64 - kept;
        assert!(kept < 10);
        let (lost, next) = slow.take(&all);
        assert_eq!(lost, (20 - kept) * 3 + (20 - kept_b) * 5);
        assert!(matches!(next, Taken::Some(_)));
        assert_eq!(picky.take(&|series: &str| series == "b").0, (20 - kept_b) * 5);
        assert_eq!(slow.take(&all).0, 0);
        assert!(taken(&mut fast).is_none());
    }
}
