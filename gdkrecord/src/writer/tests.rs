//! What is written is what is read: through the file, over segments, threads, rings and limits.

use super::*;
use crate::error::Diagnostic;
use crate::field::{Maybe, Span};
use crate::kind::Body;
use crate::reader::Recording;

fn options(folder: &Path, given: &str) -> Options {
    let filename = folder.join("r.gdkrecord").to_string_lossy().into_owned();
    Options { filename: Some(filename), ..Options::parse(given).unwrap() }
}

fn poll(timeout: i16) -> raw::Poll {
    raw::Poll { duration: Span::UNKNOWN, timeout, ready: 0 }
}

fn timeouts(recording: &Recording) -> Vec<i16> {
    let timeout = |body| if let Body::Poll(poll) = body { Some(poll.timeout) } else { None };
    recording.events().filter_map(|event| timeout(event.body)).collect()
}

#[test]
fn records_come_back_over_many_segments_with_their_ends() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::create(&options(folder.path(), ""), "test").unwrap();
    let mut lane = recorder.lane();
    let source = recorder.text("a source");
    let outer = lane
        .begin(
            now(),
            &raw::Dispatch { duration: Span::UNKNOWN, source, callback: source, priority: -5, late: Maybe(None) },
        )
        .unwrap();
    let count: i16 = 32_000;
    for n in 0..count {
        let open = lane.begin(now(), &poll(n)).unwrap();
        lane.end(open, open.time() + 7);
    }
    // Its segment is no longer mapped by now.
    lane.end(outer, outer.time() + 12345);
    recorder.close();
    let recording = Recording::open(recorder.path()).unwrap();
    assert_eq!(timeouts(&recording), (0..count).collect::<Vec<_>>());
    let dispatch = recording.events().find(|event| matches!(event.body, Body::Dispatch(_))).unwrap();
    assert_eq!(dispatch.duration(), Some(12345));
    let Body::Dispatch(dispatch) = dispatch.body else { unreachable!() };
    assert_eq!((&*dispatch.source, dispatch.priority), ("a source", -5));
    assert_eq!(recording.diagnostics(), []);
    assert_eq!(recording.info().threads.len(), 1);
}

#[test]
fn threads_write_side_by_side_and_are_merged_by_time() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::create(&options(folder.path(), ""), "test").unwrap();
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let recorder = Arc::clone(&recorder);
            std::thread::spawn(move || {
                let mut lane = recorder.lane();
                for n in 0..20_000 {
                    lane.push(now(), &poll(n));
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().unwrap();
    }
    recorder.close();
    let recording = Recording::open(recorder.path()).unwrap();
    let times: Vec<u64> = recording.events().map(|event| event.time).collect();
    assert!(times.is_sorted());
    assert_eq!(timeouts(&recording).len(), 80_000);
}

#[test]
fn at_its_maximum_it_counts_what_it_drops() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::create(&options(folder.path(), "max=1M"), "test").unwrap();
    let mut lane = recorder.lane();
    for n in 0..100_000 {
        lane.push(now(), &poll((n % 100) as i16));
    }
    recorder.close();
    assert!(std::fs::metadata(recorder.path()).unwrap().len() <= 1 << 20);
    let recording = Recording::open(recorder.path()).unwrap();
    let kept = timeouts(&recording).len() as u64;
    assert!(kept > 10_000);
    assert_eq!(recording.diagnostics(), [Diagnostic::Dropped { kind: "poll", count: 100_000 - kept }]);
}

#[test]
fn a_ring_keeps_the_newest_and_all_state() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::create(&options(folder.path(), "ring=3600,max=2M"), "test").unwrap();
    let mut lane = recorder.lane();
    let name = recorder.text("first");
    recorder.state(now(), &raw::Fact { name, value: name });
    let count = 300_000u32;
    for n in 0..count {
        lane.push(now(), &raw::WindowMap { window: n });
    }
    recorder.close();
    assert!(std::fs::metadata(recorder.path()).unwrap().len() <= 2 << 20);
    let recording = Recording::open(recorder.path()).unwrap();
    assert_eq!(recording.info().fact("first"), Some("first"));
    let windows: Vec<u32> = recording
        .events()
        .filter_map(|event| if let Body::WindowMap(map) = event.body { Some(map.window) } else { None })
        .collect();
    assert_eq!(windows.last(), Some(&(count - 1)));
    assert!(windows.len() > 50_000 && windows.len() < count as usize);
    assert!(windows.is_sorted_by(|a, b| b - a == 1), "what is kept is without a gap");
}

#[test]
fn a_second_process_of_the_tree_adds_its_pid_and_a_later_run_replaces() {
    let folder = tempfile::tempdir().unwrap();
    let named = |tree| Options { tree, ..options(folder.path(), "") };
    let first = Recorder::create(&named(7), "test").unwrap();
    let beside = Recorder::create(&named(8), "test").unwrap();
    assert_ne!(first.path(), beside.path(), "one that is being written is never replaced");
    let path = first.path().to_owned();
    let own = beside.path().to_owned();
    for recorder in [first, beside] {
        recorder.close();
    }
    // The locks go with the last descriptor, which the helper threads hold for a moment.
    let held = || [&path, &own].iter().any(|path| !map::lock(&std::fs::File::open(path).unwrap()));
    while held() {
        std::thread::yield_now();
    }
    std::fs::remove_file(&own).unwrap();
    let sibling = Recorder::create(&named(7), "test").unwrap();
    assert_eq!(sibling.path(), own);
    let later = Recorder::create(&named(9), "test").unwrap();
    assert_eq!(later.path(), path);
    std::fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    let other = Options { filename: Some(folder.path().join("notes.txt").to_string_lossy().into()), ..named(1) };
    assert!(Recorder::create(&other, "test").unwrap_err().to_string().contains("is not a recording"));
}

#[test]
fn a_thread_that_ended_hands_its_lane_on() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::create(&options(folder.path(), ""), "test").unwrap();
    let mut main = recorder.lane();
    // More than there are indexes; each would take a segment of its own, and these would take 17 GiB.
    let count = 70_000u32;
    for n in 0..count {
        let recorder = Arc::clone(&recorder);
        let work = move || recorder.lane().push(now(), &raw::WindowMap { window: n });
        let thread = std::thread::Builder::new().name(format!("t{n}")).stack_size(32 * 1024);
        thread.spawn(work).unwrap().join().unwrap();
        main.push(now(), &poll(0));
    }
    recorder.close();
    assert!(std::fs::metadata(recorder.path()).unwrap().len() < 64 << 20);
    let recording = Recording::open(recorder.path()).unwrap();
    assert_eq!(recording.diagnostics(), []);
    assert_eq!(recording.info().threads.len(), count as usize + 1);
    let mut seen = 0;
    for event in recording.events() {
        let Body::WindowMap(map) = event.body else { continue };
        assert_eq!((map.window, event.thread), (seen, 1));
        let thread = recording.info().thread_at(event.thread, event.time).unwrap();
        assert_eq!(&*thread.name, format!("t{seen}"));
        seen += 1;
    }
    assert_eq!(seen, count);
}

#[test]
fn the_first_segment_begins_where_every_page_size_allows() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::create(&options(folder.path(), ""), "test").unwrap();
    let _lane = recorder.lane();
    let header = Recording::open(recorder.path()).unwrap().header().clone();
    assert_eq!((header.head % 65536, header.segment % 65536), (0, 0));
    use std::os::unix::fs::MetadataExt;
    recorder.close();
    let metadata = std::fs::metadata(recorder.path()).unwrap();
    assert!(metadata.blocks() * 512 <= metadata.len() - 32768, "what the head does not use takes room on the disk");
}
