//! The timeline over whole sessions, without a window: what stands out is seen at every zoom.

#![allow(missing_docs, dead_code, clippy::unwrap_used, reason = "tests, and what they share with a bench")]

#[path = "../benches/gui/looker.rs"]
mod looker;
#[path = "../benches/gui/synthetic.rs"]
mod synthetic;

use looker::{Looker, zooms};

#[test]
fn one_slow_frame_among_a_million_events_has_its_pixel_at_every_zoom() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hidden.perfkit");
    let made = synthetic::make(&path, 1_000_000).unwrap();
    let mut looker = Looker::open(&path, (1000.0, 500.0)).unwrap();
    let whole = looker.whole();
    let lost: Vec<_> = zooms(whole, made.hidden, 200_000_000)
        .into_iter()
        .filter(|range| !looker.shows_slow(*range, made.hidden).unwrap())
        .collect();
    assert!(lost.is_empty(), "{lost:?}");
    // Where it is not, nothing is marked.
    let beside = perfkit_app::model::Range::new(whole.begin, made.hidden - 1_000_000);
    assert!(!looker.shows_slow(beside, beside.begin + beside.length() / 3).unwrap());
}
