//! The figure: what the collector keeps, and that every figure can be drawn.

use super::collect::{BUDGET, Collector, phases};
use super::graph::{self, Heading};
use crate::draw::Palette;
use crate::draw::scale::Range;
use crate::draw::windows::tests::{geometry, window};
use crate::field::{Maybe, Rect, Rects, Span, Text};
use crate::kind::{self, Body, Event};
use crate::sets::{Exposed, Role};

fn frame(ms: u64) -> kind::Frame {
    let at = |ns| Span::from_ns(ns);
    kind::Frame {
        duration: at(ms * 1_000_000),
        flush_events: at(0),
        before_paint: Span::UNKNOWN,
        update: at(100_000),
        layout: at(300_000),
        paint: at(600_000),
        after_paint: at(900_000),
        resume_events: Span::UNKNOWN,
        clock: 1,
        counter: 7,
        predicted: Span::UNKNOWN,
        interval: at(BUDGET),
    }
}

fn event(time: u64, body: Body) -> Event {
    Event { time, thread: 0, body }
}

fn draw(figure: &super::Figure, dark: bool) -> Vec<u8> {
    let (width, height) = (900, graph::height(figure, 900).ceil() as i32);
    let surface = cairo::ImageSurface::create(cairo::Format::Rgb24, width, height).unwrap();
    let ctx = cairo::Context::new(&surface).unwrap();
    let heading =
        Heading { title: "a \0 very long title ".repeat(40), facts: vec!["GTK".into(); 60], ..Heading::default() };
    graph::draw(&ctx, Palette::of(dark), &heading, figure, 900).unwrap();
    drop(ctx);
    let mut bytes = Vec::new();
    surface.with_data(|data| bytes = data.to_vec()).unwrap();
    bytes
}

#[test]
fn an_empty_recording_is_drawn() {
    let figure = Collector::new(Range::new(5, 5), 5, graph::columns(900)).finish();
    assert_eq!(graph::verdict(&figure), "no events, no frames");
    assert_ne!(draw(&figure, false), draw(&figure, true));
}

#[test]
fn one_event_is_drawn_and_seen() {
    let range = Range::new(0, 1_000_000_000);
    let empty = Collector::new(range, 0, graph::columns(900)).finish();
    let mut collector = Collector::new(range, 0, graph::columns(900));
    collector.add(&event(500_000_000, Body::Frame(frame(74))));
    let figure = collector.finish();
    assert_eq!(graph::verdict(&figure), "1 frame, 1 over 16.7 ms, worst 74 ms  (1 event)");
    assert_ne!(draw(&empty, false), draw(&figure, false));
}

#[test]
fn phases_last_until_the_next_that_ran() {
    assert_eq!(phases(&frame(2)), [100_000, 200_000, 300_000, 300_000, 1_100_000]);
    let mut unknown = frame(2);
    (unknown.duration, unknown.paint) = (Span::UNKNOWN, Span::UNKNOWN);
    assert_eq!(phases(&unknown), [0; 5]);
}

#[test]
fn a_lone_slow_frame_among_many_keeps_its_column() {
    let mut collector = Collector::new(Range::new(0, 100_000_000_000), 0, 500);
    for at in 0..100_000u64 {
        collector.add(&event(at * 1_000_000, Body::Frame(frame(1))));
    }
    collector.add(&event(99_999_999_999, Body::Frame(frame(74))));
    let figure = collector.finish();
    assert_eq!((figure.frame_count, figure.over, figure.worst), (100_001, 1, 74_000_000));
    assert_eq!(figure.frames[499].longest, 74_000_000);
    assert!(figure.frames[..499].iter().all(|column| column.longest == 1_000_000));
}

#[test]
fn windows_and_sources_get_lanes_and_state_before_the_stretch_counts() {
    let mut collector = Collector::new(Range::new(1_000, 2_000), 0, 100);
    collector.add(&event(1, window(1, 0, Role::Toplevel)));
    collector.add(&event(1, window(2, 1, Role::Child)));
    collector.add(&event(2, geometry(1, None, (100, 100))));
    collector.add(&event(3, Body::WindowTitle(kind::WindowTitle { window: 1, title: Text::from("Main") })));
    let rects = Rects(vec![Rect::new(0, 0, 50, 50)]);
    let exposure = kind::Exposure { window: 2, frame: 1, what: Exposed::Both, rects };
    collector.add(&event(1_500, Body::Exposure(exposure)));
    for source in ["GdkFrameClock", "idle"] {
        let dispatch = kind::Dispatch {
            duration: Span::from_ns(300),
            source: Text::from(source),
            callback: Text::from(""),
            priority: 0,
            late: Maybe(None),
        };
        collector.add(&event(1_600, Body::Dispatch(dispatch)));
    }
    let figure = collector.finish();
    let labels: Vec<_> = figure.lanes.iter().map(|lane| lane.label.as_str()).collect();
    assert_eq!(labels, ["all dispatches", "GdkFrameClock", "idle", "Main"]);
    assert_eq!((figure.lanes[3].area, figure.lanes[3].exposed[50]), (10_000, 2_500));
    assert_eq!(figure.areas.iter().map(|bin| bin.repaint).sum::<u64>(), 2_500);
    assert_eq!(figure.events, 3);
    draw(&figure, true);
}
