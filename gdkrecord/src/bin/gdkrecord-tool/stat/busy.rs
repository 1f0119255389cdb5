//! How long each main loop worked, how much of that its dispatches explain, and what had not ended.

use std::collections::BTreeMap;

use gdkrecord::{Body, Event, Text};

use super::report::Section;
use super::{Context, Tally};
use crate::units::Quantity;

/// What is known of one thread's loop. Events come in the order of their begins.
#[derive(Debug, Default)]
struct Loop {
    first: Option<u64>,
    last: u64,
    polls: u64,
    slept: u64,
    /// Nanoseconds inside dispatches, nested ones counted once.
    covered: u64,
    covered_until: u64,
    /// Sleep inside dispatches: a nested loop, such as a modal dialog's.
    slept_inside: u64,
    open: Vec<(u64, Text, Text)>,
    /// The longest time that neither a dispatch nor sleep explains, and when it began: the program's own code
    /// before its loop runs, mostly.
    gap: u64,
    gap_at: u64,
}

impl Loop {
    /// Something ran or slept from `begin` to `end`.
    fn span(&mut self, begin: u64, end: u64) {
        if self.first.is_none() {
            self.first = Some(begin);
            self.last = begin;
        }
        let gap = begin.saturating_sub(self.last);
        if gap > self.gap {
            (self.gap, self.gap_at) = (gap, self.last);
        }
        self.last = self.last.max(end);
    }
}

/// Loops by thread.
#[derive(Debug, Default)]
pub struct Busy {
    loops: BTreeMap<u16, Loop>,
}

impl Tally for Busy {
    fn event(&mut self, event: &Event, context: &Context<'_>) {
        let dispatch = match &event.body {
            Body::Dispatch(dispatch) => dispatch,
            Body::Poll(poll) => {
                let this = self.loops.entry(event.thread).or_default();
                let begin = event.time;
                let end = poll.duration.ns().map_or(context.end, |ns| begin + ns).max(begin);
                this.span(begin, end);
                this.polls += 1;
                this.slept += end - begin;
                this.slept_inside += end.min(this.covered_until).saturating_sub(begin);
                return;
            }
            _ => return,
        };
        let this = self.loops.entry(event.thread).or_default();
        let begin = event.time;
        let end = dispatch.duration.ns().map_or(context.end, |ns| begin + ns).max(begin);
        if dispatch.duration.ns().is_none() {
            this.open.push((begin, dispatch.source.clone(), dispatch.callback.clone()));
        }
        this.span(begin, end);
        this.covered += end.saturating_sub(begin.max(this.covered_until));
        this.covered_until = this.covered_until.max(end);
    }

    fn report(&mut self, context: &mut Context<'_>) -> Vec<Section> {
        let mut busy = Section::new("busy", "Main loops");
        busy.columns = &[
            "thread",
            "name",
            "span",
            "asleep",
            "busy",
            "busy of span",
            "explained by dispatches",
            "longest gap",
            "gap at",
        ];
        let mut open = Section::new("unfinished", "Unfinished at the end");
        open.columns = &["callback", "thread", "begun", "running for"];
        for (thread, this) in &self.loops {
            let span = this.last - this.first.unwrap_or(this.last);
            let worked = span.saturating_sub(this.slept);
            let explained = this.covered.saturating_sub(this.slept_inside).min(worked);
            let name = context.info.threads.iter().find(|known| known.index == *thread);
            if this.polls > 0 {
                busy.rows.push(vec![
                    Quantity::Count((*thread).into()),
                    name.map_or("", |thread| &thread.name).into(),
                    Quantity::Duration(span),
                    Quantity::Duration(this.slept),
                    Quantity::Duration(worked),
                    share(worked, span),
                    share(explained, worked),
                    Quantity::Duration(this.gap),
                    context.moment(this.gap_at),
                ]);
            }
            for (begun, source, callback) in &this.open {
                open.rows.push(vec![
                    context.symbols.dispatch(source, callback).into(),
                    Quantity::Count((*thread).into()),
                    context.moment(*begun),
                    Quantity::Duration(context.end.saturating_sub(*begun)),
                ]);
            }
        }
        if !open.rows.is_empty() {
            open.notes.push("a dispatch that never returned: the process was killed or ended inside it".into());
        }
        vec![busy, open]
    }
}

/// A share of a whole; unknown of nothing.
pub fn share(part: u64, whole: u64) -> Quantity {
    if whole == 0 { Quantity::Unknown } else { Quantity::Share(part as f64 / whole as f64) }
}
