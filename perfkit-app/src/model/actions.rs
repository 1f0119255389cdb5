//! Actions on a document: what keys and buttons do to the visible range, the selection and the moment, whichever page
//! is shown.

use gtk::prelude::*;
use gtk::{gio, glib};
use perfkit_agent::analysis::exposures;

use super::{Document, Range, speeds};
use crate::wording::tr;

/// Zooming in makes the visible range this much as long, zooming out the reverse.
const STEP: f64 = 0.5;

/// The actions, as the group `doc`.
pub fn actions(document: &Document) -> gio::SimpleActionGroup {
    let group = gio::SimpleActionGroup::new();
    let add = |name: &str, run: fn(&Document)| {
        let action = gio::SimpleAction::new(name, None);
        let document = document.downgrade();
        action.connect_activate(move |_, _| {
            if let Some(document) = document.upgrade() {
                run(&document);
            }
        });
        group.add_action(&action);
    };
    add("zoom-in", |document| zoom(document, STEP));
    add("zoom-out", |document| zoom(document, 1.0 / STEP));
    add("zoom-all", |document| document.set_visible(document.whole()));
    add("zoom-selection", |document| {
        if !document.selection().is_empty() {
            document.set_visible(document.selection());
        }
    });
    add("first", |document| {
        let (visible, whole) = (document.visible(), document.whole());
        document.set_cursor(whole.begin);
        document.set_visible(visible.moved(whole.begin - visible.begin, whole));
    });
    add("last", |document| {
        let (visible, whole) = (document.visible(), document.whole());
        document.set_cursor(whole.end);
        document.set_visible(visible.moved(whole.end - visible.end, whole));
    });
    add("clear-selection", |document| document.set_selection(Range::default()));
    add("play", |document| document.set_playing(!document.playing()));
    add("slower", |document| document.set_speed(speeds::beside(document.speed(), false)));
    add("faster", |document| document.set_speed(speeds::beside(document.speed(), true)));
    add("next-exposure", |document| step_to_exposure(document, true));
    add("previous-exposure", |document| step_to_exposure(document, false));
    add("bookmark", |document| {
        let document = document.clone();
        glib::spawn_future_local(async move { document.add_bookmark().await });
    });
    add("next-slow", |document| step_to_slow(document, true));
    add("previous-slow", |document| step_to_slow(document, false));
    let pan = gio::SimpleAction::new("pan", Some(glib::VariantTy::DOUBLE));
    let document = document.downgrade();
    pan.connect_activate(move |_, share| {
        let share = share.and_then(glib::Variant::get::<f64>).unwrap_or(0.0);
        if let Some(document) = document.upgrade() {
            let visible = document.visible();
            document.set_visible(visible.moved((visible.length() as f64 * share) as i64, document.whole()));
        }
    });
    group.add_action(&pan);
    group
}

/// Zooms at the moment that is looked at, or in the middle where that is not visible.
fn zoom(document: &Document, factor: f64) {
    let (visible, cursor) = (document.visible(), document.cursor());
    let fixed = if visible.contains(cursor) { cursor } else { visible.begin + visible.length() / 2 };
    document.set_visible(visible.zoomed(factor, fixed, document.whole()));
}

/// Selects the slow frame after or before the moment that is looked at, and shows it at the same zoom.
fn step_to_slow(document: &Document, forward: bool) {
    let document = document.clone();
    glib::spawn_future_local(async move {
        let Ok(report) = document.report().await else { return };
        let cursor = document.cursor();
        let mut ranges: Vec<Range> = slow_frames(&report);
        ranges.sort_by_key(|range| range.begin);
        let next = match forward {
            true => ranges.into_iter().find(|range| range.begin > cursor),
            false => ranges.into_iter().rev().find(|range| range.begin < cursor),
        };
        let Some(range) = next else {
            document.tell(&tr(if forward { "No slow frame follows" } else { "No slow frame before" }));
            return;
        };
        document.set_selection(range);
        document.set_cursor(range.begin);
        document.show_stretch(range);
    });
}

/// Goes to what was exposed next after the moment that is looked at, or last before it, and stops there.
fn step_to_exposure(document: &Document, forward: bool) {
    let document = document.clone();
    glib::spawn_future_local(async move {
        document.set_playing(false);
        let selection = document.selection();
        let cursor = match document.cursor() {
            // Into what is selected, from wherever one looks.
            cursor if !selection.is_empty() && !selection.contains(cursor) => {
                if forward {
                    selection.begin - 1
                } else {
                    selection.end
                }
            }
            cursor => cursor,
        };
        let step = move |reader: &mut crate::link::Reader| match forward {
            true => exposures::next(&reader.query, cursor),
            false => exposures::previous(&reader.query, cursor),
        };
        match document.ask(step).await {
            Some(Ok(Some(moment))) if !selection.is_empty() && !selection.contains(moment) => {
                document.tell(&tr("Nothing more is exposed in what is selected"));
            }
            Some(Ok(Some(moment))) => {
                document.set_cursor(moment);
                document.show_stretch(Range::new(moment, moment));
            }
            Some(Ok(None)) if forward => document.tell(&tr("Nothing is exposed after this moment")),
            Some(Ok(None)) => document.tell(&tr("Nothing is exposed before this moment")),
            Some(Err(error)) => document.tell(&error.to_string()),
            None => {}
        }
    });
}

/// The slow frames of an analysis, each with its wait.
pub fn slow_frames(report: &perfkit_agent::report::Report) -> Vec<Range> {
    report.analysis.slow.iter().map(|slow| Range::new(slow.place.0, slow.place.1)).collect()
}
