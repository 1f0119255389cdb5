//! The server: what the agent counted about itself while it served. [`cards`] shows it; the same is shown live of an
//! agent that is connected.

pub mod cards;
pub mod read;

use std::rc::Rc;

use adw::prelude::*;

use super::follow::{Follow, Over, Wanted};
use crate::draw::counters::View;
use crate::link::Reader;
use crate::model::{Document, Range};
use crate::widgets::bar;
use cards::{Cards, Shown};

/// Columns of time into which it is read: graphs are about so many pixels wide.
const COLUMNS: usize = 400;

/// Makes the page.
pub fn make(document: &Document) -> gtk::Widget {
    let root = gtk::Box::builder().orientation(gtk::Orientation::Vertical).build();
    let of = document.clone();
    let view = move || View { visible: of.visible(), selection: of.selection(), cursor: of.cursor(), pointer: None };
    let cards = Cards::new(Shown { view: Rc::new(view), document: Some(document.clone()) });
    root.append(&bar::bar(document));
    root.append(&gtk::Separator::new(gtk::Orientation::Horizontal));
    root.append(&cards.root);
    let redrawn = Rc::clone(&cards);
    document.watch(&root, &["visible", "selection", "cursor"], move |_, document| {
        // While time runs nobody reads tables.
        redrawn.moved(!document.playing());
    });
    let whole = document.whole();
    let job =
        move |reader: &mut Reader, range: Range, wanted: &Wanted| read::history(reader, range, whole, COLUMNS, wanted);
    let of = document.clone();
    Follow::new(&root, document, Over::Visible, job, move |_, history| match history {
        Ok(history) => cards.show(history),
        Err(error) => of.tell(&error.to_string()),
    });
    root.upcast()
}
