//! Small recordings whose numbers can be checked by hand.

use super::*;
use crate::sample::write;
use gdkrecord::field::{Maybe, Rect, Rects, Span};
use gdkrecord::kind::{Check, Dispatch, Exposure, Frame, Other, Poll, Thread, WidgetCost};
use gdkrecord::sets::{EventType, Exposed, SourceWork, WidgetWork};
use gdkrecord::{Body, Text};

const MS: u64 = 1_000_000;

fn dispatch(at: u64, ms: Option<u64>, callback: &str) -> (u64, Body) {
    let duration = ms.map_or(Span::UNKNOWN, |ms| Span::from_ns(ms * MS));
    let (source, callback) = (Text::from("idle"), Text::from(callback));
    (at * MS, Body::Dispatch(Dispatch { duration, source, callback, priority: 0, late: Maybe(Some(2500)) }))
}

fn poll(at: u64, ms: u64) -> (u64, Body) {
    (at * MS, Body::Poll(Poll { duration: Span::from_ns(ms * MS), timeout: -1, ready: 1 }))
}

fn frame(at: u64, ms: u64, layout: u64, paint: u64) -> (u64, Body) {
    let span = |ms: u64| Span::from_ns(ms * MS);
    let frame = Frame {
        duration: span(ms),
        flush_events: Span::UNKNOWN,
        before_paint: span(0),
        update: Span::UNKNOWN,
        layout: span(layout),
        paint: span(paint),
        after_paint: span(ms),
        resume_events: Span::UNKNOWN,
        clock: 1,
        counter: at as u32,
        predicted: Span::UNKNOWN,
        interval: Span::UNKNOWN,
    };
    (at * MS, Body::Frame(frame))
}

#[test]
fn busy_time_and_its_explanation_are_exact() {
    // 100 ms: asleep 40, of which 10 in a nested loop inside the dispatch; 60 busy, 55 of them in dispatches and
    // 3 in GDK's check.
    let duration = Span::from_ns(3 * MS);
    let check = Check { duration, source: Text::from("GDK"), work: SourceWork::Check };
    let events = [
        poll(0, 30),
        dispatch(30, Some(60), "a"),
        dispatch(40, Some(20), "nested"),
        poll(70, 10),
        (91 * MS, Body::Check(check)),
        dispatch(95, Some(5), "b"),
    ];
    let (_folder, recording) = write(&events, Some(100 * MS));
    let json = collect(&recording, 10).json();
    let row = &json["busy"]["rows"][0];
    assert_eq!(row["span_ns"], 100 * MS);
    assert_eq!(row["asleep_ns"], 40 * MS);
    assert_eq!(row["busy_ns"], 60 * MS);
    let explained = row["explained_by_dispatches_share"].as_f64().unwrap();
    assert!((explained - 58.0 / 60.0).abs() < 1e-9, "{explained}");
}

#[test]
fn an_index_that_was_handed_on_means_two_loops() {
    let thread = |at: u64, name| (at * MS, Body::Thread(Thread { index: 0, tid: 7, name: Text::from(name) }));
    let events = [thread(0, "first"), poll(1, 9), thread(50, "second"), poll(60, 5), dispatch(65, Some(35), "b")];
    let (_folder, recording) = write(&events, Some(100 * MS));
    let json = collect(&recording, 10).json();
    let row = |at: usize| {
        let row = &json["busy"]["rows"][at];
        (row["name"].as_str().unwrap_or_default(), row["span_ns"].as_u64(), row["asleep_ns"].as_u64())
    };
    assert_eq!(row(0), ("first", Some(9 * MS), Some(9 * MS)));
    assert_eq!(row(1), ("second", Some(40 * MS), Some(5 * MS)));
}

#[test]
fn a_slow_frame_names_its_phase_and_what_ran_before() {
    let events = [dispatch(0, Some(50), "load_everything"), frame(60, 40, 5, 35), frame(110, 4, 1, 2)];
    let (_folder, recording) = write(&events, Some(200 * MS));
    let json = collect(&recording, 10).json();
    assert_eq!(json["frames"]["frames"], 2);
    assert_eq!(json["frames"]["over_budget"], 1);
    assert_eq!(json["frames"]["budget_ns"], 16_666_667);
    let causes = json["slow_frames"]["rows"][0]["causes"].as_str().unwrap().to_owned();
    assert!(causes.contains("layout 30 ms (75 %)") && causes.contains("50 ms in load_everything"), "{causes}");
}

#[test]
fn a_frame_is_no_cause_of_a_later_one_and_trifles_are_none() {
    let mut events = vec![dispatch(0, Some(40), "draws"), frame(1, 39, 1, 5), dispatch(50, Some(20), "draws")];
    events.push(frame(51, 18, 1, 2));
    let class = Text::from("GtkLabel");
    let cost = WidgetCost { duration: Span::from_ns(MS), class, count: 1, work: WidgetWork::Snapshot };
    events.push((52 * MS, Body::WidgetCost(cost)));
    let rects = Rects(vec![Rect::new(0, 0, 50, 40)]);
    events.push((53 * MS, Body::Exposure(Exposure { window: 1, frame: 51, what: Exposed::Both, rects })));
    let (_folder, recording) = write(&events, Some(200 * MS));
    let json = collect(&recording, 10).json();
    let rows = &json["slow_frames"]["rows"];
    assert_eq!(rows[1]["causes"], "paint 16 ms (89 %); 2.00 kpx repainted");
    let short = json["recording"]["in_short"].as_str().unwrap();
    assert_eq!(short, "2 frames, 2 over 16.7 ms, worst 39 ms; longest dispatch 40 ms in draws");
    let phases = &json["over_budget"]["rows"][0];
    assert_eq!((phases["phase"].as_str(), phases["frames"].as_u64()), (Some("paint"), Some(2)));
}

#[test]
fn a_long_dispatch_says_which_event_it_was() {
    let click = dispatch(10, Some(30), "x11");
    let slow = Other {
        duration: Span::from_ns(28 * MS),
        latency: Span::UNKNOWN,
        window: 1,
        server_time: 0,
        event: EventType::Delete,
        flags: 0,
        device: 0,
        source: 0,
    };
    let (_folder, recording) = write(&[click, (11 * MS, Body::Other(slow))], Some(100 * MS));
    let json = collect(&recording, 10).json();
    assert_eq!(json["longest_dispatches"]["rows"][0]["mostly"], "delete 28 ms");
}

#[test]
fn a_dispatch_in_flight_at_a_kill_is_shown_as_unfinished() {
    let events = [poll(0, 1), dispatch(10, None, "hang"), dispatch(11, Some(1), "inner")];
    let (_folder, recording) = write(&events, None);
    let report = collect(&recording, 10);
    let row = &report.json()["unfinished"]["rows"][0];
    assert_eq!((row["callback"].as_str(), row["begun_ns"].as_u64()), (Some("hang"), Some(10 * MS)));
    assert!(report.text().contains("killed"));
}

#[test]
fn every_kind_of_event_can_be_reported() {
    let (_folder, recording) = crate::sample::recording();
    let report = collect(&recording, 3);
    assert_eq!(report.json()["kinds"]["events"], recording.events().count());
    assert!(report.text().contains("HANDLING OF EVENTS"));
}

#[test]
fn no_recording_makes_nonsense_of_numbers() {
    let (_kept, every) = crate::sample::recording();
    let (_empty, nothing) = write(&[], None);
    let (_instant, instant) = write(&[poll(0, 0), frame(0, 0, 0, 0), dispatch(0, Some(0), "")], Some(0));
    for recording in [&every, &nothing, &instant] {
        let report = collect(recording, 10);
        let text = report.text();
        assert!(text.starts_with("RECORDING"), "{text}");
        for nonsense in ["NaN", "inf ", "inf/", "-0.0"] {
            assert!(!text.contains(nonsense), "{nonsense}: {text}");
        }
        assert_eq!(report.json()["format"], "gdkrecord-stat");
    }
}
