//! What plays the exposures: steps from one to the next, play and pause, the strip to scrub on, and the speed.

use gtk::prelude::*;

use crate::model::Document;
use crate::model::speeds::{SPEEDS, nearest, speeds};
use crate::widgets::accessible;
use crate::widgets::line::Line;
use crate::widgets::scrub::Scrub;
use crate::wording::tr;

/// A line with all of them.
pub fn line(document: &Document, scrub: &Scrub, skip: &gtk::ToggleButton) -> Line {
    let line = Line::default();
    line.set_margin_start(8);
    line.set_margin_end(8);
    line.set_margin_top(4);
    line.set_margin_bottom(4);
    let steps = gtk::Box::builder().valign(gtk::Align::Center).css_classes(["linked"]).build();
    steps.append(&button("media-skip-backward-symbolic", &tr("Previous Exposure (,)"), "doc.previous-exposure"));
    let play = button("media-playback-start-symbolic", "", "doc.play");
    let show = |play: &gtk::Button, document: &Document| {
        let (icon, words) = match document.playing() {
            true => ("media-playback-pause-symbolic", tr("Pause (Space)")),
            false => ("media-playback-start-symbolic", tr("Play (Space)")),
        };
        play.set_icon_name(icon);
        play.set_tooltip_text(Some(&words));
        accessible::name(play, &words);
    };
    show(&play, document);
    document.watch(&play, &["playing"], show);
    steps.append(&play);
    steps.append(&button("media-skip-forward-symbolic", &tr("Next Exposure (.)"), "doc.next-exposure"));
    line.append(&steps);
    // Time goes from the left to the right in every language.
    line.set_direction(gtk::TextDirection::Ltr);
    steps.set_direction(gtk::TextDirection::Ltr);
    line.append(scrub);
    let speed = gtk::DropDown::builder()
        .model(&speeds())
        .selected(nearest(document.speed()))
        .tooltip_text(tr("Speed"))
        .valign(gtk::Align::Center)
        .build();
    accessible::name(&speed, &tr("Speed"));
    let of = document.downgrade();
    speed.connect_selected_notify(move |speed| {
        let chosen = SPEEDS.get(speed.selected() as usize);
        if let (Some(document), Some((chosen, _))) = (of.upgrade(), chosen)
            && nearest(document.speed()) != speed.selected()
        {
            document.set_speed(*chosen);
        }
    });
    document.watch(&speed, &["speed"], |speed, document| speed.set_selected(nearest(document.speed())));
    line.append(&speed);
    skip.set_valign(gtk::Align::Center);
    line.append(skip);
    line
}

fn button(icon: &str, words: &str, action: &str) -> gtk::Button {
    let button = gtk::Button::builder().icon_name(icon).tooltip_text(words).action_name(action).build();
    accessible::name(&button, words);
    button
}
