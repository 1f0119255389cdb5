//! Below a treemap: what is known of the cell that is pointed at or chosen, and what the colours tell.

use gdkrecord::draw::{Area, fill};
use gtk::pango;
use gtk::prelude::*;

use super::choice::shade_name;
use super::{Shown, words};
use crate::widgets::graph;
use crate::wording::tr;

/// The size of the scale of colours, in pixels, and in how many steps it is drawn.
const SCALE: (i32, i32) = (90, 12);
const STEPS: i32 = 30;

/// The line.
pub struct Foot {
    line: gtk::Box,
    words: gtk::Label,
    longest: gtk::Button,
    legend: gtk::Box,
    title: gtk::Label,
    least: gtk::Label,
    most: gtk::Label,
}

impl Foot {
    /// Of nothing yet.
    pub fn new() -> Foot {
        let words = gtk::Label::builder()
            .xalign(0.0)
            .hexpand(true)
            .ellipsize(pango::EllipsizeMode::Middle)
            .css_classes(["numeric"])
            .build();
        let longest = gtk::Button::builder()
            .label(tr("Show the _Longest"))
            .use_underline(true)
            .tooltip_text(tr("Show in the timeline when the chosen cell took longest"))
            .css_classes(["flat", "perfkit-line"])
            .build();
        let label = |class: &str| gtk::Label::builder().css_classes(["caption", class]).build();
        let (title, least, most) = (label("dim-label"), label("numeric"), label("numeric"));
        let legend = gtk::Box::builder().spacing(6).build();
        legend.append(&title);
        legend.append(&least);
        legend.append(&scale());
        legend.append(&most);
        let line = gtk::Box::builder()
            .spacing(12)
            .margin_start(12)
            .margin_end(12)
            .margin_top(4)
            .margin_bottom(4)
            .height_request(30)
            .build();
        line.append(&words);
        line.append(&longest);
        line.append(&legend);
        Foot { line, words, longest, legend, title, least, most }
    }

    /// Its widget.
    pub fn widget(&self) -> &gtk::Box {
        &self.line
    }

    /// Called when one wants to see when the chosen cell took longest.
    pub fn connect_longest(&self, told: impl Fn() + 'static) {
        self.longest.connect_clicked(move |_| told());
    }

    /// Tells of a node, or how to find out about one.
    pub fn tell(&self, shown: Option<&Shown>, node: Option<usize>) {
        let told = shown.zip(node);
        let words = told.map(|(shown, node)| words::of_node(shown, node).replace('\n', " – "));
        self.words.set_label(&words.unwrap_or_else(|| tr("Point at a cell, or walk with the arrow keys")));
        let place = told.and_then(|(shown, node)| shown.place(node));
        self.longest.set_visible(place.is_some());
    }

    /// Says something else.
    pub fn say(&self, words: &str) {
        self.words.set_label(words);
        self.longest.set_visible(false);
    }

    /// Tells what the colours are.
    pub fn set_shade(&self, shown: Option<&Shown>) {
        let shade = shown.and_then(|shown| Some((shown.choice.shade?, shown.shaded)));
        self.legend.set_visible(shade.is_some_and(|(_, range)| range.is_some()));
        if let Some((shade, Some((least, most)))) = shade {
            self.title.set_label(&shade_name(shade));
            self.least.set_label(&shade.words(least));
            self.most.set_label(&shade.words(most));
        }
    }
}

fn scale() -> gtk::DrawingArea {
    let area = gtk::DrawingArea::builder()
        .content_width(SCALE.0)
        .content_height(SCALE.1)
        .valign(gtk::Align::Center)
        .accessible_role(gtk::AccessibleRole::Presentation)
        .build();
    area.set_draw_func(|_, ctx, width, height| {
        let palette = graph::palette();
        for step in 0..STEPS {
            let (x, next) = (width * step / STEPS, width * (step + 1) / STEPS);
            let part = Area::new(x.into(), 0.0, (next - x).into(), height.into());
            // The ends of the scale have words.
            let _ = fill(ctx, part, palette.level(f64::from(step) / f64::from(STEPS - 1)));
        }
    });
    let weak = area.downgrade();
    adw::StyleManager::default().connect_dark_notify(move |_| {
        if let Some(area) = weak.upgrade() {
            area.queue_draw();
        }
    });
    area
}
