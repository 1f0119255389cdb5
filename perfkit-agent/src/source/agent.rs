//! What an agent's server counts about itself: of the agent that records, or of another one, asked at each beat.

use rustc_hash::FxHashMap;

use super::beat::Beat;
use super::{Collector, NameInfo, Outlet, Readiness, SeriesId, Source, Spec, Stop};
use crate::channel::Target;
use crate::client::{Client, Options, TOKEN, Url, metrics};
use crate::error::{Error, Result};
use crate::server::metrics::{Sample, own};
use crate::session::clock::now;
use crate::session::{Cell, Track, TrackId, schemas};

use std::time::Duration;

/// Looks a second where no rate was asked for, and at most.
const RATE: f64 = 1.0;
const FASTEST: f64 = 100.0;
/// How long an answer may take; the word to stop waits for it too.
const PATIENCE: Duration = Duration::from_secs(3);
/// A value that stays is written after so many nanoseconds.
const STAYS: i64 = 1_000_000_000;

/// The source.
#[derive(Debug)]
pub struct Agent;

impl Source for Agent {
    fn name(&self) -> &'static str {
        "agent"
    }

    fn about(&self) -> &'static str {
        "workers, queues, requests, partitions, pools and scripts of an agent's server"
    }

    fn usage(&self) -> &'static str {
        "agent[:http://HOST[:PORT]|:unix:PATH][@RATEHz]   once a second; without a place the agent that records"
    }

    fn readiness(&self) -> Readiness {
        Readiness::Ready { version: String::new(), path: None }
    }

    fn fastest(&self) -> Option<f64> {
        Some(FASTEST)
    }

    fn open(&self, spec: &Spec) -> Result<Box<dyn Collector>> {
        let rate = spec.rate.unwrap_or(RATE).min(FASTEST);
        let place = match spec.argument.as_deref() {
            Some(url) => {
                let url: Url = url.parse().map_err(|why| Error::Invalid(format!("{spec}: {why}")))?;
                // What somebody else asked a server for is asked in nobody's name.
                let token = if own().is_none() { std::env::var(TOKEN).ok() } else { None };
                let options = Options { token, patience: Some(PATIENCE), ..Options::default() };
                Some(Client::new(url, &options)?)
            }
            None if own().is_some() => None,
            None => {
                let text = "which agent? As `agent:unix:PATH` or `agent:http://127.0.0.1:7788`; alone it is the one that \
                            records, where a server does";
                return Err(Error::Invalid(format!("{spec}: {text}")));
            }
        };
        Ok(Box::new(Watch { place, rate }))
    }
}

#[derive(Debug)]
struct Watch {
    /// Another agent.
    place: Option<Client>,
    rate: f64,
}

impl Collector for Watch {
    fn run(self: Box<Self>, target: &Target, outlet: &mut Outlet, stop: &Stop) -> Result<()> {
        let series = outlet.series(&schemas::COUNTERS);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let failed = |error| Error::File { what: "start", path: "a runtime for the network".into(), error };
        let runtime = runtime.map_err(failed)?;
        if let Some(client) = &self.place {
            outlet.fact("agent.url", &client.url().to_string());
        }
        let mut written = Written { series, places: FxHashMap::default() };
        let mut beat = Beat::new(self.rate);
        // One that begins to answer only later is the usual case: the target is just being started.
        let (mut answers, mut ever) = (true, false);
        loop {
            let seen = match &self.place {
                None => Ok(own().iter().flatten().flat_map(Sample::counters).collect()),
                Some(client) => runtime.block_on(ask(client)),
            };
            match seen {
                Ok(counters) => {
                    if !answers && ever {
                        outlet.note("the agent answers again");
                    }
                    (answers, ever) = (true, true);
                    written.write(outlet, now(), counters);
                }
                Err(error) => {
                    if answers {
                        outlet.note(&format!("{error}; it is asked again {} times a second", self.rate));
                    }
                    answers = false;
                }
            }
            if beat.wait(outlet, stop).filter(|_| !target.ended()).is_none() {
                break;
            }
        }
        written.end(outlet);
        match (ever, &self.place) {
            (false, Some(client)) => Err(Error::Invalid(format!("{} never answered", client.url()))),
            _ => Ok(()),
        }
    }
}

async fn ask(client: &Client) -> Result<Vec<(NameInfo, f64)>> {
    let answer = client.ask(http::Method::GET, "/metrics").send().await?;
    let page = tokio::time::timeout(PATIENCE, answer.bytes()).await;
    let late = |_| Error::Invalid(format!("{} tells its metrics too slowly", client.url()));
    Ok(metrics::counters(&String::from_utf8_lossy(&page.map_err(late)??)))
}

/// Values on their way into the session: one that stays is written once a second, and at the last moment of its staying.
struct Written {
    series: SeriesId,
    places: FxHashMap<String, Place>,
}

struct Place {
    track: TrackId,
    value: f64,
    /// When it was seen last, and when it was written last.
    seen: i64,
    written: i64,
}

impl Written {
    fn write(&mut self, outlet: &mut Outlet, time: i64, counters: Vec<(NameInfo, f64)>) {
        for (info, value) in counters {
            let place = match self.places.get_mut(&info.name) {
                Some(place) => place,
                None => {
                    let track = outlet.track(&Track { pid: 0, tid: 0, label: info.name.clone() });
                    let name = info.name.clone();
                    outlet.name(info);
                    self.places.entry(name).or_insert(Place { track, value: f64::NAN, seen: 0, written: 0 })
                }
            };
            let stays = place.value == value;
            if !stays && place.written < place.seen {
                outlet.point(self.series, place.seen, place.track, &[Cell::Real(place.value)]);
            }
            if !stays || time - place.written >= STAYS {
                outlet.point(self.series, time, place.track, &[Cell::Real(value)]);
                place.written = time;
            }
            (place.value, place.seen) = (value, time);
        }
    }

    /// Writes what stayed to the end.
    fn end(&mut self, outlet: &mut Outlet) {
        for place in self.places.values().filter(|place| place.written < place.seen) {
            outlet.point(self.series, place.seen, place.track, &[Cell::Real(place.value)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Semantics;

    #[test]
    fn it_is_of_an_agent_that_is_named_where_no_server_records() {
        let open = |spec: &str| Agent.open(&spec.parse().unwrap()).map(drop).map_err(|error| error.to_string());
        assert!(open("agent:unix:/run/x.socket@2Hz").is_ok() && open("agent:http://127.0.0.1:7788").is_ok());
        assert!(open("agent:box").unwrap_err().contains("no place of an agent"));
        assert!(open("agent:https://box").is_err(), "it says whom to trust nowhere");
        assert!(open("agent").unwrap_err().contains("which agent?"));
    }

    #[test]
    fn a_value_that_stays_is_written_when_it_ends_to_stay() {
        let (mut outlet, seen) = Outlet::to_memory("agent");
        let series = outlet.series(&schemas::COUNTERS);
        let mut written = Written { series, places: FxHashMap::default() };
        let value = |value| {
            let (unit, doc) = (String::new(), String::new());
            vec![(NameInfo { name: "agent.x".to_owned(), semantics: Semantics::Gauge, unit, doc }, value)]
        };
        for (millis, number) in [(0, 1.0), (100, 1.0), (200, 1.0), (300, 2.0), (400, 2.0), (1_500, 2.0), (1_600, 2.0)] {
            written.write(&mut outlet, millis * 1_000_000, value(number));
        }
        written.end(&mut outlet);
        outlet.flush();
        let mut times = Vec::new();
        for message in seen.messages() {
            if let crate::source::Message::Rows { rows, .. } = message {
                times.extend(rows.time.iter().map(|time| time / 1_000_000));
            }
        }
        assert_eq!(times, [0, 200, 300, 1_500, 1_600]);
    }
}
