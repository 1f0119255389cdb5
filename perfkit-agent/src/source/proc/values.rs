//! Values on their way into the session: each has its place, and one that does not change is not written at every
//! beat.
//!
//! A value that stays is written once a second, and once more at the last moment of its staying, right before the
//! new one: so it is as exact as one that is written at every beat.

use crate::session::{Cell, Track, TrackId, schemas};
use crate::source::proc::meters::Meter;
use crate::source::{NameInfo, Outlet};

use rustc_hash::FxHashSet;

/// A value that stays is written after so many nanoseconds.
const STAYS: i64 = 1_000_000_000;

/// The places of all values.
#[derive(Debug, Default)]
pub struct Values {
    places: Vec<Place>,
    free: Vec<usize>,
    told: FxHashSet<String>,
}

#[derive(Debug)]
struct Place {
    track: TrackId,
    value: f64,
    /// When it was seen last, and when it was written last.
    seen: i64,
    written: i64,
}

/// The places of one table's values, for one thing that they are about.
#[derive(Clone, Debug)]
pub struct Group(Vec<usize>);

impl Values {
    /// Places for the values of a table about a process or thread, or about the machine where both are 0. `prefix`
    /// is what their names begin with, with its last dot.
    pub fn group<'a>(
        &mut self,
        outlet: &mut Outlet,
        (pid, tid): (i32, i32),
        prefix: &str,
        table: impl IntoIterator<Item = &'a Meter>,
    ) -> Group {
        let place = |meter: &Meter| {
            let name = format!("{prefix}{}", meter.name);
            if !self.told.contains(&name) {
                let (semantics, unit, doc) = (meter.semantics, meter.unit.to_owned(), meter.doc.to_owned());
                outlet.name(NameInfo { name: name.clone(), semantics, unit, doc });
                self.told.insert(name.clone());
            }
            let track = outlet.track(&Track { pid, tid, label: name });
            let place = Place { track, value: f64::NAN, seen: 0, written: 0 };
            match self.free.pop() {
                Some(at) => {
                    self.places[at] = place;
                    at
                }
                None => {
                    self.places.push(place);
                    self.places.len() - 1
                }
            }
        };
        Group(table.into_iter().map(place).collect())
    }

    /// Takes what was seen at a time, in the order of the group's table; NaN is left out.
    pub fn put(&mut self, outlet: &mut Outlet, time: i64, group: &Group, values: &[f64]) {
        let counters = outlet.series(&schemas::COUNTERS);
        for (at, &value) in group.0.iter().zip(values).filter(|(_, value)| value.is_finite()) {
            let place = &mut self.places[*at];
            let stays = value == place.value;
            if !stays && place.seen > place.written {
                outlet.point(counters, place.seen, place.track, &[Cell::Real(place.value)]);
            }
            if !stays || time - place.written >= STAYS {
                outlet.point(counters, time, place.track, &[Cell::Real(value)]);
                place.written = time;
            }
            (place.value, place.seen) = (value, time);
        }
    }

    /// No more values come for a group: those that stayed are written.
    pub fn end(&mut self, outlet: &mut Outlet, group: Group) {
        let counters = outlet.series(&schemas::COUNTERS);
        for at in group.0 {
            let place = &self.places[at];
            if place.seen > place.written {
                outlet.point(counters, place.seen, place.track, &[Cell::Real(place.value)]);
            }
            self.free.push(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::proc::meters::THREAD;

    #[test]
    fn a_value_that_stays_is_written_when_it_must() {
        let (mut outlet, seen) = Outlet::to_memory("proc");
        let mut values = Values::default();
        let group = values.group(&mut outlet, (7, 8), "thread.", THREAD);
        let second = STAYS;
        for (time, value) in [(1, 5.0), (2, 5.0), (3, 5.0), (4, 6.0), (5, f64::NAN), (6, 6.0), (4 + second, 6.0)] {
            values.put(&mut outlet, time, &group, &[value]);
        }
        values.put(&mut outlet, 5 + second, &group, &[6.0, 1.0]);
        values.end(&mut outlet, group);
        outlet.flush();
        let expected = [(1, 5), (3, 5), (4, 6), (4 + second, 6), (5 + second, 1), (5 + second, 6)];
        let name = |at: usize| if at == 4 { "cpu.wait" } else { "cpu.time" };
        let expected: Vec<_> = (0..).zip(expected).collect();
        let expected =
            expected.iter().map(|(at, (time, v))| format!("counters {time} 7/8 thread.{} value={v}", name(*at)));
        assert_eq!(seen.lines(), expected.collect::<Vec<_>>());
    }
}
