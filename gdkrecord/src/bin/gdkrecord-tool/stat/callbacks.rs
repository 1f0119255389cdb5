//! The busiest callbacks, the longest dispatches, timeouts that came late.

use std::collections::HashMap;

use gdkrecord::{Body, Event, Text, units};

use super::histogram::Histogram;
use super::report::Section;
use super::worst::Worst;
use super::{Context, Tally};
use crate::quantity::Quantity;

#[derive(Debug, Default)]
struct Cost {
    count: u64,
    total: u64,
    max: u64,
}

/// A dispatch that later events may still lie in.
#[derive(Debug)]
struct Open {
    begin: u64,
    length: u64,
    names: (Text, Text),
    /// The longest of those events, and how long its handling took.
    mostly: Option<(String, u64)>,
}

/// Costs by source and callback.
#[derive(Debug)]
pub struct Callbacks {
    by_name: HashMap<(Text, Text), Cost>,
    longest: Worst<(u16, Open)>,
    /// By thread, outermost first.
    open: HashMap<u16, Vec<Open>>,
    late: Histogram,
    latest: Worst<(u64, Text, Text)>,
}

impl Callbacks {
    /// For tables of so many rows.
    pub fn new(rows: usize) -> Callbacks {
        Callbacks {
            by_name: HashMap::new(),
            longest: Worst::new(rows),
            open: HashMap::new(),
            late: Histogram::default(),
            latest: Worst::new(rows),
        }
    }
}

impl Callbacks {
    /// Offers the thread's dispatches that ended before `time`.
    fn close(&mut self, thread: u16, time: u64) {
        let open = self.open.entry(thread).or_default();
        while let Some(last) = open.pop_if(|last| last.begin + last.length <= time) {
            self.longest.offer(last.length, || (thread, last));
        }
    }
}

impl Tally for Callbacks {
    fn event(&mut self, event: &Event, context: &Context<'_>) {
        self.close(event.thread, event.time);
        let Body::Dispatch(dispatch) = &event.body else {
            let Some(open) = self.open.get_mut(&event.thread).and_then(|open| open.last_mut()) else { return };
            let length = context.duration(event).unwrap_or(0);
            if length > open.mostly.as_ref().map_or(open.length / 4, |(_, most)| *most) {
                let name = context.event_type(event).unwrap_or_else(|| event.body.kind().name.to_owned());
                open.mostly = Some((name, length));
            }
            return;
        };
        let ns = dispatch.duration.ns_or_zero();
        let cost = self.by_name.entry((dispatch.source.clone(), dispatch.callback.clone())).or_default();
        cost.count += 1;
        cost.total += ns;
        cost.max = cost.max.max(ns);
        let names = || (dispatch.source.clone(), dispatch.callback.clone());
        let open = Open { begin: event.time, length: ns, names: names(), mostly: None };
        self.open.entry(event.thread).or_default().push(open);
        if let Some(late) = dispatch.late.0.and_then(|us| u64::try_from(us).ok()) {
            self.late.add(late * 1000);
            self.latest.offer(late * 1000, || {
                let (source, callback) = names();
                (event.time, source, callback)
            });
        }
    }

    fn report(&mut self, context: &mut Context<'_>) -> Vec<Section> {
        let mut busiest = Section::new("callbacks", "Busiest callbacks");
        busiest.columns = &["callback", "source", "count", "total", "mean", "max"];
        let mut all: Vec<_> = self.by_name.iter().collect();
        all.sort_by(|a, b| b.1.total.cmp(&a.1.total).then_with(|| a.0.cmp(b.0)));
        busiest.more = all.len().saturating_sub(context.rows);
        for ((source, callback), cost) in all.into_iter().take(context.rows) {
            busiest.rows.push(vec![
                context.symbols.dispatch(source, callback).into(),
                (&**source).into(),
                Quantity::Count(cost.count),
                Quantity::Duration(cost.total),
                Quantity::Duration(cost.total / cost.count.max(1)),
                Quantity::Duration(cost.max),
            ]);
        }
        let mut longest = Section::new("longest_dispatches", "Longest dispatches");
        longest.columns = &["duration", "at", "thread", "callback", "mostly", "source"];
        let threads: Vec<_> = self.open.keys().copied().collect();
        threads.into_iter().for_each(|thread| self.close(thread, u64::MAX));
        for (ns, (thread, Open { begin, names: (source, callback), mostly, .. })) in self.longest.take() {
            longest.rows.push(vec![
                Quantity::Duration(ns),
                context.moment(begin),
                Quantity::Count(thread.into()),
                context.symbols.dispatch(&source, &callback).into(),
                mostly.map_or(String::new(), |(name, ns)| format!("{name} {}", units::duration(ns))).into(),
                (&*source).into(),
            ]);
        }
        let mut late = Section::new("late_timeouts", "Lateness of timeouts");
        if self.late.count() > 0 {
            late.fact("timeouts", Quantity::Count(self.late.count()));
            for percent in [50, 90, 99] {
                late.fact(&format!("p{percent}"), Quantity::Duration(self.late.percentile(percent.into())));
            }
            late.fact("max", Quantity::Duration(self.late.max()));
            late.columns = &["late by", "at", "callback", "source"];
            for (ns, (time, source, callback)) in self.latest.take() {
                late.rows.push(vec![
                    Quantity::Duration(ns),
                    context.moment(time),
                    context.symbols.dispatch(&source, &callback).into(),
                    (&*source).into(),
                ]);
            }
        }
        vec![busiest, longest, late]
    }
}
