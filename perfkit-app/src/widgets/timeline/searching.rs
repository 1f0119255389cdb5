//! What is searched for: found rows are marked, and stepped through.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use gtk::glib;
use gtk::prelude::*;
use gtk::subclass::prelude::*;

use super::Timeline;
use crate::draw::timeline::search::{Found, search};

/// So long nothing has to be typed until it is searched for.
const QUIET: Duration = Duration::from_millis(250);

impl Timeline {
    /// What was found; `None` where nothing is searched for, or not yet found.
    pub fn found(&self) -> Option<Arc<Found>> {
        self.imp().found.borrow().clone()
    }

    pub(super) fn follow_search(&self) {
        let document = self.document();
        document.watch(self, &["search"], |timeline, _| timeline.search());
        let timeline = self.downgrade();
        document.connect_match_wanted(move |next| {
            if let Some(timeline) = timeline.upgrade().filter(WidgetExt::is_mapped) {
                timeline.step_match(next);
            }
        });
    }

    fn search(&self) {
        let imp = self.imp();
        // What is being searched for is not wanted any more.
        let turn = imp.searches.fetch_add(1, Ordering::Relaxed) + 1;
        if imp.found.take().is_some() {
            self.emit_by_name::<()>("found", &[]);
            self.queue_draw();
        }
        let (Some(tracks), text) = (self.tracks(), self.document().search()) else { return };
        if text.is_empty() {
            return;
        }
        let (document, searches) = (self.document().clone(), Arc::clone(&imp.searches));
        let timeline = self.downgrade();
        glib::spawn_future_local(async move {
            glib::timeout_future(QUIET).await;
            let last = Arc::clone(&searches);
            let goes_on = move || last.load(Ordering::Relaxed) == turn;
            if !goes_on() {
                return;
            }
            let job = move |reader: &mut crate::link::Reader| search(reader, &tracks.lanes, &text, &goes_on).ok();
            let found = document.ask_slowly(job).await.flatten();
            let Some(timeline) = timeline.upgrade() else { return };
            if searches.load(Ordering::Relaxed) == turn {
                timeline.imp().found.replace(found.map(Arc::new));
                timeline.emit_by_name::<()>("found", &[]);
                timeline.queue_draw();
            }
        });
    }

    /// Called when something else was found.
    pub fn connect_found(&self, called: impl Fn(&Timeline) + 'static) -> glib::SignalHandlerId {
        self.connect_local("found", false, move |values| {
            if let Some(Ok(timeline)) = values.first().map(|value| value.get::<Timeline>()) {
                called(&timeline);
            }
            None
        })
    }

    /// Which of the found rows is selected, counted from 0.
    pub fn match_at(&self) -> Option<usize> {
        let (found, picked) = (self.found()?, self.picked()?);
        found.spots.iter().position(|spot| *spot == picked.spot)
    }

    /// Selects the next of the found rows, or the one before.
    pub fn step_match(&self, next: bool) {
        let Some(found) = self.found() else { return };
        let cursor = self.document().cursor();
        let count = found.spots.len();
        let at = match (self.match_at(), next) {
            (Some(at), true) => (at + 1) % count.max(1),
            (Some(at), false) => at.checked_sub(1).unwrap_or(count.saturating_sub(1)),
            // The first one from what is looked at on; after the last comes the first again.
            (None, true) => found.spots.partition_point(|spot| spot.time < cursor) % count.max(1),
            (None, false) => found.spots.partition_point(|spot| spot.time < cursor).saturating_sub(1),
        };
        let Some(&spot) = found.spots.get(at) else {
            self.error_bell();
            return;
        };
        self.change_views(|lane, view| view.shown |= lane == spot.lane);
        self.pick(spot);
    }
}
