//! Computing styles: samples below GTK's functions for CSS.

use super::{Inside, function};
use crate::analysis::engine::Facts;
use crate::analysis::evidence;

/// How the names of these functions begin.
const PREFIX: &str = "gtk_css_";

/// The part of the stretch in which styles were computed.
pub fn look(facts: &Facts<'_>, from: i64, to: i64) -> Option<Inside> {
    let (ns, samples) = facts.stacks.under(facts.timeline, from, to, PREFIX);
    let evidence = evidence::between("samples", facts.timeline.tid, from, to);
    let words = "computing styles".to_owned();
    (samples >= function::LEAST).then(|| Inside { name: "style", ns: ns.min(to - from), words, evidence })
}
