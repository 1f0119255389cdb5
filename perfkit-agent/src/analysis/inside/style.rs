//! Computing styles: samples below GTK's functions for CSS.

use super::Inside;
use crate::analysis::engine::Facts;

/// How the names of these functions begin.
const PREFIX: &str = "gtk_css_";

/// The part of the stretch in which styles were computed.
pub fn look(facts: &Facts<'_>, from: i64, to: i64) -> Option<Inside> {
    let timeline = facts.timeline;
    let ns = facts.stacks.under(timeline, from, to, PREFIX);
    let tid = timeline.tid;
    let evidence = format!("SELECT * FROM samples WHERE tid = {tid} AND time BETWEEN {from} AND {to}");
    (ns > 0).then(|| Inside { name: "style", ns, words: "computing styles".to_owned(), evidence })
}
