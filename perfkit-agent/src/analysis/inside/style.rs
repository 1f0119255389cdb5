//! Computing styles: samples below GTK's functions for CSS.

use super::{Inside, function};
use crate::analysis::engine::Facts;
use crate::analysis::evidence;
use crate::analysis::timeline::length;

/// How the names of these functions begin.
const PREFIX: &str = "gtk_css_";

/// The part of the stretch in which styles were computed.
pub fn look(facts: &Facts<'_>, parts: &[(i64, i64)]) -> Option<Inside> {
    let (from, to) = super::reach(parts)?;
    let (ns, samples) = facts.stacks.under(facts.timeline, parts, PREFIX);
    let evidence = evidence::between("samples", facts.timeline.tid, from, to);
    let words = "computing styles".to_owned();
    (samples >= function::LEAST).then(|| Inside { name: "style", ns: ns.min(length(parts)), words, evidence })
}
