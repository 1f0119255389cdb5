//! How long frames waited, as SQL tells it, and the order of rows.

use perfkit_agent::analysis::analyse;
use perfkit_agent::session::query::Query;
use perfkit_agent::session::{Cell, Track};
use perfkit_agent::source::Outlet;

use super::session::{Made, PID, ask};
use super::{at, kind};

/// Frames of two clocks, a timeout that was late, and a click.
fn fill(outlet: &mut Outlet) {
    let main = outlet.track(&Track::thread(PID, PID));
    let frames = outlet.series(&kind("frame"));
    for (time, clock) in [(10, 1), (60, 1), (70, 2), (200, 1)] {
        let mut cells = [0; 11].map(Cell::Int);
        cells[7] = Cell::Int(clock);
        outlet.span(frames, at(time), Some(5_000_000), main, &cells);
    }
    let dispatches = outlet.series(&kind("dispatch"));
    for (time, length, late) in [(20, 35, None), (59, 7, Some(40_000)), (199, 7, None)] {
        let late = late.map_or(Cell::Null, Cell::Int);
        let cells = [Cell::Text("paint"), Cell::Text("paint_idle"), Cell::Int(0), late];
        outlet.span(dispatches, at(time), Some(length * 1_000_000), main, &cells);
    }
    let buttons = outlet.series(&kind("button"));
    let cells = [2_000_000, 1, 0].map(Cell::Int).into_iter().chain([Cell::Text("button-press")]);
    let cells = cells.chain([0; 9].map(Cell::Int)).collect::<Vec<_>>();
    outlet.span(buttons, at(190), Some(4_000_000), main, &cells);
}

#[test]
fn a_frame_waited_since_its_dispatch_was_due_or_its_input_was_made() {
    let made = Made::with(&fill);
    let said = ask(&made.path(), "SELECT clock, duration / 1000000, wait / 1000000 FROM frames ORDER BY time");
    // The second was due at 19 ms, the last answers a click of 188 ms.
    assert_eq!(said, ["1 5 0", "1 5 41", "2 5 0", "1 5 12"]);
    assert_eq!(ask(&made.path(), "SELECT frame_wait(1, 2, 3)"), ["-"]);
}

#[test]
fn rows_of_a_series_come_by_time_and_those_of_several_kinds_when_asked() {
    let made = Made::with(&fill);
    let sorted = |sql: &str| ask(&made.path(), sql).iter().map(|time| time.parse::<i64>().unwrap()).is_sorted();
    assert!(sorted("SELECT time FROM gdk_frame") && sorted("SELECT time FROM frames"));
    assert!(!sorted("SELECT time FROM events") && sorted("SELECT time FROM events ORDER BY time"));
}

#[test]
fn a_stretch_has_the_frames_that_reach_into_it_the_slow_as_all_and_the_repaint_in_it() {
    let made = Made::with(&|outlet: &mut Outlet| {
        fill(outlet);
        let (exposures, main) = (outlet.series(&kind("exposure")), outlet.track(&Track::thread(PID, PID)));
        for (time, width) in [(12, 100), (62, 7), (90, 1000)] {
            let rect = [0, 0, width, 1].map(Cell::Int);
            let cells = [Cell::Int(1), Cell::Int(0), Cell::Text("repaint")].into_iter().chain(rect);
            let cells = cells.collect::<Vec<_>>();
            outlet.point(exposures, at(time), main, &cells);
        }
    });
    let analysis = analyse(&Query::open(&made.path()).unwrap(), at(61), at(63)).unwrap();
    assert_eq!((analysis.frames.len(), analysis.slow.len()), (1, 1), "it is in the midst of the only one");
    assert_eq!(analysis.slow[0].deadline - analysis.slow[0].place.0, analysis.slow[0].budget);
    assert_eq!(analysis.windows.iter().map(|window| window.repaint.repainted).sum::<i64>(), 7);
    assert_eq!(analyse(&Query::open(&made.path()).unwrap(), at(100), at(150)).unwrap().frames.len(), 0);
}
