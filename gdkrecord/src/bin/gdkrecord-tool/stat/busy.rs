//! How long each main loop worked, how much of that its dispatches explain, and what had not ended.

use std::collections::HashMap;

use gdkrecord::{Body, Event, Text};

use super::report::Section;
use super::{Context, Tally};
use crate::quantity::Quantity;

/// What is known of one thread's loop. Events come in the order of their begins.
#[derive(Debug, Default)]
struct Loop {
    thread: u16,
    name: String,
    first: Option<u64>,
    last: u64,
    polls: u64,
    slept: u64,
    /// Nanoseconds inside dispatches and checks, nested ones counted once.
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
    loops: Vec<Loop>,
    /// Where the loop is of the thread that has an index now.
    current: HashMap<u16, usize>,
}

impl Busy {
    /// An index means another thread from now on. A thread of which nothing is to be told leaves its place.
    fn begin(&mut self, thread: u16, name: &str) {
        let new = Loop { thread, name: name.to_string(), ..Loop::default() };
        match self.current.get(&thread) {
            Some(&at) if self.loops[at].polls == 0 && self.loops[at].open.is_empty() => self.loops[at] = new,
            _ => {
                self.current.insert(thread, self.loops.len());
                self.loops.push(new);
            }
        }
    }

    fn of(&mut self, thread: u16) -> &mut Loop {
        let at = *self.current.entry(thread).or_insert_with(|| {
            self.loops.push(Loop { thread, ..Loop::default() });
            self.loops.len() - 1
        });
        &mut self.loops[at]
    }
}

impl Tally for Busy {
    fn event(&mut self, event: &Event, context: &Context<'_>) {
        let (duration, name) = match &event.body {
            Body::Dispatch(dispatch) => (dispatch.duration, Some((&dispatch.source, &dispatch.callback))),
            Body::Check(check) => (check.duration, None),
            Body::Poll(poll) => {
                let this = self.of(event.thread);
                let begin = event.time;
                let end = poll.duration.ns().map_or(context.end, |ns| begin + ns).max(begin);
                this.span(begin, end);
                this.polls += 1;
                this.slept += end - begin;
                this.slept_inside += end.min(this.covered_until).saturating_sub(begin);
                return;
            }
            Body::Thread(thread) => return self.begin(thread.index, &thread.name),
            _ => return,
        };
        let this = self.of(event.thread);
        let begin = event.time;
        let end = duration.ns().map_or(context.end, |ns| begin + ns).max(begin);
        if let (None, Some((source, callback))) = (duration.ns(), name) {
            this.open.push((begin, source.clone(), callback.clone()));
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
            "longest unexplained",
            "from",
        ];
        let mut open = Section::new("unfinished", "Unfinished at the end");
        open.columns = &["callback", "thread", "begun", "running for"];
        self.loops.sort_by_key(|this| (this.thread, this.first));
        for this in &self.loops {
            let span = this.last - this.first.unwrap_or(this.last);
            let worked = span.saturating_sub(this.slept);
            let explained = this.covered.saturating_sub(this.slept_inside).min(worked);
            if this.polls > 0 {
                busy.rows.push(vec![
                    Quantity::Count(this.thread.into()),
                    this.name.as_str().into(),
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
                    Quantity::Count(this.thread.into()),
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
