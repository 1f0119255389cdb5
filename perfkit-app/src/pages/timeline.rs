//! The timeline page: the tracks of a session on one axis of time.

use gtk::prelude::*;

use crate::model::Document;
use crate::widgets::timeline::Timeline;

pub fn make(document: &Document) -> gtk::Widget {
    let timeline = Timeline::new(document);
    let line = gtk::Box::new(gtk::Orientation::Horizontal, 0);
    line.append(&timeline);
    line.append(&gtk::Scrollbar::new(gtk::Orientation::Vertical, Some(timeline.scroll())));
    line.upcast()
}
