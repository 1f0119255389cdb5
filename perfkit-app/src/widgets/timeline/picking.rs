//! The selected row: by pointer and by keys, and what is known of it.

use std::sync::{Arc, PoisonError};

use gdkrecord::units;
use gtk::glib;
use gtk::prelude::*;
use gtk::subclass::prelude::*;
use perfkit_agent::analysis::Report as Slow;

use super::Timeline;
use crate::draw::timeline::detail::{Detail, detail, step};
use crate::draw::timeline::hit::{Hit, Spot};
use crate::draw::timeline::kinds::Look;
use crate::draw::timeline::links::{End, Link, links};
use crate::draw::timeline::{Lane, Tracks, heads};
use crate::link::Reader;
use crate::model::Range;
use crate::wording::{time, tr_many, tr_with};

/// The selected row, and what became known of it so far.
#[derive(Clone, Debug)]
pub struct Picked {
    /// Where it is.
    pub spot: Spot,
    /// All of it in words.
    pub detail: Option<Detail>,
    /// From its causes and to its effects.
    pub links: Vec<Link>,
    /// Of a slow frame what took its time: a sentence, and where that lies.
    pub why: Vec<(String, Range)>,
}

impl Timeline {
    /// The selected row.
    pub fn picked(&self) -> Option<Picked> {
        self.imp().picked.borrow().clone()
    }

    /// Called when another row is selected, or more is known of the one that is.
    pub fn connect_picked(&self, called: impl Fn(&Timeline) + 'static) -> glib::SignalHandlerId {
        self.connect_local("picked", false, move |values| {
            if let Some(Ok(timeline)) = values.first().map(|value| value.get::<Timeline>()) {
                called(&timeline);
            }
            None
        })
    }

    fn change_picked(&self, spot: Spot, change: impl FnOnce(&mut Picked)) {
        // Another row may have been selected meanwhile.
        let there = match self.imp().picked.borrow_mut().as_mut().filter(|picked| picked.spot == spot) {
            Some(picked) => {
                change(picked);
                true
            }
            None => false,
        };
        if there {
            self.emit_by_name::<()>("picked", &[]);
            self.queue_draw();
        }
    }

    /// Selects no row.
    pub fn unpick(&self) {
        if self.imp().picked.take().is_some() {
            self.emit_by_name::<()>("picked", &[]);
            self.queue_draw();
        }
    }

    /// Selects a row, makes it visible, looks at its begin, and finds out about it.
    pub fn pick(&self, spot: Spot) {
        self.document().set_cursor(spot.time);
        self.reveal(Range::new(spot.time, spot.end()));
        self.find_out(spot);
    }

    /// Selects the frame that was slow where it, or what made it so, is what was selected, as going from one to the next
    /// does, and as lines of the overview do.
    pub(super) fn pick_slow(&self) {
        let (document, selection) = (self.document().clone(), self.document().selection());
        let (Some(tracks), false) = (self.tracks(), selection.is_empty()) else { return };
        let found = async move {
            let report = document.report().await.ok()?;
            let selected = (selection.begin, selection.end);
            let slow = &report.analysis.slow;
            let caused = |one: &&Slow| one.findings.iter().any(|finding| finding.place() == selected);
            let slow = slow.iter().find(|one| one.place == selected).or_else(|| slow.iter().find(caused))?;
            let (end, tid) = (slow.place.1, slow.thread.1);
            let frames = |lane: &Lane| lane.kind.look == Look::Frames && i64::from(lane.tid) == tid;
            let at = tracks.lanes.iter().position(frames)?;
            let job = move |reader: &mut Reader| step(reader, tracks.lanes.get(at)?, at, end, false).ok().flatten();
            document.ask(job).await.flatten().filter(|spot| spot.end() == end)
        };
        crate::pages::fill(self, found, move |timeline, spot| {
            // Something else may have been selected meanwhile.
            if let Some(spot) = spot.filter(|_| timeline.document().selection() == selection) {
                timeline.find_out(spot);
            }
        });
    }

    fn find_out(&self, spot: Spot) {
        let imp = self.imp();
        let Some(tracks) = imp.tracks.borrow().clone() else { return };
        if imp.picked.borrow().as_ref().is_some_and(|picked| picked.spot == spot) {
            return;
        }
        imp.chosen.set(Some(spot.lane));
        imp.picked.replace(Some(Picked { spot, detail: None, links: Vec::new(), why: Vec::new() }));
        let document = self.document().clone();
        self.reveal_lane(spot.lane);
        self.emit_by_name::<()>("picked", &[]);
        self.queue_draw();
        let (kept, origin, of) = (Arc::clone(&imp.kept), self.whole().begin, Arc::clone(&tracks));
        let asked = document.clone();
        let read = async move {
            let job = move |reader: &mut Reader| {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                let lane = of.lanes.get(spot.lane)?;
                detail(reader, &mut kept.texts, lane, spot, origin).ok().flatten()
            };
            asked.ask(job).await.flatten()
        };
        crate::pages::fill(self, read, move |timeline, detail| {
            timeline.change_picked(spot, |picked| picked.detail = detail);
        });
        let analysed = async move { document.report().await };
        crate::pages::fill(self, analysed, move |timeline, report| {
            // Who shows the analysis tells why there is none.
            let Ok(report) = report else { return };
            let analysis = &report.analysis;
            let links = links(analysis, &tracks.lanes, spot.lane, spot.time);
            let lane = tracks.lanes.get(spot.lane);
            let frames = lane.is_some_and(|lane| lane.kind.look == Look::Frames);
            let mine =
                |end: i64, tid: i64| frames && end == spot.end() && lane.is_some_and(|lane| i64::from(lane.tid) == tid);
            let slow = analysis.slow.iter().find(|slow| mine(slow.place.1, slow.thread.1));
            let findings = slow.map_or(&[][..], |slow| &slow.findings);
            let why = findings.iter().map(|one| (one.sentence(), Range::new(one.place().0, one.place().1))).collect();
            timeline.change_picked(spot, |picked| (picked.links, picked.why) = (links, why));
        });
    }

    /// Selects the row at the end of an arrow.
    pub fn pick_end(&self, end: &End) {
        let imp = self.imp();
        let Some(tracks) = imp.tracks.borrow().clone() else { return };
        if let Some(view) = imp.views.borrow_mut().get_mut(end.lane) {
            view.shown = true;
        }
        let (document, at, from) = (self.document().clone(), end.lane, end.time);
        let found = async move {
            let job = move |reader: &mut Reader| step(reader, tracks.lanes.get(at)?, at, from - 1, true).ok().flatten();
            document.ask(job).await.flatten()
        };
        crate::pages::fill(self, found, |timeline, spot| {
            timeline.resized();
            if let Some(spot) = spot {
                timeline.pick(spot);
            }
        });
    }

    /// Goes to the cause of the selected row, or to its effect.
    pub fn follow_link(&self, to_effect: bool) {
        let Some(picked) = self.picked() else { return };
        let own = |end: &End| end.lane == picked.spot.lane && end.time == picked.spot.time;
        let next = match to_effect {
            true => picked.links.iter().find(|link| own(&link.from)).map(|link| link.to.clone()),
            // The last cause is the nearest.
            false => picked.links.iter().rev().find(|link| own(&link.to)).map(|link| link.from.clone()),
        };
        match next {
            Some(end) => self.pick_end(&end),
            None => self.error_bell(),
        }
    }

    /// Selects the next row of the chosen lane, or the one before; whether there is a chosen lane.
    pub fn step(&self, forward: bool) -> bool {
        let imp = self.imp();
        let (Some(lane), Some(tracks)) = (imp.chosen.get(), imp.tracks.borrow().clone()) else { return false };
        let document = self.document().clone();
        let visible = document.visible();
        let picked = imp.picked.borrow().as_ref().filter(|picked| picked.spot.lane == lane).map(|picked| picked.spot);
        // The first one from what is looked at on.
        let from = match picked {
            Some(spot) => spot.time,
            None if visible.contains(document.cursor()) => document.cursor() - i64::from(forward),
            None if forward => visible.begin - 1,
            None => visible.end,
        };
        let found = async move {
            let job =
                move |reader: &mut Reader| step(reader, tracks.lanes.get(lane)?, lane, from, forward).ok().flatten();
            document.ask(job).await.flatten()
        };
        crate::pages::fill(self, found, |timeline, spot| match spot {
            Some(spot) => timeline.pick(spot),
            None => timeline.error_bell(),
        });
        true
    }

    /// Selects the time of the selected row, for all pages.
    pub fn select_picked(&self) {
        if let Some(picked) = self.picked() {
            self.document().set_selection(Range::new(picked.spot.time, picked.spot.end()));
        }
    }

    /// Selects a stretch of time, and shows it with its surroundings.
    pub fn show_range(&self, range: Range) {
        let document = self.document();
        document.set_selection(range);
        document.set_cursor(range.begin);
        document.set_visible(range.padded(0.5));
    }

    /// A moment in words, counted from the session's begin.
    pub fn moment(&self, time: i64) -> String {
        units::moment(time - self.whole().begin)
    }

    /// What a lane is called.
    pub fn lane_words(&self, lane: usize) -> Option<String> {
        Some(self.imp().tracks.borrow().as_ref()?.lanes.get(lane)?.words())
    }

    /// The selected row as text: its fields, and why it was slow.
    pub fn text(&self) -> String {
        let Some(picked) = self.picked() else { return String::new() };
        let mut lines = vec![picked.detail.as_ref().map_or_else(String::new, |detail| detail.title.clone())];
        lines.push(self.place_words(&picked));
        let fields = picked.detail.iter().flat_map(|detail| &detail.fields);
        lines.extend(fields.map(|(name, value)| format!("{name}\t{value}")));
        lines.extend(picked.why.iter().map(|(words, _)| words.clone()));
        lines.join("\n")
    }

    /// Where a row lies: its track, when, and how long.
    pub fn place_words(&self, picked: &Picked) -> String {
        let lane = self.lane_words(picked.spot.lane).unwrap_or_default();
        let mut parts = vec![lane, self.moment(picked.spot.time)];
        parts.extend(picked.spot.duration.map(time));
        parts.join(" · ")
    }

    /// Moves what is visible as far as it must be to show a stretch.
    pub fn reveal(&self, range: Range) {
        let document = self.document();
        let visible = document.visible();
        let fits = range.length() <= visible.length();
        if (range.begin >= visible.begin && range.end <= visible.end) || (!fits && range.contains(visible.begin)) {
            return;
        }
        let middle = if fits { range.begin + range.length() / 2 } else { range.begin + visible.length() / 3 };
        document.set_visible(visible.moved(middle - visible.begin - visible.length() / 2, document.whole()));
    }

    /// Scrolls as far as a lane must be to be seen.
    pub(super) fn reveal_lane(&self, lane: usize) {
        if let Some(place) = self.places().into_iter().find(|place| place.lane == lane) {
            self.scroll().clamp_page(place.top, place.top + place.height);
        }
    }

    /// What lies at a place of the widget.
    pub(super) fn hit(&self, x: f64, y: f64) -> Option<Hit> {
        let imp = self.imp();
        let (picture, tracks) = (imp.picture.borrow(), imp.tracks.borrow());
        let (picture, tracks) = (picture.as_ref()?, tracks.as_ref()?);
        let geometry = self.geometry();
        if x < geometry.lanes.x || y < geometry.lanes.y {
            return None;
        }
        let down = y - geometry.lanes.y + self.scroll().value();
        let place = self.places().into_iter().find(|place| (place.top..place.top + place.height).contains(&down))?;
        let time = geometry.time(x);
        let (range, columns) = (picture.scene.range, picture.scene.columns as f64);
        let column = (time - range.begin) as f64 / range.length().max(1) as f64 * columns;
        picture.scene.hit(&tracks.lanes, place.lane, column as i64, down - place.top)
    }

    /// What is told of something that is pointed at.
    pub(super) fn tip(&self, hit: &Hit, tracks: &Tracks) -> String {
        let Some(lane) = tracks.lanes.get(hit.spot.lane) else { return String::new() };
        let seconds = format!("{:.6} s", self.document().seconds(hit.spot.time));
        let mut lines =
            vec![if hit.text.is_empty() { lane.words() } else { format!("{}\n{}", hit.text, lane.words()) }];
        if let Some(value) = hit.value {
            lines.push(heads::value(lane, value));
        }
        match hit.spot.duration {
            Some(duration) if hit.count > 1 => {
                lines.push(tr_with(
                    "longest {duration}, at {time}",
                    &[("duration", &time(duration)), ("time", &seconds)],
                ));
            }
            Some(duration) => {
                lines.push(tr_with("{duration} at {time}", &[("duration", &time(duration)), ("time", &seconds)]));
            }
            None => lines.push(seconds),
        }
        if hit.count > 1 {
            lines.push(tr_many("{} row in this place", "{} rows in this place", hit.count));
        }
        lines.join("\n")
    }
}
