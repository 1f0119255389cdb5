//! Fetching: one question at a time, for all lanes that are visible. What is drawn meanwhile is the last picture.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gdkrecord::draw::Palette;
use gtk::glib;
use gtk::prelude::*;
use gtk::subclass::prelude::*;

use super::{Picture, Timeline};
use crate::draw::timeline::filter::Filter;
use crate::draw::timeline::geometry::{View, between};
use crate::draw::timeline::kinds::Look;
use crate::draw::timeline::paint::{Manner, Pixels, picture};
use crate::draw::timeline::scene::prepare;
use crate::draw::timeline::{Ask, Kept, Scene, Tracks, Wanted, overview, tracks};
use crate::link::Reader;
use crate::widgets::graph;
use crate::widgets::sheet::Sheet;
use crate::wording;

/// So long is made ready what comes next, and so long is waited until more is.
const PIECE: Duration = Duration::from_millis(4);
const PAUSE: Duration = Duration::from_millis(8);

/// Reads and draws what is asked for; `None` where that failed.
fn answer(
    reader: &mut Reader,
    kept: &Mutex<Kept>,
    tracks: &Tracks,
    ask: &Ask,
    manner: Manner,
    height: f64,
) -> Option<(Scene, Pixels)> {
    // What is kept is only kept to be quick.
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    let scene = Scene::read(reader, &mut kept, &tracks.lanes, ask).ok()?;
    let pixels = picture(&scene, &tracks.lanes, manner, height).ok()?;
    Some((scene, pixels))
}

impl Timeline {
    /// Finds the tracks of the session, once.
    pub(super) fn find_tracks(&self) {
        let document = self.document().clone();
        let found = async move { document.ask(|reader| tracks(reader)).await };
        crate::pages::fill(self, found, |timeline, found| {
            let imp = timeline.imp();
            let found = match found {
                Some(Ok(found)) => found,
                Some(Err(error)) => return timeline.document().tell(&wording::error(&error)),
                None => return,
            };
            imp.views.replace(found.lanes.iter().map(View::of).collect());
            imp.tracks.replace(Some(Arc::new(found)));
            timeline.resized();
            timeline.emit_by_name::<()>("changed", &[]);
            // Whatever led here may have selected a frame before there were tracks.
            timeline.pick_slow();
        });
    }

    /// The colours that suit the desktop.
    pub(super) fn palette() -> &'static Palette {
        Palette::of(adw::StyleManager::default().is_dark())
    }

    fn manner(&self, tracks: &Tracks) -> Manner {
        let scale = f64::from(self.scale_factor()) * graph::scale(self);
        Manner { palette: Timeline::palette(), scale, budget: tracks.budget }
    }

    /// Asks for what is visible, unless an answer is awaited: then it is asked for after that.
    pub(super) fn refresh(&self) {
        self.queue_draw();
        let imp = self.imp();
        let Some(tracks) = imp.tracks.borrow().clone() else { return };
        if imp.asking.get() {
            imp.outdated.set(true);
            return;
        }
        let geometry = self.geometry();
        // What is not seen is asked for when it is.
        if !self.is_mapped() || self.width() < 2 || geometry.visible.is_empty() {
            return;
        }
        let (scrolled, height) = (self.scroll().value(), geometry.lanes.height);
        let lanes = between(&self.places(), scrolled, scrolled + height);
        let lanes = lanes.into_iter().map(|place| Wanted { top: place.top - scrolled, ..place }).collect();
        let manner = self.manner(&tracks);
        let columns = (geometry.lanes.width * manner.scale).round().max(1.0) as usize;
        let filter = imp.filter.borrow().clone();
        let ask = Ask { range: geometry.visible, columns, lanes, filter };
        let (kept, document) = (Arc::clone(&imp.kept), self.document().clone());
        imp.asking.set(true);
        imp.outdated.set(false);
        let asked = async move {
            document.ask(move |reader| answer(reader, &kept, &tracks, &ask, manner, height)).await.flatten()
        };
        crate::pages::fill(self, asked, move |timeline, answer| {
            let imp = timeline.imp();
            imp.asking.set(false);
            let sheet = |pixels: Pixels| pixels.surface().and_then(|surface| Sheet::new(surface, timeline)).ok();
            if let Some((scene, sheet)) = answer.and_then(|(scene, pixels)| Some((scene, sheet(pixels)?))) {
                imp.picture.replace(Some(Picture { sheet, scene, scrolled, height }));
            }
            timeline.queue_draw();
            match imp.outdated.get() {
                true => timeline.refresh(),
                false => timeline.prepare(),
            }
        });
    }

    /// Makes ready what the next pictures will need, a little at a time: whoever zooms and pans does not wait for that.
    fn prepare(&self) {
        let imp = self.imp();
        let Some(tracks) = imp.tracks.borrow().clone() else { return };
        if imp.prepared.get() || imp.preparing.replace(true) {
            return;
        }
        let lanes: Vec<usize> = self.places().iter().map(|place| place.lane).collect();
        let document = self.document().clone();
        let work = async move {
            // Between two pieces others have their turn.
            glib::timeout_future(PAUSE).await;
            document.ask(move |reader| prepare(reader, &tracks.lanes, &lanes, PIECE)).await
        };
        crate::pages::fill(self, work, |timeline, done| {
            let imp = timeline.imp();
            imp.preparing.set(false);
            // What cannot be read is told by the picture.
            imp.prepared.set(done.is_none_or(|done| done.unwrap_or(true)));
            timeline.prepare();
        });
    }

    /// Asks for the strip of the whole session, where it is not there for this width.
    pub(super) fn refresh_overview(&self) {
        let imp = self.imp();
        let Some(tracks) = imp.tracks.borrow().clone() else { return };
        let area = self.geometry().overview;
        let manner = self.manner(&tracks);
        let columns = (area.width * manner.scale).round().max(1.0) as usize;
        let width = columns as i32;
        let whole = self.whole();
        if whole.is_empty() || self.width() < 2 || imp.strip.borrow().as_ref().is_some_and(|(_, of)| *of == width) {
            return;
        }
        let frames = tracks.lanes.iter().position(|lane| lane.kind.look == Look::Frames);
        // What draws no frames is told by what it does most.
        let busiest = || (0..tracks.lanes.len()).max_by_key(|&at| tracks.lanes[at].count);
        let Some(lane) = frames.or_else(busiest) else { return };
        let wanted = Wanted { lane, top: 0.0, height: overview::HEIGHT };
        let ask = Ask { range: whole, columns, lanes: vec![wanted], filter: None };
        let (kept, document) = (Arc::clone(&imp.kept), self.document().clone());
        let asked = async move {
            let job = move |reader: &mut Reader| answer(reader, &kept, &tracks, &ask, manner, overview::HEIGHT);
            document.ask(job).await.flatten()
        };
        crate::pages::fill(self, asked, move |timeline, answer| {
            let sheet = |pixels: Pixels| pixels.surface().and_then(|surface| Sheet::new(surface, timeline)).ok();
            if let Some(sheet) = answer.and_then(|(_, pixels)| sheet(pixels)) {
                timeline.imp().strip.replace(Some((sheet, width)));
                timeline.queue_draw();
            }
        });
    }

    /// Shows events of one window only, or those of all.
    pub fn set_window(&self, window: Option<i64>) {
        let imp = self.imp();
        let turn = imp.filtering.get() + 1;
        imp.filtering.set(turn);
        let Some(window) = window else {
            imp.filter.take();
            self.refresh();
            return;
        };
        let document = self.document().clone();
        let read = async move {
            document.ask_slowly(move |reader| Filter::read(reader, window, &|| true).ok()).await.flatten()
        };
        crate::pages::fill(self, read, move |timeline, filter| {
            let imp = timeline.imp();
            // Another window may have been chosen meanwhile.
            if imp.filtering.get() == turn {
                imp.filter.replace(filter.map(Arc::new));
                timeline.refresh();
            }
        });
    }
}
