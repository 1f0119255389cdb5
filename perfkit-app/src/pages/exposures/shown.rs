//! What is shown of a stretch: its plan, and the film that is at hand; of which part of the stretch one is wanted next.

use perfkit_agent::analysis::exposures::{Part, Survey};

use crate::model::Range;

/// A film begins so much before the moment for which it is asked, in nanoseconds: what was exposed then has faded.
const LEAD: i64 = 3_000_000_000;

/// What is shown of a stretch.
pub struct Shown {
    /// The stretch.
    pub range: Range,
    /// What is known of it.
    pub survey: Survey,
    /// The film that is shown; none where one is awaited.
    pub part: Option<Part>,
}

impl Shown {
    /// The stretch of which a film is wanted, so that a moment can be shown and what follows; `None` where there is one.
    pub fn wanted(&self, now: i64) -> Option<(i64, i64)> {
        let Range { begin, end } = self.range;
        let Some((from, to)) = self.part.as_ref().map(|part| part.range) else {
            return Some((begin.max(now - LEAD), end));
        };
        let (reaches_back, reaches_on) = (from <= now.max(begin), to > now || to >= end);
        let lead = match (reaches_back, reaches_on) {
            // The next begins before this one has ended, so that playing does not wait.
            (true, true) if to < end && now > to - (to - from) / 10 => LEAD,
            (true, true) => return None,
            // Backwards one is seldom content with a moment.
            (false, _) => LEAD.max((to - from) / 2),
            // So much happens that the lead alone fills it.
            (true, false) if now - from <= LEAD => (now - from) / 4,
            (true, false) => LEAD,
        };
        let wanted = (begin.max(now - lead), end);
        // Where that is what there is already, it would not help.
        (wanted.0 != from).then_some(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use gdkrecord::draw::exposures::{Film, Planner, Stage as Scene};
    use gdkrecord::draw::windows::Windows;

    const SECOND: i64 = 1_000_000_000;

    fn shown(part: Option<(i64, i64)>) -> Shown {
        let plan = Arc::new(Planner::new(gdkrecord::draw::scale::Range::new(0, 1), None).finish());
        let film = Arc::new(Film::new(Scene::new(plan.clone(), 1), Vec::new()));
        let part = part.map(|(from, to)| Part { film, range: (from * SECOND, to * SECOND) });
        let survey = Survey { plan, windows: Windows::new(), film: None };
        Shown { range: Range::new(10 * SECOND, 100 * SECOND), survey, part }
    }

    #[test]
    fn a_film_is_asked_for_where_there_is_none_and_before_it_is_needed() {
        let wanted = |part, now: i64| shown(part).wanted(now * SECOND).map(|(from, to)| (from / SECOND, to / SECOND));
        assert_eq!(wanted(None, 50), Some((47, 100)));
        assert_eq!(wanted(None, 11), Some((10, 100)));
        // All of it.
        assert_eq!(wanted(Some((10, 100)), 10), None);
        assert_eq!(wanted(Some((10, 100)), 100), None);
        // A part, in its middle, near its end, behind it, and before it.
        assert_eq!(wanted(Some((20, 40)), 30), None);
        assert_eq!(wanted(Some((20, 40)), 39), Some((36, 100)));
        assert_eq!(wanted(Some((20, 40)), 60), Some((57, 100)));
        assert_eq!(wanted(Some((40, 60)), 30), Some((20, 100)));
        // The last part is not asked for again, and one that is too full begins later.
        assert_eq!(wanted(Some((80, 100)), 99), None);
        assert_eq!(shown(Some((47, 48))).wanted(50 * SECOND), Some((49_250_000_000, 100 * SECOND)));
    }
}
