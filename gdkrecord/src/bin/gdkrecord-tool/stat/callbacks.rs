//! The busiest callbacks, the longest dispatches, timeouts that came late.

use std::collections::HashMap;

use gdkrecord::{Body, Event, Text};

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

/// Costs by source and callback.
#[derive(Debug)]
pub struct Callbacks {
    by_name: HashMap<(Text, Text), Cost>,
    longest: Worst<(u64, u16, Text, Text)>,
    late: Histogram,
    latest: Worst<(u64, Text, Text)>,
}

impl Callbacks {
    /// For tables of so many rows.
    pub fn new(rows: usize) -> Callbacks {
        Callbacks {
            by_name: HashMap::new(),
            longest: Worst::new(rows),
            late: Histogram::default(),
            latest: Worst::new(rows),
        }
    }
}

impl Tally for Callbacks {
    fn event(&mut self, event: &Event, _: &Context<'_>) {
        let Body::Dispatch(dispatch) = &event.body else { return };
        let ns = dispatch.duration.ns_or_zero();
        let cost = self.by_name.entry((dispatch.source.clone(), dispatch.callback.clone())).or_default();
        cost.count += 1;
        cost.total += ns;
        cost.max = cost.max.max(ns);
        let names = || (dispatch.source.clone(), dispatch.callback.clone());
        self.longest.offer(ns, || {
            let (source, callback) = names();
            (event.time, event.thread, source, callback)
        });
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
                context.symbols.name(callback).into(),
                (&**source).into(),
                Quantity::Count(cost.count),
                Quantity::Duration(cost.total),
                Quantity::Duration(cost.total / cost.count.max(1)),
                Quantity::Duration(cost.max),
            ]);
        }
        let mut longest = Section::new("longest_dispatches", "Longest dispatches");
        longest.columns = &["duration", "at", "thread", "callback", "source"];
        for (ns, (time, thread, source, callback)) in self.longest.take() {
            longest.rows.push(vec![
                Quantity::Duration(ns),
                context.moment(time),
                Quantity::Count(thread.into()),
                context.symbols.name(&callback).into(),
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
                    context.symbols.name(&callback).into(),
                    (&*source).into(),
                ]);
            }
        }
        vec![busiest, longest, late]
    }
}
