//! A report of opreport, whichever way it was written, and the samples that it becomes.
//!
//! OProfile keeps no times: it counts, for each function, in how many samples it ran, and with `--callgraph` how many
//! of them came from which caller. So a session gets one sample for each function and caller, at the end of what was
//! profiled, with the weight of all of them.

use rustc_hash::FxHashMap;

use crate::session::{Cell, Frame, StackId, Track, schemas};
use crate::source::Outlet;

/// Callers that a stack is followed through, at most.
const DEPTH_MAX: usize = 64;

/// A report.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// What was counted.
    pub events: Vec<Event>,
    /// The functions that were seen.
    pub functions: Vec<Function>,
}

/// What was counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// As CPU_CLK_UNHALTED.
    pub name: String,
    /// Events that one sample stands for.
    pub count: u64,
}

/// A function.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Function {
    /// Which.
    pub place: Place,
    /// Samples in which it ran itself, by the place of the event.
    pub samples: Vec<u64>,
    /// Who called it, and in how many samples, of all events together.
    pub callers: Vec<(Place, u64)>,
}

/// A function's name, and where it lies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Place {
    /// The function, demangled; empty where it is not known.
    pub function: String,
    /// The program or library.
    pub module: String,
    /// The address in the module at which it begins; 0 where it is not told.
    pub address: u64,
}

impl Report {
    /// Puts it into an outlet, as samples of a process (0 where it is of none) at a time.
    pub fn put(&self, outlet: &mut Outlet, pid: i32, time: i64) {
        let series = outlet.series(&schemas::SAMPLES);
        let track = outlet.track(&Track { pid, ..Track::default() });
        let known: FxHashMap<&Place, &Function> =
            self.functions.iter().map(|function| (&function.place, function)).collect();
        for function in &self.functions {
            for (event, &samples) in self.events.iter().zip(&function.samples) {
                for (caller, share) in shares(samples, &function.callers) {
                    let outer = caller.and_then(|caller| stack(&known, outlet, caller));
                    let stack = outlet.stack(outer, frame(&function.place));
                    let weight = i64::try_from(share.saturating_mul(event.count)).unwrap_or(i64::MAX);
                    let cells = [Cell::Text(&event.name), Cell::Stack(stack), Cell::Null, Cell::Int(weight)];
                    outlet.point(series, time, track, &cells);
                }
            }
        }
    }
}

/// The stack of a caller: followed outwards as long as there is one caller only, since beyond that nobody knows.
fn stack(known: &FxHashMap<&Place, &Function>, outlet: &mut Outlet, innermost: &Place) -> Option<StackId> {
    let mut places = vec![innermost];
    while let Some(function) = places.last().and_then(|place| known.get(place)) {
        match function.callers.as_slice() {
            [(only, _)] if places.len() < DEPTH_MAX && !places.contains(&only) => places.push(only),
            _ => break,
        }
    }
    places.into_iter().rev().fold(None, |outer, place| Some(outlet.stack(outer, frame(place))))
}

/// A function's own samples, divided among its callers as their arcs are; the parts add up to the whole.
///
/// The arcs of a function that calls others hold their samples too, so that this is an estimate for one with several
/// callers.
fn shares(samples: u64, callers: &[(Place, u64)]) -> Vec<(Option<&Place>, u64)> {
    let total: u128 = callers.iter().map(|(_, count)| u128::from(*count)).sum();
    if samples == 0 {
        return Vec::new();
    }
    if total == 0 {
        return vec![(None, samples)];
    }
    // Together they may be more than can be multiplied with.
    let shift = (u128::BITS - total.leading_zeros()).saturating_sub(u64::BITS);
    let (mut arcs, mut given) = (0, 0);
    let mut shares = Vec::new();
    for (caller, count) in callers {
        // What is due up to here, less what was given, so that rounding loses nothing.
        arcs += u128::from(*count);
        let due = (u128::from(samples) * (arcs >> shift) / (total >> shift)) as u64;
        if due > given {
            shares.push((Some(caller), due - given));
        }
        given = due;
    }
    shares
}

fn frame(place: &Place) -> Frame {
    let module = match place.module.as_str() {
        "/proc/kallsyms" | "kallsyms" => "[kernel]",
        other => other,
    };
    Frame { function: place.function.as_str().into(), module: module.into(), address: place.address }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn shares_add_up(samples in any::<u64>(), counts in prop::collection::vec(any::<u64>(), 0..6)) {
            let callers: Vec<_> = counts.iter().map(|count| (Place::default(), *count)).collect();
            let sum: u128 = shares(samples, &callers).iter().map(|(_, share)| u128::from(*share)).sum();
            prop_assert_eq!(sum, u128::from(samples));
        }
    }
}
