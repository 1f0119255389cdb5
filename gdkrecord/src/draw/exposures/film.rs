//! A stretch of a recording that can be shown at any of its moments, forwards and backwards.

use std::sync::Arc;

use super::stage::Stage;
use crate::kind::Event;

/// Events from one kept stage to the next: going to a moment takes in so many of them, which takes a millisecond.
const EVERY: usize = 1024;

/// A stretch's events, and stages between them.
#[derive(Debug)]
pub struct Film {
    events: Vec<Event>,
    /// Stages without flashes, each with how many events came before it.
    stages: Vec<(usize, Stage)>,
}

impl Film {
    /// Of events in their order, and the stage before them.
    pub fn new(begin: Stage, events: Vec<Event>) -> Film {
        let mut stage = Stage { fade: 1, ..begin };
        let mut stages = vec![(0, stage.clone())];
        for (at, event) in events.iter().enumerate() {
            stage.apply(event);
            if (at + 1).is_multiple_of(EVERY) {
                stages
                    .push((at + 1, Stage { flashes: Default::default(), clicks: Default::default(), ..stage.clone() }));
            }
        }
        Film { events, stages }
    }

    /// The events.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Begins to show it.
    pub fn open(self: &Arc<Film>) -> Showing {
        let stage = self.stages[0].1.clone();
        Showing { film: Arc::clone(self), next: 0, stage }
    }
}

/// A film that is shown at a moment.
#[derive(Clone, Debug)]
pub struct Showing {
    film: Arc<Film>,
    next: usize,
    stage: Stage,
}

impl Showing {
    /// The stage at the moment.
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// Goes to a moment, with flashes that fade in so many recorded nanoseconds.
    pub fn show(&mut self, now: u64, fade: u64) {
        let events = &self.film.events;
        let end = self.next + events[self.next..].partition_point(|event| event.time <= now);
        // Backwards, or far ahead, or where flashes that are gone are to be seen again, it begins anew; no further
        // back than what has faded.
        if now < self.stage.now || end - self.next > 2 * EVERY || fade.max(1) != self.stage.fade {
            let lit = now.saturating_sub(fade);
            let before = events.partition_point(|event| event.time < lit);
            let at = self.film.stages.partition_point(|(at, _)| *at <= before).saturating_sub(1);
            let (next, stage) = &self.film.stages[at];
            (self.next, self.stage) = (*next, Stage { fade: fade.max(1), ..stage.clone() });
        }
        let events = &self.film.events;
        while let Some(event) = events.get(self.next).filter(|event| event.time <= now) {
            self.stage.apply(event);
            self.next += 1;
        }
        self.stage.advance(now);
    }
}
