//! A card of a page: a heading, controls beside it, and what it is about.

use adw::prelude::*;

use super::table::Table;
use super::{accessible, as_table};
use crate::model::Document;

/// A card; controls are appended to its head.
pub struct Card {
    /// All of it.
    pub root: gtk::Box,
    /// The line with the heading.
    pub head: gtk::Box,
}

/// A card with a heading in the user's language, around something.
pub fn card(title: &str, child: &impl IsA<gtk::Widget>) -> Card {
    let head = gtk::Box::builder().spacing(6).css_classes(["perfkit-card-head"]).build();
    let label =
        gtk::Label::builder().label(title).xalign(0.0).hexpand(true).wrap(true).css_classes(["heading"]).build();
    head.append(&label);
    let root =
        gtk::Box::builder().orientation(gtk::Orientation::Vertical).css_classes(["card", "perfkit-card"]).build();
    root.append(&head);
    root.append(child);
    Card { root, head }
}

/// A card with a graph, which can be had as a table, too, and be given away.
pub fn graph(document: &Document, title: &str, graph: &super::graph::Graph, table: &Table) -> Card {
    let stack = gtk::Stack::builder().vhomogeneous(false).hhomogeneous(false).build();
    accessible::only_shown(&stack);
    stack.add_named(graph, Some("graph"));
    table.set_height_request(240);
    stack.add_named(table, Some("table"));
    let card = card(title, &stack);
    let as_table = as_table::switching(&stack, "graph");
    card.head.append(&as_table);
    card.head.append(&table.give(graph.saving()).button(document));
    card
}
