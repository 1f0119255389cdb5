//! An OpenMetrics or Prometheus endpoint, asked at each beat.

use std::io::Read;

use super::beat::Beat;
use super::line_format::Feed;
use super::{Collector, Lines, Outlet, Readiness, Source, Spec, Stop};
use crate::channel::Target;
use crate::error::{Error, Result};
use crate::session::clock::now;

/// Questions a second where no rate was asked for.
const RATE: f64 = 1.0;
/// The most that a rate can be changed to.
const RATE_MAX: f64 = 100.0;
/// Seconds that an answer may take; the word to stop waits for it too.
const PATIENCE: u64 = 3;
/// Bytes of an answer that are read: the largest exporters give some megabytes.
const ANSWER: u64 = 32 << 20;
/// Bytes of an answer's head.
const HEAD: usize = 64 << 10;
const ACCEPT: &str = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

/// The source.
#[derive(Debug)]
pub struct Openmetrics;

impl Source for Openmetrics {
    fn name(&self) -> &'static str {
        "openmetrics"
    }

    fn about(&self) -> &'static str {
        "counters, gauges, histograms and summaries of an OpenMetrics or Prometheus endpoint"
    }

    fn usage(&self) -> &'static str {
        "openmetrics:http://HOST[:PORT][/PATH][@RATEHz]   /metrics once a second where nothing else is said"
    }

    fn readiness(&self) -> Readiness {
        Readiness::Ready { version: String::new(), path: None }
    }

    fn fastest(&self) -> Option<f64> {
        Some(RATE_MAX)
    }

    fn open(&self, spec: &Spec) -> Result<Box<dyn Collector>> {
        let url = spec.argument.as_deref().unwrap_or("");
        let rest = url.strip_prefix("http://").filter(|rest| !rest.is_empty() && !rest.starts_with('/'));
        let Some(rest) = rest.filter(|rest| !rest.contains(char::is_whitespace)) else {
            let text = "which endpoint? As `openmetrics:http://127.0.0.1:9090/metrics@1Hz`, without TLS";
            return Err(Error::Invalid(format!("{spec}: {text}")));
        };
        let url = if rest.contains('/') { url.to_owned() } else { format!("{url}/metrics") };
        Ok(Box::new(Scraper { url, rate: spec.rate.unwrap_or(RATE) }))
    }
}

#[derive(Debug)]
struct Scraper {
    url: String,
    rate: f64,
}

impl Collector for Scraper {
    fn run(self: Box<Self>, target: &Target, outlet: &mut Outlet, stop: &Stop) -> Result<()> {
        outlet.fact("openmetrics.url", &self.url);
        let mut feed = Feed::new(0);
        let mut beat = Beat::new(self.rate);
        let mut answers = true;
        // One that begins to answer only later is the usual case: the target is just being started.
        let mut ever = false;
        loop {
            match self.scrape() {
                Ok(body) => {
                    if !answers && ever {
                        outlet.note(&format!("{} answers again", self.url));
                    }
                    (answers, ever) = (true, true);
                    self.take(&body, outlet, &mut feed);
                }
                Err(why) => {
                    feed.lose("scrapes that failed", 1);
                    if answers {
                        outlet.note(&format!("{}: {why}; it is asked again {} times a second", self.url, self.rate));
                    }
                    answers = false;
                }
            }
            feed.tick(outlet);
            let Some(missed) = beat.wait(outlet, stop).filter(|_| !target.ended()) else { break };
            feed.lose("scrapes that came too late", missed);
        }
        feed.finish(outlet);
        match ever {
            true => Ok(()),
            false => Err(Error::Invalid(format!("{} never answered", self.url))),
        }
    }
}

impl Scraper {
    /// One answer's body.
    fn scrape(&self) -> std::result::Result<Vec<u8>, String> {
        let request = minreq::get(&self.url).with_header("Accept", ACCEPT).with_timeout(PATIENCE);
        let answer = request.with_max_headers_size(HEAD).with_max_status_line_length(HEAD).send_lazy();
        let answer = answer.map_err(|error| error.to_string())?;
        if answer.status_code != 200 {
            return Err(format!("answers {} {}", answer.status_code, answer.reason_phrase));
        }
        let mut body = Vec::new();
        answer.take(ANSWER).read_to_end(&mut body).map_err(|error| format!("its answer breaks off: {error}"))?;
        Ok(body)
    }

    fn take(&self, body: &[u8], outlet: &mut Outlet, feed: &mut Feed) {
        // The values are of when it answered, all of the same moment.
        let arrival = now();
        let mut lines = Lines::default();
        lines.feed(body, &mut |line| feed.line(outlet, arrival, line));
        lines.finish(&mut |line| feed.line(outlet, arrival, line));
        feed.lose("lines cut", lines.take_cut());
        if body.len() as u64 >= ANSWER {
            feed.lose("answers cut at 32 MB", 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_an_address_without_tls() {
        let open = |spec: &str| Openmetrics.open(&spec.parse().unwrap()).is_ok();
        assert!(open("openmetrics:http://127.0.0.1:9090") && open("openmetrics:http://localhost/m@2Hz"));
        for spec in
            ["openmetrics", "openmetrics:https://x", "openmetrics:http://", "openmetrics:http:///x", "openmetrics:x"]
        {
            assert!(!open(spec), "{spec}");
        }
    }
}
