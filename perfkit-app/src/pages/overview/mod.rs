//! The overview: how a session went, which frames were slow and why, and what cost most. Each line leads to its place.
//!
//! It is about the whole session; [`frames`] has its graphs, [`lines`] the lists.

mod frames;
mod lines;

use std::sync::Arc;

use adw::prelude::*;
use perfkit_agent::report::{self, Report};

use super::fill;
use crate::model::{Document, Range};
use crate::widgets::flow::Flow;
use crate::widgets::save::Saving;
use crate::widgets::{accessible, status};
use crate::wording::{tr, tr_with};

/// The widest that lines stay readable, in pixels.
const WIDEST: i32 = 1180;
/// Pixels at which a card is at ease.
const CARD: i32 = 400;

pub fn make(document: &Document) -> gtk::Widget {
    let bin = adw::Bin::builder().child(&waiting()).build();
    let (asked, document) = (document.clone(), document.clone());
    fill(&bin, async move { asked.report().await }, move |bin, report| match report {
        Ok(report) => when_seen(bin, move |bin| bin.set_child(Some(&page(&document, &report)))),
        Err(error) => bin.set_child(Some(&status::trouble("Cannot Analyse the Session", &error))),
    });
    bin.upcast()
}

/// Does something once a widget is seen: whoever looks at another page meanwhile shall not wait for this one.
fn when_seen(bin: &adw::Bin, done: impl FnOnce(&adw::Bin) + 'static) {
    if bin.is_mapped() {
        return done(bin);
    }
    let done = std::cell::Cell::new(Some(done));
    bin.connect_map(move |bin| {
        if let Some(done) = done.take() {
            done(bin);
        }
    });
}

fn waiting() -> gtk::Box {
    let all =
        gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(12).valign(gtk::Align::Center).build();
    let spinner = status::waiting();
    spinner.set_vexpand(false);
    all.append(&spinner);
    all.append(&gtk::Label::builder().label(tr("Looking for slow frames and their causes…")).wrap(true).build());
    all
}

/// How a report's lines lead to their places.
fn range(place: (i64, i64)) -> Range {
    Range::new(place.0, place.1.max(place.0 + 1))
}

fn page(document: &Document, report: &Arc<Report>) -> gtk::ScrolledWindow {
    let all = gtk::Box::builder()
        .orientation(gtk::Orientation::Vertical)
        .spacing(18)
        .margin_top(18)
        .margin_bottom(24)
        .margin_start(12)
        .margin_end(12)
        .build();
    all.append(&verdict(document, report));
    if !report.analysis.strip.is_empty() {
        let frames = frames::frames(document, report);
        all.append(&frames::strip(document, &frames));
        let beside = flow(&tr("Frames"));
        beside.append(&frames::histogram(document, report));
        lines::causes(document, report).iter().for_each(|card| beside.append(card));
        all.append(&beside);
    }
    let lists = [lines::worst(document, report), lines::hangs(document, report), lines::answers(document, report)];
    lists.iter().flatten().for_each(|list| all.append(list));
    let costs = flow(&tr("What Cost Most"));
    for kind in &report.analysis.costs {
        lines::costs(document, report, kind).iter().for_each(|card| costs.append(card));
    }
    lines::waste(document, report).iter().for_each(|card| costs.append(card));
    if costs.first_child().is_some() {
        all.append(&heading(&tr("What Cost Most")));
        all.append(&costs);
    }
    lines::remarks(document, report).iter().for_each(|list| all.append(list));
    lines::next(report).iter().for_each(|list| all.append(list));
    let clamp = adw::Clamp::builder().maximum_size(WIDEST).tightening_threshold(900).child(&all).build();
    gtk::ScrolledWindow::builder().hscrollbar_policy(gtk::PolicyType::Never).child(&clamp).build()
}

/// Cards side by side, where there is room.
fn flow(name: &str) -> Flow {
    let flow = Flow::new(2, CARD, 18);
    accessible::name(&flow, name);
    flow
}

fn heading(text: &str) -> gtk::Label {
    gtk::Label::builder().label(text).xalign(0.0).wrap(true).css_classes(["title-4"]).margin_top(6).build()
}

fn verdict(document: &Document, report: &Arc<Report>) -> gtk::Box {
    let mut sentences = report::sentences_in(report, &tr).into_iter();
    let slowest = report.analysis.slow.iter().max_by_key(|slow| slow.work);
    let (icon, class) = match (report.analysis.frames.is_empty(), slowest) {
        (true, _) => ("dialog-information-symbolic", "dim-label"),
        (false, None) => ("emblem-ok-symbolic", "success"),
        (false, Some(_)) => ("dialog-warning-symbolic", "warning"),
    };
    let icon = gtk::Image::builder().icon_name(icon).pixel_size(48).valign(gtk::Align::Start).build();
    icon.add_css_class(class);
    let words = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(6).hexpand(true).build();
    let line = |text: &str, classes: &[&str]| {
        let label = gtk::Label::builder().label(text).xalign(0.0).wrap(true).build();
        label.set_css_classes(classes);
        label
    };
    let headline = sentences.next().unwrap_or_default();
    words.append(&line(&headline, &["title-2"]));
    for sentence in sentences {
        words.append(&line(&sentence, &[]));
    }
    let length = crate::wording::time(document.whole().length());
    let about = match report.subject.is_empty() {
        true => tr_with("{time} were recorded", &[("time", &length)]),
        false => tr_with("{subject}; {time} were recorded", &[("subject", &report.subject), ("time", &length)]),
    };
    words.append(&line(&about, &["dim-label", "caption"]));
    let button = |label: &str| {
        let button = gtk::Button::builder().label(label).halign(gtk::Align::Start).build();
        // In a narrow window it takes two lines.
        if let Some(label) = button.child().and_downcast::<gtk::Label>() {
            label.set_wrap(true);
            label.set_justify(gtk::Justification::Center);
        }
        button.set_margin_top(6);
        button.set_css_classes(&["suggested-action", "pill"]);
        button
    };
    if !report.draws {
        let button = button(&tr("New Recording…"));
        button.set_action_name(Some("win.new-recording"));
        words.append(&button);
    }
    if let Some(slowest) = slowest {
        let button = button(&tr("Show the Slowest Frame"));
        let (document, place) = (document.clone(), range(slowest.place));
        button.connect_clicked(move |_| document.go("timeline", place));
        words.append(&button);
    }
    let all = gtk::Box::builder().spacing(18).build();
    all.append(&icon);
    all.append(&words);
    let told = Arc::clone(report);
    let saving = Saving::new(&tr("report")).text(move || report::text(&told, &[]));
    let button = saving.button(document);
    button.set_valign(gtk::Align::Start);
    all.append(&button);
    all
}
