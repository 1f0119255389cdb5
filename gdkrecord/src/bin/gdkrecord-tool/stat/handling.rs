//! Counts and rates by kind; how long each type of event was handled, and waited.

use std::collections::BTreeMap;

use gdkrecord::kind::Group;
use gdkrecord::{Event, KINDS};

use super::histogram::Histogram;
use super::report::Section;
use super::{Context, Tally};
use crate::quantity::Quantity;

#[derive(Debug, Default)]
struct Type {
    count: u64,
    unfinished: u64,
    handling: Histogram,
    latency: Histogram,
}

/// Events by kind, and GDK events by type.
#[derive(Debug)]
pub struct Handling {
    kinds: [u64; 256],
    types: BTreeMap<String, Type>,
}

impl Default for Handling {
    fn default() -> Self {
        Handling { kinds: [0; 256], types: BTreeMap::new() }
    }
}

impl Tally for Handling {
    fn event(&mut self, event: &Event, context: &Context<'_>) {
        self.kinds[usize::from(event.body.kind().code)] += 1;
        let Some(name) = context.event_type(event) else { return };
        let this = self.types.entry(name).or_default();
        this.count += 1;
        match context.duration(event) {
            Some(ns) => this.handling.add(ns),
            None => this.unfinished += 1,
        }
        if let Some(ns) = context.number("latency", event) {
            this.latency.add(ns);
        }
    }

    fn report(&mut self, context: &mut Context<'_>) -> Vec<Section> {
        let mut kinds = Section::new("kinds", "Events by kind");
        kinds.columns = &["kind", "group", "count", "rate"];
        for kind in KINDS.iter().filter(|kind| self.kinds[usize::from(kind.code)] > 0) {
            let count = self.kinds[usize::from(kind.code)];
            kinds.rows.push(vec![
                kind.name.into(),
                kind.group.name().into(),
                Quantity::Count(count),
                // What is recorded once at the start has no rate.
                if kind.group == Group::Process { Quantity::Unknown } else { context.rate(count) },
            ]);
        }
        kinds.fact("events", Quantity::Count(self.kinds.iter().sum()));
        let mut handling = Section::new("handling", "Handling of events");
        handling.columns = &["event", "count", "total", "p50", "p90", "p99", "max", "unfinished"];
        let mut latency = Section::new("latency", "Waiting of events before they were handled");
        latency.columns = &["event", "count", "p50", "p90", "p99", "max"];
        let percentiles = |h: &Histogram| [50.0, 90.0, 99.0].map(|percent| Quantity::Duration(h.percentile(percent)));
        for (name, this) in &self.types {
            let name = Quantity::from(name.as_str());
            let mut row = vec![name.clone(), Quantity::Count(this.count), Quantity::Duration(this.handling.total())];
            row.extend(percentiles(&this.handling));
            row.extend([Quantity::Duration(this.handling.max()), Quantity::Count(this.unfinished)]);
            handling.rows.push(row);
            if this.latency.count() > 0 {
                let mut row = vec![name, Quantity::Count(this.latency.count())];
                row.extend(percentiles(&this.latency));
                row.push(Quantity::Duration(this.latency.max()));
                latency.rows.push(row);
            }
        }
        vec![kinds, handling, latency]
    }
}
