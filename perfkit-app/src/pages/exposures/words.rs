//! What was repainted, as sentences.

use gdkrecord::draw::exposures::{Plan, Repaint};
use gdkrecord::units;

use crate::wording::{tr, tr_many, tr_with};

/// What was repainted in a stretch, and how much of that in vain.
pub fn sentence(plan: &Plan) -> String {
    let all = plan.repainted();
    if plan.exposures == 0 || all.times == 0 {
        return tr("Nothing was repainted in this stretch.");
    }
    let sum = tr_with("{paints} of {area} in all.", &[("paints", &paints(&all)), ("area", &area(all.repainted))]);
    let waste = match (plan.apart, all.share().unwrap_or(0.0)) {
        (false, _) => tr("GTK 2 and 3 do not tell what had changed, so that waste is not known."),
        (true, share) if share < 0.005 => tr("Hardly anything of it was in vain."),
        (true, share) => tr_with(
            "{share} of it was in vain: {area} in which nothing had changed.",
            &[("share", &units::share(share)), ("area", &area(all.wasted))],
        ),
    };
    format!("{sum} {waste}")
}

/// What a window repainted: "214 repaints, 8.16 Mpx, 12.0 % in vain".
pub fn of_window(repaint: &Repaint, apart: bool) -> String {
    if repaint.times == 0 {
        return tr("not repainted");
    }
    let mut words = vec![paints(repaint), area(repaint.repainted)];
    if let Some(share) = repaint.share().filter(|share| apart && *share >= 0.005) {
        words.push(tr_with("{share} in vain", &[("share", &units::share(share))]));
    }
    words.join(", ")
}

fn paints(repaint: &Repaint) -> String {
    tr_many("{} repaint", "{} repaints", natural(repaint.times))
}

fn area(px: i64) -> String {
    units::area(natural(px))
}

fn natural(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gdkrecord::draw::exposures::Planner;
    use gdkrecord::draw::scale::Range;

    fn plan(repaint: Repaint, apart: bool) -> Plan {
        let mut plan = Planner::new(Range::new(0, 1), None).finish();
        plan.shown.insert(1);
        plan.repaint.insert(1, repaint);
        (plan.exposures, plan.apart) = (repaint.times as u64, apart);
        plan
    }

    #[test]
    fn waste_is_told_where_it_is_known() {
        let some = Repaint { damaged: 880, repainted: 1_000, wasted: 120, times: 2 };
        for (repaint, apart, words) in [
            (Repaint::default(), true, "Nothing was repainted in this stretch."),
            (
                some,
                true,
                "2 repaints of 1.00 kpx in all. 12.0 % of it was in vain: 120 px in which nothing had changed.",
            ),
            (
                some,
                false,
                "2 repaints of 1.00 kpx in all. GTK 2 and 3 do not tell what had changed, so that waste is not known.",
            ),
            (Repaint { wasted: 0, ..some }, true, "2 repaints of 1.00 kpx in all. Hardly anything of it was in vain."),
        ] {
            assert_eq!(sentence(&plan(repaint, apart)), words);
        }
        assert_eq!(of_window(&some, true), "2 repaints, 1.00 kpx, 12.0 % in vain");
        assert_eq!(of_window(&some, false), "2 repaints, 1.00 kpx");
        assert_eq!(of_window(&Repaint::default(), true), "not repainted");
    }
}
