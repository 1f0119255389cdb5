//! Spans of one thread that tools want nested, each within the one around it: which of several lanes each fits into.

/// The lanes of a thread. Spans come in the order of their begins; the memory is that of those which are open.
#[derive(Clone, Debug, Default)]
pub struct Nest {
    /// The ends of the spans that are open on each lane, the innermost last.
    lanes: Vec<Vec<i64>>,
}

impl Nest {
    /// The lane of a span, from 0: the first on which it lies within whatever is open there. `closed` is told of each
    /// end that came to pass before, with its lane.
    pub fn put<E>(
        &mut self,
        begin: i64,
        end: i64,
        closed: &mut dyn FnMut(usize, i64) -> Result<(), E>,
    ) -> Result<usize, E> {
        for (at, lane) in self.lanes.iter_mut().enumerate() {
            while let Some(until) = lane.pop_if(|until| *until <= begin) {
                closed(at, until)?;
            }
            if lane.last().is_none_or(|until| end <= *until) {
                lane.push(end);
                return Ok(at);
            }
        }
        self.lanes.push(vec![end]);
        Ok(self.lanes.len() - 1)
    }

    /// Tells of the ends of all that are still open.
    pub fn finish<E>(&mut self, closed: &mut dyn FnMut(usize, i64) -> Result<(), E>) -> Result<(), E> {
        for (at, lane) in self.lanes.iter_mut().enumerate() {
            while let Some(until) = lane.pop() {
                closed(at, until)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_lies_within_shares_a_lane_and_what_overlaps_does_not() {
        let mut nest = Nest::default();
        let mut ends = Vec::new();
        let spans = [(0, 100), (10, 50), (20, 50), (40, 60), (60, 60), (60, 100), (90, 110), (100, 200)];
        let mut put = |(begin, end)| {
            nest.put(begin, end, &mut |lane, until| {
                ends.push((lane, until));
                Ok::<(), ()>(())
            })
        };
        assert_eq!(spans.map(|span| put(span).unwrap()), [0, 0, 0, 1, 0, 0, 1, 0]);
        assert_eq!(ends, [(0, 50), (0, 50), (0, 60), (1, 60), (0, 100), (0, 100)]);
    }

    proptest! {
        #[test]
        fn every_lane_is_nested_and_every_begin_has_its_end(spans in prop::collection::vec((0i64..200, 0i64..80), 0..100)) {
            let mut spans = spans;
            spans.sort_by_key(|(begin, length)| (*begin, -*length));
            let (mut nest, mut told) = (Nest::default(), Vec::new());
            let mut open: Vec<Vec<i64>> = Vec::new();
            for (begin, length) in &spans {
                let lane = nest.put(*begin, begin + length, &mut |lane, until| {
                    told.push((lane, until));
                    Ok::<(), ()>(())
                }).unwrap();
                for (lane, until) in told.drain(..) {
                    prop_assert!(until <= *begin);
                    prop_assert_eq!(open[lane].pop(), Some(until));
                }
                open.resize(open.len().max(lane + 1), Vec::new());
                prop_assert!(open[lane].last().is_none_or(|around| begin + length <= *around));
                open[lane].push(begin + length);
            }
            nest.finish(&mut |lane, until| { told.push((lane, until)); Ok::<(), ()>(()) }).unwrap();
            for (lane, until) in told {
                prop_assert_eq!(open[lane].pop(), Some(until));
            }
            prop_assert!(open.iter().all(Vec::is_empty));
        }
    }
}
