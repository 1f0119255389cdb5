//! The function that the processor was in.

use super::Inside;
use crate::analysis::engine::Facts;
use crate::analysis::evidence;
use crate::analysis::timeline::length;

/// One sample says that a function ran, and not for how long.
pub const LEAST: usize = 2;

/// The function that most samples of the stretch were in.
pub fn look(facts: &Facts<'_>, parts: &[(i64, i64)]) -> Option<Inside> {
    let (from, to) = super::reach(parts)?;
    let (ns, samples, function) = facts.stacks.busiest_innermost(facts.timeline, parts)?;
    let evidence = evidence::between("samples", facts.timeline.tid, from, to);
    let words = format!("in {}", function.place());
    (samples >= LEAST).then(|| Inside { name: "function", ns: ns.min(length(parts)), words, evidence })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::analysis::Timeline;
    use crate::analysis::engine::tests::ms;
    use crate::analysis::inside::style;
    use crate::analysis::stacks::Stacks;
    use crate::analysis::timeline::At;

    /// What is said of ten milliseconds with samples of 3 ms in these stacks: 1 draws, 2 computes styles, 3 below that.
    fn said(of: &[i64]) -> [Option<(i64, String)>; 2] {
        let samples = of.iter().enumerate().map(|(at, &stack)| At { time: ms(at as i64), what: (ms(3), stack) });
        let timeline = Timeline { samples: samples.collect(), ..Timeline::default() };
        let stacks =
            Stacks::named(&[(1, None, "cairo_fill"), (2, None, "gtk_css_node_validate"), (3, Some(2), "malloc")]);
        let facts = Facts { timeline: &timeline, stacks: &stacks, names: &HashMap::new() };
        [look, style::look].map(|look| look(&facts, &[(0, ms(10))]).map(|inside| (inside.ns, inside.words)))
    }

    #[test]
    fn the_function_and_the_styles_of_several_samples_are_told_and_those_of_one_are_not() {
        assert_eq!(said(&[1, 2, 1]), [Some((ms(6), "in cairo_fill".to_owned())), None]);
        let styles = Some((ms(6), "computing styles".to_owned()));
        assert_eq!(said(&[1, 2, 3]), [None, styles.clone()]);
        assert_eq!(said(&[3, 3, 3, 3])[0], Some((ms(10), "in malloc".to_owned())), "no more than there was");
        assert_eq!(said(&[2]), [None, None]);
    }
}
